//! What is due in a case: looked at anew whenever the case, its rules or its consents changed, and when a reminder's time
//! comes. In between nothing is read: a row in the store says when to look next.

use counterpart_core::{
    id::CaseId,
    record::Record,
    value::Seat,
    view::{Names, View},
};
use counterpart_mail::Address;
use counterpart_process::{
    notebook::Person,
    reminder::{KeptRule, Over, Promise, Watch, promises, watches},
    rule::Whom,
    schedule::{Calendar, Slot},
    thanks::{self, Thanks},
};
use counterpart_store::{LetterRow, Reads, StoreError, Txn};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    Channel, Consent,
    compose::{Writing, addresses},
    consent,
    letter::{Letter, LetterKind, LetterState},
    rules,
};
use crate::{desk::Desk, due::due_instant, error::DeskError};

/// The state, and the occasion, of the row that says when to look at a case again.
pub(super) const PLAN: &str = "plan";
/// What could not be composed is tried again after so long, in milliseconds.
pub(super) const AFTER_TROUBLE: i64 = 60 * 60 * 1000;
/// Nobody is thanked for what was done longer ago, in milliseconds.
const THANKS_WITHIN: i64 = 30 * 86_400_000;
/// Why a letter that waited is not sent.
const REPLACED: &str = "a later reminder takes its place";

/// One promise, one rule, and when it is next reminded of.
#[derive(Debug, Clone)]
pub struct Watched {
    pub promise: Promise,
    pub rule: KeptRule,
    /// Why nothing more is sent.
    pub over: Option<Over>,
    pub next: Option<Slot>,
}

/// A reminder that is to come, for calendars and lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub case: CaseId,
    /// What people call what it is about: `#5`.
    pub name: String,
    pub what: String,
    pub whom: Whom,
    /// When it goes out, Unix milliseconds.
    pub at: i64,
    /// When its rule says, Unix milliseconds.
    pub wanted: i64,
    /// Why these differ, in words.
    pub moved: Vec<String>,
}

/// Everything about the reminders of a case.
#[derive(Debug)]
pub struct CaseOutlook {
    pub case: CaseId,
    pub title: String,
    pub zone: String,
    pub names: Names,
    pub calendar: Calendar,
    pub watched: Vec<Watched>,
    /// All letters, by when they were due.
    pub letters: Vec<Letter>,
    pub rules: Vec<KeptRule>,
    pub consents: Vec<Consent>,
    /// Addresses that are known of the other side.
    pub addresses: Vec<Address>,
    people: Vec<Person>,
    /// Whether somebody of the other side has a node in this case.
    pub joined: bool,
    /// What could not be composed, and why: it is tried again.
    pub problems: Vec<String>,
}

impl CaseOutlook {
    /// The letters that something is still to become of.
    pub fn open_letters(&self) -> impl Iterator<Item = &Letter> {
        self.letters.iter().filter(|letter| letter.state.is_open())
    }

    /// Whom a letter would go to by mail.
    #[must_use]
    pub fn addresses_for(&self, letter: &Letter) -> Vec<Address> {
        addresses(&self.people, letter.person())
    }

    /// What is to come.
    #[must_use]
    pub fn planned(&self) -> Vec<Planned> {
        let one = |watched: &Watched| {
            let slot = watched.next.as_ref()?;
            Some(Planned {
                case: self.case,
                name: watched.promise.name.clone(),
                what: watched.promise.what.clone(),
                whom: watched.rule.rule.to,
                at: slot.goes.as_millisecond(),
                wanted: slot.wanted.as_millisecond(),
                moved: slot.moved.iter().map(counterpart_process::schedule::Moved::in_words).collect(),
            })
        };
        self.watched.iter().filter_map(one).collect()
    }
}

/// What looking at a case came to.
#[derive(Debug)]
pub(super) struct Looked {
    /// Nothing where the case has not arrived yet.
    pub(super) outlook: Option<CaseOutlook>,
    /// Letters composed just now.
    pub(super) new: Vec<Letter>,
    /// The case as it was looked at.
    record: Record,
}

/// A letter that takes the place of another, or one that is changed.
struct Change {
    /// What it was, and what it becomes.
    moved: Option<(LetterState, Letter)>,
    new: Option<Letter>,
}

