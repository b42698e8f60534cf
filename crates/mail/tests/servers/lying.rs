//! Servers that no honest program is: what they say is bounded in bytes and in time.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use counterpart_mail::{Fetch, FetchError, Look, Security, SendError, Server, Verdict, fetch, send};

use crate::{at, by_password, letter};

/// A server that does this with its first caller.
fn server(serve: impl FnOnce(BufReader<TcpStream>) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        if let Ok((stream, _)) = listener.accept() {
            serve(BufReader::new(stream));
        }
    });
    port
}

fn say(stream: &mut BufReader<TcpStream>, text: &str) -> bool {
    stream.get_mut().write_all(text.as_bytes()).is_ok()
}

fn hear(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    drop(stream.read_line(&mut line));
    line
}

/// Says this again and again until nobody listens any more.
fn flood(mut stream: BufReader<TcpStream>, text: &str) {
    let text = text.repeat(1 + 60_000 / text.len());
    while say(&mut stream, &text) {}
}

#[test]
fn a_mail_server_that_floods() {
    for text in ["2", "220-welcome\r\n", "250 OK\r\n250 OK\r\n", "\r\n", "220 \u{1b}[2J"] {
        let port = server(move |stream| flood(stream, text));
        let error = send(&at(port), &letter("x")).expect_err("a flood");
        assert!(matches!(error, SendError::Broken { .. }), "{text:?}: {error:?}");
        assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
    }
}

