//! Telling programs that something in a case fell due or that a service clock ran out: once for each time, as a change among
//! the others. When to look at a case next stands in the store beside its place in the list, written by whatever changes the
//! case, so no case is opened and none polled. It is no part of the case, and nothing of it leaves for the other side.

use std::collections::BTreeMap;

use counterpart_core::id::CaseId;
use counterpart_process::today::Agenda;
use counterpart_store::{FellDue, Reads, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{desk::Desk, error::DeskError};

/// Cases that are looked at in one go: what came due while the node was off does not hold it up.
const AT_ONCE: usize = 32;

/// Those of them that are opened for it.
const OPENED_AT_ONCE: usize = 8;

/// Something that was due, and is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    pub case: CaseId,
    /// When it was due, Unix milliseconds.
    pub due: i64,
}

/// What it was, by its place in the case: no word of anybody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueThing {
    pub what: DueWhat,
    /// The action as it is typed, `7`, or `7/2` in a bundle; of a clock the entry that agreed it.
    pub about: String,
    /// Which clock: first-answer, next-update or resolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// It is ours to do; else somebody else's.
    pub ours: bool,
    /// Noted as said by the other side, and not agreed.
    #[serde(default)]
    pub said: bool,
}

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DueWhat {
    /// An action that is to be done.
    Action,
    /// A service clock.
    Clock,
}

impl DueWhat {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Clock => "clock",
        }
    }
}

impl Desk {
    /// Tells what was due before now and was not told of yet, as far as it is done in one go: each time of a case once, whoever
    /// looks, and late where nobody looked. Opens only cases that keep nothing ready, after an update of the program. `now` in
    /// Unix milliseconds.
    ///
    /// # Errors
    /// A damaged, full or busy store.
    pub fn tell_overdue(&self, now: i64) -> Result<Vec<Overdue>, DeskError> {
        let alarms = self.with_store(|store| store.alarms(now, AT_ONCE))?;
        if alarms.is_empty() {
            return Ok(Vec::new());
        }
        let ready = self.with_store(|store| ready_in(store, &alarms))?;
        let (mut told, mut opened) = (Vec::new(), 0);
        for (case, alarm) in alarms {
            let made = match ready.contains_key(&case) {
                true => None,
                // The others are opened at the next look.
                false if opened == OPENED_AT_ONCE => continue,
                false => {
                    opened += 1;
                    Some(self.opened_agenda(&case, now))
                }
            };
            match made.transpose().and_then(|made| self.tell_of(case, alarm, made.as_ref(), now)) {
                Ok(times) => told.extend(times.into_iter().map(|due| Overdue { case, due })),
                // Others write to it without a pause: it is told with a later look.
                Err(DeskError::Store(StoreError::Busy | StoreError::Conflict)) => {}
                Err(why) if told.is_empty() => return Err(why),
                // What was told is reported first.
                Err(_) => break,
            }
        }
        Ok(told)
    }

    /// Tells what was due in one case, and gives when. Each case by itself: whoever signs in it is in the way of this alone.
    fn tell_of(&self, case: CaseId, alarm: i64, made: Option<&Agenda>, now: i64) -> Result<Vec<i64>, DeskError> {
        self.with_store(|store| {
            store.write_again(|txn| {
                let ready = ready_in(txn, &[(case, alarm)])?;
                let dues = ready.get(&case).or(made).map(things).unwrap_or_default();
                Ok::<_, DeskError>(txn.tell_overdue(case, alarm, &all_of(dues, alarm), now)?)
            })
        })
    }

    /// What a case has to be done by its record; nothing of one that cannot be read, which is told of elsewhere.
    fn opened_agenda(&self, case: &CaseId, now: i64) -> Result<Agenda, DeskError> {
        match self.make_agenda(case, now) {
            Err(DeskError::Store(why @ (StoreError::Busy | StoreError::Unreachable { .. }))) => Err(why.into()),
            made => Ok(made.unwrap_or_default()),
        }
    }
}

