//! What was agreed: the value of an item that both sides signed, read strictly.

use counterpart_core::{
    act::Role,
    value::{ItemValue, Sealable},
};

use super::hours::{Hours, HoursError};

/// The item whose agreed value holds the clocks of a case.
pub const KEY: &str = "service-clocks";

/// The item by which a side stops them, or has them run on.
pub const PAUSE: &str = "service-clocks-pause";

/// The longest that a clock may be, in seconds of counted time.
pub const MOST_SECONDS: u64 = 366 * 24 * 3600;

/// Which clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// Until they first say something.
    FirstAnswer,
    /// From each word of theirs to the next.
    NextUpdate,
    /// Until it is resolved.
    Resolution,
}

impl Which {
    pub const ALL: [Self; 3] = [Self::FirstAnswer, Self::NextUpdate, Self::Resolution];

    /// The word in the record, in templates and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstAnswer => "first-answer",
            Self::NextUpdate => "next-update",
            Self::Resolution => "resolution",
        }
    }
}

/// The clocks that were agreed.
#[derive(Debug, Clone)]
pub struct Agreed {
    /// Whose clocks they are: everybody of that role who signed them.
    pub by: Role,
    /// Seconds of counted time, each clock at most once and in their order.
    pub clocks: Vec<(Which, u64)>,
    pub hours: Hours,
}

/// Why a value holds no clocks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("it is not a record of clocks")]
    Form,
    #[error("it has a field '{0}' that this program does not know")]
    Field(String),
    #[error("it lacks '{0}', or has it in another form")]
    Missing(&'static str),
    #[error("it names no clock")]
    NoClock,
    #[error("{0} has a length that is none: from a minute to a year")]
    Length(&'static str),
    #[error(transparent)]
    Hours(#[from] HoursError),
}

impl Agreed {
    /// Reads an agreed value. What is not known is not passed over: a part that one program leaves out would make another
    /// clock of it.
    ///
    /// # Errors
    /// Why it holds no clocks.
    pub fn read(value: &ItemValue) -> Result<Self, Unread> {
        let ItemValue::Record(fields) = value else { return Err(Unread::Form) };
        let known = ["by", "zone", "hours", "holidays"];
        let is_clock = |key: &str| Which::ALL.iter().any(|which| which.as_str() == key);
        for (n, (key, _)) in fields.iter().enumerate() {
            let twice = fields[..n].iter().any(|(earlier, _)| earlier == key);
            if twice || !(known.contains(&key.as_str()) || is_clock(key)) {
                return Err(Unread::Field(counterpart_core::text::visible_line(key).into_owned()));
            }
        }
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let by = match field("by") {
            Some(ItemValue::Choice(word)) => Role::from_word(word).filter(|role| role.agrees()),
            _ => None,
        };
        let zone = field("zone").and_then(text).ok_or(Unread::Missing("zone"))?;
        let hours = field("hours").and_then(texts).ok_or(Unread::Missing("hours"))?;
        let free = match field("holidays") {
            None => Vec::new(),
            Some(value) => texts(value).ok_or(Unread::Missing("holidays"))?,
        };
        let mut clocks = Vec::new();
        for which in Which::ALL {
            match field(which.as_str()) {
                None => {}
                Some(ItemValue::Duration(seconds)) if (60..=MOST_SECONDS).contains(seconds) => {
                    clocks.push((which, *seconds));
                }
                Some(_) => return Err(Unread::Length(which.as_str())),
            }
        }
        if clocks.is_empty() {
            return Err(Unread::NoClock);
        }
        Ok(Self { by: by.ok_or(Unread::Missing("by"))?, clocks, hours: Hours::read(zone, &hours, &free)? })
    }

    /// The value that is proposed.
    #[must_use]
    pub fn value(&self) -> ItemValue {
        let text = |text: &str| ItemValue::Text(Sealable::Open(text.to_owned()));
        let mut fields = vec![("by".to_owned(), ItemValue::Choice(self.by.as_str().to_owned()))];
        fields.extend(self.clocks.iter().map(|(which, s)| (which.as_str().to_owned(), ItemValue::Duration(*s))));
        fields.push(("zone".to_owned(), text(&self.hours.zone)));
        let lines = self.hours.lines.iter().map(|line| text(line)).collect();
        fields.push(("hours".to_owned(), ItemValue::List(lines)));
        if !self.hours.free.is_empty() {
            let day = |(day, name): (&jiff::civil::Date, &String)| text(format!("{day} {name}").trim_end());
            fields.push(("holidays".to_owned(), ItemValue::List(self.hours.free.iter().map(day).collect())));
        }
        ItemValue::Record(fields)
    }
}

/// A stop, or that they run on, as a side states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Paused { reason: String },
    Running,
}

impl Said {
    /// Reads a stated value; anything else counts for nothing.
    #[must_use]
    pub fn read(value: &ItemValue) -> Option<Self> {
        let ItemValue::Record(fields) = value else { return None };
        match fields.as_slice() {
            [(clocks, ItemValue::Choice(word)), rest @ ..] if clocks == "clocks" => match (word.as_str(), rest) {
                ("running", []) => Some(Self::Running),
                ("paused", [(key, reason)]) if key == "reason" => {
                    Some(Self::Paused { reason: text(reason)?.to_owned() })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The value that is stated.
    #[must_use]
    pub fn value(&self) -> ItemValue {
        let word = |word: &str| ("clocks".to_owned(), ItemValue::Choice(word.to_owned()));
        ItemValue::Record(match self {
            Self::Running => vec![word("running")],
            Self::Paused { reason } => {
                let reason = ItemValue::Text(Sealable::Open(reason.clone()));
                vec![word("paused"), ("reason".to_owned(), reason)]
            }
        })
    }
}

fn text(value: &ItemValue) -> Option<&str> {
    match value {
        ItemValue::Text(text) => text.open(),
        _ => None,
    }
}

fn texts(value: &ItemValue) -> Option<Vec<String>> {
    match value {
        ItemValue::List(values) => values.iter().map(|value| text(value).map(str::to_owned)).collect(),
        _ => None,
    }
}
