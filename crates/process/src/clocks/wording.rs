//! Clocks in plain words: the same on a terminal, on a page and on paper.

use counterpart_core::id::EntryId;

use super::{Clock, Clocks, Hours, Pause, Standing, Which};

/// How a time is shown, and what an entry is called.
pub struct Shown<'s> {
    /// Unix milliseconds, and a zone.
    pub time: &'s dyn Fn(i64, &str) -> String,
    pub entry: &'s dyn Fn(&EntryId) -> String,
}

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

impl Which {
    /// "First answer".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::FirstAnswer => "First answer",
            Self::NextUpdate => "Next update",
            Self::Resolution => "Resolution",
        }
    }
}

impl Clocks {
    /// A line for each clock: "First answer: 3 h 20 min left of 8 working hours (until Mon 16 Nov 2026 10:20 GMT)".
    #[must_use]
    pub fn lines(&self, shown: &Shown<'_>) -> Vec<String> {
        self.clocks.iter().map(|clock| format!("{}: {}", clock.which.in_words(), clock.in_words(self, shown))).collect()
    }

    /// The same in words that stay true: by when instead of how long, as of the entry that is the newest. For what is kept.
    #[must_use]
    pub fn lasting_lines(&self, shown: &Shown<'_>, newest: &str) -> Vec<String> {
        let one = |clock: &Clock| format!("{}: {}", clock.which.in_words(), clock.worded(self, shown, Some(newest)));
        self.clocks.iter().map(one).collect()
    }

    /// The pause that lasts, if one does: of several the first.
    #[must_use]
    pub fn standing_still(&self) -> Option<&Pause> {
        self.pauses.iter().find(|pause| pause.ended.is_none())
    }

    /// "mon-fri 09:00-17:30, Europe/London, without 16 holidays".
    #[must_use]
    pub fn hours_in_words(&self) -> String {
        hours(&self.agreed.hours)
    }
}

impl Clock {
    /// Where it stands, without its name.
    #[must_use]
    pub fn in_words(&self, clocks: &Clocks, shown: &Shown<'_>) -> String {
        self.worded(clocks, shown, None)
    }

    /// `newest` for words that stay true.
    fn worded(&self, clocks: &Clocks, shown: &Shown<'_>, newest: Option<&str>) -> String {
        let time = |at: i64| (shown.time)(at, &clocks.agreed.hours.zone);
        let whole = working(self.within);
        let due = self.until.map_or_else(|| "more than ten years off".to_owned(), time);
        let text = match (self.standing, newest) {
            (Standing::NotBegun, _) => format!("{whole}, counted from the first answer"),
            (Standing::Ended, _) => "not needed any more".to_owned(),
            (Standing::Running, None) => format!("{} left of {whole} (until {due})", length(self.left)),
            (Standing::Running, Some(_)) => format!("due {due} ({whole})"),
            (Standing::Paused, _) => format!("stands still with {} left of {whole}", length(self.left)),
            (Standing::Late, None) => {
                format!("late, it was due {due}; since then {} of working time", length(self.over))
            }
            (Standing::Late, Some(newest)) => format!("late, it was due {due} and had not come by {newest}"),
            (Standing::Met | Standing::MetLate, _) => {
                let (at, by) =
                    self.met.as_ref().map_or_else(Default::default, |(at, entry)| (time(*at), (shown.entry)(entry)));
                match self.standing {
                    Standing::Met => format!("in time, {by} on {at}; {} was agreed", whole),
                    _ => format!("late by {} of working time: it was due {due}, {by} came {at}", length(self.over)),
                }
            }
        };
        match self.before {
            (0, 0) => text,
            (in_time, late) => format!("{text}; before that {in_time} in time, {late} late"),
        }
    }
}

/// What of the hours is agreed, in words.
#[must_use]
pub fn hours(hours: &Hours) -> String {
    let without = match hours.free.len() {
        0 => String::new(),
        1 => ", without 1 holiday".to_owned(),
        n => format!(", without {n} holidays"),
    };
    format!("{}, {}{without}", hours.lines.join(", "), hours.zone)
}

/// "8 working hours", "1 working hour", "90 working minutes".
#[must_use]
pub fn working(seconds: u64) -> String {
    let (count, unit) = if seconds.is_multiple_of(3600) { (seconds / 3600, "hour") } else { (seconds / 60, "minute") };
    format!("{count} working {unit}{}", if count == 1 { "" } else { "s" })
}

/// "3 h 20 min", of milliseconds; begun minutes are not counted.
#[must_use]
pub fn length(millis: i64) -> String {
    let minutes = millis.max(0) / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
