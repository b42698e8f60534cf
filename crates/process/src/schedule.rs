//! When a reminder goes out: from a rule and the time it counts from, in the case's zone, past working days, holidays,
//! nights and changes of the clock.

use std::fmt;

use counterpart_core::value::Unit;
use jiff::{
    Span as Length, Timestamp, Zoned,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

use crate::{
    holidays::Holidays,
    rule::{Rule, Span, Whom},
};

/// Reminders end so long after what they remind of was due, in days.
const LONGEST_DAYS: i64 = 5 * 366;

/// The hours of a day in which nobody is disturbed: from one time to another, past midnight where that is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    pub from: Time,
    pub until: Time,
}

/// That is no stretch of hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a stretch of hours: write such as 20:00-08:00, or none")]
pub struct QuietError(pub String);

impl Quiet {
    /// From eight in the evening to eight in the morning.
    pub const USUAL: Self = Self { from: Time::constant(20, 0, 0, 0), until: Time::constant(8, 0, 0, 0) };
    /// No hours at all.
    pub const NONE: Self = Self { from: Time::midnight(), until: Time::midnight() };

    /// Reads "20:00-08:00" or "none".
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, QuietError> {
        let unread = || QuietError(text.trim().to_owned());
        if text.trim().eq_ignore_ascii_case("none") {
            return Ok(Self::NONE);
        }
        let (from, until) = text.split_once(['-', '–']).ok_or_else(unread)?;
        let time = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        match (time(from), time(until)) {
            (Some(from), Some(until)) if from != until => Ok(Self { from, until }),
            _ => Err(unread()),
        }
    }

    fn holds(self, time: Time) -> bool {
        if self.from <= self.until {
            (self.from..self.until).contains(&time)
        } else {
            time >= self.from || time < self.until
        }
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE {
            return f.write_str("none");
        }
        let (from, until) = (self.from, self.until);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from.hour(), from.minute(), until.hour(), until.minute())
    }
}

/// Why a reminder goes out later than its rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    Quiet(Quiet),
    Sunday,
    Holiday(String),
}

impl Moved {
    /// "not between 20:00 and 08:00", "not on a Sunday", "not on Good Friday".
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Quiet(quiet) => format!("not in the quiet hours {quiet}"),
            Self::Sunday => "not on a Sunday".to_owned(),
            Self::Holiday(name) => format!("not on a public holiday ({name})"),
        }
    }
}

/// The days and hours of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    pub zone: TimeZone,
    pub holidays: Holidays,
    pub quiet: Quiet,
}

impl Calendar {
    /// So long after a time. Days keep the local time, also over a change of the clock; working days are Monday to Friday
    /// without holidays.
    #[must_use]
    pub fn after(&self, from: Timestamp, span: Span) -> Option<Timestamp> {
        let count = i64::from(span.count);
        let from = from.to_zoned(self.zone.clone());
        let then = match span.unit {
            Unit::Minutes => from.checked_add(Length::new().try_minutes(count).ok()?).ok()?,
            Unit::Hours => from.checked_add(Length::new().try_hours(count).ok()?).ok()?,
            Unit::Days => from.checked_add(Length::new().try_days(count).ok()?).ok()?,
            Unit::WorkingDays => {
                let day = self.working_days_after(from.date(), count)?;
                day.to_datetime(from.time()).to_zoned(self.zone.clone()).ok()?
            }
        };
        Some(then.timestamp())
    }

    fn working_days_after(&self, day: Date, count: i64) -> Option<Date> {
        let mut day = day;
        let mut left = count;
        while left > 0 {
            day = day.tomorrow().ok()?;
            if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && self.holidays.name(day).is_none() {
                left -= 1;
            }
        }
        Some(day)
    }

    /// The first time, from this one on, at which somebody may be told, and why it is not this one.
    #[must_use]
    pub fn allowed(&self, wanted: Timestamp, whom: Whom) -> Option<(Timestamp, Vec<Moved>)> {
        let mut at = wanted.to_zoned(self.zone.clone());
        let mut why = Vec::new();
        // Nowhere are there so many days in a row on which nobody may be told, unless a list says so.
        for _ in 0..1000 {
            let (moved, next) = if let Some(free) = self.free_day(at.date(), whom) {
                (free, at.date().tomorrow().ok()?.to_datetime(self.morning()))
            } else if self.quiet.holds(at.time()) {
                let evening = self.quiet.from > self.quiet.until && at.time() >= self.quiet.from;
                let day = if evening { at.date().tomorrow().ok()? } else { at.date() };
                (Moved::Quiet(self.quiet), day.to_datetime(self.quiet.until))
            } else {
                return Some((at.timestamp(), why));
            };
            // Where the clock went back, a local time comes twice: only the later one is ahead.
            let next = next.to_zoned(self.zone.clone()).ok().filter(|next| *next > at).or_else(|| {
                let twice = self.zone.to_ambiguous_zoned(next);
                twice.later().ok().filter(|next| *next > at)
            });
            at = next?;
            if !why.contains(&moved) {
                why.push(moved);
            }
        }
        None
    }

