//! What rules did, for people who look on and for a log: no word of a case.

use counterpart_core::id::{CaseId, EntryId, short_form};
use counterpart_node::{Level, Logged};
use counterpart_process::standing_rule::{MOST_IN_A_ROW, Miss};

use super::Stopped;
use crate::{
    error::CommandError,
    render::{self, line},
};

/// Something that a rule did, or did not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The rule's name; nothing where it is about all of them.
    pub rule: Option<String>,
    pub case: Option<CaseId>,
    /// What it is about: the entry, and what it is called in the case.
    pub about: Option<(EntryId, String)>,
    pub what: What,
}

/// What it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Signed, and what it is called in the case.
    Signed(EntryId, String),
    Assigned,
    /// It looked meant, and is left to a person.
    PassedOver(Miss),
    /// It may not be signed.
    Refused(Refusal),
    Held(Held),
    /// The rule does nothing any more.
    Stopped(Stopped),
    /// A rule could not act, or something could not be looked at; it is tried again unless that is said.
    Trouble {
        why: String,
        given_up: bool,
    },
}

/// Why something that a rule wanted was not signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub why: CommandError,
    /// Who had answered it before, where somebody of us had.
    pub before: Option<Before>,
}

/// Who answers a proposal before a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// A rule, by its name where it is still there.
    Rule(Option<String>),
    /// Anybody else of our party.
    Us,
}

impl Before {
    /// In words of our own.
    fn in_words(&self) -> String {
        match self {
            Self::Rule(Some(rule)) => format!("another rule had answered it ({rule})"),
            Self::Rule(None) => "another rule had answered it".to_owned(),
            Self::Us => "one of you had answered it".to_owned(),
        }
    }
}

impl Refusal {
    /// Why, in words of our own alone: the other may be said in words of the case.
    fn in_words(&self) -> String {
        let known = self.before.as_ref().map(Before::in_words);
        known.unwrap_or_else(|| "it may not be signed, or would have no effect".to_owned())
    }
}

/// Why a rule does not act once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Held {
    AnHour,
    InARow,
}

impl Held {
    /// In words.
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::AnHour => "its seat acted as often in this case within an hour as it may".to_owned(),
            Self::InARow => format!(
                "rules acted {MOST_IN_A_ROW} times in this case while nobody of you did: look at it, and sign something there"
            ),
        }
    }
}

impl What {
    /// What is remembered of it: words of our own alone.
    #[must_use]
    pub fn kept(&self) -> String {
        match self {
            Self::Signed(..) => "signed".to_owned(),
            Self::Assigned => "assigned".to_owned(),
            Self::PassedOver(miss) => format!("passed over: {miss}"),
            Self::Refused(refusal) => format!("refused: {}", refusal.in_words()),
            Self::Held(held) => format!("held back: {}", held.in_words()),
            Self::Stopped(why) => format!("stopped: {}", why.as_str()),
            Self::Trouble { .. } => "could not be done".to_owned(),
        }
    }
}

impl Told {
    /// The same trouble, with nothing tried again.
    pub(super) fn given_up(mut self) -> Self {
        if let What::Trouble { given_up, .. } = &mut self.what {
            *given_up = true;
        }
        self
    }

    /// One line for a person watching the node.
    #[must_use]
    pub fn line(&self) -> String {
        let who =
            self.rule.as_ref().map_or_else(|| "standing rules".to_owned(), |rule| format!("standing rule {rule}"));
        let case = self.case.map(|case| format!(" in {}", short_form(&case.0))).unwrap_or_default();
        let because = self.about.as_ref().map(|(_, name)| format!(" because of {name}")).unwrap_or_default();
        let about = self.about.as_ref().map(|(_, name)| format!(" about {name}")).unwrap_or_default();
        match &self.what {
            What::Signed(_, name) => format!("{who}: signed {name}{case}{because}"),
            What::Assigned => format!("{who}: gave somebody the case{case}{because}"),
            What::PassedOver(miss) => format!("{who}: did nothing{case}{about}: {miss}"),
            What::Refused(_) => format!("{who}: {}{case}{about}", self.what.kept()),
            What::Held(held) => format!("{who}: held back{case}{about}: {}", held.in_words()),
            What::Stopped(why) => format!("{who}: stopped, because {}", why.as_str()),
            What::Trouble { why, given_up } => {
                let what = if self.rule.is_some() { "act" } else { "look" };
                let then = if *given_up { "; left to you" } else { "; will try again" };
                format!("{who}: could not {what}{case}{about}: {}{then}", line(why))
            }
        }
    }

    /// The same for a log.
    #[must_use]
    pub fn logged(&self) -> Logged {
        let (level, event) = match &self.what {
            What::Signed(..) => (Level::Info, "rule-signed"),
            What::Assigned => (Level::Info, "rule-assigned"),
            What::PassedOver(_) => (Level::Info, "rule-passed-over"),
            // What was answered needs nobody.
            What::Refused(Refusal { before: Some(_), .. }) => (Level::Info, "rule-refused"),
            What::Refused(_) => (Level::Warn, "rule-refused"),
            What::Held(_) => (Level::Warn, "rule-held"),
            What::Stopped(_) => (Level::Error, "rule-stopped"),
            What::Trouble { .. } => (Level::Warn, "rule-trouble"),
        };
        let mut logged = Logged { case: self.case, ..Logged::new(level, event) };
        if let Some(rule) = &self.rule {
            logged = logged.with("rule", rule.as_str());
        }
        if let Some((entry, _)) = &self.about {
            logged = logged.with("about", render::hex(&entry.0));
        }
        match &self.what {
            What::Signed(entry, _) => logged.with("entry", render::hex(&entry.0)),
            What::PassedOver(miss) => logged.with("why", miss.to_string()),
            What::Refused(refusal) => logged.with("why", refusal.in_words()),
            What::Held(held) => logged.with("why", held.in_words()),
            What::Stopped(why) => logged.with("why", why.as_str()),
            What::Trouble { why, given_up } => {
                // In a case, why may be said in words of the case.
                let why = if self.case.is_some() { "it failed in this case".to_owned() } else { line(why) };
                let logged = if self.rule.is_some() { logged } else { logged.with("rules", "all") };
                logged.with("why", why).with("left_to_you", *given_up)
            }
            What::Assigned => logged,
        }
    }
}
