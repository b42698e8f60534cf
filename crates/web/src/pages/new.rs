//! A new case: what it is about and with whom, blank or by a template; then the exact text, then signed.

mod read;

use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::{act::Act, id::CaseId, value::Seat};
use counterpart_node::{Desk, now};
use counterpart_words::{
    inviting::own_addresses,
    item_value::{Here, no_files},
    opening,
    render::{self, Speech},
    template::{self, Found, Plan, Template as CaseTemplate},
    when,
};

use self::read::{Question, Wanted, read};
use super::{
    Frame, page, page_again,
    review::{Asked, Part, Way, Yes},
};
use crate::{
    acts::Wrong,
    app::aside,
    drafts::{self, Kept},
    form::Form,
    guard::{Problem, Visit},
    typed::Typed,
};

/// How long an invitation holds that is made along with the case: days.
const DAYS: i64 = 14;

/// As wide as a text is broken into lines; the page breaks it itself.
const WIDE: usize = 100_000;

/// A template to begin with, in the list of them.
#[derive(Debug)]
struct Line {
    name: String,
    title: String,
    about: String,
    country: Option<String>,
    /// It is the person's own.
    own: bool,
    /// Its file does not hold together.
    broken: bool,
}

impl Line {
    fn of(found: &Found) -> Self {
        let read = found.problems().ok();
        let own = !matches!(found.origin, template::Origin::BuiltIn);
        match read {
            Some(template) => Self {
                name: found.name.clone(),
                title: template.title,
                about: first_sentence(&template.about).to_owned(),
                country: template.country,
                own,
                broken: false,
            },
            None => Self {
                name: found.name.clone(),
                title: found.name.clone(),
                about: String::new(),
                country: None,
                own,
                broken: true,
            },
        }
    }
}

fn first_sentence(about: &str) -> &str {
    about.match_indices(". ").find_map(|(at, _)| about.get(..=at)).unwrap_or(about)
}

/// The template that was chosen, as its form shows it.
#[derive(Debug)]
struct Chosen {
    about: String,
    country: Option<String>,
    questions: Vec<Question>,
}

#[derive(Template)]
#[template(path = "new.html")]
struct NewPage {
    frame: Frame,
    path: String,
    wrong: Vec<Wrong>,
    typed: Typed,
    zone: String,
    /// What the person is called, where that is known.
    known: Option<String>,
    chosen: Option<Chosen>,
    templates: Vec<Line>,
    /// What was begun in it before.
    kept: Option<Kept>,
}

impl NewPage {
    /// What is wrong with a field.
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.what.as_str())
    }

    /// Whether what few people need is to be seen at once.
    fn more(&self) -> bool {
        let fields = ["own", "about", "zone", "other-role", "with-1", "with-2"];
        fields.iter().any(|field| self.typed.some(field).is_some() || self.wrong_with(field).is_some())
    }
}

/// The template that a path names.
fn chosen(visit: &Visit, name: &str) -> Result<CaseTemplate, Problem> {
    // A name, never a path of this machine.
    let found = Some(name).filter(|name| template::is_name(name)).map(|name| template::find(&visit.app.home, name));
    let Some(Ok(found)) = found else { return Err(Problem::new(StatusCode::NOT_FOUND, "absent")) };
    let broken = |why: counterpart_words::error::CommandError| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "template").with("why", why.message)
    };
    found.template(WIDE).map_err(broken)
}

/// The page, with what was typed so far.
fn made(
    visit: &Visit,
    desk: &Desk,
    template: Option<&CaseTemplate>,
    typed: Typed,
    wrong: Vec<Wrong>,
) -> Result<Response, Problem> {
    let home = &visit.app.home;
    let templates = if template.is_none() { template::all(home)?.iter().map(Line::of).collect() } else { Vec::new() };
    let chosen = template.map(|template| Chosen {
        about: template.about.clone(),
        country: template.country.clone(),
        questions: template.items.iter().map(|item| Question::of(item, &typed, &wrong)).collect(),
    });
    let template = NewPage {
        frame: Frame::of(visit, "/cases"),
        path: visit.path.clone(),
        zone: when::system_zone(),
        known: desk.own_name()?,
        kept: visit.kept.clone(),
        typed,
        chosen,
        templates,
        wrong,
    };
    if template.wrong.is_empty() { page(&template) } else { page_again(&template) }
}

