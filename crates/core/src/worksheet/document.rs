//! The Automerge document of a worksheet, made of the edits in their places. Beside `change.rs` the only file that
//! knows Automerge.
//!
//! Each edit is one change: its actor is the hash of case, epoch and device, its number the edit's position, its
//! first operation 1 + the last one of its past. Changes are built here, never taken from a peer.

#[cfg(test)]
use std::collections::BTreeMap;
use std::num::NonZeroU64;

use automerge::{
    ActorId, Automerge, Change, ChangeHash, ExpandedChange, ObjId, ObjType, ReadDoc, ScalarValue, ScalarValueRef,
    TextEncoding, Value, ValueRef,
    legacy::{ElementId, Key as OpKey, ObjectId, Op, OpId, OpType, SortedVec},
    transaction::Transactable,
};

use super::{
    edit,
    gate::{Found, Key},
    names::{Choice, Field, RowKind},
    sheet::{Placed, Worksheet},
};

/// The document could not be made of the edits here: a mistake of this program, not of a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the worksheet could not be put together: {0}; start it afresh")]
pub struct DocumentError(String);

/// An operation's name in the document: its counter and the actor.
pub(super) type OpName = (u64, [u8; 32]);

/// The document, as far as it was asked for.
#[derive(Debug)]
pub(super) struct Document {
    doc: Automerge,
    base_actor: [u8; 32],
    base: ChangeHash,
    /// The change of each edit here; none for one that is set aside.
    changes: Vec<Option<ChangeHash>>,
}

impl Document {
    /// The list of rows is one operation, before all edits.
    pub(super) const BASE_OPS: u64 = 1;

    pub(super) fn new(base_actor: &[u8; 32]) -> Self {
        let mut ops = Ops { actor: base_actor, next: 1, ops: Vec::new() };
        let rows = OpKey::Map("rows".into());
        ops.push(ObjectId::Root, rows, false, OpType::Make(ObjType::List), Vec::new());
        let base = change(base_actor, 1, 1, 0, Vec::new(), ops.ops);
        let hash = base.hash();
        let mut doc = Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint);
        doc.apply_changes([base]).expect("one change that rests on nothing");
        Self { doc, base_actor: *base_actor, base: hash, changes: Vec::new() }
    }

    fn heads_of(&self, edits: impl IntoIterator<Item = u32>) -> Result<Vec<ChangeHash>, DocumentError> {
        let hash = |edit: u32| self.changes.get(edit as usize).copied().flatten();
        let missing = || DocumentError("a state that is set aside".to_owned());
        let mut heads = edits.into_iter().map(|edit| hash(edit).ok_or_else(missing)).collect::<Result<Vec<_>, _>>()?;
        if heads.is_empty() {
            heads.push(self.base);
        }
        heads.sort_unstable();
        heads.dedup();
        Ok(heads)
    }
}

