//! Standing rules over the API: shown, added, tried, at work, ended; and who may do that.

use counterpart_core::{
    act::Act,
    keylog::{Kinds, RevokeReason},
    value::Sealable,
};
use counterpart_node::{Desk, Rights, Scope, TokenWish, now};
use counterpart_words::standing_rules::Runner;
use serde_json::{Value as Json, json};

use crate::{client::Answer, served::Served, two::Two};

const MINUTE: i64 = 60_000;

fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

/// An agent's seat that may sign these kinds of act; all where none is said.
fn seat(desk: &Desk, name: &str, kinds: &[&str]) {
    let kinds = match kinds {
        [] => Kinds::All,
        listed => Kinds::Listed(listed.iter().map(|kind| (*kind).to_owned()).collect()),
    };
    let rights = Rights { kinds, receive: false, admin: false, ceilings: Vec::new() };
    desk.add_seat(name, &rights, now()).expect("a seat");
}

fn answers(name: &str) -> Json {
    json!({
        "name": name, "seat": "bot", "when": "note", "words": ["refund"],
        "does": {"note": "We look at #{entry}, {party}."},
    })
}

fn preview(served: &Served, rule: &Json) -> Answer {
    served.post("/standing-rules/new/preview", &json!({"rule": rule}))
}

/// Adds it as it was shown.
fn add(served: &Served, rule: &Json) -> Json {
    served.shown_then("/standing-rules/new/preview", "/standing-rules", &json!({"rule": rule}))
}

