//! What is signed in a case: shown first, then signed just as it was shown.

use std::cell::Cell;

use counterpart_core::{act::Act, id::EntryId, record::Signed};
use counterpart_node::{Desk, DeskError, Scope};
use counterpart_store::{StoreError, Txn};
use counterpart_words::{
    case::OpenCase,
    error::Done,
    input::{Input, prepare},
    inviting::{Became, invitations},
    render,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    asked::{Answer, Asked},
    once::{Begun, Outcome},
    problem::{Kind, Problem},
    shapes::{Digest, Previewed, SignedSaid},
    table::{Operation, of},
};

pub(super) const ALL: &[Operation] = &[
    Operation::post("/cases/{case}/acts/preview", "preview_act", "What would be signed")
        .about(
            "Gives the exact text of an act, as people are shown it, and its digest; or says why it would not be signed and \
             what would work. Nothing is signed.",
        )
        .scope(Scope::Draft)
        .json(of::<Wish>)
        .answers(of::<Previewed>)
        .does_in_case(preview),
    Operation::post("/cases/{case}/acts", "sign_act", "Signs an act")
        .about(
            "Signs with the key of the token's seat, within its limits, or with the home's own key. The digest says that a person \
             was shown the text: what reads otherwise by now is not signed. Without one a program decides by itself. It may at a \
             seat alone, for which the kinds of act are listed; and it agrees only to actions with a stated value in a currency \
             in which the seat has a ceiling.",
        )
        .scope(Scope::Sign)
        .json(of::<Wish>)
        .keyed()
        .created()
        .answers(of::<SignedSaid>)
        .does_in_case(sign),
];

/// What is to be signed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ActToSign")]
struct Wish {
    /// The act.
    input: Input,
    /// The digest of the text that was shown: what was shown is what is signed.
    digest: Option<Digest>,
}

/// Whether what would be signed is what was shown; or, where nobody was shown it, whether `alone` lets the program sign it by
/// itself.
pub(super) fn agreed(
    asked: &Asked,
    said: Option<&str>,
    digest: &str,
    text: &str,
    alone: impl FnOnce() -> Done,
) -> Result<(), Problem> {
    let caller = asked.caller()?;
    match said {
        Some(said) if said == digest => Ok(()),
        Some(_) => {
            let why =
                "what would be signed reads otherwise than the text whose digest came with the request; show it again";
            Err(Problem::new(Kind::Changed, why).with("text", json!(text)).with("digest", json!(digest)))
        }
        // An agent with a key of its own is bound by its limits; this one signs as the party itself.
        None if caller.seat.is_none() => {
            let why =
                "this token signs with the home's own key, so the digest of the text that a person was shown is needed";
            Err(Problem::new(Kind::Refused, why).hint(
                "ask for the preview, show its text, repeat its digest; a program that decides by itself needs a seat",
            ))
        }
        None => alone().map_err(Problem::refused),
    }
}

/// What people call entries that were signed, in a case after it.
pub(super) fn numbers(case: &OpenCase, signed: &[Signed]) -> Vec<String> {
    signed.iter().map(|one| case.entry_typed(&one.id)).collect()
}

/// The answer to what was done before under the same key, as the record has it by now: what was erased since is not in it.
pub(super) fn again(desk: &Desk, status: u16, outcome: Outcome) -> Result<Answer, Problem> {
    let case = OpenCase::open_with_stamps(desk, &outcome.case);
    let case = case.map_err(|why| Problem::new(Kind::Failed, why.message))?;
    let entries: Vec<EntryId> = outcome.entries.iter().filter_map(|id| EntryId::from_hex(id)).collect();
    let found = entries.iter().filter_map(|id| case.record.graph().find(id));
    let acts: Vec<Act> = found.map(|ix| case.record.laid_open(ix)).collect();
    // One that was used or taken back leads nowhere.
    let open = |id: &&EntryId| invitations(&case).iter().any(|one| one.id == **id && one.became == Became::Open);
    let invite = entries.iter().find(open).map(|id| desk.with_store(|store| store.invite(*id))).transpose()?;
    let said = SignedSaid {
        schema: "counterpart/signed-acts/1".to_owned(),
        text: render::to_be_signed(&case, &acts),
        link: invite.flatten().map(|invite| invite.link),
        numbers: entries.iter().map(|id| case.entry_typed(id)).collect(),
        case: outcome.case,
        entries: outcome.entries,
    };
    Ok(Answer::Again(status, json!(said)))
}

fn preview(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Wish = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let prepared = prepare(&desk, &case, &wish.input).map_err(Problem::refused)?;
    Answer::of(&Previewed {
        schema: "counterpart/preview/1".to_owned(),
        digest: prepared.digest(),
        acts: prepared.acts.len() as u64,
        text: prepared.text,
        expires: None,
    })
}

fn sign(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Wish = asked.json()?;
    let desk = asked.desk()?;
    let once = match Begun::of(asked, &desk)? {
        Begun::New(once) => once,
        Begun::Before(status, outcome) => return again(&desk, status, outcome),
    };
    let case = asked.case(&desk)?;
    let prepared = prepare(&desk, &case, &wish.input).map_err(Problem::refused)?;
    let alone = || prepared.may_be_signed_by_a_program(&desk, &case);
    agreed(asked, wish.digest.as_deref(), &prepared.digest(), &prepared.text, alone)?;
    let id = case.id.to_hex();
    let said = |signed: &[Signed]| SignedSaid {
        schema: "counterpart/signed-acts/1".to_owned(),
        case: id.clone(),
        entries: signed.iter().map(|one| one.id.to_hex()).collect(),
        numbers: Vec::new(),
        text: prepared.text.clone(),
        link: None,
    };
    let failed: Cell<Option<StoreError>> = Cell::new(None);
    let kept = Cell::new(0);
    let keep = |txn: &Txn<'_>, signed: &[Signed]| {
        kept.set(signed.len());
        once.keep(txn, 201, &said(signed)).map_err(|why| {
            failed.set(Some(why.clone()));
            DeskError::from(why)
        })
    };
    let signed = prepared.sign(&desk, case, keep);
    if let Some(why) = failed.take() {
        return Err(why.into());
    }
    let (case, signed) = signed.map_err(Problem::refused)?;
    let body = SignedSaid { numbers: numbers(&case, &signed), ..said(&signed) };
    if signed.len() > kept.get() {
        // What is erased is signed one by one, so that the first of them alone stood there.
        once.amend(&desk, 201, &body)?;
    }
    Answer::of(&body)
}
