//! The service clocks that were agreed, as they stood when the report was made.

use counterpart_process::clocks::{self, Clock, Clocks, Shown};

use crate::{
    teller::Teller,
    words::{Words, say},
};

/// A line for each clock, then the pauses; nothing where none are agreed.
pub(crate) fn clocks(teller: &Teller<'_>) -> Vec<Words> {
    match clocks::clocks(teller.record, &teller.view, teller.made_at) {
        None => Vec::new(),
        Some(Err((entry, why))) => {
            let words = say("The clocks agreed in ").entry(teller.entry(&entry)).say(" cannot be counted: ");
            vec![words.quote(&why.to_string()).say(".")]
        }
        Some(Ok(clocks)) => lines(teller, &clocks),
    }
}

fn lines(teller: &Teller<'_>, clocks: &Clocks) -> Vec<Words> {
    let whose = Words::new().listed(clocks.by.iter().map(|seat| Words::new().who(&teller.seat(seat))));
    let mut lines: Vec<Words> = clocks.clocks.iter().map(|clock| line(teller, clocks, clock)).collect();
    lines.push(
        say("Clocks of ")
            .then(whose)
            .say(", agreed in ")
            .entry(teller.entry(&clocks.agreement))
            .say(", counted from ")
            .at(teller.time(clocks.began))
            .say(format!("; working hours: {}", clocks.hours_in_words())),
    );
    for pause in &clocks.pauses {
        let words = say("Stopped from ").at(teller.time(pause.from)).say(" by ").entry(teller.entry(&pause.entry));
        let words = match &pause.ended {
            Some((at, by)) => words.say(" to ").at(teller.time(*at)).say(" by ").entry(teller.entry(by)),
            None => words.say(", and not ended"),
        };
        lines.push(words.say(": ").quote(&pause.reason));
    }
    lines
}

fn line(teller: &Teller<'_>, clocks: &Clocks, clock: &Clock) -> Words {
    let time = |at: i64, zone: &str| crate::clock::Clock::of(zone).time(at).local;
    let shown = Shown { time: &time, entry: &|id| teller.entry(id).shown };
    say(format!("{}: {}", clock.which.in_words(), clock.in_words(clocks, &shown)))
}
