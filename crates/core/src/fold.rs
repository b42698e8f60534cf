//! What entries mean: which take effect, and what follows. A pure function of the set of entries.
//!
//! Whether an act takes effect depends on its past alone, which never changes; so it is judged once, when the
//! entry comes in, and the arrival of anything concurrent cannot alter it. What is in force, agreed or completed
//! depends on the whole set and is computed through a [`Lens`], each time anew.

mod agreement;
mod arrival;
mod branches;
mod crossing;
mod dispute;
mod faith;
mod force;
mod judge;
mod lens;
mod members;
mod performance;
mod reason;
mod revoked;
mod settled;

use std::collections::{BTreeMap, HashMap};

pub use agreement::{Closing, InForce, Position};
pub use arrival::Arrival;
pub use dispute::DisputeStatus;
pub use lens::{Lens, Scope};
pub use performance::{ActionState, ActionStatus};
pub use reason::Reason;

use crate::{
    act::{Act, Proposal, Subject, Topic},
    cbor::Value,
    graph::{Graph, Ix},
    id::{DeviceKey, Domain, EntryId, EventId, PartyId, hash},
    keylog::{EventBody, KeyLogs, RevokeReason},
    record::Author,
    statement::Statement,
    value::{ActionId, Seat},
};

/// Whether an entry takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Effective,
    Without(Reason),
    /// The level lists it, this version cannot judge it: kept, passed on, nothing is signed on it.
    NotJudged,
}

/// What a subject of a revision is about, across revisions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKey {
    Action(ActionId),
    Item(String),
    Terms(ActionId),
    Close(ActionId),
    Seat(Seat),
    NewSeat(ActionId),
    Level,
}

const FIRST: ActionId = ActionId { proposal: EntryId([0; 32]), index: 0 };
const LAST: ActionId = ActionId { proposal: EntryId([0xff; 32]), index: u32::MAX };

/// Verdicts and look-up tables over the admitted entries, in step with the graph.
#[derive(Debug, Default)]
pub struct Fold {
    acts: Vec<Act>,
    verdicts: Vec<Verdict>,
    /// The author's seats in the entry's own past, the entry included.
    seats: Vec<Vec<Seat>>,
    subjects: HashMap<Ix, Vec<SubjectKey>>,
    /// What the signers of a revision of one subject would be bound to, whatever its base: equal for equal terms.
    terms: HashMap<Ix, [u8; 32]>,
    revisions: BTreeMap<SubjectKey, Vec<Ix>>,
    /// Acts that take a position on a subject: proposals, accepts, releases, declares.
    touching: BTreeMap<SubjectKey, Vec<Ix>>,
    about: HashMap<EntryId, Vec<Ix>>,
    admits: Vec<Ix>,
    seat_acts: Vec<Ix>,
    joins: Vec<Ix>,
    items: BTreeMap<String, Vec<Ix>>,
    leaves: Vec<Ix>,
    disputes: Vec<Ix>,
    erase_requests: Vec<Ix>,
    erasures: Vec<Ix>,
    mandates: BTreeMap<EventId, Vec<Ix>>,
    /// Receipts that a `prove` embedded.
    proved: Vec<ProvedReceipt>,
    /// Statements that leave out what an embedded receipt of their own feed covers, with the entries that embed one.
    omitting: HashMap<Ix, Vec<Ix>>,
    /// Revocations known to some entry, by the device that lost its leave.
    revoked: BTreeMap<DeviceKey, Vec<Revocation>>,
    /// What entries cite of each party's key log, and whether any branches.
    key_logs: BTreeMap<PartyId, branches::CitedLog>,
    branching: bool,
    cuts: BTreeMap<EventId, Vec<Ix>>,
    /// What the author of a `decide` had been named for.
    namings: HashMap<Ix, Vec<dispute::Naming>>,
}

/// A receipt that counts, because an entry embeds it.
#[derive(Debug, Clone)]
pub(crate) struct ProvedReceipt {
    pub(crate) prove: Ix,
    pub(crate) party: PartyId,
    pub(crate) device: DeviceKey,
    pub(crate) last_seq: u32,
    pub(crate) heads: Vec<Ix>,
    /// Claimed time, Unix milliseconds.
    pub(crate) at: i64,
}

