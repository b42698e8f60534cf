//! Every act by example, and every way an example can be spoilt.

use super::{Act, Field, SchemaError, SchemaFault, Ty, level};
use crate::cbor::{self, CORE_LIMITS, INT_MAX, Key, Limits, Value, map};
use crate::text::TextError;
use crate::value::{DecimalError, sealed_value};

fn id() -> Value {
    Value::Bytes(vec![7; 32])
}

fn reference() -> Value {
    array([id(), Value::Int(3)])
}

fn array<const N: usize>(items: [Value; N]) -> Value {
    Value::Array(items.into())
}

fn int(n: i64) -> Value {
    Value::Int(n)
}

fn sealed() -> Value {
    sealed_value(&[9; 32])
}

fn due() -> Value {
    map([("instant", int(1_767_225_600_000)), ("local", "2026-01-01T01:00".into()), ("zone", "Europe/Berlin".into())])
}

fn due_after() -> Value {
    map([
        ("after", "agreed".into()),
        ("count", int(3)),
        ("unit", "working-days".into()),
        ("zone", "Europe/Berlin".into()),
    ])
}

fn money() -> Value {
    array(["120.50".into(), "EUR".into()])
}

/// Every form of item value.
fn values() -> Vec<Value> {
    let mut values = vec![
        array(["text".into(), "words".into()]),
        array(["text".into(), sealed()]),
        array(["integer".into(), int(-INT_MAX)]),
        array(["decimal".into(), "-0.50".into()]),
        array(["decimal".into(), "3".into(), "kWh".into()]),
        array(["money".into(), "0.1234".into(), "EUR".into()]),
        array(["date".into(), "2026-02-28".into()]),
        array(["time".into(), int(5), "2026-02-28T23:59".into(), "UTC".into()]),
        array(["duration".into(), int(0)]),
        array(["yes-no".into(), true.into()]),
        array(["choice".into(), "blue".into()]),
        array(["address".into(), "1 High Street\nTown".into()]),
        array(["phone".into(), "+44 20 7946 0000".into()]),
        array(["e-mail".into(), sealed()]),
        array(["link".into(), "https://example.org/".into()]),
        array(["file".into(), id(), int(12), "a.pdf".into()]),
        array(["file".into(), id(), int(12), sealed(), "application/pdf".into()]),
        sealed(),
    ];
    let list: Vec<Value> = [Value::from("list")].into_iter().chain(values.clone()).collect();
    values.push(Value::Array(list.clone()));
    values.push(array(["record".into(), "first".into(), Value::Array(list), "second".into(), sealed()]));
    values.push(array(["record".into()]));
    values
}

fn party_refs() -> Value {
    array([
        map([("seat", int(1))]),
        map([("seat", reference()), ("person", "Ada".into())]),
        map([("seat", int(2)), ("person", sealed())]),
    ])
}

fn full_action() -> Value {
    map([
        ("is", "action".into()),
        ("action", reference()),
        ("base", id()),
        ("what", "repair the line".into()),
        ("performers", party_refs()),
        ("beneficiaries", party_refs()),
        ("due", due()),
        ("value", money()),
        ("conditions", array(["a dial tone".into(), sealed()])),
        ("evidence", array([])),
        ("consequences", array(["a refund".into()])),
        ("cancel", array([map([("by", int(0)), ("text", "before work begins".into()), ("until", due_after())])])),
        ("deemed", map([("count", int(5)), ("unit", "days".into())])),
        ("items", array([id()])),
    ])
}

/// Every form of subject.
fn subjects() -> Vec<Value> {
    let party = || array([map([("seat", int(0))])]);
    let mut subjects = vec![
        full_action(),
        map([("is", "action".into()), ("what", sealed()), ("performers", party()), ("beneficiaries", party())]),
        map([("is", "terms".into()), ("title", "Terms".into()), ("text", sealed()), ("seats", array([int(0)]))]),
        map([
            ("is", "terms".into()),
            ("terms", reference()),
            ("title", "Terms".into()),
            ("text", "...".into()),
            ("seats", array([int(0), reference()])),
            ("base", id()),
        ]),
        map([("is", "admit".into()), ("seat", int(1023)), ("base", id())]),
        map([("is", "admit".into()), ("role", "arbiter".into()), ("label", sealed()), ("party", id())]),
        map([("is", "close".into())]),
        map([("is", "close".into()), ("close", reference()), ("summary", sealed()), ("base", id())]),
        map([("is", "level".into()), ("level", int(2)), ("base", id())]),
    ];
    for value in values().into_iter().take(8) {
        subjects.push(map([("is", "item".into()), ("key", "meter".into()), ("value", value), ("base", id())]));
    }
    subjects
}

