//! Who is to be told what now, and what came of it.

use std::{collections::BTreeMap, time::Duration};

use counterpart_core::id::CaseId;
use counterpart_store::{HookCase, HookRow, HookStanding, StoreError, Txn};

use super::{HOOK_PATIENCE, HookError, HookSecret, Message, NotTaken, Place};
use crate::{desk::Desk, error::DeskError, random::random};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// After that many tries in a row it waits so long; then always as long as the last one says.
const WAITS: [i64; 9] =
    [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR];

/// A receiver that fails is tried with something at least this often, as long as anything is due: one message that it chokes
/// on does not keep others from it for long.
const LONGEST_PAUSE: i64 = 10 * MINUTE;

/// One who took nothing for so long is told no more until a person says so.
const GIVE_UP: i64 = 5 * 24 * HOUR;

/// But not after fewer tries: this machine may have been off all that time.
const LEAST_TRIES: u64 = 12;

/// Whoever tells has so long; then it is thought to have died, and the same is told again. Longer than a receiver may take.
const LEASE: i64 = 90 * SECOND;

/// Told at once: of all receivers together, and of one.
const MOST_AT_ONCE: usize = 8;
const MOST_OF_ONE: usize = 4;

/// Changes sorted by case in one go.
const SORTED_AT_ONCE: usize = 500;

/// A message on its way to a receiver.
#[derive(Debug)]
pub struct Telling {
    hook: String,
    case: CaseId,
    /// The change that it tells of.
    number: u64,
    /// Until when nobody else tells it: the mark of who took it.
    taken: i64,
    place: Place,
    secret: HookSecret,
    message: Message,
}

impl Telling {
    /// Whom it tells.
    #[must_use]
    pub fn hook(&self) -> &str {
        &self.hook
    }

    /// The message's id, the same at each try.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.message.id
    }

    /// Tells it, and gives the status by which it was taken. `now` in Unix milliseconds. Waits for the answer.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn send(&self, now: i64, patience: Duration) -> Result<u16, NotTaken> {
        self.place.tell(&self.secret, &self.message, now.div_euclid(SECOND), patience.min(HOOK_PATIENCE))
    }
}

/// What came of telling a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookTold {
    /// Something a person should know, if there is.
    pub news: Option<HookNews>,
}

/// A change in how it stands with a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookNews {
    /// It took what it was told until now, and does not any more.
    Fails { name: String, why: String },
    /// It takes again what it is told.
    Again { name: String },
    /// It is told nothing any more.
    Off { name: String, why: String },
}

impl HookNews {
    /// One line for a person watching the node.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::Fails { name, why } => format!("webhook {name}: {why}; will try again"),
            Self::Again { name } => format!("webhook {name}: it takes what it is told again"),
            Self::Off { name, why } => {
                format!(
                    "webhook {name}: switched off, because {why}; `counterpart webhook on {name}` when it is well again"
                )
            }
        }
    }
}

impl Desk {
    /// What is to be told now; whoever takes it tells it at once, and says what came of it by [`Desk::told`]. `busy` is how
    /// many are under way already, by receiver. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A damaged, full or busy store.
    pub fn to_tell(&self, now: i64, busy: &BTreeMap<String, usize>) -> Result<Vec<Telling>, DeskError> {
        let on = |row: &HookRow| row.standing.off.is_none();
        let hooks: Vec<HookRow> = self.with_store(|store| store.hooks())?.into_iter().filter(on).collect();
        if hooks.is_empty() {
            return Ok(Vec::new());
        }
        let mut waiting = Vec::new();
        for hook in hooks {
            let sorted = self.with_store(|store| {
                let newest = store.newest_change()?;
                if newest == hook.seen { Ok(()) } else { store.write(|txn| sort(txn, &hook.name, now)) }
            });
            sorted?;
            // One that fails is tried with one thing until it takes that.
            let most = if hook.standing.failing.is_some() { 1 } else { MOST_OF_ONE };
            let busy = busy.get(&hook.name).copied().unwrap_or(0);
            let most = most.saturating_sub(busy);
            if most == 0 || hook.standing.next > now {
                continue;
            }
            let due = self.with_store(|store| store.hook_cases_due(&hook.name, now, most))?.len();
            let since = hook.standing.told.unwrap_or(0).max(hook.standing.next);
            waiting.push(Waiting { name: hook.name, busy, due, since, given: 0 });
        }
        give_out(&mut waiting, MOST_AT_ONCE.saturating_sub(busy.values().sum()));
        let mut all = Vec::new();
        for hook in waiting.iter().filter(|hook| hook.given > 0) {
            let taken = self.with_store(|store| store.write(|txn| self.take_due(txn, &hook.name, hook.given, now)))?;
            all.extend(taken);
        }
        Ok(all)
    }

