//! Random histories of two parties with two devices each and a third signer: every copy comes to the same.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, Mode, Subject, Topic},
    fold::{SubjectKey, Verdict},
    graph::Ix,
    id::EntryId,
    value::{ActionId, ItemValue, Seat},
};

use crate::{digest::digest, world::*};

pub(crate) const DEVICES: [usize; 5] = [A1, A2, B1, B2, C1];

fn entries(w: &World, device: usize, kinds: &[&str]) -> Vec<EntryId> {
    let record = w.record(device);
    let of_kind = |ix: &Ix| kinds.contains(&record.graph().statement(*ix).kind.as_str());
    record.graph().all().filter(of_kind).map(|ix| record.graph().id(ix)).collect()
}

/// Some act that might be made, on what a device knows.
fn some_act(w: &World, device: usize, random: &mut Random) -> Option<Act> {
    let revisions = entries(w, device, &["propose", "counter"]);
    let declares = entries(w, device, &["declare"]);
    let requests = entries(w, device, &["release", "withdraw", "decline", "reject", "undeclare", "contest"]);
    let any = entries(w, device, &["note", "propose", "item", "contact", "declare"]);
    let lens = w.record(device).lens();
    let actions: Vec<ActionId> = lens
        .fold()
        .all_subjects()
        .filter_map(|key| match key {
            SubjectKey::Action(id) => Some(*id),
            _ => None,
        })
        .collect();
    let again = |random: &mut Random| -> Option<Subject> {
        let action = *random.pick(&actions)?;
        let force = lens.in_force(&SubjectKey::Action(action));
        let base = force.standing().and_then(|(_, names)| names.first().copied());
        let what = ["sooner", "later", "cheaper"][random.below(3)];
        Some(change_of(action, base, what))
    };
    let fresh = actions.len() < 3;
    Some(match random.below(40) {
        0 if fresh => Act::Propose(w.proposal(device, vec![work("something")])),
        1 if fresh => {
            let for_two = Topic::Action { action: None, terms: terms("for two", &[1], &[0, 2]) };
            Act::Propose(w.proposal(device, vec![Subject { base: None, topic: for_two }]))
        }
        2 if fresh => Act::Propose(w.proposal(device, vec![again(random)?, work("extra")])),
        0..=4 => Act::Propose(w.proposal(device, vec![again(random)?])),
        5 | 6 => Act::Counter { of: *random.pick(&revisions)?, proposal: w.proposal(device, vec![again(random)?]) },
        7..=14 => accept(*random.pick(&revisions)?),
        15 => decline(*random.pick(&revisions)?),
        16 => withdraw(*random.pick(&revisions)?),
        17..=20 => {
            let subject = u32::try_from(random.below(2)).expect("small");
            Act::Declare { revision: *random.pick(&revisions)?, subject, note: None, evidence: Vec::new() }
        }
        21 => undeclare(*random.pick(&declares)?),
        22..=25 => approve(*random.pick(&declares)?),
        26 | 27 => reject(*random.pick(&declares)?),
        28 | 29 => release(*random.pick(&revisions)?),
        30 | 31 => release(*random.pick(&declares)?),
        32..=34 => allow(*random.pick(&requests)?),
        35 => refuse(*random.pick(&requests)?),
        36 => withdraw(*random.pick(&requests)?),
        37 => Act::Acknowledge { entry: *random.pick(&any)?, note: None },
        38 => Act::Contest { entry: *random.pick(&any)?, reason: text("no") },
        _ => {
            let value = ItemValue::Integer(i64::try_from(random.below(3)).expect("small"));
            Act::Item { key: "price".to_owned(), value, label: None, note: None }
        }
    })
}

pub(crate) fn history(seed: u64, steps: usize) -> World {
    let mut w = World::three();
    w.agreed();
    let mut random = Random(seed);
    for _ in 0..steps {
        let device = *random.pick(&DEVICES).expect("devices");
        if random.below(3) > 0 {
            let from = *random.pick(&DEVICES).expect("devices");
            w.deliver(from, device);
        }
        if w.record(device).graph().heads().len() > 32 {
            continue;
        }
        // Somebody honest looks for something to do; somebody else's program asks nobody.
        let careless = random.below(8) == 0;
        for _ in 0..8 {
            let Some(act) = some_act(&w, device, &mut random) else { continue };
            if careless {
                w.force(device, &act);
                break;
            }
            if w.try_act(device, &act).is_ok() {
                break;
            }
        }
    }
    w
}

/// Whether a seat's party signed a revision, read from the statements alone.
fn signed(w: &World, revision: Ix, seat: Seat) -> bool {
    let record = w.record(A1);
    let graph = record.graph();
    let party = match seat {
        Seat::Number(0) => w.party(A1),
        Seat::Number(1) => w.party(B1),
        _ => w.party(C1),
    };
    let firm = record.fold().proposal(revision).is_some_and(|p| p.mode == Mode::Firm);
    graph.all().filter(|ix| graph.statement(*ix).party == party).any(|ix| {
        let accepts = matches!(record.fold().act(ix), Act::Accept { revision: r, .. } if *r == graph.id(revision));
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
    for seed in 0..rounds(6) {
        let mut w = history(u64::try_from(seed).expect("small"), 45);
        // Each partial copy is the same fed in another order.
        for device in DEVICES {
            let view = w.record(device).view().expect("a view");
            reached.extend(view.actions.iter().map(|a| a.status.state.as_str()));
            let copy = w.replay_of(device, 0);
            same(&digest(w.record(device)), &digest(&copy), &format!("history {seed}, copy {device}"));
        }
        w.converge();
        nobody_is_bound_unsigned(&w);
    }
    // Histories that never get anywhere would prove little.
    for state in ["agreed", "cancelled", "crossed", "declared", "proposed"] {
        assert!(reached.contains(state), "no history reached {state}: {reached:?}");
    }
}

#[test]
fn what_was_judged_stays_judged() {
    for seed in 100..100 + rounds(6) {
        let mut w = history(u64::try_from(seed).expect("small"), 45);
        let before: Vec<Vec<(EntryId, Verdict)>> = DEVICES.iter().map(|d| verdicts(&w, *d)).collect();
        w.sync_all();
        for (device, before) in DEVICES.into_iter().zip(before) {
            let now = verdicts(&w, device);
            assert!(before.iter().all(|known| now.contains(known)), "history {seed}, copy {device}");
        }
    }
}

fn verdicts(w: &World, device: usize) -> Vec<(EntryId, Verdict)> {
    let record = w.record(device);
    record.graph().all().map(|ix| (record.graph().id(ix), record.fold().verdict(ix).clone())).collect()
}
