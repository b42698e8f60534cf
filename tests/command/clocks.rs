//! `clock`: proposed, agreed by a template, and what is said where none runs.

use crate::explain::Timed;

const MONDAY: &str = "2026-07-06T09:00";

#[test]
fn clocks_are_proposed_as_data_and_in_words() {
    let home = Timed::new();
    let case = home.at(MONDAY, &["new", "Invoices", "--with", "Northlink Ltd", "--zone", "Europe/London", "-y"]);
    let propose = ["clock", &case, "propose", "--first-answer", "4 hours", "--holidays", "zone", "-y"];
    // What is signed is shown, whole, before it is.
    let told = String::from_utf8(home.run(MONDAY, &propose).stderr).expect("text");
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "first answer 4h",
        "mon-fri 09:00-17:00",
        "2026-08-31 Late Summer Bank Holiday",
        "No pause stops the first answer",
    ] {
        assert!(told.contains(part), "'{part}' in {told}");
    }
    let refused = home.run(MONDAY, &["clock", &case, "pause", "we wait", "-y"]);
    assert!(
        !refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("no service clocks are agreed")
    );
    // Nobody has accepted it, so there is no clock, for programs neither.
    let json = home.json(MONDAY, &["clock", &case]);
    assert_eq!((&json["schema"], &json["clocks"]), (&"counterpart/clock/1".into(), &serde_json::Value::Null));
    let shown = home.json(MONDAY, &["show", &case]);
    let open = shown["matters"].as_array().expect("a list").iter().all(|m| m["state"] != "agreed");
    assert!(open && shown.get("clocks").is_none(), "{shown}");
}

#[test]
fn a_template_proposes_clocks_together_with_what_they_are_for() {
    let home = Timed::new();
    let set = "request=the invoice for May cannot be downloaded";
    let new =
        ["new", "--from", "support-request", "--with", "Northlink Ltd", "--zone", "Europe/Berlin", "--set", set, "-y"];
    let case = home.at(MONDAY, &new);
    let shown = home.json(MONDAY, &["show", &case]);
    let action = &shown["actions"][0]["open_revisions"][0];
    // One proposal of three parts, to be signed by both.
    let parts: Vec<&str> = shown["matters"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|m| m["open_revisions"][0]["id"] == action["id"])
        .filter_map(|m| m["ref"].as_str())
        .collect();
    assert_eq!(parts.len(), 2, "{shown}");
    assert_eq!(action["signers"], serde_json::json!([0, 1]));
    let template = home.json(MONDAY, &["template", "show", "support-request"]);
    assert_eq!(template["clocks"]["clocks"]["first-answer"], "4 hours");
}

