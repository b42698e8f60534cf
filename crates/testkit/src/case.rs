//! A case between parties, opened, joined and ready to act in.

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Mode, Open, PartyRef, Proposal, Role, SeatOffer, Subject, Topic},
    id::{CaseId, EntryId},
    invitation::{JoinRequest, invite_key},
    record::{Author, Record, Signed},
    value::{Sealable, Seat},
};
use ed25519_dalek::SigningKey;

use crate::{node::Store, party::Party, rng::Rng};

/// When cases begin, Unix milliseconds.
pub const START: i64 = 1_700_000_000_000;

/// A case all parties have joined, as any copy of it would be stored.
#[derive(Debug)]
pub struct Case {
    pub id: CaseId,
    pub store: Store,
    pub record: Record,
}

/// Signs an act in a record, as a device would.
///
/// # Panics
/// When the act may not be signed: the test is wrong then.
pub fn sign(record: &mut Record, author: &Author, key: &SigningKey, act: &Act, at: i64, rng: &mut Rng) -> Signed {
    let draft = record.draft(author, act, at, &mut || rng.bytes());
    let draft = draft.expect("an act that may be signed");
    record.seal_and_sign(draft, key).expect("a draft just made is good")
}

/// Opens a case with a seat for each party and brings them in: the second by invitation, later ones by agreement.
/// Each acts with its first device.
///
/// # Panics
/// When the parties cannot make a case, as when one is named twice.
#[must_use]
pub fn case_between(parties: &[&Party]) -> Case {
    case_of(parties, "A kitchen that leaks", 7)
}

/// The same, of that title; cases of two seeds are two.
///
/// # Panics
/// As [`case_between`].
#[must_use]
pub fn case_of(parties: &[&Party], title: &str, seed: u64) -> Case {
    let mut making = Making { record: Record::new(), store: Store::default(), rng: Rng::new(seed), at: START };
    for event in parties.iter().flat_map(|p| &p.events) {
        making.record.apply_key_event(event).expect("a log made here is good");
        making.store.key_events.push(event.clone());
    }
    let role = |n| match n {
        0 => Role::Customer,
        1 => Role::Supplier,
        _ => Role::Third,
    };
    let seats =
        (0..parties.len()).map(|n| SeatOffer { role: role(n), label: Sealable::Open(format!("party {n}")) }).collect();
    let open = Open {
        title: title.to_owned(),
        seats,
        level: 1,
        zone: "Europe/Berlin".to_owned(),
        nonce: making.rng.bytes(),
        about: None,
    };
    making.act(parties[0], &Act::Open(open));
    for n in 1..parties.len() {
        making.bring_in(parties, n);
    }
    let id = making.record.case().expect("a case that was opened");
    Case { id, store: making.store, record: making.record }
}

/// What some seats do for others: these words and nothing further.
#[must_use]
pub fn terms(what: &str, performers: &[u32], beneficiaries: &[u32]) -> ActionTerms {
    let refs = |seats: &[u32]| seats.iter().map(|n| PartyRef { seat: Seat::Number(*n), person: None }).collect();
    ActionTerms {
        what: Sealable::Open(what.to_owned()),
        performers: refs(performers),
        beneficiaries: refs(beneficiaries),
        due: None,
        value: None,
        conditions: Vec::new(),
        evidence: Vec::new(),
        consequences: Vec::new(),
        cancel: Vec::new(),
        deemed: None,
        items: Vec::new(),
    }
}

/// A call to seat 1 of which nothing more is noted than what was said; `started` in Unix milliseconds.
#[must_use]
pub fn call(started: i64, summary: &str) -> Contact {
    Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started,
        seconds: None,
        waited: None,
        seat: Some(Seat::Number(1)),
        person: None,
        number: None,
        reference: None,
        summary: Sealable::Open(summary.to_owned()),
        menu: Vec::new(),
    }
}

/// A firm proposal of one thing, to be signed by seats 0 and 1; `base` is the agreed version that it changes.
#[must_use]
pub fn proposal(base: Option<EntryId>, topic: Topic) -> Proposal {
    Proposal {
        subjects: vec![Subject { base, topic }],
        signers: vec![Seat::Number(0), Seat::Number(1)],
        mode: Mode::Firm,
        open_until: None,
        alleged: None,
        note: None,
    }
}

/// The same, of an action that was not there before.
#[must_use]
pub fn new_action(terms: ActionTerms) -> Proposal {
    proposal(None, Topic::Action { action: None, terms })
}

struct Making {
    record: Record,
    store: Store,
    rng: Rng,
    at: i64,
}

impl Making {
    fn act(&mut self, party: &Party, act: &Act) -> Signed {
        self.at += 1000;
        let key = &party.devices[0].key;
        let signed = sign(&mut self.record, &party.author(0), key, act, self.at, &mut self.rng);
        self.store.entries.push((signed.id, signed.bytes.clone()));
        signed
    }

    fn bring_in(&mut self, parties: &[&Party], n: usize) {
        let (opener, joiner) = (parties[0], parties[n]);
        let seat = Seat::Number(u32::try_from(n).expect("few parties"));
        let expires = self.at + 1_000_000_000;
        let invite_key = invite_key(&self.rng.bytes());
        let public = invite_key.verifying_key().to_bytes();
        let invite = self.act(opener, &Act::Invite { key: public, seat, expires, label: None }).id;
        let revision = (n > 1).then(|| {
            let signers = (0..n).map(|s| Seat::Number(u32::try_from(s).expect("few parties"))).collect();
            let proposal = Proposal { signers, ..proposal(None, Topic::AdmitSeat { seat }) };
            let revision = self.act(opener, &Act::Propose(proposal)).id;
            for party in &parties[1..n] {
                self.act(party, &Act::Accept { revision, note: None });
            }
            revision
        });
        let request = JoinRequest {
            case: self.record.case().expect("the case is open"),
            opener: opener.id,
            invite,
            peer: joiner.devices[0].peer.clone(),
            expires,
            device: joiner.author(0).device,
            grant: joiner.devices[0].grant,
            log: joiner.head,
        };
        let request = request.sign(&joiner.devices[0].key, &invite_key);
        let admit = self.act(opener, &Act::Admit { party: joiner.id, seat, invite, request, revision }).id;
        self.act(joiner, &Act::Join { admit });
    }
}