/// A body with every field for every kind.
fn full_bodies() -> Vec<(&'static str, Value)> {
    let proposal = |more: &[(&str, Value)]| {
        let fields = [
            ("subjects", Value::Array(subjects())),
            ("signers", array([int(0), reference()])),
            ("mode", "confirm".into()),
            ("open_until", due()),
            ("alleged", id()),
            ("note", sealed()),
        ];
        cbor::map_of(fields.iter().chain(more).map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
    };
    let path = || array(["subjects".into(), int(0), "what".into()]);
    let seats = array([
        map([("role", "customer".into()), ("label", "Ada".into())]),
        map([("role", "supplier".into()), ("label", sealed())]),
    ]);
    vec![
        (
            "open",
            map([
                ("title", "Line dead".into()),
                ("seats", seats),
                ("suite", "ed25519-sha256".into()),
                ("level", int(1)),
                ("zone", "Europe/Berlin".into()),
                ("roots", array([id()])),
                ("nonce", Value::Bytes(vec![0; 16])),
                ("about", sealed()),
            ]),
        ),
        ("invite", map([("key", id()), ("seat", int(1)), ("expires", int(9)), ("label", sealed())])),
        ("uninvite", map([("invite", id()), ("reason", sealed())])),
        (
            "admit",
            map([
                ("party", id()),
                ("seat", int(1)),
                ("invite", id()),
                ("request", Value::Bytes(vec![0; 4096])),
                ("revision", id()),
            ]),
        ),
        ("join", map([("admit", id())])),
        ("seat", map([("seat", reference()), ("admit", id())])),
        ("leave", map([("reason", "moved".into())])),
        ("link", map([("case", id()), ("relation", "follows".into()), ("note", sealed())])),
        ("seen", map([])),
        ("propose", proposal(&[])),
        ("counter", proposal(&[("of", id())])),
        ("accept", map([("revision", id()), ("note", "yes".into())])),
        ("decline", map([("revision", id()), ("reason", "no".into())])),
        ("withdraw", map([("of", id()), ("reason", "changed".into())])),
        ("confirm", map([("revision", id())])),
        ("progress", map([("revision", id()), ("subject", int(0)), ("text", "half".into())])),
        (
            "declare",
            map([("revision", id()), ("subject", int(31)), ("note", "done".into()), ("evidence", array([id(), id()]))]),
        ),
        ("undeclare", map([("declare", id()), ("reason", "not yet".into())])),
        ("approve", map([("declare", id()), ("note", "thanks".into())])),
        ("reject", map([("declare", id()), ("unmet", array([int(0)])), ("reason", "no tone".into())])),
        ("stop", map([("revision", id()), ("subject", int(0)), ("reason", "no access".into())])),
        ("release", map([("of", id()), ("reason", sealed())])),
        ("allow", map([("request", id()), ("note", sealed())])),
        ("refuse", map([("request", id()), ("reason", sealed())])),
        ("cancel", map([("revision", id()), ("subject", int(0)), ("clause", int(0)), ("reason", sealed())])),
        ("choose", map([("pick", id()), ("reason", sealed())])),
        (
            "item",
            map([
                ("key", "meter".into()),
                ("value", Value::Array(vec!["list".into()])),
                ("label", sealed()),
                ("note", sealed()),
            ]),
        ),
        ("acknowledge", map([("entry", id()), ("note", sealed())])),
        ("contest", map([("entry", id()), ("reason", sealed())])),
        (
            "contact",
            map([
                ("channel", "telephone".into()),
                ("direction", "out".into()),
                ("started", int(1)),
                ("seconds", int(600)),
                ("waited", int(540)),
                ("seat", int(1)),
                ("person", sealed()),
                ("number", sealed()),
                ("reference", sealed()),
                ("summary", "they will call back".into()),
                ("menu", array(["2".into(), sealed()])),
            ]),
        ),
        ("note", map([("text", "a".into()), ("about", id())])),
        (
            "attach",
            map([
                ("sha256", id()),
                ("size", int(1)),
                ("name", sealed()),
                ("media", "image/png".into()),
                ("about", id()),
            ]),
        ),
        ("missed", map([("revision", id()), ("subject", int(0)), ("due", int(-1)), ("note", sealed())])),
        ("remind", map([("text", "please".into()), ("about", id()), ("seat", int(1))])),
        ("thank", map([("text", "thanks".into()), ("seat", int(1)), ("person", sealed()), ("about", id())])),
        ("erase", map([("entry", id()), ("path", path()), ("reason", sealed())])),
        ("erased", map([("entry", id()), ("path", path()), ("reason", sealed())])),
        (
            "card",
            map([
                ("name", "Bo".into()),
                ("function", sealed()),
                ("phone", sealed()),
                ("email", sealed()),
                ("hours", "9-17".into()),
                ("device", id()),
            ]),
        ),
        ("handover", map([("from", id()), ("to", id()), ("person", sealed()), ("summary", sealed())])),
        (
            "mandate",
            map([
                ("grant", id()),
                ("kinds", array(["accept".into()])),
                ("ceilings", array([money()])),
                ("from", int(1)),
                ("until", int(2)),
                ("open", false.into()),
            ]),
        ),
        ("cut", map([("revoke", id()), ("tips", array([array([id(), int(4), id()])]))])),
        ("ratify", map([("entries", array([id()]))])),
        ("dispute", map([("about", id()), ("subject", int(0)), ("reason", sealed())])),
        ("concede", map([("dispute", id()), ("note", sealed())])),
        ("settle", map([("dispute", id()), ("revision", id()), ("note", sealed())])),
        ("decide", map([("dispute", id()), ("decision", sealed()), ("outcome", "agreed".into())])),
        ("prove", map([("what", "receipt".into()), ("data", Value::Bytes(vec![0; 30_000])), ("about", id())])),
    ]
}

fn check(kind: &str, body: &Value) -> Result<(), SchemaError> {
    level(1).expect("level 1").check(kind, body)
}

fn act(kind: &str) -> &'static Act {
    level(1).expect("level 1").acts().iter().find(|act| act.kind == kind).expect("a kind of level 1")
}

