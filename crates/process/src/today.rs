//! What is to be done today, over all cases: gathered from what each case keeps ready, so that none has to be opened.

use serde::{Deserialize, Serialize};

use crate::clocks::Which;

/// The most rows of a kind that a case keeps ready.
pub const MOST: usize = 32;

/// How long before its time something is due soon: seven days, in milliseconds.
pub const SOON: i64 = 7 * 24 * 60 * 60 * 1000;

/// What one case keeps ready. It is a copy of what the record says, made whenever the record grows; it can be made
/// again at any time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agenda {
    /// The zone in which the case tells its times; nothing where this was kept by an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The moves waited for, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Wait>,
    /// Due times of what was promised and is not done, the next one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dues: Vec<DueLine>,
    /// Service clocks that run, or ran out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<ClockLine>,
    /// How many waits and due times there are beyond these.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub beyond: usize,
}

impl Agenda {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { zone: _, waits, dues, clocks, beyond } = self;
        waits.is_empty() && dues.is_empty() && clocks.is_empty() && *beyond == 0
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// A move that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// What the seat is called: text of a party.
    pub who: String,
    /// Whether it is one's own move.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mine: bool,
    /// What is waited for, in the word of `next`.
    pub expected: String,
    /// What to act on, as it is typed: the entry, `7`; of what is to be done the action, `7/2` in a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What it is about, the first thing of several: text of a party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// How many other things it is about.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
    /// Claimed time since when, Unix milliseconds.
    pub since: i64,
    /// Whoever it is has not joined the case: nothing of it reaches them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
}

/// A promise with its due time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueLine {
    /// Who is to do it: text of a party.
    pub who: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mine: bool,
    /// Which action it is: the same whatever its terms become.
    pub action: String,
    /// The action as it is typed, whatever its terms became: `7`, or `7/2` where it began in a bundle.
    pub about: String,
    /// Text of a party; nothing where it is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Noted as said by the other side, and not agreed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub said: bool,
    /// Unix milliseconds.
    pub at: i64,
    /// Whoever is to do it has not joined the case: nothing of it reaches them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
}

/// A service clock with its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockLine {
    /// first-answer, next-update or resolution.
    pub clock: String,
    /// Whose clock it is: text of a party.
    pub who: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mine: bool,
    /// The entry that agreed it, as it is typed: `7`.
    pub about: String,
    /// When it runs out, Unix milliseconds.
    pub at: i64,
}

impl ClockLine {
    /// Which clock it is; nothing where this version knows none of that name.
    #[must_use]
    pub fn which(&self) -> Option<Which> {
        Which::ALL.into_iter().find(|which| which.as_str() == self.clock)
    }
}

/// The dates of one step, as the case keeps them ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepLine {
    pub id: String,
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// From when it can be taken, and the cautious time; Unix milliseconds.
    pub opens: (i64, i64),
    /// Until when, and the cautious time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<(i64, i64)>,
}

/// A letter that is to go out, or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterLine {
    /// reminder, thanks or notice.
    pub kind: &'static str,
    /// What it is about: text of a party.
    pub what: String,
    /// What people call that: `#5`.
    pub about: String,
    pub state: LetterDay,
    /// Unix milliseconds.
    pub due: i64,
    /// Why it could not be sent, where it was tried.
    pub trouble: Option<String>,
}

/// How a letter stands today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterDay {
    /// It waits for a yes.
    Asks,
    /// It goes out when the node runs.
    Goes,
    /// It lies as a draft for one's own mail program.
    Draft,
    Failed,
}

impl LetterDay {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asks => "asks",
            Self::Goes => "goes",
            Self::Draft => "draft",
            Self::Failed => "failed",
        }
    }
}

/// One case in the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseDay {
    /// Which case, as it is typed.
    pub case: String,
    pub title: String,
    pub agenda: Agenda,
    pub steps: Vec<StepLine>,
    pub letters: Vec<LetterLine>,
    /// When its next reminder goes out, Unix milliseconds.
    pub reminder: Option<i64>,
}

/// Under which heading something stands, in the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Overdue,
    /// Within seven days.
    Soon,
    /// A deadline of a step, or that it can be taken.
    Steps,
    /// One's own moves.
    Yours,
    /// Letters to be sent, or that failed.
    Letters,
    /// Mail that was put aside.
    Mail,
    /// Others' moves.
    Waiting,
}

impl Group {
    /// All, in the order of the list.
    pub const ALL: [Self; 7] =
        [Self::Overdue, Self::Soon, Self::Steps, Self::Yours, Self::Letters, Self::Mail, Self::Waiting];

