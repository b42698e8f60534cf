//! What `today`, `show` and `next` tell people to type works as it stands, on both sides, in several histories; bundles, and
//! entries that share a number, are named by names that lead to them.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use crate::{
    home::{Home, talk},
    post::joined_by_file,
};

/// Two homes in one case that meet by files only, so that both can act without knowing of each other.
struct Two {
    customer: Home,
    supplier: Home,
    case: String,
}

impl Two {
    fn new() -> Self {
        let (customer, supplier, case) = joined_by_file();
        Self { customer, supplier, case }
    }

    /// Both come to hold what either has, and the other's receipts for it.
    fn meet(&self) {
        for _ in 0..2 {
            self.supplier.takes(&self.customer.posts(&self.case, "there.post"));
            self.customer.takes(&self.supplier.posts(&self.case, "back.post"));
        }
    }

    /// Signs on one side; gives the entry as it is typed.
    fn signs(&self, home: &Home, args: &[&str]) -> String {
        let args: Vec<&str> = args.iter().map(|word| if *word == "." { self.case.as_str() } else { *word }).collect();
        home.ok(&[&args[..], &["-y"]].concat()).trim_start_matches('#').to_owned()
    }

    fn json(&self, home: &Home, args: &[&str]) -> Value {
        home.json(&[args, &[self.case.as_str()]].concat())
    }

    /// Everything that either side is told to type works; gives how many commands there were.
    fn try_all(&self) -> usize {
        [&self.customer, &self.supplier].into_iter().map(|home| tried(home, &self.case)).sum()
    }
}

/// Three parts, some of them each side's to do.
fn bundle(two: &Two) -> String {
    let parts = ["Pay room; by customer; for supplier; value 480 EUR", "Refund the TV; by supplier; for customer"];
    let first = ["propose", ".", "X-ray", "--by", "supplier", "--for", "customer"];
    two.signs(&two.supplier, &[&first[..], &["--also", parts[0], "--also", parts[1]]].concat())
}

#[test]
fn proposals_of_one_number_made_without_knowing_of_each_other() {
    let two = Two::new();
    two.signs(&two.customer, &["propose", ".", "Fix the tap"]);
    two.signs(&two.supplier, &["propose", ".", "Fix the door"]);
    two.meet();
    for home in [&two.customer, &two.supplier] {
        let today = home.json(&["today"]);
        let next = &today["next"];
        let about = next["wait"]["about"].as_str().expect("an entry").to_owned();
        assert!(about.starts_with("5-"), "two share the number: {next}");
        assert_eq!(next["command"], serde_json::json!(["counterpart", "accept", two.case, about]));
        let shown = two.json(home, &["show"]);
        let names: Vec<&str> =
            shown["actions"].as_array().expect("actions").iter().filter_map(|a| a["ref"].as_str()).collect();
        assert!(names.contains(&format!("#{about}").as_str()), "the name is that of the case: {names:?}");
        for list in [home.json(&["list"]), home.json(&["queue"])] {
            assert_eq!(list["cases"][0]["whose_move"], format!("yours: answer #{about}"), "{list}");
        }
    }
    assert!(two.try_all() > 4);
    // Accepted without knowing of each other, these share a number too.
    for home in [&two.customer, &two.supplier] {
        two.signs(home, &["accept", ".", &to_answer(home)]);
    }
    two.meet();
    assert!(two.try_all() > 4);
}

