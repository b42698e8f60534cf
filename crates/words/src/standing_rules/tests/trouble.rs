//! What fails for one rule, or in one case, holds up nobody else, and is done once when it goes again; rules that end while it
//! is looked; what is held back for an hour.

use std::{
    fs::{File, TryLockError},
    path::PathBuf,
};

use counterpart_node::RuleBehind;
use counterpart_store::{Change, ChangeKind, StoreError};
use counterpart_testkit::case::case_of;

use super::*;
use crate::standing_rules::{
    aside::{MOST_IN_CASES, Trouble, Who},
    runner::{Look, Opened},
};

const HOUR: i64 = 60 * MINUTE;
const SECOND: i64 = 1000;

/// How a seat comes to sign nothing, for as long as that lasts.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Its key cannot be read.
    Key,
    /// Its device is known to have signed elsewhere.
    Elsewhere,
}

const WAYS: [Way; 2] = [Way::Key, Way::Elsewhere];

impl Way {
    fn keys(two: &Two) -> PathBuf {
        two.supplier.home.path().join("seats/broken/keys")
    }

    /// Breaks the seat; gives what mends it.
    fn breaks(self, two: &Two) -> impl FnOnce() {
        let (key, mark) = (Self::keys(two).join("device.pem"), Self::keys(two).join("used-elsewhere"));
        let whole = fs::read(&key).expect("a key");
        match self {
            Self::Key => fs::write(&key, "no key").expect("written"),
            Self::Elsewhere => fs::write(&mark, "").expect("written"),
        }
        move || match self {
            Self::Key => fs::write(&key, whole).expect("written"),
            Self::Elsewhere => fs::remove_file(&mark).expect("it was there"),
        }
    }
}

/// Two homes, and at the supplier's a seat that breaks and one that is well.
fn with_seats() -> Two {
    let two = Two::new();
    two.supplier.seat("broken", &["note"], &[]);
    two.supplier.seat("well", &["note"], &[]);
    two
}

/// What the notes of a seat are about, in order.
fn answered(two: &Two, seat: &str) -> Vec<EntryId> {
    let device = two.supplier.desk.seat_called(seat).expect("a seat").agent.device;
    let record = two.record(&two.supplier);
    let (graph, fold) = (record.graph(), record.fold());
    let of_seat = graph.all().filter(|ix| graph.statement(*ix).device == device);
    let about = of_seat.filter_map(|ix| match fold.act(ix) {
        Act::Note { about, .. } => *about,
        _ => None,
    });
    about.collect()
}

fn behind(two: &Two) -> Vec<RuleBehind> {
    two.supplier.desk.rules_looked().behind
}

/// What was told, in words that are compared.
fn words(told: &[What]) -> Vec<&'static str> {
    let word = |what: &What| match what {
        What::Signed(..) => "signed",
        What::Held(_) => "held",
        What::Trouble { given_up: false, .. } => "trouble",
        What::Trouble { given_up: true, .. } => "given up",
        _ => "else",
    };
    told.iter().map(word).collect()
}

/// The supplier's rules, as if somebody had written in their file.
fn rewritten(two: &Two, change: impl Fn(&mut StandingRule)) {
    let mut rules = two.supplier.desk.standing_rules().expect("rules");
    rules.iter_mut().for_each(change);
    fs::write(two.supplier.home.path().join("standing-rules.json"), json!(rules).to_string()).expect("written");
}

/// The customer promises something that was due some minutes ago.
fn overdue(two: &Two, minutes: i64) -> EntryId {
    let (offer, _) = two.promised(now() - minutes * MINUTE);
    two.carried();
    offer
}

#[test]
fn a_seat_that_fails_holds_up_its_own_rules_alone() {
    for way in WAYS {
        let two = with_seats();
        two.supplier.rule("all", "broken", When::Note, Only::default(), notes("Seen"));
        let urgent = Only { words: vec!["urgent".to_owned()], ..Only::default() };
        two.supplier.rule("urgent", "well", When::Note, urgent, notes("At once"));
        let mut runner = two.supplier.runner();
        let mend = way.breaks(&two);
        for _ in 0..25 {
            two.customer_signs(&note("One more"));
        }
        let last = two.customer_signs(&note("This is urgent"));
        assert_eq!(words(&looked(&mut runner)), ["trouble", "signed"], "{way:?}");
        assert_eq!(answered(&two, "well"), [last]);
        assert_eq!(behind(&two).len(), 1, "however much comes in");
        mend();
    }
}

