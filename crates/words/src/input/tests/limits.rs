//! What is told of an act that goes beyond the limits of its signer: how much, the limit, whose it is, and what to do.

use counterpart_core::{act::ActionTerms, keylog::Kinds, value::Money};

use super::*;
use crate::{acts::limits, error::CommandError};

fn worth(what: &str, amount: &str, currency: &str) -> Proposal {
    let value = Money::parse(amount, currency).ok();
    proposal(None, Topic::Action { action: None, terms: ActionTerms { value, ..terms(what, &[1], &[0]) } })
}

/// The case in which the supplier offers three things.
fn offered() -> Stage {
    let mut stage = Stage::new();
    let both =
        [worth("Pay", "300.00", "GBP"), worth("Take off", "-199.50", "GBP")].into_iter().flat_map(|p| p.subjects);
    let both = Proposal { subjects: both.collect(), ..does("", 1) };
    for (name, offer) in
        [("dear", worth("Refund", "500.00", "GBP")), ("foreign", worth("Refund", "5.00", "USD")), ("both", both)]
    {
        stage.named(name, 1, &Act::Propose(offer));
    }
    stage
}

fn seat(desk: &Desk, kinds: &[&str], ceilings: &[(&str, &str)]) -> Desk {
    let kinds = Kinds::Listed(kinds.iter().map(|kind| (*kind).to_owned()).collect());
    let ceilings = ceilings.iter().map(|(amount, currency)| ((*amount).to_owned(), (*currency).to_owned())).collect();
    desk.add_seat("priya", &Rights { kinds, receive: false, admin: false, ceilings }, now()).expect("a seat");
    desk.at_seat("priya").expect("a desk at it")
}

#[track_caller]
fn refused(stage: &Stage, seat: &Desk, input: &Json) -> CommandError {
    let case = OpenCase::open(seat, &stage.case.to_hex()).expect("a case");
    prepared(seat, &case, stage.input(input)).expect_err("refused")
}

/// What the hint says before it names a command, and the command.
fn hint(why: &CommandError) -> (&str, &str) {
    why.hint.as_deref().and_then(|hint| hint.split_once("; ")).expect("a hint in two parts")
}

fn accept(name: &str) -> Json {
    json!({"act": "accept", "revision": format!("{{{name}}}")})
}

#[test]
fn a_ceiling_is_told_with_the_amount_whose_it_is_and_what_to_do() {
    let stage = offered();
    let desk = stage.desk();
    let seat = seat(&desk, &["accept", "propose", "note"], &[("200.00", "GBP"), ("100", "EUR")]);
    let none = "this would have no effect, so it was not signed: ";
    for (input, says) in [
        (accept("dear"), "£500 is at stake, and priya may agree to at most £200.00"),
        // Each value counts without its sign.
        (accept("both"), "£499.50 is at stake, and priya may agree to at most £200.00"),
        (
            accept("foreign"),
            "5 USD is at stake, and priya may agree to nothing in USD, only to at most £200.00 and €100",
        ),
        (
            json!({"act": "propose", "subjects": [
                {"is": "action", "what": "Refund", "value": {"amount": "200.01", "currency": "GBP"}}]}),
            "£200.01 is at stake, and priya may agree to at most £200.00",
        ),
    ] {
        let why = refused(&stage, &seat, &input);
        assert_eq!(why.message, format!("{none}{says}"), "{input}");
        let (say, command) = hint(&why);
        assert!(say.starts_with("let one of you sign it who may sign more") && !say.contains("counterpart"), "{say}");
        assert!(command.starts_with("`counterpart agent list`"), "{command}");
    }
}

