//! Whom to thank, and what there is to remind of, from a record of two parties.

use counterpart_core::{
    act::{Act, ActionTerms, Card, Contact, Proposal, Topic},
    id::EntryId,
    record::Record,
    value::{Due, Sealable, Seat},
};
use counterpart_process::{
    reminder::{Over, Promise, Standing, promises},
    thanks::{Occasion, Thanks, thanks},
};
use counterpart_testkit::{
    case::{START, case_between, proposal, sign, terms},
    party::Party,
    rng::Rng,
};

struct Two {
    parties: [Party; 2],
    record: Record,
    rng: Rng,
    at: i64,
}

fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

impl Two {
    fn new() -> Self {
        let parties = [Party::new(1), Party::new(2)];
        let record = case_between(&[&parties[0], &parties[1]]).record;
        Self { parties, record, rng: Rng::new(3), at: START + 3_600_000 }
    }

    fn act(&mut self, party: usize, act: &Act) -> EntryId {
        self.at += 60_000;
        let (author, key) = (self.parties[party].author(0), self.parties[party].devices[0].key.clone());
        sign(&mut self.record, &author, &key, act, self.at, &mut self.rng).id
    }

    fn call_with(&mut self, person: &str) -> EntryId {
        let contact = Contact {
            channel: "telephone".to_owned(),
            direction: "out".to_owned(),
            started: self.at,
            seconds: None,
            waited: None,
            seat: Some(Seat::Number(1)),
            person: Some(open(person)),
            number: None,
            reference: Some(open("88213")),
            summary: open("They said something"),
            menu: Vec::new(),
        };
        self.act(0, &Act::Contact(contact))
    }

    fn propose(&mut self, topic: Topic, alleged: Option<EntryId>) -> EntryId {
        self.act(0, &Act::Propose(Proposal { alleged, ..proposal(None, topic) }))
    }

    fn promised(&mut self, what: &str, alleged: Option<EntryId>) -> EntryId {
        let due = Due::At { instant: self.at, local: "2023-11-15T00:00".to_owned(), zone: "UTC".to_owned() };
        let terms = ActionTerms { due: Some(due), ..terms(what, &[1], &[0]) };
        self.propose(Topic::Action { action: None, terms }, alleged)
    }

    fn promises(&self) -> Vec<Promise> {
        let view = self.record.view().expect("a case");
        let due = |due: &Due, _: Option<i64>| match due {
            Due::At { instant, .. } => Some(*instant),
            Due::After { .. } => None,
        };
        promises(&self.record, &view, &self.parties[0].id, &due)
    }

    fn thanks(&self) -> Vec<Thanks> {
        let view = self.record.view().expect("a case");
        thanks(&self.record, &view, &self.promises(), &self.parties[0].id)
    }

    fn thanked(&self) -> Vec<(String, bool)> {
        let closed = |t: &Thanks| matches!(t.occasion, Occasion::Closed(_));
        self.thanks().iter().map(|t| (t.person.clone(), closed(t))).collect()
    }
}

fn whom(names: &[(&str, bool)]) -> Vec<(String, bool)> {
    names.iter().map(|(name, closed)| ((*name).to_owned(), *closed)).collect()
}

#[test]
fn who_helped_is_thanked_once_for_each_thing_and_the_others_at_the_end() {
    let mut two = Two::new();
    let call = two.call_with("Dean, customer care");
    two.call_with("Priya");
    let promise = two.promised("Pay back 186.20", Some(call));
    let said = &two.promises()[0];
    assert_eq!((said.standing, said.person.as_deref(), &said.over), (Standing::Said, Some("Dean"), &None));
    assert_eq!(said.said.as_ref().and_then(|said| said.reference.as_deref()), Some("88213"));
    assert!(two.thanks().is_empty(), "nothing is done yet");

    two.act(1, &Act::Accept { revision: promise, note: None });
    assert_eq!(two.promises()[0].standing, Standing::Agreed);
    let device = two.parties[1].author(0).device;
    let card = Card { name: open("Lucy"), function: None, phone: None, email: None, hours: None, device: Some(device) };
    two.act(1, &Act::Card(card));
    let declare = two.act(1, &Act::Declare { revision: promise, subject: 0, note: None, evidence: Vec::new() });
    assert_eq!(two.promises()[0].over, Some(Over::State("declared")));
    assert!(two.thanks().is_empty(), "it is not approved yet");
    two.act(0, &Act::Approve { declare, note: None });
    assert_eq!(two.thanked(), whom(&[("Dean", false), ("Lucy", false)]));

    // Thanked by hand, in other letters: counts.
    let thank =
        |person: &str| Act::Thank { text: open("Thank you"), seat: None, person: Some(open(person)), about: None };
    two.act(0, &thank("dean"));
    assert_eq!(two.thanked(), whom(&[("Lucy", false)]));

    let closing = two.propose(Topic::Close { close: None, summary: None }, None);
    two.act(1, &Act::Accept { revision: closing, note: None });
    assert_eq!(two.thanked(), whom(&[("Lucy", false), ("Priya", true)]), "Dean was thanked, Lucy is about to be");
    two.act(0, &thank("Lucy"));
    two.act(0, &thank("Priya"));
    assert!(two.thanks().is_empty());
    assert_eq!(two.promises()[0].over, Some(Over::CaseClosed));
}

