//! `next`, `why`, `people` and `ledger` as people and scripts run them, at both ends of one case.
//!
//! The clock is fixed by a variable that only debug builds heed.

use std::process::{Command, Output};

use serde_json::Value;

use crate::home::{Home, LOOPBACK, Up, succeeded};

/// A home whose commands run at given times.
pub(crate) struct Timed(pub(crate) Home);

impl Timed {
    pub(crate) fn new() -> Self {
        let home = Self(Home::empty());
        home.at("2026-07-06T09:00", &["init"]);
        home
    }

    pub(crate) fn command(&self, clock: &str, args: &[&str]) -> Command {
        let mut command = self.0.command(args);
        // In summer, unless the offset stands there.
        let offset = if clock.contains('+') { "" } else { "+01:00" };
        command.env("COUNTERPART_TEST_CLOCK", format!("{clock}{offset}[Europe/London]"));
        command
    }

    pub(crate) fn run(&self, clock: &str, args: &[&str]) -> Output {
        self.command(clock, args).output().expect("the command starts")
    }

    /// Runs what must succeed at some local time; gives its standard output.
    pub(crate) fn at(&self, clock: &str, args: &[&str]) -> String {
        succeeded(args, self.run(clock, args)).0
    }

    /// The same on one line, so that where lines are broken does not matter.
    pub(crate) fn told(&self, clock: &str, args: &[&str]) -> String {
        self.at(clock, args).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn json(&self, clock: &str, args: &[&str]) -> Value {
        serde_json::from_str(&self.at(clock, &[args, &["--json"]].concat())).expect("JSON")
    }

    pub(crate) fn up(&self, clock: &str) -> Up {
        Up::start(self.command(clock, &["up", "--json", "--listen", LOOPBACK]))
    }
}

/// A customer and a supplier in one case.
struct Two {
    customer: Timed,
    supplier: Timed,
}

impl Two {
    /// A promise by telephone, noted by the customer before the supplier joins.
    fn new() -> Self {
        let two = Self { customer: Timed::new(), supplier: Timed::new() };
        let monday = "2026-07-06T09:00";
        two.customer.at(
            monday,
            &[
                "new",
                "Broadband price",
                "--with",
                "Northlink Ltd:supplier",
                "--as",
                "Keith:customer",
                "--zone",
                "Europe/London",
                "-y",
            ],
        );
        let call = ["call", ".", "they will call back", "--with", "supplier:Priya", "--number", "0113 496 0123", "-y"];
        assert_eq!(two.customer.at(monday, &call), "#2");
        let promise = ["propose", ".", "call back", "--due", "2026-07-08 17:00", "--promised-in", "2", "-y"];
        assert_eq!(two.customer.at(monday, &promise), "#3");
        two
    }

    fn join(&self, clock: &str) {
        let _up = self.customer.up(clock);
        let link = self.customer.at(clock, &["invite", ".", "-y"]);
        self.supplier.at(clock, &["join", &link, "-y"]);
        self.supplier.at(clock, &["sync", "."]);
    }

    fn sync(&self, clock: &str) {
        let _up = self.customer.up(clock);
        let addresses = self.customer.0.path().join("node.addresses");
        let addresses = std::fs::read_to_string(addresses).expect("the node's addresses");
        let address = addresses.lines().next().expect("an address");
        self.supplier.at(clock, &["sync", ".", "--address", address]);
    }
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "'{part}' is missing in:\n{text}");
    }
}

