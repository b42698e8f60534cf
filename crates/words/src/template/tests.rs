//! Bad templates and what is said of them; good ones and what they become.

use std::fmt::Write as _;

use counterpart_core::{
    act::{Act, Role, SeatOffer, Topic},
    value::{Due, Sealable, Seat},
};

use counterpart_process::steps::{Place, Ref, Start};

use super::{BUILT_IN, Origin, Plan, Problem, Seats, Template, all, find, read, write_new};
use crate::item_value::{Here, no_files};

const HERE: Here<'_> = Here { zone: "Europe/London", now: 1_782_896_400_000, file: no_files };

/// A template that is good, with places for bad lines.
fn with(top: &str, item: &str, action: &str) -> String {
    format!(
        "template = 1\nname = \"t\"\nversion = 1\ntitle = \"T\"\nabout = \"A\"\n{top}\n\
         [[item]]\nkey = \"price\"\nask = \"What?\"\n{item}\n\
         [[action]]\nid = \"refund\"\nwhat = \"Pay\"\nby = \"supplier\"\n{action}\n"
    )
}

fn problems(text: &str) -> Vec<Problem> {
    read(text.as_bytes()).expect_err(text)
}

fn offers() -> Vec<SeatOffer> {
    let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    vec![offer(Role::Customer, "Keith"), offer(Role::Supplier, "Northlink Ltd")]
}

/// A plan with these answers.
fn plan(template: &Template, set: &[&str]) -> Plan {
    let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
    let (answers, _open) = template.answers(&set, HERE).expect("good answers");
    Plan::new(template, &answers, Seats(&offers()), HERE).expect("a plan")
}

