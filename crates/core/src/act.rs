//! Acts as types: what a party does, read from a checked body and written into one.
//!
//! The schema has checked every body before it comes here, so reading gives `None` only for what no level allows.

mod body;
mod proposal;
mod read;
mod write;

pub use proposal::{ActionTerms, CancelClause, Mode, PartyRef, Proposal, Subject, Topic};

use crate::{
    id::{CaseId, DeviceKey, EntryId, EventId, PartyId},
    seal::PathStep,
    value::{ItemValue, Money, Sealable, Seat},
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

/// An agent's card: how to reach a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub name: Sealable,
    pub function: Option<Sealable>,
    pub phone: Option<Sealable>,
    pub email: Option<Sealable>,
    pub hours: Option<Sealable>,
    /// The device the person signs with.
    pub device: Option<DeviceKey>,
}

/// Limits of an agent in this case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    pub grant: EventId,
    /// Kinds of acts it may sign; every kind its grant covers where none are listed.
    pub kinds: Vec<String>,
    /// Most money at stake, one a currency.
    pub ceilings: Vec<Money>,
    pub from: Option<i64>,
    pub until: Option<i64>,
    /// Open limits bind everybody's judgement, others only the party's own nodes.
    pub open: bool,
}

/// What an arbiter's decision makes of the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    Cancelled,
    Agreed,
}

impl Outcome {
    pub const ALL: [Self; 3] = [Self::Completed, Self::Cancelled, Self::Agreed];

    /// The word in statements, pages and commands.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Agreed => "agreed",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.as_str() == word)
    }
}

/// What a `prove` embeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Receipt,
    TimeStamp,
    Envelope,
}

impl Proof {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::TimeStamp => "time-stamp",
            Self::Envelope => "envelope",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Receipt, Self::TimeStamp, Self::Envelope].into_iter().find(|p| p.as_str() == word)
    }
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
    /// The author's signature on a revision of mode confirm.
    Confirm {
        revision: EntryId,
    },
    Progress {
        revision: EntryId,
        subject: u32,
        text: Sealable,
    },
    Stop {
        revision: EntryId,
        subject: u32,
        reason: Sealable,
    },
    Cancel {
        revision: EntryId,
        subject: u32,
        /// Which of the terms' clauses, from 0.
        clause: u32,
        reason: Option<Sealable>,
    },
    Choose {
        pick: EntryId,
        reason: Option<Sealable>,
    },
    Leave {
        reason: Option<Sealable>,
    },
    Link {
        case: CaseId,
        relation: String,
        note: Option<Sealable>,
    },
    Attach {
        sha256: [u8; 32],
        /// Bytes.
        size: i64,
        name: Sealable,
        media: Option<String>,
        about: Option<EntryId>,
    },
    Remind {
        text: Sealable,
        about: Option<EntryId>,
        seat: Option<Seat>,
    },
    Thank {
        text: Sealable,
        seat: Option<Seat>,
        person: Option<Sealable>,
        about: Option<EntryId>,
    },
    /// Asks all copies to erase a sealed value.
    Erase {
        entry: EntryId,
        path: Vec<PathStep>,
        reason: Option<Sealable>,
    },
    /// Says that the author's side erased it.
    Erased {
        entry: EntryId,
        path: Vec<PathStep>,
        reason: Option<Sealable>,
    },
    Card(Card),
    Handover {
        from: Option<DeviceKey>,
        to: DeviceKey,
        person: Option<Sealable>,
        summary: Sealable,
    },
    Mandate(Mandate),
    Cut {
        revoke: EventId,
        /// Device, last position that counts, the entry there.
        tips: Vec<(DeviceKey, u32, EntryId)>,
    },
    Ratify {
        entries: Vec<EntryId>,
    },
    Dispute {
        about: EntryId,
        subject: Option<u32>,
        reason: Sealable,
    },
    Concede {
        dispute: EntryId,
        note: Option<Sealable>,
    },
    Settle {
        dispute: EntryId,
        revision: Option<EntryId>,
        note: Option<Sealable>,
    },
    Decide {
        dispute: EntryId,
        decision: Sealable,
        outcome: Option<Outcome>,
    },
    Prove {
        what: Proof,
        data: Vec<u8>,
        about: Option<EntryId>,
    },
}

impl Act {
    /// The act's kind, as signed.
    #[must_use]
    pub fn kind(&self) -> &'static str {
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
            Self::Confirm { .. } => "confirm",
            Self::Progress { .. } => "progress",
            Self::Stop { .. } => "stop",
            Self::Cancel { .. } => "cancel",
            Self::Choose { .. } => "choose",
            Self::Leave { .. } => "leave",
            Self::Link { .. } => "link",
            Self::Attach { .. } => "attach",
            Self::Remind { .. } => "remind",
            Self::Thank { .. } => "thank",
            Self::Erase { .. } => "erase",
            Self::Erased { .. } => "erased",
            Self::Card(_) => "card",
            Self::Handover { .. } => "handover",
            Self::Mandate(_) => "mandate",
            Self::Cut { .. } => "cut",
            Self::Ratify { .. } => "ratify",
            Self::Dispute { .. } => "dispute",
            Self::Concede { .. } => "concede",
            Self::Settle { .. } => "settle",
            Self::Decide { .. } => "decide",
            Self::Prove { .. } => "prove",
        }
    }
}
