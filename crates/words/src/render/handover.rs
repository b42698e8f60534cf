//! One page of all that matters in a case, for whoever takes it over: nobody is to be told again.

use counterpart_core::{
    act::{Act, Topic},
    fold::{ActionState, Lens, Position, SubjectKey},
    graph::Ix,
    id::EntryId,
    view::{ActionView, CaseState, Expected, MatterView, Waiting},
};
use counterpart_node::due_instant;

use super::{
    Speech, action_terms, answers_to, indented, line, no_line, open_value, outlook::about_name, sealable, sentence,
    status::status_lines, subject_in_a_line, to_do,
};
use crate::{case::OpenCase, clocks::HandedOver, item_value, summary::told_already, when};

/// Contacts told, the last ones.
const CONTACTS: usize = 5;
/// Reminders of one thing that are named, the last ones.
const REMINDERS: usize = 3;
/// Bytes kept well below what one text of a statement may have.
const ROOM: usize = 12_000;

/// How the page shows what stands in the record as a commitment only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Details {
    /// Laid open: for reading.
    Open,
    /// Left where they are, so that they can still be erased: for signing.
    Sealed,
}

/// The page, in plain text.
pub fn handover(case: &OpenCase, details: Details) -> String {
    let speech = Speech::of_case(case);
    // What is signed is what was shown a while before: it says up to which entry it goes, and the entry has its time.
    let as_of = match details {
        Details::Open => when::show(case.now, case.zone()),
        Details::Sealed => newest_entries(case),
    };
    let clocks = HandedOver::of(case, details);
    let state = case.view().state.as_str();
    let mut page = vec![format!("{} ({}, {state}), as of {as_of}", line(&case.title), case.short())];
    section(&mut page, "Whose move", moves(case));
    section(&mut page, "Service clocks", clocks.lines.clone());
    let (live, over): (Vec<&ActionView>, Vec<&ActionView>) = case.view().actions.iter().partition(|a| a.is_live());
    let (said, agreed): (Vec<&ActionView>, Vec<&ActionView>) = live
        .into_iter()
        .partition(|a| a.alleged && matches!(a.status.state, ActionState::Proposed | ActionState::Accepted));
    section(&mut page, "To be done", agreed.iter().flat_map(|a| action(case, &speech, a, details)).collect());
    section(
        &mut page,
        "Said by them, not agreed",
        said.iter().flat_map(|a| action(case, &speech, a, details)).collect(),
    );
    section(&mut page, "Other agreements", matters(case, &speech, &clocks));
    section(&mut page, "Facts", facts(case, details, &clocks));
    section(&mut page, "Promises kept and missed", super::ledger_lines(case));
    section(&mut page, "People", people(case, details));
    section(&mut page, "Last contacts", contacts(case, &speech, details));
    section(&mut page, "Told already, not to be asked again", told_already(case, details, &clocks));
    section(&mut page, "Over", over.iter().map(|a| ended(case, a)).collect());
    fitting(page)
}

/// The entries that nothing follows yet: "#12".
pub(crate) fn newest_entries(case: &OpenCase) -> String {
    let heads = case.record.graph().heads();
    heads.iter().take(4).map(|head| case.entry_name(head)).collect::<Vec<_>>().join(" and ")
}

fn section(page: &mut Vec<String>, title: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        page.push(String::new());
        page.push(title.to_owned());
        page.extend(lines.into_iter().map(|l| indented(&l, "  ")));
    }
}

fn moves(case: &OpenCase) -> Vec<String> {
    if let CaseState::Closed(_) = case.view().state {
        return vec!["Nobody's: closed by agreement".to_owned()];
    }
    let one = |w: &Waiting| {
        let what = to_do(w.expected, about_in_full(case, w).as_deref());
        let since = when::show_short(w.since, case.zone(), case.now);
        format!("{}: {what}, since {since}", case.seat_label(&w.seat))
    };
    let moves: Vec<String> = case.view().waiting.iter().map(one).collect();
    if moves.is_empty() { vec!["Nobody's: nothing is waited for".to_owned()] } else { moves }
}

