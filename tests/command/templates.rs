//! Case templates through the `counterpart` command: listed, shown, made, checked, and used to open cases.

use std::fs;

use serde_json::Value;

use crate::home::{Home, talk};

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|v| v.as_str().expect("a text")).collect()
}

const BUILT_IN: [&str; 9] = [
    "price-renegotiation",
    "missed-callback",
    "faulty-goods",
    "refund",
    "delivery",
    "repair-visit",
    "insurance-claim",
    "service-incident",
    "support-request",
];

#[test]
fn built_in_templates_are_listed_shown_and_good() {
    let home = Home::empty();
    let listed = home.json(&["template", "list"]);
    let names: Vec<&str> =
        listed["templates"].as_array().expect("a list").iter().filter_map(|t| t["name"].as_str()).collect();
    assert_eq!(names, BUILT_IN);
    for name in BUILT_IN {
        let shown = home.ok(&["template", "show", name]);
        assert!(shown.contains("Asks") && shown.contains("Proposes"), "{shown}");
        assert!(home.ok(&["template", "check", name]).contains("is good"));
        assert!(home.ok(&["template", "show", name, "--toml"]).contains("[[action]]"));
        assert_eq!(home.json(&["template", "show", name])["schema"], "counterpart/template/1");
    }
}

#[test]
fn every_built_in_template_opens_a_case() {
    let home = Home::new();
    for name in BUILT_IN {
        let template = home.json(&["template", "show", name]);
        // The answers are those that the refusal says would work.
        let said = home.fails(2, &["new", "--from", name, "--with", "Acme Ltd", "--yes"]);
        let hint = said.lines().find(|l| l.starts_with("hint:")).expect("a hint");
        let mut args = vec!["new", "A case of mine", "--from", name, "--with", "Acme Ltd", "--as", "Keith", "--yes"];
        for part in hint.split("--set ").skip(1) {
            args.extend(["--set", part.trim().trim_matches('\'')]);
        }
        let opened = home.json(&args);
        assert_eq!(opened["template"]["name"], name);
        let short = opened["short"].as_str().expect("a short form");
        let signed = opened["signed"].as_array().expect("a list");
        let shown = home.json(&["show", short]);
        assert_eq!(shown["case"]["title"], "A case of mine");
        assert_eq!(shown["case"]["entries"].as_u64().expect("a count"), signed.len() as u64 + 1, "{name}");
        let actions = shown["actions"].as_array().expect("a list");
        assert!(actions.len() <= template["actions"].as_array().expect("a list").len());
        assert!(!actions.is_empty() && actions.iter().all(|a| a["state"] == "proposed"), "{name}");
        assert!(!opened["reminders"].as_array().expect("a list").is_empty(), "{name}");
    }
}

