//! Rules at work in two homes, a customer's and a supplier's, whose entries the test carries from one to the other.

mod trouble;

use std::fs;

use counterpart_core::{
    act::{Act, ActionTerms, Proposal, Subject, Topic},
    id::{CaseId, EntryId},
    keylog::{Kinds, RevokeReason},
    record::Record,
    value::{Due, Money, Sealable, Seat},
};
use counterpart_node::{Desk, Rights, RuleWish, now};
use counterpart_process::standing_rule::{MOST_IN_A_ROW, Miss, Only, StandingRule, When, Whose};
use counterpart_testkit::{
    case::{case_between, proposal, terms},
    home::{party_of, put_case, summary_of},
    party::Party,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::*;

const MINUTE: i64 = 60_000;

struct House {
    home: TempDir,
    desk: Desk,
}

impl House {
    fn new() -> Self {
        let home = TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        let desk = Desk::open(home.path()).expect("a home");
        Self { home, desk }
    }

    /// Its party, able to sign as the home would.
    fn party(&self) -> Party {
        let author = self.desk.author();
        let log = self.desk.with_store(|store| store.key_events(author.party)).expect("a key log");
        party_of(self.home.path(), &author, self.desk.peer_id().as_bytes(), log)
    }

    fn seat(&self, name: &str, kinds: &[&str], ceilings: &[(&str, &str)]) {
        let kinds = match kinds {
            [] => Kinds::All,
            listed => Kinds::Listed(listed.iter().map(|kind| (*kind).to_owned()).collect()),
        };
        let ceilings = ceilings.iter().map(|(amount, currency)| ((*amount).to_owned(), (*currency).to_owned()));
        let rights = Rights { kinds, receive: false, admin: false, ceilings: ceilings.collect() };
        self.desk.add_seat(name, &rights, now()).expect("a seat");
    }

    fn rule(&self, name: &str, seat: &str, when: When, only: Only, then: Then) -> StandingRule {
        let device = self.desk.seat_called(seat).expect("a seat").agent.device;
        let (name, seat) = (name.to_owned(), seat.to_owned());
        let wish = RuleWish { name, seat, device, when, only, then, an_hour: 20 };
        let rule = self.desk.check_standing_rule(&wish, now()).expect("a good rule");
        readable(&rule.then).expect("an act");
        self.desk.add_standing_rule(rule, now()).expect("it is kept")
    }

    fn runner(&self) -> Runner {
        Runner::new(Desk::open(self.home.path()).expect("a home"))
    }

    /// As after a crash: what was looked at is not known.
    fn forgets(&self) -> Runner {
        drop(fs::remove_file(self.home.path().join("standing-rules-looked.json")));
        self.runner()
    }
}

/// Two homes with a case: the customer's and the supplier's, where the rules are.
struct Two {
    customer: House,
    supplier: House,
    case: CaseId,
}

impl Two {
    fn new() -> Self {
        let (customer, supplier) = (House::new(), House::new());
        let case = case_between(&[&customer.party(), &supplier.party()]);
        let two = Self { customer, supplier, case: case.id };
        for house in [&two.customer, &two.supplier] {
            two.put(house, &case.record);
        }
        two
    }

    /// Puts a record into a home, as far as it is not there.
    fn put(&self, house: &House, record: &Record) {
        let (own, entries) = (house.desk.author().device, record.graph().len());
        let logs = [&self.customer, &self.supplier].map(|party| party.desk.party());
        let written = house.desk.with_store(|store| {
            store.write(|txn| {
                put_case(txn, own, record, entries, &logs)?;
                txn.put_summary(&summary_of(self.case, "A refund", entries, now()))
            })
        });
        written.expect("a written store");
    }

    fn record(&self, house: &House) -> Record {
        house.desk.record(&self.case).expect("a case")
    }

    fn carried(&self) {
        self.put(&self.supplier, &self.record(&self.customer));
        self.put(&self.customer, &self.record(&self.supplier));
    }

    /// The customer signs something, and the supplier gets it.
    fn customer_signs(&self, act: &Act) -> EntryId {
        let (_, signed) = self.customer.desk.sign(&self.case, act, now()).expect("signed");
        self.carried();
        signed.id
    }

    /// The customer promises something that is due at that minute; gives the offer, and when it is due.
    fn promised(&self, instant: i64) -> (EntryId, i64) {
        let instant = instant - instant.rem_euclid(MINUTE);
        let local = crate::when::local_in(instant, "UTC").expect("a time");
        let due = Some(Due::At { instant, local, zone: "UTC".to_owned() });
        let sent = ActionTerms { due, ..terms("Send the invoice", &[0], &[1]) };
        let offer = self.customer_signs(&Act::Propose(proposal(None, Topic::Action { action: None, terms: sent })));
        self.supplier.desk.sign(&self.case, &Act::Accept { revision: offer, note: None }, now()).expect("agreed");
        (offer, instant)
    }

    fn kinds_by_seat(&self, seat: &str) -> Vec<String> {
        let device = self.supplier.desk.seat_called(seat).expect("a seat").agent.device;
        let record = self.record(&self.supplier);
        let graph = record.graph();
        let by = graph.all().map(|ix| graph.statement(ix)).filter(|statement| statement.device == device);
        by.map(|statement| statement.kind.clone()).collect()
    }
}

fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

fn worth(what: &str, amount: &str) -> Proposal {
    let value = Money::parse(amount, "GBP").ok();
    proposal(None, Topic::Action { action: None, terms: ActionTerms { value, ..terms(what, &[1], &[0]) } })
}

fn together(parts: Vec<Proposal>) -> Proposal {
    let subjects: Vec<Subject> = parts.into_iter().flat_map(|part| part.subjects).collect();
    Proposal { subjects, ..worth("", "1.00") }
}

fn accepts() -> Then {
    Then::Sign(json!({"act": "accept", "revision": "{entry}"}))
}

fn notes(text: &str) -> Then {
    Then::Sign(json!({"act": "note", "text": text, "about": "{entry}"}))
}

fn up_to(amount: &str) -> Only {
    Only { up_to: Money::parse(amount, "GBP").ok(), ..Only::default() }
}

#[track_caller]
fn looked(runner: &mut Runner) -> Vec<What> {
    looked_at(runner, now())
}

#[track_caller]
fn looked_at(runner: &mut Runner, at: i64) -> Vec<What> {
    let mut all = Vec::new();
    loop {
        let (told, more) = runner.look(at).expect("a look");
        all.extend(told.into_iter().map(|told| told.what));
        if !more {
            return all;
        }
    }
}

#[test]
fn a_small_refund_is_accepted_once_whenever_the_program_dies() {
    let two = Two::new();
    two.supplier.seat("bot", &["accept", "note"], &[("50.00", "GBP")]);
    two.supplier.rule("small-refunds", "bot", When::Proposal, up_to("50.00"), accepts());
    two.supplier.rule("seen", "bot", When::Proposal, Only::default(), notes("We look at #{entry}, {party}."));
    let mut runner = two.supplier.runner();
    assert_eq!(looked(&mut runner), [], "nothing came in");
    let offer = two.customer_signs(&Act::Propose(worth("Refund the double charge", "30.00")));
    let told = looked(&mut runner);
    assert!(matches!(told.as_slice(), [What::Signed(..), What::Signed(..)]), "{told:?}");
    assert_eq!(two.kinds_by_seat("bot"), ["note", "accept"], "rules act in the order of their names");
    // Killed before how far was looked was written down; and once more after a start that knows nothing at all.
    for _ in 0..2 {
        assert_eq!(looked(&mut two.supplier.forgets()), []);
    }
    assert_eq!(looked(&mut two.supplier.runner()), []);
    assert_eq!(two.kinds_by_seat("bot").len(), 2);
    let said = two.record(&two.supplier);
    let text = said.graph().all().find_map(|ix| match said.fold().act(ix) {
        Act::Note { text, about } => Some((text.open().map(str::to_owned), *about)),
        _ => None,
    });
    let number = said.names().of(&offer);
    assert_eq!(text, Some((Some(format!("We look at {number}, the customer.")), Some(offer))));
    // What it did is known again.
    let done = two.supplier.desk.rules_looked().done;
    assert!(
        done.values().all(|all| all.len() == 1 && all[0].what == "signed" && all[0].entries.len() == 1),
        "{done:?}"
    );
}

#[test]
fn what_is_worth_more_or_hides_it_is_left_to_a_person_and_told() {
    let two = Two::new();
    two.supplier.seat("bot", &["accept"], &[("50.00", "GBP")]);
    two.supplier.rule("limited", "bot", When::Proposal, up_to("50.00"), accepts());
    // Its ceiling alone holds this one.
    two.supplier.rule("unlimited", "bot", When::Proposal, Only::default(), accepts());
    let mut runner = two.supplier.runner();
    for (offer, left_to) in [
        (worth("Refund", "60.00"), ("value", "refused")),
        (worth("Refund", "-60.00"), ("value", "refused")),
        (together(vec![worth("Pay", "10000.00"), worth("Adjustment", "-9951.00")]), ("value", "refused")),
        (together(vec![worth("Pay", "30.00"), worth("Pay", "30.00")]), ("value", "refused")),
    ] {
        two.customer_signs(&Act::Propose(offer));
        let told = looked(&mut runner);
        let words = |what: &What| match what {
            What::PassedOver(Miss::Value) => "value",
            What::Refused(_) => "refused",
            _ => "else",
        };
        assert_eq!(told.iter().map(words).collect::<Vec<_>>(), [left_to.0, left_to.1], "{told:?}");
    }
    for odd in [
        proposal(None, Topic::Action { action: None, terms: terms("Pay £9,999", &[1], &[0]) }),
        Proposal { alleged: None, ..together(vec![worth("Refund", "1.00"), debt()]) },
    ] {
        two.customer_signs(&Act::Propose(odd));
        let told = looked(&mut runner);
        let left = |what: &What| matches!(what, What::PassedOver(Miss::Value | Miss::NotPlain));
        assert!(told.len() == 2 && told.iter().all(left), "{told:?}");
    }
    assert_eq!(two.kinds_by_seat("bot"), [""; 0], "nothing was signed");
}

#[test]
fn a_rule_that_comes_too_late_says_who_had_answered() {
    let two = Two::new();
    two.supplier.seat("bot", &["accept"], &[("50.00", "GBP")]);
    two.supplier.rule("a-first", "bot", When::Proposal, Only::default(), accepts());
    two.supplier.rule("b-second", "bot", When::Proposal, up_to("50.00"), accepts());
    let mut runner = two.supplier.runner();
    two.customer_signs(&Act::Propose(worth("Refund", "30.00")));
    let (told, _) = runner.look(now()).expect("a look");
    let [first, second] = <[Told; 2]>::try_from(told).expect("one answers, the other says why not");
    assert!(matches!(first.what, What::Signed(..)), "{first:?}");
    assert_eq!(second.what.kept(), "refused: another rule had answered it (a-first)");
    assert!(second.line().contains("another rule had answered it (a-first)"), "{}", second.line());
    let logged = second.logged();
    assert_eq!((logged.level, logged.event), (counterpart_node::Level::Info, "rule-refused"), "it needs nobody");
    // A person was faster, before the node looked.
    let offer = two.customer_signs(&Act::Propose(worth("Refund", "20.00")));
    two.supplier.desk.sign(&two.case, &Act::Accept { revision: offer, note: None }, now()).expect("agreed");
    let (told, _) = runner.look(now()).expect("a look");
    let kept: Vec<String> = told.iter().map(|told| told.what.kept()).collect();
    assert_eq!(kept, ["refused: one of you had answered it"; 2]);
    // What its seat may not sign is said as ever, and is for a person.
    two.customer_signs(&Act::Propose(worth("Refund", "60.00")));
    let (told, _) = runner.look(now()).expect("a look");
    assert_eq!(told[0].what.kept(), "refused: it may not be signed, or would have no effect");
    assert_eq!(told[0].logged().level, counterpart_node::Level::Warn);
}

/// A rule at the seat as a person types it.
fn typed_rule(seat: &str, up_to: Option<&str>, words: &[&str], does: DoesTyped) -> RuleTyped {
    RuleTyped {
        name: "typed".to_owned(),
        seat: seat.to_owned(),
        when: When::Proposal,
        template: None,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        up_to: up_to.map(str::to_owned),
        by: None,
        before: None,
        an_hour: None,
        does,
    }
}

#[test]
fn a_rule_says_no_more_than_its_seat_may_and_says_plainly_that_it_accepts_anything() {
    let house = House::new();
    house.seat("bot", &["accept", "note"], &[("50.00", "GBP")]);
    let shown = |up_to: Option<&str>, words: &[&str], does: DoesTyped| {
        let shown = typed_rule("bot", up_to, words, does).shown(&house.desk, now());
        shown.map(|shown| shown.text).map_err(CommandError::from)
    };
    let why = shown(Some("£5,000"), &["refund"], DoesTyped::Accept).expect_err("more than its seat may");
    assert_eq!(why.message, "the seat bot agrees to at most £50.00: a rule up to £5000 accepts nothing beyond that");
    assert!(why.hint.as_ref().is_some_and(|hint| hint.contains("--up-to £50.00 or less")), "{why:?}");
    let why = shown(Some("5 USD"), &["refund"], DoesTyped::Accept).expect_err("a currency it has no ceiling in");
    assert!(why.message.contains("to nothing in USD") && why.message.contains("at most £50.00"), "{}", why.message);
    // As much as it may; and where it agrees to nothing no ceiling is asked.
    for (up_to, does) in [("£50", DoesTyped::Accept), ("£5,000", DoesTyped::Note("Tom looks at this".to_owned()))] {
        let text = shown(Some(up_to), &["refund"], does).expect("a rule");
        assert!(!text.contains("Beware"), "{text}");
    }
    let anything = "It accepts every proposal up to £20 of anybody's words, in every case of yours";
    let text = shown(Some("£20"), &[], DoesTyped::Accept).expect("a rule");
    assert!(text.contains(anything), "{text}");
    let text = shown(None, &[], DoesTyped::Accept).expect("a rule");
    assert!(text.contains("every proposal up to £50.00 of anybody's words"), "{text}");
    // One of before that says more is told of wherever rules are.
    let kept = house.rule("wide", "bot", When::Proposal, up_to("5000.00"), accepts());
    let told = warnings(&house.desk, &kept).expect("read");
    assert!(told.len() == 2 && told[0].contains("at most £50.00: a rule up to £5000.00"), "{told:?}");
    assert_eq!(rule_json(&house.desk, &kept).expect("read")["warnings"], json!(told));
}

fn debt() -> Proposal {
    let seats = vec![Seat::Number(0), Seat::Number(1)];
    let text = Sealable::Open("They owe £9,999".to_owned());
    proposal(None, Topic::Terms { terms: None, title: "Debt".to_owned(), text, seats })
}

#[test]
fn a_seat_without_listed_kinds_or_a_ceiling_signs_nothing_by_itself() {
    let two = Two::new();
    two.supplier.seat("anything", &[], &[]);
    two.supplier.seat("no-ceiling", &["accept"], &[]);
    two.supplier.rule("one", "anything", When::Proposal, Only::default(), accepts());
    two.supplier.rule("two", "no-ceiling", When::Proposal, Only::default(), accepts());
    two.customer_signs(&Act::Propose(worth("Refund", "1.00")));
    let told = looked(&mut two.supplier.runner());
    let refused = |what: &What| matches!(what, What::Refused(_));
    assert!(told.len() == 2 && told.iter().all(refused), "{told:?}");
}

#[test]
fn two_sides_that_answer_each_other_come_to_an_end() {
    let two = Two::new();
    let mut runners = Vec::new();
    for (house, text) in [(&two.customer, "Thanks for #{entry}"), (&two.supplier, "You are welcome, {party}")] {
        house.seat("bot", &["note"], &[]);
        house.rule("polite", "bot", When::Note, Only::default(), notes(text));
        runners.push(house.runner());
    }
    two.customer_signs(&note("Hello"));
    let mut held = 0;
    let mut rounds = 0;
    loop {
        rounds += 1;
        assert!(rounds < 100, "it has no end");
        let before = two.record(&two.supplier).graph().len();
        for runner in &mut runners {
            let told = looked(runner);
            held += told.iter().filter(|what| matches!(what, What::Held(_))).count();
            two.carried();
        }
        if two.record(&two.supplier).graph().len() == before {
            break;
        }
    }
    assert_eq!(two.kinds_by_seat("bot").len(), MOST_IN_A_ROW, "so often without any of us");
    assert!(held > 0, "and that is told");
    // Somebody of the supplier looks, and signs: then it goes on.
    two.supplier.desk.sign(&two.case, &note("Anne here"), now()).expect("signed");
    two.carried();
    two.customer_signs(&note("Hello again"));
    looked(&mut runners[1]);
    assert!(two.kinds_by_seat("bot").len() > MOST_IN_A_ROW);
}

#[test]
fn a_seat_acts_only_so_often_within_an_hour() {
    let two = Two::new();
    two.supplier.seat("bot", &["note"], &[]);
    let rule = two.supplier.rule("polite", "bot", When::Note, Only::default(), notes("Seen"));
    let rule = StandingRule { an_hour: 2, ..rule };
    fs::write(two.supplier.home.path().join("standing-rules.json"), json!([rule]).to_string()).expect("written");
    for text in ["one", "two", "three"] {
        two.customer_signs(&note(text));
    }
    let told = looked(&mut two.supplier.runner());
    assert!(matches!(told.as_slice(), [What::Signed(..), What::Signed(..), What::Held(Held::AnHour)]), "{told:?}");
}

#[test]
fn a_rule_ends_with_the_rights_of_its_seat() {
    let two = Two::new();
    two.supplier.seat("bot", &["note"], &[]);
    two.supplier.rule("polite", "bot", When::Note, Only::default(), notes("Seen"));
    let mut runner = two.supplier.runner();
    two.customer_signs(&note("one"));
    assert_eq!(looked(&mut runner).len(), 1);
    let seat = two.supplier.desk.seat_called("bot").expect("a seat");
    two.supplier.desk.revoke_agent(&seat.agent.grant, RevokeReason::Ended, now()).expect("ended");
    two.customer_signs(&note("two"));
    assert_eq!(looked(&mut runner), [What::Stopped(Stopped::Ended)]);
    assert_eq!(looked(&mut runner), [], "told once");
    two.supplier.desk.end_seat("bot", RevokeReason::Ended, now()).expect("ended");
    assert_eq!(looked(&mut runner), [What::Stopped(Stopped::NoSeat)]);
    // A later seat of that name is another.
    two.supplier.seat("bot", &["note"], &[]);
    assert_eq!(looked(&mut runner), [What::Stopped(Stopped::AnotherSeat)]);
    two.customer_signs(&note("three"));
    assert_eq!(looked(&mut runner), []);
    assert_eq!(two.kinds_by_seat("bot"), [""; 0]);
}

#[test]
fn what_was_before_the_rule_or_is_old_sets_nothing_off() {
    let two = Two::new();
    two.supplier.seat("bot", &["note"], &[]);
    two.customer_signs(&note("before"));
    two.supplier.rule("polite", "bot", When::Note, Only::default(), notes("Seen"));
    // Signed before the rule, and come in after it.
    two.customer.desk.sign(&two.case, &note("late"), now() - 60 * MINUTE).expect("signed");
    two.carried();
    let mut runner = two.supplier.runner();
    assert_eq!(looked(&mut runner), []);
    // Our own acts, at whichever key, are nobody else's.
    two.supplier.desk.sign(&two.case, &note("ours"), now()).expect("signed");
    assert_eq!(looked(&mut runner), []);
    two.customer_signs(&note("now"));
    let later = now() + 3 * 24 * 60 * MINUTE;
    assert_eq!(looked_at(&mut two.supplier.forgets(), later), [], "the node was off for three days");
    assert_eq!(looked(&mut two.supplier.forgets()).len(), 1);
}

#[test]
fn cases_are_given_to_somebody_where_nobody_has_them() {
    let two = Two::new();
    two.supplier.seat("bot", &["note"], &[]);
    two.supplier.rule("to-tom", "bot", When::Note, Only::default(), Then::Assign("Tom".to_owned()));
    let mut runner = two.supplier.runner();
    two.customer_signs(&note("one"));
    assert_eq!(looked(&mut runner), [What::Assigned]);
    let assigned = |two: &Two| two.supplier.desk.assigned(&two.case).expect("read").map(|assigned| assigned.agent);
    assert_eq!(assigned(&two).as_deref(), Some("Tom"));
    two.supplier.desk.assign(&two.case, Some("Anne"), now()).expect("given");
    two.customer_signs(&note("two"));
    assert_eq!(looked(&mut runner), []);
    assert_eq!(assigned(&two).as_deref(), Some("Anne"), "whoever has it keeps it");
    two.supplier.desk.assign(&two.case, None, now()).expect("taken back");
    assert_eq!(looked(&mut two.supplier.forgets()), [What::Assigned], "it is about the second note");
    assert_eq!(two.kinds_by_seat("bot"), [""; 0]);
}

#[test]
fn what_is_overdue_is_reminded_of_once() {
    let two = Two::new();
    two.supplier.seat("bot", &["remind", "note"], &[]);
    let theirs = Only { whose: Some(Whose::Them), ..Only::default() };
    let remind = Then::Sign(json!({"act": "remind", "text": "You wanted to do #{part}", "about": "{entry}"}));
    two.supplier.rule("late", "bot", When::Overdue, theirs, remind);
    let ours = Only { whose: Some(Whose::Us), ..Only::default() };
    two.supplier.rule("we-are-late", "bot", When::Overdue, ours, notes("We are late"));
    let (offer, instant) = two.promised(now() + 60 * MINUTE);
    let mut runner = two.supplier.runner();
    assert_eq!(looked(&mut runner), [], "it is not due yet");
    let told = looked_at(&mut runner, instant + MINUTE);
    assert!(matches!(told.as_slice(), [What::Signed(..)]), "{told:?}");
    assert_eq!(looked_at(&mut runner, instant + 2 * MINUTE), []);
    assert_eq!(looked_at(&mut two.supplier.forgets(), instant + 3 * MINUTE), []);
    assert_eq!(two.kinds_by_seat("bot"), ["remind"]);
    two.carried();
    // Done: nothing is late any more.
    let done = Act::Declare { revision: offer, subject: 0, note: None, evidence: Vec::new() };
    two.customer_signs(&done);
    assert_eq!(looked_at(&mut two.supplier.forgets(), instant + 4 * MINUTE), []);
}

#[test]
fn a_clock_that_runs_out_is_seen_in_time() {
    use counterpart_process::clocks::Which;

    let mut two = crate::fixture::Two::new();
    let typed = crate::clocks::ClocksTyped {
        lengths: vec![(Which::FirstAnswer, "4 hours".to_owned())],
        hours: vec!["daily 00:00-24:00".to_owned()],
        zone: Some("UTC".to_owned()),
        ..Default::default()
    };
    let agreed = typed.read("UTC", 1_783_328_400_000).expect("good");
    let topics = crate::clocks::topics(&agreed, vec![Seat::Number(0), Seat::Number(1)], "party 1", None);
    let subjects = topics.into_iter().map(|topic| Subject { base: None, topic }).collect();
    let offer = Proposal { subjects, ..proposal(None, Topic::Level { level: 1 }) };
    let proposed = two.act(0, &Act::Propose(offer));
    two.accept(1, proposed);
    let mut case = two.seen_by(1);
    let began = case.now - MINUTE;
    let rule = |left: u32| StandingRule {
        name: "clock".to_owned(),
        id: String::new(),
        seat: "bot".to_owned(),
        device: case.author.expect("an author").device,
        when: When::Clock,
        only: Only { left: Some(left), ..Only::default() },
        then: notes("Soon"),
        an_hour: 3,
        added: 0,
        after: 0,
    };
    let rules = [rule(30)];
    let (all, next) = due::due_in(&mut case, &rules, began + 60 * MINUTE);
    assert!(all.iter().all(|happened| rules[0].meant(happened, None) == Err(Miss::Left)), "{all:?}");
    assert_eq!(next, Some(began + 210 * MINUTE));
    let (all, next) = due::due_in(&mut case, &rules, began + 210 * MINUTE);
    assert_eq!(all.iter().filter(|happened| rules[0].meant(happened, None).is_ok()).count(), 1, "{all:?}");
    assert_eq!(next, None);
    assert_eq!(all[0].whose, Some(Whose::Us));
}

#[test]
fn a_trial_shows_the_text_and_signs_nothing() {
    let two = Two::new();
    two.supplier.seat("bot", &["accept"], &[("50.00", "GBP")]);
    let before = two.customer_signs(&Act::Propose(worth("Refund the double charge", "30.00")));
    two.customer_signs(&Act::Propose(worth("Refund all of it", "60.00")));
    let rule = two.supplier.rule("limited", "bot", When::Proposal, up_to("50.00"), accepts());
    let desk = &two.supplier.desk;
    let all = trials(desk, &rule, &two.case.to_hex(), now()).expect("tried");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].would, Would::NotMeant(Miss::Value));
    assert_eq!(all[1].entry, before);
    assert!(matches!(&all[1].would, Would::Sign(text) if text.contains("accepts") && text.contains("£30")), "{all:?}");
    assert_eq!(two.kinds_by_seat("bot"), [""; 0]);
}

#[test]
fn what_is_said_of_it_holds_no_word_of_a_case() {
    let two = Two::new();
    two.supplier.seat("bot", &["accept"], &[("50.00", "GBP")]);
    two.supplier.rule("limited", "bot", When::Proposal, up_to("50.00"), accepts());
    two.supplier.rule("unlimited", "bot", When::Proposal, Only::default(), accepts());
    let mut runner = two.supplier.runner();
    let mut all = Vec::new();
    for amount in ["60.00", "30.00"] {
        two.customer_signs(&Act::Propose(worth("A Very Secret Matter", amount)));
        all.extend(runner.look(now()).expect("a look").0);
    }
    assert_eq!(all.len(), 4);
    let logged: Vec<Json> = all.iter().flat_map(|told| told.logged().more).map(|(_, value)| value).collect();
    let kept = fs::read_to_string(two.supplier.home.path().join("standing-rules-looked.json")).expect("kept");
    for text in [format!("{logged:?}"), kept] {
        assert!(!text.contains("Secret"), "{text}");
    }
    assert!(all.iter().all(|told| told.line().starts_with("standing rule ")));
}
