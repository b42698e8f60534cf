use std::time::Duration;

use counterpart_mail::{Incoming, Security, SendError, Server, Step, send, test_login};

use crate::{
    at, by_password, by_token, letter,
    server::{Certificates, Smtp},
};

#[test]
fn a_message_arrives_as_it_was_written() {
    let Some(smtp) = Smtp::start() else { return };
    let letter = letter("[K7F2-Q9XA-3] Waschmaschine – Störung");
    let sent = send(&at(smtp.port), &letter).expect("it is sent");
    assert_eq!(sent.said, "OK stored as 1");
    let received = smtp.received();
    assert_eq!(received.len(), 1);
    assert_eq!(
        (received[0].from.as_str(), received[0].to.clone()),
        ("ada@example.org", vec!["help@acme.example".to_owned()])
    );
    assert_eq!(received[0].bytes, sent.bytes, "dots at the beginning of lines come through");
    let read = Incoming::read(&received[0].bytes).expect("a message");
    assert_eq!((read.subject, read.text.as_str()), (letter.subject, letter.text.trim_end()));
}

#[test]
fn protected_and_logged_in() {
    let Some(certificates) = Certificates::new() else { return };
    let login = ["--user", "ada", "--password", "pass word", "--token", "t0ken"];
    for (tls, security) in [("starttls", Security::StartTls), ("wrapped", Security::Tls)] {
        let Some(smtp) = Smtp::start_tls(tls, &certificates, &login) else { return };
        let server = |host: &str, login| Server {
            host: host.to_owned(),
            security,
            login,
            roots: vec![certificates.root()],
            ..at(smtp.port)
        };
        for (host, login) in [("localhost", by_password("pass word")), ("127.0.0.1", by_token("t0ken"))] {
            assert_eq!(send(&server(host, login), &letter("x")).err(), None, "{tls} {host}");
        }
        assert!(smtp.received().len() == 2 && smtp.received().iter().all(|m| m.tls), "{tls}");
        assert_eq!(test_login(&server("localhost", by_password("pass word"))), Ok(()));

        for login in [by_password("wrong"), by_token("old")] {
            let error = send(&server("localhost", login.clone()), &letter("x")).expect_err("a wrong login");
            assert!(matches!(error, SendError::Login { .. }), "{tls} {login:?}: {error:?}");
            assert!(!error.may_try_again(), "{error}");
        }
        // A server whose certificate nobody here vouches for.
        let unknown = Server { roots: Vec::new(), ..server("localhost", by_password("pass word")) };
        let error = send(&unknown, &letter("x")).expect_err("an unknown root");
        assert!(matches!(error, SendError::Untrusted { .. }), "{tls}: {error:?}");
        assert!(!error.may_try_again(), "{error}");
        assert_eq!(smtp.received().len(), 2, "nothing else went");
    }
}

#[test]
fn protection_is_never_given_up() {
    let Some(smtp) = Smtp::start() else { return };
    let server = Server { security: Security::StartTls, login: by_password("x"), ..at(smtp.port) };
    let error = send(&server, &letter("x")).expect_err("no protection");
    assert!(matches!(error, SendError::Lacking(_)) && error.is_of_the_setup(), "{error:?}");
    // In the open only to this machine itself; the name is looked up, and nobody is called.
    let server = Server { host: "192.0.2.1".to_owned(), ..at(smtp.port) };
    let error = send(&server, &letter("x")).expect_err("in the open");
    assert!(error.to_string().contains("without TLS"), "{error}");
    assert!(smtp.received().is_empty());
}

#[test]
fn refusals_say_whether_trying_again_can_help() {
    for (said, step, code, again) in [
        ("rcpt:550 5.1.1 no such person here", Step::Receiver, 550, false),
        ("rcpt:451 4.7.1 greylisted, come back later", Step::Receiver, 451, true),
        ("data:554 5.7.1 looks like spam", Step::HandedOver, 554, false),
        ("data:452 4.3.1 the disk is full", Step::HandedOver, 452, true),
    ] {
        let Some(smtp) = Smtp::start_with(&["--do", said]) else { return };
        let error = send(&at(smtp.port), &letter("x")).expect_err(said);
        let (_, words) = said.split_once(' ').expect("words");
        let told = match &error {
            SendError::Refused { step, code, said } | SendError::NotNow { step, code, said } => {
                Some((*step, *code, said))
            }
            _ => None,
        };
        assert_eq!(told.map(|(step, code, _)| (step, code)), Some((step, code)), "{error:?}");
        assert!(told.is_some_and(|(_, _, said)| said.contains(words)), "{error:?}");
        assert_eq!(error.may_try_again(), again, "{error}");
        assert!(!after_all(&error) && smtp.received().is_empty(), "{error}");
    }
}

#[test]
fn refused_once_then_taken() {
    let Some(smtp) = Smtp::start_with(&["--do", "rcpt:once 451 later"]) else { return };
    assert!(send(&at(smtp.port), &letter("x")).expect_err("once").may_try_again());
    send(&at(smtp.port), &letter("x")).expect("then taken");
    assert_eq!(smtp.received().len(), 1);
}

#[test]
fn a_server_that_hangs_or_goes_away_holds_nobody() {
    for (does, sent) in [
        ("rcpt:hang", false),
        ("rcpt:close", false),
        ("data:hang", true),
        ("data:close", true),
        ("data:keep-hang", true),
    ] {
        let Some(smtp) = Smtp::start_with(&["--do", does]) else { return };
        let server = Server { patience: Duration::from_secs(2), ..at(smtp.port) };
        let error = send(&server, &letter("x")).expect_err(does);
        assert!(matches!(error, SendError::Late { .. } | SendError::Broken { .. }), "{does}: {error:?}");
        assert!(error.may_try_again(), "{does}");
        assert_eq!(after_all(&error), sent, "{does}");
        // The one case in which trying again sends twice.
        assert_eq!(smtp.received().len(), usize::from(does == "data:keep-hang"), "{does}");
    }
}

#[test]
fn nobody_there() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|held| held.local_addr()).expect("a port").port();
    let error = send(&at(port), &letter("x")).expect_err("nobody there");
    assert!(matches!(error, SendError::Unreachable { .. }) && error.may_try_again(), "{error:?}");
    for host in ["", "a b", "x\r\ny", "no-such-name.invalid"] {
        let server = Server { host: host.to_owned(), ..at(port) };
        let error = send(&server, &letter("x")).expect_err(host);
        assert!(matches!(error, SendError::Unreachable { .. } | SendError::Server(_)), "{host:?}: {error:?}");
    }
}

/// The server had all of it and did not say what it made of it.
fn after_all(error: &SendError) -> bool {
    matches!(error, SendError::Broken { step: Step::HandedOver, .. } | SendError::Late { step: Step::HandedOver })
}