#[test]
fn what_waited_for_a_seat_is_done_once_and_in_order() {
    for way in WAYS {
        let two = with_seats();
        two.supplier.rule("broken", "broken", When::Note, Only::default(), notes("Seen"));
        two.supplier.rule("well", "well", When::Note, Only::default(), notes("Seen as well"));
        let mut runner = two.supplier.runner();
        let mend = way.breaks(&two);
        let mut came: Vec<EntryId> = ["one", "two", "three"].map(|text| two.customer_signs(&note(text))).to_vec();
        let at = now();
        assert_eq!(words(&looked_at(&mut runner, at)), ["trouble", "signed", "signed", "signed"]);
        // After a start it is tried at once, and told no more.
        let mut runner = two.supplier.runner();
        assert_eq!(looked_at(&mut runner, at + SECOND), []);
        assert_eq!(behind(&two).first().map(|behind| behind.tries), Some(1));
        mend();
        assert_eq!(looked_at(&mut runner, at + 2 * SECOND), [], "it is not time yet");
        came.push(two.customer_signs(&note("four")));
        assert_eq!(words(&looked_at(&mut runner, at + 3 * SECOND)), ["signed"]);
        assert_eq!((answered(&two, "broken"), answered(&two, "well")), (vec![], came.clone()));
        assert_eq!(words(&looked_at(&mut runner, at + 10 * MINUTE)), ["signed"; 4], "{way:?}");
        assert_eq!((answered(&two, "broken"), answered(&two, "well")), (came.clone(), came));
        assert_eq!(behind(&two), []);
        for mut runner in [two.supplier.runner(), two.supplier.forgets()] {
            assert_eq!(looked_at(&mut runner, at + 20 * MINUTE), []);
        }
        assert_eq!(answered(&two, "broken").len(), 4, "each once");
    }
}

#[test]
fn it_is_tried_more_and_more_seldom_and_after_two_days_left_to_a_person() {
    let two = with_seats();
    let rule = two.supplier.rule("broken", "broken", When::Note, Only::default(), notes("Seen"));
    let mut runner = two.supplier.runner();
    let mend = Way::Key.breaks(&two);
    two.customer_signs(&note("one"));
    let came = now();
    let mut at = came;
    let mut told = looked_at(&mut runner, at);
    let mut pauses = Vec::new();
    while at < came + 50 * HOUR {
        let again = behind(&two).first().expect("it waits").again;
        assert_eq!(looked_at(&mut runner, again - 1), []);
        assert_eq!(behind(&two).first().map(|behind| behind.again), Some(again), "not tried before its time");
        told.extend(looked_at(&mut runner, again));
        pauses.push(again - at);
        at = again;
    }
    assert!(pauses.is_sorted() && pauses.first() < Some(&(10 * SECOND)), "{pauses:?}");
    assert!(pauses.len() < 80 && pauses.last() == Some(&HOUR), "{pauses:?}");
    assert_eq!(words(&told), ["trouble", "given up"]);
    mend();
    assert_eq!(looked_at(&mut runner, at + HOUR), [], "it is too long ago");
    assert_eq!((behind(&two), answered(&two, "broken")), (vec![], vec![]));
    let done = two.supplier.desk.rules_looked().done;
    assert!(done[&rule.id].iter().any(|done| done.what.starts_with("left to you")), "{done:?}");
}

