//! Entries that another side contests: they stay on record, and whoever looks at the case is told that they are contested.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    graph::Ix,
    id::{EntryId, PartyId},
};

use super::{Details, Speech, answers_to, sentence, wrapped};
use crate::{
    case::OpenCase,
    style::{Style, styled},
};

/// An entry with what the others say against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contested {
    pub name: String,
    pub id: EntryId,
    pub party: PartyId,
    pub kind: &'static str,
    /// The entry in a sentence.
    pub text: String,
    /// "contested by Skyway Air in #18: shoes not needed", for each who contests it.
    pub said: Vec<String>,
}

/// Every entry that stands and is contested, in the agreed order. Of facts only the versions that stand; not what ended by
/// being contested, such as a promise that was noted of somebody, nor a request to erase that was answered so.
pub fn contested(case: &OpenCase) -> Vec<Contested> {
    let (graph, fold, lens) = (case.record.graph(), case.record.fold(), case.lens());
    let of_contest = |ix: Ix| match fold.act(ix) {
        Act::Contest { entry, .. } if lens.has(ix) => graph.find(entry),
        _ => None,
    };
    let entries: BTreeSet<Ix> = graph.all().filter_map(of_contest).collect();
    let mut entries: Vec<Ix> = entries.into_iter().filter(|ix| stands(case, *ix)).collect();
    entries.sort_unstable_by_key(|ix| graph.order(*ix));
    let speech = Speech::of_case(case);
    let one = |ix: Ix| {
        let (id, act, party) = (graph.id(ix), case.record.laid_open(ix), graph.statement(ix).party);
        let against = answers_to(case, &id, Details::Open).into_iter().filter(|said| said.contests);
        let said: Vec<String> = against.map(|said| said.text).collect();
        let text = sentence(&speech.telling(ix), &case.party_label(&party), &act);
        (!said.is_empty()).then(|| Contested { name: case.entry_name(&id), id, party, kind: act.kind(), text, said })
    };
    entries.into_iter().filter_map(one).collect()
}

fn stands(case: &OpenCase, ix: Ix) -> bool {
    let lens = case.lens();
    lens.has(ix)
        && match case.record.fold().act(ix) {
            Act::Item { key, .. } => {
                let id = case.record.graph().id(ix);
                let item = case.view().items.iter().find(|item| item.key == *key);
                item.is_some_and(|item| item.stated.iter().any(|stated| stated.entry == id))
            }
            Act::Propose(proposal) if proposal.alleged.is_some() => lens.fully_signed(ix),
            Act::Erase { .. } => false,
            _ => true,
        }
}

/// The same for people, without those whose kind is left out because they stand elsewhere.
pub(super) fn lines(case: &OpenCase, without: Option<&str>, columns: usize) -> Vec<String> {
    let one = |entry: Contested| {
        let head = format!("  {}  ", styled(Style::Strong, &entry.name));
        let said = styled(Style::Warn, &entry.said.join("; "));
        wrapped(&head, &format!("{}; {said}", entry.text), columns)
    };
    contested(case).into_iter().filter(|entry| Some(entry.kind) != without).map(one).collect()
}

#[cfg(test)]
mod tests {
    use counterpart_core::value::ItemValue;

    use super::*;
    use crate::{
        fixture::{Two, open},
        json, render,
    };

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    /// What one side says and the other contests is never told as if nobody had said a word against it.
    #[test]
    fn what_is_contested_is_told_where_the_case_stands() {
        let mut two = Two::new();
        let item = |value: i64| {
            let value = ItemValue::Integer(value);
            Act::Item { key: "shoes".to_owned(), value, label: None, note: None }
        };
        let note = two.act(0, &Act::Note { text: open("they never came"), about: None });
        let first = two.act(0, &item(120));
        let contest = |entry: EntryId, reason: &str| Act::Contest { entry, reason: open(reason) };
        two.act(1, &contest(note, "we came\nat nine"));
        two.act(1, &contest(first, "too much"));
        let case = two.seen_by(0);
        let names: Vec<String> = contested(&case).into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["#5", "#6"]);
        let told = "party 0 notes: they never came; contested by party 1 in #7: we came / at nine";
        let next = plain(&render::next(&case, &render::outlook(&case, None), 200));
        assert!(next.contains("Contested\n") && next.contains(told), "{next}");
        assert!(next.contains("contested by party 1 in #8: too much"), "{next}");
        let show = plain(&render::show(&case, 200));
        assert!(show.contains(told), "{show}");
        assert_eq!(show.matches("too much").count(), 1, "of a fact it stands beside the value: {show}");
        let data = json::next(&case, &render::outlook(&case, None));
        assert_eq!(data["contested"][0]["entry"]["ref"], "#5", "{data}");
        assert_eq!(data["contested"][0]["says"][0], "contested by party 1 in #7: we came / at nine", "{data}");
    }

    #[test]
    fn what_was_put_right_or_let_go_is_not_told_again() {
        let mut two = Two::new();
        let item = |value: i64| {
            let value = ItemValue::Integer(value);
            Act::Item { key: "shoes".to_owned(), value, label: None, note: None }
        };
        let first = two.act(0, &item(120));
        two.act(1, &Act::Contest { entry: first, reason: open("too much") });
        two.act(0, &item(90));
        let note = two.act(0, &Act::Note { text: open("they never came"), about: None });
        two.act(1, &Act::Contest { entry: note, reason: open("we came") });
        two.act(1, &Act::Acknowledge { entry: note, note: None });
        let case = two.seen_by(0);
        assert_eq!(contested(&case), []);
        let next = plain(&render::next(&case, &render::outlook(&case, None), 200));
        assert!(!next.contains("Contested"), "{next}");
    }
}
