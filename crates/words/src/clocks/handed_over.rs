//! Service clocks on the page for whoever takes a case over: how they stand, in place of the record that agreed them.

use counterpart_core::{id::EntryId, value::ItemValue, view::ItemView};
use counterpart_process::clocks::{Clocks, KEY, PAUSE, Said, Shown, clocks};

use super::{explained, lines, stood_still, stopped_as_of};
use crate::{
    case::OpenCase,
    render::{self, Details, answers_to},
    when,
};

/// What the page says of the clocks, and what need not be said a second time elsewhere on it.
#[derive(Debug)]
pub(crate) struct HandedOver {
    pub(crate) lines: Vec<String>,
    /// Where they can be counted, the clocks, and in words how.
    counted: Option<(Clocks, String)>,
}

impl HandedOver {
    /// To be signed, it is told as of the newest entry, and by when instead of how long: the text stays the same while nothing
    /// comes, and stays true.
    pub(crate) fn of(case: &OpenCase, details: Details) -> Self {
        let now = match details {
            Details::Open => case.now,
            Details::Sealed => newest(case),
        };
        let Some(Ok(found)) = clocks(&case.record, case.view(), now) else {
            return Self { lines: lines(case), counted: None };
        };
        let shown = Shown { time: &when::show, entry: &|id| case.entry_name(id) };
        let mut told = match details {
            Details::Open => found.lines(&shown),
            Details::Sealed => found.lasting_lines(&shown, &render::newest_entries(case)),
        };
        let answered = |entry: &EntryId| {
            let answers = answers_to(case, entry, details).into_iter();
            answers.map(|answer| format!("; {}", answer.text)).collect::<String>()
        };
        for pause in &found.pauses {
            let answers = answered(&pause.entry);
            match stood_still(case, pause, now) {
                None => told.push(format!("{}{answers}", stopped_as_of(case, pause, now))),
                // What is over is told where somebody objected to it.
                Some(text) if !answers.is_empty() => told.push(format!("{text}{answers}")),
                Some(_) => {}
            }
        }
        let whose = render::listed(found.by.iter().map(|seat| case.seat_label(seat)));
        let (agreed, answers) = (case.entry_name(&found.agreement), answered(&found.agreement));
        told.push(format!("Clocks of {whose}, agreed in {agreed}{answers}"));
        let whose = render::listed(found.by.iter().map(|seat| case.seat_text(seat)));
        let how = explained(&found.agreed, &whose);
        Self { lines: told, counted: Some((found, how)) }
    }

    /// Whether free terms say how the clocks are counted, and nothing else. Others under the same title may say anything.
    pub(crate) fn explains(&self, text: &str) -> bool {
        self.counted.as_ref().is_some_and(|(_, how)| how == text)
    }

    /// Whether nothing of an item is left to be told.
    pub(crate) fn tells(&self, case: &OpenCase, item: &ItemView) -> bool {
        match (&self.counted, &item.agreed) {
            (Some((found, _)), Some((agreed, _))) => item.key == KEY && found.agreement == *agreed,
            (Some(_), None) => {
                let mut stated = item.stated.iter();
                item.key == PAUSE && stated.all(|one| self.tells_stated(case, &item.key, &one.entry, &one.value))
            }
            (None, _) => false,
        }
    }

    /// The same of one value: that they stand still is told, or over; that they run on is seen.
    pub(crate) fn tells_stated(&self, case: &OpenCase, key: &str, entry: &EntryId, value: &ItemValue) -> bool {
        let Some((found, _)) = &self.counted else { return false };
        key == PAUSE
            && match Said::read(value) {
                Some(Said::Paused { .. }) => found.pauses.iter().any(|pause| pause.entry == *entry),
                Some(Said::Running) => answers_to(case, entry, Details::Sealed).is_empty(),
                None => false,
            }
    }
}

/// When the newest entry was made, of those that do not claim a time to come: Unix milliseconds.
fn newest(case: &OpenCase) -> i64 {
    let graph = case.record.graph();
    graph.all().map(|ix| graph.statement(ix).at).filter(|at| *at <= case.now).max().unwrap_or(case.now)
}

#[cfg(test)]
mod tests {
    use counterpart_core::{
        act::{Act, Proposal, Subject, Topic},
        id::EntryId,
        value::{ItemValue, Seat},
    };
    use counterpart_process::clocks::{Said, Which};
    use counterpart_testkit::case::proposal;

    use super::super::{ClocksTyped, TITLE, said, topics};
    use crate::{
        fixture::{Two, open},
        render::{Details, handover},
    };

    const HOUR: i64 = 3_600_000;

