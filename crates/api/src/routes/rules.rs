//! Standing rules: what the running node signs by itself at an agent's seat. Whoever adds one lets something be signed that nobody
//! is asked about then, so a person is shown it first.

use counterpart_node::{Desk, DeskError, Scope, now};
use counterpart_process::standing_rule::StandingRule;
use counterpart_words::standing_rules::{
    NotKept, RuleShown, RuleTyped, added_json, rule_json, shown_json, stopped, trials, tried_json,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::agents::{agreed, as_party, shown};
use crate::{
    asked::{Answer, Asked},
    once::once,
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::{AsCommand, Digest, Previewed},
    table::{BASE, Operation, of},
};

/// What a place in the list is a place in.
const RULES: &str = "standing-rules";

/// What helps where a seat cannot sign for a rule: to add another is for whoever sits at the machine.
const SEAT: &str =
    "name a seat that stands and may sign this; GET /api/v1/agents lists who acts for the party, and for what";

/// And where it would accept more than its seat may.
const CEILING: &str = "write up_to no higher than the seat's ceiling, or name a seat that may agree to more; GET /api/v1/agents lists who acts \
     for the party, and for what";

/// And where what is wished for is no rule.
const PARTS: &str = "GET /api/v1/openapi.json says what each part of a rule may be";

pub(super) const ALL: &[Operation] = &[
    Operation::get("/standing-rules", "list_standing_rules", "What the running node signs by itself, and what of it stopped")
        .about("By name. Needs a token without a seat, as all that is about these rules.")
        .scope(Scope::Manage)
        .query(of::<Page>)
        .answers(of::<AsCommand>)
        .does(list),
    Operation::post("/standing-rules/new/preview", "preview_standing_rule", "A rule in full, as it would be kept")
        .scope(Scope::Manage)
        .json(of::<Adding>)
        .answers(of::<Previewed>)
        .does(preview),
    Operation::post("/standing-rules", "add_standing_rule", "Lets the running node sign by itself, at an agent's seat")
        .about(
            "Needs the scope `sign` as well, a token without a seat, and the digest of the preview. The rule acts on what comes in \
             from then on, within the rights and ceilings of its seat, and nobody is asked.",
        )
        .scope(Scope::Manage)
        .json(of::<Adding>)
        .keyed()
        .created()
        .answers(of::<AsCommand>)
        .does(add),
    Operation::get("/standing-rules/{name}", "show_standing_rule", "A rule in full, and what it did last")
        .about("`did` has the last fifty things that it did or was kept from, the newest last.")
        .scope(Scope::Manage)
        .answers(of::<AsCommand>)
        .does(show),
    Operation::get(
        "/cases/{case}/standing-rules/{name}/trial",
        "try_standing_rule",
        "What a rule would do in a case now, word by word",
    )
    .about(
        "Needs the scope `draft` as well: it shows what would be signed. Tried are the newest entries of others of the kind that \
         sets it off, or what is due; those from before the rule was added as if they came in now. Nothing is signed.",
    )
    .scope(Scope::Manage)
    .answers(of::<AsCommand>)
    .does_in_case(trial),
    Operation::delete("/standing-rules/{name}", "end_standing_rule", "Ends a rule: it signs nothing more")
        .about("What it signed stays signed.")
        .scope(Scope::Manage)
        .does(end),
];

/// A rule to be added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StandingRuleToAdd")]
struct Adding {
    rule: RuleTyped,
    /// The digest of what was shown.
    digest: Option<Digest>,
}

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let desk = asked.home_desk()?;
    let rules = desk.standing_rules()?.into_iter().map(|rule| (rule.name.clone(), rule)).collect();
    let (rules, next) = paging::page(RULES, &page, rules)?;
    let rules: Result<Vec<Json>, _> = rules.iter().map(|rule| rule_json(&desk, rule)).collect();
    let rules = rules.map_err(Problem::refused)?;
    Ok(Answer::Json(json!({"schema": "counterpart/standing-rules/1", "rules": rules, "next": next})))
}