/// A device's leave taken back, and the entries that first rely on it.
#[derive(Debug, Clone)]
struct Revocation {
    event: EventId,
    reason: RevokeReason,
    citing: Vec<Ix>,
}

impl Fold {
    /// Judges a new entry by its past and takes it into the tables.
    pub(crate) fn judge(&mut self, graph: &Graph, logs: &KeyLogs, ix: Ix, act: Act) {
        debug_assert_eq!(self.acts.len(), ix.at(), "the fold keeps in step with the graph");
        let statement = graph.statement(ix);
        let lens = Lens::new(graph, self, Scope::Before(ix));
        let verdict = judge::verdict(&lens, logs, statement, &act);
        let mut seats = lens.seats_of(&statement.party);
        if statement.is_open() {
            seats.push(Seat::Number(0));
        }
        let namings = matches!(act, Act::Decide { .. }).then(|| lens.namings(&statement.party));
        let id = graph.id(ix);
        let subjects = match &act {
            Act::Propose(proposal) | Act::Counter { proposal, .. } => subject_keys(id, proposal),
            _ => Vec::new(),
        };
        let touched = if subjects.is_empty() { self.touched_by(graph, &act) } else { subjects.clone() };
        if let (Act::Propose(proposal) | Act::Counter { proposal, .. }, [_]) = (&act, subjects.as_slice()) {
            self.terms.insert(ix, terms_hash(proposal));
        }
        for key in &subjects {
            place(self.revisions.entry(key.clone()).or_default(), graph, ix);
        }
        for key in touched {
            place(self.touching.entry(key).or_default(), graph, ix);
        }
        if !subjects.is_empty() {
            self.subjects.insert(ix, subjects);
        }
        for id in references(&act) {
            place(self.about.entry(id).or_default(), graph, ix);
        }
        match &act {
            Act::Admit { .. } => place(&mut self.admits, graph, ix),
            Act::Seat { .. } => place(&mut self.seat_acts, graph, ix),
            Act::Join { .. } => place(&mut self.joins, graph, ix),
            Act::Item { key, .. } => place(self.items.entry(key.clone()).or_default(), graph, ix),
            Act::Leave { .. } => place(&mut self.leaves, graph, ix),
            Act::Dispute { .. } => place(&mut self.disputes, graph, ix),
            Act::Erase { .. } => place(&mut self.erase_requests, graph, ix),
            Act::Erased { .. } => place(&mut self.erasures, graph, ix),
            Act::Mandate(mandate) => place(self.mandates.entry(mandate.grant).or_default(), graph, ix),
            Act::Cut { revoke, .. } => place(self.cuts.entry(*revoke).or_default(), graph, ix),
            _ => {}
        }
        if let Some(namings) = namings {
            self.namings.insert(ix, namings);
        }
        let proof = if verdict == Verdict::Effective { judge::proved(graph, ix, &act) } else { None };
        self.acts.push(act);
        self.verdicts.push(verdict);
        self.seats.push(seats);
        self.note_key_events(graph, logs, ix);
        self.note_omissions(graph, ix, proof);
    }

    /// Notes the key events that an entry relies on and its past did not, revocations among them.
    fn note_key_events(&mut self, graph: &Graph, logs: &KeyLogs, ix: Ix) {
        for cited in &graph.statement(ix).keys {
            for event in logs.prefix(&cited.event) {
                let log = self.key_logs.entry(cited.party).or_default();
                if log.is_known(graph, &event.id, ix) {
                    break;
                }
                let ended = matches!(event.body, EventBody::Rotate { .. }).then_some(event.prev).flatten();
                log.note(event, ended.and_then(|prev| logs.event(&prev)).map(|prev| prev.era), ix);
                self.branching |= log.branches();
                let EventBody::Revoke { grant, reason } = &event.body else { continue };
                let Some(EventBody::Grant(revoked)) = logs.event(grant).map(|e| &e.body) else { continue };
                let known = self.revoked.entry(revoked.device).or_default();
                let at = known.iter().position(|r| r.event == event.id).unwrap_or_else(|| {
                    known.push(Revocation { event: event.id, reason: *reason, citing: Vec::new() });
                    known.sort_unstable_by_key(|r| r.event);
                    known.iter().position(|r| r.event == event.id).expect("just pushed")
                });
                known[at].citing.push(ix);
            }
        }
    }