#[test]
fn a_case_that_cannot_be_read_holds_up_no_other() {
    let two = Two::new();
    two.supplier.seat("bot", &["note"], &[]);
    two.supplier.rule("polite", "bot", When::Note, Only::default(), notes("Seen"));
    let mut runner = two.supplier.runner();
    let other = case_of(&[&two.customer.party(), &two.supplier.party()], "Another", 8);
    let put = |house: &House, record: &Record, listed: bool| {
        let (own, entries) = (house.desk.author().device, record.graph().len());
        let logs = [&two.customer, &two.supplier].map(|party| party.desk.party());
        let written = house.desk.with_store(|store| {
            store.write(|txn| {
                put_case(txn, own, record, entries, &logs)?;
                if listed {
                    txn.put_summary(&summary_of(other.id, "Another", entries, now()))?;
                }
                Ok::<_, StoreError>(())
            })
        });
        written.expect("a written store");
    };
    put(&two.customer, &other.record, true);
    two.customer.desk.sign(&other.id, &note("Hello"), now()).expect("signed");
    let record = two.customer.desk.record(&other.id).expect("a case");
    put(&two.supplier, &record, false);
    let came = ["one", "two"].map(|text| two.customer_signs(&note(text)));
    let at = now();
    assert_eq!(words(&looked_at(&mut runner, at)), ["trouble", "signed", "signed"]);
    assert_eq!(answered(&two, "bot"), came);
    assert_eq!(looked_at(&mut runner, at + MINUTE), [], "told once");
    put(&two.supplier, &record, true);
    assert_eq!(words(&looked_at(&mut runner, at + 10 * MINUTE)), ["signed"]);
    assert_eq!(behind(&two), []);
    assert_eq!(looked_at(&mut two.supplier.forgets(), at + 11 * MINUTE), []);
}

/// A rule that is about notes, of this id.
fn a_rule(id: &str) -> StandingRule {
    let device = Two::new().supplier.desk.author().device;
    let (name, id, seat) = (id.to_owned(), id.to_owned(), "bot".to_owned());
    let (when, only, then) = (When::Note, Only::default(), notes("Seen"));
    StandingRule { name, id, seat, device, when, only, then, an_hour: 3, added: 0, after: 0 }
}

#[test]
fn what_is_set_aside_has_bounds_and_loses_nothing_of_a_rule() {
    let rules = ["a", "b"].map(a_rule);
    let mut look = Look { rules: rules.to_vec(), ..Look::default() };
    let change = |number: u64| {
        let mut case = CaseId([0; 32]);
        case.0[..8].copy_from_slice(&number.to_be_bytes());
        Change { number, at: 0, case, kind: ChangeKind::ActReceived, what: None, due: None }
    };
    let mut given_up = Vec::new();
    for number in 1..=1000_u64 {
        for rule in [Some(&rules[0]), Some(&rules[1]), None] {
            let change = change(number);
            let what = What::Trouble { why: String::new(), given_up: false };
            let told = Told { rule: rule.map(|rule| rule.name.clone()), case: Some(change.case), about: None, what };
            let who = Who { rule: rule.map(|rule| rule.id.clone()), case: Some(change.case.to_hex()) };
            let before = look.told.len();
            assert!(!look.set_aside(who, Trouble { from: number - 1, at: 0, told }, None));
            let given =
                look.told[before..].iter().any(|told| matches!(told.what, What::Trouble { given_up: true, .. }));
            given_up.extend(given.then_some(number));
        }
        assert!(look.looked.behind.len() <= MOST_IN_CASES + rules.len());
    }
    assert!(!given_up.is_empty(), "what waits for all rules has an end");
    for number in 1..=1000 {
        assert!(rules.iter().all(|rule| look.waits(rule, &change(number), None)), "{number}");
    }
}

#[test]
fn a_rule_that_ends_while_it_is_looked_does_nothing_more() {
    for then in [notes("Seen"), Then::Assign("Tom".to_owned())] {
        let two = with_seats();
        two.supplier.rule("ends", "broken", When::Note, Only::default(), then);
        two.supplier.rule("stays", "well", When::Note, Only::default(), notes("Seen"));
        let mut runner = two.supplier.runner();
        two.customer_signs(&note("one"));
        let look = runner.begin(now()).expect("a look").expect("there are rules");
        two.supplier.desk.end_standing_rule("ends").expect("ended");
        let told: Vec<Option<String>> = runner.carry_out(look).0.into_iter().map(|told| told.rule).collect();
        assert_eq!(told, [Some("stays".to_owned())]);
        assert_eq!(two.kinds_by_seat("broken"), [""; 0]);
        assert_eq!(two.supplier.desk.assigned(&two.case).expect("read"), None);
        assert_eq!(looked(&mut runner), []);
    }
}

