//! The Automerge change of a statement. The only file that knows Automerge.
//!
//! A peer's bytes never come here: each node builds the change from the checked statement and compares hashes.

mod bytes;

use std::num::NonZeroU64;

use automerge::{
    ActorId, Automerge, Change, ChangeHash, ExpandedChange, ObjType, ReadDoc, ScalarValue,
    legacy::{ElementId, Key as OpKey, ObjectId, Op, OpId, OpType, SortedVec},
};

pub use self::bytes::ChangeWriter;
use crate::{
    cbor::{Key, Value},
    id::{CaseId, ChangeId, DeviceKey, Domain, EntryId, hash},
    statement::{FORMAT_VERSION, Statement},
};

/// Statements of one feed that share a map, so that no map grows without bound.
pub const BUCKET: u32 = 64;
/// Op counters stay below this.
pub const MAX_OP: u64 = 1 << 31;

/// Where a feed's chain of changes stands after a statement: all that its next change depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainEnd {
    pub change: ChangeId,
    pub last_op: u64,
    /// The op that made the current bucket map.
    pub bucket_op: u64,
}

/// What the first change of every feed builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    pub case: CaseId,
    pub opener_device: DeviceKey,
    /// The chain's end after `open` itself.
    pub open: ChainEnd,
}

/// A change could not be built within the format's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the case has more operations than the format allows")]
pub struct TooManyOps;

/// The actor a device writes under in a case.
#[must_use]
pub fn actor(case: &CaseId, device: &DeviceKey) -> [u8; 32] {
    hash(Domain::Actor, &[&case.0, &device.0])
}

/// The chain's end after a statement, without building its change: counts operations only. `change` is taken as
/// given, so this is for statements that were already admitted.
///
/// # Errors
/// When the op counter would leave its range.
pub fn advance(
    statement: &Statement,
    change: ChangeId,
    root: Option<&Root>,
    prev: Option<&ChainEnd>,
) -> Result<ChainEnd, TooManyOps> {
    let start = start_op(root, prev);
    let new_bucket = (statement.seq - 1).is_multiple_of(BUCKET);
    let opening = u64::from(root.is_none());
    let bucket_op = if new_bucket { start + opening } else { prev.map_or(0, |p| p.bucket_op) };
    let fields: u64 = 8
        + u64::from(statement.prev.is_some())
        + statement.deps.len() as u64
        + 4 * statement.keys.len() as u64
        + ops_of(&statement.body);
    // version, party, deps, keys, grant, at, kind and id are the eight that always stand.
    let last_op = start + opening + u64::from(new_bucket) + fields;
    if last_op >= MAX_OP {
        return Err(TooManyOps);
    }
    Ok(ChainEnd { change, last_op, bucket_op })
}

fn start_op(root: Option<&Root>, prev: Option<&ChainEnd>) -> u64 {
    prev.or(root.map(|r| &r.open)).map_or(1, |end| end.last_op + 1)
}

fn ops_of(value: &Value) -> u64 {
    match value {
        Value::Array(items) => 1 + items.iter().map(ops_of).sum::<u64>(),
        Value::Map(entries) => 1 + entries.iter().map(|(_, v)| ops_of(v)).sum::<u64>(),
        _ => 1,
    }
}

/// Builds the change of a statement. `root` is absent for `open` only; `prev` is the feed's previous chain end,
/// absent at the feed's first statement.
///
/// # Errors
/// When the op counter would leave its range.
pub fn build(
    id: EntryId,
    case: CaseId,
    statement: &Statement,
    root: Option<&Root>,
    prev: Option<&ChainEnd>,
) -> Result<BuiltChange, TooManyOps> {
    let end = advance(statement, ChangeId([0; 32]), root, prev)?;
    let actor_bytes = actor(&case, &statement.device);
    let start = start_op(root, prev);
    let mut ops = Ops { actor: ActorId::from(&actor_bytes[..]), next: start, ops: Vec::with_capacity(48) };

    let acts = match root {
        None => ops.make(ObjectId::Root, OpKey::Map("acts".into()), false, ObjType::Map),
        Some(root) => {
            let opener = ActorId::from(&actor(&root.case, &root.opener_device)[..]);
            ObjectId::Id(OpId::new(1, &opener))
        }
    };
    let bucket_key = format!("{}/{}", data_encoding::HEXLOWER.encode(&actor_bytes), (statement.seq - 1) / BUCKET);
    let bucket = if (statement.seq - 1).is_multiple_of(BUCKET) {
        ops.make(acts, OpKey::Map(bucket_key.as_str().into()), false, ObjType::Map)
    } else {
        ObjectId::Id(OpId::new(end.bucket_op, &ops.actor))
    };
    let entry = ops.make(bucket, OpKey::Map(statement.seq.to_string().as_str().into()), false, ObjType::Map);
    for (key, value) in fields(id, statement) {
        ops.put(entry.clone(), OpKey::Map(key.into()), false, &value);
    }
    debug_assert_eq!(ops.next - 1, end.last_op, "counted and built operations agree");

    let depends_on = prev.or(root.map(|r| &r.open)).map(|end| ChangeHash(end.change.0));
    let change = Change::from(ExpandedChange {
        operations: ops.ops,
        actor_id: ops.actor,
        hash: None,
        seq: u64::from(statement.seq),
        start_op: NonZeroU64::new(start).expect("operations count from one"),
        time: statement.at / 1000,
        message: None,
        deps: depends_on.into_iter().collect(),
        extra_bytes: if statement.seq == 1 { author_footer(&statement.device) } else { Vec::new() },
        author: None,
    });
    let hash = ChangeId(change.hash().0);
    let built = BuiltChange { end: ChainEnd { change: hash, ..end }, change };
    debug_assert!(is_as_written(&built, (id, case), statement, root, prev), "built and written bytes agree");
    Ok(built)
}