/// What a move that is waited for is about, by the number that the page has it under. Where the terms that stand were agreed
/// in another entry that one is named as well: people speak of either.
fn about_in_full(case: &OpenCase, waiting: &Waiting) -> Option<String> {
    let name = about_name(case, waiting)?;
    let to_be_done = waiting.expected == Expected::Perform;
    let stands = waiting.about.filter(|_| to_be_done).map(|id| case.entry_name(&id));
    // `#5/2` is a part of #5.
    let stands = stands.filter(|stands| name.split('/').next() != Some(stands.as_str()));
    Some(stands.map_or_else(|| name.clone(), |stands| format!("{name}, last agreed in {stands}")))
}

fn action(case: &OpenCase, speech: &Speech<'_>, action: &ActionView, details: Details) -> Vec<String> {
    let lens = case.lens();
    let Some(terms) = action.terms(&lens) else { return Vec::new() };
    let name = case.subject_name(&action.key);
    let mut lines = vec![format!("{name} {}: {}", sealable(&terms.what), action.status.state.as_str())];
    let terms = action_terms(speech, terms, action.counted_from, false).into_iter().skip(1);
    lines.extend(terms.map(|(label, text)| format!("    {label}: {}", super::in_one_line(&text))));
    lines.extend(pressing(case, action, terms_due(action, &lens), details).into_iter().map(|l| format!("    {l}")));
    let told = status_lines(case, speech, &action.key, &action.status);
    lines.extend(told.into_iter().map(|l| format!("    {l}")));
    lines
}

/// When an action is due, Unix milliseconds.
fn terms_due(action: &ActionView, lens: &Lens<'_>) -> Option<i64> {
    due_instant(action.terms(lens)?.due.as_ref()?, action.counted_from)
}

/// Whether its due time has passed, and who reminded of it.
fn pressing(case: &OpenCase, action: &ActionView, due: Option<i64>, details: Details) -> Vec<String> {
    let mut lines = Vec::new();
    // What was declared done is not overdue: it waits for the others' word.
    let to_do = action.status.state != ActionState::Declared;
    if let Some(due) = due.filter(|due| to_do && *due < case.now) {
        let owed = matches!(action.status.state, ActionState::Agreed | ActionState::Rework);
        let word = if owed { "OVERDUE: " } else { "" };
        let ago = when::lasting(due.abs_diff(case.now) / 1000);
        lines.push(match details {
            Details::Open => format!("{word}its time passed {ago} ago, as of {}", when::show(case.now, case.zone())),
            // What is signed stays as it was shown, however long that is read.
            Details::Sealed => format!("{word}its time had passed when this was signed"),
        });
    }
    let graph = case.record.graph();
    let mut of: Vec<EntryId> = case
        .record
        .fold()
        .revisions_of(&action.key)
        .iter()
        .map(|ix| graph.id(*ix))
        .chain([action.id.proposal])
        .collect();
    of.sort_unstable();
    of.dedup();
    let reminds = |ix: &Ix| matches!(case.record.fold().act(*ix), Act::Remind { .. });
    let lens = case.lens();
    let mut reminders: Vec<Ix> = of.iter().flat_map(|id| lens.about(id)).filter(reminds).collect();
    reminders.sort_unstable_by_key(|ix| graph.order(*ix));
    reminders.dedup();
    let one = |ix: &Ix| {
        let (statement, name) = (graph.statement(*ix), case.entry_name(&graph.id(*ix)));
        let day = when::show_day(statement.at, case.zone(), case.now);
        format!("in {name} by {}, {day}", case.party_label(&statement.party))
    };
    let earlier = reminders.len().saturating_sub(REMINDERS);
    let told = reminders.iter().skip(earlier).map(one).collect::<Vec<_>>().join("; ");
    match (told.is_empty(), earlier) {
        (true, _) => {}
        (false, 0) => lines.push(format!("reminded of it {told}")),
        (false, n) => lines.push(format!("reminded of it {} times, last {told}", n + REMINDERS)),
    }
    lines
}

fn ended(case: &OpenCase, action: &ActionView) -> String {
    let what = action.terms(&case.lens()).map(|t| sealable(&t.what)).unwrap_or_default();
    format!("{} {what}: {}", case.subject_name(&action.key), action.status.state.as_str())
}

