//! Several devices, each with a partial copy of one case; honest signing, and signing that asks nobody.

#[path = "world/asked.rs"]
mod asked;
#[path = "world/delivery.rs"]
mod delivery;
#[path = "world/keys.rs"]
mod keys;

use std::collections::BTreeMap;

use counterpart_core::{
    act::{Act, Mode, Proposal, Subject, Topic},
    change::{self, ChainEnd, Root},
    envelope::public_half,
    id::{CaseId, EntryId, PartyId},
    invitation::{JoinRequest, invite_key},
    keylog::{self, EventSigner, Grant, KeyLogs, Kinds},
    record::{Applied, Author, DraftError, Record},
    statement::{Entry, Statement},
    value::{ActionId, Seat},
};
use ed25519_dalek::SigningKey;

pub(crate) use counterpart_testkit::rng::Rng;

pub(crate) use crate::acts::*;

/// The devices of every world, by handle.
pub(crate) const A1: usize = 0;
pub(crate) const A2: usize = 1;
pub(crate) const B1: usize = 2;
pub(crate) const B2: usize = 3;
pub(crate) const C1: usize = 4;
/// An observer, where one was let in.
pub(crate) const O1: usize = 5;
/// Whoever else is needed.
pub(crate) const D1: usize = 6;
/// A device of B whose grant lists `note` and `seen` only.
pub(crate) const B3: usize = 7;
pub(crate) const A3: usize = 8;
pub(crate) const B4: usize = 9;
/// A device of B whose grant has an open ceiling of 100 EUR.
pub(crate) const B5: usize = 10;
pub(crate) const C2: usize = 11;
/// An arbiter, where one was let in.
pub(crate) const E1: usize = 12;
/// Party and rights of each device, by handle.
const DEVICES: [(u8, Rights); 13] = [
    (1, Rights::All),
    (1, Rights::All),
    (2, Rights::All),
    (2, Rights::All),
    (3, Rights::All),
    (4, Rights::All),
    (5, Rights::All),
    (2, Rights::Few),
    (1, Rights::All),
    (2, Rights::All),
    (2, Rights::Capped),
    (3, Rights::All),
    (6, Rights::All),
];

#[derive(Clone, Copy, PartialEq)]
enum Rights {
    All,
    Few,
    Capped,
}

pub(crate) struct Device {
    pub(crate) author: Author,
    pub(crate) key: SigningKey,
    pub(crate) record: Record,
    salts: u8,
}

pub(crate) struct World {
    pub(crate) devices: Vec<Device>,
    roots: BTreeMap<PartyId, SigningKey>,
    /// Every key event there is; a device knows those it was given.
    logs: KeyLogs,
    events: Vec<Vec<u8>>,
    chains: BTreeMap<EntryId, ChainEnd>,
    root: Option<Root>,
    /// The claimed time of the latest act, Unix milliseconds.
    pub(crate) at: i64,
    /// The heads and the number of key events at the last convergence that was checked.
    converged: (Vec<EntryId>, usize),
}

impl World {
    /// The parties' key logs everywhere, nothing signed yet.
    pub(crate) fn blank() -> Self {
        let mut logs = KeyLogs::new();
        let mut events = Vec::new();
        let mut roots = BTreeMap::new();
        let mut parties: BTreeMap<u8, (PartyId, u8)> = BTreeMap::new();
        let mut devices: Vec<Device> = Vec::new();
        for (n, rights) in DEVICES {
            let root = SigningKey::from_bytes(&[n; 32]);
            let (party, m) = parties.entry(n).or_insert_with(|| {
                let next = public_half(&SigningKey::from_bytes(&[n + 100; 32]));
                let inception = keylog::inception(&root, &next, [n; 16], 1);
                let (first, _) = logs.apply(&inception).expect("an inception");
                events.push(inception);
                (logs.event(&first).expect("just applied").party, 0)
            });
            *m += 1;
            let key = SigningKey::from_bytes(&[n * 10 + *m; 32]);
            let kinds = match rights {
                Rights::All | Rights::Capped => Kinds::All,
                Rights::Few => Kinds::Listed(vec!["note".to_owned(), "seen".to_owned()]),
            };
            let ceilings = match rights {
                Rights::Capped => vec![("100".to_owned(), "EUR".to_owned())],
                Rights::All | Rights::Few => Vec::new(),
            };
            let grant = Grant {
                device: public_half(&key),
                peer: vec![n, *m],
                kinds,
                receive: true,
                admin: false,
                ceilings,
                from: None,
                until: None,
            };
            let head = logs.head(party).expect("a log");
            let event = keylog::grant(&head, &EventSigner::Root(&root), &grant, &key, 2);
            let (id, _) = logs.apply(&event).expect("a grant");
            events.push(event);
            let author = Author { party: *party, device: public_half(&key), grant: id };
            devices.push(Device { author, key, record: Record::new(), salts: 0 });
            roots.insert(*party, root);
        }
        for device in &mut devices {
            for event in &events {
                device.record.apply_key_event(event).expect("a good event");
            }
        }
        Self {
            devices,
            roots,
            logs,
            events,
            chains: BTreeMap::new(),
            root: None,
            at: 1_000_000,
            converged: (Vec::new(), 0),
        }
    }

