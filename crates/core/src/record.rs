//! The record of one case: the only two ways in are [`Record::apply`] for what others signed and
//! [`Record::draft`] with [`Record::seal_and_sign`] for what we sign.

mod beside;

pub use beside::{Attachment, Erasable, Erasure};

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;

use crate::{
    act::{Act, Proof, Proposal},
    attachment::FileRef,
    change::{self, BuiltChange, ChangeWriter, Document, DocumentError},
    envelope::{EnvelopeError, PublicKey, Unverified, Verified, public_half},
    fold::{Fold, Reason, Verdict, references},
    gate::{self, ChangeCheck, Refusal},
    graph::{Graph, Ix},
    id::{CaseId, ChangeId, DeviceKey, EntryId, EventId, PartyId},
    keylog::{EventBody, KeyEvent, KeyLogRefusal, KeyLogs},
    receipt::{MAX_LACKING, Receipt, ReceiptRefusal, SignedReceipt},
    seal::{self, Disclosure, PathStep, SealContext},
    statement::{Entry, KeyCitation, MAX_DEPS, Statement},
};

/// One case as this copy holds it.
#[derive(Debug, Default)]
pub struct Record {
    graph: Graph,
    logs: KeyLogs,
    fold: Fold,
    /// Sealed values known, by entry.
    values: BTreeMap<EntryId, Vec<Disclosure>>,
    /// Attached files whose bytes are here, whole.
    files: BTreeSet<FileRef>,
    receipts: Vec<SignedReceipt>,
    keys: BTreeMap<DeviceKey, PublicKey>,
    pub(crate) brief_cache: crate::view::BriefCache,
}

/// What became of a statement that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    New(Ix),
    Duplicate(Ix),
}

/// Who signs: a device under a grant in its party's key log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author {
    pub party: PartyId,
    pub device: DeviceKey,
    pub grant: EventId,
}

/// A statement of our own that passed the gate and would take effect, ready to show and sign.
#[derive(Debug, Clone)]
pub struct Draft {
    pub statement: Statement,
    /// Values that stand in the statement only as commitments; they travel beside it.
    pub values: Vec<(Vec<PathStep>, [u8; 32], crate::cbor::Value)>,
    change: ChangeId,
}

/// Why an act of our own is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    #[error("{0}")]
    Gate(#[from] Refusal),
    #[error("{0}")]
    WithoutEffect(Reason),
    #[error("part of what you would agree to is sealed and its text has not arrived: {0} of its values are missing")]
    Unseen(usize),
    #[error("this depends on a kind of act that this version of the program cannot judge: update before signing")]
    NotJudged,
    #[error("this copy holds more open ends than one statement can name: sign `seen` first")]
    TooManyHeads,
}

/// Why a sealed value that came beside an entry is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueRefusal {
    #[error("the entry it belongs to is not here yet")]
    UnknownEntry,
    #[error("the value does not match the commitment that was signed")]
    Mismatch,
    #[error("the value is not one that the case's format level allows there")]
    NotAllowed,
}

impl Record {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Its statements, and all else. Letting go of a large record takes a while; two threads can share that.
    #[must_use]
    pub fn into_parts(self) -> (Graph, impl Send) {
        let Self { graph, logs, fold, values, files, receipts, keys, brief_cache } = self;
        (graph, (logs, fold, values, files, receipts, keys, brief_cache))
    }

    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    #[must_use]
    pub fn logs(&self) -> &KeyLogs {
        &self.logs
    }

    #[must_use]
    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    /// The proposal that whoever signs an act agrees to by it; nothing where they agree to none, or it is none on record here.
    #[must_use]
    pub fn agreed_to<'a>(&'a self, act: &'a Act) -> Option<&'a Proposal> {
        let revision = match act {
            Act::Propose(proposal) | Act::Counter { proposal, .. } => return Some(proposal),
            Act::Accept { revision, .. } | Act::Confirm { revision } => revision,
            Act::Choose { pick, .. } => pick,
            _ => return None,
        };
        self.fold.proposal(self.graph.find(revision)?)
    }