impl Desk {
    /// Composes what is due in a case, and tells all there is to know of its reminders. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A damaged, full or busy store; a list of holidays that cannot be read.
    pub fn reminders(&self, case: &CaseId, now: i64) -> Result<CaseOutlook, DeskError> {
        let empty = || DeskError::Damaged { case: *case, why: "it has not arrived yet".to_owned() };
        self.look_at(case, now)?.outlook.ok_or_else(empty)
    }

    /// As [`Desk::reminders`], with the record that it was told from, for whoever shows more of the case; nothing but the
    /// record where the case has not arrived yet.
    ///
    /// # Errors
    /// As [`Desk::reminders`].
    pub fn reminders_and_record(&self, case: &CaseId, now: i64) -> Result<(Option<CaseOutlook>, Record), DeskError> {
        let looked = self.look_at(case, now)?;
        Ok((looked.outlook, looked.record))
    }

    /// Looks at every case whose turn it is, and gives all letters of all cases that something is still to become of.
    ///
    /// # Errors
    /// As [`Desk::reminders`].
    pub fn due_letters(&self, now: i64) -> Result<Vec<Letter>, DeskError> {
        self.plan_new_cases()?;
        let due = self.with_store(|store| store.letters_to_try(now))?;
        for row in due.iter().filter(|row| row.state == PLAN) {
            self.look_at(&row.case, now)?;
        }
        Ok(self.open_letters()?)
    }

