//! Tokens and webhooks, by a token that may manage.

use counterpart_core::keylog::{Kinds, RevokeReason};
use counterpart_node::{Rights, Scope, TokenWish, now};
use serde_json::json;

use crate::served::Served;

#[test]
fn a_token_gives_no_more_than_it_has() {
    let served = Served::new();
    let manages = served.token_for("manages", &[Scope::Manage, Scope::Read]);
    let keys = std::cell::Cell::new(0);
    let new = |body: &serde_json::Value| {
        let key = format!("new-{}", keys.replace(keys.get() + 1));
        let json = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
        served.ask_as(&manages, "POST", "/tokens", &json, body.to_string().as_bytes())
    };
    assert_eq!(new(&json!({"name": "signs", "scopes": ["read", "sign"]})).problem(403), "scope");
    let made = new(&json!({"name": "reads", "scopes": ["read"]})).good();
    let text = made["token"].as_str().expect("its text").to_owned();
    assert_eq!(served.ask_as(&text, "GET", "/cases", &[], b"").status, 200);
    assert_eq!(new(&json!({"name": "reads", "scopes": ["read"]})).problem(409), "taken");
    assert_eq!(new(&json!({"name": "none", "scopes": []})).problem(422), "refused");
    for name in ["Bad Name\n", " bad", "bad\t", ""] {
        assert_eq!(new(&json!({"name": name, "scopes": ["read"]})).problem(422), "refused", "{name:?}");
    }
    let listed = served.get("/tokens").good().to_string();
    assert!(listed.contains("reads") && !listed.contains(&text) && !listed.contains("cpt_"), "{listed}");
    let end = |name: &str| served.ask_as(&manages, "DELETE", &format!("/tokens/{name}"), &[], b"");
    assert_eq!((end("reads").status, end("reads").status), (204, 204), "ended, it is ended still");
    assert_eq!(end("nobody").problem(404), "not-found");
    assert_eq!(served.ask_as(&text, "GET", "/cases", &[], b"").problem(401), "bad-token");
}

#[test]
fn webhooks_are_added_and_ended_and_lead_to_no_private_place() {
    let served = Served::new();
    let new = |body: serde_json::Value| served.post("/webhooks", &body);
    let made =
        new(json!({"name": "helpdesk", "url": "https://helpdesk.example/hook", "kinds": ["act.received"]})).good();
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    assert_eq!((&made["standing"], &made["allow_private"]), (&json!("on"), &json!(false)));
    let listed = served.get("/webhooks").good();
    assert_eq!(listed["webhooks"][0]["name"], "helpdesk");
    assert!(!listed.to_string().contains("whsec_"));
    assert_eq!(new(json!({"name": "helpdesk", "url": "https://helpdesk.example/"})).problem(409), "taken");
    for url in [
        "http://127.0.0.1:1/",
        "https://[::1]/",
        "ftp://helpdesk.example/",
        "nonsense",
        "https://169.254.169.254/",
        "https://localhost/x",
        "https://hooks.LOCALHOST./",
    ] {
        let answer = new(json!({"name": "other", "url": url}));
        assert_eq!(answer.problem(422), "refused", "{url}");
    }
    assert_eq!(
        new(json!({"name": "x", "url": "https://helpdesk.example/", "kinds": ["all"]})).problem(400),
        "malformed"
    );
    let drop = || served.ask_as(&served.token, "DELETE", "/webhooks/helpdesk", &[], b"");
    assert_eq!((drop().status, drop().problem(404)), (204, "not-found".to_owned()));
}

