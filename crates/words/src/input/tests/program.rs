//! What a program signs by itself, by the limits of its seat.

use counterpart_core::{
    act::{ActionTerms, Mandate, Subject},
    keylog::Kinds,
    value::ItemValue,
};

use super::*;

fn worth(what: &str, amount: &str, currency: &str) -> Proposal {
    let value = Money::parse(amount, currency).ok();
    proposal(None, Topic::Action { action: None, terms: ActionTerms { value, ..terms(what, &[1], &[0]) } })
}

fn together(parts: Vec<Proposal>) -> Proposal {
    let subjects: Vec<Subject> = parts.into_iter().flat_map(|part| part.subjects).collect();
    Proposal { subjects, ..does("", 1) }
}

fn debt() -> Proposal {
    let seats = vec![Seat::Number(0), Seat::Number(1)];
    proposal(None, Topic::Terms { terms: None, title: "Debt".to_owned(), text: open("They owe £9,999"), seats })
}

/// The case in which the supplier offers all sorts of things.
fn offered() -> Stage {
    let mut stage = Stage::new();
    let price = ItemValue::Money(Money::parse("9999.00", "GBP").expect("money"));
    let close = Topic::Close { close: None, summary: None };
    for (name, offer) in [
        ("priced", worth("Refund", "49.00", "GBP")),
        ("dear", worth("Refund", "50.01", "GBP")),
        ("foreign", worth("Refund", "5.00", "EUR")),
        ("adjusted", together(vec![worth("Pay", "10000.00", "GBP"), worth("Adjustment", "-9951.00", "GBP")])),
        ("unpriced", does("Pay £9,999", 1)),
        ("words", debt()),
        ("price", proposal(None, Topic::Item { key: "price".to_owned(), value: price })),
        ("close", proposal(None, close)),
        ("hidden", together(vec![worth("Refund", "1.00", "GBP"), debt()])),
        ("half", together(vec![worth("Refund", "1.00", "GBP"), does("Pay £9,999", 1)])),
    ] {
        stage.named(name, 1, &Act::Propose(offer));
    }
    stage
}

/// A desk at a new seat of the home.
fn at(desk: &Desk, name: &str, kinds: &[&str], ceilings: &[(&str, &str)]) -> Desk {
    let kinds = match kinds {
        [] => Kinds::All,
        listed => Kinds::Listed(listed.iter().map(|kind| (*kind).to_owned()).collect()),
    };
    let ceilings = ceilings.iter().map(|(amount, currency)| ((*amount).to_owned(), (*currency).to_owned())).collect();
    desk.add_seat(name, &Rights { kinds, receive: false, admin: false, ceilings }, now()).expect("a seat");
    desk.at_seat(name).expect("a desk at it")
}

/// Whether a program may sign it, else why not.
fn tried(stage: &Stage, seat: &Desk, input: &Json) -> Result<(), String> {
    let case = OpenCase::open(seat, &stage.case.to_hex()).expect("a case");
    let ready = prepared(seat, &case, stage.input(input));
    ready.and_then(|ready| ready.may_be_signed_by_a_program(seat, &case)).map_err(|why| why.message)
}

#[track_caller]
fn refused(stage: &Stage, seat: &Desk, input: &Json, says: &str) {
    let why = tried(stage, seat, input).expect_err("refused");
    assert!(why.contains(says), "{input}: {why}");
}

fn accept(name: &str) -> Json {
    json!({"act": "accept", "revision": format!("{{{name}}}")})
}

fn note() -> Json {
    json!({"act": "note", "text": "seen"})
}

fn refund(value: &Json) -> Json {
    json!({"act": "propose", "subjects": [{"is": "action", "what": "Refund", "value": value}]})
}