impl Worksheet {
    /// Brings the document up to the edits that are here.
    fn catch_up(&mut self) -> Result<(), DocumentError> {
        let mut fresh = Vec::new();
        for ix in self.document.changes.len()..self.placed.len() {
            let placed = &self.placed[ix];
            if placed.aside {
                self.document.changes.push(None);
                continue;
            }
            let change = self.change_of(placed)?;
            self.document.changes.push(Some(change.hash()));
            fresh.push(change);
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let applied = self.document.doc.apply_changes(fresh).map_err(|e| DocumentError(e.to_string()));
        let whole = applied.and_then(|()| {
            let whole = self.document.doc.get_missing_deps(&[]).is_empty();
            if whole { Ok(()) } else { Err(DocumentError("some changes rest on others that are not there".to_owned())) }
        });
        if whole.is_err() {
            self.document = Document::new(&self.document.base_actor);
        }
        whole
    }

    /// The change an edit becomes; those of its causes were made before.
    fn change_of(&self, placed: &Placed) -> Result<Change, DocumentError> {
        let edit = &placed.signed.edit;
        let causes = edit.prev.iter().chain(&edit.deps).filter_map(|id| self.by_id.get(id).copied());
        let deps = self.document.heads_of(causes)?;
        let actor = &self.devices[placed.device].actor;
        let mut ops = Ops { actor, next: placed.start_op, ops: Vec::new() };
        for (op, found) in edit.ops.iter().zip(&placed.found) {
            self.add_ops(&mut ops, op, found);
        }
        debug_assert_eq!(ops.next, placed.last_op + 1, "counted and built operations agree");
        Ok(change(actor, u64::from(edit.seq), placed.start_op, edit.at / 1000, deps, ops.ops))
    }

    fn add_ops(&self, ops: &mut Ops<'_>, op: &edit::Op, found: &Found) {
        match (found, op) {
            (Found::AddRow { kind, after }, _) => {
                let rows = ObjectId::Id(OpId::new(1, &ActorId::from(&self.document.base_actor[..])));
                let row = ops.push(rows, self.behind(ops, *after), true, OpType::Make(ObjType::Map), Vec::new());
                let row = ObjectId::Id(row);
                let word = OpType::Put(ScalarValue::Str(kind.as_str().into()));
                ops.push(row.clone(), OpKey::Map("kind".into()), false, word, Vec::new());
                for field in kind.fields() {
                    let key = OpKey::Map(field.as_str().into());
                    ops.push(row.clone(), key, false, OpType::Make(ObjType::Text), Vec::new());
                }
            }
            (Found::Insert { row, kind, field, after, .. }, edit::Op::Insert { text, .. }) => {
                let object = ObjectId::Id(self.text_op(ops, *row, *kind, *field));
                let mut behind = self.behind(ops, *after);
                for c in text.chars() {
                    let put = OpType::Put(ScalarValue::Str(c.encode_utf8(&mut [0; 4]).into()));
                    let made = ops.push(object.clone(), behind, true, put, Vec::new());
                    behind = OpKey::Seq(ElementId::Id(made));
                }
            }
            (Found::Delete { row, kind, field, first, count }, _) => {
                let object = ObjectId::Id(self.text_op(ops, *row, *kind, *field));
                for n in 0..*count {
                    let char = self.op_id(ops, Key { edit: first.edit, op: first.op + n });
                    let key = OpKey::Seq(ElementId::Id(char.clone()));
                    ops.push(object.clone(), key, false, OpType::Delete, vec![char]);
                }
            }
            (Found::Choose { row, choice, preds }, edit::Op::Choose { value, .. }) => {
                let row = ObjectId::Id(self.op_id(ops, *row));
                let replaced = preds.iter().map(|pred| self.op_id(ops, *pred)).collect();
                let put = OpType::Put(ScalarValue::Str(value.as_str().into()));
                ops.push(row, OpKey::Map(choice.as_str().into()), false, put, replaced);
            }
            (Found::Restart | Found::Insert { .. } | Found::Choose { .. }, _) => {}
        }
    }

    /// The name of something in the document; what the edit under way made is not in its place yet.
    fn op_id(&self, ops: &Ops<'_>, key: Key) -> OpId {
        let (counter, actor) = self.op_name(key);
        debug_assert!(counter < ops.next, "only what was made before is spoken of");
        OpId::new(counter, &ActorId::from(&actor[..]))
    }

    pub(super) fn op_name(&self, key: Key) -> OpName {
        let placed = &self.placed[key.edit as usize];
        (placed.start_op + u64::from(key.op), self.devices[placed.device].actor)
    }

    fn text_op(&self, ops: &Ops<'_>, row: Key, kind: RowKind, field: Field) -> OpId {
        let place = kind.fields().iter().position(|f| *f == field).unwrap_or(0);
        self.op_id(ops, Key { edit: row.edit, op: row.op + 2 + u32::try_from(place).unwrap_or(0) })
    }

    fn behind(&self, ops: &Ops<'_>, after: Option<Key>) -> OpKey {
        OpKey::Seq(after.map_or(ElementId::Head, |key| ElementId::Id(self.op_id(ops, key))))
    }

    /// What made an operation of the document: the reverse of [`Worksheet::op_name`].
    fn key_of(&self, id: &ObjId) -> Option<Key> {
        let ObjId::Id(counter, actor, _) = id else { return None };
        let device = self.devices.iter().find(|device| device.actor[..] == *actor.to_bytes())?;
        let place = device.chain.partition_point(|ix| self.placed[*ix as usize].start_op <= *counter);
        let edit = *device.chain.get(place.checked_sub(1)?)?;
        let op = u32::try_from(counter - self.placed[edit as usize].start_op).ok()?;
        Some(Key { edit, op })
    }

    /// The document as of some of its heads.
    pub(super) fn look(&mut self, heads: impl IntoIterator<Item = u32>) -> Result<Look<'_>, DocumentError> {
        self.catch_up()?;
        let heads = self.document.heads_of(heads)?;
        Ok(Look { sheet: self, heads })
    }

