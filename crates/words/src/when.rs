//! Times as people type and read them. Calendars and zones are jiff's; what is signed is an instant, and the local
//! time people meant.

use counterpart_core::value::{Due, Unit};
use counterpart_node::due_instant;
use jiff::{
    Span, Timestamp,
    civil::{Date, DateTime, Time, Weekday},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

mod month;
mod shown;

pub use shown::{distance, lasting, show, show_day, show_due, show_due_now, show_length, show_short, zone_at};

use month::{month_of, with_month};
use shown::zoned;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Why a text is not a time, with one that works.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    #[error(
        "'{0}' is not a time: write \"8 July 2026 17:00\", \"tomorrow 17:00\", \"friday 5pm\" or \"in 10 working days\""
    )]
    Shape(String),
    #[error(
        "'{0}' counts months or years, which are not equally long: write the day itself, or days, such as \"in 30 days\""
    )]
    Months(String),
    #[error("'{0}' does not fit: that day is a {1}. Leave the day of the week out, or mend the date")]
    OtherWeekday(String, String),
    #[error("'{0}' is not a time that has been: write \"2026-07-08 17:00\", \"today 17:00\" or \"20 minutes ago\"")]
    PastShape(String),
    #[error("'{0}' is not a date: write it as 2026-07-08, year, month, day, for a day that the month has")]
    NoSuchDate(String),
    #[error("'{0}' is not a time of day: write 17:00, or 5pm")]
    NoSuchTime(String),
    #[error("'{0}' is not a time zone: write one such as Europe/London, or UTC")]
    NoSuchZone(String),
    #[error(
        "'{0}' is not the whole name of a time zone, and could be several: write one such as Europe/London, or UTC"
    )]
    ShortZone(String),
    #[error(
        "in {zone} the clocks went from before {local} straight past it, so that time does not exist; write \
         \"{example}\""
    )]
    Skipped { local: String, zone: String, example: String },
    #[error("in {zone} the clocks show {local} twice that day; say which: \"{first}\" or \"{second}\"")]
    Twice { local: String, zone: String, first: String, second: String },
    #[error("'{0}' has passed already: write a time to come, such as \"tomorrow 17:00\" or \"in 3 days\"")]
    Passed(String),
    #[error("'{0}' is not a length of time: write \"5 working days\", \"2 weeks\" or \"36 hours\"")]
    Length(String),
    #[error("'{0}' is out of range: a length of time counts from 1 to 9999, such as \"in 10 working days\"")]
    Count(String),
}

/// Checks the name of a zone.
pub fn zone(name: &str) -> Result<TimeZone, WhenError> {
    TimeZone::get(name).map_err(|_unknown| WhenError::NoSuchZone(name.to_owned()))
}

/// The zone this machine is set to; UTC where that has no name.
pub fn system_zone() -> String {
    TimeZone::system().iana_name().unwrap_or("UTC").to_owned()
}

/// Reads a due time. `case_zone` counts where none is written; `now` (Unix ms) where a day is named by a word.
pub fn due(text: &str, case_zone: &str, now: i64) -> Result<Due, WhenError> {
    if let Some((count, unit)) = length(without_agreed(text))? {
        return Ok(Due::After { count, unit, zone: case_zone.to_owned() });
    }
    let (instant, local, zone) = absolute(text, case_zone, now)?;
    Ok(Due::At { instant, local, zone })
}

/// Reads a point in time to come, which everybody reads alike: a length of time counts from now.
pub fn until(text: &str, case_zone: &str, now: i64) -> Result<Due, WhenError> {
    let due = due(text, case_zone, now)?;
    let instant = due_instant(&due, Some(now)).ok_or_else(|| WhenError::Shape(text.to_owned()))?;
    if instant <= now {
        return Err(WhenError::Passed(text.trim().to_owned()));
    }
    match due {
        Due::At { .. } => Ok(due),
        Due::After { zone, .. } => {
            // What is shown beside the instant has no seconds.
            let instant = instant - instant.rem_euclid(MINUTE);
            let local = local_in(instant, &zone).ok_or_else(|| WhenError::Shape(text.to_owned()))?;
            Ok(Due::At { instant, local, zone })
        }
    }
}

