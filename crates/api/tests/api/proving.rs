//! What is proven and given to others, with a case of two sides.

use std::fs;

use counterpart_core::{act::Act, value::Sealable};
use serde_json::{Value as Json, json};

use crate::two::Two;

fn case() -> (String, crate::served::Served) {
    let mut two = Two::new();
    two.called("Samira Whistler");
    two.act(1, &Act::Note { text: Sealable::Open("We looked into it.".to_owned()), about: None });
    (two.case.to_hex(), two.serve())
}

#[test]
fn a_bundle_that_was_made_holds_and_one_that_was_altered_does_not() {
    let (case, served) = case();
    let made = served.post(&format!("/cases/{case}/evidence"), &json!({}));
    assert_eq!((made.status, made.header("content-type")), (200, Some("application/zip")));
    assert!(made.header("content-disposition").is_some_and(|how| how.starts_with("attachment; filename=")));
    let file = [("Content-Type", "application/octet-stream")];
    let verify = |bytes: &[u8]| served.ask_as(&served.token, "POST", "/verify", &file, bytes).good();
    let verdict = verify(&made.body);
    assert_eq!((&verdict["verified"], &verdict["case"]), (&json!(true), &json!(case)), "{verdict}");
    assert_eq!(verdict["entries"].as_array().map(Vec::len), Some(6));
    let mut altered = made.body.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    for bytes in [altered.as_slice(), b"PK\x03\x04", b"no bundle"] {
        let verdict = verify(bytes);
        assert_eq!(verdict["verified"], false, "{verdict}");
        assert!(verdict["what"].is_string(), "{verdict}");
    }
}

#[test]
fn what_is_left_out_is_in_neither_file() {
    let (case, served) = case();
    let (evidence, report) = (format!("/cases/{case}/evidence"), format!("/cases/{case}/report"));
    let page = |wish: &Json| String::from_utf8(served.post(&report, wish).body).expect("text");
    assert!(page(&json!({})).contains("Whistler"));
    for wish in [json!({"leave_out": "values"}), json!({"leave_out": "all"}), json!({"withhold": ["5"]})] {
        let html = page(&wish);
        assert!(html.contains("<html") && !html.contains("Whistler"), "{wish}");
        assert_eq!(served.post(&evidence, &wish).status, 200);
    }
    let made = served.post(&report, &json!({}));
    assert_eq!(made.header("content-type"), Some("text/html"));
    assert!(made.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")));
    assert_eq!(served.post(&evidence, &json!({"withhold": ["99"]})).problem(422), "refused");
    assert_eq!(served.post(&evidence, &json!({"leave": "all"})).problem(400), "malformed");
}

#[test]
fn files_that_are_made_or_come_lie_in_the_home_and_what_was_left_goes_at_the_next_start() {
    let (case, served) = case();
    let folder = served.home().join("api-files");
    let names = || -> Vec<String> {
        let all = fs::read_dir(&folder).expect("the folder");
        all.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    };
    let made = served.post(&format!("/cases/{case}/evidence"), &json!({}));
    let file = [("Content-Type", "application/octet-stream")];
    let verdict = served.ask_as(&served.token, "POST", "/verify", &file, &made.body).good();
    assert_eq!((&verdict["verified"], names()), (&json!(true), vec!["lock".to_owned()]));
    // Where none can be made there, none is made elsewhere.
    fs::rename(&folder, served.home().join("elsewhere")).expect("moved");
    assert_eq!(served.post(&format!("/cases/{case}/evidence"), &json!({})).problem(507), "disk");
    assert_eq!(served.ask_as(&served.token, "POST", "/verify", &file, &made.body).problem(507), "disk");
    fs::rename(served.home().join("elsewhere"), &folder).expect("moved back");
    // As a process that was killed leaves them.
    fs::write(folder.join("came-Xy12Zw"), &made.body).expect("written");
    let folder = folder.clone();
    let served = served.started_again();
    assert!(!served.home().join("api-files/came-Xy12Zw").exists() && folder.join("lock").exists());
    assert_eq!(served.post(&format!("/cases/{case}/evidence"), &json!({})).status, 200);
}

#[test]
fn a_time_stamp_is_asked_for_only_where_a_service_is_chosen() {
    let (case, served) = case();
    let listed = served.get(&format!("/cases/{case}/stamps")).good();
    assert_eq!(
        (&listed["schema"], &listed["stamps"], &listed["would_send"]),
        (&json!("counterpart/stamps/1"), &json!([]), &Json::Null)
    );
    let refused = served.post(&format!("/cases/{case}/stamps"), &json!({"imprint": "0".repeat(64)}));
    assert_eq!(refused.problem(422), "refused");
    assert!(refused.json()["hint"].is_string());
}