    /// The document in Automerge's file format.
    ///
    /// # Errors
    /// When it could not be put together.
    pub fn save(&mut self) -> Result<Vec<u8>, DocumentError> {
        self.catch_up()?;
        Ok(self.document.doc.save())
    }

    /// The hashes of the document's heads, ascending.
    ///
    /// # Errors
    /// When it could not be put together.
    pub fn document_heads(&mut self) -> Result<Vec<[u8; 32]>, DocumentError> {
        self.catch_up()?;
        let mut heads: Vec<[u8; 32]> = self.document.doc.get_heads().iter().map(|head| head.0).collect();
        heads.sort_unstable();
        Ok(heads)
    }

    /// The bytes of the change that the n-th edit here becomes, in the form whose SHA-256 is its hash; none where it
    /// is set aside.
    ///
    /// # Errors
    /// When the document could not be put together.
    pub fn change_bytes(&mut self, n: usize) -> Result<Option<Vec<u8>>, DocumentError> {
        self.catch_up()?;
        let placed = self.placed.get(n).filter(|placed| !placed.aside);
        placed.map(|placed| Ok(self.change_of(placed)?.raw_bytes().to_vec())).transpose()
    }
}

/// What the document says as of some heads.
pub(super) struct Look<'s> {
    pub(super) sheet: &'s Worksheet,
    heads: Vec<ChangeHash>,
}

impl Look<'_> {
    fn object(&self, key: Key) -> ObjId {
        let (counter, actor) = self.sheet.op_name(key);
        ObjId::Id(counter, ActorId::from(&actor[..]), 0)
    }

    /// The rows in order.
    pub(super) fn rows(&self) -> Vec<Key> {
        let document = &self.sheet.document;
        let rows = ObjId::Id(1, ActorId::from(&document.base_actor[..]), 0);
        let items = document.doc.list_range_at(&rows, .., &self.heads);
        items.filter_map(|item| self.sheet.key_of(&item.id())).collect()
    }

    /// The characters of a text in order, each with what inserted it.
    pub(super) fn text(&self, row: Key, kind: RowKind, field: Field) -> Vec<(char, Key)> {
        let place = kind.fields().iter().position(|f| *f == field).unwrap_or(0);
        let key = Key { edit: row.edit, op: row.op + 2 + u32::try_from(place).unwrap_or(0) };
        let items = self.sheet.document.doc.list_range_at(self.object(key), .., &self.heads);
        // Characters that were typed one behind the other have names one behind the other.
        let mut last: Option<(ObjId, Key)> = None;
        let mut chars = Vec::new();
        for item in items {
            let id = item.id();
            let known = last.as_ref().and_then(|(before, key)| self.next_name(before, *key, &id));
            let Some(key) = known.or_else(|| self.sheet.key_of(&id)) else { continue };
            if let ValueRef::Scalar(ScalarValueRef::Str(text)) = &item.value
                && let Some(c) = text.chars().next()
            {
                chars.push((c, key));
            }
            last = Some((id, key));
        }
        chars
    }

    fn next_name(&self, before: &ObjId, key: Key, id: &ObjId) -> Option<Key> {
        let (ObjId::Id(a, actor, _), ObjId::Id(b, same, _)) = (before, id) else { return None };
        let placed = self.sheet.placed.get(key.edit as usize)?;
        (*b == a + 1 && *b <= placed.last_op && actor == same).then_some(Key { edit: key.edit, op: key.op + 1 })
    }

    /// What is chosen, and what chose it.
    pub(super) fn choice(&self, row: Key, choice: Choice) -> Option<(String, Key)> {
        let found = self.sheet.document.doc.get_at(self.object(row), choice.as_str(), &self.heads).ok()?;
        let (Value::Scalar(value), id) = found? else { return None };
        Some((value.as_str()?.to_owned(), self.sheet.key_of(&id)?))
    }
}

