//! Standing rules: what an agent's seat does by itself when something comes in from another party, or something is due. One
//! occasion, a few conditions, one act: a check-list, and nothing that could be programmed with.
//!
//! What happened is a [`Happening`], read from a record; whether a rule is meant by it follows from the two alone. Nothing
//! of what others wrote comes into what is signed: a place in the act's texts stands for a number, the case or a role.

mod happening;
#[cfg(test)]
mod tests;

pub use happening::{Happening, Matter};

use std::fmt;

use counterpart_core::{act::Role, id::DeviceKey, text, value::Money};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value as Json;

/// How long a rule's name may be, in bytes.
pub const LONGEST_NAME: usize = 40;
/// How many words a rule may look for.
pub const MOST_WORDS: usize = 8;
/// How long what is looked for may be, in bytes.
pub const LONGEST_WORD: usize = 100;
/// How long the act may be, as JSON.
pub const LONGEST_ACT: usize = 4000;
/// How often a rule's seat may act in one case within an hour, where the rule does not say.
pub const USUAL_AN_HOUR: u32 = 3;
/// The most that a rule may say there.
pub const MOST_AN_HOUR: u32 = 20;
/// How often rules act in one case while nobody of us does.
pub const MOST_IN_A_ROW: usize = 10;
/// What came in, or was due, longer ago than this sets nothing off: milliseconds. What was done is remembered for longer.
pub const OLDEST: i64 = 2 * 24 * 60 * 60 * 1000;
/// The longest time before the end of a service clock, in minutes.
const LONGEST_BEFORE: u32 = 7 * 24 * 60;

/// What sets a rule off: something that came in from another party, or that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Something is proposed, or a proposal answered with another.
    Proposal,
    Accepted,
    Declined,
    Withdrawn,
    /// Something is declared done.
    Declared,
    /// What was declared done is said not to be.
    Rejected,
    /// Somebody asks to be released, or to reopen.
    Release,
    Dispute,
    Note,
    Contact,
    Reminder,
    /// A fact is stated.
    Fact,
    /// A file is put on record.
    File,
    /// A party has joined the case.
    Joined,
    /// A due time passed, and it is not done.
    Overdue,
    /// A service clock is about to run out.
    Clock,
}

impl When {
    pub const ALL: [Self; 16] = [
        Self::Proposal,
        Self::Accepted,
        Self::Declined,
        Self::Withdrawn,
        Self::Declared,
        Self::Rejected,
        Self::Release,
        Self::Dispute,
        Self::Note,
        Self::Contact,
        Self::Reminder,
        Self::Fact,
        Self::File,
        Self::Joined,
        Self::Overdue,
        Self::Clock,
    ];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Declared => "declared",
            Self::Rejected => "rejected",
            Self::Release => "release",
            Self::Dispute => "dispute",
            Self::Note => "note",
            Self::Contact => "contact",
            Self::Reminder => "reminder",
            Self::Fact => "fact",
            Self::File => "file",
            Self::Joined => "joined",
            Self::Overdue => "overdue",
            Self::Clock => "clock",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|when| when.as_str() == word)
    }

    /// What sets it off when an act of this kind comes in; nothing where none does.
    #[must_use]
    pub fn of_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            "propose" | "counter" => Self::Proposal,
            "accept" => Self::Accepted,
            "decline" => Self::Declined,
            "withdraw" => Self::Withdrawn,
            "declare" => Self::Declared,
            "reject" => Self::Rejected,
            "release" => Self::Release,
            "dispute" => Self::Dispute,
            "note" => Self::Note,
            "contact" => Self::Contact,
            "remind" => Self::Reminder,
            "item" => Self::Fact,
            "attach" => Self::File,
            "join" => Self::Joined,
            _ => return None,
        })
    }

    /// It is a time that comes, and nothing that somebody signs.
    #[must_use]
    pub fn is_due(self) -> bool {
        matches!(self, Self::Overdue | Self::Clock)
    }
}

/// Whose promise or clock it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    Us,
    Them,
}

