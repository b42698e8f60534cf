//! What is due: promises whose time passed, and service clocks that are about to run out. Cases are opened for that a few at
//! a time, after a start and when something changed in them; from then on it is known when to look at each again.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::id::CaseId;
use counterpart_node::due_instant;
use counterpart_process::{
    clocks::clocks,
    standing_rule::{Happening, OLDEST, StandingRule, When},
};

use super::{
    runner::{Look, Runner},
    template,
    told::{Told, What},
};
use crate::{case::OpenCase, error::Done};

/// Cases opened in one look.
const AT_ONCE: usize = 50;

const MINUTE: i64 = 60_000;

/// When to look at which case.
#[derive(Debug, Default)]
pub(super) struct Dues {
    /// All cases were named once, since there are rules about what is due.
    begun: bool,
    /// To be looked at as soon as their turn comes.
    next: BTreeSet<CaseId>,
    /// When to look at the others again, Unix milliseconds.
    later: BTreeMap<CaseId, i64>,
}

impl Dues {
    /// Something changed in a case.
    pub(super) fn touch(&mut self, case: CaseId) {
        if self.begun {
            self.next.insert(case);
        }
    }

    pub(super) fn look(&mut self, runner: &mut Runner, look: &mut Look) {
        let rules: Vec<StandingRule> = look.rules.iter().filter(|rule| rule.when.is_due()).cloned().collect();
        if rules.is_empty() {
            *self = Self::default();
            return;
        }
        if !self.begun {
            match runner.open_cases() {
                Ok(open) => self.next.extend(open),
                // The next look does it.
                Err(_busy) => return,
            }
            self.begun = true;
        }
        let now = look.now;
        let due = self.later.iter().filter(|(_, at)| **at <= now).map(|(case, _)| *case);
        let turn: Vec<CaseId> = due.chain(self.next.iter().copied()).take(AT_ONCE).collect();
        for case in turn {
            self.next.remove(&case);
            self.later.remove(&case);
            match of_case(runner, look, &rules, case) {
                Ok(None) => {}
                Ok(Some(at)) => {
                    self.later.insert(case, at);
                }
                Err(why) => {
                    let what = What::Trouble { why: why.message, given_up: false };
                    look.told.push(Told { rule: None, case: Some(case), about: None, what });
                    self.later.insert(case, now.saturating_add(10 * MINUTE));
                }
            }
        }
    }
}

/// Looks at what is due in a case, and says when to look again.
fn of_case(runner: &mut Runner, look: &mut Look, rules: &[StandingRule], case: CaseId) -> Done<Option<i64>> {
    let mut case = OpenCase::open(runner.desk(), &case.to_hex())?;
    let (happened, next) = due_in(&mut case, rules, look.now);
    let template = template(runner.desk(), &case)?;
    for happened in &happened {
        for rule in rules.iter().filter(|rule| rule.when == happened.when) {
            runner.one(look, rule, &case, happened, template.as_deref())?;
        }
    }
    Ok(next)
}

/// What is due in a case, and when to look again.
pub(super) fn due_in(case: &mut OpenCase, rules: &[StandingRule], now: i64) -> (Vec<Happening>, Option<i64>) {
    let (mut all, mut next) = (Vec::new(), None::<i64>);
    let mut again = |at: i64| next = Some(next.map_or(at, |known| known.min(at)));
    let brief = case.record.brief();
    for promised in brief.iter().flat_map(|brief| &brief.due) {
        let Some(at) = due_instant(&promised.due, promised.counted_from) else { continue };
        if at > now {
            again(at);
        } else if now - at <= OLDEST {
            all.push(Happening::overdue(&case.record, promised, at, &case.own));
        }
    }
    let of_clocks: Vec<i64> =
        rules.iter().filter(|rule| rule.when == When::Clock).filter_map(|rule| rule.only.left).map(i64::from).collect();
    if of_clocks.is_empty() {
        return (all, next);
    }
    if let Some(Ok(running)) = clocks(&case.record, case.view(), now) {
        for clock in &running.clocks {
            let Some(happened) = Happening::running_out(&case.record, &running, clock, &case.own, now) else {
                continue;
            };
            let left = happened.left.unwrap_or_default();
            // Counted time never passes faster than time does.
            let later = of_clocks.iter().filter(|before| **before < left);
            later.for_each(|before| {
                again(now.saturating_add(left.saturating_sub(*before).max(1).saturating_mul(MINUTE)));
            });
            all.push(happened);
        }
    }
    (all, next)
}