/// Builds the operations of one change.
struct Ops<'a> {
    actor: &'a [u8; 32],
    next: u64,
    ops: Vec<Op>,
}

impl Ops<'_> {
    fn push(&mut self, obj: ObjectId, key: OpKey, insert: bool, action: OpType, replaced: Vec<OpId>) -> OpId {
        let id = OpId::new(self.next, &ActorId::from(&self.actor[..]));
        self.ops.push(Op { action, obj, key, pred: SortedVec::from(replaced), insert });
        self.next += 1;
        id
    }
}

fn change(actor: &[u8; 32], seq: u64, start_op: u64, time: i64, deps: Vec<ChangeHash>, operations: Vec<Op>) -> Change {
    Change::from(ExpandedChange {
        operations,
        actor_id: ActorId::from(&actor[..]),
        hash: None,
        seq,
        start_op: NonZeroU64::new(start_op).expect("operations count from one"),
        time,
        message: None,
        deps,
        extra_bytes: Vec::new(),
        author: None,
    })
}

/// A piece of a text to be put in place of another; positions and lengths in characters of the old text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) at: usize,
    pub(super) delete: usize,
    pub(super) insert: String,
}

/// Above so many pairs of characters the piece that differs is replaced as a whole.
const MOST_PAIRS: usize = 1 << 20;