/// What has to hold besides; all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Only {
    /// The case was begun here by this template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// All of these stand in it; of several things that are proposed together, in each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// All of it is actions that state a value in this currency, together worth no more, each counted without its sign.
    #[serde(with = "money", skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Money>,
    /// Whose promise is overdue, or whose clock runs out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whose: Option<Whose>,
    /// Minutes of counted time that a clock has left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Signs an act, in the JSON form that programs use, with places in its texts.
    Sign(Json),
    /// Gives a case that nobody has to somebody of us; nothing is signed.
    Assign(String),
}

impl Then {
    /// The act's word; nothing where none is signed.
    #[must_use]
    pub fn act(&self) -> Option<&str> {
        match self {
            Self::Sign(act) => act.get("act").and_then(Json::as_str),
            Self::Assign(_) => None,
        }
    }
}

/// Acts that a rule may sign: none that lets anybody in or out, ends, erases or approves anything.
pub const ACTS: [&str; 8] = ["note", "acknowledge", "accept", "decline", "propose", "progress", "remind", "item"];

/// A standing rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingRule {
    pub name: String,
    /// 64 hexadecimal digits, drawn when it was added: a later rule of that name is another.
    pub id: String,
    /// The agent's seat that signs, by name, and its device: a later seat of that name is another.
    pub seat: String,
    #[serde(with = "device")]
    pub device: DeviceKey,
    pub when: When,
    #[serde(default)]
    pub only: Only,
    pub then: Then,
    /// How often the seat may act in one case within an hour.
    pub an_hour: u32,
    /// Since when, Unix milliseconds.
    pub added: i64,
    /// The number of the newest change at that time: what came before sets nothing off.
    pub after: u64,
}

/// Why a rule is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("a rule's name is 1 to {LONGEST_NAME} small letters, digits, - and _, such as 'small-refunds'")]
    Name,
    #[error("a rule looks for at most {MOST_WORDS} words of at most {LONGEST_WORD} bytes, none of them empty")]
    Words,
    #[error("a value limits only what is proposed, or an action that is overdue")]
    UpTo,
    #[error("a value that limits something is not less than nothing")]
    Negative,
    #[error("'--by' says whose promise or clock it is: it goes with overdue and clock alone")]
    Whose,
    #[error("a rule about a clock says how long before its end, at most 7 days, such as --before \"30 minutes\"")]
    Before,
    #[error("'--before' goes with a clock alone")]
    BeforeWhat,
    #[error("a rule acts at least once and at most {MOST_AN_HOUR} times an hour in a case")]
    AnHour,
    #[error("a rule signs one of {}: what else there is, a person signs", ACTS.join(", "))]
    Act,
    #[error("the act is too long: at most {LONGEST_ACT} bytes")]
    TooLong,
    #[error(
        "'{{{0}}}' stands for nothing: the places are {{entry}}, {{part}}, {{case}} and {{party}}, and there are no other braces"
    )]
    Place(String),
    #[error("'{0}' answers a proposal: it goes with --when proposal alone")]
    NoProposal(String),
    #[error("an acknowledgement is about an entry of somebody else: something that is due is none")]
    NothingToAcknowledge,
    #[error("the text: {0}")]
    Text(String),
}

