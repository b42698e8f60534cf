//! What is so of a store in a file alone: by which way SQLite goes to a page of the list, and what is left in the file of words
//! that were erased.

use std::collections::BTreeSet;

use counterpart_core::id::CaseId;
use counterpart_store::{Chore, Lane, QueuePlace, QueueWish, Scrubbed, Store, StoreError};

use crate::{
    Home, Noise, case,
    queue::{filled, put},
};

/// Gives cases a place, without which no words of theirs are kept.
fn listed(store: &mut Store, cases: impl IntoIterator<Item = CaseId>) {
    let place = |case| QueuePlace { lane: Lane::Ours, due: 9, since: 0, case };
    let written = store.write(|txn| cases.into_iter().try_for_each(|case| put(txn, &place(case))));
    written.expect("written");
}

/// A step of the database that looks at every row of a table or sorts all of them is no way for a hundred thousand cases.
#[test]
fn every_query_goes_along_an_index() {
    let home = Home::new();
    let mut store = home.store();
    let places = filled(&mut store, 2_500);
    let common = store.write(|txn| {
        for place in &places {
            txn.add_terms(place.case, ["kitchen", "leak"], false)?;
        }
        txn.add_terms(places[0].case, ["priya"], true)
    });
    common.expect("written");
    let text = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let any = QueueWish::default();
    for wish in [
        any.clone(),
        QueueWish { lanes: vec![Lane::Ours], ..any.clone() },
        QueueWish { lanes: vec![Lane::Ours, Lane::Others], due_before: Some(5), ..any.clone() },
        QueueWish { not_due_before: Some(5), ..any.clone() },
        QueueWish { agent: Some("anne".to_owned()), ..any.clone() },
        QueueWish { held: Some(true), ..any.clone() },
        QueueWish { held: Some(false), ..any.clone() },
        QueueWish { template: Some("broadband".to_owned()), ..any.clone() },
        QueueWish { words: text(&["priya"]), ..any.clone() },
        QueueWish { words: text(&["kitchen"]), ..any.clone() },
        QueueWish { words: text(&["kitchen", "leak"]), agent: Some("anne".to_owned()), ..any.clone() },
        QueueWish { words: text(&["kitchen", "pri"]), lanes: vec![Lane::Ours], ..any.clone() },
    ] {
        for after in [None, Some(&places[7])] {
            let steps = store.queue_plan(&wish, after).expect("a plan");
            assert!(!steps.is_empty());
            for step in &steps {
                assert!(!step.starts_with("SCAN"), "{step}\n{wish:?}\n{steps:#?}");
                assert!(!step.contains("TEMP B-TREE"), "{step}\n{wish:?}\n{steps:#?}");
            }
            let indexed = |step: &String| step.starts_with("SEARCH q USING") && step.contains("INDEX queue_");
            assert!(steps.iter().any(indexed), "{wish:?}\n{steps:#?}");
            // What is passed on the way to a page of words is read from the index alone.
            let covered = |step: &&String| step.starts_with("SEARCH q USING COVERING INDEX queue_");
            assert!(wish.words.is_empty() || steps.iter().any(|step| covered(&step)), "{wish:?}\n{steps:#?}");
        }
    }
}

#[test]
fn words_of_erased_values_leave_no_trace_and_the_others_stay() {
    for seed in 0..10 {
        let home = Home::new();
        let mut store = home.store();
        listed(&mut store, (0..12).map(case));
        let mut noise = Noise(seed);
        let word = |case: u8, n: u64| format!("zq{case:03}{n:05}x{}", "y".repeat(usize::from(case) % 9));
        let mut next = 0;
        for _ in 0..30 {
            let written = store.write(|txn| {
                for _ in 0..10 {
                    let case_number = u8::try_from(noise.below(12)).expect("small");
                    next += 1;
                    txn.add_terms(case(case_number), [word(case_number, next).as_str()], true)?;
                }
                Ok::<_, StoreError>(())
            });
            written.expect("written");
        }
        let gone = [3_u8, 7, 9];
        store.write(|txn| gone.iter().try_for_each(|n| txn.forget_sealed_terms(case(*n)))).expect("forgotten");
        assert_eq!(store.scrub(), Ok(true));
        let mut here = BTreeSet::new();
        for file in std::fs::read_dir(home.folder.path()).expect("listed") {
            let bytes = std::fs::read(file.expect("listed").path()).expect("read");
            for window in bytes.windows(5).filter(|window| window.starts_with(b"zq")) {
                here.extend(std::str::from_utf8(&window[2..]).ok().and_then(|n| n.parse::<u8>().ok()));
            }
        }
        let stay: BTreeSet<u8> = (0..12).filter(|n| !gone.contains(n)).collect();
        assert_eq!(here, stay, "seed {seed}");
        assert!(store.check_integrity().is_empty());
    }
}

