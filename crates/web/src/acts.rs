//! Forms by which something is signed in a case, and the way from what was typed to what is signed.
//!
//! Every form takes the same way: it is read into acts, the exact text of the acts is shown, and only if what would be
//! signed then still reads the same is it signed. Nothing is remembered here between the two: the page that shows the
//! text carries the fields along.

pub(crate) mod about;
mod asked;
mod attach;
mod clocks;
pub(crate) mod contact;
mod entries;
pub(crate) mod exact;
pub(crate) mod invite;
mod item;
mod mandate;
mod people;
mod plain;
mod remind;
mod share;
pub(crate) mod terms;
mod uninvite;

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use std::{path::PathBuf, sync::Arc};

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    id::EntryId,
    record::{DraftError, Signed},
};
use counterpart_node::{Desk, DeskError, now};
use counterpart_store::Txn;
use counterpart_words::{
    acts::files::room_for,
    case::OpenCase,
    error::CommandError,
    possible::{self, refused},
    render,
};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use self::asked::Way;
pub(crate) use self::{entries::left, exact::exact};
use crate::{
    app::App,
    case::with_case,
    drafts::{self, KEEP},
    form::FORM_SECRET,
    guard::{Problem, Visit},
    pages::{CaseHead, Frame, Part, page, page_again},
    text::Markup,
    typed::Typed,
    upload::{Sent, Staged},
};

/// How old what was typed may be to be read as it was meant then ("tomorrow"): Unix milliseconds.
const FRESH: i64 = 24 * 60 * 60 * 1000;

/// How many other ways a refusal names; more would not be read.
const INSTEAD: usize = 6;

/// How much of what happened meanwhile is told.
const MEANWHILE: usize = 5;

/// The fields that the way to a signature adds of its own.
pub(crate) const AGREED: &str = "agreed";
pub(crate) const SINCE: &str = "since";
pub(crate) const ONCE: &str = "once";
pub(crate) const AGAIN: &str = "again";

/// A kind of form.
pub(crate) trait ActForm: Sync {
    /// The form itself, with what was typed so far and what is wrong with it.
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem>;

    /// What is to be signed.
    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>>;
}

/// Every form, by the last part of its path.
fn form(kind: &str) -> Option<&'static dyn ActForm> {
    Some(match kind {
        "invite" => &invite::Invite,
        "uninvite" => &uninvite::Uninvite,
        "mandate" => &mandate::Mandate,
        "attach" => &attach::Attach,
        "item" => &item::Item,
        "card" => &people::Card,
        "handover" => &people::Handover,
        "link" => &people::Link,
        "clocks" => &clocks::Propose,
        "call" => &contact::Form::Call,
        "contact" => &contact::Form::Contact,
        "remind" => &remind::Kind::Remind,
        "thank" => &remind::Kind::Thank,
        "share" => &share::Share,
        "propose" => &terms::Terms::Propose,
        "counter" => &terms::Terms::Counter,
        "amend" => &terms::Terms::Amend,
        "terms" => &terms::Terms::Free,
        "agree-item" => &terms::Terms::Item,
        "close" => &terms::Close,
        "admit" => &terms::Admit,
        // Most are a reference and a field or two.
        plain => return plain::form(plain),
    })
}

/// Where a form stands: whose browser, which case, opened as of when the form was first sent.
#[derive(Debug)]
pub(crate) struct At<'a> {
    pub(crate) visit: &'a Visit,
    pub(crate) desk: &'a Desk,
    pub(crate) case: &'a OpenCase,
    /// Where the form is sent to.
    pub(crate) path: &'a str,
    /// Looked at, not sent: under its own address.
    pub(crate) fresh: bool,
}

/// What is wrong with a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The field's name and id; empty where it is the whole.
    pub(crate) field: String,
    pub(crate) what: String,
    /// What can be done instead.
    pub(crate) instead: Vec<Way>,
}

impl Wrong {
    /// A field that has no name of ours is none, and the whole is meant: what is typed for it may be of another page.
    pub(crate) fn of(field: &str, what: impl Into<String>) -> Self {
        let plain = field.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        let field = if plain { field.to_owned() } else { String::new() };
        Self { field, what: sentence(&what.into()), instead: Vec::new() }
    }

    /// From words that were meant for a terminal: what is wrong, without the commands that would help there.
    pub(crate) fn said(field: &str, why: &CommandError) -> Self {
        Self::of(field, why.message.clone())
    }

