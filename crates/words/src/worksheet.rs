//! The draft that both sides write together, for programs: what stands on it, changes to it, and the proposal it becomes.

use counterpart_core::{
    act::{Act, Topic},
    value::{Sealable, Seat},
    worksheet::{Change, Choice, ChoiceView, Field, FieldView, RowId, RowKind, RowView, Wish, WorksheetView},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    item_value::no_files,
    terms::{self, ActionTyped, Who, draft_word},
};

/// A change to what was shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum WishInput {
    /// Adds an empty row.
    Add {
        kind: KindInput,
        /// The row it stands behind; at the end where nothing is said.
        after: Option<String>,
    },
    /// Takes a row out; it can be brought back.
    Remove { row: String },
    /// Brings a row back.
    Restore { row: String },
    /// Writes a field anew: the whole text. What others wrote in it meanwhile is kept where that is possible.
    Rewrite { row: String, field: FieldInput, text: String },
    /// Changes a part of a field: places are counted in characters of the text that was shown.
    Splice { row: String, field: FieldInput, at: u32, delete: u32, insert: String },
    /// Chooses who does it, for whom, or which type a value has.
    Choose {
        row: String,
        choice: ChoiceInput,
        /// A seat by number, label or role; a type such as `money`; nothing to choose nothing.
        value: String,
    },
}

/// What a row is a draft of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindInput {
    /// Something that somebody is to do.
    Action,
    /// A fact to agree on.
    Item,
    /// Other terms.
    Wording,
}

/// A text of a row: an action has what, due, value, conditions and note; an item key, value and note; wording title and text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldInput {
    What,
    Due,
    Value,
    Conditions,
    Note,
    Key,
    Title,
    Text,
}

/// What is chosen for a row: of an action by and for, of an item its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceInput {
    By,
    For,
    Type,
}

impl From<KindInput> for RowKind {
    fn from(kind: KindInput) -> Self {
        match kind {
            KindInput::Action => Self::Action,
            KindInput::Item => Self::Item,
            KindInput::Wording => Self::Wording,
        }
    }
}

impl From<FieldInput> for Field {
    fn from(field: FieldInput) -> Self {
        match field {
            FieldInput::What => Self::What,
            FieldInput::Due => Self::Due,
            FieldInput::Value => Self::Value,
            FieldInput::Conditions => Self::Conditions,
            FieldInput::Note => Self::Note,
            FieldInput::Key => Self::Key,
            FieldInput::Title => Self::Title,
            FieldInput::Text => Self::Text,
        }
    }
}

impl From<ChoiceInput> for Choice {
    fn from(choice: ChoiceInput) -> Self {
        match choice {
            ChoiceInput::By => Self::By,
            ChoiceInput::For => Self::For,
            ChoiceInput::Type => Self::Type,
        }
    }
}

impl WishInput {
    /// The change as the worksheet takes it.
    ///
    /// # Errors
    /// When a row's name is none, or nobody sits where it says.
    pub fn wish(&self, case: &OpenCase) -> Done<Wish> {
        Ok(match self {
            Self::Add { kind, after } => {
                Wish::AddRow { kind: (*kind).into(), after: after.as_deref().map(row_called).transpose()? }
            }
            Self::Remove { row } => Wish::RemoveRow { row: row_called(row)? },
            Self::Restore { row } => Wish::RestoreRow { row: row_called(row)? },
            Self::Rewrite { row, field, text } => {
                Wish::Rewrite { row: row_called(row)?, field: (*field).into(), text: text.clone() }
            }
            Self::Splice { row, field, at, delete, insert } => Wish::Splice {
                row: row_called(row)?,
                field: (*field).into(),
                at: *at as usize,
                delete: *delete as usize,
                insert: insert.clone(),
            },
            Self::Choose { row, choice, value } => {
                let seat = matches!(choice, ChoiceInput::By | ChoiceInput::For) && !value.trim().is_empty();
                let value = if seat { draft_word(&case.seat(value)?) } else { value.trim().to_owned() };
                Wish::Choose { row: row_called(row)?, choice: (*choice).into(), value }
            }
        })
    }
}

/// The row of a name.
///
/// # Errors
/// When it is no such name.
pub fn row_called(name: &str) -> Done<RowId> {
    name.parse().map_err(|_none| {
        CommandError::usage("that is no row of a draft")
            .hint("each row has its name in `row` of the draft as it is read")
    })
}

/// `counterpart/worksheet/1`: everything that stands on it, rows that were taken out among it.
pub fn json(case: &OpenCase, view: &WorksheetView) -> Json {
    json!({
        "schema": "counterpart/worksheet/1",
        "case": case.id.to_hex(),
        "state": view.state.to_string(),
        "rows": view.rows.iter().map(|row| row_json(case, row)).collect::<Vec<_>>(),
        "last": view.last.as_ref().map(|change| change_json(case, change)),
        "restarted": view.restarted.as_ref().map(|change| change_json(case, change)),
        "full": view.full,
        "spoilt": !view.spoilt_by.is_empty(),
    })
}