    /// Takes cases of which a receiver is to be told, and what it is to be told next of each.
    fn take_due(&self, txn: &Txn<'_>, name: &str, most: usize, now: i64) -> Result<Vec<Telling>, DeskError> {
        // It may have changed since it was looked at: by another process.
        let Some(hook) = txn.hook(name)?.filter(|hook| hook.standing.off.is_none() && hook.standing.next <= now) else {
            return Ok(Vec::new());
        };
        let Some(secret) = HookSecret::read(&hook.secret) else {
            // Others do not wait for it.
            let why = Some(HookError::Altered(hook.name.clone()).to_string());
            txn.put_hook_standing(name, &HookStanding { off: Some(now), why, ..hook.standing })?;
            return Ok(Vec::new());
        };
        let mut all = Vec::new();
        for row in txn.hook_cases_due(name, now, most)? {
            let Some(change) = txn.next_change_of(row.case, row.number, hook.seen, &hook.kinds)? else {
                txn.delete_hook_case(name, row.case)?;
                continue;
            };
            let taken = now.saturating_add(LEASE);
            all.push(Telling {
                hook: hook.name.clone(),
                case: row.case,
                number: change.number,
                taken,
                place: Place { url: hook.url.clone(), private: hook.private },
                secret: secret.clone(),
                message: Message::of(txn, &self.party(), &change)?,
            });
            txn.put_hook_case(&HookCase { taken: Some(taken), ..row })?;
        }
        Ok(all)
    }

    /// What came of telling a receiver. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A damaged, full or busy store: then it is told once more later, under the same id.
    pub fn told(&self, telling: &Telling, outcome: &Result<u16, NotTaken>, now: i64) -> Result<HookTold, DeskError> {
        let news = self.with_store(|store| {
            store.write(|txn| {
                let Some(hook) = txn.hook(&telling.hook)? else { return Ok(None) };
                let row = txn.hook_case(&telling.hook, telling.case)?;
                // Somebody else may have it since, where this one took too long.
                let Some(row) = row.filter(|row| row.taken == Some(telling.taken)) else { return Ok(None) };
                match outcome {
                    Ok(_) => took(txn, &hook, row, telling.number, now),
                    Err(why) => not_took(txn, &hook, row, why, now),
                }
            })
        });
        Ok(HookTold { news: news.map_err(|why: StoreError| DeskError::from(why))? })
    }
}

/// A receiver that can be told something now.
#[derive(Debug)]
struct Waiting {
    name: String,
    /// How many messages are under way to it.
    busy: usize,
    /// How many more could be.
    due: usize,
    /// When it last took something, or from when on it may be tried again.
    since: i64,
    /// How many more it gets now.
    given: usize,
}

/// Gives out the places that are free, one by one: each to whoever has the fewest messages under way, and among those to who
/// has waited longest. So receivers that are slow and always have something due keep no other from being told: whoever is
/// told nothing gets the next place that is free.
fn give_out(waiting: &mut [Waiting], room: usize) {
    for _ in 0..room {
        let open = waiting.iter_mut().filter(|hook| hook.given < hook.due);
        let Some(next) = open.min_by_key(|hook| (hook.busy + hook.given, hook.since)) else { return };
        next.given += 1;
    }
}

/// Notes the cases of changes that a receiver is to be told of, as far as they are not noted yet.
fn sort(txn: &Txn<'_>, name: &str, now: i64) -> Result<(), StoreError> {
    let Some(hook) = txn.hook(name)? else { return Ok(()) };
    let changes = txn.changes(hook.seen, SORTED_AT_ONCE)?;
    let Some(last) = changes.last().map(|change| change.number) else { return Ok(()) };
    for change in changes.iter().filter(|change| hook.kinds.contains(&change.kind)) {
        if txn.hook_case(name, change.case)?.is_none() {
            txn.put_hook_case(&HookCase {
                hook: hook.name.clone(),
                case: change.case,
                number: change.number.saturating_sub(1),
                tries: 0,
                next: now,
                taken: None,
                failing: None,
                trouble: None,
            })?;
        }
    }
    txn.put_hook_seen(name, last)
}

