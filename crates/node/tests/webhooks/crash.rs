//! What became of a message when the one who told it died, or was not alone.

use std::collections::BTreeMap;

use counterpart_node::Desk;

use crate::{MINUTE, PATIENCE, SECOND, Stage, receiver::Receiver, taken_in_order, to_be_told};

#[test]
fn a_crash_between_sending_and_noting_sends_the_same_again_under_the_same_id() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    let case = stage.case("Case");
    stage.note(&case, "first");

    let told = stage.desk.to_tell(stage.now, &BTreeMap::new()).expect("something");
    assert_eq!(told.len(), 1, "one thing of a case at a time");
    assert_eq!(told[0].send(stage.now, PATIENCE), Ok(204));
    // It dies here: what came of it is noted nowhere.
    drop(told);
    let home = stage.folder.path().join("home");
    stage.desk = Desk::open(&home).expect("opened again");

    let hook = stage.standing("helpdesk");
    assert_eq!((hook.cases_waiting, hook.again()), (1, Some(stage.now + 90 * SECOND)), "it is said when it goes on");
    stage.now += 30 * SECOND;
    assert_eq!(stage.tell().0, Vec::new(), "whoever has it may still be at it");
    stage.now += 2 * MINUTE;
    assert_eq!(stage.tell().0, [Ok(204), Ok(204)]);
    let heard = receiver.heard();
    assert_eq!(heard.len(), 3);
    assert_eq!((heard[0].id(), &heard[0].body), (heard[1].id(), &heard[1].body), "the same once more");
    let once: Vec<_> = heard.iter().skip(1).cloned().collect();
    assert_eq!(taken_in_order(&once), to_be_told(&stage.desk, 0));
    assert_eq!(stage.standing("helpdesk").again(), None, "nothing waits");
}

#[test]
fn a_crash_before_sending_loses_nothing() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    stage.case("Case");
    drop(stage.desk.to_tell(stage.now, &BTreeMap::new()).expect("something"));
    stage.now += 2 * MINUTE;
    assert_eq!(stage.tell().0, [Ok(204)]);
    assert_eq!(taken_in_order(&receiver.heard()), to_be_told(&stage.desk, 0));
}

#[test]
fn two_that_run_on_one_home_do_not_tell_the_same() {
    let stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    for n in 0..3 {
        stage.case(&format!("Case {n}"));
    }
    let beside = stage.beside();
    let first = stage.desk.to_tell(stage.now, &BTreeMap::new()).expect("something");
    let second = beside.to_tell(stage.now, &BTreeMap::new()).expect("readable");
    assert_eq!((first.len(), second.len()), (3, 0));
}

/// One that took so long that another told it in its place changes nothing any more.
#[test]
fn who_comes_too_late_is_not_heard() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    let case = stage.case("Case");
    let late = stage.desk.to_tell(stage.now, &BTreeMap::new()).expect("something");
    stage.now += 2 * MINUTE;
    assert_eq!(stage.tell().0, [Ok(204)]);
    stage.note(&case, "next");
    assert_eq!(late[0].send(stage.now, PATIENCE), Ok(204));
    stage.desk.told(&late[0], &Ok(204), stage.now).expect("noted as nothing");
    assert_eq!(stage.tell().0, [Ok(204)], "the next one is told, and once");
    assert_eq!(receiver.heard().len(), 3);
}

#[test]
fn a_few_at_a_time() {
    let stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    for n in 0..20 {
        stage.case(&format!("Case {n}"));
    }
    let taken = stage.desk.to_tell(stage.now, &BTreeMap::new()).expect("something");
    assert_eq!(taken.len(), 4);
    let busy = BTreeMap::from([("helpdesk".to_owned(), 4)]);
    assert_eq!(stage.desk.to_tell(stage.now, &busy).expect("readable").len(), 0);
    let busy = BTreeMap::from([("another".to_owned(), 7)]);
    assert_eq!(stage.desk.to_tell(stage.now, &busy).expect("readable").len(), 1);
}
