//! Invitations: a link for a seat, shown before it is signed like any act.

use counterpart_core::{
    act::Act,
    id::CaseId,
    value::{Sealable, Seat},
};
use counterpart_node::{Desk, DeskError, Scope, now};
use counterpart_words::{
    case::OpenCase,
    error::{CommandError, Done},
    input::program_may_sign,
    inviting::{Became, free_seats, invitations},
    possible::refused,
    render::{self, hex},
    typed::typed,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::acts::{again, agreed};
use crate::{
    asked::{Answer, Asked},
    once::{Begun, Failed},
    problem::{Kind, Problem},
    shapes::{Listed, Previewed, SignedSaid},
    table::{Operation, of},
};

/// For how long an invitation holds unless something else is said, and at most: Unix milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;
const USUAL: i64 = 14 * DAY;
const MOST: i64 = 365 * DAY;

pub(super) const ALL: &[Operation] = &[
    Operation::get(
        "/cases/{case}/invitations",
        "list_invitations",
        "The invitations of a case, and what became of them",
    )
    .answers(of::<Listed>)
    .does_in_case(list),
    Operation::post(
        "/cases/{case}/invitations/preview",
        "preview_invitation",
        "What would be signed to invite somebody",
    )
    .scope(Scope::Draft)
    .json(of::<Wish>)
    .answers(of::<Previewed>)
    .does_in_case(preview),
    Operation::post("/cases/{case}/invitations", "invite", "Invites somebody to a seat, and gives the link")
        .about("Whoever holds the link can take the seat, once. Send it in a way that reaches only them.")
        .scope(Scope::Sign)
        .json(of::<Wish>)
        .keyed()
        .created()
        .answers(of::<SignedSaid>)
        .does_in_case(invite),
];

/// An invitation to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InvitationToMake")]
struct Wish {
    /// The seat, by number, label or role; the one that is free where nothing is said.
    seat: Option<String>,
    /// Until when it holds, RFC 3339; fourteen days where nothing is said. What the preview gave is repeated.
    expires: Option<String>,
    /// Where this node can be reached, such as /ip4/203.0.113.7/tcp/4001; as it says itself where nothing is said.
    #[serde(default)]
    #[schemars(length(max = 16))]
    addresses: Vec<String>,
    /// A remark for the list of invitations; everybody in the case reads it.
    label: Option<String>,
    /// The digest of the text that was shown.
    digest: Option<String>,
}

/// What is about to be signed.
struct Ready {
    seat: Seat,
    label: Option<String>,
    expires: i64,
    addresses: Vec<String>,
    text: String,
    digest: String,
}

impl Ready {
    fn of(desk: &Desk, case: &OpenCase, wish: &Wish) -> Done<Self> {
        let seat = match &wish.seat {
            Some(typed) => case.seat(typed)?,
            None => match free_seats(case).as_slice() {
                [one] => *one,
                [] => return Err(CommandError::failed("every seat of the case is taken")),
                _ => return Err(CommandError::usage("several seats are free: say which in `seat`")),
            },
        };
        let label = wish.label.as_deref().map(|label| typed("the label", label)).transpose()?;
        let expires = match &wish.expires {
            Some(text) => {
                let time: Timestamp = text.parse().map_err(|why| {
                    CommandError::usage(format!(
                        "`expires` is no time of RFC 3339, such as 2026-07-08T17:00:00+01:00: {why}"
                    ))
                })?;
                time.as_millisecond()
            }
            None => (case.now + USUAL) / 60_000 * 60_000,
        };
        if !(case.now + 60_000..=case.now + MOST).contains(&expires) {
            return Err(CommandError::usage("an invitation holds from a minute to a year"));
        }
        let fits =
            |line: &String| line.starts_with('/') && line.len() <= 300 && line.bytes().all(|b| b.is_ascii_graphic());
        if wish.addresses.len() > 16 || !wish.addresses.iter().all(fits) {
            return Err(CommandError::usage("an address looks like /ip4/203.0.113.7/tcp/4001, and 16 are the most"));
        }
        let addresses = if wish.addresses.is_empty() { desk.reachable_at()? } else { wish.addresses.clone() };
        // The key is drawn when it is signed, and is no part of the text.
        let key = *desk.author().device.as_bytes();
        let act = Act::Invite { key, seat, expires, label: label.clone().map(Sealable::Open) };
        desk.preview(&case.record, &act, case.now).map_err(|why| refused(case, &act, why))?;
        let text = render::to_be_signed(case, std::slice::from_ref(&act));
        let digest = Sha256::new().chain_update(case.id.as_bytes()).chain_update(text.as_bytes()).finalize();
        Ok(Self { seat, label, expires, addresses, digest: hex(&digest), text })
    }

    fn sign(&self, desk: &Desk, case: &CaseId) -> Result<SignedSaid, Failed> {
        let link = desk.invite(case, self.seat, self.label.clone(), self.expires, self.addresses.clone(), now());
        let link = link.map_err(|why| match why {
            DeskError::Draft(_) => Failed::Before(why.into()),
            // It may be signed, and its link not kept.
            why => Failed::After(why.into()),
        })?;
        Ok(SignedSaid {
            schema: "counterpart/signed-acts/1".to_owned(),
            case: case.to_hex(),
            entries: vec![link.invite.to_hex()],
            text: self.text.clone(),
            link: Some(link.to_text()),
        })
    }
}

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let row = |made: counterpart_words::inviting::Invitation| {
        let (became, by) = match made.became {
            Became::Open => ("open", None),
            Became::Expired => ("expired", None),
            Became::Used(party) => ("used", Some(party.to_hex())),
            Became::TakenBack => ("taken-back", None),
        };
        json!({
            "ref": case.entry_name(&made.id),
            "id": made.id.to_hex(),
            "by": made.by.to_hex(),
            "seat": case.seat_label(&made.seat),
            "expires": made.expires,
            "label": made.label,
            "state": became,
            "party": by,
        })
    };
    let rows: Vec<Json> = invitations(&case).into_iter().map(row).collect();
    Ok(Answer::Json(json!({"schema": "counterpart/invitations/1", "case": case.id.to_hex(), "rows": rows})))
}

fn preview(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let ready = Ready::of(&desk, &case, &asked.json()?).map_err(Problem::refused)?;
    let expires = Timestamp::from_millisecond(ready.expires);
    let expires = expires.map_err(|why| Problem::new(Kind::Failed, why.to_string()))?;
    Answer::of(&Previewed {
        schema: "counterpart/preview/1".to_owned(),
        text: ready.text,
        digest: ready.digest,
        acts: 1,
        expires: Some(expires.to_string()),
    })
}

fn invite(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Wish = asked.json()?;
    let desk = asked.desk()?;
    let once = match Begun::of(asked, &desk)? {
        Begun::New(once) => once,
        Begun::Before(status, outcome) => return again(&desk, status, outcome),
    };
    let case = asked.case(&desk)?;
    let ready = Ready::of(&desk, &case, &wish).map_err(Problem::refused)?;
    // By an invitation one agrees to nothing: only its kind has to be listed.
    let alone = || program_may_sign(&desk, &case.record, &[]);
    agreed(asked, wish.digest.as_deref(), &ready.digest, &ready.text, alone)?;
    Answer::of(&once.claimed(&desk, 201, || ready.sign(&desk, &case.id))?)
}
