//! Acts as types: what a party does, read from a checked body and written into one.
//!
//! The schema has checked every body before it comes here, so reading gives `None` only for what no level allows.

mod body;
mod proposal;

pub use proposal::{ActionTerms, CancelClause, Mode, PartyRef, Proposal, Subject, Topic};

use self::body::{Body, Fields, entry_id};
use crate::{
    cbor::{self, Value},
    id::{EntryId, PartyId},
    value::{ItemValue, Sealable, Seat},
};

/// What a party is in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Customer,
    Supplier,
    Third,
    Observer,
    Arbiter,
}

impl Role {
    /// The word in statements, pages and commands.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Supplier => "supplier",
            Self::Third => "third",
            Self::Observer => "observer",
            Self::Arbiter => "arbiter",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Customer, Self::Supplier, Self::Third, Self::Observer, Self::Arbiter]
            .into_iter()
            .find(|r| r.as_str() == word)
    }

    /// Whether the role takes part in agreements; observers and arbiters do not.
    #[must_use]
    pub fn agrees(self) -> bool {
        !matches!(self, Self::Observer | Self::Arbiter)
    }

    /// The closed table of what a role may do with effect.
    #[must_use]
    pub fn may(self, kind: &str) -> bool {
        const OBSERVER: &[&str] =
            &["join", "seen", "leave", "note", "contact", "acknowledge", "contest", "attach", "prove"];
        match self {
            Self::Observer => OBSERVER.contains(&kind),
            Self::Arbiter => kind == "decide" || OBSERVER.contains(&kind),
            Self::Customer | Self::Supplier | Self::Third => kind != "decide",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatOffer {
    pub role: Role,
    pub label: Sealable,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    pub title: String,
    pub seats: Vec<SeatOffer>,
    pub level: i64,
    pub zone: String,
    pub nonce: [u8; 16],
    pub about: Option<Sealable>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub channel: String,
    pub direction: String,
    /// Unix milliseconds.
    pub started: i64,
    pub seconds: Option<i64>,
    pub waited: Option<i64>,
    pub seat: Option<Seat>,
    pub person: Option<Sealable>,
    pub number: Option<Sealable>,
    pub reference: Option<Sealable>,
    pub summary: Sealable,
    pub menu: Vec<Sealable>,
}

/// One thing a party does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Open(Open),
    Invite {
        key: [u8; 32],
        seat: Seat,
        expires: i64,
        label: Option<Sealable>,
    },
    Uninvite {
        invite: EntryId,
        reason: Option<Sealable>,
    },
    Admit {
        party: PartyId,
        seat: Seat,
        invite: EntryId,
        request: Vec<u8>,
        revision: Option<EntryId>,
    },
    Join {
        admit: EntryId,
    },
    Seat {
        seat: Seat,
        admit: EntryId,
    },
    Seen,
    Propose(Proposal),
    Counter {
        of: EntryId,
        proposal: Proposal,
    },
    Accept {
        revision: EntryId,
        note: Option<Sealable>,
    },
    Decline {
        revision: EntryId,
        reason: Option<Sealable>,
    },
    Withdraw {
        of: EntryId,
        reason: Option<Sealable>,
    },
    Declare {
        revision: EntryId,
        subject: u32,
        note: Option<Sealable>,
        evidence: Vec<EntryId>,
    },
    Undeclare {
        declare: EntryId,
        reason: Option<Sealable>,
    },
    Approve {
        declare: EntryId,
        note: Option<Sealable>,
    },
    Reject {
        declare: EntryId,
        unmet: Vec<u32>,
        reason: Sealable,
    },
    Release {
        of: EntryId,
        reason: Option<Sealable>,
    },
    Allow {
        request: EntryId,
        note: Option<Sealable>,
    },
    Refuse {
        request: EntryId,
        reason: Option<Sealable>,
    },
    Missed {
        revision: EntryId,
        subject: u32,
        due: i64,
        note: Option<Sealable>,
    },
    Item {
        key: String,
        value: ItemValue,
        label: Option<Sealable>,
        note: Option<Sealable>,
    },
    Acknowledge {
        entry: EntryId,
        note: Option<Sealable>,
    },
    Contest {
        entry: EntryId,
        reason: Sealable,
    },
    Contact(Contact),
    Note {
        text: Sealable,
        about: Option<EntryId>,
    },
    /// Listed in the level, not judged by this version: stored, passed on, and nothing is signed on it.
    Later {
        kind: String,
        body: Value,
    },
}

impl Act {
    /// Reads an act from its kind and checked body.
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
            other => Self::Later { kind: other.to_owned(), body: body.clone() },
        })
    }

    /// The act's kind, as signed.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Open(_) => "open",
            Self::Invite { .. } => "invite",
            Self::Uninvite { .. } => "uninvite",
            Self::Admit { .. } => "admit",
            Self::Join { .. } => "join",
            Self::Seat { .. } => "seat",
            Self::Seen => "seen",
            Self::Propose(_) => "propose",
            Self::Counter { .. } => "counter",
            Self::Accept { .. } => "accept",
            Self::Decline { .. } => "decline",
            Self::Withdraw { .. } => "withdraw",
            Self::Declare { .. } => "declare",
            Self::Undeclare { .. } => "undeclare",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Release { .. } => "release",
            Self::Allow { .. } => "allow",
            Self::Refuse { .. } => "refuse",
            Self::Missed { .. } => "missed",
            Self::Item { .. } => "item",
            Self::Acknowledge { .. } => "acknowledge",
            Self::Contest { .. } => "contest",
            Self::Contact(_) => "contact",
            Self::Note { .. } => "note",
            Self::Later { kind, .. } => kind,
        }
    }

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
            Self::Later { body, .. } => return body.clone(),
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