/// Free terms and closings that are agreed; items' values are told among the facts.
fn matters(case: &OpenCase, speech: &Speech<'_>, clocks: &HandedOver) -> Vec<String> {
    let lens = case.lens();
    let agreed = case.view().matters.iter().filter(|m| !matches!(m.key, SubjectKey::Item(_)));
    let one = |m: &MatterView| match m.status.in_force.standing() {
        Some((Position::Revision(ix), _)) => {
            let subject = lens.subject(ix, &m.key)?;
            let text = match &subject.topic {
                Topic::Terms { text, .. } if text.open().is_some_and(|text| clocks.explains(text)) => return None,
                Topic::Terms { text, .. } => format!(": {}", sealable(text)),
                _ => String::new(),
            };
            Some(format!("{} {}{text}", case.subject_name(&m.key), subject_in_a_line(speech, subject)))
        }
        _ => None,
    };
    agreed.filter_map(one).collect()
}

fn facts(case: &OpenCase, details: Details, clocks: &HandedOver) -> Vec<String> {
    let mut lines = Vec::new();
    for item in case.view().items.iter().filter(|item| !clocks.tells(case, item)) {
        let key = line(&item.key);
        if let Some((agreed, value)) = &item.agreed {
            let said = said(case, agreed, details);
            lines.push(format!("{key}: {} (agreed in {}{said})", item_value::show(value), case.entry_name(agreed)));
            continue;
        }
        for stated in &item.stated {
            if clocks.tells_stated(case, &item.key, &stated.entry, &stated.value) {
                continue;
            }
            let who = case.party_label(&stated.party);
            let value = match details {
                Details::Open => open_value(case, &stated.entry, &stated.value),
                Details::Sealed => stated.value.clone(),
            };
            let name = case.entry_name(&stated.entry);
            let said = said(case, &stated.entry, details);
            lines.push(format!("{key}: {} (so says {who} in {name}{said})", item_value::show(&value)));
        }
    }
    lines
}

/// What the others say of an entry, behind what it says.
fn said(case: &OpenCase, entry: &EntryId, details: Details) -> String {
    answers_to(case, entry, details).into_iter().map(|answer| format!("; {}", answer.text)).collect()
}

/// Who is responsible, and how to reach them.
fn people(case: &OpenCase, details: Details) -> Vec<String> {
    let mut lines = Vec::new();
    for at in case.record.people(case.view()) {
        let seat = case.seat_label(&at.seat);
        for who in &at.responsible {
            let named = case.entry_name(&case.record.graph().id(who.entry));
            let since = when::show_short(who.since, case.zone(), case.now);
            let said = match act(case, who.entry, details) {
                Act::Card(card) => [Some(card.name), card.function, card.phone, card.email, card.hours].to_vec(),
                Act::Handover { person, .. } => {
                    let card = who.card.as_ref().filter(|_| details == Details::Open);
                    let reached = card.map(|c| [c.function.clone(), c.phone.clone(), c.email.clone(), c.hours.clone()]);
                    std::iter::once(person).chain(reached.into_iter().flatten()).collect()
                }
                _ => Vec::new(),
            };
            let open: Vec<String> = said.iter().flatten().filter_map(|text| text.open().map(line)).collect();
            let said = if open.is_empty() { format!("whoever is named in {named}") } else { open.join(", ") };
            let line = match details {
                Details::Open if who.other.is_some() => format!("; {}", no_line(case, who)),
                _ => String::new(),
            };
            lines.push(format!("{seat}: {said}, responsible since {since} ({named}){line}"));
        }
        for noted in at.noted.iter().filter(|_| details == Details::Open) {
            let texts = noted.person.iter().chain(&noted.numbers).filter_map(|text| text.open().map(line));
            let contacts = super::listed(noted.contacts.iter().map(|ix| case.entry_name(&case.record.graph().id(*ix))));
            lines.push(format!("{seat}: {}, noted in {contacts}", texts.collect::<Vec<_>>().join(", ")));
        }
    }
    lines
}

