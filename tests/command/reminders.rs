//! Reminders, letters and thanks by the command, against a real mail server where one can be had.

use counterpart_mail::Security;
use counterpart_node::{Desk, MailServer, MailSettings};
use counterpart_process::notebook::{Note, Person};
use serde_json::Value;

use crate::{
    home::{Home, LOOPBACK, Up, succeeded, talk},
    mail_server::Smtp,
};

const CLOCK: &str = "COUNTERPART_TEST_CLOCK";

/// A time in London.
fn clock(text: &str) -> String {
    format!("{text}[Europe/London]")
}

impl Home {
    fn at(&self, time: &str, args: &[&str]) -> (String, String) {
        succeeded(args, self.command(args).env(CLOCK, clock(time)).output().expect("the command starts"))
    }

    fn json_at(&self, time: &str, args: &[&str]) -> Value {
        let text = self.at(time, &[args, &["--json"]].concat()).0;
        serde_json::from_str(&text).expect("one JSON value and nothing else")
    }

    fn fails_at(&self, time: &str, code: i32, args: &[&str]) -> String {
        let output = self.command(args).env(CLOCK, clock(time)).output().expect("the command starts");
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", talk(&output));
        talk(&output)
    }

    /// A case in which Dean promised on the telephone to call back by Wednesday, 4 March 2026 at 17:00.
    fn promised() -> (Self, String) {
        let home = Self::new();
        let new = [
            "new",
            "Overcharged",
            "--with",
            "Gasline Energy",
            "--as",
            "Maya:customer",
            "--zone",
            "Europe/London",
            "-y",
        ];
        let short = home.at("2026-03-03T09:00", &new).0;
        let call = [
            "call",
            &short,
            "They overcharged",
            "--with",
            "Dean",
            "--reference",
            "88213",
            "--promised",
            "Call back",
            "--by",
            "2026-03-04 17:00",
            "-y",
        ];
        home.at("2026-03-03T10:00", &call);
        (home, short)
    }

    fn set_up_mail(&self, server: &Smtp) {
        let desk = Desk::open(self.path()).expect("an opened home");
        let send =
            MailServer { host: "127.0.0.1".to_owned(), port: server.port, security: Security::Plain, login: None };
        let own = "Maya <maya@home.example>".parse().expect("an address");
        let settings = MailSettings { own, send: Some(send), fetch: None, roots: Vec::new() };
        desk.keep_mail_settings(&settings).expect("kept");
        let dean =
            Person { name: "Dean".to_owned(), email: Some("dean@gasline.example".to_owned()), ..Person::default() };
        desk.write_note(Note::Person(dean), Some("Gasline Energy"), None, 0).expect("noted");
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_due_is_shown_and_sent_by_one_yes() {
    let Some(server) = Smtp::start() else { return };
    let (home, short) = Home::promised();
    home.set_up_mail(&server);
    let planned = home.json_at("2026-03-03T11:00", &["reminders", &short]);
    assert_eq!(planned["planned"][0]["about"], "#3", "{planned}");
    let (_, said) = home.at("2026-03-03T11:00", &["reminders", "send", &short, "-y"]);
    assert!(said.contains("Nothing is due"), "{said}");

    let due = "2026-03-04T17:30";
    let shown = words(&home.at(due, &["reminders", &short]).0);
    assert!(shown.contains("1 reminder of #3 (Call back)") && shown.contains("waits for your yes"), "{shown}");
    assert!(shown.contains("public holidays of GB-ENG") && shown.contains("2035"), "{shown}");
    // Nobody can be asked here: nothing is sent.
    let said = home.fails_at(due, 2, &["reminders", "send", &short]);
    assert!(said.contains("nobody can be asked") && server.received().is_empty(), "{said}");
    let (signed, said) = home.at(due, &["reminders", "send", &short, "-y"]);
    assert_eq!(signed, "#4");
    let said = words(&said);
    for part in ["dean@gasline.example", "Maya <maya@home.example>", "Reminder: Call back", "Dear Dean", "88213"] {
        assert!(said.contains(part), "{part} is shown before: {said}");
    }
    let mails = server.received();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["dean@gasline.example"]);
    assert!(mails[0].field("Subject").expect("a subject").contains(&short));
    let (_, said) = home.at(due, &["reminders", "send", &short, "-y"]);
    assert!(said.contains("Nothing is due") && server.received().len() == 1, "{said}");
    let log = home.json_at(due, &["log", &short]);
    let kinds: Vec<_> = log["entries"].as_array().expect("entries").iter().map(|e| e["kind"].clone()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "remind").count(), 1, "{kinds:?}");
}

