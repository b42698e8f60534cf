//! One page about a case, so that whoever takes it over asks nobody again: whose move it is, what is to be done, what was
//! said and not agreed, facts, promises, people, contacts, and what was told already.

use counterpart_core::{act::Act, graph::Ix, view::ItemView};

use crate::{
    case::OpenCase,
    clocks::HandedOver,
    render::{self, Details, Speech, line, sentence},
};

/// Refusals that are told, the last ones.
const REFUSALS: usize = 8;
/// Facts, files and references that are named, of each the first ones.
const NAMED: usize = 40;

/// The page, for the eyes of this side: names and numbers laid open.
pub fn one_page(case: &OpenCase) -> String {
    render::handover(case, Details::Open)
}

/// The same as a hand-over signs it: what can be erased stays where it is, and is only named.
pub fn to_sign(case: &OpenCase) -> String {
    render::handover(case, Details::Sealed)
}

/// What was told before, a line each: facts stated, files that are here, references given, and what was turned down and
/// why, so that it is not offered again as it was.
pub(crate) fn told_already(case: &OpenCase, details: Details, clocks: &HandedOver) -> Vec<String> {
    let mut lines = Vec::new();
    let mut named = |what: &str, names: Vec<String>| {
        let more = names.len().saturating_sub(NAMED);
        let mut told = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        if more > 0 {
            told.push_str(&format!(" and {more} more"));
        }
        if !told.is_empty() {
            lines.push(format!("{what}: {told}"));
        }
    };
    let contested = |item: &ItemView| {
        let stated = item.stated.iter().map(|stated| &stated.entry).chain(item.agreed.iter().map(|(id, _)| id));
        stated.flat_map(|id| render::answers_to(case, id, details)).any(|answer| answer.contests)
    };
    let fact = |item: &ItemView| match contested(item) {
        true => format!("{} (contested)", line(&item.key)),
        false => line(&item.key),
    };
    // Clocks are counted: nobody told them.
    named("Facts", case.view().items.iter().filter(|item| !clocks.tells(case, item)).map(fact).collect());
    let graph = case.record.graph();
    let told = |ix: Ix| match details {
        Details::Open => case.record.laid_open(ix),
        Details::Sealed => case.record.fold().act(ix).clone(),
    };
    let (mut files, mut references, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for ix in graph.ordered().into_iter().filter(|ix| case.lens().has(*ix)) {
        let entry = case.entry_name(&graph.id(ix));
        match told(ix) {
            Act::Attach { name, .. } => {
                files.push(name.open().map_or_else(|| entry.clone(), |name| format!("{} ({entry})", line(name))));
            }
            Act::Contact(contact) => {
                let reference = contact.reference.as_ref().and_then(|text| text.open());
                references.extend(reference.map(|text| format!("{} ({entry})", line(text))));
            }
            act @ (Act::Decline { reason: Some(_), .. } | Act::Reject { .. }) => refused.push((ix, entry, act)),
            _ => {}
        }
    }
    named("Files", files);
    named("References", references);
    let speech = Speech::of_case(case);
    for (ix, entry, act) in refused.iter().skip(refused.len().saturating_sub(REFUSALS)) {
        let who = case.party_label(&graph.statement(*ix).party);
        lines.push(format!("{entry} {}", sentence(&speech, &who, act)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use counterpart_core::{act::Contact, value::ItemValue};

    use super::*;
    use crate::fixture::{Two, open};

    #[test]
    fn what_was_told_is_not_asked_again() {
        let mut two = Two::new();
        let first = two.propose(1, "Swap the router");
        two.act(0, &Act::Decline { revision: first, reason: Some(open("it was swapped in May already")) });
        two.act(0, &Act::Item { key: "meter".to_owned(), value: ItemValue::Integer(4711), label: None, note: None });
        two.act(
            0,
            &Act::Contact(Contact {
                channel: "telephone".to_owned(),
                direction: "out".to_owned(),
                started: 1_782_896_400_000,
                seconds: None,
                waited: None,
                seat: None,
                person: Some(open("Priya Shah")),
                number: None,
                reference: Some(open("NL-\u{200F}99")),
                summary: open("asked again"),
                menu: Vec::new(),
            }),
        );
        let case = two.seen_by(1);
        let page = one_page(&case);
        for told in [
            "Told already, not to be asked again",
            "Facts: meter",
            "References: NL-<U+200F>99 (#8)",
            "it was swapped in May already",
            "Priya Shah",
        ] {
            assert!(page.contains(told), "{told}\n{page}");
        }
        assert!(!page.contains('\u{200F}'), "{page}");
        let signed = to_sign(&case);
        assert!(signed.contains("Told already") && !signed.contains("Priya"), "{signed}");
    }

    #[test]
    fn a_case_in_which_nothing_was_told_has_no_such_part() {
        assert!(!one_page(&Two::new().seen_by(0)).contains("Told already"));
    }
}