    /// The word given in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Soon => "soon",
            Self::Steps => "steps",
            Self::Yours => "yours",
            Self::Letters => "letters",
            Self::Mail => "mail",
            Self::Waiting => "waiting",
        }
    }
}

/// One thing of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    pub group: Group,
    /// Which case, as it is typed; nothing for what belongs to none.
    pub case: Option<String>,
    pub title: String,
    /// The zone in which the case tells its times, where that is known.
    pub zone: Option<String>,
    pub matter: Matter,
    /// When it is due, or since when it waits; Unix milliseconds.
    pub at: i64,
    /// What to type, without the program's name.
    pub command: Vec<String>,
    /// How much it presses: the smaller the more.
    rank: u8,
}

/// What a thing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    Due(DueLine),
    Clock(ClockLine),
    Wait(Wait),
    Step {
        line: StepLine,
        standing: StepDay,
    },
    Letter(LetterLine),
    /// So many messages.
    Mail(usize),
}

/// How a step stands today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepDay {
    /// It can be taken within seven days.
    Soon,
    /// It can be taken, by the time that is claimed; by the latest that is proven not yet.
    OpenAsClaimed,
    Open,
    /// Its end comes within a month, or is near by the cautious time.
    Ends,
    /// By the cautious time it is over, by the time that is claimed not yet.
    PerhapsOver,
    Over,
}

impl StepDay {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::OpenAsClaimed => "open_as_claimed",
            Self::Open => "open",
            Self::Ends => "ends",
            Self::PerhapsOver => "perhaps_over",
            Self::Over => "over",
        }
    }
}

/// How long before its end a step is said to end: thirty days, in milliseconds.
const ENDS: i64 = 30 * 24 * 60 * 60 * 1000;

/// How long after its end a step is still named, so that nobody misses that it was: thirty days.
const NAMED: i64 = ENDS;

/// What a reminder says at least; whoever sends it writes what they like.
const LATE: &str = "This was due and has not come.";

/// Everything of today over the cases, the one next thing first, then by group and time. `now` in Unix milliseconds.
#[must_use]
pub fn things(cases: &[CaseDay], mail: Option<usize>, now: i64) -> Vec<Thing> {
    let mut all: Vec<Thing> = cases.iter().flat_map(|case| of_case(case, now)).collect();
    all.extend(mail.filter(|count| *count > 0).map(|count| Thing {
        group: Group::Mail,
        case: None,
        title: String::new(),
        zone: None,
        matter: Matter::Mail(count),
        at: now,
        command: vec!["import".to_owned(), "--unmatched".to_owned()],
        rank: 6,
    }));
    all.sort_by(|a, b| (a.group, a.at, &a.case).cmp(&(b.group, b.at, &b.case)));
    all
}

/// The one next thing: what presses most; of that, the oldest.
#[must_use]
pub fn next(things: &[Thing]) -> Option<&Thing> {
    things.iter().filter(|thing| thing.rank < QUIET).min_by_key(|thing| (thing.rank, thing.at))
}

/// From this rank on nothing is to be done by oneself.
const QUIET: u8 = 9;