    /// The letters of all cases that something is still to become of, as they were left; nothing is composed.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn open_letters(&self) -> Result<Vec<Letter>, StoreError> {
        let rows = self.with_store(|store| store.letters())?;
        Ok(rows.into_iter().filter_map(Letter::read).filter(|letter| letter.state.is_open()).collect())
    }

    /// The letters of all cases that were given up, latest first.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn failed_letters(&self) -> Result<Vec<Letter>, StoreError> {
        let rows = self.with_store(|store| store.letters())?;
        let failed = |letter: &Letter| letter.state == LetterState::Failed;
        Ok(rows.into_iter().rev().filter_map(Letter::read).filter(failed).collect())
    }

    /// When the next reminder of each case is to go out, soonest first, as far as was looked. Unix milliseconds.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn next_reminders(&self) -> Result<Vec<(CaseId, i64)>, DeskError> {
        let rows = self.with_store(|store| store.letters())?;
        let plans = rows.into_iter().filter(|row| row.state == PLAN);
        let mut next: Vec<(CaseId, i64)> =
            plans.filter_map(|row| Some((row.case, row.next_try.filter(|at| *at > 0)?))).collect();
        next.sort_by_key(|(_, at)| *at);
        Ok(next)
    }

    /// Whom a letter would go to by mail.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn addresses_for(&self, letter: &Letter) -> Result<Vec<Address>, DeskError> {
        Ok(addresses(&self.people_of(&letter.case)?, letter.person()))
    }

    /// Cases that came before there were reminders have no row yet that says when to look at them.
    pub(crate) fn plan_new_cases(&self) -> Result<(), StoreError> {
        let lacking: Vec<CaseId> = self.with_store(|store| {
            let rows = store.letters()?;
            let known: std::collections::BTreeSet<CaseId> =
                rows.iter().filter(|row| row.state == PLAN).map(|row| row.case).collect();
            let cases = store.summaries()?.into_iter().map(|summary| summary.case);
            Ok::<_, StoreError>(cases.filter(|case| !known.contains(case)).collect())
        })?;
        if lacking.is_empty() {
            return Ok(());
        }
        self.with_store(|store| store.write(|txn| lacking.iter().try_for_each(|case| look_again(txn, *case))))
    }

    /// Composes what is due, drops what has no more reason, lets go what a consent covers, and notes when to look next.
    pub(super) fn look_at(&self, case: &CaseId, now: i64) -> Result<Looked, DeskError> {
        let (seen, rows, rules, consents, thread) = self.with_store(|store| {
            let seen = store.letter(&plan_id(case))?;
            let (rules, consents) = (rules::rules(store, *case)?, consent::consents(store, *case)?);
            Ok::<_, StoreError>((seen, store.letters_of(*case)?, rules, consents, thread(store, *case)?))
        })?;
        let record = self.record(case)?;
        let Some(view) = record.view() else { return Ok(Looked { outlook: None, new: Vec::new(), record }) };
        let calendar = self.calendar(case, &view.zone)?;
        let people = self.people_in(&record, &view)?;
        let from = self.mail_settings()?.filter(|settings| settings.send.is_some()).map(|settings| settings.own);
        let letters: Vec<Letter> = rows.into_iter().filter_map(Letter::read).collect();
        let own = self.party();
        let all = promises(&record, &view, &own, &due_instant);
        let names = record.names();
        let thanks: Vec<Thanks> = thanks::thanks(&record, &view, &all, &own)
            .into_iter()
            .filter(|thanks| now - thanks.since <= THANKS_WITHIN)
            .collect();
        let looking = Looking {
            writing: Writing { desk: self, case: *case, view: &view, calendar: &calendar, from, now },
            letters: &letters,
            consents: &consents,
            people: &people,
            joined: joined(&view, &own),
            thread,
            now: Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH),
        };
        let watches = watches(all, &rules);
        let mut changes = Vec::new();
        let mut problems = Vec::new();
        let mut watched = Vec::new();
        for watch in watches.iter().cloned() {
            let (handled, problem) = looking.remind(&watch, &mut changes);
            let next = watch.next(&calendar, handled, looking.now);
            problems.extend(problem);
            watched.push(Watched { promise: watch.promise, rule: watch.rule, over: watch.over, next });
        }
        for thanks in &thanks {
            let name = thanks.promise.clone().unwrap_or_else(|| names.of(&thanks.about));
            problems.extend(looking.thank(thanks, name, &mut changes));
        }
        looking.drop_and_release(&watches, &thanks, &mut changes);
        let mut next = watched.iter().filter_map(|w| w.next.as_ref()).map(|slot| slot.goes.as_millisecond()).min();
        // Whether an address was noted, or mail set up, is looked at again for what a consent covers otherwise.
        let waits = |letter: &Letter| letter.state == LetterState::Waiting;
        let held = !consents.is_empty()
            && (letters.iter().any(waits) || changes.iter().filter_map(|c| c.new.as_ref()).any(waits));
        if held || !problems.is_empty() {
            // What is planned already stays, or every look would write, and whoever looks would be told of it, and look again.
            let planned = seen.as_ref().and_then(|row| row.next_try);
            let later =
                planned.filter(|at| (now + 1..=now + AFTER_TROUBLE).contains(at)).unwrap_or(now + AFTER_TROUBLE);
            next = Some(next.filter(|next| *next > now).map_or(later, |next| next.min(later)));
        }
        let new = self.keep_changes(case, &changes, seen.as_ref(), next)?;
        let rows = self.with_store(|store| store.letters_of(*case))?;
        let letters = rows.into_iter().filter_map(Letter::read).collect();
        let (addresses, joined) = (addresses(&people, None), looking.joined);
        Ok(Looked {
            outlook: Some(CaseOutlook {
                case: *case,
                title: view.title,
                zone: view.zone,
                names,
                calendar,
                watched,
                letters,
                rules,
                consents,
                addresses,
                people,
                joined,
                problems,
            }),
            new,
            record,
        })
    }

    /// Keeps what looking came to, in one transaction; what another process changed meanwhile stays as that left it.
    fn keep_changes(
        &self,
        case: &CaseId,
        changes: &[Change],
        seen: Option<&LetterRow>,
        next: Option<i64>,
    ) -> Result<Vec<Letter>, DeskError> {
        // To look and find nothing new leaves no trace.
        if changes.is_empty() && seen.is_some_and(|row| row.next_try == next && row.due == next.unwrap_or_default()) {
            return Ok(Vec::new());
        }
        self.with_store(|store| {
            store.write(|txn| {
                let mut new = Vec::new();
                for Change { moved, new: letter } in changes {
                    let went = match moved {
                        Some((from, letter)) => txn.move_letter(from.as_str(), &letter.row())?,
                        None => true,
                    };
                    // One that is on its way already is not replaced.
                    if let (true, Some(letter)) = (went, letter)
                        && txn.insert_letter(&letter.row())?
                    {
                        new.push(letter.clone());
                    }
                }
                let known = txn.letter(&plan_id(case))?;
                let unchanged = known.as_ref().map(|row| &row.body) == seen.map(|row| &row.body);
                match known {
                    None => drop(txn.insert_letter(&plan_row(case, next, "0"))?),
                    Some(row) if unchanged => {
                        let row = LetterRow { next_try: next, due: next.unwrap_or_default(), ..row };
                        txn.move_letter(PLAN, &row)?;
                    }
                    // It changed while it was looked at: it is looked at again.
                    Some(_) => {}
                }
                Ok::<_, DeskError>(new)
            })
        })
    }
}

