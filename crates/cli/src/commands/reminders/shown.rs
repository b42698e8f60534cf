//! Reminders as people and programs read them.

use counterpart_core::id::{CaseId, short_form};
use counterpart_node::{CaseOutlook, Channel, Letter, LetterKind, LetterState, Watched};
use counterpart_process::{
    holidays::YEARS,
    reminder::Over,
    rule::{Rule, Whom},
    schedule::{Moved, Quiet},
};
use counterpart_store::CaseSummary;

use crate::{
    render::{line, wrapped},
    terminal::{Style, styled},
    when,
};

/// How many letters that are done with are listed.
const LATEST: usize = 10;

/// How many letters of all cases are listed for people; programs get all.
const LISTED: usize = 100;

pub(super) fn case(outlook: &CaseOutlook, kinds: &[LetterKind], columns: usize) -> String {
    let zone = &outlook.zone;
    let mut out = vec![styled(Style::Strong, &format!("{} {}", short_form(&outlook.case.0), line(&outlook.title)))];
    let mut section = |heading: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.push(String::new());
            out.push(styled(Style::Strong, heading));
            out.extend(lines);
        }
    };
    let open: Vec<(usize, &Letter)> =
        (1..).zip(outlook.open_letters()).filter(|(_, l)| kinds.contains(&l.kind())).collect();
    let shown = |(number, letter): &(usize, &Letter)| {
        wrapped(&format!("{number:>3}  "), &format!("{}: {}", about(letter), standing(letter, zone)), columns)
    };
    let mut due: Vec<String> = open.iter().map(shown).collect();
    // Of reminders it is told when they go out; thanks would leave nothing but a title.
    if due.is_empty() && !kinds.contains(&LetterKind::Reminder) {
        due.push("  No thanks are due.".to_owned());
    }
    section("Due", due);
    if kinds.contains(&LetterKind::Reminder) {
        let mut coming: Vec<&Watched> = outlook.watched.iter().filter(|w| w.next.is_some()).collect();
        coming.sort_by_key(|w| w.next.as_ref().map(|slot| slot.goes));
        section("To come", coming.iter().map(|w| wrapped("  - ", &to_come(w, zone), columns)).collect());
        let over: Vec<&Watched> = outlook.watched.iter().filter(|w| w.over.is_some()).collect();
        section(
            "Nothing more to remind of",
            over.iter().map(|w| wrapped("  - ", &ended(outlook, w), columns)).collect(),
        );
    }
    let mut done: Vec<&Letter> =
        outlook.letters.iter().filter(|l| !l.state.is_open() && kinds.contains(&l.kind())).collect();
    done.sort_by_key(|l| std::cmp::Reverse(l.sent_at().unwrap_or(l.due)));
    done.truncate(LATEST);
    let of_done = |l: &&Letter| wrapped("  - ", &format!("{}: {}", about(l), standing(l, zone)), columns);
    section("Done with, latest first", done.iter().map(of_done).collect());
    if kinds.contains(&LetterKind::Reminder) {
        section("Rules", rules(outlook).iter().map(|(head, text)| wrapped(head, text, columns)).collect());
        section("Days and hours", hours(outlook).iter().map(|text| wrapped("  ", text, columns)).collect());
    }
    section("Standing consent", consents(outlook).iter().map(|text| wrapped("  ", text, columns)).collect());
    out.join("\n")
}

/// What stands before a rule, and the rule.
fn rules(outlook: &CaseOutlook) -> Vec<(String, String)> {
    let name = |rule: &Rule| match rule.about {
        None => "everything they promised".to_owned(),
        Some(action) => outlook.names.of(&action.proposal),
    };
    let mut lines: Vec<(String, String)> = (1..)
        .zip(&outlook.rules)
        .map(|(number, kept)| {
            let rule = &kept.rule;
            let whom = if rule.to == Whom::Me { "you" } else { "them" };
            let text = if rule.text.is_empty() { String::new() } else { format!(": {}", line(&rule.text)) };
            (format!("{number:>3}  "), format!("tells {whom} of {}, {}{text}", name(rule), rule.when()))
        })
        .collect();
    lines.push(("  -  ".to_owned(), format!("what no rule tells them of: {}", Rule::usual().when())));
    lines
}