#[test]
fn what_is_wrong_is_named_with_line_and_column() {
    for (top, item, action, line, column, says, instead) in [
        // The top.
        ("colour = 1", "", "", 6, 1, "the template has no 'colour'; it may have template, name", ""),
        ("abuot = \"x\"", "", "", 6, 1, "'about' was perhaps meant", "about = \"For a parcel"),
        ("tittle = \"x\"", "", "", 6, 1, "'title' was perhaps meant", "title = \"A parcel"),
        ("country = \"England\"", "", "", 6, 11, "two capital letters", "country = \"GB\""),
        ("country = 3", "", "", 6, 11, "is a text, in quotes; here stands a number", "country = \"GB\""),
        // Items.
        ("", "type = \"monney\"", "", 10, 8, "'monney' is not a type; types are text", "type = \"money\""),
        ("", "type = \"money:GBP\"", "", 10, 8, "here the type stands alone", "type = \"money\"\nunit = \"GBP\""),
        ("", "type = \"money\"\nunit = \"XQZ\"", "", 11, 8, "not a currency", "unit = \"GBP\""),
        ("", "unit = \"GBP\"", "", 10, 8, "'unit' goes with", "type = \"money\""),
        ("", "type = \"date\"\nunit = \"GBP\"", "", 11, 8, "not with date", "type = \"money\""),
        ("", "type = \"file\"", "", 10, 8, "'file' is not a type", "type = "),
        ("", "type = \"choice\"", "", 7, 1, "at least two", "choices = [\"repair\""),
        ("", "choices = [\"a\", \"b\"]", "", 10, 11, "go with the type choice only", "type = \"choice\""),
        ("", "type = \"choice\"\nchoices = [\"a\", \"b\", 3]", "", 11, 22, "here stands a number", "choices = ["),
        ("", "required = \"yes\"", "", 10, 12, "true or false", "required = true"),
        (
            "",
            "type = \"date\"\nexample = \"soon\"",
            "",
            11,
            11,
            "'example' has to be an answer",
            "example = \"2026-07-08\"",
        ),
        ("", "type = \"money\"\ndefault = 3", "", 11, 11, "no currency", "default = \"24.99 GBP\""),
        (
            "",
            "type = \"choice\"\nchoices = [\"a\", \"b\"]\ndefault = \"c\"",
            "",
            12,
            11,
            "not one of the choices",
            "default = \"a\"",
        ),
        ("", "default = [1]", "", 10, 11, "here stands a list", "default = "),
        ("", "default = \" \"", "", 10, 11, "'default' is empty", "default = "),
        ("", "\n[[item]]\nkey = \"price\"\nask = \"Again?\"", "", 12, 7, "another item has the key 'price'", "key = "),
        ("", "\n[[item]]\nkey = \"The Price\"\nask = \"Again?\"", "", 12, 7, "is not a key", "key = \"price\""),
        ("", "\n[[item]]\nkey = \"customer\"\nask = \"Who?\"", "", 12, 7, "is taken", "key = \"price\""),
        ("", "\n[[item]]\nkey = \"b\"", "", 11, 1, "an item needs 'ask'", "ask = \"What did it cost?\""),
        // Actions.
        ("", "", "when = \"soon\"", 15, 1, "an action has no 'when'; it may have id", ""),
        ("", "", "due = \"soon\"", 15, 7, "'soon' is not a time", "due = \"in 10 working days\""),
        ("", "", "due = \"{price}\"", 15, 8, "cannot be filled from 'price', which is of type text", "type = \"date\""),
        ("", "", "value = \"24.99\"", 15, 9, "no currency", "value = \"24.99 GBP\""),
        ("", "", "value = 24.99", 15, 9, "no currency", "value = \"24.99 GBP\""),
        ("", "", "value = \"{price}\"", 15, 10, "which is of type text", "type = \"money\""),
        (
            "",
            "",
            "conditions = [\"ok\", \"{prise} came\"]",
            15,
            22,
            "nothing fills {prise}: places are price",
            "{price}",
        ),
        ("", "", "conditions = [\"a { b\"]", 15, 15, "a brace opens and never closes", ""),
        ("", "", "conditions = \"a } b\"", 15, 14, "a brace closes", ""),
        ("", "", "evidence = [\"{}\"]", 15, 13, "nothing stands between the braces", ""),
        ("", "", "for = \"supplier\"", 15, 7, "one party does for another", "for = \"customer\""),
        ("", "", "for = [\"customer\", \"court\"]", 15, 20, "'court' is no role", "for = \"customer\""),
        ("", "", "deemed = \"soon\"", 15, 10, "no length of time", "deemed = \"14 days\""),
        ("", "", "deemed = \"2027-01-01\"", 15, 10, "no length of time", "deemed = \"14 days\""),
        ("", "", "cancel = \"never\"", 15, 10, "two pairs of brackets", "[[action.cancel]]"),
        ("", "", "cancel = [{ by = \"customer\" }]", 15, 11, "a cancel clause needs 'text'", "text = "),
        (
            "",
            "",
            "cancel = [{ by = \"customer\", text = \"x\", until = \"soon\" }]",
            15,
            50,
            "'soon' is not a time",
            "until = \"2027-12-31\"",
        ),
        ("", "", "\n[[action]]\nid = \"b\"\nwhat = \"x\"", 16, 1, "an action needs 'by'", "by = \"supplier\""),
        ("", "", "\n[[action]]\nid = \"b\"\nwhat = \"x\"\nby = \"third\"", 16, 1, "needs 'for'", "for = \"customer\""),
        (
            "",
            "",
            "\n[[action]]\nid = \"refund\"\nwhat = \"x\"\nby = \"supplier\"",
            17,
            6,
            "another action has the id",
            "id = ",
        ),
        ("", "", "\n[action.more]\nx = 1", 16, 9, "an action has no 'more'", ""),
        // Clauses and reminders.
        ("", "", "\n[[clause]]\ntitle = \"x\"", 16, 1, "a clause needs 'text'", "text = \"What is said"),
        ("", "", "\n[clause]\ntitle = \"x\"\ntext = \"y\"", 16, 1, "two pairs of brackets", "[[clause]]"),
        // Clocks.
        (
            "",
            "",
            "\n[clocks]\nhours = [\"daily 00:00-24:00\"]",
            16,
            1,
            "at least one clock",
            "first-answer = \"8 hours\"",
        ),
        ("", "", "\n[clocks]\nfirst-answer = \"8 weeks\"", 16, 1, "no length of a clock", ""),
        (
            "",
            "",
            "\n[clocks]\nfirst-answer = \"8 h\"\nwith = \"refnd\"",
            18,
            8,
            "actions are refund",
            "with = \"refund\"",
        ),
        ("", "", "\n[clocks]\nfirst-answer = \"8 h\"\nday = 1", 18, 1, "has no 'day'", ""),
        ("", "", "\n[[clocks]]\nfirst-answer = \"8 h\"", 16, 1, "one pair of brackets", "[clocks]"),
        (
            "",
            "",
            "\n[[reminder]]\nabout = \"refnd\"\ntext = \"x\"",
            17,
            9,
            "no action has the id 'refnd'",
            "about = \"refund\"",
        ),
        (
            "",
            "",
            "\n[[reminder]]\nabout = \"refund\"\nafter = \"later\"\ntext = \"x\"",
            18,
            9,
            "no length of time",
            "after = \"3 days\"",
        ),
        (
            "",
            "",
            "\n[[reminder]]\nabout = \"refund\"\nthen = \"often\"\ntext = \"x\"",
            18,
            8,
            "how often",
            "then = \"weekly\"",
        ),
        // What escapes hide.
        ("", "", "evidence = [\"a\\u202Eb\"]", 15, 13, "U+202E", ""),
        ("", "", "evidence = [\"a\\tb\"]", 15, 13, "has a tab in it", ""),
    ] {
        let text = with(top, item, action);
        let found = problems(&text);
        let problem = &found[0];
        let all = found.iter().fold(String::new(), |mut all, p| {
            write!(all, "{p:?} ").expect("writing to memory does not fail");
            all
        });
        assert_eq!(found.len(), 1, "{text}\n{all}");
        assert_eq!((problem.line, problem.column), (line, column), "{text}\n{all}");
        assert!(problem.message.contains(says), "{text}\n{all}");
        assert!(problem.instead.as_deref().unwrap_or_default().contains(instead), "{text}\n{all}");
        assert_eq!(problem.instead.is_none(), instead.is_empty(), "{text}\n{all}");
    }
}