/// What is known while a case is looked at.
struct Looking<'a> {
    writing: Writing<'a>,
    letters: &'a [Letter],
    consents: &'a [Consent],
    people: &'a [Person],
    joined: bool,
    /// Ids of the mail of the case.
    thread: Vec<String>,
    now: Timestamp,
}

impl Looking<'_> {
    /// Composes a watch's letter if one is due. Gives the last occasion that was seen to, and what went wrong.
    fn remind(&self, watch: &Watch, changes: &mut Vec<Change>) -> (Option<u32>, Option<String>) {
        let name = watch.name();
        let of_it: Vec<&Letter> = self.letters.iter().filter(|l| l.occasion.starts_with(&name)).collect();
        let handled = of_it.iter().map(|l| l.body.number).max();
        if of_it.iter().any(|l| l.state == LetterState::Sending) {
            // What is on its way is waited for; then it is looked at again.
            return (handled, None);
        }
        let Some(slot) = watch.due(self.writing.calendar, handled, self.now) else { return (handled, None) };
        let letter = match self.writing.reminder(watch, &slot) {
            Ok(letter) => self.released(letter),
            Err(why) => return (handled, Some(format!("no reminder of {} was written: {why}", watch.promise.name))),
        };
        let before = of_it.iter().find(|l| l.state.is_open());
        let moved = before.map(|before| (before.state, over(before, REPLACED)));
        changes.push(Change { moved, new: Some(letter) });
        (Some(slot.number), None)
    }

    /// Composes thanks for what people call `name`, unless there were some. Gives what went wrong.
    fn thank(&self, thanks: &Thanks, name: String, changes: &mut Vec<Change>) -> Option<String> {
        if self.letters.iter().any(|l| l.occasion == thanks.name()) {
            return None;
        }
        match self.writing.thanks(thanks, name) {
            Ok(letter) => {
                changes.push(Change { moved: None, new: Some(self.released(letter)) });
                None
            }
            Err(why) => Some(format!("no thanks to {} were written: {why}", thanks.person)),
        }
    }

    /// Ends what has no more reason; lets go what a consent covers now; holds back what none covers any more.
    fn drop_and_release(&self, watches: &[Watch], thanks: &[Thanks], changes: &mut Vec<Change>) {
        for letter in self.letters.iter().filter(|l| l.state.is_open() && l.state != LetterState::Sending) {
            let touched = |change: &Change| change.moved.as_ref().is_some_and(|(_, moved)| moved.id == letter.id);
            if changes.iter().any(touched) {
                continue;
            }
            let why = match letter.kind() {
                LetterKind::Thanks => (!thanks.iter().any(|t| t.name() == letter.occasion))
                    .then(|| "they were thanked already, or nothing says any more that it was them".to_owned()),
                LetterKind::Reminder | LetterKind::Notice => {
                    match watches.iter().find(|w| letter.occasion.starts_with(&w.name())) {
                        None => Some("its rule, or when it is due, was changed".to_owned()),
                        Some(watch) => watch.over.as_ref().map(in_words).or_else(|| {
                            let seen_to = watch.seen_to(self.writing.calendar);
                            (seen_to >= Some(letter.body.number)).then(|| "they were reminded meanwhile".to_owned())
                        }),
                    }
                }
            };
            let became = match why {
                Some(why) => over(letter, &why),
                None if letter.state == LetterState::Waiting => self.released(letter.clone()),
                None => self.held(letter.clone()),
            };
            if became != *letter {
                changes.push(Change { moved: Some((letter.state, became)), new: None });
            }
        }
    }

    /// The same letter, on its way where a standing consent covers it.
    fn released(&self, mut letter: Letter) -> Letter {
        if letter.kind() == LetterKind::Notice {
            return letter;
        }
        let allows = |by: Channel| self.consents.iter().any(|consent| consent.by == by);
        let to = addresses(self.people, letter.person());
        let by = if allows(Channel::Email) && self.writing.from.is_some() && !to.is_empty() {
            Channel::Email
        } else if allows(Channel::Node) && self.joined {
            Channel::Node
        } else {
            return letter;
        };
        letter.state = LetterState::Allowed;
        letter.next_try = Some(self.now.as_millisecond());
        letter.body.by = Some(by);
        letter.body.standing = true;
        if by == Channel::Email {
            letter.body.to = to.iter().map(ToString::to_string).collect();
            letter.body.thread.clone_from(&self.thread);
        }
        letter
    }

    /// The same letter, waiting for a yes where the consent that let it go was ended.
    fn held(&self, mut letter: Letter) -> Letter {
        let covered = self.consents.iter().any(|consent| Some(consent.by) == letter.by());
        if letter.state == LetterState::Allowed && letter.body.standing && !covered {
            letter.state = LetterState::Waiting;
            letter.next_try = None;
            letter.body.by = None;
            letter.body.standing = false;
        }
        letter
    }
}

