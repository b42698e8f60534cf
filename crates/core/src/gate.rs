//! The gate: the small, structural, frozen check that every statement passes on every node, in one order.
//!
//! Meaning is not judged here. One wrong refusal would make an author's feed, and all that rests on it,
//! undeliverable for ever; so whatever is a matter of meaning becomes an entry, and the fold says "without effect".

use std::sync::Arc;

use crate::{
    act::Act,
    change::{self, ChainEnd, TooManyOps},
    envelope::{EnvelopeError, Verified},
    fold::{Fold, Scope},
    graph::{Graph, Ix, KeyPoint, KeyPoints, Past},
    id::{ChangeId, EntryId},
    keylog::{GrantState, KeyLogs, RevokeReason},
    schema::{self, SchemaError},
    statement::{DecodeError, Entry, KeyCitation, Statement},
};

/// Why a statement does not become an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it cannot be read: {0}")]
    Decode(#[from] DecodeError),
    #[error("it belongs to another case")]
    OtherCase,
    #[error("its signature does not hold: {0}")]
    Signature(#[from] EnvelopeError),
    #[error("its list of known heads is not strictly ascending, or is empty, or stands where none may")]
    DepsShape,
    #[error("it begins a feed or a case in a form that does not fit (sequence number, previous entry, case id)")]
    FeedShape,
    #[error("its list of key log points is not strictly ascending, or goes back, or leaves out the author's own")]
    KeysShape,
    #[error("parked: {} entries it rests on are not here yet", .0.len())]
    MissingEntries(Vec<EntryId>),
    #[error("parked: key events it relies on are not here yet")]
    MissingKeys(Vec<KeyCitation>),
    #[error("one of the heads it names is already in the past of another")]
    NotAntichain,
    #[error("its feed is not one line: it does not follow from the feed's previous entry")]
    NotLinear,
    #[error("the case is kept at format level {0}, which this program does not know: update")]
    UnknownLevel(i64),
    #[error("the act is not as the case's format level has it: {0}")]
    Schema(#[from] SchemaError),
    #[error("the author's key log does not grant this device the right to sign")]
    NoGrant,
    #[error("the device's grant was revoked ({0:?}) before this was signed")]
    Revoked(RevokeReason),
    #[error("its author was never admitted to the case")]
    NotAdmitted,
    #[error("its Automerge change is not the one this statement makes")]
    Change,
    #[error("the case has more operations than the format allows")]
    TooManyOps,
}

impl Refusal {
    /// Whether it may be admitted later, once what it rests on has come.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        matches!(self, Self::MissingEntries(_) | Self::MissingKeys(_))
    }
}

impl From<TooManyOps> for Refusal {
    fn from(_: TooManyOps) -> Self {
        Self::TooManyOps
    }
}

/// A statement found fit to be an entry, with what its place in the graph needs.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) past: Past,
    pub(crate) keys: Arc<KeyPoints>,
    pub(crate) chain: ChainEnd,
    pub(crate) act: Act,
}

/// How the signed change is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeCheck {
    /// Built and compared.
    Build,
    /// Compared before (our own store), or by the caller in parallel.
    Given,
}

/// All that comes after encoding and signature. The caller has dropped duplicates.
pub(crate) fn check(
    graph: &Graph,
    fold: &Fold,
    logs: &KeyLogs,
    entry: &Entry<Verified>,
    change: ChangeCheck,
) -> Result<Admission, Refusal> {
    let statement = &entry.statement;
    if graph.case().is_some_and(|case| case != entry.case) {
        return Err(Refusal::OtherCase);
    }
    shape(statement)?;
    let (past, keys, act) = checked(graph, fold, logs, statement)?;
    let prev = statement.prev.and_then(|p| graph.find(&p)).map(|ix| graph.node(ix).chain);
    let chain = match change {
        ChangeCheck::Given => change::advance(statement, entry.change, graph.root(), prev.as_ref())?,
        ChangeCheck::Build => {
            let built = change::build(entry.id, entry.case, statement, graph.root(), prev.as_ref())?;
            if built.end.change != entry.change {
                return Err(Refusal::Change);
            }
            built.end
        }
    };
    Ok(Admission { past, keys, chain, act })
}

/// The gate for a statement of our own, before it is signed: everything but the change, which is built here.
pub(crate) fn check_own(
    graph: &Graph,
    fold: &Fold,
    logs: &KeyLogs,
    statement: &Statement,
) -> Result<ChangeId, Refusal> {
    shape(statement)?;
    checked(graph, fold, logs, statement)?;
    let core = statement.encode();
    Statement::decode(&core)?;
    let id = EntryId(crate::id::hash(crate::id::Domain::Entry, &[&core]));
    let case = match statement.case {
        Some(case) => case,
        None => crate::id::CaseId(crate::id::hash(crate::id::Domain::Case, &[&core])),
    };
    let prev = statement.prev.and_then(|p| graph.find(&p)).map(|ix| graph.node(ix).chain);
    Ok(change::build(id, case, statement, graph.root(), prev.as_ref())?.end.change)
}

fn shape(statement: &Statement) -> Result<(), Refusal> {
    let opens = statement.is_open();
    if !statement.deps.is_sorted_by(|a, b| a < b) || statement.deps.is_empty() != opens {
        return Err(Refusal::DepsShape);
    }
    let first = statement.seq == 1;
    if first != statement.prev.is_none() || opens != statement.case.is_none() || (opens && !first) {
        return Err(Refusal::FeedShape);
    }
    if !statement.keys.is_sorted_by(|a, b| a.party < b.party) {
        return Err(Refusal::KeysShape);
    }
    Ok(())
}

