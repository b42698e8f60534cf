//! `today` over several cases, at given times.

use serde_json::Value;

use crate::explain::Timed;

/// Opens a case; gives its short form.
fn open(home: &Timed, clock: &str, title: &str, with: &str) -> String {
    home.at(clock, &["new", title, "--with", with, "--as", "Keith:customer", "--zone", "Europe/London", "-y"])
}

/// Notes a call and what was promised in it; gives the promise's number.
fn promised(home: &Timed, clock: &str, case: &str, what: &str, due: &str) -> String {
    let call =
        home.at(clock, &["contact", case, "they promised it", "--channel", "telephone", "--with", "Priya", "-y"]);
    let call = call.trim_start_matches('#').to_owned();
    let promise = home.at(clock, &["propose", case, what, "--due", due, "--promised-in", &call, "-y"]);
    promise.trim_start_matches('#').to_owned()
}

fn groups(today: &Value) -> Vec<(String, String)> {
    let things = today["things"].as_array().expect("a list");
    let word = |thing: &Value, key: &str| thing[key].as_str().unwrap_or_default().to_owned();
    things.iter().map(|thing| (word(thing, "group"), word(thing, "title"))).collect()
}

#[test]
fn nothing_is_one_line() {
    let home = Timed::new();
    assert_eq!(home.at("2026-07-06T09:00", &["today"]), "nothing today");
    let today = home.json("2026-07-06T09:00", &["today"]);
    assert_eq!(today["schema"], "counterpart/today/1");
    assert_eq!(today["things"], Value::Array(Vec::new()));
    assert_eq!(today["next"], Value::Null);
}

#[test]
fn what_is_late_stands_first_with_what_to_type() {
    let home = Timed::new();
    let monday = "2026-07-06T09:00";
    let machine = open(&home, monday, "Washing machine broken", "Acme Ltd:supplier");
    let bill = open(&home, monday, "Bill charged twice", "Northlink Ltd:supplier");
    let late = promised(&home, monday, &machine, "Send somebody to repair it", "2026-07-08 17:00");
    promised(&home, monday, &bill, "Pay 24.99 back", "2026-07-14 17:00");

    // Before anything is due nothing is overdue; the one due within seven days is named.
    let today = home.json(monday, &["today"]);
    assert!(groups(&today).contains(&("soon".to_owned(), "Washing machine broken".to_owned())), "{today}");
    assert!(!groups(&today).iter().any(|(group, _)| group == "overdue"), "{today}");

    let thursday = "2026-07-09T09:00";
    let today = home.json(thursday, &["today"]);
    let all = groups(&today);
    assert_eq!(all[0], ("overdue".to_owned(), "Washing machine broken".to_owned()), "{today}");
    assert!(all.contains(&("soon".to_owned(), "Bill charged twice".to_owned())), "{today}");
    let first = &today["things"][0];
    assert_eq!(first["due"]["said"], true, "nobody agreed it");
    assert_eq!(first["due"]["about"], Value::String(late.clone()));
    assert_eq!(first["case"], Value::String(machine.clone()));
    let told = home.told(thursday, &["today"]);
    for part in ["Next", "Overdue", "Due within seven days", "Acme Ltd: Send somebody to repair it", "not agreed"] {
        assert!(told.contains(part), "'{part}' in {told}");
    }
    // They have not joined: no answer of theirs is waited for beside what is due.
    assert!(!told.contains("Waiting"), "{told}");
    // What it says to type works as it stands.
    let command: Vec<&str> =
        today["next"]["command"].as_array().expect("words").iter().filter_map(Value::as_str).collect();
    assert_eq!(command[0], "counterpart");
    let output = home.run(thursday, &[&command[1..], &["-y"]].concat());
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_list_tells_a_due_time_in_the_zone_of_its_case() {
    let home = Timed::new();
    let monday = "2026-07-06T09:00";
    for (title, zone) in [("Gym", "Europe/Berlin"), ("Pool", "UTC")] {
        let new = ["new", title, "--with", "Acme Ltd:supplier", "--as", "Keith:customer", "--zone", zone, "-y"];
        let case = home.at(monday, &new);
        promised(&home, monday, &case, "Send the contract", "2026-07-08 23:59");
    }
    // The machine's clock shows UTC.
    for list in [&["list"][..], &["queue"], &["search", "contract"], &["today"]] {
        let told = home.told(monday, list);
        assert!(told.contains("due 8 Jul 23:59 CEST,") && told.contains("due 8 Jul 23:59,"), "{list:?}: {told}");
    }
}

#[test]
fn an_agreement_made_elsewhere_shows_without_opening_the_case() {
    let home = Timed::new();
    let monday = "2026-07-06T09:00";
    let case = open(&home, monday, "Broadband price", "Northlink Ltd:supplier");
    home.at(monday, &["propose", &case, "Charge 24.99 a month", "--by", "supplier", "-y"]);
    let today = home.json(monday, &["today"]);
    let waits: Vec<&Value> =
        today["things"].as_array().expect("a list").iter().filter(|t| t["group"] == "waiting").collect();
    assert!(waits.iter().any(|t| t["wait"]["who"] == "Northlink Ltd"), "{today}");
    // Whom one waits for can be left out.
    let brief = home.json(monday, &["today", "--brief"]);
    assert!(!groups(&brief).iter().any(|(group, _)| group == "waiting"), "{brief}");
}

#[test]
fn names_from_elsewhere_are_shown_harmless() {
    let home = Timed::new();
    let monday = "2026-07-06T09:00";
    let case = open(&home, monday, "A \"title\" = with; everything", "=cmd|' /C calc'!A0:supplier");
    promised(&home, monday, &case, "first line\nsecond line", "2026-07-07 17:00");
    let told = home.told("2026-07-08T09:00", &["today"]);
    assert!(told.contains("first line / second line"), "{told}");
}

#[test]
fn a_letter_that_is_due_waits_for_a_yes() {
    let home = Timed::new();
    let monday = "2026-07-06T09:00";
    let case = open(&home, monday, "Washing machine broken", "Acme Ltd:supplier");
    promised(&home, monday, &case, "Send somebody to repair it", "2026-07-08 17:00");
    // Days later a reminder is due by the usual rule; nothing was sent unasked.
    let today = home.json("2026-07-13T10:00", &["today"]);
    let letters: Vec<&Value> =
        today["things"].as_array().expect("a list").iter().filter(|t| t["group"] == "letters").collect();
    assert_eq!(letters.len(), 1, "{today}");
    assert_eq!(letters[0]["letter"]["state"], "asks", "{today}");
    assert_eq!(letters[0]["command"], serde_json::json!(["counterpart", "reminders", "send", case]));
    assert!(!home.at("2026-07-13T10:00", &["log", &case]).contains("reminds"));
}