#[test]
fn it_agrees_only_to_what_its_ceiling_sees() {
    let stage = offered();
    let desk = stage.desk();
    let seat = at(&desk, "bot", &["note", "accept", "propose", "counter", "contact"], &[("50.00", "GBP")]);
    for input in [note(), accept("priced"), refund(&json!({"amount": "50.00", "currency": "GBP"}))] {
        assert_eq!(tried(&stage, &seat, &input), Ok(()), "{input}");
    }
    for (offer, says) in [
        ("unpriced", "no value"),
        ("words", "terms in words"),
        ("price", "an agreed value"),
        ("close", "closing the case"),
        ("hidden", "terms in words"),
        ("half", "no value"),
        // These are beyond the ceiling, for everybody.
        ("dear", ""),
        ("foreign", ""),
        ("adjusted", ""),
    ] {
        refused(&stage, &seat, &accept(offer), says);
    }
    // Nor does it offer such a thing, or note it as promised; reserving the last word changes nothing.
    refused(
        &stage,
        &seat,
        &json!({"act": "propose", "subjects": [{"is": "action", "what": "Pay £9,999"}]}),
        "no value",
    );
    let terms = json!({"act": "propose", "subjects": [{"is": "terms", "title": "Debt", "text": "We owe £9,999"}]});
    refused(&stage, &seat, &terms, "terms in words");
    refused(
        &stage,
        &seat,
        &json!({"act": "counter", "of": "{unpriced}", "action": {"what": "Pay it all"}}),
        "no value",
    );
    let promise = json!({
        "act": "contact", "channel": "telephone", "direction": "out", "started": "2024-05-03T10:15:00+01:00",
        "summary": "They pay", "promises": [{"what": "Pay £9,999"}],
    });
    refused(&stage, &seat, &promise, "no value");
    let reserved = Act::Propose(Proposal { mode: Mode::Confirm, ..worth("Pay", "5.00", "EUR") });
    let record = desk.record(&stage.case).expect("the case");
    let why = super::super::program_may_sign(&seat, &record, &[reserved]).expect_err("refused");
    assert!(why.message.contains("no EUR"), "{}", why.message);
}

#[test]
fn its_kinds_are_listed_and_it_agrees_to_nothing_without_a_ceiling() {
    let stage = offered();
    let desk = stage.desk();
    let every = at(&desk, "every", &[], &[("50.00", "GBP")]);
    for input in [note(), accept("priced")] {
        refused(&stage, &every, &input, "every kind of act");
    }
    let uncapped = at(&desk, "uncapped", &["note", "accept"], &[]);
    assert_eq!(tried(&stage, &uncapped, &note()), Ok(()));
    for offer in ["priced", "words"] {
        refused(&stage, &uncapped, &accept(offer), "names no ceiling");
    }
    // A case that is yet to be begun has no mandates.
    assert!(super::super::program_may_sign(&every, &Record::new(), &[]).is_err());
    assert!(super::super::program_may_sign(&uncapped, &Record::new(), &[]).is_ok());
}

#[test]
fn a_mandate_in_the_case_limits_it_as_well() {
    let stage = offered();
    let desk = stage.desk();
    let every = at(&desk, "every", &[], &[]);
    let mandate = |kinds: &[&str], currency: &str, open: bool| {
        let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let ceilings = vec![Money::parse("50.00", currency).expect("money")];
        let act = Act::Mandate(Mandate { grant: every.author().grant, kinds, ceilings, from: None, until: None, open });
        desk.sign(&stage.case, &act, now()).expect("a mandate");
    };
    refused(&stage, &every, &note(), "every kind of act");
    // One that only our own machines hold to is enough.
    for open in [true, false] {
        mandate(&["note", "accept"], "GBP", open);
        assert_eq!(tried(&stage, &every, &note()), Ok(()));
        assert_eq!(tried(&stage, &every, &accept("priced")), Ok(()));
        refused(&stage, &every, &accept("words"), "terms in words");
    }
    mandate(&["note", "accept"], "EUR", true);
    assert_eq!(tried(&stage, &every, &accept("foreign")), Ok(()));
    assert!(tried(&stage, &every, &accept("priced")).is_err());
}