    /// Why an act of ours would not be signed, and what can be done instead.
    fn refused(visit: &Visit, case: &OpenCase, act: &Act, why: DeskError) -> Self {
        let reason = match &why {
            DeskError::Draft(DraftError::WithoutEffect(reason)) => Some(reason.clone()),
            _ => None,
        };
        let elsewhere = matches!(why, DeskError::UsedElsewhere);
        let said = refused(case, act, why).message;
        if elsewhere {
            return Self::of("", visit.language.say("acts.used_elsewhere"));
        }
        let mut wrong = Self::of("", format!("{}.", said.trim_end_matches('.')));
        let Some(reason) = reason else { return wrong };
        if let Some(entry) = possible::because_of(&reason) {
            let words = Markup::default().say(&case.entry_name(&entry));
            wrong.instead.push(Way { path: about::entry_path(case, &entry), words });
        }
        for way in possible::moves_instead(case, act).iter().filter_map(|made| about::way_to(case, made)) {
            if !wrong.instead.contains(&way) && wrong.instead.len() < INSTEAD {
                wrong.instead.push(way);
            }
        }
        if !wrong.instead.is_empty() {
            wrong.what.push(' ');
            wrong.what.push_str(visit.language.say("acts.can"));
        }
        wrong
    }
}

/// Beginning as sentences do: at a terminal what is wrong stands behind a colon.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// What is kept in the transaction that signs; it is given what was signed.
type Also = Box<dyn FnOnce(&Desk, &Txn<'_>, &[Signed]) -> Result<(), DeskError>>;

/// Makes an act of it that names an act signed before it.
pub(crate) type Naming = Box<dyn Fn(&[EntryId]) -> Act>;

/// What a form asks to have signed.
pub(crate) struct Ready {
    /// What is signed, in this order and in one go. Each is made knowing the ids of those before it.
    acts: Vec<Naming>,
    /// What they are judged and shown by before; an act that names an earlier one of these names nothing yet.
    pub(crate) shown: Vec<Act>,
    /// The text in place of the usual one, where the usual one would need those names.
    pub(crate) text: Option<String>,
    /// Files that go along, durable before what names them is signed.
    pub(crate) files: Vec<(FileRef, PathBuf)>,
    pub(crate) also: Option<Also>,
    /// Where the browser goes then; the case, unless another page is named.
    pub(crate) then: Option<String>,
}

impl Ready {
    pub(crate) fn act(act: Act) -> Self {
        Self::acts(vec![act])
    }

    /// Several that belong together and do not name each other.
    pub(crate) fn acts(acts: Vec<Act>) -> Self {
        let naming = |act: &Act| -> Naming {
            let act = act.clone();
            Box::new(move |_| act.clone())
        };
        let made = acts.iter().map(naming).collect();
        Self { acts: made, shown: acts, text: None, files: Vec::new(), also: None, then: None }
    }

    /// One more, made of the ids of those before it; `shown` stands for it until then.
    #[must_use]
    pub(crate) fn and_naming(mut self, shown: Act, made: Naming) -> Self {
        self.acts.push(made);
        self.shown.push(shown);
        self
    }
}

#[derive(Template)]
#[template(path = "acts/sign.html")]
struct SignPage {
    frame: Frame,
    case: CaseHead,
    path: String,
    /// As whom it is signed.
    own: String,
    text: String,
    /// How many acts it is.
    count: usize,
    /// It was shown before, and reads differently now.
    changed: bool,
    /// What goes along unseen.
    fields: Vec<(String, String)>,
}

/// `GET /case/ID/do/KIND`: the form, filled in from the address's query, and from what was begun in it before.
pub(crate) async fn show(
    State(_app): State<Arc<App>>,
    Path((id, kind)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Problem> {
    let form = form(&kind).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "absent"))?;
    let mut at = visit.clone();
    with_case(&visit, &id, move |desk, case| {
        let mut typed = at.query.clone();
        at.kept = drafts::find(&at);
        if let Some(kept) = &at.kept {
            typed = kept.typed.over(&typed);
        }
        form.show(&At { visit: &at, desk, case: &case, path: &at.path, fresh: true }, &typed, &[])
    })
    .await
}

/// `POST /case/ID/do/KIND`: what was typed; then the exact text; then signed.
pub(crate) async fn take(Path((id, kind)): Path<(String, String)>, sent: Sent) -> Result<Response, Problem> {
    let form = form(&kind).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "absent"))?;
    let Sent { visit, typed } = sent;
    let at = visit.clone();
    with_case(&visit, &id, move |desk, mut case| {
        case.now = meant(&typed, case.now);
        step(form, &at, desk, case, &typed)
    })
    .await
}

