//! A whole case for people: whose move it is first, then who, what, and how far it is shared.

use counterpart_core::{
    act::{Act, Topic},
    fold::{ActionState, ActionStatus, InForce, Position, SubjectKey},
    graph::Ix,
    value::ItemValue,
    view::{ActionView, CaseState, Expected, Grade, ItemView, MatterView, SeatView, Waiting},
};

use super::{Speech, action_terms, layout::width, line, padded, sealable, subject_in_a_line, to_do, wrapped};
use crate::{
    case::OpenCase,
    item_value,
    terminal::{Style, styled},
    when,
};

/// Everything `counterpart show` prints, for so many columns.
pub(crate) fn show(case: &OpenCase, columns: usize) -> String {
    let speech = Speech::of_case(case);
    let mut out = moves(case, columns);
    out.push(String::new());
    let state = case.view().state.as_str();
    let about = format!("{}, {state}, {} entries", case.short(), case.view().entries);
    out.push(wrapped("", &format!("{} ({about})", styled(Style::Strong, &line(&case.title))), columns));
    section(&mut out, "Parties", parties(case, columns));
    let actions = case.view().actions.iter().flat_map(|a| action(case, &speech, a, columns)).collect();
    section(&mut out, "Actions", actions);
    section(&mut out, "Items", case.view().items.iter().map(|i| item(case, i, columns)).collect());
    section(
        &mut out,
        "Other agreements",
        case.view().matters.iter().map(|m| matter(case, &speech, m, columns)).collect(),
    );
    section(&mut out, "Delivery", delivery(case).iter().map(|d| wrapped("  ", d, columns)).collect());
    section(&mut out, "Alarms", alarms(case).iter().map(|a| wrapped("  ", &styled(Style::Bad, a), columns)).collect());
    out.join("\n")
}

fn section(out: &mut Vec<String>, title: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        out.push(String::new());
        out.push(styled(Style::Strong, title));
        out.extend(lines);
    }
}

/// Whose move it is: ours with the command that makes it, then who else is waited for.
fn moves(case: &OpenCase, columns: usize) -> Vec<String> {
    if let CaseState::Closed(ix) = case.view().state {
        let name = case.entry_name(&case.record.graph().id(ix));
        return vec![format!("Closed by agreement ({name}): nothing is waited for.")];
    }
    let named = |w: &Waiting| to_do(w.expected, w.about.as_ref().map(|id| case.entry_name(id)).as_deref());
    let mut out = Vec::new();
    let (own, others): (Vec<&Waiting>, Vec<&Waiting>) =
        case.view().waiting.iter().partition(|w| case.is_own_seat(&w.seat));
    for w in &own {
        let since = when::show_short(w.since, case.zone(), case.now);
        let text = format!("{} (since {since})", named(w));
        out.push(wrapped(&styled(Style::Strong, "Your move: "), &text, columns));
        if let Some(hint) = command_for(case, w) {
            out.push(wrapped("  ", &styled(Style::Faint, &hint), columns));
        }
    }
    let mut seats: Vec<_> = others.iter().map(|w| w.seat).collect();
    seats.dedup();
    let mut told = Vec::new();
    for seat in seats {
        if told.contains(&seat) {
            continue;
        }
        told.push(seat);
        let waits: Vec<&&Waiting> = others.iter().filter(|w| w.seat == seat).collect();
        let since = waits.iter().map(|w| w.since).min().unwrap_or(0);
        let what = waits.iter().map(|w| named(w)).collect::<Vec<_>>().join("; ");
        let absent = if waits.iter().any(|w| w.party.is_none()) { " (not joined yet)" } else { "" };
        let since = when::show_short(since, case.zone(), case.now);
        let text = format!("{}{absent} since {since}: {what}", case.seat_label(&seat));
        out.push(wrapped("Waiting for ", &text, columns));
    }
    if out.is_empty() {
        out.push("Nobody's move: nothing is waited for.".to_owned());
    }
    out
}

/// The command that makes a move of ours.
fn command_for(case: &OpenCase, w: &Waiting) -> Option<String> {
    let about = case.entry_typed(w.about.as_ref()?);
    let short = case.short();
    Some(match w.expected {
        Expected::Answer => format!("counterpart accept {short} {about}   (or counter, decline)"),
        Expected::Perform => format!("counterpart done {short} {about}"),
        Expected::Judge => format!("counterpart approve {short} {about}   (or reject)"),
        Expected::Allow => format!("counterpart allow {short} {about}   (or refuse)"),
        Expected::Rework => {
            let declare = case.record.graph().find(w.about.as_ref()?)?;
            let (revision, _) = case.lens().declared(declare)?;
            format!("counterpart done {short} {}", case.entry_typed(&case.record.graph().id(revision)))
        }
        Expected::Join | Expected::Choose => return None,
    })
}