/// The rule that the path names.
fn named(asked: &Asked, desk: &Desk) -> Result<StandingRule, Problem> {
    let name = asked.part("name");
    desk.standing_rules()?.into_iter().find(|rule| rule.name == name).ok_or_else(|| {
        Problem::new(Kind::NotFound, "there is no standing rule of that name here")
            .hint("GET /api/v1/standing-rules lists those there are")
    })
}

/// What the command calls its options is called otherwise here.
fn as_fields(text: &str) -> String {
    ["by", "before", "when"].iter().fold(text.to_owned(), |text, name| text.replace(&format!("--{name}"), name))
}

fn not_kept(why: NotKept, desk: &Desk, wish: &RuleTyped) -> Problem {
    let refused = |text: &str| Problem::new(Kind::Refused, as_fields(text));
    match why {
        NotKept::Desk(DeskError::UnknownSeat(seat)) => {
            refused(&format!("there is no agent's seat '{seat}' in this home")).hint(SEAT)
        }
        NotKept::Desk(why @ DeskError::SeatEnded(_)) => refused(&why.to_string()).hint(SEAT),
        NotKept::Kind { .. } => refused(&why.to_string()).hint(SEAT),
        NotKept::Above(_) => refused(&why.to_string()).hint(CEILING),
        NotKept::Desk(DeskError::Text(text)) => {
            if desk.standing_rules().is_ok_and(|rules| rules.iter().any(|rule| rule.name == wish.name)) {
                return Problem::new(Kind::Taken, text).hint("GET /api/v1/standing-rules lists those there are");
            }
            refused(&text).hint(PARTS)
        }
        NotKept::Desk(why) => why.into(),
        NotKept::Typed(why) => {
            let mut problem = Problem::refused(why.clone());
            if why.hint.is_none() {
                problem = problem.hint(PARTS);
            }
            problem
        }
    }
}

fn ready(desk: &Desk, wish: &RuleTyped) -> Result<RuleShown, Problem> {
    wish.shown(desk, now()).map_err(|why| not_kept(why, desk, wish))
}

fn preview(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Adding = asked.json()?;
    let ready = ready(&*asked.home_desk()?, &wish.rule)?;
    let digest = ready.digest();
    shown(ready.text, digest)
}

fn add(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Adding = asked.json()?;
    let desk = as_party(asked)?;
    let told = |rule: &StandingRule| -> Result<Answer, Problem> {
        let body = added_json(&desk, rule).map_err(Problem::refused)?;
        Ok(Answer::At(format!("{BASE}/standing-rules/{}", rule.name), body))
    };
    let work = || {
        let ready = ready(&desk, &wish.rule)?;
        agreed(wish.digest.as_deref(), &ready.digest(), &ready.text)?;
        let kept = desk.add_standing_rule(ready.rule, now());
        let rule = kept.map_err(|why| not_kept(why.into(), &desk, &wish.rule))?;
        Ok((json!(rule.id), told(&rule)?))
    };
    once(asked, &desk, work, |id| {
        let found = desk.standing_rules()?.into_iter().find(|rule| json!(rule.id) == *id);
        let gone = || Problem::new(Kind::NotFound, "the rule was added, and ended since");
        told(&found.ok_or_else(gone)?)
    })
}

fn show(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.home_desk()?;
    let rule = named(asked, &desk)?;
    Ok(Answer::Json(shown_json(&desk, &rule).map_err(Problem::refused)?))
}

fn trial(asked: &Asked) -> Result<Answer, Problem> {
    asked.caller()?.must(Scope::Draft)?;
    let desk = asked.home_desk()?;
    let case = asked.case_id(&desk)?;
    let rule = named(asked, &desk)?;
    if let Some(why) = stopped(&desk, &rule).map_err(Problem::refused)? {
        let why = format!("the rule stopped, because {}", why.as_str());
        return Err(Problem::new(Kind::Refused, why).hint("DELETE /api/v1/standing-rules/{name} ends it; add it anew"));
    }
    let trials = trials(&desk, &rule, &case.to_hex(), now()).map_err(Problem::refused)?;
    Ok(Answer::Json(tried_json(&rule, &case, &trials)))
}

fn end(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.home_desk()?;
    let rule = named(asked, &desk)?;
    desk.end_standing_rule(&rule.name)?;
    Ok(Answer::Nothing)
}