fn hours(outlook: &CaseOutlook) -> Vec<String> {
    let calendar = &outlook.calendar;
    let quiet = if calendar.quiet == Quiet::NONE {
        "no quiet hours".to_owned()
    } else {
        format!("nothing goes out between {} and {}", clock(calendar.quiet.from), clock(calendar.quiet.until))
    };
    let mut lines = vec![
        format!("times are those of {}; {quiet}", line(&outlook.zone)),
        match calendar.holidays.region() {
            Some(region) => format!(
                "nothing goes to them on Sundays and on public holidays of {region}, which are known from {} to {}; after \
                 that only Sundays and your own days count",
                YEARS.0, YEARS.1
            ),
            None => "nothing goes to them on Sundays; no public holidays are known here but your own days".to_owned(),
        },
    ];
    lines.push("change it: counterpart reminders set; days of your own: holidays.txt in your home folder".to_owned());
    lines
}

fn clock(time: jiff::civil::Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

fn consents(outlook: &CaseOutlook) -> Vec<String> {
    if outlook.consents.is_empty() {
        return vec!["none: each letter waits for your yes".to_owned()];
    }
    let zone = &outlook.zone;
    outlook
        .consents
        .iter()
        .map(|consent| format!("{}, since {}", consent.by.in_words(), when::show(consent.given_at, zone)))
        .collect()
}

/// "reminder of #3 (call back)".
pub(super) fn about(letter: &Letter) -> String {
    match letter.kind() {
        LetterKind::Thanks => {
            format!("thanks to {} ({})", line(letter.person().unwrap_or("them")), line(letter.what()))
        }
        LetterKind::Reminder => format!("reminder of {} ({})", letter.about_name(), line(letter.what())),
        LetterKind::Notice => format!("for you, about {}: {}", letter.about_name(), line(letter.text())),
    }
}

/// Where a letter stands, in words.
fn standing(letter: &Letter, zone: &str) -> String {
    let by = letter.by().map(Channel::in_words).unwrap_or_default();
    let why = letter.error().map(line).unwrap_or_default();
    let at = |at: Option<i64>| at.map(|at| when::show(at, zone)).unwrap_or_default();
    match letter.state {
        LetterState::Waiting => format!("since {}; waits for your yes", when::show(letter.due, zone)),
        LetterState::Allowed if letter.tries() > 0 => {
            format!("{by}; tried {}, next try {}: {why}", times(letter.tries()), at(letter.next_try))
        }
        LetterState::Allowed => format!("goes out {by} when `counterpart up` runs"),
        LetterState::Sending => format!("{by}; handed to the mail server, not confirmed yet"),
        LetterState::Draft => "lies as a draft; when you have sent it: counterpart reminders sent".to_owned(),
        LetterState::Sent => {
            let to =
                if letter.to().is_empty() { String::new() } else { format!(" to {}", line(&letter.to().join(", "))) };
            let told =
                if letter.kind() == LetterKind::Notice { "shown to you".to_owned() } else { format!("sent {by}{to}") };
            format!("{told} on {}", at(letter.sent_at()))
        }
        LetterState::Failed => format!("NOT sent: {why}"),
        LetterState::Skipped => "you did not want it sent".to_owned(),
        LetterState::Over => format!("not sent: {why}"),
    }
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn to_come(watched: &Watched, zone: &str) -> String {
    let Some(slot) = &watched.next else { return String::new() };
    let whom = if watched.rule.rule.to == Whom::Me { "you, of" } else { "them, of" };
    let head = format!(
        "{}: {whom} {} ({})",
        when::show(slot.goes.as_millisecond(), zone),
        watched.promise.name,
        line(&watched.promise.what)
    );
    if slot.goes == slot.wanted {
        return head;
    }
    let why: Vec<String> = slot.moved.iter().map(Moved::in_words).collect();
    let wanted = when::show(slot.wanted.as_millisecond(), zone);
    if why.is_empty() {
        format!("{head}; it was for {wanted}")
    } else {
        format!("{head}; moved from {wanted}: {}", line(&why.join(", ")))
    }
}

fn ended(outlook: &CaseOutlook, watched: &Watched) -> String {
    let why = match &watched.over {
        Some(Over::State(state)) => format!("it is {state}"),
        Some(Over::CaseClosed) => "the case is closed".to_owned(),
        Some(Over::Answered { entry, at }) => format!(
            "they answered on {} ({}). To go on reminding: counterpart reminders rule {} add --about {}",
            when::show(*at, &outlook.zone),
            outlook.names.of(entry),
            short_form(&outlook.case.0),
            watched.promise.name.trim_start_matches('#'),
        ),
        Some(Over::NoTime) => "nothing says when: its time counts from an agreement that is not there yet".to_owned(),
        Some(Over::Ended) | None => "its rule ended".to_owned(),
    };
    format!("{} ({}): {why}", watched.promise.name, line(&watched.promise.what))
}

/// What a person would do next.
pub(super) fn next_step(outlook: &CaseOutlook, kinds: &[LetterKind]) -> Option<String> {
    let waits = outlook.open_letters().any(|l| kinds.contains(&l.kind()) && l.state == LetterState::Waiting);
    let command = if kinds.contains(&LetterKind::Thanks) { "thanks" } else { "reminders" };
    waits.then(|| format!("Next: counterpart {command} send {}", short_form(&outlook.case.0)))
}

pub(super) fn all(
    open: &[Letter],
    failed: &[Letter],
    coming: &[(CaseId, i64)],
    titles: &[CaseSummary],
    columns: usize,
) -> String {
    let title = |case: &CaseId| titles.iter().find(|t| t.case == *case).map(|t| line(&t.title)).unwrap_or_default();
    let mut out: Vec<String> = Vec::new();
    for (heading, letters) in [("Due", open), ("Not sent", failed)] {
        if letters.is_empty() {
            continue;
        }
        out.push(styled(Style::Strong, heading));
        for letter in letters.iter().take(LISTED) {
            let head = format!("  {}  ", short_form(&letter.case.0));
            let text =
                format!("{}: {} ({})", about(letter), standing(letter, &when::system_zone()), title(&letter.case));
            out.push(wrapped(&head, &text, columns));
        }
        out.extend(more(letters.len(), columns));
    }
    if !coming.is_empty() {
        out.push(styled(Style::Strong, "To come"));
        for (case, at) in coming.iter().take(LISTED) {
            out.push(format!("  {}  {}  {}", short_form(&case.0), when::show(*at, &when::system_zone()), title(case)));
        }
        out.extend(more(coming.len(), columns));
    }
    if out.is_empty() {
        out.push("Nothing is due, and nothing is to come.".to_owned());
    }
    out.join("\n")
}

/// That a list has more than is shown of it.
fn more(all: usize, columns: usize) -> Option<String> {
    let rest = all.checked_sub(LISTED).filter(|rest| *rest > 0)?;
    Some(wrapped("  ", &format!("and {rest} more: --json lists them all"), columns))
}

/// The letter's id as hex digits.
pub(super) fn data_id(letter: &Letter) -> String {
    crate::render::hex(&letter.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_cut_says_how_much_more_there_is() {
        assert_eq!(more(0, 80), None);
        assert_eq!(more(LISTED, 80), None);
        assert_eq!(more(133, 80).as_deref(), Some("  and 33 more: --json lists them all"));
    }
}
