//! What cannot be done just now is set aside: a rule waits where its own seat fails it, or in one case, and all rules wait in a
//! case that cannot be read; nobody waits with them.
//!
//! What is kept of that is a place in the order of changes, and no list of what came in: so it stays small whatever others
//! send. When its time comes, what came in since that place is looked at again, in order; what was done meanwhile is known by
//! the row in the transaction that did it.

use counterpart_core::id::{CaseId, EntryId};
use counterpart_node::{DeskError, RuleBehind, RuleDone};
use counterpart_process::standing_rule::{OLDEST, StandingRule};
use counterpart_store::{Change, ChangeKind};

use super::{
    runner::{AT_ONCE, Look, Opened, Runner, Step},
    told::{Told, What},
};
use crate::error::{CommandError, Done};

const FIRST_PAUSE: i64 = 5_000;
const LONGEST_PAUSE: i64 = 60 * 60 * 1000;

/// So many wait in one case each. Where there are more, a rule waits in all cases at once; what waited for all rules is left to
/// a person.
pub(super) const MOST_IN_CASES: usize = 100;

/// Changes that are read in one look for whoever waited.
const READ_AT_ONCE: usize = 1000;

/// How long to wait before the next try, in milliseconds.
pub(super) fn pause(tries: u32) -> i64 {
    FIRST_PAUSE.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE)
}

/// Who waits: a rule, in one case or in all of them; or all rules in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) rule: Option<String>,
    pub(super) case: Option<String>,
}

impl Who {
    fn is(&self, behind: &RuleBehind) -> bool {
        self.rule == behind.rule && self.case == behind.case
    }
}

/// What went wrong, and from where on is waited.
#[derive(Debug)]
pub(super) struct Trouble {
    /// The number of the change before it.
    pub(super) from: u64,
    /// When it came in or fell due, Unix milliseconds.
    pub(super) at: i64,
    /// As it is told; why is in it.
    pub(super) told: Told,
}

/// What became of somebody's turn.
enum Turn {
    /// It has caught up, or waits already.
    Over,
    /// It is to try again later.
    Later,
    /// There is more to look at at once.
    More,
    /// The store does not answer.
    Down,
}

fn later(behind: &mut RuleBehind, now: i64) {
    behind.tries = behind.tries.saturating_add(1);
    behind.again = now.saturating_add(pause(behind.tries));
}

impl Look {
    /// Whether a change waits for somebody else's turn, for a rule.
    pub(super) fn waits(&self, rule: &StandingRule, change: &Change, turn: Option<&Who>) -> bool {
        let case = change.case.to_hex();
        let others = self.looked.behind.iter().filter(|behind| turn.is_none_or(|turn| !turn.is(behind)));
        others.filter(|behind| behind.from < change.number).any(|behind| {
            behind.rule.as_ref().is_none_or(|id| *id == rule.id)
                && behind.case.as_ref().is_none_or(|known| *known == case)
        })
    }

    /// Whether a rule waits in all cases.
    pub(super) fn waits_everywhere(&self, rule: &str) -> bool {
        self.looked.behind.iter().any(|behind| behind.rule.as_deref() == Some(rule) && behind.case.is_none())
    }

    fn behind(&mut self, who: &Who) -> Option<&mut RuleBehind> {
        self.looked.behind.iter_mut().find(|behind| who.is(behind))
    }

    /// Sets something aside; whether it is for whoever's turn it is, which gets no further then.
    pub(super) fn set_aside(&mut self, mut who: Who, trouble: Trouble, turn: Option<&Who>) -> bool {
        let now = self.now;
        self.changed = true;
        let in_cases = self.looked.behind.iter().filter(|behind| behind.case.is_some()).count();
        if who.case.is_some() && in_cases >= MOST_IN_CASES && self.behind(&who).is_none() {
            if who.rule.is_none() {
                self.told.push(trouble.told.given_up());
                return false;
            }
            who.case = None;
        }
        let its_turn = turn == Some(&who);
        match self.behind(&who) {
            Some(behind) => {
                // Another turn may have come to something before the place where this one is.
                behind.from = behind.from.min(trouble.from);
                if its_turn {
                    behind.at = trouble.at;
                    later(behind, now);
                } else {
                    behind.at = behind.at.min(trouble.at);
                }
            }
            None => {
                let Who { rule, case } = who;
                let Trouble { from, at, told } = trouble;
                let again = now.saturating_add(pause(0));
                self.looked.behind.push(RuleBehind { rule, case, from, at, tries: 0, again, left: false });
                self.told.push(told);
            }
        }
        its_turn
    }

    fn put_off(&mut self, who: &Who) {
        let now = self.now;
        if let Some(behind) = self.behind(who) {
            later(behind, now);
        }
    }

    /// Keeps what there is to know of rules that were not ended, and places that are there.
    pub(super) fn keep_behind(&mut self, seen: u64) {
        let known = |id: &String| self.rules.iter().any(|rule| rule.id == *id);
        self.looked.done.retain(|id, _| known(id));
        let before = self.looked.behind.len();
        self.looked.behind.retain(|behind| behind.rule.as_ref().is_none_or(known));
        self.changed |= self.looked.behind.len() != before;
        for behind in &mut self.looked.behind {
            // A store put back from a backup may be behind.
            behind.from = behind.from.min(seen);
        }
    }