    /// Whether anything is known by which an act of an honest device could be contested.
    fn may_contest(&self) -> bool {
        self.branching || !self.revoked.is_empty()
    }

    /// R11: notes statements that leave out what an embedded receipt of their own feed covers.
    fn note_omissions(&mut self, graph: &Graph, ix: Ix, proof: Option<ProvedReceipt>) {
        let omits = |proof: &ProvedReceipt, later: Ix| {
            let statement = graph.statement(later);
            statement.seq > proof.last_seq
                && graph.statement(proof.prove).party != statement.party
                && self.may_hold_against(graph, proof.prove, later)
                && proof.heads.iter().any(|head| !graph.in_past_or_same(*head, later))
        };
        let device = graph.statement(ix).device;
        let mut found: Vec<(Ix, Ix)> =
            self.proved.iter().filter(|p| p.device == device && omits(p, ix)).map(|p| (ix, p.prove)).collect();
        if let Some(proof) = &proof {
            let feed = graph.of_device(&proof.device);
            found.extend(feed.into_iter().filter(|later| omits(proof, *later)).map(|later| (later, proof.prove)));
        }
        for (later, prove) in found {
            self.omitting.entry(later).or_default().push(prove);
        }
        self.proved.extend(proof);
    }

    /// What takes part in an agreement is void only if another of its signers will have it so: a party could
    /// otherwise get out of what it signed, by a false receipt that a friend embeds.
    fn may_hold_against(&self, graph: &Graph, prove: Ix, later: Ix) -> bool {
        let revision = self.revision_behind(graph, &graph.id(later)).and_then(|r| self.proposal(r));
        revision.is_none_or(|p| p.signers.iter().any(|seat| self.author_seats(prove).contains(seat)))
    }

    /// What the fold would find of an act of ours whose past is everything here.
    pub(crate) fn judge_draft(
        &self,
        graph: &Graph,
        logs: &KeyLogs,
        author: &Author,
        statement: &Statement,
        act: &Act,
    ) -> Verdict {
        debug_assert_eq!(author.party, statement.party, "a draft is by its author");
        let lens = Lens::new(graph, self, Scope::All);
        let verdict = judge::verdict(&lens, logs, statement, act);
        if verdict != Verdict::Effective {
            return verdict;
        }
        let keys = match act {
            Act::Propose(p) | Act::Counter { proposal: p, .. } => subject_keys(EntryId([0; 32]), p),
            _ => self.touched_by(graph, act),
        };
        // A raise would leave everybody who runs this version unable to go on.
        if keys.iter().any(|key| *key == SubjectKey::Level || lens.not_judged(key)) {
            return Verdict::NotJudged;
        }
        judge::courtesy(&lens, statement, act).map_or(Verdict::Effective, Verdict::Without)
    }

    /// All entries that count.
    #[must_use]
    pub fn lens<'a>(&'a self, graph: &'a Graph) -> Lens<'a> {
        Lens::new(graph, self, Scope::All)
    }

    #[must_use]
    pub fn act(&self, ix: Ix) -> &Act {
        &self.acts[ix.at()]
    }

    #[must_use]
    pub fn verdict(&self, ix: Ix) -> &Verdict {
        &self.verdicts[ix.at()]
    }

    /// The author's seats as of an entry.
    #[must_use]
    pub fn author_seats(&self, ix: Ix) -> &[Seat] {
        &self.seats[ix.at()]
    }

    /// The subjects of a revision, in its order; empty for anything else.
    #[must_use]
    pub fn subject_keys(&self, ix: Ix) -> &[SubjectKey] {
        self.subjects.get(&ix).map_or(&[], |s| s)
    }

    /// Entries that speak of another, in the agreed order.
    #[must_use]
    pub fn about(&self, id: &EntryId) -> &[Ix] {
        self.about.get(id).map_or(&[], |a| a)
    }

    /// Equal for revisions of one subject with equal terms and signers; nothing for bundles.
    pub(crate) fn terms_hash(&self, revision: Ix) -> Option<[u8; 32]> {
        self.terms.get(&revision).copied()
    }

    /// All subjects that any revision touches.
    pub fn all_subjects(&self) -> impl Iterator<Item = &SubjectKey> {
        self.revisions.keys()
    }

