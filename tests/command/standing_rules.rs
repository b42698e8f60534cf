//! Standing rules, through the real command: two running nodes, of which one answers by itself.

use serde_json::Value;

use crate::{
    home::{Home, Up},
    two_homes::joined,
};

const NOTES: usize = 6;

fn actions(home: &Home, case: &str) -> Vec<(String, String)> {
    let show = home.json(&["show", case]);
    let word = |action: &Value, field: &str| action[field].as_str().unwrap_or_default().to_owned();
    show["actions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|action| (word(action, "ref"), word(action, "state")))
        .collect()
}

/// How many entries with these words are on record.
fn count(home: &Home, case: &str, words: &str) -> usize {
    let log = home.json(&["log", case]);
    let entries = log["entries"].as_array().expect("entries");
    entries.iter().filter(|entry| entry.to_string().contains(words)).count()
}

/// A customer whose node runs, and a supplier with a seat for rules.
fn with_seat() -> (Home, Up, Home, String) {
    let (customer, up, supplier, case) = joined();
    supplier.ok(&["seat", "add", "bot", "--only", "accept,note", "--ceiling", "£50", "-y"]);
    (customer, up, supplier, case)
}

#[test]
fn small_refunds_are_accepted_by_themselves_and_larger_ones_are_not() {
    let (customer, _up, supplier, case) = with_seat();
    let add =
        ["standing-rule", "add", "small-refunds", "--seat", "bot", "--when", "proposal", "--up-to", "£50", "--accept"];
    assert!(supplier.fails(2, &add).contains("--yes"), "nothing is kept unasked");
    let (name, shown) = supplier.said(&[&add[..], &["-y"]].concat());
    assert_eq!(name, "small-refunds");
    for words in ["accepts that proposal", "together at most £50", "seat bot", "once on each thing"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(supplier.fails(2, &[&add[..], &["-y"]].concat()).contains("already"));

    let node = supplier.up();
    customer.ok(&["propose", &case, "Refund the double charge", "--by", "supplier", "--value", "£30", "-y"]);
    assert!(node.line_with("standing rule small-refunds").contains("signed"));
    node.until("it is agreed", || actions(&supplier, &case).iter().any(|(_, state)| state == "agreed"));
    customer.ok(&["propose", &case, "Refund a whole year", "--by", "supplier", "--value", "£60", "-y"]);
    let told = node.line_with("standing rule small-refunds");
    assert!(told.contains("did nothing") && told.contains("worth more"), "{told}");
    let states: Vec<String> = actions(&supplier, &case).into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["agreed", "proposed"]);

    // What it did, and what it would do.
    let shown = supplier.json(&["standing-rule", "show", "small-refunds"]);
    let did: Vec<&str> = shown["did"].as_array().into_iter().flatten().filter_map(|one| one["what"].as_str()).collect();
    assert!(did.len() == 2 && did[0] == "signed" && did[1].starts_with("passed over"), "{shown}");
    assert!(supplier.ok(&["standing-rule", "show", "small-refunds"]).contains("the newest first"));
    let tried = supplier.json(&["standing-rule", "try", "small-refunds", &case]);
    assert_eq!(tried["tried"][0]["would"], "not meant");
    assert_eq!(tried["tried"][1]["would"], "acted already");
    let list = supplier.json(&["standing-rule", "list"]);
    assert_eq!((&list["rules"][0]["standing"], &list["rules"][0]["only"]["up_to"]), (&"on".into(), &"50 GBP".into()));

    // Its seat ends, and it with it.
    supplier.ok(&["seat", "end", "bot", "-y"]);
    assert!(node.line_with("standing rule small-refunds").contains("stopped"));
    assert!(supplier.ok(&["standing-rule", "list"]).contains("stopped, because"));
    assert!(supplier.ok(&["status"]).contains("small-refunds stopped, because"));
    assert_eq!(supplier.json(&["status"])["standing_rules_stopped"][0]["rule"], "small-refunds");
    customer.ok(&["propose", &case, "Refund the letter", "--by", "supplier", "--value", "£5", "-y"]);
    node.until("it has come", || actions(&supplier, &case).len() == 3);
    supplier.ok(&["standing-rule", "end", "small-refunds"]);
    assert!(supplier.fails(2, &["standing-rule", "end", "small-refunds"]).contains("no standing rule"));
    assert_eq!(actions(&supplier, &case)[2].1, "proposed");
    node.stop();
}

#[test]
fn a_rule_wider_than_its_seat_is_refused_and_one_that_accepts_anything_says_so_first() {
    let home = Home::new();
    home.ok(&["seat", "add", "bot", "--only", "accept", "--ceiling", "£50", "-y"]);
    let add = |more: &[&'static str]| {
        let all = ["standing-rule", "add", "refunds", "--seat", "bot", "--when", "proposal", "--accept"];
        [&all[..], more].concat()
    };
    let said = home.fails(1, &add(&["--word", "refund", "--up-to", "£5000", "-y"]));
    assert!(
        said.contains("the seat bot agrees to at most £50: a rule up to £5000 accepts nothing beyond that"),
        "{said}"
    );
    assert!(said.contains("--up-to £50 or less"), "{said}");
    assert!(home.fails(2, &add(&[])).contains("--yes"), "nothing is kept unasked");
    let (_, shown) = home.said(&add(&["-y"]));
    assert!(shown.contains("It accepts every proposal up to £50 of anybody's words"), "{shown}");
    assert!(home.ok(&["standing-rule", "show", "refunds"]).contains("up to £50 of anybody's words"));
    let kept = home.json(&["standing-rule", "show", "refunds"]);
    assert!(kept["rule"]["warnings"][0].as_str().is_some_and(|told| told.contains("of anybody's words")), "{kept}");
}

#[test]
fn a_node_killed_again_and_again_answers_each_note_once() {
    let (customer, _up, supplier, case) = with_seat();
    let add = ["standing-rule", "add", "seen", "--seat", "bot", "--when", "note", "--an-hour", "20", "-y"];
    supplier.ok(&[&add[..], &["--note", "Answered by rule: #{entry}"]].concat());
    for number in 0..NOTES {
        customer.ok(&["note", &case, &format!("Question {number}"), "-y"]);
        let node = supplier.up();
        if number % 2 == 0 {
            // It is killed when it has it, at whatever it does with it then.
            node.until("the note has come", || count(&supplier, &case, &format!("Question {number}")) > 0);
        }
        drop(node);
    }
    let node = supplier.up();
    node.until("all are answered", || count(&supplier, &case, "Answered by rule") >= NOTES);
    customer.ok(&["note", &case, "The last one", "-y"]);
    node.until("that as well", || count(&supplier, &case, "Answered by rule") > NOTES);
    assert_eq!(count(&supplier, &case, "Answered by rule"), NOTES + 1, "each once");
    node.stop();
}

#[test]
fn a_rule_that_cannot_be_is_refused_in_words() {
    let home = Home::new();
    home.ok(&["seat", "add", "bot", "--only", "note", "-y"]);
    let add = |more: &[&str]| {
        let args = [&["standing-rule", "add", "a-rule", "--seat", "bot", "-y"], more].concat();
        let output = home.run(&args);
        assert!(!output.status.success(), "{more:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for (args, says) in [
        (&["--when", "proposal", "--accept"][..], "may not sign this kind of act: accept"),
        (&["--when", "note", "--accept"], "--when proposal"),
        (&["--when", "full-moon", "--note", "x"], "what sets a rule off"),
        (&["--when", "note", "--note", "about {text}"], "stands for nothing"),
        (&["--when", "clock", "--note", "soon"], "--before"),
        (&["--when", "note", "--then", r#"{"act": "leave"}"#], "a person signs"),
        (&["--when", "note", "--then", r#"{"act": "note", "words": "x"}"#], "not understood"),
        (&["--when", "note", "--then", "note"], "not JSON"),
        (&["--when", "note", "--up-to", "£50", "--note", "x"], "a value limits only"),
        (&["--when", "note"], "required"),
        (&["--when", "note", "--note", "x", "--accept"], "cannot be used"),
    ] {
        let said = add(args);
        assert!(said.contains(says), "{args:?}: {said}");
    }
    assert!(home.fails(2, &["standing-rule", "show", "a-rule"]).contains("no standing rule"));
    assert!(home.ok(&["standing-rule", "list"]).is_empty());
    let at_seat =
        ["--as-seat", "bot", "standing-rule", "add", "b", "--seat", "bot", "--when", "note", "--note", "x", "-y"];
    assert_eq!(home.run(&at_seat).status.code(), Some(2), "whoever sits at a seat has no say in it");
}
