//! What is to be done today, in words: one thing on a line, and the heading it stands under.

use counterpart_process::{
    clocks::Which,
    today::{Group, LetterDay, LetterLine, Matter, StepDay, StepLine, Thing},
};

use crate::{render::line, style::Style, when};

/// How things are told: in which zone where a case has none, when, and whether what to type is named where nothing else
/// would do.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'z> {
    /// The reader's own.
    pub zone: &'z str,
    /// Unix milliseconds.
    pub now: i64,
    pub commands: bool,
}

/// Whose move a case waits for, as its summary says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'s> {
    Yours(Asked<'s>),
    Theirs(Asked<'s>),
    /// Nothing is waited for, or what this version cannot read.
    Nobody,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'s> {
    /// As the summary has it: "answer #5".
    pub text: &'s str,
}

/// Reads what a summary says: "yours: answer #5".
pub fn whose(summary: &str) -> Whose<'_> {
    match summary.split_once(": ") {
        Some(("yours", text)) => Whose::Yours(Asked { text }),
        Some(("theirs", text)) => Whose::Theirs(Asked { text }),
        _ => Whose::Nobody,
    }
}

impl<'s> Asked<'s> {
    /// What is expected, and about which entry: `5`.
    fn parts(&self) -> (&'s str, Option<&'s str>) {
        self.text.split_once(" #").map_or((self.text, None), |(expected, about)| (expected, Some(about)))
    }

    /// The entry it is about, as it is typed.
    pub fn about(&self) -> Option<&'s str> {
        self.parts().1
    }

    /// "approve or reject the result #9"
    pub fn of_you(&self) -> String {
        self.worded(your_move)
    }

    /// "an answer to #5"
    pub fn of_them(&self) -> String {
        self.worded(their_move)
    }

    fn worded(&self, words: fn(&str) -> &'static str) -> String {
        let (expected, about) = self.parts();
        let about = about.map(|about| format!(" #{}", line(about))).unwrap_or_default();
        format!("{}{about}", words(expected))
    }
}

pub fn heading(group: Group) -> &'static str {
    match group {
        Group::Overdue => "Overdue",
        Group::Soon => "Due within seven days",
        Group::Steps => "If they stay silent",
        Group::Yours => "Your move",
        Group::Letters => "Letters",
        Group::Mail => "Mail put aside",
        Group::Waiting => "Waiting for others",
    }
}

/// A time in a list over cases: as its case tells it, with its zone where the reader's own clock shows another. The reader's
/// own where the case's is not known.
pub fn short(at: i64, case_zone: Option<&str>, own_zone: &str, now: i64) -> String {
    let zone = case_zone.unwrap_or(own_zone);
    let told = when::show_short(at, zone, now);
    if told == when::show_short(at, own_zone, now) {
        return told;
    }
    format!("{told} {}", when::zone_at(at, zone))
}

