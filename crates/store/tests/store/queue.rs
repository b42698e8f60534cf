//! The list of what is to be done: pages that stay stable, words, asides.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::id::CaseId;
use counterpart_store::{CaseSummary, Held, Indexed, Lane, QueuePlace, QueueWish, Store, StoreError, Txn};

use crate::{Home, Noise, case};

const NONE: i64 = i64::MAX;

fn numbered(n: u64) -> CaseId {
    let mut noise = Noise(n);
    let mut id = [0; 32];
    noise.fill(&mut id);
    CaseId(id)
}

pub(crate) fn put(txn: &Txn<'_>, place: &QueuePlace) -> Result<(), StoreError> {
    let state = if place.lane == Lane::Closed { "closed" } else { "open" };
    txn.put_summary(&CaseSummary {
        case: place.case,
        title: "A kitchen that leaks".to_owned(),
        state: state.to_owned(),
        whose_move: "yours: answer #2".to_owned(),
        next_due: dues(place),
        entries: 3,
        updated_at: 7,
    })?;
    txn.put_in_queue(place, "", dues(place).as_slice())
}

fn dues(place: &QueuePlace) -> Option<i64> {
    Some(place.due).filter(|due| *due != NONE)
}

/// So many cases, of which some are due at the same time.
pub(crate) fn filled(store: &mut Store, count: u64) -> Vec<QueuePlace> {
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
    let Some(home) = Home::any() else { return };
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
    let in_time = QueueWish { not_due_before: Some(10), ..QueueWish::default() };
    let due = |place: &&QueuePlace| place.lane == Lane::Closed || place.due >= 10;
    let wanted: Vec<CaseId> = places.iter().filter(due).map(|place| place.case).collect();
    assert_eq!(walk(&mut store, &in_time, 7, |_, _| ()), wanted);
}

#[test]
fn cases_that_do_not_change_come_exactly_once_while_others_do() {
    let Some(home) = Home::any() else { return };
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
    let Some(home) = Home::any() else { return };
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
    let held = |written: &str, cases| vec![Held { folded: "anne".to_owned(), written: written.to_owned(), cases }];
    assert_eq!(store.held_by(), Ok(held("Änne", open)));
    // One person, however they are written: called as they were last.
    let other = places.iter().skip(20).find(|place| place.lane != Lane::Closed).expect("some are open");
    store.write(|txn| txn.assign(other.case, Some(("Anne", "anne")), 7)).expect("written");
    assert_eq!(store.held_by(), Ok(held("Anne", open + 1)));
    store.write(|txn| txn.assign(other.case, None, 8)).expect("written");
    assert_eq!(store.held_by(), Ok(held("Änne", open)));
    // A later act of the case changes none of it.
    store.write(|txn| txn.put_in_queue(&places[1], "anne", dues(&places[1]).as_slice())).expect("written");
    assert_eq!(store.in_queue(places[1].case).expect("read").expect("there").template.as_deref(), Some("broadband"));
    assert_eq!(store.assigned(places[1].case), Ok(Some(("Änne".to_owned(), 5))));
    assert_eq!(store.assigned(places[0].case), Ok(None));
}

#[test]
fn words_lead_to_cases_whether_rare_or_common() {
    let Some(home) = Home::any() else { return };
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

/// What a case has that may be asked for.
struct Known {
    place: QueuePlace,
    agent: &'static str,
    template: &'static str,
    words: BTreeSet<String>,
}

impl Known {
    fn fits(&self, wish: &QueueWish) -> bool {
        (wish.lanes.is_empty() || wish.lanes.contains(&self.place.lane))
            && wish.due_before.is_none_or(|before| self.place.due < before)
            && wish.not_due_before.is_none_or(|from| self.place.lane == Lane::Closed || self.place.due >= from)
            && wish.agent.as_deref().is_none_or(|agent| self.agent == agent)
            && wish.held.is_none_or(|held| self.agent.is_empty() != held)
            && wish.template.as_deref().is_none_or(|template| self.template == template)
            && wish.words.iter().all(|word| self.words.iter().any(|known| known.starts_with(word.as_str())))
    }
}

/// A word of few letters, so that many begin alike, and some of them in most cases.
fn some_word(noise: &mut Noise) -> String {
    let letters = ["a", "a", "b", "c", "ß", "水", "7", "z"];
    let length = 1 + noise.below(5);
    (0..length).map(|_| letters[noise.below(letters.len()).min(noise.below(letters.len()))]).collect()
}

/// Cases with words, open and sealed, of which those with `yy` are all at the end of the list.
fn with_words(store: &mut Store, noise: &mut Noise) -> Vec<Known> {
    let places = filled(store, 400);
    let mut all = Vec::new();
    let written = store.write(|txn| {
        for place in places {
            let agent = ["", "anne", "bo"][noise.below(3)];
            txn.assign(place.case, Some((agent, agent)).filter(|_| !agent.is_empty()), 5)?;
            let template = ["", "broadband", "refund"][noise.below(3)];
            if !template.is_empty() {
                txn.put_begun_by(place.case, template)?;
            }
            let mut open: Vec<String> = (0..noise.below(25)).map(|_| some_word(noise)).collect();
            if place.lane == Lane::Closed {
                open.push(format!("yy{}", noise.below(30)));
            }
            let sealed: Vec<String> = (0..noise.below(5)).map(|_| some_word(noise)).collect();
            txn.add_terms(place.case, open.iter().map(String::as_str), false)?;
            txn.add_terms(place.case, sealed.iter().map(String::as_str), true)?;
            all.push(Known { place, agent, template, words: open.into_iter().chain(sealed).collect() });
        }
        Ok::<_, StoreError>(())
    });
    written.expect("written");
    all.sort_by_key(|known| known.place);
    all
}

#[test]
fn whatever_is_wished_for_comes_as_when_every_case_is_looked_at() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let mut noise = Noise(17);
    let all = with_words(&mut store, &mut noise);
    let (mut none, mut some) = (0, 0);
    for round in 0..150 {
        let word = |noise: &mut Noise| match noise.below(8) {
            0 => "yy".to_owned(),
            // Fewer, so that the list is left on the way to them.
            1 => "yy1".to_owned(),
            2 => some_word(noise),
            _ => some_word(noise).chars().take(2).collect(),
        };
        let may = |noise: &mut Noise| noise.below(4) == 0;
        let wish = QueueWish {
            lanes: Lane::ALL.into_iter().filter(|_| may(&mut noise)).collect(),
            due_before: may(&mut noise).then_some(12),
            not_due_before: may(&mut noise).then_some(6),
            agent: may(&mut noise).then(|| ["", "anne", "bo", "eve"][noise.below(4)].to_owned()),
            held: may(&mut noise).then(|| noise.below(2) == 0),
            template: may(&mut noise).then(|| "refund".to_owned()),
            words: (0..=noise.below(3)).map(|_| word(&mut noise)).collect(),
        };
        let wanted: Vec<CaseId> = all.iter().filter(|k| k.fits(&wish)).map(|known| known.place.case).collect();
        let size = [2, 7, 20, 500][round % 4];
        assert_eq!(walk(&mut store, &wish, size, |_, _| ()), wanted, "pages of {size}: {wish:?}");
        if wanted.is_empty() { none += 1 } else { some += 1 }
    }
    assert!(none > 10 && some > 50, "something was found {some} times, nothing {none} times");
}

#[test]
fn what_is_kept_of_words_is_counted_and_old_cases_wait_for_it() {
    let Some(home) = Home::any() else { return };
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
    let Some(home) = Home::any() else { return };
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