#[test]
fn what_is_no_template_at_all_is_named_too() {
    for (bytes, line, column, says) in [
        (&b""[..], 1, 1, "needs 'template'"),
        (b"template = 2\nunknown = 3", 1, 12, "of format 2, this program reads format 1"),
        (b"template = 1\nname = late-parcel", 2, 8, "a text stands in quotes"),
        (b"template = 1\nname = \"a\nb = 1", 2, 10, "not TOML"),
        (b"template = 1\ntemplate = 1", 2, 1, "a second time"),
        (b"a = \"\xFF\"", 1, 6, "not UTF-8"),
        ("a = \"x\u{202E}\" # \u{2066}".as_bytes(), 1, 7, "U+202E"),
        ("# a\u{85}".as_bytes(), 1, 4, "U+0085"),
    ] {
        let found = read(bytes).expect_err("bad");
        let first = &found[0];
        assert_eq!((first.line, first.column), (line, column), "{first:?}");
        assert!(first.message.contains(says), "{first:?}");
    }
    let long = vec![b'#'; super::MAX_FILE + 1];
    assert!(read(&long).expect_err("long")[0].message.contains("64 KiB"));
    assert_eq!(read("a = \"x\u{202E}\" # \u{2066}".as_bytes()).expect_err("bad").len(), 2);
    let nothing = "template = 1\nname = \"t\"\nversion = 1\ntitle = \"T\"\nabout = \"A\"";
    assert!(problems(nothing)[0].message.contains("asks nothing and proposes nothing"));
}

#[test]
fn all_problems_are_told_at_once_and_in_order() {
    let text = with("country = \"x\"", "type = \"monney\"", "due = \"soon\"\nvalue = \"3\"");
    let places: Vec<usize> = problems(&text).iter().map(|p| p.line).collect();
    assert_eq!(places, [6, 10, 15, 16]);
}

#[test]
fn what_could_stand_there_works() {
    // Each line given as an example is TOML by itself, and good in its place.
    for (bad, from, to) in [
        (with("", "type = \"monney\"", ""), "type = \"monney\"", None),
        (with("", "type = \"money:GBP\"", ""), "type = \"money:GBP\"", None),
        (with("", "", "due = \"soon\""), "due = \"soon\"", None),
        (with("", "", "value = \"24.99\""), "value = \"24.99\"", None),
        (with("", "", "deemed = \"soon\""), "deemed = \"soon\"", None),
        (with("", "", "conditions = [\"{prise}\"]"), "{prise}", None),
        (with("", "", "cancel = [{ by = \"customer\" }]"), "}]", Some("TEXT }]")),
        (with("", "", "").replace("\"t\"", "a"), "name = a", None),
    ] {
        let instead = problems(&bad)[0].instead.clone().expect("an example");
        let fixed = match to {
            None => bad.replacen(from, &instead, 1),
            Some(to) => bad.replacen(from, &format!(", {}", to.replace("TEXT", &instead)), 1),
        };
        assert!(read(fixed.as_bytes()).is_ok(), "{fixed}\n{:?}", read(fixed.as_bytes()));
    }
}