impl StandingRule {
    /// Whether it can be kept.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), Wrong> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        let name = &self.name;
        // One that begins with - would be taken for an option.
        if !(1..=LONGEST_NAME).contains(&name.len()) || !name.bytes().all(plain) || name.starts_with('-') {
            return Err(Wrong::Name);
        }
        if !(1..=MOST_AN_HOUR).contains(&self.an_hour) {
            return Err(Wrong::AnHour);
        }
        self.only.check(self.when)?;
        match &self.then {
            Then::Assign(agent) => text::check(agent).map_err(|why| Wrong::Text(why.to_string())),
            Then::Sign(act) => self.check_act(act),
        }
    }

    fn check_act(&self, act: &Json) -> Result<(), Wrong> {
        let word = self.then.act().filter(|word| ACTS.contains(word)).ok_or(Wrong::Act)?;
        if act.to_string().len() > LONGEST_ACT {
            return Err(Wrong::TooLong);
        }
        if matches!(word, "accept" | "decline") && self.when != When::Proposal {
            return Err(Wrong::NoProposal(word.to_owned()));
        }
        if word == "acknowledge" && self.when.is_due() {
            return Err(Wrong::NothingToAcknowledge);
        }
        // What is accepted is what came in, and nothing else that an open case holds.
        if matches!(word, "accept" | "decline") && act.get("revision").and_then(Json::as_str) != Some("{entry}") {
            return Err(Wrong::NoProposal(word.to_owned()));
        }
        each_text(act, &mut |text| check_text(text))
    }

    /// Whether a rule is meant by what happened in a case that was begun by this template.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn meant(&self, happened: &Happening, template: Option<&str>) -> Result<(), Miss> {
        if happened.when != self.when {
            return Err(Miss::Else);
        }
        if happened.at < self.added {
            return Err(Miss::Before);
        }
        let only = &self.only;
        if only.template.as_deref().is_some_and(|wanted| template != Some(wanted)) {
            return Err(Miss::Template);
        }
        if only.whose.is_some_and(|whose| happened.whose != Some(whose)) {
            return Err(Miss::Whose);
        }
        if let Some(left) = only.left
            && happened.left.is_none_or(|minutes| minutes > i64::from(left))
        {
            return Err(Miss::Left);
        }
        if !only.words.is_empty() {
            let wanted: Vec<String> = only.words.iter().map(|word| word.to_lowercase()).collect();
            let holds = |matter: &Matter| {
                let text = matter.text.to_lowercase();
                wanted.iter().all(|word| text.contains(word))
            };
            if happened.matters.is_empty() || !happened.matters.iter().all(holds) {
                return Err(Miss::Words);
            }
        }
        if let Some(most) = &only.up_to
            && !worth_at_most(&happened.matters, most)
        {
            return Err(Miss::Value);
        }
        if self.then.act() == Some("accept") && !happened.plain {
            return Err(Miss::NotPlain);
        }
        Ok(())
    }
}

impl Only {
    fn check(&self, when: When) -> Result<(), Wrong> {
        let good = |word: &String| !word.trim().is_empty() && word.len() <= LONGEST_WORD;
        if self.words.len() > MOST_WORDS || !self.words.iter().all(good) {
            return Err(Wrong::Words);
        }
        if self.up_to.is_some() && !matches!(when, When::Proposal | When::Overdue) {
            return Err(Wrong::UpTo);
        }
        if self.up_to.as_ref().is_some_and(|most| most.amount().millionths() < 0) {
            return Err(Wrong::Negative);
        }
        if self.whose.is_some() && !when.is_due() {
            return Err(Wrong::Whose);
        }
        match (when, self.left) {
            (When::Clock, left) if left.is_none_or(|left| left == 0 || left > LONGEST_BEFORE) => Err(Wrong::Before),
            (When::Clock, _) | (_, None) => Ok(()),
            _ => Err(Wrong::BeforeWhat),
        }
    }
}

/// Whether all of it states a value in that currency, something and together no more; each counts without its sign.
fn worth_at_most(matters: &[Matter], most: &Money) -> bool {
    let mut sum: i128 = 0;
    for matter in matters {
        let Some(value) = matter.value.as_ref().filter(|value| value.currency() == most.currency()) else {
            return false;
        };
        sum = sum.saturating_add(value.amount().millionths().saturating_abs());
    }
    (1..=most.amount().millionths()).contains(&sum)
}

/// Why a rule is not meant by something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Miss {
    /// It is about something else.
    Else,
    /// It was before the rule.
    Before,
    Template,
    Words,
    /// It is worth more, or not all of it states what it is worth.
    Value,
    Whose,
    /// The clock has more time left.
    Left,
    /// What would be accepted says more than what is to be done, when, and its value, or changes what was agreed.
    NotPlain,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Else => "it is about something else",
            Self::Before => "that was before the rule",
            Self::Template => "the case was not begun by that template",
            Self::Words => "the words do not stand in it",
            Self::Value => "it is worth more, or not all of it states its value in that currency",
            Self::Whose => "it is for somebody else to do",
            Self::Left => "the clock has more time left",
            Self::NotPlain => {
                "it says more than what is to be done, by when and what it is worth, or changes what was agreed: a person has to \
                 read it"
            }
        })
    }
}