#[test]
fn both_sides_see_the_same_clock_stopped_and_run_on() {
    let (customer, supplier) = (Timed::new(), Timed::new());
    let set = "request=the invoice for May cannot be downloaded";
    let new =
        ["new", "--from", "support-request", "--with", "Northlink Ltd", "--zone", "Europe/London", "--set", set, "-y"];
    let case = customer.at(MONDAY, &new);
    let meet = |clock: &str| {
        let _up = customer.up(clock);
        let addresses =
            std::fs::read_to_string(customer.0.path().join("node.addresses")).expect("the node's addresses");
        supplier.at(clock, &["sync", ".", "--address", addresses.lines().next().expect("an address")]);
    };
    {
        let _up = customer.up(MONDAY);
        let link = customer.at(MONDAY, &["invite", ".", "-y"]);
        supplier.at(MONDAY, &["join", &link, "-y"]);
        supplier.at(MONDAY, &["sync", "."]);
    }
    let shown = supplier.json(MONDAY, &["show", "."]);
    let offer = shown["actions"][0]["open_revisions"][0]["ref"].as_str().expect("an offer").trim_start_matches('#');
    supplier.at("2026-07-06T10:00", &["accept", ".", offer, "-y"]);
    meet("2026-07-06T10:05");
    let both = |clock: &str| {
        let [mine, theirs] = [&customer, &supplier].map(|home| home.json(clock, &["clock", "."])["clocks"].clone());
        assert_eq!(mine, theirs);
        mine
    };
    let clocks = both("2026-07-06T10:40");
    let says = clocks["clocks"][0]["says"].as_str().expect("words");
    assert_eq!(says, "3 h 20 min left of 4 working hours (until Mon 6 Jul 2026 14:00 BST)");
    assert_eq!(clocks["holidays"][0]["day"], "2026-08-31");

    // What runs out stands in the lists of both, in its place and as overdue once it is.
    for home in [&customer, &supplier] {
        let due = |clock: &str, args: &[&str]| home.json(clock, args)["cases"][0]["next_due"].clone();
        let until = clocks["clocks"][0]["until"].clone();
        assert_eq!(due("2026-07-06T10:40", &["queue"]), until);
        assert_eq!(due("2026-07-06T13:59", &["queue", "--overdue"]), serde_json::Value::Null);
        assert_eq!(due("2026-07-06T14:01", &["queue", "--overdue"]), until);
        // What is to be done there is another matter than what is due.
        let row = home.json("2026-07-06T14:01", &["queue"])["cases"][0].clone();
        let ours = row["waiting_for_us"].as_bool().expect("it is said");
        assert_eq!(row["due"][0]["clock"], "first-answer", "{row}");
        assert_eq!(row["due"][0]["ours"], ours, "{row}");
        let whose = if ours { "your" } else { "their" };
        let told = home.at("2026-07-06T14:01", &["queue"]).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&format!("; {whose} first answer due 6 Jul 14:00")), "{told}");
        let today = home.json("2026-07-06T14:01", &["today"]);
        let things = today["things"].as_array().expect("a list");
        let clock = things.iter().find(|thing| thing["clock"]["clock"] == "first-answer").expect("the clock");
        assert_eq!((&clock["group"], &clock["clock"]["at"]), (&"overdue".into(), &until), "{today}");
    }

    supplier.at("2026-07-06T11:00", &["note", ".", "we look at it", "-y"]);
    supplier.at("2026-07-06T11:30", &["clock", ".", "pause", "which invoice number?", "-y"]);
    meet("2026-07-06T11:31");
    let told = customer.told("2026-07-06T12:00", &["clock", "."]);
    for part in [
        "First answer: in time, #",
        "Next update: stands still with 15 h 30 min left of 16 working hours",
        "Resolution: stands still with 38 h 30 min left of 40 working hours",
        "Stopped by Northlink Ltd since 6 Jul 11:30",
        "which invoice number?",
    ] {
        assert!(told.contains(part), "'{part}' in {told}");
    }
    assert_eq!(both("2026-07-06T12:00")["clocks"][2]["standing"], "paused");
    // An answer ends it, so that there is nothing left to end.
    customer.at("2026-07-06T13:30", &["note", ".", "number 4711", "-y"]);
    let again = customer.run("2026-07-06T13:31", &["clock", ".", "resume", "-y"]);
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("not stopped"));
    meet("2026-07-06T13:32");
    let clocks = both("2026-07-06T13:40");
    assert_eq!(clocks["clocks"][1]["left_seconds"], 15 * 3600 + 20 * 60);
    assert!(clocks["pauses"][0]["until"].is_i64());
    customer.at("2026-07-06T14:00", &["clock", &case, "pause", "away until Friday", "-y"]);
    customer.at("2026-07-10T09:00", &["clock", &case, "resume", "-y"]);
    let friday = "2026-07-10T09:10";
    assert_eq!(customer.json(friday, &["clock", "."])["clocks"]["clocks"][2]["standing"], "running");
    let file = customer.0.path().join("report.html");
    let report = customer.json(friday, &["report", ".", file.to_str().expect("text")]);
    assert!(report["clocks"][0].as_str().is_some_and(|line| line.starts_with("First answer: in time")), "{report}");
}
