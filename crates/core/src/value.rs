//! Typed readings of what a body holds: due times, seats, sealable texts and item values.
//!
//! Every `from_value` runs after the level's schema has checked the body; it gives nothing for any other form.

mod decimal;

use std::fmt;

pub use decimal::{DECIMAL_PLACES, Decimal, DecimalError, MONEY_PLACES, Money};

use crate::cbor::{self, Value};
use crate::id::{EntryId, short_form};

/// The word that marks a commitment standing in place of a value.
pub const SEALED: &str = "sealed";

/// A text that stands in the record open, or only as a commitment to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Sealable {
    Open(String),
    Sealed([u8; 32]),
}

impl Sealable {
    /// The text, where it is open.
    #[must_use]
    pub fn open(&self) -> Option<&str> {
        match self {
            Self::Open(text) => Some(text),
            Self::Sealed(_) => None,
        }
    }

    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Open(text) => text.as_str().into(),
            Self::Sealed(commitment) => sealed_value(commitment),
        }
    }

    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(Self::Open(text.clone())),
            other => commitment(other).map(Self::Sealed),
        }
    }
}

/// The form of a sealed place: `["sealed", commitment]`.
#[must_use]
pub fn sealed_value(commitment: &[u8; 32]) -> Value {
    Value::Array(vec![SEALED.into(), commitment.into()])
}

/// The commitment, if the value is a sealed place. No other value of a level has this form.
#[must_use]
pub fn commitment(value: &Value) -> Option<[u8; 32]> {
    match value.as_array()? {
        [Value::Text(word), Value::Bytes(bytes)] if word == SEALED => bytes.as_slice().try_into().ok(),
        _ => None,
    }
}

/// A place in a case: a number of `open`'s list, or the admitting proposal's entry and subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {
    Number(u32),
    Added(EntryId, u32),
}

impl Seat {
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Added(entry, index) => pair(entry, *index),
        }
    }

    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => u32::try_from(*number).ok().map(Self::Number),
            other => from_pair(other).map(|(entry, index)| Self::Added(entry, index)),
        }
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "seat {number}"),
            Self::Added(entry, index) => write!(f, "seat {}/{index}", short_form(entry.as_bytes())),
        }
    }
}

/// What lives through revisions (an action, free terms, a closing): the proposal that began it and the subject's
/// index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId {
    pub proposal: EntryId,
    pub index: u32,
}

impl ActionId {
    #[must_use]
    pub fn to_value(&self) -> Value {
        pair(&self.proposal, self.index)
    }

    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        from_pair(value).map(|(proposal, index)| Self { proposal, index })
    }
}

fn pair(entry: &EntryId, index: u32) -> Value {
    Value::Array(vec![entry.as_bytes().into(), index.into()])
}

fn from_pair(value: &Value) -> Option<(EntryId, u32)> {
    let [entry, index] = value.as_array()? else { return None };
    Some((EntryId::from_slice(entry.as_bytes()?)?, u32::try_from(index.as_int()?).ok()?))
}

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Due {
    /// The instant (Unix ms) decides; the local time "YYYY-MM-DDTHH:MM" in its zone is what people see.
    At { instant: i64, local: String, zone: String },
    /// So long after the terms were agreed.
    After { count: u32, unit: Unit, zone: String },
}

/// What a relative due time counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    Minutes,
    Hours,
    Days,
    WorkingDays,
}

impl Unit {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
            Self::WorkingDays => "working-days",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Minutes, Self::Hours, Self::Days, Self::WorkingDays].into_iter().find(|unit| unit.as_str() == word)
    }
}

