//! A home in which a case lies that both sides have acted in. The other side is no home: it only signs.

use counterpart_core::{
    act::{Act, ActionTerms, Proposal, Topic},
    id::{CaseId, DeviceKey, EntryId},
    keylog::RevokeReason,
    record::Record,
    value::{ActionId, Due, Sealable},
};
use counterpart_node::{Desk, now};
use counterpart_store::{CaseSummary, Lane, QueuePlace, StoreError, Txn};
use counterpart_testkit::{
    case::{case_between, proposal, sign, terms},
    home::{self, put_case, summary_of},
    party::Party,
    rng::Rng,
};
use tempfile::TempDir;

use crate::served::Served;

pub(crate) const DAY: i64 = 24 * 60 * 60 * 1000;

/// Seat 0, the home's own, opened the case; seat 1 joined: entries #1 to #4.
pub(crate) struct Two {
    home: TempDir,
    parties: [Party; 2],
    pub(crate) case: CaseId,
    pub(crate) record: Record,
    at: i64,
    rng: Rng,
}

impl Two {
    pub(crate) fn new() -> Self {
        Self::with(0)
    }

    /// With the home's own party in that seat.
    pub(crate) fn with(own: usize) -> Self {
        let home = TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        let (me, other) = (party_of(&home), Party::new(2));
        let parties = if own == 0 { [me, other] } else { [other, me] };
        let case = case_between(&[&parties[0], &parties[1]]);
        Self { home, parties, case: case.id, record: case.record, at: now() - 20 * DAY, rng: Rng::new(5) }
    }

    /// Somebody signs something; gives its id.
    pub(crate) fn act(&mut self, seat: usize, act: &Act) -> EntryId {
        self.at += 60_000;
        let (author, key) = (self.parties[seat].author(0), self.parties[seat].devices[0].key.clone());
        sign(&mut self.record, &author, &key, act, self.at, &mut self.rng).id
    }

    /// The device that a seat's party signs with.
    pub(crate) fn device(&self, seat: usize) -> DeviceKey {
        self.parties[seat].author(0).device
    }

    /// A seat's party ends the rights of its device: the home has that key event, and no entry cites it.
    pub(crate) fn end_device(&mut self, seat: usize, reason: RevokeReason) {
        let event = self.parties[seat].revoke_device(0, reason);
        self.record.apply_key_event(&event).expect("a good event");
    }

    /// That seat 1 does something for seat 0 by so many days from now.
    pub(crate) fn propose(&mut self, seat: usize, what: &str, days: Option<i64>) -> EntryId {
        self.act(seat, &Act::Propose(proposed(what, days, None, None)))
    }

    /// In answer to one version of an action that began with `first`.
    pub(crate) fn counter(&mut self, seat: usize, first: EntryId, of: EntryId, what: &str) -> EntryId {
        let action = Some(ActionId { proposal: first, index: 0 });
        self.act(seat, &Act::Counter { of, proposal: proposed(what, None, action, None) })
    }

    pub(crate) fn amend(&mut self, seat: usize, first: EntryId, base: EntryId, what: &str) -> EntryId {
        let action = Some(ActionId { proposal: first, index: 0 });
        self.act(seat, &Act::Propose(proposed(what, None, action, Some(base))))
    }

    pub(crate) fn accept(&mut self, seat: usize, revision: EntryId) -> EntryId {
        self.act(seat, &Act::Accept { revision, note: None })
    }

    pub(crate) fn declare(&mut self, seat: usize, revision: EntryId) -> EntryId {
        self.act(seat, &Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() })
    }

    /// What was proposed in an entry.
    pub(crate) fn proposal(&self, id: &EntryId) -> Proposal {
        let ix = self.record.graph().find(id).expect("an entry");
        self.record.fold().proposal(ix).expect("a proposal").clone()
    }

    /// An entry as it is typed.
    pub(crate) fn number(&self, id: &EntryId) -> String {
        self.record.names().of(id).trim_start_matches('#').to_owned()
    }

    /// The case's page.
    pub(crate) fn path(&self) -> String {
        format!("/case/{}", self.case.to_hex())
    }

    /// Puts all of it into the home, and serves that.
    pub(crate) fn serve(self) -> Served {
        let desk = Desk::open(self.home.path()).expect("a home");
        let own = desk.author();
        let other = self.parties.iter().find(|party| party.id != own.party).expect("another party");
        let entries = self.record.graph().len();
        let written = desk.with_store(|store| {
            store.write(|txn| {
                put_case(txn, own.device, &self.record, entries, &[other.id])?;
                listed(txn, &summary_of(self.case, "A kitchen that leaks", entries, now()))
            })
        });
        written.expect("a written store");
        drop(desk);
        Served::of(self.home, false)
    }
}

/// Gives a case its row in lists, and its place among the others.
pub(crate) fn listed(txn: &Txn<'_>, summary: &CaseSummary) -> Result<(), StoreError> {
    txn.put_summary(summary)?;
    let lane = match summary.state.as_str() {
        "closed" => Lane::Closed,
        _ if summary.whose_move.starts_with("yours") => Lane::Ours,
        _ => Lane::Others,
    };
    let (due, since) = (summary.next_due.unwrap_or(i64::MAX), summary.updated_at);
    txn.put_in_queue(&QueuePlace { lane, due, since, case: summary.case }, "", summary.next_due.as_slice())
}

/// A home's own party, able to sign as the home would.
fn party_of(home: &TempDir) -> Party {
    let desk = Desk::open(home.path()).expect("a home");
    let author = desk.author();
    let log = desk.with_store(|store| store.key_events(author.party)).expect("a key log");
    home::party_of(home.path(), &author, desk.peer_id().as_bytes(), log)
}

pub(crate) fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

fn proposed(what: &str, days: Option<i64>, action: Option<ActionId>, base: Option<EntryId>) -> Proposal {
    let due = days.map(|days| {
        let instant = now() + days * DAY;
        // Any local time will do where only the instant counts; the fitting one is shown without a remark.
        let local = jiff::Timestamp::from_millisecond(instant).expect("a time").strftime("%Y-%m-%dT%H:%M").to_string();
        Due::At { instant: instant - instant.rem_euclid(60_000), local, zone: "UTC".to_owned() }
    });
    let terms = ActionTerms { due, ..terms(what, &[1], &[0]) };
    proposal(base, Topic::Action { action, terms })
}