#[test]
fn a_rule_is_shown_added_tried_at_work_and_ended() {
    let mut two = Two::new();
    two.from(now() - 20 * MINUTE);
    let asked = two.act(1, &note("When does my refund come?"));
    two.act(1, &note("Good morning."));
    let (case, number) = (two.case.to_hex(), two.number(&asked));
    let served = two.serving();
    seat(&served.desk(), "bot", &["note"]);

    // What was shown is what is kept, and nothing else.
    let shown = preview(&served, &answers("refunds")).good();
    let text = shown["text"].as_str().expect("a text");
    for words in ["another party puts a note on record", "it contains 'refund'", "We look at #{entry}", "seat bot"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(served.post("/standing-rules", &json!({"rule": answers("refunds")})).problem(422), "refused");
    let other = json!({"rule": answers("others"), "digest": shown["digest"]});
    let changed = served.post("/standing-rules", &other);
    assert_eq!(changed.problem(409), "changed");
    assert!(changed.json()["text"].as_str().is_some_and(|text| text.contains("others")));
    assert_eq!(served.get("/standing-rules").good()["rules"], json!([]));
    let agreed = json!({"rule": answers("refunds"), "digest": shown["digest"]});
    let added = served.send("POST", "/standing-rules", &agreed, Some("k"));
    assert_eq!((added.status, added.header("location")), (201, Some("/api/v1/standing-rules/refunds")));
    assert_eq!((&added.json()["rule"]["seat"], &added.json()["rule"]["standing"]), (&json!("bot"), &json!("on")));
    let again = served.send("POST", "/standing-rules", &agreed, Some("k"));
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!(again.json(), added.json());
    assert_eq!(served.send("POST", "/standing-rules", &other, Some("k")).problem(422), "key-reused");
    let taken = preview(&served, &answers("refunds"));
    assert_eq!(taken.problem(409), "taken");
    let listed = served.get("/standing-rules").good();
    assert_eq!((&listed["rules"], &listed["next"]), (&json!([added.json()["rule"]]), &Json::Null));

    // What it would do, word by word; nothing is signed.
    let entries = || served.get(&format!("/cases/{case}")).good()["case"]["entries"].clone();
    let before = entries();
    let tried = served.get(&format!("/cases/{case}/standing-rules/refunds/trial")).good();
    let all = tried["tried"].as_array().expect("tried");
    assert_eq!((all.len(), &all[0]["would"]), (2, &json!("not meant")), "{tried}");
    assert_eq!((&all[1]["would"], &all[1]["entry"]), (&json!("sign"), &json!(asked.to_hex())), "{tried}");
    assert!(all[1]["text"].as_str().is_some_and(|text| text.contains(&format!("We look at #{number}"))), "{tried}");
    assert_eq!(entries(), before);
    assert_eq!(served.get(&format!("/cases/{}/standing-rules/refunds/trial", "0".repeat(64))).problem(404), "no-case");

    // At work, as beside a running node.
    let mut runner = Runner::new(served.desk());
    let mut look = |at: i64| while runner.look(at).expect("a look").1 {};
    look(now());
    two.from(now());
    let late = two.act(1, &note("The refund is late."));
    two.put(served.home());
    look(now() + 2 * MINUTE);
    let shown = served.get("/standing-rules/refunds").good();
    let did = shown["did"].as_array().expect("what it did");
    assert_eq!((did.len(), &did[0]["what"], &did[0]["entry"]), (1, &json!("signed"), &json!(late.to_hex())), "{shown}");
    assert!(shown["text"].as_str().is_some_and(|text| text.contains("it contains 'refund'")), "{shown}");
    let signed = did[0]["entries"][0].as_str().expect("an entry");
    let entry = served.get(&format!("/cases/{case}/record/{signed}")).good();
    assert!(entry["exact"].as_str().is_some_and(|text| text.contains("We look at #")), "{entry}");

    let path = "/standing-rules/refunds";
    assert_eq!((served.delete(path).status, served.delete(path).problem(404)), (204, "not-found".to_owned()));
    assert_eq!(served.get(path).problem(404), "not-found");
    assert_eq!(served.get("/standing-rules").good()["rules"], json!([]));
    let replayed = served.send("POST", "/standing-rules", &agreed, Some("k"));
    assert_eq!(replayed.problem(404), "not-found", "it is not added a second time");
    assert_eq!(entries(), json!(before.as_u64().expect("a number") + 2), "what it signed stays signed");
}

#[test]
fn only_the_home_itself_and_who_may_sign_has_something_signed_unasked() {
    let two = Two::new();
    let case = two.case.to_hex();
    let served = two.serve();
    seat(&served.desk(), "bot", &["note"]);
    add(&served, &answers("refunds"));
    let rule =
        json!({"rule": answers("more"), "digest": preview(&served, &answers("more")).good()["digest"]}).to_string();
    let trial = format!("/cases/{case}/standing-rules/refunds/trial");
    let all = [
        ("GET", "/standing-rules", ""),
        ("GET", "/standing-rules/refunds", ""),
        ("GET", trial.as_str(), ""),
        ("POST", "/standing-rules/new/preview", rule.as_str()),
        ("POST", "/standing-rules", rule.as_str()),
        ("DELETE", "/standing-rules/refunds", ""),
    ];
    let as_token = |token: &str, (method, path, body): (&str, &str, &str)| {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "1")];
        served.ask_as(token, method, path, &headers, body.as_bytes())
    };
    let without = served.token_for("without", &[Scope::Read, Scope::Draft, Scope::Sign, Scope::Notes]);
    for one in all {
        assert_eq!(as_token(&without, one).problem(403), "scope", "{one:?}");
    }
    // Who only manages sees the rules and ends one, and lets nothing be signed; nor is it shown what would be.
    let manages = served.token_for("manages", &[Scope::Manage]);
    for (one, status) in all.into_iter().zip([200, 200, 403, 200, 403, 204]) {
        assert_eq!(as_token(&manages, one).status, status, "{one:?}");
    }
    add(&served, &answers("refunds"));
    // Whoever sits at a seat has no say in it, whatever the token is for.
    let wish = TokenWish {
        name: "of the seat".to_owned(),
        seat: Some("bot".to_owned()),
        scopes: Scope::ALL.to_vec(),
        expires: None,
    };
    let at_seat = served.desk().new_token(&wish, now()).expect("a token").0.text().to_owned();
    for one in all {
        assert_eq!(as_token(&at_seat, one).problem(422), "refused", "{one:?}");
    }
    assert_eq!(served.get("/standing-rules").good()["rules"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_no_rule_is_refused_and_says_what_helps_here() {
    let served = Served::new();
    let desk = served.desk();
    seat(&desk, "bot", &["note"]);
    seat(&desk, "gone", &["note"]);
    let grant = desk.agent("gone").expect("it stands").grant;
    desk.revoke_agent(&grant, RevokeReason::Ended, now()).expect("revoked");
    let with = |name: &str, value: Json| {
        let mut rule = answers("a-rule");
        rule[name] = value;
        rule
    };
    for (rule, says) in [
        (with("seat", json!("nobody")), "no agent's seat 'nobody'"),
        (with("seat", json!("gone")), "ended"),
        (with("name", json!("A Rule")), "a rule's name"),
        (with("does", json!("accept")), "when proposal"),
        (with("does", json!("acknowledge")), "may not sign this kind of act: acknowledge"),
        (with("does", json!({"note": "about {text}"})), "stands for nothing"),
        (with("does", json!({"note": " "})), "empty"),
        (with("does", json!({"sign": {"act": "leave"}})), "a person signs"),
        (with("does", json!({"sign": {"act": "note", "words": "x"}})), "not understood"),
        (with("up_to", json!("50 GBP")), "a value limits only"),
        (with("up_to", json!("much")), "the value"),
        (with("by", json!("them")), "overdue and clock"),
        (with("before", json!("30 minutes")), "a clock alone"),
        (with("before", json!("3 days")), "a clock counts hours"),
        (with("when", json!("clock")), "before its end"),
        (with("an_hour", json!(21)), "times an hour"),
    ] {
        let refused = preview(&served, &rule);
        assert_eq!(refused.problem(422), "refused", "{rule}");
        let said = refused.json();
        let (detail, hint) = (said["detail"].as_str().expect("why"), said["hint"].as_str().expect("what helps"));
        assert!(detail.contains(says), "{says}: {said}");
        assert!(!format!("{detail} {hint}").contains("--") && !hint.contains("counterpart "), "{said}");
    }
    for rule in [
        with("when", json!("full-moon")),
        with("does", json!({"note": "x", "remind": "x"})),
        with("does", json!("sing")),
        with("else", json!("x")),
    ] {
        assert_eq!(preview(&served, &rule).problem(400), "malformed", "{rule}");
    }
    assert_eq!(preview(&served, &answers("new")).status, 200);
    add(&served, &answers("new"));
    assert_eq!(served.get("/standing-rules/new").good()["rule"]["name"], "new", "the name is free for all that");
}

#[test]
fn a_rule_wider_than_its_seat_is_refused_and_one_that_accepts_anything_says_so() {
    let served = Served::new();
    let rights = Rights {
        kinds: Kinds::Listed(vec!["accept".to_owned()]),
        receive: false,
        admin: false,
        ceilings: vec![("50".to_owned(), "GBP".to_owned())],
    };
    served.desk().add_seat("bot", &rights, now()).expect("a seat");
    let rule =
        |up_to: &str| json!({"name": "refunds", "seat": "bot", "when": "proposal", "up_to": up_to, "does": "accept"});
    for (up_to, says) in [("5000 GBP", "at most £50: a rule up to £5000"), ("5 USD", "nothing in USD")] {
        let refused = preview(&served, &rule(up_to));
        assert_eq!(refused.problem(422), "refused", "{up_to}");
        let said = refused.json();
        assert!(said["detail"].as_str().is_some_and(|detail| detail.contains(says)), "{said}");
        assert!(said["hint"].as_str().is_some_and(|hint| hint.contains("write up_to no higher")), "{said}");
    }
    let shown = preview(&served, &rule("50 GBP")).good();
    let anything = "It accepts every proposal up to £50 of anybody's words";
    assert!(shown["text"].as_str().is_some_and(|text| text.contains(anything)), "{shown}");
    let added = add(&served, &rule("50 GBP"))["rule"].clone();
    assert!(added["warnings"][0].as_str().is_some_and(|warning| warning.contains(anything)), "{added}");
    // Whoever says which words they look for is told nothing.
    let mut narrow = rule("50 GBP");
    (narrow["name"], narrow["words"]) = (json!("narrow"), json!(["refund"]));
    assert_eq!(add(&served, &narrow)["rule"]["warnings"], json!([]));
}

#[test]
fn the_digest_is_of_all_that_is_kept_and_a_rule_stops_with_its_seat() {
    let served = Served::new();
    let desk = served.desk();
    seat(&desk, "bot", &["note"]);
    // How often is of no account where nothing is signed, and so the text does not say it.
    let hurry = |an_hour: u32| {
        json!({"name": "hurry", "seat": "bot", "when": "clock", "by": "us", "before": "30 minutes", "an_hour": an_hour,
               "does": {"assign": "Tom"}})
    };
    let (three, four) = (preview(&served, &hurry(3)).good(), preview(&served, &hurry(4)).good());
    assert_eq!(three["text"], four["text"]);
    assert_ne!(three["digest"], four["digest"]);
    let wrong = json!({"rule": hurry(4), "digest": three["digest"]});
    assert_eq!(served.post("/standing-rules", &wrong).problem(409), "changed");
    let added = add(&served, &hurry(4))["rule"].clone();
    assert_eq!((&added["an_hour"], &added["only"]), (&json!(4), &json!({"whose": "us", "left": 30})), "{added}");
    // A seat without limits is worth a word.
    seat(&desk, "free", &[]);
    let mut rule = answers("free");
    rule["seat"] = json!("free");
    let shown = preview(&served, &rule).good();
    assert!(shown["text"].as_str().is_some_and(|text| text.contains("may sign every kind of act")), "{shown}");

    let grant = desk.agent("bot").expect("it stands").grant;
    desk.revoke_agent(&grant, RevokeReason::Ended, now()).expect("revoked");
    let listed = served.get("/standing-rules").good();
    assert_eq!(listed["rules"][0]["standing"], "stopped", "{listed}");
    assert!(listed["rules"][0]["why"].as_str().is_some_and(|why| why.contains("ended")), "{listed}");
    let case = served.case("Broadband");
    let stopped = served.get(&format!("/cases/{case}/standing-rules/hurry/trial"));
    assert_eq!(stopped.problem(422), "refused");
    assert!(stopped.json()["hint"].is_string());
}
