//! What is not done from an agent's seat is said before it is signed, and done by no token of one.

use std::sync::atomic::{AtomicU64, Ordering};

use counterpart_core::keylog::Kinds;
use counterpart_node::{Rights, Scope, TokenWish, now};
use serde_json::{Value as Json, json};

use crate::{client::Answer, served::Served, two::Two};

/// A token for everything at a new seat.
fn seated(served: &Served, seat: &str, kinds: &[&str]) -> String {
    let desk = served.desk();
    let kinds = Kinds::Listed(kinds.iter().map(|kind| (*kind).to_owned()).collect());
    desk.add_seat(seat, &Rights { kinds, receive: false, admin: false, ceilings: Vec::new() }, now()).expect("a seat");
    let wish = TokenWish {
        name: format!("of {seat}"),
        seat: Some(seat.to_owned()),
        scopes: Scope::ALL.to_vec(),
        expires: None,
    };
    desk.new_token(&wish, now()).expect("a token").0.text().to_owned()
}

fn ask(served: &Served, token: &str, method: &str, path: &str, body: &Json) -> Answer {
    static KEYS: AtomicU64 = AtomicU64::new(0);
    let key = format!("at-a-seat-{}", KEYS.fetch_add(1, Ordering::Relaxed));
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
    served.ask_as(token, method, path, &headers, body.to_string().as_bytes())
}

/// Refused with a hint; gives why.
fn refused(answer: &Answer) -> String {
    assert_eq!(answer.problem(422), "refused");
    let said = answer.json();
    assert!(said["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{said}");
    said["detail"].as_str().expect("why").to_owned()
}

#[test]
fn a_seat_has_no_say_over_webhooks() {
    let served = Served::new();
    let hook = json!({"name": "desk", "url": "https://helpdesk.example/hook"});
    served.post("/webhooks", &hook).good();
    let token = seated(&served, "bot", &["note"]);
    let other = json!({"name": "other", "url": "https://other.example/hook"});
    for (method, path, body) in [
        ("POST", "/webhooks", &other),
        ("DELETE", "/webhooks/desk", &Json::Null),
        ("POST", "/webhooks/desk/test", &Json::Null),
        ("POST", "/webhooks/desk/on", &Json::Null),
    ] {
        let why = refused(&ask(&served, &token, method, path, body));
        assert!(why.contains("as the party itself"), "{method} {path}: {why}");
    }
    let listed = served.ask_as(&token, "GET", "/webhooks", &[], b"").good();
    let names: Vec<&Json> = listed["webhooks"].as_array().expect("receivers").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, [&json!("desk")]);
}

#[test]
fn a_preview_at_a_seat_says_why_a_case_would_not_be_signed() {
    let served = Served::new();
    let begin = json!({
        "title": "A bill", "zone": "UTC", "own": {"name": "Ann", "role": "customer"},
        "others": [{"name": "Northlink", "role": "supplier"}],
    });
    let templated = json!({
        "template": "missed-callback", "zone": "UTC", "own": {"name": "Ann", "role": "customer"},
        "others": [{"name": "Northlink", "role": "supplier"}],
        "answers": {"matter": "a bill", "promised-on": "2026-02-27", "call-by": "2026-03-03 10:00"},
    });
    let (notes, opens) = (seated(&served, "notes", &["note"]), seated(&served, "opens", &["open", "note"]));
    for path in ["/cases/preview", "/cases"] {
        let why = refused(&ask(&served, &notes, "POST", path, &begin));
        assert!(why.contains("notes may not sign this kind of act (open), only note"), "{path}: {why}");
        let why = refused(&ask(&served, &opens, "POST", path, &templated));
        assert!(why.contains("opens may not sign this kind of act (") && why.contains("only open and note"), "{why}");
    }
    assert_eq!(served.get("/cases").good()["cases"].as_array().map(Vec::len), Some(0), "nothing was signed");
    assert!(ask(&served, &opens, "POST", "/cases/preview", &begin).good()["digest"].is_string());
    assert_eq!(ask(&served, &opens, "POST", "/cases", &begin).status, 201);
}

#[test]
fn what_is_done_as_the_party_itself_is_not_shown_at_a_seat() {
    let mut two = Two::new();
    two.propose(1, "Send an engineer", 3);
    two.kept("Mend the tap", "Dean");
    let case = two.case.to_hex();
    let served = two.serve();
    let token = seated(&served, "bot", &["note"]);
    let letters = served.get(&format!("/cases/{case}/letters")).good();
    let letter = letters["letters"][0]["id"].as_str().expect("a letter").to_owned();
    for (path, body) in [
        ("/joins".to_owned(), json!({"link": "counterpart:none"})),
        (format!("/cases/{case}/letters-allowed"), json!({"by": "node"})),
        (format!("/cases/{case}/letters/{letter}"), json!({"by": "node"})),
    ] {
        let why = refused(&ask(&served, &token, "POST", &format!("{path}/preview"), &body));
        assert!(why.contains("as the party itself"), "{path}: {why}");
    }
}

#[test]
fn an_aside_keeps_the_seat_at_which_it_was_written() {
    let served = Served::new();
    let path = format!("/cases/{}/asides", served.case("Broadband"));
    let token = seated(&served, "priya", &["note"]);
    let write = |body: &Json, key: &str| {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        served.ask_as(&token, "POST", &path, &headers, body.to_string().as_bytes()).good()["agent"].clone()
    };
    assert_eq!(write(&json!({"text": "Pay it."}), "a"), "priya");
    assert_eq!(write(&json!({"text": "Pay it.", "agent": "Director"}), "b"), "Director (priya)");
    let listed = served.get(&path).good();
    assert_eq!(listed["asides"][1]["agent"], "Director (priya)");
}