#[test]
fn a_template_may_be_written_in_several_ways() {
    let text = "\u{FEFF}template = 1\r\nname = 't'\r\nversion = 3\r\ntitle = \"T\"\r\nabout = '''\r\nA'''\r\n\
                item = [{ key = \"n\", ask = \"How many?\", type = \"integer\", default = 1_0, example = 3 }]\r\n\
                [[action]]\r\nid = \"a\"\r\nwhat = \"{n} {{n}} {customer}\"\r\nby = [\"customer\"]\r\ndue = 2027-01-31\r\n\
                conditions = \"one\"\r\n[[action.cancel]]\r\nby = \"customer\"\r\ntext = \"x\"\r\nuntil = \"in {n} days\"\r\n";
    let template = read(text.as_bytes()).expect("good");
    assert_eq!(template.version, 3);
    assert_eq!(template.items[0].default.as_deref(), Some("10"));
    assert_eq!(template.actions[0].beneficiaries, [Role::Supplier], "the other side where nobody is named");
    let plan = plan(&template, &[]);
    let Act::Propose(proposal) = &plan.acts[1] else { unreachable!("an item, then an action") };
    let Topic::Action { terms, .. } = &proposal.subjects[0].topic else { unreachable!("an action") };
    assert_eq!(terms.what.open(), Some("10 {n} Keith"));
    assert!(matches!(&terms.due, Some(Due::At { local, .. }) if local == "2027-01-31T23:59"));
    assert!(matches!(&terms.cancel[0].until, Some(Due::After { count: 10, .. })));
    assert_eq!(terms.cancel[0].by, Seat::Number(0));
}

#[test]
fn what_needs_an_answer_that_is_missing_is_left_out_and_said() {
    let text = with(
        "",
        "type = \"money\"",
        "value = \"{price}\"\nconditions = [\"a\", \"{price} came\"]\n[[action]]\nid = \"b\"\nwhat = \"Pay {price}\"\nby = \"supplier\"\n\
         [[clause]]\ntitle = \"C\"\ntext = \"{price}\"\n[[reminder]]\nabout = \"b\"\ntext = \"x\"",
    );
    let template = read(text.as_bytes()).expect("good");
    let without = plan(&template, &[]);
    assert_eq!(without.acts.len(), 1, "the first action alone");
    assert_eq!(
        without.left_out,
        [
            "the value of refund, which needs an answer to 'price'",
            "a condition of refund (\"{price} came\"), which needs an answer to 'price'",
            "the action b, which needs an answer to 'price'",
            "the clause \"C\", which needs an answer to 'price'",
        ]
    );
    assert!(without.reminders.is_empty(), "of what is not proposed nobody is reminded");
    let with = plan(&template, &["price=£24.99"]);
    assert_eq!(with.acts.len(), 4);
    assert!(with.left_out.is_empty());
    assert_eq!(with.reminders.len(), 1);
}