/// What the places in an act's texts stand for. None of it is somebody else's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The entry that came in, or that promised what is due: `7`.
    pub entry: String,
    /// The same, with the part of it that is due: `7/2`.
    pub part: String,
    /// The case's short form.
    pub case: String,
    /// The role of whoever it is about.
    pub role: Option<Role>,
}

impl Places {
    fn of(&self, place: &str) -> Option<&str> {
        Some(match place {
            "entry" => &self.entry,
            "part" => &self.part,
            "case" => &self.case,
            "party" => match self.role {
                Some(Role::Customer) => "the customer",
                Some(Role::Supplier) => "the supplier",
                Some(Role::Third) => "the third party",
                Some(Role::Observer) => "the observer",
                Some(Role::Arbiter) => "the arbiter",
                None => "the other side",
            },
            _ => return None,
        })
    }

    /// An act with its places filled in: each text once, from left to right; what is put in is not looked through again.
    #[must_use]
    pub fn fill(&self, act: &Json) -> Json {
        match act {
            Json::String(text) => Json::String(self.fill_text(text)),
            Json::Array(all) => all.iter().map(|one| self.fill(one)).collect(),
            Json::Object(fields) => {
                Json::Object(fields.iter().map(|(key, value)| (key.clone(), self.fill(value))).collect())
            }
            other => other.clone(),
        }
    }

    fn fill_text(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((place, further)) = after.split_once('}') else {
                filled.push('{');
                rest = after;
                continue;
            };
            // Only what was checked is ever filled in; anything else stays as it stands.
            match self.of(place) {
                Some(words) => filled.push_str(words),
                None => filled.push_str(&format!("{{{place}}}")),
            }
            rest = further;
        }
        filled.push_str(rest);
        filled
    }

    /// Some, to see whether an act can be read with them.
    #[must_use]
    pub fn sample() -> Self {
        let number = || "7".to_owned();
        Self { entry: number(), part: number(), case: "K7F2-Q9XA-3".to_owned(), role: None }
    }
}

fn each_text<E>(act: &Json, check: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    match act {
        Json::String(text) => check(text),
        Json::Array(all) => all.iter().try_for_each(|one| each_text(one, check)),
        Json::Object(fields) => fields.values().try_for_each(|value| each_text(value, check)),
        _ => Ok(()),
    }
}

fn check_text(text: &str) -> Result<(), Wrong> {
    text::check(text).map_err(|why| Wrong::Text(why.to_string()))?;
    let mut rest = text;
    while let Some(from) = rest.find(['{', '}']) {
        let after = rest.get(from..).unwrap_or_default();
        let place = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        match place {
            Some((place, further)) if Places::sample().of(place).is_some() => rest = further,
            Some((place, _)) => return Err(Wrong::Place(place.to_owned())),
            None => return Err(Wrong::Place(String::new())),
        }
    }
    Ok(())
}

/// Money as `50.00 GBP`.
mod money {
    use super::{Deserialize, Deserializer, Money, Serialize, Serializer, de};

    #[expect(clippy::ref_option, reason = "serde asks for it so")]
    pub(super) fn serialize<S: Serializer>(money: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
        money.as_ref().map(|m| format!("{} {}", m.amount(), m.currency())).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let (amount, currency) = text.split_once(' ').ok_or_else(|| de::Error::custom("not an amount of money"))?;
        Money::parse(amount, currency).map(Some).map_err(de::Error::custom)
    }
}

mod device {
    use super::{Deserialize, Deserializer, DeviceKey, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(device: &DeviceKey, serializer: S) -> Result<S::Ok, S::Error> {
        device.to_hex().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DeviceKey, D::Error> {
        let hex = String::deserialize(deserializer)?;
        DeviceKey::from_hex(&hex).ok_or_else(|| de::Error::custom("not a device's key"))
    }
}
