//! What is to be done today: each case keeps it ready beside its summary, and what is not ready is made again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use counterpart_core::{
    graph::Graph,
    id::{CaseId, EntryId, PartyId, short_form},
    record::Record,
    value::Seat,
    view::{Brief, BriefSeat, Promised, Waiting},
};
use counterpart_process::{
    steps::{DatedStep, Standing},
    today::{Agenda, CaseDay, ClockLine, DueLine, LetterDay, LetterLine, MOST, StepLine, Wait},
};
use counterpart_store::{AgendaRow, StoreError, Txn};

use crate::{
    desk::Desk,
    due::{RunningClock, due_instant, running_clocks},
    error::DeskError,
    letters::{Letter, LetterKind, LetterState},
    queue::Queue,
};

/// A letter that failed is named so long, in milliseconds: thirty days.
const FAILED_WITHIN: i64 = 30 * 86_400_000;

/// How many cases' reminders are looked at in one go.
const LOOKED_AT: usize = 25;

/// The state of the row that says when to look at a case's reminders.
const PLAN: &str = "plan";

impl Desk {
    /// What every case has to be done, by case. Opens only cases whose agenda is not ready, after an update of the
    /// program or where something came since, and those whose reminders are to be looked at. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn today(&self, now: i64) -> Result<Vec<(CaseId, CaseDay)>, DeskError> {
        self.look_at_reminders(now)?;
        let mut letters = self.open_letters()?;
        let fresh = |letter: &Letter| now - letter.due <= FAILED_WITHIN;
        letters.extend(self.failed_letters()?.into_iter().filter(fresh));
        let mut by_case: BTreeMap<CaseId, Vec<LetterLine>> = BTreeMap::new();
        for letter in &letters {
            by_case.entry(letter.case).or_default().push(letter_line(letter));
        }
        let rows = self.with_store(|store| store.agendas())?;
        let mut days = Vec::new();
        for row in rows {
            let letters = by_case.remove(&row.case).unwrap_or_default();
            let day = self.day(row, letters, now)?;
            days.extend(day);
        }
        Ok(days)
    }

    /// Composes what is due, of so many cases at a time as nobody minds waiting for; the others follow the next time, or
    /// while the node runs.
    fn look_at_reminders(&self, now: i64) -> Result<(), DeskError> {
        self.plan_new_cases()?;
        let due = self.with_store(|store| store.letters_to_try(now))?;
        for row in due.iter().filter(|row| row.state == PLAN).take(LOOKED_AT) {
            // What keeps a letter from being composed is told by `reminders` itself.
            drop(self.reminders(&row.case, now));
        }
        Ok(())
    }

    /// How many service clocks of open cases ran out and are waited for still, by what the cases keep ready. `now` in Unix
    /// milliseconds.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn clocks_late(&self, now: i64) -> Result<u64, DeskError> {
        // Where nothing is overdue no clock is, and nothing more is read.
        let overdue = Queue { overdue: true, ..Queue::default() };
        if self.queue_at(&overdue, None, 1, now)?.rows.is_empty() {
            return Ok(0);
        }
        let rows = self.with_store(|store| store.agendas())?;
        let open = rows.into_iter().filter(|row| row.state != "closed");
        // Most cases have none: their agendas need not be read as data.
        let bodies = open.filter_map(|row| row.agenda.map(|(_, body)| body).filter(|body| body.contains("\"clocks\"")));
        let agendas = bodies.filter_map(|body| serde_json::from_str::<Agenda>(&body).ok());
        Ok(agendas.map(|agenda| agenda.clocks.iter().filter(|clock| clock.at < now).count() as u64).sum())
    }

    fn day(&self, row: AgendaRow, letters: Vec<LetterLine>, now: i64) -> Result<Option<(CaseId, CaseDay)>, DeskError> {
        let ready = row.agenda.filter(|(entries, _)| *entries == row.entries);
        let agenda = ready.and_then(|(_, body)| serde_json::from_str::<Agenda>(&body).ok());
        let open = row.state != "closed";
        let agenda = match agenda {
            Some(agenda) => agenda,
            None => self.make_agenda(&row.case, now)?,
        };
        let reminder = row.reminder.filter(|at| *at > now);
        let steps = match row.rests_on.filter(|_| open) {
            None => Vec::new(),
            Some(rests_on) => {
                let ready = row.steps.filter(|(rested_on, _)| *rested_on == rests_on);
                let kept = ready.and_then(|(_, steps)| serde_json::from_str::<Vec<StepLine>>(&steps).ok());
                match kept {
                    Some(steps) => steps,
                    None => self.make_step_dates(&row.case, rests_on, now)?,
                }
            }
        };
        if agenda == Agenda::default() && steps.is_empty() && letters.is_empty() && reminder.is_none() {
            return Ok(None);
        }
        let case = short_form(&row.case.0);
        Ok(Some((row.case, CaseDay { case, title: row.title, agenda, steps, letters, reminder })))
    }

    /// Opens a case to see what is to be done, and keeps it ready for the next time.
    fn make_agenda(&self, case: &CaseId, now: i64) -> Result<Agenda, DeskError> {
        let mut record = self.record(case)?;
        let Some(brief) = record.brief() else { return Ok(Agenda::default()) };
        let due = Dues::of(&brief, &record, now);
        let agenda = agenda(&brief, &due, record.graph(), &self.party());
        let entries = record.graph().len() as u64;
        let kept = self.with_store(|store| {
            store.write(|txn| {
                // Whoever wrote to it meanwhile knows better.
                if txn.entry_count(*case)? == entries {
                    keep_agenda(txn, *case, entries, &agenda)?;
                }
                Ok::<_, StoreError>(())
            })
        });
        // What cannot be kept ready is found again the next time.
        drop(kept);
        Ok(agenda)
    }

    /// The same for the dates of its steps.
    fn make_step_dates(&self, case: &CaseId, rests_on: u64, now: i64) -> Result<Vec<StepLine>, DeskError> {
        let record = self.record(case)?;
        let Some(view) = record.view() else { return Ok(Vec::new()) };
        let dated = self.dated_steps(&record, &view, now)?;
        let lines: Vec<StepLine> = dated.into_iter().filter_map(step_line).collect();
        if let Ok(body) = serde_json::to_string(&lines) {
            let kept = self.with_store(|store| store.write(|txn| txn.put_step_dates(*case, Some((rests_on, &body)))));
            drop(kept);
        }
        Ok(lines)
    }
}

