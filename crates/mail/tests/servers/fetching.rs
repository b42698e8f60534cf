use std::time::{Duration, Instant};

use counterpart_mail::{Fetch, FetchError, Fetched, Look, Security, Server, Verdict, fetch, test_folder};

use crate::{
    at, by_password, by_token,
    server::{Certificates, Imap},
};

fn message(subject: &str) -> Vec<u8> {
    let id = subject.replace(|c: char| !c.is_alphanumeric(), "");
    format!(
        "From: Acme <help@acme.example>\r\nTo: ada@example.org\r\nSubject: {subject}\r\nMessage-ID: <{id}@acme.example>\r\n\
         \r\nWe will come.\r\n"
    )
    .into_bytes()
}

fn asked(port: u16, folder: &str, look: Look) -> Fetch {
    let server = Server { login: by_password("secret"), ..at(port) };
    Fetch { server, folder: folder.to_owned(), look, anew_since: (2000, 1, 1), most: 100 }
}

/// Takes what has this in its subject; gives the bytes taken.
fn take(what: &Fetch, wanted: &str) -> (Fetched, Vec<Vec<u8>>) {
    let mut taken = Vec::new();
    let mut choose = |glance: &counterpart_mail::Glance| {
        if glance.head.subject.contains(wanted) { Verdict::Take } else { Verdict::Leave }
    };
    let fetched = fetch(what, &mut choose, &mut |_, bytes| taken.push(bytes)).expect("a look into the folder");
    assert_eq!(fetched.broken, None);
    (fetched, taken)
}

#[test]
fn only_what_is_new_and_wanted_is_read_and_nothing_is_changed() {
    let Some(certificates) = Certificates::new() else { return };
    let Some(imap) = Imap::start(&certificates) else { return };
    imap.deliver("INBOX", &message("old"));
    imap.deliver("INBOX", &message("tagged old"));
    // The first look begins with what comes from then on.
    let (first, taken) = take(&asked(imap.port, "INBOX", Look::FromNow), "tagged");
    assert_eq!((first.seen, taken.len(), first.more, first.anew), (0, 0, false, false));
    imap.deliver("INBOX", &message("private"));
    imap.deliver("INBOX", &message("tagged new"));
    let (second, taken) = take(&asked(imap.port, "INBOX", Look::After(first.place)), "tagged");
    assert_eq!((second.seen, taken), (2, vec![message("tagged new")]));
    let (third, taken) = take(&asked(imap.port, "INBOX", Look::After(second.place)), "tagged");
    assert_eq!((third.seen, taken.len(), third.place), (0, 0, second.place));
    // Since a day: all of them.
    let (since, taken) = take(&asked(imap.port, "INBOX", Look::Since(2020, 1, 1)), "");
    assert_eq!((since.seen, taken.len(), since.place), (4, 4, second.place));
    // Nothing was marked as read, nothing is gone.
    let flags = imap.ask("INBOX", "FETCH 1:* (FLAGS)");
    assert!(flags.matches("FETCH").count() >= 4 && !flags.contains("Seen"), "{flags}");
}

#[test]
fn so_many_at_once_and_then_on() {
    let Some(certificates) = Certificates::new() else { return };
    let Some(imap) = Imap::start(&certificates) else { return };
    for n in 0..7 {
        imap.deliver("Cases", &message(&format!("number {n}")));
    }
    let some = |look| Fetch { most: 3, ..asked(imap.port, "Cases", look) };
    let (first, taken) = take(&some(Look::Since(2020, 1, 1)), "");
    assert_eq!((taken.len(), first.more), (3, true));
    let (second, taken) = take(&some(Look::After(first.place)), "");
    assert_eq!((taken.len(), second.more), (3, true));
    let (third, taken) = take(&some(Look::After(second.place)), "");
    assert_eq!((taken, third.more), (vec![message("number 6")], false));
}

#[test]
fn a_folder_made_anew_is_read_from_the_day_that_is_named() {
    let Some(certificates) = Certificates::new() else { return };
    let Some(imap) = Imap::start(&certificates) else { return };
    imap.deliver("Cases", &message("first"));
    let (first, _) = take(&asked(imap.port, "Cases", Look::FromNow), "");
    // The number of a folder is its time in seconds: it is made anew until it has another one.
    let until = Instant::now() + Duration::from_secs(30);
    let (second, taken) = loop {
        imap.remove("Cases");
        imap.deliver("Cases", &message("second"));
        let found = take(&asked(imap.port, "Cases", Look::After(first.place)), "");
        if found.0.place.validity != first.place.validity {
            break found;
        }
        assert!(Instant::now() < until, "a folder made anew never has another number");
    };
    assert!(second.anew && second.place.validity != first.place.validity);
    assert_eq!(taken, vec![message("second")]);
}

#[test]
fn protected_and_logged_in() {
    let Some(certificates) = Certificates::new() else { return };
    let Some(imap) = Imap::start(&certificates) else { return };
    for (security, port) in
        [(Security::StartTls, imap.port), (Security::Tls, imap.tls_port), (Security::Plain, imap.port)]
    {
        let server = |login| Server { security, login, roots: vec![certificates.root()], ..at(port) };
        for login in [by_password("secret"), by_token("secret")] {
            assert_eq!(test_folder(&server(login.clone()), "INBOX"), Ok(()), "{security:?} {login:?}");
        }
        for login in [by_password("wrong"), by_token("old")] {
            let error = test_folder(&server(login.clone()), "INBOX").expect_err("a wrong login");
            assert!(
                matches!(error, FetchError::Login { .. }) && !error.may_try_again(),
                "{security:?} {login:?} {error:?}"
            );
        }
        let error = test_folder(&server(by_password("secret")), "Nowhere").expect_err("no such folder");
        assert!(matches!(error, FetchError::Folder { .. }), "{error:?}");
        if security != Security::Plain {
            let unknown = Server { roots: Vec::new(), ..server(by_password("secret")) };
            let error = test_folder(&unknown, "INBOX").expect_err("an unknown root");
            assert!(matches!(error, FetchError::Untrusted { .. }), "{error:?}");
        }
    }
}

#[test]
fn a_large_message_comes_whole() {
    let Some(certificates) = Certificates::new() else { return };
    let Some(imap) = Imap::start(&certificates) else { return };
    let mut large = message("large");
    while large.len() < 5 * 1024 * 1024 {
        large.extend_from_slice(b"a line of a large message {12}\r\n)) * 1 FETCH \xFC\r\n");
    }
    imap.deliver("INBOX", &large);
    let (_, taken) = take(&asked(imap.port, "INBOX", Look::Since(2020, 1, 1)), "");
    assert!(taken == [large], "as it was put there");
}
