//! The list of what is to be done, a page at a time: for whom each case waits, what is due, who of us has it. Read from the
//! store alone; no case is opened for it.

use std::{collections::BTreeMap, fmt, str::FromStr};

use counterpart_core::{
    id::{CaseId, PartyId},
    record::Record,
    view::Brief,
};
use counterpart_process::today::{Agenda, Wait};
use counterpart_store::{CaseSummary, Lane, QueueEntry, QueuePlace, QueueWish, Store, StoreError, Txn};

use crate::{
    clock,
    desk::Desk,
    error::DeskError,
    load::{self, Loaded},
    overdue::{self, DueThing, DueWhat},
    search,
    today::Dues,
};

/// Rows that a page may have.
pub const MOST_ROWS: usize = 500;

/// What is asked of the list; all cases where nothing is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queue {
    /// Only those where it is our move, or where it is not.
    pub waiting_for_us: Option<bool>,
    /// Only those where something was due and is not done, whoever was to do it, or where a service clock ran out; or those
    /// where nothing did, all that are closed among them.
    pub overdue: Option<bool>,
    /// Only those that this one of us has, by name, however it is written.
    pub agent: Option<String>,
    /// Only those that were begun here by this template.
    pub template: Option<String>,
    /// Only those in which every one of these words stands, or one that begins with it.
    pub text: Option<String>,
    /// Only those that somebody of us has, or nobody.
    pub assigned: Option<bool>,
    /// Only those that are not closed, or that are.
    pub open: Option<bool>,
}

impl Queue {
    fn lanes(&self) -> Vec<Lane> {
        let wanted = |lane: &Lane| {
            self.waiting_for_us.is_none_or(|ours| ours == (*lane == Lane::Ours))
                && self.open.is_none_or(|open| open == (*lane != Lane::Closed))
                && (self.overdue != Some(true) || *lane != Lane::Closed)
        };
        Lane::ALL.into_iter().filter(wanted).collect()
    }
}

/// A case in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRow {
    pub case: CaseId,
    pub title: String,
    /// open, closed or reopened.
    pub state: String,
    /// As in the list of all cases: "yours: answer #5".
    pub whose_move: String,
    pub waiting_for_us: bool,
    /// Since when it waits for whoever it waits for, Unix milliseconds.
    pub since: i64,
    /// What is due next, or the service clock that runs out before it: Unix milliseconds.
    pub next_due: Option<i64>,
    /// What that is, as far as the case keeps it ready: several where they are due at one time.
    pub due: Vec<DueThing>,
    /// In which zone the case tells its times, as far as it keeps that ready.
    pub zone: Option<String>,
    /// It is what `whose_move` says, and nothing else.
    pub due_is_the_move: bool,
    pub entries: u64,
    /// Unix milliseconds.
    pub updated_at: i64,
    /// Who of us has it.
    pub agent: Option<String>,
    /// Since when, Unix milliseconds.
    pub assigned_at: Option<i64>,
    /// By which template it was begun here.
    pub template: Option<String>,
}

/// A part of a list, and where it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Nothing where this is the end.
    pub next: Option<Cursor>,
    /// It was searched for words, and those of some cases are yet to be found: there may be more that fit.
    pub words_missing: bool,
}

/// A place in the list, to go on from. Cases that do not change meanwhile come exactly once, whatever becomes of others; one
/// that changes may come again at its new place, or be missed if that lies before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(QueuePlace);

/// A text that is no place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no place in this list: take the one that the page before gave, or begin without one")]
pub struct BadCursor;

/// Lane, due, since, case.
const CURSOR_BYTES: usize = 1 + 8 + 8 + 32;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let QueuePlace { lane, due, since, case } = self.0;
        let mut bytes = Vec::with_capacity(CURSOR_BYTES);
        bytes.extend(u8::try_from(lane.number()));
        bytes.extend(due.to_be_bytes());
        bytes.extend(since.to_be_bytes());
        bytes.extend(case.0);
        f.write_str(&data_encoding::BASE64URL_NOPAD.encode(&bytes))
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_not_encoded| BadCursor)?;
        let bytes: [u8; CURSOR_BYTES] = bytes.try_into().map_err(|_length| BadCursor)?;
        let number =
            |from: usize| -> Option<i64> { Some(i64::from_be_bytes(bytes.get(from..from + 8)?.try_into().ok()?)) };
        let read = || {
            Some(QueuePlace {
                lane: Lane::from_number(i64::from(bytes[0]))?,
                due: number(1)?,
                since: number(9)?,
                case: CaseId(bytes.get(17..)?.try_into().ok()?),
            })
        };
        read().map(Self).ok_or(BadCursor)
    }
}

