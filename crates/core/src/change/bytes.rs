//! The bytes of a change, written straight from its statement, column by column (`docs/protocol.md`, "Bytes of a
//! change"). Automerge makes the same ones several times more slowly; in debug builds every change that it builds is
//! compared with these.

use sha2::{Digest as _, Sha256};

use super::{BUCKET, ChainEnd, Root, TooManyOps, actor, advance, author_footer, start_op};
use crate::{
    cbor::{Key, Value},
    id::{CaseId, ChangeId, DeviceKey, EntryId},
    statement::{FORMAT_VERSION, Statement},
};

const MAGIC: [u8; 4] = [0x85, 0x6F, 0x4A, 0x83];
/// The type of a chunk that is one change.
const CHANGE: u8 = 1;
const MAKE_MAP: u8 = 0;
const PUT: u8 = 1;
const MAKE_LIST: u8 = 2;
const FALSE: u64 = 1;
const TRUE: u64 = 2;
const INT: u64 = 4;
const TEXT: u64 = 6;
const BYTES: u64 = 7;

/// Writes changes one after the other, keeping its memory.
#[derive(Debug, Default)]
pub struct ChangeWriter {
    /// The actor of the device that wrote the last one: most of a case is by few devices.
    known: Option<(CaseId, DeviceKey, [u8; 32])>,
    object_actor: Runs,
    object_counter: Runs,
    after_actor: Runs,
    after_counter: Runs,
    /// The last counter there: what stands is the difference.
    after: i64,
    name: Runs,
    insert: Flags,
    action: Runs,
    meta: Runs,
    values: Vec<u8>,
    first: u64,
    rows: u64,
    contents: Vec<u8>,
}

/// Where a row stands: the map or list by its actor's index and counter, none for the root.
type Object = Option<(u8, u64)>;

/// Under what.
#[derive(Clone, Copy)]
enum Place<'p> {
    Name(&'p str),
    /// Behind the element that this operation made; first in the list where there is none.
    After(Option<u64>),
}
use Place::{After, Name};

impl ChangeWriter {
    /// Writes the bytes of a statement's change behind those that are in `out`, and gives the chain's end after it.
    /// The other arguments are those of [`super::build`].
    ///
    /// # Errors
    /// When the op counter would leave its range.
    pub fn write(
        &mut self,
        out: &mut Vec<u8>,
        (id, case): (EntryId, CaseId),
        statement: &Statement,
        root: Option<&Root>,
        prev: Option<&ChainEnd>,
    ) -> Result<ChainEnd, TooManyOps> {
        let end = advance(statement, ChangeId([0; 32]), root, prev)?;
        let own = self.actor_of(case, statement.device);
        self.begin(start_op(root, prev));
        let begins_bucket = (statement.seq - 1).is_multiple_of(BUCKET);
        // Only a bucket is put into a map that another actor may have made.
        let opener = root.filter(|_| begins_bucket).map(|root| actor(&root.case, &root.opener_device));
        let other = opener.filter(|opener| *opener != own);
        let acts = match root {
            None => (0, self.row(None, Name("acts"), MAKE_MAP, 0)),
            Some(_) => (u8::from(other.is_some()), 1),
        };
        let bucket = if begins_bucket {
            let name = format!("{}/{}", data_encoding::HEXLOWER.encode(&own), (statement.seq - 1) / BUCKET);
            self.row(Some(acts), Name(&name), MAKE_MAP, 0)
        } else {
            end.bucket_op
        };
        let entry = self.row(Some((0, bucket)), Name(&statement.seq.to_string()), MAKE_MAP, 0);
        self.fields(entry, id, statement);
        debug_assert_eq!(self.next() - 1, end.last_op, "counted and written operations agree");

        let depends_on = prev.or(root.map(|r| &r.open)).map(|end| end.change);
        self.contents(statement, &own, other.as_ref(), depends_on);
        let from = out.len();
        out.extend(MAGIC);
        out.extend([0; 4]);
        out.push(CHANGE);
        uleb(out, self.contents.len() as u64);
        out.extend_from_slice(&self.contents);
        let hash: [u8; 32] = Sha256::digest(&out[from + 8..]).into();
        out[from + 4..from + 8].copy_from_slice(&hash[..4]);
        Ok(ChainEnd { change: ChangeId(hash), ..end })
    }

    fn actor_of(&mut self, case: CaseId, device: DeviceKey) -> [u8; 32] {
        let known = self.known.filter(|known| (known.0, known.1) == (case, device));
        let known = known.unwrap_or_else(|| (case, device, actor(&case, &device)));
        self.known = Some(known);
        known.2
    }