#[test]
fn alone_with_a_promise_nobody_signed() {
    let two = Two::new();
    let home = &two.customer;
    let late = "2026-07-09T12:00";
    let next = home.told(late, &["next", "."]);
    holds(
        &next,
        &[
            "Keith, nothing is waited for from you",
            "Waiting for Northlink Ltd, who has not joined yet",
            "Answer #3, since 6 Jul 09:00",
            "nothing is agreed, silence binds nobody",
            "#3 was due Wed 8 Jul 2026 17:00 BST, overdue by 19 hours; you may record a miss (counterpart missed",
            "counterpart invite",
        ],
    );
    let only = home.told(late, &["next", ".", "--for", "me"]);
    holds(&only, &["You can also", "record that the due time of #3 passed", "take #3 back"]);
    assert!(!only.contains("Waiting for Northlink"), "{only}");
    home.at(late, &["missed", ".", "3", "-y"]);
    holds(&home.told(late, &["next", "."]), &["that it was missed is on record"]);
    holds(
        &home.told(late, &["ledger", "."]),
        &["Promises of Keith (you) none", "said, never agreed 1 #3 \"call back\"", "missed of these 1 #3"],
    );
    holds(
        &home.told(late, &["show", "."]),
        &["Promises Northlink Ltd: 1 said to be promised, never agreed, 1 of these missed"],
    );
    holds(
        &home.told(late, &["people", "."]),
        &[
            "You have named nobody",
            "Northlink Ltd (supplier, not joined yet)",
            "Priya 0113 496 0123, last 6 Jul 09:00 (#2)",
        ],
    );
    let why = home.told(late, &["why", ".", "3"]);
    holds(
        &why,
        &[
            "Why #3 is proposed",
            "#2 Keith notes a telephone call",
            "when is not proven",
            "So it is proposed, because Northlink Ltd has not signed it.",
        ],
    );
    assert_eq!(home.json(late, &["show", "."])["checkpoint"], Value::Null);
}

