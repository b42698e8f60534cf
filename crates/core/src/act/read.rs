//! Reading acts from checked bodies.

use super::{
    Act, Card, Contact, Mandate, Open, Outcome, Proof, Proposal, Role, SeatOffer,
    body::{Fields, entry_id},
};
use crate::{
    cbor::Value,
    id::{CaseId, DeviceKey, EntryId, EventId, PartyId},
    seal,
    value::{ItemValue, Money, Sealable, Seat},
};

fn word(value: &Value) -> Option<String> {
    Some(value.as_text()?.to_owned())
}

fn device(value: &Value) -> Option<DeviceKey> {
    DeviceKey::from_slice(value.as_bytes()?)
}

fn event(value: &Value) -> Option<EventId> {
    EventId::from_slice(value.as_bytes()?)
}

fn tip(value: &Value) -> Option<(DeviceKey, u32, EntryId)> {
    let [of, seq, entry] = value.as_array()? else { return None };
    Some((device(of)?, u32::try_from(seq.as_int()?).ok()?, entry_id(entry)?))
}

impl Act {
    /// Reads an act from its kind and checked body; nothing for a kind no level lists.
    #[must_use]
    pub fn read(kind: &str, body: &Value) -> Option<Self> {
        let f = Fields(body);
        Some(match kind {
            "open" => Self::Open(Open {
                title: f.text("title")?,
                seats: f.list("seats", |v| {
                    let f = Fields(v);
                    Some(SeatOffer { role: Role::from_word(&f.text("role")?)?, label: f.sealable("label")? })
                })?,
                level: f.int("level")?,
                zone: f.text("zone")?,
                nonce: body.field("nonce")?.as_bytes()?.try_into().ok()?,
                about: f.optional("about", Sealable::from_value)?,
            }),
            "invite" => Self::Invite {
                key: body.field("key")?.as_bytes()?.try_into().ok()?,
                seat: f.read("seat", Seat::from_value)?,
                expires: f.int("expires")?,
                label: f.optional("label", Sealable::from_value)?,
            },
            "uninvite" => Self::Uninvite { invite: f.entry("invite")?, reason: f.remark("reason")? },
            "admit" => Self::Admit {
                party: PartyId::from_slice(body.field("party")?.as_bytes()?)?,
                seat: f.read("seat", Seat::from_value)?,
                invite: f.entry("invite")?,
                request: body.field("request")?.as_bytes()?.to_vec(),
                revision: f.optional("revision", entry_id)?,
            },
            "join" => Self::Join { admit: f.entry("admit")? },
            "seat" => Self::Seat { seat: f.read("seat", Seat::from_value)?, admit: f.entry("admit")? },
            "seen" => Self::Seen,
            "propose" => Self::Propose(Proposal::read(&f)?),
            "counter" => Self::Counter { of: f.entry("of")?, proposal: Proposal::read(&f)? },
            "accept" => Self::Accept { revision: f.entry("revision")?, note: f.remark("note")? },
            "decline" => Self::Decline { revision: f.entry("revision")?, reason: f.remark("reason")? },
            "withdraw" => Self::Withdraw { of: f.entry("of")?, reason: f.remark("reason")? },
            "declare" => Self::Declare {
                revision: f.entry("revision")?,
                subject: f.index("subject")?,
                note: f.remark("note")?,
                evidence: f.list("evidence", entry_id)?,
            },
            "undeclare" => Self::Undeclare { declare: f.entry("declare")?, reason: f.remark("reason")? },
            "approve" => Self::Approve { declare: f.entry("declare")?, note: f.remark("note")? },
            "reject" => Self::Reject {
                declare: f.entry("declare")?,
                unmet: f.list("unmet", |v| u32::try_from(v.as_int()?).ok())?,
                reason: f.sealable("reason")?,
            },
            "release" => Self::Release { of: f.entry("of")?, reason: f.remark("reason")? },
            "allow" => Self::Allow { request: f.entry("request")?, note: f.remark("note")? },
            "refuse" => Self::Refuse { request: f.entry("request")?, reason: f.remark("reason")? },
            "missed" => Self::Missed {
                revision: f.entry("revision")?,
                subject: f.index("subject")?,
                due: f.int("due")?,
                note: f.remark("note")?,
            },
            "item" => Self::Item {
                key: f.text("key")?,
                value: f.read("value", ItemValue::from_value)?,
                label: f.remark("label")?,
                note: f.remark("note")?,
            },
            "acknowledge" => Self::Acknowledge { entry: f.entry("entry")?, note: f.remark("note")? },
            "contest" => Self::Contest { entry: f.entry("entry")?, reason: f.sealable("reason")? },
            "contact" => Self::Contact(Contact {
                channel: f.text("channel")?,
                direction: f.text("direction")?,
                started: f.int("started")?,
                seconds: f.optional("seconds", Value::as_int)?,
                waited: f.optional("waited", Value::as_int)?,
                seat: f.optional("seat", Seat::from_value)?,
                person: f.remark("person")?,
                number: f.remark("number")?,
                reference: f.remark("reference")?,
                summary: f.sealable("summary")?,
                menu: f.list("menu", Sealable::from_value)?,
            }),
            "note" => Self::Note { text: f.sealable("text")?, about: f.optional("about", entry_id)? },
            "confirm" => Self::Confirm { revision: f.entry("revision")? },
            "progress" => Self::Progress {
                revision: f.entry("revision")?,
                subject: f.index("subject")?,
                text: f.sealable("text")?,
            },
            "stop" => Self::Stop {
                revision: f.entry("revision")?,
                subject: f.index("subject")?,
                reason: f.sealable("reason")?,
            },
            "cancel" => Self::Cancel {
                revision: f.entry("revision")?,
                subject: f.index("subject")?,
                clause: f.index("clause")?,
                reason: f.remark("reason")?,
            },
            "choose" => Self::Choose { pick: f.entry("pick")?, reason: f.remark("reason")? },
            "leave" => Self::Leave { reason: f.remark("reason")? },
            "link" => Self::Link {
                case: CaseId(body.field("case")?.as_bytes()?.try_into().ok()?),
                relation: f.text("relation")?,
                note: f.remark("note")?,
            },
            "attach" => Self::Attach {
                sha256: body.field("sha256")?.as_bytes()?.try_into().ok()?,
                size: f.int("size")?,
                name: f.sealable("name")?,
                media: f.optional("media", word)?,
                about: f.optional("about", entry_id)?,
            },
            "remind" => Self::Remind {
                text: f.sealable("text")?,
                about: f.optional("about", entry_id)?,
                seat: f.optional("seat", Seat::from_value)?,
            },
            "thank" => Self::Thank {
                text: f.sealable("text")?,
                seat: f.optional("seat", Seat::from_value)?,
                person: f.remark("person")?,
                about: f.optional("about", entry_id)?,
            },
            "erase" => Self::Erase {
                entry: f.entry("entry")?,
                path: f.read("path", seal::path_from_value)?,
                reason: f.remark("reason")?,
            },
            "erased" => Self::Erased {
                entry: f.entry("entry")?,
                path: f.read("path", seal::path_from_value)?,
                reason: f.remark("reason")?,
            },
            "card" => Self::Card(Card {
                name: f.sealable("name")?,
                function: f.remark("function")?,
                phone: f.remark("phone")?,
                email: f.remark("email")?,
                hours: f.remark("hours")?,
                device: f.optional("device", device)?,
            }),
            "handover" => Self::Handover {
                from: f.optional("from", device)?,
                to: f.read("to", device)?,
                person: f.remark("person")?,
                summary: f.sealable("summary")?,
            },
            "mandate" => Self::Mandate(Mandate {
                grant: f.read("grant", event)?,
                kinds: f.list("kinds", word)?,
                ceilings: f.list("ceilings", Money::from_value)?,
                from: f.optional("from", Value::as_int)?,
                until: f.optional("until", Value::as_int)?,
                open: body.field("open")?.as_bool()?,
            }),
            "cut" => Self::Cut { revoke: f.read("revoke", event)?, tips: f.list("tips", tip)? },
            "ratify" => Self::Ratify { entries: f.list("entries", entry_id)? },
            "dispute" => Self::Dispute {
                about: f.entry("about")?,
                subject: f.optional("subject", |v| u32::try_from(v.as_int()?).ok())?,
                reason: f.sealable("reason")?,
            },
            "concede" => Self::Concede { dispute: f.entry("dispute")?, note: f.remark("note")? },
            "settle" => Self::Settle {
                dispute: f.entry("dispute")?,
                revision: f.optional("revision", entry_id)?,
                note: f.remark("note")?,
            },
            "decide" => Self::Decide {
                dispute: f.entry("dispute")?,
                decision: f.sealable("decision")?,
                outcome: f.optional("outcome", |v| Outcome::from_word(v.as_text()?))?,
            },
            "prove" => Self::Prove {
                what: Proof::from_word(&f.text("what")?)?,
                data: body.field("data")?.as_bytes()?.to_vec(),
                about: f.optional("about", entry_id)?,
            },
            _ => return None,
        })
    }
}