    fn begin(&mut self, first: u64) {
        self.first = first;
        self.rows = 0;
        self.after = 0;
        self.values.clear();
        self.contents.clear();
        for column in [
            &mut self.object_actor,
            &mut self.object_counter,
            &mut self.after_actor,
            &mut self.after_counter,
            &mut self.name,
            &mut self.action,
            &mut self.meta,
        ] {
            column.begin();
        }
        self.insert.begin();
    }

    /// The statement as a map, in the canonical order of the fields' names.
    fn fields(&mut self, entry: u64, id: EntryId, statement: &Statement) {
        let map = Some((0, entry));
        self.int(map, Name("at"), statement.at);
        self.bytes(map, Name("id"), &id.0);
        self.value(map, Name("body"), &statement.body);
        let deps = self.row(map, Name("deps"), MAKE_LIST, 0);
        let mut last = None;
        for dep in &statement.deps {
            last = Some(self.bytes(Some((0, deps)), After(last), &dep.0));
        }
        let keys = self.row(map, Name("keys"), MAKE_LIST, 0);
        let mut last = None;
        for cited in &statement.keys {
            let one = self.row(Some((0, keys)), After(last), MAKE_LIST, 0);
            let party = self.bytes(Some((0, one)), After(None), &cited.party.0);
            let position = self.int(Some((0, one)), After(Some(party)), i64::from(cited.position));
            self.bytes(Some((0, one)), After(Some(position)), &cited.event.0);
            last = Some(one);
        }
        self.text(map, Name("kind"), &statement.kind);
        if let Some(prev) = &statement.prev {
            self.bytes(map, Name("prev"), &prev.0);
        }
        self.bytes(map, Name("grant"), &statement.grant.0);
        self.bytes(map, Name("party"), &statement.party.0);
        self.int(map, Name("version"), FORMAT_VERSION);
    }

    /// A value depth first; gives the operation that made it.
    fn value(&mut self, object: Object, place: Place<'_>, value: &Value) -> u64 {
        match value {
            Value::Int(n) => self.int(object, place, *n),
            Value::Text(t) => self.text(object, place, t),
            Value::Bytes(b) => self.bytes(object, place, b),
            Value::Bool(yes) => self.row(object, place, PUT, if *yes { TRUE } else { FALSE }),
            Value::Map(entries) => {
                let made = self.row(object, place, MAKE_MAP, 0);
                for (key, value) in entries {
                    match key {
                        Key::Text(name) => self.value(Some((0, made)), Name(name), value),
                        Key::Int(n) => self.value(Some((0, made)), Name(&n.to_string()), value),
                    };
                }
                made
            }
            Value::Array(items) => {
                let made = self.row(object, place, MAKE_LIST, 0);
                let mut last = None;
                for item in items {
                    last = Some(self.value(Some((0, made)), After(last), item));
                }
                made
            }
        }
    }

    fn int(&mut self, object: Object, place: Place<'_>, n: i64) -> u64 {
        let from = self.values.len();
        sleb(&mut self.values, n);
        let length = (self.values.len() - from) as u64;
        self.row(object, place, PUT, length << 4 | INT)
    }

    fn text(&mut self, object: Object, place: Place<'_>, text: &str) -> u64 {
        self.values.extend_from_slice(text.as_bytes());
        self.row(object, place, PUT, (text.len() as u64) << 4 | TEXT)
    }

    fn bytes(&mut self, object: Object, place: Place<'_>, bytes: &[u8]) -> u64 {
        self.values.extend_from_slice(bytes);
        self.row(object, place, PUT, (bytes.len() as u64) << 4 | BYTES)
    }

    fn next(&self) -> u64 {
        self.first + self.rows
    }

    /// One operation; gives its number. `meta` is the value's length and type, 0 for what is made.
    fn row(&mut self, object: Object, place: Place<'_>, action: u8, meta: u64) -> u64 {
        match object {
            None => {
                self.object_actor.null();
                self.object_counter.null();
            }
            Some((actor, counter)) => {
                self.object_actor.value(|out| out.push(actor));
                self.object_counter.value(|out| uleb(out, counter));
            }
        }
        match place {
            Name(name) => {
                self.after_actor.null();
                self.after_counter.null();
                self.name.value(|out| {
                    uleb(out, name.len() as u64);
                    out.extend_from_slice(name.as_bytes());
                });
            }
            After(element) => {
                match element {
                    None => self.after_actor.null(),
                    Some(_) => self.after_actor.value(|out| out.push(0)),
                }
                let counter = i64::try_from(element.unwrap_or(0)).expect("counters stay below 2^31");
                let step = counter - self.after;
                self.after = counter;
                self.after_counter.value(|out| sleb(out, step));
                self.name.null();
            }
        }
        self.insert.flag(matches!(place, After(_)));
        self.action.value(|out| out.push(action));
        self.meta.value(|out| uleb(out, meta));
        self.rows += 1;
        self.next() - 1
    }