/// The body with one field set, or left out.
fn with(body: &Value, name: &str, value: Option<Value>) -> Value {
    let Value::Map(entries) = body else { unreachable!("bodies are maps") };
    let mut fields: Vec<(String, Value)> = Vec::new();
    for (key, old) in entries {
        match key {
            Key::Text(key) if key != name => fields.push((key.clone(), old.clone())),
            _ => {}
        }
    }
    fields.extend(value.map(|value| (name.to_owned(), value)));
    cbor::map_of(fields)
}

fn fault(kind: &str, body: &Value) -> (String, SchemaFault) {
    let error = check(kind, body).expect_err("a spoilt body");
    (error.path, error.why)
}

#[test]
fn the_kinds_are_those_of_the_design() {
    let expected = "open invite uninvite admit join seat leave link seen \
        propose counter accept decline withdraw confirm \
        progress declare undeclare approve reject stop \
        release allow refuse cancel choose \
        item acknowledge contest contact note attach missed remind thank erase erased \
        card handover mandate cut ratify \
        dispute concede settle decide prove";
    let kinds: Vec<&str> = level(1).expect("level 1").kinds().collect();
    assert_eq!(kinds, expected.split_whitespace().collect::<Vec<_>>());
    assert!(level(0).is_none() && level(2).is_none());
}

#[test]
fn every_kind_has_a_good_body_with_every_field() {
    let bodies = full_bodies();
    assert_eq!(
        bodies.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        level(1).expect("level 1").kinds().collect::<Vec<_>>()
    );
    for (kind, body) in bodies {
        assert_eq!(check(kind, &body), Ok(()), "{kind}");
        for Field { name, .. } in act(kind).body {
            assert!(body.field(name).is_some(), "the example of {kind} lacks {name}");
        }
        // As deep in a statement as it will stand.
        let act = cbor::header([(11, Some(map([("kind", kind.into()), ("body", body)])))]);
        let limits = Limits { nodes: 4096, ..CORE_LIMITS };
        assert_eq!(Value::decode(&act.encode(), limits).as_ref(), Ok(&act), "{kind}");
    }
}