#[test]
fn a_bundle_is_named_by_its_first_part_and_done_part_by_part() {
    let two = Two::new();
    let offer = bundle(&two);
    two.meet();
    let today = two.customer.ok(&["today"]);
    assert!(today.contains(&format!("answer #{offer} \"X-ray\" and 2 more")), "{today}");
    let wait = two.customer.json(&["today"])["next"]["wait"].clone();
    assert_eq!((&wait["what"], &wait["more"]), (&Value::from("X-ray"), &Value::from(2)), "{wait}");
    // It is answered once, however many parts it has.
    let next = two.customer.ok(&["next", &two.case]);
    for once in
        [format!("counterpart accept {} {offer}", two.case), format!("counterpart decline {} {offer}", two.case)]
    {
        assert_eq!(next.matches(&once).count(), 1, "{next}");
    }
    two.try_all();
    // Another due time for one part: the others stay as they were.
    let answer = two.signs(&two.customer, &["counter", ".", &format!("{offer}/3"), "--due", "in 5 days"]);
    two.meet();
    two.try_all();
    two.signs(&two.supplier, &["accept", ".", &answer]);
    two.meet();
    for (home, own) in [(&two.customer, &[2][..]), (&two.supplier, &[1, 3][..])] {
        let shown = home.ok(&["show", &two.case]);
        for part in 1..=3 {
            let command = format!("counterpart done {} {offer}/{part}", two.case);
            assert_eq!(shown.contains(&command), own.contains(&part), "{command}\n{shown}");
        }
        let things = home.json(&["today"])["things"].clone();
        let mut mine: Vec<&str> = things
            .as_array()
            .expect("a list")
            .iter()
            .filter(|thing| thing["command"][1] == "done")
            .filter_map(|thing| thing["command"][3].as_str())
            .collect();
        mine.sort_unstable();
        assert_eq!(mine, own.iter().map(|part| format!("{offer}/{part}")).collect::<Vec<_>>(), "{things}");
    }
    two.try_all();
    // One part is declared and rejected: it is to be done again.
    let done = two.signs(&two.supplier, &["done", ".", &format!("{offer}/1")]);
    two.meet();
    two.try_all();
    two.signs(&two.customer, &["reject", ".", &done, "it is blurred"]);
    two.meet();
    let today = two.supplier.json(&["today"]);
    let again = today["things"].as_array().expect("a list").iter().find(|t| t["wait"]["expected"] == "rework");
    assert_eq!(again.expect("to be done again")["command"][3], format!("{offer}/1"));
    two.try_all();
}

#[test]
fn a_part_is_neither_accepted_nor_declined_nor_taken_back_but_left_out() {
    let two = Two::new();
    let offer = bundle(&two);
    two.meet();
    let part = format!("{offer}/2");
    for (home, act) in
        [(&two.customer, "accept"), (&two.customer, "decline"), (&two.supplier, "withdraw"), (&two.supplier, "confirm")]
    {
        let said = home.fails(2, &[act, &two.case, &part, "-y"]);
        for told in [
            format!("#{part} is one part of #{offer}"),
            format!("write {offer} for all 3 parts"),
            format!("counterpart counter {} {offer} --without-part N", two.case),
        ] {
            assert!(said.contains(&told), "{act}: '{told}' in {said}");
        }
    }
    for (args, told) in [
        (&["--without-part", "4"][..], "no part 4 to leave out: it has 3 parts"),
        (&["--without-part", "0"], "no part 0"),
        (&["--without-part", "1", "--without-part", "2", "--without-part", "3"], "nothing of"),
    ] {
        let said = two.customer.fails(2, &[&["counter", &two.case, &offer][..], args, &["-y"]].concat());
        assert!(said.contains(told), "{said}");
    }
    let answer = two.signs(&two.customer, &["counter", ".", &offer, "--without-part", "3"]);
    two.meet();
    two.try_all();
    two.signs(&two.supplier, &["accept", ".", &answer]);
    two.meet();
    let shown = two.json(&two.customer, &["show"]);
    let states: Vec<&str> =
        shown["actions"].as_array().expect("actions").iter().filter_map(|a| a["state"].as_str()).collect();
    assert_eq!(states.iter().filter(|state| **state == "agreed").count(), 2, "{states:?}");
    two.try_all();
    // Whole, it can be declined and taken back.
    let other = bundle(&two);
    two.meet();
    assert!(two.customer.fails(2, &["decline", &two.case, &format!("{other}/1"), "-y"]).contains("as a whole"));
    two.signs(&two.supplier, &["withdraw", ".", &other]);
    let third = bundle(&two);
    two.meet();
    two.signs(&two.customer, &["decline", ".", &third]);
}

#[test]
fn amendments_that_cross_and_what_is_asked() {
    let two = Two::new();
    let agreed = two.signs(&two.customer, &["propose", ".", "Paint the hall", "--due", "in 9 days"]);
    two.meet();
    two.signs(&two.supplier, &["accept", ".", &agreed]);
    two.meet();
    two.try_all();
    let later = two.signs(&two.supplier, &["propose", ".", "--amend", &agreed, "--due", "in 20 days"]);
    two.meet();
    two.try_all();
    two.signs(&two.customer, &["decline", ".", &later]);
    two.meet();
    // Both change it, and each accepts the other's change without knowing of the other's accept.
    two.signs(&two.customer, &["propose", ".", "--amend", &agreed, "--value", "90 GBP"]);
    two.signs(&two.supplier, &["propose", ".", "--amend", &agreed, "--value", "110 GBP"]);
    two.meet();
    two.try_all();
    for home in [&two.customer, &two.supplier] {
        let about = to_answer(home);
        assert!(about.contains('-'), "{about}");
        two.signs(home, &["accept", ".", &about]);
    }
    two.meet();
    assert!(two.json(&two.customer, &["show"])["actions"][0]["crossed"].is_object());
    two.try_all();
}