    fn contents(
        &mut self,
        statement: &Statement,
        own: &[u8; 32],
        other: Option<&[u8; 32]>,
        depends_on: Option<ChangeId>,
    ) {
        let out = &mut self.contents;
        out.push(u8::from(depends_on.is_some()));
        if let Some(ChangeId(change)) = &depends_on {
            out.extend_from_slice(change);
        }
        out.push(32);
        out.extend_from_slice(own);
        uleb(out, u64::from(statement.seq));
        uleb(out, self.first);
        sleb(out, statement.at / 1000);
        // No message.
        out.push(0);
        out.push(u8::from(other.is_some()));
        if let Some(other) = other {
            out.push(32);
            out.extend_from_slice(other);
        }
        // Nothing has a predecessor: one run of zeros. There are always several rows.
        let mut none = Vec::with_capacity(4);
        sleb(&mut none, i64::try_from(self.rows).expect("counters stay below 2^31"));
        none.push(0);
        let columns: [(u8, &[u8]); 10] = [
            (0x01, self.object_actor.finish()),
            (0x02, self.object_counter.finish()),
            (0x11, self.after_actor.finish()),
            (0x13, self.after_counter.finish()),
            (0x15, self.name.finish()),
            (0x34, self.insert.finish()),
            (0x42, self.action.finish()),
            (0x56, self.meta.finish()),
            (0x57, &self.values),
            (0x70, &none),
        ];
        let present = || columns.iter().filter(|(_, bytes)| !bytes.is_empty());
        uleb(out, present().count() as u64);
        for (number, bytes) in present() {
            out.push(*number);
            uleb(out, bytes.len() as u64);
        }
        for (_, bytes) in present() {
            out.extend_from_slice(bytes);
        }
        if statement.seq == 1 {
            out.extend(author_footer(&statement.device));
        }
    }
}

/// A column of run lengths. Values are compared as they are written: each has one encoding.
#[derive(Debug, Default)]
struct Runs {
    out: Vec<u8>,
    /// Values that differ from their neighbours; where the last one is repeated, it alone.
    lone: Vec<u8>,
    /// Where in them the last one begins.
    last: usize,
    lone_count: i64,
    /// How often the last one came.
    run: i64,
    nulls: u64,
}

impl Runs {
    fn begin(&mut self) {
        self.out.clear();
        self.nulls = 0;
    }

    fn value(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.nulls > 0 {
            self.close_nulls();
        }
        let from = self.lone.len();
        write(&mut self.lone);
        if self.run > 0 && self.lone[self.last..from] == self.lone[from..] {
            self.lone.truncate(from);
            self.run += 1;
            if self.run == 2 {
                self.close_before_last();
            }
        } else if self.run > 1 {
            sleb(&mut self.out, self.run);
            self.out.extend_from_slice(&self.lone[..from]);
            self.lone.drain(..from);
            (self.last, self.lone_count, self.run) = (0, 1, 1);
        } else {
            (self.last, self.lone_count, self.run) = (from, self.lone_count + 1, 1);
        }
    }

    fn null(&mut self) {
        if self.run > 0 {
            self.close_values();
        }
        self.nulls += 1;
    }

    /// The last of the lone values turned out to be the first of a run.
    fn close_before_last(&mut self) {
        if self.lone_count > 1 {
            sleb(&mut self.out, 1 - self.lone_count);
            self.out.extend_from_slice(&self.lone[..self.last]);
            self.lone.drain(..self.last);
            (self.last, self.lone_count) = (0, 1);
        }
    }

    fn close_values(&mut self) {
        sleb(&mut self.out, if self.run > 1 { self.run } else { -self.lone_count });
        self.out.extend_from_slice(&self.lone);
        self.lone.clear();
        (self.last, self.lone_count, self.run) = (0, 0, 0);
    }

    fn close_nulls(&mut self) {
        self.out.push(0);
        uleb(&mut self.out, self.nulls);
        self.nulls = 0;
    }

    /// The column's bytes: none where there are nulls only.
    fn finish(&mut self) -> &[u8] {
        if self.run > 0 {
            self.close_values();
        } else if self.nulls > 0 && !self.out.is_empty() {
            self.close_nulls();
        }
        &self.out
    }
}

/// A column of yes and no: how many of each in turn, beginning with no.
#[derive(Debug, Default)]
struct Flags {
    out: Vec<u8>,
    last: bool,
    count: u64,
}