#[test]
fn answers_are_read_by_type_and_all_faults_told_at_once() {
    let text = with("", "type = \"money\"\nunit = \"GBP\"\nrequired = true", "").replace(
        "[[action]]",
        "[[item]]\nkey = \"way\"\nask = \"How?\"\ntype = \"choice\"\nchoices = [\"By post\", \"by hand\"]\n[[item]]\n\
         key = \"day\"\nask = \"When?\"\ntype = \"date\"\ndefault = \"2027-01-31\"\n[[action]]",
    );
    let template = read(text.as_bytes()).expect("good");
    let answers = |set: &[&str]| template.answers(&set.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(), HERE);
    let shown = |set: &[&str]| {
        let (answers, open) = answers(set).expect("good");
        let shown = answers.0.iter().map(|a| crate::item_value::show(&a.value)).collect::<Vec<_>>().join(" ");
        (shown, open.len())
    };
    assert_eq!(shown(&["price=24.99", "way=BY HAND"]), ("£24.99 by hand 2027-01-31".to_owned(), 1));
    assert_eq!(shown(&["price=£24.99", "way=1", "day="]), ("£24.99 By post".to_owned(), 0));
    let error = answers(&["price=€3", "way=x", "colour=red", "price=3", "x", "prise=3"]).expect_err("bad");
    for says in [
        "price: '€3' is not in GBP, as asked for; such as --set price=25",
        "way: 'x' is not one of the choices: By post; by hand; such as --set 'way=By post'",
        "does not ask for 'colour'",
        "'price' is set twice",
        "'x' is not KEY=VALUE",
        "does not ask for 'prise'; 'price' was perhaps meant",
    ] {
        assert!(error.message.contains(says), "{says}: {}", error.message);
    }
}

#[test]
fn times_answered_are_the_instants_due() {
    let text = with("", "type = \"time\"", "due = \"{price}\"");
    let template = read(text.as_bytes()).expect("good");
    for (typed, instant) in [
        ("2026-07-08 17:00", 1_783_526_400_000),
        ("2026-07-08 17:00 UTC", 1_783_530_000_000),
        ("2026-10-25 01:30+00:00", 1_792_891_800_000),
        ("2026-07-08 17:00[Japan]", 1_783_497_600_000),
    ] {
        let plan = plan(&template, &[&format!("price={typed}")]);
        let Act::Propose(proposal) = &plan.acts[1] else { unreachable!("an item, then an action") };
        let Topic::Action { terms, .. } = &proposal.subjects[0].topic else { unreachable!("an action") };
        assert!(matches!(&terms.due, Some(Due::At { instant: i, .. }) if *i == instant), "{typed}: {:?}", terms.due);
    }
}

#[test]
fn private_answers_are_not_repeated_in_terms() {
    for kind in ["address", "phone", "e-mail"] {
        let text = with("", &format!("type = \"{kind}\""), "conditions = [\"sent to {price}\"]");
        let found = problems(&text);
        assert!(found[0].message.contains("kept beside the record"), "{found:?}");
        assert_eq!((found[0].line, found[0].column), (15, 24));
    }
    // What else is wrong in the text hides nothing; of an item with a wrong type nothing more is said.
    for (kind, problems_found) in [("phone", 2), ("phon", 2), ("text", 1)] {
        let text = with("", &format!("type = \"{kind}\""), "conditions = [\"{prise}, {price}\"]\ndue = \"in 3 days\"");
        assert_eq!(problems(&text).len(), problems_found, "{kind}");
    }
}

