//! Rules as data: what they are meant by, which can be kept, what becomes of the places in their texts; and what a record's
//! entries are to them.

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Mode, Proposal, Topic},
    id::EntryId,
    record::Record,
    value::Seat,
};
use counterpart_testkit::{
    case::{START, case_between, proposal, sign, terms},
    party::Party,
    rng::Rng,
};
use serde_json::json;

use super::*;

const CASES: &str = include_str!("cases.json");

fn cases(of: &str) -> Vec<Json> {
    let all: Json = serde_json::from_str(CASES).expect("JSON");
    all[of].as_array().expect("a list").clone()
}

/// A rule of which only some is said.
fn rule(said: &Json) -> StandingRule {
    let mut whole = json!({
        "name": "a-rule",
        "id": "00".repeat(32),
        "seat": "bot",
        "device": "11".repeat(32),
        "when": "note",
        "then": {"sign": {"act": "note", "text": "seen"}},
        "an_hour": USUAL_AN_HOUR,
        "added": 1000,
        "after": 0,
    });
    let fields = whole.as_object_mut().expect("an object");
    fields.extend(said.as_object().expect("an object").clone());
    serde_json::from_value(whole).expect("a rule")
}

fn came(said: &Json) -> Happening {
    let money = |text: &str| {
        let (amount, currency) = text.split_once(' ')?;
        Money::parse(amount, currency).ok()
    };
    let matter = |matter: &Json| match matter {
        Json::Array(both) => Matter {
            text: both[0].as_str().expect("a text").to_owned(),
            value: Some(both[1].as_str().and_then(money).expect("money")),
        },
        text => Matter { text: text.as_str().expect("a text").to_owned(), value: None },
    };
    Happening {
        when: When::from_word(said["when"].as_str().expect("a word")).expect("an occasion"),
        entry: EntryId([1; 32]),
        part: None,
        key: "key".to_owned(),
        at: said["at"].as_i64().unwrap_or(2000),
        role: None,
        whose: serde_json::from_value(said["whose"].clone()).ok(),
        left: said["left"].as_i64(),
        matters: said["matters"].as_array().map(|all| all.iter().map(matter).collect()).unwrap_or_default(),
        plain: said["plain"].as_bool().unwrap_or_default(),
    }
}

#[test]
fn a_rule_is_meant_by_what_it_says_and_nothing_else() {
    let cases = cases("meant");
    for case in &cases {
        let is = match rule(&case["rule"]).meant(&came(&case["came"]), case["came"]["template"].as_str()) {
            Ok(()) => "meant".to_owned(),
            Err(miss) => format!("{miss:?}"),
        };
        assert_eq!(Json::from(is), case["is"], "{case}");
    }
    assert!(cases.len() > 25);
}

#[test]
fn rules_that_cannot_be_kept_say_why() {
    for case in cases("checked") {
        let is = match rule(&case["rule"]).check() {
            Ok(()) => "good".to_owned(),
            Err(wrong) => format!("{wrong:?}"),
        };
        assert_eq!(Json::from(is), case["is"], "{case}");
    }
}

#[test]
fn places_are_filled_once_and_nothing_else_is() {
    let places = Places {
        entry: "7".to_owned(),
        part: "7/2".to_owned(),
        case: "K7F2-Q9XA-3".to_owned(),
        role: Some(Role::Customer),
    };
    for case in cases("filled") {
        assert_eq!(places.fill(&case["text"]), case["is"], "{case}");
    }
    // What is put in is not looked through again; keys are no texts.
    let odd = Places { entry: "{case}".to_owned(), ..places };
    assert_eq!(odd.fill(&json!({"{entry}": ["{entry}", 7]})), json!({"{entry}": ["{case}", 7]}));
}

#[test]
fn a_rule_comes_back_as_it_was_kept() {
    let only = json!({"template": "refund", "words": ["refund"], "up_to": "50.00 GBP", "whose": null, "left": null});
    let kept = rule(&json!({"when": "proposal", "only": only}));
    let text = serde_json::to_string(&kept).expect("JSON");
    assert_eq!(serde_json::from_str::<StandingRule>(&text).expect("a rule"), kept);
    for word in When::ALL {
        assert_eq!(When::from_word(word.as_str()), Some(word));
        assert_eq!(serde_json::to_value(word).expect("JSON"), word.as_str(), "one word for it everywhere");
    }
}

/// Two parties, the second of whom is whose rules these are.
struct World {
    parties: [Party; 2],
    record: Record,
    rng: Rng,
    at: i64,
}

impl World {
    fn new() -> Self {
        let parties = [Party::new(1), Party::new(2)];
        let record = case_between(&[&parties[0], &parties[1]]).record;
        Self { parties, record, rng: Rng::new(9), at: START + 3_600_000 }
    }