/// Reads by when something is to be kept that was promised at a time, Unix ms: a length of time counts from there, a day
/// named by a word from now. It may have passed by now.
pub fn promised(text: &str, case_zone: &str, at: i64, now: i64) -> Result<Due, WhenError> {
    match length(text)? {
        Some(_) => until(text, case_zone, at),
        None => due(text, case_zone, now),
    }
}

/// An instant written so that it reads back as the same one on any later day: "2026-07-08 17:00+01:00[Europe/London]".
/// Seconds are dropped.
pub fn written_out(instant: i64, zone: &str) -> String {
    let minute = instant - instant.rem_euclid(MINUTE);
    zoned(minute, zone)
        .map_or_else(String::new, |z| format!("{}{}[{zone}]", z.strftime("%Y-%m-%d %H:%M"), offset_text(z.offset())))
}

/// Reads a length of time: "5 working days".
pub fn window(text: &str) -> Result<(u32, Unit), WhenError> {
    length(text)?.ok_or_else(|| WhenError::Length(text.to_owned()))
}

/// Whether a typed point in time says its zone, or its distance from UTC, itself.
pub fn names_zone(text: &str) -> bool {
    let (rest, zone) = split_zone(text, "");
    !zone.is_empty() || split_offset(rest).1.is_some()
}

/// An instant as the clocks of a zone show it: "YYYY-MM-DDTHH:MM". Nothing where there is no such zone or instant.
pub fn local_in(instant: i64, zone: &str) -> Option<String> {
    let tz = TimeZone::get(zone).ok()?;
    Some(local(Timestamp::from_millisecond(instant).ok()?.to_zoned(tz).datetime()))
}

/// Reads a point in time: its instant in Unix ms, the local time "YYYY-MM-DDTHH:MM", its zone.
pub fn absolute(text: &str, case_zone: &str, now: i64) -> Result<(i64, String, String), WhenError> {
    let (rest, zone_name) = split_zone(text, case_zone);
    if let Some(short) = short_zone(rest) {
        return Err(WhenError::ShortZone(short.to_owned()));
    }
    let tz = zone(&zone_name)?;
    let (rest, offset) = split_offset(rest);
    let today = Timestamp::from_millisecond(now).unwrap_or_default().to_zoned(tz.clone()).date();
    let (date, time) = match with_month(rest, today)? {
        Some((date, time)) => (date, Some(time)),
        None => {
            let parted = match rest.split_once(' ') {
                None if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.split_once('T'),
                parted => parted,
            };
            let (day, time) = parted.map_or((rest, None), |(day, time)| (day, Some(time.trim().to_owned())));
            (day_of(day, today)?.ok_or_else(|| WhenError::Shape(text.to_owned()))?, time)
        }
    };
    // A day alone means: by its end.
    let time = time.as_deref().map(|t| t.strip_prefix("at ").unwrap_or(t)).filter(|t| !t.is_empty());
    let time = time.map_or(Ok(Time::constant(23, 59, 0, 0)), time_of)?;
    let civil = DateTime::from_parts(date, time);
    let instant = match offset {
        Some(offset) => fixed(civil, offset, &tz, &zone_name)?,
        None => single(civil, &tz, &zone_name)?,
    };
    Ok((instant.as_millisecond(), local(civil), zone_name))
}

