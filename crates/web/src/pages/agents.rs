//! The devices and agents that act for the person: which there are, adding one, ending one's rights; and on a further
//! machine, asking to be one.

mod ask;
pub(crate) mod kinds;

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use counterpart_core::{
    id::{CaseId, short_form},
    keylog::{Kinds, RevokeReason},
};
use counterpart_node::{Agent, AgentGrant, AgentRequest, CaseLink, Desk, DeskError, Queue, Rights, now};
use counterpart_words::{
    agents::{ceilings, ending, granting, in_short, kinds as known_kinds},
    error::CommandError,
    render,
};

pub(super) use self::ask::{ask, take, waits};
use self::kinds::{Group, groups};
use super::{
    Frame, page, page_again,
    review::{Asked, Part, Way, Yes},
};
use crate::{
    acts::Wrong,
    app::aside,
    form::Form,
    guard::{Problem, Visit},
    text::Markup,
    time::Moment,
    typed::Typed,
};

/// Cases that can be chosen for another machine; older ones are there by its own search.
const CASES: usize = 200;

/// A device or agent.
#[derive(Debug)]
struct Line {
    name: Option<String>,
    short: String,
    device: String,
    here: bool,
    rights: String,
    since: Moment,
    /// Why its rights ended, and when.
    ended: Option<(Markup, Moment)>,
    taken_back: bool,
    may_end: bool,
}

#[derive(Template)]
#[template(path = "agents.html")]
struct AgentsPage {
    frame: Frame,
    wrong: Vec<Wrong>,
    typed: Typed,
    party: String,
    admin: bool,
    agents: Vec<Line>,
    /// The line for machines that were let in.
    grant: Option<String>,
    /// One was let in just now.
    granted: bool,
    groups: Vec<Group>,
    cases: Vec<(String, String)>,
    /// The line by which another machine gets a case, and the case's title.
    address: Option<(String, String)>,
    /// A case that is being fetched: its short form, its page, and its title if it is here.
    followed: Option<(String, String, Option<String>)>,
}

impl AgentsPage {
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.what.as_str())
    }

    fn adds(&self) -> bool {
        ["request", "name", "kind", "ceiling"].iter().any(|field| self.wrong_with(field).is_some())
            || self.typed.has("request")
    }
}

/// `GET /agents`
pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    aside(move || {
        // Nothing of it stands in an address: nobody is led by a link to let a machine of somebody else's in.
        made(&visit, &Typed::default(), Vec::new())
    })
    .await?
}

fn made(visit: &Visit, typed: &Typed, wrong: Vec<Wrong>) -> Result<Response, Problem> {
    let Some(desk) = visit.app.desk()? else { return ask::made(visit, typed, wrong, None) };
    let all = desk.agents()?;
    let admin = desk.is_admin();
    let others = all.iter().any(|agent| agent.stands() && !agent.here);
    let log = desk.own_log()?;
    let events = || log.of_party(&desk.party()).map(|event| event.bytes().to_vec()).collect();
    let named = |case: &CaseId| Ok::<_, Problem>(desk.summary(case)?.map(|summary| summary.title));
    let address = match CaseId::from_hex(visit.query.text("case")) {
        Some(case) => named(&case)?.map(|title| (case, title)),
        None => None,
    };
    let address = address.map(|(case, title)| desk.case_link(&case, &[]).map(|link| (title, link.to_text())));
    let followed = CaseId::from_hex(visit.query.text("followed"))
        .map(|case| Ok::<_, Problem>((short_form(&case.0), format!("/case/{}", case.to_hex()), named(&case)?)));
    let listed = desk.queue(&Queue::default(), None, CASES)?.rows;
    let template = AgentsPage {
        frame: Frame::of(visit, "/settings"),
        party: desk.party().to_hex(),
        agents: all.iter().map(|agent| line(visit, agent, admin)).collect(),
        grant: (admin && others).then(|| AgentGrant { events: events() }.to_text()),
        granted: visit.query.has("granted"),
        groups: groups(visit.language, typed),
        cases: listed.iter().map(|row| (row.case.to_hex(), render::line(&row.title))).collect(),
        address: address.transpose()?,
        followed: followed.transpose()?,
        typed: typed.clone(),
        admin,
        wrong,
    };
    if template.wrong.is_empty() { page(&template) } else { page_again(&template) }
}

fn line(visit: &Visit, agent: &Agent, admin: bool) -> Line {
    let ended = agent.revoked.map(|(reason, at)| {
        let key = match reason {
            RevokeReason::Ended => "agents.ended",
            RevokeReason::Compromised => "agents.compromised",
        };
        (Markup::default().say(visit.language.say(key)), Moment(at))
    });
    Line {
        name: agent.name.clone(),
        short: short_form(&agent.device.0),
        device: agent.device.to_hex(),
        here: agent.here,
        rights: in_short(&agent.rights),
        since: Moment(agent.since),
        may_end: admin && !agent.here && ended.is_none(),
        taken_back: agent.taken_back,
        ended,
    }
}

/// `POST /agents/add`: the request of a further machine, and what it may do; then the exact text; then granted.
pub(super) async fn add(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || add_step(&visit, &typed)).await?
}

