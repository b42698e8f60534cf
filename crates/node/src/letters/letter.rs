//! One letter, as it is kept.

use counterpart_core::{
    act::Act,
    id::{CaseId, EntryId},
    value::{Sealable, Seat},
};
use counterpart_store::LetterRow;
use serde::{Deserialize, Serialize};

use super::Channel;

/// What a letter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LetterKind {
    Reminder,
    Thanks,
    /// For the person whose home this is; nothing of it is signed.
    Notice,
}

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    /// It waits for a person's yes.
    Waiting,
    /// It goes out when it can.
    Allowed,
    /// It was handed to a mail server, which has not answered yet.
    Sending,
    /// It lies as a draft for the person's own mail program.
    Draft,
    Sent,
    /// Nobody took it, and trying again would not help.
    Failed,
    /// A person did not want it sent.
    Skipped,
    /// There was no more reason to send it.
    Over,
}

impl LetterState {
    pub(crate) const ALL: [Self; 8] =
        [Self::Waiting, Self::Allowed, Self::Sending, Self::Draft, Self::Sent, Self::Failed, Self::Skipped, Self::Over];

    /// The word in the store and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Allowed => "allowed",
            Self::Sending => "sending",
            Self::Draft => "draft",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Over => "over",
        }
    }

    /// Reads the word in the store; nothing for what is no letter.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether something is still to become of it.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Allowed | Self::Sending | Self::Draft)
    }
}

/// What stands in the store beside case, occasion and times. Fields that a later version adds are left out by this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) kind: LetterKind,
    /// What it is about, in words.
    pub(super) what: String,
    /// What people call that: `#5`.
    pub(super) name: String,
    /// The entry it is about, in hex.
    pub(super) about: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seat: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) person: Option<String>,
    /// Which occasion of its rule, from 0.
    #[serde(default)]
    pub(super) number: u32,
    pub(super) subject: String,
    pub(super) text: String,
    /// Without angle brackets; fixed when the letter was composed.
    pub(super) message_id: String,
    /// When it was composed, Unix milliseconds; the date in its head.
    pub(super) composed: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<Channel>,
    /// Addresses as they stand in its head.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) to: Vec<String>,
    /// Ids of earlier mail of the case, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) thread: Vec<String>,
    /// Whether a standing consent let it go, not a yes for this one.
    #[serde(default)]
    pub(super) standing: bool,
    #[serde(default)]
    pub(super) tries: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// Which attempt has it: another one knows by this that it was overtaken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sent: Option<i64>,
    /// The act by which it is on record, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) entry: Option<String>,
    /// Where its draft lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) draft: Option<String>,
}

/// A letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub id: [u8; 16],
    pub case: CaseId,
    pub state: LetterState,
    /// When it was to go out, Unix milliseconds.
    pub due: i64,
    /// When it is tried next, Unix milliseconds.
    pub next_try: Option<i64>,
    pub(super) occasion: String,
    pub(super) body: Body,
}

impl Letter {
    /// Nothing for rows of another kind, and what cannot be read.
    pub(super) fn read(row: LetterRow) -> Option<Self> {
        let state = LetterState::from_word(&row.state)?;
        let body: Body = serde_json::from_str(&row.body).ok()?;
        Some(Self {
            id: row.id,
            case: row.case,
            state,
            due: row.due,
            next_try: row.next_try,
            occasion: row.occasion,
            body,
        })
    }

    pub(super) fn row(&self) -> LetterRow {
        LetterRow {
            id: self.id,
            case: self.case,
            occasion: self.occasion.clone(),
            state: self.state.as_str().to_owned(),
            due: self.due,
            next_try: self.next_try,
            body: serde_json::to_string(&self.body).expect("a letter is plain data"),
        }
    }

    #[must_use]
    pub fn kind(&self) -> LetterKind {
        self.body.kind
    }

    /// What it is about, in words.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.body.what
    }

    /// What people call the entry it is about: `#5`.
    #[must_use]
    pub fn about_name(&self) -> &str {
        &self.body.name
    }

    /// The entry it is about.
    #[must_use]
    pub fn about(&self) -> Option<EntryId> {
        EntryId::from_hex(&self.body.about)
    }

    #[must_use]
    pub fn person(&self) -> Option<&str> {
        self.body.person.as_deref()
    }

    #[must_use]
    pub fn subject(&self) -> &str {
        &self.body.subject
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.body.text
    }

    /// How it goes out; nothing until that is known.
    #[must_use]
    pub fn by(&self) -> Option<Channel> {
        self.body.by
    }

    /// The addresses it goes to, as they stand in its head.
    #[must_use]
    pub fn to(&self) -> &[String] {
        &self.body.to
    }

    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.body.message_id
    }

    /// How often it was tried in vain.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.body.tries
    }

    /// Why it was not sent, or is no longer to be.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.body.error.as_deref()
    }

    /// When it was sent, Unix milliseconds.
    #[must_use]
    pub fn sent_at(&self) -> Option<i64> {
        self.body.sent
    }

    /// The act by which it is on record.
    #[must_use]
    pub fn entry(&self) -> Option<EntryId> {
        EntryId::from_hex(self.body.entry.as_deref()?)
    }

    /// Where its draft lies.
    #[must_use]
    pub fn draft(&self) -> Option<&str> {
        self.body.draft.as_deref()
    }

    /// The act that goes on record with it; nothing for a notice to oneself.
    #[must_use]
    pub fn act(&self) -> Option<Act> {
        let text = Sealable::Open(self.body.text.clone());
        let (about, seat) = (self.about(), self.body.seat.as_deref().and_then(seat_from_word));
        match self.body.kind {
            LetterKind::Reminder => Some(Act::Remind { text, about, seat }),
            LetterKind::Thanks => {
                Some(Act::Thank { text, seat, person: self.body.person.clone().map(Sealable::Open), about })
            }
            LetterKind::Notice => None,
        }
    }
}

pub(super) fn seat_to_word(seat: &Seat) -> String {
    match seat {
        Seat::Number(number) => number.to_string(),
        Seat::Added(entry, index) => format!("{}/{index}", entry.to_hex()),
    }
}

pub(super) fn seat_from_word(word: &str) -> Option<Seat> {
    match word.split_once('/') {
        None => word.parse().ok().map(Seat::Number),
        Some((entry, index)) => Some(Seat::Added(EntryId::from_hex(entry)?, index.parse().ok()?)),
    }
}