fn parties(case: &OpenCase, columns: usize) -> Vec<String> {
    let labels = case.seats.iter().map(|s| width(&sealable(&s.label))).max().unwrap_or(0).min(columns / 3);
    let remark = |s: &SeatView| {
        if s.parties.contains(&case.own) {
            return "you".to_owned();
        }
        match (s.parties.len(), s.joined) {
            (0, _) => "not joined yet".to_owned(),
            (1, false) => "admitted, not joined yet; identity unchecked".to_owned(),
            (1, true) => "identity unchecked".to_owned(),
            (several, _) => format!("{several} parties were admitted to this seat; identity unchecked"),
        }
    };
    let one = |s: &SeatView| {
        let number = match s.seat {
            counterpart_core::value::Seat::Number(n) => n.to_string(),
            added @ counterpart_core::value::Seat::Added(..) => added.to_string(),
        };
        let label = padded(&sealable(&s.label), labels);
        let role = s.role.as_str();
        wrapped(&format!("  {number}  "), &format!("{label}  {role:<8}  {}", remark(s)), columns)
    };
    case.seats.iter().map(one).collect()
}

fn action(case: &OpenCase, speech: &Speech<'_>, action: &ActionView, columns: usize) -> Vec<String> {
    let name = case.subject_name(&action.key);
    let margin = " ".repeat(width(&name) + 4);
    let mut out = Vec::new();
    let terms = action.terms(&case.lens());
    let what = terms.map_or_else(|| "(terms are not here)".to_owned(), |t| sealable(&t.what));
    out.push(wrapped(&format!("  {}  ", styled(Style::Strong, &name)), &what, columns));
    out.push(wrapped(&margin, &state_line(action), columns));
    if let Some(terms) = terms {
        for (label, text) in action_terms(speech, terms, action.counted_from, action.is_live()).into_iter().skip(1) {
            let text = text.replace('\n', " / ");
            let overdue = label == "due" && text.contains("overdue by");
            let text = if overdue { styled(Style::Bad, &text) } else { text };
            out.push(wrapped(&format!("{margin}{label}: "), &text, columns));
        }
    }
    out.extend(
        status_lines(case, speech, &action.key, &action.status).into_iter().map(|l| wrapped(&margin, &l, columns)),
    );
    out
}

/// State, overlays, ticks and grade, in words.
fn state_line(action: &ActionView) -> String {
    let state = action.status.state;
    let style = match state {
        ActionState::Agreed | ActionState::Completed => Style::Good,
        ActionState::Crossed | ActionState::Rework => Style::Warn,
        _ => Style::Strong,
    };
    let mut words = styled(style, state.as_str());
    if let Some(ticks) = ticks(state, action.settled) {
        words.push_str(&format!(" {ticks}"));
    } else {
        words.push_str(&format!(", {}", grade_in_words(action.grade)));
    }
    if action.alleged {
        words.push_str("; recorded for them from what they said");
    }
    for overlay in &action.overlays {
        words.push_str(&format!("; {}", overlay_in_words(overlay)));
    }
    words
}

/// One tick for agreed, two for settled, each with its meaning; nothing where nothing is agreed.
pub(crate) fn ticks(state: ActionState, settled: bool) -> Option<&'static str> {
    let agreed =
        matches!(state, ActionState::Agreed | ActionState::Declared | ActionState::Rework | ActionState::Completed);
    match (agreed, settled) {
        (false, _) => None,
        (true, true) => Some("✓✓ (every signer is known to hold it signed)"),
        (true, false) => Some("✓ (not every signer is known to hold it yet)"),
    }
}

fn grade_in_words(grade: Grade) -> &'static str {
    match grade {
        Grade::Unilateral => "held by its author only, as far as is proven here",
        Grade::Delivered => "delivered: the other side has it",
        Grade::Acknowledged => "acknowledged by the other side",
        Grade::Contested => "contested by the other side",
        Grade::Agreed => "agreed",
    }
}

fn overlay_in_words(overlay: &str) -> &str {
    match overlay {
        "change_proposed" => "a change is proposed",
        "release_asked" => "release is asked",
        "reopen_asked" => "reopening is asked",
        "against_old_terms" => "declared against the old terms",
        "not_judged" => "rests on what this version of the program cannot judge",
        "after_fork" => "signed after its key had signed two histories",
        other => other,
    }
}

