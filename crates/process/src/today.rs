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
    /// The entry to act on, as it is typed: `7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What it is about: text of a party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
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
    /// The entry that stands for it, as it is typed: `7`, or `7/2` in a bundle.
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
        let told = |due: &DueLine| due.mine == wait.mine && Some(bare(&due.about)) == wait.about.as_deref();
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
    let one = |act: &str| [Some(act), Some(case), about].into_iter().flatten().map(str::to_owned).collect();
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
        "decide" => one("decide"),
        _ => vec!["next".to_owned(), case.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000 * DAY;
    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn due(about: &str, mine: bool, days: i64) -> DueLine {
        let who = if mine { "Keith" } else { "Acme Ltd" };
        let (who, about, action) = (who.to_owned(), about.to_owned(), "x-0".to_owned());
        DueLine { who, mine, action, about, what: None, said: false, at: NOW + days * DAY, absent: false }
    }

    fn wait(about: &str, mine: bool, expected: &str) -> Wait {
        let (who, about, expected) = ("Acme Ltd".to_owned(), Some(about.to_owned()), expected.to_owned());
        Wait { who, mine, expected, about, what: None, since: NOW - DAY, absent: false }
    }

    fn step(opens: i64, until: Option<(i64, i64)>) -> StepLine {
        let days = |n: i64| NOW + n * DAY;
        let until = until.map(|(at, safe)| (days(at), days(safe)));
        StepLine { id: "s".to_owned(), what: "W".to_owned(), to: None, opens: (days(opens), days(opens + 1)), until }
    }

    fn day(agenda: Agenda, steps: Vec<StepLine>) -> CaseDay {
        CaseDay { case: "K7F2".to_owned(), title: "T".to_owned(), agenda, steps, letters: Vec::new(), reminder: None }
    }

    #[test]
    fn what_presses_most_is_next() {
        let agenda = Agenda {
            waits: vec![wait("5", true, "answer"), wait("9", false, "perform"), wait("3", false, "perform")],
            dues: vec![due("3", false, -2), due("4/2", true, -1), due("6", false, 3), due("7", true, 8)],
            ..Agenda::default()
        };
        let late = day(agenda.clone(), Vec::new());
        let all = things(std::slice::from_ref(&late), None, NOW);
        let groups: Vec<Group> = all.iter().map(|thing| thing.group).collect();
        // What is due in eight days is not there yet; what is overdue is not waited for besides.
        assert_eq!(groups, [Group::Overdue, Group::Overdue, Group::Soon, Group::Yours, Group::Waiting]);
        assert_eq!(next(&all).expect("something").command, ["done", "K7F2", "4/2"]);
        let ending = day(agenda, vec![step(-40, Some((10, 9)))]);
        let all = things(&[ending, late], Some(2), NOW);
        assert_eq!(next(&all).expect("something").command, ["pack", "K7F2"]);
        assert!(all.iter().any(|thing| thing.matter == Matter::Mail(2)));
    }

    fn clock(mine: bool, days: i64) -> ClockLine {
        let (clock, who, about) = ("first-answer".to_owned(), "Acme Ltd".to_owned(), "4".to_owned());
        ClockLine { clock, who, mine, about, at: NOW + days * DAY }
    }

    #[test]
    fn a_clock_stands_among_what_is_due() {
        for (mine, days, stands) in [
            (true, -1, Some((Group::Overdue, vec!["clock", "K7F2"]))),
            (false, -1, Some((Group::Overdue, vec!["remind", "K7F2", LATE, "--about", "4"]))),
            (true, 2, Some((Group::Soon, vec!["clock", "K7F2"]))),
            (false, 2, Some((Group::Soon, vec!["clock", "K7F2"]))),
            (true, 8, None),
        ] {
            let agenda = Agenda { clocks: vec![clock(mine, days)], ..Agenda::default() };
            let all = things(&[day(agenda, Vec::new())], None, NOW);
            let found = all.first().map(|thing| (thing.group, thing.command.iter().map(String::as_str).collect()));
            assert_eq!(found, stands, "{mine} {days}");
            // Another's clock that runs is nothing to do.
            assert_eq!(next(&all).is_some(), days < 0 || (mine && days < 7), "{mine} {days}");
        }
        assert_eq!(clock(true, 0).which(), Some(Which::FirstAnswer));
    }

    #[test]
    fn waiting_alone_is_nothing_to_do() {
        let agenda = Agenda { waits: vec![wait("9", false, "answer")], ..Agenda::default() };
        let all = things(&[day(agenda, vec![step(3, None)])], Some(0), NOW);
        assert_eq!(all.len(), 2);
        assert_eq!(next(&all), None);
    }

    #[test]
    fn whoever_has_not_joined_is_not_reminded_by_an_act_nor_waited_for() {
        let absent = DueLine { absent: true, said: true, ..due("3", false, -2) };
        let waits = vec![Wait { absent: true, ..wait("3", false, "answer") }];
        let all = things(&[day(Agenda { waits, dues: vec![absent], ..Agenda::default() }, Vec::new())], None, NOW);
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(next(&all).expect("something").command, ["call", "K7F2"]);
    }

    #[test]
    fn a_letter_that_something_is_in_the_way_of_is_named_before_what_is_late() {
        let letter = |trouble: Option<&str>| LetterLine {
            kind: "reminder",
            what: "W".to_owned(),
            about: "#3".to_owned(),
            state: LetterDay::Goes,
            due: NOW - DAY,
            trouble: trouble.map(str::to_owned),
        };
        let next_of = |trouble| {
            let agenda = Agenda { dues: vec![due("3", false, -2)], ..Agenda::default() };
            let letters = vec![letter(trouble)];
            let all = things(&[CaseDay { letters, ..day(agenda, Vec::new()) }], None, NOW);
            next(&all).map(|thing| thing.command[0].clone())
        };
        assert_eq!(next_of(Some("the login was refused")).as_deref(), Some("reminders"));
        assert_eq!(next_of(None).as_deref(), Some("remind"));
    }

    #[test]
    fn steps_come_and_go_by_the_cautious_dates() {
        for (opens, until, standing) in [
            (9, None, None),
            (6, None, Some(StepDay::Soon)),
            (0, None, Some(StepDay::OpenAsClaimed)),
            (-1, None, Some(StepDay::Open)),
            (-1, Some((40, 39)), Some(StepDay::Open)),
            (-1, Some((31, 29)), Some(StepDay::Ends)),
            (-9, Some((1, -1)), Some(StepDay::PerhapsOver)),
            (-90, Some((-1, -2)), Some(StepDay::Over)),
            (-90, Some((-31, -32)), None),
            // One that ends soon and has not begun is only to come.
            (5, Some((20, 20)), Some(StepDay::Soon)),
        ] {
            assert_eq!(step_day(&step(opens, until), NOW), standing, "{opens} {until:?}");
        }
    }

    #[test]
    fn agendas_of_a_later_version_are_read_as_far_as_they_go() {
        let agenda = Agenda {
            waits: vec![wait("5", true, "answer")],
            dues: vec![due("3", false, 1)],
            clocks: vec![clock(false, 1)],
            beyond: 1,
        };
        let text = serde_json::to_string(&agenda).expect("plain data");
        assert_eq!(serde_json::from_str::<Agenda>(&text).expect(&text), agenda);
        assert_eq!(serde_json::from_str::<Agenda>("{\"new\": 1}").expect("a later one"), Agenda::default());
    }
}
