//! An invitation: signed, and its link kept in the same step. The link is shown by the case's page of invitations.

use axum::response::Response;
use counterpart_core::{
    act::Act,
    id::EntryId,
    invitation::{Link, Secret, invite_key},
    value::Sealable,
};
use counterpart_node::{Desk, DeskError};
use counterpart_store::Invite as Kept;
use counterpart_words::{inviting::free_seats, typed::typed as checked};

use super::{ActForm, At, Ready, Wrong};
use crate::{guard::Problem, pages::invite, typed::Typed};

/// How long an invitation may hold: days.
const DAYS: std::ops::RangeInclusive<i64> = 1..=365;

#[derive(Debug)]
pub(super) struct Invite;

impl ActForm for Invite {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        invite::made(at.visit, at.desk, at.case, typed, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let (language, case) = (at.visit.language, at.case);
        let mut wrong = Vec::new();
        let seat = match (typed.some("seat"), free_seats(case).as_slice()) {
            (Some(named), _) => case.seat(named).map_err(|why| Wrong::said("seat", &why)),
            (None, [one]) => Ok(*one),
            (None, []) => Err(Wrong::of("", language.say("invite.taken"))),
            (None, _) => Err(Wrong::of("seat", language.say("invite.which"))),
        };
        let days = typed.some("days").map_or(Ok(invite::DAYS), str::parse::<i64>).ok().filter(|d| DAYS.contains(d));
        if days.is_none() {
            wrong.push(Wrong::of("days", language.say("invite.days.wrong")));
        }
        let label = typed.some("label").map(|label| checked("the remark", label)).transpose();
        let label = label.map_err(|why| wrong.push(Wrong::said("label", &why))).ok().flatten();
        let addresses = addresses(at, typed, &mut wrong);
        let seat = seat.map_err(|why| wrong.push(why)).ok();
        let (Some(seat), Some(days), true) = (seat, days, wrong.is_empty()) else { return Err(wrong) };
        let expires = case.now + days * 24 * 3_600_000;
        let secret = Secret(counterpart_node::random());
        let key = invite_key(&secret.0).verifying_key().to_bytes();
        let link = Link {
            case: case.id,
            opener: case.opener,
            // Known once it is signed.
            invite: EntryId([0; 32]),
            secret,
            addresses,
            peer: at.desk.peer_id().as_bytes().to_vec(),
            expires,
        };
        let mut ready = Ready::act(Act::Invite { key, seat, expires, label: label.map(Sealable::Open) });
        ready.then = Some(format!("/case/{}/invite", case.id.to_hex()));
        ready.also = Some(Box::new(move |_desk, txn, signed| {
            let Some(signed) = signed.first() else { return Ok(()) };
            let link = Link { invite: signed.id, ..link };
            let secret = link.secret.0.to_vec();
            Ok(txn.put_invite(&Kept { case: link.case, invite: signed.id, secret, link: link.to_text() })?)
        }));
        Ok(ready)
    }
}

/// Where the node says that it is reached. Its peer id stands in the link already: without it at each address the link
/// is half as long, and its picture can be read.
pub(crate) fn own_addresses(desk: &Desk) -> Result<Vec<String>, DeskError> {
    let end = format!("/p2p/{}", desk.peer_id());
    let short = |address: String| address.strip_suffix(&end).map(str::to_owned).unwrap_or(address);
    Ok(desk.reachable_at()?.into_iter().map(short).collect())
}

/// Where this machine is to be reached: as typed, a line each, else as the node says.
fn addresses(at: &At<'_>, typed: &Typed, wrong: &mut Vec<Wrong>) -> Vec<String> {
    let lines: Vec<String> =
        typed.text("addresses").lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if lines.is_empty() {
        return match own_addresses(at.desk) {
            Ok(addresses) => addresses,
            Err(why) => {
                wrong.push(Wrong::of("addresses", why.to_string()));
                Vec::new()
            }
        };
    }
    let fits = |line: &String| line.starts_with('/') && line.len() <= 300 && line.chars().all(|c| c.is_ascii_graphic());
    if lines.len() > 16 || !lines.iter().all(fits) {
        wrong.push(Wrong::of("addresses", at.visit.language.say("invite.addresses.wrong")));
    }
    lines
}