#[test]
fn every_field_is_exact() {
    for (kind, body) in full_bodies() {
        assert_eq!(
            fault(kind, &with(&body, "colour", Some(int(1)))),
            ("body.colour".to_owned(), SchemaFault::UnknownField)
        );
        for Field { name, required, ty } in act(kind).body {
            let path = format!("body.{name}");
            let without = with(&body, name, None);
            if *required {
                assert_eq!(fault(kind, &without), (path.clone(), SchemaFault::MissingField), "{kind}");
            } else {
                assert_eq!(check(kind, &without), Ok(()), "{kind} without {name}");
            }
            // A map with a stranger's key fits nowhere.
            let wrong = with(&body, name, Some(map([("x", int(1))])));
            let (at, why) = fault(kind, &wrong);
            assert!(at.starts_with(&path), "{kind}: {at}");
            let named = matches!(why, SchemaFault::WrongType { .. } | SchemaFault::UnknownField);
            assert!(named, "{kind}.{name} ({ty:?}): {why}");
        }
    }
}

#[test]
fn every_value_and_due_time_fits_where_it_may() {
    for value in values() {
        let body = map([("key", "k".into()), ("value", value.clone())]);
        assert_eq!(check("item", &body), Ok(()), "{value:?}");
    }
    let (_, proposal) = full_bodies().remove(9);
    for due in [due(), due_after()] {
        assert_eq!(check("propose", &with(&proposal, "open_until", Some(due))), Ok(()));
    }
}

#[test]
fn every_field_of_every_subject_is_exact() {
    let (_, proposal) = full_bodies().remove(9);
    let propose = |subject: Value| with(&proposal, "subjects", Some(array([subject])));
    for subject in subjects() {
        assert_eq!(check("propose", &propose(subject.clone())), Ok(()), "{subject:?}");
        let (path, why) = fault("propose", &propose(with(&subject, "colour", Some(int(1)))));
        assert_eq!((path.as_str(), why), ("body.subjects[0].colour", SchemaFault::UnknownField), "{subject:?}");
    }
    for name in ["what", "performers", "beneficiaries"] {
        let (path, why) = fault("propose", &propose(with(&full_action(), name, None)));
        assert_eq!((path, why), (format!("body.subjects[0].{name}"), SchemaFault::MissingField));
    }
}

fn range(what: &'static str, found: i64, min: i64, max: i64) -> SchemaFault {
    SchemaFault::OutOfRange { what, found, min, max }
}

fn wrong(expected: &str, found: &'static str) -> SchemaFault {
    SchemaFault::WrongType { expected: expected.to_owned(), found }
}