/// `GET /new`
pub(super) async fn blank(visit: Visit) -> Result<Response, Problem> {
    show(visit, None).await
}

/// `GET /new/TEMPLATE`
pub(super) async fn by_template(visit: Visit, Path(name): Path<String>) -> Result<Response, Problem> {
    show(visit, Some(name)).await
}

async fn show(visit: Visit, name: Option<String>) -> Result<Response, Problem> {
    let done = aside(move || {
        let mut visit = visit;
        let Some(desk) = visit.app.desk()? else { return Ok(to_welcome()) };
        visit.kept = drafts::find(&visit);
        let template = name.as_deref().map(|name| chosen(&visit, name)).transpose()?;
        let mut typed = visit.query.clone();
        if let Some(kept) = &visit.kept {
            typed = kept.typed.over(&typed);
        }
        if let Some(template) = &template
            && typed.some("title").is_none()
        {
            typed = typed.and("title", template.title.clone());
        }
        if typed.some("side").is_none()
            && let Some(role) = desk.own_role()?
        {
            typed = typed.and("side", role.as_str().to_owned());
        }
        made(&visit, &desk, template.as_ref(), typed, Vec::new())
    });
    done.await?
}

fn to_welcome() -> Response {
    Redirect::to("/welcome?next=new").into_response()
}

/// `POST /new`
pub(super) async fn open_blank(form: Form) -> Result<Response, Problem> {
    open(form, None).await
}

/// `POST /new/TEMPLATE`
pub(super) async fn open_by_template(Path(name): Path<String>, form: Form) -> Result<Response, Problem> {
    open(form, Some(name)).await
}

async fn open(form: Form, name: Option<String>) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || step(&visit, name.as_deref(), &typed)).await?
}

fn step(visit: &Visit, name: Option<&str>, typed: &Typed) -> Result<Response, Problem> {
    let Some(desk) = visit.app.desk()? else { return Ok(to_welcome()) };
    let way = Way::of(typed, now());
    let turn = way.turn(visit);
    if let Some(before) = way.done(visit) {
        return Ok(Redirect::to(&before).into_response());
    }
    let template = name.map(|name| chosen(visit, name)).transpose()?;
    let again = |wrong| made(visit, &desk, template.as_ref(), way.own.clone(), wrong);
    if way.again() {
        return again(Vec::new());
    }
    let wanted = match read(visit.language, &way.own, desk.own_name()?, template.as_ref(), way.now) {
        Ok(wanted) => wanted,
        Err(wrong) => return again(wrong),
    };
    let case = match Opening::of(&desk, wanted, template.as_ref(), way.now) {
        Ok(case) => case,
        Err(why) => return again(vec![Wrong::said("", &why)]),
    };
    let asked = case.asked(visit);
    let Some(yes) = way.yes(&asked) else { return way.show(visit, asked) };
    let to = match case.sign(&desk, yes == "invite") {
        Ok(to) => to,
        Err(Failed::Before(why)) => return again(vec![Wrong::said("", &why)]),
        Err(Failed::After(case, why)) => {
            let begun = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "begun").with("why", why);
            way.keep_done(visit, &format!("/case/{}", case.to_hex()));
            return Err(begun);
        }
    };
    drafts::done(visit, typed);
    visit.app.look.notify_one();
    way.keep_done(visit, &to);
    drop(turn);
    Ok(Redirect::to(&to).into_response())
}

/// A case that is being opened.
struct Opening {
    wanted: Wanted,
    open: Act,
    plan: Option<Plan>,
    /// By which template it is begun.
    template: Option<String>,
    /// The seat that is to be invited, where there is one other.
    invite: Option<Act>,
    /// What the person is called in it.
    label: String,
    now: i64,
}