    /// The subjects of closing the case. Found without passing by the many others.
    pub(crate) fn closings(&self) -> impl Iterator<Item = &SubjectKey> {
        self.revisions.range(SubjectKey::Close(FIRST)..=SubjectKey::Close(LAST)).map(|(key, _)| key)
    }

    /// The subjects of adding a seat.
    pub(crate) fn new_seats(&self) -> impl Iterator<Item = ActionId> {
        let range = self.revisions.range(SubjectKey::NewSeat(FIRST)..=SubjectKey::NewSeat(LAST));
        range.filter_map(|(key, _)| match key {
            SubjectKey::NewSeat(id) => Some(*id),
            _ => None,
        })
    }

    /// The revisions that touch a subject, in the agreed order.
    #[must_use]
    pub fn revisions_of(&self, key: &SubjectKey) -> &[Ix] {
        self.revisions.get(key).map_or(&[], |r| r)
    }

    /// Stated items by key.
    pub fn items(&self) -> impl Iterator<Item = (&String, &Vec<Ix>)> {
        self.items.iter()
    }

    /// The statements of one fact, in the order they arrived.
    #[must_use]
    pub fn statements_of(&self, key: &str) -> &[Ix] {
        self.items.get(key).map_or(&[], |list| list)
    }

    /// Every `erase`, in the agreed order.
    #[must_use]
    pub fn erase_requests(&self) -> &[Ix] {
        &self.erase_requests
    }

    /// Every `erased`, in the agreed order.
    #[must_use]
    pub fn erasures(&self) -> &[Ix] {
        &self.erasures
    }

    /// The subjects whose state an entry may have changed.
    pub(crate) fn touched(&self, graph: &Graph, ix: Ix) -> Vec<SubjectKey> {
        let touched = match self.act(ix) {
            Act::Propose(_) | Act::Counter { .. } => self.subject_keys(ix).to_vec(),
            // The binding of a seat, a proof or a revocation may decide any agreement.
            Act::Seat { .. } | Act::Admit { .. } | Act::Prove { .. } | Act::Cut { .. } | Act::Ratify { .. } => {
                self.revisions.keys().cloned().collect()
            }
            _ if !graph.statement(ix).keys.is_empty() && self.may_contest() => self.revisions.keys().cloned().collect(),
            act => self.touched_by(graph, act),
        };
        // What happens to one subject of a bundle may suspend or close it on the others.
        let revisions = touched.iter().flat_map(|key| self.revisions_of(key));
        let together = revisions.flat_map(|r| self.subject_keys(*r)).cloned();
        together.chain(touched.iter().cloned()).collect()
    }

    /// The terms of a revision.
    #[must_use]
    pub fn proposal(&self, ix: Ix) -> Option<&Proposal> {
        match self.act(ix) {
            Act::Propose(proposal) | Act::Counter { proposal, .. } => Some(proposal),
            _ => None,
        }
    }

    /// The subjects an act takes a position on, through the revision, declare or request it names.
    #[must_use]
    pub fn touched_by(&self, graph: &Graph, act: &Act) -> Vec<SubjectKey> {
        match act {
            // These only tell.
            Act::Note { .. }
            | Act::Attach { .. }
            | Act::Remind { .. }
            | Act::Thank { .. }
            | Act::Acknowledge { .. }
            | Act::Erase { .. }
            | Act::Erased { .. }
            | Act::Uninvite { .. }
            | Act::Admit { .. }
            | Act::Join { .. }
            | Act::Seat { .. } => Vec::new(),
            _ => {
                let revision = references(act).first().and_then(|id| self.revision_behind(graph, id));
                revision.map(|r| self.subject_keys(r).to_vec()).unwrap_or_default()
            }
        }
    }

    /// The revision that an entry is, or speaks of: a request names what it asks about, a declare its revision.
    #[must_use]
    pub fn revision_behind(&self, graph: &Graph, id: &EntryId) -> Option<Ix> {
        let mut at = graph.find(id)?;
        for _ in 0..5 {
            if !self.subject_keys(at).is_empty() {
                return Some(at);
            }
            at = references(self.acts.get(at.at())?).first().and_then(|id| graph.find(id))?;
        }
        None
    }
}

