//! Alone: from nothing to a noted call with a tracked promise; and what happens when the other side joins later.

use crate::{at_terminal::at_a_terminal, home::Home};

const CLOCK: (&str, &str) = ("COUNTERPART_TEST_CLOCK", "2026-05-04T10:00+01:00[Europe/London]");

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn two_commands_lead_from_nothing_to_a_tracked_promise() {
    let home = Home::empty();
    let (_, said) = home.said(&["new", "Washing machine broken", "--with", "Acme Ltd", "--name", "Maya", "-y"]);
    assert!(said.contains("Your identity was made on the way"), "{said}");
    home.ok(&["call", "Dean rings back", "--with", "Dean", "--promised", "Call back", "--by", "in 3 days", "-y"]);
    let shown = words(&home.ok(&["show", "."]));
    for told in ["Call back", "recorded for them from what they said", "by: Acme Ltd (Dean)", "for: Maya"] {
        assert!(shown.contains(told), "{told}\n{shown}");
    }
    // Whole days, and a moment has passed since.
    assert!(shown.contains("in 3 days") || shown.contains("in 2 days"), "{shown}");
    // What nobody received nobody signed for.
    let bundle = home.path().join("alone.zip").display().to_string();
    home.ok(&["export", ".", &bundle]);
    let verified = home.ok(&["verify", &bundle]);
    assert!(verified.contains("Nobody but Maya signed an entry here.") && !verified.contains("received"), "{verified}");
    let page = home.path().join("alone.html");
    home.ok(&["report", ".", &page.display().to_string()]);
    let page = std::fs::read_to_string(page).expect("the report");
    assert!(page.contains("nobody else signed anything") && !page.contains("signed for having all"), "{page}");
    // Later cases remember the name.
    let (_, said) = home.said(&["new", "Bill", "--with", "Northlink Ltd", "-y"]);
    assert!(said.contains("Maya opens a case") && !said.contains("identity"), "{said}");
    let (_, said) = home.said(&["new", "Parcel", "--with", "Parcels Ltd", "--as", "M. Smith:customer", "-y"]);
    assert!(said.contains("M. Smith opens a case"), "{said}");
}

#[test]
fn without_a_terminal_the_name_stays_customer() {
    let home = Home::empty();
    let (_, said) = home.said(&["new", "Washing machine broken", "--with", "Acme Ltd", "-y"]);
    assert!(said.contains("Customer opens a case"), "{said}");
    assert!(home.fails(4, &["--home", "/nonexistent-home", "list"]).contains("counterpart init"));
}

#[test]
fn nothing_is_made_where_what_was_typed_is_not_understood() {
    let home = Home::empty();
    home.fails(2, &["new", "Washing machine broken", "--with", "Acme Ltd:boss", "-y"]);
    home.fails(2, &["new", "Washing machine broken", "--with", "Acme Ltd", "--zone", "Mars/Olympus", "-y"]);
    home.fails(4, &["list"]);
}

#[test]
fn at_a_terminal_only_the_name_is_asked() {
    let home = Home::empty();
    let new = ["new", "Washing machine broken", "--with", "Acme Ltd"];
    let Some((code, screen)) = at_a_terminal(&home, &new, "Maya\ny\n", &[CLOCK]) else { return };
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("What is your name?") && screen.contains("Maya opens a case"), "{screen}");
    let (_, screen) =
        at_a_terminal(&home, &["new", "Bill", "--with", "Northlink Ltd"], "y\n", &[CLOCK]).expect("a terminal");
    assert!(!screen.contains("your name?") && screen.contains("Maya opens a case"), "{screen}");
    // Gone at the question: nothing was made.
    let other = Home::empty();
    let (code, _) = at_a_terminal(&other, &new, "", &[CLOCK]).expect("a terminal");
    assert_ne!(code, 0);
    other.fails(4, &["list"]);
}

/// The page says what really happens.
#[test]
fn the_page_for_people_shows_what_happens() {
    let page = include_str!("../../docs/alone.md");
    let block =
        page.split("<!-- transcript -->").nth(1).and_then(|rest| rest.split("```").nth(1)).expect("a transcript");
    let home = Home::empty();
    let mut commands = 0;
    let mut lines = block.lines().skip(1).peekable();
    while let Some(line) = lines.next() {
        let Some(typed) = line.strip_prefix("$ ") else { continue };
        commands += 1;
        let mut typed = typed.to_owned();
        while typed.ends_with('\\') {
            typed.pop();
            typed.push_str(lines.next().expect("the rest of the command").trim_start_matches("> "));
        }
        let mut expected = String::new();
        while let Some(told) = lines.next_if(|l| !l.starts_with("$ ")) {
            expected.push_str(told);
            expected.push('\n');
        }
        let output = home
            .command(&[])
            .env("COUNTERPART_TEST_CLOCK", CLOCK.1)
            .env("COUNTERPART_TEST_SEED", "alone")
            .env("TZ", "Europe/London")
            .get_envs()
            .filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())))
            .collect::<Vec<_>>();
        let bin = std::path::Path::new(env!("CARGO_BIN_EXE_counterpart")).parent().expect("a folder");
        let run = std::process::Command::new("sh")
            .env_clear()
            .envs(output)
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .args(["-c", &format!("{typed} 2>&1")])
            .output()
            .expect("the shell starts");
        let told =
            String::from_utf8(run.stdout).expect("text").replace(&home.path().display().to_string(), "~/counterpart");
        assert!(run.status.success(), "{typed}: {told}");
        assert_eq!(told.trim(), expected.trim(), "what `{typed}` prints");
    }
    assert!((1..=3).contains(&commands), "at most three commands: {commands}");
}

