//! The list of what is to be done: pages that stay stable, ways along an index, words, asides.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::id::CaseId;
use counterpart_store::{CaseSummary, Chore, Indexed, Lane, QueuePlace, QueueWish, Scrubbed, Store, StoreError, Txn};

use crate::{Home, Noise, case};

const NONE: i64 = i64::MAX;

fn numbered(n: u64) -> CaseId {
    let mut noise = Noise(n);
    let mut id = [0; 32];
    noise.fill(&mut id);
    CaseId(id)
}

fn put(txn: &Txn<'_>, place: &QueuePlace) -> Result<(), StoreError> {
    let state = if place.lane == Lane::Closed { "closed" } else { "open" };
    txn.put_summary(&CaseSummary {
        case: place.case,
        title: "A kitchen that leaks".to_owned(),
        state: state.to_owned(),
        whose_move: "yours: answer #2".to_owned(),
        next_due: Some(place.due).filter(|due| *due != NONE),
        entries: 3,
        updated_at: 7,
    })?;
    txn.put_in_queue(place, "")
}

/// So many cases, of which some are due at the same time.
fn filled(store: &mut Store, count: u64) -> Vec<QueuePlace> {
    let mut noise = Noise(99);
    let lanes = [Lane::Ours, Lane::Others, Lane::Closed];
    let place = |n| QueuePlace {
        lane: lanes[noise.below(3)],
        due: if noise.below(4) == 0 { NONE } else { i64::try_from(noise.below(20)).expect("small") },
        since: i64::try_from(noise.below(5)).expect("small"),
        case: numbered(n),
    };
    let places: Vec<QueuePlace> = (0..count).map(place).collect();
    let written = store.write(|txn| places.iter().try_for_each(|place| put(txn, place)));
    written.expect("written");
    places
}

/// Every page, one after the other; before each `between` is done.
fn walk(store: &mut Store, wish: &QueueWish, size: usize, mut between: impl FnMut(&mut Store, usize)) -> Vec<CaseId> {
    let (mut found, mut after, mut page) = (Vec::new(), None, 0);
    loop {
        between(store, page);
        let rows = store.queue(wish, after.as_ref(), size).expect("read");
        let Some(last) = rows.last() else { return found };
        after = Some(last.place);
        assert!(rows.windows(2).all(|two| two[0].place < two[1].place), "in order, each once");
        found.extend(rows.iter().map(|row| row.place.case));
        page += 1;
    }
}

#[test]
fn pages_of_any_size_give_every_case_once_in_order() {
    let home = Home::new();
    let mut store = home.store();
    let mut places = filled(&mut store, 300);
    places.sort();
    let all: Vec<CaseId> = places.iter().map(|place| place.case).collect();
    for size in [1, 7, 50, 299, 300, 1000] {
        assert_eq!(walk(&mut store, &QueueWish::default(), size, |_, _| ()), all, "pages of {size}");
    }
    let ours = QueueWish { lanes: vec![Lane::Ours], due_before: Some(10), ..QueueWish::default() };
    let due = |place: &&QueuePlace| place.lane == Lane::Ours && place.due < 10;
    let wanted: Vec<CaseId> = places.iter().filter(due).map(|place| place.case).collect();
    assert_eq!(walk(&mut store, &ours, 7, |_, _| ()), wanted);
}

