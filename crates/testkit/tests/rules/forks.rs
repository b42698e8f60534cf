//! Two statements by one key at one position: both kept, an alarm, and no honest entry lost.

use counterpart_core::{
    fold::{ActionState, Verdict},
    id::EntryId,
    statement::Entry,
    value::ActionId,
};

use crate::world::*;

/// A2 signs several statements at one position; gives their envelopes, by id ascending.
fn branches(w: &mut World, count: usize) -> Vec<(EntryId, Vec<u8>)> {
    let mut all: Vec<(EntryId, Vec<u8>)> = (0..count)
        .map(|n| {
            let statement = w.statement(A2, &note(&format!("branch {n}")));
            let bytes = w.seal(A2, &statement);
            (Entry::decode(&bytes).expect("own").id, bytes)
        })
        .collect();
    all.sort();
    all
}

fn apply(w: &mut World, device: usize, bytes: &[u8]) {
    w.devices[device].record.apply_bytes(bytes).expect("a branch is an entry");
}

#[test]
fn both_branches_are_kept_and_shown() {
    let mut w = World::two();
    let both = branches(&mut w, 2);
    apply(&mut w, B1, &both[0].1);
    apply(&mut w, B2, &both[1].1);
    let after_first = w.act(B1, &note("after the one"));
    let after_second = w.act(B2, &note("after the other"));
    w.converge();
    let view = w.record(A1).view().expect("a view");
    assert_eq!(view.forks.len(), 1);
    assert_eq!(view.forks[0].party, w.party(A2));
    assert_eq!(view.forks[0].seq, 1);
    assert_eq!(view.forks[0].branches, [both[0].0, both[1].0]);
    for entry in [both[0].0, both[1].0, after_first, after_second] {
        assert_eq!(*w.verdict_at(A1, entry), Verdict::Effective);
    }
}

#[test]
fn the_document_holds_the_branch_with_the_smaller_id_and_all_that_is_honest() {
    let mut w = World::two();
    let both = branches(&mut w, 2);
    apply(&mut w, B1, &both[0].1);
    apply(&mut w, B2, &both[1].1);
    w.act(B1, &note("after the one"));
    w.act(B2, &note("after the other"));
    w.converge();
    for seed in 0..4 {
        let copy = w.replay(seed);
        let standing: Vec<EntryId> = copy.graph().in_document().into_iter().map(|ix| copy.graph().id(ix)).collect();
        assert!(standing.contains(&both[0].0));
        assert!(!standing.contains(&both[1].0));
        assert_eq!(standing.len(), copy.graph().len() - 1);
    }
}

#[test]
fn a_branch_goes_on_and_its_successors_follow_it_out_of_the_document() {
    let mut w = World::two();
    let both = branches(&mut w, 2);
    // A2 itself goes on with the larger one.
    apply(&mut w, A2, &both[1].1);
    let next = w.act(A2, &note("on the larger branch"));
    apply(&mut w, B1, &both[0].1);
    w.converge();
    let graph = w.record(A1).graph();
    let standing: Vec<EntryId> = graph.in_document().into_iter().map(|ix| graph.id(ix)).collect();
    assert!(standing.contains(&both[0].0) && !standing.contains(&both[1].0) && !standing.contains(&next));
}

#[test]
fn an_agreement_that_rests_on_either_branch_stays() {
    let mut w = World::two();
    let offers: Vec<(EntryId, Vec<u8>)> = ["one", "other"]
        .into_iter()
        .map(|what| {
            let proposal = w.proposal(A2, vec![work(what)]);
            let statement = w.statement(A2, &counterpart_core::act::Act::Propose(proposal));
            let bytes = w.seal(A2, &statement);
            (Entry::decode(&bytes).expect("own").id, bytes)
        })
        .collect();
    apply(&mut w, B1, &offers[0].1);
    apply(&mut w, B2, &offers[1].1);
    w.act(B1, &accept(offers[0].0));
    w.act(B2, &accept(offers[1].0));
    for (offer, _) in &offers {
        assert_eq!(w.state(ActionId { proposal: *offer, index: 0 }), ActionState::Agreed);
    }
}

#[test]
fn a_third_branch_counts_only_when_somebody_rests_on_it_or_its_id_is_small() {
    let mut w = World::two();
    let three = branches(&mut w, 3);
    apply(&mut w, B1, &three[0].1);
    apply(&mut w, B1, &three[1].1);
    let surplus = Entry::decode(&three[2].1).expect("own");
    assert!(w.record(B1).is_surplus(&surplus.statement, &surplus.id));
    let smallest = Entry::decode(&three[0].1).expect("own");
    apply(&mut w, B2, &three[1].1);
    apply(&mut w, B2, &three[2].1);
    assert!(!w.record(B2).is_surplus(&smallest.statement, &smallest.id));
    // Where it came first, it counts until the two smaller ones are there.
    apply(&mut w, B2, &three[0].1);
    let graph = w.record(B2).graph();
    let counts = |id: &EntryId| graph.find(id).is_some_and(|ix| graph.counts(ix));
    assert!(counts(&three[0].0) && counts(&three[1].0) && !counts(&three[2].0));
    assert_eq!(w.record(B1).graph().heads(), graph.heads());
    let fork = &w.record(B2).view().expect("a view").forks[0];
    assert_eq!(fork.branches, [three[0].0, three[1].0]);
}

#[test]
fn a_third_branch_that_somebody_rests_on_counts_everywhere() {
    let mut w = World::two();
    let three = branches(&mut w, 3);
    apply(&mut w, B1, &three[2].1);
    w.act(B1, &note("I saw this one"));
    apply(&mut w, A1, &three[0].1);
    apply(&mut w, B2, &three[1].1);
    w.converge();
    let view = w.record(A1).view().expect("a view");
    assert_eq!(view.forks[0].branches.len(), 3);
}
