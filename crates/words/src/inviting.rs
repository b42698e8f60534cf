//! Invitations in words: which seat one is for, what became of it, and what is asked for with one.

use counterpart_core::{
    act::Act,
    fold::{InForce, SubjectKey},
    graph::Ix,
    id::{EntryId, PartyId, short_form},
    invitation::{LINK_PREFIX, Link, LinkError},
    value::{ActionId, Seat},
};
use counterpart_node::{Desk, DeskError};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render, when,
};

/// How many parts a link may be in after mail programs broke it.
const PARTS: usize = 64;

/// Addresses in one link, at most; and how long each may be.
const ADDRESSES: usize = 16;
const LONGEST_ADDRESS: usize = 300;

/// The seat that somebody named, or the only one that is free.
///
/// # Errors
/// When there is no such seat, every one is taken, or it is not plain which is meant.
pub fn seat_to_give(case: &OpenCase, typed: Option<&str>) -> Done<Seat> {
    match (typed, free_seats(case).as_slice()) {
        (Some(typed), _) => case.seat(typed),
        (None, [one]) => Ok(*one),
        (None, []) => Err(CommandError::failed("every seat of the case is taken")),
        (None, several) => {
            let names = several.iter().map(|seat| case.seat_label(seat)).collect::<Vec<_>>().join("; ");
            Err(CommandError::usage("several seats are free: say which").hint(names))
        }
    }
}

/// Where an invitation says that this node can be reached: as typed, else as the node itself says.
///
/// # Errors
/// What is no address, or that there are too many.
pub fn addresses_to_give(desk: &Desk, typed: Vec<String>) -> Done<Vec<String>> {
    if typed.is_empty() {
        return Ok(own_addresses(desk)?);
    }
    let fits = |one: &String| {
        one.starts_with('/') && one.len() <= LONGEST_ADDRESS && one.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if let Some(wrong) = typed.iter().find(|one| !fits(one)) {
        return Err(CommandError::usage(format!("'{}' is no address of a node", render::line(wrong)))
            .hint("such as /ip4/203.0.113.7/tcp/4001"));
    }
    if typed.len() > ADDRESSES {
        return Err(CommandError::usage(format!("a link takes {ADDRESSES} addresses at most")));
    }
    Ok(typed)
}

/// Where the node says that it is reached. Its peer id stands in the link already: without it at each address the link
/// is half as long, and its picture can be read.
///
/// # Errors
/// When the home cannot be read.
pub fn own_addresses(desk: &Desk) -> Result<Vec<String>, DeskError> {
    let end = format!("/p2p/{}", desk.peer_id());
    let short = |address: String| address.strip_suffix(&end).map(str::to_owned).unwrap_or(address);
    Ok(desk.reachable_at()?.into_iter().map(short).collect())
}

/// What a request to join says, before it is made. A case's times are not known yet: they are told in `zone`.
pub fn asking(link: &Link, own: &PartyId, zone: &str) -> String {
    format!(
        "You ask to join the case {} under your identity {}.\nWhoever made the invitation learns this identity and \
         this device's key. The invitation holds until {}.",
        short_form(&link.case.0),
        short_form(&own.0),
        when::show(link.expires, zone),
    )
}

/// The link in a text that somebody pasted: perhaps a whole mail, perhaps broken into lines on the way.
///
/// # Errors
/// When there is none in it, or it is not whole.
pub fn find_link(text: &str) -> Result<Link, LinkError> {
    let (_, rest) = text.split_once(LINK_PREFIX).ok_or(LinkError::Prefix)?;
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut encoded = String::new();
    let mut found = Err(LinkError::Malformed);
    for part in rest.split_whitespace().take(PARTS) {
        let inside = part.find(|c| !letter(c)).and_then(|end| part.get(..end)).unwrap_or(part);
        encoded.push_str(inside);
        found = Link::parse(&format!("{LINK_PREFIX}{encoded}"));
        if found.is_ok() || inside != part {
            break;
        }
    }
    found
}

/// An invitation of a case, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: EntryId,
    pub by: PartyId,
    pub seat: Seat,
    /// Unix milliseconds.
    pub expires: i64,
    pub label: Option<String>,
    pub became: Became,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// Nobody has used it yet.
    Open,
    Expired,
    /// This party came by it.
    Used(PartyId),
    TakenBack,
}

/// The invitations on record, in their order.
pub fn invitations(case: &OpenCase) -> Vec<Invitation> {
    let (graph, lens, fold) = (case.record.graph(), case.lens(), case.record.fold());
    let read = |ix: Ix| {
        let Act::Invite { seat, expires, label, .. } = fold.act(ix) else { return None };
        let id = graph.id(ix);
        let became = lens.about(&id).find_map(|by| match fold.act(by) {
            Act::Admit { party, .. } => Some(Became::Used(*party)),
            Act::Uninvite { .. } => Some(Became::TakenBack),
            _ => None,
        });
        let otherwise = if *expires <= case.now { Became::Expired } else { Became::Open };
        Some(Invitation {
            id,
            by: graph.statement(ix).party,
            seat: *seat,
            expires: *expires,
            label: label.as_ref().map(render::sealable),
            became: became.unwrap_or(otherwise),
        })
    };
    graph.ordered().into_iter().filter(|ix| lens.has(*ix)).filter_map(read).collect()
}

/// Whether everybody in the case has to agree before whoever is invited to a seat can be let in, and has not: only the
/// first other party comes in by invitation alone.
pub fn agreement_lacks(case: &OpenCase, seat: &Seat) -> bool {
    let key = match *seat {
        Seat::Number(_) => SubjectKey::Seat(*seat),
        Seat::Added(proposal, index) => SubjectKey::NewSeat(ActionId { proposal, index }),
    };
    let agreed = matches!(case.lens().in_force(&key), InForce::One { .. });
    case.lens().members().len() > 1 && !agreed
}

/// The seats that nobody has taken.
pub fn free_seats(case: &OpenCase) -> Vec<Seat> {
    case.seats.iter().filter(|s| s.parties.is_empty()).map(|s| s.seat).collect()
}

#[cfg(test)]
mod tests {
    use counterpart_core::{id::CaseId, invitation::Secret};

    use super::*;

    #[test]
    fn a_link_is_found_in_what_was_pasted() {
        let link = Link {
            case: CaseId([7; 32]),
            opener: PartyId([8; 32]),
            invite: EntryId([9; 32]),
            secret: Secret([1; 16]),
            addresses: vec!["/ip4/203.0.113.7/tcp/4001".to_owned()],
            peer: vec![1; 38],
            expires: 1_800_000_000_000,
        };
        let text = link.to_text();
        assert_eq!(find_link(&text).as_ref(), Ok(&link));
        assert_eq!(find_link(&format!("Dear Sir,\n\n  <{text}>.\n\nYours, Ann")).as_ref(), Ok(&link));
        let (one, rest) = text.split_at(76);
        let (two, three) = rest.split_at(76);
        assert_eq!(find_link(&format!("Here: {one}\r\n{two}\r\n{three}\r\n\r\nYours, Ann")).as_ref(), Ok(&link));
        assert_eq!(find_link("no invitation"), Err(LinkError::Prefix));
        assert_eq!(find_link(one), Err(LinkError::Malformed));
        assert_eq!(find_link(&format!("{one}... {two}{three}")), Err(LinkError::Malformed));
        assert_eq!(find_link(LINK_PREFIX), Err(LinkError::Malformed));
        assert_eq!(find_link(&format!("{LINK_PREFIX}{}", "A ".repeat(100_000))), Err(LinkError::Malformed));
    }
}
