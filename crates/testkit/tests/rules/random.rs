//! Random histories of three parties with several devices each and an arbiter. Shared with the makers of other test
//! data, so nothing in here is a test.

use counterpart_core::{
    act::{Act, ActionTerms, CancelClause, Mode, Outcome, Subject, Topic},
    envelope::public_half,
    fold::{InForce, SubjectKey},
    graph::Ix,
    id::EntryId,
    keylog::{
        self, EventBody,
        RevokeReason::{Compromised, Ended},
    },
    statement::Statement,
    value::{ActionId, ItemValue, Unit},
};
use counterpart_testkit::history::random_act;

use crate::{shown::*, world::*};

pub(crate) const DEVICES: [usize; 8] = [A1, A2, B1, B2, B4, C1, C2, E1];

fn entries(w: &World, device: usize, kinds: &[&str]) -> Vec<EntryId> {
    let record = w.record(device);
    let of_kind = |ix: &Ix| kinds.contains(&record.graph().statement(*ix).kind.as_str());
    record.graph().all().filter(of_kind).map(|ix| record.graph().id(ix)).collect()
}

/// What somebody may mean by an offer: among others that it lapses, waits for a confirm, can be called off.
fn offer(w: &World, device: usize, subjects: Vec<Subject>, random: &mut Rng) -> Act {
    let mode = if random.below(6) == 0 { Mode::Confirm } else { Mode::Firm };
    let until = w.at + 1_000 * i64::try_from(random.below(30)).expect("small");
    let until = (random.below(5) == 0).then(|| instant(until));
    Act::Propose(w.proposal_with(device, subjects, mode, until))
}

fn with_clauses(subject: Subject, random: &mut Rng) -> Subject {
    let Topic::Action { action, terms } = subject.topic else { return subject };
    let clause = CancelClause { by: seat(0), text: text("any time"), until: None };
    let cancel = if random.below(3) == 0 { vec![clause] } else { Vec::new() };
    let deemed = (random.below(3) == 0).then_some((1, Unit::Minutes));
    Subject { topic: Topic::Action { action, terms: ActionTerms { cancel, deemed, ..terms } }, ..subject }
}

/// What the state of some action asks for.
fn apt_act(w: &World, device: usize, random: &mut Rng) -> Option<Act> {
    let record = w.record(device);
    let (lens, graph) = (record.lens(), record.graph());
    let keys: Vec<&SubjectKey> = record.fold().all_subjects().filter(|k| matches!(k, SubjectKey::Action(_))).collect();
    let key = *random.pick(&keys)?;
    let status = lens.status(key)?;
    if let Some(request) = random.pick(&status.release_requests) {
        return Some(allow(graph.id(*request)));
    }
    let open = random.pick(&status.open).map(|ix| graph.id(*ix));
    let declared = status.declare.map(|ix| graph.id(ix));
    Some(match status.state.as_str() {
        "proposed" | "accepted" if random.below(2) == 0 => confirm(open?),
        "proposed" | "accepted" => accept(open?),
        _ if !status.contested.is_empty() => {
            let entries = status.contested.iter().map(|ix| graph.id(*ix)).collect();
            Act::Ratify { entries }
        }
        "agreed" if random.below(4) == 0 => stop(lens.in_force(key).standing()?.1[0]),
        "agreed" | "rework" => declare(lens.in_force(key).standing()?.1[0]),
        "declared" => approve(declared?),
        "completed" => release(declared?),
        _ => return None,
    })
}

