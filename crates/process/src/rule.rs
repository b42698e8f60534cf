//! Rules: when to remind, how often again, of what, and whom. Kept on one's own machine; nothing of them is signed.

use std::{fmt, str::FromStr};

use counterpart_core::{
    id::EntryId,
    value::{ActionId, Unit},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How many first times a rule may list.
pub const MOST_FIRST: usize = 16;
/// How long a rule's own words may be, in bytes.
pub const MOST_TEXT: usize = 2000;
/// The largest count of a span.
const MOST_COUNT: u32 = 10_000;

/// A length of time as people say it: "3 days", "2 working-days", "90 minutes".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    pub count: u32,
    pub unit: Unit,
}

impl Span {
    /// No time at all.
    pub const NONE: Self = Self { count: 0, unit: Unit::Minutes };

    #[must_use]
    pub const fn new(count: u32, unit: Unit) -> Self {
        Self { count, unit }
    }

    #[must_use]
    pub const fn days(count: u32) -> Self {
        Self::new(count, Unit::Days)
    }

    #[must_use]
    pub const fn hours(count: u32) -> Self {
        Self::new(count, Unit::Hours)
    }

    /// In words: "3 days", "1 working day", "week" is 7 days.
    #[must_use]
    pub fn in_words(self) -> String {
        let word = match self.unit {
            Unit::Minutes => "minute",
            Unit::Hours => "hour",
            Unit::Days => "day",
            Unit::WorkingDays => "working day",
        };
        format!("{} {word}{}", self.count, if self.count == 1 { "" } else { "s" })
    }

    /// "every day", "every week", "every 3 days".
    #[must_use]
    pub fn again_in_words(self) -> String {
        match (self.count, self.unit) {
            (7, Unit::Days) => "every week".to_owned(),
            (1, _) => format!("every {}", self.in_words().trim_start_matches("1 ")),
            _ => format!("every {}", self.in_words()),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.unit.as_str())
    }
}

impl FromStr for Span {
    type Err = RuleError;

    /// "3 days", "1 week", "24 h", "2 working days"; "0" and "at once" are no time.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        let unclear = || RuleError::Length(text.trim().to_owned());
        let lower = text.trim().to_lowercase();
        if matches!(lower.as_str(), "0" | "at once" | "now") {
            return Ok(Self::NONE);
        }
        let digits = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len());
        let (count, unit) = lower.split_at(digits);
        let count: u32 = count.parse().map_err(|_not_a_number| unclear())?;
        let (factor, unit) = match unit.trim().replace(['-', '_'], " ").as_str() {
            "min" | "mins" | "minute" | "minutes" => (1, Unit::Minutes),
            "h" | "hour" | "hours" => (1, Unit::Hours),
            "d" | "day" | "days" => (1, Unit::Days),
            "w" | "week" | "weeks" => (7, Unit::Days),
            "working day" | "working days" | "business day" | "business days" => (1, Unit::WorkingDays),
            _ => return Err(unclear()),
        };
        let count = count.checked_mul(factor).filter(|count| *count <= MOST_COUNT).ok_or_else(unclear)?;
        Ok(Self { count, unit })
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Whom a rule tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whom {
    /// Whoever promised it.
    #[default]
    Them,
    /// Only oneself.
    Me,
}

impl Whom {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Them => "them",
            Self::Me => "me",
        }
    }
}

/// When to remind of what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The action, by the proposal that began it and its place there; nothing for every promise of the other side.
    #[serde(default, with = "about", skip_serializing_if = "Option::is_none")]
    pub about: Option<ActionId>,
    /// The first times, each counted from when it is due, or from when it was proposed where nothing is due.
    pub after: Vec<Span>,
    /// How often again from the last of these on, until there is nothing to remind of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Span>,
    #[serde(default)]
    pub to: Whom,
    /// Own words; where there are none, the letters have their own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The letter to send, by name; nothing for polite, then firmer, then firm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
}

/// Why a rule is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("'{0}' is not a length of time: write such as 3 days, 24 hours, 1 week or 2 working days")]
    Length(String),
    #[error("a rule says when to remind first: at once, or such as 3 days")]
    NoFirst,
    #[error("a rule lists at most {MOST_FIRST} first times")]
    TooManyFirst,
    #[error("nobody is reminded more often than once an hour: write such as 1 day or 1 week")]
    TooOften,
    #[error("the text is longer than {MOST_TEXT} bytes; say it more shortly")]
    TooLong,
    #[error("the text: {0}")]
    Text(String),
}