#[test]
fn requests_disputes_facts_terms_and_closing() {
    let two = Two::new();
    let agreed = two.signs(&two.customer, &["propose", ".", "Mend the pipe"]);
    two.meet();
    two.signs(&two.supplier, &["accept", ".", &agreed]);
    two.signs(&two.supplier, &["release", ".", &agreed, "--reason", "no plumber"]);
    two.meet();
    two.try_all();
    two.signs(&two.customer, &["dispute", ".", &agreed, "it was promised"]);
    two.signs(
        &two.supplier,
        &["propose", ".", "--item", "meter reading=5:integer", "--terms", "Opening hours", "9 to 5"],
    );
    two.meet();
    two.try_all();
    two.signs(&two.supplier, &["propose", ".", "--terms", "Data", "we keep it for a year"]);
    two.signs(&two.supplier, &["propose", ".", "--item", "price=5 EUR:money"]);
    two.meet();
    two.try_all();
    let close = two.signs(&two.customer, &["close", ".", "--summary", "all is well"]);
    two.meet();
    let next = two.supplier.ok(&["next", &two.case]);
    assert!(next.contains(&format!("counterpart accept {} {close}", two.case)), "{next}");
    assert!(
        !next.contains(&format!("counterpart counter {} {close}", two.case)),
        "no other terms close a case: {next}"
    );
    two.try_all();
}

#[test]
fn what_is_one_s_own_is_not_contested() {
    let two = Two::new();
    let note = two.signs(&two.customer, &["note", ".", "It drips"]);
    two.meet();
    let said = two.customer.fails(2, &["contest", &two.case, &note, "it does not", "-y"]);
    assert!(said.contains("is your own") && said.contains(&format!("--about {note}")), "{said}");
    two.signs(&two.supplier, &["contest", ".", &note, "it does not"]);
}

#[test]
fn what_cannot_be_meant_is_not_understood() {
    let two = Two::new();
    let note = two.signs(&two.supplier, &["note", ".", "We were there"]);
    let offer = two.signs(&two.supplier, &["propose", ".", "Mend the pipe"]);
    two.meet();
    let said = two.customer.fails(2, &["accept", &two.case, &note, "-y"]);
    assert!(said.contains(&format!("#{note} is not a proposal")), "{said}");
    assert!(said.contains(&format!("what waits for your answer: {offer}")), "{said}");
    // A number that is nobody's and one of another kind are both not understood.
    for typed in ["99", note.as_str()] {
        two.customer.fails(2, &["accept", &two.case, typed, "-y"]);
        two.customer.fails(2, &["done", &two.case, typed, "-y"]);
    }
    let long = "字".repeat(6000);
    let said = two.customer.fails(2, &["note", &two.case, &long, "-y"]);
    assert!(said.contains("18000 bytes long") && said.contains("16384 at most") && said.contains("attach"), "{said}");
    let said = two.customer.fails(2, &["propose", &two.case, "Pay", "--due", "in 1 month", "-y"]);
    assert!(said.contains("months"), "{said}");
    let said = two.customer.fails(2, &["calendar", "/tmp/dates.ics"]);
    assert!(said.contains("--out"), "{said}");
}

/// Whoever asks for JSON gets it, also where what was typed could not be read.
#[test]
fn errors_of_the_command_line_are_json_where_that_was_asked_for() {
    let home = Home::new();
    for (args, told) in [
        (&["show", "--json"][..], "<CASE>"),
        (&["note", ".", "--json"], "<TEXT>"),
        (&["--json", "propose", ".", "--due"], "--due"),
        (&["verify", "--json"], "FILE"),
        (&["list", "--jsn", "--json"], "--jsn"),
        (&["no-such-command", "--json"], "no-such-command"),
        (&["--json"], "subcommand"),
        (&["identity", "--json"], "subcommand"),
    ] {
        let said = home.fails(2, args);
        let error: Value = serde_json::from_str(&said).expect(&said);
        assert_eq!((&error["schema"], &error["kind"]), (&Value::from("counterpart/error/1"), &Value::from("usage")));
        assert!(error["message"].as_str().expect("words").contains(told), "{error}");
        assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("--help")), "{error}");
    }
    assert!(home.fails(2, &["show"]).starts_with("error: "), "else it is for people");
    assert!(home.fails(2, &["note", ".", "--", "--json", "x"]).starts_with("error: "), "behind -- it is no option");
}