fn act(case: &OpenCase, ix: Ix, details: Details) -> Act {
    match details {
        Details::Open => case.record.laid_open(ix),
        Details::Sealed => case.record.fold().act(ix).clone(),
    }
}

fn contacts(case: &OpenCase, speech: &Speech<'_>, details: Details) -> Vec<String> {
    let graph = case.record.graph();
    let contact = |ix: &Ix| matches!(case.record.fold().act(*ix), Act::Contact(_)) && case.lens().has(*ix);
    let all: Vec<Ix> = graph.ordered().into_iter().filter(contact).collect();
    let told = |ix: &Ix| {
        let who = case.party_label(&graph.statement(*ix).party);
        format!("{} {}", case.entry_name(&graph.id(*ix)), sentence(speech, &who, &act(case, *ix, details)))
    };
    all.iter().skip(all.len().saturating_sub(CONTACTS)).map(told).collect()
}

/// As many lines as fit into one text; what is left out is said.
fn fitting(page: Vec<String>) -> String {
    let mut text = String::new();
    for (n, l) in page.iter().enumerate() {
        if text.len() + l.len() > ROOM {
            text.push_str(&format!("\n({} more lines are left out; the record holds all of it)", page.len() - n));
            break;
        }
        if n > 0 {
            text.push('\n');
        }
        text.push_str(l);
    }
    text
}

#[cfg(test)]
mod tests {
    use counterpart_core::{
        act::{ActionTerms, Card, Contact},
        value::{Due, ItemValue, Seat},
    };
    use counterpart_testkit::case::{START, proposal, terms};

    use super::*;
    use crate::fixture::{Two, open};

