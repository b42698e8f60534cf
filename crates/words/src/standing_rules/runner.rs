//! One look after the other: what came in since the last, in order, and what is due.
//!
//! That a rule acted is kept in the transaction that signs. How far was looked is kept afterwards: after a crash the same is
//! looked at again, and what was done is not done twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use counterpart_core::{
    id::{CaseId, DeviceKey, EntryId},
    statement::Entry,
};
use counterpart_node::{Desk, DeskError, RuleCount, RuleDone, RuleOutcome, RulesLooked, count_rule, keep_rule_acted};
use counterpart_process::standing_rule::{Happening, Miss, OLDEST, StandingRule, Then, When};
use counterpart_store::{Change, ChangeKind, StoreError, Txn};

use super::{
    Stopped, bounded,
    due::Dues,
    made_ready, seat_of, template,
    told::{Told, What},
};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
};

/// Changes looked at in one go.
const AT_ONCE: usize = 200;
/// So long one look takes, and one change more: what is due, and whoever stops the node, wait for it.
const ONE_LOOK: Duration = Duration::from_secs(2);

/// What cannot be looked at is tried again for so long: milliseconds.
const PATIENCE: i64 = 60_000;

/// Holds what happens against the rules of a home. One at a time for a home: its running node has it.
#[derive(Debug)]
pub struct Runner {
    desk: Desk,
    /// The desks at the rules' seats, once they were needed.
    seats: BTreeMap<String, Desk>,
    looked: Option<RulesLooked>,
    /// Rules, by id, of which it was told that they stopped.
    stopped: BTreeMap<String, Stopped>,
    /// Since when the next change cannot be looked at.
    stuck: Option<i64>,
    due: Dues,
}

/// One look: the rules that stand, what is told, and how far it got.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) rules: Vec<StandingRule>,
    /// The devices of all seats that have rules.
    devices: BTreeSet<DeviceKey>,
    pub(super) told: Vec<Told>,
    looked: RulesLooked,
    changed: bool,
    pub(super) now: i64,
}