#[test]
fn a_kind_of_act_that_is_not_allowed_is_told_with_those_that_are() {
    let stage = offered();
    let desk = stage.desk();
    let seat = seat(&desk, &["accept", "note"], &[("200.00", "GBP")]);
    let why = refused(&stage, &seat, &json!({"act": "decline", "revision": "{dear}"}));
    assert!(
        why.message.ends_with(": priya may not sign this kind of act (decline), only accept and note"),
        "{}",
        why.message
    );
    assert!(hint(&why).0.contains("What priya may sign was settled when its key was let in"), "{why:?}");
}

#[test]
fn a_mandate_is_named_by_its_entry_and_may_be_changed() {
    let stage = offered();
    let desk = stage.desk();
    let seat = seat(&desk, &["accept", "note"], &[("600.00", "GBP")]);
    let case = || OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    let set = |ceiling: &str, kinds: &[&str], internal: bool| {
        let limits = limits::Limits {
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            ceilings: Money::parse(ceiling, "GBP").into_iter().collect(),
            internal,
            ..limits::Limits::default()
        };
        let act = limits::mandate(&desk, &case(), "priya", limits).expect("a mandate");
        let (_, signed) = desk.sign(&stage.case, &act, now()).expect("signed");
        case().entry_name(&signed.id)
    };
    // One that everybody sees voids what goes beyond it; the other is kept by one's own machines alone.
    for (internal, none, whose) in [
        (false, "this would have no effect, so it was not signed", "the"),
        (true, "this was not signed", "your side's own"),
    ] {
        let name = set("50.00", &[], internal);
        let why = refused(&stage, &seat, &accept("dear"));
        let told = format!("£500 is at stake, and priya may agree by {whose} mandate {name} to at most £50.00");
        assert_eq!(why.message, format!("{none}: {told}"));
        let (say, command) = hint(&why);
        assert!(say.contains("change the mandate of priya in this case"), "{say}");
        assert_eq!(command, format!("`counterpart mandate {} priya ...` does", case().short()));
    }
    let name = set("600.00", &["note"], true);
    let why = refused(&stage, &seat, &accept("dear"));
    let told = format!("by your side's own mandate {name} priya may not sign this kind of act (accept), only note");
    assert_eq!(why.message, format!("this was not signed: {told}"));
}

#[test]
fn one_s_own_entry_is_not_contested_by_a_program_either() {
    let mut stage = Stage::new();
    stage.named("own", 0, &Act::Note { text: open("It drips"), about: None });
    stage.named("theirs", 1, &Act::Note { text: open("It is dry"), about: None });
    let desk = stage.desk();
    let contest = |entry: &str| json!({"act": "contest", "entry": entry, "reason": "it does not"});
    let why = refused(&stage, &desk, &contest("{own}"));
    assert!(why.message.contains("is your own: you contest what somebody else wrote"), "{}", why.message);
    assert!(why.hint.as_ref().is_some_and(|hint| hint.contains("says what is wrong with it")), "{why:?}");
    let case = OpenCase::open(&desk, &stage.case.to_hex()).expect("a case");
    assert!(prepared(&desk, &case, stage.input(&contest("{theirs}"))).is_ok());
}

#[test]
fn what_is_no_proposal_is_told_with_what_it_is_and_what_waits() {
    let mut stage = Stage::new();
    stage.named("note", 1, &Act::Note { text: open("We were there"), about: None });
    stage.named("waits", 1, &Act::Propose(does("Mend the wall", 1)));
    let desk = stage.desk();
    let waits = stage.record.names().of(&stage.names["waits"]);
    for (revision, is) in [("{note}", "a note"), ("1", "the opening of the case")] {
        for input in [
            json!({"act": "accept", "revision": revision}),
            json!({"act": "decline", "revision": revision}),
            json!({"act": "counter", "of": revision, "action": {"what": "Mend it"}}),
        ] {
            let why = refused(&stage, &desk, &input);
            assert!(why.message.ends_with(&format!("is not a proposal: it is {is}")), "{input}: {}", why.message);
            assert_eq!(why.hint, Some(format!("what waits for your answer: {}", waits.trim_start_matches('#'))));
        }
    }
}
