//! Every list comes page by page, within bounds, and by pages as it comes at once.

use counterpart_core::{act::Act, attachment::FileRef, keylog::Kinds, value::Sealable};
use counterpart_node::{Rights, now};
use serde_json::{Value as Json, json};

use crate::{served::Served, two::Two};

/// Reads a list one row at a time; `lists` are the arrays that its rows are in.
#[track_caller]
fn walked(served: &Served, path: &str, lists: &[&str], next: &str) -> Vec<Json> {
    let rows = |page: &Json| -> Vec<Json> {
        lists.iter().flat_map(|list| page[*list].as_array().expect("rows").clone()).collect()
    };
    let whole = served.get(&format!("{path}?limit=200")).good();
    let all = rows(&whole);
    assert_eq!(whole[next], Json::Null, "{path}");
    let (mut found, mut after): (Vec<Json>, String) = (Vec::new(), String::new());
    let mut first = None;
    loop {
        let page = served.get(&format!("{path}?limit=1{after}")).good();
        let of_page = rows(&page);
        assert!(of_page.len() <= 1, "{path}: {page}");
        found.extend(of_page);
        let Some(next) = page[next].as_str() else { break };
        first.get_or_insert_with(|| next.to_owned());
        after = format!("&after={next}");
    }
    assert_eq!(found, all, "{path}");
    assert!(all.len() > 1, "{path}: there are several");
    for wrong in ["limit=0", "limit=201", "limit=x", "limit=-1", "after=nonsense", "after=", "more=1"] {
        assert_eq!(served.get(&format!("{path}?{wrong}")).problem(400), "malformed", "{path}?{wrong}");
    }
    // A place in the list of cases is none here, nor is one of this list there.
    let other = served.get(&format!("/cases?after={}", first.expect("several pages")));
    assert_eq!(other.problem(400), "malformed", "{path}");
    all
}

#[test]
fn what_the_home_has_comes_page_by_page() {
    let served = Served::new();
    let desk = served.desk();
    let rights = Rights { kinds: Kinds::All, receive: false, admin: false, ceilings: Vec::new() };
    for name in ["anne", "priya", "sam"] {
        desk.add_seat(name, &rights, now()).expect("a seat");
        let url = format!("https://{name}.example/hook");
        served.post("/webhooks", &json!({"name": name, "url": url})).good();
        served.post("/tokens", &json!({"name": name, "scopes": ["read"]})).good();
        let case = served.case(name);
        served.send("PUT", &format!("/cases/{case}/assignment"), &json!({"agent": name}), None).good();
        let rule = json!({"name": name, "seat": name, "when": "note", "does": "acknowledge"});
        served.shown_then("/standing-rules/new/preview", "/standing-rules", &json!({"rule": rule}));
    }
    let names = |rows: &[Json], field: &str| -> Vec<String> {
        rows.iter().map(|row| row[field].as_str().unwrap_or_default().to_owned()).collect()
    };
    let agents = walked(&served, "/agents", &["agents"], "next");
    assert_eq!(agents.len(), 4, "the home and three seats");
    assert_eq!(names(&walked(&served, "/webhooks", &["webhooks"], "next"), "name"), ["anne", "priya", "sam"]);
    let mut tokens = names(&walked(&served, "/tokens", &["tokens"], "next"), "name");
    tokens.sort();
    assert_eq!(tokens, ["all", "anne", "priya", "sam"]);
    assert_eq!(names(&walked(&served, "/loads", &["agents"], "next"), "agent"), ["anne", "priya", "sam"]);
    assert_eq!(names(&walked(&served, "/standing-rules", &["rules"], "next"), "name"), ["anne", "priya", "sam"]);
    let templates = names(&walked(&served, "/templates", &["templates"], "next"), "name");
    assert!(templates.is_sorted() && templates.iter().any(|name| name == "support-request"), "{templates:?}");
}