impl Due {
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::At { instant, local, zone } => cbor::map([
                ("instant", (*instant).into()),
                ("local", local.as_str().into()),
                ("zone", zone.as_str().into()),
            ]),
            Self::After { count, unit, zone } => cbor::map([
                ("after", "agreed".into()),
                ("count", (*count).into()),
                ("unit", unit.as_str().into()),
                ("zone", zone.as_str().into()),
            ]),
        }
    }

    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let zone = value.field("zone")?.as_text()?.to_owned();
        if let Some(instant) = value.field("instant") {
            let local = value.field("local")?.as_text()?;
            return is_local(local).then_some(Self::At { instant: instant.as_int()?, local: local.to_owned(), zone });
        }
        let count = u32::try_from(value.field("count")?.as_int()?).ok()?;
        let unit = Unit::from_word(value.field("unit")?.as_text()?)?;
        (value.field("after")?.as_text()? == "agreed").then_some(Self::After { count, unit, zone })
    }
}

/// A typed value of an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ItemValue {
    Text(Sealable),
    Integer(i64),
    Decimal {
        number: Decimal,
        unit: Option<String>,
    },
    Money(Money),
    /// "YYYY-MM-DD".
    Date(String),
    /// As [`Due::At`].
    Time {
        instant: i64,
        local: String,
        zone: String,
    },
    /// Seconds.
    Duration(u64),
    YesNo(bool),
    Choice(String),
    Address(Sealable),
    Phone(Sealable),
    Email(Sealable),
    Link(Sealable),
    /// Size in bytes; the name is data, never a path.
    File {
        sha256: [u8; 32],
        size: u64,
        name: Sealable,
        media: Option<String>,
    },
    List(Vec<Self>),
    Record(Vec<(String, Self)>),
    /// The whole value, its type included, is behind the commitment.
    Sealed([u8; 32]),
}

impl ItemValue {
    /// The word that names the type in a body.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "integer",
            Self::Decimal { .. } => "decimal",
            Self::Money(_) => "money",
            Self::Date(_) => "date",
            Self::Time { .. } => "time",
            Self::Duration(_) => "duration",
            Self::YesNo(_) => "yes-no",
            Self::Choice(_) => "choice",
            Self::Address(_) => "address",
            Self::Phone(_) => "phone",
            Self::Email(_) => "e-mail",
            Self::Link(_) => "link",
            Self::File { .. } => "file",
            Self::List(_) => "list",
            Self::Record(_) => "record",
            Self::Sealed(_) => SEALED,
        }
    }

    /// The array form: the type's word, then its parts. Numbers too large for the format are refused by the schema.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut parts: Vec<Value> = vec![self.word().into()];
        match self {
            Self::Text(text) | Self::Address(text) | Self::Phone(text) | Self::Email(text) | Self::Link(text) => {
                parts.push(text.to_value());
            }
            Self::Integer(number) => parts.push((*number).into()),
            Self::Decimal { number, unit } => {
                parts.push(number.to_string().into());
                parts.extend(unit.as_deref().map(Value::from));
            }
            Self::Money(money) => {
                parts.push(money.amount().to_string().into());
                parts.push(money.currency().into());
            }
            Self::Date(text) | Self::Choice(text) => parts.push(text.as_str().into()),
            Self::Time { instant, local, zone } => {
                parts.extend([(*instant).into(), local.as_str().into(), zone.as_str().into()]);
            }
            Self::Duration(seconds) => parts.push(natural(*seconds)),
            Self::YesNo(yes) => parts.push((*yes).into()),
            Self::File { sha256, size, name, media } => {
                parts.extend([sha256.into(), natural(*size), name.to_value()]);
                parts.extend(media.as_deref().map(Value::from));
            }
            Self::List(values) => parts.extend(values.iter().map(Self::to_value)),
            Self::Record(fields) => {
                parts.extend(fields.iter().flat_map(|(key, value)| [key.as_str().into(), value.to_value()]));
            }
            Self::Sealed(commitment) => parts.push(commitment.into()),
        }
        Value::Array(parts)
    }

    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let (word, parts) = value.as_array()?.split_first()?;
        let sealable = || match parts {
            [text] => Sealable::from_value(text),
            _ => None,
        };
        Some(match (word.as_text()?, parts) {
            ("text", _) => Self::Text(sealable()?),
            ("address", _) => Self::Address(sealable()?),
            ("phone", _) => Self::Phone(sealable()?),
            ("e-mail", _) => Self::Email(sealable()?),
            ("link", _) => Self::Link(sealable()?),
            ("integer", [Value::Int(number)]) => Self::Integer(*number),
            ("decimal", [Value::Text(number), unit @ ..]) => {
                Self::Decimal { number: Decimal::parse(number).ok()?, unit: optional_text(unit)? }
            }
            ("money", [Value::Text(amount), Value::Text(currency)]) => {
                Self::Money(Money::parse(amount, currency).ok()?)
            }
            ("date", [Value::Text(date)]) if is_date(date) => Self::Date(date.clone()),
            ("time", [Value::Int(instant), Value::Text(local), Value::Text(zone)]) if is_local(local) => {
                Self::Time { instant: *instant, local: local.clone(), zone: zone.clone() }
            }
            ("duration", [Value::Int(seconds)]) => Self::Duration(u64::try_from(*seconds).ok()?),
            ("yes-no", [Value::Bool(yes)]) => Self::YesNo(*yes),
            ("choice", [Value::Text(choice)]) => Self::Choice(choice.clone()),
            ("file", [Value::Bytes(sha256), Value::Int(size), name, media @ ..]) => Self::File {
                sha256: sha256.as_slice().try_into().ok()?,
                size: u64::try_from(*size).ok()?,
                name: Sealable::from_value(name)?,
                media: optional_text(media)?,
            },
            ("list", values) => Self::List(values.iter().map(Self::from_value).collect::<Option<_>>()?),
            ("record", fields) if fields.len() % 2 == 0 => Self::Record(
                fields
                    .chunks_exact(2)
                    .map(|field| Some((field[0].as_text()?.to_owned(), Self::from_value(&field[1])?)))
                    .collect::<Option<_>>()?,
            ),
            (SEALED, _) => Self::Sealed(commitment(value)?),
            _ => return None,
        })
    }
}

