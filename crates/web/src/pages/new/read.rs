//! What was typed into the form for a new case.

use counterpart_core::{
    act::{Role, SeatOffer},
    value::Sealable,
};
use counterpart_words::{
    item_value::{Here, no_files},
    render,
    template::{Answer, Answers, Asked, Template},
    typed::{is_title, typed as checked},
    when,
};

use crate::{acts::Wrong, language::Language, typed::Typed};

/// Further parties that the form has room for.
pub(super) const FURTHER: [(&str, &str); 2] = [("with-1", "role-1"), ("with-2", "role-2")];

/// A case as it is wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) title: String,
    pub(super) own: SeatOffer,
    pub(super) others: Vec<SeatOffer>,
    pub(super) zone: String,
    pub(super) about: Option<String>,
    pub(super) answers: Answers,
    /// A name to be remembered: none was known.
    pub(super) keep_name: Option<String>,
}

/// A template's question as a field.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) field: String,
    pub(super) ask: String,
    /// What an answer looks like.
    pub(super) form: String,
    /// What is sent, and what is shown of it.
    pub(super) choices: Vec<(String, String)>,
    /// How browsers ask for it.
    pub(super) kind: &'static str,
    pub(super) complete: &'static str,
    pub(super) needed: bool,
    pub(super) value: String,
    pub(super) wrong: Option<String>,
}

impl Question {
    pub(super) fn of(item: &Asked, typed: &Typed, wrong: &[Wrong]) -> Self {
        let field = field(item);
        let (kind, complete) = match item.word() {
            "date" => ("date", "off"),
            "phone" => ("tel", "tel"),
            "e-mail" => ("email", "email"),
            "address" => ("text", "street-address"),
            "link" => ("url", "off"),
            "text" => ("lines", "off"),
            _ => ("text", "off"),
        };
        let yes_no = item.word() == "yes-no";
        let choices = if yes_no { vec!["yes".to_owned(), "no".to_owned()] } else { item.choices.clone() };
        let choices: Vec<(String, String)> = choices.into_iter().map(|c| (c.clone(), render::line(&c))).collect();
        let value = match typed.has(&field) {
            true => typed.text(&field).to_owned(),
            false => item.default.clone().unwrap_or_default(),
        };
        Self {
            ask: item.ask.clone(),
            form: if choices.is_empty() && kind != "date" { item.form() } else { String::new() },
            choices,
            kind,
            complete,
            needed: item.required,
            value,
            wrong: wrong.iter().find(|w| w.field == field).map(|w| w.what.clone()),
            field,
        }
    }
}

fn field(item: &Asked) -> String {
    format!("q-{}", item.key)
}

/// Reads a form. `known` is what the person is called in other cases.
pub(super) fn read(
    language: &'static Language,
    typed: &Typed,
    known: Option<String>,
    template: Option<&Template>,
    now: i64,
) -> Result<Wanted, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let mut taken = |field: &str, what: &str| match checked(what, typed.text(field).trim()) {
        Ok(text) => Some(text),
        Err(why) => {
            wrong.push(Wrong::said(field, &why));
            None
        }
    };
    let title = taken("title", "the title");
    let other = taken("other", "the other side's name");
    let given = match &known {
        Some(known) if typed.some("own").is_none() => Some(known.clone()),
        _ => taken("own", "your name"),
    };
    let about = typed.some("about").and_then(|_| taken("about", "the description"));
    let further: Vec<(String, Role)> = FURTHER
        .iter()
        .filter(|(name, _)| typed.some(name).is_some())
        .filter_map(|(name, role)| {
            Some((taken(name, "the name")?, Role::from_word(typed.text(role)).unwrap_or(Role::Third)))
        })
        .collect();
    if title.as_ref().is_some_and(|title| !is_title(title)) {
        wrong.push(Wrong::of("title", language.say("new.title.long")));
    }
    let zone = typed.some("zone").map_or_else(when::system_zone, str::to_owned);
    if let Err(why) = when::zone(&zone) {
        wrong.push(Wrong::of("zone", why.to_string()));
    }
    let here = Here { zone: &zone, now, file: no_files };
    let answers = template.map(|template| answers(language, template, typed, here, &mut wrong));
    let side = if typed.text("side") == "supplier" { Role::Supplier } else { Role::Customer };
    let opposite = if side == Role::Customer { Role::Supplier } else { Role::Customer };
    let opposite = Role::from_word(typed.text("other-role")).unwrap_or(opposite);
    let (Some(title), Some(other), Some(own), true) = (title, other, given.clone(), wrong.is_empty()) else {
        return Err(wrong);
    };
    let offer = |role, name: String| SeatOffer { role, label: Sealable::Open(name) };
    let others = std::iter::once((other, opposite)).chain(further).map(|(name, role)| offer(role, name)).collect();
    Ok(Wanted {
        title,
        own: offer(side, own),
        others,
        zone,
        about,
        answers: answers.unwrap_or_default(),
        keep_name: given.filter(|_| known.is_none()),
    })
}

/// The answers to a template's questions.
fn answers(
    language: &'static Language,
    template: &Template,
    typed: &Typed,
    here: Here<'_>,
    wrong: &mut Vec<Wrong>,
) -> Answers {
    let mut answers = Answers::default();
    for item in &template.items {
        let field = field(item);
        match typed.some(&field) {
            Some(text) => match item.read(text, here) {
                Ok(value) => answers.0.push(Answer { key: item.key.clone(), value }),
                Err(why) => wrong.push(Wrong::of(&field, format!("{}: {}", item.ask, why.message))),
            },
            None if item.required => {
                wrong.push(Wrong::of(&field, language.fill("new.needed", &[("question", &item.ask)])));
            }
            None => {}
        }
    }
    answers
}
