//! Steps of a real case: what they count from, and how far that is proven by what the other side signed.

use counterpart_core::{
    act::{Act, ActionTerms, Contact},
    graph::Ix,
    id::EntryId,
    record::Record,
    value::{ActionId, Due, ItemValue, Sealable, Seat},
};
use counterpart_process::{
    steps::{
        Basis, DatedStep, Length, Missing, Path, Place, Ref, Seen, Standing, Start, Step, Stretch, Taken, Want, dated,
        found,
    },
    tally::{Ledger, csv},
};
use counterpart_testkit::{
    case::{START, case_between, new_action, sign, terms},
    party::Party,
    rng::Rng,
};
use jiff::tz::TimeZone;

const DAY: i64 = 86_400_000;

struct World {
    parties: [Party; 2],
    record: Record,
    rng: Rng,
}

impl World {
    fn new() -> Self {
        let parties = [Party::new(1), Party::new(2)];
        let record = case_between(&[&parties[0], &parties[1]]).record;
        Self { parties, record, rng: Rng::new(5) }
    }

    fn act(&mut self, party: usize, act: &Act, days: i64) -> EntryId {
        let party = &self.parties[party];
        let key = party.devices[0].key.clone();
        let at = START + days * DAY;
        sign(&mut self.record, &party.author(0), &key, act, at, &mut self.rng).id
    }

    fn contact(&mut self, person: &str, days: i64) -> EntryId {
        let contact = Contact {
            channel: "telephone".to_owned(),
            direction: "out".to_owned(),
            started: START + days * DAY - 1000,
            seconds: Some(60),
            waited: Some(600),
            seat: Some(Seat::Number(1)),
            person: Some(Sealable::Open(person.to_owned())),
            number: None,
            reference: None,
            summary: Sealable::Open("said it".to_owned()),
            menu: Vec::new(),
        };
        self.act(0, &Act::Contact(contact), days)
    }

    fn propose(&mut self, due: i64, days: i64) -> EntryId {
        let due = Due::At { instant: due, local: "2027-01-01T09:00".to_owned(), zone: "UTC".to_owned() };
        let act = Act::Propose(new_action(ActionTerms { due: Some(due), ..terms("Refund", &[1], &[0]) }));
        self.act(0, &act, days)
    }

    fn note(&mut self, party: usize, days: i64) -> EntryId {
        self.act(party, &Act::Note { text: Sealable::Open("noted".to_owned()), about: None }, days)
    }

    fn dated(&self, path: &Path, days: i64) -> Vec<(DatedStep, Standing)> {
        let view = self.record.view().expect("a case");
        let seen = Seen {
            record: &self.record,
            view: &view,
            own: self.parties[0].id,
            proven: self.record.proven_times(),
            stamped: &|_: Ix| None,
            due: &instant,
            zone: TimeZone::UTC,
        };
        dated(&seen, path, START + days * DAY)
    }
}

fn instant(due: &Due, _from: Option<i64>) -> Option<i64> {
    match due {
        Due::At { instant, .. } => Some(*instant),
        Due::After { .. } => None,
    }
}

fn step(id: &str, from: Start, after: u32, within: Option<u32>) -> Step {
    let days = |count| Length { count, unit: Stretch::Days };
    Step {
        id: id.to_owned(),
        what: "W".to_owned(),
        from,
        after: Some(days(after)),
        within: within.map(days),
        to: None,
        wants: Vec::new(),
        taken: None,
    }
}

#[test]
fn an_entry_counts_between_what_the_other_side_signed_before_and_after() {
    let mut w = World::new();
    w.note(1, 1);
    let entry = w.note(0, 2);
    let path = Path { steps: vec![step("a", Start::Entry { entry: Ref(entry) }, 10, Some(10))] };
    let alone = w.dated(&path, 5).remove(0).0;
    let counted = alone.counted.expect("an entry");
    assert_eq!((counted.at, counted.earliest, counted.latest), (START + 2 * DAY, Some(START + DAY), None));
    assert!(!counted.is_proven());
    // Their answer three days later bounds it from above.
    w.note(1, 5);
    let (proven, standing) = w.dated(&path, 5).remove(0);
    let counted = proven.counted.expect("an entry");
    assert_eq!((counted.earliest, counted.latest), (Some(START + DAY), Some(START + 5 * DAY)));
    assert!(counted.is_proven());
    assert_eq!(standing, Standing::Ahead);
    // Surely open by the latest, safe by the earliest.
    let (opens, until) = (proven.opens.expect("a day"), proven.until.expect("a day"));
    assert_eq!((opens.at, opens.safe), (START + 12 * DAY, START + 15 * DAY));
    assert_eq!((until.at, until.safe), (START + 22 * DAY, START + 21 * DAY));
    for (day, standing) in [(11, Standing::Ahead), (12, Standing::Open), (22, Standing::Open), (23, Standing::Over)] {
        assert_eq!(w.dated(&path, day).remove(0).1, standing, "day {day}");
    }
}

#[test]
fn a_due_time_counts_as_said_until_all_signed_it() {
    let mut w = World::new();
    let due = START + 30 * DAY;
    let proposal = w.propose(due, 1);
    let start = Start::due_of(&ActionId { proposal, index: 0 });
    let path =
        Path { steps: vec![step("a", start.clone(), 7, None), step("b", Start::Step { id: "a".to_owned() }, 1, None)] };
    let counted = w.dated(&path, 2).remove(0).0.counted.expect("a due time");
    assert_eq!((counted.at, counted.basis, counted.earliest), (due, Basis::Said, None));
    w.act(1, &Act::Accept { revision: proposal, note: None }, 2);
    let all = w.dated(&path, 2);
    let counted = all[0].0.counted.as_ref().expect("a due time");
    assert_eq!((counted.at, counted.basis, counted.is_proven()), (due, Basis::Agreed, true));
    assert_eq!(all[1].1, Standing::Uncounted(Missing::Step("a".to_owned())));
    // Done and approved: neither step is needed any more.
    let declare = Act::Declare { revision: proposal, subject: 0, note: None, evidence: Vec::new() };
    let declare = w.act(1, &declare, 3);
    w.act(0, &Act::Approve { declare, note: None }, 4);
    assert!(w.dated(&path, 60).iter().all(|(_, standing)| *standing == Standing::NotNeeded));
}

