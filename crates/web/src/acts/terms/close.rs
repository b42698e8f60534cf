//! Proposing to close the case.

use askama::Template;
use axum::response::Response;
use counterpart_core::{
    act::{Act, Topic},
    value::Sealable,
    view::CaseState,
};
use counterpart_words::{
    terms::{closing, proposal},
    typed::typed as made_ready,
};

use super::super::{ActForm, At, Ready, Wrong, form_page};
use crate::{
    guard::Problem,
    pages::{CaseHead, Frame, Part},
    typed::Typed,
};

#[derive(Debug)]
pub(crate) struct Close;

/// What stands in the way of proposing it.
#[derive(Debug)]
enum Already {
    Closed,
    /// Our own proposal waits for the others.
    Ours,
    /// Theirs waits for us: its number.
    Theirs(String),
}

#[derive(Template)]
#[template(path = "acts/close.html")]
struct ClosePage {
    frame: Frame,
    case: CaseHead,
    path: String,
    wrong: Vec<Wrong>,
    already: Option<Already>,
    /// What still waits for somebody.
    open: Option<String>,
    summary: String,
}

fn already(at: &At<'_>) -> Option<Already> {
    if matches!(at.case.view().state, CaseState::Closed(_)) {
        return Some(Already::Closed);
    }
    closing(at.case).map(|(entry, own)| if own { Already::Ours } else { Already::Theirs(at.case.entry_typed(&entry)) })
}

impl ActForm for Close {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let waiting = at.case.view().waiting.len() as u64;
        let page = ClosePage {
            frame: Frame::of(at.visit, "/cases"),
            case: CaseHead::of(at.visit, at.case, Part::None),
            path: at.path.to_owned(),
            wrong: wrong.to_vec(),
            already: already(at),
            open: (waiting > 0).then(|| at.visit.language.count("terms.close.open", waiting)),
            summary: typed.text("summary").to_owned(),
        };
        form_page(&page, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        if let Some(already) = already(at) {
            let key = match already {
                Already::Closed => "terms.close.closed",
                Already::Ours => "terms.close.ours",
                Already::Theirs(_) => "terms.close.theirs",
            };
            return Err(vec![Wrong::of("", at.visit.language.say(key))]);
        }
        let summary = typed.some("summary").map(|summary| made_ready("the summary", summary)).transpose();
        let summary = summary.map_err(|why| vec![Wrong::said("summary", &why)])?.map(Sealable::Open);
        let topic = Topic::Close { close: None, summary };
        Ok(Ready::act(Act::Propose(proposal(at.case, vec![topic], None, None))))
    }
}
