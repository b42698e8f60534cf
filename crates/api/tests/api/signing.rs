//! Signing: what was shown is what is signed, and once.

use std::thread;

use counterpart_core::keylog::{Kinds, RevokeReason};
use counterpart_node::{Rights, Scope, TokenWish, now};
use serde_json::{Value as Json, json};

use crate::served::Served;

fn entries(served: &Served, case: &str) -> u64 {
    served.get(&format!("/cases/{case}")).good()["case"]["entries"].as_u64().expect("a number")
}

#[test]
fn what_was_shown_is_what_is_signed() {
    let served = Served::new();
    let case = served.case("Broadband");
    let (acts, preview) = (format!("/cases/{case}/acts"), format!("/cases/{case}/acts/preview"));
    let input = json!({"act": "note", "text": "The line was dead all day."});
    let shown = served.post(&preview, &json!({"input": input})).good();
    assert!(shown["text"].as_str().is_some_and(|text| text.contains("The line was dead all day.")), "{shown}");
    assert_eq!(entries(&served, &case), 1, "a preview signs nothing");
    // Without the digest, or with that of another text, nothing is signed.
    assert_eq!(served.post(&acts, &json!({"input": input})).problem(422), "refused");
    let other = json!({"input": {"act": "note", "text": "Another."}, "digest": shown["digest"]});
    let refused = served.post(&acts, &other);
    assert_eq!(refused.problem(409), "changed");
    assert!(refused.json()["text"].as_str().is_some_and(|text| text.contains("Another.")));
    assert_eq!(entries(&served, &case), 1);
    let answer = served.post(&acts, &json!({"input": input, "digest": shown["digest"]}));
    assert_eq!((answer.status, answer.good()["text"].clone()), (201, shown["text"].clone()));
    assert_eq!(entries(&served, &case), 2);
}

#[test]
fn what_would_have_no_effect_is_refused_with_what_helps() {
    let served = Served::new();
    let case = served.case("Broadband");
    let preview = format!("/cases/{case}/acts/preview");
    for input in [
        json!({"act": "accept", "revision": "1"}),
        json!({"act": "accept", "revision": "99"}),
        json!({"act": "note", "text": ""}),
        json!({"act": "note", "text": "a\u{0}b"}),
        json!({"act": "attach", "sha256": "00", "size": 1, "name": "x"}),
    ] {
        assert_eq!(served.post(&preview, &json!({"input": input})).problem(422), "refused", "{input}");
    }
    for input in
        [json!({"act": "sing"}), json!({"text": "x"}), json!(7), json!({"act": "note", "text": "x", "more": 1})]
    {
        assert_eq!(served.post(&preview, &json!({"input": input})).problem(400), "malformed", "{input}");
    }
}

#[test]
fn the_same_key_twice_signs_once() {
    let served = Served::new();
    let case = served.case("Broadband");
    let path = format!("/cases/{case}/acts");
    let shown = |text: &str| {
        let input = json!({"act": "note", "text": text});
        let shown = served.post(&format!("{path}/preview"), &json!({"input": input})).good();
        json!({"input": input, "digest": shown["digest"]})
    };
    let (one, other) = (shown("one"), shown("other"));
    let first = served.send("POST", &path, &one, Some("k1"));
    let again = served.send("POST", &path, &one, Some("k1"));
    assert_eq!((first.good(), first.status), (again.good(), again.status));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
    assert_eq!(entries(&served, &case), 2);
    // For something else the key is refused, whatever differs.
    assert_eq!(served.send("POST", &path, &other, Some("k1")).problem(422), "key-reused");
    let elsewhere = served.case("Another");
    assert_eq!(served.send("POST", &format!("/cases/{elsewhere}/acts"), &one, Some("k1")).problem(422), "key-reused");
    assert_eq!((entries(&served, &case), entries(&served, &elsewhere)), (2, 1));
    // Another key means it once more; another token's keys are its own.
    assert_eq!(served.send("POST", &path, &one, Some("k2")).status, 201);
    let token = served.token_for("second", &[Scope::Read, Scope::Sign]);
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "k1")];
    assert_eq!(served.ask_as(&token, "POST", &path, &headers, one.to_string().as_bytes()).status, 201);
    assert_eq!(entries(&served, &case), 4);
    // What was refused may be asked again under its key.
    let wrong = json!({"input": {"act": "note", "text": ""}, "digest": "x"});
    assert_eq!(served.send("POST", &path, &wrong, Some("k3")).problem(422), "refused");
    assert_eq!(served.send("POST", &path, &other, Some("k3")).status, 201);
    for key in ["", "with blank", "x".repeat(129).as_str(), "é"] {
        assert_eq!(served.send("POST", &path, &one, Some(key)).problem(400), "malformed", "{key}");
    }
    let none = [("Content-Type", "application/json")];
    assert_eq!(
        served.ask_as(&served.token, "POST", &path, &none, one.to_string().as_bytes()).problem(400),
        "malformed"
    );
}

