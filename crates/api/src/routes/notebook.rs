//! The notebook: numbers, ways through menus, people and private notes. Nobody is ever sent any of it but by the act that puts a
//! note on record.

use counterpart_core::{act::Act, value::Sealable};
use counterpart_node::{Desk, NotebookEntry, Scope, now};
use counterpart_process::notebook::{Note, Remark};
use counterpart_words::{
    case::OpenCase,
    notebook::{self, NoteTyped, is_shown},
    render::hex,
    to_sign::ToSign,
    typed::typed,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::worksheet::{shown, signed};
use crate::{
    asked::{Answer, Asked, CASE, case_called, case_of_query, names_a_case},
    once::once,
    paging,
    problem::{Kind, Problem},
    shapes::{AsCommand, Digest, Previewed, SignedSaid},
    table::{Operation, of},
};

/// What a place in the list is a place in.
const NOTES: &str = "notebook";

pub(super) const ALL: &[Operation] = &[
    Operation::get("/notebook", "list_notebook", "What we keep for ourselves: numbers, ways, people, private notes")
        .about("Oldest first. Nobody is ever sent any of it.")
        .scope(Scope::Notes)
        .query(of::<Wish>)
        .answers(of::<AsCommand>)
        .does(list),
    Operation::post("/notebook", "write_notebook", "Writes something down")
        .about("A number, a way or a person that is there already is brought up to date instead.")
        .scope(Scope::Notes)
        .json(of::<Writing>)
        .keyed()
        .created()
        .answers(of::<AsCommand>)
        .does(write),
    Operation::delete("/notebook/{note}", "remove_from_notebook", "Takes a note out").scope(Scope::Notes).does(remove),
    Operation::post(
        "/cases/{case}/notebook/{note}/share/preview",
        "preview_shared_note",
        "What would be signed to put a private note on record",
    )
    .scope(Scope::Draft)
    .json(of::<Sharing>)
    .answers(of::<Previewed>)
    .does_in_case(preview),
    Operation::post("/cases/{case}/notebook/{note}/share", "share_note", "Puts a private note of a case on record")
        .about("Needs the scope `notes` as well. Everybody in the case reads it then.")
        .scope(Scope::Sign)
        .json(of::<Sharing>)
        .keyed()
        .created()
        .answers(of::<SignedSaid>)
        .does_in_case(share),
];

/// Which notes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NotebookWish")]
struct Wish {
    /// Only those about this one of the other side.
    #[schemars(length(max = 400))]
    of: Option<String>,
    /// Only those for this case, by its id or its short form.
    #[schemars(regex(pattern = CASE))]
    case: Option<String>,
    /// Where to go on: `next` of the page before.
    #[schemars(length(min = 1, max = 400))]
    after: Option<String>,
    /// How many at most; 50 unless another number is asked for.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
}

/// Something to be written down.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NoteToWrite")]
struct Writing {
    /// Whom it is about, as our cases name them; a case or somebody is needed.
    of: Option<String>,
    /// The case that it is for, by its id or its short form.
    #[schemars(regex(pattern = CASE))]
    case: Option<String>,
    note: NoteTyped,
}

/// A note to be put on record.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NoteToShare")]
struct Sharing {
    /// The digest of what was shown.
    digest: Option<Digest>,
}

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Wish = asked.query()?;
    let limit = paging::limit(wish.limit)?;
    if wish.of.as_ref().is_some_and(|of| of.chars().count() > 400) {
        return Err(Problem::of_parameter("of", "at most 400 letters"));
    }
    let after = wish.after.as_deref().map(|text| paging::read::<(i64, String)>(NOTES, text)).transpose()?;
    let place = |entry: &NotebookEntry| (entry.written_at, hex(&entry.id));
    let desk = asked.desk()?;
    let case = wish.case.as_deref().map(|typed| case_of_query(&desk, typed)).transpose()?;
    let mut all: Vec<NotebookEntry> = desk.notebook()?.into_iter().filter(is_shown).collect();
    all.retain(|entry| wish.of.as_ref().is_none_or(|of| entry.is_about(of)));
    all.retain(|entry| case.is_none_or(|case| entry.case == Some(case)));
    all.sort_by_cached_key(place);
    let mut left = all.iter().filter(|entry| after.as_ref().is_none_or(|after| place(entry) > *after));
    let page: Vec<&NotebookEntry> = left.by_ref().take(limit).collect();
    let more = left.next().is_some();
    let next = page.last().filter(|_| more).map(|entry| paging::write(NOTES, &place(entry)));
    let notes: Vec<Json> = page.into_iter().map(notebook::json).collect();
    Ok(Answer::Json(json!({"schema": "counterpart/notebook/1", "notes": notes, "next": next})))
}

