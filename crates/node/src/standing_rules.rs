//! Standing rules as they are kept in the home: the rules themselves, and how far the running node has looked.
//!
//! That a rule acted on something is kept in the transaction that acts, under the rule's id and the thing's key: what is
//! in the file here may be behind, and never decides whether something is done twice.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::PathBuf,
};

use counterpart_core::id::{CaseId, DeviceKey};
use counterpart_process::standing_rule::{Only, StandingRule, Then, When};
use counterpart_store::{AskedOnce, OF_A_RULE, StoreError, Txn};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{desk::Desk, error::DeskError, home, metrics};

/// In the home: the rules.
const RULES: &str = "standing-rules.json";
/// How far was looked, and what was done last.
const LOOKED: &str = "standing-rules-looked.json";
/// Held by whoever changes the rules.
const LOCK: &str = "standing-rules.lock";

const MOST_RULES: usize = 100;
/// Of what a rule did last so much is remembered.
const MOST_DONE: usize = 50;
/// No file of ours is longer, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024;

/// A rule that is wished for.
#[derive(Debug, Clone)]
pub struct RuleWish {
    pub name: String,
    pub seat: String,
    pub device: DeviceKey,
    pub when: When,
    pub only: Only,
    pub then: Then,
    pub an_hour: u32,
}

/// How far the running node has looked, and what rules did last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesLooked {
    /// The number of the newest change that was looked at; nothing before the first look.
    pub seen: Option<u64>,
    /// By the rule's id, the newest last.
    #[serde(default)]
    pub done: BTreeMap<String, Vec<RuleDone>>,
    /// Who could not act, and waits to try again.
    #[serde(default)]
    pub behind: Vec<RuleBehind>,
}

impl RulesLooked {
    /// Remembers what a rule did, once; whether it was not known.
    pub fn did(&mut self, rule: &StandingRule, done: RuleDone) -> bool {
        let all = self.done.entry(rule.id.clone()).or_default();
        if all.iter().any(|known| known.key == done.key && known.what == done.what) {
            return false;
        }
        all.push(done);
        let surplus = all.len().saturating_sub(MOST_DONE);
        all.drain(..surplus);
        true
    }
}

/// Something that a rule did, or was kept from. Ids and words of our own alone: what is erased from the record is not to be
/// found here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleDone {
    /// Unix milliseconds.
    pub at: i64,
    pub case: String,
    /// What set it off.
    pub key: String,
    /// The entry that came in, or that promised what was due.
    pub entry: String,
    /// `signed`, `assigned`, or why nothing was done.
    pub what: String,
    /// What was signed.
    #[serde(default)]
    pub entries: Vec<String>,
}

/// A rule, or all rules in one case, for which something could not be done: where in the order of changes it waits, and until
/// when. What comes after that place waits with it, for the same rule and case alone. Ids and numbers: see [`RuleDone`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleBehind {
    /// The rule's id; all rules where there is none.
    pub rule: Option<String>,
    /// All cases where there is none.
    pub case: Option<String>,
    /// The number of the newest change that does not wait.
    pub from: u64,
    /// When what waits longest came in or fell due, Unix milliseconds.
    pub at: i64,
    /// How often it was tried again without getting any further.
    pub tries: u32,
    /// When it is tried again, Unix milliseconds.
    pub again: i64,
    /// It was told that something of it is left to a person.
    #[serde(default)]
    pub left: bool,
}

/// A rule that stands, for as long as this is held: whoever ends it waits.
#[derive(Debug)]
pub struct RuleStands {
    _held: File,
}

/// What was done, as it is kept in the transaction that did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleOutcome {
    pub what: String,
    pub entries: Vec<String>,
}

/// What rules did, for those who count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleCount {
    Acted,
    Refused,
    Held,
}

impl RuleCount {
    pub(crate) const ALL: [Self; 3] = [Self::Acted, Self::Refused, Self::Held];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Acted => "acted",
            Self::Refused => "refused",
            Self::Held => "held",
        }
    }
}

/// Counts what a rule did, among the numbers of this process.
pub fn count_rule(what: RuleCount) {
    metrics::here().rule(what);
}

