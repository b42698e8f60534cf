//! Putting a private note on record.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use counterpart_core::{act::Act, graph::Ix, value::Sealable};
use counterpart_node::NotebookEntry;
use counterpart_process::notebook::{Note, Remark};
use data_encoding::HEXLOWER;

use super::{ActForm, At, Ready, Wrong, form_page};
use crate::{
    guard::Problem,
    pages::{CaseHead, Frame, Part},
    typed::Typed,
};

#[derive(Debug)]
pub(super) struct Share;

#[derive(Template)]
#[template(path = "acts/share.html")]
struct SharePage {
    frame: Frame,
    case: CaseHead,
    path: String,
    wrong: Vec<Wrong>,
    note: String,
    text: String,
    shared: bool,
}

fn note(at: &At<'_>, typed: &Typed) -> Option<(NotebookEntry, Remark)> {
    let notes = at.desk.private_notes(&at.case.id).ok()?;
    let entry = notes.into_iter().find(|entry| HEXLOWER.encode(&entry.id) == typed.text("note"))?;
    let Note::Remark(remark) = entry.note.clone() else { return None };
    Some((entry, remark))
}

impl ActForm for Share {
    /// There is nothing to fill in: the note is shown as it will be signed.
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
        let (_, remark) = note(at, typed).ok_or_else(absent)?;
        let page = SharePage {
            frame: Frame::of(at.visit, "/cases"),
            case: CaseHead::of(at.visit, at.case, Part::None),
            path: at.path.to_owned(),
            wrong: wrong.to_vec(),
            note: typed.text("note").to_owned(),
            shared: remark.shared.is_some(),
            text: remark.text,
        };
        form_page(&page, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let language = at.visit.language;
        let Some((entry, remark)) = note(at, typed) else {
            return Err(vec![Wrong::of("", language.say("share.gone"))]);
        };
        let act = Act::Note { text: Sealable::Open(remark.text), about: None };
        if remark.shared.is_some() || on_record(at, &act).is_some() {
            return Err(vec![Wrong::of("", language.say("share.already"))]);
        }
        let mut ready = Ready::act(act);
        ready.also = Some(Box::new(move |desk, txn, signed| {
            signed.first().map_or(Ok(()), |signed| desk.mark_shared(txn, &entry, &signed.id))
        }));
        Ok(ready)
    }
}

/// The note of our own that says the same.
fn on_record(at: &At<'_>, act: &Act) -> Option<Ix> {
    let record = &at.case.record;
    let own = |ix: &Ix| record.graph().statement(*ix).party == at.case.own;
    record.graph().ordered().into_iter().filter(own).find(|ix| record.laid_open(*ix) == *act)
}
