//! What a person does to the worksheet here: changes to what was displayed, made into edits.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;

use super::{
    document::{DocumentError, Splice, differences},
    edit::{Edit, MAX_DELETED, MAX_EPOCH, MAX_NAMES, MAX_OPS, MAX_TEXT, Op, Ref, SignedEdit},
    gate::{EditRefusal, Key, Totals, at},
    names::{Choice, Field, RowId, RowKind, WorksheetState},
    sheet::{Taken, Worksheet},
    view::{REMOVED, WorksheetView},
};
use crate::{
    envelope::Verified,
    id::EditId,
    record::Author,
    text::{self, TextError},
};

/// Longest value of a choice, in bytes.
pub const MAX_CHOICE: usize = 80;
/// Longest text of a field, in bytes: more than any text that can be signed.
const MAX_FIELD: usize = 64 * 1024;
/// Bytes of text and names in one edit, before the next is begun.
const ENOUGH: usize = 12 * 1024;

/// A change to what was displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// At the end where nothing else is said.
    AddRow {
        kind: RowKind,
        after: Option<RowId>,
    },
    RemoveRow {
        row: RowId,
    },
    RestoreRow {
        row: RowId,
    },
    /// The whole new text of a field.
    Rewrite {
        row: RowId,
        field: Field,
        text: String,
    },
    /// A part of it; `at` and `delete` count characters (Unicode scalar values) of the displayed text.
    Splice {
        row: RowId,
        field: Field,
        at: usize,
        delete: usize,
        insert: String,
    },
    Choose {
        row: RowId,
        choice: Choice,
        value: String,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// After the change.
    pub view: WorksheetView,
    /// The rows that were added, in the order of the wishes.
    pub added: Vec<RowId>,
}