/// The name of a rule in the table of what is done once.
fn once_of(rule: &StandingRule) -> [u8; 32] {
    let hash = Sha256::new().chain_update(b"standing rule\0").chain_update(rule.id.as_bytes());
    hash.finalize().into()
}

impl Desk {
    /// The standing rules of this home, by name.
    ///
    /// # Errors
    /// When their file cannot be read or was altered.
    pub fn standing_rules(&self) -> Result<Vec<StandingRule>, DeskError> {
        let path = self.home().join(RULES);
        let altered = |why: String| DeskError::File { path: path.clone(), why };
        let bytes = match home::read_bounded(&path, LONGEST) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(altered(e.to_string())),
        };
        let mut rules: Vec<StandingRule> = serde_json::from_slice(&bytes).map_err(|e| altered(e.to_string()))?;
        // Whoever wrote in it by hand is held to the same.
        for rule in &rules {
            rule.check().map_err(|why| altered(format!("the rule {}: {why}", rule.name)))?;
        }
        rules.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(rules)
    }

    /// The rule of this name.
    ///
    /// # Errors
    /// When there is none, or the file cannot be read.
    pub fn standing_rule(&self, name: &str) -> Result<StandingRule, DeskError> {
        let found = self.standing_rules()?.into_iter().find(|rule| rule.name == name.trim());
        found.ok_or_else(|| {
            DeskError::Text(format!(
                "there is no standing rule '{}' here: `standing-rule list` shows them",
                name.trim()
            ))
        })
    }

    /// A wished rule as it would be kept, before anybody is asked. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// What is wrong with it, or that the name is taken.
    pub fn check_standing_rule(&self, wish: &RuleWish, now: i64) -> Result<StandingRule, DeskError> {
        self.must_be_home()?;
        let then = match &wish.then {
            Then::Assign(agent) => Then::Assign(self.can_be_assigned(agent)?),
            Then::Sign(act) => Then::Sign(act.clone()),
        };
        let rule = StandingRule {
            name: wish.name.clone(),
            id: HEXLOWER.encode(&self.draw::<32>()),
            seat: wish.seat.clone(),
            device: wish.device,
            when: wish.when,
            only: wish.only.clone(),
            then,
            an_hour: wish.an_hour,
            added: now,
            after: self.newest_change()?,
        };
        rule.check().map_err(|why| DeskError::Text(why.to_string()))?;
        self.room_for_rule(&self.standing_rules()?, &rule)?;
        Ok(rule)
    }

    fn room_for_rule(&self, rules: &[StandingRule], rule: &StandingRule) -> Result<(), DeskError> {
        if rules.iter().any(|known| known.name == rule.name) {
            let why =
                format!("there is a standing rule '{}' already: end that one first, or take another name", rule.name);
            return Err(DeskError::Text(why));
        }
        if rules.len() >= MOST_RULES {
            return Err(DeskError::Text(format!("there are {MOST_RULES} standing rules, and that is the most")));
        }
        Ok(())
    }

    /// Keeps a rule that [`Desk::check_standing_rule`] gave. What came in until now sets nothing off. `now` in Unix
    /// milliseconds.
    ///
    /// # Errors
    /// When the name was taken meanwhile, or the file cannot be written.
    pub fn add_standing_rule(&self, rule: StandingRule, now: i64) -> Result<StandingRule, DeskError> {
        let _held = self.hold_rules()?;
        let mut rules = self.standing_rules()?;
        self.room_for_rule(&rules, &rule)?;
        let rule = StandingRule { added: now, after: self.newest_change()?, ..rule };
        rules.push(rule.clone());
        self.keep_rules(&rules)?;
        Ok(rule)
    }

    /// Ends a rule: it does nothing more. What it signed stays.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub fn end_standing_rule(&self, name: &str) -> Result<StandingRule, DeskError> {
        self.must_be_home()?;
        let _held = self.hold_rules()?;
        let ended = self.standing_rule(name)?;
        let mut rules = self.standing_rules()?;
        rules.retain(|rule| rule.id != ended.id);
        self.keep_rules(&rules)?;
        Ok(ended)
    }

    fn keep_rules(&self, rules: &[StandingRule]) -> Result<(), DeskError> {
        // Plain data can always be written.
        self.keep_file_of_rules(RULES, serde_json::to_vec_pretty(rules).unwrap_or_default())
    }

    fn keep_file_of_rules(&self, name: &str, bytes: Vec<u8>) -> Result<(), DeskError> {
        let (path, written) = (self.home().join(name), self.home().join(format!("{name}.new")));
        let kept = home::write_private(&written, &bytes).and_then(|()| fs::rename(&written, &path));
        kept.map_err(|e| DeskError::File { path, why: e.to_string() })?;
        home::sync_folder(self.home());
        Ok(())
    }

    fn hold_rules(&self) -> Result<File, DeskError> {
        self.locked_rules(File::lock)
    }

    fn locked_rules(&self, lock: impl FnOnce(&File) -> std::io::Result<()>) -> Result<File, DeskError> {
        let path: PathBuf = self.home().join(LOCK);
        let failed = |e: std::io::Error| DeskError::File { path: path.clone(), why: e.to_string() };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        lock(&file).map_err(failed)?;
        Ok(file)
    }

    /// Holds a rule as it stands while something is done by it, so that nothing is once `standing-rule end` has answered; gives
    /// nothing where it was ended.
    ///
    /// # Errors
    /// When the rules cannot be read.
    pub fn hold_standing_rule(&self, rule: &StandingRule) -> Result<Option<RuleStands>, DeskError> {
        let held = self.locked_rules(File::lock_shared)?;
        let stands = self.standing_rules()?.iter().any(|known| known.id == rule.id);
        Ok(stands.then_some(RuleStands { _held: held }))
    }

    /// How far was looked. What cannot be read counts as not looked at yet: nothing is done twice for that.
    #[must_use]
    pub fn rules_looked(&self) -> RulesLooked {
        let bytes = home::read_bounded(&self.home().join(LOOKED), LONGEST);
        bytes.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Notes how far was looked, after all of it was done.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_rules_looked(&self, looked: &RulesLooked) -> Result<(), DeskError> {
        self.keep_file_of_rules(LOOKED, serde_json::to_vec(looked).unwrap_or_default())
    }

    /// What a rule did about something, where it did.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn rule_acted(&self, rule: &StandingRule, key: &str) -> Result<Option<RuleOutcome>, DeskError> {
        let known = self.with_store(|store| store.asked_once(&once_of(rule), key))?;
        let unreadable = || RuleOutcome { what: "signed".to_owned(), entries: Vec::new() };
        Ok(known.map(|known| {
            known.outcome.and_then(|(_, body)| serde_json::from_slice(&body).ok()).unwrap_or_else(unreadable)
        }))
    }

    /// Gives a case that nobody has to somebody of us, because a rule says so, once for each thing that sets it off; whether
    /// it was given. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the name is none, or the store cannot be written.
    pub fn assign_by_rule(
        &self,
        rule: &StandingRule,
        key: &str,
        case: &CaseId,
        agent: &str,
        now: i64,
    ) -> Result<bool, DeskError> {
        self.with_store(|store| {
            store.write(|txn| {
                if txn.assigned(*case)?.is_some() {
                    return Ok(false);
                }
                keep_rule_acted(
                    txn,
                    rule,
                    key,
                    &RuleOutcome { what: "assigned".to_owned(), entries: Vec::new() },
                    now,
                )?;
                self.assign_in(txn, case, agent, now)?;
                Ok(true)
            })
        })
    }
}

/// Notes what a rule does about something, in the transaction that does it. `now` in Unix milliseconds.
///
/// # Errors
/// When it was done before, and so all of this is undone; or a failing store.
pub fn keep_rule_acted(
    txn: &Txn<'_>,
    rule: &StandingRule,
    key: &str,
    outcome: &RuleOutcome,
    now: i64,
) -> Result<(), DeskError> {
    let row = AskedOnce {
        token: once_of(rule),
        key: key.to_owned(),
        at: now,
        digest: Sha256::digest(key.as_bytes()).into(),
        outcome: Some((OF_A_RULE, serde_json::to_vec(outcome).unwrap_or_default())),
    };
    if txn.put_asked_once(&row)? { Ok(()) } else { Err(StoreError::Busy.into()) }
}
