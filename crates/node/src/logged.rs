//! What a node did or saw, for a log: which kind of event it was, how much it matters, and numbers and ids; nothing that
//! anybody wrote in a case, and nobody's name or mail address.

use counterpart_core::id::{CaseId, PartyId};
use serde_json::Value as Json;

use crate::{
    letters::{Letter, Posted},
    node::NodeEvent,
    overdue::{self, Overdue},
    presence::Way,
    webhooks::HookNews,
};

/// How much something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Somebody is to look at once.
    Error,
    /// It did not work, and may by itself later.
    Warn,
    Info,
    /// For whoever looks for a fault.
    Debug,
}

impl Level {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// An event as it stands in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub level: Level,
    /// The kind of event, a word that stays.
    pub event: &'static str,
    pub case: Option<CaseId>,
    pub party: Option<PartyId>,
    /// Numbers, and words of this program's own; a `why` may hold where on the network somebody was called.
    pub more: Vec<(&'static str, Json)>,
}

impl Logged {
    #[must_use]
    pub fn new(level: Level, event: &'static str) -> Self {
        Self { level, event, case: None, party: None, more: Vec::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Json>) -> Self {
        self.more.push((name, value.into()));
        self
    }

    fn of(level: Level, event: &'static str, case: &CaseId) -> Self {
        Self { case: Some(*case), ..Self::new(level, event) }
    }

    fn between(level: Level, event: &'static str, case: &CaseId, party: &PartyId) -> Self {
        Self { party: Some(*party), ..Self::of(level, event, case) }
    }
}

impl NodeEvent {
    /// The event for a log.
    #[must_use]
    pub fn logged(&self) -> Logged {
        use Level::{Debug, Error, Info, Warn};
        match self {
            Self::Listening(address) => Logged::new(Info, "listening").with("address", address.as_str()),
            Self::Joined(case) => Logged::of(Info, "joined", case),
            Self::JoinRefused { case, why } => Logged::of(Warn, "join-refused", case).with("why", why.as_str()),
            Self::Admitted { case, party } => Logged::between(Info, "admitted", case, party),
            Self::Connected { case, party, way } => {
                let logged = Logged::between(Debug, "connected", case, party);
                match way {
                    Some(way) => logged.with("way", way_in_a_word(*way)),
                    None => logged,
                }
            }
            Self::Disconnected { case, party } => Logged::between(Debug, "disconnected", case, party),
            Self::Unreachable { case, why, party, first } => {
                // One device of ours may have a hundred thousand cases: it is told of once each time that it is called.
                let level = if *first { Info } else { Debug };
                let logged = Logged { party: *party, ..Logged::of(level, "unreachable", case) };
                logged.with("why", why.as_str())
            }
            Self::NewEntries { case, entries } => Logged::of(Info, "entries", case).with("count", entries.len()),
            Self::Receipt { case, party } => Logged::between(Debug, "receipt", case, party),
            Self::File { case, file } => Logged::of(Info, "file", case).with("bytes", file.size),
            Self::Fork { case, seq, .. } => Logged::of(Error, "fork", case).with("position", *seq),
            Self::Worksheet { case } => Logged::of(Debug, "worksheet", case),
            Self::Stamped { case, .. } => Logged::of(Info, "stamped", case),
            Self::NotStamped { case, why } => Logged::of(Warn, "not-stamped", case).with("why", why.as_str()),
            Self::Letter(posted) => posted.logged(),
            Self::MailTaken { case, count } => Logged::of(Info, "mail-taken", case).with("count", *count),
            Self::MailWaits { count } => Logged::new(Info, "mail-waits").with("count", *count),
            // A server's own words may hold an address.
            Self::NoMail { .. } => Logged::new(Warn, "no-mail"),
            Self::InStep { case, party } => Logged::between(Debug, "in-step", case, party),
            Self::UsedElsewhere { case } => Logged::of(Error, "used-elsewhere", case),
            Self::Overdue(Overdue { case, due }) => {
                Logged::of(Info, "overdue", case).with("due", overdue::written(*due))
            }
            Self::Webhook(news) => match news {
                HookNews::Fails { name, .. } => Logged::new(Warn, "webhook-fails").with("webhook", name.as_str()),
                HookNews::Again { name } => Logged::new(Info, "webhook-again").with("webhook", name.as_str()),
                HookNews::Off { name, .. } => Logged::new(Error, "webhook-off").with("webhook", name.as_str()),
            },
            Self::StoreFails { why } => Logged::new(Error, "store-fails").with("why", why.as_str()),
            Self::StoreAgain => Logged::new(Info, "store-again"),
            Self::Trouble(text) => Logged::new(Warn, "trouble").with("why", text.as_str()),
        }
    }
}

impl Posted {
    fn logged(&self) -> Logged {
        use Level::{Info, Warn};
        let of = |level, event, letter: &Letter| Logged::of(level, event, &letter.case);
        match self {
            Self::Waits(letter) => of(Info, "letter-waits", letter),
            Self::Notice { letter, .. } => of(Info, "notice", letter),
            Self::Sent(letter) => of(Info, "letter-sent", letter),
            Self::Later { letter, .. } => of(Warn, "letter-later", letter),
            Self::Failed { letter, .. } => of(Warn, "letter-failed", letter),
            Self::Problem { case, .. } => Logged::of(Warn, "letter-problem", case),
        }
    }
}

fn way_in_a_word(way: Way) -> &'static str {
    match way {
        Way::Direct => "direct",
        Way::Punched => "punched",
        Way::Relayed => "relayed",
    }
}
