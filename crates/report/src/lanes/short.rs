//! Acts in a word or two: for the picture, and for the table beside it.

use counterpart_core::{
    act::{Act, Proposal, Subject, Topic},
    graph::Ix,
    id::EntryId,
};

use super::Shape;
use crate::{
    sealed::place,
    teller::Teller,
    words::{Words, say},
};

/// The word below a mark, and its shape; nothing for what only says who is where.
pub(super) fn word(act: &Act) -> Option<(&'static str, Shape)> {
    Some(match act {
        Act::Invite { .. } | Act::Uninvite { .. } | Act::Admit { .. } | Act::Seat { .. } | Act::Seen => return None,
        Act::Open(_) => ("opens", Shape::Case),
        Act::Join { .. } => ("joins", Shape::Case),
        Act::Leave { .. } => ("leaves", Shape::Case),
        Act::Propose(proposal) if proposal.alleged.is_some() => ("records", Shape::Offer),
        Act::Propose(_) => ("proposes", Shape::Offer),
        Act::Counter { .. } => ("counters", Shape::Offer),
        Act::Release { .. } => ("asks", Shape::Offer),
        Act::Accept { .. } => ("accepts", Shape::Assent),
        Act::Confirm { .. } => ("confirms", Shape::Assent),
        Act::Choose { .. } => ("chooses", Shape::Assent),
        Act::Approve { .. } => ("approves", Shape::Assent),
        Act::Allow { .. } => ("allows", Shape::Assent),
        Act::Acknowledge { .. } => ("says right", Shape::Assent),
        Act::Ratify { .. } => ("stands by", Shape::Assent),
        Act::Concede { .. } => ("gives in", Shape::Assent),
        Act::Settle { .. } => ("settles", Shape::Assent),
        Act::Decline { .. } => ("declines", Shape::Refusal),
        Act::Withdraw { .. } => ("withdraws", Shape::Refusal),
        Act::Undeclare { .. } => ("not done", Shape::Refusal),
        Act::Reject { .. } => ("rejects", Shape::Refusal),
        Act::Stop { .. } => ("gives up", Shape::Refusal),
        Act::Refuse { .. } => ("refuses", Shape::Refusal),
        Act::Cancel { .. } => ("cancels", Shape::Refusal),
        Act::Contest { .. } => ("contests", Shape::Refusal),
        Act::Dispute { .. } => ("disputes", Shape::Refusal),
        Act::Progress { .. } => ("progress", Shape::Work),
        Act::Declare { .. } => ("says done", Shape::Work),
        Act::Missed { .. } => ("missed", Shape::Missed),
        Act::Decide { .. } => ("decides", Shape::Decision),
        Act::Contact(contact) => match contact.channel.as_str() {
            "telephone" => ("call", Shape::Fact),
            "mail" => ("letter", Shape::Fact),
            "e-mail" => ("e-mail", Shape::Fact),
            "visit" => ("visit", Shape::Fact),
            "chat" => ("chat", Shape::Fact),
            _ => ("contact", Shape::Fact),
        },
        Act::Item { .. } => ("states", Shape::Fact),
        Act::Note { .. } => ("notes", Shape::Fact),
        Act::Attach { .. } => ("file", Shape::Fact),
        Act::Remind { .. } => ("reminds", Shape::Fact),
        Act::Thank { .. } => ("thanks", Shape::Fact),
        Act::Erase { .. } => ("asks", Shape::Offer),
        Act::Erased { .. } => ("erases", Shape::Fact),
        Act::Card(_) => ("card", Shape::Fact),
        Act::Handover { .. } => ("hands over", Shape::Fact),
        Act::Mandate(_) => ("limits", Shape::Fact),
        Act::Cut { .. } => ("cuts off", Shape::Fact),
        Act::Link { .. } => ("links", Shape::Fact),
        Act::Prove { .. } => ("proves", Shape::Fact),
    })
}

/// Whether several of them in a row say little more than one.
pub(super) fn merges(act: &Act) -> bool {
    matches!(act, Act::Item { .. } | Act::Attach { .. })
}