    /// Clocks of party 1, counted around the clock, proposed by the other and accepted: entries #5 and #6.
    fn agreed(two: &mut Two) -> EntryId {
        let typed = ClocksTyped {
            lengths: vec![(Which::FirstAnswer, "4 hours".to_owned()), (Which::Resolution, "40 hours".to_owned())],
            hours: vec!["daily 00:00-24:00".to_owned()],
            zone: Some("UTC".to_owned()),
            ..ClocksTyped::default()
        };
        let agreed = typed.read("UTC", two.now()).expect("good clocks");
        let topics = topics(&agreed, vec![Seat::Number(0), Seat::Number(1)], "party 1", None);
        let subjects = topics.into_iter().map(|topic| Subject { base: None, topic }).collect();
        let proposed = two.act(0, &Act::Propose(Proposal { subjects, ..proposal(None, Topic::Level { level: 1 }) }));
        two.accept(1, proposed);
        proposed
    }

    fn note(two: &mut Two, party: usize) -> EntryId {
        two.act(party, &Act::Note { text: open("hello?"), about: None })
    }

    #[test]
    fn the_page_says_how_the_clocks_stand_and_not_how_they_are_counted() {
        let mut two = Two::new();
        agreed(&mut two);
        two.act(0, &Act::Item { key: "meter".to_owned(), value: ItemValue::Integer(7), label: None, note: None });
        two.act(1, &said(&Said::Paused { reason: "which\nnumber?".to_owned() }));
        let case = two.seen_by(0);
        for details in [Details::Open, Details::Sealed] {
            let page = handover(&case, details);
            for told in [
                "Service clocks\n  First answer: ",
                "  Resolution: stands still with 39 h 58 min left of 40 working hours\n",
                "  Stopped by party 1 since ",
                "  Clocks of party 1, agreed in #5\n",
                "meter: 7 (so says",
                "Facts: meter\n",
            ] {
                assert!(format!("{page}\n").contains(told), "{details:?} {told}\n{page}");
            }
            for untold in [TITLE, "Only working hours count", "service-clocks", "daily 00:00"] {
                assert!(!page.contains(untold), "{details:?} {untold}\n{page}");
            }
        }
    }

    #[test]
    fn what_is_signed_stays_the_same_and_true_while_nothing_comes() {
        let mut two = Two::new();
        agreed(&mut two);
        two.wait(5 * HOUR);
        let mut case = two.seen_by(0);
        let (before, live) = (handover(&case, Details::Sealed), handover(&case, Details::Open));
        assert!(live.contains("First answer: late, it was due "), "{live}");
        let due = "First answer: due Wed 15 Nov 2023 03:15 UTC (4 working hours)";
        assert!(
            before.contains(due) && !before.contains("late"),
            "by when, which whoever reads it can compare\n{before}"
        );
        for hours in [0, 1, 40, 24 * 400] {
            case.now += hours * HOUR;
            assert_eq!(handover(&case, Details::Sealed), before, "{hours} hours later");
        }
    }

    #[test]
    fn what_was_late_when_the_newest_entry_came_is_called_late_from_then_on() {
        let mut two = Two::new();
        agreed(&mut two);
        two.wait(5 * HOUR);
        note(&mut two, 0);
        let mut case = two.seen_by(1);
        let page = handover(&case, Details::Sealed);
        let late = "First answer: late, it was due Wed 15 Nov 2023 03:15 UTC and had not come by #7";
        assert!(page.contains(late), "{page}");
        case.now += 3 * HOUR;
        assert_eq!(handover(&case, Details::Sealed), page);
    }

    #[test]
    fn what_others_write_under_the_same_name_is_shown() {
        let mut two = Two::new();
        agreed(&mut two);
        let text = open("Only working hours count, and party 0 pays £1000.");
        let seats = vec![Seat::Number(0), Seat::Number(1)];
        let other = proposal(None, Topic::Terms { terms: None, title: TITLE.to_owned(), text, seats });
        let other = two.act(1, &Act::Propose(other));
        two.accept(0, other);
        // A pause that counts for nothing is a fact like any other, and one that somebody objected to is told.
        let odd = ItemValue::Integer(5);
        let key = counterpart_process::clocks::PAUSE.to_owned();
        two.act(0, &Act::Item { key, value: odd, label: None, note: None });
        let pause = two.act(1, &said(&Said::Paused { reason: "we wait for you".to_owned() }));
        two.act(0, &Act::Contest { entry: pause, reason: open("you do not") });
        let case = two.seen_by(0);
        for details in [Details::Open, Details::Sealed] {
            let page = handover(&case, details);
            for told in [
                "party 0 pays £1000",
                "service-clocks-pause: 5 (so says party 0",
                "we wait for you; contested by party 0 in #11: you do not",
                "Stood still from ",
            ] {
                assert!(page.contains(told), "{details:?} {told}\n{page}");
            }
        }
    }

    #[test]
    fn clocks_that_nobody_can_count_stay_a_fact() {
        let mut two = Two::new();
        let value = ItemValue::Record(vec![("by".to_owned(), ItemValue::Integer(1))]);
        let key = counterpart_process::clocks::KEY.to_owned();
        let proposed = two.act(0, &Act::Propose(proposal(None, Topic::Item { key, value })));
        two.accept(1, proposed);
        let page = handover(&two.seen_by(0), Details::Sealed);
        assert!(page.contains("cannot be counted") && page.contains("service-clocks: {by: 1}"), "{page}");
    }
}
