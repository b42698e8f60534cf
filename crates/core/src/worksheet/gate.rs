//! What an edit is held against: what it speaks of must exist in its own past, and that past must not be too large.
//!
//! Nothing here depends on what else a copy holds, so every copy judges an edit alike.

use std::{collections::BTreeSet, ops::AddAssign};

use super::{
    edit::{Edit, Op, Ref},
    names::{Choice, Field, RowKind},
    sheet::Worksheet,
};
use crate::id::EditId;

/// Most devices that write in one epoch.
pub const MAX_DEVICES: usize = 64;
/// Most edits in the past of one.
pub const MAX_EDITS: u64 = 32_768;
/// Most bytes of them.
pub const MAX_PAST_BYTES: u64 = 16 * 1024 * 1024;
/// Most characters ever typed in the past of an edit, deleted ones among them.
pub const MAX_CHARS: u64 = 262_144;
/// Most rows ever added.
pub const MAX_ROWS: u64 = 512;
/// Most choices ever made.
pub const MAX_CHOICES: u64 = 8192;
/// Most operations of the document.
pub const MAX_OP_COUNT: u64 = 1 << 20;

/// Why an edit is never taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditRefusal {
    #[error("an edit of another case's worksheet")]
    OtherCase,
    #[error("an edit under another party's name than the device's edits before it")]
    OtherParty,
    #[error("an edit that leaves out what its own device did before")]
    PrevNotKnown,
    #[error("an edit of a row that is not there")]
    NoSuchRow,
    #[error("an edit of a field that such a row does not have")]
    NoSuchField,
    #[error("an edit at a character that is not there")]
    NoSuchCharacter,
    #[error("an edit that deletes one character twice")]
    DeletedTwice,
    #[error("an edit that makes one choice twice")]
    ChosenTwice,
    #[error("the worksheet has no room for more; start it afresh")]
    Full,
}

/// Something in the document: the place of its edit here, and the operation's number in that edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) edit: u32,
    pub(super) op: u32,
}

/// An operation with everything it speaks of found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    AddRow { kind: RowKind, after: Option<Key> },
    Insert { row: Key, kind: RowKind, field: Field, after: Option<Key>, chars: u32 },
    Delete { row: Key, kind: RowKind, field: Field, first: Key, count: u32 },
    Choose { row: Key, choice: Choice, preds: Vec<Key> },
    Restart,
}

/// What a device wrote so far, in numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) edits: u64,
    pub(super) bytes: u64,
    chars: u64,
    rows: u64,
    choices: u64,
    ops: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.edits += other.edits;
        self.bytes += other.bytes;
        self.chars += other.chars;
        self.rows += other.rows;
        self.choices += other.choices;
        self.ops += other.ops;
    }
}

impl Totals {
    pub(super) fn of(edit: &Edit, bytes: usize) -> Self {
        let mut totals = Self { edits: 1, bytes: bytes as u64, ..Self::default() };
        for op in &edit.ops {
            let width = u64::from(op.width());
            totals.ops += width;
            match op {
                Op::AddRow { .. } => totals.rows += 1,
                Op::Insert { .. } => totals.chars += width,
                Op::Choose { .. } => totals.choices += 1,
                Op::Delete { .. } | Op::Restart => {}
            }
        }
        totals
    }

    /// What a step costs at most, in an edit of its own.
    fn step(text: usize, ops: u32) -> Self {
        Self { edits: 1, bytes: text as u64 + 1024, ops: u64::from(ops), ..Self::default() }
    }

    pub(super) fn row(kind: RowKind) -> Self {
        Self { rows: 1, ..Self::step(0, Op::AddRow { kind, after: None }.width()) }
    }

    pub(super) fn text(text: &str) -> Self {
        let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        Self { chars: u64::from(chars), ..Self::step(text.len(), chars) }
    }

    pub(super) fn deletion(count: u32) -> Self {
        Self::step(0, count)
    }

    pub(super) fn choice() -> Self {
        Self { choices: 1, ..Self::step(0, 1) }
    }

    pub(super) fn fits(&self) -> bool {
        self.edits <= MAX_EDITS
            && self.bytes <= MAX_PAST_BYTES
            && self.chars <= MAX_CHARS
            && self.rows <= MAX_ROWS
            && self.choices <= MAX_CHOICES
            && self.ops <= MAX_OP_COUNT
    }

    /// Whether an ordinary edit might not fit any more.
    pub(super) fn is_nearly_full(&self) -> bool {
        let more = Self { edits: 16, bytes: 65_536, chars: 4096, rows: 1, choices: 16, ops: 20_000 };
        let mut after = *self;
        after += more;
        !after.fits()
    }
}

impl Worksheet {
    /// Finds everything an edit speaks of; `clock` is its past, without itself.
    pub(super) fn find_all(&self, edit: &Edit, clock: &[u32]) -> Result<(Vec<u32>, Vec<Found>), EditRefusal> {
        let own = u32::try_from(self.placed.len()).unwrap_or(u32::MAX);
        let mut looking = Looking { sheet: self, clock, own, starts: Vec::new(), found: Vec::new() };
        let mut next = 0_u32;
        let mut deleted: BTreeSet<(Key, u32)> = BTreeSet::new();
        let mut chosen: BTreeSet<(Key, Choice)> = BTreeSet::new();
        for op in &edit.ops {
            let found = looking.op(op)?;
            match &found {
                Found::Delete { first, count, .. } => {
                    let end = first.op + count;
                    let before = deleted.range(..(Key { edit: first.edit, op: end }, 0)).next_back();
                    if before.is_some_and(|(key, until)| key.edit == first.edit && *until > first.op) {
                        return Err(EditRefusal::DeletedTwice);
                    }
                    deleted.insert((*first, end));
                }
                Found::Choose { row, choice, .. } if !chosen.insert((*row, *choice)) => {
                    return Err(EditRefusal::ChosenTwice);
                }
                _ => {}
            }
            looking.starts.push(next);
            looking.found.push(found);
            next += op.width();
        }
        Ok((looking.starts, looking.found))
    }
}

