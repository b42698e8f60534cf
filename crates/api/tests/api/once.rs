//! What is kept of a request under its key, and what is answered when it is sent again.

use serde_json::json;

use crate::served::Served;

/// All that the store keeps of a request of the token `all`, as text.
fn kept(served: &Served, key: &str) -> String {
    let desk = served.desk();
    let token = desk.token_called("all").expect("a token").id;
    let kept = desk.with_store(|store| store.asked_once(&token, key)).expect("readable").expect("known");
    String::from_utf8(kept.outcome.expect("done").1).expect("text")
}

#[test]
fn what_is_erased_is_neither_kept_with_a_key_nor_answered_again() {
    let served = Served::new();
    let case = served.case("Broadband");
    let path = format!("/cases/{case}/acts");
    let input = json!({
        "act": "contact", "channel": "telephone", "direction": "out", "started": "2026-03-01T10:00:00+00:00",
        "minutes": 12, "summary": "They know of the fault.", "person": "Samira Whistler", "number": "0161 496 0007",
    });
    let digest = served.post(&format!("{path}/preview"), &json!({"input": input})).good()["digest"].clone();
    let wish = json!({"input": input, "digest": digest});
    let first = served.send("POST", &path, &wish, Some("call")).good();
    assert!(first["text"].as_str().is_some_and(|text| text.contains("Whistler")), "{first}");
    assert!(!kept(&served, "call").contains("Whistler"), "{}", kept(&served, "call"));

    // While it is there it is answered as before.
    let again = served.send("POST", &path, &wish, Some("call"));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let again = again.good();
    assert_eq!((&again["case"], &again["entries"]), (&first["case"], &first["entries"]));
    assert!(again["text"].as_str().is_some_and(|text| text.contains("Whistler")), "{again}");

    served.sign(&case, &json!({"act": "erase", "entry": first["entries"][0]}));
    let again = served.send("POST", &path, &wish, Some("call")).good();
    assert_eq!(again["entries"], first["entries"]);
    let text = again["text"].as_str().expect("a text");
    assert!(text.contains("They know of the fault.") && !text.contains("Whistler") && !text.contains("0007"), "{text}");
}

#[test]
fn the_link_of_an_invitation_is_not_kept_with_its_key() {
    let served = Served::new();
    let case = served.case("Broadband");
    let path = format!("/cases/{case}/invitations");
    let shown = served.post(&format!("{path}/preview"), &json!({})).good();
    let wish = json!({"digest": shown["digest"], "expires": shown["expires"]});
    let first = served.send("POST", &path, &wish, Some("i")).good();
    let link = first["link"].as_str().expect("a link");
    assert_eq!(first["numbers"], json!(["2"]));
    assert!(!kept(&served, "i").contains(link));
    assert_eq!(served.send("POST", &path, &wish, Some("i")).good()["link"], link, "open, it is given again");
    served.sign(&case, &json!({"act": "uninvite", "invite": first["entries"][0]}));
    let again = served.send("POST", &path, &wish, Some("i")).good();
    assert_eq!((&again["entries"], &again["link"]), (&first["entries"], &json!(null)), "taken back");
}
