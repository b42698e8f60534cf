//! Lengths of time as people and rules count them: "8 weeks", "6 months". Calendars and zones are jiff's.

use std::{fmt, str::FromStr};

use jiff::{Span, Timestamp, Zoned, civil::Weekday, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// So many of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Length {
    pub count: u32,
    pub unit: Stretch,
}

/// What lengths are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    Hours,
    Days,
    /// Monday to Friday; public holidays are not known here.
    WorkingDays,
    Weeks,
    Months,
    Years,
}

/// Why a text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no length of time: write a number and hours, days, working days, weeks, months or years")]
pub struct LengthError(String);

/// The largest number of a unit: a thousand years are no deadline.
const MOST: u32 = 10_000;

impl Stretch {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Hours => ("hour", "hours"),
            Self::Days => ("day", "days"),
            Self::WorkingDays => ("working day", "working days"),
            Self::Weeks => ("week", "weeks"),
            Self::Months => ("month", "months"),
            Self::Years => ("year", "years"),
        }
    }
}

impl Length {
    /// This long after a time, both Unix milliseconds, by the calendar of a zone: 8 weeks later it is the same time of
    /// day, whether the clocks changed or not, and a month after 31 January is the last of February. Nothing beyond
    /// what a calendar can hold.
    #[must_use]
    pub fn after(self, from: i64, zone: &TimeZone) -> Option<i64> {
        let from = Timestamp::from_millisecond(from).ok()?.to_zoned(zone.clone());
        let count = i64::from(self.count);
        let span = match self.unit {
            Stretch::Hours => Span::new().try_hours(count),
            Stretch::Days => Span::new().try_days(count),
            Stretch::WorkingDays => return working_days(from, self.count),
            Stretch::Weeks => Span::new().try_weeks(count),
            Stretch::Months => Span::new().try_months(count),
            Stretch::Years => Span::new().try_years(count),
        };
        Some(from.checked_add(span.ok()?).ok()?.timestamp().as_millisecond())
    }
}

fn working_days(from: Zoned, count: u32) -> Option<i64> {
    let mut day = from;
    for _ in 0..count {
        day = day.tomorrow().ok()?;
        while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            day = day.tomorrow().ok()?;
        }
    }
    Some(day.timestamp().as_millisecond())
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, several) = self.unit.words();
        write!(f, "{} {}", self.count, if self.count == 1 { one } else { several })
    }
}

impl FromStr for Length {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, LengthError> {
        let wrong = || LengthError(text.to_owned());
        let lower = text.trim().to_lowercase();
        let digits = lower.len() - lower.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, words) = lower.split_at_checked(digits).ok_or_else(wrong)?;
        let count: u32 = number.parse().map_err(|_no_number| wrong())?;
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let units =
            [Stretch::Hours, Stretch::Days, Stretch::WorkingDays, Stretch::Weeks, Stretch::Months, Stretch::Years];
        let named = |unit: &Stretch| {
            let (one, several) = unit.words();
            words == one || words == several
        };
        let unit = units.into_iter().find(named).filter(|_| (1..=MOST).contains(&count)).ok_or_else(wrong)?;
        Ok(Self { count, unit })
    }
}

impl From<Length> for String {
    fn from(length: Length) -> Self {
        length.to_string()
    }
}

impl TryFrom<String> for Length {
    type Error = LengthError;

    fn try_from(text: String) -> Result<Self, LengthError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a good time").as_millisecond()
    }

    fn later(length: &str, from: &str) -> String {
        let zone = TimeZone::get("Europe/London").expect("a zone");
        let length: Length = length.parse().expect(length);
        Timestamp::from_millisecond(length.after(at(from), &zone).expect("within a calendar"))
            .expect("a time")
            .to_string()
    }

    #[test]
    fn lengths_are_read_and_said() {
        for (text, said) in [
            ("8 weeks", "8 weeks"),
            ("1 week", "1 week"),
            (" 6  Months ", "6 months"),
            ("10 working days", "10 working days"),
            ("1day", "1 day"),
            ("2 years", "2 years"),
            ("24 hours", "24 hours"),
        ] {
            assert_eq!(text.parse::<Length>().expect(text).to_string(), said);
        }
        for text in ["", "weeks", "0 weeks", "-1 day", "8", "8 fortnights", "99999 days", "1.5 weeks", "８ weeks"] {
            assert!(text.parse::<Length>().is_err(), "{text}");
        }
    }

    #[test]
    fn they_go_by_the_calendar_of_the_zone() {
        // Over the change of clocks of 29 March 2026 the time of day stays.
        assert_eq!(later("8 weeks", "2026-03-02T10:00:00Z"), "2026-04-27T09:00:00Z");
        assert_eq!(later("24 hours", "2026-03-28T12:00:00Z"), "2026-03-29T12:00:00Z");
        assert_eq!(later("1 day", "2026-03-28T12:00:00Z"), "2026-03-29T11:00:00Z");
        assert_eq!(later("1 month", "2026-01-31T12:00:00Z"), "2026-02-28T12:00:00Z");
        assert_eq!(later("1 year", "2028-02-29T12:00:00Z"), "2029-02-28T12:00:00Z");
        // From Friday on.
        assert_eq!(later("2 working days", "2026-07-03T12:00:00Z"), "2026-07-07T12:00:00Z");
    }

    #[test]
    fn what_no_calendar_holds_is_nothing() {
        let length: Length = "10000 years".parse().expect("a length");
        assert_eq!(length.after(0, &TimeZone::UTC), None);
        assert_eq!(length.after(i64::MAX, &TimeZone::UTC), None);
    }
}
