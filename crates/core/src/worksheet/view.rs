//! What a page shows of a worksheet: rows, texts, and who changed what last.

use std::collections::BTreeMap;

use super::{
    document::{DocumentError, Look},
    gate::{Found, Key, at},
    names::{Choice, Field, RowId, RowKind, WorksheetState},
    sheet::Worksheet,
    wish::EditError,
};
use crate::id::{DeviceKey, EditId, PartyId};

/// Who did something, and when as they claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    pub party: PartyId,
    pub device: DeviceKey,
    /// Unix milliseconds.
    pub at: i64,
    pub edit: EditId,
}

/// A worksheet as it stands, or stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorksheetView {
    /// Exactly what this shows.
    pub state: WorksheetState,
    /// In order; removed ones are among them.
    pub rows: Vec<RowView>,
    /// Who started this epoch; nobody the first.
    pub restarted: Option<Change>,
    pub last: Option<Change>,
    /// There is no room for much more: it is to be started afresh.
    pub full: bool,
    /// Devices that did two things at one place: what rests on either is not shown.
    pub spoilt_by: Vec<DeviceKey>,
    /// Edits of others that rest on what is not here yet. They are in the memory of a running node, which counts them
    /// for nobody so far: none at a desk.
    pub waiting: usize,
    pub edits: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowView {
    pub id: RowId,
    pub kind: RowKind,
    pub removed: bool,
    pub added: Change,
    /// The last removing or bringing back.
    pub removed_by: Option<Change>,
    /// All fields of its kind, in their order.
    pub fields: Vec<FieldView>,
    pub choices: Vec<ChoiceView>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldView {
    pub field: Field,
    pub text: String,
    /// Who wrote which characters; one behind the other they are the text.
    pub runs: Vec<Run>,
    /// Who changed it last, by typing or deleting.
    pub changed: Option<Change>,
}

/// Characters that one device wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Unicode scalar values.
    pub chars: usize,
    /// The latest of the edits that wrote them.
    pub by: Change,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceView {
    pub choice: Choice,
    /// Empty where nothing is chosen.
    pub value: String,
    pub changed: Option<Change>,
}

impl RowView {
    /// The text of a field.
    #[must_use]
    pub fn text(&self, field: Field) -> &str {
        self.fields.iter().find(|f| f.field == field).map_or("", |f| &f.text)
    }

    /// What is chosen.
    #[must_use]
    pub fn choice(&self, choice: Choice) -> &str {
        self.choices.iter().find(|c| c.choice == choice).map_or("", |c| &c.value)
    }
}

impl WorksheetView {
    /// A row by its name.
    #[must_use]
    pub fn row(&self, id: &RowId) -> Option<&RowView> {
        self.rows.iter().find(|row| row.id == *id)
    }
}

/// What a removed row's choice holds.
pub(super) const REMOVED: &str = "yes";

impl Worksheet {
    /// What it shows now.
    ///
    /// # Errors
    /// When the document could not be put together.
    pub fn view(&mut self) -> Result<WorksheetView, DocumentError> {
        let heads: Vec<u32> = self.heads().collect();
        self.view_of(&heads)
    }

    /// What it showed in an earlier state.
    ///
    /// # Errors
    /// When that state is not here.
    pub fn view_at(&mut self, state: &WorksheetState) -> Result<WorksheetView, EditError> {
        let heads = self.heads_of(state)?;
        Ok(self.view_of(&heads)?)
    }

    /// Where the heads of a state are.
    pub(super) fn heads_of(&self, state: &WorksheetState) -> Result<Vec<u32>, EditError> {
        if state.epoch != self.epoch {
            return Err(EditError::UnknownState);
        }
        let place = |id: &EditId| {
            let ix = *self.by_id.get(id)?;
            (!self.placed[ix as usize].aside).then_some(ix)
        };
        state.heads.iter().map(|id| place(id).ok_or(EditError::UnknownState)).collect()
    }

    fn view_of(&mut self, heads: &[u32]) -> Result<WorksheetView, DocumentError> {
        let clock = self.clock_of(heads.iter().copied());
        let look = self.look(heads.iter().copied())?;
        let sheet = look.sheet;
        let latest = Latest::of(sheet, &clock);
        let rows = look.rows().into_iter().filter_map(|row| row_view(&look, &latest, row)).collect();
        let mut ids: Vec<EditId> = heads.iter().map(|head| sheet.placed[*head as usize].signed.id).collect();
        ids.sort_unstable();
        Ok(WorksheetView {
            state: WorksheetState { epoch: sheet.epoch, heads: ids },
            rows,
            restarted: sheet.placed.first().filter(|p| p.signed.edit.restarts()).map(|_| sheet.change(0)),
            last: latest.any.map(|edit| sheet.change(edit)),
            full: sheet.totals_at(&clock).is_nearly_full(),
            spoilt_by: sheet.spoilt.keys().map(|device| sheet.devices[*device].key).collect(),
            waiting: 0,
            edits: latest.edits,
        })
    }

    pub(super) fn change(&self, edit: u32) -> Change {
        let signed = &self.placed[edit as usize].signed;
        Change { party: signed.edit.party, device: signed.edit.device, at: signed.edit.at, edit: signed.id }
    }

    /// What kind a row is.
    pub(super) fn kind_of(&self, row: Key) -> Option<RowKind> {
        let placed = self.placed.get(row.edit as usize)?;
        match at(&placed.starts, &placed.found, row.op)? {
            (Found::AddRow { kind, .. }, 0) => Some(*kind),
            _ => None,
        }
    }
}

/// The last edit of each field. Of two that know nothing of each other it is the one that the document calls later.
#[derive(Default)]
struct Latest {
    fields: BTreeMap<(Key, Field), u32>,
    any: Option<u32>,
    edits: usize,
}

impl Latest {
    fn of(sheet: &Worksheet, clock: &[u32]) -> Self {
        let mut latest = Self::default();
        let rank = |edit: u32| {
            let placed = &sheet.placed[edit as usize];
            (placed.last_op, sheet.devices[placed.device].actor, placed.signed.edit.seq)
        };
        let later = |one: Option<u32>, other: u32| match one {
            Some(one) if rank(one) > rank(other) => one,
            _ => other,
        };
        for (edit, placed) in (0_u32..).zip(&sheet.placed) {
            if clock.get(placed.device).copied().unwrap_or(0) < placed.signed.edit.seq {
                continue;
            }
            latest.edits += 1;
            latest.any = Some(later(latest.any, edit));
            for found in &placed.found {
                if let Found::Insert { row, field, .. } | Found::Delete { row, field, .. } = found {
                    let last = latest.fields.get(&(*row, *field)).copied();
                    latest.fields.insert((*row, *field), later(last, edit));
                }
            }
        }
        latest
    }
}

fn row_view(look: &Look<'_>, latest: &Latest, row: Key) -> Option<RowView> {
    let sheet = look.sheet;
    let kind = sheet.kind_of(row)?;
    let fields = kind.fields().iter().map(|field| field_view(look, latest, row, kind, *field)).collect();
    let choice = |choice: Choice| {
        let (value, by) = look.choice(row, choice).unzip();
        ChoiceView { choice, value: value.unwrap_or_default(), changed: by.map(|key: Key| sheet.change(key.edit)) }
    };
    let removed = choice(Choice::Removed);
    Some(RowView {
        id: RowId { edit: sheet.placed.get(row.edit as usize)?.signed.id, op: row.op },
        kind,
        removed: removed.value == REMOVED,
        added: sheet.change(row.edit),
        removed_by: removed.changed,
        fields,
        choices: kind.choices().iter().copied().map(choice).collect(),
    })
}

fn field_view(look: &Look<'_>, latest: &Latest, row: Key, kind: RowKind, field: Field) -> FieldView {
    let sheet = look.sheet;
    let mut text = String::new();
    let mut runs: Vec<(usize, u32)> = Vec::new();
    for (c, key) in look.text(row, kind, field) {
        text.push(c);
        let device = |edit: u32| sheet.placed[edit as usize].device;
        match runs.last_mut().filter(|(_, edit)| device(*edit) == device(key.edit)) {
            Some((chars, edit)) => {
                *chars += 1;
                *edit = (*edit).max(key.edit);
            }
            None => runs.push((1, key.edit)),
        }
    }
    let runs = runs.into_iter().map(|(chars, edit)| Run { chars, by: sheet.change(edit) }).collect();
    let changed = latest.fields.get(&(row, field)).map(|edit| sheet.change(*edit));
    FieldView { field, text, runs, changed }
}