    /// A case opened by A with seats for B (1, supplier), C (2, third) and an observer (3); nobody else is in.
    pub(crate) fn alone() -> Self {
        let mut world = Self::blank();
        world.act(A1, &open(1));
        world.sync_all();
        world
    }

    /// A and B are in, with two devices each, all copies equal.
    pub(crate) fn two() -> Self {
        let mut world = Self::alone();
        world.bring_in(B1, 1, None);
        world.sync_all();
        world
    }

    /// A, B and C are in.
    pub(crate) fn three() -> Self {
        let mut world = Self::two();
        world.bring_in_agreed(C1, 2);
        world
    }

    pub(crate) fn party(&self, device: usize) -> PartyId {
        self.devices[device].author.party
    }

    pub(crate) fn record(&self, device: usize) -> &Record {
        &self.devices[device].record
    }

    pub(crate) fn case(&self) -> CaseId {
        self.devices[A1].record.case().expect("the case is open")
    }

    /// Signs an act the honest way.
    pub(crate) fn try_act(&mut self, device: usize, act: &Act) -> Result<EntryId, DraftError> {
        self.at += 1_000;
        let at = self.at;
        let Device { author, key, record, salts } = &mut self.devices[device];
        let mut salt = || {
            *salts += 1;
            [*salts; 32]
        };
        let draft = record.draft(author, act, at, &mut salt)?;
        let signed = record.seal_and_sign(draft, key).map_err(DraftError::Gate)?;
        let statement = record.graph().statement(signed.ix).clone();
        self.remember(signed.id, &statement);
        Ok(signed.id)
    }

    pub(crate) fn act(&mut self, device: usize, act: &Act) -> EntryId {
        let done = self.try_act(device, act);
        done.unwrap_or_else(|e| unreachable!("{act:?} is refused: {e}"))
    }

    /// The statement a device would sign, whatever the fold thinks of it.
    pub(crate) fn statement(&mut self, device: usize, act: &Act) -> Statement {
        self.at += 1_000;
        let Device { author, record, .. } = &self.devices[device];
        let graph = record.graph();
        let tip = graph.tips_of(&author.device).first().copied();
        let (seq, prev) = tip.map_or((1, None), |ix| (graph.statement(ix).seq + 1, Some(graph.id(ix))));
        let opens = matches!(act, Act::Open(_));
        let own = record.logs().head(&author.party).filter(|_| seq == 1);
        Statement {
            case: if opens { None } else { record.case() },
            party: author.party,
            device: author.device,
            seq,
            prev,
            deps: graph.heads(),
            keys: own.into_iter().collect(),
            grant: author.grant,
            at: self.at,
            kind: act.kind().to_owned(),
            body: act.body(),
        }
    }

    /// Signs any statement with a device's key; its change is built as the format has it.
    pub(crate) fn seal(&mut self, device: usize, statement: &Statement) -> Vec<u8> {
        let end = self.remember_statement(statement);
        Entry::sign(statement, end.change, &self.devices[device].key).bytes().to_vec()
    }

    /// Signs an act past all local refusals, and takes it in at that device.
    pub(crate) fn force(&mut self, device: usize, act: &Act) -> EntryId {
        let statement = self.statement(device, act);
        self.force_statement(device, &statement)
    }

    /// The same, for a device whose grant may be gone: the gate's refusal is as good.
    pub(crate) fn careless(&mut self, device: usize, act: &Act) {
        let statement = self.statement(device, act);
        let bytes = self.seal(device, &statement);
        drop(self.devices[device].record.apply_bytes(&bytes));
    }

    pub(crate) fn force_statement(&mut self, device: usize, statement: &Statement) -> EntryId {
        let bytes = self.seal(device, statement);
        match self.devices[device].record.apply_bytes(&bytes) {
            Ok(Applied::New(ix) | Applied::Duplicate(ix)) => self.record(device).graph().id(ix),
            Err(refusal) => unreachable!("the gate refuses {statement:?}: {refusal}"),
        }
    }

    fn remember(&mut self, id: EntryId, statement: &Statement) {
        let end = self.remember_statement(statement);
        assert!(self.chains.contains_key(&id), "the id is the hash of the core");
        assert_eq!(self.chains[&id], end);
    }

