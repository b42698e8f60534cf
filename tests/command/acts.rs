//! Acts beyond proposing and accepting, as people give them: wiring, what is shown, what is refused and what instead.

use serde_json::Value;

use crate::{
    home::{Home, talk},
    post::joined_by_file,
};

impl Home {
    /// Signs; gives what was shown before.
    fn signs(&self, args: &[&str]) -> String {
        self.said(&[args, &["--yes"]].concat()).1
    }

    fn file(&self, name: &str) -> String {
        self.path().join(name).to_string_lossy().into_owned()
    }
}

/// Each of these in a text.
fn told(text: &str, all: &[&str]) {
    for part in all {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn what_is_said_about_the_matter_is_shown_signed_and_told() {
    let (home, _) = Home::with_case();
    home.ok(&["call", ".", "They will ring back", "--with", "supplier:Priya", "--yes"]);
    std::fs::write(home.file("bill.pdf"), "abc").expect("written");
    let bill = home.file("bill.pdf");
    for (args, shown, sentence) in [
        (
            &["remind", ".", "You wanted to ring back", "--about", "2"][..],
            &["Keith reminds:", "You wanted to ring back", "whom  Northlink Ltd"][..],
            "Keith reminds Northlink Ltd of #2: You wanted to ring back",
        ),
        (
            &["thank", ".", "for the quick answer", "--to", "supplier:Priya", "--about", "2"],
            &["Keith thanks:", "person  Priya"],
            "Keith thanks Priya (Northlink Ltd) for #2: for the quick answer",
        ),
        (
            &["attach", ".", &bill, "--about", "2"],
            &["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "3 bytes", "kept with the case"],
            "Keith puts a file on record on #2: bill.pdf (3 bytes)",
        ),
        (
            &["card", ".", "--name", "Keith Jones", "--phone", "0800 1", "--hours", "evenings"],
            &["Keith introduces", "hours   evenings"],
            "Keith introduces Keith Jones, 0800 1, evenings",
        ),
        // What is not said anew stays.
        (
            &["card", ".", "--hours", "mornings"],
            &["name    Keith Jones", "hours   mornings"],
            "Keith introduces Keith Jones, 0800 1, mornings",
        ),
        (
            &["handover", ".", "--person", "Ann", "--summary", "Ring Priya\nabout the refund"],
            &["person   Ann", "Ring Priya", "about the refund"],
            "Keith hands over to Ann (device",
        ),
        (
            &["link", ".", &"ab".repeat(32), "--relation", "appeal"],
            &["Keith points to another case", "appeal"],
            "(appeal)",
        ),
        (&["leave", ".", "--reason", "I moved"], &["nothing more is delivered"], "Keith leaves: nothing more"),
    ] {
        told(&home.signs(args), shown);
        told(
            &home.ok(&["log", ".", "--last", "1"]).replace("\n", " ").split_whitespace().collect::<Vec<_>>().join(" "),
            &[sentence],
        );
    }
    for (args, says) in [
        (&["card", ".", "--hours", "mornings", "--yes"][..], "says just that already"),
        (&["attach", ".", "/nowhere", "--yes"], "cannot be read"),
        (&["link", ".", ".", "--yes"], "this case itself"),
        (&["thank", ".", "you", "--to", "Nobody", "--yes"], "no seat 'Nobody'"),
        (&["remind", ".", "you", "--about", "99", "--yes"], "there is no 99"),
    ] {
        told(&home.fails(2, args), &[says]);
    }
}

#[test]
fn a_promise_that_was_only_said_can_be_recorded_as_missed() {
    let (home, _) = Home::with_case();
    home.ok(&["call", ".", "They will ring within 5 minutes", "--at", "2 hours ago", "--yes"]);
    home.ok(&["propose", ".", "Ring back", "--due", "in 5 minutes", "--promised-in", "2", "--yes"]);
    home.ok(&["missed", ".", "3", "--note", "nobody rang", "--yes"]);
    let shown = home.json(&["show", "."]);
    assert_eq!(shown["actions"][0]["missed"][0]["ref"], "#4");
    assert_eq!(shown["actions"][0]["alleged"], true);
    told(&home.fails(2, &["propose", ".", "Ring", "--promised-in", "2", "--confirm", "--yes"]), &["leave out"]);
}

#[test]
fn every_term_can_be_said_and_is_shown() {
    let (home, _) = Home::with_case();
    home.ok(&["item", ".", "price", "24.99", "--type", "money:GBP", "--yes"]);
    let shown = home.signs(&[
        "propose",
        ".",
        "Charge the advertised price",
        "--cancel-clause",
        "me until 2030-07-08 12:00: if it is not on the next bill",
        "--cancel-clause",
        "supplier: if he moves",
        "--deemed",
        "5 working days",
        "--uses",
        "price",
        "--open-until",
        "in 3 days",
        "--confirm",
        "--also",
        "Send a bill; by supplier; for me; due 2030-07-01 17:00; value £24.99; condition it is right",
    ]);
    told(
        &shown,
        &[
            "as a whole:",
            "1. Keith, until Mon 8 Jul 2030 12:00 BST",
            "2. Northlink Ltd: if he moves",
            "if not rejected within 5 working days of proven delivery",
            "price £24.99 (#2)",
            "part 2",
            "Send a bill",
            "open until",
            "only once they confirm",
        ],
    );
    let revision = &home.json(&["show", "."])["actions"][0]["open_revisions"][0];
    assert_eq!(revision["mode"], "confirm");
    assert!(revision["open_until"]["at"].is_i64());
    assert_eq!(revision["terms"]["cancel"][0]["until"]["local"], "2030-07-08T12:00");
    assert_eq!(revision["terms"]["deemed"]["count"], 5);
    assert_eq!(revision["terms"]["items"].as_array().map(Vec::len), Some(1));
    for (args, says) in [
        (&["--open-until", "2020-01-01"][..], "passed already"),
        (&["--deemed", "friday"], "not a length of time"),
        (&["--uses", "colour"], "no fact is called 'colour'"),
        (&["--cancel-clause", "whenever"], "who may cancel"),
        (&["--also", "Ring; soon"], "nothing behind"),
        (&["--admit-new", "boss", "X"], "not a role"),
        (&["--admit", "me"], "is taken"),
    ] {
        let args = [&["propose", ".", "Ring", "--yes"], args].concat();
        let output = home.run(&args);
        assert!(!output.status.success());
        told(&talk(&output), &[says]);
    }
}

#[test]
fn a_counter_shows_what_it_changes() {
    let (home, _) = Home::with_case();
    home.ok(&["propose", ".", "Refund", "--value", "£24.99", "--due", "2030-07-08 17:00", "--yes"]);
    let shown = home.signs(&["counter", ".", "2", "--value", "£30"]);
    told(&shown, &["changes", "value: £24.99 → £30", "as before: what, by, for and due"]);
    let log = home.json(&["log", "."]);
    let change = &log["entries"][2]["changes"][0];
    assert_eq!((&change["term"], &change["old"]["amount"]), (&"value".into(), &"24.99".into()));
    told(&home.ok(&["log", "."]), &["answers #2 with: value: £24.99 → £30"]);
    told(&home.ok(&["show", "."]), &["answers #2, changing of it:", "value: £24.99 → £30"]);
}

#[test]
fn refusals_name_the_commands_that_would_do() {
    let (home, _) = Home::with_case();
    home.ok(&["propose", ".", "Refund", "--yes"]);
    let short = home.json(&["show", "."])["case"]["short"].as_str().expect("a text").to_owned();
    let said = home.fails(1, &["accept", ".", "2"]);
    told(
        &said,
        &["signed it already", &format!("counterpart withdraw {short} 2"), &format!("counterpart counter {short} 2")],
    );
    for args in [
        &["stop", ".", "2", "no time"][..],
        &["confirm", ".", "2"],
        &["progress", ".", "2", "half"],
        &["choose", ".", "2"],
    ] {
        told(&home.fails(1, args), &["no effect", "hint:", "counterpart withdraw"]);
    }
    for (args, says) in [
        (&["concede", ".", "2"][..], "nothing is in dispute"),
        (&["cancel", ".", "2"], "no clause"),
        (&["prove", ".", "2"], "nobody else has sent a receipt"),
    ] {
        told(&home.fails(1, args), &[says, "hint:"]);
    }
    assert_eq!(home.json(&["log", "."])["entries"].as_array().map(Vec::len), Some(2));
}

#[test]
fn disputes_are_raised_shown_and_settled() {
    let (home, _) = Home::with_case();
    home.ok(&["call", ".", "They hung up", "--yes"]);
    told(&home.signs(&["dispute", ".", "2", "they say it was I"]), &["Keith disputes #2"]);
    told(&home.ok(&["show", "."]), &["In dispute", "#3  Keith disputes #2: they say it was I"]);
    home.ok(&["settle", ".", "2", "--note", "let it be", "--yes"]);
    assert_eq!(home.json(&["show", "."])["disputes"].as_array().map(Vec::len), Some(0));
    told(&home.ok(&["log", "."]), &["Keith disputes #2: they say it was I", "the dispute #3 as settled"]);
    told(&home.fails(1, &["settle", ".", "2"]), &["nothing is in dispute"]);
}

#[test]
fn facts_of_every_type_can_be_typed_and_read() {
    let (home, _) = Home::with_case();
    std::fs::write(home.file("advert.png"), "abc").expect("written");
    let advert = home.file("advert.png");
    for (args, shown) in [
        (&["speed", "31.5", "--type", "decimal:Mbit/s"][..], "31.5 Mbit/s"),
        (&["started", "2026-04-14 09:10 UTC", "--type", "time"], "(UTC)"),
        (&["waited", "40m", "--type", "duration"], "40m"),
        (&["plan", "fibre150", "--type", "choice:Fibre150|Fibre500"], "Fibre150"),
        (&["advert", &advert, "--type", "file"], "advert.png (3 bytes"),
        (&["menu", "2", "1", "complaint", "--type", "list"], "- complaint"),
        (
            &["readings", "date=2026-01-03:date, kwh=4210:integer; date=2026-02-03, kwh=4398", "--type", "list:record"],
            "- date: 2026-02-03, kwh: 4398",
        ),
        (&["snags", "[x] worktop; [ ] door", "--type", "check-list"], "- [ ] door"),
    ] {
        home.ok(&[&["item", "."], args, &["--yes"]].concat());
        told(&home.ok(&["show", "."]), &[args[0], shown]);
    }
    for (args, says) in [
        (&["bought", "2026-02-30", "--type", "date"][..], "2026-07-08"),
        (&["price", "24.99", "--type", "money"], "such as 24.99 GBP"),
        (&["at", "2026-04-14 09:10", "--type", "time"], "\"2026-04-14 09:10 Europe/London\""),
        (&["plan", "slow", "--type", "choice:A|B"], "A, B"),
        (&["menu", "2", "1"], "--type list"),
    ] {
        told(&home.fails(2, &[&["item", "."], args, &["--yes"]].concat()), &[says]);
    }
}

#[test]
fn a_fact_has_its_history() {
    let (home, _) = Home::with_case();
    home.ok(&["item", ".", "price", "49.99 GBP", "--type", "money", "--label", "The monthly price", "--yes"]);
    home.ok(&["item", ".", "price", "24.99 GBP", "--type", "money", "--yes"]);
    home.ok(&["propose", ".", "--item", "price=29.99 GBP:money", "--yes"]);
    home.ok(&["propose", ".", "Charge it", "--uses", "price", "--yes"]);
    let shown = home.ok(&["show", ".", "item:price"]);
    told(
        &shown,
        &[
            "The monthly price (price)",
            "Keith said: £49.99 (replaced)",
            "Keith says: £24.99",
            // Nobody else has joined, so that his signature is enough.
            "agreed: £29.99 (proposed by Keith); #5 rests on it",
        ],
    );
    let history = home.json(&["show", ".", "item:price"]);
    assert_eq!(history["schema"], "counterpart/item/1");
    let stands: Vec<bool> =
        history["versions"].as_array().expect("a list").iter().map(|v| v["stands"] == Value::Bool(true)).collect();
    assert_eq!(stands, [false, true, true]);
    assert_eq!(home.json(&["log", ".", "--item", "price"])["entries"].as_array().map(Vec::len), Some(3));
    told(&home.fails(2, &["show", ".", "item:colour"]), &["no fact is called 'colour'", "price"]);
}

#[test]
fn a_handover_is_written_from_the_case() {
    let (home, _) = Home::with_case();
    home.ok(&["call", ".", "Priya will ring back", "--with", "supplier:Priya", "--minutes", "12", "--yes"]);
    home.ok(&["propose", ".", "Ring back", "--due", "2030-07-08 17:00", "--promised-in", "2", "--yes"]);
    home.ok(&["item", ".", "price", "24.99", "--type", "money:GBP", "--yes"]);
    let page = home.ok(&["handover", ".", "--show"]);
    told(
        &page,
        &["Broadband price", "Whose move", "Said by them, not agreed", "Ring back", "price: £24.99", "Last contacts"],
    );
    let shown = home.signs(&["handover", ".", "--person", "Ann"]);
    told(&shown, &["Ann", "Said by them, not agreed"]);
    told(&home.fails(2, &["handover", ".", "--yes"]), &["--person"]);
}

#[test]
fn a_second_change_of_one_s_own_says_which_terms_of_the_first_fall() {
    let (customer, supplier, case) = joined_by_file();
    let meet = || {
        customer.takes(&supplier.posts(&case, "there.post"));
        supplier.takes(&customer.posts(&case, "back.post"));
    };
    let typed = |name: &str| name.trim_start_matches('#').to_owned();
    let agreed = typed(&supplier.ok(&["propose", &case, "Pay the fee back", "--by", "me", "--value", "£40", "-y"]));
    meet();
    customer.ok(&["accept", &case, &agreed, "-y"]);
    meet();
    let change = ["propose", &case, "--amend", &agreed];
    let first = supplier.ok(&[&change[..], &["--value", "£400", "-y"]].concat());
    let shown = supplier.signs(&[&change[..], &["--due", "in 5 days"]].concat());
    told(&shown, &[&format!("This takes the place of your {first} ("), "value: £400 → £40), which can then no longer"]);
    // And the same whether it is said anew or in answer to it.
    let (second, shown) = supplier.said(&[&change[..], &["--value", "£50", "-y"]].concat());
    told(&shown, &["This takes the place of your", "value: £40 → £50"]);
    let shown = supplier.signs(&["counter", &case, &typed(&second), "--value", "£60"]);
    told(&shown, &[&format!("This takes the place of your {second} (value: £50 → £60)")]);
}
