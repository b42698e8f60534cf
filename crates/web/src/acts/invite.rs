//! An invitation: signed, and its link kept in the same step. The link is shown by the case's page of invitations.

use axum::response::Response;
use counterpart_words::{
    inviting::{addresses_to_give, free_seats},
    typed::typed as checked,
};

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
        let invitation = at.desk.new_invitation(&case.id, case.opener, seat, label, expires, addresses);
        let mut ready = Ready::act(invitation.act().clone());
        ready.then = Some(format!("/case/{}/invite", case.id.to_hex()));
        ready.also = Some(Box::new(move |_desk, txn, signed| {
            for signed in signed {
                invitation.keep(txn, signed)?;
            }
            Ok(())
        }));
        Ok(ready)
    }
}

/// Where this machine is to be reached: as typed, a line each, else as the node says.
fn addresses(at: &At<'_>, typed: &Typed, wrong: &mut Vec<Wrong>) -> Vec<String> {
    let lines = typed.text("addresses").lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    let given = !lines.is_empty();
    addresses_to_give(at.desk, lines).unwrap_or_else(|why| {
        wrong.push(match given {
            true => Wrong::of("addresses", at.visit.language.say("invite.addresses.wrong")),
            false => Wrong::said("addresses", &why),
        });
        Vec::new()
    })
}