/// Why a change is not made. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("the worksheet was started afresh meanwhile, or what you saw is not here; look at it again")]
    UnknownState,
    #[error("that row is not in the worksheet; look at it again")]
    NoSuchRow,
    #[error("a row of this kind has no such field")]
    NoSuchField,
    #[error("the text is shorter than that; look at it again")]
    OutOfRange,
    #[error("two changes of one field reach into each other")]
    Overlap,
    #[error("{0}")]
    Text(#[from] TextError),
    #[error("the text is longer than a draft can be; shorten it, or attach it as a file")]
    TooLong,
    #[error("the choice is longer than it can be")]
    ChoiceTooLong,
    #[error("the worksheet has no room for more; start it afresh")]
    Full,
    #[error("the worksheet was started afresh as often as it can be; propose what you want without it")]
    Over,
    #[error("only who is in the case can write in its worksheet")]
    NotMember,
    #[error("this device did two things at one place of the worksheet; start it afresh")]
    Spoilt,
    #[error("{0}")]
    Document(#[from] DocumentError),
    #[error("{0}")]
    Refused(EditRefusal),
}

/// The characters of a field, each with what inserted it.
type Shown = Vec<(char, Key)>;

/// Something to be referred to: in its place already, or made by an earlier step.
#[derive(Debug, Clone, Copy)]
enum Spot {
    Here(Key),
    /// By its number among the steps, and how far into it.
    Made(usize, u32),
}

/// An operation whose edit is not decided yet.
#[derive(Debug)]
enum Step {
    AddRow { kind: RowKind, after: Option<Spot> },
    Insert { row: Spot, field: Field, after: Option<Spot>, text: String },
    Delete { row: Spot, field: Field, first: Key, count: u32 },
    Choose { row: Spot, choice: Choice, value: String },
    Restart,
}

impl Worksheet {
    /// Makes changes to what was displayed: they are relative to that state, so what others did meanwhile stays. Gives
    /// the edits, which are in already, to be kept and sent, and the rows that were added. After an error other than
    /// those found beforehand, read the worksheet anew.
    ///
    /// # Errors
    /// Why nothing is to be kept.
    pub fn edit(
        &mut self,
        author: &Author,
        key: &SigningKey,
        shown: &WorksheetState,
        wishes: &[Wish],
        now: i64,
    ) -> Result<(Vec<SignedEdit<Verified>>, Vec<RowId>), EditError> {
        let heads = self.heads_of(shown)?;
        let steps = self.steps(&heads, wishes)?;
        self.sign(author, key, &steps, now)
    }

    /// Begins a new epoch; with what is shown now, if it is to be kept.
    ///
    /// # Errors
    /// Why nothing is to be kept.
    pub fn restart(
        &mut self,
        author: &Author,
        key: &SigningKey,
        keep: bool,
        now: i64,
    ) -> Result<(Vec<SignedEdit<Verified>>, Vec<RowId>), EditError> {
        // Numbers of epochs have an end, and whoever begins one says its number.
        if self.epoch.number + 1 >= MAX_EPOCH {
            return Err(EditError::Over);
        }
        let view = self.view()?;
        let mut steps = vec![Step::Restart];
        let mut after = None;
        for row in view.rows.iter().filter(|row| keep && !row.removed) {
            let made = steps.len();
            let place = Spot::Made(made, 0);
            steps.push(Step::AddRow { kind: row.kind, after });
            after = Some(place);
            for field in row.fields.iter().filter(|field| !field.text.is_empty()) {
                insert(&mut steps, place, field.field, None, &field.text);
            }
            for choice in row.choices.iter().filter(|choice| !choice.value.is_empty()) {
                steps.push(Step::Choose { row: place, choice: choice.choice, value: choice.value.clone() });
            }
        }
        self.sign(author, key, &steps, now)
    }

    fn steps(&mut self, heads: &[u32], wishes: &[Wish]) -> Result<Vec<Step>, EditError> {
        let clock = self.clock_of(heads.iter().copied());
        let mut steps = Vec::new();
        let mut splices: BTreeMap<(Key, Field), Vec<Splice>> = BTreeMap::new();
        let mut rewritten: BTreeMap<(Key, Field), Shown> = BTreeMap::new();
        let mut added_last = None;
        let current: Vec<u32> = self.heads().collect();
        let is_current = current.len() == heads.len() && heads.iter().all(|head| current.contains(head));
        for wish in wishes {
            match wish {
                Wish::AddRow { kind, after } => {
                    let after = match after {
                        Some(row) => Some(Spot::Here(self.row_key(row, &clock)?.0)),
                        None => match added_last {
                            Some(spot) => Some(spot),
                            None => self.look(current.iter().copied())?.rows().last().copied().map(Spot::Here),
                        },
                    };
                    added_last = Some(Spot::Made(steps.len(), 0));
                    steps.push(Step::AddRow { kind: *kind, after });
                }
                Wish::RemoveRow { row } | Wish::RestoreRow { row } => {
                    let (row, _) = self.row_key(row, &clock)?;
                    let value = if matches!(wish, Wish::RemoveRow { .. }) { REMOVED } else { "" };
                    choose(&mut steps, row, Choice::Removed, value.to_owned());
                }
                Wish::Choose { row, choice, value } => {
                    let (row, kind) = self.row_key(row, &clock)?;
                    if !kind.choices().contains(choice) {
                        return Err(EditError::NoSuchField);
                    }
                    let value = text::normalise(value);
                    text::check(&value)?;
                    if value.len() > MAX_CHOICE {
                        return Err(EditError::ChoiceTooLong);
                    }
                    choose(&mut steps, row, *choice, value);
                }
                Wish::Rewrite { row, field, text: new } => {
                    let (row, kind) = self.field_key(row, *field, &clock)?;
                    let new = typed(new)?;
                    if rewritten.contains_key(&(row, *field)) || splices.contains_key(&(row, *field)) {
                        return Err(EditError::Overlap);
                    }
                    let shown = self.shown(heads, row, kind, *field)?;
                    let old: Vec<char> = shown.iter().map(|(c, _)| *c).collect();
                    splices.insert((row, *field), differences(&old, &new));
                    rewritten.insert((row, *field), shown);
                }
                Wish::Splice { row, field, at, delete, insert } => {
                    let (row, _) = self.field_key(row, *field, &clock)?;
                    let insert = typed(insert)?;
                    if rewritten.contains_key(&(row, *field)) {
                        return Err(EditError::Overlap);
                    }
                    splices.entry((row, *field)).or_default().push(Splice { at: *at, delete: *delete, insert });
                }
            }
        }
        for ((row, field), mut splices) in splices {
            splices.sort_by_key(|splice| splice.at);
            let apart = splices.windows(2).all(|pair| match pair {
                [one, next] => one.at + one.delete <= next.at && one.at < next.at,
                _ => true,
            });
            if !apart {
                return Err(EditError::Overlap);
            }
            let Some(kind) = self.kind_of(row) else { return Err(EditError::NoSuchRow) };
            let shown = match rewritten.remove(&(row, field)) {
                Some(shown) => shown,
                None => self.shown(heads, row, kind, field)?,
            };
            // What others deleted meanwhile need not be deleted again.
            let deletes = splices.iter().any(|splice| splice.delete > 0);
            let here: Option<BTreeSet<Key>> = if deletes && !is_current {
                Some(self.shown(&current, row, kind, field)?.into_iter().map(|(_, key)| key).collect())
            } else {
                None
            };
            for splice in splices {
                self.splice(&mut steps, (row, field), &shown, here.as_ref(), &splice)?;
            }
        }
        Ok(steps)
    }

    fn shown(&mut self, heads: &[u32], row: Key, kind: RowKind, field: Field) -> Result<Shown, EditError> {
        Ok(self.look(heads.iter().copied())?.text(row, kind, field))
    }

    /// Deletes what is still there of what was displayed, and inserts behind what was displayed before it.
    fn splice(
        &self,
        steps: &mut Vec<Step>,
        (row, field): (Key, Field),
        shown: &[(char, Key)],
        here: Option<&BTreeSet<Key>>,
        splice: &Splice,
    ) -> Result<(), EditError> {
        let end = splice.at.checked_add(splice.delete).ok_or(EditError::OutOfRange)?;
        let gone = shown.get(splice.at..end).ok_or(EditError::OutOfRange)?;
        let mut runs: Vec<(Key, u32)> = Vec::new();
        for (_, key) in gone.iter().filter(|(_, key)| here.is_none_or(|here| here.contains(key))) {
            let next = |(first, count): &&mut (Key, u32)| {
                first.edit == key.edit
                    && first.op + *count == key.op
                    && *count < MAX_DELETED
                    && self.same_op(*first, *key)
            };
            match runs.last_mut().filter(next) {
                Some((_, count)) => *count += 1,
                None => runs.push((*key, 1)),
            }
        }
        if !splice.insert.is_empty() {
            let after = splice.at.checked_sub(1).and_then(|at| shown.get(at)).map(|(_, key)| Spot::Here(*key));
            insert(steps, Spot::Here(row), field, after, &splice.insert);
        }
        for (first, count) in runs {
            steps.push(Step::Delete { row: Spot::Here(row), field, first, count });
        }
        Ok(())
    }

    fn same_op(&self, one: Key, other: Key) -> bool {
        let Some(placed) = self.placed.get(one.edit as usize) else { return false };
        let op = |key: Key| at(&placed.starts, &placed.found, key.op).map(|(_, within)| key.op - within);
        op(one) == op(other)
    }

    fn row_key(&self, row: &RowId, clock: &[u32]) -> Result<(Key, RowKind), EditError> {
        let edit = self.find_in(&row.edit, clock).ok_or(EditError::NoSuchRow)?;
        let key = Key { edit, op: row.op };
        Ok((key, self.kind_of(key).ok_or(EditError::NoSuchRow)?))
    }

    fn field_key(&self, row: &RowId, field: Field, clock: &[u32]) -> Result<(Key, RowKind), EditError> {
        let (row, kind) = self.row_key(row, clock)?;
        if kind.fields().contains(&field) { Ok((row, kind)) } else { Err(EditError::NoSuchField) }
    }

    /// Makes edits of steps, as few as the limits allow, and takes them in.
    fn sign(
        &mut self,
        author: &Author,
        key: &SigningKey,
        steps: &[Step],
        now: i64,
    ) -> Result<(Vec<SignedEdit<Verified>>, Vec<RowId>), EditError> {
        if !matches!(steps.first(), Some(Step::Restart)) && !self.has_room_for(steps) {
            return Err(EditError::Full);
        }
        let mut done = Vec::new();
        let mut added = Vec::new();
        // Where each step's operation came to be.
        let mut places: Vec<Key> = Vec::with_capacity(steps.len());
        while places.len() < steps.len() {
            let restarts = matches!(steps.get(places.len()), Some(Step::Restart));
            if !restarts && self.device_place(&author.device).is_some_and(|own| self.is_own_aside(own)) {
                return Err(EditError::Spoilt);
            }
            let own = if restarts { 0 } else { u32::try_from(self.placed.len()).unwrap_or(u32::MAX) };
            let mut ops: Vec<Op> = Vec::new();
            let (mut next, mut deleted, mut bytes) = (0, 0, 0);
            let mut names: BTreeSet<EditId> = BTreeSet::new();
            let first = places.len();
            while let Some(step) = steps.get(places.len()) {
                let op = self.op(step, &places, own);
                let width = op.width();
                let named = refs(&op);
                let more = named.iter().flatten().filter(|id| !names.contains(*id)).count();
                let size = 64 + 32 * more + if let Op::Insert { text, .. } = &op { text.len() } else { 0 };
                let is_delete = matches!(op, Op::Delete { .. });
                let full = ops.len() >= MAX_OPS
                    || names.len() + more > MAX_NAMES
                    || bytes + size > ENOUGH
                    || (is_delete && deleted + width > MAX_DELETED);
                if full && !ops.is_empty() {
                    break;
                }
                bytes += size;
                deleted += if is_delete { width } else { 0 };
                names.extend(named.into_iter().flatten());
                places.push(Key { edit: own, op: next });
                next += width;
                ops.push(op);
            }
            let signed = self.author_edit(author, ops, restarts, now).sign(key);
            for (step, place) in steps.iter().zip(&places).skip(first) {
                if matches!(step, Step::AddRow { .. }) {
                    added.push(RowId { edit: signed.id, op: place.op });
                }
            }
            match self.take(signed.clone()) {
                Ok(Taken::New | Taken::Restarted) => done.push(signed),
                Ok(Taken::NoRoom) | Err(EditRefusal::Full) => return Err(EditError::Full),
                Ok(_) => return Err(EditError::Spoilt),
                Err(refusal) => return Err(EditError::Refused(refusal)),
            }
        }
        Ok((done, added))
    }

    /// Whether all of it will be taken, so that a change is made as a whole or not at all.
    fn has_room_for(&self, steps: &[Step]) -> bool {
        let mut totals = self.totals_at(&self.clock_of(self.heads()));
        for step in steps {
            totals += match step {
                Step::AddRow { kind, .. } => Totals::row(*kind),
                Step::Insert { text, .. } => Totals::text(text),
                Step::Delete { count, .. } => Totals::deletion(*count),
                Step::Choose { .. } => Totals::choice(),
                Step::Restart => Totals::default(),
            };
        }
        totals.fits()
    }

    /// Whether what this device does next would be set aside.
    fn is_own_aside(&self, own: usize) -> bool {
        let last = self.devices.get(own).and_then(|device| device.chain.last());
        self.spoilt.contains_key(&own) || last.is_some_and(|last| self.placed[*last as usize].aside)
    }

    fn author_edit(&self, author: &Author, ops: Vec<Op>, restarts: bool, now: i64) -> Edit {
        let mut edit = Edit {
            case: self.case,
            epoch: self.epoch.number,
            epoch_id: self.epoch.id,
            party: author.party,
            device: author.device,
            seq: 1,
            prev: None,
            deps: Vec::new(),
            at: now.clamp(0, crate::cbor::INT_MAX),
            ops,
        };
        if restarts {
            edit.epoch = self.epoch.number + 1;
            edit.epoch_id = None;
            return edit;
        }
        let own = self.device_place(&author.device).and_then(|own| self.devices.get(own));
        if let Some(last) = own.and_then(|device| device.chain.last()) {
            let last = &self.placed[*last as usize].signed;
            edit.seq = last.edit.seq + 1;
            edit.prev = Some(last.id);
        }
        let mut heads: Vec<EditId> = self.state().heads;
        heads.retain(|head| Some(*head) != edit.prev);
        edit.deps = heads;
        edit
    }

    fn op(&self, step: &Step, places: &[Key], own: u32) -> Op {
        let name = |spot: &Spot| {
            let key = match spot {
                Spot::Here(key) => *key,
                Spot::Made(step, within) => {
                    let key = places[*step];
                    Key { edit: key.edit, op: key.op + within }
                }
            };
            let id = (key.edit != own).then(|| self.placed[key.edit as usize].signed.id);
            Ref { edit: id, op: key.op }
        };
        match step {
            Step::AddRow { kind, after } => Op::AddRow { kind: *kind, after: after.as_ref().map(name) },
            Step::Insert { row, field, after, text } => {
                Op::Insert { row: name(row), field: *field, after: after.as_ref().map(name), text: text.clone() }
            }
            Step::Delete { row, field, first, count } => {
                Op::Delete { row: name(row), field: *field, first: name(&Spot::Here(*first)), count: *count }
            }
            Step::Choose { row, choice, value } => Op::Choose { row: name(row), choice: *choice, value: value.clone() },
            Step::Restart => Op::Restart,
        }
    }
}

fn refs(op: &Op) -> [Option<EditId>; 2] {
    match op {
        Op::AddRow { after, .. } => [after.and_then(|r| r.edit), None],
        Op::Insert { row, after, .. } => [row.edit, after.and_then(|r| r.edit)],
        Op::Delete { row, first, .. } => [row.edit, first.edit],
        Op::Choose { row, .. } => [row.edit, None],
        Op::Restart => [None, None],
    }
}

/// One choice of a thing at a time: the last wish counts.
fn choose(steps: &mut Vec<Step>, of: Key, which: Choice, chosen: String) {
    for step in steps.iter_mut() {
        if let Step::Choose { row: Spot::Here(row), choice, value } = step
            && (*row, *choice) == (of, which)
        {
            *value = chosen;
            return;
        }
    }
    steps.push(Step::Choose { row: Spot::Here(of), choice: which, value: chosen });
}

/// Inserts a text in pieces that fit into an edit.
fn insert(steps: &mut Vec<Step>, row: Spot, field: Field, mut after: Option<Spot>, text: &str) {
    let mut piece = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        piece.push(c);
        if chars.peek().is_none_or(|next| piece.len() + next.len_utf8() > MAX_TEXT) {
            let last = u32::try_from(piece.chars().count()).unwrap_or(u32::MAX) - 1;
            let made = steps.len();
            steps.push(Step::Insert { row, field, after, text: std::mem::take(&mut piece) });
            after = Some(Spot::Made(made, last));
        }
    }
}

fn typed(text: &str) -> Result<String, EditError> {
    let text = text::normalise(text);
    text::check(&text)?;
    if text.len() > MAX_FIELD { Err(EditError::TooLong) } else { Ok(text) }
}
