//! Calendars of what is due: put together from what every case keeps ready.

use std::collections::BTreeMap;

use counterpart_core::id::CaseId;
use counterpart_node::{Desk, now};
use counterpart_process::{
    calendar::{Dated, Written, calendar},
    today::CaseDay,
};

use crate::error::Done;

/// How long what is past stays in a calendar: ninety days, in milliseconds.
const PAST: i64 = 90 * 24 * 60 * 60 * 1000;

/// A calendar of all cases, or of one: its text, and how many events it has. What was written is remembered, so that a
/// change counts up.
pub fn make(desk: &Desk, only: Option<&CaseId>) -> Done<(String, usize)> {
    let now = now();
    let dates = dates(desk, only, now)?;
    let mut kept = desk.kept_calendar()?;
    let (text, written) = calendar("Counterpart", &dates, &kept.written, now);
    let count = written.len();
    let mut all: BTreeMap<String, Written> = kept.written.drain(..).map(|w| (w.uid.clone(), w)).collect();
    let before = all.clone();
    // Of what is long past nothing more will be written.
    all.retain(|_, w| w.at + 4 * PAST > now);
    all.extend(written.into_iter().map(|w| (w.uid.clone(), w)));
    if all != before {
        kept.written = all.into_values().collect();
        desk.keep_calendar(&kept)?;
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
    // The same wherever it is made: for another text the event would count as changed.
    let about = format!("{} (case {} in Counterpart)", day.title, day.case);
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