#[test]
fn both_sides_see_whose_move_it_is_why_and_what_became_of_promises() {
    let two = Two::new();
    two.join("2026-07-07T09:00");
    let (customer, supplier) = (&two.customer, &two.supplier);
    let tuesday = "2026-07-07T10:00";
    supplier.at(tuesday, &["card", ".", "--name", "Tom Hale", "--phone", "+44 113 496 0100", "-y"]);
    let accepted = supplier.at(tuesday, &["accept", ".", "3", "-y"]);
    two.sync("2026-07-07T10:10");
    let thursday = "2026-07-09T12:00";
    let offer = [
        "propose",
        ".",
        "Refund the double charge",
        "--due",
        "in 10 days",
        "--consequence",
        "interest at 8 %",
        "--deemed",
        "5 working days",
        "-y",
    ];
    let refund = customer.at(thursday, &offer);
    two.sync("2026-07-09T12:10");

    let next = supplier.told("2026-07-09T13:00", &["next", "."]);
    let typed = refund.trim_start_matches('#');
    let short = supplier.json(thursday, &["show", "."])["case"]["short"].as_str().expect("a short form").to_owned();
    holds(
        &next,
        &[
            "Your move, Northlink Ltd",
            "Do #3, since 7 Jul 10:00",
            &format!("counterpart done {short} 3"),
            "the other side may record a miss",
            &format!("counterpart accept {short} {typed}"),
            &format!("counterpart decline {short} {typed}"),
            "nothing is agreed; silence binds nobody",
            "Nothing is waited for from Keith",
        ],
    );
    let sides = supplier.json(thursday, &["next", "."]);
    assert_eq!(sides["schema"], "counterpart/next/1");
    let own = &sides["sides"][0];
    assert_eq!(own["own"], true);
    assert_eq!(own["waiting"][0]["expected"], "perform");
    assert_eq!(own["waiting"][0]["moves"][0]["command"], format!("counterpart done {short} 3"));
    assert_eq!(own["waiting"][0]["if_nothing"][0]["follows"], "due");
    assert_eq!(own["waiting"][1]["expected"], "answer");

    // Every command it names for the own side is one that would be signed.
    let moves = own["waiting"].as_array().expect("a list").iter().flat_map(|w| w["moves"].as_array().expect("a list"));
    for step in moves.chain(own["other_moves"].as_array().expect("a list")) {
        let command = step["command"].as_str().expect("a command").replace("TIME", "2030-01-01");
        let args: Vec<&str> = command.split_whitespace().skip(1).collect();
        let output = supplier.run(thursday, &args);
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        // Without --yes it comes to the question whether to sign, and no further.
        assert_eq!(output.status.code(), Some(2), "{command}: {talk}");
        assert!(talk.contains("--yes"), "{command}: {talk}");
    }

    let friday = "2026-07-10T09:00";
    supplier.at(friday, &["accept", ".", typed, "-y"]);
    supplier.at(friday, &["done", ".", "3", "-y"]);
    let done = supplier.at(friday, &["done", ".", typed, "-y"]);
    two.sync("2026-07-10T10:00");
    customer.at("2026-07-10T10:10", &["approve", ".", "3", "-y"]);
    customer.at("2026-07-10T10:10", &["note", ".", "the refund has not arrived", "-y"]);
    two.sync("2026-07-10T10:20");

    let at = "2026-07-10T11:00";
    holds(
        &customer.told(at, &["next", ".", "--for", "me"]),
        &[
            &format!("Approve or reject {done}"),
            "silence becomes acceptance. From Fri 17 Jul 2026 10:10 BST on",
            "ask to reopen #3",
        ],
    );
    let why = customer.told(at, &["why", ".", "3"]);
    holds(
        &why,
        &[
            "Why #3 is completed",
            &format!("{accepted} Northlink Ltd accepts #3 signed by Tom Hale for Northlink Ltd (device"),
            "proven: not before 7 Jul 09:00",
            "a receipt of Keith knows it",
            "So it is completed, because Northlink Ltd (#",
            "declared it done and Keith (#",
        ],
    );
    let json = customer.json(at, &["why", ".", "3"]);
    assert_eq!(json["schema"], "counterpart/why/1");
    assert_eq!(json["state"], "completed");
    let accept = &json["steps"][2];
    assert_eq!(accept["kind"], "accept");
    assert_eq!(accept["person"], "Tom Hale");
    assert_eq!(accept["not_after"]["by"], "receipt");
    assert_eq!(accept["effect"], "effective");
    // Of an act without effect the reason is told.
    let other = customer.told(at, &["why", ".", accepted.trim_start_matches('#')]);
    holds(&other, &["So it is effective", "#3, which it signs, is in force"]);

    holds(
        &customer.told(at, &["people", "."]),
        &["Responsible: Tom Hale, since 7 Jul 10:00", "phone +44 113 496 0100", "signs with device", "Priya"],
    );
    let people = customer.json(at, &["people", "."]);
    assert_eq!(people["schema"], "counterpart/people/1");
    assert_eq!(people["sides"][1]["responsible"][0]["card"]["phone"], "+44 113 496 0100");
    // Whether it is really them, compared by their number and remembered.
    let number = people["sides"][1]["check_number"].as_str().expect("a number").to_owned();
    assert_eq!((number.len(), &people["sides"][1]["checked"]), (35, &Value::Null));
    holds(&customer.told(at, &["people", "."]), &[&number, "not checked yet that it is really them"]);
    let checked = customer.told(at, &["people", ".", "--checked", "supplier", "--by", "in-person"]);
    holds(&checked, &["checked by you in person, "]);
    assert_eq!(customer.json(at, &["people", "."])["sides"][1]["checked"]["by"], "in-person");
    holds(&customer.told(at, &["people", ".", "--unchecked", "supplier"]), &["not checked yet"]);
    let own = customer.run(at, &["people", ".", "--checked", "me"]);
    assert_eq!(own.status.code(), Some(2));

    holds(&customer.told(at, &["ledger", "."]), &["late 1 #3 \"call back\"", "open 1"]);
    let ledger = customer.json(at, &["ledger", "."]);
    assert_eq!(ledger["schema"], "counterpart/ledger/1");
    assert_eq!(ledger["sides"][1]["late"]["actions"][0], "#3");
    assert_eq!(ledger["sides"][1]["missed"]["count"], 0);
    let shown = customer.json(at, &["show", "."]);
    assert_eq!(shown["ledger"], ledger["sides"]);
    let entries = shown["case"]["entries"].as_u64().expect("a number");
    assert_eq!(shown["checkpoint"]["entries"], entries);
    assert_eq!(shown["checkpoint"]["behind"], 0);
    holds(&customer.told(at, &["show", "."]), &["Promises Northlink Ltd: 1 late, 1 open", "Signed by both up to #"]);
    customer.at(at, &["note", ".", "one", "-y"]);
    holds(&customer.told(at, &["show", "."]), &["(1 entry since)."]);
}

#[test]
fn what_cannot_be_explained_is_not_understood() {
    let two = Two::new();
    let at = "2026-07-09T12:00";
    for (args, says) in [
        (&["why", ".", "99"][..], "there is no 99"),
        (&["why", ".", "nothing"], "is not a reference"),
        (&["next", ".", "--for", "nobody"], "no seat"),
    ] {
        let output = two.customer.run(at, args);
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {talk}");
        assert!(talk.contains(says), "{args:?}: {talk}");
    }
    two.customer.at(at, &["item", ".", "price", "24.99", "--type", "money:GBP", "-y"]);
    for reference in ["price", "item:price"] {
        holds(
            &two.customer.told(at, &["why", ".", reference]),
            &["So it is as stated, because Keith says £24.99 (#4); nobody else has stated or agreed a value."],
        );
    }
}
