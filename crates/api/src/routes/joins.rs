//! Joining a case by the link of an invitation, and requests that are under way.

use counterpart_core::id::{CaseId, short_form};
use counterpart_node::{Desk, Scope, now};
use counterpart_words::{
    inviting::{asking, find_link},
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
    table::{BASE, Operation, of},
};

/// What a place in the list is a place in.
const JOINS: &str = "joins";

pub(super) const ALL: &[Operation] = &[
    Operation::get("/joins", "list_joins", "Requests to join a case that are under way")
        .about("What expires first comes first. How far each has come is told by `GET /status`, in `joining`.")
        .query(of::<Page>)
        .answers(of::<AsCommand>)
        .does(list),
    Operation::post("/joins/preview", "preview_join", "Who would learn what by asking to join")
        .about("Needs a token without a seat, as joining does.")
        .scope(Scope::Draft)
        .json(of::<Joining>)
        .answers(of::<Previewed>)
        .does(preview),
    Operation::post("/joins", "join", "Asks to join the case that a link invites to")
        .about(
            "Needs the digest of the preview, and a token without a seat: whoever joins is the party itself. The node goes on asking \
             until the invitation expires.",
        )
        .scope(Scope::Sign)
        .json(of::<Joining>)
        .keyed()
        .created()
        .answers(of::<AsCommand>)
        .does(join),
    Operation::delete("/joins/{join}", "stop_join", "Waits for an answer no longer")
        .scope(Scope::Sign)
        .keyed()
        .does(stop),
];

/// A case to be joined.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CaseToJoin")]
struct Joining {
    /// The link, or a text with it, such as a whole mail. It is a secret: whoever has it can take the seat.
    #[schemars(length(min = 1))]
    link: String,
    /// The digest of what was shown.
    digest: Option<Digest>,
}

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let one = |join: counterpart_store::Join| {
        // Not the link: it is a secret.
        let said = json!({"case": join.case.to_hex(), "short": short_form(&join.case.0), "expires": join.expires});
        ((join.expires, join.case.to_hex()), said)
    };
    let joins = asked.desk()?.with_store(|store| store.joins())?.into_iter().map(one).collect();
    let (joins, next) = paging::page(JOINS, &page, joins)?;
    Ok(Answer::Json(json!({"schema": "counterpart/joins/1", "joins": joins, "next": next})))
}

/// The link and what is shown of it.
fn shown(desk: &Desk, wish: &Joining) -> Result<(counterpart_core::invitation::Link, String, String), Problem> {
    let link = find_link(&wish.link).map_err(|why| {
        Problem::new(Kind::Refused, why.to_string()).hint("send the whole link of the invitation, as it came")
    })?;
    desk.check_join(&link, now())?;
    // Programs have no zone of their own: the invitation's end is told in UTC.
    let text = asking(&link, &desk.party(), "UTC");
    let digest = digest_of(&[&link.case.to_hex(), &text]);
    Ok((link, text, digest))
}

fn preview(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Joining = asked.json()?;
    let desk = asked.home_desk()?;
    let (_, text, digest) = shown(&desk, &wish)?;
    Answer::of(&Previewed { schema: "counterpart/preview/1".to_owned(), text, digest, acts: 1, expires: None })
}

fn told(case: &CaseId) -> Answer {
    let body = json!({"schema": "counterpart/join-asked/1", "case": case.to_hex(), "short": short_form(&case.0)});
    Answer::At(format!("{BASE}/cases/{}", case.to_hex()), body)
}

fn join(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Joining = asked.json()?;
    let desk = asked.home_desk()?;
    let work = || {
        let (link, text, digest) = shown(&desk, &wish)?;
        match wish.digest.as_deref() {
            Some(said) if said == digest => {}
            Some(_) => {
                let why = "what would be asked reads otherwise than the text whose digest came with the request";
                return Err(Problem::new(Kind::Changed, why).with("text", json!(text)).with("digest", json!(digest)));
            }
            None => {
                let why = "the digest of the text that a person was shown is needed";
                let hint = "ask for the preview, show its text, repeat its digest";
                return Err(Problem::new(Kind::Refused, why).hint(hint));
            }
        }
        desk.begin_join(&link, now())?;
        Ok((json!(link.case.to_hex()), told(&link.case)))
    };
    once(asked, &desk, work, |kept: &Json| {
        let case = kept.as_str().and_then(CaseId::from_hex);
        case.map(|case| told(&case)).ok_or_else(|| Problem::new(Kind::Failed, "what was asked before cannot be read"))
    })
}

fn stop(asked: &Asked) -> Result<Answer, Problem> {
    let absent = || {
        Problem::new(Kind::NotFound, "no request to join that case is under way")
            .hint("GET /api/v1/joins lists them, each with its case's id")
    };
    let case = CaseId::from_hex(asked.part("join")).ok_or_else(absent)?;
    let desk = asked.home_desk()?;
    let work = || {
        let stopped = desk.with_store(|store| store.write(|txn| txn.delete_join(case)))?;
        if stopped { Ok((json!("stopped"), Answer::Nothing)) } else { Err(absent()) }
    };
    once(asked, &desk, work, |_| Ok(Answer::Nothing))
}
