//! Times and lengths of time as people read them.

use counterpart_core::value::{Due, Unit};
use counterpart_node::due_instant;
use jiff::{Timestamp, Zoned, tz::TimeZone};

/// An instant as people of a zone read it: "Wed 8 Jul 2026 17:00 BST".
pub fn show(instant: i64, zone: &str) -> String {
    zoned(instant, zone)
        .map_or_else(|| "an impossible time".to_owned(), |z| z.strftime("%a %-d %b %Y %H:%M %Z").to_string())
}

/// As [`show`], short: "8 Jul 17:00", with the year where it is not this one.
pub fn show_short(instant: i64, zone: &str, now: i64) -> String {
    let Some(at) = zoned(instant, zone) else { return "an impossible time".to_owned() };
    let same_year = zoned(now, zone).is_some_and(|n| n.year() == at.year());
    at.strftime(if same_year { "%-d %b %H:%M" } else { "%-d %b %Y %H:%M" }).to_string()
}

/// What a zone calls its time at an instant: "BST".
pub fn zone_at(instant: i64, zone: &str) -> String {
    zoned(instant, zone).map_or_else(String::new, |at| at.strftime("%Z").to_string())
}

/// The day alone: "3 May", with the year where it is not this one.
pub fn show_day(instant: i64, zone: &str, now: i64) -> String {
    let Some(at) = zoned(instant, zone) else { return "an impossible day".to_owned() };
    let same_year = zoned(now, zone).is_some_and(|n| n.year() == at.year());
    at.strftime(if same_year { "%-d %b" } else { "%-d %b %Y" }).to_string()
}

pub(super) fn zoned(instant: i64, zone: &str) -> Option<Zoned> {
    let tz = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    Some(Timestamp::from_millisecond(instant).ok()?.to_zoned(tz))
}

/// A due time in words, without how far off it is.
pub fn show_due(due: &Due) -> String {
    match due {
        Due::At { instant, local, zone } => {
            let Some(meant) = zoned(*instant, zone) else { return "at an impossible time".to_owned() };
            let shown = show(*instant, zone);
            // The instant decides; the local time beside it is what its author read.
            if meant.strftime("%Y-%m-%dT%H:%M").to_string() == *local {
                format!("{shown} ({})", crate::render::line(zone))
            } else {
                format!(
                    "{shown} ({}; the local time written beside it, {}, does not fit: the first counts)",
                    crate::render::line(zone),
                    crate::render::line(local)
                )
            }
        }
        Due::After { count, unit, .. } => format!("{} after it is agreed", show_length(*count, *unit)),
    }
}

/// A length of time as terms state it: "5 working days".
pub fn show_length(count: u32, unit: Unit) -> String {
    let unit = match unit {
        Unit::Minutes => "minute",
        Unit::Hours => "hour",
        Unit::Days => "day",
        Unit::WorkingDays => "working day",
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A due time with the instant a relative one comes to, and how far off it is. `live` while something is to be done.
pub fn show_due_now(due: &Due, counted_from: Option<i64>, zone: &str, now: i64, live: bool) -> String {
    let mut text = show_due(due);
    let Some(instant) = due_instant(due, counted_from) else { return text };
    if matches!(due, Due::After { .. }) {
        text.push_str(": ");
        text.push_str(&show(instant, zone));
    }
    if live {
        text.push_str(&format!(", {}", distance(instant, now)));
    }
    text
}

/// "in 3 days" or "overdue by 2 hours".
pub fn distance(instant: i64, now: i64) -> String {
    let span = lasting(instant.abs_diff(now) / 1000);
    if instant >= now { format!("in {span}") } else { format!("overdue by {span}") }
}

/// A length of time in its largest fitting unit.
pub fn lasting(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}
