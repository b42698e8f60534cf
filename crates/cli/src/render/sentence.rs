//! One sentence for every act.

use counterpart_core::{
    act::{Act, Contact, Proposal},
    value::Sealable,
    view::Expected,
};

use super::{Speech, line, listed, sealable, terms::subject_in_a_line};
use crate::{item_value, when};

/// An act as one sentence on one line; `who` is its author.
pub(crate) fn sentence(speech: &Speech<'_>, who: &str, act: &Act) -> String {
    let entry = |id| speech.entry(id);
    match act {
        Act::Open(open) => {
            let seats = open.seats.iter().map(|s| format!("{} ({})", sealable(&s.label), s.role.as_str()));
            format!("{who} opens the case \"{}\" for {}", line(&open.title), listed(seats))
        }
        Act::Invite { seat, expires, .. } => {
            format!("{who} invites {} (until {})", speech.seat(seat), speech.time(*expires))
        }
        Act::Uninvite { invite, reason } => with(format!("{who} takes invitation {} back", entry(invite)), reason),
        Act::Admit { seat, .. } => format!("{who} admits {}", speech.seat(seat)),
        Act::Join { .. } => format!("{who} joins the case"),
        Act::Seat { seat, admit } => {
            format!("{who} decides who {} is: whom {} admitted", speech.seat(seat), entry(admit))
        }
        Act::Seen => format!("{who} has seen everything up to here"),
        Act::Propose(proposal) => proposed(speech, who, proposal),
        Act::Counter { of, proposal } => {
            with(format!("{who} answers {} with: {}", entry(of), subjects(speech, proposal)), &proposal.note)
        }
        Act::Accept { revision, note } => with(format!("{who} accepts {}", entry(revision)), note),
        Act::Decline { revision, reason } => with(format!("{who} declines {}", entry(revision)), reason),
        Act::Withdraw { of, reason } => with(format!("{who} takes {} back", entry(of)), reason),
        Act::Declare { revision, subject, note, evidence } => {
            let part = part(speech, revision, *subject);
            let shown = match evidence.as_slice() {
                [] => String::new(),
                ids => format!(", showing {}", listed(ids.iter().map(entry))),
            };
            with(format!("{who} declares {part} done{shown}"), note)
        }
        Act::Undeclare { declare, reason } => {
            with(format!("{who} takes the declaration {} back: not done", entry(declare)), reason)
        }
        Act::Approve { declare, note } => {
            with(format!("{who} approves the result declared in {}", entry(declare)), note)
        }
        Act::Reject { declare, unmet, reason } => {
            let unmet = match unmet.as_slice() {
                [] => String::new(),
                list => format!(" (not met: {})", listed(list.iter().map(|n| format!("condition {}", n + 1)))),
            };
            let text = format!("{who} rejects the result declared in {}{unmet}", entry(declare));
            with(text, &Some(reason.clone()))
        }
        Act::Release { of, reason } => {
            let reopen = speech.case.is_some_and(|c| {
                c.record.graph().find(of).is_some_and(|ix| matches!(c.record.fold().act(ix), Act::Declare { .. }))
            });
            let asks = if reopen { "asks to reopen the result approved in" } else { "asks to be released from" };
            with(format!("{who} {asks} {}", entry(of)), reason)
        }
        Act::Allow { request, note } => with(format!("{who} allows what {} asks", entry(request)), note),
        Act::Refuse { request, reason } => with(format!("{who} refuses what {} asks", entry(request)), reason),
        Act::Missed { revision, subject, due, note } => {
            let part = part(speech, revision, *subject);
            with(format!("{who} records that the due time of {part} passed ({})", speech.time(*due)), note)
        }
        Act::Item { key, value, label, note } => {
            let name = label.as_ref().map_or_else(|| line(key), |l| format!("{} ({})", sealable(l), line(key)));
            with(format!("{who} states: {name} is {}", item_value::show(value)), note)
        }
        Act::Acknowledge { entry: id, note } => with(format!("{who} says that {} is right", entry(id)), note),
        Act::Contest { entry: id, reason } => with(format!("{who} contests {}", entry(id)), &Some(reason.clone())),
        Act::Contact(contact) => contacted(speech, who, contact),
        Act::Note { text, about } => {
            let about = about.as_ref().map(|id| format!(" on {}", entry(id))).unwrap_or_default();
            format!("{who} notes{about}: {}", sealable(text))
        }
        Act::Later { kind, .. } => {
            format!("{who}: {} (not judged by this version of the program)", line(kind))
        }
    }
}

fn with(mut text: String, remark: &Option<Sealable>) -> String {
    if let Some(remark) = remark {
        text.push_str(&format!(": {}", sealable(remark)));
    }
    text
}

/// A subject of a revision by name: `#3`, or `#3/2` in a bundle.
pub(super) fn part(speech: &Speech<'_>, revision: &counterpart_core::id::EntryId, subject: u32) -> String {
    let name = speech.entry(revision);
    let bundle = speech
        .case
        .is_some_and(|c| c.record.graph().find(revision).is_some_and(|ix| c.record.fold().subject_keys(ix).len() > 1));
    if bundle { format!("{name}/{}", subject + 1) } else { name }
}

fn subjects(speech: &Speech<'_>, proposal: &Proposal) -> String {
    proposal.subjects.iter().map(|s| subject_in_a_line(speech, s)).collect::<Vec<_>>().join("; ")
}

fn proposed(speech: &Speech<'_>, who: &str, proposal: &Proposal) -> String {
    let said = match &proposal.alleged {
        Some(contact) => format!("{who} records as promised in {}", speech.entry(contact)),
        None => format!("{who} proposes"),
    };
    with(format!("{said}: {}", subjects(speech, proposal)), &proposal.note)
}

fn contacted(speech: &Speech<'_>, who: &str, contact: &Contact) -> String {
    let channel = match contact.channel.as_str() {
        "telephone" => "a telephone call",
        "mail" => "a letter",
        "e-mail" => "an e-mail",
        "visit" => "a visit",
        "chat" => "a chat",
        _ => "a contact",
    };
    let way = if contact.direction == "in" { "from" } else { "to" };
    let mut text = format!("{who} notes {channel} {way} ");
    let seat = contact.seat.as_ref().map(|s| speech.seat(s));
    match (&contact.person, seat) {
        (Some(person), Some(seat)) => text.push_str(&format!("{} ({seat})", sealable(person))),
        (Some(person), None) => text.push_str(&sealable(person)),
        (None, Some(seat)) => text.push_str(&seat),
        (None, None) => text.push_str("somebody"),
    }
    text.push_str(&format!(", {}", speech.time(contact.started)));
    let lasted = |seconds: i64| when::lasting(u64::try_from(seconds).unwrap_or(0));
    if let Some(seconds) = contact.seconds {
        text.push_str(&format!(", {} long", lasted(seconds)));
    }
    if let Some(waited) = contact.waited {
        text.push_str(&format!(", after waiting {}", lasted(waited)));
    }
    text.push_str(&format!(": {}", sealable(&contact.summary)));
    text
}

/// What somebody is waited for to do, about an entry of that name.
pub(crate) fn to_do(expected: Expected, about: Option<&str>) -> String {
    let what = about.unwrap_or("it");
    match expected {
        Expected::Join => "join the case".to_owned(),
        Expected::Answer => format!("answer {what}"),
        Expected::Perform => format!("do {what}"),
        Expected::Rework => format!("do again what {what} declared done"),
        Expected::Judge => format!("approve or reject {what}"),
        Expected::Allow => format!("allow or refuse {what}"),
        Expected::Choose => format!("choose between the agreements that crossed ({what})"),
    }
}