    #[must_use]
    pub fn case(&self) -> Option<CaseId> {
        self.graph.case()
    }

    /// Receipts held, in order of arrival.
    #[must_use]
    pub fn receipts(&self) -> &[SignedReceipt] {
        &self.receipts
    }

    /// Sealed values held for an entry.
    #[must_use]
    pub fn values_of(&self, entry: &EntryId) -> &[Disclosure] {
        self.values.get(entry).map_or(&[], |v| v)
    }

    /// Takes in a key event; gives whether it was new.
    ///
    /// # Errors
    /// The named refusal of the key log.
    pub fn apply_key_event(&mut self, bytes: &[u8]) -> Result<bool, KeyLogRefusal> {
        self.logs.apply(bytes).map(|(_, new)| new)
    }

    /// Checks an entry's signature, keeping the device's key parsed for the next one.
    ///
    /// # Errors
    /// When the key or the signature is no good.
    pub fn verify(&mut self, entry: Entry<Unverified>) -> Result<Entry<Verified>, EnvelopeError> {
        let device = entry.statement.device;
        let key = match self.keys.get(&device) {
            Some(key) => key.clone(),
            None => PublicKey::parse(&device.0)?,
        };
        let verified = entry.verify_with(&key)?;
        self.keys.entry(device).or_insert(key);
        Ok(verified)
    }

    /// Takes in a statement from elsewhere: decode, case, duplicate, signature, gate.
    ///
    /// # Errors
    /// The named refusal; a parked one may be tried again when what it rests on has come.
    pub fn apply_bytes(&mut self, bytes: &[u8]) -> Result<Applied, Refusal> {
        let entry = Entry::decode(bytes)?;
        if self.case().is_some_and(|case| case != entry.case) {
            return Err(Refusal::OtherCase);
        }
        if let Some(ix) = self.graph.find(&entry.id) {
            return Ok(Applied::Duplicate(ix));
        }
        let entry = self.verify(entry)?;
        self.apply(entry)
    }

    /// Takes in a statement whose signature was checked.
    ///
    /// # Errors
    /// The named refusal of the gate.
    pub fn apply(&mut self, entry: Entry<Verified>) -> Result<Applied, Refusal> {
        self.admit(entry, ChangeCheck::Build)
    }

    /// Takes in an entry of our own store, or one whose change the caller has built and compared.
    ///
    /// # Errors
    /// The named refusal of the gate: for a store, that it is damaged.
    pub fn restore(&mut self, entry: Entry<Verified>) -> Result<Applied, Refusal> {
        self.admit(entry, ChangeCheck::Given)
    }

    fn admit(&mut self, entry: Entry<Verified>, check: ChangeCheck) -> Result<Applied, Refusal> {
        if let Some(ix) = self.graph.find(&entry.id) {
            return Ok(Applied::Duplicate(ix));
        }
        let admission = gate::check(&self.graph, &self.fold, &self.logs, &entry, check)?;
        let ix = self.graph.insert(entry, admission.past, admission.keys, admission.chain);
        self.fold.judge(&self.graph, &self.logs, ix, admission.act);
        self.brief_cache.entered(&self.fold, &self.graph, ix);
        Ok(Applied::New(ix))
    }

    /// Whether a further branch at a position twice signed already would count for anything.
    #[must_use]
    pub fn is_surplus(&self, statement: &Statement, id: &EntryId) -> bool {
        self.graph.at_position(&statement.device, statement.seq).len() >= 2
            && self.graph.find(id).is_none()
            && !self.graph.branch_would_count(statement, id)
    }