/// Whether [`ChangeWriter`] makes the same bytes: checked wherever tests build a change.
fn is_as_written(
    built: &BuiltChange,
    names: (EntryId, CaseId),
    statement: &Statement,
    root: Option<&Root>,
    prev: Option<&ChainEnd>,
) -> bool {
    let mut bytes = Vec::new();
    let end = ChangeWriter::default().write(&mut bytes, names, statement, root, prev);
    end == Ok(built.end) && bytes == built.change.raw_bytes()
}

/// A change that was built here, and where its feed's chain now ends.
#[derive(Debug, Clone)]
pub struct BuiltChange {
    pub end: ChainEnd,
    change: Change,
}

impl BuiltChange {
    /// The change's bytes, the form whose SHA-256 is its hash.
    #[must_use]
    pub fn raw_bytes(&self) -> Vec<u8> {
        self.change.raw_bytes().to_vec()
    }
}

/// The assembled document: what any Automerge implementation opens.
#[derive(Debug)]
pub struct Document(Automerge);

/// Changes built from admitted statements did not make a document; the copy is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the Automerge document could not be assembled: {0}")]
pub struct DocumentError(String);

impl Document {
    /// Merges changes into one document, all in one call because one by one costs far more.
    ///
    /// # Errors
    /// When Automerge does not take them, or some rest on changes that are not among them.
    pub fn assemble(changes: impl IntoIterator<Item = BuiltChange>) -> Result<Self, DocumentError> {
        let mut document = Automerge::new();
        let changes: Vec<Change> = changes.into_iter().map(|c| c.change).collect();
        document.apply_changes(changes).map_err(|e| DocumentError(e.to_string()))?;
        if !document.get_missing_deps(&[]).is_empty() {
            return Err(DocumentError("some changes rest on others that are not there".to_owned()));
        }
        Ok(Self(document))
    }

    /// The document's heads, ascending. Compare these, never the saved bytes.
    #[must_use]
    pub fn heads(&self) -> Vec<ChangeId> {
        let mut heads: Vec<ChangeId> = self.0.get_heads().iter().map(|h| ChangeId(h.0)).collect();
        heads.sort_unstable();
        heads
    }

    /// The document in Automerge's file format.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        self.0.save()
    }
}

/// Bytes of the author footer: a column of type 1, its length, the device key.
fn author_footer(device: &DeviceKey) -> Vec<u8> {
    let mut footer = vec![1, 32];
    footer.extend_from_slice(&device.0);
    footer
}

/// The statement as a map, in canonical key order, so that the change commits to the whole core.
fn fields(id: EntryId, statement: &Statement) -> Vec<(&'static str, Value)> {
    let bytes32 = |b: &[u8; 32]| Value::from(b);
    let deps = statement.deps.iter().map(|d| bytes32(&d.0)).collect();
    let keys = statement
        .keys
        .iter()
        .map(|k| Value::Array(vec![bytes32(&k.party.0), Value::from(k.position), bytes32(&k.event.0)]))
        .collect();
    let mut fields = vec![
        ("at", Value::Int(statement.at)),
        ("id", bytes32(&id.0)),
        ("body", statement.body.clone()),
        ("deps", Value::Array(deps)),
        ("keys", Value::Array(keys)),
        ("kind", Value::from(statement.kind.as_str())),
    ];
    if let Some(prev) = &statement.prev {
        fields.push(("prev", bytes32(&prev.0)));
    }
    fields.push(("grant", bytes32(&statement.grant.0)));
    fields.push(("party", bytes32(&statement.party.0)));
    fields.push(("version", Value::Int(FORMAT_VERSION)));
    fields
}

struct Ops {
    actor: ActorId,
    next: u64,
    ops: Vec<Op>,
}

impl Ops {
    fn push(&mut self, obj: ObjectId, key: OpKey, insert: bool, action: OpType) -> OpId {
        let id = OpId::new(self.next, &self.actor);
        self.ops.push(Op { action, obj, key, pred: SortedVec::new(), insert });
        self.next += 1;
        id
    }

    fn make(&mut self, obj: ObjectId, key: OpKey, insert: bool, kind: ObjType) -> ObjectId {
        ObjectId::Id(self.push(obj, key, insert, OpType::Make(kind)))
    }

    /// Writes a value depth first and gives the op that made it.
    fn put(&mut self, obj: ObjectId, key: OpKey, insert: bool, value: &Value) -> OpId {
        let scalar = match value {
            Value::Int(n) => ScalarValue::Int(*n),
            Value::Text(t) => ScalarValue::Str(t.as_str().into()),
            Value::Bytes(b) => ScalarValue::Bytes(b.clone()),
            Value::Bool(b) => ScalarValue::Boolean(*b),
            Value::Map(entries) => {
                let id = self.push(obj, key, insert, OpType::Make(ObjType::Map));
                for (key, value) in entries {
                    let key = match key {
                        Key::Text(t) => OpKey::Map(t.as_str().into()),
                        Key::Int(n) => OpKey::Map(n.to_string().as_str().into()),
                    };
                    self.put(ObjectId::Id(id.clone()), key, false, value);
                }
                return id;
            }
            Value::Array(items) => {
                let id = self.push(obj, key, insert, OpType::Make(ObjType::List));
                let mut after = ElementId::Head;
                for item in items {
                    let made = self.put(ObjectId::Id(id.clone()), OpKey::Seq(after), true, item);
                    after = ElementId::Id(made);
                }
                return id;
            }
        };
        self.push(obj, key, insert, OpType::Put(scalar))
    }
}
