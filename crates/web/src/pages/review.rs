//! The last word before what is no act of a case that is open: its exact text, then a yes. What is signed in a case
//! goes by `acts`; this is for the rest: a case that is being opened, a request to join, an agent's rights.

use std::sync::MutexGuard;

use askama::Template;
use axum::{
    http::{HeaderValue, header},
    response::Response,
};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{Frame, page};
use crate::{
    acts::{AGAIN, AGREED, ONCE, SINCE, meant},
    form::FORM_SECRET,
    guard::{Problem, Visit},
    typed::Typed,
};

/// Which of several ways of saying yes was taken.
const YES: &str = "yes";

/// A part of the text, and what is to be said before it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) text: String,
}

/// A way of saying yes.
#[derive(Debug)]
pub(super) struct Yes {
    pub(super) value: &'static str,
    pub(super) label: String,
}

/// What is asked for, in words.
#[derive(Debug)]
pub(super) struct Asked {
    /// The part of the navigation that one is in.
    pub(super) current: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) parts: Vec<Part>,
    /// What is good to know and part of nothing that is signed.
    pub(super) beside: Vec<String>,
    pub(super) yes: Vec<Yes>,
}

impl Asked {
    fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for part in &self.parts {
            hash.update((part.text.len() as u64).to_be_bytes());
            hash.update(part.text.as_bytes());
        }
        HEXLOWER.encode(&hash.finalize())
    }
}

/// A form on its way to a yes.
#[derive(Debug)]
pub(super) struct Way<'t> {
    typed: &'t Typed,
    /// What the person typed, without what the way adds of its own.
    pub(super) own: Typed,
    /// When it was meant: as it was first sent, so that "tomorrow" stays the day that was shown.
    pub(super) now: i64,
}

impl<'t> Way<'t> {
    pub(super) fn of(typed: &'t Typed, now: i64) -> Self {
        Self { typed, own: typed.without(&[FORM_SECRET, AGREED, SINCE, ONCE, AGAIN, YES]), now: meant(typed, now) }
    }

    /// Whether it is to be changed first.
    pub(super) fn again(&self) -> bool {
        self.typed.has(AGAIN)
    }

    /// Where it led, if the same form was sent before.
    pub(super) fn done(&self, visit: &Visit) -> Option<String> {
        visit.app.done.find(self.typed.text(ONCE))
    }

    /// Held while what was agreed to is done: the same form sent at the same time from another tab waits, and then finds
    /// it done. Nothing where only the text is asked for.
    pub(super) fn turn<'v>(&self, visit: &'v Visit) -> Option<MutexGuard<'v, ()>> {
        self.typed.has(AGREED).then(|| visit.app.done.turn())
    }

    pub(super) fn keep_done(&self, visit: &Visit, to: &str) {
        visit.app.done.keep(self.typed.text(ONCE), to);
    }

    /// The way of saying yes that was taken, if it was to exactly this.
    pub(super) fn yes(&self, asked: &Asked) -> Option<&str> {
        let same = self.typed.text(AGREED) == asked.hash();
        let known = |yes: &&Yes| yes.value == self.typed.text(YES);
        // A browser without the button's name says yes to the first.
        same.then(|| asked.yes.iter().find(known).or(asked.yes.first()).map(|yes| yes.value)).flatten()
    }

    /// Shows the exact text.
    pub(super) fn show(&self, visit: &Visit, asked: Asked) -> Result<Response, Problem> {
        let mut fields: Vec<(String, String)> =
            self.own.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        fields.push((SINCE.to_owned(), self.now.to_string()));
        fields.push((ONCE.to_owned(), crate::session::secret()));
        fields.push((AGREED.to_owned(), asked.hash()));
        let made = page(&ReviewPage {
            frame: Frame::of(visit, asked.current),
            path: visit.path.clone(),
            changed: self.typed.has(AGREED),
            fields,
            asked,
        });
        made.map(unkept)
    }
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    frame: Frame,
    path: String,
    /// It was shown before, and reads differently now.
    changed: bool,
    /// What goes along unseen.
    fields: Vec<(String, String)>,
    asked: Asked,
}

/// An answer that the browser keeps no copy of: a secret stands in it.
pub(crate) fn unkept(mut response: Response) -> Response {
    drop(response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    response
}
