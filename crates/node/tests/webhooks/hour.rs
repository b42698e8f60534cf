//! Receivers that are down, and what they get when they are up again.

use crate::{
    HOUR, MINUTE, SECOND, Stage, body,
    receiver::{Answer, Receiver},
    taken_in_order, to_be_told,
};
use counterpart_node::{HookNews, NotTaken, Taking};

#[test]
fn what_comes_in_is_told_once_and_in_order() {
    let stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    let case = stage.case("Broadband price");
    stage.note(&case, "rang them");
    assert_eq!(stage.tell(), (vec![Ok(204), Ok(204)], Vec::new()));
    assert_eq!(taken_in_order(&receiver.heard()), to_be_told(&stage.desk, 0));
    assert_eq!(stage.tell().0, Vec::new(), "nothing twice");

    let heard = receiver.heard();
    let told = body(&heard[1]);
    assert_eq!(told["type"], "act.signed");
    assert_eq!(told["data"]["act"], "note");
    assert_eq!(told["data"]["case"], case.to_hex());
    let record = stage.desk.record(&case).expect("the case");
    let note = record.graph().heads().remove(0);
    assert_eq!(told["data"]["entry"], note.to_hex());
    assert!(!heard.iter().any(|heard| heard.body.contains("rang them") || heard.body.contains("Broadband")));
    assert_eq!(heard[0].header("content-type"), "application/json");
    assert_eq!(heard[0].header("webhook-timestamp"), (stage.now / SECOND).to_string());
    assert!(heard[0].header("webhook-signature").starts_with("v1,"));
    assert_eq!(stage.standing("helpdesk").told, Some(stage.now));
}

/// The receiver is not there at all.
#[test]
fn a_receiver_that_was_down_for_an_hour_gets_all_once_and_in_order() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    let (address, url) = (receiver.address(), receiver.url());
    drop(receiver);

    let cases: Vec<_> = (0..5).map(|n| stage.case(&format!("Case {n}"))).collect();
    let mut tries = 0;
    let mut news = Vec::new();
    for minute in 0..60 {
        stage.note(&cases[minute % cases.len()], &format!("minute {minute}"));
        let (outcomes, told) = stage.pass(MINUTE);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(NotTaken::Unreachable(_)))), "{outcomes:?}");
        tries += outcomes.len();
        news.extend(told);
    }
    assert!((4..20).contains(&tries), "it is not run down: {tries} tries");
    assert!(matches!(news.as_slice(), [HookNews::Fails { .. }]), "said once: {news:?}");
    let hook = stage.standing("helpdesk");
    assert!(matches!(hook.standing, Taking::Failing { .. }), "{hook:?}");
    assert_eq!(hook.cases_waiting, 5);

    let receiver = Receiver::start_at(address);
    assert_eq!(receiver.url(), url);
    let (outcomes, news) = stage.pass(HOUR + HOUR / 4);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert!(matches!(news.as_slice(), [HookNews::Again { .. }]), "{news:?}");
    let told = taken_in_order(&receiver.heard());
    assert_eq!(told, to_be_told(&stage.desk, 0));
    assert_eq!(told.values().map(Vec::len).sum::<usize>(), 65);
    assert_eq!(receiver.calls(), 65, "and nothing besides");
    let hook = stage.standing("helpdesk");
    assert_eq!((hook.standing, hook.cases_waiting, hook.trouble), (Taking::On, 0, None));
}

/// It is there, and cannot take anything.
#[test]
fn a_receiver_that_refused_for_an_hour_gets_the_same_messages_again() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    receiver.answers(Answer::Says("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n".to_owned()));
    let cases: Vec<_> = (0..3).map(|n| stage.case(&format!("Case {n}"))).collect();
    for case in &cases {
        stage.note(case, "a note");
    }
    stage.pass(HOUR);
    receiver.answers(Answer::Takes);
    stage.pass(HOUR + HOUR / 4);
    let heard = receiver.heard();
    assert_eq!(taken_in_order(&heard), to_be_told(&stage.desk, 0));
    let refused: Vec<_> = heard.iter().filter(|heard| !heard.taken).collect();
    assert!(refused.len() > 3, "{}", refused.len());
    for refused in refused {
        let again = heard.iter().find(|heard| heard.taken && heard.id() == refused.id()).expect("taken in the end");
        assert_eq!(again.body, refused.body, "word for word");
        assert_ne!(again.header("webhook-signature"), refused.header("webhook-signature"), "each try has its time");
    }
}