    fn act(&mut self, party: usize, act: &Act) -> Ix {
        self.at += 60_000;
        let party = &self.parties[party];
        let id = sign(&mut self.record, &party.author(0), &party.devices[0].key, act, self.at, &mut self.rng).id;
        self.record.graph().find(&id).expect("an entry")
    }

    fn came(&self, ix: Ix) -> Option<Happening> {
        Happening::came(&self.record, ix, &self.parties[1].id)
    }

    fn proposed(&mut self, proposal: Proposal) -> Happening {
        let ix = self.act(0, &Act::Propose(proposal));
        self.came(ix).expect("it sets something off")
    }
}

use counterpart_core::{graph::Ix, value::Sealable};

fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

fn refund(amount: &str) -> ActionTerms {
    ActionTerms { value: Money::parse(amount, "GBP").ok(), ..terms("Refund", &[1], &[0]) }
}

fn action(terms: ActionTerms) -> Proposal {
    proposal(None, Topic::Action { action: None, terms })
}

#[test]
fn what_comes_from_others_sets_something_off_and_our_own_acts_nothing() {
    let mut world = World::new();
    let note = || Act::Note { text: open("hello"), about: None };
    let theirs = world.act(0, &note());
    let ours = world.act(1, &note());
    let came = world.came(theirs).expect("it sets something off");
    assert_eq!((came.when, came.role), (When::Note, Some(Role::Customer)));
    assert_eq!(came.key, came.entry.to_hex());
    assert_eq!(came.matters, [Matter { text: "hello".to_owned(), value: None }]);
    assert_eq!(world.came(ours), None);
    // To whoever opened the case, it is something that the other has joined it.
    let opener = world.parties[0].id;
    let joined = world.record.graph().all().filter_map(|ix| Happening::came(&world.record, ix, &opener));
    assert_eq!(joined.map(|came| came.when).collect::<Vec<_>>(), [When::Joined, When::Note]);
    // What takes no effect, and kinds that nobody would wait for.
    let revision = world.act(0, &Act::Propose(action(refund("10.00"))));
    let revision = world.record.graph().id(revision);
    world.act(0, &Act::Withdraw { of: revision, reason: None });
    let seen = world.record.graph().all().filter_map(|ix| world.came(ix)).map(|came| came.when);
    assert_eq!(seen.collect::<Vec<_>>(), [When::Note, When::Proposal, When::Withdrawn]);
}

#[test]
fn plain_is_a_proposal_of_new_actions_that_say_nothing_else() {
    let mut world = World::new();
    let plain = world.proposed(action(refund("30.00")));
    assert!(plain.plain);
    assert_eq!(plain.matters[0].value, Money::parse("30.00", "GBP").ok());

    let agreed = world.act(0, &Act::Propose(action(refund("500.00"))));
    let agreed = world.record.graph().id(agreed);
    world.act(1, &Act::Accept { revision: agreed, note: None });
    let seats = vec![Seat::Number(0), Seat::Number(1)];
    let amended = counterpart_core::value::ActionId { proposal: agreed, index: 0 };
    for (why, odd) in [
        ("no value", action(terms("Refund", &[1], &[0]))),
        ("a condition", action(ActionTerms { conditions: vec![open("or the house")], ..refund("1.00") })),
        ("what follows", action(ActionTerms { consequences: vec![open("then £10,000")], ..refund("1.00") })),
        (
            "accepted by silence",
            action(ActionTerms { deemed: Some((1, counterpart_core::value::Unit::Days)), ..refund("1.00") }),
        ),
        ("terms", proposal(None, Topic::Terms { terms: None, title: "Debt".to_owned(), text: open("all"), seats })),
        ("the last word", Proposal { mode: Mode::Confirm, ..action(refund("1.00")) }),
        ("a change", proposal(Some(agreed), Topic::Action { action: Some(amended), terms: refund("1.00") })),
    ] {
        assert!(!world.proposed(odd).plain, "{why}");
    }
    // What a contact of theirs says that we promised.
    let contact = Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: world.at,
        seconds: None,
        waited: None,
        seat: Some(Seat::Number(1)),
        person: None,
        number: None,
        reference: None,
        summary: open("they promised it"),
        menu: Vec::new(),
    };
    let contact = world.act(0, &Act::Contact(contact));
    assert_eq!(world.came(contact).map(|came| came.matters[0].text.clone()).as_deref(), Some("they promised it"));
    let alleged = Some(world.record.graph().id(contact));
    assert!(!world.proposed(Proposal { alleged, ..action(refund("1.00")) }).plain);
}