#[test]
fn built_in_templates_are_good_and_become_acts() {
    for (name, file) in BUILT_IN {
        let template = read(file.as_bytes()).unwrap_or_else(|problems| unreachable!("{name}: {problems:?}"));
        assert_eq!(template.name, *name);
        assert!(!template.actions.is_empty() && !template.reminders.is_empty(), "{name}");
        // With every question answered nothing is left out; with only the needed ones there is still an action.
        let every: Vec<String> = template.items.iter().map(|i| format!("{}={}", i.key, i.sample())).collect();
        let full = plan(&template, &every.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(full.left_out, Vec::<String>::new(), "{name}");
        let clauses = usize::from(!template.clauses.is_empty());
        assert_eq!(full.acts.len(), template.items.len() + template.actions.len() + clauses, "{name}");
        let needed: Vec<String> =
            template.items.iter().filter(|i| i.required).map(|i| format!("{}={}", i.key, i.sample())).collect();
        let least = plan(&template, &needed.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(least.acts.iter().any(|a| matches!(a, Act::Propose(_))), "{name}");
        for item in &template.items {
            let choice_or_default = item.default.is_some() || !item.choices.is_empty();
            let plain = matches!(item.word(), "phone" | "address" | "text");
            assert!(item.example.is_some() || choice_or_default || plain, "{name}: {} has an example", item.key);
        }
    }
}

#[test]
fn roles_that_the_case_lacks_are_named() {
    let text = with("", "", "").replace("by = \"supplier\"", "by = \"third\"\nfor = \"customer\"");
    let template = read(text.as_bytes()).expect("good");
    let (answers, _) = template.answers(&[], HERE).expect("none needed");
    let error = Plan::new(&template, &answers, Seats(&offers()), HERE).expect_err("nobody is third");
    assert!(error.message.contains("a party of the role third"), "{}", error.message);
    assert_eq!(error.hint.as_deref(), Some("name one: --with \"Acme Ltd:third\""));
}

#[test]
fn what_cannot_be_signed_is_known_beforehand() {
    let template = read(with("", "", "conditions = [\"{price}{price}\"]").as_bytes()).expect("good");
    for (answer, says) in [("x".repeat(9_000), "longer than 16 KiB"), ("x".repeat(20_000), "cannot be signed")] {
        let (answers, _) = template.answers(&[format!("price={answer}")], HERE).expect("read");
        let template = match says {
            "cannot be signed" => read(with("", "", "").as_bytes()).expect("good"),
            _ => template.clone(),
        };
        let error = Plan::new(&template, &answers, Seats(&offers()), HERE).expect_err("too long");
        assert!(error.message.contains(says), "{}", error.message);
    }
}

#[test]
fn a_homes_own_templates_come_first_and_are_never_overwritten() {
    let home = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(find(home.path(), "refund").expect("built in").origin, Origin::BuiltIn);
    let own = with("", "", "").replace("\"t\"", "\"refund\"");
    let path = write_new(home.path(), "refund", &own).expect("written");
    let error = write_new(home.path(), "refund", &own).expect_err("there already");
    assert!(error.message.contains("nothing is written over it"), "{}", error.message);
    let found = find(home.path(), "refund").expect("own");
    assert_eq!(found.origin, Origin::Own { path, instead_of_built_in: true });
    assert!(found.problems().is_ok());
    write_new(home.path(), "mine", &own).expect("written");
    let found = find(home.path(), "mine").expect("own");
    let problem = &found.problems().expect_err("another name")[0];
    assert_eq!((problem.line, problem.column), (2, 8));
    assert!(problem.message.contains("the file is called mine.toml"), "{problem:?}");
    let names: Vec<String> = all(home.path()).expect("a list").into_iter().map(|f| f.name).collect();
    assert_eq!(names.len(), BUILT_IN.len() + 1);
    assert_eq!(names.last().map(String::as_str), Some("mine"));
    let error = find(home.path(), "refnd").expect_err("no such");
    assert!(error.hint.is_some_and(|h| h.contains("'refund' was perhaps meant")));
    for typed in ["../refund", "Refund", "a--b", "refund.toml", "/dev/null", "a\u{1b}[31m"] {
        assert!(find(home.path(), typed).is_err(), "{typed}");
    }
}

#[test]
fn the_documented_example_is_good() {
    let page = include_str!("../../../../docs/templates.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let template = read(example.as_bytes()).expect("good");
    assert_eq!(template.name, "late-parcel");
    for (name, _) in BUILT_IN {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is listed");
    }
}

#[test]
fn steps_that_make_no_sense_are_named_with_line_and_column() {
    for (step, line, column, says, instead) in [
        ("id = \"a\"\nfrom = \"case\"", 16, 1, "a step needs 'what'", "what = "),
        ("id = \"a\"\nwhat = \"W\"", 16, 1, "a step needs 'from'", "from = \"first contact\""),
        ("id = \"A b\"\nwhat = \"W\"\nfrom = \"case\"", 17, 6, "'A b' is not an id", "id = \"ombudsman\""),
        ("id = \"a\"\nwhat = \"W\"\nfrom = \"soon\"", 19, 8, "'soon' is nothing to count from", "from = "),
        ("id = \"a\"\nwhat = \"W\"\nfrom = 8", 19, 8, "is a text, in quotes; here stands a number", "from = "),
        (
            "id = \"a\"\nwhat = \"W\"\nfrom = \"action refnud\"",
            19,
            8,
            "no action has the id 'refnud'; there are refund",
            "from = \"action refund\"",
        ),
        (
            "id = \"a\"\nwhat = \"W\"\nfrom = \"item prise\"",
            19,
            8,
            "no item has the key 'prise'",
            "from = \"item price\"",
        ),
        ("id = \"a\"\nwhat = \"W\"\nfrom = \"item price\"", 19, 8, "which is of type text", "type = \"date\""),
        ("id = \"a\"\nwhat = \"W\"\nfrom = \"step a\"", 19, 8, "no step before this one has the id 'a'", ""),
        ("id = \"a\"\nwhat = \"W\"\nfrom = \"step b\"", 19, 8, "there is none", ""),
        (
            "id = \"a\"\nwhat = \"W\"\nfrom = \"case\"\nafter = \"8 fortnights\"",
            20,
            9,
            "'8 fortnights' is no length of time",
            "after = \"8 weeks\"",
        ),
        (
            "id = \"a\"\nwhat = \"W\"\nfrom = \"case\"\nwithin = 6",
            20,
            10,
            "here stands a number",
            "within = \"6 months\"",
        ),
        ("id = \"a\"\nwhat = \"{prise}\"\nfrom = \"case\"", 18, 9, "nothing fills {prise}", "{price}"),
        ("id = \"a\"\nwhat = \"W\"\nfrom = \"case\"\nuntil = \"x\"", 20, 1, "a step has no 'until'", ""),
        (
            "id = \"a\"\nwhat = \"W\"\nfrom = \"case\"\nwants = [{ in = \"contacts\" }]",
            20,
            10,
            "a want of a step needs 'what'",
            "what = ",
        ),
        (
            "id = \"a\"\nwhat = \"W\"\nfrom = \"case\"\nwants = [{ what = \"x\", in = \"drawer\" }]",
            20,
            29,
            "'drawer' is no place in a case",
            "in = \"contacts\"",
        ),
        (
            "id = \"a\"\nwhat = \"W\"\nfrom = \"case\"\nwants = [{ what = \"x\", in = \"item prise\" }]",
            20,
            29,
            "the template has no item 'prise'",
            "in = \"item price\"",
        ),
        (
            "id = \"a\"\nwhat = \"W\"\nfrom = \"case\"\n[[step]]\nid = \"a\"\nwhat = \"W\"\nfrom = \"case\"",
            21,
            6,
            "another step has the id 'a' already",
            "id = ",
        ),
    ] {
        let text = with("", "", &format!("\n[[step]]\n{step}"));
        let found = problems(&text);
        let fits = |p: &&Problem| p.line == line && p.column == column && p.message.contains(says);
        let problem = found.iter().find(fits).unwrap_or_else(|| unreachable!("{step}: {found:?}"));
        assert!(problem.instead.as_deref().unwrap_or_default().starts_with(instead), "{step}: {problem:?}");
    }
}

#[test]
fn steps_count_from_what_was_signed() {
    let steps = "\n[[step]]\nid = \"late\"\nwhat = \"W\"\nfrom = \"action refund\"\nafter = \"1 week\"\n\
                 wants = [{ what = \"x\", in = \"action refund\" }, { what = \"y\", in = \"contacts\" }]\n\
                 [[step]]\nid = \"asked\"\nwhat = \"Pay {price}\"\nfrom = \"asked refund\"\n\
                 [[step]]\nid = \"then\"\nwhat = \"W\"\nfrom = \"step asked\"\nwants = [\"z\"]";
    let template = read(with("", "", &format!("due = \"in 3 days\"{steps}")).as_bytes()).expect("a good template");
    let entry = |n: u8| counterpart_core::id::EntryId([n; 32]);
    let kept = plan(&template, &["price=5"]).steps(&[entry(1), entry(2)]);
    // The first act is the answer, the second the proposal.
    assert_eq!(kept[0].from, Start::Due { proposal: Ref(entry(2)), subject: 0 });
    assert_eq!(kept[0].wants[0].place, Some(Place::Action { proposal: Ref(entry(2)), subject: 0 }));
    assert_eq!(kept[1].from, Start::Entry { entry: Ref(entry(2)) });
    assert_eq!(kept[1].what, "Pay 5");
    assert_eq!(kept[2].from, Start::Step { id: "asked".to_owned() });
    // Without the answer the step that says it is left out, and what counts from that.
    let less = plan(&template, &[]);
    assert_eq!(less.steps(&[entry(2)]).iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["late"]);
    assert_eq!(less.left_out.len(), 2, "{:?}", less.left_out);
}