    #[test]
    fn the_page_tells_all_that_matters() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        two.act(1, &Act::Item { key: "pipe".to_owned(), value: ItemValue::Integer(22), label: None, note: None });
        two.act(
            0,
            &Act::Contact(Contact {
                channel: "telephone".to_owned(),
                direction: "out".to_owned(),
                started: 1_782_896_400_000,
                seconds: None,
                waited: None,
                seat: Some(Seat::Number(1)),
                person: None,
                number: None,
                reference: None,
                summary: open("they come on Monday"),
                menu: Vec::new(),
            }),
        );
        let page = handover(&two.seen_by(1), Details::Sealed);
        for told in [
            "Whose move",
            "party 1: do #5, since",
            "#5 Mend the pipe: agreed",
            "by: party 1",
            "pipe: 22 (so says party 1 in #7)",
            "#8 party 0 notes a telephone call to party 1",
            "they come on Monday",
        ] {
            assert!(page.contains(told), "{told}\n{page}");
        }
        assert!(!page.contains('\u{1b}'), "{page}");
    }

    /// What is to be done goes by one number on the page; where it was agreed anew is said beside it.
    #[test]
    fn an_action_agreed_anew_keeps_its_number_and_says_where_it_was_agreed_last() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        let anew = two.amend(0, first, first, "Mend the pipe and the tap");
        two.accept(1, anew);
        let both = two.bundle(0, &["Ring me", "Send the bill"]);
        two.accept(1, both);
        let case = two.seen_by(0);
        for details in [Details::Open, Details::Sealed] {
            let page = handover(&case, details);
            for told in ["party 1: do #5, last agreed in #7, since", "#5 Mend the pipe and the tap: agreed"] {
                assert!(page.contains(told), "{told}\n{page}");
            }
            assert!(page.contains("party 1: do #9/1 and #9/2, since"), "{page}");
        }
    }

    #[test]
    fn whoever_takes_over_is_told_what_is_overdue_and_who_reminded() {
        const DAY: i64 = 86_400_000;
        // Days since it was due, agreed, declared done, reminders; what is told of it, and what is not.
        type Row = (i64, bool, bool, usize, &'static [&'static str], &'static [&'static str]);
        let table: [Row; 5] = [
            (13, true, false, 0, &["OVERDUE: its time "], &["reminded"]),
            (13, true, false, 1, &["OVERDUE: ", "reminded of it in #7 by party 0, "], &["times"]),
            (2, false, false, 5, &["    its time ", "reminded of it 5 times, last in #8 by"], &["OVERDUE"]),
            (13, true, true, 0, &[], &["OVERDUE", "its time ", "reminded"]),
            (-3, true, false, 0, &[], &["OVERDUE", "its time ", "reminded"]),
        ];
        for (days, agreed, declared, reminders, told, untold) in table {
            let mut two = Two::new();
            let due = Due::At { instant: START, local: "2026-01-01T00:00".to_owned(), zone: "UTC".to_owned() };
            let action = ActionTerms { due: Some(due), ..terms("Pay back the tax", &[1], &[0]) };
            let offer = two.act(0, &Act::Propose(proposal(None, Topic::Action { action: None, terms: action })));
            if agreed {
                two.accept(1, offer);
            }
            for _ in 0..reminders {
                two.act(0, &Act::Remind { text: open("please"), about: Some(offer), seat: None });
            }
            if declared {
                two.act(1, &Act::Declare { revision: offer, subject: 0, note: None, evidence: Vec::new() });
            }
            let mut case = two.seen_by(0);
            case.now = START + days * DAY + 1;
            for details in [Details::Open, Details::Sealed] {
                let page = handover(&case, details);
                assert!(told.iter().all(|told| page.contains(told)), "{told:?}\n{page}");
                assert!(!untold.iter().any(|told| page.contains(told)), "{untold:?}\n{page}");
                let passed = match details {
                    Details::Open => format!("its time passed {days} days ago, as of "),
                    Details::Sealed => "its time had passed when this was signed".to_owned(),
                };
                assert_eq!(page.contains(&passed), days > 0 && !declared, "{page}");
            }
        }
    }

    /// The page never gives one person's number for another's.
    #[test]
    fn a_number_is_told_as_that_of_the_name_on_its_card() {
        let mut two = Two::new();
        let device = two.device(1);
        let phone = Some(open("020 1"));
        let (name, email, hours) = (open("Ben Hollis"), None, None);
        two.act(1, &Act::Card(Card { name, function: None, phone, email, hours, device: Some(device) }));
        let summary = open("over to you");
        two.act(1, &Act::Handover { from: Some(device), to: device, person: Some(open("Dev Rao")), summary });
        let case = two.seen_by(0);
        let unknown =
            "no direct line of Dev Rao is known; the card of Ben Hollis (#5), for the same device, gives 020 1";
        let page = handover(&case, Details::Open);
        let line = page.lines().find(|l| l.contains("Dev Rao, responsible since")).expect("it is told");
        assert!(line.ends_with(unknown), "{line}");
        let all = case.record.people(case.view());
        let people = crate::render::people(&case, &all, &[], 400);
        let people = anstream::adapter::strip_str(&people).to_string();
        assert!(people.contains(unknown), "{people}");
        let (_, also) = people.split_once("Also there: Ben Hollis (#5)").expect("whose number it is");
        assert!(also.contains("020 1"), "{people}");
        let json = crate::json::people(&case, &all, &[]);
        let responsible = &json["sides"][1]["responsible"][0];
        assert_eq!(responsible["card"], serde_json::Value::Null);
        assert_eq!(responsible["other_card"]["card"]["name"], "Ben Hollis");
    }

    #[test]
    fn what_can_be_erased_is_not_copied_into_what_cannot() {
        let mut two = Two::new();
        let card = Card {
            name: open("Priya Shah"),
            function: Some(open("complaints")),
            phone: Some(open("0800 1")),
            email: None,
            hours: None,
            device: None,
        };
        two.act(1, &Act::Card(card));
        let case = two.seen_by(1);
        let sealed = handover(&case, Details::Sealed);
        assert!(sealed.contains("party 1: complaints, responsible since"), "{sealed}");
        assert!(!sealed.contains("Priya") && !sealed.contains("0800"), "{sealed}");
        let laid_open = handover(&case, Details::Open);
        assert!(laid_open.contains("party 1: Priya Shah, complaints, 0800 1, responsible since"), "{laid_open}");
    }

    #[test]
    fn a_page_too_long_says_what_it_leaves_out() {
        let page = fitting(vec!["x".repeat(100); 200]);
        assert!(page.len() < ROOM + 100 && page.ends_with("the record holds all of it)"), "{}", page.len());
    }
}