struct Looking<'s> {
    sheet: &'s Worksheet,
    clock: &'s [u32],
    own: u32,
    starts: Vec<u32>,
    found: Vec<Found>,
}

impl Looking<'_> {
    fn op(&self, op: &Op) -> Result<Found, EditRefusal> {
        Ok(match op {
            Op::AddRow { kind, after } => {
                let after = after.as_ref().map(|row| self.row(row)).transpose()?;
                Found::AddRow { kind: *kind, after: after.map(|(row, _)| row) }
            }
            Op::Insert { row, field, after, .. } => {
                let (row, kind) = self.field(row, *field)?;
                let after = after.as_ref().map(|at| self.chars(at, 1, row, *field)).transpose()?;
                Found::Insert { row, kind, field: *field, after, chars: op.width() }
            }
            Op::Delete { row, field, first, count } => {
                let (row, kind) = self.field(row, *field)?;
                // What an edit itself inserts it need not delete.
                if first.edit.is_none() {
                    return Err(EditRefusal::NoSuchCharacter);
                }
                let first = self.chars(first, *count, row, *field)?;
                Found::Delete { row, kind, field: *field, first, count: *count }
            }
            Op::Choose { row, choice, .. } => {
                let (row, kind) = self.row(row)?;
                if !kind.has(*choice) {
                    return Err(EditRefusal::NoSuchField);
                }
                Found::Choose { row, choice: *choice, preds: self.sheet.chosen(row, *choice, self.clock) }
            }
            Op::Restart => Found::Restart,
        })
    }

    /// The operation that made something, and how far into it that is.
    fn made(&self, name: &Ref) -> Option<(Key, &Found, u32)> {
        let Some(id) = &name.edit else {
            let (found, within) = at(&self.starts, &self.found, name.op)?;
            return Some((Key { edit: self.own, op: name.op }, found, within));
        };
        let edit = self.sheet.find_in(id, self.clock)?;
        let placed = self.sheet.placed.get(edit as usize)?;
        let (found, within) = at(&placed.starts, &placed.found, name.op)?;
        Some((Key { edit, op: name.op }, found, within))
    }

    fn row(&self, name: &Ref) -> Result<(Key, RowKind), EditRefusal> {
        match self.made(name) {
            Some((key, Found::AddRow { kind, .. }, 0)) => Ok((key, *kind)),
            _ => Err(EditRefusal::NoSuchRow),
        }
    }

    fn field(&self, row: &Ref, field: Field) -> Result<(Key, RowKind), EditRefusal> {
        let (row, kind) = self.row(row)?;
        if kind.fields().contains(&field) { Ok((row, kind)) } else { Err(EditRefusal::NoSuchField) }
    }

    /// Characters of a field that one operation inserted.
    fn chars(&self, first: &Ref, count: u32, row: Key, field: Field) -> Result<Key, EditRefusal> {
        match self.made(first) {
            Some((key, Found::Insert { row: of, field: in_field, chars, .. }, within))
                if *of == row && *in_field == field && count <= chars - within =>
            {
                Ok(key)
            }
            _ => Err(EditRefusal::NoSuchCharacter),
        }
    }
}

/// The operation of an edit that made its `op`-th thing.
pub(super) fn at<'f>(starts: &[u32], found: &'f [Found], op: u32) -> Option<(&'f Found, u32)> {
    let which = starts.partition_point(|start| *start <= op).checked_sub(1)?;
    let within = op - starts.get(which)?;
    let found = found.get(which)?;
    let width = match found {
        Found::AddRow { .. } | Found::Choose { .. } => 1,
        Found::Insert { chars, .. } => *chars,
        Found::Delete { .. } | Found::Restart => 0,
    };
    (within < width).then_some((found, within))
}

impl Worksheet {
    /// Where an edit is, if it is in that past.
    pub(super) fn find_in(&self, id: &EditId, clock: &[u32]) -> Option<u32> {
        let edit = *self.by_id.get(id)?;
        let placed = self.placed.get(edit as usize)?;
        (clock.get(placed.device).copied().unwrap_or(0) >= placed.signed.edit.seq).then_some(edit)
    }

    /// The choices of one thing that stand in a past: those that no other one there replaced.
    pub(super) fn chosen(&self, row: Key, choice: Choice, clock: &[u32]) -> Vec<Key> {
        let Some(all) = self.choices.get(&(row, choice)) else { return Vec::new() };
        let known = |key: &&Key| {
            let placed = self.placed.get(key.edit as usize);
            placed.is_some_and(|p| clock.get(p.device).copied().unwrap_or(0) >= p.signed.edit.seq)
        };
        let mut standing: BTreeSet<Key> = BTreeSet::new();
        for key in all.iter().filter(known) {
            let Some(placed) = self.placed.get(key.edit as usize) else { continue };
            if let Some((Found::Choose { preds, .. }, _)) = at(&placed.starts, &placed.found, key.op) {
                for pred in preds {
                    standing.remove(pred);
                }
            }
            standing.insert(*key);
        }
        standing.into_iter().collect()
    }
}
