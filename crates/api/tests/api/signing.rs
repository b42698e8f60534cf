//! Signing: what was shown is what is signed, and once.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use counterpart_core::keylog::{Kinds, RevokeReason};
use counterpart_node::{Rights, Scope, TokenWish, now};
use serde_json::{Value as Json, json};

use crate::{client::Answer, served::Served};

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
    let signed = answer.good();
    assert_eq!((answer.status, &signed["text"], &signed["numbers"]), (201, &shown["text"], &json!(["2"])));
    assert_eq!(entries(&served, &case), 2);
    // Both name it in what is signed later.
    for about in [&signed["numbers"][0], &signed["entries"][0]] {
        let later = served.sign(&case, &json!({"act": "note", "text": "It still is.", "about": about}));
        assert!(later["text"].as_str().is_some_and(|text| text.contains("#2")), "{later}");
    }
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
    let wrong = json!({"input": {"act": "note", "text": ""}, "digest": "0".repeat(64)});
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
    let together = std::sync::Barrier::new(8);
    let statuses: Vec<u16> = thread::scope(|scope| {
        let one = || {
            together.wait();
            served.send("POST", &path, &wish, Some("all")).status
        };
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
    let again = |served: &Served| {
        let again = served.send("POST", "/cases", &wish, Some("c"));
        assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
        let again = again.good();
        assert_eq!((&again["case"], &again["entries"]), (&first["case"], &first["entries"]));
        assert_eq!((&again["numbers"], &first["numbers"]), (&json!(["1"]), &json!(["1"])));
        assert!(again["text"].as_str().is_some_and(|text| text.contains("Once")), "{again}");
    };
    again(&served);
    served = served.started_again();
    again(&served);
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

/// A token of a new seat with these rights.
fn seated(served: &Served, seat: &str, kinds: Kinds, ceilings: &[(&str, &str)]) -> String {
    let desk = served.desk();
    let ceilings = ceilings.iter().map(|(amount, currency)| ((*amount).to_owned(), (*currency).to_owned())).collect();
    desk.add_seat(seat, &Rights { kinds, receive: false, admin: false, ceilings }, now()).expect("a seat");
    let wish = TokenWish {
        name: format!("bot-{seat}"),
        seat: Some(seat.to_owned()),
        scopes: vec![Scope::Read, Scope::Draft, Scope::Sign],
        expires: None,
    };
    desk.new_token(&wish, now()).expect("a token").0.text().to_owned()
}

fn only(kinds: &[&str]) -> Kinds {
    Kinds::Listed(kinds.iter().map(|kind| (*kind).to_owned()).collect())
}

/// Asks as a program, under a key that was not used before.
fn post_as(served: &Served, token: &str, path: &str, body: &Json) -> Answer {
    static KEYS: AtomicU64 = AtomicU64::new(0);
    let key = format!("program-{}", KEYS.fetch_add(1, Ordering::Relaxed));
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
    served.ask_as(token, "POST", path, &headers, body.to_string().as_bytes())
}

#[test]
fn a_seat_signs_with_its_own_key_what_is_listed_and_needs_no_digest() {
    let served = Served::new();
    let case = served.case("Broadband");
    let token = seated(&served, "desk-1", only(&["note"]), &[]);
    let me = served.ask_as(&token, "GET", "/me", &[], b"").good();
    assert_eq!(me["seat"], "desk-1");
    assert_ne!(me["device"], served.get("/me").good()["device"]);
    let path = format!("/cases/{case}/acts");
    let note = json!({"input": {"act": "note", "text": "from the bot"}});
    let signed = post_as(&served, &token, &path, &note).good();
    let id = signed["entries"][0].as_str().expect("an id");
    let entry = served.get(&format!("/cases/{case}/record/{id}")).good();
    assert_eq!(entry["device"], me["device"]);
    // Once its rights end, so does its token.
    served.desk().end_seat("desk-1", RevokeReason::Ended, now()).expect("ended");
    assert_eq!(served.ask_as(&token, "GET", "/me", &[], b"").problem(401), "bad-token");
}

#[test]
fn a_program_signs_by_itself_only_what_its_seats_limits_see() {
    let served = Served::new();
    let case = served.case("Broadband");
    let path = format!("/cases/{case}/acts");
    let wish = |input: &Json| json!({"input": input});
    let shown = |input: &Json| {
        let preview = served.post(&format!("{path}/preview"), &wish(input)).good();
        json!({"input": input, "digest": preview["digest"]})
    };
    let refund =
        |value: Json| json!({"act": "propose", "subjects": [{"is": "action", "what": "Refund", "value": value}]});
    let (note, priced) =
        (json!({"act": "note", "text": "seen"}), refund(json!({"amount": "49.00", "currency": "GBP"})));
    let words = json!({"act": "propose", "subjects": [{"is": "terms", "title": "Debt", "text": "We owe you £9,999"}]});
    let unpriced = json!({"act": "propose", "subjects": [{"is": "action", "what": "Pay £9,999"}]});

    let every = seated(&served, "every", Kinds::All, &[("50.00", "GBP")]);
    let uncapped = seated(&served, "uncapped", only(&["note", "propose"]), &[]);
    let limited = seated(&served, "limited", only(&["note", "propose", "open"]), &[("50.00", "GBP")]);
    let before = entries(&served, &case);
    for (token, input, says) in [
        (&every, &note, "every kind of act"),
        (&every, &priced, "every kind of act"),
        (&uncapped, &priced, "names no ceiling"),
        (&limited, &words, "terms in words"),
        (&limited, &unpriced, "no value"),
    ] {
        let refused = post_as(&served, token, &path, &wish(input));
        assert_eq!(refused.problem(422), "refused", "{input}");
        let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains(says), "{input}: {detail}");
    }
    let beyond = refund(json!({"amount": "50.01", "currency": "GBP"}));
    for (input, says) in [
        (&beyond, "£50.01 is at stake, and limited may agree to at most £50.00"),
        (&refund(json!({"amount": "5.00", "currency": "USD"})), "limited may agree to nothing in USD"),
        (
            &json!({"act": "item", "key": "phone", "value": {"type": "text", "value": "1"}}),
            "only note, propose and open",
        ),
    ] {
        for path in [path.clone(), format!("{path}/preview")] {
            let refused = post_as(&served, &limited, &path, &wish(input));
            assert_eq!(refused.problem(422), "refused", "{input}");
            let said = refused.json();
            assert!(said["detail"].as_str().is_some_and(|detail| detail.contains(says)), "{said}");
            let hint = said["hint"].as_str().unwrap_or_default();
            assert!(hint.starts_with("let one of you sign it who may sign more"), "{said}");
        }
    }
    assert_eq!(entries(&served, &case), before, "nothing was signed");
    assert_eq!(post_as(&served, &limited, &path, &wish(&note)).status, 201);
    assert_eq!(post_as(&served, &limited, &path, &wish(&priced)).status, 201);
    // What a person was shown may be what no ceiling sees; the seat's kinds and ceilings bind all the same.
    assert_eq!(post_as(&served, &every, &path, &shown(&note)).status, 201);
    assert_eq!(post_as(&served, &limited, &path, &shown(&words)).status, 201);
    assert_eq!(post_as(&served, &limited, &path, &shown(&beyond)).problem(422), "refused");

    // A new case and an invitation are signed no more easily.
    let begin = json!({
        "title": "By itself", "zone": "UTC", "own": {"name": "Ann", "role": "customer"},
        "others": [{"name": "Northlink", "role": "supplier"}],
    });
    assert_eq!(post_as(&served, &every, "/cases", &begin).problem(422), "refused");
    assert_eq!(post_as(&served, &limited, "/cases", &begin).status, 201);
    assert_eq!(post_as(&served, &every, &format!("/cases/{case}/invitations"), &json!({})).problem(422), "refused");
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
    let again = served.send("POST", &path, &wish, Some("i")).good();
    assert_eq!((&again["entries"], &again["link"]), (&first["entries"], &first["link"]));
    let listed = served.get(&path).good();
    let rows: &Vec<Json> = listed["rows"].as_array().expect("rows");
    assert_eq!((rows.len(), &rows[0]["state"], &rows[0]["id"]), (1, &json!("open"), &first["entries"][0]));
    assert_eq!(served.post(&format!("{path}/preview"), &json!({"expires": "tomorrow"})).problem(422), "refused");
}