#[test]
fn a_key_sent_many_times_at_once_signs_once() {
    let served = Served::new();
    let case = served.case("Broadband");
    let path = format!("/cases/{case}/acts");
    let input = json!({"act": "note", "text": "once"});
    let shown = served.post(&format!("{path}/preview"), &json!({"input": input})).good();
    let wish = json!({"input": input, "digest": shown["digest"]});
    let statuses: Vec<u16> = thread::scope(|scope| {
        let one = || served.send("POST", &path, &wish, Some("all")).status;
        let all: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    assert!(statuses.contains(&201) && statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert_eq!(entries(&served, &case), 2);
}

#[test]
fn a_case_is_begun_once_for_a_key_and_known_after_a_new_start() {
    let mut served = Served::new();
    let mut wish = json!({
        "title": "Once", "zone": "UTC", "own": {"name": "Ann", "role": "customer"},
        "others": [{"name": "Northlink", "role": "supplier"}],
    });
    assert_eq!(served.send("POST", "/cases", &wish, Some("c")).problem(422), "refused");
    wish["digest"] = served.post("/cases/preview", &wish).good()["digest"].clone();
    let first = served.send("POST", "/cases", &wish, Some("c")).good();
    assert_eq!(served.send("POST", "/cases", &wish, Some("c")).good(), first);
    served = served.started_again();
    assert_eq!(served.send("POST", "/cases", &wish, Some("c")).good(), first);
    assert_eq!(served.get("/cases").good()["cases"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_contact_with_promises_is_signed_as_a_whole() {
    let served = Served::new();
    let case = served.case("Broadband");
    let signed = served.sign(
        &case,
        &json!({
            "act": "contact", "channel": "telephone", "direction": "out", "started": "2026-03-01T10:00:00+00:00",
            "minutes": 12, "summary": "They know of the fault.", "person": "Sam",
            "promises": [{"what": "Send an engineer"}],
        }),
    );
    assert_eq!(signed["entries"].as_array().map(Vec::len), Some(2));
    let shown = served.get(&format!("/cases/{case}")).good();
    assert_eq!(shown["actions"][0]["alleged"], true);
}

#[test]
fn a_seat_signs_with_its_own_key_and_needs_no_digest() {
    let served = Served::new();
    let case = served.case("Broadband");
    let desk = served.desk();
    let rights = Rights { kinds: Kinds::All, receive: false, admin: false, ceilings: Vec::new() };
    desk.add_seat("desk-1", &rights, now()).expect("a seat");
    let wish = TokenWish {
        name: "bot".to_owned(),
        seat: Some("desk-1".to_owned()),
        scopes: vec![Scope::Read, Scope::Draft, Scope::Sign],
        expires: None,
    };
    let token = desk.new_token(&wish, now()).expect("a token").0.text().to_owned();
    let me = served.ask_as(&token, "GET", "/me", &[], b"").good();
    assert_eq!(me["seat"], "desk-1");
    assert_ne!(me["device"], served.get("/me").good()["device"]);
    let body = json!({"input": {"act": "note", "text": "from the bot"}}).to_string();
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "b1")];
    let path = format!("/cases/{case}/acts");
    let signed = served.ask_as(&token, "POST", &path, &headers, body.as_bytes()).good();
    let id = signed["entries"][0].as_str().expect("an id");
    let entry = served.get(&format!("/cases/{case}/record/{id}")).good();
    assert_eq!(entry["device"], me["device"]);
    // Once its rights end, so does its token.
    desk.end_seat("desk-1", RevokeReason::Ended, now()).expect("ended");
    assert_eq!(served.ask_as(&token, "GET", "/me", &[], b"").problem(401), "bad-token");
}

#[test]
fn an_invitation_is_shown_signed_once_and_listed() {
    let served = Served::new();
    let case = served.case("Broadband");
    let path = format!("/cases/{case}/invitations");
    let shown = served.post(&format!("{path}/preview"), &json!({})).good();
    let wish = json!({"digest": shown["digest"], "expires": shown["expires"]});
    let first = served.send("POST", &path, &wish, Some("i")).good();
    assert!(first["link"].as_str().is_some_and(|link| !link.is_empty()));
    assert_eq!(served.send("POST", &path, &wish, Some("i")).good(), first);
    let listed = served.get(&path).good();
    let rows: &Vec<Json> = listed["rows"].as_array().expect("rows");
    assert_eq!((rows.len(), &rows[0]["state"], &rows[0]["id"]), (1, &json!("open"), &first["entries"][0]));
    assert_eq!(served.post(&format!("{path}/preview"), &json!({"expires": "tomorrow"})).problem(422), "refused");
}