/// When what was typed was meant: as it was first sent, so that "tomorrow" stays the day that was shown.
pub(crate) fn meant(typed: &Typed, now: i64) -> i64 {
    let since = typed.text(SINCE).parse().ok();
    since.filter(|since| (now - FRESH..=now).contains(since)).unwrap_or(now)
}

fn step(form: &dyn ActForm, visit: &Visit, desk: &Desk, case: OpenCase, typed: &Typed) -> Result<Response, Problem> {
    // The same page sent twice, by two clicks or from two tabs: the second waits for the first and goes where it led.
    let turn = typed.has(AGREED).then(|| visit.app.done.turn());
    if let Some(before) = visit.app.done.find(typed.text(ONCE)) {
        return Ok(Redirect::to(&format!("{before}&before=1")).into_response());
    }
    let own = typed.without(&[FORM_SECRET, AGREED, SINCE, ONCE, AGAIN, KEEP]);
    let at = At { visit, desk, case: &case, path: &visit.path, fresh: false };
    let shown = typed.without(&[FORM_SECRET, AGREED, SINCE, ONCE, AGAIN]);
    if typed.has(AGAIN) {
        return form.show(&at, &shown, &[]);
    }
    let wrong = match form.read(&at, &own) {
        Ok(ready) => match judged(&at, &ready) {
            None => return agreed(form, visit, desk, case, typed, ready, turn.is_some()),
            Some(why) => vec![why],
        },
        Err(wrong) => wrong,
    };
    let mut wrong = wrong;
    if typed.has(AGREED) {
        wrong.extend(meanwhile(visit, &case, typed));
    }
    form.show(&at, &shown, &wrong)
}

/// The page that a form came from, with what is wrong.
pub(crate) type Back<'a> = &'a dyn Fn(&OpenCase, &[Wrong]) -> Result<Response, Problem>;

/// Shows what would be signed of a proposal that was put together elsewhere; from there on it goes the way of its form.
/// `again` shows where it came from, with what is wrong.
pub(crate) fn propose_from(
    visit: &Visit,
    desk: &Desk,
    case: OpenCase,
    typed: &Typed,
    again: Back<'_>,
) -> Result<Response, Problem> {
    let form = &terms::Terms::Propose;
    let visit = &Visit { path: format!("/case/{}/do/propose", case.id.to_hex()), ..visit.clone() };
    let at = At { visit, desk, case: &case, path: &visit.path, fresh: false };
    let judged = form.read(&at, typed).and_then(|ready| match judged(&at, &ready) {
        None => Ok(ready),
        Some(why) => Err(vec![why]),
    });
    match judged {
        Ok(ready) => agreed(form, visit, desk, case, typed, ready, false),
        Err(wrong) => again(&case, &wrong),
    }
}

/// What would be signed now has been shown, and is signed; or is shown.
fn agreed(
    form: &dyn ActForm,
    visit: &Visit,
    desk: &Desk,
    case: OpenCase,
    typed: &Typed,
    ready: Ready,
    turn: bool,
) -> Result<Response, Problem> {
    let text = text(&case, &ready);
    let agreed = HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    if turn && typed.text(AGREED) == agreed {
        return sign(form, visit, desk, case, ready, typed);
    }
    let own = typed.without(&[FORM_SECRET, AGREED, SINCE, ONCE, AGAIN]);
    let mut fields: Vec<(String, String)> = own.fields().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    fields.push((SINCE.to_owned(), case.now.to_string()));
    fields.push((ONCE.to_owned(), crate::session::secret()));
    fields.push((AGREED.to_owned(), agreed));
    page(&SignPage {
        frame: Frame::of(visit, "/cases"),
        case: CaseHead::of(visit, &case, Part::None),
        path: visit.path.clone(),
        own: case.party_label(&case.own),
        text,
        count: ready.shown.len(),
        changed: typed.has(AGREED),
        fields,
    })
}

/// Why something of it would not be signed.
fn judged(at: &At<'_>, ready: &Ready) -> Option<Wrong> {
    let refused = ready.shown.iter().find_map(|act| {
        let judged = at.desk.preview(&at.case.record, act, now());
        judged.err().map(|why| Wrong::refused(at.visit, at.case, act, why))
    });
    let files: Vec<FileRef> = ready.files.iter().map(|(file, _)| *file).collect();
    refused.or_else(|| room_for(at.case, &files).err().map(|why| Wrong::said("", &why)))
}

