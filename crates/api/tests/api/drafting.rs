//! Drafting together, steps, letters, the notebook, joining: what the pages have beyond one act.

use counterpart_core::{act::Act, value::Sealable};
use counterpart_node::{Desk, Scope, now};
use serde_json::{Value as Json, json};

use crate::{served::Served, two::Two};

/// The name of the one row of a draft that is of this kind.
fn row(sheet: &Json, kind: &str) -> String {
    let rows = sheet["rows"].as_array().expect("rows");
    let found = rows.iter().find(|row| row["kind"] == kind).expect("a row");
    found["row"].as_str().expect("a name").to_owned()
}

#[test]
fn a_draft_is_written_row_by_row_and_becomes_a_proposal_that_was_shown() {
    let two = Two::new();
    let case = two.case.to_hex();
    let served = two.serve();
    let path = format!("/cases/{case}/worksheet");
    let empty = served.get(&path).good();
    assert_eq!((&empty["schema"], &empty["rows"]), (&json!("counterpart/worksheet/1"), &json!([])));
    let edit =
        |state: &Json, edits: Json| served.post(&format!("{path}/edits"), &json!({"state": state, "edits": edits}));
    let added = edit(&empty["state"], json!([{"do": "add", "kind": "action"}, {"do": "add", "kind": "item"}])).good();
    assert_eq!(added["added"].as_array().map(Vec::len), Some(2));
    let (action, item) = (row(&added, "action"), row(&added, "item"));
    // Two changes of what was shown: each is kept.
    let written = edit(
        &added["state"],
        json!([
            {"do": "rewrite", "row": action, "field": "what", "text": "Mend the tap"},
            {"do": "choose", "row": action, "choice": "by", "value": "supplier"},
            {"do": "choose", "row": action, "choice": "for", "value": "customer"},
            {"do": "rewrite", "row": action, "field": "note", "text": "they are slow"},
        ]),
    );
    let written = written.good();
    let later = edit(&added["state"], json!([{"do": "rewrite", "row": item, "field": "key", "text": "tap"}])).good();
    assert_ne!(later["state"], written["state"]);
    // What is no change of this draft is refused with what helps.
    for (edits, status) in [
        (json!([{"do": "remove", "row": "nonsense"}]), 422),
        (json!([{"do": "rewrite", "row": item, "field": "what", "text": "x"}]), 422),
        (json!([{"do": "choose", "row": action, "choice": "by", "value": "nobody"}]), 422),
        (json!([]), 400),
        (json!([{"do": "sing"}]), 400),
    ] {
        assert_eq!(edit(&later["state"], edits.clone()).status, status, "{edits}");
    }
    // Of the rows that are named, or of all; the remark stays out of it.
    let proposal = format!("{path}/proposal");
    let wish = json!({"rows": [action]});
    let refused = served.post(&proposal, &wish);
    assert_eq!(refused.problem(422), "refused", "nobody was shown it");
    let signed = served.shown_then(&format!("{proposal}/preview"), &proposal, &wish);
    let text = signed["text"].as_str().expect("a text");
    assert!(text.contains("Mend the tap") && !text.contains("slow"), "{text}");
    assert_eq!(served.get(&format!("/cases/{case}/proposals")).good()["rows"][0]["id"], signed["entries"][0]);
    // An item without a value is not proposed as it is.
    assert_eq!(served.post(&format!("{proposal}/preview"), &json!({})).problem(422), "refused");
    let begun = served.post(&format!("{path}/restart"), &json!({"keep": false})).good();
    assert_eq!(begun["rows"], json!([]));
    assert_eq!(edit(&later["state"], json!([{"do": "remove", "row": item}])).problem(422), "refused");
}

#[test]
fn the_same_change_sent_again_is_made_once() {
    let served = Served::new();
    let case = served.case("Broadband");
    let path = format!("/cases/{case}/worksheet");
    let wish = json!({"state": served.get(&path).good()["state"], "edits": [{"do": "add", "kind": "wording"}]});
    let first = served.send("POST", &format!("{path}/edits"), &wish, Some("k")).good();
    let again = served.send("POST", &format!("{path}/edits"), &wish, Some("k"));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.good()["added"], first["added"]);
    assert_eq!(served.get(&path).good()["rows"].as_array().map(Vec::len), Some(1));
    let other = json!({"state": wish["state"], "edits": [{"do": "add", "kind": "item"}]});
    assert_eq!(served.send("POST", &format!("{path}/edits"), &other, Some("k")).problem(422), "key-reused");
}

