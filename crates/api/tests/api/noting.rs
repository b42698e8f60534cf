//! Files, notes of our own, and names in other systems.

use counterpart_core::attachment::FileRef;
use serde_json::json;

use crate::served::Served;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_file_is_put_signed_and_read_back() {
    let served = Served::new();
    let case = served.case("Broadband");
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| u8::try_from(n % 251).expect("small")).collect();
    let name = hex(&FileRef::of(&bytes).sha256);
    let path = format!("/cases/{case}/attachments/{name}");
    assert_eq!(served.get(&path).problem(404), "not-found");
    let put = |path: &str, bytes: &[u8]| served.ask_as(&served.token, "PUT", path, &[], bytes);
    assert_eq!(put(&path, b"other bytes").problem(422), "refused");
    assert_eq!(
        put(&path, &bytes).good(),
        json!({"schema": "counterpart/attachment-put/1", "sha256": name, "size": bytes.len()})
    );
    assert_eq!(put(&path, &bytes).status, 200, "again is no harm");
    let other_size = json!({"input": {"act": "attach", "sha256": name, "size": 1, "name": "bill.pdf"}});
    let refused = served.post(&format!("/cases/{case}/acts/preview"), &other_size);
    assert_eq!(refused.problem(422), "refused", "on record a fingerprint has one size");
    assert!(refused.json()["detail"].as_str().is_some_and(|why| why.contains("200000 bytes, not 1")));
    served.sign(&case, &json!({"act": "attach", "sha256": name, "size": bytes.len(), "name": "bill.pdf"}));
    let read = served.get(&path);
    assert_eq!((read.status, read.body == bytes), (200, true));
    assert_eq!(read.header("content-type"), Some("application/octet-stream"));
    assert_eq!(read.header("content-disposition"), Some("attachment; filename=\"bill.pdf\""));
    let listed = served.get(&format!("/cases/{case}/attachments")).good();
    assert_eq!((&listed["attachments"][0]["sha256"], &listed["attachments"][0]["here"]), (&json!(name), &json!(true)));
    for wrong in ["x", "..%2F..%2Fetc%2Fpasswd", &"0".repeat(63)] {
        let path = format!("/cases/{case}/attachments/{wrong}");
        assert_eq!(put(&path, b"x").problem(400), "malformed", "{wrong}");
        assert_eq!(served.get(&path).problem(400), "malformed", "{wrong}");
    }
    // In capitals it is the same file.
    let capitals = format!("/cases/{case}/attachments/{}", name.to_ascii_uppercase());
    assert_eq!((put(&capitals, &bytes).good()["sha256"].clone(), served.get(&capitals).status), (json!(name), 200));
}

#[test]
fn a_file_that_was_never_put_goes_on_record_by_its_fingerprint_alone_where_that_is_said() {
    let served = Served::new();
    let case = served.case("Broadband");
    let acts = format!("/cases/{case}/acts");
    let absent = json!({"act": "attach", "name": "x.pdf", "sha256": "ab".repeat(32), "size": 1});
    for path in [format!("{acts}/preview"), acts] {
        let refused = served.post(&path, &json!({"input": absent}));
        assert_eq!(refused.problem(422), "refused", "{path}");
        let hint = refused.json()["hint"].as_str().unwrap_or_default().to_owned();
        assert!(
            hint.contains("PUT /api/v1/cases/{case}/attachments/{sha256}") && hint.contains("fingerprint_only"),
            "{hint}"
        );
    }
    let mut alone = absent;
    alone["fingerprint_only"] = json!(true);
    served.sign(&case, &alone);
    let listed = served.get(&format!("/cases/{case}/attachments")).good();
    assert_eq!(listed["attachments"][0]["here"], false);
}

#[test]
fn files_that_nobody_names_do_not_pile_up() {
    let served = Served::new();
    let case = served.case("Broadband");
    let put = |n: u32| {
        let bytes = n.to_be_bytes();
        let path = format!("/cases/{case}/attachments/{}", hex(&FileRef::of(&bytes).sha256));
        served.ask_as(&served.token, "PUT", &path, &[], &bytes).status
    };
    let statuses: Vec<u16> = (0..34).map(put).collect();
    assert!(statuses[..32].iter().all(|status| *status == 200) && statuses[32..] == [422, 422], "{statuses:?}");
}

#[test]
fn notes_of_our_own_come_and_go_and_are_in_no_record() {
    let served = Served::new();
    let case = served.case("Broadband");
    let path = format!("/cases/{case}/asides");
    let made = served.post(&path, &json!({"text": "Be kind: third call this week.", "agent": "Maria"}));
    assert_eq!((made.status, made.good()["number"].clone()), (201, json!(1)));
    assert_eq!(served.post(&path, &json!({"text": "Mine."})).good()["agent"], "all");
    let all = served.get(&path).good();
    assert_eq!(all["asides"].as_array().map(Vec::len), Some(2));
    let record = served.get(&format!("/cases/{case}/record")).good().to_string();
    assert!(!record.contains("Be kind"));
    let drop = |number: &str| served.ask_as(&served.token, "DELETE", &format!("{path}/{number}"), &[], b"");
    assert_eq!(drop("1").status, 204);
    for absent in ["1", "0", "99999999999999999999", "18446744073709551615", "x"] {
        assert_eq!(drop(absent).problem(404), "not-found", "{absent}");
    }
    assert_eq!(served.post(&path, &json!({"text": " "})).problem(422), "refused");
}

#[test]
fn names_in_other_systems_lead_both_ways_and_to_one_case() {
    let served = Served::new();
    let (one, other) = (served.case("One"), served.case("Other"));
    let put = |case: &str, id: &str| {
        served.send("PUT", &format!("/cases/{case}/external/helpdesk"), &json!({"id": id}), None)
    };
    assert_eq!(put(&one, "T/17 ä").good()["external"], json!([{"system": "helpdesk", "id": "T/17 ä"}]));
    assert_eq!(served.get("/external/helpdesk/T%2F17%20%C3%A4").good()["case"], json!(one));
    assert_eq!(put(&other, "T/17 ä").problem(409), "taken");
    assert_eq!(put(&one, "T/18").good()["external"], json!([{"system": "helpdesk", "id": "T/18"}]));
    assert_eq!(put(&other, "T/17 ä").status, 200, "free again");
    assert_eq!(served.get("/external/helpdesk/nothing").problem(404), "not-found");
    let path = format!("/cases/{one}/external/helpdesk");
    assert_eq!(served.ask_as(&served.token, "DELETE", &path, &[], b"").status, 204);
    assert_eq!(served.ask_as(&served.token, "DELETE", &path, &[], b"").problem(404), "not-found");
    for id in ["", "a\nb", "a\u{0}", &"x".repeat(201)] {
        assert_eq!(put(&one, id).problem(400), "malformed", "{id:?}");
    }
    let shouting = served.send("PUT", &format!("/cases/{one}/external/HELP"), &json!({"id": "1"}), None);
    assert_eq!(shouting.problem(400), "malformed");
}