#[test]
fn faults_are_named_with_their_place() {
    let bodies = full_bodies();
    let full = |kind: &str| bodies.iter().find(|(k, _)| *k == kind).expect("a kind").1.clone();
    let action = |name: &str, value: Value| {
        let subjects = array([map([("is", "close".into())]), with(&full_action(), name, Some(value))]);
        ("propose", with(&full("propose"), "subjects", Some(subjects)))
    };
    let item = |value: Value| ("item", with(&full("item"), "value", Some(value)));
    let set = |kind: &'static str, name: &str, value: Value| (kind, with(&full(kind), name, Some(value)));
    let due_with = |name: &str, value: Option<Value>| action("due", with(&due(), name, value));
    let long = |n: usize| Value::Text("x".repeat(n));
    let bad_text = |character, offset| SchemaFault::BadText(TextError { character, offset });
    let date = || SchemaFault::BadTime { expected: "YYYY-MM-DD" };
    let local = || SchemaFault::BadTime { expected: "YYYY-MM-DDTHH:MM" };

    let table: Vec<((&str, Value), &str, SchemaFault)> = vec![
        // Texts.
        (set("open", "title", long(0)), "body.title", range("bytes of text", 0, 1, 200)),
        (set("open", "title", long(201)), "body.title", range("bytes of text", 201, 1, 200)),
        (set("open", "title", "a\tb".into()), "body.title", bad_text('\t', 1)),
        (set("open", "title", sealed()), "body.title", wrong("a text", "a list")),
        (set("open", "about", "\u{202E}".into()), "body.about", bad_text('\u{202E}', 0)),
        (set("note", "text", long(16_385)), "body.text", range("bytes of text", 16_385, 0, 16_384)),
        (set("note", "text", int(1)), "body.text", wrong("plain or sealed", "a whole number")),
        (
            set("note", "text", array(["sealed".into(), Value::Bytes(vec![0; 31])])),
            "body.text[1]",
            range("bytes", 31, 32, 32),
        ),
        (set("item", "key", long(65)), "body.key", range("bytes of text", 65, 1, 64)),
        (set("attach", "media", long(129)), "body.media", range("bytes of text", 129, 1, 128)),
        (item(array(["choice".into(), "\u{7}".into()])), "body.value[1]", bad_text('\u{7}', 0)),
        (item(array(["record".into(), "\u{FEFF}".into(), sealed()])), "body.value[1]", bad_text('\u{FEFF}', 0)),
        // Words.
        (set("open", "suite", "rsa".into()), "body.suite", SchemaFault::BadWord { allowed: &["ed25519-sha256"] }),
        (
            set("contact", "direction", "sideways".into()),
            "body.direction",
            SchemaFault::BadWord { allowed: &["out", "in"] },
        ),
        // Whole numbers, bytes, counts.
        (set("open", "level", int(0)), "body.level", range("is the number", 0, 1, 1023)),
        (set("open", "nonce", Value::Bytes(vec![0; 17])), "body.nonce", range("bytes", 17, 16, 16)),
        (set("open", "roots", Value::Array(vec![id(); 17])), "body.roots", range("entries", 17, 0, 16)),
        (set("admit", "request", Value::Bytes(vec![])), "body.request", range("bytes", 0, 1, 4096)),
        (set("admit", "party", Value::Bytes(vec![0; 33])), "body.party", range("bytes", 33, 32, 32)),
        (set("invite", "seat", int(1024)), "body.seat", range("is the number", 1024, 0, 1023)),
        (set("invite", "seat", array([id()])), "body.seat", range("entries", 1, 2, 2)),
        (set("invite", "seat", array([id(), int(-1)])), "body.seat[1]", range("is the number", -1, 0, 1023)),
        (set("invite", "seat", "1".into()), "body.seat", wrong("index or a list", "a text")),
        (set("invite", "expires", int(i64::MAX)), "body.expires", range("is the number", i64::MAX, -INT_MAX, INT_MAX)),
        (set("attach", "size", int(-1)), "body.size", range("is the number", -1, 0, INT_MAX)),
        (set("ratify", "entries", array([])), "body.entries", range("entries", 0, 1, 64)),
        (set("erase", "path", Value::Array(vec![int(0); 17])), "body.path", range("entries", 17, 1, 16)),
        (set("erase", "path", array([true.into()])), "body.path[0]", wrong("plain or index", "true or false")),
        (set("mandate", "open", int(1)), "body.open", wrong("true or false", "a whole number")),
        (
            set("mandate", "ceilings", array([money(), array(["1".into()])])),
            "body.ceilings[1]",
            range("entries", 1, 2, 2),
        ),
        (set("cut", "tips", array([array([id(), id(), id()])])), "body.tips[0][1]", wrong("a whole number", "bytes")),
        (set("prove", "data", Value::Bytes(vec![0; 30_001])), "body.data", range("bytes", 30_001, 1, 30_000)),
        (set("reject", "unmet", Value::Array(vec![int(0); 65])), "body.unmet", range("entries", 65, 0, 64)),
        (set("propose", "subjects", array([])), "body.subjects", range("entries", 0, 1, 32)),
        (set("propose", "signers", Value::Array(vec![int(0); 33])), "body.signers", range("entries", 33, 1, 32)),
        // Numbers in text, dates, times.
        (
            action("value", array(["1.00000".into(), "EUR".into()])),
            "body.subjects[1].value[0]",
            DecimalError::TooPrecise { allowed: 4 }.into(),
        ),
        (
            action("value", array(["1".into(), "eur".into()])),
            "body.subjects[1].value[1]",
            DecimalError::Currency.into(),
        ),
        (item(array(["decimal".into(), "-0".into()])), "body.value[1]", DecimalError::MinusZero.into()),
        (item(array(["decimal".into(), "1e3".into()])), "body.value[1]", DecimalError::Shape.into()),
        (item(array(["money".into(), "01".into(), "EUR".into()])), "body.value[1]", DecimalError::LeadingZero.into()),
        (item(array(["date".into(), "2026-13-01".into()])), "body.value[1]", date()),
        (item(array(["time".into(), int(0), "2026-01-01 10:00".into(), "UTC".into()])), "body.value[2]", local()),
        (due_with("local", Some("2026-01-01T24:00".into())), "body.subjects[1].due.local", local()),
        (due_with("zone", None), "body.subjects[1].due.zone", SchemaFault::MissingField),
        (due_with("count", Some(int(1))), "body.subjects[1].due.count", SchemaFault::UnknownField),
        (
            action("due", with(&due_after(), "count", Some(int(10_000)))),
            "body.subjects[1].due.count",
            range("is the number", 10_000, 1, 9999),
        ),
        (action("due", with(&due_after(), "zone", None)), "body.subjects[1].due.zone", SchemaFault::MissingField),
        // Forms.
        (
            item(array(["decimal".into(), "1".into(), "kg".into(), "kg".into()])),
            "body.value",
            range("entries", 4, 2, 3),
        ),
        (item(array(["record".into(), "key".into()])), "body.value[2]", SchemaFault::MissingField),
        (
            item(array(["list".into(), array(["integer".into(), "1".into()])])),
            "body.value[1][1]",
            wrong("a whole number", "a text"),
        ),
        (
            item(Value::Array([Value::from("list")].into_iter().chain(vec![sealed(); 65]).collect())),
            "body.value",
            range("entries", 65, 0, 64),
        ),
        (
            action("performers", array([map([("person", "Ada".into())])])),
            "body.subjects[1].performers[0].seat",
            SchemaFault::MissingField,
        ),
        (action("deemed", map([("count", int(1))])), "body.subjects[1].deemed.unit", SchemaFault::MissingField),
        (
            action("cancel", array([map([("by", int(0))])])),
            "body.subjects[1].cancel[0].text",
            SchemaFault::MissingField,
        ),
        // The body itself.
        (("seen", map([("x", int(1))])), "body.x", SchemaFault::UnknownField),
        (("seen", map([("\u{202E}", int(1))])), "body.<U+202E>", SchemaFault::UnknownField),
        (("seen", array([])), "body", wrong("a map", "a list")),
        (("seen", cbor::header([(1, Some(int(1)))])), "body.1", SchemaFault::UnknownField),
        (("wave", map([])), "kind", SchemaFault::UnknownKind),
    ];
    for ((kind, body), path, why) in table {
        assert_eq!(fault(kind, &body), (path.to_owned(), why), "{kind}");
    }
    let unknown_value = fault("item", &with(&full("item"), "value", Some(array(["colour".into(), int(1)]))));
    assert!(matches!(unknown_value, (path, SchemaFault::WrongType { .. }) if path == "body.value"));
    let unknown_subject = map([("is", "dream".into())]);
    let (path, why) = fault("propose", &with(&full("propose"), "subjects", Some(array([unknown_subject]))));
    assert!(path == "body.subjects[0]" && matches!(why, SchemaFault::WrongType { .. }), "{path}: {why}");
}