/// Some act that might be made, on what a device knows.
fn some_act(w: &World, device: usize, random: &mut Rng) -> Option<Act> {
    let revisions = entries(w, device, &["propose", "counter"]);
    let declares = entries(w, device, &["declare"]);
    let requests = entries(w, device, &["release", "withdraw", "decline", "reject", "undeclare", "contest", "cut"]);
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
    let again = |random: &mut Rng| -> Option<Subject> {
        let action = *random.pick(&actions)?;
        let force = lens.in_force(&SubjectKey::Action(action));
        let base = force.standing().and_then(|(_, names)| names.first().copied());
        let what = ["sooner", "later", "cheaper"][random.below(3)];
        Some(with_clauses(change_of(action, base, what), random))
    };
    let fresh = actions.len() < 3;
    if random.below(6) == 0 {
        return apt_act(w, device, random);
    }
    Some(match random.below(78) {
        0 if fresh => offer(w, device, vec![with_clauses(work("something"), random)], random),
        1 if fresh => Act::Propose(w.proposal(device, vec![work_for("for two", &[1], &[0, 2])])),
        2 if fresh => Act::Propose(w.proposal(device, vec![again(random)?, work("extra")])),
        3 => offer(w, device, vec![again(random)?], random),
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
        32..=35 => allow(*random.pick(&requests)?),
        36 => refuse(*random.pick(&requests)?),
        37 => withdraw(*random.pick(&requests)?),
        38 => Act::Acknowledge { entry: *random.pick(&any)?, note: None },
        39 => Act::Contest { entry: *random.pick(&any)?, reason: text("no") },
        40..=43 => {
            let rivals: Vec<EntryId> = actions
                .iter()
                .flat_map(|action| {
                    let key = SubjectKey::Action(*action);
                    match lens.in_force(&key) {
                        InForce::Crossed { rivals, .. } => rivals.into_iter().map(|r| lens.name(r, &key)).collect(),
                        _ => Vec::new(),
                    }
                })
                .collect();
            choose(*random.pick(&rivals).or_else(|| random_one(&revisions, 3))?)
        }
        44 | 45 => stop(*random.pick(&revisions)?),
        46 | 47 => cancel(*random.pick(&revisions)?, 0),
        48..=50 => confirm(*random.pick(&revisions)?),
        51 => dispute(*random.pick(&revisions)?),
        52..=54 => {
            let dispute = *random.pick(&entries(w, device, &["dispute"]))?;
            let outcome = Outcome::ALL.get(random.below(4)).copied();
            Act::Decide { dispute, decision: text("so be it"), outcome }
        }
        55..=57 => {
            let by = *random.pick(&DEVICES).expect("devices");
            let head = *random.pick(&any)?;
            let last = u32::try_from(random.below(6)).expect("small");
            prove(&w.receipt_for(by, &[head], last, w.at + 1_000))
        }
        58 => {
            let value = ItemValue::Integer(i64::try_from(random.below(3)).expect("small"));
            Act::Item { key: "price".to_owned(), value, label: None, note: None }
        }
        59 => {
            let (revision, subject) = (*random.pick(&revisions)?, 0);
            Act::Progress { revision, subject, text: text("half way") }
        }
        60 | 61 => {
            let Device { author, record, .. } = &w.devices[device];
            let lost: Vec<_> = record
                .logs()
                .of_party(&author.party)
                .filter_map(|e| match &e.body {
                    EventBody::Revoke { grant, .. } => Some((e.id, *grant)),
                    _ => None,
                })
                .collect();
            let (revoke, grant) = *random.pick(&lost)?;
            let graph = record.graph();
            let theirs: Vec<Ix> = graph.all().filter(|ix| graph.statement(*ix).grant == grant).collect();
            let last = *random.pick(&theirs)?;
            let tip = (graph.statement(last).device, graph.statement(last).seq, graph.id(last));
            match random.below(3) {
                0 => Act::Cut { revoke, tips: vec![tip] },
                1 => Act::Cut { revoke, tips: Vec::new() },
                _ => Act::Ratify { entries: vec![tip.2] },
            }
        }
        62 => {
            let dispute = *random.pick(&entries(w, device, &["dispute"]))?;
            match random.below(2) {
                0 => Act::Concede { dispute, note: None },
                _ => Act::Settle { dispute, revision: None, note: None },
            }
        }
        63 => match random.below(2) {
            0 => Act::Uninvite { invite: *random.pick(&entries(w, device, &["invite"]))?, reason: None },
            _ => Act::Seat { seat: seat(1), admit: *random.pick(&entries(w, device, &["admit"]))? },
        },
        64 => {
            let record = w.record(device);
            let sealed: Vec<_> = record.graph().all().filter(|ix| !record.lacking_values(*ix).is_empty()).collect();
            let ix = *random.pick(&sealed)?;
            let path = record.lacking_values(ix)[0].clone();
            Act::Erase { entry: record.graph().id(ix), path, reason: None }
        }
        65 => {
            let (revision, clause) = (*random.pick(&revisions)?, 0);
            Act::Cancel { revision, subject: 0, clause, reason: None }
        }
        _ => {
            let Device { author, record, .. } = &w.devices[device];
            random_act(&mut Rng::new(random.number()), record, author, w.at)
        }
    })
}

fn random_one(list: &[EntryId], at: usize) -> Option<&EntryId> {
    list.get(at)
}

/// What a history may hold beside acts.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Trust {
    /// Keys get lost, feeds fork, receipts show what was left out.
    Broken,
    /// None of this: what was agreed stays agreed.
    Kept,
}

/// A device loses its grant, as another device of the party knows.
fn lose_a_key(w: &mut World, random: &mut Rng) {
    let (lost, knows) = [(A2, A1), (B2, B1), (C2, C1)][random.below(3)];
    if w.log_branches(knows) {
        // Which end the revocation follows is not for a history to say.
        return;
    }
    w.revoke_known_to(lost, if random.below(2) == 0 { Ended } else { Compromised }, &[knows]);
    w.careless(knows, &note("a device is out"));
    // Whoever has it goes on with it.
    for _ in 0..3 {
        if let Some(act) = apt_act(w, lost, random) {
            w.careless(lost, &act);
        }
    }
}