fn natural(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// At most one text: outer `None` for any other form.
fn optional_text(rest: &[Value]) -> Option<Option<String>> {
    match rest {
        [] => Some(None),
        [Value::Text(text)] => Some(Some(text.clone())),
        _ => None,
    }
}

/// Whether a text has the shape "YYYY-MM-DD", month 1 to 12, day 1 to 31. Whether that month has that day is for
/// display: calendars are not judged at the gate.
#[must_use]
pub fn is_date(text: &str) -> bool {
    let b = text.as_bytes();
    b.len() == 10
        && b[..4].iter().all(u8::is_ascii_digit)
        && b[4] == b'-'
        && two_digits(&b[5..7]).is_some_and(|month| (1..=12).contains(&month))
        && b[7] == b'-'
        && two_digits(&b[8..]).is_some_and(|day| (1..=31).contains(&day))
}

/// Whether a text has the shape "YYYY-MM-DDTHH:MM", hour 0 to 23, minute 0 to 59.
#[must_use]
pub fn is_local(text: &str) -> bool {
    let b = text.as_bytes();
    b.len() == 16
        && text.get(..10).is_some_and(is_date)
        && b[10] == b'T'
        && two_digits(&b[11..13]).is_some_and(|hour| hour <= 23)
        && b[13] == b':'
        && two_digits(&b[14..]).is_some_and(|minute| minute <= 59)
}

fn two_digits(digits: &[u8]) -> Option<u8> {
    match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_item_value() -> Vec<ItemValue> {
        let open = || Sealable::Open("x".to_owned());
        let simple = vec![
            ItemValue::Text(open()),
            ItemValue::Text(Sealable::Sealed([7; 32])),
            ItemValue::Integer(-3),
            ItemValue::Decimal { number: Decimal::parse("1.50").expect("good"), unit: None },
            ItemValue::Decimal { number: Decimal::parse("-2").expect("good"), unit: Some("kWh".to_owned()) },
            ItemValue::Money(Money::parse("10.00", "EUR").expect("good")),
            ItemValue::Date("2026-02-28".to_owned()),
            ItemValue::Time { instant: 5, local: "2026-02-28T23:59".to_owned(), zone: "Europe/Berlin".to_owned() },
            ItemValue::Duration(90),
            ItemValue::YesNo(true),
            ItemValue::Choice("blue".to_owned()),
            ItemValue::Address(open()),
            ItemValue::Phone(open()),
            ItemValue::Email(open()),
            ItemValue::Link(open()),
            ItemValue::File { sha256: [1; 32], size: 9, name: open(), media: None },
            ItemValue::File { sha256: [1; 32], size: 9, name: open(), media: Some("image/png".to_owned()) },
            ItemValue::Sealed([8; 32]),
        ];
        let record = ItemValue::Record(vec![("a".to_owned(), ItemValue::YesNo(false))]);
        let list = ItemValue::List(vec![record.clone(), ItemValue::List(vec![])]);
        simple.into_iter().chain([record, list]).collect()
    }

    #[test]
    fn item_values_read_back() {
        for item in every_item_value() {
            assert_eq!(ItemValue::from_value(&item.to_value()), Some(item));
        }
    }

    #[test]
    fn other_forms_are_not_item_values() {
        for value in [
            Value::Array(vec![]),
            Value::Array(vec!["colour".into(), "red".into()]),
            Value::Array(vec!["integer".into(), "1".into()]),
            Value::Array(vec!["integer".into(), Value::Int(1), Value::Int(2)]),
            Value::Array(vec!["record".into(), "key".into()]),
            Value::Array(vec!["decimal".into(), "01".into()]),
            Value::Array(vec!["duration".into(), Value::Int(-1)]),
            Value::Array(vec![SEALED.into(), Value::Bytes(vec![0; 31])]),
            Value::Int(1),
        ] {
            assert_eq!(ItemValue::from_value(&value), None, "{value:?}");
        }
    }

    #[test]
    fn references_and_times_read_back() {
        let entry = EntryId([3; 32]);
        for seat in [Seat::Number(0), Seat::Number(1023), Seat::Added(entry, 2)] {
            assert_eq!(Seat::from_value(&seat.to_value()), Some(seat));
        }
        assert_eq!(Seat::from_value(&Value::Int(-1)), None);
        assert_eq!(Seat::Number(1).to_string(), "seat 1");
        let action = ActionId { proposal: entry, index: 31 };
        assert_eq!(ActionId::from_value(&action.to_value()), Some(action));
        let zone = "Europe/Berlin".to_owned();
        for due in [
            Due::At { instant: -1, local: "1969-12-31T23:59".to_owned(), zone: zone.clone() },
            Due::After { count: 3, unit: Unit::WorkingDays, zone },
        ] {
            assert_eq!(Due::from_value(&due.to_value()), Some(due));
        }
    }

    #[test]
    fn dates_and_local_times_have_one_shape() {
        for (text, good) in [
            ("2026-02-31", true),
            ("2026-13-01", false),
            ("2026-00-01", false),
            ("2026-01-00", false),
            ("2026-01-32", false),
            ("2026-1-01", false),
            ("2026/01/01", false),
            ("20é6-01-01", false),
            ("２026-01-0", false),
        ] {
            assert_eq!(is_date(text), good, "{text}");
            assert_eq!(is_local(&format!("{text}T00:00")), good, "{text}");
        }
        for (time, good) in [
            ("T23:59", true),
            ("T24:00", false),
            ("T00:60", false),
            (" 00:00", false),
            ("T0000", false),
            ("T00:00Z", false),
        ] {
            assert_eq!(is_local(&format!("2026-01-01{time}")), good, "{time}");
        }
    }
}