/// What makes one text of another, in order, found by what people see as characters: Automerge's own search.
pub(super) fn differences(old: &[char], new: &str) -> Vec<Splice> {
    let new: Vec<char> = new.chars().collect();
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let behind = old[same..].iter().rev().zip(new[same..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (from, to) = (&old[same..old.len() - behind], &new[same..new.len() - behind]);
    if from.is_empty() && to.is_empty() {
        return Vec::new();
    }
    let whole = || vec![Splice { at: same, delete: from.len(), insert: to.iter().collect() }];
    if from.is_empty() || to.is_empty() || from.len().saturating_mul(to.len()) > MOST_PAIRS {
        return whole();
    }
    let Some(found) = searched(from, &to.iter().collect::<String>()) else { return whole() };
    found.into_iter().map(|splice| Splice { at: splice.at + same, ..splice }).collect()
}

/// Lets Automerge change one text into another in a document of its own, and reads off what it did.
fn searched(old: &[char], new: &str) -> Option<Vec<Splice>> {
    let mut doc = Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint);
    doc.set_actor(ActorId::from(&[1_u8][..]));
    let mut transaction = doc.transaction();
    let text = transaction.put_object(automerge::ROOT, "text", ObjType::Text).ok()?;
    transaction.splice_text(&text, 0, 0, &old.iter().collect::<String>()).ok()?;
    transaction.commit();
    let mut transaction = doc.transaction();
    transaction.update_text(&text, new).ok()?;
    transaction.commit();
    let expanded = doc.get_last_local_change()?.decode();
    // The text itself is operation 1, its characters those from 2 on.
    let place = |id: &OpId| usize::try_from(id.counter()).ok()?.checked_sub(2);
    let mut deleted = vec![false; old.len()];
    let mut inserted: Vec<String> = vec![String::new(); old.len() + 1];
    let mut spot = 0;
    for op in &expanded.operations {
        match (&op.action, &op.key) {
            (OpType::Delete, OpKey::Seq(ElementId::Id(id))) => *deleted.get_mut(place(id)?)? = true,
            (OpType::Put(ScalarValue::Str(piece)), OpKey::Seq(behind)) if op.insert => {
                spot = match behind {
                    ElementId::Head => 0,
                    ElementId::Id(id) => match place(id)? {
                        at if at < old.len() => at + 1,
                        // Behind what was just inserted.
                        _ => spot,
                    },
                };
                inserted.get_mut(spot)?.push_str(piece);
            }
            _ => return None,
        }
    }
    let mut splices: Vec<Splice> = Vec::new();
    for (at, piece) in inserted.into_iter().enumerate() {
        let delete = deleted.get(at).copied().unwrap_or(false);
        if piece.is_empty() && !delete {
            continue;
        }
        match splices.last_mut().filter(|last| last.at + last.delete == at && last.delete > 0) {
            Some(last) => {
                last.insert.push_str(&piece);
                last.delete += usize::from(delete);
            }
            None => splices.push(Splice { at, delete: usize::from(delete), insert: piece }),
        }
    }
    let made = apply(old, &splices);
    (made == new).then_some(splices)
}

fn apply(old: &[char], splices: &[Splice]) -> String {
    let mut made = String::new();
    let mut at = 0;
    for splice in splices {
        made.extend(&old[at..splice.at]);
        made.push_str(&splice.insert);
        at = splice.at + splice.delete;
    }
    made.extend(&old[at..]);
    made
}

/// What Automerge itself, given a saved document, says of rows, texts and choices; and its heads.
#[cfg(test)]
pub(super) type Reloaded = (Vec<BTreeMap<String, String>>, Vec<[u8; 32]>);

#[cfg(test)]
pub(super) fn reload(saved: &[u8]) -> Reloaded {
    let doc = Automerge::load(saved).expect("a document that was saved loads");
    let mut heads: Vec<[u8; 32]> = doc.get_heads().iter().map(|head| head.0).collect();
    heads.sort_unstable();
    let (_, rows) = doc.get(automerge::ROOT, "rows").expect("readable").expect("rows");
    let read = |row: usize| {
        let (_, row) = doc.get(&rows, row).expect("readable").expect("a row");
        let field = |key: String| {
            let (value, id) = doc.get(&row, key.as_str()).expect("readable").expect("a value");
            let text = match value {
                Value::Object(_) => doc.text(&id).expect("a text"),
                Value::Scalar(value) => value.as_str().expect("a word").to_owned(),
            };
            (key, text)
        };
        doc.keys(&row).map(field).collect()
    };
    ((0..doc.length(&rows)).map(read).collect(), heads)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn between(old: &str, new: &str) -> Vec<Splice> {
        differences(&old.chars().collect::<Vec<_>>(), new)
    }

    #[test]
    fn differences_are_small_and_keep_what_people_see_as_one_character() {
        assert_eq!(between("abc", "abc"), []);
        assert_eq!(between("", "abc"), [Splice { at: 0, delete: 0, insert: "abc".to_owned() }]);
        assert_eq!(between("repair in March", "repair by hand in May"), {
            let by = Splice { at: 7, delete: 0, insert: "by hand ".to_owned() };
            [by, Splice { at: 12, delete: 3, insert: "y".to_owned() }]
        });
        // A flag is two characters that people see as one.
        let flags = between("a\u{1F1E9}\u{1F1EA}b", "a\u{1F1E9}\u{1F1F0}b");
        assert_eq!(flags.iter().map(|s| s.delete).sum::<usize>(), 1, "{flags:?}");
    }

    proptest! {
        #[test]
        fn differences_make_the_new_text(old in "[ab é👍🏽\n]{0,40}", new in "[ab é👍🏽\n]{0,40}") {
            let chars: Vec<char> = old.chars().collect();
            prop_assert_eq!(apply(&chars, &differences(&chars, &new)), new);
        }
    }
}
