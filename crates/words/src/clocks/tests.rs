use counterpart_core::act::Proposal;

use super::*;
use crate::{fixture::Two, terms};

/// Monday 6 July 2026, 10:00 in London.
const NOW: i64 = 1_783_328_400_000;

fn typed_clocks() -> ClocksTyped {
    ClocksTyped {
        lengths: vec![(Which::FirstAnswer, "4 hours".to_owned()), (Which::Resolution, "1h 30m".to_owned())],
        ..ClocksTyped::default()
    }
}

#[test]
fn what_people_type_becomes_terms_that_name_everything() {
    let typed =
        ClocksTyped { holidays: vec!["GB-ENG".to_owned(), "2026-12-24 Christmas Eve".to_owned()], ..typed_clocks() };
    let agreed = typed.read("Europe/London", NOW).expect("good");
    assert_eq!(agreed.clocks, [(Which::FirstAnswer, 4 * 3600), (Which::Resolution, 5400)]);
    let free: Vec<String> = agreed.hours.free.iter().map(|(day, name)| format!("{day} {name}")).collect();
    assert_eq!(free[0], "2026-08-31 Late Summer Bank Holiday");
    assert_eq!(
        free[1..4],
        ["2026-12-24 Christmas Eve", "2026-12-25 Christmas Day", "2026-12-28 Boxing Day (observed)"]
    );
    assert!(free.last().is_some_and(|day| day.starts_with("2028-12-26")), "{free:?}");
    // What is signed reads back as what was meant.
    let read = Agreed::read(&agreed.value()).expect("good");
    assert_eq!(
        (read.clocks, read.hours.free, read.by),
        (agreed.clocks.clone(), agreed.hours.free.clone(), Role::Supplier)
    );
    let text = explained(&agreed, "Northlink Ltd");
    for part in [
        "Northlink Ltd gives a first answer within 4 working hours of this agreement and has it resolved within 90 working \
         minutes",
        "mon-fri 09:00-17:00, in the time zone Europe/London, without the holidays listed",
        "No pause stops the first answer",
    ] {
        assert!(text.contains(part), "'{part}' in {text}");
    }
}

#[test]
fn what_cannot_be_a_clock_says_why() {
    let read = |change: &dyn Fn(&mut ClocksTyped)| {
        let mut typed = typed_clocks();
        change(&mut typed);
        typed.read("Europe/London", NOW).expect_err("not good").message
    };
    assert!(read(&|t| t.lengths.clear()).contains("at least one clock"));
    for length in ["", "4", "0 hours", "-1 hour", "90 seconds", "30 s", "2 fortnights", "9000 hours"] {
        let message = read(&|t| t.lengths[0].1 = length.to_owned());
        assert!(message.contains("no length of a clock"), "{length}: {message}");
    }
    assert!(read(&|t| t.by = Some("observer".to_owned())).contains("no role"));
    assert!(read(&|t| t.hours = vec!["weekdays 9-5".to_owned()]).contains("no hours of days"));
    assert!(read(&|t| t.zone = Some("CET/Nowhere".to_owned())).contains("not a time zone"));
    assert!(read(&|t| t.holidays = vec!["Atlantis".to_owned()]).contains("no holidays are known"));
}

#[test]
fn clocks_are_agreed_stopped_and_shown_to_both_sides() {
    let mut two = Two::new();
    let agreed =
        ClocksTyped { hours: vec!["daily 00:00-24:00".to_owned()], zone: Some("UTC".to_owned()), ..typed_clocks() }
            .read("UTC", NOW)
            .expect("good");
    // A bundle of its own: what a case that is open proposes.
    let topics = topics(&agreed, vec![Seat::Number(0), Seat::Number(1)], "party 1", None);
    let proposal = |topics: Vec<Topic>| Proposal {
        subjects: topics.into_iter().map(|topic| counterpart_core::act::Subject { base: None, topic }).collect(),
        ..counterpart_testkit::case::proposal(None, Topic::Level { level: 1 })
    };
    let proposed = two.act(0, &Act::Propose(proposal(topics)));
    two.accept(1, proposed);
    two.act(1, &said(&Said::Paused { reason: "which\nnumber?".to_owned() }));
    let case = two.seen_by(0);
    let told = lines(&case);
    // Accepted, a minute later the pause, a minute later now; the first answer counts on.
    assert!(told[0].starts_with("First answer: 3 h 58 min left of 4 working hours (until "), "{told:?}");
    assert_eq!(told[1], "Resolution: stands still with 1 h 29 min left of 90 working minutes");
    assert!(told[2].starts_with("Stopped by party 1 since ") && !told[2].contains("\n"), "{told:?}");
    let json = as_json(&case);
    assert_eq!(json["clocks"][1]["standing"], "paused");
    assert_eq!((&json["clocks"][0]["left_seconds"], &json["zone"]), (&json!(14_280), &json!("UTC")));
    assert_eq!(json["pauses"][0]["until"], Json::Null);
    assert!(matches!(resume(&case), Ok(Act::Item { .. })));
    assert!(render::show(&case, 100).contains("Service clocks"));
    // Clocks proposed anew take the place of the former and of their words.
    let again = terms::proposal(&case, proposed_again(&case), None, None);
    assert!(again.subjects.iter().all(|subject| subject.base == Some(proposed)), "{again:?}");
}

fn proposed_again(case: &OpenCase) -> Vec<Topic> {
    proposed(case, &typed_clocks().read("UTC", NOW).expect("good")).expect("both sides are here")
}

#[test]
fn where_none_are_agreed_nothing_is_shown_and_nothing_stopped() {
    let mut two = Two::new();
    two.propose(0, "Refund");
    let case = two.seen_by(0);
    assert!(lines(&case).is_empty() && as_json(&case).is_null());
    for error in [pause(&case, "why").expect_err("none"), resume(&case).expect_err("none")] {
        assert!(error.message.contains("no service clocks are agreed"), "{}", error.message);
        assert!(error.hint.is_some_and(|hint| hint.contains("counterpart clock ")));
    }
}
