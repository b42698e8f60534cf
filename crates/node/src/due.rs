//! When something is due, as an instant: calendars and zones are jiff's.

use counterpart_core::{
    fold::SubjectKey,
    id::EntryId,
    record::Record,
    value::{Due, Seat, Unit},
};
use counterpart_process::clocks::{KEY, Standing, Which, clocks};
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

/// A service clock that runs, or ran out and is waited for still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunningClock {
    pub(crate) which: Which,
    /// Whose clock it is.
    pub(crate) by: Vec<Seat>,
    /// The entry that agreed it.
    pub(crate) agreement: EntryId,
    /// When it runs out, or ran out: Unix milliseconds.
    pub(crate) until: i64,
}

/// The service clocks of a case that run out by themselves, the next one first; none that stands still. When each runs out
/// changes by entries alone, so what is kept of it holds until the next one.
pub(crate) fn running_clocks(record: &Record, now: i64) -> Vec<RunningClock> {
    // Clocks are reckoned from the whole record: a case without any is spared that.
    if record.fold().revisions_of(&SubjectKey::Item(KEY.to_owned())).is_empty() {
        return Vec::new();
    }
    let Some(Ok(found)) = record.view().and_then(|view| clocks(record, &view, now)) else { return Vec::new() };
    let runs = |standing| matches!(standing, Standing::Running | Standing::Late);
    let running = found.clocks.iter().filter(|clock| runs(clock.standing)).filter_map(|clock| {
        let (by, agreement) = (found.by.clone(), found.agreement);
        Some(RunningClock { which: clock.which, by, agreement, until: clock.until? })
    });
    let mut running: Vec<RunningClock> = running.collect();
    running.sort_by_key(|clock| clock.until);
    running
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