#[test]
fn requests_to_join_come_page_by_page_and_one_that_is_stopped_between_takes_none_along() {
    let (theirs, served) = (Served::new(), Served::new());
    let mut cases = Vec::new();
    for n in 0..4 {
        let case = theirs.case(&format!("Case {n}"));
        let path = format!("/cases/{case}/invitations");
        let mut wish = json!({"addresses": ["/ip4/127.0.0.1/tcp/9"]});
        let shown = theirs.post(&format!("{path}/preview"), &wish).good();
        wish["digest"] = shown["digest"].clone();
        wish["expires"] = shown["expires"].clone();
        let link = theirs.post(&path, &wish).good()["link"].clone();
        served.shown_then("/joins/preview", "/joins", &json!({"link": link}));
        cases.push(case);
    }
    let all = walked(&served, "/joins", &["joins"], "next");
    assert_eq!(all.len(), 4);
    let id = |row: &Json| row["case"].as_str().expect("an id").to_owned();
    let page = served.get("/joins?limit=2").good();
    assert_eq!(served.delete(&format!("/joins/{}", id(&all[1]))).status, 204);
    let next = page["next"].as_str().expect("more");
    let rest = served.get(&format!("/joins?limit=2&after={next}")).good();
    assert_eq!(rest["joins"], json!(all[2..]), "neither one twice nor one left out");
}

#[test]
fn what_is_in_a_case_comes_page_by_page_as_it_came() {
    let served = Served::new();
    let case = served.case("Broadband");
    let of = |part: &str| format!("/cases/{case}/{part}");
    for n in 0..3_u32 {
        let what = format!("Mend thing {n}");
        let action = json!({"is": "action", "what": what, "performers": [{"seat": "supplier"}]});
        // A bundle: two actions of one entry.
        let other = json!({"is": "action", "what": format!("Tidy up {n}"), "performers": [{"seat": "supplier"}]});
        served.sign(&case, &json!({"act": "propose", "subjects": [action, other]}));
        let value = json!({"type": "text", "value": what});
        served.sign(&case, &json!({"act": "item", "key": "tap", "value": value}));
        let bytes = n.to_be_bytes();
        let sha256: String = FileRef::of(&bytes).sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(served.ask_as(&served.token, "PUT", &of(&format!("attachments/{sha256}")), &[], &bytes).status, 200);
        served.sign(&case, &json!({"act": "attach", "sha256": sha256, "size": 4, "name": format!("{n}.bin")}));
        let wish = json!({"addresses": ["/ip4/127.0.0.1/tcp/9"], "label": what});
        let shown = served.post(&of("invitations/preview"), &wish).good();
        let mut agreed = wish.clone();
        agreed["digest"] = shown["digest"].clone();
        agreed["expires"] = shown["expires"].clone();
        served.post(&of("invitations"), &agreed).good();
        served.post(&of("asides"), &json!({"text": what})).good();
        served.send("PUT", &of(&format!("external/desk-{n}")), &json!({"id": "T-1"}), None).good();
    }
    let actions = walked(&served, &of("actions"), &["rows"], "next");
    let whats: Vec<&str> = actions.iter().filter_map(|row| row["what"].as_str()).collect();
    let mended = ["Mend thing 0", "Tidy up 0", "Mend thing 1", "Tidy up 1", "Mend thing 2", "Tidy up 2"];
    assert_eq!(whats, mended);
    assert_eq!(walked(&served, &of("proposals"), &["rows"], "next").len(), 3, "a bundle is one");
    assert_eq!(walked(&served, &of("items/tap"), &["versions"], "next").len(), 3);
    let files = walked(&served, &of("attachments"), &["attachments"], "next");
    let names: Vec<&Json> = files.iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["0.bin", "1.bin", "2.bin"]);
    assert_eq!(walked(&served, &of("invitations"), &["rows"], "next").len(), 3);
    assert_eq!(walked(&served, &of("asides"), &["asides"], "next").len(), 3);
    assert_eq!(walked(&served, &of("external"), &["external"], "next").len(), 3);
    assert_eq!(served.get("/external/desk-1/T-1").good()["external"].as_array().map(Vec::len), Some(3));
}

#[test]
fn letters_come_page_by_page_those_to_come_behind_those_that_wait() {
    let mut two = Two::new();
    for what in ["Send an engineer", "Call back", "Send the bill"] {
        two.kept(what, "Dean");
    }
    let promised = two.propose(1, "Replace the hose", 5);
    two.accept(0, promised);
    two.act(1, &Act::Note { text: Sealable::Open("We ordered it.".to_owned()), about: None });
    let case = two.case.to_hex();
    let served = two.serve();
    let of_case = walked(&served, &format!("/cases/{case}/letters"), &["letters"], "next");
    let all = walked(&served, "/letters", &["letters", "failed", "next"], "next_page");
    let waiting = of_case.iter().filter(|letter| all.contains(letter)).count();
    assert!(waiting > 1, "{all:?}");
    assert_eq!(all.last().expect("one")["case"], json!(case));
}