#[test]
fn cases_that_do_not_change_come_exactly_once_while_others_do() {
    let home = Home::new();
    let mut store = home.store();
    let places = filled(&mut store, 300);
    let mut noise = Noise(5);
    let mut changed = BTreeSet::new();
    let seen = walk(&mut store, &QueueWish::default(), 20, |store, _| {
        // New cases come in, others move anywhere, some are closed.
        let written = store.write(|txn| {
            for _ in 0..15 {
                let n = noise.next();
                let due = i64::try_from(noise.below(25)).expect("small");
                let lane = [Lane::Ours, Lane::Others, Lane::Closed][noise.below(3)];
                let old = places[noise.below(places.len())].case;
                let case = if n.is_multiple_of(2) { numbered(n) } else { old };
                changed.insert(case);
                put(txn, &QueuePlace { lane, due, since: 0, case })?;
            }
            Ok::<_, StoreError>(())
        });
        written.expect("written");
    });
    let mut times: BTreeMap<CaseId, usize> = BTreeMap::new();
    for case in seen {
        *times.entry(case).or_default() += 1;
    }
    let still = places.iter().filter(|place| !changed.contains(&place.case));
    let mut stood = 0;
    for place in still {
        assert_eq!(times.get(&place.case), Some(&1), "{:?}", place.case);
        stood += 1;
    }
    assert!(stood > 50, "some stood still: {stood}");
}

#[test]
fn who_has_a_case_and_what_it_was_begun_by_are_asked_for() {
    let home = Home::new();
    let mut store = home.store();
    let places = filled(&mut store, 60);
    let written = store.write(|txn| {
        for place in places.iter().take(20) {
            txn.assign(place.case, Some(("Änne", "anne")), 5)?;
        }
        txn.assign(places[0].case, None, 6)?;
        txn.put_begun_by(places[1].case, "broadband")?;
        txn.put_begun_by(places[30].case, "broadband")
    });
    written.expect("written");
    let count = |wish: QueueWish| store.queue(&wish, None, 1000).expect("read").len();
    assert_eq!(count(QueueWish { agent: Some("anne".to_owned()), ..QueueWish::default() }), 19);
    assert_eq!(count(QueueWish { agent: Some("Änne".to_owned()), ..QueueWish::default() }), 0, "folded by the caller");
    assert_eq!(count(QueueWish { held: Some(true), ..QueueWish::default() }), 19);
    assert_eq!(count(QueueWish { held: Some(false), ..QueueWish::default() }), 41);
    let template = QueueWish { template: Some("broadband".to_owned()), ..QueueWish::default() };
    assert_eq!(count(template.clone()), 2);
    assert_eq!(count(QueueWish { agent: Some("anne".to_owned()), ..template }), 1);
    let row = store.in_queue(places[1].case).expect("read").expect("there");
    assert_eq!((row.agent, row.template.as_deref()), (Some(("Änne".to_owned(), 5)), Some("broadband")));
    let open = places.iter().take(20).skip(1).filter(|place| place.lane != Lane::Closed).count() as u64;
    assert_eq!(store.held_by(), Ok(vec![("anne".to_owned(), open)]));
    // A later act of the case changes none of it.
    store.write(|txn| txn.put_in_queue(&places[1], "anne")).expect("written");
    assert_eq!(store.in_queue(places[1].case).expect("read").expect("there").template.as_deref(), Some("broadband"));
    assert_eq!(store.assigned(places[1].case), Ok(Some(("Änne".to_owned(), 5))));
    assert_eq!(store.assigned(places[0].case), Ok(None));
}