impl Runner {
    /// Over a desk of its own, that of the home.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk, seats: BTreeMap::new(), looked: None, stopped: BTreeMap::new(), stuck: None, due: Dues::default() }
    }

    /// Looks at what came in and what is due, and does what the rules say; gives what there is to tell, and whether there
    /// is more to look at at once. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the rules or the store cannot be read at all. What was done is done, and is not done again.
    pub fn look(&mut self, now: i64) -> Done<(Vec<Told>, bool)> {
        // Before the rules: what comes in after they were read waits for the next look.
        let newest = self.desk.newest_change()?;
        let rules = self.desk.standing_rules()?;
        if rules.is_empty() {
            self.looked = None;
            self.due = Dues::default();
            return Ok((Vec::new(), false));
        }
        let mut looked = self.looked.take().unwrap_or_else(|| self.desk.rules_looked());
        looked.done.retain(|id, _| rules.iter().any(|rule| rule.id == *id));
        let devices = rules.iter().map(|rule| rule.device).collect();
        let mut look = Look { rules, devices, told: Vec::new(), looked, changed: false, now };
        self.leave_out_stopped(&mut look)?;
        let more = self.changes(&mut look, newest)?;
        let mut due = std::mem::take(&mut self.due);
        due.look(self, &mut look);
        self.due = due;
        if look.changed {
            self.desk.keep_rules_looked(&look.looked)?;
        }
        self.looked = Some(look.looked);
        Ok((look.told, more))
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Rules whose seat is gone or may sign no more do nothing, which is told once.
    fn leave_out_stopped(&mut self, look: &mut Look) -> Done {
        let seats = self.desk.seats()?;
        let mut stand = Vec::new();
        for rule in std::mem::take(&mut look.rules) {
            let Err(why) = seat_of(&seats, &rule) else {
                self.stopped.remove(&rule.id);
                stand.push(rule);
                continue;
            };
            self.seats.remove(&rule.seat);
            if self.stopped.insert(rule.id.clone(), why) != Some(why) {
                look.told.push(Told { rule: Some(rule.name), case: None, about: None, what: What::Stopped(why) });
            }
        }
        look.rules = stand;
        Ok(())
    }

    /// What came in since the last look, up to this number; whether there is more.
    fn changes(&mut self, look: &mut Look, newest: u64) -> Done<bool> {
        let first = look.rules.iter().map(|rule| rule.after).min().unwrap_or(newest);
        // A store put back from a backup may be behind.
        let seen = look.looked.seen.unwrap_or(0).max(first).min(newest);
        look.changed |= look.looked.seen != Some(seen);
        look.looked.seen = Some(seen);
        let begun = Instant::now();
        for change in self.desk.changes(seen, AT_ONCE)?.into_iter().filter(|change| change.number <= newest) {
            self.due.touch(change.case);
            if let Err(why) = self.change(look, &change) {
                let since = *self.stuck.get_or_insert(look.now);
                let given_up = look.now.saturating_sub(since) >= PATIENCE;
                if since == look.now || given_up {
                    let about = change.what.map(|id| (EntryId(id), "what came in".to_owned()));
                    let what = What::Trouble { why: why.message, given_up };
                    look.told.push(Told { rule: None, case: Some(change.case), about, what });
                }
                if !given_up {
                    return Ok(false);
                }
            }
            self.stuck = None;
            look.looked.seen = Some(change.number);
            look.changed = true;
            if begun.elapsed() >= ONE_LOOK {
                break;
            }
        }
        Ok(look.looked.seen.is_some_and(|seen| seen < newest))
    }

    fn change(&mut self, look: &mut Look, change: &Change) -> Done {
        let Some(id) = change.what.map(EntryId).filter(|_| change.kind == ChangeKind::ActReceived) else {
            return Ok(());
        };
        let meant = |rule: &&StandingRule| !rule.when.is_due() && change.number > rule.after;
        if look.now.saturating_sub(change.at) > OLDEST || !look.rules.iter().any(|rule| meant(&rule)) {
            return Ok(());
        }
        let stored = self.desk.with_store(|store| store.entry(change.case, id)).map_err(DeskError::from)?;
        // No case is opened for what no rule is about.
        let Some(entry) = stored.and_then(|stored| Entry::decode(&stored.envelope).ok()) else { return Ok(()) };
        let Some(when) = When::of_kind(&entry.statement.kind) else { return Ok(()) };
        if entry.statement.party == self.desk.party() {
            return Ok(());
        }
        let rules: Vec<StandingRule> =
            look.rules.iter().filter(meant).filter(|rule| rule.when == when).cloned().collect();
        if rules.is_empty() {
            return Ok(());
        }
        let case = OpenCase::open(&self.desk, &change.case.to_hex())?;
        let Some(ix) = case.record.graph().find(&id) else { return Ok(()) };
        let Some(happened) = Happening::came(&case.record, ix, &case.own) else { return Ok(()) };
        let template = template(&self.desk, &case)?;
        rules.iter().try_for_each(|rule| self.one(look, rule, &case, &happened, template.as_deref()))
    }

    /// Does what a rule says about something, where it is meant and did not do so yet.
    pub(super) fn one(
        &mut self,
        look: &mut Look,
        rule: &StandingRule,
        case: &OpenCase,
        happened: &Happening,
        template: Option<&str>,
    ) -> Done {
        if look.now.saturating_sub(happened.at) > OLDEST {
            return Ok(());
        }
        let meant = rule.meant(happened, template);
        match meant {
            // It looks meant, and is more than the rule may decide.
            Err(miss @ (Miss::Value | Miss::NotPlain)) => {
                return self.tell(look, rule, case, happened, What::PassedOver(miss));
            }
            Err(_) => return Ok(()),
            Ok(()) => {}
        }
        if let Some(before) = self.desk.rule_acted(rule, &happened.key)? {
            // Told before, or ended before it could be.
            look.remember(rule, case.id, happened, before.what, before.entries);
            return Ok(());
        }
        // It may have been ended since this look began.
        if self.desk.standing_rule(&rule.name).map_or(true, |stands| stands.id != rule.id) {
            return Ok(());
        }
        let what = match &rule.then {
            Then::Assign(agent) => {
                if !self.desk.assign_by_rule(rule, &happened.key, &case.id, agent, look.now)? {
                    return Ok(());
                }
                What::Assigned
            }
            Then::Sign(act) => self.sign(look, rule, case, happened, act)?,
        };
        self.tell(look, rule, case, happened, what)
    }

    fn tell(&self, look: &mut Look, rule: &StandingRule, case: &OpenCase, happened: &Happening, what: What) -> Done {
        let entries = match &what {
            What::Signed(entry, _) => vec![entry.to_hex()],
            _ => Vec::new(),
        };
        if !look.remember(rule, case.id, happened, what.kept(), entries) {
            // What is due is looked at again, and told once.
            return Ok(());
        }
        match &what {
            What::Signed(..) | What::Assigned => count_rule(RuleCount::Acted),
            What::Refused(_) => count_rule(RuleCount::Refused),
            What::Held(_) => count_rule(RuleCount::Held),
            _ => {}
        }
        let about = Some((happened.entry, case.entry_name(&happened.entry)));
        look.told.push(Told { rule: Some(rule.name.clone()), case: Some(case.id), about, what });
        Ok(())
    }

    /// Signs at the rule's seat; or says why not.
    fn sign(
        &mut self,
        look: &Look,
        rule: &StandingRule,
        case: &OpenCase,
        happened: &Happening,
        act: &serde_json::Value,
    ) -> Done<What> {
        // Before the case is opened again at the seat: whoever floods a case is not to cost more than that.
        if let Err(held) = bounded(&case.record, &case.own, rule, &look.devices, look.now) {
            return Ok(What::Held(held));
        }
        let seat = self.seat(rule)?;
        let case = OpenCase::open(seat, &case.id.to_hex())?;
        if let Err(held) = bounded(&case.record, &case.own, rule, &look.devices, look.now) {
            return Ok(What::Held(held));
        }
        let prepared = match made_ready(seat, &case, act, happened) {
            Ok(prepared) => prepared,
            Err(why) => return Ok(What::Refused(why)),
        };
        let keep = |txn: &Txn<'_>, signed: &[counterpart_core::record::Signed]| {
            let entries = signed.iter().map(|one| one.id.to_hex()).collect();
            let outcome = RuleOutcome { what: "signed".to_owned(), entries };
            keep_rule_acted(txn, rule, &happened.key, &outcome, look.now)
        };
        let (case, signed) = prepared.sign(seat, case, keep)?;
        let one = signed.first().ok_or_else(|| CommandError::failed("nothing was signed"))?;
        Ok(What::Signed(one.id, case.entry_name(&one.id)))
    }

    /// The desk at a rule's seat.
    fn seat(&mut self, rule: &StandingRule) -> Done<&Desk> {
        let known = self.seats.remove(&rule.seat).filter(|desk| desk.author().device == rule.device);
        let desk = match known {
            Some(desk) => desk,
            None => self.desk.at_seat(&rule.seat)?,
        };
        if desk.author().device != rule.device {
            return Err(CommandError::failed(Stopped::AnotherSeat.as_str()));
        }
        Ok(self.seats.entry(rule.seat.clone()).or_insert(desk))
    }

    /// All open cases, to see what is due in them.
    pub(super) fn open_cases(&self) -> Result<Vec<CaseId>, StoreError> {
        let all = self.desk.with_store(|store| store.summaries())?;
        Ok(all.into_iter().filter(|case| case.state != "closed").map(|case| case.case).collect())
    }
}

impl Look {
    /// Remembers what a rule did; whether it was not known.
    fn remember(
        &mut self,
        rule: &StandingRule,
        case: CaseId,
        happened: &Happening,
        what: String,
        entries: Vec<String>,
    ) -> bool {
        let done = RuleDone {
            at: self.now,
            case: case.to_hex(),
            key: happened.key.clone(),
            entry: happened.entry.to_hex(),
            what,
            entries,
        };
        let new = self.looked.did(rule, done);
        self.changed |= new;
        new
    }
}
