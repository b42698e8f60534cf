//! The hours that count: weekdays with their times, a time zone, days on which nothing counts. All of it as agreed; nothing
//! here is of the machine that reckons.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::{TimeZone, TimeZoneDatabase},
};

/// How many days are looked at for one clock: ten years are no service level.
const MOST_DAYS: usize = 3660;

/// Minutes of a whole day.
const DAY: u32 = 24 * 60;

/// As they are written, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Why hours cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    #[error(
        "'{0}' are no hours of days: write such as mon-fri 09:00-17:30, or mon,wed 08:00-12:00, or daily 00:00-24:00"
    )]
    Line(String),
    #[error("'{line}' goes on past midnight, where a line of hours ends with its day: write {instead}")]
    Night { line: String, instead: String },
    #[error("no hours are named; nothing would ever count")]
    None,
    #[error("'{0}' is not a time zone: write one such as Europe/London, or UTC")]
    Zone(String),
    #[error("'{0}' does not begin with a day: write such as 2026-12-25 Christmas Day")]
    Day(String),
}

/// When time counts.
#[derive(Debug, Clone)]
pub struct Hours {
    /// As it was agreed.
    pub zone: String,
    /// As they were agreed: "mon-fri 09:00-17:30".
    pub lines: Vec<String>,
    /// Days on which nothing counts, with what they are called.
    pub free: BTreeMap<Date, String>,
    tz: TimeZone,
    /// For each weekday from Monday, from and until in minutes of the day: in order, apart from each other.
    week: [Vec<(u32, u32)>; 7],
}

impl Hours {
    /// Reads a zone, lines such as "mon-fri 09:00-17:30", and days such as "2026-12-25 Christmas Day".
    ///
    /// # Errors
    /// What of it cannot be read.
    pub fn read(zone: &str, lines: &[String], free: &[String]) -> Result<Self, HoursError> {
        // The rules of the zones come with the program: a machine without them, or with old ones, reckons no differently.
        let tz = TimeZoneDatabase::bundled().get(zone).map_err(|_unknown| HoursError::Zone(zone.to_owned()))?;
        let mut week: [Vec<(u32, u32)>; 7] = Default::default();
        for line in lines {
            let (days, from, until) = stretch(line).ok_or_else(|| HoursError::Line(line.clone()))?;
            if until < from {
                return Err(night(line, &days, from, until));
            }
            for day in days {
                week[day].push((from, until));
            }
        }
        for day in &mut week {
            *day = joined(std::mem::take(day));
        }
        if week.iter().all(Vec::is_empty) {
            return Err(HoursError::None);
        }
        let mut days = BTreeMap::new();
        for line in free {
            let (day, name) = line.split_once(' ').unwrap_or((line, ""));
            let day: Date = day.parse().map_err(|_no_day| HoursError::Day(line.clone()))?;
            days.insert(day, name.trim().to_owned());
        }
        Ok(Self { zone: zone.to_owned(), lines: lines.to_vec(), free: days, tz, week })
    }

    /// Whether anything counts on that day of the week, Monday being 0; holidays aside.
    #[must_use]
    pub fn opens_on(&self, date: Date) -> bool {
        !self.week[weekday(date)].is_empty()
    }

    /// The time that counts between two, Unix milliseconds, without the stops: in milliseconds.
    #[must_use]
    pub fn between(&self, from: i64, until: i64, stops: &Stops) -> i64 {
        self.pieces(from, stops)
            .take_while(|(begin, _)| *begin < until)
            .map(|(begin, end)| end.min(until) - begin)
            .fold(0, i64::saturating_add)
    }

    /// When so much counted time is over: the first instant of which that is true. Nothing where the clock stands still
    /// before, without an end that is known, or where it would be more than ten years off.
    #[must_use]
    pub fn after(&self, from: i64, millis: i64, stops: &Stops) -> Option<i64> {
        let mut left = millis;
        for (begin, end) in self.pieces(from, stops) {
            if end - begin >= left {
                return Some(begin + left);
            }
            left -= end - begin;
        }
        None
    }

    /// The stretches that count from a time on.
    fn pieces<'a>(&'a self, from: i64, stops: &'a Stops) -> impl Iterator<Item = (i64, i64)> + 'a {
        let whole = stops.standing_from.unwrap_or(i64::MAX);
        self.open(from)
            .take_while(move |(begin, _)| *begin < whole)
            .flat_map(move |(begin, end)| stops.left_of(begin, end.min(whole)))
    }

