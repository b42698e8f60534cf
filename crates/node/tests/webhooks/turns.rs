//! Receivers that share the few messages that are under way at once.

use std::collections::{BTreeMap, VecDeque};

use crate::{SECOND, Stage, receiver::Receiver, wish};

/// One that wants everything from the beginning.
fn wants_all(stage: &Stage, name: &str, receiver: &Receiver) {
    let mut wish = wish(name, &receiver.url());
    wish.after = Some(0);
    stage.desk.add_hook(&wish, stage.now).expect("a webhook");
}

/// Two that are slow and have much to be told hold all the places; the next that is free is not theirs.
#[test]
fn two_slow_receivers_keep_no_third_from_being_told() {
    let stage = Stage::new();
    let receiver = Receiver::start();
    for n in 0..20 {
        stage.case(&format!("Case {n}"));
    }
    wants_all(&stage, "a", &receiver);
    wants_all(&stage, "b", &receiver);
    let mut busy = BTreeMap::new();
    let under_way = stage.desk.to_tell(stage.now, &busy).expect("the store is well");
    for telling in &under_way {
        *busy.entry(telling.hook().to_owned()).or_default() += 1;
    }
    assert_eq!(busy, BTreeMap::from([("a".to_owned(), 4), ("b".to_owned(), 4)]));
    wants_all(&stage, "c", &receiver);
    assert!(stage.desk.to_tell(stage.now, &busy).expect("the store is well").is_empty(), "all places are taken");
    // One of them answers at last.
    stage.desk.told(&under_way[0], &Ok(200), stage.now).expect("the store is well");
    busy.insert(under_way[0].hook().to_owned(), 3);
    let next = stage.desk.to_tell(stage.now, &busy).expect("the store is well");
    assert_eq!(next.iter().map(|telling| telling.hook()).collect::<Vec<_>>(), ["c"]);
}

/// More receivers than places: they take turns.
#[test]
fn receivers_take_turns() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    for n in 0..20 {
        stage.case(&format!("Case {n}"));
    }
    let names: Vec<String> = (0..12).map(|n| format!("hook-{n:02}")).collect();
    for name in &names {
        wants_all(&stage, name, &receiver);
    }
    let (mut busy, mut told) = (BTreeMap::<String, usize>::new(), BTreeMap::<String, usize>::new());
    let mut under_way = VecDeque::new();
    for _ in 0..36 {
        for telling in stage.desk.to_tell(stage.now, &busy).expect("the store is well") {
            *busy.entry(telling.hook().to_owned()).or_default() += 1;
            under_way.push_back(telling);
        }
        assert_eq!(under_way.len(), 8, "no place is left empty");
        stage.now += SECOND;
        let telling = under_way.pop_front().expect("one is under way");
        stage.desk.told(&telling, &Ok(200), stage.now).expect("the store is well");
        let left = busy.get_mut(telling.hook()).expect("it is counted");
        *left -= 1;
        *told.entry(telling.hook().to_owned()).or_default() += 1;
    }
    assert_eq!(told, names.into_iter().map(|name| (name, 3)).collect());
}