    fn remember_statement(&mut self, statement: &Statement) -> ChainEnd {
        let core = statement.encode();
        let hash = |domain| counterpart_core::id::hash(domain, &[&core]);
        let id = EntryId(hash(counterpart_core::id::Domain::Entry));
        let case = statement.case.unwrap_or(CaseId(hash(counterpart_core::id::Domain::Case)));
        let prev = statement.prev.and_then(|p| self.chains.get(&p));
        let root = self.root.filter(|_| !statement.is_open());
        let end = change::build(id, case, statement, root.as_ref(), prev).expect("few operations").end;
        self.chains.insert(id, end);
        if statement.is_open() && self.root.is_none() {
            self.root = Some(Root { case, opener_device: statement.device, open: end });
        }
        end
    }

    /// The bytes of a device's request to join.
    pub(crate) fn request(&self, device: usize, invite: EntryId) -> Vec<u8> {
        let Device { author, key, record, .. } = &self.devices[device];
        let request = JoinRequest {
            case: self.case(),
            opener: self.party(A1),
            invite,
            peer: vec![1],
            expires: EXPIRES,
            device: author.device,
            grant: author.grant,
            log: record.logs().head(&author.party).expect("a log"),
        };
        request.sign(key, &invite_key(&SECRET))
    }

    pub(crate) fn admit(&self, device: usize, seat: Seat, invite: EntryId, revision: Option<EntryId>) -> Act {
        Act::Admit { party: self.party(device), seat, invite, request: self.request(device, invite), revision }
    }

    /// Invites to a seat, admits and joins.
    pub(crate) fn bring_in(&mut self, device: usize, seat: u32, revision: Option<EntryId>) -> EntryId {
        let invite = self.act(A1, &invite(Seat::Number(seat)));
        let admit = self.admit(device, Seat::Number(seat), invite, revision);
        let admit = self.act(A1, &admit);
        self.deliver(A1, device);
        self.act(device, &Act::Join { admit });
        self.deliver(device, A1);
        admit
    }

    /// The same for a further party, on an agreement of A and B.
    pub(crate) fn bring_in_agreed(&mut self, device: usize, seat: u32) -> EntryId {
        let subject = Subject { base: None, topic: Topic::AdmitSeat { seat: Seat::Number(seat) } };
        let revision = self.propose(A1, vec![subject]);
        self.deliver(A1, B1);
        self.act(B1, &accept(revision));
        self.deliver(B1, A1);
        let admit = self.bring_in(device, seat, Some(revision));
        self.sync_all();
        admit
    }

    /// A proposal by the rules: signers as that device's copy gives them.
    pub(crate) fn proposal(&self, device: usize, subjects: Vec<Subject>) -> Proposal {
        let signers = self.record(device).lens().required_signers(&subjects);
        Proposal { subjects, signers, mode: Mode::Firm, open_until: None, alleged: None, note: None }
    }

    pub(crate) fn propose(&mut self, device: usize, subjects: Vec<Subject>) -> EntryId {
        let proposal = self.proposal(device, subjects);
        self.act(device, &Act::Propose(proposal))
    }

    pub(crate) fn counter(&mut self, device: usize, of: EntryId, subjects: Vec<Subject>) -> EntryId {
        let proposal = self.proposal(device, subjects);
        self.act(device, &Act::Counter { of, proposal })
    }

    /// A new action that B is to do for A, proposed by A and known to all.
    pub(crate) fn offered(&mut self) -> (EntryId, ActionId) {
        let revision = self.propose(A1, vec![work("first")]);
        self.sync_all();
        (revision, ActionId { proposal: revision, index: 0 })
    }

    /// The same, accepted by B and known to all.
    pub(crate) fn agreed(&mut self) -> (EntryId, ActionId) {
        let (revision, action) = self.offered();
        self.act(B1, &accept(revision));
        self.sync_all();
        (revision, action)
    }

    /// The same, declared done by B.
    pub(crate) fn declared(&mut self) -> (EntryId, ActionId, EntryId) {
        let (revision, action) = self.agreed();
        let declare = self.act(B1, &declare(revision));
        self.sync_all();
        (revision, action, declare)
    }

    /// The same, approved by A.
    pub(crate) fn completed(&mut self) -> (EntryId, ActionId, EntryId) {
        let (revision, action, declare) = self.declared();
        self.act(A1, &approve(declare));
        self.sync_all();
        (revision, action, declare)
    }
}

/// Compares line by line, so that a failure shows the one line that differs.
pub(crate) fn same(expected: &str, found: &str, whose: &str) {
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert_eq!(expected, found, "{whose} differs");
    }
    assert_eq!(expected.lines().count(), found.lines().count(), "{whose} differs");
}

/// How many random cases to try: few by default, forty times as many where a long run was asked for.
pub(crate) fn rounds(few: usize) -> usize {
    if std::env::var_os("COUNTERPART_LONG").is_some() { few * 40 } else { few }
}