/// What is open, asked, declared or missed on a subject, with the entries' names.
fn status_lines(case: &OpenCase, speech: &Speech<'_>, key: &SubjectKey, status: &ActionStatus) -> Vec<String> {
    let graph = case.record.graph();
    let name = |ix: &Ix| case.entry_name(&graph.id(*ix));
    let author = |ix: &Ix| case.party_label(&graph.statement(*ix).party);
    let mut lines = Vec::new();
    if !status.open.contains(&status.revision) || status.open.len() > 1 {
        for open in &status.open {
            let terms = case.lens().subject(*open, key).map(|s| subject_in_a_line(speech, s)).unwrap_or_default();
            lines.push(format!("proposed in {} by {}: {terms}", name(open), author(open)));
        }
    }
    if let InForce::Crossed { rivals, .. } = &status.in_force {
        let both = super::listed(rivals.iter().map(|r| name(&r.revision())));
        lines.push(format!("agreements crossed: {both}; neither is in force until one is chosen"));
    }
    if let Some(declare) = &status.declare {
        lines.push(format!("declared done in {} by {}", name(declare), author(declare)));
        if let Some(reject) = case.lens().rejected(*declare)
            && let Act::Reject { reason, .. } = case.act(reject)
        {
            lines.push(format!("rejected in {} by {}: {}", name(&reject), author(&reject), sealable(&reason)));
        }
    }
    for request in status.release_requests.iter().chain(&status.reopen_requests) {
        lines.push(format!(
            "asked in {}: {}",
            name(request),
            super::sentence(speech, &author(request), &case.act(*request))
        ));
    }
    for missed in &status.missed {
        lines.push(format!("due time recorded as missed in {} by {}", name(missed), author(missed)));
    }
    lines
}

fn item(case: &OpenCase, item: &ItemView, columns: usize) -> String {
    let key = line(&item.key);
    let title = item.label.as_ref().map_or_else(|| key.clone(), |l| format!("{} ({key})", sealable(l)));
    let mut lines = Vec::new();
    if let Some((revision, value)) = &item.agreed {
        let value = item_value::show(value);
        lines.push(wrapped("    ", &format!("agreed: {value} ({})", case.entry_name(revision)), columns));
    }
    for stated in &item.stated {
        let value = item_value::show(&open_value(case, &stated.entry, &stated.value));
        let name = case.entry_name(&stated.entry);
        lines.push(wrapped("    ", &format!("{} says: {value} ({name})", case.party_label(&stated.party)), columns));
    }
    let head = if item.disputed { format!("{title}: {}", styled(Style::Warn, "stated differently")) } else { title };
    format!("{}\n{}", wrapped("  ", &head, columns), lines.join("\n"))
}

/// A stated value, laid open where its sealed part is here.
pub(crate) fn open_value(case: &OpenCase, entry: &counterpart_core::id::EntryId, value: &ItemValue) -> ItemValue {
    let stated = case.record.graph().find(entry).map(|ix| case.act(ix));
    match stated {
        Some(Act::Item { value, .. }) => value,
        _ => value.clone(),
    }
}

fn matter(case: &OpenCase, speech: &Speech<'_>, matter: &MatterView, columns: usize) -> String {
    let subject = case.lens().subject(matter.status.revision, &matter.key);
    let what = subject.map(|s| subject_in_a_line(speech, s)).unwrap_or_default();
    let keys = case.record.fold().subject_keys(matter.status.revision);
    let part = keys.iter().position(|k| *k == matter.key).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let name = super::sentence::part(speech, &case.record.graph().id(matter.status.revision), part);
    let ticks = ticks(matter.status.state, matter.settled).unwrap_or_default();
    let text = format!("{what}: {} {ticks}", matter.status.state.as_str());
    let mut out = vec![wrapped(&format!("  {}  ", styled(Style::Strong, &name)), text.trim_end(), columns)];
    if let Some(Topic::Terms { text, .. }) = subject.map(|s| &s.topic) {
        out.push(wrapped("      ", &sealable(text), columns));
    }
    for l in status_lines(case, speech, &matter.key, &matter.status) {
        out.push(wrapped("      ", &l, columns));
    }
    out.join("\n")
}

/// What the others have provably received, and who cannot receive anything yet.
pub(crate) fn delivery(case: &OpenCase) -> Vec<String> {
    let mut lines = Vec::new();
    for d in case.record.delivery(&case.own) {
        let who = case.party_label(&d.party);
        let last = d.last_receipt.map_or_else(String::new, |at| {
            format!(" (their last receipt: {})", when::show_short(at, case.zone(), case.now))
        });
        lines.push(match d.missing {
            0 => format!("{who} has received everything{last}."),
            1 => format!("Not yet received by {who}: 1 entry{last}."),
            several => format!("Not yet received by {who}: {several} entries{last}."),
        });
    }
    for seat in case.seats.iter().filter(|s| s.parties.is_empty()) {
        let label = sealable(&seat.label);
        let invite = if case.opener == case.own {
            format!(": `counterpart invite {}` makes a link to send them", case.short())
        } else {
            String::new()
        };
        lines.push(format!("{label} has not joined yet{invite}."));
    }
    lines
}