#[test]
fn a_running_node_sends_what_a_standing_consent_covers() {
    let Some(server) = Smtp::start() else { return };
    let (home, short) = Home::promised();
    home.set_up_mail(&server);
    let allow = ["reminders", "allow", &short, "--by", "email"];
    let said = home.fails_at("2026-03-03T11:00", 2, &allow);
    assert!(said.contains("add --yes"), "{said}");
    let (_, said) = home.at("2026-03-03T11:00", &[&allow[..], &["-y"]].concat());
    let said = words(&said);
    for part in ["without asking about each", "dean@gasline.example", "--revoke", "not between 20:00 and 08:00"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // In the night nothing goes out; in the morning one letter.
    let up = |time: &str| {
        let mut command = home.command(&["up", "--json", "--listen", LOOPBACK]);
        command.env(CLOCK, clock(time));
        Up::start(command)
    };
    let morning = up("2026-03-05T08:00");
    let line = morning.line_with("reminder of #3 sent");
    assert!(line.contains("dean@gasline.example"), "{line}");
    morning.stop();
    assert_eq!(server.received().len(), 1);
    let letters = home.json_at("2026-03-05T08:00", &["reminders", &short]);
    assert_eq!((&letters["letters"][0]["state"], &letters["letters"][0]["by"]), (&"sent".into(), &"email".into()));
    home.at("2026-03-05T09:00", &[&allow[..], &["--revoke"]].concat());
    let due = up("2026-03-05T17:00");
    due.line_with("waits for your yes");
    due.stop();
    assert_eq!(server.received().len(), 1);
    // That one is not wanted.
    home.at("2026-03-05T17:05", &["reminders", "skip", &short, "1", "-y"]);
    let letters = home.json_at("2026-03-05T17:05", &["reminders", &short]);
    assert!(letters["letters"].as_array().expect("letters").iter().any(|l| l["state"] == "skipped"), "{letters}");
}

#[test]
fn without_mail_a_letter_becomes_a_draft_and_is_put_on_record_when_it_was_sent() {
    let (home, short) = Home::promised();
    let due = "2026-03-04T17:30";
    let to = ["reminders", "send", &short, "--to", "Dean <dean@gasline.example>", "-y"];
    let (drafted, said) = home.at(due, &to);
    let [file, link] = drafted.lines().collect::<Vec<_>>()[..] else { unreachable!("{drafted}") };
    let mail = std::fs::read_to_string(file).expect("the draft");
    assert!(mail.contains("Subject: Reminder: Call back") && mail.contains("dean@gasline.example"), "{mail}");
    assert!(link.starts_with("mailto:dean@gasline.example?subject=Reminder"), "{link}");
    assert!(said.contains("reminders sent"), "{said}");
    assert_eq!(
        home.json_at(due, &["log", &short])["entries"].as_array().map(Vec::len),
        Some(3),
        "nothing is signed yet"
    );
    assert_eq!(home.at(due, &["reminders", "sent", &short, "-y"]).0, "#4");
    assert!(home.fails_at(due, 1, &["reminders", "sent", &short, "-y"]).contains("no draft"));
    // Without an address both are there, and its owner fills it in.
    let (drafted, said) = home.at("2026-03-05T17:30", &["reminders", "send", &short, "-y"]);
    let [file, link] = drafted.lines().collect::<Vec<_>>()[..] else { unreachable!("{drafted}") };
    let mail = std::fs::read_to_string(file).expect("the draft");
    assert!(mail.contains("Subject: Second") && !mail.contains("\nTo:") && !mail.starts_with("To:"), "{mail}");
    assert!(link.starts_with("mailto:?subject=Second"), "{link}");
    assert!(said.contains("write whom it goes to"), "{said}");
}

#[test]
fn rules_and_hours_change_when() {
    let (home, short) = Home::promised();
    let now = "2026-03-03T11:00";
    let rule = ["reminders", "rule", &short];
    let add = ["add", "--about", "3", "--after", "2 working days", "--then", "weekly", "--text", "It is urgent"];
    home.at(now, &[&rule[..], &add].concat());
    let planned = home.json_at(now, &["reminders", &short]);
    assert_eq!(planned["rules"].as_array().map(Vec::len), Some(1), "{planned}");
    let wanted = "2026-03-06T17:00+00:00[Europe/London]".parse::<jiff::Zoned>().expect("a time");
    assert_eq!(planned["planned"][0]["at"], wanted.timestamp().as_millisecond());
    home.at(now, &["reminders", "set", &short, "--quiet-hours", "16:00-09:00", "--country", "gb-sct"]);
    let shown = words(&home.at(now, &["reminders", &short]).0);
    assert!(shown.contains("moved from") && shown.contains("quiet hours 16:00-09:00"), "{shown}");
    assert!(shown.contains("public holidays of GB-SCT"), "{shown}");
    std::fs::write(home.path().join("holidays.txt"), "2026-03-07 Works outing\n").expect("written");
    let shown = words(&home.at(now, &["reminders", &short]).0);
    assert!(shown.contains("Works outing") && shown.contains("Mon 9 Mar 2026 09:00"), "{shown}");
    std::fs::write(home.path().join("holidays.txt"), "some day\n").expect("written");
    let said = home.fails_at(now, 1, &["reminders", &short]);
    assert!(said.contains("holidays.txt") && said.contains("line 1"), "{said}");
    std::fs::remove_file(home.path().join("holidays.txt")).expect("removed");
    assert!(home.fails_at(now, 2, &["reminders", "set", "--country", "Atlantis"]).contains("GB-SCT"));
    assert!(home.fails_at(now, 2, &["reminders", "set", "--quiet-hours", "at night"]).contains("20:00-08:00"));
    assert!(home.fails_at(now, 2, &[&rule[..], &["add", "--after", "soon"]].concat()).contains("3 days"));
    assert!(home.fails_at(now, 2, &[&rule[..], &["add", "--then", "5 minutes"]].concat()).contains("once an hour"));
    home.at(now, &[&rule[..], &["remove", "1", "-y"]].concat());
    assert!(home.at(now, &[&rule[..], &["list"]].concat()).0.contains("what no rule tells them of"));
}

#[test]
fn letters_are_listed_copied_and_checked() {
    let home = Home::new();
    let listed = home.json(&["letters", "list"]);
    assert_eq!(listed["letters"].as_array().map(Vec::len), Some(5), "{listed}");
    assert!(home.ok(&["letters", "show", "reminder-firm"]).starts_with("Subject: Overdue"));
    let file = home.ok(&["letters", "edit-copy", "reminder-polite"]);
    assert!(home.fails(1, &["letters", "edit-copy", "reminder-polite"]).contains("there already"));
    std::fs::write(&file, "Subject: Hello\n\nDear {{ person }},\n{{ prommised }}\n").expect("written");
    let said = home.fails(2, &["letters", "check"]);
    assert!(
        said.contains("'reminder-polite', line 4") && said.contains("prommised") && said.contains("promised"),
        "{said}"
    );
    assert!(home.fails(2, &["letters", "show", "../keys/root"]).contains("no letter"));
    home.ok(&["letters", "edit-copy", "reminder-firm", "--to", "mine"]);
    assert_eq!(home.json(&["letters", "list"])["letters"].as_array().map(Vec::len), Some(6));
}

#[test]
fn templates_bring_rules_with_them() {
    let home = Home::new();
    let set = ["--set", "amount=£24.99", "--set", "paid-on=2026-06-03", "--set", "paid-for=the June bill"];
    let new = ["new", "--from", "refund", "--with", "Acme Ltd", "--set", "reason=it came twice", "-y"];
    home.ok(&[&new[..], &set].concat());
    let rules = home.json(&["reminders", "rule", ".", "list"]);
    let rule = &rules["rules"][0];
    assert_eq!((&rule["then"], &rule["to"]), (&"3 days".into(), &"them".into()), "{rules}");
    assert!(rule["text"].as_str().expect("a text").contains("£24.99") && rule["about"].is_array(), "{rules}");
}

#[cfg(unix)]
#[test]
fn a_notice_on_ones_own_screen_runs_no_shell() {
    use std::os::unix::fs::PermissionsExt as _;

    let (home, short) = Home::promised();
    let (tools, said) = (home.path().join("tools"), home.path().join("said"));
    std::fs::create_dir(&tools).expect("a folder");
    let program = tools.join("notify-send");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\" > '{0}.new'\nmv '{0}.new' '{0}'\n", said.display());
    std::fs::write(&program, script).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("set");
    let before = "2026-03-03T11:00";
    let text = "-u critical `touch x` $(touch x) <b>come?</b>";
    home.at(before, &["reminders", "rule", &short, "add", "--about", "3", "--to", "me", &format!("--text={text}")]);
    home.at(before, &["reminders", "allow", &short, "--by", "notice", "-y"]);
    let mut command = home.command(&["up", "--json", "--listen", LOOPBACK]);
    // A Sunday: oneself may be told. Its tools come first.
    let path = format!("{}:/usr/bin:/bin", tools.display());
    command.env(CLOCK, clock("2026-03-08T12:00")).env("PATH", path);
    let up = Up::start(command);
    up.line_with("for you");
    let until = std::time::Instant::now() + crate::home::PATIENCE;
    while !said.exists() {
        assert!(std::time::Instant::now() < until, "the program is run");
        std::thread::yield_now();
    }
    up.stop();
    let given = std::fs::read_to_string(&said).expect("what it was given");
    let given: Vec<&str> = given.lines().collect();
    let body = "-u critical `touch x` $(touch x) ‹b›come?‹/b›";
    assert_eq!(given, ["4", "--app-name=Counterpart", "--", "#3 Call back", body]);
}

