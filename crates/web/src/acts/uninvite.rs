//! Taking an invitation back.

use askama::Template;
use axum::response::Response;
use counterpart_core::{act::Act, value::Sealable};
use counterpart_words::typed::typed as checked;

use super::{ActForm, At, Ready, Wrong, form_page};
use crate::{
    guard::Problem,
    pages::{CaseHead, Frame, Part},
    typed::Typed,
};

#[derive(Debug)]
pub(super) struct Uninvite;

#[derive(Template)]
#[template(path = "acts/uninvite.html")]
struct UninvitePage {
    frame: Frame,
    case: CaseHead,
    path: String,
    wrong: Vec<Wrong>,
    about: String,
    reason: String,
}

impl ActForm for Uninvite {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let page = UninvitePage {
            frame: Frame::of(at.visit, "/cases"),
            case: CaseHead::of(at.visit, at.case, Part::People),
            path: at.path.to_owned(),
            wrong: wrong.to_vec(),
            about: typed.text("about").to_owned(),
            reason: typed.text("reason").to_owned(),
        };
        form_page(&page, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let said = |field: &'static str| move |why| vec![Wrong::said(field, &why)];
        let invite = at.case.entry(typed.text("about")).map_err(said("about"))?.id;
        let reason = typed.some("reason").map(|reason| checked("the reason", reason)).transpose();
        let reason = reason.map_err(said("reason"))?.map(Sealable::Open);
        let mut ready = Ready::act(Act::Uninvite { invite, reason });
        ready.then = Some(format!("/case/{}/invite", at.case.id.to_hex()));
        Ok(ready)
    }
}