fn row_json(case: &OpenCase, row: &RowView) -> Json {
    let field = |field: &FieldView| {
        json!({
            "field": field.field.as_str(),
            "text": field.text,
            "changed": field.changed.as_ref().map(|change| change_json(case, change)),
            "written": written(case, field),
        })
    };
    let choice = |choice: &ChoiceView| {
        json!({
            "choice": choice.choice.as_str(),
            "value": choice.value,
            "seat": seat_chosen(case, &choice.value).filter(|_| choice.choice != Choice::Type).map(|s| case.seat_label(&s)),
            "changed": choice.changed.as_ref().map(|change| change_json(case, change)),
        })
    };
    json!({
        "row": row.id.to_string(),
        "kind": row.kind.as_str(),
        "removed": row.removed,
        "added": change_json(case, &row.added),
        "removed_by": row.removed_by.as_ref().map(|change| change_json(case, change)),
        "fields": row.fields.iter().map(field).collect::<Vec<_>>(),
        "choices": row.choices.iter().map(choice).collect::<Vec<_>>(),
    })
}

fn change_json(case: &OpenCase, change: &Change) -> Json {
    json!({
        "party": change.party.to_hex(),
        "label": case.party_label(&change.party),
        "own": change.party == case.own,
        "at": change.at,
    })
}

/// Who wrote which part of a field, one part behind the other.
fn written(case: &OpenCase, field: &FieldView) -> Vec<Json> {
    let mut letters = field.text.chars();
    let run = |run: &counterpart_core::worksheet::Run| {
        let text: String = letters.by_ref().take(run.chars).collect();
        json!({"label": case.party_label(&run.by.party), "own": run.by.party == case.own, "text": text})
    };
    field.runs.iter().map(run).collect()
}

/// The seat that a choice names.
fn seat_chosen(case: &OpenCase, word: &str) -> Option<Seat> {
    case.seats.iter().map(|seat| seat.seat).find(|seat| !word.is_empty() && draft_word(seat) == word)
}

/// What of it says something, as one proposal: all rows that were not taken out, or those named. Remarks stay out of it.
///
/// # Errors
/// When nothing is written, or what is written cannot be proposed as it is: which row, and why.
pub fn proposal(case: &OpenCase, view: &WorksheetView, rows: Option<&[RowId]>, note: Option<&str>) -> Done<Act> {
    if let Some(unknown) = rows.and_then(|rows| rows.iter().find(|row| view.row(row).is_none_or(|row| row.removed))) {
        return Err(CommandError::usage(format!("the row {unknown} is not on the draft"))
            .hint("it may have been taken out meanwhile: read the draft again"));
    }
    let wanted = |row: &&RowView| !row.removed && rows.is_none_or(|rows| rows.contains(&row.id));
    let says = |row: &&RowView| row.fields.iter().any(|f| f.field != Field::Note && !f.text.trim().is_empty());
    let topics = view.rows.iter().filter(wanted).filter(says).map(|row| topic(case, row)).collect::<Done<Vec<_>>>()?;
    if topics.is_empty() {
        return Err(CommandError::failed("nothing is written on the draft, so there is nothing to propose")
            .hint("add a row, and write what is to be done in its field `what`"));
    }
    let note = note.map(|note| crate::typed::typed("the note", note)).transpose()?;
    Ok(Act::Propose(terms::proposal(case, topics, None, note.map(Sealable::Open))))
}

fn topic(case: &OpenCase, row: &RowView) -> Done<Topic> {
    let some = |field: Field| Some(row.text(field).trim()).filter(|text| !text.is_empty()).map(str::to_owned);
    let at = |why: CommandError| CommandError { message: format!("row {}: {}", row.id, why.message), ..why };
    match row.kind {
        RowKind::Action => {
            let who = |choice: Choice| {
                let seat = seat_chosen(case, row.choice(choice));
                seat.map(|seat| Who::Picked { seat, person: None }).into_iter().collect::<Vec<_>>()
            };
            let lines = row.text(Field::Conditions).lines().map(str::trim).filter(|line| !line.is_empty());
            let typed = ActionTyped {
                what: some(Field::What),
                by: who(Choice::By),
                beneficiaries: who(Choice::For),
                due: some(Field::Due),
                value: some(Field::Value),
                conditions: lines.map(str::to_owned).collect(),
                ..ActionTyped::default()
            };
            let terms = typed.instead(case, None).map_err(|wrong| {
                let first = wrong.into_iter().next().map(|misread| misread.why);
                at(first.unwrap_or_else(|| CommandError::usage("say what is to be done")))
            })?;
            Ok(Topic::Action { action: None, terms })
        }
        RowKind::Item => {
            let kind = Some(row.choice(Choice::Type)).filter(|kind| !kind.is_empty());
            let key =
                some(Field::Key).ok_or_else(|| at(CommandError::usage("say in `key` what the fact is called")))?;
            terms::item(case, &key, kind, &[row.text(Field::Value).trim().to_owned()], no_files).map_err(at)
        }
        RowKind::Wording => {
            let lacks = |what: &str| at(CommandError::usage(format!("say the {what} of these terms in `{what}`")));
            let title = some(Field::Title).ok_or_else(|| lacks("title"))?;
            let text = some(Field::Text).ok_or_else(|| lacks("text"))?;
            terms::free_terms(case, &title, &text).map_err(at)
        }
    }
}
