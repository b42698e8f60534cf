//! Calls and other contacts, noted by options and by questions, with what was promised in them.

use serde_json::Value;

use crate::{
    at_terminal::at_a_terminal,
    home::{Home, talk},
};

const CLOCK: (&str, &str) = ("COUNTERPART_TEST_CLOCK", "2026-05-04T10:00+01:00[Europe/London]");

impl Home {
    fn actions(&self) -> Vec<Value> {
        self.json(&["show", "."])["actions"].as_array().expect("actions").clone()
    }

    fn contacts(&self) -> usize {
        let log = self.json(&["log", "."]);
        log["entries"].as_array().expect("entries").iter().filter(|e| e["kind"] == "contact").count()
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_call_and_its_promises_are_shown_whole_and_signed_by_one_yes() {
    let (home, case) = Home::with_case();
    let args = [
        "call",
        "Dean will see to it",
        "--with",
        "Dean",
        "--role",
        "customer care",
        "--waited",
        "25",
        "--number",
        "0800 111 222",
        "--menu",
        "2 billing, wait 40 s",
        "--menu",
        "say complaint",
        "--promised",
        "Call back",
        "--by",
        "in 2 days",
        "--promised",
        "Refund £20",
        "--promised-by",
        "supplier:Priya",
        "-y",
    ];
    let (signed, said) = home.said(&args);
    assert_eq!(signed.lines().collect::<Vec<_>>(), ["#2", "#3", "#4"]);
    let said = words(&said);
    for told in [
        "waited 25 minutes",
        "person Dean, customer care",
        "menu 2 billing wait 40 s say complaint",
        "records a promise: what Call back by Northlink Ltd (Dean) for Keith",
        "said in the contact above: recorded for them as a promise they made",
        "what Refund £20 by Northlink Ltd (Priya)",
        "Signed and stored as #3: Call back, tracked until",
        "tracked without a time",
        "counterpart today",
    ] {
        assert!(said.contains(told), "{told}\n{said}");
    }
    let actions = home.actions();
    assert_eq!(actions.len(), 2);
    for action in &actions {
        assert_eq!((&action["state"], &action["alleged"]), (&"proposed".into(), &true.into()), "{action}");
        assert_eq!(action["grade"], "unilateral");
    }
    // The contact each was made in is named.
    assert!(home.ok(&["log", &case]).contains("as promised in #2"));
}

#[test]
fn programs_get_the_contact_with_its_promises() {
    let (home, _) = Home::with_case();
    let told = home.json(&["call", ".", "They will ring", "--promised", "Ring back", "-y"]);
    assert_eq!((&told["schema"], &told["ref"]), (&"counterpart/signed/1".into(), &"#2".into()));
    assert_eq!(told["promises"][0]["ref"], "#3");
    let none = home.json(&["call", ".", "They hung up", "-y"]);
    assert_eq!(none.get("promises"), None);
}

#[test]
fn letters_chats_and_visits_are_noted_with_their_promises_too() {
    let (home, _) = Home::with_case();
    for (number, channel) in ["letter", "chat", "visit", "e-mail"].into_iter().enumerate() {
        home.ok(&[
            "contact",
            ".",
            "--channel",
            channel,
            "They will send a label",
            "--promised",
            "A label",
            "--by",
            "in 3 days",
            "-y",
        ]);
        assert_eq!(home.actions().len(), number + 1, "{channel}");
    }
    assert_eq!(home.contacts(), 4);
}

#[test]
fn what_cannot_be_understood_signs_nothing_and_says_what_to_write() {
    let (home, _) = Home::with_case();
    let call = |more: &[&str]| {
        home.fails(2, &[&["call", ".", "He rings back", "-y", "--promised", "Call back"], more].concat())
    };
    for (more, says) in [
        (&["--by", "fridayish"][..], "\"friday 5pm\""),
        (&["--by", "2026-10-25 01:30"], "say which: \"2026-10-25 01:30+01:00\""),
        (&["--by", "2026-03-29 01:30"], "that time does not exist"),
        (&["--by", "2026-07-08 17:00 CET"], "such as Europe/London"),
        (&["--by", "yesterday 17:00"], "was over when it was promised"),
        (&["--by", "tomorrow 17:00", "--at", "tomorrow 10:00"], "has not come yet"),
        (&["--by", "tomorrow 17:00", "--at", "recently"], "\"20 minutes ago\""),
        (&["--by", "tomorrow", "--by", "today"], "twice"),
        (&["--menu", "wait a while"], "wait 40 s"),
        (&["--waited", "long"], "minutes"),
    ] {
        let said = call(more);
        assert!(words(&said).contains(says), "{more:?}: {said}");
    }
    assert_eq!(home.contacts(), 0);
}

#[test]
fn a_call_of_last_week_may_hold_a_promise_that_is_overdue_already() {
    let (home, case) = Home::with_case();
    let (_, said) = home.said(&[
        "call",
        &case,
        "He rings tomorrow",
        "--at",
        "8 days ago",
        "--promised",
        "Call",
        "--by",
        "in 1 day",
        "-y",
    ]);
    assert!(words(&said).contains("overdue since"), "{said}");
    assert!(words(&home.ok(&["show", &case])).contains("overdue by 7 days"));
}

#[test]
fn questions_at_a_terminal_take_a_call_down() {
    let (home, case) = Home::with_case();
    let answers = "\n0800 111 222\n2 billing, wait 40 s, say complaint\n25\nDean\ncustomer care\nAB-1\nDean will see to it\n\
                   Call back\nfridayish\nfriday 17:00\n\ny\n";
    let Some((code, screen)) = at_a_terminal(&home, &["call"], answers, &[CLOCK]) else { return };
    assert_eq!(code, 0, "{screen}");
    let screen = words(&screen);
    for told in [
        "Which number did you call?",
        "'fridayish' is not a time",
        "what Call back by Northlink Ltd (Dean)",
        "due Fri 8 May 2026 17:00 BST (Europe/London), in 4 days",
        "Sign this? [y/N]",
        "Signed and stored as #3",
    ] {
        assert!(screen.contains(told), "{told}\n{screen}");
    }
    assert_eq!(screen.matches("Sign this?").count(), 1);
    // Before the next call the notebook tells what it learnt, and the record what is owed.
    let (_, screen) = at_a_terminal(&home, &["call", &case], "", &[CLOCK]).expect("it was there before");
    let screen = words(&screen);
    for told in [
        "number 0800 111 222 (worked 4 May)",
        "last time 25 min on hold (4 May)",
        "fastest way 2 (billing), wait 40 s, say complaint (25 min, worked 4 May)",
        "person Dean, customer care",
        "promised #3 Call back (Dean), due 8 May 17:00, in 4 days",
    ] {
        assert!(screen.contains(told), "{told}\n{screen}");
    }
}

#[test]
fn a_letter_is_asked_for_which_way_it_went() {
    let (home, case) = Home::with_case();
    let answers = "maybe\ny\nyesterday 09:00\nPriya\n\nNL-9\nThey refuse\n\ny\n";
    let letter = ["contact", &case, "--channel", "letter"];
    let Some((code, screen)) = at_a_terminal(&home, &letter, answers, &[CLOCK]) else { return };
    assert_eq!(code, 0, "{screen}");
    let screen = words(&screen);
    for told in [
        "write y if they got in touch",
        "direction they got in touch",
        "started Sun 3 May 2026 09:00 BST",
        "reference NL-9",
    ] {
        assert!(screen.contains(told), "{told}\n{screen}");
    }
    assert!(!screen.contains("Which number"), "{screen}");
}

#[test]
fn what_was_answered_is_kept_and_offered_again() {
    let (home, case) = Home::with_case();
    // The window is closed behind the name.
    let Some((code, screen)) = at_a_terminal(&home, &["call"], "20 minutes ago\n0800 1\n\n12\nDean\n", &[CLOCK]) else {
        return;
    };
    assert_eq!(code, 1, "{screen}");
    assert!(words(&screen).contains("kept in your notebook"), "{screen}");
    assert_eq!(home.contacts(), 0);

    // An hour later; refused at the last question.
    let later = ("COUNTERPART_TEST_CLOCK", "2026-05-04T11:00+01:00[Europe/London]");
    let (code, screen) =
        at_a_terminal(&home, &["call", &case], "y\n\n\nHe looks into it\n\nn\n", &[later]).expect("a terminal");
    assert_eq!(code, 1, "{screen}");
    let told = words(&screen);
    assert!(told.contains("You began to note a call on Mon 4 May 2026 10:00 BST"), "{screen}");
    assert!(told.contains("when Mon 4 May 2026 09:40 BST") && told.contains("with Dean"), "{screen}");
    assert!(told.contains("nothing was signed") && told.contains("goes on with it"), "{screen}");
    assert_eq!(home.contacts(), 0);

    // Nothing is left to ask but whether to sign.
    let (code, screen) = at_a_terminal(&home, &["call", &case], "y\ny\n", &[later]).expect("a terminal");
    assert_eq!(code, 0, "{screen}");
    assert!(words(&screen).contains("summary He looks into it"), "{screen}");
    assert_eq!(home.contacts(), 1);
    let (_, screen) = at_a_terminal(&home, &["call", &case], "", &[later]).expect("a terminal");
    assert!(!screen.contains("You began"), "the draft is gone: {screen}");
}

#[test]
fn without_a_terminal_or_a_text_nothing_is_asked() {
    let (home, case) = Home::with_case();
    let said = home.fails(2, &["call", &case]);
    assert!(said.contains("say what was said"), "{said}");
    let said = Home::new().fails(2, &["call", "They hung up"]);
    assert!(said.contains("counterpart new"), "{said}");
}

#[test]
fn a_name_that_begins_like_the_firms_is_a_persons() {
    let (home, _) = Home::with_case();
    home.ok(&["call", ".", "North was kind", "--with", "North", "-y"]);
    let people = home.json(&["people", "."]).to_string();
    assert!(people.contains("\"North\""), "{people}");
}

#[test]
fn a_day_named_by_a_word_in_a_call_noted_late_is_asked_for() {
    // It is Monday, 4 May 2026; the call was on Thursday, 30 April.
    let (home, case) = Home::with_case();
    let call = |by: &str| {
        let args =
            ["call", &case, "He comes by", "--at", "2026-04-30 10:00", "--promised", "Come by", "--by", by, "-y"];
        home.command(&args).env(CLOCK.0, CLOCK.1).output().expect("the command starts")
    };
    let ambiguous = call("friday 17:00");
    assert_eq!(ambiguous.status.code(), Some(2));
    let said = words(&talk(&ambiguous));
    assert!(said.contains("can mean Fri 1 May 2026 17:00 BST") && said.contains("or Fri 8 May 2026 17:00"), "{said}");
    assert!(said.contains("\"2026-05-01 17:00\" or \"2026-05-08 17:00\""), "{said}");
    assert_eq!(home.contacts(), 0);
    assert!(call("2026-05-01 17:00").status.success(), "as the hint says");
}

#[test]
fn whoever_is_known_from_an_e_mail_alone_is_written_to_where_they_wrote_from() {
    let (home, case) = Home::with_case();
    let at = |args: &[&str], clock: &str| {
        let output = home.command(args).env(CLOCK.0, clock).output().expect("the command starts");
        assert!(output.status.success(), "{}", talk(&output));
        words(&talk(&output))
    };
    let mail = ["contact", &case, "The refund comes", "--channel", "e-mail", "--in", "--with", "Lucy Hart"];
    let from = ["--number", "lucy@northlink.example", "--promised", "Refund", "--by", "2026-05-05 10:00", "-y"];
    at(&[&mail[..], &from[..]].concat(), CLOCK.1);
    home.ok(&["notebook", "add", "person", "Northlink Ltd", "Desk", "--email", "desk@northlink.example"]);
    let said = at(&["reminders", "send", &case, "-y"], "2026-05-05T12:00+01:00[Europe/London]");
    assert!(said.contains("Lucy Hart <lucy@northlink.example>") && !said.contains("desk@"), "{said}");
}

#[test]
fn a_text_of_several_lines_is_one_in_lists_without_empty_parts() {
    let (home, case) = Home::with_case();
    home.ok(&["call", &case, "They looked.\n\n\nNothing found.\n", "-y"]);
    let log = words(&home.ok(&["log", &case]));
    assert!(log.contains("They looked. / Nothing found. [unilateral]"), "{log}");
}

#[test]
fn with_two_suppliers_the_hints_name_each() {
    let home = Home::new();
    let new = ["new", "Taken twice", "--with", "Hearts Fund", "--with", "Bank plc", "--name", "D'Arcy", "-y"];
    let (case, said) = home.said(&new);
    assert!(said.contains("--seat 1` makes a link") && said.contains("--seat 2` makes a link"), "{said}");
    let promised = ["--promised", "Refund", "--by", "tomorrow 17:00", "-y"];
    let said = home.fails(2, &[&["call", &case, "Sorry", "--with", "Mia"][..], &promised].concat());
    assert!(said.contains("--with \"Hearts Fund:Mia\""), "{said}");
    home.ok(&[&["call", &case, "Sorry", "--with", "Hearts Fund:Mia"][..], &promised].concat());
    home.ok(&["new", "Another", "--with", "Acme", "-y"]);
    let said = home.fails(2, &["show", "."]);
    assert!(said.contains("in place of the dot") && said.contains(&case), "{said}");
    let said = home.fails(2, &["notebook", "add", "person", "Acme", "Dean", "--email", "dean at acme"]);
    assert!(said.contains("no e-mail address"), "{said}");
}

#[test]
fn a_reminder_by_hand_to_somebody_who_has_not_joined_says_that_it_reaches_nobody() {
    let (home, case) = Home::with_case();
    let (_, said) = home.said(&["remind", &case, "You wanted to ring back", "-y"]);
    let said = words(&said);
    assert!(said.contains("Northlink Ltd has not joined: nothing of this is sent to them"), "{said}");
    assert!(said.contains(&format!("counterpart reminders send {case}")), "{said}");
}

#[test]
fn a_yes_or_a_no_to_a_question_is_no_promise_and_no_reference() {
    let (home, case) = Home::with_case();
    let answers = "\n\n\n\nDean\n\nno\nHe looks into it\nyes\nCall back\nfriday 17:00\nNo.\ny\n";
    let Some((code, screen)) = at_a_terminal(&home, &["call"], answers, &[CLOCK]) else { return };
    assert_eq!(code, 0, "{screen}");
    let told = words(&screen);
    assert!(told.contains("write what they promised") && !told.contains("reference no"), "{screen}");
    let shown = home.json(&["show", &case]);
    assert_eq!(shown["actions"].as_array().map(Vec::len), Some(1), "{shown}");
}
