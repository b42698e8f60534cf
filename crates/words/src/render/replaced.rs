//! That a proposal takes the place of earlier ones of the same side: whoever means "and also" loses what was offered before.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, Proposal},
    graph::Ix,
};

use super::{Speech, difference::otherwise, listed};
use crate::case::{OpenCase, key_of};

/// Which open proposals of our own could no longer be accepted once this is signed, with what becomes of their terms. Whoever answers
/// their own is told so, too: the answer withdraws it.
///
/// `now` in Unix milliseconds.
pub(super) fn takes_the_place_of(case: &OpenCase, act: &Act, now: i64) -> Option<String> {
    let (Act::Propose(proposal) | Act::Counter { proposal, .. }) = act else { return None };
    let (graph, lens) = (case.record.graph(), case.lens());
    let keys = proposal.subjects.iter().filter_map(|subject| key_of(&subject.topic));
    let open: BTreeSet<Ix> = keys.filter_map(|key| lens.status(&key)).flat_map(|status| status.open).collect();
    let own = |ix: &Ix| graph.statement(*ix).party == case.own;
    let mut replaced: Vec<Ix> = open.into_iter().filter(own).collect();
    replaced.sort_unstable_by_key(|ix| graph.order(*ix));
    if replaced.is_empty() {
        return None;
    }
    let speech = Speech::of_case(case).at(now).to_sign();
    let names = listed(replaced.iter().map(|ix| match became(&speech, *ix, proposal) {
        Some(became) => format!("{} ({became})", case.entry_name(&graph.id(*ix))),
        None => case.entry_name(&graph.id(*ix)),
    }));
    Some(format!(
        "This takes the place of your {names}, which can then no longer be accepted: of what stands there only that holds \
         which stands here again."
    ))
}

/// What becomes of the terms of an earlier proposal: "value: £400 → £40".
fn became(speech: &Speech<'_>, earlier: Ix, proposal: &Proposal) -> Option<String> {
    let parts: Vec<String> =
        proposal.subjects.iter().filter_map(|subject| otherwise(speech, earlier, subject)).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Two;

    #[test]
    fn a_second_change_says_that_it_takes_the_place_of_the_first() {
        let mut two = Two::new();
        let agreed = two.propose(0, "Mend the pipe");
        two.accept(1, agreed);
        let first = two.amend(0, agreed, agreed, "Mend it on Monday");
        let second = two.amend(1, agreed, agreed, "Mend it on Tuesday");
        let case = two.seen_by(0);
        let act = |id| case.record.fold().act(case.record.graph().find(id).expect("here")).clone();
        // As if it were signed once more.
        let told = takes_the_place_of(&case, &act(&first), case.now).expect("the first is open");
        assert!(told.contains(&format!("takes the place of your {},", case.entry_name(&first))), "{told}");
        // With other terms it says which of the first fall.
        let told = takes_the_place_of(&case, &act(&second), case.now).expect("the first is open");
        let fall = format!("your {} (what: Mend it on Monday → Mend it on Tuesday),", case.entry_name(&first));
        assert!(told.contains(&fall), "{told}");
        let Act::Propose(proposal) = act(&second) else { unreachable!("a proposal") };
        let told = takes_the_place_of(&case, &Act::Counter { of: first, proposal }, case.now);
        assert!(told.expect("what one answers of one's own falls").contains(&fall));
        assert_eq!(takes_the_place_of(&case, &Act::Accept { revision: second, note: None }, case.now), None);
    }
}
