//! Drafting together: what stands on the case's draft, changes to it, and the proposal that it becomes.

use std::cell::Cell;

use counterpart_core::{
    record::Signed,
    worksheet::{RowId, WorksheetState, WorksheetView},
};
use counterpart_node::{Desk, DeskError, Scope, now};
use counterpart_store::{StoreError, Txn};
use counterpart_words::{
    case::OpenCase,
    to_sign::ToSign,
    worksheet::{self, WishInput, proposal, row_called},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::acts::{again, agreed, numbers};
use crate::{
    asked::{Answer, Asked},
    once::{Begun, once},
    problem::{Kind, Problem},
    shapes::{AsCommand, Digest, Previewed, SignedSaid},
    table::{Operation, of},
};

/// Changes said in one request.
const MOST: usize = 100;

pub(super) const ALL: &[Operation] = &[
    Operation::get("/cases/{case}/worksheet", "read_worksheet", "The draft that all sides write together")
        .about("Nothing on it binds anybody or proves anything. Its `state` is what a change is made to.")
        .answers(of::<AsCommand>)
        .does_in_case(read),
    Operation::post("/cases/{case}/worksheet/edits", "edit_worksheet", "Changes the draft")
        .about(
            "The changes are made to the state that was read: what others wrote meanwhile is kept. They go to the others at once. \
             Rows that are added are named in `added`, in their order.",
        )
        .scope(Scope::Draft)
        .json(of::<Edits>)
        .keyed()
        .answers(of::<AsCommand>)
        .does_in_case(edit),
    Operation::post("/cases/{case}/worksheet/restart", "restart_worksheet", "Begins the draft anew, for everybody")
        .scope(Scope::Draft)
        .json(of::<Restart>)
        .keyed()
        .answers(of::<AsCommand>)
        .does_in_case(restart),
    Operation::post(
        "/cases/{case}/worksheet/proposal/preview",
        "preview_worksheet_proposal",
        "What would be signed to propose what is drafted",
    )
    .about("Of the state that was read, whatever others wrote since. Remarks stay out of it.")
    .scope(Scope::Draft)
    .json(of::<Propose>)
    .answers(of::<Previewed>)
    .does_in_case(preview),
    Operation::post("/cases/{case}/worksheet/proposal", "propose_worksheet", "Proposes what is drafted")
        .about("Signed as any act is: with the digest of what was shown, or within what the token's seat may sign by itself.")
        .scope(Scope::Sign)
        .json(of::<Propose>)
        .keyed()
        .created()
        .answers(of::<SignedSaid>)
        .does_in_case(propose),
];

/// Changes to what was read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WorksheetEdits")]
struct Edits {
    /// The `state` of the draft as it was read.
    #[schemars(length(min = 1))]
    state: String,
    #[schemars(length(min = 1, max = 100))]
    edits: Vec<WishInput>,
}

/// A new beginning.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WorksheetRestart")]
struct Restart {
    /// Whether what stands stays; else everything is thrown away, for everybody.
    keep: bool,
}

/// What of it is proposed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WorksheetProposal")]
struct Propose {
    /// The `state` of the draft as it was read; as it is now where nothing is said.
    state: Option<String>,
    /// Only these rows; all that say something where nothing is said.
    #[schemars(length(min = 1, max = 100))]
    rows: Option<Vec<String>>,
    /// A remark to go with it; it is not part of the terms.
    note: Option<String>,
    /// The digest of the text that was shown.
    digest: Option<Digest>,
}

fn state(text: &str) -> Result<WorksheetState, Problem> {
    text.parse().map_err(|why| Problem::of_field("/state", why).hint("send `state` as it came when the draft was read"))
}

fn read(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    Ok(Answer::Json(worksheet::json(&case, &desk.worksheet(&case.id)?)))
}

fn told(case: &OpenCase, view: &WorksheetView, added: &Json) -> Answer {
    let mut said = worksheet::json(case, view);
    said["added"] = added.clone();
    Answer::Json(said)
}

fn edit(asked: &Asked) -> Result<Answer, Problem> {
    let Edits { state: shown, edits } = asked.json()?;
    if edits.is_empty() || edits.len() > MOST {
        return Err(Problem::of_field("/edits", format!("1 to {MOST} of them")));
    }
    let shown = state(&shown)?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let work = || {
        let wishes = edits.iter().map(|edit| edit.wish(&case)).collect::<Result<Vec<_>, _>>();
        let edited = desk.edit_worksheet(&case.id, &shown, &wishes.map_err(Problem::refused)?, now())?;
        let added: Vec<String> = edited.added.iter().map(ToString::to_string).collect();
        let added = json!(added);
        Ok((added.clone(), told(&case, &edited.view, &added)))
    };
    once(asked, &desk, work, |added| Ok(told(&case, &desk.worksheet(&case.id)?, added)))
}

fn restart(asked: &Asked) -> Result<Answer, Problem> {
    let Restart { keep } = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let none = json!([]);
    let work = || {
        let edited = desk.restart_worksheet(&case.id, keep, now())?;
        Ok((json!("restarted"), told(&case, &edited.view, &none)))
    };
    once(asked, &desk, work, |_| Ok(told(&case, &desk.worksheet(&case.id)?, &none)))
}

fn ready(desk: &Desk, case: &OpenCase, wish: &Propose) -> Result<ToSign, Problem> {
    let view = match &wish.state {
        Some(shown) => desk.worksheet_at(&case.id, &state(shown)?)?,
        None => desk.worksheet(&case.id)?,
    };
    let rows = wish.rows.as_ref().map(|rows| rows.iter().map(|row| row_called(row)).collect::<Result<Vec<RowId>, _>>());
    let rows = rows.transpose().map_err(Problem::refused)?;
    let act = proposal(case, &view, rows.as_deref(), wish.note.as_deref()).map_err(Problem::refused)?;
    ToSign::of(desk, case, vec![act]).map_err(Problem::refused)
}

fn preview(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Propose = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    shown(&ready(&desk, &case, &wish)?)
}

/// What is shown before it is signed.
pub(super) fn shown(ready: &ToSign) -> Result<Answer, Problem> {
    Answer::of(&Previewed {
        schema: "counterpart/preview/1".to_owned(),
        text: ready.text.clone(),
        digest: ready.digest(),
        acts: ready.acts.len() as u64,
        expires: None,
    })
}

fn propose(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Propose = asked.json()?;
    let make = |desk: &Desk, case: &OpenCase| ready(desk, case, &wish);
    signed(asked, wish.digest.as_deref(), make, |_, _, _| Ok(()))
}

/// Signs what was shown, once, and keeps what `also` keeps in the same transaction.
pub(super) fn signed(
    asked: &Asked,
    digest: Option<&str>,
    make: impl FnOnce(&Desk, &OpenCase) -> Result<ToSign, Problem>,
    also: impl FnOnce(&Desk, &Txn<'_>, &[Signed]) -> Result<(), DeskError>,
) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let once = match Begun::of(asked, &desk)? {
        Begun::New(once) => once,
        Begun::Before(status, outcome) => return again(&desk, status, outcome),
    };
    let case = asked.case(&desk)?;
    let ready = make(&desk, &case)?;
    let alone = || counterpart_words::input::program_may_sign(&desk, &case.record, &ready.acts);
    agreed(asked, digest, &ready.digest(), &ready.text, alone)?;
    let id = case.id.to_hex();
    let said = |signed: &[Signed]| SignedSaid {
        schema: "counterpart/signed-acts/1".to_owned(),
        case: id.clone(),
        entries: signed.iter().map(|one| one.id.to_hex()).collect(),
        numbers: Vec::new(),
        text: ready.text.clone(),
        link: None,
    };
    let failed: Cell<Option<StoreError>> = Cell::new(None);
    let keep = |txn: &Txn<'_>, signed: &[Signed]| {
        also(&desk, txn, signed)?;
        once.keep(txn, asked.operation.status, &said(signed)).map_err(|why| {
            failed.set(Some(why.clone()));
            DeskError::from(why)
        })
    };
    let signed = ready.sign(&desk, case, keep);
    if let Some(why) = failed.take() {
        return Err(why.into());
    }
    let (case, signed) = signed.map_err(Problem::refused)?;
    if signed.is_empty() {
        return Err(Problem::new(Kind::Failed, "nothing was signed"));
    }
    Answer::of(&SignedSaid { numbers: numbers(&case, &signed), ..said(&signed) })
}
