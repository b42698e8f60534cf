//! Writing acts as bodies.

use super::{Act, Contact, body::Body};
use crate::{
    cbor::{self, Value},
    id::{DeviceKey, EntryId},
    seal,
    value::{Money, Sealable},
};

impl Act {
    /// The body as it is signed.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut b = Body::default();
        match self {
            Self::Open(open) => {
                let seats = open
                    .seats
                    .iter()
                    .map(|s| cbor::map([("role", s.role.as_str().into()), ("label", s.label.to_value())]));
                b.put("title", open.title.as_str());
                b.put("seats", Value::Array(seats.collect()));
                b.put("suite", "ed25519-sha256");
                b.put("level", open.level);
                b.put("zone", open.zone.as_str());
                b.put("nonce", Value::Bytes(open.nonce.to_vec()));
                b.remark("about", open.about.as_ref());
            }
            Self::Invite { key, seat, expires, label } => {
                b.put("key", key);
                b.put("seat", seat.to_value());
                b.put("expires", *expires);
                b.remark("label", label.as_ref());
            }
            Self::Uninvite { invite, reason } => {
                b.put("invite", &invite.0);
                b.remark("reason", reason.as_ref());
            }
            Self::Admit { party, seat, invite, request, revision } => {
                b.put("party", &party.0);
                b.put("seat", seat.to_value());
                b.put("invite", &invite.0);
                b.put("request", request.as_slice());
                if let Some(revision) = revision {
                    b.put("revision", &revision.0);
                }
            }
            Self::Join { admit } => b.put("admit", &admit.0),
            Self::Seat { seat, admit } => {
                b.put("seat", seat.to_value());
                b.put("admit", &admit.0);
            }
            Self::Seen => {}
            Self::Propose(proposal) => proposal.write(&mut b),
            Self::Counter { of, proposal } => {
                b.put("of", &of.0);
                proposal.write(&mut b);
            }
            Self::Accept { revision, note } => {
                b.put("revision", &revision.0);
                b.remark("note", note.as_ref());
            }
            Self::Decline { revision, reason } => {
                b.put("revision", &revision.0);
                b.remark("reason", reason.as_ref());
            }
            Self::Withdraw { of, reason } | Self::Release { of, reason } => {
                b.put("of", &of.0);
                b.remark("reason", reason.as_ref());
            }
            Self::Declare { revision, subject, note, evidence } => {
                b.put("revision", &revision.0);
                b.put("subject", *subject);
                b.remark("note", note.as_ref());
                b.list("evidence", evidence, |e| Value::from(&e.0));
            }
            Self::Undeclare { declare, reason } => {
                b.put("declare", &declare.0);
                b.remark("reason", reason.as_ref());
            }
            Self::Approve { declare, note } => {
                b.put("declare", &declare.0);
                b.remark("note", note.as_ref());
            }
            Self::Reject { declare, unmet, reason } => {
                b.put("declare", &declare.0);
                b.list("unmet", unmet, |n| Value::from(*n));
                b.put("reason", reason.to_value());
            }
            Self::Allow { request, note } => {
                b.put("request", &request.0);
                b.remark("note", note.as_ref());
            }
            Self::Refuse { request, reason } => {
                b.put("request", &request.0);
                b.remark("reason", reason.as_ref());
            }
            Self::Missed { revision, subject, due, note } => {
                b.put("revision", &revision.0);
                b.put("subject", *subject);
                b.put("due", *due);
                b.remark("note", note.as_ref());
            }
            Self::Item { key, value, label, note } => {
                b.put("key", key.as_str());
                b.put("value", value.to_value());
                b.remark("label", label.as_ref());
                b.remark("note", note.as_ref());
            }
            Self::Acknowledge { entry, note } => {
                b.put("entry", &entry.0);
                b.remark("note", note.as_ref());
            }
            Self::Contest { entry, reason } => {
                b.put("entry", &entry.0);
                b.put("reason", reason.to_value());
            }
            Self::Contact(contact) => contact.write(&mut b),
            Self::Note { text, about } => {
                b.put("text", text.to_value());
                if let Some(about) = about {
                    b.put("about", &about.0);
                }
            }
            Self::Confirm { revision } => b.put("revision", &revision.0),
            Self::Progress { revision, subject, text } => {
                b.put("revision", &revision.0);
                b.put("subject", *subject);
                b.put("text", text.to_value());
            }
            Self::Stop { revision, subject, reason } => {
                b.put("revision", &revision.0);
                b.put("subject", *subject);
                b.put("reason", reason.to_value());
            }
            Self::Cancel { revision, subject, clause, reason } => {
                b.put("revision", &revision.0);
                b.put("subject", *subject);
                b.put("clause", *clause);
                b.remark("reason", reason.as_ref());
            }
            Self::Choose { pick, reason } => {
                b.put("pick", &pick.0);
                b.remark("reason", reason.as_ref());
            }
            Self::Leave { reason } => b.remark("reason", reason.as_ref()),
            Self::Link { case, relation, note } => {
                b.put("case", &case.0);
                b.put("relation", relation.as_str());
                b.remark("note", note.as_ref());
            }
            Self::Attach { sha256, size, name, media, about } => {
                b.put("sha256", sha256);
                b.put("size", *size);
                b.put("name", name.to_value());
                if let Some(media) = media {
                    b.put("media", media.as_str());
                }
                b.entry("about", about.as_ref());
            }
            Self::Remind { text, about, seat } => {
                b.put("text", text.to_value());
                b.entry("about", about.as_ref());
                b.seat("seat", seat.as_ref());
            }
            Self::Thank { text, seat, person, about } => {
                b.put("text", text.to_value());
                b.seat("seat", seat.as_ref());
                b.remark("person", person.as_ref());
                b.entry("about", about.as_ref());
            }
            Self::Erase { entry, path, reason } | Self::Erased { entry, path, reason } => {
                b.put("entry", &entry.0);
                b.put("path", seal::path_to_value(path));
                b.remark("reason", reason.as_ref());
            }
            Self::Card(card) => {
                b.put("name", card.name.to_value());
                b.remark("function", card.function.as_ref());
                b.remark("phone", card.phone.as_ref());
                b.remark("email", card.email.as_ref());
                b.remark("hours", card.hours.as_ref());
                if let Some(device) = &card.device {
                    b.put("device", &device.0);
                }
            }
            Self::Handover { from, to, person, summary } => {
                if let Some(from) = from {
                    b.put("from", &from.0);
                }
                b.put("to", &to.0);
                b.remark("person", person.as_ref());
                b.put("summary", summary.to_value());
            }
            Self::Mandate(mandate) => {
                b.put("grant", &mandate.grant.0);
                b.list("kinds", &mandate.kinds, |k| k.as_str().into());
                b.list("ceilings", &mandate.ceilings, Money::to_value);
                for (name, at) in [("from", mandate.from), ("until", mandate.until)] {
                    if let Some(at) = at {
                        b.put(name, at);
                    }
                }
                b.put("open", mandate.open);
            }
            Self::Cut { revoke, tips } => {
                b.put("revoke", &revoke.0);
                let tip = |(device, seq, entry): &(DeviceKey, u32, EntryId)| {
                    Value::Array(vec![Value::from(&device.0), Value::from(*seq), Value::from(&entry.0)])
                };
                b.put("tips", Value::Array(tips.iter().map(tip).collect()));
            }
            Self::Ratify { entries } => b.list("entries", entries, |e| Value::from(&e.0)),
            Self::Dispute { about, subject, reason } => {
                b.put("about", &about.0);
                if let Some(subject) = subject {
                    b.put("subject", *subject);
                }
                b.put("reason", reason.to_value());
            }
            Self::Concede { dispute, note } => {
                b.put("dispute", &dispute.0);
                b.remark("note", note.as_ref());
            }
            Self::Settle { dispute, revision, note } => {
                b.put("dispute", &dispute.0);
                b.entry("revision", revision.as_ref());
                b.remark("note", note.as_ref());
            }
            Self::Decide { dispute, decision, outcome } => {
                b.put("dispute", &dispute.0);
                b.put("decision", decision.to_value());
                if let Some(outcome) = outcome {
                    b.put("outcome", outcome.as_str());
                }
            }
            Self::Prove { what, data, about } => {
                b.put("what", what.as_str());
                b.put("data", data.as_slice());
                b.entry("about", about.as_ref());
            }
        }
        b.finish()
    }
}

impl Contact {
    fn write(&self, b: &mut Body) {
        b.put("channel", self.channel.as_str());
        b.put("direction", self.direction.as_str());
        b.put("started", self.started);
        if let Some(seconds) = self.seconds {
            b.put("seconds", seconds);
        }
        if let Some(waited) = self.waited {
            b.put("waited", waited);
        }
        if let Some(seat) = &self.seat {
            b.put("seat", seat.to_value());
        }
        b.remark("person", self.person.as_ref());
        b.remark("number", self.number.as_ref());
        b.remark("reference", self.reference.as_ref());
        b.put("summary", self.summary.to_value());
        b.list("menu", &self.menu, Sealable::to_value);
    }
}
