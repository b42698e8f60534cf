//! The list of what is to be done, searching, who has a case, asides and the one page: in words, in JSON, and that nothing
//! of one's own side leaves.

use crate::{home::Home, notebook::holds, two_homes::joined};

#[test]
fn the_list_and_a_search_show_pages_that_go_on() {
    let (home, case) = Home::with_case();
    home.ok(&["new", "Gas meter", "--with", "Acme Ltd", "--as", "Keith:customer", "--zone", "Europe/London", "-y"]);
    home.ok(&["note", &case, "The Ölfilter was changed", "-y"]);
    let first = home.json(&["queue", "--limit", "1"]);
    assert_eq!(
        (first["schema"].as_str(), first["cases"].as_array().map(Vec::len)),
        (Some("counterpart/queue/1"), Some(1))
    );
    let next = first["next"].as_str().expect("there are more");
    let second = home.json(&["queue", "--limit", "1", "--after", next]);
    assert_ne!(first["cases"][0]["id"], second["cases"][0]["id"]);
    assert_eq!(second["next"], serde_json::Value::Null);
    let (shown, said) = home.said(&["queue", "--limit", "1"]);
    assert!(shown.contains("with nobody") && said.contains("--after"), "{shown}{said}");
    assert!(home.fails(2, &["queue", "--after", "nowhere"]).contains("no place in this list"));
    assert!(home.fails(2, &["queue", "--limit", "0"]).contains("from 1 to 500"));

    assert!(home.ok(&["search", "olfilter"]).contains("Broadband price"));
    assert!(home.ok(&["search", "OLFIL", "chang"]).contains(&case));
    assert!(home.ok(&["search", "olfilter", "--anew"]).contains(&case));
    let (nothing, said) = home.said(&["search", "olfilter", "meter"]);
    assert!(nothing.is_empty() && said.contains("No case holds all"), "{said}");
    assert!(home.fails(2, &["search", "?!"]).contains("no word"));
    assert_eq!(home.json(&["queue", "--text", "gas"])["cases"][0]["title"], "Gas meter");
    assert_eq!(home.json(&["queue", "--ours"])["cases"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_case_is_given_to_somebody_and_handed_over() {
    let (home, case) = Home::with_case();
    assert_eq!(home.ok(&["assign", &case]), "");
    assert_eq!(home.ok(&["assign", &case, "Änne Müller"]), "Änne Müller");
    assert_eq!(home.json(&["assign", &case])["agent"], "Änne Müller");
    assert!(home.ok(&["queue", "--agent", "anne muller"]).contains("with Änne Müller"));
    assert_eq!(home.json(&["queue", "--nobody"])["cases"].as_array().map(Vec::len), Some(0));
    assert!(home.ok(&["queue", "--agents"]).contains("Änne Müller"), "as it was typed");
    assert!(home.fails(2, &["assign", &case, " "]).contains("empty"));
    home.ok(&["handover", &case, "--person", "Bo", "-y"]);
    assert_eq!(home.json(&["assign", &case])["agent"], "Bo", "who is responsible on record has it in the list");
    home.ok(&["assign", &case, "--nobody"]);
    assert_eq!(home.json(&["queue", "--nobody"])["cases"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_desk_says_once_what_it_is_called_and_what_it_is() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let home = Home::empty();
    home.fails(2, &["init", "--name", "Acme Ltd", "--role", "boss"]);
    home.fails(4, &["list"]);
    home.ok(&["init", "--name", "Acme Ltd"]);
    let opened = |args: &[&str]| words(&home.said(&[&["new", "Bill"], args, &["-y"]].concat()).1);
    // Who opens a case for customers is their supplier.
    let said = opened(&["--with", "Maya:customer", "--with", "Ann:observer"]);
    assert!(said.contains("Acme Ltd (supplier) Maya (customer) Ann (observer)"), "{said}");
    let said = opened(&["--with", "Brightwatt:supplier"]);
    assert!(said.contains("Acme Ltd (customer) Brightwatt (supplier)"), "{said}");
    let said = opened(&["--with", "Maya:customer", "--role", "customer"]);
    assert!(said.contains("Acme Ltd (customer) Maya (customer)"), "what is said is what is signed: {said}");
    let said = opened(&["--with", "Maya", "--as", "Acme Service:supplier"]);
    assert!(said.contains("Acme Service (supplier) Maya (customer)"), "{said}");
    let said = opened(&["--with", "Brightwatt"]);
    assert!(said.contains("Acme Ltd (customer) Brightwatt (supplier)"), "{said}");

    assert_eq!(home.ok(&["identity", "name"]), "Acme Ltd");
    assert!(home.fails(2, &["identity", "name", "--role", "arbiter"]).contains("customer, supplier or third"));
    assert_eq!(home.ok(&["identity", "name", "--role", "supplier"]), "Acme Ltd (supplier)");
    let said = opened(&["--with", "Maya"]);
    assert!(said.contains("Acme Ltd (supplier) Maya (customer)"), "{said}");
    let said = opened(&["--with", "Brightwatt:supplier"]);
    assert!(said.contains("Acme Ltd (customer) Brightwatt (supplier)"), "{said}");
    home.ok(&["identity", "name", "Acme Service"]);
    let kept = home.json(&["identity", "name"]);
    assert_eq!((kept["name"].as_str(), kept["role"].as_str()), (Some("Acme Service"), Some("supplier")));
}

#[test]
fn a_case_begun_by_a_template_is_listed_by_it() {
    let home = Home::new();
    let made = ["new", "--from", "refund", "--with", "Acme Ltd", "--as", "Keith", "--set", "amount=£24.99", "-y"];
    let more = ["--set", "paid-for=the June bill", "--set", "paid-on=2026-06-03", "--set", "reason=it came twice"];
    home.ok(&[&made[..], &more[..]].concat());
    assert_eq!(home.json(&["queue", "--template", made[2]])["cases"].as_array().map(Vec::len), Some(1));
    assert_eq!(home.json(&["queue", "--template", "another"])["cases"].as_array().map(Vec::len), Some(0));
}

#[test]
fn asides_are_told_to_the_own_side_and_never_leave() {
    const CANARY: &str = "canary-51d7c2";
    let (customer, up, supplier, case) = joined();
    assert_eq!(customer.ok(&["aside", &case, &format!("{CANARY} ask Bo first"), "--as", "Änne"]), "1");
    customer.ok(&["assign", &case, &format!("agent-{CANARY}")]);
    let shown = customer.ok(&["aside", &case]);
    assert!(shown.contains("Änne") && shown.contains(CANARY), "{shown}");
    let page = customer.ok(&["summary", &case]);
    assert!(page.contains("Broadband price") && page.contains("Asides (of your own side") && page.contains(CANARY));
    assert_eq!(customer.json(&["summary", &case])["asides"][0]["agent"], "Änne");
    assert!(holds(customer.path(), CANARY), "it is kept here");

    // A hand-over is read by everybody: nothing of it is there.
    customer.ok(&["handover", &case, "--person", "Bo", "-y"]);
    customer.ok(&["assign", &case, &format!("agent-{CANARY}")]);
    customer.ok(&["contact", &case, "She rings back", "--with", "Quixnard", "--channel", "chat", "-y"]);
    customer.ok(&["note", &case, "The bill came", "-y"]);
    let other = supplier.up();
    other.until("the note arrives", || supplier.ok(&["log", &case]).contains("The bill came"));
    // What came over a connection is found by its words, also those of a sealed name.
    other.until("the name arrives", || supplier.ok(&["search", "quixn", "bill"]).contains(&case));
    other.stop();
    up.stop();
    assert!(!holds(supplier.path(), CANARY), "the other side's home after a connection");

    customer.ok(&["note", &case, "It was paid", "-y"]);
    let out = tempfile::tempdir().expect("a folder");
    let place = |name: &str| out.path().join(name).to_str().expect("a plain path").to_owned();
    customer.ok(&["post", &case, "--file", &place("case.post")]);
    supplier.ok(&["take", &place("case.post")]);
    assert!(supplier.ok(&["log", &case]).contains("It was paid"));
    assert!(supplier.ok(&["search", "paid", "quixnard"]).contains(&case), "what came by file is found");
    customer.ok(&["export", &case, &place("case.zip")]);
    customer.ok(&["report", &case, &place("report.html")]);
    for shown in [customer.ok(&["log", &case]), customer.ok(&["log", &case, "--json"]), customer.ok(&["show", &case])] {
        assert!(!shown.contains(CANARY), "{shown}");
    }
    assert!(!holds(out.path(), CANARY), "files for the other side, bundle, report");
    assert!(!holds(supplier.path(), CANARY), "the other side's home after a file");

    assert!(customer.fails(2, &["aside", &case, "--remove", "7"]).contains("no aside 7"));
    customer.ok(&["aside", &case, "--remove", "1"]);
    assert!(!customer.ok(&["aside", &case]).contains(CANARY));
}
