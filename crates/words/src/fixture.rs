//! For tests: a case between two parties, acted in from both sides.

use counterpart_core::{
    act::{Act, Proposal, Subject, Topic},
    id::{DeviceKey, EntryId},
    keylog::RevokeReason,
    record::Record,
    value::{ActionId, Sealable},
};
use counterpart_testkit::{
    case::{START, case_between, proposal, sign, terms},
    party::Party,
    rng::Rng,
};

use crate::case::OpenCase;

/// Party 0 (customer, the opener) and party 1 (supplier), both joined: entries #1 to #4.
pub(crate) struct Two {
    parties: [Party; 2],
    record: Record,
    rng: Rng,
    at: i64,
}

impl Two {
    pub(crate) fn new() -> Self {
        let parties = [Party::new(1), Party::new(2)];
        let record = case_between(&[&parties[0], &parties[1]]).record;
        Self { parties, record, rng: Rng::new(3), at: START + 3_600_000 }
    }

    pub(crate) fn act(&mut self, party: usize, act: &Act) -> EntryId {
        self.at += 60_000;
        let (author, key) = (self.parties[party].author(0), self.parties[party].devices[0].key.clone());
        sign(&mut self.record, &author, &key, act, self.at, &mut self.rng).id
    }

    /// When the last act was signed, Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.at
    }

    /// Lets some milliseconds pass.
    pub(crate) fn wait(&mut self, some: i64) {
        self.at += some;
    }

    /// Proposes that the supplier does this for the customer.
    pub(crate) fn propose(&mut self, party: usize, what: &str) -> EntryId {
        self.act(party, &Act::Propose(proposed(what, None, None)))
    }

    /// Proposes that the supplier does all of this for the customer.
    pub(crate) fn bundle(&mut self, party: usize, whats: &[&str]) -> EntryId {
        let topic = |what: &&str| Topic::Action { action: None, terms: terms(what, &[1], &[0]) };
        let mut proposed = proposed("", None, None);
        proposed.subjects = whats.iter().map(|what| Subject { base: None, topic: topic(what) }).collect();
        self.act(party, &Act::Propose(proposed))
    }

    pub(crate) fn counter(&mut self, party: usize, of: EntryId, what: &str) -> EntryId {
        let action = ActionId { proposal: of, index: 0 };
        self.act(party, &Act::Counter { of, proposal: proposed(what, Some(action), None) })
    }

    pub(crate) fn amend(&mut self, party: usize, action: EntryId, base: EntryId, what: &str) -> EntryId {
        let action = ActionId { proposal: action, index: 0 };
        self.act(party, &Act::Propose(proposed(what, Some(action), Some(base))))
    }

    pub(crate) fn accept(&mut self, party: usize, revision: EntryId) -> EntryId {
        self.act(party, &Act::Accept { revision, note: None })
    }

    /// The device that a party signs with.
    pub(crate) fn device(&self, party: usize) -> DeviceKey {
        self.parties[party].author(0).device
    }

    /// A party ends the rights of its device; the copy has that key event, which no entry cites.
    pub(crate) fn end_device(&mut self, party: usize, reason: RevokeReason) {
        let event = self.parties[party].revoke_device(0, reason);
        self.record.apply_key_event(&event).expect("a good event");
    }

    /// A new mailbox of a party says that it stored everything so far.
    pub(crate) fn stored_by_mailbox(&mut self, party: usize) {
        let device = self.parties[party].add_mailbox(&mut self.rng);
        let event = self.parties[party].events.last().expect("a grant");
        self.record.apply_key_event(event).expect("a good event");
        self.at += 60_000;
        let author = self.parties[party].author(device);
        let receipt = self.record.receipt_due(&author, self.at).expect("a receipt is due");
        let signed = receipt.sign(&self.parties[party].devices[device].key);
        self.record.apply_receipt(signed).expect("a good receipt");
    }

    /// The case from one party's side, a minute after the last act.
    pub(crate) fn seen_by(self, party: usize) -> OpenCase {
        let own = self.parties[party].id;
        let id = self.record.case().expect("a case that was opened");
        let author = Some(self.parties[party].author(0));
        let mut case = OpenCase::of_record(id, self.record, own, self.at + 60_000).expect("not empty");
        case.author = author;
        case
    }
}

pub(crate) fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

fn proposed(what: &str, action: Option<ActionId>, base: Option<EntryId>) -> Proposal {
    proposal(base, Topic::Action { action, terms: terms(what, &[1], &[0]) })
}