/// What went wrong with a signature.
enum Failed {
    /// Nothing is signed.
    Before(counterpart_words::error::CommandError),
    /// The case is open.
    After(CaseId, String),
}

impl Opening {
    fn of(
        desk: &Desk,
        wanted: Wanted,
        template: Option<&CaseTemplate>,
        now: i64,
    ) -> Result<Self, counterpart_words::error::CommandError> {
        let Wanted { title, own, others, zone, about, answers, .. } = &wanted;
        let open = desk.open_act(title, own.clone(), others.clone(), zone, about.clone());
        let here = Here { zone, now, file: no_files };
        let planned = |template| Plan::new(template, answers, template::seats(&open), here);
        let plan = template.map(planned).transpose()?;
        let expires = now + DAYS * 24 * 3_600_000;
        // The key is drawn when it is signed, and is no part of the text.
        let invite = Act::Invite { key: [0; 32], seat: Seat::Number(1), expires, label: None };
        let invite = (others.len() == 1).then_some(invite);
        let label = render::sealable(&own.label);
        let template = template.map(|template| template.name.clone());
        Ok(Self { open, plan, template, invite, label, now, wanted })
    }

    fn asked(&self, visit: &Visit) -> Asked {
        let (language, zone) = (visit.language, &*self.wanted.zone);
        let speech = Speech::before_case(zone, self.now).with_seats(template::seats(&self.open).0);
        let text = match &self.plan {
            None => render::in_full(&speech, &self.label, &self.open),
            Some(plan) => plan.in_full(&self.open, (zone, self.now), &self.label, WIDE),
        };
        let mut parts = vec![Part { title: "", text }];
        let mut yes = vec![Yes { value: "alone", label: language.say("new.sign").to_owned() }];
        if let Some(invite) = &self.invite {
            let text = render::in_full(&speech, &self.label, invite);
            parts.push(Part { title: language.say("new.invite.part"), text });
            let other = self.wanted.others.first().map(|other| render::sealable(&other.label)).unwrap_or_default();
            yes.insert(0, Yes { value: "invite", label: language.fill("new.sign.invite", &[("who", &other)]) });
        }
        let mut beside = Vec::new();
        if let Some(plan) = &self.plan {
            beside.extend(
                plan.reminders.iter().map(|reminder| language.fill("new.reminder", &[("what", &reminder.line())])),
            );
            let steps = plan.step_count() as u64;
            beside.extend((steps > 0).then(|| language.count("new.steps", steps)));
        }
        let lead = if self.invite.is_some() { "new.review.lead.invite" } else { "new.review.lead" };
        Asked { current: "/cases", title: language.say("sign.title"), lead: language.say(lead), parts, beside, yes }
    }

    /// Signs it, and says where to go then.
    fn sign(&self, desk: &Desk, invite: bool) -> Result<String, Failed> {
        let signed = now();
        if let Some(name) = &self.wanted.keep_name {
            desk.keep_own_name(name, signed).map_err(|why| Failed::Before(why.into()))?;
        }
        let plan = self.template.as_deref().zip(self.plan.as_ref());
        let begun = opening::begin(desk, &self.open, plan, |_, _, _| Ok(()), signed);
        let (case, _) = begun.map_err(|why| Failed::Before(why.into()))?;
        let after = |why: String| Failed::After(case, why);
        let path = format!("/case/{}", case.to_hex());
        let Some(Act::Invite { seat, expires, .. }) = self.invite.as_ref().filter(|_| invite) else {
            return Ok(format!("{path}?signed=1"));
        };
        let addresses = own_addresses(desk).map_err(|why| after(why.to_string()))?;
        desk.invite(&case, *seat, None, *expires, addresses, now()).map_err(|why| after(why.to_string()))?;
        Ok(format!("{path}/invite?new=1"))
    }
}