/// What is kept ready of a step; nothing of one that was taken, is not needed or counts from nothing.
fn step_line((dated, standing): (DatedStep, Standing)) -> Option<StepLine> {
    if !matches!(standing, Standing::Ahead | Standing::Open | Standing::Over) {
        return None;
    }
    let opens = dated.opens?;
    Some(StepLine {
        id: dated.step.id,
        what: dated.step.what,
        to: dated.step.to,
        opens: (opens.at, opens.safe),
        until: dated.until.map(|until| (until.at, until.safe)),
    })
}

fn letter_line(letter: &Letter) -> LetterLine {
    let state = match letter.state {
        LetterState::Failed => LetterDay::Failed,
        LetterState::Draft => LetterDay::Draft,
        LetterState::Allowed | LetterState::Sending => LetterDay::Goes,
        _ => LetterDay::Asks,
    };
    LetterLine {
        kind: match letter.kind() {
            LetterKind::Reminder => "reminder",
            LetterKind::Thanks => "thanks",
            LetterKind::Notice => "notice",
        },
        // What one tells oneself is all there is to say.
        what: if letter.kind() == LetterKind::Notice { letter.text() } else { letter.what() }.to_owned(),
        about: letter.about_name().to_owned(),
        state,
        due: letter.due,
        trouble: letter.error().map(str::to_owned),
    }
}

/// All that is due in a case.
pub(crate) struct Dues<'b> {
    promised: Vec<(i64, &'b Arc<Promised>)>,
    clocks: Vec<RunningClock>,
}

impl<'b> Dues<'b> {
    pub(crate) fn of(brief: &'b Brief, record: &Record, now: i64) -> Self {
        Self { promised: due_instants(brief), clocks: running_clocks(record, now) }
    }

    /// The earliest, whether it was promised or a clock runs out then.
    pub(crate) fn next(&self) -> Option<i64> {
        let promised = self.promised.first().map(|(at, _)| *at);
        promised.into_iter().chain(self.clocks.first().map(|clock| clock.until)).min()
    }
}

/// When what was promised is due, the next one first, as far as it is kept ready.
fn due_instants(brief: &Brief) -> Vec<(i64, &Arc<Promised>)> {
    let instant = |due: &'_ Promised| due_instant(&due.due, due.counted_from);
    let mut dues: Vec<_> = brief.due.iter().filter_map(|due| Some((instant(due)?, due))).collect();
    // Of thousands only the first are kept ready: recording one act costs the same in a large case as in a small one.
    if dues.len() > MOST {
        dues.select_nth_unstable_by_key(MOST, |(at, due)| (*at, due.revision, due.subject));
        dues.truncate(MOST);
    }
    dues.sort_by_key(|(at, due)| (*at, due.revision, due.subject));
    dues
}

