//! Several devices, each with a partial copy of one case; honest signing, and signing that asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    act::{Act, Mode, Proposal, Subject, Topic},
    change::{self, ChainEnd, Root},
    envelope::public_half,
    fold::{ActionState, ActionStatus, InForce, Position, SubjectKey, Verdict},
    gate::Refusal,
    id::{CaseId, EntryId, EventId, PartyId},
    invitation::{JoinRequest, invite_key},
    keylog::{self, EventSigner, Grant, KeyLogs, Kinds, RevokeReason},
    record::{Applied, Author, DraftError, Record},
    statement::{Entry, KeyCitation, Statement},
    value::{ActionId, Seat},
};
use ed25519_dalek::SigningKey;

pub(crate) use counterpart_testkit::rng::Rng;

pub(crate) use crate::acts::*;
use crate::digest::digest;

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

    /// Gives one device what another has and it has not.
    pub(crate) fn deliver(&mut self, from: usize, to: usize) {
        let (source, target) = (self.record(from), self.record(to));
        let statements = || source.graph().all().map(|ix| source.graph().statement(ix));
        let cited = statements().flat_map(|s| s.keys.iter().map(|k| k.party));
        let parties: BTreeSet<PartyId> = cited.chain(statements().map(|s| s.party)).collect();
        let events = parties.iter().flat_map(|party| source.logs().of_party(party));
        let events: Vec<Vec<u8>> =
            events.filter(|e| target.logs().event(&e.id).is_none()).map(|e| e.bytes().to_vec()).collect();
        let graph = source.graph();
        let news: Vec<_> = graph.all().filter(|ix| target.graph().find(&graph.id(*ix)).is_none()).collect();
        let bytes: Vec<Vec<u8>> = news.iter().map(|ix| graph.node(*ix).entry.bytes().to_vec()).collect();
        let values: Vec<_> = news.iter().flat_map(|ix| source.values_of(&graph.id(*ix)).to_vec()).collect();
        let record = &mut self.devices[to].record;
        for event in events {
            record.apply_key_event(&event).expect("a good event");
        }
        for bytes in bytes {
            record.apply_bytes(&bytes).expect("what one copy holds, another takes");
        }
        for value in values {
            record.apply_value(value).expect("a good value");
        }
    }

    pub(crate) fn sync(&mut self, a: usize, b: usize) {
        self.deliver(a, b);
        self.deliver(b, a);
    }

    /// Everything to all devices of those who are in, and of those who are about to be.
    pub(crate) fn sync_all(&mut self) {
        let others: Vec<usize> = (1..self.devices.len()).collect();
        for other in &others {
            self.deliver(*other, A1);
        }
        let members = self.record(A1).lens().members();
        for other in others {
            if members.contains(&self.party(other)) || !self.record(other).graph().is_empty() {
                self.deliver(A1, other);
            }
        }
    }

    /// Everything everywhere; then every copy, and copies fed in other orders, must show the same.
    pub(crate) fn converge(&mut self) {
        self.sync_all();
        let now = (self.record(A1).graph().heads(), self.events.len());
        if self.converged == now {
            return;
        }
        let expected = digest(self.record(A1));
        for device in self.authors() {
            same(&expected, &digest(self.record(device)), &format!("copy {device}"));
        }
        for seed in 0..4 {
            let copy = self.replay(seed);
            same(&expected, &digest(&copy), &format!("a copy fed in another order (seed {seed})"));
        }
        self.converged = now;
    }

    /// The devices, but the first, that have signed anything: the others only ever got what these have.
    fn authors(&self) -> Vec<usize> {
        let graph = self.record(A1).graph();
        (1..self.devices.len()).filter(|d| !graph.tips_of(&self.devices[*d].author.device).is_empty()).collect()
    }

    /// A new copy fed in some causal order, with every third entry given twice. Seed 0 takes the latest arrivals as
    /// early as can be, and passes the whole gate; seed 1 takes the earliest.
    pub(crate) fn replay(&self, seed: u64) -> Record {
        self.replay_of(A1, seed)
    }

    /// The same of what one device holds.
    pub(crate) fn replay_of(&self, device: usize, seed: u64) -> Record {
        let graph = self.record(device).graph();
        let mut waiting: Vec<_> = graph.all().collect();
        // All but the first copy ask for key events as they are cited, and so never see one that nobody cites.
        let mut copy = if seed == 0 { self.empty_copy() } else { Record::new() };
        let mut random = Rng::new(seed);
        let mut count = 0;
        while !waiting.is_empty() {
            let ready = |at: &usize| {
                let statement = graph.statement(waiting[*at]);
                statement.deps.iter().chain(&statement.prev).all(|d| copy.graph().find(d).is_some())
            };
            let mut ready: Vec<usize> = (0..waiting.len()).filter(ready).collect();
            let pick = match seed {
                0 => ready.pop().expect("causes come first"),
                1 => ready[0],
                _ => ready[random.below(ready.len())],
            };
            let entry = &graph.node(waiting.remove(pick)).entry;
            let take = |copy: &mut Record| match seed {
                0 => copy.apply_bytes(entry.bytes()),
                _ => copy.restore(entry.clone()),
            };
            if let Err(Refusal::MissingKeys(cited)) = take(&mut copy) {
                self.give_cited(&mut copy, &cited);
                assert!(matches!(take(&mut copy), Ok(Applied::New(_))));
            }
            count += 1;
            if count % 3 == 0 {
                assert!(matches!(take(&mut copy), Ok(Applied::Duplicate(_))));
            }
        }
        assert_eq!(copy.graph().len(), graph.len(), "what one copy holds, another takes");
        copy
    }

    fn give_cited(&self, copy: &mut Record, cited: &[KeyCitation]) {
        for citation in cited {
            let mut log: Vec<_> = self.logs.prefix(&citation.event).collect();
            log.reverse();
            for event in log {
                copy.apply_key_event(event.bytes()).expect("a good event");
            }
        }
    }

    /// A copy with the key logs and nothing else.
    pub(crate) fn empty_copy(&self) -> Record {
        let mut copy = Record::new();
        for event in &self.events {
            copy.apply_key_event(event).expect("a good event");
        }
        copy
    }

    /// Signs a revocation and gives it to every device.
    pub(crate) fn revoke(&mut self, device: usize, reason: RevokeReason) -> EventId {
        let everybody: Vec<usize> = (0..self.devices.len()).collect();
        self.revoke_known_to(device, reason, &everybody)
    }

    /// Signs a revocation that only some devices know of; it goes with what they sign from then on.
    pub(crate) fn revoke_known_to(&mut self, device: usize, reason: RevokeReason, knowing: &[usize]) -> EventId {
        let Author { party, grant, .. } = self.devices[device].author;
        let head = self.logs.head(&party).expect("a log");
        let event = keylog::revoke(&head, &EventSigner::Root(&self.roots[&party]), &grant, reason, 3);
        let (id, _) = self.logs.apply(&event).expect("a revocation");
        self.events.push(event);
        for knows in knowing {
            for event in self.logs.of_party(&party) {
                self.devices[*knows].record.apply_key_event(event.bytes()).expect("a good event");
            }
        }
        id
    }

    /// The root key of a device's party, or the one that its n-th rotation reveals.
    pub(crate) fn root_key(device: usize, rotation: u8) -> SigningKey {
        SigningKey::from_bytes(&[DEVICES[device].0 + 100 * rotation; 32])
    }

    /// The event with which a device's grant was given.
    pub(crate) fn granted_at(&self, device: usize) -> KeyCitation {
        let event = self.logs.event(&self.devices[device].author.grant).expect("its grant");
        KeyCitation { party: event.party, position: event.position, event: event.id }
    }

    /// The end of a device's party's log, whatever its branches.
    pub(crate) fn log_end(&self, device: usize) -> KeyCitation {
        self.logs.head(&self.party(device)).expect("a log")
    }

    /// Puts a signed event into a log; only these devices know of it, until somebody they hear of cites it.
    pub(crate) fn log_event(&mut self, event: Vec<u8>, knowing: &[usize]) -> KeyCitation {
        let (id, _) = self.logs.apply(&event).expect("a good event");
        let party = self.logs.event(&id).expect("just applied").party;
        self.events.push(event);
        for knows in knowing {
            for event in self.logs.prefix(&id).collect::<Vec<_>>().into_iter().rev() {
                self.devices[*knows].record.apply_key_event(event.bytes()).expect("a good event");
            }
        }
        let position = self.logs.event(&id).expect("just applied").position;
        KeyCitation { party, position, event: id }
    }

    /// Grants every right to a further device of a device's party, after some event; gives the new device.
    pub(crate) fn grant_after(&mut self, device: usize, after: &KeyCitation, rotation: u8, knowing: &[usize]) -> usize {
        let n = u8::try_from(200 + self.devices.len()).expect("few devices");
        let key = SigningKey::from_bytes(&[n; 32]);
        let grant = Grant {
            device: public_half(&key),
            peer: vec![n],
            kinds: Kinds::All,
            receive: true,
            admin: true,
            ceilings: Vec::new(),
            from: None,
            until: None,
        };
        let root = Self::root_key(device, rotation);
        let event = keylog::grant(after, &EventSigner::Root(&root), &grant, &key, 4);
        let added = self.devices.len();
        let author = Author { party: after.party, device: public_half(&key), grant: EventId([0; 32]) };
        self.devices.push(Device { author, key, record: Record::new(), salts: 0 });
        let cited = self.log_event(event, &[&[added], knowing].concat());
        self.devices[added].author.grant = cited.event;
        added
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

    pub(crate) fn status(&self, action: ActionId) -> ActionStatus {
        self.record(A1).lens().status(&SubjectKey::Action(action)).expect("the action is known")
    }

    /// The state after everything has reached everybody.
    pub(crate) fn state(&mut self, action: ActionId) -> ActionState {
        self.converge();
        self.status(action).state
    }

    /// What is in force on an action, as the ids that name it.
    pub(crate) fn in_force(&self, action: ActionId) -> Vec<EntryId> {
        match self.record(A1).lens().in_force(&SubjectKey::Action(action)) {
            InForce::One { names, position: Position::Revision(_) } => names,
            _ => Vec::new(),
        }
    }

    pub(crate) fn is_crossed(&self, key: &SubjectKey) -> bool {
        matches!(self.record(A1).lens().in_force(key), InForce::Crossed { .. })
    }

    /// The open revisions of an action.
    pub(crate) fn open_on(&self, action: ActionId) -> Vec<EntryId> {
        self.ids(self.status(action).open)
    }

    pub(crate) fn requests_on(&self, action: ActionId) -> Vec<EntryId> {
        let status = self.status(action);
        let mut all = self.ids(status.release_requests);
        all.extend(self.ids(status.reopen_requests));
        all.sort_unstable();
        all
    }

    fn ids(&self, list: Vec<counterpart_core::graph::Ix>) -> Vec<EntryId> {
        list.into_iter().map(|ix| self.record(A1).graph().id(ix)).collect()
    }

    /// What a device's copy finds of an entry.
    pub(crate) fn verdict_at(&self, device: usize, entry: EntryId) -> &Verdict {
        let record = self.record(device);
        record.fold().verdict(record.graph().find(&entry).expect("the entry is here"))
    }

    pub(crate) fn verdict(&mut self, entry: EntryId) -> Verdict {
        self.converge();
        self.verdict_at(A1, entry).clone()
    }

    /// What the gate of a device says to some bytes.
    pub(crate) fn refusal(&mut self, device: usize, bytes: &[u8]) -> Refusal {
        self.devices[device].record.apply_bytes(bytes).expect_err("the gate refuses this")
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