impl Desk {
    /// A page of the list: first what waits for us, then what waits for others, then what is closed; in each what is due
    /// soonest, then what waits longest. At most [`MOST_ROWS`] rows, as many as `limit` if that is less.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn queue(&self, queue: &Queue, after: Option<Cursor>, limit: usize) -> Result<Page<QueueRow>, DeskError> {
        self.queue_at(queue, after, limit, clock::now())
    }

    /// The same, at a time: Unix milliseconds.
    ///
    /// # Errors
    /// As [`Desk::queue`].
    pub fn queue_at(
        &self,
        queue: &Queue,
        after: Option<Cursor>,
        limit: usize,
        now: i64,
    ) -> Result<Page<QueueRow>, DeskError> {
        let end = Page { rows: Vec::new(), next: None, words_missing: false };
        let words = queue.text.as_deref().map(search::typed_words);
        if words.as_ref().is_some_and(Vec::is_empty) {
            // There is no word in it that could be found.
            return Ok(end);
        }
        let lanes = queue.lanes();
        if lanes.is_empty() {
            // No case is as all of it says.
            return Ok(end);
        }
        let wish = QueueWish {
            lanes,
            due_before: (queue.overdue == Some(true)).then_some(now),
            not_due_before: (queue.overdue == Some(false)).then_some(now),
            agent: queue.agent.as_deref().map(search::folded),
            held: queue.assigned,
            template: queue.template.clone(),
            words: words.unwrap_or_default(),
        };
        let by_words = !wish.words.is_empty();
        let limit = limit.clamp(1, MOST_ROWS);
        let after = after.map(|cursor| cursor.0);
        // One more than asked for tells whether there is more.
        let (mut found, agendas, words_missing) = self.with_store(|store| {
            store.read(|reads| {
                let found = reads.queue(&wish, after.as_ref(), limit + 1)?;
                let due = found.iter().filter(|row| row.place.lane != Lane::Closed && row.summary.next_due.is_some());
                let due: Vec<CaseId> = due.map(|row| row.place.case).collect();
                let agendas = reads.ready_agendas(&due)?;
                Ok::<_, StoreError>((found, agendas, by_words && !reads.unindexed(1)?.is_empty()))
            })
        })?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| Cursor(last.place));
        let agendas: BTreeMap<CaseId, String> = agendas.into_iter().collect();
        let row = |entry: QueueEntry| {
            let agenda = agendas.get(&entry.place.case).and_then(|body| overdue::agenda(body));
            QueueRow::of(entry, agenda.as_ref())
        };
        Ok(Page { rows: found.into_iter().map(row).collect(), next, words_missing })
    }

    /// What lists say of one case; nothing where it is not here.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn summary(&self, case: &CaseId) -> Result<Option<CaseSummary>, DeskError> {
        Ok(self.with_store(|store| store.summary(*case))?)
    }

    /// The cases in which every one of these words stands, or one that begins with it: in titles, texts of acts, names of
    /// people and stated values, without regard to case and accents. In the order of [`Desk::queue`], closed ones too.
    /// [`Page::words_missing`] says where that is not all yet.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn search(&self, text: &str, after: Option<Cursor>, limit: usize) -> Result<Page<QueueRow>, DeskError> {
        self.queue(&Queue { text: Some(text.to_owned()), ..Queue::default() }, after, limit)
    }

    /// Lets go of all words that cases are found by; [`Desk::index_words`] finds them anew.
    ///
    /// # Errors
    /// A damaged, full or busy store.
    pub fn forget_words(&self) -> Result<(), DeskError> {
        Ok(self.with_store(|store| store.write(|txn| txn.forget_all_terms()))?)
    }

    /// Finds the words of at most so many cases that an earlier version of the program left without; gives whether some are
    /// left. The only thing here that opens cases, each once. A running node does the same beside its other work.
    ///
    /// # Errors
    /// A damaged, full or busy store.
    pub fn index_words(&self, most: usize) -> Result<bool, DeskError> {
        for _ in 0..most {
            if !self.with_store(|store| index_one(store, &self.party()))? {
                return Ok(false);
            }
        }
        self.with_store(|store| Ok(!store.unindexed(1)?.is_empty()))
    }
}