/// The agendas that these cases keep ready, as far as this version reads them.
fn ready_in(reads: &Reads, alarms: &[(CaseId, i64)]) -> Result<BTreeMap<CaseId, Agenda>, StoreError> {
    let cases: Vec<CaseId> = alarms.iter().map(|(case, _)| *case).collect();
    let ready = reads.ready_agendas(&cases)?.into_iter();
    Ok(ready.filter_map(|(case, body)| Some((case, agenda(&body)?))).collect())
}

pub(crate) fn agenda(body: &str) -> Option<Agenda> {
    serde_json::from_str(body).ok()
}

/// What is due in a case, by its time.
pub(crate) fn things(agenda: &Agenda) -> BTreeMap<i64, Vec<DueThing>> {
    let actions = agenda.dues.iter().map(|due| {
        let (about, ours, said) = (due.about.clone(), due.mine, due.said);
        (due.at, DueThing { what: DueWhat::Action, about, clock: None, ours, said })
    });
    let clocks = agenda.clocks.iter().map(|clock| {
        let (about, ours, which) = (clock.about.clone(), clock.mine, Some(clock.clock.clone()));
        (clock.at, DueThing { what: DueWhat::Clock, about, clock: which, ours, said: false })
    });
    let mut all: BTreeMap<i64, Vec<DueThing>> = BTreeMap::new();
    for (at, thing) in actions.chain(clocks) {
        all.entry(at).or_default().push(thing);
    }
    all
}

/// As the store keeps it. What the list has as due is told of even where nothing is known of what it is.
fn all_of(mut dues: BTreeMap<i64, Vec<DueThing>>, alarm: i64) -> Vec<FellDue> {
    dues.entry(alarm).or_default();
    dues.into_iter().map(|(at, things)| FellDue { at, dues: as_kept(&things) }).collect()
}

fn as_kept(things: &[DueThing]) -> String {
    // Plain data, which can always be written.
    serde_json::to_string(things).unwrap_or_else(|_| "[]".to_owned())
}

/// What was kept of it; nothing of what a later version kept in another way.
pub(crate) fn read(kept: &str) -> Vec<DueThing> {
    serde_json::from_str(kept).unwrap_or_default()
}

/// A time as programs are told it: RFC 3339.
pub(crate) fn written(at: i64) -> String {
    Timestamp::from_millisecond(at).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_at_one_time_is_told_together_and_read_as_it_was_kept() {
        let agenda = agenda(
            r#"{"dues": [{"who": "Maya", "mine": true, "action": "x-0", "about": "7/2", "what": "Call back", "at": 20},
                         {"who": "Bo", "action": "y-0", "about": "9", "said": true, "at": 30}],
                "clocks": [{"clock": "first-answer", "who": "Acme Ltd", "about": "3", "at": 20}]}"#,
        );
        let action = |about: &str, ours, said| DueThing {
            what: DueWhat::Action,
            about: about.to_owned(),
            clock: None,
            ours,
            said,
        };
        let clock = DueThing {
            what: DueWhat::Clock,
            about: "3".to_owned(),
            clock: Some("first-answer".to_owned()),
            ours: false,
            said: false,
        };
        let all = things(&agenda.expect("an agenda"));
        let expected = [(20, vec![action("7/2", true, false), clock]), (30, vec![action("9", false, true)])];
        assert_eq!(all, BTreeMap::from(expected));
        let kept = all_of(all.clone(), 25);
        assert_eq!(
            kept.iter().map(|due| due.at).collect::<Vec<_>>(),
            [20, 25, 30],
            "what the list has is told as well"
        );
        assert_eq!((read(&kept[0].dues), read(&kept[1].dues)), (all[&20].clone(), Vec::new()));
        assert!(!kept[0].dues.contains("Maya") && !kept[0].dues.contains("Call"), "no word of anybody's");
        assert_eq!(read("{\"another\": \"form\"}"), Vec::new());
    }

    #[test]
    fn a_time_that_is_none_is_written_all_the_same() {
        assert_eq!(written(1_600_000_000_000), "2020-09-13T12:26:40Z");
        assert_eq!(written(i64::MAX), "1970-01-01T00:00:00Z");
    }
}