fn told(entry: &NotebookEntry) -> Answer {
    let mut said = notebook::json(entry);
    said["schema"] = json!("counterpart/notebook-note/1");
    Answer::Json(said)
}

fn absent() -> Problem {
    Problem::new(Kind::NotFound, "there is no such note").hint("GET /api/v1/notebook lists them, each with its `id`")
}

/// A note that is shown, by the first name of its path or what was kept of it.
fn named(desk: &Desk, id: &str) -> Result<NotebookEntry, Problem> {
    let found = desk.notebook()?.into_iter().filter(is_shown).find(|entry| hex(&entry.id) == id);
    found.ok_or_else(absent)
}

fn write(asked: &Asked) -> Result<Answer, Problem> {
    let Writing { of, case, note } = asked.json()?;
    if of.is_none() && case.is_none() {
        return Err(Problem::of_field("", "say in `of` whom it is about, or in `case` which case it is for"));
    }
    let desk = asked.desk()?;
    let case = case.map(|typed| {
        if !names_a_case(&typed) {
            return Err(Problem::of_field("/case", "its id of 64 digits, or its short form such as K7F2-Q9XA-3"));
        }
        case_called(&desk, &typed)?.ok_or_else(|| {
            Problem::new(Kind::Refused, "there is no such case here")
                .hint("GET /api/v1/cases lists the cases here, each with its id")
        })
    });
    let case = case.transpose()?;
    let of = of.as_deref().map(|of| typed("whom it is about", of.trim())).transpose().map_err(Problem::refused)?;
    let work = || {
        let note = note.note().map_err(Problem::refused)?;
        let entry = desk.write_note(note, of.as_deref(), case, now())?;
        Ok((json!(hex(&entry.id)), told(&entry)))
    };
    once(asked, &desk, work, |kept| Ok(told(&named(&desk, kept.as_str().unwrap_or_default())?)))
}

fn remove(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let entry = named(&desk, asked.part("note"))?;
    if desk.remove_note(&entry.id)? { Ok(Answer::Nothing) } else { Err(absent()) }
}

/// The note as it would be signed.
fn ready(asked: &Asked, desk: &Desk, case: &OpenCase) -> Result<(NotebookEntry, ToSign), Problem> {
    // What it says is ours alone until it is on record.
    asked.caller()?.must(Scope::Notes)?;
    let entry = named(desk, asked.part("note"))?;
    let Note::Remark(Remark { text, shared }) = entry.note.clone() else {
        return Err(
            Problem::new(Kind::Refused, "only a private note can be put on record").hint("those of the kind `note`")
        );
    };
    if entry.case != Some(case.id) {
        return Err(Problem::new(Kind::Refused, "this note is for another case, or for none"));
    }
    if shared.is_some() {
        return Err(Problem::new(Kind::Refused, "this note is on record already").hint("its `shared` names the entry"));
    }
    let act = Act::Note { text: Sealable::Open(text), about: None };
    let ready = ToSign::of(desk, case, vec![act]).map_err(Problem::refused)?;
    Ok((entry, ready))
}

fn preview(asked: &Asked) -> Result<Answer, Problem> {
    let _wish: Sharing = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    shown(&ready(asked, &desk, &case)?.1)
}

fn share(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Sharing = asked.json()?;
    let note = std::cell::RefCell::new(None);
    let make = |desk: &Desk, case: &OpenCase| {
        let (entry, ready) = ready(asked, desk, case)?;
        drop(note.replace(Some(entry)));
        Ok(ready)
    };
    signed(asked, wish.digest.as_deref(), make, |desk, txn, signed| match (note.borrow().as_ref(), signed.first()) {
        (Some(entry), Some(signed)) => desk.mark_shared(txn, entry, &signed.id),
        _ => Ok(()),
    })
}