    /// The hours from a time on as instants, in order.
    fn open(&self, from: i64) -> impl Iterator<Item = (i64, i64)> + '_ {
        let first = Timestamp::from_millisecond(from).ok().map(|at| at.to_zoned(self.tz.clone()).date());
        let mut day = first.and_then(|day| day.yesterday().ok());
        let mut counted = 0;
        let days = std::iter::from_fn(move || {
            let this = day?;
            counted += 1;
            day = this.tomorrow().ok().filter(|_| counted < MOST_DAYS);
            Some(this)
        });
        let mut last = from;
        days.flat_map(move |day| {
            let hours = if self.free.contains_key(&day) { &[][..] } else { &self.week[weekday(day)][..] };
            hours.iter().map(move |hours| (day, *hours))
        })
        .filter_map(move |(day, (open, close))| {
            // Where the clock is put forward or back, hours of that night may touch or pass each other.
            let begin = self.instant(day, open)?.max(last);
            let end = self.instant(day, close)?;
            last = last.max(end);
            (begin < end).then_some((begin, end))
        })
    }

    /// A local time of a day as an instant: one that the clock skips is put after the gap, of one that comes twice the first
    /// is meant. RFC 5545 has it the same way.
    fn instant(&self, day: Date, minute: u32) -> Option<i64> {
        let (day, minute) = if minute == DAY { (day.tomorrow().ok()?, 0) } else { (day, minute) };
        let part = |n: u32| i8::try_from(n).ok();
        let time = Time::new(part(minute / 60)?, part(minute % 60)?, 0, 0).ok()?;
        Some(day.to_datetime(time).to_zoned(self.tz.clone()).ok()?.timestamp().as_millisecond())
    }
}

/// When the clock stands still. Unix milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stops {
    /// In order, apart from each other.
    ended: Vec<(i64, i64)>,
    /// From then on, without an end so far.
    standing_from: Option<i64>,
}

impl Stops {
    /// From stretches in any order, overlapping or not; one without an end goes on.
    #[must_use]
    pub fn new(stretches: impl IntoIterator<Item = (i64, Option<i64>)>) -> Self {
        let (mut ended, mut standing_from) = (Vec::new(), None::<i64>);
        for (from, until) in stretches {
            match until {
                Some(until) => ended.push((from, until)),
                None => standing_from = Some(standing_from.map_or(from, |known| known.min(from))),
            }
        }
        Self { ended: joined(ended), standing_from }
    }

    /// Whether the clock stands still at a time.
    #[must_use]
    pub fn stand_at(&self, at: i64) -> bool {
        let after = self.ended.partition_point(|(_, end)| *end <= at);
        self.standing_from.is_some_and(|from| from <= at) || self.ended.get(after).is_some_and(|(from, _)| *from <= at)
    }

    /// What of a stretch is not stopped.
    fn left_of(&self, from: i64, until: i64) -> Vec<(i64, i64)> {
        let first = self.ended.partition_point(|(_, end)| *end <= from);
        let mut at = from;
        let mut left = Vec::new();
        for (begin, end) in self.ended.iter().skip(first).take_while(|(begin, _)| *begin < until) {
            if at < *begin {
                left.push((at, *begin));
            }
            at = at.max(*end);
        }
        if at < until {
            left.push((at, until));
        }
        left
    }
}

/// Stretches in order, those that meet made one, empty ones left out.
fn joined<T: Ord + Copy>(mut stretches: Vec<(T, T)>) -> Vec<(T, T)> {
    stretches.retain(|(from, until)| from < until);
    stretches.sort_unstable();
    let mut out: Vec<(T, T)> = Vec::new();
    for (from, until) in stretches {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(until),
            _ => out.push((from, until)),
        }
    }
    out
}

fn weekday(date: Date) -> usize {
    usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())
}

/// "mon-fri 09:00-17:30": the days from Monday, and the minutes of the day.
fn stretch(line: &str) -> Option<(Vec<usize>, u32, u32)> {
    // It is shown as it stands: nothing that hides may be in it.
    line.bytes().all(|b| b.is_ascii_graphic() || b == b' ').then_some(())?;
    let (days, times) = line.trim().split_once(' ')?;
    let (from, until) = times.trim().split_once('-')?;
    let (from, until) = (minute(from)?, minute(until)?);
    (from != until && from < DAY).then_some(())?;
    let named = |word: &str| DAYS.iter().position(|day| *day == word.to_ascii_lowercase());
    let mut found = Vec::new();
    for part in days.split(',') {
        match part.split_once('-') {
            _ if part.eq_ignore_ascii_case("daily") => found.extend(0..7),
            Some((first, last)) => {
                let (first, last) = (named(first)?, named(last)?);
                (first <= last).then_some(())?;
                found.extend(first..=last);
            }
            None => found.push(named(part)?),
        }
    }
    Some((found, from, until))
}

/// What to write in place of hours that go on past midnight.
fn night(line: &str, days: &[usize], from: u32, until: u32) -> HoursError {
    let named = |days: &mut dyn Iterator<Item = usize>| {
        let here: BTreeSet<usize> = days.collect();
        match here.len() {
            7 => "daily".to_owned(),
            _ => here.into_iter().map(|day| DAYS[day]).collect::<Vec<_>>().join(","),
        }
    };
    let time = |at: u32| format!("{:02}:{:02}", at / 60, at % 60);
    let first = format!("\"{} {}-24:00\"", named(&mut days.iter().copied()), time(from));
    let next = named(&mut days.iter().map(|day| (day + 1) % 7));
    let instead = match until {
        0 => first,
        _ => format!("two lines, {first} and \"{next} 00:00-{}\"", time(until)),
    };
    HoursError::Night { line: line.to_owned(), instead }
}

/// "09:00" to "24:00".
fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |digits: &str| {
        let fits = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| digits.parse::<u32>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= DAY).then_some(at)
}

#[cfg(test)]
mod tests;
