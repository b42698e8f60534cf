//! What a program asks to have signed is shown in the words in which the command shows the same: one act, one text.

use counterpart_node::Desk;
use counterpart_words::{
    case::OpenCase,
    input::{Input, prepare},
};
use serde_json::{Value, json};

use crate::home::Home;

/// The text that a program is shown.
fn shown(home: &Home, input: Value) -> String {
    let desk = Desk::open(home.path()).expect("a home");
    let case = OpenCase::open(&desk, ".").expect("its case");
    let input = Input::from_json(input.clone()).map_err(|why| format!("{input}: {}", why.message)).expect("it is read");
    prepare(&desk, &case, &input).map(|prepared| prepared.text).map_err(|why| why.message).expect("it is prepared")
}

/// The command signs what it is given, so that each row finds what those before it left.
fn same(home: &Home, input: Value, args: &[&str]) {
    let program = shown(home, input);
    let said = home.said(&[args, &["--yes"]].concat()).1;
    assert!(
        said.contains(&format!("{program}\nSigned and stored")),
        "{args:?}\n--- the command:\n{said}\n--- the program:\n{program}"
    );
}

#[test]
fn a_program_is_shown_what_the_command_shows() {
    let (home, _) = Home::with_case();
    let file = home.path().join("bill.pdf");
    std::fs::write(&file, "abc").expect("written");
    let file = file.to_string_lossy().into_owned();
    same(
        &home,
        json!({"act": "note", "text": "Rang\ntwice", "about": "1"}),
        &["note", ".", "Rang\ntwice", "--about", "1"],
    );
    same(
        &home,
        json!({"act": "item", "key": "price", "value": {"type": "money", "value": "24.99", "currency": "GBP"}, "label": "The price"}),
        &["item", ".", "price", "24.99", "--type", "money:GBP", "--label", "The price"],
    );
    same(
        &home,
        json!({"act": "contact", "channel": "telephone", "direction": "out", "started": "2026-01-03T10:15:00Z",
            "summary": "They look into it", "minutes": 12, "waited": 90, "person": "Priya", "role": "billing",
            "number": "0800 1", "reference": "R-1", "menu": ["2 billing", "wait 40 s"], "promises": [
                {"what": "Ring back", "due": {"at": "2026-01-09T17:00:00Z"}},
                {"what": "A letter", "due": {"after": {"count": 3, "unit": "days"}}, "person": "Dean"}]}),
        &[
            "call",
            ".",
            "They look into it",
            "--at",
            "2026-01-03 10:15",
            "--minutes",
            "12",
            "--waited",
            "90 s",
            "--with",
            "supplier:Priya",
            "--role",
            "billing",
            "--number",
            "0800 1",
            "--reference",
            "R-1",
            "--menu",
            "2 billing, wait 40 s",
            "--promised",
            "Ring back",
            "--by",
            "2026-01-09 17:00",
            "--promised",
            "A letter",
            "--by",
            "in 3 days",
            "--promised-by",
            "supplier:Dean",
        ],
    );
    same(
        &home,
        json!({"act": "propose", "subjects": [
            {"is": "action", "what": "Charge the advertised price", "performers": [{"seat": "supplier", "person": "Priya"}],
                "beneficiaries": [{"seat": "me"}], "due": {"at": "2031-07-08T17:00:00+01:00"},
                "value": {"amount": "24.99", "currency": "GBP"}, "conditions": ["it is right", "it came"],
                "evidence": ["the bill"], "consequences": ["I leave"],
                "cancel": [{"by": 0, "text": "if it is late", "until": "2031-07-01T12:00:00+01:00"}],
                "deemed": {"count": 5, "unit": "working-days"}, "items": ["price"]},
            {"is": "item", "key": "tariff", "value": "Fibre 100"},
            {"is": "terms", "title": "Calls", "text": "not before nine"}],
            "open_until": "2031-07-01T12:00:00+01:00", "confirm": true, "note": "as you said"}),
        &[
            "propose",
            ".",
            "Charge the advertised price",
            "--by",
            "supplier:Priya",
            "--for",
            "me",
            "--due",
            "2031-07-08 17:00",
            "--value",
            "£24.99",
            "--condition",
            "it is right",
            "--condition",
            "it came",
            "--evidence",
            "the bill",
            "--consequence",
            "I leave",
            "--cancel-clause",
            "me until 2031-07-01 12:00: if it is late",
            "--deemed",
            "5 working days",
            "--uses",
            "price",
            "--item",
            "tariff=Fibre 100",
            "--terms",
            "Calls",
            "not before nine",
            "--open-until",
            "2031-07-01 12:00",
            "--confirm",
            "--note",
            "as you said",
        ],
    );
    let offer = home.ok(&["propose", ".", "Send the bill", "--due", "in 10 working days", "--yes"]);
    same(
        &home,
        json!({"act": "counter", "of": offer, "action": {"value": {"amount": "5.00", "currency": "GBP"}, "without": ["due"]}}),
        &["counter", ".", &offer, "--value", "£5.00", "--without", "due"],
    );
    let offer = home.ok(&["propose", ".", "Send a router", "--yes"]);
    same(
        &home,
        json!({"act": "withdraw", "of": offer, "reason": "not needed"}),
        &["withdraw", ".", &offer, "--reason", "not needed"],
    );
    let alone =
        home.ok(&["propose", ".", "Keep a diary", "--by", "me", "--for", "me", "--condition", "each day", "--yes"]);
    same(&home, json!({"act": "progress", "revision": alone, "text": "half"}), &["progress", ".", &alone, "half"]);
    same(
        &home,
        json!({"act": "declare", "revision": alone, "evidence": ["2"], "note": "look"}),
        &["done", ".", &alone, "--evidence", "2", "--note", "look"],
    );
    same(
        &home,
        json!({"act": "reject", "declare": alone, "reason": "not each day", "unmet": [1]}),
        &["reject", ".", &alone, "not each day", "--unmet", "1"],
    );
    same(&home, json!({"act": "undeclare", "declare": alone}), &["undone", ".", &alone]);
    same(&home, json!({"act": "stop", "revision": alone, "reason": "no paper"}), &["stop", ".", &alone, "no paper"]);
    same(
        &home,
        json!({"act": "remind", "text": "You wanted to ring", "about": "4", "seat": 1}),
        &["remind", ".", "You wanted to ring", "--about", "4", "--to", "supplier"],
    );
    same(
        &home,
        json!({"act": "thank", "text": "for the answer", "seat": "supplier", "person": "Priya"}),
        &["thank", ".", "for the answer", "--to", "supplier:Priya"],
    );
    same(
        &home,
        json!({"act": "card", "name": "Keith Jones", "phone": "0800 2", "hours": "evenings"}),
        &["card", ".", "--name", "Keith Jones", "--phone", "0800 2", "--hours", "evenings"],
    );
    same(
        &home,
        json!({"act": "attach", "name": "bill.pdf", "size": 3, "fingerprint_only": true,
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}),
        &["attach", ".", &file, "--fingerprint-only"],
    );
    let called = home.ok(&["call", ".", "Again", "--number", "0800 3", "--yes"]);
    same(
        &home,
        json!({"act": "erase", "entry": called, "place": "number", "reason": "a private line"}),
        &["erase", ".", &called, "number", "--reason", "a private line"],
    );
    same(
        &home,
        json!({"act": "handover", "person": "Ann", "summary": "Ring Priya"}),
        &["handover", ".", "--person", "Ann", "--summary", "Ring Priya"],
    );
    same(
        &home,
        json!({"act": "dispute", "about": "2", "reason": "it was thrice"}),
        &["dispute", ".", "2", "it was thrice"],
    );
    same(
        &home,
        json!({"act": "link", "case": "ab".repeat(32), "relation": "appeal", "note": "see there"}),
        &["link", ".", &"ab".repeat(32), "--relation", "appeal", "--note", "see there"],
    );
    home.ok(&["seat", "add", "helper", "--yes"]);
    same(
        &home,
        json!({"act": "mandate", "agent": "helper", "kinds": ["accept", "done"],
            "ceilings": [{"amount": "200.00", "currency": "GBP"}], "until": "2031-07-08T17:00:00+01:00", "internal": true}),
        &[
            "mandate",
            ".",
            "helper",
            "--only",
            "accept,done",
            "--ceiling",
            "£200.00",
            "--until",
            "2031-07-08 17:00",
            "--internal",
        ],
    );
    home.ok(&["invite", ".", "--yes"]);
    same(
        &home,
        json!({"act": "uninvite", "reason": "the wrong people"}),
        &["uninvite", ".", "--reason", "the wrong people"],
    );
    same(&home, json!({"act": "close", "summary": "all is well"}), &["close", ".", "--summary", "all is well"]);
    same(&home, json!({"act": "leave", "reason": "I moved"}), &["leave", ".", "--reason", "I moved"]);
}
