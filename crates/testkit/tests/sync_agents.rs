//! Several devices of one party, as the machines see them: grants and their end travel with what rests on them.

use counterpart_core::{
    act::Act,
    id::{CaseId, EntryId},
    keylog::RevokeReason,
    sync::{
        CloseReason, LinkId, Machine, Output, PeerDevice, Persist, Stored,
        frame::{Frame, Tips},
        hello::{Ask, Greeted, Handshake, Reached},
    },
    value::Sealable,
};
use counterpart_testkit::{
    case::{Case, START, case_between, sign},
    party::Party,
    rng::Rng,
};

const LINK: LinkId = LinkId(1);

/// A case, and the supplier after it let a second device act for it.
fn setting() -> (Case, Party, Party) {
    let (customer, supplier) = (Party::new(1), Party::new(2));
    let case = case_between(&[&customer, &supplier]);
    let mut grown = supplier;
    grown.add_device(&mut Rng::new(3));
    (case, customer, grown)
}

fn greeted(party: &Party, device: usize) -> Greeted {
    let own = party.identity(device);
    Greeted {
        party: own.party,
        device: own.device,
        grant: own.grant,
        log: own.log,
        peer: own.peer,
        key_events: own.key_events,
        version: 2,
    }
}

fn peer(party: &Party, device: usize) -> PeerDevice {
    let author = party.author(device);
    PeerDevice { party: author.party, device: author.device, grant: author.grant, version: 1 }
}

/// The customer's machine with a link over which nothing but tips came yet.
fn met(case: &Case, customer: &Party, other: PeerDevice) -> Machine {
    let mut machine = Machine::new(case.id, case.store.restore(), customer.author(0), Vec::new());
    machine.connected(LINK, other, START);
    machine.handle_frame(LINK, &Frame::Tips(Tips::default()).encode(), START);
    while machine.poll_output().is_some() {}
    machine
}

fn frames(machine: &mut Machine) -> (Vec<Frame>, Vec<Persist>, Vec<CloseReason>) {
    let (mut sent, mut persisted, mut closed) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(output) = machine.poll_output() {
        match output {
            Output::Send { frame, .. } => sent.push(Frame::decode(&frame).expect("a frame of ours")),
            Output::Persist(things) => persisted.extend(things),
            Output::Close { reason, .. } => closed.push(reason),
            _ => {}
        }
    }
    (sent, persisted, closed)
}

fn signed_by_the_agent(case: &Case, supplier: &Party) -> (EntryId, Vec<u8>) {
    let mut record = case.store.restore();
    for event in &supplier.events {
        record.apply_key_event(event).expect("a good log");
    }
    let act = Act::Note { text: Sealable::Open("from Priya".to_owned()), about: None };
    let key = &supplier.devices[1].key;
    let signed = sign(&mut record, &supplier.author(1), key, &act, START + 10_000_000, &mut Rng::new(4));
    (signed.id, signed.bytes)
}

#[test]
fn a_statement_under_an_unknown_grant_waits_and_the_grant_is_asked_for() {
    let (case, customer, supplier) = setting();
    let (id, bytes) = signed_by_the_agent(&case, &supplier);
    let mut machine = met(&case, &customer, peer(&supplier, 0));
    machine.handle_frame(LINK, &Frame::Entries { number: 1, entries: vec![bytes] }.encode(), START);
    let (sent, persisted, _) = frames(&mut machine);
    let asked = sent.iter().find_map(|frame| match frame {
        Frame::WantKeys { citations } => Some(citations.clone()),
        _ => None,
    });
    assert_eq!(asked, Some(vec![supplier.head]), "the point in the log it relies on");
    assert!(machine.record().graph().find(&id).is_none() && persisted.is_empty());
    assert_eq!(machine.peer_status()[0].waiting, 1);

    let events = Frame::KeyEvents { number: 2, events: supplier.events[2..].to_vec() };
    machine.handle_frame(LINK, &events.encode(), START);
    let (_, persisted, closed) = frames(&mut machine);
    assert!(machine.record().graph().find(&id).is_some() && closed.is_empty());
    let kinds: Vec<bool> = persisted.iter().map(|p| matches!(p, Persist::KeyEvent { .. })).collect();
    assert_eq!(kinds, [true, false], "the grant is durable before what rests on it");
}

