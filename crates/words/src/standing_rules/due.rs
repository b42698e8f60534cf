//! What is due: promises whose time passed, and service clocks that are about to run out. Cases are opened for that a few at
//! a time, after a start and when something changed in them; from then on it is known when to look at each again.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use counterpart_core::id::{CaseId, EntryId};
use counterpart_node::due_instant;
use counterpart_process::{
    clocks::clocks,
    standing_rule::{Happening, OLDEST, StandingRule, When},
};

use super::{
    aside::{Trouble, Who, pause},
    runner::{Failed, Look, Opened, Runner},
    template,
    told::{Told, What},
};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
};

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
    /// What failed, by the case and the rule's id; without one the case could not be read.
    failing: BTreeMap<(CaseId, Option<String>), Failing>,
    /// In these something is due that waits, and the rules that it waits for.
    waiting: BTreeSet<CaseId>,
    waited_for: BTreeSet<String>,
}

/// What failed in a case.
#[derive(Debug)]
struct Failing {
    /// Since when it is due, or could not be read, Unix milliseconds.
    at: i64,
    tries: u32,
    /// When it is tried again.
    again: i64,
    /// It was told that it is left to a person.
    left: bool,
}

impl Dues {
    /// Something changed in a case.
    pub(super) fn touch(&mut self, case: CaseId) {
        if self.begun {
            self.next.insert(case);
        }
    }

    pub(super) fn look(&mut self, runner: &mut Runner, look: &mut Look, opened: &mut Opened) {
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
        if self.waited_for.iter().any(|rule| !look.waits_everywhere(rule)) {
            self.waited_for.clear();
            self.next.append(&mut self.waiting);
        }
        let now = look.now;
        let due = self.later.iter().filter(|(_, at)| **at <= now).map(|(case, _)| *case);
        let turn: Vec<CaseId> = due.chain(self.next.iter().copied()).take(AT_ONCE).collect();
        for case in turn {
            self.next.remove(&case);
            self.later.remove(&case);
            let unreadable = self.failing.get(&(case, None)).map(|failing| failing.again);
            let again = match unreadable.filter(|again| *again > now) {
                Some(again) => Some(again),
                None => match self.of_case(runner, look, opened, &rules, case) {
                    Ok(again) => again,
                    Err(_) if runner.is_down() => {
                        self.next.insert(case);
                        return;
                    }
                    Err(why) => Some(self.fails(look, case, None, now, None, why)),
                },
            };
            self.later.extend(again.map(|at| (case, at)));
        }
    }

    /// Looks at what is due in a case, and says when to look again.
    fn of_case(
        &mut self,
        runner: &mut Runner,
        look: &mut Look,
        opened: &mut Opened,
        rules: &[StandingRule],
        id: CaseId,
    ) -> Done<Option<i64>> {
        let case = opened.case(runner.desk(), id)?;
        let (happened, next) = due_in(case, rules, look.now);
        let template = template(runner.desk(), case)?;
        let mut again: Vec<i64> = next.into_iter().collect();
        let mut failed: BTreeSet<&str> = BTreeSet::new();
        for happened in &happened {
            for rule in rules.iter().filter(|rule| rule.when == happened.when) {
                if look.waits_everywhere(&rule.id) {
                    self.waiting.insert(id);
                    self.waited_for.insert(rule.id.clone());
                    continue;
                }
                let known = self.failing.get(&(id, Some(rule.id.clone()))).map(|failing| failing.again);
                if let Some(at) = known.filter(|at| *at > look.now) {
                    // What is due after it waits for it.
                    failed.insert(&rule.id);
                    again.push(at);
                    continue;
                }
                let about = |case: &OpenCase| (happened.entry, case.entry_name(&happened.entry));
                match runner.one(look, opened, rule, id, happened, template.as_deref()) {
                    Ok(held) => again.extend(held),
                    Err(_) if runner.is_down() => {
                        self.next.insert(id);
                        return Ok(None);
                    }
                    Err(Failed::Case(why)) => {
                        failed.insert(&rule.id);
                        let about = opened.case(runner.desk(), id).ok().map(|case| about(case));
                        again.push(self.fails(look, id, Some(rule), happened.at, about, why));
                    }
                    Err(Failed::Seat(why)) => {
                        self.waiting.insert(id);
                        self.waited_for.insert(rule.id.clone());
                        let about = opened.case(runner.desk(), id).ok().map(|case| about(case));
                        let told = trouble(id, Some(rule), about, why);
                        let from = look.looked.seen.unwrap_or(0);
                        let who = Who { rule: Some(rule.id.clone()), case: None };
                        look.set_aside(who, Trouble { from, at: happened.at, told }, None);
                    }
                }
            }
        }
        self.went(look, id, rules, &failed);
        Ok(again.into_iter().min())
    }

    /// Something failed; gives when to try again.
    fn fails(
        &mut self,
        look: &mut Look,
        case: CaseId,
        rule: Option<&StandingRule>,
        at: i64,
        about: Option<(EntryId, String)>,
        why: CommandError,
    ) -> i64 {
        let now = look.now;
        let told = trouble(case, rule, about, why);
        let known = self.failing.get_mut(&(case, rule.map(|rule| rule.id.clone())));
        let Some(failing) = known else {
            let failing = Failing { at, tries: 0, again: now.saturating_add(pause(0)), left: false };
            let again = failing.again;
            self.failing.insert((case, rule.map(|rule| rule.id.clone())), failing);
            look.told.push(told);
            return again;
        };
        failing.tries = failing.tries.saturating_add(1);
        failing.again = now.saturating_add(pause(failing.tries));
        if now.saturating_sub(failing.at) > OLDEST && !mem::replace(&mut failing.left, true) {
            look.told.push(told.given_up());
        }
        failing.again
    }

    /// A case was looked at, and all but these rules found nothing in their way. What was too old by then was given up.
    fn went(&mut self, look: &mut Look, case: CaseId, rules: &[StandingRule], failed: &BTreeSet<&str>) {
        let of_case = self.failing.range((case, None)..).take_while(|((known, _), _)| *known == case);
        let over = of_case.filter(|((_, rule), _)| rule.as_deref().is_none_or(|rule| !failed.contains(rule)));
        let over: Vec<(CaseId, Option<String>)> = over.map(|(known, _)| known.clone()).collect();
        for known in over {
            let Some(failing) = self.failing.remove(&known) else { continue };
            let rule = rules.iter().find(|rule| Some(&rule.id) == known.1.as_ref());
            if rule.is_some() && !failing.left && look.now.saturating_sub(failing.at) > OLDEST {
                let why = CommandError::failed("it could not be done for two days");
                look.told.push(trouble(case, rule, None, why).given_up());
            }
        }
    }
}

fn trouble(case: CaseId, rule: Option<&StandingRule>, about: Option<(EntryId, String)>, why: CommandError) -> Told {
    let what = What::Trouble { why: why.message, given_up: false };
    Told { rule: rule.map(|rule| rule.name.clone()), case: Some(case), about, what }
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