    /// Whoever may try again now, those that wait longest first.
    fn turns(&self) -> Vec<Who> {
        let stands = |id: &String| self.rules.iter().any(|rule| rule.id == *id);
        let behind = self.looked.behind.iter();
        let mut all: Vec<&RuleBehind> =
            behind.filter(|behind| behind.again <= self.now && behind.rule.as_ref().is_none_or(stands)).collect();
        all.sort_by_key(|behind| behind.again);
        all.into_iter().map(|behind| Who { rule: behind.rule.clone(), case: behind.case.clone() }).collect()
    }

    /// Tells once that what waited for two days is left to a person.
    fn give_up(&mut self, who: &Who, rule: Option<&StandingRule>, first: Option<&Change>) {
        let now = self.now;
        let Some(behind) = self.behind(who).filter(|behind| now.saturating_sub(behind.at) > OLDEST) else { return };
        if std::mem::replace(&mut behind.left, true) {
            return;
        }
        self.changed = true;
        let entry = first.and_then(|change| change.what).map(EntryId);
        if let (Some(rule), Some(entry), Some(change)) = (rule, entry, first) {
            let (case, entry) = (change.case.to_hex(), entry.to_hex());
            let what = "left to you: it could not be done for two days".to_owned();
            self.looked.did(rule, RuleDone { at: now, case, key: entry.clone(), entry, what, entries: Vec::new() });
        }
        let what = What::Trouble { why: "it could not be done for two days".to_owned(), given_up: true };
        self.told.push(Told {
            rule: rule.map(|rule| rule.name.clone()),
            case: first.map(|change| change.case),
            about: entry.map(|entry| (entry, "what came in".to_owned())),
            what,
        });
    }
}

/// What those that wait may still have of a look.
#[derive(Debug)]
struct Left {
    /// Changes that are looked into.
    into: usize,
    /// Changes that are read.
    read: usize,
}

impl Runner {
    /// Those that wait try again, where it is time; whether there is more to look at at once.
    pub(super) fn catch_up(&mut self, look: &mut Look, opened: &mut Opened) -> bool {
        let mut left = Left { into: AT_ONCE, read: READ_AT_ONCE };
        let mut more = false;
        for who in look.turns() {
            if left.into == 0 || left.read == 0 {
                return true;
            }
            look.changed = true;
            match self.turn(look, opened, &who, &mut left) {
                Turn::Over => {}
                Turn::Later => {
                    // A key under a passphrase takes its time.
                    left.into = left.into.saturating_sub(1);
                    look.put_off(&who);
                }
                Turn::More => more = true,
                Turn::Down => return false,
            }
        }
        more
    }

    /// Looks at what waits, from its place on.
    fn turn(&mut self, look: &mut Look, opened: &mut Opened, who: &Who, left: &mut Left) -> Turn {
        let now = look.now;
        let rule = who.rule.as_ref().and_then(|id| look.rules.iter().find(|rule| rule.id == *id)).cloned();
        let due = rule.as_ref().is_some_and(|rule| rule.when.is_due());
        let mut begun = false;
        loop {
            let Some(from) = look.behind(who).map(|behind| behind.from) else { return Turn::Over };
            // What is due is found in the cases again: for that no change waits.
            let changes = if due { Ok(Vec::new()) } else { self.waiting(look, who, from) };
            let Ok(changes) = changes else { return Turn::Later };
            if !std::mem::replace(&mut begun, true) {
                look.give_up(who, rule.as_ref(), changes.first());
                // What waits in all cases waits for the seat.
                if let (Some(rule), None) = (&rule, &who.case)
                    && self.ready(rule).is_err()
                {
                    return Turn::Later;
                }
            }
            if changes.is_empty() {
                look.looked.behind.retain(|behind| !who.is(behind));
                return Turn::Over;
            }
            for change in changes {
                let step = self.change(look, opened, &change, Some(who));
                if step != Step::Passed {
                    left.into = left.into.saturating_sub(1);
                }
                let Some(behind) = look.behind(who) else { return Turn::Over };
                match step {
                    Step::Stuck => return Turn::Over,
                    Step::Down => return Turn::Down,
                    Step::Passed => {}
                    Step::Looked => behind.tries = 0,
                }
                behind.from = change.number;
                left.read = left.read.saturating_sub(1);
                if left.into == 0 || left.read == 0 {
                    // Whoever waits beside it comes first the next time.
                    behind.again = now;
                    return Turn::More;
                }
            }
        }
    }

    /// The next changes that may wait, in order.
    fn waiting(&self, look: &Look, who: &Who, from: u64) -> Done<Vec<Change>> {
        let seen = look.looked.seen.unwrap_or(0);
        let Some(case) = &who.case else {
            let all = self.desk().changes(from, READ_AT_ONCE)?;
            return Ok(all.into_iter().filter(|change| change.number <= seen).collect());
        };
        let case = CaseId::from_hex(case).ok_or_else(|| CommandError::failed("what was kept of it was altered"))?;
        let kinds = [ChangeKind::ActReceived];
        let next = self.desk().with_store(|store| store.next_change_of(case, from, seen, &kinds));
        Ok(next.map_err(DeskError::from)?.into_iter().collect())
    }
}
