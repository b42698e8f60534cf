//! When something is due, as an instant: calendars and zones are jiff's.

use counterpart_core::value::{Due, Unit};
use jiff::{Span, Timestamp, civil::Weekday, tz::TimeZone};

/// The instant of a due time in Unix milliseconds; a relative one needs what it counts from. Working days are
/// Monday to Friday in the due time's own zone; public holidays are not known here.
#[must_use]
pub fn due_instant(due: &Due, counted_from: Option<i64>) -> Option<i64> {
    let (count, unit, zone) = match due {
        Due::At { instant, .. } => return Some(*instant),
        Due::After { count, unit, zone } => (i64::from(*count), *unit, zone),
    };
    let from = Timestamp::from_millisecond(counted_from?).ok()?;
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let from = from.to_zoned(zone);
    let due = match unit {
        Unit::Minutes => from.checked_add(Span::new().try_minutes(count).ok()?).ok()?,
        Unit::Hours => from.checked_add(Span::new().try_hours(count).ok()?).ok()?,
        Unit::Days => from.checked_add(Span::new().try_days(count).ok()?).ok()?,
        Unit::WorkingDays => {
            let mut day = from;
            for _ in 0..count {
                day = day.tomorrow().ok()?;
                while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
                    day = day.tomorrow().ok()?;
                }
            }
            day
        }
    };
    Some(due.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a good time").as_millisecond()
    }

    #[test]
    fn relative_times_count_in_their_own_zone() {
        let after = |count, unit| Due::After { count, unit, zone: "Europe/London".to_owned() };
        // Thursday 26 March 2026; the clocks go forward on the 29th.
        let from = Some(at("2026-03-26T09:00:00Z"));
        assert_eq!(due_instant(&after(90, Unit::Minutes), from), Some(at("2026-03-26T10:30:00Z")));
        assert_eq!(due_instant(&after(5, Unit::Days), from), Some(at("2026-03-31T08:00:00Z")));
        assert_eq!(due_instant(&after(2, Unit::WorkingDays), from), Some(at("2026-03-30T08:00:00Z")));
        assert_eq!(due_instant(&after(2, Unit::Hours), None), None);
    }
}