#[test]
fn what_is_kept_or_made_is_made_once_for_its_key_and_its_secret_is_shown_once() {
    let served = Served::new();
    let case = served.case("Broadband");
    let twice = |path: &str, wish: &serde_json::Value| {
        let first = served.send("POST", path, wish, Some(path)).good();
        let again = served.send("POST", path, wish, Some(path));
        assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")), "{path}");
        (first, again.good())
    };
    let asides = format!("/cases/{case}/asides");
    let (first, again) = twice(&asides, &json!({"text": "ring Ann first"}));
    assert_eq!(first, again);
    assert_eq!(served.get(&asides).good()["asides"].as_array().map(Vec::len), Some(1));
    let (first, again) = twice("/tokens", &json!({"name": "reads", "scopes": ["read"]}));
    assert!(first["token"].is_string() && again["token"].is_null() && again["name"] == "reads", "{again}");
    let (first, again) = twice("/webhooks", &json!({"name": "helpdesk", "url": "https://helpdesk.example/hook"}));
    assert!(first["secret"].is_string() && again["secret"].is_null() && again["name"] == "helpdesk", "{again}");
    // Without a key nothing is written.
    let json = [("Content-Type", "application/json")];
    for (path, wish) in [(asides.as_str(), json!({"text": "x"})), ("/tokens", json!({"name": "x", "scopes": ["read"]}))]
    {
        assert_eq!(
            served.ask_as(&served.token, "POST", path, &json, wish.to_string().as_bytes()).problem(400),
            "malformed"
        );
    }
    assert_eq!(served.get(&asides).good()["asides"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_refused_says_what_helps_here_and_not_at_a_terminal() {
    let served = Served::new();
    let case = served.case("Broadband");
    let hint = |answer: crate::client::Answer| {
        let said = answer.json();
        let hint = said["hint"].as_str().unwrap_or_default().to_owned();
        assert!(!hint.is_empty() && !hint.contains("counterpart ") && !hint.contains("--"), "{said}");
        assert!(!said["detail"].as_str().unwrap_or_default().contains("--"), "{said}");
        hint
    };
    assert!(hint(served.get("/cases/K7F2-Q9XA-3")).contains("GET /api/v1/cases"));
    hint(served.post("/webhooks", &json!({"name": "x", "url": "http://127.0.0.1/"})));
    hint(served.post("/webhooks", &json!({"name": "x", "url": "https://127.0.0.1/"})));
    hint(served.post("/webhooks", &json!({"name": "x", "url": "https://localhost/"})));
    hint(served.delete("/webhooks/nobody"));
    hint(served.delete("/tokens/nobody"));
    hint(served.delete(&format!("/cases/{case}/asides/7")));
    hint(served.get(&format!("/cases/{case}/attachments/{}", "0".repeat(64))));
    hint(served.get("/external/helpdesk/T-1"));
}

#[test]
fn tokens_that_a_token_made_end_with_it() {
    let served = Served::new();
    let first = served.token_for("first", &[Scope::Manage, Scope::Read]);
    let make = |by: &str, name: &str| {
        let json = [("Content-Type", "application/json"), ("Idempotency-Key", name)];
        let body = json!({"name": name, "scopes": ["manage", "read"]}).to_string();
        let made = served.ask_as(by, "POST", "/tokens", &json, body.as_bytes()).good();
        made["token"].as_str().expect("its text").to_owned()
    };
    let second = make(&first, "second");
    let (third, sibling) = (make(&second, "third"), make(&first, "sibling"));
    let works = |token: &str| served.ask_as(token, "GET", "/cases", &[], b"").status == 200;
    assert_eq!(served.ask_as(&served.token, "DELETE", "/tokens/second", &[], b"").status, 204);
    assert_eq!([&first, &second, &third, &sibling].map(|token| works(token)), [true, false, false, true]);
    // Ended at the machine itself, it is the same.
    served.desk().end_token("first", now()).expect("ended");
    assert!(!works(&sibling));
    assert_eq!(served.get("/cases").status, 200, "others stand");
}

#[test]
fn a_token_and_those_it_made_ask_no_more_often_than_one() {
    let served = Served::with_rate((0, 6));
    let json = [("Content-Type", "application/json"), ("Idempotency-Key", "child")];
    let body = json!({"name": "child", "scopes": ["read"]}).to_string();
    let made = served.ask_as(&served.token, "POST", "/tokens", &json, body.as_bytes()).good();
    let child = made["token"].as_str().expect("its text").to_owned();
    for _ in 0..5 {
        assert_eq!(served.ask_as(&child, "GET", "/cases", &[], b"").status, 200);
    }
    assert_eq!(served.ask_as(&child, "GET", "/cases", &[], b"").problem(429), "rate");
    assert_eq!(served.get("/cases").problem(429), "rate");
    let other = served.token_for("other", &[Scope::Read]);
    assert_eq!(served.ask_as(&other, "GET", "/cases", &[], b"").status, 200);
}

#[test]
fn a_token_of_a_seat_that_was_ended_elsewhere_lets_nobody_in() {
    let served = Served::new();
    let desk = served.desk();
    let rights = Rights { kinds: Kinds::All, receive: false, admin: false, ceilings: Vec::new() };
    desk.add_seat("priya", &rights, now()).expect("a seat");
    desk.add_seat("sam", &rights, now()).expect("a seat");
    let token = |seat: &str| {
        let name = format!("of {seat}");
        let wish = TokenWish { name, seat: Some(seat.to_owned()), scopes: Scope::ALL.to_vec(), expires: None };
        desk.new_token(&wish, now()).expect("a token").0.text().to_owned()
    };
    let (priya, sam) = (token("priya"), token("sam"));
    for token in [&priya, &sam] {
        assert_eq!(served.ask_as(token, "GET", "/cases", &[], b"").status, 200);
    }
    // As another device of ours does it: by the key log alone, and the token is still here.
    let grant = desk.agent("priya").expect("it stands").grant;
    desk.revoke_agent(&grant, RevokeReason::Compromised, now()).expect("revoked");
    assert_eq!(desk.token_called("of priya").expect("known").ended, None);
    for path in ["/cases", "/me", "/tokens", "/events"] {
        assert_eq!(served.ask_as(&priya, "GET", path, &[], b"").problem(401), "bad-token", "{path}");
    }
    assert_eq!(served.ask_as(&sam, "GET", "/cases", &[], b"").status, 200, "others stand");
}
