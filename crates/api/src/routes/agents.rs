//! The devices and agents that act for the party: which there are, letting one in, ending one's rights; and cases of the party
//! that lie on another of its machines. What an agent may do in one case is the act `mandate`.

use counterpart_core::{
    id::short_form,
    keylog::{Kinds, RevokeReason},
};
use counterpart_node::{Agent, AgentGrant, AgentRequest, CaseLink, Desk, DeskError, Rights, Scope, now};
use counterpart_words::{
    agents::{self, ceilings, ending, granting, kinds, rights_json},
    to_sign::digest_of,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    asked::{Answer, Asked},
    once::once,
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::{AsCommand, Digest, Previewed},
    table::{Operation, of},
};

/// What a place in the list is a place in.
const AGENTS: &str = "agents";

pub(super) const ALL: &[Operation] = &[
    Operation::get("/agents", "list_agents", "The devices and agents of the party, those whose rights ended among them")
        .about("By since when they stand. `grant` is the line that a machine which was let in takes; it is no secret.")
        .scope(Scope::Manage)
        .query(of::<Page>)
        .answers(of::<AsCommand>)
        .does(list),
    Operation::post("/agents/preview", "preview_agent", "What would be granted to a machine that asked")
        .scope(Scope::Manage)
        .json(of::<Adding>)
        .answers(of::<Previewed>)
        .does(preview_add),
    Operation::post("/agents", "add_agent", "Lets a machine that asked act for the party")
        .about(
            "Needs the scope `sign` as well, a token without a seat, and the digest of the preview. What it signs within its rights \
             binds the party.",
        )
        .scope(Scope::Manage)
        .json(of::<Adding>)
        .keyed()
        .created()
        .answers(of::<AsCommand>)
        .does(add),
    Operation::post("/agents/{device}/end/preview", "preview_agent_end", "What the end of an agent's rights would mean")
        .scope(Scope::Manage)
        .json(of::<Ending>)
        .answers(of::<Previewed>)
        .does(preview_end),
    Operation::post("/agents/{device}/end", "end_agent", "Ends the rights of a device or agent for good")
        .about("Needs the scope `sign` as well, a token without a seat, and the digest of the preview.")
        .scope(Scope::Manage)
        .json(of::<Ending>)
        .keyed()
        .answers(of::<AsCommand>)
        .does(end),
    Operation::get("/cases/{case}/address", "read_case_address", "The line by which another machine of the party gets a case")
        .scope(Scope::Manage)
        .answers(of::<AsCommand>)
        .does(address),
    Operation::post("/follows", "follow_case", "Fetches a case of the party from another of its machines")
        .scope(Scope::Manage)
        .json(of::<Following>)
        .keyed()
        .created()
        .answers(of::<AsCommand>)
        .does(follow),
];

/// A machine to be let in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AgentToAdd")]
struct Adding {
    /// Its request, as it showed it.
    #[schemars(length(min = 1))]
    request: String,
    /// What it is called here; as it calls itself where nothing is said.
    name: Option<String>,
    /// The only kinds of act it may sign, such as `note`; every kind where none is said.
    #[serde(default)]
    #[schemars(length(max = 100))]
    only: Vec<String>,
    /// Most money at stake in what it agrees to, such as `200 GBP`, one a currency.
    #[serde(default)]
    #[schemars(length(max = 32))]
    ceilings: Vec<String>,
    /// It may let others in and end their rights, too.
    #[serde(default)]
    admin: bool,
    /// It only receives, and signs no acts.
    #[serde(default)]
    mailbox: bool,
    /// The digest of what was shown.
    digest: Option<Digest>,
}

/// Rights to be ended.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AgentToEnd")]
struct Ending {
    reason: ReasonWish,
    /// The digest of what was shown.
    digest: Option<Digest>,
}

/// Why rights end: it decides what becomes of things signed before this was known.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AgentEndReason")]
enum ReasonWish {
    /// It is not to act any more.
    Ended,
    /// Its key is in wrong hands.
    Compromised,
}

