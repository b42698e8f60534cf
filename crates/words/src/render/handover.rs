//! One page of all that matters in a case, for whoever takes it over: nobody is to be told again.

use counterpart_core::{
    act::{Act, Topic},
    fold::{ActionState, Position, SubjectKey},
    graph::Ix,
    view::{ActionView, CaseState, MatterView, Waiting},
};

use super::{
    Speech, action_terms, indented, line, open_value, sealable, sentence, status::status_lines, subject_in_a_line,
    to_do,
};
use crate::{case::OpenCase, item_value, summary::told_already, when};

/// Contacts told, the last ones.
const CONTACTS: usize = 5;
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
    let mut page = vec![format!(
        "{} ({}, {}), as of {}",
        line(&case.title),
        case.short(),
        case.view().state.as_str(),
        when::show(case.now, case.zone())
    )];
    section(&mut page, "Whose move", moves(case));
    let (live, over): (Vec<&ActionView>, Vec<&ActionView>) = case.view().actions.iter().partition(|a| a.is_live());
    let (said, agreed): (Vec<&ActionView>, Vec<&ActionView>) = live
        .into_iter()
        .partition(|a| a.alleged && matches!(a.status.state, ActionState::Proposed | ActionState::Accepted));
    section(&mut page, "To be done", agreed.iter().flat_map(|a| action(case, &speech, a)).collect());
    section(&mut page, "Said by them, not agreed", said.iter().flat_map(|a| action(case, &speech, a)).collect());
    section(&mut page, "Other agreements", matters(case, &speech));
    section(&mut page, "Facts", facts(case, details));
    section(&mut page, "Promises kept and missed", super::ledger_lines(case));
    section(&mut page, "People", people(case, details));
    section(&mut page, "Last contacts", contacts(case, &speech, details));
    section(&mut page, "Told already, not to be asked again", told_already(case, details));
    section(&mut page, "Over", over.iter().map(|a| ended(case, a)).collect());
    fitting(page)
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
        let what = to_do(w.expected, w.about.as_ref().map(|id| case.entry_name(id)).as_deref());
        let since = when::show_short(w.since, case.zone(), case.now);
        format!("{}: {what}, since {since}", case.seat_label(&w.seat))
    };
    let moves: Vec<String> = case.view().waiting.iter().map(one).collect();
    if moves.is_empty() { vec!["Nobody's: nothing is waited for".to_owned()] } else { moves }
}

fn action(case: &OpenCase, speech: &Speech<'_>, action: &ActionView) -> Vec<String> {
    let lens = case.lens();
    let Some(terms) = action.terms(&lens) else { return Vec::new() };
    let name = case.subject_name(&action.key);
    let mut lines = vec![format!("{name} {}: {}", sealable(&terms.what), action.status.state.as_str())];
    let terms = action_terms(speech, terms, action.counted_from, false).into_iter().skip(1);
    lines.extend(terms.map(|(label, text)| format!("    {label}: {}", super::in_one_line(&text))));
    let told = status_lines(case, speech, &action.key, &action.status);
    lines.extend(told.into_iter().map(|l| format!("    {l}")));
    lines
}

fn ended(case: &OpenCase, action: &ActionView) -> String {
    let what = action.terms(&case.lens()).map(|t| sealable(&t.what)).unwrap_or_default();
    format!("{} {what}: {}", case.subject_name(&action.key), action.status.state.as_str())
}

/// Free terms and closings that are agreed; items' values are told among the facts.
fn matters(case: &OpenCase, speech: &Speech<'_>) -> Vec<String> {
    let lens = case.lens();
    let agreed = case.view().matters.iter().filter(|m| !matches!(m.key, SubjectKey::Item(_)));
    let one = |m: &MatterView| match m.status.in_force.standing() {
        Some((Position::Revision(ix), _)) => {
            let subject = lens.subject(ix, &m.key)?;
            let text = match &subject.topic {
                Topic::Terms { text, .. } => format!(": {}", sealable(text)),
                _ => String::new(),
            };
            Some(format!("{} {}{text}", case.subject_name(&m.key), subject_in_a_line(speech, subject)))
        }
        _ => None,
    };
    agreed.filter_map(one).collect()
}

fn facts(case: &OpenCase, details: Details) -> Vec<String> {
    let mut lines = Vec::new();
    for item in &case.view().items {
        let key = line(&item.key);
        if let Some((agreed, value)) = &item.agreed {
            lines.push(format!("{key}: {} (agreed in {})", item_value::show(value), case.entry_name(agreed)));
            continue;
        }
        for stated in &item.stated {
            let who = case.party_label(&stated.party);
            let value = match details {
                Details::Open => open_value(case, &stated.entry, &stated.value),
                Details::Sealed => stated.value.clone(),
            };
            let name = case.entry_name(&stated.entry);
            lines.push(format!("{key}: {} (so says {who} in {name})", item_value::show(&value)));
        }
    }
    lines
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
            lines.push(format!("{seat}: {said}, responsible since {since} ({named})"));
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
        act::{Card, Contact},
        value::{ItemValue, Seat},
    };

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