#[test]
fn words_lead_to_cases_whether_rare_or_common() {
    let home = Home::new();
    let mut store = home.store();
    let places = filled(&mut store, 3_000);
    let written = store.write(|txn| {
        for (n, place) in places.iter().enumerate() {
            txn.add_terms(place.case, ["kitchen", "leak"], false)?;
            if n % 2 == 0 {
                txn.add_terms(place.case, ["engineer"], false)?;
            }
            if n % 100 == 0 {
                txn.add_terms(place.case, ["priya"], true)?;
            }
        }
        Ok::<_, StoreError>(())
    });
    written.expect("written");
    let mut sorted = places.clone();
    sorted.sort();
    let wanted = |fits: &dyn Fn(usize) -> bool| -> Vec<CaseId> {
        let of: BTreeSet<CaseId> =
            places.iter().enumerate().filter(|(n, _)| fits(*n)).map(|(_, place)| place.case).collect();
        sorted.iter().map(|place| place.case).filter(|case| of.contains(case)).collect()
    };
    for (words, fits) in [
        (vec!["kitchen"], &(|_| true) as &dyn Fn(usize) -> bool),
        (vec!["kit", "lea"], &|_| true),
        (vec!["engin"], &|n| n % 2 == 0),
        (vec!["priya"], &|n| n % 100 == 0),
        (vec!["kitchen", "pri"], &|n| n % 100 == 0),
        (vec!["nothing"], &|_| false),
        (vec!["kitchen", "nothing"], &|_| false),
    ] {
        let wish = QueueWish { words: words.iter().map(|w| (*w).to_owned()).collect(), ..QueueWish::default() };
        assert_eq!(walk(&mut store, &wish, 400, |_, _| ()), wanted(fits), "{words:?}");
    }
    let of_us = QueueWish { words: vec!["priya".to_owned()], lanes: vec![Lane::Ours], ..QueueWish::default() };
    assert!(store.queue(&of_us, None, 100).expect("read").iter().all(|row| row.place.lane == Lane::Ours));
    assert_eq!(store.write(|txn| txn.add_terms(places[0].case, ["kitchen", "new"], false)), Ok(1), "one is new to it");
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
            let rare = wish.words.iter().any(|word| word.starts_with("pri"));
            for step in &steps {
                assert!(!step.starts_with("SCAN"), "{step}\n{wish:?}\n{steps:#?}");
                // Only the few cases of a rare word are put in order.
                assert!(rare || !step.contains("TEMP B-TREE FOR ORDER BY"), "{step}\n{wish:?}\n{steps:#?}");
            }
            let indexed = |step: &String| step.starts_with("SEARCH q USING") && step.contains("INDEX queue_");
            let by_case = |step: &String| step.starts_with("SEARCH q USING PRIMARY KEY");
            assert!(steps.iter().any(|step| indexed(step) || (rare && by_case(step))), "{wish:?}\n{steps:#?}");
        }
    }
}

#[test]
fn words_of_erased_values_leave_no_trace_and_the_others_stay() {
    for seed in 0..10 {
        let home = Home::new();
        let mut store = home.store();
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
fn what_is_kept_of_words_is_counted_and_old_cases_wait_for_it() {
    let home = Home::new();
    let mut store = home.store();
    let places = filled(&mut store, 2);
    assert_eq!(store.indexed(places[0].case), Ok(Some(Indexed::default())));
    let known = Indexed { entries: 3, words: 12 };
    store.write(|txn| txn.set_indexed(places[0].case, known)).expect("written");
    store.write(|txn| put(txn, &places[0])).expect("written again");
    assert_eq!(store.indexed(places[0].case), Ok(Some(known)), "a new place takes none of it away");
    assert_eq!(store.indexed(numbered(77)), Ok(None));
    assert_eq!(store.unindexed(10), Ok(Vec::new()), "nothing of an earlier version is here");
}

#[test]
fn asides_are_kept_numbered_and_taken_out() {
    let home = Home::new();
    let mut store = home.store();
    let added = store.write(|txn| {
        let first = txn.add_aside(case(1), 10, "Ann", "rings every Monday")?;
        let second = txn.add_aside(case(1), 11, "Bo", "told her twice")?;
        Ok::<_, StoreError>((first, second, txn.add_aside(case(2), 12, "Ann", "other case")?))
    });
    assert_eq!(added, Ok((1, 2, 1)));
    assert_eq!(store.write(|txn| txn.delete_aside(case(1), 1)), Ok(true));
    assert_eq!(store.write(|txn| txn.delete_aside(case(1), 1)), Ok(false));
    let left: Vec<_> = store.asides(case(1)).expect("read").into_iter().map(|row| (row.number, row.text)).collect();
    assert_eq!(left, [(2, "told her twice".to_owned())]);
    assert_eq!(store.write(|txn| txn.add_aside(case(1), 13, "Bo", "again")), Ok(3));
    assert_eq!(store.all_asides().expect("read").len(), 3);
    assert!(!format!("{:?}", store.asides(case(1))).contains("twice"), "what is written reaches no log");
}