/// A case of the party.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CaseToFollow")]
struct Following {
    /// The line that another machine of the party gives as the case's address.
    #[schemars(length(min = 1))]
    address: String,
}

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let desk = asked.desk()?;
    let agents = desk.agents()?;
    let others = agents.iter().any(|agent| agent.stands() && !agent.here);
    let grant = (desk.is_admin() && others).then(|| grant_line(&desk)).transpose()?;
    let agents = agents.into_iter().map(|agent| ((agent.since, agent.device.to_hex()), agent)).collect();
    let (agents, next) = paging::page(AGENTS, &page, agents)?;
    Ok(Answer::Json(json!({
        "schema": "counterpart/agents/1",
        "party": desk.party().to_hex(),
        "admin": desk.is_admin(),
        "agents": agents.iter().map(agents::json).collect::<Vec<_>>(),
        "grant": grant,
        "next": next,
    })))
}

/// The line for machines that were let in: our key log as it stands.
fn grant_line(desk: &Desk) -> Result<String, Problem> {
    let log = desk.own_log()?;
    let events = log.of_party(&desk.party()).map(|event| event.bytes().to_vec()).collect();
    Ok(AgentGrant { events }.to_text())
}

/// Whoever lets somebody sign may sign, and as the party itself.
pub(super) fn as_party(asked: &Asked) -> Result<std::sync::Arc<Desk>, Problem> {
    asked.caller()?.must(Scope::Sign)?;
    asked.home_desk()
}

struct Ready {
    request: AgentRequest,
    name: String,
    rights: Rights,
    text: String,
}

impl Ready {
    fn of(desk: &Desk, wish: &Adding) -> Result<Self, Problem> {
        let request = AgentRequest::parse(&wish.request).map_err(DeskError::from)?;
        desk.check_request(&request)?;
        let name = desk.check_device_name(wish.name.as_ref().unwrap_or(&request.name))?;
        let only = kinds(&wish.only).map_err(Problem::refused)?;
        let money = ceilings(&wish.ceilings).map_err(Problem::refused)?;
        if wish.mailbox && (!only.is_empty() || !money.is_empty() || wish.admin) {
            let why = "a machine that only receives has no kinds of act, no ceilings, and lets nobody in";
            return Err(Problem::new(Kind::Refused, why).hint("say `mailbox`, or what it may sign"));
        }
        let rights = Rights {
            kinds: if wish.mailbox || !only.is_empty() { Kinds::Listed(only) } else { Kinds::All },
            receive: true,
            admin: wish.admin,
            ceilings: money.iter().map(|money| (money.amount().to_string(), money.currency().to_owned())).collect(),
        };
        let text = granting(&desk.party(), &request, &name, &rights, "POST /api/v1/agents/{device}/end.");
        Ok(Self { request, name, rights, text })
    }

    fn digest(&self) -> String {
        digest_of(&[&self.request.device.to_hex(), &self.text])
    }
}

pub(super) fn shown(text: String, digest: String) -> Result<Answer, Problem> {
    Answer::of(&Previewed { schema: "counterpart/preview/1".to_owned(), text, digest, acts: 1, expires: None })
}

/// Whether just this was shown to a person: no program decides by itself who acts for the party, or what is signed unasked.
pub(super) fn agreed(said: Option<&str>, digest: &str, text: &str) -> Result<(), Problem> {
    match said {
        Some(said) if said == digest => Ok(()),
        Some(_) => {
            let why =
                "what would be signed reads otherwise than the text whose digest came with the request; show it again";
            Err(Problem::new(Kind::Changed, why).with("text", json!(text)).with("digest", json!(digest)))
        }
        None => {
            let why =
                "the digest of the text that a person was shown is needed: a program does not decide this by itself";
            Err(Problem::new(Kind::Refused, why).hint("ask for the preview, show its text, repeat its digest"))
        }
    }
}

