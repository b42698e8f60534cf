//! Calendars of what is due: put together from what every case keeps ready.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use counterpart_core::id::CaseId;
use counterpart_node::{Desk, now};
use counterpart_process::{
    calendar::{Dated, Written, calendar},
    today::CaseDay,
};
use serde::{Deserialize, Serialize};

use crate::{
    error::{CommandError, Done},
    written::write_whole,
};

/// In the home: which file is kept up, and what was written of each event.
const FILE: &str = "calendar.json";

/// How long what is past stays in a calendar: ninety days, in milliseconds.
const PAST: i64 = 90 * 24 * 60 * 60 * 1000;

/// What is remembered between two calendars.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The file that is kept up.
    pub file: Option<PathBuf>,
    /// Of this case alone, as hex digits.
    pub case: Option<String>,
    written: Vec<Written>,
}

impl Kept {
    pub fn read(desk: &Desk) -> Done<Self> {
        let path = desk.home().join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(CommandError::failed(format!("{}: {e}", path.display()))),
        };
        serde_json::from_str(&text).map_err(|e| {
            let error = CommandError::failed(format!("{} cannot be understood: {e}", path.display()));
            error.hint("take it away: what it remembers is found again, and --keep says anew which file to keep up")
        })
    }

    fn write(&self, desk: &Desk) -> Done {
        let text = serde_json::to_string(self).map_err(|e| CommandError::failed(e.to_string()))?;
        write_whole(&desk.home().join(FILE), text.as_bytes())
    }

    pub fn keep(desk: &Desk, file: Option<PathBuf>, case: Option<&CaseId>) -> Done {
        Self { file, case: case.map(CaseId::to_hex), ..Self::read(desk)? }.write(desk)
    }
}

/// A calendar of all cases, or of one: its text, and how many events it has. What was written is remembered, so that a
/// change counts up.
pub fn make(desk: &Desk, only: Option<&CaseId>) -> Done<(String, usize)> {
    let now = now();
    let dates = dates(desk, only, now)?;
    let mut kept = Kept::read(desk)?;
    let (text, written) = calendar("Counterpart", &dates, &kept.written, now);
    let count = written.len();
    let mut all: BTreeMap<String, Written> = kept.written.drain(..).map(|w| (w.uid.clone(), w)).collect();
    let before = all.clone();
    // Of what is long past nothing more will be written.
    all.retain(|_, w| w.at + 4 * PAST > now);
    all.extend(written.into_iter().map(|w| (w.uid.clone(), w)));
    if all != before {
        kept.written = all.into_values().collect();
        kept.write(desk)?;
    }
    Ok((text, count))
}

/// The dates that stand in a calendar.
pub fn dates(desk: &Desk, only: Option<&CaseId>, now: i64) -> Done<Vec<Dated>> {
    let mut dates: Vec<Dated> = Vec::new();
    for (id, day) in desk.today(now)? {
        if only.is_none_or(|only| *only == id) {
            dates.extend(of_case(&id, &day));
        }
    }
    dates.retain(|date| date.at + PAST > now);
    dates.sort_by(|a, b| (a.at, &a.uid).cmp(&(b.at, &b.uid)));
    dates.dedup_by(|a, b| a.uid == b.uid);
    Ok(dates)
}

fn of_case(id: &CaseId, day: &CaseDay) -> Vec<Dated> {
    let hex = id.to_hex();
    let short: String = hex.chars().take(16).collect();
    let about = format!("{} (case {}). See: counterpart show {}", day.title, day.case, day.case);
    let date = |uid: String, at: i64, title: String| Dated { uid, at, title, about: about.clone() };
    let mut dates = Vec::new();
    for due in &day.agenda.dues {
        let who = if due.mine { "You" } else { due.who.as_str() };
        let what = due.what.as_deref().unwrap_or("something that is sealed");
        let title = format!("Due: {who}: {what}");
        dates.push(date(format!("due-{short}-{}@counterpart", due.action), due.at, title));
    }
    let reminder = |at| date(format!("reminder-{short}@counterpart"), at, format!("Reminder goes out: {}", day.title));
    dates.extend(day.reminder.map(reminder));
    for step in &day.steps {
        let to = step.to.as_ref().map(|to| format!(", to {to}")).unwrap_or_default();
        let uid = |what: &str| format!("step-{what}-{short}-{}@counterpart", step.id);
        dates.push(date(uid("from"), step.opens.1, format!("From now on: {}{to}", step.what)));
        // The cautious end: nobody misses one by trusting a clock.
        let until = step.until.map(|(_, safe)| date(uid("until"), safe, format!("Deadline: {}{to}", step.what)));
        dates.extend(until);
    }
    dates
}
