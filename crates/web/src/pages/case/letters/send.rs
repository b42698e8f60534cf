//! Letting letters go: the exact text, and the yes to it.

use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_node::{CaseOutlook, Channel, Desk, Letter, LetterKind, LetterState, Posted, now};
use counterpart_process::schedule::Quiet;
use counterpart_words::{case::OpenCase, render};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::{addresses, by_key, channel, letter, with_outlook};
use crate::{
    address::escaped,
    case::with_case,
    form::Form,
    guard::{Problem, Visit},
    pages::{
        Frame,
        case::{CaseHead, Part},
        page, page_again,
    },
    typed::Typed,
};

/// The last word before something goes out, or is allowed to.
#[derive(Template)]
#[template(path = "letter.html")]
struct LetterPage {
    frame: Frame,
    case: CaseHead,
    title: &'static str,
    lead: &'static str,
    /// What stands around the text: whom it goes to, under which heading.
    heads: Vec<(&'static str, String)>,
    text: String,
    /// It is what is signed.
    signed: bool,
    note: &'static str,
    button: &'static str,
    changed: bool,
    fields: Vec<(&'static str, String)>,
}

/// What is asked for a yes to.
struct Asked {
    title: &'static str,
    lead: &'static str,
    heads: Vec<(&'static str, String)>,
    text: String,
    signed: bool,
    note: &'static str,
    button: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Asked {
    /// What stands for all of it: a yes to another text is none to this.
    fn agreed(&self) -> String {
        let heads: Vec<String> = self.heads.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        HEXLOWER.encode(&Sha256::digest(format!("{}\n\n{}\n\n{}", heads.join("\n"), self.text, self.note)))
    }

    /// Whether just this was said yes to.
    fn is_agreed(&self, typed: &Typed) -> bool {
        typed.text("agreed") == self.agreed()
    }

    fn show(self, visit: &Visit, case: &OpenCase, typed: &Typed) -> Result<Response, Problem> {
        let agreed = self.agreed();
        let mut fields = self.fields;
        fields.push(("agreed", agreed));
        page(&LetterPage {
            frame: Frame::of(visit, "/cases"),
            case: CaseHead::of(visit, case, Part::None),
            title: self.title,
            lead: self.lead,
            heads: self.heads,
            text: self.text,
            signed: self.signed,
            note: self.note,
            button: self.button,
            changed: typed.has("agreed"),
            fields,
        })
    }
}

/// `POST /case/ID/letters`
pub(crate) async fn take(Path(id): Path<String>, sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    let at = visit.clone();
    if typed.text("do") == "allow" {
        return with_outlook(&visit, &id, move |desk, case, outlook| allow(&at, desk, case, outlook, &typed)).await;
    }
    with_case(&visit, &id, move |desk, case| step(&at, desk, &case, &typed)).await
}

fn to_list(case: &OpenCase, told: &str) -> Response {
    Redirect::to(&format!("/case/{}/letters?told={told}", case.id.to_hex())).into_response()
}

fn step(visit: &Visit, desk: &Desk, case: &OpenCase, typed: &Typed) -> Result<Response, Problem> {
    if typed.text("do") == "end" {
        if let Some(by) = channel(typed.text("by")) {
            desk.revoke_letters(&case.id, by)?;
        }
        return Ok(to_list(case, "ended"));
    }
    let letter = letter(desk, case, typed.text("id"))?;
    match typed.text("do") {
        "leave" if letter.state != LetterState::Sending => {
            let left = desk.skip_letter(&letter)?;
            Ok(to_list(case, if left { "left" } else { "gone" }))
        }
        "sent" => sent_by_hand(visit, desk, case, typed, letter),
        "send" => send(visit, desk, case, typed, &letter),
        _ => Err(Problem::new(StatusCode::BAD_REQUEST, "form")),
    }
}

/// What is signed with a letter, word for word.
fn in_full(case: &OpenCase, letter: &Letter) -> String {
    let (speech, own) = (render::Speech::of_case(case).to_sign(), case.party_label(&case.own));
    let Some(act) = letter.act() else { return String::new() };
    let beside = render::beside_signing(case, std::slice::from_ref(&act), case.now);
    std::iter::once(render::in_full(&speech, &own, &act)).chain(beside).collect::<Vec<_>>().join("\n\n")
}

fn send(visit: &Visit, desk: &Desk, case: &OpenCase, typed: &Typed, letter: &Letter) -> Result<Response, Problem> {
    let language = visit.language;
    let may =
        matches!(letter.state, LetterState::Waiting | LetterState::Failed | LetterState::Allowed | LetterState::Draft);
    if !may || letter.kind() == LetterKind::Notice {
        return Ok(to_list(case, "gone"));
    }
    let mail = desk.mail_settings()?.is_some_and(|settings| settings.send.is_some());
    // The type of an address is the node's: a list of them is what it takes below.
    let to: Option<Vec<_>> = addresses(typed.text("to")).map(|part| part.parse().ok()).collect();
    let wrong = |key: &'static str| {
        let asked = WrongWay {
            frame: Frame::of(visit, "/cases"),
            case: CaseHead::of(visit, case, Part::None),
            what: language.say(key),
        };
        page_again(&asked)
    };
    let Some(by) = channel(typed.text("by")).filter(|by| *by != Channel::Notice) else {
        return wrong("letters.wrong.by");
    };
    let Some(to) = to else { return wrong("letters.wrong.to") };
    let outgoing = desk.letter_as_mail(letter, &to)?;
    match by {
        Channel::Email if !mail => return wrong("letters.wrong.mail"),
        Channel::Email if to.is_empty() => return wrong("letters.wrong.nobody"),
        _ => {}
    }
    if by == Channel::Draft {
        // Nothing goes out yet: it is signed when its owner says that they sent it.
        let drafted = desk.letter_drafted(letter, "")?;
        if drafted.is_none() {
            return Ok(to_list(case, "gone"));
        }
        let (page, to) = (format!("/case/{}/letters", case.id.to_hex()), escaped(typed.text("to").trim()));
        return Ok(Redirect::to(&format!("{page}?told=draft&of={}&to={to}", typed.text("id"))).into_response());
    }
    let mut heads = vec![("letters.head.by", language.say(by_key(by)).to_owned())];
    if by == Channel::Email {
        let to: Vec<String> = to.iter().map(ToString::to_string).collect();
        heads.push(("letters.head.from", outgoing.from.to_string()));
        heads.push(("letters.head.to", to.join(", ")));
        heads.push(("letters.head.subject", outgoing.subject.clone()));
    }
    let asked = Asked {
        title: "letters.send.title",
        lead: "letters.send.lead",
        heads,
        text: in_full(case, letter),
        signed: true,
        note: if by == Channel::Email { "letters.note.email" } else { "letters.note.node" },
        button: "letters.send",
        fields: ["id", "by", "to"]
            .map(|name| (name, typed.text(name).to_owned()))
            .into_iter()
            .chain([("do", "send".to_owned())])
            .collect(),
    };
    if !asked.is_agreed(typed) {
        return asked.show(visit, case, typed);
    }
    let Some(allowed) = desk.allow_letter(letter, by, &to, now())? else { return Ok(to_list(case, "gone")) };
    let posted = desk.send_letter(allowed, now())?;
    Ok(to_list(case, told(&posted)))
}

fn told(posted: &Posted) -> &'static str {
    match posted {
        Posted::Sent(_) => "sent",
        Posted::Later { .. } => "later",
        Posted::Failed { .. } | Posted::Problem { .. } => "failed",
        Posted::Waits(_) | Posted::Notice { .. } => "gone",
    }
}

/// A draft that was sent by its owner goes on record.
fn sent_by_hand(
    visit: &Visit,
    desk: &Desk,
    case: &OpenCase,
    typed: &Typed,
    letter: Letter,
) -> Result<Response, Problem> {
    if letter.state != LetterState::Draft {
        return Ok(to_list(case, "gone"));
    }
    let asked = Asked {
        title: "sign.title",
        lead: "sign.lead",
        heads: Vec::new(),
        text: in_full(case, &letter),
        signed: true,
        note: "letters.note.draft",
        button: "sign.do",
        fields: vec![("id", typed.text("id").to_owned()), ("do", "sent".to_owned())],
    };
    if !asked.is_agreed(typed) {
        return asked.show(visit, case, typed);
    }
    Ok(to_list(case, told(&desk.letter_sent_by_hand(letter, now())?)))
}

/// A standing consent: its whole text is shown, and is what is kept of it.
fn allow(
    visit: &Visit,
    desk: &Desk,
    case: &OpenCase,
    outlook: &CaseOutlook,
    typed: &Typed,
) -> Result<Response, Problem> {
    let language = visit.language;
    let by = channel(typed.text("by")).filter(|by| *by != Channel::Draft);
    let by = by.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "form"))?;
    let title = render::line(&case.title);
    let mut text = vec![language.fill("letters.consent.case", &[("title", &title), ("short", &case.short())])];
    if by == Channel::Notice {
        text.push(language.say("letters.consent.notice").to_owned());
    } else {
        text.push(language.say("letters.consent.what").to_owned());
        let known: Vec<String> = outlook.addresses.iter().map(|to| render::line(&to.to_string())).collect();
        text.push(match by {
            Channel::Node => language.say("letters.consent.node").to_owned(),
            _ if known.is_empty() => language.say("letters.consent.email.none").to_owned(),
            _ => language.fill("letters.consent.email", &[("known", &known.join(", "))]),
        });
        let quiet = outlook.calendar.quiet;
        text.push(match quiet == Quiet::NONE {
            true => language.say("letters.consent.days").to_owned(),
            false => language.fill("letters.consent.hours", &[("hours", &quiet.to_string())]),
        });
        text.push(language.say("letters.consent.signed").to_owned());
    }
    text.push(language.say("letters.consent.end").to_owned());
    let asked = Asked {
        title: "letters.consent.title",
        lead: "letters.consent.lead",
        heads: Vec::new(),
        text: text.join("\n\n"),
        signed: false,
        note: "letters.consent.note",
        button: "letters.allow",
        fields: vec![("by", by.as_str().to_owned()), ("do", "allow".to_owned())],
    };
    if !asked.is_agreed(typed) {
        return asked.show(visit, case, typed);
    }
    desk.allow_letters(&case.id, by, &asked.text, now())?;
    Ok(to_list(case, "allowed"))
}

/// Why a letter cannot go that way.
#[derive(Template)]
#[template(path = "letter_wrong.html")]
struct WrongWay {
    frame: Frame,
    case: CaseHead,
    what: &'static str,
}
