//! What is to be done today: each case keeps it ready beside its summary, and what is not ready is made again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use counterpart_core::{
    act::Topic,
    fold::{ActionState, SubjectKey},
    graph::Ix,
    id::{CaseId, EntryId, PartyId, short_form},
    record::Record,
    value::{ActionId, Seat},
    view::{Brief, BriefSeat, Expected, Promised, Waiting, name_of},
};
use counterpart_process::{
    steps::{DatedStep, Standing},
    today::{Agenda, CaseDay, ClockLine, DueLine, LetterDay, LetterLine, MOST, StepLine, Wait},
};
use counterpart_store::{AgendaRow, StoreError, Txn};
use serde::Deserialize;

use crate::{
    desk::Desk,
    due::{RunningClock, due_instant, running_clocks},
    error::DeskError,
    letters::{Letter, LetterKind, LetterState},
    queue::Queue,
};

/// A letter that failed is named so long, in milliseconds: thirty days.
const FAILED_WITHIN: i64 = 30 * 86_400_000;

/// Of how many cases it is asked at a time in which zone they tell their times.
const AT_ONCE: usize = 500;

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

    /// In which zone these cases tell their times, as far as they keep that ready. No case is opened.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn zones(&self, cases: &[CaseId]) -> Result<BTreeMap<CaseId, String>, DeskError> {
        let mut zones = BTreeMap::new();
        for some in cases.chunks(AT_ONCE) {
            for (case, body) in self.with_store(|store| store.ready_agendas(some))? {
                let zone = serde_json::from_str::<Zoned>(&body).ok().and_then(|told| told.zone);
                zones.extend(zone.map(|zone| (case, zone)));
            }
        }
        Ok(zones)
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
        let overdue = Queue { overdue: Some(true), ..Queue::default() };
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
        if agenda.is_empty() && steps.is_empty() && letters.is_empty() && reminder.is_none() {
            return Ok(None);
        }
        let case = short_form(&row.case.0);
        Ok(Some((row.case, CaseDay { case, title: row.title, agenda, steps, letters, reminder })))
    }

    /// Opens a case to see what is to be done, and keeps it ready for the next time.
    pub(crate) fn make_agenda(&self, case: &CaseId, now: i64) -> Result<Agenda, DeskError> {
        let mut record = self.record(case)?;
        let Some(brief) = record.brief() else { return Ok(Agenda::default()) };
        let due = Dues::of(&brief, &record, now);
        let agenda = agenda(&brief, &due, &record, &self.party());
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

/// Of an agenda what lists need.
#[derive(Deserialize)]
struct Zoned {
    zone: Option<String>,
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

    /// All times that are kept ready, in order, each once.
    pub(crate) fn times(&self) -> Vec<i64> {
        let promised = self.promised.iter().map(|(at, _)| *at);
        let times: BTreeSet<i64> = promised.chain(self.clocks.iter().map(|clock| clock.until)).collect();
        times.into_iter().collect()
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
    record: &Record,
    own: &PartyId,
) -> Result<(), StoreError> {
    keep_agenda(txn, case, brief.entries as u64, &agenda(brief, dues, record, own))
}

fn keep_agenda(txn: &Txn<'_>, case: CaseId, entries: u64, agenda: &Agenda) -> Result<(), StoreError> {
    // An agenda is plain data; were it not writable, it would be made again when it is asked for.
    serde_json::to_string(agenda).map_or(Ok(()), |body| txn.put_agenda(case, entries, &body))
}

/// An entry as it is typed, the same as in everything else that is said of its case: `7`, or `7-K3` where two entries share
/// a number.
pub(crate) fn typed_name(record: &Record, id: &EntryId) -> Option<String> {
    name_of(record.graph(), id).map(|name| name.trim_start_matches('#').to_owned())
}

/// What a move that is waited for is about, as it is typed: one action that is to be done by its own name, whatever entry its
/// terms were agreed in last, else the entry to act on.
pub(crate) fn about(brief: &Brief, record: &Record, own: &PartyId, waiting: &Waiting) -> Option<String> {
    let names = Names { brief, record, own };
    match names.waits(waiting).as_slice() {
        [one] => one.about.clone(),
        _ => typed_name(record, waiting.about.as_ref()?),
    }
}

fn agenda(brief: &Brief, dues: &Dues<'_>, record: &Record, own: &PartyId) -> Agenda {
    let names = Names { brief, record, own };
    let due = |(at, due): &(i64, &Arc<Promised>)| {
        let mine = due.performers.iter().find(|seat| names.is_own(seat));
        Some(DueLine {
            who: names.called(mine.or(due.performers.first())?),
            mine: mine.is_some(),
            action: format!("{}-{}", due.action.proposal.to_hex().get(..16).unwrap_or_default(), due.action.index),
            about: names.action(&due.action)?,
            what: due.what.as_deref().map(str::to_owned),
            said: due.said,
            at: *at,
            absent: mine.is_none() && due.performers.iter().all(|seat| names.is_free(seat)),
        })
    };
    let (mine, theirs): (Vec<&Waiting>, Vec<&Waiting>) = brief.waiting.iter().partition(|w| w.party == Some(*own));
    let shown: Vec<&Waiting> = mine.into_iter().take(MOST).chain(theirs.into_iter().take(MOST)).collect();
    let waits: Vec<Wait> = shown.iter().flat_map(|wait| names.waits(wait)).collect();
    let clock = |clock: &RunningClock| {
        let mine = clock.by.iter().find(|seat| names.is_own(seat));
        Some(ClockLine {
            clock: clock.which.as_str().to_owned(),
            who: names.called(mine.or(clock.by.first())?),
            mine: mine.is_some(),
            about: typed_name(record, &clock.agreement)?,
            at: clock.until,
        })
    };
    let clocks: Vec<ClockLine> = dues.clocks.iter().filter_map(clock).collect();
    let dues: Vec<DueLine> = dues.promised.iter().filter_map(due).collect();
    // Due times that count from nothing yet are not among those left out.
    let later = if dues.len() < MOST { 0 } else { brief.due.len() - dues.len() };
    let zone = record.lens().open().map(|(_, open)| open.zone.clone());
    Agenda { beyond: brief.waiting.len() - shown.len() + later, zone, waits, dues, clocks }
}

/// What things are called in a list.
struct Names<'b> {
    brief: &'b Brief,
    record: &'b Record,
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

    /// An action as it is typed, whatever its terms have become: `7`, or `7/2` where it began in a bundle.
    fn action(&self, action: &ActionId) -> Option<String> {
        let name = typed_name(self.record, &action.proposal)?;
        let began = self.record.graph().find(&action.proposal)?;
        let bundle = self.record.fold().subject_keys(began).len() > 1;
        Some(if bundle { format!("{name}/{}", action.index + 1) } else { name })
    }

    /// A move that is waited for. What is to be done stands once for each action, because each is declared by itself; a
    /// proposal stands once, because it is answered as a whole.
    fn waits(&self, waiting: &Waiting) -> Vec<Wait> {
        let one = |about: Option<String>, (what, more): (Option<String>, usize)| Wait {
            who: self.called(&waiting.seat),
            mine: waiting.party == Some(*self.own),
            expected: waiting.expected.as_str().to_owned(),
            about,
            what,
            more,
            since: waiting.since,
            absent: waiting.party.is_none(),
        };
        let Some(ix) = waiting.about.and_then(|id| self.record.graph().find(&id)) else {
            return vec![one(None, (None, 0))];
        };
        let entry = || waiting.about.and_then(|id| typed_name(self.record, &id));
        match waiting.expected {
            Expected::Perform | Expected::Rework => {
                let parts = self.to_be_done(ix, waiting);
                let part = |(revision, key): &(Ix, SubjectKey)| {
                    let SubjectKey::Action(action) = key else { return None };
                    Some(one(Some(self.action(action)?), (self.what(*revision, key), 0)))
                };
                let told: Vec<Wait> = parts.iter().filter_map(part).collect();
                if told.is_empty() { vec![one(entry(), (None, 0))] } else { told }
            }
            Expected::Erase => vec![one(entry(), (None, 0))],
            _ => vec![one(entry(), self.told(ix))],
        }
    }

    /// The actions that somebody is to do, or to do again, with the revision whose terms they are.
    fn to_be_done(&self, about: Ix, waiting: &Waiting) -> Vec<(Ix, SubjectKey)> {
        let lens = self.record.lens();
        if let Some(declared) = lens.declared(about) {
            return vec![declared];
        }
        let keys = self.record.fold().subject_keys(about);
        let theirs = |key: &&SubjectKey| {
            let terms = lens.terms(about, key);
            let agreed = || lens.status(key).is_some_and(|s| s.state == ActionState::Agreed && s.revision == about);
            // Of one thing it is known that it is to be done, or nobody would wait for it.
            keys.len() == 1 || (terms.is_some_and(|t| t.performers.iter().any(|p| p.seat == waiting.seat)) && agreed())
        };
        keys.iter().filter(theirs).map(|key| (about, key.clone())).collect()
    }

    /// What an entry is about: the first of it that is an open text, and how much else there is.
    fn told(&self, ix: Ix) -> (Option<String>, usize) {
        let fold = self.record.fold();
        if let Some((revision, key)) = self.record.lens().declared(ix) {
            return (self.what(revision, &key), 0);
        }
        let Some(revision) = fold.revision_behind(self.record.graph(), &self.record.graph().id(ix)) else {
            return (None, 0);
        };
        let keys = fold.subject_keys(revision);
        let what = keys.iter().find_map(|key| self.what(revision, key));
        let more = what.as_ref().map_or(0, |_| keys.len() - 1);
        (what, more)
    }

    /// What a subject of a revision is about, where that is an open text.
    fn what(&self, revision: Ix, key: &SubjectKey) -> Option<String> {
        match &self.record.lens().subject(revision, key)?.topic {
            Topic::Action { terms, .. } => terms.what.open().map(str::to_owned),
            Topic::Item { key, .. } => Some(key.clone()),
            Topic::Terms { title, .. } => Some(title.clone()),
            _ => None,
        }
    }
}