impl Telling<'_> {
    /// One thing, without its case.
    pub fn thing(&self, thing: &Thing) -> (Style, String) {
        let zone = thing.zone.as_deref().unwrap_or(self.zone);
        let short = |at: i64| self.short(at, zone);
        match &thing.matter {
            Matter::Due(due) => {
                let who = if due.mine { "you".to_owned() } else { line(&due.who) };
                let what = due.what.as_ref().map_or_else(|| "sealed".to_owned(), |what| line(what));
                let said = match (due.said, due.mine) {
                    (false, _) => "",
                    (true, false) => " (as they said; not agreed)",
                    (true, true) => " (as the other side noted it; not agreed)",
                };
                let style = if due.at < self.now { Style::Bad } else { Style::Warn };
                let (about, away) = (&due.about, when::distance(due.at, self.now));
                (style, format!("{who}: {what} (#{about}){said}; due {}, {away}", short(due.at)))
            }
            Matter::Clock(clock) => {
                let who = if clock.mine { "you".to_owned() } else { line(&clock.who) };
                let what = clock.which().map_or("something", clock_in_words);
                let style = if clock.at < self.now { Style::Bad } else { Style::Warn };
                let (about, away) = (line(&clock.about), when::distance(clock.at, self.now));
                (style, format!("{who}: {what} by the service clock (#{about}); due {}, {away}", short(clock.at)))
            }
            Matter::Wait(wait) => {
                let about = wait.about.as_ref().map(|n| format!(" #{n}")).unwrap_or_default();
                let more = if wait.more == 0 { String::new() } else { format!(" and {} more", wait.more) };
                let what = wait.what.as_ref().map(|what| format!(" \"{}\"{more}", line(what))).unwrap_or_default();
                let since = format!("since {}", short(wait.since));
                if wait.mine {
                    return (Style::Warn, format!("{}{about}{what}, {since}", your_move(&wait.expected)));
                }
                (Style::Faint, format!("{}: {}{about}{what}, {since}", line(&wait.who), their_move(&wait.expected)))
            }
            Matter::Step { line, standing } => self.step(line, *standing, zone),
            Matter::Letter(letter) => self.letter(letter),
            Matter::Mail(count) => {
                let mails =
                    if *count == 1 { "1 mail that belongs".to_owned() } else { format!("{count} mails that belong") };
                (Style::Warn, format!("{mails} to no case yet"))
            }
        }
    }

    fn short(&self, at: i64, zone: &str) -> String {
        short(at, Some(zone), self.zone, self.now)
    }

    fn step(&self, step: &StepLine, standing: StepDay, zone: &str) -> (Style, String) {
        let away = |at: i64| when::distance(at, self.now);
        let short = |at: i64| self.short(at, zone);
        let to = step.to.as_ref().map(|to| format!(", to {}", line(to))).unwrap_or_default();
        let what = format!("{}{to}", line(&step.what));
        let until = step.until.map(|(until, safe)| {
            if safe < until {
                format!("until {} (to be safe, by {})", short(until), short(safe))
            } else {
                format!("until {}, {}", short(until), away(until))
            }
        });
        let until = until.unwrap_or_else(|| "no end is noted".to_owned());
        let (opens, surely) = step.opens;
        match standing {
            StepDay::Soon => (Style::Faint, format!("{what}: from {}, {}", short(opens), away(opens))),
            StepDay::OpenAsClaimed => (
                Style::Warn,
                format!("{what}: can be taken by your own dates; by what is proven from {}", short(surely)),
            ),
            StepDay::Open => (Style::Warn, format!("{what}: can be taken, {until}")),
            StepDay::Ends => (Style::Bad, format!("{what}: ends soon, {until}")),
            StepDay::PerhapsOver => (Style::Bad, format!("{what}: do it at once, {until}")),
            StepDay::Over => (Style::Bad, format!("{what}: its time is over, {until}")),
        }
    }

    fn letter(&self, letter: &LetterLine) -> (Style, String) {
        if letter.kind == "notice" {
            return (Style::Warn, format!("your own note on {}: {}", line(&letter.about), line(&letter.what)));
        }
        let of = if letter.kind == "thanks" { "for" } else { "of" };
        let what = format!("{} {of} {} \"{}\"", letter.kind, line(&letter.about), line(&letter.what));
        match (letter.state, &letter.trouble) {
            (LetterDay::Failed, Some(why)) => (Style::Bad, format!("{what}: it was not sent ({})", line(why))),
            (LetterDay::Failed, None) => (Style::Bad, format!("{what}: it was not sent")),
            (LetterDay::Asks, _) => (Style::Warn, format!("{what}: waits for your yes")),
            (LetterDay::Draft, _) => (Style::Warn, format!("{what}: lies as a draft for your mail program")),
            (LetterDay::Goes, Some(why)) => {
                (Style::Warn, format!("{what}: not sent yet ({}), is tried again", line(why)))
            }
            (LetterDay::Goes, None) => {
                let running = if self.commands { "`counterpart up` runs" } else { "your node runs" };
                (Style::Faint, format!("{what}: goes out while {running}"))
            }
        }
    }
}

/// What a clock waits for, in the middle of a sentence.
fn clock_in_words(which: Which) -> &'static str {
    match which {
        Which::FirstAnswer => "a first answer",
        Which::NextUpdate => "the next update",
        Which::Resolution => "to have it resolved",
    }
}

fn your_move(expected: &str) -> &'static str {
    match expected {
        "answer" => "answer",
        "confirm" => "confirm",
        "prove" => "prove that your accept of this arrived:",
        "perform" => "do, and declare done:",
        "rework" => "do again, and declare done:",
        "approve" => "approve or reject the result",
        "allow" => "allow or refuse",
        "choose" => "choose between agreements that crossed:",
        "ratify" => "stand by, or let go,",
        "settle" => "settle the dispute",
        "decide" => "decide",
        "erase" => "erase, or say why not:",
        "join" => "join",
        _ => "look at",
    }
}

fn their_move(expected: &str) -> &'static str {
    match expected {
        "answer" => "an answer to",
        "confirm" => "a confirmation of",
        "prove" => "proof that their accept arrived of",
        "perform" => "to do",
        "rework" => "to do again",
        "approve" => "a word on the result",
        "allow" => "a word on the request",
        "choose" => "a choice between agreements that crossed:",
        "ratify" => "whether they stand by",
        "settle" => "an end of the dispute",
        "decide" => "a decision on",
        "erase" => "to erase",
        "join" => "to join",
        _ => "a move on",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_case() {
        // 2028-02-29T23:59 in Berlin.
        let at = 1_835_477_940_000;
        for (own, told) in [("Europe/London", "29 Feb 23:59 CET"), ("Europe/Paris", "29 Feb 23:59")] {
            let telling = Telling { zone: own, now: at, commands: true };
            assert_eq!(telling.short(at, "Europe/Berlin"), told);
        }
    }

    #[test]
    fn a_summary_says_whose_move_it_is() {
        let yours = |text| match whose(text) {
            Whose::Yours(asked) => Some(asked),
            _ => None,
        };
        let asked = yours("yours: approve #9").expect("ours");
        assert_eq!((asked.of_you().as_str(), asked.about()), ("approve or reject the result #9", Some("9")));
        assert_eq!(whose("theirs: join"), Whose::Theirs(Asked { text: "join" }));
        let joins = Asked { text: "join" };
        assert_eq!((joins.of_them().as_str(), joins.about()), ("to join", None));
        for nobody in ["", "yours", "whoever: answer #5"] {
            assert_eq!(whose(nobody), Whose::Nobody, "{nobody}");
        }
        let later = yours("yours: juggle #5\u{202E}").expect("ours");
        assert_eq!(later.of_you(), "look at #5<U+202E>");
    }
}