impl Rule {
    /// What holds for a promise of the other side where a case has no rule about it: when it is due, a day later, three
    /// days later, then every week.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            about: None,
            after: vec![Span::NONE, Span::hours(24), Span::hours(72)],
            then: Some(Span::days(7)),
            to: Whom::Them,
            text: String::new(),
            letter: None,
        }
    }

    /// Whether it can be kept.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), RuleError> {
        if self.after.is_empty() {
            return Err(RuleError::NoFirst);
        }
        if self.after.len() > MOST_FIRST {
            return Err(RuleError::TooManyFirst);
        }
        if let Some(large) = self.after.iter().chain(&self.then).find(|span| span.count > MOST_COUNT) {
            return Err(RuleError::Length(large.to_string()));
        }
        let often = |then: &Span| match then.unit {
            Unit::Minutes => then.count < 60,
            Unit::Hours | Unit::Days | Unit::WorkingDays => then.count < 1,
        };
        if self.then.as_ref().is_some_and(often) {
            return Err(RuleError::TooOften);
        }
        if self.text.len() > MOST_TEXT {
            return Err(RuleError::TooLong);
        }
        counterpart_core::text::check(&self.text).map_err(|e| RuleError::Text(e.to_string()))
    }

    /// "when it is due, 24 hours and 72 hours later, then every week".
    #[must_use]
    pub fn when(&self) -> String {
        let first =
            |span: &Span| if span.count == 0 { "when it is due".to_owned() } else { span.in_words() + " after" };
        let mut words: Vec<String> = self.after.iter().map(first).collect();
        let last = words.pop().unwrap_or_default();
        let mut text = if words.is_empty() { last } else { format!("{} and {last}", words.join(", ")) };
        if let Some(then) = self.then {
            text.push_str(&format!(", then {}", then.again_in_words()));
        }
        text
    }
}

/// An action as `[proposal in hex, index]`.
mod about {
    use super::{ActionId, Deserialize, Deserializer, EntryId, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(about: &Option<ActionId>, serializer: S) -> Result<S::Ok, S::Error> {
        about.map(|id| (id.proposal.to_hex(), id.index)).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ActionId>, D::Error> {
        let Some((hex, index)) = Option::<(String, u32)>::deserialize(deserializer)? else { return Ok(None) };
        let proposal = EntryId::from_hex(&hex).ok_or_else(|| de::Error::custom("not an entry's id"))?;
        Ok(Some(ActionId { proposal, index }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (text, count, unit) in [
            ("3 days", 3, Unit::Days),
            ("1 week", 7, Unit::Days),
            ("24h", 24, Unit::Hours),
            ("2 working-days", 2, Unit::WorkingDays),
            ("2 Working days", 2, Unit::WorkingDays),
            ("90 min", 90, Unit::Minutes),
            ("at once", 0, Unit::Minutes),
        ] {
            assert_eq!(text.parse(), Ok(Span { count, unit }), "{text}");
        }
        for text in ["", "days", "-3 days", "3", "3 moons", "99999999999 days", "2000 weeks", "3.5 days"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_rule_comes_back_as_it_was_kept() {
        let about = Some(ActionId { proposal: EntryId([7; 32]), index: 1 });
        let rule = Rule { about, text: "Where is it?".to_owned(), to: Whom::Me, ..Rule::usual() };
        let kept = serde_json::to_string(&rule).expect("JSON");
        assert_eq!(serde_json::from_str::<Rule>(&kept).expect("a rule"), rule);
        let bare: Rule = serde_json::from_str(r#"{"after": ["3 days"]}"#).expect("a rule");
        assert_eq!(bare, Rule { after: vec![Span::days(3)], then: None, ..Rule::usual() });
    }

    #[test]
    fn rules_that_cannot_be_kept_say_why() {
        let usual = Rule::usual;
        assert_eq!(usual().check(), Ok(()));
        assert_eq!(Rule { after: Vec::new(), ..usual() }.check(), Err(RuleError::NoFirst));
        assert_eq!(Rule { after: vec![Span::NONE; 17], ..usual() }.check(), Err(RuleError::TooManyFirst));
        for then in [Span::NONE, Span::new(59, Unit::Minutes), Span::new(0, Unit::WorkingDays)] {
            assert_eq!(Rule { then: Some(then), ..usual() }.check(), Err(RuleError::TooOften));
        }
        assert_eq!(Rule { text: "x".repeat(2001), ..usual() }.check(), Err(RuleError::TooLong));
        assert!(matches!(Rule { text: "a\u{202E}b".to_owned(), ..usual() }.check(), Err(RuleError::Text(_))));
    }

    #[test]
    fn a_rule_says_when() {
        assert_eq!(Rule::usual().when(), "when it is due, 24 hours after and 72 hours after, then every week");
        let once = Rule { after: vec![Span::new(1, Unit::WorkingDays)], then: None, ..Rule::usual() };
        assert_eq!(once.when(), "1 working day after");
    }
}