#[test]
fn a_mail_server_that_never_comes_to_the_end() {
    // A line a moment: each read succeeds, and nothing is ever said.
    let port = server(|mut stream| {
        while say(&mut stream, "220-x\r\n") {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let patient = Server { patience: Duration::from_secs(1), ..at(port) };
    assert_eq!(send(&patient, &letter("x")), Err(SendError::Late { step: counterpart_mail::Step::Connecting }));
    let silent = server(|mut stream| drop(hear(&mut stream)));
    let patient = Server { patience: Duration::from_secs(1), ..at(silent) };
    assert!(send(&patient, &letter("x")).expect_err("silence").may_try_again());
}

#[test]
fn words_of_a_mail_server_are_made_safe() {
    let port = server(|mut stream| {
        say(&mut stream, "220 hi\r\n");
        hear(&mut stream);
        say(&mut stream, "250 mail.example\r\n");
        hear(&mut stream);
        say(&mut stream, &format!("550-no\u{1b}]0;x\u{7}\r\n550 \u{202e}never {}\r\n", "a".repeat(900)));
        hear(&mut stream);
    });
    let error = send(&at(port), &letter("x")).expect_err("refused");
    let said = if let SendError::Refused { code: 550, said, .. } = &error { said.as_str() } else { "" };
    assert!(said.starts_with("no ]0;x never aaa") && said.chars().count() <= 301, "{error:?}");
}

#[test]
fn answers_slipped_in_before_the_protection_are_not_believed() {
    let port = server(|mut stream| {
        say(&mut stream, "220 hi\r\n");
        hear(&mut stream);
        say(&mut stream, "250-mail.example\r\n250 STARTTLS\r\n");
        hear(&mut stream);
        say(&mut stream, "220 go on\r\n250 OK\r\n250 OK\r\n250 OK\r\n354 go\r\n250 taken\r\n");
        hear(&mut stream);
    });
    let server = Server { security: Security::StartTls, ..at(port) };
    let error = send(&server, &letter("x")).expect_err("slipped in");
    assert!(error.to_string().contains("slipped in"), "{error:?}");
}

fn look(port: u16, look: Look) -> Result<counterpart_mail::Fetched, FetchError> {
    let server = Server { login: by_password("secret"), patience: Duration::from_secs(10), ..at(port) };
    let what = Fetch { server, folder: "INBOX".to_owned(), look, anew_since: (2000, 1, 1), most: 100 };
    fetch(&what, &mut |_| Verdict::Take, &mut |_, _| ())
}

/// The words between a server and a client that logs in and opens a folder.
fn opened(stream: &mut BufReader<TcpStream>) {
    say(stream, "* OK [CAPABILITY IMAP4rev1] hi\r\n");
    hear(stream);
    say(stream, "c1 OK in\r\n");
    hear(stream);
    say(stream, "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4] ok\r\nc2 OK [READ-ONLY] opened\r\n");
    hear(stream);
}

#[test]
fn a_mailbox_that_floods() {
    for text in [
        "*",
        "* OK hi\r\n",
        "* BYE \u{1b}[2J\r\n",
        "\r\n",
        "* 1 FETCH (BODYSTRUCTURE (((((((((((((((",
        "* OK {99999999}\r\n",
    ] {
        let port = server(move |stream| flood(stream, text));
        let error = look(port, Look::FromNow).expect_err("a flood");
        assert!(!error.to_string().contains('\u{1b}') && error != FetchError::Late, "{text:?}: {error:?}");
    }
    for text in [
        "* SEARCH 1 2 3\r\n",
        "* SEARCH 1 ",
        "* 1 EXISTS\r\n",
        "* 1 FETCH (BODYSTRUCTURE ((((((((((((((((((((((((",
        "* nonsense\r\n",
        "* 1 FETCH (UID 1 BODY[HEADER]<0> {30000000}\r\n",
        "c3 OK [BADCHARSET (((((((((",
    ] {
        let port = server(move |mut stream| {
            opened(&mut stream);
            flood(stream, text);
        });
        let error = look(port, Look::Since(2020, 1, 1)).expect_err(text);
        assert!(matches!(error, FetchError::Broken { .. } | FetchError::Refused { .. }), "{text:?}: {error:?}");
    }
}

#[test]
fn a_mailbox_that_lies() {
    // Numbers that nobody asked for, messages larger than was said, none at all.
    let port = server(|mut stream| {
        opened(&mut stream);
        say(&mut stream, "* SEARCH 1 2 3\r\nc3 OK found\r\n");
        hear(&mut stream);
        say(
            &mut stream,
            "* 1 FETCH (UID 1 RFC822.SIZE 10 BODY[HEADER]<0> {14}\r\nSubject: one\r\n)\r\n\
             * 2 FETCH (UID 2 RFC822.SIZE 4000000000 BODY[HEADER]<0> {14}\r\nSubject: two\r\n)\r\n\
             * 9 FETCH (UID 999 RFC822.SIZE 1 BODY[HEADER]<0> {14}\r\nSubject: not\r\n)\r\n\
             * 3 FETCH (UID 3 RFC822.SIZE 1 BODY[HEADER]<0> NIL)\r\nc4 OK done\r\n",
        );
        hear(&mut stream);
        say(&mut stream, "* 7 FETCH (UID 7 BODY[] {2}\r\nxx)\r\nc5 OK done\r\n");
        hear(&mut stream);
        say(&mut stream, "c6 OK bye\r\n");
    });
    let fetched = look(port, Look::Since(2020, 1, 1)).expect("a look");
    assert_eq!((fetched.seen, fetched.place.uid, fetched.broken), (2, 3, None));
    let why: Vec<_> = fetched.skipped.iter().map(|skipped| (skipped.uid, skipped.subject.as_str())).collect();
    assert_eq!(why, [(1, "one"), (2, "two"), (3, "")], "{:?}", fetched.skipped);
}

#[test]
fn a_mailbox_that_goes_away_midway_is_read_on_from_there() {
    let port = server(|mut stream| {
        opened(&mut stream);
        say(&mut stream, "* SEARCH 1 2\r\nc3 OK found\r\n");
        hear(&mut stream);
        say(
            &mut stream,
            "* 1 FETCH (UID 1 RFC822.SIZE 2 BODY[HEADER]<0> {2}\r\n\r\n)\r\n* 2 FETCH (UID 2 RFC822.SIZE 2 BODY[HEADER]<0> \
             {2}\r\n\r\n)\r\nc4 OK done\r\n",
        );
        hear(&mut stream);
        say(&mut stream, "* 1 FETCH (UID 1 BODY[] {2}\r\nxx)\r\nc5 OK done\r\n");
        hear(&mut stream);
        say(&mut stream, "* 2 FETCH (UID 2 BODY[] {200}\r\nxx");
    });
    let fetched = look(port, Look::Since(2020, 1, 1)).expect("a look");
    assert_eq!(fetched.place.uid, 1);
    assert!(matches!(fetched.broken, Some(FetchError::Broken { .. })), "{:?}", fetched.broken);
}

#[test]
fn a_mailbox_that_would_go_on_in_the_open() {
    for greeting in ["* PREAUTH welcome\r\n", "* OK hi\r\n"] {
        let port = server(move |mut stream| {
            say(&mut stream, greeting);
            hear(&mut stream);
            say(&mut stream, "c1 NO not here\r\n");
            hear(&mut stream);
        });
        let server = Server { security: Security::StartTls, login: by_password("secret"), ..at(port) };
        let error = counterpart_mail::test_folder(&server, "INBOX").expect_err("in the open");
        assert!(matches!(error, FetchError::Lacking(_)), "{greeting:?}: {error:?}");
    }
    let port = server(|mut stream| {
        say(&mut stream, "* OK hi\r\n");
        hear(&mut stream);
        say(&mut stream, "c1 OK begin\r\nc1 OK in\r\n");
        hear(&mut stream);
    });
    let server = Server { security: Security::StartTls, login: by_password("secret"), ..at(port) };
    let error = counterpart_mail::test_folder(&server, "INBOX").expect_err("slipped in");
    assert!(error.to_string().contains("slipped in"), "{error:?}");
}