#[test]
fn what_is_not_due_is_said_to_be_not_due() {
    let (home, case) = Home::with_case();
    assert!(home.ok(&["thanks", &case]).contains("No thanks are due."));
    let file = home.path().join("one.txt");
    fs::write(&file, "x").expect("written");
    let attach = ["attach", &case, file.to_str().expect("a plain path"), "--name", "first\nsecond", "-y"];
    let (_, said) = home.said(&attach);
    assert!(said.contains("1 byte") && !said.contains("1 bytes"), "{said}");
    assert!(said.contains("first / second is kept with the case"), "{said}");
}

/// The proposal that waits for one side's answer, as `today` names it.
fn to_answer(home: &Home) -> String {
    let today = home.json(&["today"]);
    let waits = today["things"].as_array().expect("a list").iter().map(|thing| &thing["wait"]);
    let mine = waits.filter(|wait| wait["mine"] == true).find(|wait| wait["expected"] == "answer");
    mine.and_then(|wait| wait["about"].as_str()).expect("an answer is waited for").to_owned()
}

/// Runs everything that one side is told to type, each in a copy of its home; gives how many commands there were.
fn tried(home: &Home, case: &str) -> usize {
    let mut commands: BTreeSet<Vec<String>> = BTreeSet::new();
    for thing in home.json(&["today"])["things"].as_array().expect("a list") {
        let words: Option<Vec<&str>> =
            thing["command"].as_array().map(|words| words.iter().filter_map(Value::as_str).collect());
        commands.extend(words.map(|words| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()));
    }
    for told in [home.ok(&["show", case]), home.ok(&["next", case])] {
        let lines = told.lines().map(str::trim).filter(|line| line.starts_with("counterpart "));
        // Behind three spaces stands what else could be typed.
        commands.extend(lines.filter_map(|line| line.split("   ").next()).map(words));
    }
    let next = home.json(&["next", case]);
    for side in next["sides"].as_array().expect("sides").iter().filter(|side| side["own"] == true) {
        let waited = side["waiting"].as_array().expect("a list");
        let made = waited.iter().flat_map(|one| one["moves"].as_array().expect("moves"));
        let all = made.chain(side["other_moves"].as_array().expect("moves")).map(|made| &made["command"]);
        let more = waited.iter().flat_map(|one| one["commands"].as_array().expect("commands"));
        commands.extend(all.chain(more).filter_map(Value::as_str).map(words));
    }
    // One of several entries is for whoever types it to choose.
    commands.retain(|command| !command.iter().any(|word| word == "REF"));
    for command in &commands {
        works(home, command);
    }
    commands.len()
}

/// One command as it was told, with something in place of the words in capitals, which its author would fill in.
fn works(home: &Home, command: &[String]) {
    let filled: Vec<String> = command.iter().skip(1).map(|word| filled(word)).collect();
    let args: Vec<&str> = filled.iter().map(String::as_str).collect();
    // A copy of the home is none of what lies in a database: there it is only asked what would be signed.
    if std::env::var_os("COUNTERPART_TEST_STORE").is_some() {
        let output = home.run(&args);
        assert!(
            output.status.success() || talk(&output).contains("nobody can be asked here"),
            "{args:?}: {}",
            talk(&output)
        );
        return;
    }
    let copy = Home::empty();
    copied(home.path(), copy.path());
    let output = copy.run(&[&args[..], &["-y"]].concat());
    assert!(output.status.success(), "{command:?}, run as {args:?}: {}", talk(&output));
}

fn filled(word: &str) -> String {
    match word {
        "TIME" => "in 40 days".to_owned(),
        "TEXT" | "REASON" | "DECISION" => "something".to_owned(),
        _ => word.strip_suffix("=VALUE").map_or_else(|| word.to_owned(), |key| format!("{key}=7")),
    }
}

/// A line as a shell parts it: by spaces, but not between quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut any) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (None, '\'' | '"') => (quote, any) = (Some(c), true),
            (Some(open), c) if c == open => quote = None,
            (None, ' ') => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            (_, c) => word.push(c),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

fn copied(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            fs::create_dir(&target).expect("made");
            copied(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("copied");
        }
    }
}
