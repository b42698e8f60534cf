//! The notebook: filled, shown, and never sent to anybody.

use std::{fs, path::Path};

use crate::home::Home;

/// Whether any file below a folder holds these bytes.
pub(crate) fn holds(folder: &Path, needle: &str) -> bool {
    fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        // Sockets cannot be read, and hold nothing.
        fs::read(&path).is_ok_and(|bytes| bytes.windows(needle.len()).any(|part| part == needle.as_bytes()))
    })
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name in front of the note that says this.
fn name_of(home: &Home, text: &str) -> String {
    let notes = home.json(&["notebook"]);
    let found = notes["notes"]
        .as_array()
        .expect("notes")
        .iter()
        .find(|n| n.to_string().contains(text))
        .expect("the note")
        .clone();
    found["name_here"].as_str().expect("a name").to_owned()
}

#[test]
fn notes_are_added_shown_brought_up_to_date_and_taken_out() {
    let home = Home::new();
    home.ok(&["notebook", "add", "number", "Acme Ltd", "0800 111-222", "--label", "complaints"]);
    home.ok(&[
        "notebook",
        "add",
        "path",
        "acme  ltd",
        "2, 1, wait 40 s, say complaint, 4",
        "--took",
        "6",
        "--worked",
        "2026-05-03 10:00",
    ]);
    home.ok(&["notebook", "add", "person", "ACME LTD", "Dean", "--role", "customer care", "--phone", "020 7946 0000"]);
    home.ok(&[
        "notebook",
        "add",
        "person",
        "Acme Ltd",
        "dean",
        "--email",
        "dean@acme.example",
        "--hours",
        "Mon to Thu",
    ]);
    home.ok(&["notebook", "add", "note", "Acme Ltd", "they close at 4 on Fridays"]);
    home.ok(&["notebook", "add", "note", "Northlink Ltd", "never answers on Mondays"]);
    let shown = words(&home.ok(&["notebook", "acme ltd"]));
    for told in [
        "0800 111-222, complaints",
        "2, 1, wait 40 s, say complaint, 4 (6 min, worked 3 May",
        "dean, customer care, direct line 020 7946 0000, dean@acme.example, Mon to Thu",
        "they close at 4",
    ] {
        assert!(shown.contains(told), "{told}\n{shown}");
    }
    assert!(!shown.contains("Mondays"), "{shown}");
    assert_eq!(home.json(&["notebook"])["notes"].as_array().expect("notes").len(), 5, "Dean is one person");
    let note = name_of(&home, "close at 4");
    let unsure = home.fails(2, &["notebook", "remove", &note]);
    assert!(unsure.contains("--yes"), "{unsure}");
    home.ok(&["notebook", "remove", &note, "-y"]);
    assert!(!home.ok(&["notebook"]).contains("close at 4"));
    assert!(home.fails(2, &["notebook", "remove", &note, "-y"]).contains("no note is called"));
    for wrong in [&["path", "Acme Ltd", "wait a while"][..], &["path", "Acme Ltd", ", ,"], &["person", "Acme Ltd", " "]]
    {
        home.fails(2, &[&["notebook", "add"], wrong].concat());
    }
}

#[test]
fn a_call_fills_it() {
    let (home, case) = Home::with_case();
    let call = ["call", &case, "Dean rings back", "--with", "Dean", "--role", "complaints", "--line", "020 7946 0000"];
    let way = ["--number", "0800 111 222", "--menu", "2, wait 40 s", "--waited", "25", "-y"];
    home.ok(&[&call[..], &way[..]].concat());
    let shown = words(&home.ok(&["notebook", &case]));
    for told in ["0800 111 222 (worked", "2, wait 40 s (25 min, worked", "Dean, complaints, direct line 020 7946 0000"]
    {
        assert!(shown.contains(told), "{told}\n{shown}");
    }
    // Somebody who rang us has shown us no way to them.
    home.ok(&["call", &case, "She rang", "--in", "--with", "Priya", "--number", "0113 1", "--waited", "1", "-y"]);
    let shown = home.ok(&["notebook", "northlink"]);
    assert!(shown.contains("Priya") && !shown.contains("0113"), "{shown}");
}

#[test]
fn private_notes_are_marked_and_shared_only_on_purpose() {
    let (home, case) = Home::with_case();
    home.ok(&["note", &case, "--private", "I would settle for £100"]);
    let shown = home.ok(&["show", &case]);
    assert!(shown.contains("Private (kept on this machine only") && shown.contains("settle for £100"), "{shown}");
    assert!(!home.ok(&["log", &case]).contains("settle"));
    let note = name_of(&home, "settle");
    assert!(home.fails(2, &["share", &case, &note]).contains("nothing was signed"));
    let (signed, said) = home.said(&["share", &case, &note, "-y"]);
    assert_eq!(signed, "#2");
    assert!(said.contains("Keith notes") && said.contains("settle for £100"), "what is signed is shown: {said}");
    assert!(home.ok(&["log", &case]).contains("settle for £100"));
    assert!(home.ok(&["show", &case]).contains("[on record as #2]"));
    assert!(home.fails(1, &["share", &case, &note, "-y"]).contains("on record already, as #2"));
    assert!(home.fails(2, &["share", &case, "zzzz", "-y"]).contains("no note is called"));
}

/// Not one byte of it leaves: neither in a bundle, nor in a report, nor to the other side's node.
#[test]
fn nothing_of_it_is_ever_sent() {
    const CANARY: &str = "canary-7f3a91";
    let (customer, up, supplier, case) = crate::two_homes::joined();
    customer.ok(&["note", &case, "--private", &format!("{CANARY} case note")]);
    for add in [
        &["number", "Northlink Ltd", "0800", "--label", CANARY][..],
        &["path", "Northlink Ltd", &format!("say {CANARY}")],
        &["person", "Northlink Ltd", CANARY, "--email", "x@canary.example"],
        &["note", "Northlink Ltd", CANARY],
    ] {
        customer.ok(&[&["notebook", "add"], add].concat());
    }
    customer.ok(&["call", &case, "Dean rings back", "--with", "Dean", "--line", CANARY, "-y"]);
    assert!(holds(customer.path(), CANARY), "it is kept here");
    assert!(customer.ok(&["notebook", "northlink"]).contains(CANARY));
    let supplier_up = supplier.up();
    supplier_up.until("the call arrives", || supplier.ok(&["log", &case]).contains("Dean rings back"));
    supplier_up.stop();
    up.stop();
    assert!(!holds(supplier.path(), CANARY), "the other side's home");
    let (bundle, report) = (customer.path().join("case.zip"), customer.path().join("report.html"));
    customer.ok(&["export", &case, bundle.to_str().expect("a path")]);
    customer.ok(&["report", &case, report.to_str().expect("a path")]);
    let out = tempfile::tempdir().expect("a folder");
    for file in [&bundle, &report] {
        fs::copy(file, out.path().join(file.file_name().expect("a name"))).expect("copied");
    }
    assert!(!holds(out.path(), CANARY), "bundle and report");
    for shown in [customer.ok(&["log", &case]), customer.ok(&["log", &case, "--json"]), customer.ok(&["people", &case])]
    {
        assert!(!shown.contains(CANARY), "{shown}");
    }
}