/// Keeps ready what is to be done, in the transaction that changed the case.
pub(crate) fn put_agenda(
    txn: &Txn<'_>,
    case: CaseId,
    brief: &Brief,
    dues: &Dues<'_>,
    graph: &Graph,
    own: &PartyId,
) -> Result<(), StoreError> {
    keep_agenda(txn, case, brief.entries as u64, &agenda(brief, dues, graph, own))
}

fn keep_agenda(txn: &Txn<'_>, case: CaseId, entries: u64, agenda: &Agenda) -> Result<(), StoreError> {
    // An agenda is plain data; were it not writable, it would be made again when it is asked for.
    serde_json::to_string(agenda).map_or(Ok(()), |body| txn.put_agenda(case, entries, &body))
}

fn agenda(brief: &Brief, dues: &Dues<'_>, graph: &Graph, own: &PartyId) -> Agenda {
    let names = Names { brief, graph, own };
    let due = |(at, due): &(i64, &Arc<Promised>)| {
        let number = names.number(&due.revision)?;
        let mine = due.performers.iter().find(|seat| names.is_own(seat));
        Some(DueLine {
            who: names.called(mine.or(due.performers.first())?),
            mine: mine.is_some(),
            action: format!("{}-{}", due.action.proposal.to_hex().get(..16).unwrap_or_default(), due.action.index),
            about: due.subject.map_or_else(|| number.clone(), |n| format!("{number}/{}", n + 1)),
            what: due.what.as_deref().map(str::to_owned),
            said: due.said,
            at: *at,
            absent: mine.is_none() && due.performers.iter().all(|seat| names.is_free(seat)),
        })
    };
    let (mine, theirs): (Vec<&Waiting>, Vec<&Waiting>) = brief.waiting.iter().partition(|w| w.party == Some(*own));
    let shown: Vec<&Waiting> = mine.into_iter().take(MOST).chain(theirs.into_iter().take(MOST)).collect();
    let wanted: BTreeSet<EntryId> = shown.iter().filter_map(|w| w.about).collect();
    let about: BTreeMap<EntryId, &str> =
        brief.about.iter().filter(|(id, _)| wanted.contains(id)).map(|(id, what)| (*id, what.as_ref())).collect();
    let wait = |wait: &Waiting| Wait {
        who: names.called(&wait.seat),
        mine: wait.party == Some(*own),
        expected: wait.expected.as_str().to_owned(),
        about: wait.about.as_ref().and_then(|id| names.number(id)),
        what: wait.about.and_then(|id| about.get(&id)).map(|what| (*what).to_owned()),
        since: wait.since,
        absent: wait.party.is_none(),
    };
    let waits: Vec<Wait> = shown.into_iter().map(wait).collect();
    let clock = |clock: &RunningClock| {
        let mine = clock.by.iter().find(|seat| names.is_own(seat));
        Some(ClockLine {
            clock: clock.which.as_str().to_owned(),
            who: names.called(mine.or(clock.by.first())?),
            mine: mine.is_some(),
            about: names.number(&clock.agreement)?,
            at: clock.until,
        })
    };
    let clocks: Vec<ClockLine> = dues.clocks.iter().filter_map(clock).collect();
    let dues: Vec<DueLine> = dues.promised.iter().filter_map(due).collect();
    // Due times that count from nothing yet are not among those left out.
    let later = if dues.len() < MOST { 0 } else { brief.due.len() - dues.len() };
    Agenda { beyond: brief.waiting.len() - waits.len() + later, waits, dues, clocks }
}

/// What things are called in a list.
struct Names<'b> {
    brief: &'b Brief,
    graph: &'b Graph,
    own: &'b PartyId,
}

impl Names<'_> {
    fn seat(&self, seat: &Seat) -> Option<&BriefSeat> {
        self.brief.seats.iter().find(|s| s.seat == *seat)
    }

    fn is_own(&self, seat: &Seat) -> bool {
        self.seat(seat).is_some_and(|s| s.parties.contains(self.own))
    }

    fn is_free(&self, seat: &Seat) -> bool {
        self.seat(seat).is_some_and(|s| s.parties.is_empty())
    }

    fn called(&self, seat: &Seat) -> String {
        self.seat(seat).and_then(|s| s.label.clone()).unwrap_or_else(|| seat.to_string())
    }

    /// An entry as it is typed.
    fn number(&self, id: &EntryId) -> Option<String> {
        self.graph.find(id).map(|ix| self.graph.node(ix).number.to_string())
    }
}
