//! A whole case for people: whose move it is first, then who, what, and how far it is shared.

use counterpart_core::{
    act::Topic,
    fold::{ActionStatus, InForce, Position},
    graph::Ix,
    id::{EntryId, PartyId},
    keylog::Dispute,
    value::Seat,
    view::{ActionView, CaseState, Expected, MatterView, SeatView, Waiting},
};

use super::{
    Speech, action_terms, items,
    layout::width,
    line, padded, sealable,
    status::{other_disputes, state_line, status_lines, ticks},
    subject_in_a_line, to_do, wrapped,
};
use crate::{
    case::OpenCase,
    style::{Style, styled},
    when,
};

/// Everything `counterpart show` prints, for so many columns.
pub fn show(case: &OpenCase, columns: usize) -> String {
    let speech = Speech::of_case(case);
    let mut out = moves(case, columns);
    out.push(String::new());
    let state = case.view().state.as_str();
    let about = format!("{}, {state}, {} entries", case.short(), case.view().entries);
    out.push(wrapped("", &format!("{} ({about})", styled(Style::Strong, &line(&case.title))), columns));
    section(&mut out, "Parties", parties(case, columns));
    section(&mut out, "Put to you: noted before you were here", super::put::lines(case, columns));
    let actions = case.view().actions.iter().flat_map(|a| action(case, &speech, a, columns)).collect();
    section(&mut out, "Actions", actions);
    let clocks = crate::clocks::lines(case);
    section(&mut out, "Service clocks", clocks.iter().map(|l| wrapped("  ", l, columns)).collect());
    section(&mut out, "Items", case.view().items.iter().map(|i| items::item(case, i, columns)).collect());
    section(
        &mut out,
        "Other agreements",
        case.view().matters.iter().map(|m| matter(case, &speech, m, columns)).collect(),
    );
    let disputes = other_disputes(case).into_iter().map(|ix| {
        let (name, who) = (case.entry_name(&case.record.graph().id(ix)), case.record.graph().statement(ix).party);
        let text = super::sentence(&speech, &case.party_label(&who), &case.record.laid_open(ix));
        wrapped(&format!("  {}  ", styled(Style::Strong, &name)), &text, columns)
    });
    section(&mut out, "In dispute", disputes.collect());
    // Of facts it stands beside the value.
    section(&mut out, "Contested", super::contested::lines(case, Some("item"), columns));
    section(&mut out, "Files", files(case, columns));
    section(&mut out, "Promises", super::ledger_lines(case).iter().map(|l| wrapped("  ", l, columns)).collect());
    let shared = delivery(case).into_iter().chain(checkpoint(case)).collect::<Vec<_>>();
    section(&mut out, "Delivery", shared.iter().map(|d| wrapped("  ", d, columns)).collect());
    section(
        &mut out,
        "Alarms",
        alarms(case, true).iter().map(|a| wrapped("  ", &styled(Style::Bad, a), columns)).collect(),
    );
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
    let usual = |w: &Waiting| to_do(w.expected, super::outlook::about_name(case, w).as_deref());
    let named = |w: &Waiting| super::aside::late_answer(case, w).unwrap_or_else(|| usual(w));
    let mut out = Vec::new();
    let (own, others): (Vec<&Waiting>, Vec<&Waiting>) =
        case.view().waiting.iter().partition(|w| case.is_own_seat(&w.seat));
    for w in &own {
        let since = when::show_short(w.since, case.zone(), case.now);
        let mut tell = |what: String, hint: Option<String>| {
            let text = format!("{what} (since {since})");
            out.push(wrapped(&styled(Style::Strong, "Your move: "), &text, columns));
            out.extend(hint.map(|hint| wrapped("  ", &styled(Style::Faint, &hint), columns)));
        };
        let parts = super::outlook::to_be_done(case, w);
        if parts.is_empty() {
            tell(named(w), command_for(case, w));
        }
        // Each part of a bundle is declared by itself.
        for key in &parts {
            let name = case.subject_name(key);
            let what = if w.expected == Expected::Perform { to_do(w.expected, Some(&name)) } else { named(w) };
            tell(what, Some(format!("counterpart done {} {}", case.short(), name.trim_start_matches('#'))));
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
        Expected::Answer if super::outlook::is_alleged(case, w) => {
            format!("counterpart accept {short} {about}   (or counter, contest)")
        }
        Expected::Answer => format!("counterpart accept {short} {about}   (or counter, decline)"),
        // With the parts that they are about.
        Expected::Perform | Expected::Rework => return None,
        Expected::Judge => format!("counterpart approve {short} {about}   (or reject)"),
        Expected::Allow => format!("counterpart allow {short} {about}   (or refuse)"),
        Expected::Confirm => format!("counterpart confirm {short} {about}   (or withdraw)"),
        // Only where a receipt is here that proves it.
        Expected::Prove => {
            let made = super::outlook::awaited(case, std::slice::from_ref(w));
            made.iter().find(|one| !one.moves.is_empty())?;
            format!("counterpart prove {short} {about}")
        }
        Expected::Choose => format!("counterpart choose {short} {about}   (or the other)"),
        Expected::Ratify => format!("counterpart ratify {short} {about}"),
        Expected::Settle => format!("counterpart concede {short} {about}   (or settle)"),
        Expected::Decide => format!("counterpart decide {short} {about} DECISION"),
        Expected::Erase => format!("counterpart erased {short} {about}   (or contest)"),
        Expected::Join => return None,
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
    let number = |s: &SeatView| match s.seat {
        Seat::Number(n) => n.to_string(),
        // One that was added is named by its label.
        Seat::Added(..) => "+".to_owned(),
    };
    let one = |s: &SeatView| {
        let label = padded(&sealable(&s.label), labels);
        let role = s.role.as_str();
        wrapped(&format!("  {}  ", number(s)), &format!("{label}  {role:<8}  {}", remark(s)), columns)
    };
    case.seats.iter().map(one).collect()
}

fn action(case: &OpenCase, speech: &Speech<'_>, action: &ActionView, columns: usize) -> Vec<String> {
    let name = case.subject_name(&action.key);
    let margin = " ".repeat(width(&name) + 4);
    let mut out = Vec::new();
    let lens = case.lens();
    let terms = applying(&action.status).and_then(|revision| lens.terms(revision, &action.key));
    let what = terms.or(action.terms(&lens)).map_or_else(|| "(terms are not here)".to_owned(), |t| sealable(&t.what));
    out.push(wrapped(&format!("  {}  ", styled(Style::Strong, &name)), &what, columns));
    out.push(wrapped(&margin, &state_line(action), columns));
    if let Some(proof) = case.stamps.over_revision(case, action.status.revision) {
        out.push(wrapped(&margin, &format!("time-proven: {}", proof.in_words(case)), columns));
    }
    if let Some(terms) = terms {
        for (label, text) in action_terms(speech, terms, action.counted_from, action.is_live()).into_iter().skip(1) {
            let text = super::in_one_line(&text);
            let overdue = label == "due" && text.contains("overdue by");
            let text = if overdue { styled(Style::Bad, &text) } else { text };
            out.push(wrapped(&format!("{margin}{label}: "), &text, columns));
        }
    }
    let lines = status_lines(case, speech, &action.key, &action.status);
    out.extend(lines.into_iter().map(|l| wrapped(&margin, &l, columns)));
    out
}

/// The revision whose terms are those of a subject now; nothing where agreements crossed with none before them.
pub fn applying(status: &ActionStatus) -> Option<Ix> {
    match &status.in_force {
        // Of agreements that crossed none applies: what all of them would change does.
        InForce::Crossed { stays, .. } => match stays {
            Some((Position::Revision(stays), _)) => Some(*stays),
            _ => None,
        },
        _ => Some(status.revision),
    }
}

/// A matter by the revision that stands for it, as people refer to it: `#3`, or `#3/2` in a bundle.
pub fn matter_name(case: &OpenCase, matter: &MatterView) -> String {
    let keys = case.record.fold().subject_keys(matter.status.revision);
    let part = keys.iter().position(|k| *k == matter.key).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    super::sentence::part(&Speech::of_case(case), &case.record.graph().id(matter.status.revision), part)
}

fn matter(case: &OpenCase, speech: &Speech<'_>, matter: &MatterView, columns: usize) -> String {
    let subject = case.lens().subject(matter.status.revision, &matter.key);
    let what = subject.map(|s| subject_in_a_line(speech, s)).unwrap_or_default();
    let name = matter_name(case, matter);
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

/// The files on record, and whether their bytes are here.
fn files(case: &OpenCase, columns: usize) -> Vec<String> {
    let one = |l: &super::FileLine| {
        let text = format!(
            "{} ({}), of {}: {}",
            l.name(),
            super::size(l.named.file.size),
            case.party_label(&l.party),
            super::whereabouts(case, l)
        );
        wrapped(&format!("  {}  ", styled(Style::Strong, &l.reference)), &text, columns)
    };
    super::files(case, &[]).iter().map(one).collect()
}

/// What the others have provably received, and who cannot receive anything yet, with the command that would help.
pub fn delivery(case: &OpenCase) -> Vec<String> {
    delivered(case, true)
}

/// The same with the command, or without.
pub fn delivered(case: &OpenCase, commands: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for d in case.record.delivery(&case.own) {
        let who = case.party_label(&d.party);
        let last = d.last_receipt.map_or_else(String::new, |at| {
            format!(" (their last receipt: {})", when::show_short(at, case.zone(), case.now))
        });
        // A mailbox keeps things for somebody who need not have looked into it.
        let stored = match (d.missing, d.at_mailbox) {
            (_, 0) => String::new(),
            (0, some) if some >= case.record.graph().len() => "everything".to_owned(),
            (_, 1) => "1 entry".to_owned(),
            (_, several) => format!("{several} entries"),
        };
        match (d.missing, stored.is_empty()) {
            (0, true) => lines.push(format!("{who} has received everything{last}.")),
            (0, false) => {}
            (1, _) => lines.push(format!("Not yet received by {who}: 1 entry{last}.")),
            (several, _) => lines.push(format!("Not yet received by {who}: {several} entries{last}.")),
        }
        if !stored.is_empty() {
            let last = if d.missing == 0 { last.as_str() } else { "" };
            lines.push(format!("Stored by {who}'s mailbox, not yet received by {who}: {stored}{last}."));
        }
        let lacking = lacking(case, &d.party);
        if !lacking.is_empty() {
            let of = super::listed(lacking.iter().map(|id| case.entry_name(id)));
            lines.push(format!("By their last receipt {who} lacks a file or a sealed text of {of}."));
        }
    }
    let free = case.seats.iter().filter(|s| s.parties.is_empty()).count();
    for seat in case.seats.iter().filter(|s| s.parties.is_empty()) {
        let label = sealable(&seat.label);
        let invite = if commands && case.opener == case.own {
            // Which one is meant is only asked where several are free.
            let which = match seat.seat {
                Seat::Number(number) if free > 1 => format!(" --seat {number}"),
                _ => String::new(),
            };
            format!(": `counterpart invite {}{which}` makes a link to send them", case.short())
        } else {
            String::new()
        };
        lines.push(format!("{label} has not joined yet{invite}."));
    }
    lines
}

/// Entries of which the latest receipt of a party says that something beside them is lacking there.
fn lacking(case: &OpenCase, party: &PartyId) -> Vec<EntryId> {
    let receipts = case.record.receipts().iter().map(|r| &r.receipt).filter(|r| r.party == *party);
    let last = receipts.max_by_key(|r| (r.at, r.number));
    let erased = |id: &EntryId| case.record.erasures(id).iter().any(|e| e.party == *party);
    last.map(|r| r.lacking.iter().copied().filter(|id| !erased(id)).collect()).unwrap_or_default()
}

/// How far the signatures of everybody reach: "Signed by both up to #41 (2 entries since)."
pub fn checkpoint(case: &OpenCase) -> Option<String> {
    let checkpoint = case.record.checkpoint()?;
    let all = if checkpoint.parties.len() == 2 { "both" } else { "all" };
    let heads = super::listed(checkpoint.heads.iter().map(|id| case.entry_name(id)));
    let since = match checkpoint.behind {
        0 => String::new(),
        1 => " (1 entry since)".to_owned(),
        several => format!(" ({several} entries since)"),
    };
    Some(format!("Signed by {all} up to {heads}{since}."))
}

/// What somebody has to know about keys: two histories under one, logs that have branches, devices whose key may be in
/// wrong hands.
///
/// With the commands that would help, or without.
pub fn alarms(case: &OpenCase, commands: bool) -> Vec<String> {
    branch_alarms(case, commands).into_iter().chain(super::ended::ended_alarms(case)).collect()
}

/// The same without devices whose rights ended, for whoever tells of those in words of their own.
pub fn branch_alarms(case: &OpenCase, commands: bool) -> Vec<String> {
    let with = |text: &str| if commands { text.to_owned() } else { String::new() };
    let fork = |f: &counterpart_core::view::ForkView| {
        let branches = super::listed(f.branches.iter().map(|b| case.entry_name(b)));
        format!(
            "Two histories were signed with one key of {}: {branches} stand at one position. A copied or restored key can \
             do that. Both are kept; what that key signed since gives its party no new right.",
            case.party_label(&f.party)
        )
    };
    let dispute = |(party, dispute): (PartyId, Dispute)| {
        if party == case.own {
            let shown = with(" `counterpart identity show` says what to do.");
            return format!("Your own key log has branches that nothing decides between.{shown}");
        }
        let who = case.party_label(&party);
        if dispute.for_good {
            return format!(
                "The key log of {who} was given two new main keys: which devices are theirs stays in dispute for good. \
                 What they agree to under a device added since {}; better ask them for a new identity.",
                if commands { "needs their `ratify`" } else { "counts once they say that they stand by it" }
            );
        }
        format!(
            "The key log of {who} has two branches from position {} on: which of the devices added since are theirs is in \
             dispute. What those agree to waits {}, unless you had built on it before; a new main key{} decides it.",
            dispute.position,
            if commands { "for their `ratify`" } else { "until they say that they stand by it" },
            if commands { " (`counterpart identity rotate`, on their side)" } else { ", made on their side," }
        )
    };
    let forks = case.view().forks.iter().map(fork);
    let disputes = case.lens().disputed_identities().into_iter().map(dispute);
    forks.chain(disputes).collect()
}

/// The revision in force on a subject, if one is.
pub fn revision_in_force(status: &ActionStatus) -> Option<Ix> {
    match &status.in_force {
        InForce::One { position: Position::Revision(ix), .. } => Some(*ix),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use counterpart_core::{act::Act, value::ItemValue};

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

    /// What only a mailbox has is stored by it: nobody says that its owner has it.
    #[test]
    fn a_mailbox_is_not_taken_for_its_owner() {
        let mut two = Two::new();
        two.propose(0, "Paint the wall");
        two.stored_by_mailbox(1);
        let mut case = two.seen_by(0);
        let lines = delivered(&case, false).join("\n");
        let stored = "Stored by party 1's mailbox, not yet received by party 1: 1 entry (their last receipt: ";
        assert!(lines.contains(stored), "{lines}");
        assert!(!lines.contains("has received everything") && !lines.contains("Not yet received"), "{lines}");
        let shown = plain(&show(&case, 200));
        assert!(shown.contains("stored by the other side's mailbox"), "{shown}");
        assert!(!shown.contains("delivered: the other side has it"), "{shown}");
        let log = crate::render::log_lines(&case);
        let log = plain(&crate::render::write_log(&case, &log, 200));
        assert!(log.lines().last().is_some_and(|line| line.ends_with("[stored by a mailbox]")), "{log}");
        // The own mailbox is said to be one's own.
        case.own = case.seats[1].parties[0];
        let (grade, _) = crate::render::told_beside(&case, &case.view().actions[0]);
        assert_eq!(grade, "stored by a mailbox");

        let mut two = Two::new();
        let offer = two.propose(1, "Mend the pipe");
        two.accept(0, offer);
        two.stored_by_mailbox(1);
        let shown = plain(&show(&two.seen_by(0), 200));
        assert!(shown.contains("agreed ✓ (not every signer"), "a mailbox makes no second tick: {shown}");
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
        assert!(shown.contains("Pay<U+200E><U+200D> now / Parties / 9  Bank"), "{shown}");
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
            "proposed in #9 by party 1, a change of #5:",
            "- what: Mend the pipe → Replace the pipe",
            "- as before: by and for",
            "declared done in #7 by party 1",
            "rejected in #8 by party 0: it still drips",
            "due time recorded as missed in #10 by party 0",
        ] {
            assert!(shown.contains(told), "{told}\n{shown}");
        }
    }
}
