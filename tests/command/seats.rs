//! Agents' seats and tokens, through the real command.

use crate::home::Home;

/// A supplier who opened a case alone, and the case's short form.
fn supplier() -> (Home, String) {
    let home = Home::new();
    let (customer, own) = ("Keith:customer", "Northlink Ltd:supplier");
    let case = home.ok(&["new", "Broadband price", "--with", customer, "--as", own, "--zone", "Europe/London", "-y"]);
    (home, case)
}

#[test]
fn an_agent_signs_at_a_seat_within_its_rights() {
    let (home, case) = supplier();
    assert!(home.fails(2, &["seat", "add", "priya"]).contains("--yes"), "nothing is granted unasked");
    assert!(home.fails(2, &["seat", "add", "Priya Shah", "-y"]).contains("no spaces"));
    let (device, shown) = home.said(&["seat", "add", "priya", "--only", "propose,note", "--ceiling", "£200", "-y"]);
    for words in [
        "priya",
        "only propose, note",
        "at most £200",
        "binds you like your own signature",
        "Whoever can read this home",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(home.fails(2, &["seat", "add", "PRIYA", "-y"]).contains("already"));

    let signs = |args: &[&str]| home.run(&[&["--as-seat", "priya"], args].concat());
    assert!(signs(&["propose", &case, "refund", "--value", "£150", "-y"]).status.success());
    let before = home.json(&["log", &case]).to_string();
    let refused = |args: &[&str]| home.fails(1, &[&["--as-seat", "priya"], args, &["-y"]].concat());
    // The amount, the limit, whose it is, and what to do; or which kinds of act there are.
    for (args, says) in [
        (
            &["propose", &case, "refund twice", "--value", "£250"][..],
            "£250 is at stake, and priya may agree to at most £200",
        ),
        (&["propose", &case, "refund", "--value", "5 USD"], "nothing in USD, only to at most £200"),
        (&["item", &case, "phone", "+44 20 7946 0000"], "may not sign this kind of act (item), only propose and note"),
    ] {
        let said = refused(args);
        assert!(said.contains(says), "{args:?}: {said}");
        assert!(said.contains("let one of you sign it") && said.contains("counterpart agent list"), "{said}");
    }
    assert_eq!(home.json(&["log", &case]).to_string(), before, "nothing was kept");
    let seat = home.json(&["seat", "list"])["seats"][0].clone();
    assert_eq!(
        (&seat["name"], &seat["short"], &seat["stands"]),
        (&"priya".into(), &device.as_str().into(), &true.into())
    );
    assert_eq!(seat["rights"]["ceilings"][0], "200 GBP");
    assert!(home.ok(&["seat", "list"]).contains("only propose, note; at most £200"));
    assert!(before.contains(seat["device"].as_str().expect("a device")), "everybody sees which device signed");
    let log = home.json(&["log", &case]);
    let entries = log["entries"].as_array().expect("entries");
    let last = entries.last().expect("an entry");
    assert_eq!(last["agent"], "priya", "our own side sees whose seat it was: {last}");
    assert!(entries[0]["agent"].is_null(), "that was the home itself: {}", entries[0]);
    assert!(home.ok(&["log", &case]).contains("signed by priya]"));
    let name = last["ref"].as_str().expect("a name").trim_start_matches('#').to_owned();
    assert!(home.ok(&["why", &case, &name]).contains("priya, device"), "and why says so, too");

    for home_only in
        [&["web"][..], &["seat", "add", "tom", "-y"], &["agent", "revoke", "priya", "--reason", "ended", "-y"]]
    {
        let output = home.run(&[&["--as-seat", "priya"], home_only].concat());
        assert_eq!(output.status.code(), Some(2), "{home_only:?}");
    }
    assert!(home.fails(2, &["--as-seat", "nobody", "note", &case, "hello", "-y"]).contains("seat list"));

    let (_, meant) = home.said(&["seat", "end", "priya", "-y"]);
    assert!(meant.contains("for good") && meant.contains("is deleted"), "{meant}");
    assert!(home.fails(2, &["--as-seat", "priya", "note", &case, "late", "-y"]).contains("no agent's seat"));
    assert_eq!(home.json(&["seat", "list"])["seats"].as_array().map(Vec::len), Some(0));
    assert!(home.ok(&["agent", "list"]).contains("ended"), "the key log keeps it");
    assert!(home.ok(&["doctor"]).contains("all is well"));
}

#[test]
fn what_a_seat_may_not_begin_is_refused_before_anybody_is_asked() {
    let (home, _) = supplier();
    home.ok(&["seat", "add", "priya", "--only", "note,open", "-y"]);
    home.ok(&["seat", "add", "tom", "--only", "note", "-y"]);
    // Without --yes, and nobody to ask: what is refused is refused for what it is.
    let new = |seat: &str, more: &[&str]| {
        let args = ["--as-seat", seat, "new", "A bill", "--with", "Keith:customer", "--as", "Northlink Ltd:supplier"];
        home.run(&[&args, more].concat())
    };
    let said = |output: std::process::Output, code: i32| {
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let refused = said(new("tom", &[]), 1);
    assert!(refused.contains("tom may not sign this kind of act (open), only note"), "{refused}");
    assert!(refused.contains("let one of you sign it"), "{refused}");
    let refused = said(new("tom", &["--from", "missed-callback"]), 1);
    assert!(refused.contains("this kind of act (open)"), "before the template asks: {refused}");
    let answers = ["--set", "matter=a bill", "--set", "promised-on=2026-02-27", "--set", "call-by=2026-03-03 10:00"];
    let refused = said(new("priya", &[&["--from", "missed-callback"], &answers[..]].concat()), 1);
    assert!(
        refused.contains("priya may not sign this kind of act (") && refused.contains("only note and open"),
        "{refused}"
    );
    assert_eq!(new("priya", &["-y"]).status.code(), Some(0));

    let (customer, case) = Home::with_case();
    let link = customer.ok(&["invite", &case, "-y"]);
    let refused = said(home.run(&["--as-seat", "priya", "join", &link]), 2);
    assert!(refused.contains("not done from an agent's seat"), "{refused}");
}

#[test]
fn a_token_is_shown_once_and_ended() {
    let (home, _) = supplier();
    home.ok(&["seat", "add", "bot", "--only", "note", "-y"]);
    assert!(home.fails(2, &["token", "new", "helpdesk", "--scope", "fly", "-y"]).contains("the scopes are"));
    assert!(home.fails(2, &["token", "new", "helpdesk"]).contains("--yes"));
    for name in ["help desk\n", " helpdesk"] {
        let said = home.fails(2, &["token", "new", name, "-y"]);
        assert!(said.contains("the name:"), "no name is made another unasked: {said}");
    }
    let args = ["token", "new", "helpdesk", "--seat", "bot", "--scope", "read,draft,sign", "--days", "30", "-y"];
    let (token, shown) = home.said(&args);
    assert!(token.starts_with("cpt_") && token.lines().count() == 1 && !shown.contains(&token), "{shown}");
    assert!(shown.contains("agent's seat bot (only note)"), "{shown}");
    assert!(home.fails(2, &args).contains("already"));
    let unlimited = home.said(&["token", "new", "all", "--scope", "sign", "--no-end", "-y"]).1;
    assert!(unlimited.contains("without a limit of its own") && unlimited.contains("until you end it"), "{unlimited}");

    let list = home.run(&["token", "list", "--json"]);
    let text = String::from_utf8(list.stdout).expect("text");
    assert!(!text.contains(&token) && !text.contains("cpt_"), "a list lets nobody in");
    let tokens = home.json(&["token", "list"]);
    let first = &tokens["tokens"][0];
    assert_eq!((&first["name"], &first["seat"]), (&"helpdesk".into(), &"bot".into()));
    assert_eq!(first["scopes"], serde_json::json!(["read", "draft", "sign"]));
    assert!(home.ok(&["token", "list"]).contains("never used"));

    home.ok(&["token", "end", "all", "-y"]);
    assert!(home.fails(2, &["token", "end", "all", "-y"]).contains("no token"));
    let (_, meant) = home.said(&["seat", "end", "bot", "-y"]);
    assert!(meant.contains("These tokens end with it: helpdesk"), "{meant}");
    assert_eq!(home.json(&["token", "list"])["tokens"].as_array().map(Vec::len), Some(0));
    let all = home.json(&["token", "list", "--all"]);
    assert_eq!(all["tokens"].as_array().map(Vec::len), Some(2), "what was there is told");
    assert!(home.ok(&["token", "list", "--all"]).contains("ended"));
}