    /// What an act would become if signed now: passes the gate, and the fold finds it with effect.
    /// `salt` gives 32 fresh random bytes at each call; `at` is Unix milliseconds.
    ///
    /// # Errors
    /// Why it may not be signed.
    pub fn draft(
        &self,
        author: &Author,
        act: &Act,
        at: i64,
        salt: &mut dyn FnMut() -> [u8; 32],
    ) -> Result<Draft, DraftError> {
        let opens = matches!(act, Act::Open(_));
        let heads = if opens { Vec::new() } else { self.graph.heads() };
        if heads.len() > MAX_DEPS {
            return Err(DraftError::TooManyHeads);
        }
        let tip = self.graph.tips_of(&author.device).first().copied();
        let (seq, prev) = tip.map_or((1, None), |ix| (self.graph.statement(ix).seq + 1, Some(self.graph.id(ix))));
        let keys = self.citations(author, act, seq, &heads);
        let mut statement = Statement {
            case: if opens { None } else { self.case() },
            party: author.party,
            device: author.device,
            seq,
            prev,
            deps: heads,
            keys,
            grant: author.grant,
            at,
            kind: act.kind().to_owned(),
            body: act.body(),
        };
        let context = context_of(&statement);
        let mut values = Vec::new();
        for path in seal::by_default(act) {
            let salt = salt();
            if let Some(value) = seal::seal(&context, &mut statement.body, &path, &salt) {
                values.push((path, salt, value));
            }
        }
        let change = gate::check_own(&self.graph, &self.fold, &self.logs, &statement)?;
        self.refuse_without_effect(author, &statement, act)?;
        Ok(Draft { statement, values, change })
    }

    /// What the author's own node refuses before signing although the gate would pass it.
    fn refuse_without_effect(&self, author: &Author, statement: &Statement, act: &Act) -> Result<(), DraftError> {
        if let Act::Accept { revision, .. } = act {
            let missing = self.graph.find(revision).map_or(0, |ix| self.lacking_values(ix).len());
            if missing > 0 {
                return Err(DraftError::Unseen(missing));
            }
        }
        match self.fold.judge_draft(&self.graph, &self.logs, author, statement, act) {
            Verdict::Effective => Ok(()),
            Verdict::Without(reason) => Err(DraftError::WithoutEffect(reason)),
            // On record it is there for everybody; nothing comes to depend on it.
            Verdict::NotJudged if self.is_mere_stamp(act) => Ok(()),
            Verdict::NotJudged => Err(DraftError::NotJudged),
        }
    }

    /// Whether an act puts a time stamp on record and nothing rests on how it is judged. What an offer with a time limit
    /// comes to does, and nobody could sign anything more on it.
    fn is_mere_stamp(&self, act: &Act) -> bool {
        let Act::Prove { what: Proof::TimeStamp, about, .. } = act else { return false };
        let about = about.and_then(|id| self.graph.find(&id));
        let spoken_of = about.map(|ix| references(self.fold.act(ix))).unwrap_or_default();
        let timed = |ix: Ix| self.fold.proposal(ix).is_some_and(|p| p.open_until.is_some());
        !spoken_of.iter().filter_map(|id| self.graph.find(id)).any(timed)
    }

    /// The points in key logs a new statement must cite: the author's own at the feed's first, and news since.
    fn citations(&self, author: &Author, act: &Act, seq: u32, heads: &[EntryId]) -> Vec<KeyCitation> {
        let known = self.graph.past_of(heads).map(|past| past.keys).unwrap_or_default();
        let mut parties: Vec<PartyId> = known.keys().copied().collect();
        parties.push(author.party);
        if let Act::Admit { party, .. } = act {
            parties.push(*party);
        }
        parties.sort_unstable();
        parties.dedup();
        let cite = |party: PartyId| {
            let own = party == author.party;
            let head = if own { self.logs.head_with(&party, &author.grant)? } else { self.logs.head(&party)? };
            let rank = self.logs.event(&head.event).map(KeyEvent::rank)?;
            let news = known.get(&party).is_none_or(|k| rank > k.rank());
            (news || (own && seq == 1)).then_some(head)
        };
        parties.into_iter().filter_map(cite).collect()
    }