/// A device signs twice at one position, one for itself and one for somebody else.
fn fork_a_feed(w: &mut World, random: &mut Rng) {
    let device = *random.pick(&DEVICES).expect("devices");
    let other = *random.pick(&DEVICES).expect("devices");
    w.deliver(device, other);
    let acts: Vec<Act> = (0..2).filter_map(|_| some_act(w, device, random)).collect();
    // Both are made before either is taken in, or the second would follow the first.
    let statements: Vec<Statement> = acts.iter().map(|act| w.statement(device, act)).collect();
    for (statement, to) in statements.iter().zip([device, other]) {
        let bytes = w.seal(device, statement);
        // A device whose grant is gone is refused; that is as good.
        drop(w.devices[to].record.apply_bytes(&bytes));
    }
}

/// A party's log branches: each branch grants a device of its own, and now and then a rotation takes one back. Gives the
/// new devices.
fn fork_a_key_log(w: &mut World, random: &mut Rng) -> Vec<usize> {
    let (one, other) = [(A1, A2), (B1, B2), (C1, C2)][random.below(3)];
    let before = w.log_end(one);
    let granted = [w.grant_after(one, &before, 0, &[other]), w.grant_after(one, &before, 0, &[one])];
    for (device, from) in granted.into_iter().zip([other, one]) {
        w.deliver(from, device);
        // Whoever's case it is not yet cannot sign in it.
        drop(w.try_act(device, &note("a new machine")));
    }
    if random.one_in(3) {
        let after = if random.one_in(2) { before } else { w.granted_at(granted[random.below(2)]) };
        let next = public_half(&World::root_key(one, 2));
        let rotated = keylog::rotate(&after, &World::root_key(one, 1), &next, 5);
        w.log_event(rotated, &[one]);
        drop(w.try_act(one, &note("the main key has changed")));
    }
    granted.to_vec()
}

pub(crate) fn history(seed: u64, steps: usize) -> World {
    history_with(seed, steps, Trust::Broken)
}

pub(crate) fn history_with(seed: u64, steps: usize, trust: Trust) -> World {
    // Now and then two devices of the opener let two parties into one seat.
    let bound_twice = trust == Trust::Broken && seed / 4 % 5 == 3;
    let mut w = if bound_twice { World::bound_twice() } else { World::with_arbiter() };
    if !bound_twice {
        w.bring_in_agreed(C1, 2);
    }
    let (r, action) = w.agreed();
    let mut random = Rng::new(seed);
    // Histories begin in different places, so that few steps lead far.
    match seed % 4 {
        0 => {
            let change = |what: &str| vec![change_of(action, Some(r), what)];
            w.bargain(A1, change("A's"), &[B2]);
            w.bargain(B1, change("B's"), &[A2]);
            w.deliver(A2, B1);
            w.deliver(B2, B1);
        }
        1 => {
            let proposal = w.proposal_with(A1, vec![work("large")], Mode::Confirm, None);
            let r = w.act(A1, &Act::Propose(proposal));
            w.deliver(A1, B1);
            w.act(B1, &accept(r));
            w.deliver(B1, A2);
        }
        2 => {
            let until = instant(w.at + 20_000);
            let third: &[u32] = if bound_twice { &[0] } else { &[0, 2] };
            let proposal = w.proposal_with(B1, vec![work_for("in time", &[1], third)], Mode::Firm, Some(until));
            w.act(B1, &Act::Propose(proposal));
            w.sync_all();
        }
        _ if trust == Trust::Broken => {
            lose_a_key(&mut w, &mut random);
        }
        _ => {}
    }
    let lost = if seed % 4 == 3 { steps } else { random.below(steps * 2) };
    let forked = random.below(steps * 2);
    let branched = if trust == Trust::Broken && seed % 7 == 3 { random.below(steps) } else { steps };
    let mut devices = DEVICES.to_vec();
    for step in 0..steps {
        if step == branched {
            devices.extend(fork_a_key_log(&mut w, &mut random));
        }
        if trust == Trust::Broken && step == lost {
            lose_a_key(&mut w, &mut random);
        }
        if trust == Trust::Broken && step == forked {
            fork_a_feed(&mut w, &mut random);
        }
        let device = *random.pick(&devices).expect("devices");
        if random.below(3) > 0 {
            let from = *random.pick(&devices).expect("devices");
            w.deliver(from, device);
        }
        if w.record(device).graph().heads().len() > 32 {
            continue;
        }
        if random.below(20) == 0 {
            w.at += 30_000;
        }
        // Somebody honest looks for something to do; somebody else's program asks nobody.
        let careless = random.below(8) == 0;
        for _ in 0..8 {
            let Some(act) = some_act(&w, device, &mut random) else { continue };
            if trust == Trust::Kept && act.kind() == "prove" {
                continue;
            }
            if careless {
                w.careless(device, &act);
                break;
            }
            if w.try_act(device, &act).is_ok() {
                break;
            }
        }
    }
    w
}