#[test]
fn a_plan_is_shown_in_full_and_signed_after_one_question() {
    let home = Home::new();
    let args = ["new", "--from", "refund", "--with", "Acme Ltd", "--as", "Keith", "--set", "amount=£24.99"];
    let more = ["--set", "paid-for=the June bill", "--set", "paid-on=2026-06-03", "--set", "reason=it came twice"];
    let all = [&args[..], &more[..]].concat();
    let said = home.fails(2, &all);
    assert!(said.contains("--yes"), "{said}");
    assert!(home.json(&["list"])["cases"].as_array().expect("a list").is_empty(), "nothing was opened");
    let output = home.run(&[&all[..], &["--yes"]].concat());
    let short = String::from_utf8(output.stdout.clone()).expect("text");
    // However the lines are broken.
    let said = talk(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(short.lines().count(), 1, "{short}");
    for part in [
        "As Keith, you sign 7 acts",
        "Pay back £24.99 of what was paid on 2026-06-03 for the June bill, because it came twice; the way it was paid",
        "by Acme Ltd for Keith",
        "once signed by Keith and Acme Ltd",
        "which needs an answer to 'reference'",
        "#7",
        "None goes to anybody without your yes",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let shown = home.json(&["show", "."]);
    assert_eq!(shown["case"]["title"], "Money back");
    assert_eq!(shown["actions"][0]["open_revisions"][0]["terms"]["value"]["amount"], "24.99");
    assert_eq!(shown["items"].as_array().map(Vec::len), Some(5));
}

#[test]
fn answers_that_are_missing_or_wrong_are_named_with_what_works() {
    let home = Home::new();
    let new = ["new", "--from", "refund", "--with", "Acme Ltd", "--yes"];
    let said = home.fails(2, &new);
    for part in ["amount", "paid-on", "--set 'amount=24.99 GBP'", "--set paid-on=2026-06-03"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = home.fails(2, &[&new[..], &["--set", "amount=24.99", "--set", "colour=red"]].concat());
    assert!(said.contains("no currency") && said.contains("does not ask for 'colour'"), "{said}");
    let said = home.fails(2, &["new", "--from", "refnd", "--with", "Acme Ltd", "--yes"]);
    assert!(said.contains("'refund' was perhaps meant"), "{said}");
    assert!(home.fails(2, &["new", "--with", "Acme Ltd", "--yes"]).contains("TITLE"));
    assert!(home.json(&["list"])["cases"].as_array().expect("a list").is_empty());
}

#[test]
fn one_of_ones_own_is_made_checked_and_used() {
    let home = Home::new();
    let file = home.ok(&["template", "new", "late-parcel"]);
    let path = std::path::Path::new(file.trim());
    assert_eq!(path, home.path().join("templates/late-parcel.toml"));
    assert!(home.fails(1, &["template", "new", "late-parcel"]).contains("nothing is written over it"));
    assert!(home.ok(&["template", "check", "late-parcel"]).contains("is good"));
    let opened = home.json(&[
        "new",
        "--from",
        "late-parcel",
        "--with",
        "Parcels Ltd",
        "--set",
        "parcel=boots",
        "--set",
        "promised=2026-05-02",
        "--yes",
    ]);
    assert_eq!(opened["template"]["from"], "own");
    // A copy of a built-in one, comments too, takes its place and is said to.
    let said = talk(&home.run(&["template", "new", "refund", "--like", "refund"]));
    assert!(said.contains("instead of the built-in refund"), "{said}");
    assert!(home.ok(&["template", "show", "refund", "--toml"]).starts_with("# Money that should come back."));
    assert!(home.ok(&["template", "list"]).contains("yours instead of the built-in one"));
    // Broken, it is refused with the places; the list says so and goes on.
    let good = fs::read_to_string(path).expect("the file");
    fs::write(path, good.replace("type = \"date\"", "type = \"dat\"").replace("{promised}", "{promise}"))
        .expect("written");
    let said = home.fails(2, &["template", "check", "late-parcel"]);
    assert!(
        said.contains("2 errors") && said.contains("line 24, column 8:") && said.contains("type = \"date\""),
        "{said}"
    );
    let checked = home.run(&["template", "check", path.to_str().expect("text"), "--json"]);
    let checked: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    assert_eq!(checked["good"], false);
    assert_eq!(checked["problems"][0]["line"], 24);
    assert!(home.fails(2, &["new", "--from", "late-parcel", "--with", "X", "--yes"]).contains("line 24"));
    let listed = home.json(&["template", "list"]);
    assert_eq!(listed["templates"].as_array().map(Vec::len), Some(10));
    assert_eq!(listed["templates"][9]["problems"], 2);
    assert_eq!(listed["templates"][3]["instead_of_built_in"], true);
}

#[test]
fn a_strangers_template_cannot_deceive() {
    let home = Home::new();
    let path = home.path().join("theirs.toml");
    let path_text = path.to_str().expect("text");
    fs::write(&path, "template = 1\ntitle = \"Pay \u{202E}001\" # \u{1b}[31m\n").expect("written");
    for args in [&["template", "check", path_text][..], &["template", "show", path_text, "--toml"]] {
        let said = home.fails(2, args);
        assert!(said.contains("U+202E") && said.contains("U+001B") && !said.contains('\u{1b}'), "{said:?}");
    }
    let folder = home.path().to_str().expect("text").to_owned() + "/";
    assert!(home.fails(2, &["template", "check", &folder]).contains("is not a file"));
    for name in ["Late Parcel", "../x", "a/b", "-x"] {
        let said = home.fails(2, &["template", "new", "--", name]);
        assert!(said.contains("is not a name"), "{said}");
    }
    assert!(texts(&home.json(&["template", "show", "refund"])["actions"][0]["by"]).contains(&"supplier"));
}