    /// Whether somebody may be told at a time.
    #[must_use]
    pub fn allows(&self, at: Timestamp, whom: Whom) -> bool {
        self.allowed(at, whom).is_some_and(|(first, _)| first == at)
    }

    /// When the day begins, where the day before was free.
    fn morning(&self) -> Time {
        let midnight = Time::midnight();
        if self.quiet.holds(midnight) { self.quiet.until } else { midnight }
    }

    /// Why others are left alone all day; oneself one may tell on any.
    fn free_day(&self, day: Date, whom: Whom) -> Option<Moved> {
        if whom == Whom::Me {
            return None;
        }
        if let Some(name) = self.holidays.name(day) {
            return Some(Moved::Holiday(name.to_owned()));
        }
        (day.weekday() == Weekday::Sunday).then_some(Moved::Sunday)
    }

    /// A time as the case's clock shows it.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }
}

/// One occasion of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// From 0.
    pub number: u32,
    /// When the rule says.
    pub wanted: Timestamp,
    /// When it goes out.
    pub goes: Timestamp,
    /// Why these two differ.
    pub moved: Vec<Moved>,
}

/// The occasions of one rule about one thing, first to last.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    pub calendar: &'a Calendar,
    pub rule: &'a Rule,
    /// What the rule counts from.
    pub base: Timestamp,
}

impl Series<'_> {
    /// An occasion by its number; nothing past the last.
    #[must_use]
    pub fn slot(&self, number: u32) -> Option<Slot> {
        let wanted = self.wanted(number)?;
        let (goes, moved) = self.calendar.allowed(wanted, self.rule.to)?;
        Some(Slot { number, wanted, goes, moved })
    }

    fn wanted(&self, number: u32) -> Option<Timestamp> {
        let listed = self.rule.after.get(..=number as usize).unwrap_or(&self.rule.after);
        // A later occasion is never before an earlier one, whatever the rule lists.
        let mut wanted = listed
            .iter()
            .map(|span| self.calendar.after(self.base, *span))
            .try_fold(self.base, |a, b| Some(a.max(b?)))?;
        let beyond = (u64::from(number) + 1).saturating_sub(self.rule.after.len() as u64);
        if beyond > 0 {
            let then = self.rule.then?;
            let count = u64::from(then.count).checked_mul(beyond).and_then(|count| u32::try_from(count).ok())?;
            wanted = self.calendar.after(wanted, Span { count, ..then })?;
        }
        let last = self.base.checked_add(Length::new().hours(24 * LONGEST_DAYS)).ok()?;
        (wanted <= last).then_some(wanted)
    }

    /// The latest occasion that has come by a time: of several that were missed, only this one is worth sending.
    #[must_use]
    pub fn latest(&self, now: Timestamp) -> Option<Slot> {
        let come = |number: u32| self.slot(number).filter(|slot| slot.goes <= now);
        let mut last = come(0)?;
        // Twice as far each time, then halves of what is between.
        let mut step: u32 = 1;
        while let Some(found) = last.number.checked_add(step).and_then(come) {
            last = found;
            step = step.saturating_mul(2);
        }
        while step > 0 {
            if let Some(found) = last.number.checked_add(step).and_then(come) {
                last = found;
            }
            step /= 2;
        }
        Some(last)
    }

    /// What is to be sent now, where the occasions up to `handled` were seen to: the latest that has come, and only at a
    /// time at which somebody may be told.
    #[must_use]
    pub fn due(&self, handled: Option<u32>, now: Timestamp) -> Option<Slot> {
        let slot = self.latest(now).filter(|slot| handled.is_none_or(|handled| slot.number > handled))?;
        self.calendar.allows(now, self.rule.to).then_some(slot)
    }

    /// When to look again: the next occasion, or the next time at which what has come already may be sent.
    #[must_use]
    pub fn next(&self, handled: Option<u32>, now: Timestamp) -> Option<Slot> {
        let unseen = |slot: &Slot| handled.is_none_or(|handled| slot.number > handled);
        if let Some(slot) = self.latest(now).filter(unseen) {
            let (goes, moved) = self.calendar.allowed(now, self.rule.to)?;
            return Some(Slot { goes, moved, ..slot });
        }
        let number = match (handled, self.latest(now)) {
            (Some(handled), Some(latest)) => handled.max(latest.number).checked_add(1)?,
            (Some(handled), None) => handled.checked_add(1)?,
            (None, Some(latest)) => latest.number.checked_add(1)?,
            (None, None) => 0,
        };
        self.slot(number)
    }

    /// The occasion that was the last to have come when something was sent at `at`.
    #[must_use]
    pub fn covered_by(&self, at: Timestamp) -> Option<u32> {
        self.latest(at).map(|slot| slot.number)
    }
}

#[cfg(test)]
mod tests;
