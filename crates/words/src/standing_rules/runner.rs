//! One look after the other: what came in since the last, in order, and what is due.
//!
//! That a rule acted is kept in the transaction that signs. How far was looked is kept afterwards: after a crash the same is
//! looked at again, and what was done is not done twice.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    act::Act,
    fold::Verdict,
    graph::Ix,
    id::{CaseId, DeviceKey, EntryId},
    statement::Entry,
};
use counterpart_node::{
    Desk, DeskError, RuleCount, RuleDone, RuleOutcome, RulesLooked, SeatHere, count_rule, keep_rule_acted,
};
use counterpart_process::standing_rule::{Happening, Miss, OLDEST, StandingRule, Then, When};
use counterpart_store::{Change, ChangeKind, StoreError, Txn};

use super::{
    Stopped,
    aside::{Trouble, Who},
    bounded,
    due::Dues,
    free_again, made_ready, seat_of, template,
    told::{Before, Held, Refusal, Told, What},
};
use crate::{
    case::OpenCase,
    error::{CommandError, Done, Kind},
};

/// Changes looked at in one go: a rule may sign at each, and what is due, and whoever stops the node, wait for the end of a look.
pub(super) const AT_ONCE: usize = 20;

/// Holds what happens against the rules of a home. One at a time for a home: its running node has it.
#[derive(Debug)]
pub struct Runner {
    desk: Desk,
    /// The desks at the rules' seats, once they were needed.
    seats: BTreeMap<String, Desk>,
    looked: Option<RulesLooked>,
    /// How far was looked could not be written down.
    unkept: bool,
    /// Rules, by id, of which it was told that they stopped.
    stopped: BTreeMap<String, Stopped>,
    due: Dues,
}

/// One look: the rules that stand, what came in, what is told, and how far it got.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) rules: Vec<StandingRule>,
    /// The devices of all seats that have rules.
    pub(super) devices: BTreeSet<DeviceKey>,
    /// What came in since the last look; the number of the newest that was there when the rules were read.
    pub(super) came: Vec<Change>,
    pub(super) newest: u64,
    pub(super) told: Vec<Told>,
    pub(super) looked: RulesLooked,
    pub(super) changed: bool,
    pub(super) now: i64,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It means nothing to a rule whose turn it is.
    Passed,
    /// It was looked into; what failed is set aside.
    Looked,
    /// Whoever's turn it is gets no further.
    Stuck,
    /// The store does not answer: nothing can be said of it.
    Down,
}

/// Why a rule could not act.
#[derive(Debug)]
pub(super) enum Failed {
    /// Its seat fails it, in all cases.
    Seat(CommandError),
    /// It failed in this case.
    Case(CommandError),
}

impl Failed {
    fn of(why: CommandError) -> Self {
        if why.kind == Kind::Identity { Self::Seat(why) } else { Self::Case(why) }
    }
}

impl From<CommandError> for Failed {
    fn from(why: CommandError) -> Self {
        Self::Case(why)
    }
}

impl From<DeskError> for Failed {
    fn from(why: DeskError) -> Self {
        Self::Case(why.into())
    }
}

/// The case that was opened last in a look: what comes in one after the other is often of one case.
#[derive(Debug, Default)]
pub(super) struct Opened(Option<OpenCase>);

impl Opened {
    /// A case as it is now: opened again where something was written to it since.
    pub(super) fn case(&mut self, desk: &Desk, id: CaseId) -> Done<&mut OpenCase> {
        let entries = desk.with_store(|store| store.entry_count(id)).map_err(DeskError::from)?;
        let as_it_is = |case: &OpenCase| case.id == id && case.record.graph().len() as u64 == entries;
        let case = match self.0.take().filter(as_it_is) {
            Some(case) => case,
            None => OpenCase::open(desk, &id.to_hex())?,
        };
        Ok(self.0.insert(case))
    }
}