#[test]
fn whoever_ends_a_rule_is_answered_when_it_no_longer_signs() {
    let two = Two::new();
    two.supplier.seat("bot", &["note"], &[]);
    let rule = two.supplier.rule("polite", "bot", When::Note, Only::default(), notes("Seen"));
    let desk = &two.supplier.desk;
    let signs = desk.hold_standing_rule(&rule).expect("read").expect("it stands");
    let lock = File::open(two.supplier.home.path().join("standing-rules.lock")).expect("a lock");
    assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)), "what `end` waits for");
    drop(signs);
    lock.try_lock().expect("free again");
    lock.unlock().expect("unlocked");
    desk.end_standing_rule("polite").expect("ended");
    assert!(desk.hold_standing_rule(&rule).expect("read").is_none());
}

#[test]
fn what_is_due_and_held_for_an_hour_is_done_after_it() {
    let two = Two::new();
    two.supplier.seat("bot", &["note"], &[]);
    two.supplier.rule("late", "bot", When::Overdue, Only::default(), notes("Late: #{part}"));
    rewritten(&two, |rule| (rule.added, rule.an_hour) = (0, 1));
    for minutes in [20, 10] {
        overdue(&two, minutes);
    }
    let mut runner = two.supplier.runner();
    let at = now();
    assert_eq!(words(&looked_at(&mut runner, at)), ["signed", "held"]);
    for (later, told) in [(30, &[][..]), (58, &[]), (62, &["signed"]), (63, &[]), (200, &[])] {
        assert_eq!(words(&looked_at(&mut runner, at + later * MINUTE)), told, "after {later} minutes");
    }
    assert_eq!(two.kinds_by_seat("bot").len(), 2);
}

#[test]
fn what_is_due_at_a_seat_that_fails_waits_alone() {
    for way in WAYS {
        let two = with_seats();
        for seat in ["broken", "well"] {
            two.supplier.rule(seat, seat, When::Overdue, Only::default(), notes("Late: #{part}"));
        }
        rewritten(&two, |rule| rule.added = 0);
        let offers = [overdue(&two, 20), overdue(&two, 10)];
        let mend = way.breaks(&two);
        let mut runner = two.supplier.runner();
        let at = now();
        assert_eq!(words(&looked_at(&mut runner, at)), ["trouble", "signed", "signed"], "{way:?}");
        for second in 1..4 {
            two.customer_signs(&note("Something else"));
            assert_eq!(looked_at(&mut runner, at + second * SECOND), []);
        }
        let mut runner = two.supplier.runner();
        assert_eq!(looked_at(&mut runner, at + 4 * SECOND), [], "nor after a start");
        mend();
        assert_eq!(words(&looked_at(&mut runner, at + 10 * MINUTE)), ["signed", "signed"]);
        assert_eq!(looked_at(&mut runner, at + 11 * MINUTE), []);
        let mut about = answered(&two, "broken");
        about.sort();
        let mut offers = offers.to_vec();
        offers.sort();
        assert_eq!(about, offers, "each once");
    }
}

#[test]
fn a_case_is_opened_again_where_something_came_in() {
    let two = Two::new();
    let desk = &two.supplier.desk;
    let mut opened = Opened::default();
    let entries = |opened: &mut Opened| opened.case(desk, two.case).expect("a case").record.graph().len();
    let before = entries(&mut opened);
    two.customer_signs(&note("one"));
    assert_eq!(entries(&mut opened), before + 1);
    assert_eq!(entries(&mut opened), before + 1);
}

#[test]
fn a_log_says_which_rules_are_in_trouble_and_why_without_a_word_of_a_case() {
    let logged = |rule: Option<&str>, case: Option<CaseId>| {
        let what = What::Trouble { why: "the price of the parrot".to_owned(), given_up: false };
        Told { rule: rule.map(str::to_owned), case, about: None, what }.logged().more
    };
    let more = |which: (&'static str, &str), why: &str| {
        vec![(which.0, json!(which.1)), ("why", json!(why)), ("left_to_you", json!(false))]
    };
    assert_eq!(logged(None, None), more(("rules", "all"), "the price of the parrot"));
    assert_eq!(
        logged(Some("pay"), None),
        more(("rule", "pay"), "the price of the parrot"),
        "no case was opened for it"
    );
    assert_eq!(logged(Some("pay"), Some(CaseId([1; 32]))), more(("rule", "pay"), "it failed in this case"));
}
