//! What inputs are made of: seats, people, money, times.

use counterpart_core::value::{Money, Seat, Unit};
use counterpart_node::due_instant;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    money,
    terms::Who,
    when,
};

/// A seat of the case: its number; its label, its role or `me`; or, of one added later, the id of the entry that added it
/// and the place there, as the record shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a seat is written as its number, its label, its role, or [entry, number]")]
pub enum SeatInput {
    Number(u32),
    Named(String),
    Added(String, u32),
}

impl SeatInput {
    pub(super) fn find(&self, case: &OpenCase) -> Done<Seat> {
        match self {
            Self::Number(number) => case.seat(&number.to_string()),
            Self::Named(text) => case.seat(text),
            Self::Added(entry, index) => {
                let seat = Seat::Added(case.entry(entry)?.id, *index);
                case.seat(&seat.to_string())
            }
        }
    }
}

/// A seat with, for people, the person meant there; the person has no effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonInput {
    /// The seat.
    pub seat: SeatInput,
    /// A person there, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

impl PersonInput {
    pub(super) fn find(&self, case: &OpenCase) -> Done<Who> {
        Ok(Who::Picked { seat: self.seat.find(case)?, person: self.person.clone() })
    }
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoneyInput {
    /// The amount in digits, such as `25.00`: a point before the pence, nothing between the thousands.
    pub amount: String,
    /// Three capital letters of ISO 4217, such as `GBP`.
    pub currency: String,
}

impl MoneyInput {
    /// The amount as it would be typed; digits alone, so that nothing is guessed at.
    pub(super) fn typed(&self) -> Done<String> {
        let wrong =
            |why: String| CommandError::usage(why).hint("write such as {\"amount\": \"25.00\", \"currency\": \"GBP\"}");
        Money::parse(&self.amount, &self.currency)
            .map_err(|e| wrong(format!("'{} {}' is no amount of money: {e}", self.amount, self.currency)))?;
        let money = money::parse_in(&self.amount, &self.currency).map_err(|e| wrong(e.to_string()))?;
        Ok(money.to_string())
    }
}

/// What a length of time counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnitInput {
    Minutes,
    Hours,
    Days,
    WorkingDays,
}

impl From<UnitInput> for Unit {
    fn from(unit: UnitInput) -> Self {
        match unit {
            UnitInput::Minutes => Self::Minutes,
            UnitInput::Hours => Self::Hours,
            UnitInput::Days => Self::Days,
            UnitInput::WorkingDays => Self::WorkingDays,
        }
    }
}

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LengthInput {
    /// How many, from 1 to 9999.
    #[schemars(range(min = 1, max = 9999))]
    pub count: u32,
    /// Of what.
    pub unit: UnitInput,
}

impl LengthInput {
    pub(super) fn typed(self) -> String {
        when::show_length(self.count, self.unit.into())
    }
}

/// By when: a point in time, or so long after what it counts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DueInput {
    /// RFC 3339 with the distance from UTC, in whole minutes, such as `2026-07-08T17:00:00+01:00`; a time zone may follow in
    /// brackets, else the case's counts.
    At(String),
    /// So long after the agreement; of a promise after the contact in which it was made.
    After(LengthInput),
}

impl DueInput {
    /// As it would be typed, meaning the same on any day.
    pub(super) fn typed(&self, case: &OpenCase) -> Done<String> {
        match self {
            Self::At(text) => minute(case, text),
            Self::After(length) => Ok(length.typed()),
        }
    }
}

/// A point in time as it would be typed: with its distance from UTC and its zone.
pub(super) fn minute(case: &OpenCase, text: &str) -> Done<String> {
    let (instant, zone) = point(case, text)?;
    if instant.rem_euclid(60_000) != 0 {
        return Err(CommandError::usage(format!("'{text}' has seconds: terms state times in whole minutes"))
            .hint("write :00 for the seconds"));
    }
    Ok(when::written_out(instant, &zone))
}

/// A point in time to come, Unix milliseconds.
pub(super) fn to_come(case: &OpenCase, text: &str) -> Done<i64> {
    let typed = minute(case, text)?;
    let due = when::due(&typed, case.zone(), case.now).map_err(|e| CommandError::usage(e.to_string()))?;
    due_instant(&due, Some(case.now)).ok_or_else(|| not_a_time(text))
}

/// Reads RFC 3339 with an offset, and the zone behind it: Unix milliseconds, and the zone's name.
pub(super) fn point(case: &OpenCase, text: &str) -> Done<(i64, String)> {
    let (stamp, zone) = match text.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((stamp, zone)) => (stamp, zone.to_owned()),
        None => (text, case.zone().to_owned()),
    };
    when::zone(&zone).map_err(|e| CommandError::usage(e.to_string()))?;
    // Only what other programs read alike: a blank for the T, or a week date, is not RFC 3339.
    let shaped = stamp.as_bytes().get(10).is_some_and(|byte| *byte == b'T') && stamp.is_ascii();
    let instant: Timestamp = stamp.parse().ok().filter(|_| shaped).ok_or_else(|| not_a_time(text))?;
    Ok((instant.as_millisecond(), zone))
}

fn not_a_time(text: &str) -> CommandError {
    CommandError::usage(format!("'{}' is not a time with its distance from UTC", crate::render::line(text)))
        .hint("write it as RFC 3339 has it, such as 2026-07-08T17:00:00+01:00, or ...Z")
}