/// Reads when something happened: a point in time, "now", or so long ago. Unix ms.
pub fn past(text: &str, case_zone: &str, now: i64) -> Result<i64, WhenError> {
    let lower = text.trim().to_lowercase();
    if lower == "now" {
        return Ok(now);
    }
    if let Some(ago) = lower.strip_suffix(" ago") {
        let (count, unit) = length(&format!("in {ago}"))?.ok_or_else(|| WhenError::PastShape(text.to_owned()))?;
        let each = match unit {
            Unit::Minutes => MINUTE,
            Unit::Hours => HOUR,
            Unit::Days => DAY,
            Unit::WorkingDays => return Err(WhenError::PastShape(text.to_owned())),
        };
        return Ok(now - i64::from(count) * each);
    }
    // Of what has been, "friday" is the last one before today.
    let day = lower.split_whitespace().next().and_then(weekday_of);
    let from = match day {
        // So is "4 March" of the last twelve months.
        _ if lower.split(|c: char| !c.is_alphabetic()).any(|word| month_of(word).is_some()) => now - 364 * DAY,
        Some(_) => now - 8 * DAY,
        None => now,
    };
    match absolute(text, case_zone, from) {
        Ok((instant, _, _)) => Ok(instant),
        Err(WhenError::Shape(text)) => Err(WhenError::PastShape(text)),
        Err(other) => Err(other),
    }
}

/// A length of time without the words that say what it counts from: "3 days after it is agreed".
fn without_agreed(text: &str) -> &str {
    const FROM: [&str; 4] = [" after it is agreed", " after agreed", " after agreement", " from when it is agreed"];
    let text = text.trim();
    let end = FROM.iter().find(|from| {
        let at = text.len().checked_sub(from.len());
        at.and_then(|at| text.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(from))
    });
    end.and_then(|end| text.get(..text.len() - end.len())).unwrap_or(text)
}

/// "in 10 working days", "3 weeks", "within 2 hours": nothing if the text is no length of time.
fn length(text: &str) -> Result<Option<(u32, Unit)>, WhenError> {
    let lower = text.trim().to_lowercase();
    let rest = ["in ", "within ", "after "].iter().find_map(|p| lower.strip_prefix(p)).unwrap_or(&lower).trim();
    let Some((count, words)) = rest.split_once(' ') else { return Ok(None) };
    let (factor, unit) = match words.trim() {
        "minute" | "minutes" | "min" => (1, Unit::Minutes),
        "hour" | "hours" | "h" => (1, Unit::Hours),
        "day" | "days" => (1, Unit::Days),
        "week" | "weeks" => (7, Unit::Days),
        "working day" | "working days" | "working-days" | "business days" | "business day" => (1, Unit::WorkingDays),
        "month" | "months" | "year" | "years" => return Err(WhenError::Months(text.to_owned())),
        _ => return Ok(None),
    };
    let count: u32 = match count {
        "a" | "an" | "one" => 1,
        digits if digits.chars().all(|c| c.is_ascii_digit()) => {
            digits.parse().map_err(|_too_long| WhenError::Count(text.to_owned()))?
        }
        _ => return Ok(None),
    };
    let count = count.checked_mul(factor).filter(|c| (1..=9999).contains(c));
    count.map(|count| Some((count, unit))).ok_or_else(|| WhenError::Count(text.to_owned()))
}

/// A zone written behind the time: "... Europe/London", "...[Europe/London]" or "... UTC".
fn split_zone<'t>(text: &'t str, case_zone: &str) -> (&'t str, String) {
    let text = text.trim();
    if let Some((before, zone)) = text.strip_suffix(']').and_then(|t| t.rsplit_once('[')) {
        return (before.trim(), zone.to_owned());
    }
    match text.rsplit_once(' ') {
        Some((before, zone)) if zone.contains('/') || zone == "UTC" => (before.trim(), zone.to_owned()),
        _ => match text.strip_suffix('Z').filter(|t| t.ends_with(|c: char| c.is_ascii_digit())) {
            Some(before) => (before, "UTC".to_owned()),
            None => (text, case_zone.to_owned()),
        },
    }
}

