//! `steps`: what can be done where the other side stays silent, and until when.

use serde_json::Value;

use crate::explain::Timed;

const MONDAY: &str = "2026-07-06T09:00";

fn refund(home: &Timed) -> String {
    let set = ["amount=24.99 GBP", "paid-for=the June bill", "paid-on=2026-06-03", "reason=it was charged twice"];
    let mut args =
        vec!["new", "--from", "refund", "--with", "Acme Ltd", "--as", "Keith", "--zone", "Europe/London", "-y"];
    for answer in &set {
        args.extend(["--set", answer]);
    }
    home.at(MONDAY, &args)
}

fn step<'s>(steps: &'s Value, name: &str) -> &'s Value {
    let all = steps["steps"].as_array().expect("a list");
    all.iter().find(|step| step["name"] == name).unwrap_or_else(|| unreachable!("{name} in {steps}"))
}

#[test]
fn a_template_brings_its_steps_and_says_how_far_they_are_proven() {
    let home = Timed::new();
    let case = refund(&home);
    let steps = home.json(MONDAY, &["steps", &case]);
    assert_eq!(steps["schema"], "counterpart/steps/1");
    let demand = step(&steps, "written-demand");
    assert_eq!(demand["standing"], "ahead");
    assert_eq!(demand["counted"]["basis"], "signed");
    assert_eq!(demand["counted"]["proven"], false, "nobody else has seen it");
    // Three weeks after Monday 9:00 in London.
    assert_eq!(demand["opens"]["at"], 1_785_139_200_000_i64);
    let scheme = step(&steps, "dispute-scheme");
    assert_eq!(scheme["counted"]["basis"], "stated");
    assert!(scheme["until"]["at"].as_i64() > scheme["opens"]["at"].as_i64());
    let told = home.told(MONDAY, &["steps", &case]);
    for part in
        ["not yet", "3 weeks after", "by your own clock alone", "counterpart stamp", "Check the rules where you live"]
    {
        assert!(told.contains(part), "'{part}' in {told}");
    }
    // Nothing of it is signed.
    assert!(!home.at(MONDAY, &["log", &case]).contains("dispute scheme"));
    // Weeks later it can be taken, and `today` says so.
    let later = "2026-07-28T09:00";
    assert_eq!(step(&home.json(later, &["steps", &case]), "written-demand")["standing"], "open");
    let today = home.json(later, &["today"]);
    let named = |t: &&Value| t["group"] == "steps" && t["step"]["name"] == "written-demand";
    let things = today["things"].as_array().expect("a list");
    assert_eq!(things.iter().filter(named).count(), 1, "{today}");
}

#[test]
fn a_chain_counts_once_the_step_before_was_taken() {
    let home = Timed::new();
    let case = home.at(MONDAY, &["new", "Price", "--with", "Northlink Ltd", "--zone", "Europe/London", "-y"]);
    let add = |args: &[&str]| home.at(MONDAY, &[&["steps", &case, "add"], args].concat());
    add(&["Complain in writing", "--from", "first contact", "--after", "2 weeks", "--name", "complaint"]);
    add(&[
        "Ombudsman",
        "--from",
        "step complaint",
        "--after",
        "8 weeks",
        "--within",
        "6 months",
        "--wants",
        "the complaint",
    ]);
    let steps = home.json(MONDAY, &["steps", &case]);
    assert_eq!(step(&steps, "complaint")["missing"], "no contact with the other side is noted yet");
    assert_eq!(step(&steps, "step-1")["standing"], "uncounted");

    home.at(MONDAY, &["contact", &case, "they said no", "--channel", "telephone", "-y"]);
    let steps = home.json(MONDAY, &["steps", &case]);
    assert_eq!(step(&steps, "complaint")["counted"]["entry"], "#2");
    assert_eq!(step(&steps, "complaint")["counted"]["basis"], "contact");

    let sent = "2026-07-21T09:00";
    home.at(sent, &["contact", &case, "the complaint, in writing", "--channel", "mail", "-y"]);
    home.at(sent, &["steps", &case, "taken", "complaint", "--entry", "3"]);
    home.at(sent, &["steps", &case, "have", "step-1", "1", "3"]);
    let steps = home.json(sent, &["steps", &case]);
    let ombudsman = step(&steps, "step-1");
    assert_eq!(ombudsman["standing"], "ahead");
    // Eight weeks after 21 July 9:00 in London, and six months from then; the clocks go back in between.
    assert_eq!(ombudsman["opens"]["at"], 1_789_459_200_000_i64);
    assert_eq!(ombudsman["until"]["at"], 1_805_101_200_000_i64);
    assert_eq!(ombudsman["wants"][0]["entries"][0], "#3");

    // Near its end it stands first in `today`, with the pack to prepare.
    let near = "2027-03-01T09:00+00:00";
    let today = home.json(near, &["today"]);
    assert_eq!(today["next"]["step"]["standing"], "ends", "{today}");
    assert_eq!(today["next"]["command"][1], "pack");
    // Then it is over, and said so.
    let over = home.json("2027-03-20T09:00+00:00", &["today"]);
    let things = over["things"].as_array().expect("a list");
    assert!(things.iter().any(|t| t["step"]["standing"] == "over"), "{over}");
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let home = Timed::new();
    let case = home.at(MONDAY, &["new", "Price", "--with", "Northlink Ltd", "--zone", "Europe/London", "-y"]);
    for (args, said) in [
        (vec!["add", "x", "--from", "fridayish"], "nothing to count from"),
        (vec!["add", "x", "--from", "case", "--after", "8 fortnights"], "no length of time"),
        (vec!["add", "x", "--from", "step nobody"], "no step is called that"),
        (vec!["add", "x", "--from", "step a", "--name", "a"], "from itself"),
        (vec!["add", "x", "--from", "entry 99"], "99"),
        (vec!["add", "x", "--from", "case", "--name", "Not A Name"], "small letters"),
        (vec!["taken", "nobody"], "no step 'nobody'"),
        (vec!["have", "nobody", "1", "1"], "no step 'nobody'"),
        (vec!["drop", "nobody"], "no step 'nobody'"),
    ] {
        let output = home.run(MONDAY, &[&["steps", &case], args.as_slice()].concat());
        assert!(!output.status.success(), "{args:?}");
        let talk = String::from_utf8_lossy(&output.stderr);
        let talk = talk.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(talk.contains(said), "{args:?}: {talk}");
    }
    assert_eq!(home.json(MONDAY, &["steps", &case])["steps"], Value::Array(Vec::new()));
}