#[test]
fn a_receiver_says_how_long_to_wait_and_is_believed_within_bounds() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    receiver.answers(Answer::Says("HTTP/1.1 429 Slow\r\nRetry-After: 1200\r\nContent-Length: 0\r\n\r\n".to_owned()));
    stage.case("Case");
    stage.tell();
    receiver.answers(Answer::Takes);
    assert_eq!(stage.pass(19 * MINUTE).0, Vec::new());
    assert_eq!(stage.pass(2 * MINUTE).0, [Ok(204)]);
}

/// One case that a receiver chokes on holds up no other.
#[test]
fn a_message_that_is_refused_again_and_again_holds_up_its_own_case_alone() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    let (bad, good) = (stage.case("Bad"), stage.case("Good"));
    receiver.answers(Answer::RefusesWith(bad.to_hex()));
    for n in 0..10 {
        stage.note(&bad, &format!("note {n}"));
        stage.note(&good, &format!("note {n}"));
        stage.pass(10 * MINUTE);
    }
    let told = taken_in_order(&receiver.heard());
    assert_eq!(told.get(&good.to_hex()), to_be_told(&stage.desk, 0).get(&good.to_hex()));
    assert_eq!(told.get(&bad.to_hex()), None);
    receiver.answers(Answer::Takes);
    stage.pass_by(8 * HOUR, MINUTE);
    assert_eq!(taken_in_order(&receiver.heard()), to_be_told(&stage.desk, 0));
}

#[test]
fn after_five_days_it_is_switched_off_and_shown_and_goes_on_where_it_stopped() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    receiver.answers(Answer::HangsUp);
    let case = stage.case("Case");
    let (_, news) = stage.pass_by(5 * 24 * HOUR - HOUR, MINUTE);
    assert!(matches!(news.as_slice(), [HookNews::Fails { .. }]), "{news:?}");
    stage.note(&case, "meanwhile");
    let (_, news) = stage.pass_by(9 * HOUR, MINUTE);
    let [HookNews::Off { name, why }] = news.as_slice() else { unreachable!("{news:?}") };
    assert!(name == "helpdesk" && why.contains("5 days"), "{why}");
    assert!(matches!(stage.standing("helpdesk").standing, Taking::Off { .. }));

    let calls = receiver.calls();
    stage.note(&case, "later");
    receiver.answers(Answer::Takes);
    stage.pass_by(24 * HOUR, HOUR);
    assert_eq!(receiver.calls(), calls, "it is told nothing");
    stage.desk.hook_on("helpdesk", stage.now).expect("switched on");
    assert_eq!(stage.tell().0, [Ok(204), Ok(204), Ok(204)]);
    assert_eq!(taken_in_order(&receiver.heard()), to_be_told(&stage.desk, 0));
}

/// A laptop that was shut for a week has not tried for a week.
#[test]
fn a_machine_that_slept_does_not_give_up_for_that() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    receiver.answers(Answer::HangsUp);
    stage.case("Case");
    stage.tell();
    stage.now += 7 * 24 * HOUR;
    let (_, news) = stage.tell();
    assert_eq!(news, Vec::new());
    assert!(matches!(stage.standing("helpdesk").standing, Taking::Failing { .. }));
}

#[test]
fn each_receiver_is_told_of_what_it_wants_from_where_it_wants() {
    let stage = Stage::new();
    let case = stage.case("Case");
    stage.note(&case, "before");
    let (all, some, new) = (Receiver::start(), Receiver::start(), Receiver::start());
    let mut wish = crate::wish("all", &all.url());
    wish.after = Some(0);
    stage.desk.add_hook(&wish, stage.now).expect("added");
    let mut wish = crate::wish("some", &some.url());
    wish.after = Some(1);
    wish.kinds = vec![counterpart_store::ChangeKind::ActReceived];
    stage.desk.add_hook(&wish, stage.now).expect("added");
    stage.hook("new", &new);
    stage.note(&case, "after");
    stage.tell();
    let numbers = |receiver: &Receiver| taken_in_order(&receiver.heard()).remove(&case.to_hex()).unwrap_or_default();
    assert_eq!((numbers(&all), numbers(&some), numbers(&new)), (vec![1, 2, 3], vec![], vec![3]));
    stage.desk.end_hook("all").expect("ended");
    stage.note(&case, "later");
    stage.tell();
    assert_eq!((numbers(&all), numbers(&new)), (vec![1, 2, 3], vec![3, 4]));
    assert!(stage.desk.end_hook("all").is_err());
    wish.after = Some(99);
    wish.name = "ahead".to_owned();
    assert!(stage.desk.add_hook(&wish, stage.now).is_err(), "after what is not there yet");
}