/// What was noted alone is put to the other side entry by entry, and the customer sees what became of each.
#[test]
fn who_joins_later_answers_what_was_noted_alone() {
    let customer = Home::empty();
    let case = customer.ok(&["new", "Washing machine broken", "--with", "Acme Ltd", "--name", "Maya", "-y"]);
    let call = [
        "call",
        &case,
        "Dean rings back and refunds £20",
        "--with",
        "Dean",
        "--promised",
        "Call back",
        "--by",
        "in 3 days",
    ];
    let promise = ["--promised", "Refund £20", "--by", "in 9 days", "-y"];
    customer.ok(&[&call[..], &promise[..]].concat());
    customer.ok(&["item", &case, "price", "479.00", "--type", "money:GBP", "-y"]);
    customer.ok(&["note", &case, "It stopped in the second wash", "-y"]);
    let grades = |home: &Home| {
        let log = home.json(&["log", &case]);
        let entries = log["entries"].as_array().expect("entries").clone();
        entries
            .into_iter()
            .map(|e| (e["ref"].as_str().unwrap_or_default().to_owned(), e["grade"].clone()))
            .collect::<Vec<_>>()
    };
    let grade = |home: &Home, name: &str| {
        grades(home)
            .into_iter()
            .find(|(n, _)| n == name)
            .map(|(_, g)| g.as_str().unwrap_or_default().to_owned())
            .unwrap_or_default()
    };
    assert_eq!(grade(&customer, "#3"), "unilateral");

    let up = customer.up();
    let link = customer.ok(&["invite", &case, "-y"]);
    let supplier = Home::new();
    supplier.ok(&["join", &link, "-y"]);
    let shown = words(&supplier.ok(&["show", &case]));
    for told in [
        "Put to you: noted before you were here",
        "#2 Maya notes a telephone call",
        "#3 Maya records as promised in #2: Acme Ltd (Dean): Call back",
        &format!("counterpart accept {case} 3, or counterpart contest {case} 3 REASON"),
        "#5 Maya states: price",
        "#6 Maya notes:",
        "[delivered]",
        &format!("counterpart acknowledge {case} REF"),
    ] {
        assert!(shown.contains(told), "{told}\n{shown}");
    }
    let put = supplier.json(&["show", &case])["put_to_you"].clone();
    let put: Vec<&str> = put.as_array().expect("a list").iter().filter_map(|p| p["ref"].as_str()).collect();
    assert_eq!(put, ["#2", "#3", "#4", "#5", "#6"]);
    assert!(!customer.ok(&["show", &case]).contains("Put to you"));

    // Delivered: the customer sees it.
    up.until("their receipt", || grade(&customer, "#6") == "delivered");
    supplier.ok(&["accept", &case, "3", "-y"]);
    supplier.ok(&["contest", &case, "4", "Nobody here may refund on the telephone", "-y"]);
    assert_eq!(supplier.ok(&["acknowledge", &case, "2", "5", "-y"]).lines().count(), 2);
    supplier.ok(&["sync", &case]);
    up.until("their answers", || grade(&customer, "#5") == "acknowledged");
    for (name, expected) in
        [("#2", "acknowledged"), ("#3", "agreed"), ("#4", "contested"), ("#5", "acknowledged"), ("#6", "delivered")]
    {
        assert_eq!(grade(&customer, name), expected, "{name}");
        assert_eq!(grade(&supplier, name), expected, "{name}");
    }
    // Whoever is known from their side is told of before the next call; what they wrote commands no terminal.
    supplier.ok(&["card", &case, "--name", "Pri\u{200E}ya", "--email", "priya@acme.example", "-y"]);
    supplier.ok(&["sync", &case]);
    up.until("their card", || customer.ok(&["log", &case]).contains("priya@acme.example"));
    let told = customer.fails(2, &["call", &case]);
    assert!(told.contains("Pri<U+200E>ya, priya@acme.example") && !told.contains('\u{200E}'), "{told}");
    assert!(told.contains("#3 Call back (Dean), due"), "{told}");

    let left = supplier.json(&["show", &case])["put_to_you"].clone();
    assert_eq!(left.as_array().expect("a list").len(), 1, "{left}");
    up.stop();
}
