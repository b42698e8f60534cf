//! Who acts: two parties with two devices each, a third with one, and the case they are in when a model begins.

use counterpart_core::{
    act::{Act, ActionTerms, Mode, Proposal, Subject, Topic},
    envelope::Verified,
    id::EntryId,
    keylog::{EventSigner, RevokeReason, revoke},
    record::{Author, Record},
    statement::Entry,
    value::{ActionId, Sealable, Seat},
};
use counterpart_testkit::{
    case::{case_between, sign},
    party::Party,
    rng::Rng,
};
use ed25519_dalek::SigningKey;

pub(crate) use counterpart_testkit::case::terms;

/// Holders of copies, by handle: a device each, but for the last.
pub(crate) const A1: usize = 0;
pub(crate) const A2: usize = 1;
pub(crate) const B1: usize = 2;
pub(crate) const B2: usize = 3;
pub(crate) const C1: usize = 4;
/// A second holder of the key of A2: a backup that was brought back to life.
pub(crate) const A2_AGAIN: usize = 5;
pub(crate) const HOLDERS: usize = 6;
pub(crate) const NAMES: [&str; HOLDERS] = ["A1", "A2", "B1", "B2", "C1", "A2'"];
/// Party and device of each holder.
const OF: [(usize, usize); HOLDERS] = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (0, 1)];
/// When the acts of a model begin, Unix milliseconds; each knows one second more for every entry before it.
pub(crate) const START: i64 = 1_700_000_100_000;

/// The parties, and a case between them with what was agreed before the model begins.
pub(crate) struct Cast {
    parties: Vec<Party>,
    entries: Vec<Entry<Verified>>,
    /// The action the model is about.
    pub(crate) action: Option<ActionId>,
    /// A second one, in a bundle with it.
    pub(crate) second: Option<ActionId>,
    /// Its revision that everybody knows from the start.
    pub(crate) first: Option<EntryId>,
    record: Record,
    at: i64,
}

impl Cast {
    /// A case between the first `count` parties.
    pub(crate) fn new(count: usize) -> Self {
        let parties: Vec<Party> =
            (0_u64..).zip([2, 2, 1]).take(count).map(|(n, d)| Party::with_devices(n, d)).collect();
        let case = case_between(&parties.iter().collect::<Vec<_>>());
        let mut cast = Self {
            parties,
            entries: Vec::new(),
            action: None,
            second: None,
            first: None,
            record: case.record,
            at: START - 100_000,
        };
        cast.keep();
        cast
    }

    /// Signs what everybody knows before the model begins.
    pub(crate) fn act(&mut self, holder: usize, act: &Act) -> EntryId {
        self.at += 1_000;
        let (author, key) = (self.author(holder), self.key(holder).clone());
        let id = sign(&mut self.record, &author, &key, act, self.at, &mut Rng::new(1)).id;
        self.keep();
        id
    }

    /// The same on a copy that lacks some entries and what rests on them.
    pub(crate) fn act_without(&mut self, holder: usize, act: &Act, lacking: &[EntryId]) -> EntryId {
        self.at += 1_000;
        let (author, key) = (self.author(holder), self.key(holder).clone());
        let mut copy = self.with_logs();
        for entry in &self.entries {
            let rests = entry.statement.deps.iter().all(|d| copy.graph().find(d).is_some());
            if !lacking.contains(&entry.id) && (rests || entry.statement.is_open()) {
                copy.restore(entry.clone()).expect("what one copy holds, another takes");
            }
        }
        let signed = sign(&mut copy, &author, &key, act, self.at, &mut Rng::new(1));
        self.record.apply_bytes(&signed.bytes).expect("what one copy holds, another takes");
        self.keep();
        signed.id
    }

    fn keep(&mut self) {
        let graph = self.record.graph();
        self.entries = graph.all().map(|ix| graph.node(ix).entry.clone()).collect();
    }

    /// Proposes a new action, which the model will be about; known to all.
    pub(crate) fn offer(&mut self, holder: usize, terms: ActionTerms) -> EntryId {
        let proposal = self.proposal(vec![Subject { base: None, topic: Topic::Action { action: None, terms } }]);
        self.offer_as(holder, proposal)
    }

    /// The same with every word of the proposal given.
    pub(crate) fn offer_as(&mut self, holder: usize, proposal: Proposal) -> EntryId {
        let revision = self.act(holder, &Act::Propose(proposal));
        let count = proposal_size(&self.record, revision);
        self.action = Some(ActionId { proposal: revision, index: 0 });
        self.second = (count > 1).then_some(ActionId { proposal: revision, index: 1 });
        self.first = Some(revision);
        revision
    }

    pub(crate) fn proposal(&self, subjects: Vec<Subject>) -> Proposal {
        proposal(&self.record, subjects)
    }

    /// What everybody holds when the model begins.
    pub(crate) fn entries(&self) -> &[Entry<Verified>] {
        &self.entries
    }

    /// A copy with the key logs and what everybody holds.
    pub(crate) fn copy(&self) -> Record {
        let mut record = self.with_logs();
        for entry in &self.entries {
            record.restore(entry.clone()).expect("what one copy holds, another takes");
        }
        record
    }

    fn with_logs(&self) -> Record {
        let mut record = Record::new();
        for event in self.parties.iter().flat_map(|p| &p.events) {
            record.apply_key_event(event).expect("a log made here is good");
        }
        record
    }

    pub(crate) fn author(&self, holder: usize) -> Author {
        let (party, device) = OF[holder];
        self.parties[party].author(device)
    }

    pub(crate) fn key(&self, holder: usize) -> &SigningKey {
        let (party, device) = OF[holder];
        &self.parties[party].devices[device].key
    }

    /// The party of a holder, by its number, which is its seat's too.
    pub(crate) fn party_of(holder: usize) -> usize {
        OF[holder].0
    }

    /// The number of a seat's party.
    pub(crate) fn party_in(&self, seat: &Seat) -> Option<usize> {
        match seat {
            Seat::Number(n) => usize::try_from(*n).ok().filter(|n| *n < self.parties.len()),
            Seat::Added(..) => None,
        }
    }

    /// The number of a party by its id.
    pub(crate) fn number(&self, party: counterpart_core::id::PartyId) -> usize {
        self.parties.iter().position(|p| p.id == party).expect("only the cast signs")
    }

    /// The event that takes a holder's grant back.
    pub(crate) fn revocation(&self, holder: usize, reason: RevokeReason) -> Vec<u8> {
        let (party, device) = OF[holder];
        let Party { root, head, devices, .. } = &self.parties[party];
        revoke(head, &EventSigner::Root(root), &devices[device].grant, reason, START)
    }
}

/// A proposal by the rules: signers as that copy gives them.
pub(crate) fn proposal(record: &Record, subjects: Vec<Subject>) -> Proposal {
    let signers = record.lens().required_signers(&subjects);
    Proposal { subjects, signers, mode: Mode::Firm, open_until: None, alleged: None, note: None }
}

fn proposal_size(record: &Record, revision: EntryId) -> usize {
    let ix = record.graph().find(&revision).expect("just signed");
    record.fold().subject_keys(ix).len()
}

pub(crate) fn text(words: &str) -> Sealable {
    Sealable::Open(words.to_owned())
}