/// Finds the words of one case that an earlier version left without; gives whether there was one.
pub(crate) fn index_one(store: &mut Store, own: &PartyId) -> Result<bool, DeskError> {
    store.write(|txn| {
        let Some(case) = txn.unindexed(1)?.pop() else { return Ok(false) };
        match load::load(txn, case, *own) {
            Ok(Loaded { mut record, .. }) => {
                record.forget_erased(own);
                search::index(txn, case, &record, own)?;
                // Also where it has no place in the list.
                txn.end_unindexed(case)?;
            }
            // A damaged case is told of elsewhere; it is no reason to find nothing in the others.
            Err(DeskError::Damaged { .. }) => txn.end_unindexed(case)?,
            Err(why) => return Err(why),
        }
        Ok(true)
    })
}

impl QueueRow {
    fn of(entry: QueueEntry, agenda: Option<&Agenda>) -> Self {
        let (agent, assigned_at) = entry.agent.unzip();
        let due = agenda.zip(entry.summary.next_due).and_then(|(agenda, at)| overdue::things(agenda).remove(&at));
        let due = due.unwrap_or_default();
        Self {
            zone: agenda.and_then(|agenda| agenda.zone.clone()),
            due_is_the_move: agenda.is_some_and(|agenda| is_the_move(agenda, &due)),
            due,
            case: entry.summary.case,
            title: entry.summary.title,
            state: entry.summary.state,
            whose_move: entry.summary.whose_move,
            waiting_for_us: entry.place.lane == Lane::Ours,
            since: entry.place.since,
            next_due: entry.summary.next_due,
            entries: entry.summary.entries,
            updated_at: entry.summary.updated_at,
            agent,
            assigned_at,
            template: entry.template,
        }
    }
}

/// Whether what is due is what is waited for first, which is what the list says of whose move it is.
fn is_the_move(agenda: &Agenda, due: &[DueThing]) -> bool {
    let (Some(first), [due]) = (agenda.waits.first(), due) else { return false };
    // What is to be done by one agreement stands once for each action in it.
    let same = |wait: &&Wait| wait.mine == first.mine && wait.expected == first.expected && wait.since == first.since;
    due.what == DueWhat::Action
        && matches!(first.expected.as_str(), "perform" | "rework")
        && agenda.waits.iter().filter(same).any(|wait| wait.about.as_ref() == Some(&due.about))
}

/// Gives a case its place in the list and keeps its words, in the transaction that changed it.
pub(crate) fn put_in_queue(
    txn: &Txn<'_>,
    case: CaseId,
    (brief, dues): (&Brief, &Dues<'_>),
    record: &Record,
    own: &PartyId,
    now: i64,
) -> Result<(), StoreError> {
    let (mine, theirs) = brief.moves(own);
    let lane = match mine {
        _ if brief.state == "closed" => Lane::Closed,
        Some(_) => Lane::Ours,
        None => Lane::Others,
    };
    let place = QueuePlace {
        lane,
        due: dues.next().unwrap_or(i64::MAX),
        since: mine.or(theirs).map_or(now, |waiting| waiting.since),
        case,
    };
    let agent = txn.assigned(case)?.map(|(agent, _)| search::folded(&agent)).unwrap_or_default();
    txn.put_in_queue(&place, &agent, &dues.times())?;
    search::index(txn, case, record, own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_and_read() {
        for (lane, due, since) in [(Lane::Ours, 0, -5), (Lane::Others, i64::MAX, i64::MIN), (Lane::Closed, -1, 7)] {
            let cursor = Cursor(QueuePlace { lane, due, since, case: CaseId([0xfe; 32]) });
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn anything_else_is_no_place() {
        let good = Cursor(QueuePlace { lane: Lane::Ours, due: 1, since: 2, case: CaseId([3; 32]) }).to_string();
        let wrong_lane = data_encoding::BASE64URL_NOPAD.encode(&[9; CURSOR_BYTES]);
        let short: String = good.chars().skip(1).collect();
        for text in ["", "x", "ä", &short, &format!("{good}A"), &wrong_lane, "../../etc/passwd", "\u{202E}\0"] {
            assert_eq!(text.parse::<Cursor>(), Err(BadCursor), "{text:?}");
        }
    }
}
