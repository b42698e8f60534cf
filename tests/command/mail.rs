//! Mail: set up, imported, fetched, taken into cases; never twice, never unseen.

use std::{fs, path::PathBuf, process::Stdio};

use serde_json::Value;

use crate::{
    home::{Home, talk},
    mail_server::{Certificates, Imap, Smtp},
};

/// An answer from the supplier.
fn answer(subject: &str, id: &str, text: &str) -> String {
    format!(
        "From: \"Dean, Northlink\" <dean@northlink.example>\r\nTo: keith@example.org\r\nSubject: {subject}\r\nDate: Mon, 6 Jul 2026 \
         10:00:00 +0100\r\nMessage-ID: <{id}@northlink.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
}

fn file(home: &Home, name: &str, text: &str) -> String {
    let path = home.path().join(name);
    fs::write(&path, text).expect("a file");
    path.to_str().expect("a plain path").to_owned()
}

fn outcomes(imported: &Value) -> Vec<&str> {
    imported["mails"].as_array().into_iter().flatten().filter_map(|mail| mail["outcome"].as_str()).collect()
}

fn entries(home: &Home) -> usize {
    home.json(&["log", "."])["entries"].as_array().map_or(0, Vec::len)
}

#[test]
fn an_answer_becomes_a_contact_with_the_mail_beside_it() {
    let (home, short) = Home::with_case();
    let mail = answer(
        &format!("Re: [{short}] Broadband [Ticket#4711]"),
        "a",
        "We charged too much.\n\n> You charged too much.",
    );
    let path = file(&home, "a.eml", &mail);
    // Nobody can be asked here: nothing is signed.
    let said = home.fails(2, &["import", &path]);
    assert!(said.contains("nobody can be asked"), "{said}");
    assert_eq!(entries(&home), 1);
    // A tag is a word that anybody can write: from an unknown address it is looked at by a person, whatever `-y` says.
    let (_, said) = home.said(&["import", &path, "-y"]);
    assert!(said.contains("from an address not seen before in this case"), "{said}");
    assert_eq!(entries(&home), 1);
    let waiting = home.json(&["import", "--unmatched"]);
    assert_eq!((&waiting["mails"][0]["by"], waiting["mails"].as_array().map(Vec::len)), (&Value::from("tag"), Some(1)));

    let (name, said) = home.said(&["import", &path, "--case", &short, "-y"]);
    assert_eq!(name, "#2");
    assert!(said.contains("We charged too much.") && said.contains("Dean, Northlink"), "{said}");
    assert!(said.contains("With it goes the whole mail"), "{said}");
    let log = home.json(&["log", "."]);
    let contact = &log["entries"][1];
    let text = contact.to_string();
    assert!(text.contains("an e-mail from Dean, Northlink"), "{text}");
    assert!(said.contains("dean@northlink.example") && said.contains("Ticket#4711\n"), "{said}");
    assert!(!text.contains("You charged too much"), "what it quotes was said before: {text}");
    let attached = home.json(&["attachments", "."]);
    assert_eq!(attached["attachments"][0]["media"], "message/rfc822", "{attached}");
    let out = home.path().join("out.eml");
    home.ok(&["attachment", "get", ".", "3", out.to_str().expect("a plain path")]);
    assert_eq!(fs::read(&out).expect("the mail").as_slice(), mail.as_bytes(), "as it came");
    assert!(home.json(&["import", "--unmatched"])["mails"].as_array().is_some_and(Vec::is_empty), "it waits no more");

    // Known by now: the same bytes never again, and the address is not strange any more.
    let again = home.json(&["import", &path, "-y"]);
    assert_eq!(outcomes(&again), ["known"]);
    let next = answer(&format!("[{short}] Your refund"), "b", "It is on its way.");
    let next = file(&home, "b.eml", &next);
    assert_eq!(outcomes(&home.json(&["import", &next, "-y"])), ["taken"]);
    assert_eq!(entries(&home), 5);
}

#[test]
fn an_answer_in_a_thread_needs_no_tag() {
    let (home, short) = Home::with_case();
    let first = file(&home, "a.eml", &answer("Hello", "first", "Hello."));
    home.ok(&["import", &first, "--case", &short, "-y"]);
    let reply =
        answer("Re: Hello", "second", "And more.").replace("Date:", "In-Reply-To: <first@northlink.example>\r\nDate:");
    let reply = file(&home, "b.eml", &reply.replace("dean@", "somebody.else@"));
    let (_, said) = home.said(&["import", &reply, "-y"]);
    assert!(said.contains("Signed and stored as #4"), "{said}");
    assert!(said.contains("an address not seen before in this case"), "told all the same: {said}");
}

#[test]
fn what_fits_nowhere_waits_and_is_put_where_it_belongs() {
    let (home, short) = Home::with_case();
    let folder = home.path().join("mails");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("1.eml"), answer("No tag", "n1", "Hello.")).expect("a file");
    fs::write(folder.join("2.EML"), answer("[AAAA-AAAA-A] other", "n2", "Hello.")).expect("a file");
    fs::write(folder.join("3.txt"), "not one").expect("a file");
    fs::write(folder.join("4.eml"), "%PDF-1.7 not one").expect("a file");
    let output = home.run(&["import", folder.to_str().expect("a plain path"), "-y", "--json"]);
    assert_eq!(output.status.code(), Some(1), "one could not be read: {}", talk(&output));
    let imported: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(outcomes(&imported), ["unmatched", "unmatched", "unread"]);
    let listed = home.ok(&["import", "--unmatched"]);
    assert!(listed.contains("\"No tag\"") && listed.contains("for no case by itself"), "{listed}");
    let name =
        listed.lines().find(|line| line.contains("No tag")).and_then(|line| line.split(' ').next()).expect("its name");
    home.ok(&["import", name, "--case", &short, "-y"]);
    let other = home.ok(&["import", "--unmatched"]);
    let name = other.split(' ').next().expect("its name");
    home.ok(&["import", name, "--drop"]);
    assert!(home.json(&["import", "--unmatched"])["mails"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(entries(&home), 3);
    let said = home.fails(2, &["import", "no-such-file.eml"]);
    assert!(said.contains("there is no file"), "{said}");
}

#[test]
fn another_mail_of_the_same_id_is_kept_apart() {
    let (home, short) = Home::with_case();
    let first = file(&home, "a.eml", &answer("Hello", "same", "Pay 10."));
    home.ok(&["import", &first, "--case", &short, "-y"]);
    let other = answer(&format!("[{short}] Hello"), "same", "Pay 1000.");
    let other = file(&home, "b.eml", &other);
    let (_, said) = home.said(&["import", &other, "-y"]);
    assert!(said.contains("calls itself the same") && said.contains("other bytes"), "{said}");
    assert_eq!(entries(&home), 3, "not taken in");
    let listed = home.ok(&["import", "--unmatched"]);
    assert!(listed.contains("another mail of this id is known"), "{listed}");
    assert_eq!(outcomes(&home.json(&["import", &other, "--case", &short, "-y"])), ["taken"], "by a person's word");
}

#[test]
fn hostile_words_of_a_mail_reach_no_terminal() {
    let (home, short) = Home::with_case();
    let mail = answer("\u{1b}[2Jred \u{202e}dab", "x", "\u{1b}]0;title\u{7}text \u{202e}001 yap")
        .replace("Dean", "\u{1b}[31mDean");
    let path = file(&home, "a.eml", &mail);
    let (out, said) = home.said(&["import", &path, "--case", &short, "-y"]);
    let listed = home.ok(&["log", "."]);
    for text in [&out, &said, &listed] {
        assert!(!text.contains('\u{202e}') && !text.contains("\u{1b}]0") && !text.contains("\u{1b}[2J"), "{text:?}");
    }
}

fn set(home: &Home, more: &[&str]) -> Value {
    home.json(&[&["mail", "set", "--address", "Keith <keith@example.org>"], more].concat())
}

#[test]
fn settings_are_kept_for_their_owner_alone_and_show_no_password() {
    let (home, _) = Home::with_case();
    let said = home.fails(1, &["mail", "show"]);
    assert!(said.contains("no mail is set up"), "{said}");
    let secret = file(&home, "password", "s3cret words\nsecond line\n");
    let kept =
        set(&home, &["--send", "smtp.example.org:587", "--fetch", "imap.example.org", "--password-file", &secret]);
    assert_eq!((&kept["send"]["security"], &kept["send"]["port"]), (&Value::from("starttls"), &Value::from(587)));
    assert_eq!((&kept["fetch"]["security"], &kept["fetch"]["port"]), (&Value::from("tls"), &Value::from(993)));
    assert_eq!(kept["send"]["user"], "keith@example.org");
    let shown = home.ok(&["mail", "show"]);
    assert!(shown.contains("smtp.example.org:587 (STARTTLS), as keith@example.org"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    #[cfg(unix)]
    {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(home.path().join("mail")).expect("it").permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    // What was set stays unless it is set anew.
    let changed = set(&home, &["--every", "15", "--folder", "Cases", "--fetch", "imap.example.org:993"]);
    assert_eq!((&changed["every_minutes"], &changed["folder"]), (&Value::from(15), &Value::from("Cases")));
    assert_eq!(changed["send"]["host"], "smtp.example.org");
    for wrong in [
        &["mail", "set", "--address", "nobody"][..],
        &["mail", "set", "--address", "a@b.example", "--send", "a b"],
        &["mail", "set", "--send", "x.example", "--password-file", "no-such-file"],
        &["mail", "set", "--send", "none", "--fetch", "none"],
    ] {
        home.fails(2, wrong);
    }
    fs::write(home.path().join("mail"), "scribble\n").expect("a file");
    let said = home.fails(1, &["mail", "show"]);
    assert!(said.contains("cannot be understood"), "{said}");
    // A password goes to no other host than the one it was given for.
    let secret = home.path().join("secret").display().to_string();
    fs::write(&secret, "geheim").expect("written");
    home.ok(&["mail", "set", "--address", "a@b.example", "--send", "smtp.a.example", "--password-file", &secret]);
    assert!(home.fails(2, &["mail", "set", "--send", "smtp.b.example"]).contains("password is needed"));
    home.ok(&["mail", "set", "--send", "smtp.a.example:465"]);
    home.ok(&["mail", "set", "--forget"]);
    home.fails(1, &["mail", "show"]);
}

#[test]
fn a_test_says_what_works() {
    let Some(smtp) = Smtp::start_with(&["--user", "keith", "--password", "s3cret"]) else { return };
    let (home, _) = Home::with_case();
    let secret = file(&home, "password", "s3cret\n");
    let server = format!("127.0.0.1:{}", smtp.port);
    let args = [
        "--send",
        &server,
        "--send-security",
        "plain",
        "--fetch",
        "none",
        "--user",
        "keith",
        "--password-file",
        &secret,
    ];
    set(&home, &args);
    assert_eq!(home.json(&["mail", "test"])["send"]["works"], true);
    fs::write(&secret, "wrong\n").expect("a file");
    let output = home.run(&["mail", "test"]);
    assert_eq!(output.status.code(), Some(1), "{}", talk(&output));
    assert!(talk(&output).contains("refused the login"), "{}", talk(&output));
    assert!(!talk(&output).contains("wrong"), "{}", talk(&output));
    drop(smtp);
    let output = home.run(&["mail", "test"]);
    assert_eq!(output.status.code(), Some(5), "nobody there: {}", talk(&output));
}

/// A home whose mailbox is that server's.
fn with_mailbox(imap: &Imap, folder: &str, every: &str) -> (Home, String) {
    let (home, short) = Home::with_case();
    let secret = file(&home, "password", "secret\n");
    let server = format!("127.0.0.1:{}", imap.port);
    let args = [
        "--send",
        "none",
        "--fetch",
        &server,
        "--fetch-security",
        "plain",
        "--user",
        "ada",
        "--password-file",
        &secret,
    ];
    set(&home, &[&args[..], &["--folder", folder, "--every", every]].concat());
    (home, short)
}

#[test]
fn answers_are_fetched_once_and_the_rest_is_left_alone() {
    let Some(certificates) = Certificates::new() else { return };
    let Some(imap) = Imap::start(&certificates) else { return };
    let (home, short) = with_mailbox(&imap, "INBOX", "0");
    imap.deliver("INBOX", answer(&format!("[{short}] old"), "old", "Old.").as_bytes());
    let first = home.json(&["mail", "fetch"]);
    assert_eq!((&first["first"], &first["new"]), (&Value::from(true), &Value::from(0)), "from now on");

    imap.deliver("INBOX", answer("private", "private", "Nobody's business.").as_bytes());
    imap.deliver("INBOX", answer(&format!("Re: [{short}] Price"), "a1", "We refund it.").as_bytes());
    let fetched = home.json(&["mail", "fetch"]);
    assert_eq!((&fetched["seen"], &fetched["new"]), (&Value::from(2), &Value::from(1)));
    let waiting = home.json(&["import", "--unmatched"]);
    assert_eq!(waiting["mails"].as_array().map(Vec::len), Some(1), "the private one was not read: {waiting}");
    let name: String = waiting["mails"][0]["sha256"].as_str().expect("its name").chars().take(8).collect();
    home.ok(&["import", &name, "--case", &short, "-y"]);

    // Its sender is known now, and the answer to it is found by its thread.
    let reply =
        answer("Re: Price", "a2", "One more thing.").replace("Date:", "References: <a1@northlink.example>\r\nDate:");
    imap.deliver("INBOX", reply.as_bytes());
    let fetched = home.json(&["mail", "fetch", "-y"]);
    assert_eq!(outcomes(&fetched), ["taken"]);
    let fetched = home.json(&["mail", "fetch", "--days", "30", "-y"]);
    assert_eq!((&fetched["new"], &fetched["known"]), (&Value::from(1), &Value::from(2)), "{fetched}");
    assert_eq!(outcomes(&fetched), ["taken"], "the old one; its sender is known by now");
    assert_eq!(entries(&home), 1 + 3 * 2);
    let flags = imap.ask("INBOX", "FETCH 1:* (FLAGS)");
    assert!(!flags.contains("Seen") && flags.matches("FETCH (").count() == 4, "{flags}");
    let shown = home.ok(&["mail", "show"]);
    assert!(shown.contains("it went well"), "{shown}");
}

#[test]
fn in_a_folder_of_its_own_everything_is_meant() {
    let Some(certificates) = Certificates::new() else { return };
    let Some(imap) = Imap::start(&certificates) else { return };
    let (home, _) = with_mailbox(&imap, "Cases", "0");
    imap.deliver("Cases", answer("no tag", "c1", "Hello.").as_bytes());
    let fetched = home.json(&["mail", "fetch", "--days", "1"]);
    assert_eq!(outcomes(&fetched), ["unmatched"]);
    assert_eq!(home.json(&["import", "--unmatched"])["mails"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_running_node_takes_in_what_it_may() {
    let Some(certificates) = Certificates::new() else { return };
    let Some(imap) = Imap::start(&certificates) else { return };
    let (home, short) = with_mailbox(&imap, "INBOX", "1");
    let known = file(&home, "known.eml", &answer("Hello", "k", "Hello."));
    home.ok(&["import", &known, "--case", &short, "-y"]);
    home.json(&["mail", "fetch"]);
    let said = home.fails(2, &["mail", "consent", "."]);
    assert!(said.contains("nobody can be asked"), "{said}");
    assert_eq!(home.json(&["mail", "consent", ".", "-y"])["unasked"], true);
    imap.deliver("INBOX", answer(&format!("[{short}] taken"), "t1", "Into the case.").as_bytes());
    let strange = answer(&format!("[{short}] strange"), "t2", "Pay me.").replace("dean@northlink", "evil@elsewhere");
    imap.deliver("INBOX", strange.as_bytes());
    let up = home.up();
    up.line_with("1 mail was taken in");
    up.line_with("1 mail waits");
    up.stop();
    assert_eq!(entries(&home), 5);
    let listed = home.ok(&["import", "--unmatched"]);
    assert!(listed.contains("strange") && !listed.contains("taken"), "{listed}");
    assert_eq!(home.json(&["mail", "consent", ".", "--end"])["unasked"], false);
}

#[test]
fn a_mailbox_that_cannot_be_read_is_told_and_nothing_is_lost() {
    let (home, _) = Home::with_case();
    let said = home.fails(2, &["mail", "fetch"]);
    assert!(said.contains("no mailbox is set up"), "{said}");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|held| held.local_addr()).expect("a port").port();
    let server = format!("127.0.0.1:{port}");
    set(&home, &["--send", "none", "--fetch", &server, "--fetch-security", "plain", "--no-login"]);
    let said = home.fails(5, &["mail", "fetch"]);
    assert!(said.contains("was not reached") && said.contains("nothing is lost"), "{said}");
    assert!(home.ok(&["mail", "show"]).contains("was not reached"));
}

#[test]
fn many_at_once_take_it_in_once() {
    let (home, short) = Home::with_case();
    let path = file(&home, "a.eml", &answer("Hello", "first", "Hello."));
    let import = || {
        let mut command = home.command(&["import", &path, "--case", &short, "-y", "--json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts")
    };
    let running: Vec<_> = (0..4).map(|_| import()).collect();
    let mut came: Vec<String> = Vec::new();
    for one in running {
        let output = one.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", talk(&output));
        let imported: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        came.extend(outcomes(&imported).into_iter().map(str::to_owned));
    }
    came.sort();
    assert_eq!(came, ["known", "known", "known", "taken"]);
    assert_eq!(entries(&home), 3);
}

/// Not a test of mail alone: nothing of this module's files stays where it should not.
#[test]
fn nothing_is_left_beside() {
    let (home, short) = Home::with_case();
    let path = file(&home, "a.eml", &answer("Hello", "first", "Hello."));
    home.ok(&["import", &path, "--case", &short, "-y"]);
    let left: Vec<PathBuf> = fs::read_dir(home.path())
        .expect("the home")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "new") || path.ends_with("mail-aside"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// At a terminal, with nothing given.
#[test]
#[cfg(debug_assertions)]
fn what_is_not_given_is_asked() {
    use crate::at_terminal::at_a_terminal;
    let (home, short) = Home::with_case();
    let typed = "Keith <keith@posteo.de>\n\n\ns3cret\n";
    let Some((code, screen)) = at_a_terminal(&home, &["mail", "set"], typed, &[]) else { return };
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("[posteo.de:465]") && screen.contains("posteo.de:993 (TLS), as keith@posteo.de"),
        "{screen}"
    );
    let kept = fs::read_to_string(home.path().join("mail")).expect("the settings");
    assert!(kept.contains("send-password s3cret\n") && kept.contains("fetch-password s3cret\n"), "{kept}");

    let path = file(&home, "a.eml", &answer(&format!("[{short}] Hello"), "asked", "Hello."));
    let Some((code, screen)) = at_a_terminal(&home, &["import", &path], "n\n", &[]) else { return };
    assert_eq!((code, entries(&home)), (0, 1), "{screen}");
    assert!(screen.contains("not seen before in this case") && screen.contains("Take it in? [y/N]"), "{screen}");
    let Some((code, screen)) = at_a_terminal(&home, &["import", &path], "y\n", &[]) else { return };
    assert_eq!((code, entries(&home)), (0, 3), "{screen}");
}

#[test]
fn a_folder_with_more_strange_mails_than_there_is_room_for_still_brings_those_of_the_case() {
    let (home, short) = Home::with_case();
    home.ok(&["notebook", "add", "person", "Northlink Ltd", "Dean", "--email", "dean@northlink.example"]);
    let folder = home.path().join("mails");
    fs::create_dir(&folder).expect("a folder");
    for number in 0..203 {
        let name = format!("a{number:03}.eml");
        fs::write(folder.join(&name), answer("News", &name, "Buy more")).expect("a file");
    }
    fs::write(folder.join("z.eml"), answer(&format!("Re: [{short}]"), "z", "It is put right.")).expect("a file");
    let output = home.run(&["import", folder.to_str().expect("a plain path"), "-y", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", talk(&output));
    let imported: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let outcomes = outcomes(&imported);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "no-room").count(), 3, "{outcomes:?}");
    assert_eq!(outcomes.last(), Some(&"taken"));
    assert!(talk(&output).contains("no more can be put aside"), "{}", talk(&output));
}
