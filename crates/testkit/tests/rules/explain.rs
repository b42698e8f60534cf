//! What is explained to people: who can do what, why something stands, who is responsible, what became of promises,
//! how far everybody's signature reaches.

mod checkpoint;
mod ledger;
mod moves;
mod people;
mod why;

use counterpart_core::{
    act::{Act, ActionTerms, Card, Contact, Proposal, Subject, Topic},
    fold::SubjectKey,
    graph::Ix,
    id::{DeviceKey, EntryId},
    value::{ActionId, Due, Seat, Unit},
    view::{Because, Expected, Follows, Question, View, Waiting},
};

use crate::{
    histories::{DEVICES, history},
    shown::*,
    world::*,
};

/// Days of 24 hours and a calendar without weekends are enough here.
fn due_at(due: &Due, from: Option<i64>) -> Option<i64> {
    match due {
        Due::At { instant, .. } => Some(*instant),
        Due::After { count, unit: Unit::Minutes, .. } => Some(from? + i64::from(*count) * 60_000),
        Due::After { count, unit: Unit::Hours, .. } => Some(from? + i64::from(*count) * 3_600_000),
        Due::After { count, .. } => Some(from? + i64::from(*count) * 86_400_000),
    }
}

/// Work of B for A, changed in some way.
fn terms_with(change: impl FnOnce(&mut ActionTerms)) -> Subject {
    let mut terms = terms("first", &[1], &[0]);
    change(&mut terms);
    Subject { base: None, topic: Topic::Action { action: None, terms } }
}

fn due_then(at: i64) -> Subject {
    terms_with(|t| t.due = Some(instant(at)))
}

impl World {
    fn view(&self) -> View {
        self.record(A1).view().expect("a view")
    }

    /// The steps a party may take on an action, as words, at some time.
    fn steps_at(&self, device: usize, action: ActionId, at: i64) -> Vec<&'static str> {
        let moves = self.record(A1).moves(&self.view(), &self.party(device), at, &due_at);
        moves.iter().filter(|m| m.key == SubjectKey::Action(action)).map(|m| m.step.as_str()).collect()
    }

    fn steps(&self, device: usize, action: ActionId) -> Vec<&'static str> {
        self.steps_at(device, action, self.at)
    }

    /// Seat and word of each move waited for.
    fn waited(&self) -> Vec<(u32, &'static str)> {
        let number = |seat: &Seat| match seat {
            Seat::Number(n) => *n,
            Seat::Added(..) => u32::MAX,
        };
        self.view().waiting.iter().map(|w| (number(&w.seat), w.expected.as_str())).collect()
    }

    fn wait_for(&self, expected: Expected) -> Waiting {
        let found = self.view().waiting.into_iter().find(|w| w.expected == expected);
        found.expect("somebody is waited for")
    }

    fn follows(&self, expected: Expected) -> Vec<Follows> {
        self.record(A1).follows(&self.wait_for(expected), &due_at)
    }

    /// The kinds of the acts behind an action, oldest first, and what its state rests on.
    fn why_of(&self, action: ActionId) -> (Vec<String>, Because) {
        self.why_asked(Question::Subject(SubjectKey::Action(action)))
    }

    fn why_asked(&self, question: Question) -> (Vec<String>, Because) {
        let record = self.record(A1);
        let why = record.why(question);
        let kinds = why.steps.iter().map(|s| record.graph().statement(s.entry).kind.clone()).collect();
        (kinds, why.because)
    }

    fn ix(&self, id: EntryId) -> Ix {
        self.record(A1).graph().find(&id).expect("it is here")
    }

    /// The words of a seat's ledger with what they count.
    pub(crate) fn ledger_of(&self, seat_number: u32) -> Vec<(&'static str, usize)> {
        let ledgers = self.record(A1).ledger(&self.view(), &due_at);
        let ledger = ledgers.iter().find(|l| l.seat == seat(seat_number)).expect("a ledger for each seat");
        ledger.tallies().into_iter().filter(|(_, t)| t.count > 0).map(|(word, t)| (word, t.count)).collect()
    }
}

fn crossed() -> (World, EntryId, ActionId, EntryId, EntryId) {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let by_a = w.propose(A1, vec![change_of(action, Some(r), "sooner")]);
    let by_b = w.propose(B1, vec![change_of(action, Some(r), "later")]);
    w.deliver(A1, B2);
    w.deliver(B1, A2);
    w.act(B2, &accept(by_a));
    w.act(A2, &accept(by_b));
    w.sync_all();
    (w, r, action, by_a, by_b)
}

fn card(name: &str, device: Option<DeviceKey>) -> Act {
    Act::Card(Card {
        name: text(name),
        function: Some(text("billing")),
        phone: Some(text("+44 20 7946 0000")),
        email: None,
        hours: None,
        device,
    })
}

/// A telephone call that A noted with B.
fn call(started: i64, person: Option<&str>, number: Option<&str>) -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started,
        seconds: None,
        waited: None,
        seat: Some(seat(1)),
        person: person.map(text),
        number: number.map(text),
        reference: None,
        summary: text("they said so"),
        menu: Vec::new(),
    })
}

/// What A says B promised in a call, due at [`UNTIL`]; known to all.
fn alleged(w: &mut World) -> EntryId {
    let contact = w.act(A1, &call(1, None, None));
    let proposal = Proposal { alleged: Some(contact), ..w.proposal(A1, vec![due_then(UNTIL)]) };
    let r = w.act(A1, &Act::Propose(proposal));
    w.sync_all();
    r
}

#[test]
fn all_copies_explain_alike() {
    for seed in 400..400 + rounds(4) {
        let mut w = history(u64::try_from(seed).expect("small"), 30);
        w.sync_all();
        let told = |device: usize| {
            let record = w.record(device);
            let view = record.view().expect("a view");
            let id = |ix: &Ix| record.graph().id(*ix);
            let mut out: Vec<String> = Vec::new();
            for party in [A1, B1, C1] {
                let moves = record.moves(&view, &w.party(party), w.at, &due_at);
                out.extend(moves.iter().map(|m| format!("{party} {:?} {} {}", m.step, m.about, m.subject)));
            }
            for action in &view.actions {
                let why = record.why(Question::Subject(action.key.clone()));
                out.extend(why.steps.iter().map(|s| format!("{} {} {}", id(&s.entry), s.at, s.counts)));
            }
            out.push(format!("{:?}", record.ledger(&view, &due_at)));
            out.push(format!("{:?}", record.checkpoint()));
            out
        };
        let expected = told(A1);
        for device in DEVICES {
            assert_eq!(told(device), expected, "history {seed}, copy {device}");
        }
    }
}