impl Flags {
    fn begin(&mut self) {
        self.out.clear();
        (self.last, self.count) = (false, 0);
    }

    fn flag(&mut self, yes: bool) {
        if yes == self.last {
            self.count += 1;
        } else {
            uleb(&mut self.out, self.count);
            (self.last, self.count) = (yes, 1);
        }
    }

    fn finish(&mut self) -> &[u8] {
        uleb(&mut self.out, self.count);
        &self.out
    }
}

/// Unsigned LEB128.
fn uleb(out: &mut Vec<u8>, mut n: u64) {
    loop {
        let [low, ..] = n.to_le_bytes();
        n >>= 7;
        if n == 0 {
            return out.push(low & 0x7F);
        }
        out.push(low | 0x80);
    }
}

/// Signed LEB128.
fn sleb(out: &mut Vec<u8>, mut n: i64) {
    loop {
        let [low, ..] = n.to_le_bytes();
        let low = low & 0x7F;
        n >>= 7;
        if (n == 0 && low & 0x40 == 0) || (n == -1 && low & 0x40 != 0) {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::{
        change::build,
        id::{EventId, PartyId},
        statement::KeyCitation,
    };

    #[expect(clippy::disallowed_methods, reason = "how far a test goes is asked of the environment")]
    fn cases() -> u32 {
        if std::env::var_os("COUNTERPART_LONG").is_some() { 100_000 } else { 1_000 }
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::Int),
            (-3_i64..200).prop_map(Value::Int),
            any::<bool>().prop_map(Value::Bool),
            vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
            Just(Value::Bytes(vec![9; 300])),
            "[a-cé]{0,3}".prop_map(Value::Text),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        scalar().prop_recursive(4, 60, 6, |inner| {
            let key = prop_oneof![
                "[a-c]{0,2}".prop_map(Key::Text),
                "[a-z]{0,150}".prop_map(Key::Text),
                (0_u64..300).prop_map(Key::Int),
            ];
            prop_oneof![
                vec(inner.clone(), 0..6).prop_map(Value::Array),
                // A list of much the same, as runs are made of.
                (inner.clone(), 0_usize..9).prop_map(|(value, n)| Value::Array(vec![value; n])),
                vec((key, inner), 0..6).prop_map(Value::Map),
            ]
        })
    }

    fn id() -> impl Strategy<Value = [u8; 32]> {
        (0_u8..4).prop_map(|n| [n; 32])
    }

    prop_compose! {
        fn statement()(
            seq in prop_oneof![Just(1), Just(2), Just(64), Just(65), 1..crate::statement::MAX_SEQ],
            prev in option::of(id()),
            deps in vec(id(), 0..5),
            keys in vec((id(), any::<u32>(), id()), 0..4),
            at in prop_oneof![0_i64..200_000, 0..crate::cbor::INT_MAX],
            kind in "[a-z]{0,12}",
            body in value(),
            (device, party, case) in (id(), id(), option::of(id())),
        ) -> Statement {
            Statement {
                case: case.map(CaseId),
                party: PartyId(party),
                device: DeviceKey(device),
                seq,
                prev: prev.map(EntryId),
                deps: deps.into_iter().map(EntryId).collect(),
                keys: keys
                    .into_iter()
                    .map(|(party, position, event)| KeyCitation { party: PartyId(party), position, event: EventId(event) })
                    .collect(),
                grant: EventId([7; 32]),
                at,
                kind,
                body,
            }
        }
    }

    fn end() -> impl Strategy<Value = ChainEnd> {
        (id(), 1_u64..1 << 30, 1_u64..1 << 30).prop_map(|(change, last_op, bucket_op)| ChainEnd {
            change: ChangeId(change),
            last_op,
            bucket_op,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(cases()))]

        /// Whatever stands in a statement, and whatever was written before.
        #[test]
        fn they_are_those_that_automerge_makes(
            statements in vec((statement(), option::of((id(), end())), option::of(end())), 1..4),
        ) {
            let mut writer = ChangeWriter::default();
            for (statement, root, prev) in statements {
                let (id, case) = (EntryId([5; 32]), CaseId([6; 32]));
                let root = root.map(|(device, open)| Root { case, opener_device: DeviceKey(device), open });
                let built = build(id, case, &statement, root.as_ref(), prev.as_ref()).expect("within limits");
                let mut bytes = vec![1, 2, 3];
                let end = writer.write(&mut bytes, (id, case), &statement, root.as_ref(), prev.as_ref());
                prop_assert_eq!(end, Ok(built.end));
                prop_assert_eq!(&bytes[3..], built.raw_bytes());
            }
        }
    }
}
