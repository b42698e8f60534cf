//! `report` of an exported file: for somebody who has nothing else.

use std::{fs, sync::Arc};

use serde_json::Value;

use crate::{
    authority::{Authority, Keys, openssl_present},
    home::{Home, succeeded, talk},
    service::{Behaviour, Service},
};

/// A case with a file, something erased, and something open, exported; gives the file's path.
fn exported() -> (Home, String) {
    let (home, _) = Home::with_case();
    home.ok(&["item", ".", "price", "24.99", "--type", "money:GBP", "-y"]);
    home.ok(&["propose", ".", "Ring Keith with a decision", "--due", "2030-07-08 17:00", "-y"]);
    home.ok(&["call", ".", "They will ring back", "--with", "supplier:Priya", "--number", "0800 1", "-y"]);
    home.ok(&["erase", ".", "4", "person", "-y"]);
    fs::write(home.path().join("letter.txt"), "Pay within seven days").expect("written");
    home.ok(&["attach", ".", &path(&home, "letter.txt"), "-y"]);
    let file = path(&home, "case.zip");
    home.ok(&["export", ".", &file]);
    (home, file)
}

fn path(home: &Home, name: &str) -> String {
    home.path().join(name).display().to_string()
}

/// A report, as if made at a certain time.
fn page(home: &Home, of: &str, to: &str) -> String {
    let args = ["report", of, to];
    let mut command = home.command(&args);
    let output = command.env("COUNTERPART_TEST_CLOCK", "2030-07-01T10:00+01:00[Europe/London]").output();
    succeeded(&args, output.expect("it starts"));
    fs::read_to_string(to).expect("it was written")
}

#[test]
#[cfg_attr(not(debug_assertions), ignore = "the clock is fixed in debug builds only")]
fn it_is_the_report_of_the_copy_with_another_heading() {
    let (home, file) = exported();
    let arbiter = Home::empty();
    let own = page(&home, ".", &path(&home, "own.html"));
    let given = page(&arbiter, &file, &path(&arbiter, "given.html"));
    let begin = given.find("\n<div class=\"box from\">").expect("the heading");
    let (before, rest) = given.split_at(begin);
    let (heading, after) = rest.split_at(rest.find("</div>").expect("it ends") + "</div>".len());
    assert_eq!(own, format!("{before}{after}"));
    assert!(heading.contains("case.zip") && heading.contains("that <bdi>Keith</bdi> exported on "), "{heading}");
    assert!(own.contains("(erased by <bdi>Keith</bdi> in ") && own.contains("0800 1") && !own.contains("Priya"));
    let left: Vec<_> = fs::read_dir(arbiter.path()).expect("a folder").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["given.html"], "no identity and no store are made by it");
}

#[test]
fn it_says_which_file_it_was_made_from() {
    let (_home, file) = exported();
    let arbiter = Home::empty();
    let report = arbiter.json(&["report", &file]);
    let bytes = fs::read(&file).expect("the file");
    let bundle = &report["bundle"];
    assert_eq!((bundle["name"].as_str(), bundle["size"].as_u64()), (Some("case.zip"), Some(bytes.len() as u64)));
    let sha256 = counterpart_core::attachment::FileRef::of(&bytes).sha256;
    let hex: String = sha256.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!((bundle["sha256"].as_str(), bundle["exporter"].as_str()), (Some(hex.as_str()), Some("Keith")));
    assert_eq!(report["holder"], "Keith");
    assert_eq!(report["beside"][0]["place"], "the person");
    assert_eq!(report["beside"][0]["erased"][0]["who"], "Keith");
    assert_eq!(report["files"][0]["held"], true);
    let to = path(&arbiter, "case.html");
    let (printed, said) = arbiter.said(&["report", &file, &to, "--withhold", "4/number"]);
    assert_eq!(printed, to);
    assert!(
        said.contains("case.zip, which was verified first") && said.contains("Left out: 1 sealed values"),
        "{said}"
    );
    assert!(!fs::read_to_string(&to).expect("it was written").contains("0800 1"));
}

#[test]
fn a_file_that_does_not_hold_is_refused_with_the_reason() {
    let (_home, file) = exported();
    let arbiter = Home::empty();
    let (altered, to) = (path(&arbiter, "altered.zip"), path(&arbiter, "case.html"));
    let good = fs::read(&file).expect("the file");
    for at in [good.len() / 3, good.len() / 2, good.len() - 30] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&altered, bytes).expect("written");
        let said = arbiter.fails(3, &["report", &altered, &to]);
        let verdict = arbiter.fails(3, &["verify", &altered]);
        assert_eq!(said, verdict, "the verifier's own words");
        assert!(said.contains("ask for the original again"), "{said}");
    }
    fs::write(&altered, "no bundle").expect("written");
    arbiter.fails(3, &["report", &altered, &to]);
    let error: Value = serde_json::from_str(&arbiter.fails(3, &["report", &altered, "--json"])).expect("JSON");
    assert_eq!(error["kind"], "verification");
    assert!(fs::metadata(&to).is_err(), "nothing is made of it");
    assert!(arbiter.fails(2, &["report", &path(&arbiter, "nowhere.zip")]).contains("nowhere.zip"));
    // A file whose name could be a case's, with an identity here and without.
    for home in [Home::new(), Home::empty()] {
        fs::write(home.path().join("case"), &good).expect("written");
        let output = home.command(&["report", "case"]).current_dir(home.path()).output().expect("it starts");
        assert!(talk(&output).contains("counterpart report ./case"), "{}", talk(&output));
    }
}

#[test]
fn time_stamps_are_believed_by_the_roots_that_are_named() {
    if !openssl_present() {
        return;
    }
    let authority = Arc::new(Authority::new(Keys::Ec));
    let root = authority.path("root.pem").to_str().expect("a plain path").to_owned();
    let service = Service::start(Arc::clone(&authority), Behaviour::Honest);
    let (home, _) = Home::with_case();
    home.ok(&["stamp", ".", "--service", &service.url(), "--root", &root, "-y"]);
    let file = path(&home, "case.zip");
    home.ok(&["export", ".", &file]);
    let arbiter = Home::empty();
    let own = home.json(&["report", "."]);
    assert_eq!((own["stamps"][0]["status"].as_str(), own["stamps"][0]["covers"].as_u64()), (Some("valid"), Some(1)));
    assert_eq!(own["timeline"][0]["not_after"]["by"], "stamp");
    let unchecked = arbiter.json(&["report", &file]);
    assert_eq!(unchecked["stamps"][0]["status"], "unchecked");
    assert_eq!(unchecked["timeline"][0]["not_after"], Value::Null);
    let believed = arbiter.json(&["report", &file, "--trust", &root]);
    assert_eq!(believed["stamps"], own["stamps"]);
    assert_eq!(believed["timeline"], own["timeline"]);
    let other = Authority::new(Keys::Ec).path("root.pem").to_str().expect("a plain path").to_owned();
    assert!(arbiter.fails(2, &["report", &file, "--trust", &other]).contains("root.pem"), "its folder is gone");
    // A home that keeps no root believes one that is named for this once.
    fs::remove_dir_all(home.path().join("stamp-roots")).expect("the roots");
    assert_eq!(home.json(&["report", "."])["stamps"][0]["status"], "unchecked");
    assert_eq!(home.json(&["report", ".", "--trust", &root])["stamps"][0]["status"], "valid");
}
