//! What is sent in another shape than the document says, or names what is not there: where it is told, and in which words.

use counterpart_core::attachment::FileRef;
use counterpart_node::Scope;
use serde_json::{Value as Json, json};

use crate::{
    client::{Answer, raw},
    served::Served,
};

/// Words of the language that this is written in, which say nothing to whoever reads an answer.
const INNER: &[&str] =
    &["struct", "variant", "expected", "invalid type", "invalid length", "deserialize", "u32", "u64"];

#[track_caller]
fn malformed(answer: &Answer) -> Json {
    assert_eq!(answer.problem(400), "malformed");
    let said = answer.json();
    let detail = said["detail"].as_str().expect("a detail");
    assert!(!INNER.iter().any(|word| detail.contains(word)), "{detail}");
    said
}

#[test]
fn a_list_stands_for_no_object_wherever_a_body_is_sent() {
    let served = Served::new();
    let case = served.case("Broadband");
    let document = counterpart_api::document();
    let (mut asked, mut at_once) = (0, 0);
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, one) in methods.as_object().expect("methods") {
            if one["requestBody"]["content"].get("application/json").is_none() {
                continue;
            }
            let place = path.strip_prefix("/api/v1").expect("below the base").replace("{case}", &case);
            let place: Vec<&str> =
                place.split('/').map(|part| if part.starts_with('{') { "somebody" } else { part }).collect();
            for list in
                [json!([]), json!([null]), json!(["a", "b", "c", "d"]), json!([{"act": "note", "text": "x"}, null])]
            {
                let answer = served.send(&method.to_uppercase(), &place.join("/"), &list, None);
                assert!((400..500).contains(&answer.status), "{method} {path} {list}: {}", answer.status);
                asked += 1;
                if answer.status == 400 {
                    let said = malformed(&answer);
                    assert_eq!(said["pointer"], "", "{method} {path} {list}: {said}");
                    assert_eq!(said["detail"], "the body: an object is needed here, and a list came");
                    at_once += 1;
                }
            }
        }
    }
    // The rest name what is not there, which is looked at first.
    assert!(asked > 100 && at_once * 10 > asked * 8, "{at_once} of {asked}");
    assert_eq!(served.get(&format!("/cases/{case}/asides")).good()["asides"], json!([]));
}

#[test]
fn a_body_is_told_wrong_by_its_place_and_in_plain_words() {
    let served = Served::new();
    let case = served.case("Broadband");
    let preview = format!("/cases/{case}/acts/preview");
    let action = |more: Json| {
        let mut action = json!({"is": "action", "what": "Mend it"});
        action.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        json!({"input": {"act": "propose", "subjects": [action]}})
    };
    for (path, wish, place, says) in [
        (preview.as_str(), json!({"input": {"act": "note"}}), "/input", "`text` is missing"),
        (&preview, json!({"input": ["note", "x", null]}), "/input", "an object is needed here, and a list came"),
        (&preview, json!({"input": {"act": "pay"}}), "/input/act", "'pay' came"),
        (
            &preview,
            action(json!({"performers": [{"seat": "supplier"}, "supplier"]})),
            "/input/subjects/0/performers/1",
            "an object is needed here, and a text came",
        ),
        (
            &preview,
            action(json!({"performers": [["supplier", null]]})),
            "/input/subjects/0/performers/0",
            "an object is needed here, and a list came",
        ),
        (
            &preview,
            action(json!({"due": {"after": {"count": 0, "unit": "days"}, "at": 5}})),
            "/input/subjects/0/due",
            "",
        ),
        (&preview, json!({"input": {"act": "note", "text": "x"}, "extra": 1}), "/extra", "nothing is called so here"),
        (
            "/cases/preview",
            json!({"title": "x", "others": [{"name": "Acme", "role": "boss"}]}),
            "/others/0/role",
            "customer, supplier, third, observer, arbiter",
        ),
        (
            &preview,
            json!({"input": {"act": "note", "text": "x"}, "digest": "zz"}),
            "/digest",
            "a text of 64 hexadecimal digits is needed here, and 'zz' came",
        ),
        ("/joins", json!({"link": "x", "digest": "0".repeat(63)}), "/digest", "64 hexadecimal digits"),
        ("/tokens", json!({"name": "x", "scopes": ["everything"]}), "/scopes/0", "read, draft, sign, notes, manage"),
    ] {
        let said = malformed(&served.post(path, &wish));
        let at = said["pointer"].as_str().expect("a place");
        assert!(at.starts_with(place) && (says.is_empty() || at == place), "{wish}: {said}");
        assert!(said["detail"].as_str().is_some_and(|detail| detail.contains(says)), "{wish}: {said}");
    }
    let json = [("Content-Type", "application/json")];
    for (body, place, says) in [
        (&b"{\"input\": {\"act\": \"note\", \"text\": \"x\", \"text\": \"y\"}}"[..], json!("/input/text"), "twice"),
        (b"{\"input\": no}", Json::Null, "from column 12 on"),
        (b"", Json::Null, "nothing came"),
        (b"{\"input\": \"\xff\"}", Json::Null, "UTF-8"),
    ] {
        let said = malformed(&served.ask_as(&served.token, "POST", &preview, &json, body));
        assert_eq!(said["pointer"], place, "{said}");
        assert!(said["detail"].as_str().is_some_and(|detail| detail.contains(says)), "{said}");
    }
}

