//! Limits of what one of the person's agents may do in a case.

use askama::Template;
use axum::response::Response;
use counterpart_core::{
    act::{Act, Mandate as Limits},
    id::short_form,
};
use counterpart_node::due_instant;
use counterpart_words::{agents::in_short, when};

use super::{ActForm, At, Ready, Wrong, form_page};
use crate::{
    guard::Problem,
    pages::{
        CaseHead, Frame, Part,
        agents::{
            kinds::{Group, groups},
            limits,
        },
    },
    typed::Typed,
};

#[derive(Debug)]
pub(super) struct Mandate;

/// An agent that can be limited.
#[derive(Debug)]
struct Choice {
    device: String,
    name: String,
    rights: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "acts/mandate.html")]
struct MandatePage {
    frame: Frame,
    case: CaseHead,
    path: String,
    wrong: Vec<Wrong>,
    typed: Typed,
    agents: Vec<Choice>,
    groups: Vec<Group>,
    zone: String,
}

impl MandatePage {
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.what.as_str())
    }
}

impl ActForm for Mandate {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let agents = at.desk.agents()?.into_iter().filter(|agent| agent.revoked.is_none() && !agent.here);
        let choice = |agent: counterpart_node::Agent| Choice {
            device: agent.device.to_hex(),
            name: agent.name.clone().unwrap_or_else(|| short_form(&agent.device.0)),
            rights: in_short(&agent.rights),
            chosen: typed.text("agent") == agent.device.to_hex(),
        };
        let page = MandatePage {
            frame: Frame::of(at.visit, "/cases"),
            case: CaseHead::of(at.visit, at.case, Part::None),
            path: at.path.to_owned(),
            wrong: wrong.to_vec(),
            typed: typed.clone(),
            agents: agents.map(choice).collect(),
            groups: groups(at.visit.language, typed),
            zone: at.case.zone().to_owned(),
        };
        form_page(&page, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let (language, mut wrong) = (at.visit.language, Vec::new());
        let agents = at.desk.agents().map_err(|why| vec![Wrong::of("agent", why.to_string())])?;
        let named = |agent: &&counterpart_node::Agent| agent.device.to_hex() == typed.text("agent");
        let agent = agents.iter().filter(|agent| agent.revoked.is_none()).find(named);
        if agent.is_none() {
            wrong.push(Wrong::of("agent", language.say("mandate.which.none")));
        }
        let limits = limits(at.visit, typed, &mut wrong);
        let from = instant(at, typed, "from", &mut wrong);
        let until = instant(at, typed, "until", &mut wrong);
        if until.is_some_and(|until| until <= at.case.now || from.is_some_and(|from| from >= until)) {
            wrong.push(Wrong::of("until", language.say("mandate.until.past")));
        }
        let (Some(agent), Some((kinds, ceilings)), true) = (agent, limits, wrong.is_empty()) else {
            return Err(wrong);
        };
        let open = typed.text("who") != "internal";
        Ok(Ready::act(Act::Mandate(Limits { grant: agent.grant, kinds, ceilings, from, until, open })))
    }
}

/// A time, if one was typed.
fn instant(at: &At<'_>, typed: &Typed, field: &str, wrong: &mut Vec<Wrong>) -> Option<i64> {
    match when::due(typed.some(field)?, at.case.zone(), at.case.now) {
        Ok(due) => due_instant(&due, Some(at.case.now)),
        Err(why) => {
            wrong.push(Wrong::of(field, why.to_string()));
            None
        }
    }
}