#[test]
fn a_fault_deep_inside_is_told_once_and_quickly() {
    // Each level tries its forms once, so depth does not multiply the work.
    let mut value = array(["integer".into(), "x".into()]);
    for _ in 0..200 {
        value = array(["list".into(), value]);
    }
    let (path, why) = fault("item", &map([("key", "k".into()), ("value", value)]));
    assert_eq!(path, format!("body.value{}", "[1]".repeat(201)));
    assert_eq!(why, wrong("a whole number", "a text"));
}

#[test]
fn every_rule_in_use_is_listed_once() {
    fn walk(ty: &'static Ty, met: &mut Vec<&'static str>) {
        match ty {
            Ty::Rule(rule) if met.contains(&rule.name) => {}
            Ty::Rule(rule) => {
                met.push(rule.name);
                walk(&rule.ty, met);
            }
            Ty::Array { of, .. } => walk(of, met),
            Ty::Tuple { fixed, last } => fixed.iter().chain(*last).for_each(|ty| walk(ty, met)),
            Ty::Tagged { each, .. } => each.iter().for_each(|ty| walk(ty, met)),
            Ty::Map(fields) => fields.iter().for_each(|field| walk(&field.ty, met)),
            Ty::OneOf(forms) => forms.iter().for_each(|ty| walk(ty, met)),
            _ => {}
        }
    }
    let level = level(1).expect("level 1");
    let mut met = Vec::new();
    level.acts().iter().flat_map(|act| act.body).for_each(|field| walk(&field.ty, &mut met));
    let mut listed: Vec<&str> = level.rules.iter().map(|rule| rule.name).collect();
    met.sort_unstable();
    listed.sort_unstable();
    assert_eq!(met, listed);
}
