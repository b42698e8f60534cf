//! Receivers that are slow, lie, point elsewhere, are gone, or are where nobody should call.

use std::time::Duration;

use counterpart_node::{BadHookUrl, HookError, HookNews, NotTaken, Taking};

use crate::{
    HOUR, Stage,
    receiver::{Answer, Receiver},
    taken_in_order, to_be_told, wish,
};

const SHORT: Duration = Duration::from_millis(300);

/// What becomes of one message to a receiver that answers so.
fn outcome(answer: Answer, patience: Duration) -> Result<u16, NotTaken> {
    let stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    receiver.answers(answer);
    stage.case("Case");
    let (mut outcomes, _) = stage.tell_with(patience);
    assert_eq!(outcomes.len(), 1);
    assert_eq!(receiver.heard().len(), 1);
    outcomes.remove(0)
}

#[test]
fn a_receiver_that_does_not_answer_is_not_waited_for() {
    assert_eq!(outcome(Answer::Silent, SHORT), Err(NotTaken::TimedOut(SHORT)));
    // A head that never ends, and comes a little at a time.
    let head = "HTTP/1.1 200 OK\r\nX-Long: ".to_owned();
    assert!(outcome(Answer::SaysWithoutEnd(head), SHORT).is_err());
}

#[test]
fn a_receiver_that_lies_is_taken_at_its_status_and_no_other_word() {
    let says = |text: &str| outcome(Answer::Says(text.to_owned()), crate::PATIENCE);
    assert_eq!(says("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nno"), Ok(200));
    assert_eq!(says("HTTP/1.1 202 Fine\r\nContent-Type: text/html\r\n\r\n<script>"), Ok(202));
    let endless = "HTTP/1.1 200 OK\r\n\r\n".to_owned();
    assert_eq!(outcome(Answer::SaysWithoutEnd(endless), crate::PATIENCE), Ok(200));
    assert!(matches!(says("SSH-2.0-server\r\n\r\n"), Err(NotTaken::NotHttp(_) | NotTaken::Unreachable(_))));
    assert!(says("HTTP/1.1 200\x1b[2J OK\r\nA: \x07\r\n\r\n").is_err());
    assert_eq!(says("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), Err(NotTaken::Status { status: 404, wait: None }));
    assert!(matches!(outcome(Answer::HangsUp, crate::PATIENCE), Err(NotTaken::Unreachable(_) | NotTaken::NotHttp(_))));
}

#[test]
fn no_redirect_is_followed() {
    let elsewhere = Receiver::start();
    for status in [301, 302, 303, 307, 308] {
        let to = elsewhere.url();
        let says = format!("HTTP/1.1 {status} There\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(outcome(Answer::Says(says), crate::PATIENCE), Err(NotTaken::Elsewhere { to: Some(to) }), "{status}");
    }
    assert_eq!(elsewhere.calls(), 0);
}

#[test]
fn a_receiver_that_is_gone_for_good_is_told_no_more() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    receiver.answers(Answer::Says("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n".to_owned()));
    stage.case("Case");
    let (outcomes, news) = stage.tell();
    assert_eq!(outcomes, [Err(NotTaken::Gone)]);
    assert!(matches!(news.as_slice(), [HookNews::Off { .. }]), "{news:?}");
    let Taking::Off { why, .. } = stage.standing("helpdesk").standing else { unreachable!("it is off") };
    assert!(why.contains("410"), "{why}");
    receiver.answers(Answer::Takes);
    stage.pass_by(24 * HOUR, HOUR);
    assert_eq!(receiver.calls(), 1);
    stage.desk.hook_on("helpdesk", stage.now).expect("on");
    stage.tell();
    assert_eq!(taken_in_order(&receiver.heard()), to_be_told(&stage.desk, 0));
}

#[test]
fn private_addresses_are_refused_unless_allowed() {
    let stage = Stage::new();
    let receiver = Receiver::start();
    let add = |url: &str| {
        let wish = counterpart_node::HookWish { allow_private: false, ..wish("inside", url) };
        stage.desk.add_hook(&wish, stage.now)
    };
    let port = receiver.address().port();
    let numbers =
        ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[fd00::1]"];
    for host in numbers {
        let refused = add(&format!("https://{host}:{port}/")).expect_err(host);
        assert!(matches!(refused, HookError::Url(BadHookUrl::Private(_))), "{host}: {refused}");
    }
    assert!(matches!(add("http://hooks.example/"), Err(HookError::Url(BadHookUrl::Plain))));

    for host in ["localhost", "LOCALHOST.", "hooks.localhost"] {
        let refused = add(&format!("https://{host}:{port}/")).expect_err(host);
        assert!(matches!(refused, HookError::Url(BadHookUrl::Itself(_))), "{host}: {refused}");
    }

    // Any other name says only when it is looked up where it leads to: this is one of 127.0.0.1.
    add(&format!("https://2130706433:{port}/")).expect("a name");
    stage.case("Case");
    let (outcomes, _) = stage.tell();
    assert!(matches!(outcomes.as_slice(), [Err(NotTaken::Private(ip))] if ip.is_loopback()), "{outcomes:?}");
    let tried = stage.desk.test_hook("inside", stage.now, crate::PATIENCE);
    assert!(matches!(tried, Err(HookError::NotTaken(NotTaken::Private(_)))), "{tried:?}");
    assert_eq!(receiver.calls(), 0, "nobody was called");
    let trouble = stage.standing("inside").trouble.expect("it is shown");
    assert!(trouble.contains("not allowed"), "{trouble}");
}

#[test]
fn a_secret_is_shown_once() {
    let stage = Stage::new();
    let receiver = Receiver::start();
    let (hook, secret) = stage.desk.add_hook(&wish("helpdesk", &receiver.url()), stage.now).expect("added");
    let shown = secret.reveal();
    assert!(shown.starts_with("whsec_") && shown.len() > 40, "{}", *shown);
    let kept = stage.desk.with_store(|store| store.hook("helpdesk")).expect("readable").expect("there");
    stage.case("Case");
    let told = stage.desk.to_tell(stage.now, &std::collections::BTreeMap::new()).expect("something");
    let all = format!("{hook:?} {secret:?} {kept:?} {told:?} {:?}", stage.standing("helpdesk"));
    assert!(!all.contains("whsec_") && !all.contains(shown.trim_start_matches("whsec_")), "{all}");
    assert_eq!(kept.secret, *shown);
    assert_eq!(
        stage.desk.add_hook(&wish("helpdesk", &receiver.url()), stage.now),
        Err(HookError::NameTaken("helpdesk".into()))
    );
    for name in ["", "Helpdesk", "a b", "-x", "ä", &"a".repeat(41)] {
        assert_eq!(stage.desk.add_hook(&wish(name, &receiver.url()), stage.now), Err(HookError::Name), "{name}");
    }
}
