//! The `counterpart` command as people and scripts run it: wiring, exit codes, what goes to which stream.

use serde_json::Value;

use crate::home::{Home, talk};

impl Home {
    fn entries(&self, case: &str) -> usize {
        self.json(&["log", case])["entries"].as_array().expect("a list").len()
    }
}

#[test]
fn a_customer_alone_gets_going_in_a_minute() {
    let home = Home::new();
    assert!(home.path().join("recovery-sheet.txt").exists());
    let short = home.ok(&["new", "Broadband price", "--with", "Northlink Ltd:supplier", "--yes"]);
    let call = home.ok(&["call", ".", "They promised a refund", "--with", "Priya", "--minutes", "12", "--yes"]);
    assert_eq!(call, "#2");
    let promise = ["propose", ".", "Refund £24.99", "--due", "in 10 working days", "--promised-in", "2", "--yes"];
    assert_eq!(home.ok(&promise), "#3");
    let shown = home.ok(&["show", short.trim()]);
    assert!(shown.starts_with("Waiting for Northlink Ltd (not joined yet)"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colour where no terminal is");
    assert!(home.ok(&["list"]).contains("Broadband price"));
    assert!(home.ok(&["log", "."]).contains("records as promised in #2"));
}

#[test]
fn show_answers_programs() {
    let (home, short) = Home::with_case();
    let signed = home.json(&[
        "propose",
        ".",
        "Refund the double charge",
        "--due",
        "2030-07-08 17:00",
        "--value",
        "£24.99",
        "--by",
        "supplier:Priya",
        "--condition",
        "the money arrived",
        "--yes",
    ]);
    assert_eq!(signed["schema"], "counterpart/signed/1");
    assert_eq!(signed["ref"], "#2");
    home.ok(&["item", ".", "price", "24.99", "--type", "money:GBP", "--yes"]);
    home.ok(&["propose", ".", "--terms", "Contact", "only by e-mail", "--yes"]);

    let shown = home.json(&["show", "."]);
    assert_eq!(shown["schema"], "counterpart/show/1");
    assert_eq!(shown["case"]["short"], short.as_str());
    assert_eq!(shown["case"]["title"], "Broadband price");
    assert_eq!(shown["case"]["state"], "open");
    assert_eq!(shown["case"]["heads"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["parties"][0]["own"], true);
    assert_eq!(shown["parties"][1]["joined"], false);
    let action = &shown["actions"][0];
    assert_eq!(action["ref"], "#2");
    assert_eq!(action["what"], "Refund the double charge");
    assert_eq!(action["state"], "proposed");
    assert_eq!(action["settled"], false);
    assert_eq!(action["grade"], "unilateral");
    assert_eq!(action["due"]["local"], "2030-07-08T17:00");
    assert_eq!(action["due"]["at"], 1_909_756_800_000_i64);
    assert_eq!(action["performers"][0]["person"], "Priya");
    assert_eq!(action["beneficiaries"][0]["label"], "Keith");
    assert_eq!(action["open_revisions"][0]["id"], signed["entry"]);
    assert_eq!(action["open_revisions"][0]["terms"]["value"]["currency"], "GBP");
    for key in ["overlays", "alleged", "missed", "revision", "id"] {
        assert!(!action[key].is_null(), "{key}");
    }
    assert_eq!(shown["items"][0]["stated"][0]["value"]["value"], "24.99");
    assert_eq!(shown["matters"][0]["terms"]["title"], "Contact");
    assert_eq!(shown["waiting_for"][0]["expected"], "answer");
    assert_eq!(shown["waiting_for"][0]["label"], "Northlink Ltd");
    assert_eq!(shown["delivery"], Value::Array(Vec::new()));
    assert_eq!(shown["alarms"], Value::Array(Vec::new()));

    let log = home.json(&["log", "."]);
    assert_eq!(log["schema"], "counterpart/log/1");
    let entry = &log["entries"][1];
    for key in ["ref", "id", "at", "party", "device", "kind", "text", "effect", "grade"] {
        assert!(!entry[key].is_null(), "{key}");
    }
    assert_eq!(entry["effect"], "effective");
    let list = home.json(&["list"]);
    assert_eq!(list["cases"][0]["short"], short.as_str());
}

#[test]
fn terms_are_kept_where_nothing_else_is_said() {
    let (home, _) = Home::with_case();
    home.ok(&[
        "propose",
        ".",
        "Refund",
        "--value",
        "£24.99",
        "--condition",
        "money arrived",
        "--evidence",
        "receipt",
        "--yes",
    ]);
    // Answering the own proposal replaces it.
    home.ok(&["counter", ".", "2", "--due", "in 3 days", "--without", "evidence", "--yes"]);
    let shown = home.json(&["show", "."]);
    let revisions = shown["actions"][0]["open_revisions"].as_array().expect("a list");
    assert_eq!(revisions.len(), 1);
    let terms = &revisions[0]["terms"];
    assert_eq!(terms["what"], "Refund");
    assert_eq!(terms["value"]["amount"], "24.99");
    assert_eq!(terms["conditions"][0], "money arrived");
    assert_eq!(terms["evidence"], Value::Array(Vec::new()));
    assert_eq!(terms["due"]["after_agreed"]["count"], 3);
    let said = home.fails(2, &["counter", ".", "3", "--yes"]);
    assert!(said.contains("changes something"), "{said}");
}

#[test]
fn what_is_not_understood_exits_with_2() {
    let (home, short) = Home::with_case();
    home.ok(&["propose", ".", "Refund", "--yes"]);
    for (args, says) in [
        (&["frobnicate"][..], "unrecognized subcommand"),
        (&["show"], "CASE"),
        (&["show", "K7F2-Q9XA-9"], "K7F2-Q9XA-9"),
        (&["accept", &short, "99"], "there is no 99"),
        (&["accept", &short, "refund"], "is not a reference"),
        (&["propose", &short, "Refund", "--due", "soon", "--yes"], "tomorrow 17:00"),
        (&["propose", &short, "Refund", "--due", "2026-02-30 12:00", "--yes"], "is not a date"),
        (&["propose", &short, "Refund", "--value", "24.99", "--yes"], "no currency"),
        (&["propose", &short, "Refund", "--by", "Nobody", "--yes"], "no seat 'Nobody'"),
        (&["propose", &short, "--yes"], "something to agree on"),
        (&["item", &short, "price", "cheap", "--type", "money:GBP", "--yes"], "not a number"),
        (&["new", "Title", "--with", "X:boss", "--yes"], "not a role"),
        (&["new", "Title", "--with", "X:supplier", "--zone", "Mars/Olympus", "--yes"], "Europe/London"),
    ] {
        let said = home.fails(2, args);
        assert!(said.contains(says), "{args:?}: {said}");
    }
    assert_eq!(home.entries("."), 2, "nothing was signed");
}

#[test]
fn without_an_identity_nothing_is_read_or_signed() {
    let home = Home::empty();
    for args in [&["list"][..], &["show", "."], &["call", ".", "They rang", "--yes"]] {
        let said = home.fails(4, args);
        assert!(said.contains("counterpart init"), "{said}");
    }
    home.ok(&["init"]);
    assert!(home.fails(1, &["init"]).contains("already"));
}

#[test]
fn nothing_is_signed_unasked() {
    let (home, short) = Home::with_case();
    for args in [&["note", ".", "hello"][..], &["propose", ".", "Refund"], &["invite", "."], &["close", "."]] {
        let said = home.fails(2, args);
        assert!(said.contains("--yes"), "{said}");
    }
    assert_eq!(home.entries(&short), 1);
}

#[test]
fn what_would_have_no_effect_is_said_before_asking() {
    let (home, _) = Home::with_case();
    home.ok(&["propose", ".", "Refund", "--yes"]);
    // No --yes: had it come to the question, the code were 2.
    let said = home.fails(1, &["accept", ".", "2"]);
    assert!(said.contains("you have signed it already") && said.contains("hint:"), "{said}");
    let said = home.fails(1, &["done", ".", "2"]);
    assert!(said.contains("no effect"), "{said}");
    let said = home.fails(1, &["approve", ".", "2"]);
    assert!(said.contains("nothing is declared done"), "{said}");
    home.ok(&["withdraw", ".", "2", "--yes"]);
    let said = home.fails(1, &["accept", ".", "2"]);
    assert!(said.contains("withdrawn") && said.contains("see #3"), "{said}");
    let said = home.fails(1, &["propose", ".", "Refund", "--amend", "2"]);
    assert!(said.contains("nothing to amend"), "{said}");
    assert_eq!(home.entries("."), 3);
}

#[test]
fn control_characters_are_neither_signed_nor_shown() {
    let home = Home::new();
    let said = home.fails(2, &["new", "Pay \u{1b}[31mnow", "--with", "X:supplier", "--yes"]);
    assert!(said.contains("U+001B") && !said.contains('\u{1b}'), "{said}");
    let said = home.fails(2, &["new", "Pay \u{202E}001", "--with", "X:supplier", "--yes"]);
    assert!(said.contains("U+202E"), "{said}");
    // A direction mark may be signed, but never unseen.
    home.ok(&["new", "Pay\u{200E} now", "--with", "X:supplier", "--yes"]);
    for args in [&["list"][..], &["show", "."], &["log", "."]] {
        let shown = home.ok(args);
        assert!(shown.contains("Pay<U+200E> now"), "{shown}");
    }
    let said = home.fails(2, &["show", "\u{1b}]0;title\u{7}"]);
    assert!(!said.contains('\u{1b}') && !said.contains('\u{7}'), "{said:?}");
}

#[test]
fn personal_details_are_sealed_and_still_shown_to_their_owner() {
    let (home, _) = Home::with_case();
    home.ok(&["item", ".", "address", "1 Long Road", "--type", "address", "--yes"]);
    home.ok(&["contact", ".", "--channel", "visit", "We met", "--with", "supplier:Priya", "--yes"]);
    assert!(home.ok(&["show", "."]).contains("1 Long Road"));
    assert!(home.ok(&["log", "."]).contains("a visit to Priya (Northlink Ltd)"));
}

#[test]
fn invitations_are_made_and_taken_back() {
    let (home, short) = Home::with_case();
    let invited = home.json(&["invite", ".", "--days", "3", "--address", "/ip4/127.0.0.1/tcp/4001", "--yes"]);
    assert_eq!(invited["schema"], "counterpart/invite/1");
    assert_eq!(invited["ref"], "#2");
    assert!(invited["link"].as_str().is_some_and(|l| l.starts_with("counterpart:join#")));
    home.ok(&["uninvite", &short, "--yes"]);
    assert!(home.fails(1, &["uninvite", &short, "--yes"]).contains("no invitation is open"));
    let link = home.ok(&["invite", ".", "--yes", "--quiet"]);
    assert!(link.starts_with("counterpart:join#") && link.lines().count() == 1, "{link}");
}

#[test]
fn a_case_alone_can_be_closed_and_reopens_by_acting() {
    let (home, _) = Home::with_case();
    home.ok(&["close", ".", "--summary", "settled by telephone", "--yes"]);
    assert_eq!(home.json(&["show", "."])["case"]["state"], "closed");
    home.ok(&["note", ".", "they charged again", "--yes"]);
    assert_eq!(home.json(&["show", "."])["case"]["state"], "reopened");
}

#[test]
fn streams_are_kept_apart() {
    let (home, _) = Home::with_case();
    let output = home.run(&["note", ".", "hello", "--yes"]);
    assert_eq!(output.stdout, b"#2\n");
    assert!(talk(&output).contains("Keith notes:"), "what was signed is told: {}", talk(&output));
    let output = home.run(&["note", ".", "hello", "--yes", "--quiet"]);
    assert!(output.stderr.is_empty(), "{}", talk(&output));
    let output = home.run(&["accept", ".", "99", "--json"]);
    let error: Value = serde_json::from_str(&talk(&output)).expect("errors are JSON too");
    assert_eq!(error["schema"], "counterpart/error/1");
    assert_eq!(error["kind"], "usage");
}

#[test]
fn an_amount_may_be_below_nothing() {
    let (home, _) = Home::with_case();
    home.ok(&["propose", ".", "Credit for July", "--value", "-5 GBP", "--yes"]);
    let shown = home.json(&["show", "."]);
    assert_eq!(shown["actions"][0]["open_revisions"][0]["terms"]["value"]["amount"], "-5", "{shown}");
}

#[test]
fn what_is_of_another_kind_was_not_understood() {
    let (home, _) = Home::with_case();
    home.ok(&["note", ".", "The line is slow", "--yes"]);
    for act in ["accept", "approve", "confirm", "allow"] {
        home.fails(2, &[act, ".", "2", "--yes"]);
    }
    assert_eq!(home.entries("."), 2, "nothing was signed");
}

#[test]
fn where_no_case_is_it_is_said_how_one_begins() {
    let home = Home::empty();
    // The name is remembered from the beginning.
    assert_eq!(home.json(&["init", "--name", "Acme Ltd"])["name"], "Acme Ltd");
    let said = home.fails(2, &["show", "."]);
    assert!(said.contains("no case here yet") && said.contains("counterpart new"), "{said}");
    let (_, said) = home.said(&["new", "Washing machine leaks", "--with", "Maya:customer", "--yes"]);
    assert!(said.contains("Acme Ltd opens a case"), "{said}");
}