#[test]
fn steps_are_kept_taken_and_dropped_and_say_what_they_count_from() {
    let mut two = Two::new();
    let called = two.called("Dean");
    let (case, number) = (two.case.to_hex(), two.number(&called));
    let served = two.serve();
    let path = format!("/cases/{case}/steps");
    assert_eq!(served.get(&path).good()["steps"], json!([]));
    let wish = json!({"what": "Complain in writing", "from": format!("entry {number}"), "after": "2 weeks", "wants": ["the bill"]});
    let kept = served.post(&path, &wish).good();
    assert_eq!((&kept["steps"][0]["name"], &kept["steps"][0]["standing"]), (&json!("step-1"), &json!("open")));
    assert_eq!(served.post(&path, &json!({"what": "x", "from": "nothing"})).problem(422), "refused");
    assert_eq!(served.post(&path, &json!({"what": "Next", "from": "step step-1", "name": "next"})).status, 201);
    let shown = served.send("PUT", &format!("{path}/step-1/wants/1"), &json!({"entries": [number]}), None).good();
    assert_eq!(shown["steps"][0]["wants"][0]["entries"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        served.send("PUT", &format!("{path}/step-1/wants/2"), &json!({"entries": []}), None).problem(422),
        "refused"
    );
    let taken = served.send("PUT", &format!("{path}/step-1/taken"), &json!({"entry": number}), None).good();
    assert_eq!(taken["steps"][0]["standing"], "taken");
    assert_eq!(served.delete(&format!("{path}/step-1/taken")).status, 204);
    // One that another counts from stays.
    assert_eq!(served.delete(&format!("{path}/step-1")).problem(422), "refused");
    assert_eq!(served.delete(&format!("{path}/next")).status, 204);
    assert_eq!(served.delete(&format!("{path}/next")).problem(404), "not-found");
}

#[test]
fn a_letter_goes_only_as_it_was_shown_and_stands_in_the_case() {
    let mut two = Two::new();
    // Thanks wait at any hour; when reminders do is told by the calendar.
    two.kept("Send an engineer", "Dean");
    let case = two.case.to_hex();
    let served = two.serve();
    let listed = served.get(&format!("/cases/{case}/letters")).good();
    let letters = listed["letters"].as_array().expect("letters");
    let letter = letters.iter().find(|letter| letter["state"] == "waiting");
    let letter = letter.expect("one that waits");
    let path = format!("/cases/{case}/letters/{}", letter["id"].as_str().expect("an id"));
    assert!(served.get("/letters").good()["letters"].as_array().is_some_and(|all| !all.is_empty()));
    // Nobody was shown it; nor is there a mail server.
    assert_eq!(served.post(&format!("{path}/send"), &json!({"by": "node"})).problem(422), "refused");
    assert_eq!(served.post(&format!("{path}/preview"), &json!({"by": "email"})).problem(422), "refused");
    let wrong = json!({"by": "node", "digest": "0".repeat(64)});
    assert_eq!(served.post(&format!("{path}/send"), &wrong).problem(409), "changed");
    let before = served.get(&format!("/cases/{case}")).good()["case"]["entries"].as_u64().expect("a number");
    let sent = served.shown_then(&format!("{path}/preview"), &format!("{path}/send"), &json!({"by": "node"}));
    assert_eq!((&sent["outcome"], &sent["letter"]["state"]), (&json!("sent"), &json!("sent")));
    assert_eq!(served.get(&format!("/cases/{case}")).good()["case"]["entries"], before + 1);
    assert_eq!(served.post(&format!("{path}/skip"), &json!({})).problem(422), "refused", "it is gone");
}

/// Nobody's address is known here: its owner fills it in, and says so once it is sent.
#[test]
fn a_draft_comes_as_a_link_and_a_file_and_goes_on_record_by_hand() {
    let mut two = Two::new();
    two.kept("Send an engineer", "Dean");
    let case = two.case.to_hex();
    let served = two.serve();
    let listed = served.get(&format!("/cases/{case}/letters")).good();
    let letter = listed["letters"].as_array().expect("letters").iter().find(|letter| letter["state"] == "waiting");
    let path = format!("/cases/{case}/letters/{}", letter.expect("one that waits")["id"].as_str().expect("an id"));
    let (preview, send) = (format!("{path}/preview"), format!("{path}/send"));
    let early = served.post(&preview, &json!({"by": "hand"}));
    assert!(early.text().contains("make it a draft first"), "{}", early.text());
    let drafted = served.shown_then(&preview, &send, &json!({"by": "draft"}));
    assert_eq!((&drafted["outcome"], &drafted["letter"]["state"]), (&json!("draft"), &json!("draft")));
    let link = drafted["mailto"].as_str().expect("a link");
    assert!(link.starts_with("mailto:?subject="), "{link}");
    let mail = served.get(&format!("{path}/mail"));
    assert_eq!((mail.status, mail.header("content-type")), (200, Some("message/rfc822")));
    let mail = String::from_utf8(mail.body).expect("text");
    assert!(mail.contains("Subject: ") && !mail.contains("\nTo:") && !mail.starts_with("To:"), "{mail}");
    let to = served.shown_then(&preview, &send, &json!({"by": "draft", "to": ["Dean <dean@acme.example>"]}));
    assert!(to["mailto"].as_str().is_some_and(|link| link.starts_with("mailto:dean@acme.example?")), "{to}");
    let sent = served.shown_then(&preview, &send, &json!({"by": "hand"}));
    assert_eq!((&sent["letter"]["state"], &sent["mailto"]), (&json!("sent"), &Json::Null));
    assert!(sent["letter"]["entry"].is_string(), "{sent}");
    let twice = served.post(&preview, &json!({"by": "draft"}));
    assert!(twice.text().contains("was sent already") && !twice.text().contains("go to them"), "{}", twice.text());
    assert_eq!(twice.problem(422), "refused");
}

#[test]
fn a_standing_consent_is_shown_given_listed_and_ended() {
    let mut two = Two::new();
    two.propose(1, "Send an engineer", 3);
    let case = two.case.to_hex();
    let served = two.serve();
    let path = format!("/cases/{case}/letters-allowed");
    assert_eq!(served.post(&path, &json!({"by": "node"})).problem(422), "refused");
    let allowed = served.shown_then(&format!("{path}/preview"), &path, &json!({"by": "node"}));
    assert_eq!(allowed["allowed"], true);
    let listed = served.get(&format!("/cases/{case}/letters")).good();
    assert_eq!(listed["consents"][0]["by"], "node");
    assert_eq!(served.delete(&format!("{path}/node")).status, 204);
    assert_eq!(served.delete(&format!("{path}/node")).problem(404), "not-found");
    assert_eq!(served.delete(&format!("{path}/draft")).problem(400), "malformed");
}

#[test]
fn the_notebook_is_for_those_who_may_read_it_and_a_note_goes_on_record_once() {
    let two = Two::new();
    let case = two.case.to_hex();
    let served = two.serve();
    let reads = served.token_for("reads", &[Scope::Read, Scope::Draft, Scope::Sign]);
    assert_eq!(served.ask_as(&reads, "GET", "/notebook", &[], b"").problem(403), "scope");
    let number = json!({"of": "party 1", "note": {"kind": "number", "number": "0800 1", "label": "complaints"}});
    assert_eq!(served.post("/notebook", &number).good()["number"], "0800 1");
    // There already: brought up to date.
    assert_eq!(served.post("/notebook", &number).status, 201);
    let way = json!({"of": "party 1", "note": {"kind": "path", "steps": "2, 1", "number": "0800 1"}});
    assert_eq!(served.post("/notebook", &way).status, 201);
    let bad = json!({"of": "x", "note": {"kind": "person", "name": "Dean", "email": "nobody"}});
    assert_eq!(served.post("/notebook", &bad).problem(422), "refused");
    assert_eq!(served.post("/notebook", &json!({"note": {"kind": "note", "text": "x"}})).problem(400), "malformed");
    let note =
        served.post("/notebook", &json!({"case": case, "note": {"kind": "note", "text": "They were rude."}})).good();
    let page = served.get("/notebook?limit=2").good();
    let next = page["next"].as_str().expect("more");
    let rest = served.get(&format!("/notebook?limit=2&after={next}")).good();
    assert_eq!((page["notes"].as_array().map(Vec::len), rest["notes"].as_array().map(Vec::len)), (Some(2), Some(1)));
    let of_case = served.get(&format!("/notebook?case={case}")).good();
    assert_eq!(of_case["notes"][0]["id"], note["id"]);
    let share = format!("/cases/{case}/notebook/{}/share", note["id"].as_str().expect("an id"));
    let headers = [("Content-Type", "application/json")];
    assert_eq!(served.ask_as(&reads, "POST", &format!("{share}/preview"), &headers, b"{}").problem(403), "scope");
    let signed = served.shown_then(&format!("{share}/preview"), &share, &json!({}));
    assert!(signed["text"].as_str().is_some_and(|text| text.contains("They were rude.")));
    assert_eq!(served.post(&format!("{share}/preview"), &json!({})).problem(422), "refused", "it is on record");
    let id = note["id"].as_str().expect("an id");
    assert_eq!(served.delete(&format!("/notebook/{id}")).status, 204);
    assert_eq!(served.delete(&format!("/notebook/{id}")).problem(404), "not-found");
}

#[test]
fn a_case_is_joined_by_a_link_that_was_shown_and_the_wait_can_be_stopped() {
    // The other side's invitation, from a home of its own.
    let (theirs, served) = (tempfile::TempDir::new().expect("a folder"), Served::new());
    Desk::init(theirs.path()).expect("an identity");
    let desk = Desk::open(theirs.path()).expect("a home");
    let wish = Served::at(theirs);
    let case = wish.case("A fence");
    let path = format!("/cases/{case}/invitations");
    let shown = wish.post(&format!("{path}/preview"), &json!({"addresses": ["/ip4/127.0.0.1/tcp/9"]})).good();
    let invite = json!({"addresses": ["/ip4/127.0.0.1/tcp/9"], "digest": shown["digest"], "expires": shown["expires"]});
    let link = wish.post(&path, &invite).good()["link"].as_str().expect("a link").to_owned();
    drop(desk);
    assert_eq!(wish.post("/joins/preview", &json!({"link": link})).problem(422), "refused", "its own");
    let mail = json!({"link": format!("Dear Sir,\n<{link}>\nYours")});
    let wrong = json!({"link": mail["link"], "digest": "0".repeat(64)});
    assert_eq!(served.post("/joins", &mail).problem(422), "refused");
    assert_eq!(served.post("/joins", &wrong).problem(409), "changed");
    let asked = served.shown_then("/joins/preview", "/joins", &mail);
    assert_eq!(asked["case"], json!(case));
    let joins = served.get("/joins").good();
    assert_eq!(joins["joins"][0]["case"], json!(case));
    assert!(!joins.to_string().contains(&link), "the link is a secret");
    assert_eq!(served.delete(&format!("/joins/{case}")).status, 204);
    assert_eq!(served.delete(&format!("/joins/{case}")).problem(404), "not-found");
    assert_eq!(served.post("/joins/preview", &json!({"link": "none"})).problem(422), "refused");
}

#[test]
fn what_the_other_side_signed_is_answered_and_read_over_the_api() {
    let mut two = Two::new();
    let theirs = two.propose(1, "Replace the hose", 5);
    two.act(1, &Act::Note { text: Sealable::Open("We ordered it.".to_owned()), about: Some(theirs) });
    let (case, number) = (two.case.to_hex(), two.number(&theirs));
    let served = two.serve();
    let shown = served.get(&format!("/cases/{case}")).good();
    let waits = shown["waiting_for"].as_array().expect("moves");
    assert!(waits.iter().any(|wait| wait.to_string().contains(&theirs.to_hex())), "{waits:?}");
    assert!(shown["delivery"].as_array().is_some_and(|rows| !rows.is_empty()));
    assert_eq!(served.get(&format!("/cases/{case}/proposals")).good()["rows"][0]["id"], theirs.to_hex());
    let signed = served.sign(&case, &json!({"act": "accept", "revision": number}));
    assert_eq!(served.get(&format!("/cases/{case}/actions")).good()["rows"][0]["state"], "agreed", "{signed}");
    // By the order in which it came here: ours came last.
    let page = served.get(&format!("/cases/{case}/record?limit=200")).good();
    let entries = page["entries"].as_array().expect("entries");
    let parties: Vec<bool> = entries.iter().map(|entry| entry["party"]["id"] == shown["parties"][0]["id"]).collect();
    assert!(
        parties.contains(&false) && entries.last().expect("one")["id"] == signed["entries"][0],
        "{now}",
        now = now()
    );
}