fn checked(
    graph: &Graph,
    fold: &Fold,
    logs: &KeyLogs,
    statement: &Statement,
) -> Result<(Past, Arc<KeyPoints>, Act), Refusal> {
    let past = known_past(graph, logs, statement)?;
    if !graph.antichain(&statement.deps) {
        return Err(Refusal::NotAntichain);
    }
    linear(graph, &past, statement)?;
    let act = level_act(graph, fold, statement)?;
    let keys = cited_keys(logs, &past, statement)?;
    granted(logs, &keys, statement)?;
    if !admitted(graph, &past, statement) {
        return Err(Refusal::NotAdmitted);
    }
    Ok((past, keys, act))
}

fn known_past(graph: &Graph, logs: &KeyLogs, statement: &Statement) -> Result<Past, Refusal> {
    let past = match graph.past_of(&statement.deps) {
        Ok(past) => past,
        Err(missing) => return Err(Refusal::MissingEntries(missing)),
    };
    if let Some(prev) = statement.prev.filter(|p| graph.find(p).is_none()) {
        return Err(Refusal::MissingEntries(vec![prev]));
    }
    let unknown: Vec<KeyCitation> = statement.keys.iter().filter(|k| !logs.knows(k)).copied().collect();
    if unknown.is_empty() { Ok(past) } else { Err(Refusal::MissingKeys(unknown)) }
}

fn linear(graph: &Graph, past: &Past, statement: &Statement) -> Result<(), Refusal> {
    let prev = statement.prev.and_then(|p| graph.find(&p));
    let follows = prev.is_none_or(|p| {
        let before = graph.statement(p);
        before.device == statement.device && before.party == statement.party && before.seq + 1 == statement.seq
    });
    if follows && graph.linear(past, &statement.device, prev) { Ok(()) } else { Err(Refusal::NotLinear) }
}

fn level_act(graph: &Graph, fold: &Fold, statement: &Statement) -> Result<Act, Refusal> {
    let number = if graph.is_empty() {
        level_named(&statement.body)
    } else {
        // A raise is in effect once all signatures on it are in the past.
        let deps: Vec<Ix> = statement.deps.iter().filter_map(|d| graph.find(d)).collect();
        fold.lens(graph).with(Scope::Upto(&deps)).level()
    };
    let level = level(number).ok_or(Refusal::UnknownLevel(number))?;
    level.check(&statement.kind, &statement.body)?;
    // `open` stands first or nowhere.
    if statement.is_open() != graph.is_empty() {
        return Err(Refusal::FeedShape);
    }
    Act::read(&statement.kind, &statement.body).ok_or(Refusal::Decode(DecodeError::Field("body")))
}

/// Whether a body would pass at the case's level: for values that were sealed when the gate saw them.
pub(crate) fn fits_level(graph: &Graph, kind: &str, body: &crate::cbor::Value) -> bool {
    let open = graph.all().next().map(|ix| level_named(&graph.statement(ix).body));
    open.and_then(level).is_some_and(|level| level.check(kind, body).is_ok())
}

fn level(number: i64) -> Option<&'static schema::Level> {
    schema::level(u32::try_from(number).ok()?)
}

fn level_named(open: &crate::cbor::Value) -> i64 {
    open.field("level").and_then(crate::cbor::Value::as_int).unwrap_or(0)
}

/// A point never goes back: rotations first, then positions, above every one the past cites for that party; equal only
/// for the author's own at the feed's first statement, where it always stands.
fn cited_keys(logs: &KeyLogs, past: &Past, statement: &Statement) -> Result<Arc<KeyPoints>, Refusal> {
    let own_at_first = statement.seq == 1;
    if own_at_first && !statement.keys.iter().any(|k| k.party == statement.party) {
        return Err(Refusal::KeysShape);
    }
    if statement.keys.is_empty() {
        return Ok(Arc::clone(&past.keys));
    }
    let mut points = (*past.keys).clone();
    for cited in &statement.keys {
        let rotations = logs.event(&cited.event).map_or(0, |event| event.rotations);
        let point = KeyPoint { cited: *cited, rotations };
        if let Some(known) = points.get(&cited.party) {
            let may_equal = own_at_first && cited.party == statement.party;
            let forward = point.rank() > known.rank() || (may_equal && point.rank() == known.rank());
            if !forward {
                return Err(Refusal::KeysShape);
            }
        }
        points.insert(cited.party, point);
    }
    Ok(Arc::new(points))
}

fn granted(logs: &KeyLogs, keys: &KeyPoints, statement: &Statement) -> Result<(), Refusal> {
    let point = keys.get(&statement.party).ok_or(Refusal::NoGrant)?;
    match logs.grant_at(&point.cited.event, &statement.grant) {
        GrantState::Stands(grant) if grant.device == statement.device => Ok(()),
        GrantState::Revoked(reason) => Err(Refusal::Revoked(reason)),
        GrantState::Stands(_) | GrantState::Absent => Err(Refusal::NoGrant),
    }
}

fn admitted(graph: &Graph, past: &Past, statement: &Statement) -> bool {
    if statement.is_open() {
        return true;
    }
    graph.admits_of(&statement.party).iter().any(|ix| graph.covers(&past.clock, *ix))
}