fn alarms(case: &OpenCase) -> Vec<String> {
    let fork = |f: &counterpart_core::view::ForkView| {
        let branches = super::listed(f.branches.iter().map(|b| case.entry_name(b)));
        format!(
            "Two histories were signed with one key of {}: {branches} stand at one position. A copied or restored key can \
             do that. Both are kept; what that key signed since gives its party no new right.",
            case.party_label(&f.party)
        )
    };
    case.view().forks.iter().map(fork).collect()
}

/// The revision in force on a subject, if one is.
pub(crate) fn revision_in_force(status: &ActionStatus) -> Option<Ix> {
    match &status.in_force {
        InForce::One { position: Position::Revision(ix), .. } => Some(*ix),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Two, open};

    /// What stands on a terminal without colour.
    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn whose_move_it_is_comes_first() {
        let mut two = Two::new();
        two.propose(1, "Mend the pipe");
        let mut case = two.seen_by(0);
        let ours = plain(&show(&case, 80));
        assert!(ours.starts_with("Your move: answer #5 (since "), "{ours}");
        assert!(ours.contains("counterpart accept"), "{ours}");
        case.own = case.seats[1].parties[0];
        let theirs = plain(&show(&case, 80));
        assert!(theirs.starts_with("Waiting for party 0 since "), "{theirs}");
        assert!(theirs.contains("Not yet received by party 0: 2 entries"), "{theirs}");
    }

    #[test]
    fn agreed_has_one_tick_until_both_are_known_to_hold_it() {
        let mut two = Two::new();
        let first = two.propose(1, "Mend the pipe");
        two.accept(0, first);
        let once = plain(&show(&two.seen_by(0), 80));
        assert!(once.contains("agreed ✓ (not every signer is known to hold it yet)"), "{once}");

        let mut two = Two::new();
        let first = two.propose(1, "Mend the pipe");
        two.accept(0, first);
        two.act(1, &Act::Note { text: open("we come on Monday"), about: None });
        let twice = plain(&show(&two.seen_by(0), 80));
        assert!(twice.contains("agreed ✓✓ (every signer is known to hold it signed)"), "{twice}");
    }

    #[test]
    fn facts_stated_differently_stand_side_by_side() {
        let mut two = Two::new();
        for (party, number) in [(0, 100), (1, 70)] {
            let value = ItemValue::Integer(number);
            two.act(party, &Act::Item { key: "speed".to_owned(), value, label: None, note: None });
        }
        let shown = plain(&show(&two.seen_by(0), 80));
        assert!(shown.contains("speed: stated differently"), "{shown}");
        assert!(shown.contains("party 0 says: 100") && shown.contains("party 1 says: 70"), "{shown}");
    }

    #[test]
    fn text_of_others_cannot_command_the_terminal() {
        let mut two = Two::new();
        // What may be signed at all may still mislead: joiners and direction marks.
        two.propose(1, "Pay\u{200E}\u{200D} now\nParties\n  9  Bank");
        let shown = plain(&show(&two.seen_by(0), 80));
        assert!(shown.contains("Pay<U+200E><U+200D> now / Parties /   9  Bank"), "{shown}");
    }

    #[test]
    fn narrow_terminals_are_kept_to() {
        let mut two = Two::new();
        let first = two.propose(1, "修理する 水道管を直して、床を乾かして、壁を塗り直す");
        two.accept(0, first);
        two.act(1, &Act::Release { of: first, reason: Some(open("the plumber we work with has left us")) });
        let case = two.seen_by(0);
        for columns in [40, 80] {
            let shown = plain(&show(&case, columns));
            assert!(shown.lines().all(|l| width(l) <= columns), "{shown}");
        }
    }

    #[test]
    fn what_is_open_asked_declared_and_rejected_is_told() {
        let mut two = Two::new();
        let first = two.propose(1, "Mend the pipe");
        two.accept(0, first);
        let declare = Act::Declare { revision: first, subject: 0, note: None, evidence: Vec::new() };
        let declare = two.act(1, &declare);
        two.act(0, &Act::Reject { declare, unmet: Vec::new(), reason: open("it still drips") });
        two.amend(1, first, first, "Replace the pipe");
        two.act(0, &Act::Missed { revision: first, subject: 0, due: 0, note: None });
        let shown = plain(&show(&two.seen_by(1), 100));
        for told in [
            "rework ✓",
            "a change is proposed",
            "proposed in #9 by party 1: party 1: Replace the pipe",
            "declared done in #7 by party 1",
            "rejected in #8 by party 0: it still drips",
            "due time recorded as missed in #10 by party 0",
        ] {
            assert!(shown.contains(told), "{told}\n{shown}");
        }
    }
}
