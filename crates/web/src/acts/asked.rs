//! The fields of a form as data, and the one page that shows them: most forms need no page of their own.

use askama::Template;
use axum::response::Response;

use super::{At, Wrong, about::Shown, exact, form_page};
use crate::{
    drafts,
    guard::Problem,
    pages::{CaseHead, Frame, Part},
    text::Markup,
    typed::Typed,
};

/// How something is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// On one line; what a browser may know of it by itself, and which keys it shows.
    Line {
        kind: &'static str,
        complete: &'static str,
        keys: &'static str,
    },
    Text,
    /// Any of them.
    Ticks(Vec<Choice>),
    /// One of them.
    One(Vec<Choice>),
    /// One of many.
    Pick(Vec<Choice>),
    /// A file; what came before, if anything did: by what it is found again, and what it is called.
    File(Option<(String, String)>),
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) value: String,
    /// On one line; somebody's text.
    pub(crate) words: String,
    pub(crate) chosen: bool,
}

impl Choice {
    pub(crate) fn of(value: impl Into<String>, words: impl Into<String>) -> Self {
        Self { value: value.into(), words: words.into(), chosen: false }
    }
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    pub(crate) label: String,
    pub(crate) hint: String,
    pub(crate) input: Input,
    pub(crate) must: bool,
    pub(crate) value: String,
    pub(crate) wrong: String,
}

impl Asked {
    /// A field whose label and hint stand under `KEY` and `KEY.hint`.
    fn of(at: &At<'_>, name: &'static str, key: &str, input: Input, must: bool) -> Self {
        let language = at.visit.language;
        let hint = language.find(&format!("{key}.hint")).unwrap_or_default().to_owned();
        Self {
            name,
            label: language.say(key).to_owned(),
            hint,
            input,
            must,
            value: String::new(),
            wrong: String::new(),
        }
    }

    pub(crate) fn text(at: &At<'_>, name: &'static str, key: &str, must: bool) -> Self {
        Self::of(at, name, key, Input::Text, must)
    }

    pub(crate) fn line(at: &At<'_>, name: &'static str, key: &str, must: bool) -> Self {
        Self::of(at, name, key, Input::Line { kind: "text", complete: "off", keys: "text" }, must)
    }

    pub(crate) fn ticks(at: &At<'_>, name: &'static str, key: &str, choices: Vec<Choice>) -> Self {
        Self::of(at, name, key, Input::Ticks(choices), false)
    }

    pub(crate) fn one(at: &At<'_>, name: &'static str, key: &str, choices: Vec<Choice>) -> Self {
        Self::of(at, name, key, Input::One(choices), true)
    }

    pub(crate) fn pick(at: &At<'_>, name: &'static str, key: &str, choices: Vec<Choice>) -> Self {
        Self::of(at, name, key, Input::Pick(choices), true)
    }

    pub(crate) fn file(at: &At<'_>, name: &'static str, key: &str) -> Self {
        Self::of(at, name, key, Input::File(None), true)
    }

    /// With another kind of line.
    #[must_use]
    pub(crate) fn kind(mut self, kind: &'static str, complete: &'static str, keys: &'static str) -> Self {
        self.input = Input::Line { kind, complete, keys };
        self
    }

    /// With what stands there until somebody writes.
    #[must_use]
    pub(crate) fn starting(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// With what was typed before, and what is wrong with it.
    fn filled(mut self, typed: &Typed, wrong: &[Wrong]) -> Self {
        if typed.has(self.name) {
            self.value = typed.text(self.name).to_owned();
        }
        let all = typed.all(self.name);
        let known = !all.is_empty();
        match &mut self.input {
            Input::Ticks(choices) | Input::One(choices) | Input::Pick(choices) if known => {
                for choice in choices {
                    choice.chosen = all.contains(&choice.value.as_str());
                }
            }
            Input::File(before) if known => {
                let called = typed.text(&format!("{}.name", self.name));
                *before = Some((self.value.clone(), called.to_owned()));
            }
            _ => {}
        }
        self.wrong = wrong.iter().find(|w| w.field == self.name).map(|w| w.what.clone()).unwrap_or_default();
        self
    }

    fn is_file(&self) -> bool {
        matches!(self.input, Input::File(_))
    }

    /// The ids of what says more about it.
    fn described(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let wrong = (!self.wrong.is_empty()).then(|| format!("{}-error", self.name));
        hint.into_iter().chain(wrong).collect::<Vec<_>>().join(" ")
    }
}

/// What a form's page shows.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) title: String,
    /// What it does, in a sentence or two.
    pub(crate) lead: String,
    /// What others said of it, a line each.
    pub(crate) told: Vec<String>,
    /// What it is about.
    pub(crate) about: Vec<Shown>,
    /// Goes along unseen.
    pub(crate) hidden: Vec<(String, String)>,
    pub(crate) fields: Vec<Asked>,
    /// Ways to do something else instead.
    pub(crate) ways: Vec<Way>,
}

/// A way to another page, in words of ours with others' between them.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) path: String,
    pub(crate) words: Markup,
}

impl PartialEq for Way {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Way {}

#[derive(Template)]
#[template(path = "acts/form.html")]
struct SheetPage {
    frame: Frame,
    case: CaseHead,
    path: String,
    /// What its draft is kept under.
    keep: String,
    /// Looked at as a page of its own, so that what it is about can be brought up to date.
    live: bool,
    wrong: Vec<Wrong>,
    sheet: Sheet,
    files: bool,
}

/// The page of a form that has none of its own.
pub(crate) fn show(at: &At<'_>, mut sheet: Sheet, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
    sheet.fields = sheet.fields.into_iter().map(|field| field.filled(typed, wrong)).collect();
    let keep = drafts::key_of(at.path, typed);
    let page = SheetPage {
        frame: Frame::of(at.visit, "/cases"),
        case: CaseHead::of(at.visit, at.case, Part::None),
        path: at.path.to_owned(),
        keep,
        live: at.fresh,
        wrong: wrong.to_vec(),
        files: sheet.fields.iter().any(Asked::is_file),
        sheet,
    };
    form_page(&page, wrong)
}

#[derive(Template)]
#[template(path = "acts/which.html")]
struct WhichPage {
    frame: Frame,
    case: CaseHead,
    wrong: Vec<Wrong>,
    live: bool,
    title: String,
    lead: String,
    choices: Vec<Way>,
}

/// Where it is not said what a form is about: what it can be about.
pub(crate) fn which(
    at: &At<'_>,
    title: &str,
    lead: &str,
    ways: Vec<Way>,
    wrong: &[Wrong],
) -> Result<Response, Problem> {
    let page = WhichPage {
        frame: Frame::of(at.visit, "/cases"),
        case: CaseHead::of(at.visit, at.case, Part::None),
        wrong: wrong.to_vec(),
        live: at.fresh,
        title: title.to_owned(),
        lead: lead.to_owned(),
        choices: ways,
    };
    form_page(&page, wrong)
}