/// A hash of terms and signers, base aside. Local to this copy, so it needs no domain of its own.
fn terms_hash(proposal: &Proposal) -> [u8; 32] {
    let topics = proposal.subjects.iter().map(|s| Subject { base: None, topic: s.topic.clone() }.to_value());
    let signers = proposal.signers.iter().map(Seat::to_value);
    let terms = Value::Array(topics.chain(signers).collect());
    hash(Domain::Entry, &[b"terms", &terms.encode()])
}

/// Every table is kept in the agreed order, so that what is found first is the same on every copy.
fn place(list: &mut Vec<Ix>, graph: &Graph, ix: Ix) {
    let order = graph.order(ix);
    let at = list.partition_point(|other| graph.order(*other) < order);
    list.insert(at, ix);
}

/// The subjects of a proposal whose entry id is `id`.
fn subject_keys(id: EntryId, proposal: &Proposal) -> Vec<SubjectKey> {
    let own = |index: usize| ActionId { proposal: id, index: u32::try_from(index).unwrap_or(u32::MAX) };
    let key = |(index, topic): (usize, &Topic)| match topic {
        Topic::Action { action, .. } => SubjectKey::Action(action.unwrap_or(own(index))),
        Topic::Item { key, .. } => SubjectKey::Item(key.clone()),
        Topic::Terms { terms, .. } => SubjectKey::Terms(terms.unwrap_or(own(index))),
        Topic::Close { close, .. } => SubjectKey::Close(close.unwrap_or(own(index))),
        Topic::AdmitSeat { seat } => SubjectKey::Seat(*seat),
        Topic::AdmitNew { .. } => SubjectKey::NewSeat(own(index)),
        Topic::Level { .. } => SubjectKey::Level,
    };
    proposal.subjects.iter().map(|s| &s.topic).enumerate().map(key).collect()
}

/// The entries an act speaks of, the one it is about first.
#[must_use]
pub fn references(act: &Act) -> Vec<EntryId> {
    match act {
        Act::Uninvite { invite, .. } => vec![*invite],
        Act::Admit { invite, revision, .. } => std::iter::once(*invite).chain(*revision).collect(),
        Act::Join { admit } | Act::Seat { admit, .. } => vec![*admit],
        Act::Propose(proposal) => proposal.alleged.into_iter().collect(),
        Act::Counter { of, proposal } => std::iter::once(*of).chain(proposal.alleged).collect(),
        Act::Accept { revision, .. } | Act::Decline { revision, .. } | Act::Missed { revision, .. } => vec![*revision],
        Act::Declare { revision, .. } => vec![*revision],
        Act::Withdraw { of, .. } | Act::Release { of, .. } => vec![*of],
        Act::Undeclare { declare, .. } | Act::Approve { declare, .. } | Act::Reject { declare, .. } => vec![*declare],
        Act::Allow { request, .. } | Act::Refuse { request, .. } => vec![*request],
        Act::Acknowledge { entry, .. } | Act::Contest { entry, .. } => vec![*entry],
        Act::Confirm { revision }
        | Act::Progress { revision, .. }
        | Act::Stop { revision, .. }
        | Act::Cancel { revision, .. } => vec![*revision],
        Act::Choose { pick, .. } => vec![*pick],
        Act::Erase { entry, .. } | Act::Erased { entry, .. } => vec![*entry],
        Act::Ratify { entries } => entries.clone(),
        Act::Dispute { about, .. } => vec![*about],
        Act::Concede { dispute, .. } | Act::Decide { dispute, .. } => vec![*dispute],
        Act::Settle { dispute, revision, .. } => std::iter::once(*dispute).chain(*revision).collect(),
        Act::Note { about, .. }
        | Act::Attach { about, .. }
        | Act::Remind { about, .. }
        | Act::Thank { about, .. }
        | Act::Prove { about, .. } => about.iter().copied().collect(),
        Act::Open(_)
        | Act::Invite { .. }
        | Act::Seen
        | Act::Item { .. }
        | Act::Contact(_)
        | Act::Leave { .. }
        | Act::Link { .. }
        | Act::Card(_)
        | Act::Handover { .. }
        | Act::Mandate(_)
        | Act::Cut { .. } => Vec::new(),
    }
}
