//! Due times, deadlines and reminders as a calendar that any program reads (RFC 5545).
//!
//! Times stand in it as instants (UTC), so that no zone has to be described in it and every program shows them in its own.
//! An event keeps its name (UID) for as long as what it stands for is the same; SEQUENCE goes up when its time or
//! text changes.

use std::collections::HashMap;

use counterpart_core::text;
use icalendar::{Alarm, Calendar, Component as _, Event, EventLike as _, Property, Trigger};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most characters of a text in an event.
const LONGEST: usize = 300;

/// How long before it an event rings, in minutes: a day, and an hour.
const RINGS: [i64; 2] = [24 * 60, 60];

/// One date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// What it stands for; the same as long as it does.
    pub uid: String,
    /// Unix milliseconds.
    pub at: i64,
    /// Text of parties may be in it.
    pub title: String,
    pub about: String,
}

/// What was written last of an event, so that a change counts up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub uid: String,
    pub sequence: u32,
    /// When it was last changed, Unix milliseconds.
    pub stamp: i64,
    pub at: i64,
    pub title: String,
    pub about: String,
}

/// The calendar as a file, and what of it is to be remembered for the next time. `before` is what was remembered the last
/// time; `now` in Unix milliseconds.
#[must_use]
pub fn calendar(name: &str, dates: &[Dated], before: &[Written], now: i64) -> (String, Vec<Written>) {
    let before: HashMap<&str, &Written> = before.iter().map(|b| (b.uid.as_str(), b)).collect();
    let mut written = Vec::new();
    let mut calendar = Calendar::empty();
    calendar.append_property(Property::new("VERSION", "2.0"));
    calendar.append_property(Property::new("PRODID", "-//Counterpart//Deadlines//EN"));
    calendar.append_property(Property::new("CALSCALE", "GREGORIAN"));
    calendar.append_property(Property::new("METHOD", "PUBLISH"));
    calendar.name(&plain(name));
    for date in dates {
        let Some(at) = utc(date.at) else { continue };
        let now_written = Written {
            uid: plain(&date.uid),
            sequence: 0,
            stamp: now,
            at: date.at,
            title: plain(&date.title),
            about: plain(&date.about),
        };
        let now_written = match before.get(now_written.uid.as_str()) {
            Some(b) if (b.at, &b.title, &b.about) == (date.at, &now_written.title, &now_written.about) => (*b).clone(),
            Some(b) => Written { sequence: b.sequence.saturating_add(1), ..now_written },
            None => now_written,
        };
        let Some(stamp) = utc(now_written.stamp) else { continue };
        let mut event = Event::new();
        event.uid(&now_written.uid);
        event.sequence(now_written.sequence);
        event.add_property("DTSTAMP", &stamp);
        event.add_property("DTSTART", &at);
        event.summary(&now_written.title);
        event.description(&now_written.about);
        // It says when something is due, not that nobody has time.
        event.add_property("TRANSP", "TRANSPARENT");
        for minutes in RINGS {
            let length = format!("PT{minutes}M");
            let Ok(trigger) = Trigger::try_from(&Property::new("TRIGGER", &length)) else { continue };
            let mut alarm = Alarm::display(&now_written.title, trigger);
            alarm.add_property("TRIGGER", format!("-{length}"));
            // Named and dated by us: the library would take the clock and a random name.
            alarm.uid(&format!("{}-{minutes}", now_written.uid));
            alarm.add_property("DTSTAMP", &stamp);
            event.alarm(alarm.done());
        }
        calendar.push(event.done());
        written.push(now_written);
    }
    (calendar.to_string(), written)
}

/// `20260706T090000Z`.
fn utc(at: i64) -> Option<String> {
    let at = Timestamp::from_millisecond(at).ok()?;
    // Years that the format can write.
    let written = at.strftime("%Y%m%dT%H%M%SZ").to_string();
    (written.len() == 16).then_some(written)
}

/// A text on one line, without anything that a program could take for the end of it, and not too long.
fn plain(text: &str) -> String {
    let line = text::visible_line(text);
    let clean: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.chars().count() <= LONGEST {
        return clean;
    }
    clean.chars().take(LONGEST - 1).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(uid: &str, at: &str, title: &str) -> Dated {
        let at = at.parse::<Timestamp>().expect("a good time").as_millisecond();
        Dated { uid: uid.to_owned(), at, title: title.to_owned(), about: "Case K7F2".to_owned() }
    }

    /// The content lines, unfolded.
    fn lines(file: &str) -> Vec<String> {
        assert!(file.ends_with("END:VCALENDAR\r\n"));
        let unfolded = file.replace("\r\n ", "");
        let lines: Vec<String> = unfolded.split("\r\n").map(str::to_owned).collect();
        assert!(lines.iter().all(|l| !l.contains(['\r', '\n'])), "{lines:?}");
        lines
    }

    #[test]
    fn an_event_has_its_instant_its_name_and_its_alarms() {
        let dates = [date("a@b", "2026-07-06T17:00:00+01:00", "Refund")];
        let (file, written) = calendar("Counterpart", &dates, &[], 0);
        let lines = lines(&file);
        for line in ["UID:a@b", "DTSTART:20260706T160000Z", "SEQUENCE:0", "SUMMARY:Refund", "TRIGGER:-PT1440M"] {
            assert_eq!(lines.iter().filter(|l| *l == line).count(), 1, "{line}: {lines:?}");
        }
        assert_eq!(lines.iter().filter(|l| *l == "BEGIN:VALARM").count(), RINGS.len());
        assert_eq!(written.len(), 1);
        // Written again later it is the same, byte for byte.
        assert_eq!(calendar("Counterpart", &dates, &written, 90_000), (file, written));
    }

    #[test]
    fn what_changes_counts_up() {
        let first = [date("a", "2026-07-06T17:00:00Z", "Refund"), date("b", "2026-07-07T17:00:00Z", "Call")];
        let (_, written) = calendar("C", &first, &[], 0);
        let later = [date("a", "2026-07-09T17:00:00Z", "Refund"), first[1].clone()];
        let (_, written) = calendar("C", &later, &written, 0);
        assert_eq!(written.iter().map(|w| w.sequence).collect::<Vec<_>>(), [1, 0]);
        let (_, written) = calendar("C", &[date("a", "2026-07-09T17:00:00Z", "Refunds")], &written, 0);
        assert_eq!(written.iter().map(|w| w.sequence).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn no_text_ends_a_line_or_begins_another() {
        let long = "x".repeat(5_000);
        for hostile in [
            "a\r\nBEGIN:VEVENT\r\nSUMMARY:b",
            "a\nATTENDEE:mailto:x@y",
            "a\rEND:VCALENDAR",
            "a\u{2028}b\u{85}c\u{0}d\u{202e}e",
            "a;b,c\\n:d\"",
            "\u{1f600}".repeat(100).as_str(),
            &long,
        ] {
            let (file, _) = calendar(hostile, &[date(hostile, "2026-07-06T17:00:00Z", hostile)], &[], 0);
            let lines = lines(&file);
            for (line, count) in [("BEGIN:VEVENT", 1), ("END:VCALENDAR", 1), ("BEGIN:VALARM", 2)] {
                assert_eq!(lines.iter().filter(|l| *l == line).count(), count, "{hostile:?}: {line}");
            }
            assert!(!lines.iter().any(|l| l.starts_with("ATTENDEE")), "{lines:?}");
            assert!(!file.chars().any(|c| c.is_control() && !matches!(c, '\r' | '\n')), "{hostile:?}");
            assert!(file.split("\r\n").all(|l| l.len() <= 76), "folded");
        }
    }
}