#[test]
fn what_stands_behind_the_question_mark_is_told_wrong_by_its_name() {
    let served = Served::new();
    let case = served.case("Broadband");
    for (path, name, says) in [
        ("/cases?limit=x".to_owned(), "limit", "a whole number from 1 to 200 is needed, and 'x' came"),
        ("/cases?limit=0".to_owned(), "limit", "1 to 200"),
        ("/cases?open=yes".to_owned(), "open", "true or false is needed"),
        ("/cases?lmit=5".to_owned(), "lmit", "nothing is called so here"),
        ("/cases?limit=5&limit=6".to_owned(), "limit", "twice"),
        ("/cases?after=x".to_owned(), "after", ""),
        ("/events?after=x".to_owned(), "after", "a whole number from 0 to 9007199254740991"),
        ("/today?group=nothing".to_owned(), "group", "one of these is needed"),
        (format!("/cases/{case}/record?after=%E2%80%AEx"), "after", ""),
        ("/cases?%E2%80%AE=x".to_owned(), "\u{202e}", ""),
    ] {
        let said = malformed(&served.get(&path));
        assert_eq!(said["parameter"], name, "{path}: {said}");
        let detail = said["detail"].as_str().expect("a detail");
        assert!(detail.contains(says) && !detail.contains('\u{202e}'), "{path}: {said}");
    }
}

#[test]
fn what_is_not_there_is_told_with_what_a_program_asks_and_not_what_a_person_types() {
    let served = Served::new();
    let case = served.case("Broadband");
    served.sign(&case, &json!({"act": "propose", "subjects": [{"is": "action", "what": "Mend it", "performers": [{"seat": "supplier"}]}]}));
    let preview = format!("/cases/{case}/acts/preview");
    let act = |act: Json| served.post(&preview, &json!({"input": act}));
    let new = |template: &str| {
        let wish = json!({"template": template, "others": [{"name": "Acme", "role": "supplier"}], "own": {"name": "Ann", "role": "customer"}});
        served.post("/cases/preview", &wish)
    };
    for (answer, says) in [
        (served.get("/cases/ZZZZ-ZZZZ-Z"), "GET /api/v1/cases"),
        (act(json!({"act": "note", "text": "x", "about": "99"})), "GET /api/v1/cases/{case}/record"),
        (act(json!({"act": "accept", "revision": "2"})), "the act `withdraw` of 2"),
        (new("nothing-like-it"), "GET /api/v1/templates"),
        (new("missed-calback"), "'missed-callback' was perhaps meant; GET /api/v1/templates"),
    ] {
        let said = answer.json();
        let (detail, hint) = (said["detail"].as_str().expect("a detail"), said["hint"].as_str().unwrap_or_default());
        assert!(hint.contains(says), "{said}");
        assert!(
            !hint.contains("counterpart ") && !detail.contains("counterpart ") && !hint.contains(".toml"),
            "{said}"
        );
    }
}

#[test]
fn a_head_is_as_large_as_is_written_and_no_larger() {
    let served = Served::new();
    let ask = |bytes: usize| {
        let head =
            format!("GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nX-Long: \r\n\r\n", served.token);
        let long = format!("X-Long: {}", "a".repeat(bytes - head.len()));
        raw(served.address, head.replace("X-Long: ", &long).as_bytes()).expect("an answer")
    };
    assert_eq!(ask(32 << 10).status, 200);
    let large = ask((32 << 10) + 1);
    assert_eq!((large.problem(431).as_str(), &large.json()["most"]), ("head", &json!(32 << 10)));
    // What never came to be a request is answered by its status alone.
    for (bytes, status) in [(&b"nonsense\r\n\r\n"[..], 400), (&[b"GET /".as_slice(), &[b'a'; 200_000]].concat(), 431)] {
        let answer = raw(served.address, bytes).expect("an answer");
        assert_eq!((answer.status, answer.body.len(), answer.header("content-type")), (status, 0, None));
    }
}

#[test]
fn a_file_is_given_under_its_name_and_no_name_breaks_out_of_the_header() {
    let served = Served::new();
    let case = served.case("Broadband");
    for (name, how) in [
        ("bill.pdf", "attachment; filename=\"bill.pdf\""),
        ("Zähler.jpg", "attachment; filename=\"Z_hler.jpg\"; filename*=UTF-8''Z%C3%A4hler.jpg"),
        (
            "a\"; filename=\"../b.exe",
            "attachment; filename=\"a_; filename=_.._b.exe\"; filename*=UTF-8''a_%3B%20filename%3D_.._b.exe",
        ),
    ] {
        let file = FileRef::of(name.as_bytes());
        let hash: String = file.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = format!("/cases/{case}/attachments/{hash}");
        assert_eq!(served.ask_as(&served.token, "PUT", &path, &[], name.as_bytes()).status, 200);
        assert_eq!(served.get(&path).header("content-disposition"), Some("attachment"), "nobody named it yet");
        served.sign(&case, &json!({"act": "attach", "sha256": hash, "size": name.len(), "name": name}));
        assert_eq!(served.get(&path).header("content-disposition"), Some(how));
    }
}

#[test]
fn a_key_is_of_one_token() {
    let served = Served::new();
    let case = served.case("Broadband");
    let other = served.token_for("other", &[Scope::Notes, Scope::Read]);
    let path = format!("/cases/{case}/asides");
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "k-1")];
    for token in [&served.token, &other, &other] {
        assert_eq!(served.ask_as(token, "POST", &path, &headers, br#"{"text": "ring Ann"}"#).status, 201);
    }
    assert_eq!(served.get(&path).good()["asides"].as_array().map(Vec::len), Some(2), "once for each of them");
}