/// What came on record since the text was shown, for whoever is refused because of it.
fn meanwhile(visit: &Visit, case: &OpenCase, typed: &Typed) -> Option<Wrong> {
    let since: i64 = typed.text(SINCE).parse().ok()?;
    let late = case.record.graph().ordered().into_iter().rev().take(MEANWHILE);
    let late = late.filter(|ix| case.record.graph().statement(*ix).at >= since);
    let ways: Vec<Way> = late.map(|ix| about::way_in(case, ix)).collect();
    (!ways.is_empty()).then(|| Wrong { instead: ways, ..Wrong::of("", visit.language.say("acts.meanwhile")) })
}

/// The exact words that are signed, as the command shows them too.
fn text(case: &OpenCase, ready: &Ready) -> String {
    let own = case.party_label(&case.own);
    let speech = render::Speech::of_case(case).to_sign();
    let usual = || {
        let each = ready.shown.iter().map(|act| render::in_full(&speech, &own, act));
        each.collect::<Vec<_>>().join("\n\n")
    };
    let mut text = ready.text.clone().unwrap_or_else(usual);
    for told in render::beside_signing(case, &ready.shown, case.now) {
        text.push_str(&format!("\n\n{told}"));
    }
    for (file, _) in &ready.files {
        let size = render::size(file.size);
        text.push_str(&format!(
            "\n\nWith it go the bytes of the file ({size}): kept here, and sent to everybody in the case."
        ));
    }
    text
}

fn sign(
    form: &dyn ActForm,
    visit: &Visit,
    desk: &Desk,
    mut case: OpenCase,
    ready: Ready,
    typed: &Typed,
) -> Result<Response, Problem> {
    // Durable before what names them is signed.
    for (file, path) in &ready.files {
        desk.keep_file(&case.id, file, path)?;
        let held: Vec<FileRef> = case.record.files().copied().chain([*file]).collect();
        case.record.set_files(held);
    }
    let Ready { acts, shown, files, also, then, .. } = ready;
    let next = |signed: &[Signed]| {
        let ids: Vec<EntryId> = signed.iter().map(|one| one.id).collect();
        acts.get(signed.len()).map(|make| make(&ids))
    };
    let mut record = std::mem::take(&mut case.record);
    let signed = if shown.iter().any(|act| matches!(act, Act::Erased { .. })) {
        // What is erased is not signed together with anything: see `Desk::sign_together`.
        let one = |act: &Act| desk.sign_on(&case.id, &mut record, act, now());
        shown.iter().map(one).collect::<Result<Vec<Signed>, DeskError>>()
    } else {
        let also = |txn: &Txn<'_>, signed: &[Signed]| also.map_or(Ok(()), |also| also(desk, txn, signed));
        desk.sign_together(&case.id, &mut record, next, also, now())
    };
    let signed = match signed {
        Ok(signed) => signed,
        Err(why @ DeskError::Draft(_)) => {
            // Something came between the last look and the signature.
            let case = OpenCase::open(desk, &case.id.to_hex())?;
            let at = At { visit, desk, case: &case, path: &visit.path, fresh: false };
            let mut wrong = match shown.first() {
                Some(act) => vec![Wrong::refused(visit, &case, act, why)],
                None => vec![Wrong::of("", why.to_string())],
            };
            wrong.extend(meanwhile(visit, &case, typed));
            return form.show(&at, &typed.without(&[FORM_SECRET, AGREED, SINCE, ONCE, AGAIN]), &wrong);
        }
        Err(why) => return Err(why.into()),
    };
    case.record = record;
    case = case.signed();
    for (_, path) in &files {
        Staged::forget(path);
    }
    drafts::done(visit, typed);
    let last = signed.last().map(|one| case.entry_typed(&one.id)).unwrap_or_default();
    let then = then.unwrap_or_else(|| format!("/case/{}", case.id.to_hex()));
    let to = format!("{then}?signed={last}");
    visit.app.done.keep(typed.text(ONCE), &to);
    Ok(Redirect::to(&to).into_response())
}

/// A form's page: the usual one, or where something is wrong the same as an answer that says so.
pub(crate) fn form_page(template: &impl Template, wrong: &[Wrong]) -> Result<Response, Problem> {
    if wrong.is_empty() { page(template) } else { page_again(template) }
}