/// The act in a few words, behind its author's name.
pub(super) fn told(teller: &Teller<'_>, ix: Ix) -> Words {
    let entry = |id: &EntryId| Words::new().entry(teller.entry(id));
    let part = |id: &EntryId, subject: u32| Words::new().entry(teller.part(id, subject));
    let about =
        |lead: &str, id: &Option<EntryId>| say(lead).maybe(id.as_ref(), |words, id| words.say(" on ").then(entry(id)));
    match &teller.laid_open(ix) {
        Act::Open(_) => say("opens the case"),
        Act::Join { .. } => say("joins"),
        Act::Leave { .. } => say("leaves"),
        Act::Propose(proposal) => match (&proposal.alleged, proposal.subjects.iter().find_map(|s| s.base)) {
            (Some(contact), _) => {
                say("records as promised in ").then(entry(contact)).say(": ").then(offered(teller, proposal))
            }
            (None, Some(base)) => say("proposes to change ").then(entry(&base)),
            (None, None) => say("proposes ").then(offered(teller, proposal)),
        },
        Act::Counter { of, proposal } => {
            say("offers other terms than ").then(entry(of)).say(": ").then(offered(teller, proposal))
        }
        Act::Release { of, .. } => say("asks for release of ").then(entry(of)),
        Act::Accept { revision, .. } => say("accepts ").then(entry(revision)),
        Act::Confirm { revision } => say("confirms ").then(entry(revision)),
        Act::Choose { pick, .. } => say("chooses ").then(entry(pick)),
        Act::Approve { declare, .. } => say("accepts the result of ").then(entry(declare)),
        Act::Allow { request, .. } => say("allows ").then(entry(request)),
        Act::Acknowledge { entry: id, .. } => say("says that ").then(entry(id)).say(" is right"),
        Act::Ratify { entries } => say("stands by ").listed(entries.iter().map(entry)),
        Act::Concede { dispute, .. } => say("gives in to ").then(entry(dispute)),
        Act::Settle { dispute, .. } => say("settles ").then(entry(dispute)),
        Act::Decline { revision, .. } => say("declines ").then(entry(revision)),
        Act::Withdraw { of, .. } => say("withdraws ").then(entry(of)),
        Act::Undeclare { declare, .. } => say("takes back ").then(entry(declare)),
        Act::Reject { declare, .. } => say("does not accept the result of ").then(entry(declare)),
        Act::Stop { revision, subject, .. } => say("gives up ").then(part(revision, *subject)),
        Act::Refuse { request, .. } => say("refuses ").then(entry(request)),
        Act::Cancel { revision, subject, .. } => say("cancels ").then(part(revision, *subject)),
        Act::Contest { entry: id, .. } => say("contests ").then(entry(id)),
        Act::Dispute { about, .. } => say("disputes ").then(entry(about)),
        Act::Progress { revision, subject, .. } => say("says how far it is with ").then(part(revision, *subject)),
        Act::Declare { revision, subject, .. } => say("says that ").then(part(revision, *subject)).say(" is done"),
        Act::Missed { revision, subject, .. } => {
            say("records that the due time of ").then(part(revision, *subject)).say(" passed")
        }
        Act::Decide { dispute, .. } => say("decides ").then(entry(dispute)),
        Act::Contact(contact) => say("notes ").say(crate::sentence::channel(&contact.channel)),
        Act::Item { key, .. } => say("states ").quote(key),
        Act::Note { about: id, .. } => about("writes a note", id),
        Act::Attach { about: id, .. } => about("puts a file on record", id),
        Act::Remind { about: id, .. } => about("reminds", id),
        Act::Thank { .. } => say("thanks"),
        Act::Erase { entry: id, path, .. } => {
            say("asks everybody to erase ").say(place(teller, id, path)).say(" of ").then(entry(id))
        }
        Act::Erased { entry: id, path, .. } => {
            say("says to have erased ").say(place(teller, id, path)).say(" of ").then(entry(id))
        }
        Act::Card(_) => say("introduces a person"),
        Act::Handover { .. } => say("hands over"),
        Act::Mandate(_) => say("sets limits for an agent"),
        Act::Cut { .. } => say("says what still counts of a former agent"),
        Act::Link { .. } => say("points to another case"),
        Act::Prove { about: id, .. } => about("puts a proof on record", id),
        Act::Invite { .. } | Act::Uninvite { .. } | Act::Admit { .. } | Act::Seat { .. } | Act::Seen => Words::new(),
    }
}

/// What is offered, by its heads.
fn offered(teller: &Teller<'_>, proposal: &Proposal) -> Words {
    let one = |subject: &Subject| match &subject.topic {
        Topic::Action { terms, .. } => teller.said(&terms.what),
        Topic::Item { key, .. } => say("the value of ").quote(key),
        Topic::Terms { title, .. } => say("terms ").quote(title),
        Topic::AdmitSeat { .. } | Topic::AdmitNew { .. } => say("to let somebody in"),
        Topic::Close { .. } => say("to close the case"),
        Topic::Level { .. } => say("to raise the format level"),
    };
    Words::new().listed(proposal.subjects.iter().map(one)).shortened(60)
}
