//! `ledger --all`: what the other sides and their people promised, and what it took.

use serde_json::Value;

use crate::explain::Timed;

const MONDAY: &str = "2026-07-06T09:00";

fn contact(home: &Timed, case: &str, with: &str, waited: &str) -> String {
    let args = ["contact", case, "told it all", "--channel", "telephone", "--with", with, "--waited", waited, "-y"];
    home.at(MONDAY, &args)
}

fn home() -> Timed {
    let home = Timed::new();
    for title in ["Router broken", "Bill charged twice"] {
        let case = home.at(MONDAY, &["new", title, "--with", "Acme Ltd", "--zone", "Europe/London", "-y"]);
        contact(&home, &case, "Priya", "25");
        let second = contact(&home, &case, "=SUM(1,\"2\")", "5");
        contact(&home, &case, "priya", "10");
        let second = second.trim_start_matches('#');
        home.at(MONDAY, &["propose", &case, "Call back", "--due", "2026-07-08 17:00", "--promised-in", second, "-y"]);
    }
    let other = home.at(MONDAY, &["new", "Price", "--with", "Northlink Ltd", "--zone", "Europe/London", "-y"]);
    home.at(MONDAY, &["contact", &other, "asked", "--channel", "e-mail", "-y"]);
    home
}

#[test]
fn who_promised_what_and_what_it_took() {
    let home = home();
    let all = home.json(MONDAY, &["ledger", "--all"]);
    assert_eq!(all["schema"], "counterpart/ledger-over-cases/1");
    assert_eq!(all["cases"], 3);
    let acme = &all["others"][0];
    assert_eq!(acme["name"], "Acme Ltd");
    for (key, count) in [
        ("cases", 2),
        ("said", 2),
        ("contacts", 6),
        ("calls", 6),
        ("waited_seconds", 2 * 40 * 60),
        // Once a case: Priya was told already when she was spoken to again.
        ("told_again", 2),
    ] {
        assert_eq!(acme["counts"][key], count, "{key}: {acme}");
    }
    let people = acme["people"].as_array().expect("people");
    let named =
        |name: &str| people.iter().find(|p| p["name"] == name).unwrap_or_else(|| unreachable!("{name}: {acme}"));
    assert_eq!(named("Priya")["counts"]["contacts"], 4, "one person, however written");
    assert_eq!(named("Priya")["counts"]["told_again"], 0);
    let other = named("=SUM(1,\"2\")");
    assert_eq!((&other["counts"]["said"], &other["counts"]["told_again"]), (&Value::from(2), &Value::from(2)));
    let one = home.json(MONDAY, &["ledger", "--with", "acme  ltd"]);
    assert_eq!(one["others"].as_array().map(Vec::len), Some(1));
    let told = home.told(MONDAY, &["ledger", "--all"]);
    for part in ["Acme Ltd, 2 cases", "2 said and never agreed", "told again 2 times", "Told again:"] {
        assert!(told.contains(part), "'{part}' in {told}");
    }
    let output = home.run(MONDAY, &["ledger", "--with", "Nobody"]);
    assert!(!output.status.success());
}

#[test]
fn the_table_runs_nothing() {
    let home = home();
    let file = home.0.path().join("ledger.csv");
    let path = file.to_str().expect("a path");
    home.at(MONDAY, &["ledger", "--all", "--csv", path]);
    let table = std::fs::read_to_string(&file).expect("the table");
    assert!(table.starts_with("other_side,person,cases,kept,late,missed,"), "{table}");
    assert!(table.contains("\"'=SUM(1,\"\"2\"\")\""), "{table}");
    assert!(table.lines().all(|line| !line.split(',').any(|cell| cell.starts_with('='))), "{table}");
    let again = home.run(MONDAY, &["ledger", "--all", "--csv", path]);
    assert!(!again.status.success(), "nothing is written over");
    home.at(MONDAY, &["ledger", "--all", "--csv", path, "--force"]);
}