    /// Signs a draft and takes it in. Persist what this gives before showing or sending it.
    ///
    /// # Errors
    /// When the record has moved on since the draft was made.
    pub fn seal_and_sign(&mut self, draft: Draft, key: &SigningKey) -> Result<Signed, Refusal> {
        debug_assert_eq!(public_half(key), draft.statement.device, "a draft is signed by its own device");
        let entry = Entry::sign(&draft.statement, draft.change, key);
        let id = entry.id;
        let bytes = entry.bytes().to_vec();
        let values: Vec<Disclosure> =
            draft.values.into_iter().map(|(path, salt, value)| Disclosure { entry: id, path, salt, value }).collect();
        let ix = match self.apply(entry)? {
            Applied::New(ix) | Applied::Duplicate(ix) => ix,
        };
        if !values.is_empty() {
            self.values.insert(id, values.clone());
        }
        Ok(Signed { ix, id, bytes, values })
    }

    /// Keeps a sealed value that matches what was signed; gives whether it was new.
    ///
    /// # Errors
    /// When its entry is unknown or it does not match.
    pub fn apply_value(&mut self, disclosure: Disclosure) -> Result<bool, ValueRefusal> {
        let ix = self.graph.find(&disclosure.entry).ok_or(ValueRefusal::UnknownEntry)?;
        let statement = self.graph.statement(ix);
        if !disclosure.matches(&context_of(statement), &statement.body) {
            return Err(ValueRefusal::Mismatch);
        }
        // What was sealed obeys the same rules as what is open: no control characters slip in by this door.
        let fits = disclosure
            .reveal(&statement.body)
            .is_some_and(|body| gate::fits_level(&self.graph, &statement.kind, &body));
        if !fits {
            return Err(ValueRefusal::NotAllowed);
        }
        let known = self.values.entry(disclosure.entry).or_default();
        if known.iter().any(|d| d.path == disclosure.path) {
            return Ok(false);
        }
        known.push(disclosure);
        Ok(true)
    }

    /// Sealed places of an entry whose values are not here.
    #[must_use]
    pub fn lacking_values(&self, ix: Ix) -> Vec<Vec<PathStep>> {
        let known = self.values_of(&self.graph.id(ix));
        let sealed = seal::find_sealed(&self.graph.statement(ix).body);
        sealed.into_iter().map(|(path, _)| path).filter(|path| !known.iter().any(|d| d.path == *path)).collect()
    }

    /// Keeps a receipt; gives whether it was new.
    ///
    /// # Errors
    /// When it is not of this case, its device may not receive, or it covers what is not here.
    pub fn apply_receipt(&mut self, receipt: SignedReceipt) -> Result<bool, ReceiptRefusal> {
        if self.case() != Some(receipt.receipt.case) {
            return Err(ReceiptRefusal::OtherCase);
        }
        if self.receipts.iter().any(|r| r.id == receipt.id) {
            return Ok(false);
        }
        // On whichever branch of a forked log: what a device says that it holds speaks against its own party.
        let device = receipt.receipt.device;
        let receives = |event: &KeyEvent| matches!(&event.body, EventBody::Grant(g) if g.device == device && g.receive);
        if !self.logs.of_party(&receipt.receipt.party).any(receives) {
            return Err(ReceiptRefusal::NoGrant);
        }
        if receipt.receipt.heads.iter().any(|h| self.graph.find(h).is_none()) {
            return Err(ReceiptRefusal::UnknownHeads);
        }
        self.receipts.push(receipt);
        Ok(true)
    }

    /// The last receipt of a device, by number.
    #[must_use]
    pub fn last_receipt(&self, device: &DeviceKey) -> Option<&SignedReceipt> {
        self.receipts.iter().filter(|r| r.receipt.device == *device).max_by_key(|r| r.receipt.number)
    }

