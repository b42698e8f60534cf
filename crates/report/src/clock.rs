//! Times as a reader wants them: by the clocks of the case's zone, and in UTC.

use counterpart_core::{
    text,
    value::{Due, Unit},
};
use jiff::{Timestamp, Zoned, tz::TimeZone};

/// An instant, ready to show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Unix milliseconds.
    pub at: i64,
    /// In the case's zone: "Thu 4 Jun 2026 09:01 BST".
    pub local: String,
    /// The day alone: "4 Jun 2026".
    pub day: String,
    /// Without the year: "4 Jun".
    pub short_day: String,
    /// Nothing beyond the calendar.
    pub year: Option<i16>,
    /// The time of day alone: "09:01".
    pub clock: String,
    /// In UTC, where that reads otherwise: "08:01:07 UTC", with the day where that is another one.
    pub utc: Option<String>,
    /// For programs, in UTC: "2026-06-04T08:01:07Z"; empty beyond the calendar.
    pub iso: String,
}

/// The clocks of the zone a case was opened in.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// UTC where the name is not known here.
    pub(crate) fn of(zone: &str) -> Self {
        Self { zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC) }
    }

    pub(crate) fn time(&self, at: i64) -> Time {
        let Ok(instant) = Timestamp::from_millisecond(at) else {
            let local = format!("{at} ms after 1970-01-01");
            let (clock, iso) = (String::new(), String::new());
            let (day, short_day) = (local.clone(), String::new());
            return Time { at, local, day, short_day, year: None, clock, utc: None, iso };
        };
        let here = instant.to_zoned(self.zone.clone());
        let there = instant.to_zoned(TimeZone::UTC);
        let same_day = here.date() == there.date();
        let format = if same_day { "%H:%M:%S UTC" } else { "%-d %b %H:%M:%S UTC" };
        // Where the clocks show UTC once is enough.
        let is_utc = here.strftime("%Z").to_string() == "UTC";
        let shown = if is_utc { "%a %-d %b %Y %H:%M:%S UTC" } else { "%a %-d %b %Y %H:%M %Z" };
        Time {
            at,
            local: here.strftime(shown).to_string(),
            day: here.strftime("%-d %b %Y").to_string(),
            short_day: here.strftime("%-d %b").to_string(),
            year: Some(here.year()),
            clock: here.strftime("%H:%M").to_string(),
            utc: Some(there.strftime(format).to_string()).filter(|_| !is_utc),
            iso: there.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        }
    }
}

/// A due time in words, without the instant that a relative one comes to.
pub(crate) fn due_in_words(due: &Due) -> String {
    let (instant, local, zone) = match due {
        Due::After { count, unit, .. } => return format!("{} after it is agreed", length(*count, *unit)),
        Due::At { instant, local, zone } => (*instant, local, zone),
    };
    let shown = Clock::of(zone).time(instant);
    let Some(meant) = zoned(instant, zone) else {
        return format!("{} (its time zone, {}, is not known here)", shown.local, text::visible_line(zone));
    };
    let zone = text::visible_line(zone);
    if meant.strftime("%Y-%m-%dT%H:%M").to_string() == *local {
        return format!("{} ({zone})", shown.local);
    }
    // The instant decides; the local time beside it is what its author read.
    let local = text::visible_line(local);
    format!("{} ({zone}; the local time signed beside it, {local}, does not fit: the first counts)", shown.local)
}

fn zoned(instant: i64, zone: &str) -> Option<Zoned> {
    Some(Timestamp::from_millisecond(instant).ok()?.to_zoned(TimeZone::get(zone).ok()?))
}

/// A length of time as terms state it: "5 working days".
pub(crate) fn length(count: u32, unit: Unit) -> String {
    let unit = match unit {
        Unit::Minutes => "minute",
        Unit::Hours => "hour",
        Unit::Days => "day",
        Unit::WorkingDays => "working day",
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// How long something lasted: "1 h 5 min", "24 min", "40 s".
pub(crate) fn lasted(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn both_clocks_are_shown() {
        let london = Clock::of("Europe/London").time(ms("2026-06-03T23:30:07Z"));
        assert_eq!(london.local, "Thu 4 Jun 2026 00:30 BST");
        assert_eq!(london.utc.as_deref(), Some("3 Jun 23:30:07 UTC"));
        assert_eq!(london.iso, "2026-06-03T23:30:07Z");
        let winter = Clock::of("Europe/London").time(ms("2026-02-06T10:00:00Z"));
        assert_eq!((winter.local.as_str(), winter.utc.as_deref()), ("Fri 6 Feb 2026 10:00 GMT", Some("10:00:00 UTC")));
        assert_eq!(Clock::of("Mars/Olympus").time(0).local, "Thu 1 Jan 1970 00:00:00 UTC");
        assert_eq!(Clock::of("UTC").time(i64::MAX).local, "9223372036854775807 ms after 1970-01-01");
    }

    #[test]
    fn a_local_time_that_does_not_fit_is_told() {
        let zone = "Europe/London".to_owned();
        let fits =
            Due::At { instant: ms("2026-06-10T11:00:00Z"), local: "2026-06-10T12:00".to_owned(), zone: zone.clone() };
        assert_eq!(due_in_words(&fits), "Wed 10 Jun 2026 12:00 BST (Europe/London)");
        let lies =
            Due::At { instant: ms("2026-06-10T11:00:00Z"), local: "2026-06-11T12:00".to_owned(), zone: zone.clone() };
        assert!(due_in_words(&lies).contains("does not fit"));
        assert_eq!(
            due_in_words(&Due::After { count: 2, unit: Unit::WorkingDays, zone }),
            "2 working days after it is agreed"
        );
        assert_eq!([lasted(40), lasted(1440), lasted(3900), lasted(7200)], ["40 s", "24 min", "1 h 5 min", "2 h"]);
    }
}