fn of_case(day: &CaseDay, now: i64) -> Vec<Thing> {
    let mut found = Vec::new();
    let thing = |group, rank, at, matter, command: &[&str]| Thing {
        group,
        case: Some(day.case.clone()),
        title: day.title.clone(),
        zone: day.agenda.zone.clone(),
        matter,
        at,
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        rank,
    };
    let case = day.case.as_str();
    for due in &day.agenda.dues {
        let (group, rank) = match (due.at < now, due.mine) {
            (true, true) => (Group::Overdue, 1),
            (true, false) => (Group::Overdue, 4),
            (false, mine) if due.at - now <= SOON => (Group::Soon, if mine { 5 } else { QUIET }),
            _ => continue,
        };
        let act = if due.mine { "done" } else { "remind" };
        // To remind is about an entry, whatever part of it.
        let about = if due.mine { due.about.as_str() } else { due.about.split('/').next().unwrap_or_default() };
        let command: &[&str] = match (due.mine, due.absent) {
            (true, _) => &[act, case, about],
            // A reminder on record reaches nobody there; letters that are due stand before this.
            (false, true) => &["call", case],
            (false, false) => &[act, case, LATE, "--about", about],
        };
        found.push(thing(group, rank, due.at, Matter::Due(due.clone()), command));
    }
    for clock in &day.agenda.clocks {
        let (group, rank) = match (clock.at < now, clock.mine) {
            (true, true) => (Group::Overdue, 1),
            (true, false) => (Group::Overdue, 4),
            (false, mine) if clock.at - now <= SOON => (Group::Soon, if mine { 5 } else { QUIET }),
            _ => continue,
        };
        // How they stand, and what of one's own would stop them.
        let command: &[&str] = match (clock.at < now, clock.mine) {
            (true, false) => &["remind", case, LATE, "--about", &clock.about],
            _ => &["clock", case],
        };
        found.push(thing(group, rank, clock.at, Matter::Clock(clock.clone()), command));
    }
    for line in &day.steps {
        let Some(standing) = step_day(line, now) else { continue };
        let rank = match standing {
            StepDay::Ends | StepDay::PerhapsOver => 0,
            StepDay::Open => 3,
            StepDay::OpenAsClaimed | StepDay::Soon | StepDay::Over => QUIET,
        };
        let at = match (standing, line.until) {
            (StepDay::Ends | StepDay::PerhapsOver | StepDay::Over, Some((_, safe))) => safe,
            _ => line.opens.0,
        };
        let matter = Matter::Step { line: line.clone(), standing };
        let command: &[&str] = if rank == QUIET { &["steps", case] } else { &["pack", case] };
        found.push(thing(Group::Steps, rank, at, matter, command));
    }
    for letter in &day.letters {
        let rank = match letter.state {
            LetterDay::Failed => 2,
            LetterDay::Asks | LetterDay::Draft => 3,
            // What is in its way may be a password that somebody has to put right.
            LetterDay::Goes if letter.trouble.is_some() => 3,
            LetterDay::Goes => QUIET,
        };
        let about = if letter.kind == "thanks" { "thanks" } else { "reminders" };
        let command: &[&str] = match (letter.state, letter.kind) {
            (LetterDay::Asks, "reminder" | "thanks") => &[about, "send", case],
            _ => &[about, case],
        };
        found.push(thing(Group::Letters, rank, letter.due, Matter::Letter(letter.clone()), command));
    }
    for wait in &day.agenda.waits {
        // Whose due time has come or comes soon stands there already.
        let about = wait.about.as_deref();
        let told = |due: &DueLine| {
            due.mine == wait.mine && (Some(due.about.as_str()) == about || Some(bare(&due.about)) == about)
        };
        // Nor can those answer who are not there.
        let nothing_new = matches!(wait.expected.as_str(), "perform" | "rework") || (wait.absent && !wait.mine);
        if nothing_new && found.iter().any(|t| matches!(&t.matter, Matter::Due(due) if told(due))) {
            continue;
        }
        let (group, rank) = if wait.mine { (Group::Yours, 2) } else { (Group::Waiting, QUIET) };
        let command = command_for(wait, case);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        found.push(thing(group, rank, wait.since, Matter::Wait(wait.clone()), &command));
    }
    found
}

/// `7` of `7/2`.
fn bare(about: &str) -> &str {
    about.split('/').next().unwrap_or(about)
}

/// How a step stands; nothing while it is far away, or long over.
#[must_use]
pub fn step_day(line: &StepLine, now: i64) -> Option<StepDay> {
    let (opens, surely) = line.opens;
    if let Some((until, safe)) = line.until {
        if until < now {
            return (now - until <= NAMED).then_some(StepDay::Over);
        }
        if safe < now {
            return Some(StepDay::PerhapsOver);
        }
        if opens <= now && safe - now <= ENDS {
            return Some(StepDay::Ends);
        }
    }
    match () {
        () if surely <= now => Some(StepDay::Open),
        () if opens <= now => Some(StepDay::OpenAsClaimed),
        () if opens - now <= SOON => Some(StepDay::Soon),
        () => None,
    }
}

/// What to type for a move that is waited for.
fn command_for(wait: &Wait, case: &str) -> Vec<String> {
    let about = wait.about.as_deref();
    let one = |act: &str| -> Vec<String> {
        [Some(act), Some(case), about].into_iter().flatten().map(str::to_owned).collect()
    };
    if !wait.mine {
        return vec!["next".to_owned(), case.to_owned()];
    }
    match wait.expected.as_str() {
        // The other ways to answer stand in what it asks before it signs.
        "answer" => one("accept"),
        "confirm" => one("confirm"),
        "perform" | "rework" => one("done"),
        "approve" => one("approve"),
        "allow" => one("allow"),
        // The word in capitals is for whoever decides to fill in.
        "decide" => [one("decide"), vec!["DECISION".to_owned()]].concat(),
        _ => vec!["next".to_owned(), case.to_owned()],
    }
}

#[cfg(test)]
mod tests;