    /// A new receipt of ours for all that is here, if it covers more than the last one, or less is lacking beside it,
    /// and the interval has passed. Call it only for what is durable. `at` is Unix milliseconds.
    #[must_use]
    pub fn receipt_due(&self, author: &Author, at: i64) -> Option<Receipt> {
        let last = self.last_receipt(&author.device).map(|r| (r.id, &r.receipt));
        let heads = self.graph.heads();
        let covered = last.is_some_and(|(_, r)| {
            let tips: Vec<Ix> = r.heads.iter().filter_map(|h| self.graph.find(h)).collect();
            heads.iter().filter_map(|h| self.graph.find(h)).all(|ix| self.graph.covered_by(ix, &tips))
        });
        let own =
            |head: &EntryId| self.graph.find(head).is_some_and(|ix| self.graph.statement(ix).device == author.device);
        // A statement of this device is itself a receipt of its past, but says nothing of what lies beside it.
        let arrived = || last.is_some_and(|(_, r)| self.lacks_less(&author.party, &r.lacking));
        let same = (covered || heads.iter().all(own)) && !arrived();
        let nothing_new = same || heads.is_empty() || heads.len() > MAX_DEPS;
        if nothing_new || last.is_some_and(|(_, r)| at < r.at + crate::receipt::INTERVAL_MS && at >= r.at) {
            return None;
        }
        let tip = self.graph.tips_of(&author.device).into_iter().map(|ix| self.graph.statement(ix).seq).max();
        let mut lacking = self.lacking(&author.party);
        lacking.truncate(MAX_LACKING);
        Some(Receipt {
            case: self.case()?,
            party: author.party,
            device: author.device,
            last_seq: tip.unwrap_or(0),
            number: last.map_or(0, |(_, r)| r.number) + 1,
            previous: last.map(|(id, _)| id),
            heads,
            keys: self.logs.head_with(&author.party, &author.grant).into_iter().collect(),
            lacking,
            at,
        })
    }

    /// The change of an entry, built anew from its statement. Entries can be built on several threads at once; to
    /// check what was restored, compare each with [`Entry::change`].
    #[must_use]
    pub fn change_of(&self, ix: Ix) -> BuiltChange {
        let node = self.graph.node(ix);
        let statement = &node.entry.statement;
        let root = if statement.is_open() { None } else { self.graph.root() };
        let prev = statement.prev.and_then(|p| self.graph.find(&p)).map(|p| self.graph.node(p).chain);
        change::build(node.entry.id, node.entry.case, statement, root, prev.as_ref())
            .expect("an admitted entry stayed within the limits")
    }

    /// Writes the bytes of an entry's change behind those in `out`, and gives its hash: what [`Self::change_of`] builds,
    /// several times as fast.
    #[must_use]
    pub fn write_change_of(&self, ix: Ix, writer: &mut ChangeWriter, out: &mut Vec<u8>) -> ChangeId {
        let node = self.graph.node(ix);
        let statement = &node.entry.statement;
        let root = if statement.is_open() { None } else { self.graph.root() };
        let prev = statement.prev.and_then(|p| self.graph.find(&p)).map(|p| self.graph.node(p).chain);
        let names = (node.entry.id, node.entry.case);
        let end = writer.write(out, names, statement, root, prev.as_ref());
        end.expect("an admitted entry stayed within the limits").change
    }

    /// The changes that stand in the Automerge document, built anew from the statements.
    #[must_use]
    pub fn changes(&self) -> Vec<BuiltChange> {
        self.graph.in_document().into_iter().map(|ix| self.change_of(ix)).collect()
    }

    /// The Automerge document of this case.
    ///
    /// # Errors
    /// When Automerge does not take the changes; this copy is damaged then.
    pub fn document(&self) -> Result<Document, DocumentError> {
        Document::assemble(self.changes())
    }
}

/// An own statement, signed and in the record.
#[derive(Debug, Clone)]
pub struct Signed {
    pub ix: Ix,
    pub id: EntryId,
    pub bytes: Vec<u8>,
    pub values: Vec<Disclosure>,
}

fn context_of(statement: &Statement) -> SealContext {
    SealContext {
        case: statement.case,
        party: statement.party,
        device: statement.device,
        seq: u64::from(statement.seq),
    }
}