fn add_step(visit: &Visit, typed: &Typed) -> Result<Response, Problem> {
    let Some(desk) = visit.app.desk()? else { return Ok(Redirect::to("/agents").into_response()) };
    let (language, way) = (visit.language, Way::of(typed, now()));
    let turn = way.turn(visit);
    if let Some(before) = way.done(visit) {
        return Ok(Redirect::to(&before).into_response());
    }
    if way.again() {
        return made(visit, &way.own, Vec::new());
    }
    let (request, name, rights) = match wanted(visit, &desk, &way.own) {
        Ok(wanted) => wanted,
        Err(wrong) => return made(visit, &way.own, wrong),
    };
    let text = granting(&desk.party(), &request, &name, &rights, language.say("agents.ending"));
    let asked = Asked {
        current: "/settings",
        title: language.say("sign.title"),
        lead: language.say("agents.add.lead"),
        parts: vec![Part { title: "", text }],
        beside: Vec::new(),
        yes: vec![Yes { value: "add", label: language.say("agents.add.go").to_owned() }],
    };
    if way.yes(&asked).is_none() {
        return way.show(visit, asked);
    }
    if let Err(why) = desk.add_agent(&request, &rights, &name, now()) {
        let field = if matches!(why, DeskError::NameTaken(_) | DeskError::AgentName(_)) { "name" } else { "request" };
        return made(visit, &way.own, vec![Wrong::of(field, why.to_string())]);
    }
    let to = "/agents?granted=1";
    way.keep_done(visit, to);
    drop(turn);
    Ok(Redirect::to(to).into_response())
}

fn wanted(visit: &Visit, desk: &Desk, typed: &Typed) -> Result<(AgentRequest, String, Rights), Vec<Wrong>> {
    let mut wrong = Vec::new();
    let request = AgentRequest::parse(typed.text("request")).map_err(DeskError::from);
    let request = request.and_then(|request| desk.check_request(&request).map(|()| request));
    let request = request.map_err(|why| wrong.push(Wrong::of("request", why.to_string()))).ok();
    let limits = limits(visit, typed, &mut wrong);
    let mailbox = typed.text("what") == "mailbox";
    let (Some(request), Some((only, money)), true) = (request, limits, wrong.is_empty()) else { return Err(wrong) };
    let rights = Rights {
        kinds: if mailbox || !only.is_empty() { Kinds::Listed(only) } else { Kinds::All },
        receive: true,
        admin: typed.has("admin") && !mailbox,
        ceilings: money.iter().map(|m| (m.amount().to_string(), m.currency().to_owned())).collect(),
    };
    let name = typed.some("name").map_or_else(|| request.name.clone(), str::to_owned);
    Ok((request, name, rights))
}

/// Which kinds of act, and for how much money at most; none of both for a machine that only receives.
pub(crate) fn limits(
    visit: &Visit,
    typed: &Typed,
    wrong: &mut Vec<Wrong>,
) -> Option<(Vec<String>, Vec<counterpart_core::value::Money>)> {
    let words = |name: &str| typed.all(name).into_iter().map(str::to_owned).collect::<Vec<_>>();
    if typed.text("what") == "mailbox" {
        return Some((Vec::new(), Vec::new()));
    }
    let only = if typed.text("what") == "only" { words("kind") } else { Vec::new() };
    if typed.text("what") == "only" && only.is_empty() {
        wrong.push(Wrong::of("kind", visit.language.say("kinds.none")));
    }
    let mut said = |field: &str, why: CommandError| wrong.push(Wrong::said(field, &why));
    let only = known_kinds(&only).map_err(|why| said("kind", why)).ok();
    let money = ceilings(&words("ceiling")).map_err(|why| said("ceiling", why)).ok();
    only.zip(money)
}

/// `POST /agents/end`: which, and why; then the exact text; then ended.
pub(super) async fn end(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || end_step(&visit, &typed)).await?
}

fn end_step(visit: &Visit, typed: &Typed) -> Result<Response, Problem> {
    let back = || Ok(Redirect::to("/agents").into_response());
    let Some(desk) = visit.app.desk()? else { return back() };
    let (language, way) = (visit.language, Way::of(typed, now()));
    let turn = way.turn(visit);
    if way.done(visit).is_some() || way.again() {
        return back();
    }
    let agent = desk.agents()?.into_iter().find(|agent| agent.device.to_hex() == way.own.text("device"));
    let reason = match way.own.text("reason") {
        "ended" => Ok(RevokeReason::Ended),
        "compromised" => Ok(RevokeReason::Compromised),
        _ => Err(language.say("agents.end.why").to_owned()),
    };
    let (agent, reason) = match (agent, reason) {
        (Some(agent), Ok(reason)) => (agent, reason),
        (None, _) => return back(),
        (Some(_), Err(what)) => return made(visit, &Typed::default(), vec![Wrong::of("", what)]),
    };
    if let Err(why) = desk.check_revocation(&agent) {
        return made(visit, &Typed::default(), vec![Wrong::of("", why.to_string())]);
    }
    let asked = Asked {
        current: "/settings",
        title: language.say("sign.title"),
        lead: language.say("agents.end.lead"),
        parts: vec![Part { title: "", text: ending(&agent, reason) }],
        beside: Vec::new(),
        yes: vec![Yes { value: "end", label: language.say("agents.end.go").to_owned() }],
    };
    if way.yes(&asked).is_none() {
        return way.show(visit, asked);
    }
    desk.revoke_agent(&agent.grant, reason, now())?;
    way.keep_done(visit, "/agents");
    drop(turn);
    back()
}

/// `POST /agents/follow`: a case of the party, from another of its machines.
pub(super) async fn follow(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || {
        let Some(desk) = visit.app.desk()? else { return Ok(Redirect::to("/agents").into_response()) };
        let link = match CaseLink::parse(typed.text("address")) {
            Ok(link) => link,
            Err(why) => {
                let own = typed.without(&[crate::form::FORM_SECRET]);
                return made(&visit, &own, vec![Wrong::of("address", why.to_string())]);
            }
        };
        desk.begin_follow(&link, now())?;
        visit.app.look.notify_one();
        Ok(Redirect::to(&format!("/agents?followed={}", link.case.to_hex())).into_response())
    })
    .await?
}
