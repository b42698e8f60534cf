//! Acts in the fewest words.

use counterpart_core::{
    act::{Act, Open, Role, SeatOffer, Subject, Topic},
    envelope::public_half,
    id::EntryId,
    invitation::invite_key,
    value::{ActionId, Sealable, Seat},
};

pub(crate) use counterpart_testkit::case::terms;

/// When every invitation ends, Unix milliseconds.
pub(crate) const EXPIRES: i64 = 9_000_000_000_000;
/// The secret of every invitation.
pub(crate) const SECRET: [u8; 16] = [5; 16];

pub(crate) fn open(level: i64) -> Act {
    let seat = |role, label: &str| SeatOffer { role, label: text(label) };
    Act::Open(Open {
        title: "Broken boiler".to_owned(),
        seats: vec![
            seat(Role::Customer, "A"),
            seat(Role::Supplier, "B"),
            seat(Role::Third, "C"),
            seat(Role::Observer, "O"),
            seat(Role::Third, "D"),
            seat(Role::Arbiter, "E"),
        ],
        level,
        zone: "Europe/Berlin".to_owned(),
        nonce: [9; 16],
        about: None,
    })
}

pub(crate) fn text(words: &str) -> Sealable {
    Sealable::Open(words.to_owned())
}

pub(crate) fn invite(seat: Seat) -> Act {
    Act::Invite { key: public_half(&invite_key(&SECRET)).0, seat, expires: EXPIRES, label: None }
}

/// A new action that B is to do for A.
pub(crate) fn work(what: &str) -> Subject {
    Subject { base: None, topic: Topic::Action { action: None, terms: terms(what, &[1], &[0]) } }
}

/// Other terms for an action that B is to do for A.
pub(crate) fn change_of(action: ActionId, base: Option<EntryId>, what: &str) -> Subject {
    Subject { base, topic: Topic::Action { action: Some(action), terms: terms(what, &[1], &[0]) } }
}

pub(crate) fn accept(revision: EntryId) -> Act {
    Act::Accept { revision, note: None }
}

pub(crate) fn decline(revision: EntryId) -> Act {
    Act::Decline { revision, reason: None }
}

pub(crate) fn withdraw(of: EntryId) -> Act {
    Act::Withdraw { of, reason: None }
}

pub(crate) fn release(of: EntryId) -> Act {
    Act::Release { of, reason: None }
}

pub(crate) fn allow(request: EntryId) -> Act {
    Act::Allow { request, note: None }
}

pub(crate) fn refuse(request: EntryId) -> Act {
    Act::Refuse { request, reason: None }
}

pub(crate) fn declare(revision: EntryId) -> Act {
    Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() }
}

pub(crate) fn undeclare(declare: EntryId) -> Act {
    Act::Undeclare { declare, reason: None }
}

pub(crate) fn approve(declare: EntryId) -> Act {
    Act::Approve { declare, note: None }
}

pub(crate) fn reject(declare: EntryId) -> Act {
    Act::Reject { declare, unmet: Vec::new(), reason: text("it drips") }
}

pub(crate) fn note(words: &str) -> Act {
    Act::Note { text: text(words), about: None }
}
