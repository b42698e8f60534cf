//! Invitations: a link for a seat, shown before it is signed like any act.

use counterpart_core::{
    act::Act,
    record::Signed,
    value::{Sealable, Seat},
};
use counterpart_node::{Desk, Scope, now};
use counterpart_store::Txn;
use counterpart_words::{
    case::OpenCase,
    error::{CommandError, Done},
    input::program_may_sign,
    inviting::{Became, addresses_to_give, invitations, seat_to_give},
    possible::refused,
    render,
    to_sign::digest_in,
    typed::typed,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{
    acts::{again, agreed},
    case::came,
};
use crate::{
    asked::{Answer, Asked},
    once::{Begun, Once},
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::{Digest, Listed, Previewed, SignedSaid},
    table::{Operation, of},
};

/// For how long an invitation holds unless something else is said, and at most: Unix milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;
const USUAL: i64 = 14 * DAY;
const MOST: i64 = 365 * DAY;

/// What a place in the list is a place in.
const INVITATIONS: &str = "invitations";

pub(super) const ALL: &[Operation] = &[
    Operation::get(
        "/cases/{case}/invitations",
        "list_invitations",
        "The invitations of a case, and what became of them",
    )
    .query(of::<Page>)
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
    digest: Option<Digest>,
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
        let seat = seat_to_give(case, wish.seat.as_deref())?;
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
        let addresses = addresses_to_give(desk, wish.addresses.clone())?;
        // The key is drawn when it is signed, and is no part of the text.
        let key = *desk.author().device.as_bytes();
        let act = Act::Invite { key, seat, expires, label: label.clone().map(Sealable::Open) };
        desk.preview(&case.record, &act, case.now).map_err(|why| refused(case, &act, why))?;
        let text = render::to_be_signed(case, std::slice::from_ref(&act));
        let digest = digest_in(&case.id, &text);
        Ok(Self { seat, label, expires, addresses, digest, text })
    }

    /// The invitation, its link and what became of the key are one transaction.
    fn sign(self, desk: &Desk, case: &OpenCase, once: &Once) -> Result<SignedSaid, Problem> {
        let id = case.id;
        let invitation = desk.new_invitation(&id, case.opener, self.seat, self.label, self.expires, self.addresses);
        let mut said = None;
        let keep = |txn: &Txn<'_>, signed: &[Signed]| {
            for signed in signed {
                let link = invitation.keep(txn, signed)?;
                let body = said.insert(SignedSaid {
                    schema: "counterpart/signed-acts/1".to_owned(),
                    case: id.to_hex(),
                    entries: vec![signed.id.to_hex()],
                    numbers: Vec::new(),
                    text: self.text.clone(),
                    link: Some(link.to_text()),
                });
                once.keep(txn, 201, body)?;
            }
            Ok(())
        };
        let act = |signed: &[Signed]| signed.is_empty().then(|| invitation.act().clone());
        let mut record = desk.record(&id)?;
        let signed = desk.sign_together_again(&id, &mut record, act, keep, now())?;
        let names = record.names();
        let numbers = signed.iter().map(|one| names.of(&one.id).trim_start_matches('#').to_owned()).collect();
        let said = said.ok_or_else(|| Problem::new(Kind::Failed, "nothing was signed"))?;
        Ok(SignedSaid { numbers, ..said })
    }
}

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let row = |made: counterpart_words::inviting::Invitation| {
        let (became, by) = match made.became {
            Became::Open => ("open", None),
            Became::Expired => ("expired", None),
            Became::Used(party) => ("used", Some(party.to_hex())),
            Became::TakenBack => ("taken-back", None),
        };
        let id = made.id.to_hex();
        let said = json!({
            "ref": case.entry_name(&made.id),
            "id": id,
            "by": made.by.to_hex(),
            "seat": case.seat_label(&made.seat),
            "expires": made.expires,
            "label": made.label,
            "state": became,
            "party": by,
        });
        (came(&case, Some(&id)), said)
    };
    let rows: Vec<(usize, Json)> = invitations(&case).into_iter().map(row).collect();
    let (rows, next) = paging::as_they_came(INVITATIONS, &page, rows)?;
    let schema = "counterpart/invitations/1";
    Ok(Answer::Json(json!({"schema": schema, "case": case.id.to_hex(), "rows": rows, "next": next})))
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
    Answer::of(&ready.sign(&desk, &case, &once)?)
}