fn took(txn: &Txn<'_>, hook: &HookRow, row: HookCase, number: u64, now: i64) -> Result<Option<HookNews>, StoreError> {
    if txn.next_change_of(row.case, number, hook.seen, &hook.kinds)?.is_some() {
        let row = HookCase { number, tries: 0, next: now, taken: None, failing: None, trouble: None, ..row };
        txn.put_hook_case(&row)?;
    } else {
        txn.delete_hook_case(&hook.name, row.case)?;
    }
    if let Some(since) = hook.standing.failing {
        txn.hook_takes_again(&hook.name, since, now)?;
    }
    // Switched off meanwhile, it stays so.
    let (off, why) = (hook.standing.off, hook.standing.why.clone());
    txn.put_hook_standing(&hook.name, &HookStanding { told: Some(now), off, why, ..HookStanding::default() })?;
    Ok(hook.standing.failing.map(|_| HookNews::Again { name: hook.name.clone() }))
}

fn not_took(
    txn: &Txn<'_>,
    hook: &HookRow,
    row: HookCase,
    why: &NotTaken,
    now: i64,
) -> Result<Option<HookNews>, StoreError> {
    let asked = i64::try_from(why.wait().as_millis()).unwrap_or(i64::MAX);
    let after = |tries: u64, longest: i64| {
        let wait = wait_after(tries, random::<1>()[0]).min(longest);
        now.saturating_add(wait.max(asked))
    };
    let tries = row.tries.saturating_add(1);
    let failing = row.failing.or(Some(now));
    txn.put_hook_case(&HookCase {
        tries,
        next: after(tries, i64::MAX),
        taken: None,
        failing,
        trouble: Some(why.to_string()),
        ..row
    })?;
    let mut standing = hook.standing.clone();
    let since = *standing.failing.get_or_insert(now);
    // What was under way at the same time, and failed alike, counts once.
    if now >= standing.next {
        standing.tries = standing.tries.saturating_add(1);
        standing.next = after(standing.tries, LONGEST_PAUSE);
    }
    standing.trouble = Some(why.to_string());
    let name = hook.name.clone();
    let news = if standing.off.is_some() {
        None
    } else if *why == NotTaken::Gone {
        standing.off = Some(now);
        standing.why = Some(why.to_string());
        Some(HookNews::Off { name, why: why.to_string() })
    } else if now.saturating_sub(since) >= GIVE_UP && standing.tries >= LEAST_TRIES {
        let why = format!("it took nothing for 5 days: {why}");
        standing.off = Some(now);
        standing.why = Some(why.clone());
        Some(HookNews::Off { name, why })
    } else {
        hook.standing.failing.is_none().then(|| HookNews::Fails { name, why: why.to_string() })
    };
    txn.put_hook_standing(&hook.name, &standing)?;
    Ok(news)
}

/// How long to wait after so many tries in a row, in milliseconds. `chance` moves it by up to a fifth either way, so that
/// not everybody asks a receiver at once when it comes back.
fn wait_after(tries: u64, chance: u8) -> i64 {
    let step = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX).min(WAITS.len() - 1);
    WAITS[step] * (80 + i64::from(chance) * 40 / 255) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_longer_each_time_and_never_much_longer_than_it_should() {
        for chance in [0, 1, 127, 255] {
            for tries in 1..40 {
                let (wait, next) = (wait_after(tries, chance), wait_after(tries + 1, chance));
                assert!(next >= wait, "{tries}");
                assert!((4 * SECOND..=7 * HOUR + 12 * MINUTE).contains(&wait), "{wait}");
            }
        }
        assert_eq!((wait_after(1, 0), wait_after(1, 255)), (4 * SECOND, 6 * SECOND));
        assert_eq!(wait_after(u64::MAX, 0), 6 * HOUR * 4 / 5);
    }

    #[test]
    fn five_days_are_enough_tries_to_give_up_after() {
        let (mut at, mut tries) = (0, 0);
        while at < GIVE_UP {
            tries += 1;
            at += wait_after(tries, 255);
        }
        assert!(tries >= LEAST_TRIES, "{tries}");
    }

    #[test]
    fn who_tells_has_more_time_than_the_receiver() {
        assert!(i64::try_from(HOOK_PATIENCE.as_millis()).is_ok_and(|patience| LEASE > 2 * patience));
    }
}