#[test]
fn a_contested_promise_is_over() {
    let mut two = Two::new();
    let call = two.call_with("Dean");
    let promise = two.promised("Call back", Some(call));
    two.act(1, &Act::Contest { entry: promise, reason: open("nobody said so") });
    assert_eq!(two.promises()[0].over, Some(Over::State("declined")));
    assert!(two.thanks().is_empty());
}

/// A small firm: everybody signs with one device, and a hand-over says who is responsible.
#[test]
fn thanks_go_to_whoever_was_responsible_when_it_was_declared_done() {
    // Who has a card; who takes over, one by one, the visit missed under the one before the last; who is thanked for the
    // work, and whom the closing adds.
    type Row = (Option<&'static str>, &'static [&'static str], &'static [&'static str], &'static [&'static str]);
    let table: [Row; 5] = [
        (Some("Ben Hollis"), &["Chi Okafor", "Dev Rao"], &["Dev Rao"], &[]),
        (Some("Ben Hollis"), &["Dev Rao", "Ben Hollis"], &["Ben Hollis"], &[]),
        (None, &["Chi Okafor", "Dev Rao"], &["Dev Rao"], &[]),
        (Some("Ben Hollis"), &[], &["Ben Hollis"], &[]),
        (None, &[], &[], &[]),
    ];
    for (card, takers, kept, closed) in table {
        let mut two = Two::new();
        let device = two.parties[1].author(0).device;
        if let Some(name) = card {
            let phone = Some(open("020 1"));
            let (name, device) = (open(name), Some(device));
            two.act(1, &Act::Card(Card { name, function: None, phone, email: None, hours: None, device }));
        }
        let work = two.promised("Find and stop the damp", None);
        two.act(1, &Act::Accept { revision: work, note: None });
        for name in takers {
            let summary = open("over to you");
            let (from, person) = (Some(device), Some(open(name)));
            two.act(1, &Act::Handover { from, to: device, person, summary });
        }
        let declare = two.act(1, &Act::Declare { revision: work, subject: 0, note: None, evidence: Vec::new() });
        two.act(0, &Act::Approve { declare, note: None });
        let kept: Vec<(&str, bool)> = kept.iter().map(|name| (*name, false)).collect();
        assert_eq!(two.thanked(), whom(&kept), "{card:?} {takers:?}");
        // Whoever takes over afterwards did none of it.
        let person = Some(open("Eve"));
        two.act(1, &Act::Handover { from: None, to: device, person, summary: open("only to wind up") });
        assert_eq!(two.thanked(), whom(&kept), "{card:?} {takers:?}");
        let closing = two.propose(Topic::Close { close: None, summary: None }, None);
        two.act(1, &Act::Accept { revision: closing, note: None });
        let all: Vec<(&str, bool)> = kept.into_iter().chain(closed.iter().map(|name| (*name, true))).collect();
        assert_eq!(two.thanked(), whom(&all), "{card:?} {takers:?}");
    }
}

#[test]
fn whom_this_side_spoke_with_is_thanked_at_the_end_whoever_took_over() {
    let mut two = Two::new();
    two.call_with("Chi Okafor");
    let device = two.parties[1].author(0).device;
    for name in ["Chi Okafor", "Dev Rao"] {
        two.act(1, &Act::Handover { from: None, to: device, person: Some(open(name)), summary: open("over to you") });
    }
    let closing = two.propose(Topic::Close { close: None, summary: None }, None);
    two.act(1, &Act::Accept { revision: closing, note: None });
    assert_eq!(two.thanked(), whom(&[("Chi Okafor", true)]));
}