#[test]
fn a_new_agent_is_heard_by_its_own_log_and_refused_once_it_ended() {
    let (case, customer, mut supplier) = setting();
    let mut machine = Machine::new(case.id, case.store.restore(), customer.author(0), Vec::new());
    let agent = machine.admit(&greeted(&supplier, 1), START).expect("a device of a member");
    assert_eq!(agent, PeerDevice { version: 2, ..peer(&supplier, 1) });
    let (_, persisted, _) = frames(&mut machine);
    assert!(matches!(persisted.as_slice(), [Persist::KeyEvent { position: 3, .. }]), "its grant was news");

    machine.connected(LINK, agent, START);
    machine.handle_frame(LINK, &Frame::Tips(Tips::default()).encode(), START);
    while let Some(output) = machine.poll_output() {
        let Output::Send { frame, .. } = output else { continue };
        if let Ok(
            Frame::KeyEvents { number, .. }
            | Frame::Entries { number, .. }
            | Frame::Values { number, .. }
            | Frame::Receipts { number, .. },
        ) = Frame::decode(&frame)
        {
            machine.handle_frame(LINK, &Frame::Stored { number }.encode(), START);
        }
    }
    assert_eq!(machine.peer_status()[0].to_send, 0);
    let before = greeted(&supplier, 1);
    let end = supplier.revoke_device(1, RevokeReason::Ended);
    machine.absorb(vec![Stored::KeyEvent(end.clone())], START).expect("a good event");
    let (sent, _, closed) = frames(&mut machine);
    assert_eq!(closed, [CloseReason::NotMember]);
    let last: Vec<&Frame> = sent.iter().rev().take(2).collect();
    assert!(matches!(last[0], Frame::Bye { .. }));
    assert!(matches!(last[1], Frame::KeyEvents { events, .. } if *events == [end]), "its last word says why");
    // Neither with the log as it was nor as it is now.
    assert!(machine.admit(&before, START).is_err());
    assert!(machine.admit(&greeted(&supplier, 1), START).is_err());
    assert!(machine.admit(&greeted(&supplier, 0), START).is_ok(), "the others go on");
}

#[test]
fn one_who_is_only_trusted_may_give_and_gets_nothing() {
    let (case, customer, supplier) = setting();
    let stranger = Party::new(9);
    let mut machine = Machine::new(case.id, case.store.restore(), supplier.author(0), Vec::new());
    assert!(machine.admit(&greeted(&stranger, 0), START).is_err());
    machine.trust(stranger.id);
    machine.trust(customer.id);
    for (link, party) in [(LINK, &stranger), (LinkId(2), &customer)] {
        let peer = machine.admit(&greeted(party, 0), START).expect("heard");
        machine.connected(link, peer, START);
        machine.handle_frame(link, &Frame::Tips(Tips::default()).encode(), START);
    }
    let mut content = Vec::new();
    while let Some(output) = machine.poll_output() {
        let Output::Send { link, frame } = output else { continue };
        let frame = Frame::decode(&frame).expect("a frame of ours");
        if !matches!(frame, Frame::Tips(_)) {
            content.push(link);
        }
    }
    assert!(!content.is_empty() && content.iter().all(|link| *link == LinkId(2)));
}

#[test]
fn a_handshake_carries_the_whole_log() {
    let (_, customer, supplier) = setting();
    let (agent, responder) = (supplier.identity(1), customer.identity(0));
    let case = CaseId([1; 32]);
    let mut dialer = Handshake::dial(agent.clone(), responder.peer.clone(), Ask::Open(case), [1; 32]);
    let mut answerer = Handshake::answer(responder, agent.peer.clone(), [2; 32]);
    let (key, other) = (&supplier.devices[1].key, &customer.devices[0].key);
    let mut reached = None;
    while reached.is_none() {
        while let Some(frame) = answerer.poll_output() {
            dialer.handle_frame(&frame, key).expect("a frame in turn");
        }
        let frame = dialer.poll_output().expect("it goes on");
        reached = answerer.handle_frame(&frame, other).expect("a frame in turn");
    }
    let asked = Reached::Asked { case, greeted: Box::new(greeted(&supplier, 1)) };
    assert_eq!(reached, Some(asked));
}
