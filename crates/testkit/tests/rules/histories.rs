//! Random histories: every copy comes to the same, nobody is bound unsigned, what was judged stays judged.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, Mode, Topic},
    fold::Verdict,
    graph::Ix,
    id::EntryId,
    schema,
    value::Seat,
};

pub(crate) use crate::random::{DEVICES, history};
use crate::{
    digest::digest,
    random::{Trust, history_with},
    world::*,
};

/// Whether a seat's party signed a revision, read from the statements alone.
fn signed(w: &World, revision: Ix, seat: Seat) -> bool {
    let record = w.record(A1);
    let graph = record.graph();
    let lens = record.lens();
    // Of a seat that is bound twice either holder may have signed.
    let held = graph.all().filter_map(|ix| match record.fold().act(ix) {
        Act::Admit { party, seat: to, .. } if *to == seat && lens.has(ix) => Some(*party),
        _ => None,
    });
    let parties: Vec<_> = if seat == Seat::Number(0) { vec![w.party(A1)] } else { held.collect() };
    let firm = record.fold().proposal(revision).is_some_and(|p| p.mode == Mode::Firm);
    graph.all().filter(|ix| parties.contains(&graph.statement(*ix).party)).any(|ix| {
        let accepts = matches!(
            record.fold().act(ix),
            Act::Accept { revision: r, .. } | Act::Confirm { revision: r } if *r == graph.id(revision)
        );
        (accepts && *record.fold().verdict(ix) == Verdict::Effective) || (ix == revision && firm)
    })
}

fn nobody_is_bound_unsigned(w: &World) {
    let record = w.record(A1);
    let lens = record.lens();
    for ix in record.graph().all().filter(|ix| lens.fully_signed(*ix)) {
        let proposal = record.fold().proposal(ix).expect("only revisions are signed");
        for seat in &proposal.signers {
            assert!(signed(w, ix, *seat), "{seat} is bound to {} unsigned", record.graph().id(ix));
        }
        for subject in &proposal.subjects {
            if let Topic::Action { terms, .. } = &subject.topic {
                assert!(terms.seats().all(|s| proposal.signers.contains(&s)));
            }
        }
    }
}

#[test]
fn random_histories_come_to_the_same_on_every_copy() {
    let mut reached = BTreeSet::new();
    let mut orders = 0;
    let count = rounds(16);
    for seed in 0..count {
        let mut w = history(u64::try_from(seed).expect("small"), 60);
        // Each partial copy is the same fed in another order.
        for device in DEVICES {
            // Who was not let in, where a seat is bound twice, may never hear of the case.
            let Some(view) = w.record(device).view() else { continue };
            reached.extend(view.actions.iter().map(|a| a.status.state.as_str()));
            reached.extend(view.actions.iter().flat_map(|a| a.overlays.iter().copied()));
            let copy = w.replay_of(device, 0);
            same(&digest(w.record(device)), &digest(&copy), &format!("history {seed}, copy {device}"));
            orders += 2;
        }
        w.converge();
        orders += 5;
        nobody_is_bound_unsigned(&w);
        if seed % 80 == 79 {
            tell(&format!("random histories: {} so far, {orders} orders of arrival", seed + 1));
        }
        let view = w.record(A1).view().expect("a view");
        reached.extend(view.actions.iter().map(|a| a.status.state.as_str()));
    }
    tell(&format!("random histories: {count} histories, {orders} orders of arrival; reached {reached:?}"));
    // Histories that never get anywhere would prove little.
    let expected = ["agreed", "cancelled", "completed", "crossed", "declared", "proposed", "stopped"];
    for state in expected {
        assert!(reached.contains(state), "no history reached {state}: {reached:?}");
    }
}

#[test]
fn every_kind_of_act_occurs_and_takes_effect() {
    let mut effective = BTreeSet::new();
    let mut signed = BTreeSet::new();
    for seed in 200..200 + rounds(32) {
        let w = history(u64::try_from(seed).expect("small"), 90);
        for device in DEVICES {
            let record = w.record(device);
            for ix in record.graph().all() {
                let kind = record.graph().statement(ix).kind.clone();
                if *record.fold().verdict(ix) == Verdict::Effective {
                    effective.insert(kind.clone());
                }
                signed.insert(kind);
            }
        }
    }
    let missing = |found: &BTreeSet<String>| -> Vec<&str> {
        schema::level(1).expect("the level").kinds().filter(|kind| !found.contains(*kind)).collect()
    };
    tell(&format!("kinds that random histories signed without effect: {:?}", missing(&effective)));
    assert_eq!(missing(&signed), [] as [&str; 0]);
}

/// Agreed stays agreed: what some copy holds fully signed, a copy that holds more does not take apart.
#[test]
fn what_is_fully_signed_stays_fully_signed_where_no_key_is_lost() {
    for seed in 300..300 + rounds(8) {
        let mut w = history_with(u64::try_from(seed).expect("small"), 60, Trust::Kept);
        let signed = |w: &World, device: usize| -> Vec<EntryId> {
            let record = w.record(device);
            let lens = record.lens();
            record.graph().all().filter(|ix| lens.fully_signed(*ix)).map(|ix| record.graph().id(ix)).collect()
        };
        let before: Vec<Vec<EntryId>> = DEVICES.iter().map(|d| signed(&w, *d)).collect();
        w.sync_all();
        let now = signed(&w, A1);
        for (device, before) in DEVICES.into_iter().zip(before) {
            assert!(before.iter().all(|id| now.contains(id)), "history {seed}, copy {device}");
        }
    }
}

#[test]
fn what_was_judged_stays_judged() {
    for seed in 100..100 + rounds(8) {
        let mut w = history(u64::try_from(seed).expect("small"), 60);
        let before: Vec<Vec<(EntryId, Verdict)>> = DEVICES.iter().map(|d| verdicts(&w, *d)).collect();
        w.sync_all();
        for (device, before) in DEVICES.into_iter().zip(before) {
            let now = verdicts(&w, device);
            for known in &before {
                assert!(now.contains(known), "history {seed}, copy {device}: {known:?}");
            }
        }
    }
}

/// Straight to the terminal: figures are worth seeing when all is well, too.
pub(crate) fn tell(what: &str) {
    use std::io::Write;
    std::io::stderr().write_all(format!("{what}\n").as_bytes()).expect("the terminal takes a line");
}

fn verdicts(w: &World, device: usize) -> Vec<(EntryId, Verdict)> {
    let record = w.record(device);
    record.graph().all().map(|ix| (record.graph().id(ix), record.fold().verdict(ix).clone())).collect()
}
