//! A home in which a case lies that both sides have acted in: what the other side signed was received. The other side is no home:
//! it only signs.

use std::path::Path;

use counterpart_core::{
    act::{Act, Contact, Proposal, Topic},
    id::{CaseId, EntryId},
    record::Record,
    value::{Due, Sealable},
};
use counterpart_node::{Desk, now};
use counterpart_store::StoreError;
use counterpart_testkit::{
    case::{case_between, proposal, sign, terms},
    home::{party_of, put_case, summary_of},
    party::Party,
    rng::Rng,
};
use tempfile::TempDir;

use crate::served::Served;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Seat 0, the home's own, opened the case; seat 1 joined: entries #1 to #4.
pub(crate) struct Two {
    home: TempDir,
    parties: [Party; 2],
    pub(crate) case: CaseId,
    record: Record,
    at: i64,
    rng: Rng,
}

impl Two {
    pub(crate) fn new() -> Self {
        let home = TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        let desk = Desk::open(home.path()).expect("a home");
        let log = desk.with_store(|store| store.key_events(desk.party())).expect("a key log");
        let me = party_of(home.path(), &desk.author(), desk.peer_id().as_bytes(), log);
        let parties = [me, Party::new(2)];
        let case = case_between(&[&parties[0], &parties[1]]);
        Self { home, parties, case: case.id, record: case.record, at: now() - 20 * DAY, rng: Rng::new(5) }
    }

    pub(crate) fn other(&self) -> String {
        self.parties[1].id.to_hex()
    }

    /// Somebody signs something; gives its id.
    pub(crate) fn act(&mut self, seat: usize, act: &Act) -> EntryId {
        self.at += 60_000;
        let (author, key) = (self.parties[seat].author(0), self.parties[seat].devices[0].key.clone());
        sign(&mut self.record, &author, &key, act, self.at, &mut self.rng).id
    }

    /// That seat 1 does something for seat 0 by so many days from now.
    pub(crate) fn propose(&mut self, seat: usize, what: &str, days: i64) -> EntryId {
        let mut terms = terms(what, &[1], &[0]);
        let instant = (now() + days * DAY).div_euclid(60_000) * 60_000;
        let local = jiff::Timestamp::from_millisecond(instant).expect("a time").to_string();
        let local = local.get(..16).expect("to the minute").to_owned();
        terms.due = Some(Due::At { instant, local, zone: "UTC".to_owned() });
        let proposed: Proposal = proposal(None, Topic::Action { action: None, terms });
        self.act(seat, &Act::Propose(proposed))
    }

    pub(crate) fn accept(&mut self, seat: usize, revision: EntryId) -> EntryId {
        self.act(seat, &Act::Accept { revision, note: None })
    }

    /// Somebody of seat 1 did something for seat 0, as was agreed; it was approved.
    pub(crate) fn kept(&mut self, what: &str, person: &str) {
        let mut terms = terms(what, &[1], &[0]);
        for performer in &mut terms.performers {
            performer.person = Some(Sealable::Open(person.to_owned()));
        }
        let revision = self.act(1, &Act::Propose(proposal(None, Topic::Action { action: None, terms })));
        self.accept(0, revision);
        let declare = self.act(1, &Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() });
        self.act(0, &Act::Approve { declare, note: None });
    }

    /// Seat 0 notes a call to somebody there.
    pub(crate) fn called(&mut self, person: &str) -> EntryId {
        let started = self.at;
        let contact = Contact {
            channel: "telephone".to_owned(),
            direction: "out".to_owned(),
            started,
            seconds: Some(60),
            waited: None,
            seat: None,
            person: Some(Sealable::Open(person.to_owned())),
            number: None,
            reference: None,
            summary: Sealable::Open("they know of it".to_owned()),
            menu: Vec::new(),
        };
        self.act(0, &Act::Contact(contact))
    }

    /// An entry as it is typed.
    pub(crate) fn number(&self, id: &EntryId) -> String {
        self.record.names().of(id).trim_start_matches('#').to_owned()
    }

    /// What is signed from now on is signed a minute after this, and a minute later each.
    pub(crate) fn from(&mut self, at: i64) {
        self.at = at;
    }

    /// Puts what is not there yet into a home.
    pub(crate) fn put(&self, home: &Path) {
        let desk = Desk::open(home).expect("a home");
        let entries = self.record.graph().len();
        let written = desk.with_store(|store| {
            store.write(|txn| {
                put_case(txn, desk.author().device, &self.record, entries, &[self.parties[1].id])?;
                txn.put_summary(&summary_of(self.case, "A kitchen that leaks", entries, now()))?;
                Ok::<_, StoreError>(())
            })
        });
        written.expect("a written store");
    }

    /// Puts all of it into the home, and serves that.
    pub(crate) fn serve(mut self) -> Served {
        self.serving()
    }

    /// The same, and more can come into the served home later.
    pub(crate) fn serving(&mut self) -> Served {
        self.put(self.home.path());
        Served::at(std::mem::replace(&mut self.home, TempDir::new().expect("a folder")))
    }
}