impl Runner {
    /// Over a desk of its own, that of the home.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        let (seats, stopped) = (BTreeMap::new(), BTreeMap::new());
        Self { desk, seats, looked: None, unkept: false, stopped, due: Dues::default() }
    }

    /// Looks at what came in and what is due, and does what the rules say; gives what there is to tell, and whether there
    /// is more to look at at once. What fails for one rule, or in one case, is set aside and tried again. `now` in Unix
    /// milliseconds.
    ///
    /// # Errors
    /// When the rules or the store cannot be read at all; nothing was done then.
    pub fn look(&mut self, now: i64) -> Done<(Vec<Told>, bool)> {
        let look = self.begin(now)?;
        Ok(look.map(|look| self.carry_out(look)).unwrap_or_default())
    }

    /// What there is to look at; nothing where there are no rules.
    pub(super) fn begin(&mut self, now: i64) -> Done<Option<Look>> {
        // Where there are none, nothing is asked of the store, and no trouble of its is one of rules.
        if self.desk.standing_rules()?.is_empty() {
            self.looked = None;
            self.due = Dues::default();
            return Ok(None);
        }
        // Before the rules: what comes in after they were read waits for the next look.
        let newest = self.desk.newest_change()?;
        let rules = self.desk.standing_rules()?;
        // The last one may have been ended since.
        let Some(first) = rules.iter().map(|rule| rule.after).min() else { return Ok(None) };
        let seats = self.desk.seats()?;
        let looked = self.looked.get_or_insert_with(|| {
            let mut looked = self.desk.rules_looked();
            // Whoever started the node again may have mended what failed.
            looked.behind.iter_mut().for_each(|behind| behind.again = now);
            looked
        });
        // A store put back from a backup may be behind.
        let seen = looked.seen.unwrap_or(0).max(first).min(newest);
        let mut came = self.desk.changes(seen, AT_ONCE)?;
        came.retain(|change| change.number <= newest);
        let devices = rules.iter().map(|rule| rule.device).collect();
        let looked = self.looked.take().unwrap_or_default();
        let changed = self.unkept || looked.seen != Some(seen);
        let mut look = Look { rules, devices, came, newest, told: Vec::new(), looked, changed, now };
        look.looked.seen = Some(seen);
        look.keep_behind(seen);
        self.leave_out_stopped(&mut look, &seats);
        Ok(Some(look))
    }

    pub(super) fn carry_out(&mut self, mut look: Look) -> (Vec<Told>, bool) {
        let mut opened = Opened::default();
        let behind = self.catch_up(&mut look, &mut opened);
        let more = self.changes(&mut look, &mut opened);
        let mut due = std::mem::take(&mut self.due);
        due.look(self, &mut look, &mut opened);
        self.due = due;
        if look.changed {
            let kept = self.desk.keep_rules_looked(&look.looked);
            let unkept = std::mem::replace(&mut self.unkept, kept.is_err());
            if let Err(why) = kept
                && !unkept
            {
                let what = What::Trouble { why: why.to_string(), given_up: false };
                look.told.push(Told { rule: None, case: None, about: None, what });
            }
        }
        self.looked = Some(look.looked);
        (look.told, behind || more)
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Rules whose seat is gone or may sign no more do nothing, which is told once.
    fn leave_out_stopped(&mut self, look: &mut Look, seats: &[SeatHere]) {
        let mut stand = Vec::new();
        for rule in std::mem::take(&mut look.rules) {
            let Err(why) = seat_of(seats, &rule) else {
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
    }

    /// What came in since the last look; whether there is more.
    fn changes(&mut self, look: &mut Look, opened: &mut Opened) -> bool {
        for change in std::mem::take(&mut look.came) {
            if self.change(look, opened, &change, None) == Step::Down {
                // The next look says so.
                return false;
            }
            self.due.touch(change.case);
            look.looked.seen = Some(change.number);
            look.changed = true;
        }
        look.looked.seen.is_some_and(|seen| seen < look.newest)
    }

    /// Looks at a change, for whoever's turn it is: where it is nobody's, for all who do not wait.
    pub(super) fn change(&mut self, look: &mut Look, opened: &mut Opened, change: &Change, turn: Option<&Who>) -> Step {
        let Some(id) = change.what.map(EntryId).filter(|_| change.kind == ChangeKind::ActReceived) else {
            return Step::Passed;
        };
        if look.now.saturating_sub(change.at) > OLDEST {
            return Step::Passed;
        }
        let its = |rule: &StandingRule| turn.and_then(|turn| turn.rule.as_ref()).is_none_or(|id| *id == rule.id);
        let meant = |rule: &&StandingRule| {
            !rule.when.is_due() && change.number > rule.after && its(rule) && !look.waits(rule, change, turn)
        };
        let mut rules: Vec<StandingRule> = look.rules.iter().filter(meant).cloned().collect();
        if rules.is_empty() {
            return Step::Passed;
        }
        let trouble = |rule: Option<&StandingRule>, why: CommandError| Trouble {
            from: change.number.saturating_sub(1),
            at: change.at,
            told: Told {
                rule: rule.map(|rule| rule.name.clone()),
                case: Some(change.case),
                about: Some((id, "what came in".to_owned())),
                what: What::Trouble { why: why.message, given_up: false },
            },
        };
        let case = || Some(change.case.to_hex());
        let (happened, template) = match self.happened(opened, change.case, id, &mut rules) {
            Ok(Some(happened)) => happened,
            Ok(None) => return Step::Passed,
            Err(_) if self.is_down() => return Step::Down,
            Err(why) => {
                let rule = turn.and_then(|turn| turn.rule.clone());
                let named = look.rules.iter().find(|known| Some(&known.id) == rule.as_ref());
                let trouble = trouble(named, why);
                let stuck = look.set_aside(Who { rule, case: case() }, trouble, turn);
                return if stuck { Step::Stuck } else { Step::Looked };
            }
        };
        for rule in &rules {
            let Err(failed) = self.one(look, opened, rule, change.case, &happened, template.as_deref()) else {
                continue;
            };
            if self.is_down() {
                return Step::Down;
            }
            let (case, why) = match failed {
                Failed::Seat(why) => (None, why),
                Failed::Case(why) => (case(), why),
            };
            if look.set_aside(Who { rule: Some(rule.id.clone()), case }, trouble(Some(rule), why), turn) {
                return Step::Stuck;
            }
        }
        Step::Looked
    }

    /// What an entry that came in is to rules, and by which template its case was begun; leaves those that wait for such.
    fn happened(
        &self,
        opened: &mut Opened,
        case: CaseId,
        id: EntryId,
        rules: &mut Vec<StandingRule>,
    ) -> Done<Option<(Happening, Option<String>)>> {
        let stored = self.desk.with_store(|store| store.entry(case, id)).map_err(DeskError::from)?;
        // No case is opened for what no rule is about.
        let Some(entry) = stored.and_then(|stored| Entry::decode(&stored.envelope).ok()) else { return Ok(None) };
        let Some(when) = When::of_kind(&entry.statement.kind) else { return Ok(None) };
        rules.retain(|rule| rule.when == when);
        if entry.statement.party == self.desk.party() || rules.is_empty() {
            return Ok(None);
        }
        let case = opened.case(&self.desk, case)?;
        let Some(ix) = case.record.graph().find(&id) else { return Ok(None) };
        let Some(happened) = Happening::came(&case.record, ix, &case.own) else { return Ok(None) };
        let template = template(&self.desk, case)?;
        Ok(Some((happened, template)))
    }

    /// Whether nothing at all can be read: then it is nobody's own trouble.
    pub(super) fn is_down(&self) -> bool {
        self.desk.newest_change().is_err()
    }

    /// Does what a rule says about something, where it is meant and did not do so yet; gives when it may do what it may not do
    /// now, where that is known.
    pub(super) fn one(
        &mut self,
        look: &mut Look,
        opened: &mut Opened,
        rule: &StandingRule,
        id: CaseId,
        happened: &Happening,
        template: Option<&str>,
    ) -> Result<Option<i64>, Failed> {
        if look.now.saturating_sub(happened.at) > OLDEST {
            return Ok(None);
        }
        let meant = rule.meant(happened, template);
        if !matches!(meant, Ok(()) | Err(Miss::Value | Miss::NotPlain)) {
            return Ok(None);
        }
        let name = opened.case(&self.desk, id)?.entry_name(&happened.entry);
        if let Err(miss) = meant {
            // It looks meant, and is more than the rule may decide.
            look.tell(rule, id, happened, name, What::PassedOver(miss));
            return Ok(None);
        }
        if let Some(before) = self.desk.rule_acted(rule, &happened.key)? {
            // Told before, or ended before it could be.
            look.remember(rule, id, happened, before.what, before.entries);
            return Ok(None);
        }
        let (what, again) = match &rule.then {
            Then::Assign(agent) => {
                let held = self.desk.hold_standing_rule(rule).map_err(|why| Failed::Seat(why.into()))?;
                // It may have been ended since this look began.
                let Some(_stands) = held else { return Ok(None) };
                if !self.desk.assign_by_rule(rule, &happened.key, &id, agent, look.now)? {
                    return Ok(None);
                }
                (What::Assigned, None)
            }
            Then::Sign(act) => match self.sign(look, opened, rule, id, happened, act)? {
                Some(did) => did,
                None => return Ok(None),
            },
        };
        look.tell(rule, id, happened, name, what);
        Ok(again)
    }

    /// Signs at the rule's seat; or says why not, and when it may again where that is known. Nothing where the rule was ended.
    fn sign(
        &mut self,
        look: &Look,
        opened: &mut Opened,
        rule: &StandingRule,
        id: CaseId,
        happened: &Happening,
        act: &serde_json::Value,
    ) -> Result<Option<(What, Option<i64>)>, Failed> {
        // Before anything is made ready: whoever floods a case is not to cost more than that.
        let case = opened.case(&self.desk, id)?;
        if let Err(held) = bounded(&case.record, &case.own, rule, &look.devices, look.now) {
            let again = (held == Held::AnHour).then(|| free_again(&case.record, rule, look.now));
            return Ok(Some((What::Held(held), again)));
        }
        let seat = self.seat(rule).map_err(Failed::Seat)?;
        // The seat sees the case as the home does, and signs as itself.
        case.author = Some(seat.author());
        let prepared = match made_ready(seat, case, act, happened) {
            Ok(prepared) => prepared,
            Err(why) if why.kind == Kind::Identity => return Err(Failed::Seat(why)),
            // A store that does not answer refuses nothing.
            Err(why) if self.is_down() => return Err(Failed::Case(why)),
            Err(why) => {
                let before = self.answered_before(look, opened, rule, id, happened)?;
                return Ok(Some((What::Refused(Refusal { why, before }), None)));
            }
        };
        let keep = |txn: &Txn<'_>, signed: &[counterpart_core::record::Signed]| {
            let entries = signed.iter().map(|one| one.id.to_hex()).collect();
            let outcome = RuleOutcome { what: "signed".to_owned(), entries };
            keep_rule_acted(txn, rule, &happened.key, &outcome, look.now)
        };
        // It may have been ended since this look began; and whoever ends it now is answered when this is done.
        let held = seat.hold_standing_rule(rule).map_err(|why| Failed::Seat(why.into()))?;
        let (Some(_stands), Some(case)) = (held, opened.0.take()) else { return Ok(None) };
        let (case, signed) = prepared.sign(seat, case, keep).map_err(Failed::of)?;
        let case = opened.0.insert(case);
        let one = signed.first().ok_or_else(|| CommandError::failed("nothing was signed"))?;
        Ok(Some((What::Signed(one.id, case.entry_name(&one.id)), None)))
    }

    /// Who of us had answered a proposal before a rule would have.
    fn answered_before(
        &self,
        look: &Look,
        opened: &mut Opened,
        rule: &StandingRule,
        id: CaseId,
        happened: &Happening,
    ) -> Result<Option<Before>, Failed> {
        if !matches!(rule.then.act(), Some("accept" | "decline")) {
            return Ok(None);
        }
        let case = opened.case(&self.desk, id)?;
        let Some((answer, device)) = answer_to(case, &happened.entry) else { return Ok(None) };
        if !look.devices.contains(&device) {
            return Ok(Some(Before::Us));
        }
        let answer = answer.to_hex();
        for other in &look.rules {
            let acted = self.desk.rule_acted(other, &happened.key)?;
            if acted.is_some_and(|acted| acted.entries.contains(&answer)) {
                return Ok(Some(Before::Rule(Some(other.name.clone()))));
            }
        }
        Ok(Some(Before::Rule(None)))
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
        let desk = self.seats.entry(rule.seat.clone()).or_insert(desk);
        desk.must_be_alone()?;
        Ok(desk)
    }

    /// Whether a rule could act now, for all that its seat knows.
    pub(super) fn ready(&mut self, rule: &StandingRule) -> Done {
        drop(self.desk.hold_standing_rule(rule)?);
        if rule.then.act().is_some() {
            self.seat(rule)?;
        }
        Ok(())
    }

    /// All open cases, to see what is due in them.
    pub(super) fn open_cases(&self) -> Result<Vec<CaseId>, StoreError> {
        let all = self.desk.with_store(|store| store.summaries())?;
        Ok(all.into_iter().filter(|case| case.state != "closed").map(|case| case.case).collect())
    }
}

/// The first answer of ours to a proposal that has effect, and the device that signed it.
fn answer_to(case: &OpenCase, proposal: &EntryId) -> Option<(EntryId, DeviceKey)> {
    let (graph, fold) = (case.record.graph(), case.record.fold());
    let answers = |ix: &Ix| match fold.act(*ix) {
        Act::Accept { revision, .. } | Act::Decline { revision, .. } => revision == proposal,
        Act::Counter { of, .. } => of == proposal,
        _ => false,
    };
    let ours = |ix: &Ix| graph.statement(*ix).party == case.own && *fold.verdict(*ix) == Verdict::Effective;
    graph.all().find(|ix| ours(ix) && answers(ix)).map(|ix| (graph.id(ix), graph.statement(ix).device))
}

impl Look {
    /// Tells what a rule did or did not do; what is looked at again is told once.
    fn tell(&mut self, rule: &StandingRule, case: CaseId, happened: &Happening, name: String, what: What) {
        let entries = match &what {
            What::Signed(entry, _) => vec![entry.to_hex()],
            _ => Vec::new(),
        };
        if !self.remember(rule, case, happened, what.kept(), entries) {
            return;
        }
        match &what {
            What::Signed(..) | What::Assigned => count_rule(RuleCount::Acted),
            What::Refused(_) => count_rule(RuleCount::Refused),
            What::Held(_) => count_rule(RuleCount::Held),
            _ => {}
        }
        let about = Some((happened.entry, name));
        self.told.push(Told { rule: Some(rule.name.clone()), case: Some(case), about, what });
    }

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