#[test]
fn contacts_items_and_steps_taken_count_with_what_shows_them() {
    let mut w = World::new();
    let none = Path {
        steps: vec![
            step("a", Start::FirstContact, 1, None),
            step("i", Start::Item { key: "sold-on".to_owned() }, 1, None),
        ],
    };
    let all = w.dated(&none, 1);
    assert_eq!(all[0].1, Standing::Uncounted(Missing::Contact));
    assert_eq!(all[1].1, Standing::Uncounted(Missing::Item("sold-on".to_owned())));
    let first = w.contact("Priya", 1);
    w.contact("Tom", 3);
    let item = |value| Act::Item { key: "sold-on".to_owned(), value, label: None, note: None };
    w.act(0, &item(ItemValue::Text(Sealable::Open("long ago".to_owned()))), 3);
    assert_eq!(w.dated(&none, 4)[1].1, Standing::Uncounted(Missing::NoTime("sold-on".to_owned())));
    w.act(0, &item(ItemValue::Date("2023-11-20".to_owned())), 4);
    w.note(1, 5);
    let mut taken = step("t", Start::Step { id: "a".to_owned() }, 1, None);
    taken.wants = vec![Want { what: "calls".to_owned(), place: Some(Place::Contacts), entries: Vec::new() }];
    let mut path = none.clone();
    path.steps[0].taken = Some(Taken { at: START + 6 * DAY, by: Some(Ref(first)) });
    path.steps.push(taken);
    let all = w.dated(&path, 8);
    assert_eq!(all[0].1, Standing::Taken);
    let stated = all[1].0.counted.as_ref().expect("a day");
    assert_eq!((stated.basis, stated.at), (Basis::Stated, 1_700_438_400_000));
    let after = all[2].0.counted.as_ref().expect("a step taken");
    // A contact can have been any time before it was noted; that it was noted by day five is proven.
    assert_eq!((after.at, after.earliest, after.latest), (START + 6 * DAY, None, Some(START + 5 * DAY)));
    let view = w.record.view().expect("a case");
    assert_eq!(found(&w.record, &view, &path.steps[2].wants[0]).len(), 2);
}

#[test]
fn told_again_counts_new_names_after_the_first() {
    let mut w = World::new();
    for (person, day) in [("Priya", 1), ("priya ", 2), ("Tom", 3), ("Tom", 4), ("Ann", 5)] {
        w.contact(person, day);
    }
    let mut ledger = Ledger::default();
    let view = w.record.view().expect("a case");
    ledger.add(&w.record, &view, &w.parties[0].id, &instant);
    // What the other side notes is not one's own record.
    let others = ledger.others();
    let counts = &others[0].counts;
    assert_eq!((counts.contacts, counts.calls, counts.told_again, counts.waited), (5, 5, 2, 3_000));
    let names: Vec<(&str, usize)> = others[0].people.iter().map(|p| (p.name.as_str(), p.counts.told_again)).collect();
    assert_eq!(names, [("Ann", 1), ("Priya", 0), ("Tom", 1)]);
}

/// For a supplier the others are its customers; what it promised itself stands in the ledger of the case.
#[test]
fn a_suppliers_ledger_over_cases_tells_of_its_customers() {
    let mut w = World::new();
    let promised = w.propose(START + DAY, 1);
    w.act(1, &Act::Accept { revision: promised, note: None }, 2);
    let view = w.record.view().expect("a case");
    let seen_by = |party: usize| {
        let mut ledger = Ledger::default();
        ledger.add(&w.record, &view, &w.parties[party].id, &instant);
        ledger.others().into_iter().map(|other| (other.name, other.counts.open)).collect::<Vec<_>>()
    };
    assert_eq!(seen_by(0), [("party 1".to_owned(), 1)]);
    assert_eq!(seen_by(1), [("party 0".to_owned(), 0)], "its own promise is not among what others promised");
    let table = String::from_utf8(csv(&[]).expect("written to memory")).expect("text");
    assert!(table.starts_with("other_side,person,cases,"), "{table}");
}

#[test]
fn a_name_with_and_without_a_function_is_one_person_unless_there_are_several() {
    let mut w = World::new();
    let noted = ["Dean", "Dean, customer care", "Ann, repairs", "Ann", "Ann, sales"];
    for (person, day) in noted.into_iter().zip(1..) {
        w.contact(person, day);
    }
    let mut ledger = Ledger::default();
    let view = w.record.view().expect("a case");
    ledger.add(&w.record, &view, &w.parties[0].id, &instant);
    let others = ledger.others();
    let people: Vec<(&str, usize, usize)> =
        others[0].people.iter().map(|p| (p.name.as_str(), p.counts.contacts, p.counts.cases)).collect();
    assert_eq!(
        people,
        [("Ann", 1, 1), ("Ann, repairs", 1, 1), ("Ann, sales", 1, 1), ("Dean, customer care", 2, 1)],
        "which Ann the bare name means is not known"
    );
    assert_eq!(others[0].counts.told_again, 3, "Dean was told once");
}
