//! Showing what would be signed, drafting, and signing within a mandate.

use counterpart_core::{
    value::Seat,
    worksheet::{Choice, Field, RowKind, Wish},
};
use counterpart_node::{Desk, now};
use counterpart_words::{
    case::OpenCase,
    error::{CommandError, Done},
    input::{Input, Prepared, prepare},
    json,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    server::May,
    told::{NOTICE, Room, why_and_instead},
};

/// What `preview_act` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewArgs {
    /// The case: its short form such as K7F2-Q9XA-3, or its id.
    case: String,
    /// What would be signed.
    act: Input,
}

/// What `sign_act` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignArgs {
    /// The case: its short form such as K7F2-Q9XA-3, or its id.
    case: String,
    /// What is signed.
    act: Input,
    /// The digest that `preview_act` gave with the text of just this act.
    digest: String,
}

/// What `draft_action` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DraftArgs {
    /// The case: its short form such as K7F2-Q9XA-3, or its id.
    case: String,
    /// What is to be done.
    what: String,
    /// Who would do it: a seat by number, label or role.
    #[serde(default)]
    by: Option<String>,
    /// For whom: a seat by number, label or role.
    #[serde(default, rename = "for")]
    beneficiary: Option<String>,
    /// By when, as a person would write it: "8 July 2026 17:00", "in 10 working days".
    #[serde(default)]
    due: Option<String>,
    /// The money at stake, such as "25.00 GBP".
    #[serde(default)]
    value: Option<String>,
    /// How it would be known to be done.
    #[serde(default)]
    conditions: Vec<String>,
    /// A remark.
    #[serde(default)]
    note: Option<String>,
}

pub(crate) fn preview(desk: &Desk, may: May, given: &PreviewArgs) -> Done<Json> {
    let case = OpenCase::open(desk, &given.case)?;
    let prepared = prepare(desk, &case, &given.act)?;
    let mut told = shown(&case, &prepared, "nothing was signed");
    if may.sign {
        let refused = prepared.may_be_signed_by_a_program(desk, &case).err();
        told["sign_act_refuses"] = refused.as_ref().map(why_and_instead).into();
    }
    Ok(told)
}

fn shown(case: &OpenCase, prepared: &Prepared, done: &str) -> Json {
    json!({
        "done": done,
        "case": case.id.to_hex(),
        "acts": prepared.acts.iter().map(counterpart_core::act::Act::kind).collect::<Vec<_>>(),
        // Never cut: it is what would be signed.
        "text": {"words": prepared.text},
        "digest": prepared.digest(),
        "notice": NOTICE,
    })
}

/// Signs what was shown, if the seat's mandate says that a program may.
pub(crate) fn sign(desk: &Desk, given: &SignArgs) -> Done<Json> {
    let case = OpenCase::open(desk, &given.case)?;
    let prepared = prepare(desk, &case, &given.act)?;
    prepared.may_be_signed_by_a_program(desk, &case)?;
    if !prepared.digest().eq_ignore_ascii_case(given.digest.trim()) {
        return Err(CommandError::failed(
            "the digest is not that of the text that would be signed now: nothing was signed",
        )
        .hint("call preview_act with the same act, read its text, and repeat its digest"));
    }
    let (case, signed) = prepared.sign(desk, case, |_, _| Ok(()))?;
    let entries: Vec<Json> = signed.iter().map(|one| json::signed(&case, &one.id)).collect();
    let mut told = shown(&case, &prepared, "signed and stored");
    told["signed"] = Room::new().mark(entries.into());
    Ok(told)
}

/// Writes an action into the worksheet.
pub(crate) fn draft(desk: &Desk, given: &DraftArgs) -> Done<Json> {
    let case = OpenCase::open(desk, &given.case)?;
    let seat = |typed: &Option<String>| typed.as_deref().map(|typed| case.seat(typed)).transpose();
    let (by, beneficiary) = (seat(&given.by)?, seat(&given.beneficiary)?);
    let before = desk.worksheet(&case.id)?;
    let added =
        desk.edit_worksheet(&case.id, &before.state, &[Wish::AddRow { kind: RowKind::Action, after: None }], now())?;
    let row = *added.added.first().ok_or_else(|| CommandError::failed("the worksheet took no row"))?;
    let text = |field: Field, text: Option<String>| {
        text.filter(|text| !text.is_empty()).map(|text| Wish::Rewrite { row, field, text })
    };
    let chosen = |choice: Choice, seat: Option<Seat>| {
        seat.map(|seat| Wish::Choose { row, choice, value: counterpart_words::terms::draft_word(&seat) })
    };
    let wishes: Vec<Wish> = [
        text(Field::What, Some(given.what.clone())),
        text(Field::Due, given.due.clone()),
        text(Field::Value, given.value.clone()),
        text(Field::Conditions, Some(given.conditions.join("\n"))),
        text(Field::Note, given.note.clone()),
        chosen(Choice::By, by),
        chosen(Choice::For, beneficiary),
    ]
    .into_iter()
    .flatten()
    .collect();
    let shown = added.view.state;
    if let Err(why) = desk.edit_worksheet(&case.id, &shown, &wishes, now()) {
        // An empty row is of no use to anybody.
        drop(desk.edit_worksheet(&case.id, &shown, &[Wish::RemoveRow { row }], now()));
        return Err(why.into());
    }
    Ok(json!({
        "done": "drafted; nothing was signed, and nobody is bound",
        "case": case.id.to_hex(),
        "row": row.to_string(),
    }))
}
