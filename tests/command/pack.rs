//! `pack`: what is handed to whoever decides.

use std::{fs, process::Command};

use crate::{
    explain::Timed,
    home::{Home, succeeded},
};

const MONDAY: &str = "2026-07-06T09:00";

#[test]
fn the_pack_says_what_is_where_and_what_is_missing() {
    let home = Timed::new();
    let case = home.at(MONDAY, &["new", "Router broken", "--with", "Acme Ltd", "--zone", "Europe/London", "-y"]);
    home.at(MONDAY, &["contact", &case, "they promised it", "--channel", "telephone", "--with", "Priya", "-y"]);
    home.at(MONDAY, &["propose", &case, "Repair it", "--due", "2026-07-08 17:00", "--promised-in", "2", "-y"]);
    let step =
        ["steps", &case, "add", "Ombudsman", "--from", "first contact", "--after", "8 weeks", "--within", "6 months"];
    home.at(
        MONDAY,
        &[&step[..], &["--to", "the ombudsman", "--wants", "the receipt", "--wants", "who said what"]].concat(),
    );
    home.at(MONDAY, &["steps", &case, "have", "step-1", "2", "2"]);

    let folder = home.0.path().join("pack");
    let path = folder.to_str().expect("a path");
    let mut command = home.command("2026-09-07T09:00", &["pack", &case, "--out", path, "--json"]);
    // Without a browser there is no PDF, and that is said.
    command.env("COUNTERPART_BROWSER", "/nowhere/chromium");
    let (out, _) = succeeded(&["pack"], command.output().expect("the command starts"));
    let made: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(made["printed"], false);
    assert_eq!(made["missing"], serde_json::json!(["the receipt"]));
    let cover = fs::read_to_string(folder.join("cover.txt")).expect("the page");
    for part in
        ["the ombudsman", "who said what: entry #2", "the receipt: not in the record", "WHAT IS MISSING", "THE DATES"]
    {
        assert!(cover.contains(part), "'{part}' in {cover}");
    }
    assert!(cover.contains(made["sha256"].as_str().expect("a hash")), "{cover}");
    assert!(fs::read_to_string(folder.join("report.html")).expect("the report").contains("Router broken"));
    let bundle = folder.join(format!("{case}.zip"));
    let verified = Home::empty().run(&["verify", bundle.to_str().expect("a path")]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    // Nothing is written over.
    let again: &mut Command = &mut home.command("2026-09-07T09:00", &["pack", &case, "--out", path]);
    assert!(!again.output().expect("the command starts").status.success());
}