/// The ids of the mail of a case, what came and what went, oldest first. One that no mail program could quote is left out.
pub(super) fn thread(reads: &Reads, case: CaseId) -> Result<Vec<String>, StoreError> {
    let quotable = |id: &String| {
        let fits = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b',' | b'"' | b'\\' | b'(' | b')');
        (3..=250).contains(&id.len()) && id.contains('@') && id.bytes().all(fits)
    };
    let mut ids: Vec<String> = Vec::new();
    for id in reads.mails_of(case)?.into_iter().filter_map(|mail| mail.message_id).filter(quotable) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

pub(super) fn over(letter: &Letter, why: &str) -> Letter {
    let mut letter = letter.clone();
    letter.state = LetterState::Over;
    letter.next_try = None;
    letter.body.error = Some(why.to_owned());
    letter
}

fn in_words(over: &Over) -> String {
    match over {
        Over::State(state) => format!("it is {state} now"),
        Over::CaseClosed => "the case is closed".to_owned(),
        Over::Answered { .. } => "they answered".to_owned(),
        Over::NoTime => "nothing says any more when it is due".to_owned(),
        Over::Ended => "its rule ended".to_owned(),
    }
}

/// Whether somebody of another side is in the case with a node of theirs.
fn joined(view: &View, own: &counterpart_core::id::PartyId) -> bool {
    let others = view.seats.iter().filter(|s| !s.parties.contains(own) && s.role.agrees());
    let seats: Vec<Seat> = others.filter(|s| s.joined).map(|s| s.seat).collect();
    !seats.is_empty()
}

/// A case is to be looked at again, as soon as may be. Part of the transaction that changed it.
pub(crate) fn look_again(txn: &Txn<'_>, case: CaseId) -> Result<(), StoreError> {
    let Some(row) = txn.letter(&plan_id(&case))? else {
        return txn.insert_letter(&plan_row(&case, Some(0), "0")).map(drop);
    };
    // Counted up, so that whoever looks at it just now knows that it changed.
    let number: u64 = row.body.parse().unwrap_or_default();
    let row = LetterRow { next_try: Some(0), body: number.wrapping_add(1).to_string(), ..row };
    txn.move_letter(PLAN, &row).map(drop)
}

fn plan_row(case: &CaseId, next: Option<i64>, body: &str) -> LetterRow {
    LetterRow {
        id: plan_id(case),
        case: *case,
        occasion: PLAN.to_owned(),
        state: PLAN.to_owned(),
        due: next.unwrap_or_default(),
        next_try: next,
        body: body.to_owned(),
    }
}

fn plan_id(case: &CaseId) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::new().chain_update(b"counterpart plan").chain_update(case.0).finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id
}