/// A zone's short name behind the time, such as CET: two countries may mean different zones by it.
fn short_zone(text: &str) -> Option<&str> {
    let (_, last) = text.rsplit_once(' ')?;
    let fits = (3..=5).contains(&last.len()) && last.chars().all(|c| c.is_ascii_uppercase());
    let last_lower = last.to_lowercase();
    (fits && weekday_of(&last_lower).is_none() && month_of(&last_lower).is_none()).then_some(last)
}

/// An offset behind the time of day: "01:30+01:00".
fn split_offset(text: &str) -> (&str, Option<Offset>) {
    let Some(at) = text.len().checked_sub(6).filter(|at| text.is_char_boundary(*at) && *at > 10) else {
        return (text, None);
    };
    let (rest, offset) = text.split_at(at);
    let sign = match offset.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return (text, None),
    };
    let number = |part: Option<&str>| part.and_then(|p| p.parse::<i32>().ok()).filter(|n| (0..60).contains(n));
    match (number(offset.get(1..3)), number(offset.get(4..6)), offset.get(3..4)) {
        (Some(hours), Some(minutes), Some(":")) => {
            (rest.trim(), Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())
        }
        _ => (text, None),
    }
}

fn day_of(word: &str, today: Date) -> Result<Option<Date>, WhenError> {
    let in_days = |days: i64| today.checked_add(Span::new().days(days)).ok();
    let lower = word.to_lowercase();
    match lower.as_str() {
        "today" => return Ok(Some(today)),
        "tomorrow" => return Ok(in_days(1)),
        "yesterday" => return Ok(in_days(-1)),
        _ => {}
    }
    let Some(weekday) = weekday_of(&lower) else { return date_of(word) };
    // The next such day, never today.
    Ok((1..=7).filter_map(in_days).find(|date| date.weekday() == weekday))
}

/// The day of the week that a word in lower case names.
fn weekday_of(word: &str) -> Option<Weekday> {
    Some(match word {
        "monday" | "mon" => Weekday::Monday,
        "tuesday" | "tue" => Weekday::Tuesday,
        "wednesday" | "wed" => Weekday::Wednesday,
        "thursday" | "thu" => Weekday::Thursday,
        "friday" | "fri" => Weekday::Friday,
        "saturday" | "sat" => Weekday::Saturday,
        "sunday" | "sun" => Weekday::Sunday,
        _ => return None,
    })
}

fn date_of(word: &str) -> Result<Option<Date>, WhenError> {
    let parts: Vec<&str> = word.split('-').collect();
    let numeric = parts.iter().all(|p| !p.is_empty() && p.chars().all(|c| c.is_ascii_digit()));
    let [year, month, day] = parts.as_slice() else {
        let looks_like_one = word.contains(['/', '.', '-']) && word.chars().any(|c| c.is_ascii_digit());
        return if looks_like_one { Err(WhenError::NoSuchDate(word.to_owned())) } else { Ok(None) };
    };
    let date = || Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok();
    let shaped = numeric && year.len() == 4;
    date().filter(|_| shaped).map(Some).ok_or_else(|| WhenError::NoSuchDate(word.to_owned()))
}

fn time_of(word: &str) -> Result<Time, WhenError> {
    let wrong = || WhenError::NoSuchTime(word.to_owned());
    let lower = word.to_lowercase().replace(' ', "");
    let (digits, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        _ => (lower.as_str(), None),
    };
    let (hour, minute) = match (digits.split_once(':'), half) {
        (Some((hour, minute)), _) if minute.len() == 2 => (hour, minute),
        (None, Some(_)) => (digits, "0"),
        _ => return Err(wrong()),
    };
    let number = |part: &str| part.parse::<i8>().ok().filter(|n| *n >= 0 && !part.starts_with('+'));
    let (Some(hour), Some(minute)) = (number(hour), number(minute)) else { return Err(wrong()) };
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return Err(wrong()),
    };
    Time::new(hour, minute, 0, 0).map_err(|_range| wrong())
}