fn preview_add(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.home_desk()?;
    let ready = Ready::of(&desk, &asked.json()?)?;
    let digest = ready.digest();
    shown(ready.text, digest)
}

fn add(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Adding = asked.json()?;
    let desk = as_party(asked)?;
    let told = |device: &Json, rights: &Rights, name: &str| -> Result<Answer, Problem> {
        Ok(Answer::Json(json!({
            "schema": "counterpart/agent-add/1",
            "device": device,
            "name": name,
            "rights": rights_json(rights),
            "grant": grant_line(&desk)?,
        })))
    };
    let work = || {
        let ready = Ready::of(&desk, &wish)?;
        agreed(wish.digest.as_deref(), &ready.digest(), &ready.text)?;
        drop(desk.add_agent(&ready.request, &ready.rights, &ready.name, now())?);
        let device = json!(ready.request.device.to_hex());
        let answer = told(&device, &ready.rights, &ready.name)?;
        Ok((device, answer))
    };
    once(asked, &desk, work, |device| {
        let agent = named(&desk, device.as_str().unwrap_or_default())?;
        told(device, &agent.rights, agent.name.as_deref().unwrap_or_default())
    })
}

fn named(desk: &Desk, device: &str) -> Result<Agent, Problem> {
    let found = desk.agents()?.into_iter().find(|agent| agent.device.to_hex() == device);
    found.ok_or_else(|| {
        Problem::new(Kind::NotFound, "the party has no device of that key")
            .hint("GET /api/v1/agents lists them, each with its `device`")
    })
}

fn reason(wish: ReasonWish) -> RevokeReason {
    match wish {
        ReasonWish::Ended => RevokeReason::Ended,
        ReasonWish::Compromised => RevokeReason::Compromised,
    }
}

/// What would be signed to end an agent's rights.
fn end_shown(desk: &Desk, asked: &Asked, wish: &Ending) -> Result<(Agent, String, String), Problem> {
    let agent = named(desk, asked.part("device"))?;
    desk.check_revocation(&agent)?;
    let text = ending(&agent, reason(wish.reason));
    let digest = digest_of(&[&agent.grant.to_hex(), &text]);
    Ok((agent, text, digest))
}

fn preview_end(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Ending = asked.json()?;
    let (_, text, digest) = end_shown(&*asked.home_desk()?, asked, &wish)?;
    shown(text, digest)
}

fn end(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Ending = asked.json()?;
    let desk = as_party(asked)?;
    let told = |agent: &Agent| {
        Answer::Json(json!({
            "schema": "counterpart/agent-revoke/1",
            "device": agent.device.to_hex(),
            "name": agent.name,
            "reason": reason(wish.reason).word(),
        }))
    };
    let work = || {
        let (agent, text, digest) = end_shown(&desk, asked, &wish)?;
        agreed(wish.digest.as_deref(), &digest, &text)?;
        desk.revoke_agent(&agent.grant, reason(wish.reason), now())?;
        Ok((json!("ended"), told(&agent)))
    };
    once(asked, &desk, work, |_| Ok(told(&named(&desk, asked.part("device"))?)))
}

fn address(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    let link = desk.case_link(&case, &[])?;
    Ok(Answer::Json(json!({
        "schema": "counterpart/case-address/1",
        "case": case.to_hex(),
        "address": link.to_text(),
    })))
}

fn follow(asked: &Asked) -> Result<Answer, Problem> {
    let Following { address } = asked.json()?;
    let desk = asked.home_desk()?;
    let link = CaseLink::parse(address.trim()).map_err(DeskError::from)?;
    let answer = || {
        let (case, short) = (link.case.to_hex(), short_form(&link.case.0));
        Answer::Json(json!({"schema": "counterpart/follow/1", "case": case, "short": short}))
    };
    let work = || {
        desk.begin_follow(&link, now())?;
        Ok((json!("followed"), answer()))
    };
    once(asked, &desk, work, |_| Ok(answer()))
}