/// A large desk has millions of such words: no step holds more than a few of them, and others write in between.
#[test]
fn a_scrub_goes_on_in_slices_that_can_be_broken_off() {
    let home = Home::new();
    let mut store = home.store();
    listed(&mut store, (1..=3).map(case));
    let words: Vec<String> = (0..9_000).map(|n| format!("zq{n:05}")).collect();
    let words = || words.iter().map(String::as_str);
    store.write(|txn| txn.add_terms(case(1), words(), true)).expect("written");
    store.write(|txn| txn.add_terms(case(2), ["quixnard"], true)).expect("written");
    let forget = |store: &mut Store, n| {
        let written = store.write(|txn| {
            txn.forget_sealed_terms(case(n))?;
            txn.put_chore(&Chore::Scrub)
        });
        written.expect("written");
    };
    forget(&mut store, 2);
    let mut steps = 0;
    while store.scrub_step().expect("a step") == Scrubbed::More {
        steps += 1;
        // At every place between the two tables all are found, once, and none is new.
        assert_eq!(store.spread_of("zq", 100_000), Ok(9_000), "step {steps}");
        assert_eq!(store.write(|txn| txn.add_terms(case(1), words().skip(4_000).take(900), true)), Ok(0));
        match steps {
            3 => {
                store.write(|txn| txn.add_terms(case(3), ["zebulon"], true)).expect("written");
            }
            // What is erased on the way is gone in the end as well.
            4 => forget(&mut store, 3),
            5 => store = home.store(),
            _ => {}
        }
    }
    assert!(steps > 9, "in slices, twice over: {steps}");
    assert_eq!(store.chores(), Ok(Vec::new()));
    for file in std::fs::read_dir(home.folder.path()).expect("listed") {
        let bytes = std::fs::read(file.expect("listed").path()).expect("read");
        for gone in [b"quixnard".as_slice(), b"zebulon"] {
            assert!(!bytes.windows(gone.len()).any(|window| window == gone));
        }
    }
    assert!(store.check_integrity().is_empty());
    assert_eq!(store.scrub_step(), Ok(Scrubbed::Clean), "nothing is asked for");
}

#[test]
fn what_a_reader_holds_up_is_not_written_anew_again() {
    let home = Home::new();
    let mut store = home.store();
    listed(&mut store, [case(1)]);
    store.write(|txn| txn.add_terms(case(1), ["kitchen"], true)).expect("written");
    store.write(|txn| txn.put_chore(&Chore::Scrub)).expect("written");
    let mut other = home.store();
    let held = other.read(|reads| {
        assert_eq!(reads.spread_of("kitchen", 9), Ok(1));
        while store.scrub_step().expect("a step") == Scrubbed::More {}
        assert_eq!(store.scrub_step(), Ok(Scrubbed::Held), "no step to write anew comes again");
        Ok::<_, StoreError>(store.chores().expect("read").len())
    });
    assert_eq!(held, Ok(1));
    assert_eq!(store.scrub_step(), Ok(Scrubbed::Clean));
    assert_eq!(store.chores(), Ok(Vec::new()));
}

#[test]
fn what_is_in_no_list_is_found_by_no_word() {
    let home = Home::new();
    let mut store = home.store();
    for sealed in [false, true] {
        assert_eq!(store.write(|txn| txn.add_terms(case(1), ["kitchen"], sealed)), Ok(0));
    }
    assert_eq!(store.spread_of("kitchen", 9), Ok(0));
    listed(&mut store, [case(1)]);
    assert_eq!(store.write(|txn| txn.add_terms(case(1), ["kitchen"], false)), Ok(1));
}