#[test]
fn who_has_a_node_is_reminded_there() {
    let (customer, up, supplier, case) = crate::two_homes::joined();
    let (said, due) = ("2031-03-03T10:00", "2031-03-04T17:30");
    let call = [
        "call",
        &case,
        "They will ring",
        "--with",
        "Dean",
        "--promised",
        "Call back",
        "--by",
        "2031-03-04 17:00",
        "-y",
    ];
    customer.at(said, &call);
    let (signed, shown) = customer.at(due, &["reminders", "send", &case, "-y"]);
    assert!(signed.starts_with('#') && shown.contains("inside Counterpart"), "{shown}");
    supplier.ok(&["sync", &case]);
    let reminds = |log: &Value| {
        let entries = log["entries"].as_array().expect("entries").iter();
        entries.filter(|e| e["kind"] == "remind").count()
    };
    assert_eq!(reminds(&supplier.json(&["log", &case])), 1, "it is with the other side");
    // The next one by itself.
    customer.at(due, &["reminders", "allow", &case, "--by", "node", "-y"]);
    up.stop();
    let mut command = customer.command(&["up", "--json", "--listen", LOOPBACK]);
    command.env(CLOCK, clock("2031-03-05T17:30"));
    let up = Up::start(command);
    up.line_with("sent inside Counterpart");
    up.stop();
    assert_eq!(reminds(&customer.json(&["log", &case])), 2);
}