/// The one instant of a local time; an error where the clocks skip it or show it twice.
fn single(civil: DateTime, tz: &TimeZone, zone: &str) -> Result<Timestamp, WhenError> {
    let written = civil.strftime("%Y-%m-%d %H:%M").to_string();
    let range = || WhenError::NoSuchDate(written.clone());
    let ambiguous = tz.to_ambiguous_timestamp(civil);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).map_err(|_range| range()),
        AmbiguousOffset::Gap { .. } => {
            let after = ambiguous.later().map_err(|_range| range())?.to_zoned(tz.clone());
            let example = after.strftime("%Y-%m-%d %H:%M").to_string();
            Err(WhenError::Skipped { local: written, zone: zone.to_owned(), example })
        }
        AmbiguousOffset::Fold { before, after } => {
            let with = |offset: Offset| format!("{written}{}", offset_text(offset));
            let (first, second) = (with(before), with(after));
            Err(WhenError::Twice { local: written.clone(), zone: zone.to_owned(), first, second })
        }
    }
}

/// A local time with its offset written out; the zone must know that offset then.
fn fixed(civil: DateTime, offset: Offset, tz: &TimeZone, zone: &str) -> Result<Timestamp, WhenError> {
    let written = civil.strftime("%Y-%m-%d %H:%M").to_string();
    let instant = offset.to_timestamp(civil).map_err(|_range| WhenError::NoSuchDate(written.clone()))?;
    if tz.to_datetime(instant) == civil {
        return Ok(instant);
    }
    let example = instant.to_zoned(tz.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    Err(WhenError::Skipped { local: format!("{written}{}", offset_text(offset)), zone: zone.to_owned(), example })
}

fn offset_text(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", seconds.abs() / 3600, seconds.abs() % 3600 / 60)
}

fn local(civil: DateTime) -> String {
    civil.strftime("%Y-%m-%dT%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONDON: &str = "Europe/London";

    /// Wednesday 1 July 2026, 10:00 in London.
    fn now() -> i64 {
        "2026-07-01T09:00:00Z".parse::<Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn points_in_time_people_type() {
        for (typed, local, instant) in [
            ("2026-07-08 17:00", "2026-07-08T17:00", "2026-07-08T16:00:00Z"),
            ("2026-07-08T17:00", "2026-07-08T17:00", "2026-07-08T16:00:00Z"),
            ("2026-07-08", "2026-07-08T23:59", "2026-07-08T22:59:00Z"),
            ("tomorrow 17:00", "2026-07-02T17:00", "2026-07-02T16:00:00Z"),
            ("today 5pm", "2026-07-01T17:00", "2026-07-01T16:00:00Z"),
            ("Friday 5:30 pm", "2026-07-03T17:30", "2026-07-03T16:30:00Z"),
            ("wed 12am", "2026-07-08T00:00", "2026-07-07T23:00:00Z"),
            ("2026-07-08 17:00 America/New_York", "2026-07-08T17:00", "2026-07-08T21:00:00Z"),
            ("2026-07-08 17:00[Asia/Tokyo]", "2026-07-08T17:00", "2026-07-08T08:00:00Z"),
            ("2026-07-08T17:00Z", "2026-07-08T17:00", "2026-07-08T17:00:00Z"),
            ("2026-10-25 01:30+01:00", "2026-10-25T01:30", "2026-10-25T00:30:00Z"),
            ("2026-10-25 01:30+00:00", "2026-10-25T01:30", "2026-10-25T01:30:00Z"),
            ("8 July 2026 17:00", "2026-07-08T17:00", "2026-07-08T16:00:00Z"),
            ("8 July 2026, 17:00", "2026-07-08T17:00", "2026-07-08T16:00:00Z"),
            ("Wed 8 Jul 2026 17:00", "2026-07-08T17:00", "2026-07-08T16:00:00Z"),
            ("July 8th, 5 pm", "2026-07-08T17:00", "2026-07-08T16:00:00Z"),
            ("8. JULY", "2026-07-08T23:59", "2026-07-08T22:59:00Z"),
            ("1 July at 5pm", "2026-07-01T17:00", "2026-07-01T16:00:00Z"),
            ("30 June 9am", "2027-06-30T09:00", "2027-06-30T08:00:00Z"),
            ("friday at 5pm", "2026-07-03T17:00", "2026-07-03T16:00:00Z"),
            ("8 July 2026 17:00 America/New_York", "2026-07-08T17:00", "2026-07-08T21:00:00Z"),
        ] {
            let Due::At { instant: found, local: shown, .. } = due(typed, LONDON, now()).expect(typed) else {
                unreachable!("{typed} is a point in time")
            };
            assert_eq!(shown, local, "{typed}");
            assert_eq!(Timestamp::from_millisecond(found).expect("in range").to_string(), instant, "{typed}");
        }
    }

    #[test]
    fn lengths_of_time_people_type() {
        for (typed, count, unit) in [
            ("in 10 working days", 10, Unit::WorkingDays),
            ("within 2 weeks", 14, Unit::Days),
            ("in a day", 1, Unit::Days),
            ("36 hours", 36, Unit::Hours),
            ("in 90 min", 90, Unit::Minutes),
        ] {
            let zone = LONDON.to_owned();
            assert_eq!(due(typed, LONDON, now()), Ok(Due::After { count, unit, zone }), "{typed}");
        }
    }

    #[test]
    fn what_is_no_time_says_what_would_be() {
        for (typed, says) in [
            ("soon", "\"tomorrow 17:00\""),
            ("2026-02-30 12:00", "a day that the month has"),
            ("30 February", "a day that the month has"),
            ("after the July", "\"friday 5pm\""),
            ("July soon", "a day that the month has"),
            ("Tuesday 8 July 2026", "that day is a Wednesday"),
            ("8 July 2026 17:00 BST", "could be several"),
            ("08/07/2026", "year, month, day"),
            ("2026-07-08 25:00", "write 17:00"),
            ("2026-07-08 13pm", "write 17:00"),
            ("2026-07-08 17", "write 17:00"),
            ("2026-07-08 17:00 Mars/Olympus", "such as Europe/London"),
            ("2026-07-08 17:00 CET", "could be several"),
            ("fridayish", "\"friday 5pm\""),
            ("2026-03-29 01:30", "write \"2026-03-29 02:30\""),
            ("2026-10-25 01:30", "\"2026-10-25 01:30+01:00\" or \"2026-10-25 01:30+00:00\""),
            ("2026-07-08 17:00+05:00", "does not exist"),
            ("in 0 days", "from 1 to 9999"),
            ("in 99999999999 days", "from 1 to 9999"),
        ] {
            let error = due(typed, LONDON, now()).expect_err(typed);
            assert!(error.to_string().contains(says), "{typed}: {error}");
        }
    }

    #[test]
    fn the_examples_in_errors_work() {
        for typed in ["2026-03-29 01:30", "2026-10-25 01:30", "soon"] {
            let error = due(typed, LONDON, now()).expect_err(typed).to_string();
            for example in error.split('"').skip(1).step_by(2) {
                assert!(due(example, LONDON, now()).is_ok(), "{example}");
            }
        }
    }

    #[test]
    fn things_that_happened() {
        assert_eq!(past("now", LONDON, now()), Ok(now()));
        assert_eq!(past("20 minutes ago", LONDON, now()), Ok(now() - 20 * MINUTE));
        assert_eq!(past("today 09:15", LONDON, now()), Ok(now() - 45 * MINUTE));
        assert!(matches!(past("recently", LONDON, now()), Err(WhenError::PastShape(_))));
        // It is a Wednesday.
        assert_eq!(past("monday 10:00", LONDON, now()), Ok(now() - 2 * DAY));
        assert_eq!(past("wed 10:00", LONDON, now()), Ok(now() - 7 * DAY));
        assert_eq!(past("30 June 10:00", LONDON, now()), Ok(now() - DAY));
        assert_eq!(past("1 July 2026 10:00", LONDON, now()), Ok(now()));
        assert_eq!(past("1 Jul 09:00", LONDON, now()), Ok(now() - HOUR));
        assert_eq!(past("3 July 10:00", LONDON, now()), Ok(now() - 363 * DAY));
    }

    #[test]
    fn promises_count_from_when_they_were_made() {
        let (made, instant) = (now() - 3 * DAY, |due| match due {
            Ok(Due::At { instant, .. }) => instant,
            other => unreachable!("a point in time: {other:?}"),
        });
        assert_eq!(instant(promised("in 2 days", LONDON, made, now())), now() - DAY);
        assert_eq!(instant(promised("tomorrow 10:00", LONDON, made, now())), now() + DAY);
    }

    #[test]
    fn times_are_kept_so_that_they_mean_the_same_later() {
        for instant in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-07-08T16:00:00Z"] {
            let instant = instant.parse::<Timestamp>().expect("a time").as_millisecond();
            let written = written_out(instant + 31_000, LONDON);
            for later in [now(), now() + 300 * DAY] {
                assert_eq!(past(&written, "Asia/Tokyo", later), Ok(instant), "{written}");
            }
        }
    }

    #[test]
    fn a_due_time_may_say_what_it_counts_from() {
        let plain = due("in 3 days", LONDON, now());
        for text in ["in 3 days after it is agreed", "3 Days After Agreed", " in 3 days from when it is agreed "] {
            assert_eq!(due(text, LONDON, now()), plain, "{text}");
        }
        assert!(matches!(until("in 3 days after agreed, or so", LONDON, now()), Err(WhenError::Shape(_))));
    }

    #[test]
    fn due_times_are_shown_with_their_distance() {
        let at = due("2026-07-08 17:00", LONDON, now()).expect("good");
        let shown = show_due_now(&at, None, LONDON, now(), true);
        assert_eq!(shown, "Wed 8 Jul 2026 17:00 BST (Europe/London), in 7 days");
        let late = show_due_now(&at, None, LONDON, now() + 9 * DAY, true);
        assert!(late.ends_with("overdue by 41 hours"), "{late}");
        let after = due("in 2 working days", LONDON, now()).expect("good");
        assert_eq!(show_due_now(&after, None, LONDON, now(), true), "2 working days after it is agreed");
        let counted = show_due_now(&after, Some(now()), LONDON, now(), true);
        assert_eq!(counted, "2 working days after it is agreed: Fri 3 Jul 2026 10:00 BST, in 2 days");
        let lying = Due::At { instant: now(), local: "2026-01-01T00:00".to_owned(), zone: LONDON.to_owned() };
        assert!(show_due(&lying).contains("does not fit"), "{}", show_due(&lying));
    }

    #[test]
    fn times_to_come_are_points_in_time() {
        let fixed = until("in 3 days", LONDON, now() + 1234).expect("to come");
        assert_eq!(show_due(&fixed), "Sat 4 Jul 2026 10:00 BST (Europe/London)");
        assert!(matches!(until("2026-07-08 17:00", LONDON, now()), Ok(Due::At { .. })));
        assert!(matches!(until("2026-06-30 17:00", LONDON, now()), Err(WhenError::Passed(_))));
        assert_eq!(window("5 working days"), Ok((5, Unit::WorkingDays)));
        assert!(matches!(window("friday"), Err(WhenError::Length(_))));
    }

    #[test]
    fn a_written_zone_is_noticed() {
        for typed in ["2026-07-08 17:00 UTC", "2026-07-08T17:00Z", "today 5pm Europe/London", "2026-07-08 17:00+01:00"]
        {
            assert!(names_zone(typed), "{typed}");
        }
        for typed in ["2026-07-08 17:00", "today 5pm", "2026-07-08"] {
            assert!(!names_zone(typed), "{typed}");
        }
    }
}
