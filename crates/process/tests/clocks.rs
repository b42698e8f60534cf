//! Service clocks of a real case: agreed, answered, stopped, resolved; seen alike from every copy.

use counterpart_core::{
    act::{Act, Mode, Proposal, Role, Subject, Topic},
    id::EntryId,
    record::Record,
    value::{ActionId, ItemValue, Sealable, Seat},
};
use counterpart_process::clocks::{
    Agreed, Clock, Clocks, Hours, KEY, PAUSE, Said, Standing, Unfit, Unread, Which, clocks,
};
use counterpart_testkit::{
    case::{case_between, sign, terms},
    party::Party,
    rng::Rng,
};
use jiff::Timestamp;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Cases of the testkit begin on Tuesday 14 November 2023, 22:13 UTC.
const WEDNESDAY: &str = "2023-11-15T09:00:00Z";

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a good time").as_millisecond()
}

fn wednesday(hour: i64, minute: i64) -> i64 {
    at(WEDNESDAY) + (hour - 9) * HOUR + minute * MINUTE
}

struct World {
    parties: [Party; 2],
    record: Record,
    rng: Rng,
    acts: Vec<(EntryId, Vec<u8>)>,
    begin: counterpart_testkit::node::Store,
}

impl World {
    fn new() -> Self {
        let parties = [Party::new(1), Party::new(2)];
        let case = case_between(&[&parties[0], &parties[1]]);
        Self { parties, record: case.record, rng: Rng::new(5), acts: Vec::new(), begin: case.store }
    }

    fn act(&mut self, party: usize, at: i64, act: &Act) -> EntryId {
        let party = &self.parties[party];
        let key = party.devices[0].key.clone();
        let signed = sign(&mut self.record, &party.author(0), &key, act, at, &mut self.rng);
        self.acts.push((signed.id, signed.bytes.clone()));
        signed.id
    }

    fn note(&mut self, party: usize, at: i64) -> EntryId {
        self.act(party, at, &Act::Note { text: Sealable::Open("well".to_owned()), about: None })
    }

    fn pause(&mut self, party: usize, at: i64) -> EntryId {
        self.say(party, at, &Said::Paused { reason: "which serial number?".to_owned() })
    }

    fn say(&mut self, party: usize, at: i64, said: &Said) -> EntryId {
        let act = Act::Item { key: PAUSE.to_owned(), value: said.value(), label: None, note: None };
        self.act(party, at, &act)
    }

    fn accept(&mut self, party: usize, at: i64, revision: EntryId) -> EntryId {
        self.act(party, at, &Act::Accept { revision, note: None })
    }

    /// The supplier's clocks, proposed by the customer and accepted an hour later, at ten.
    fn agree(&mut self, value: ItemValue, action: bool) -> EntryId {
        let mut topics = vec![Topic::Item { key: KEY.to_owned(), value }];
        if action {
            topics.push(Topic::Action { action: None, terms: terms("Mend it", &[1], &[0]) });
        }
        let proposed = self.act(0, wednesday(9, 0), &Act::Propose(proposal(topics, None)));
        self.accept(1, wednesday(10, 0), proposed);
        proposed
    }

    fn clocks(&self, now: i64) -> Clocks {
        self.found(now).expect("agreed clocks").expect("good clocks")
    }

    fn found(&self, now: i64) -> Option<Result<Clocks, (EntryId, Unfit)>> {
        clocks(&self.record, &self.record.view().expect("a case"), now)
    }

    /// The same entries, as they came to the other side: what rests on others behind them, else in another order.
    fn copy(&self, turned: bool) -> Record {
        let mut record = Record::new();
        for event in &self.begin.key_events {
            record.apply_key_event(event).expect("a good event");
        }
        let entries: Vec<&Vec<u8>> = self.begin.entries.iter().chain(&self.acts).map(|(_, bytes)| bytes).collect();
        let mut left: Vec<&Vec<u8>> = if turned { entries.into_iter().rev().collect() } else { entries };
        while !left.is_empty() {
            let before = left.len();
            left.retain(|bytes| record.apply_bytes(bytes).is_err());
            assert!(left.len() < before, "every entry finds its place");
        }
        record
    }
}

fn proposal(topics: Vec<Topic>, base: Option<EntryId>) -> Proposal {
    Proposal {
        subjects: topics.into_iter().map(|topic| Subject { base, topic }).collect(),
        signers: vec![Seat::Number(0), Seat::Number(1)],
        mode: Mode::Firm,
        open_until: None,
        alleged: None,
        note: None,
    }
}

/// Four hours for a first answer, eight from word to word, sixteen in all; Monday to Friday from nine to five in UTC.
fn all_three() -> ItemValue {
    agreed(&[(Which::FirstAnswer, 4), (Which::NextUpdate, 8), (Which::Resolution, 16)])
}

type Fields = Vec<(String, ItemValue)>;

fn fields() -> Fields {
    match all_three() {
        ItemValue::Record(fields) => fields,
        _ => Vec::new(),
    }
}

fn agreed(clocks: &[(Which, u64)]) -> ItemValue {
    let hours = Hours::read("UTC", &["mon-fri 09:00-17:00".to_owned()], &[]).expect("good hours");
    let clocks = clocks.iter().map(|(which, hours)| (*which, hours * 3600)).collect();
    Agreed { by: Role::Supplier, clocks, hours }.value()
}

fn of(clocks: &Clocks, which: Which) -> &Clock {
    clocks.clocks.iter().find(|clock| clock.which == which).expect("that clock")
}

fn standing(clocks: &Clocks) -> Vec<Standing> {
    clocks.clocks.iter().map(|clock| clock.standing).collect()
}

#[test]
fn nothing_runs_before_both_have_signed() {
    let mut world = World::new();
    let topics = vec![Topic::Item { key: KEY.to_owned(), value: all_three() }];
    let proposed = world.act(0, wednesday(9, 0), &Act::Propose(proposal(topics, None)));
    assert!(world.found(wednesday(12, 0)).is_none());
    world.accept(1, wednesday(10, 0), proposed);
    let clocks = world.clocks(wednesday(10, 40));
    assert_eq!((clocks.agreement, clocks.began), (proposed, wednesday(10, 0)));
    let first = of(&clocks, Which::FirstAnswer);
    assert_eq!((first.standing, first.until), (Standing::Running, Some(wednesday(14, 0))));
    assert_eq!(first.left, 3 * HOUR + 20 * MINUTE);
    // That they signed the clocks is no answer yet.
    assert_eq!(standing(&clocks), [Standing::Running, Standing::NotBegun, Standing::Running]);
    // Sixteen hours from ten on Wednesday: seven that day, eight on Thursday, one on Friday.
    assert_eq!(of(&clocks, Which::Resolution).until, Some(at("2023-11-17T10:00:00Z")));
}

#[test]
fn what_one_side_states_alone_is_no_clock() {
    let mut world = World::new();
    let act = Act::Item { key: KEY.to_owned(), value: all_three(), label: None, note: None };
    world.act(1, wednesday(9, 0), &act);
    assert!(world.found(wednesday(12, 0)).is_none());
    // Clocks of a role that nobody who signs has.
    let mut fields = fields();
    fields[0].1 = ItemValue::Choice("third".to_owned());
    let proposed = world.agree(ItemValue::Record(fields), false);
    assert_eq!(world.found(wednesday(12, 0)).expect("agreed").expect_err("none signs"), (proposed, Unfit::OneSided));
}

#[test]
fn what_is_not_understood_whole_makes_no_clock() {
    let good = |change: &dyn Fn(&mut Fields)| {
        let mut fields = fields();
        change(&mut fields);
        Agreed::read(&ItemValue::Record(fields)).map(|_| ()).expect_err("not good")
    };
    let text = |text: &str| ItemValue::Text(Sealable::Open(text.to_owned()));
    let set = |fields: &mut Fields, key: &str, value: ItemValue| {
        fields.retain(|(known, _)| known != key);
        fields.push((key.to_owned(), value));
    };
    assert_eq!(good(&|f| set(f, "slack", ItemValue::Duration(60))), Unread::Field("slack".to_owned()));
    assert_eq!(good(&|f| f.push(f[0].clone())), Unread::Field("by".to_owned()));
    assert_eq!(good(&|f| f.retain(|(key, _)| key != "zone")), Unread::Missing("zone"));
    assert_eq!(good(&|f| set(f, "by", ItemValue::Choice("observer".to_owned()))), Unread::Missing("by"));
    assert_eq!(good(&|f| set(f, "hours", text("mon-fri 09:00-17:00"))), Unread::Missing("hours"));
    assert_eq!(good(&|f| set(f, "first-answer", ItemValue::Duration(59))), Unread::Length("first-answer"));
    assert_eq!(good(&|f| set(f, "resolution", ItemValue::Duration(u64::MAX))), Unread::Length("resolution"));
    assert_eq!(good(&|f| f.retain(|(_, value)| !matches!(value, ItemValue::Duration(_)))), Unread::NoClock);
    assert!(matches!(good(&|f| set(f, "zone", text("Mars/Olympus"))), Unread::Hours(_)));
    assert_eq!(Agreed::read(&ItemValue::YesNo(true)).map(|_| ()), Err(Unread::Form));
    let mut world = World::new();
    let proposed = world.agree(ItemValue::YesNo(true), false);
    let why = world.found(wednesday(12, 0)).expect("agreed").expect_err("no clocks");
    assert_eq!(why, (proposed, Unfit::Unread(Unread::Form)));
}

#[test]
fn answers_stop_the_first_clock_and_begin_the_next() {
    let mut world = World::new();
    world.agree(all_three(), false);
    // The customer's own words are no answer; nor is that somebody has seen something.
    world.note(0, wednesday(10, 30));
    world.act(1, wednesday(10, 31), &Act::Seen);
    assert_eq!(of(&world.clocks(wednesday(10, 40)), Which::FirstAnswer).standing, Standing::Running);
    let answer = world.note(1, wednesday(13, 0));
    let clocks = world.clocks(wednesday(13, 30));
    let first = of(&clocks, Which::FirstAnswer);
    assert_eq!((first.standing, first.met), (Standing::Met, Some((wednesday(13, 0), answer))));
    assert_eq!(first.left, HOUR);
    let next = of(&clocks, Which::NextUpdate);
    assert_eq!((next.standing, next.since), (Standing::Running, Some(wednesday(13, 0))));
    assert_eq!(next.until, Some(at("2023-11-16T13:00:00Z")));
    // Each word begins it anew; those before are counted.
    world.note(1, wednesday(16, 0));
    world.note(1, at("2023-11-20T10:00:00Z"));
    let clocks = world.clocks(at("2023-11-20T10:30:00Z"));
    let next = of(&clocks, Which::NextUpdate);
    assert_eq!((next.before, next.since), ((1, 1), Some(at("2023-11-20T10:00:00Z"))));
}

#[test]
fn what_comes_too_late_is_told_and_nothing_falls_below_none() {
    let mut world = World::new();
    world.agree(all_three(), false);
    let clocks = world.clocks(wednesday(15, 30));
    let first = of(&clocks, Which::FirstAnswer);
    assert_eq!((first.standing, first.left, first.over), (Standing::Late, 0, 90 * MINUTE));
    // By night it is as late as it was in the evening.
    assert_eq!(of(&world.clocks(at("2023-11-16T03:00:00Z")), Which::FirstAnswer).over, 3 * HOUR);
    world.note(1, wednesday(15, 45));
    let clocks = world.clocks(at("2024-11-16T03:00:00Z"));
    let first = of(&clocks, Which::FirstAnswer);
    assert_eq!((first.standing, first.left, first.over), (Standing::MetLate, 0, 105 * MINUTE));
    assert!(clocks.clocks.iter().all(|clock| clock.left >= 0 && clock.over >= 0));
}

#[test]
fn a_pause_stands_until_it_is_answered_or_ended() {
    let mut world = World::new();
    world.agree(all_three(), false);
    // Nobody who has not answered can wait for an answer.
    let early = world.pause(1, wednesday(11, 0));
    let clocks = world.clocks(wednesday(12, 0));
    assert_eq!(standing(&clocks), [Standing::Running, Standing::NotBegun, Standing::Paused]);
    assert_eq!(of(&clocks, Which::FirstAnswer).left, 2 * HOUR);
    assert_eq!(of(&clocks, Which::Resolution).until, None);
    assert_eq!(of(&clocks, Which::Resolution).left, 15 * HOUR);
    // Their own words do not end it; those of the side they wait for do.
    world.note(1, wednesday(12, 0));
    let reply = world.note(0, wednesday(13, 0));
    let clocks = world.clocks(wednesday(13, 30));
    assert_eq!((clocks.pauses.len(), clocks.pauses[0].entry), (1, early));
    assert_eq!(clocks.pauses[0].ended, Some((wednesday(13, 0), reply)));
    assert_eq!(of(&clocks, Which::Resolution).until, Some(at("2023-11-17T12:00:00Z")));
    // An hour of the eight from word to word fell into the pause.
    assert_eq!(of(&clocks, Which::NextUpdate).until, Some(at("2023-11-16T13:00:00Z")));
    // A second one, stated again in it, and ended by whoever stated it.
    world.pause(1, wednesday(14, 0));
    world.pause(1, wednesday(14, 30));
    let ended = world.say(1, wednesday(15, 0), &Said::Running);
    let clocks = world.clocks(wednesday(15, 30));
    assert_eq!(clocks.pauses[1].ended, Some((wednesday(15, 0), ended)));
    assert_eq!(clocks.pauses[2].ended, Some((wednesday(15, 0), ended)));
    assert_eq!(of(&clocks, Which::Resolution).until, Some(at("2023-11-17T13:00:00Z")), "an overlap counts once");
}

#[test]
fn what_is_no_pause_counts_for_nothing() {
    let mut world = World::new();
    world.agree(all_three(), false);
    world.note(1, wednesday(10, 30));
    for value in [
        ItemValue::YesNo(true),
        ItemValue::Record(vec![("clocks".to_owned(), ItemValue::Choice("paused".to_owned()))]),
        ItemValue::Record(vec![("clocks".to_owned(), ItemValue::Choice("stopped".to_owned()))]),
    ] {
        let act = Act::Item { key: PAUSE.to_owned(), value, label: None, note: None };
        world.act(1, wednesday(11, 0), &act);
    }
    let clocks = world.clocks(wednesday(12, 0));
    assert_eq!((clocks.pauses.len(), of(&clocks, Which::Resolution).standing), (0, Standing::Running));
    assert_eq!(of(&clocks, Which::NextUpdate).since, Some(wednesday(10, 30)), "nor is it an answer");
}

#[test]
fn resolved_is_what_was_agreed_beside_the_clocks() {
    let mut world = World::new();
    let proposed = world.agree(all_three(), true);
    let action = ActionId { proposal: proposed, index: 1 };
    let declare = |world: &mut World, at| {
        world.act(1, at, &Act::Declare { revision: proposed, subject: 1, note: None, evidence: vec![] })
    };
    let done = declare(&mut world, wednesday(16, 0));
    let clocks = world.clocks(at("2023-12-16T03:00:00Z"));
    assert_eq!(of(&clocks, Which::Resolution).met, Some((wednesday(16, 0), done)));
    assert_eq!(standing(&clocks), [Standing::MetLate, Standing::Ended, Standing::Met]);
    // What is rejected was not resolved, and the clock never stood.
    let reject = Act::Reject { declare: done, unmet: vec![], reason: Sealable::Open("it drips".to_owned()) };
    world.act(0, wednesday(16, 30), &reject);
    let clocks = world.clocks(wednesday(16, 45));
    assert_eq!(of(&clocks, Which::Resolution).until, Some(at("2023-11-17T10:00:00Z")));
    assert_eq!(standing(&clocks)[1..], [Standing::Running, Standing::Running]);
    // Clocks changed by themselves are of the same action still, and count anew.
    let topics = vec![Topic::Item { key: KEY.to_owned(), value: agreed(&[(Which::Resolution, 2)]) }];
    let changed = world.act(0, at("2023-11-16T09:00:00Z"), &Act::Propose(proposal(topics, Some(proposed))));
    world.accept(1, at("2023-11-16T09:30:00Z"), changed);
    assert_eq!(world.clocks(at("2023-11-16T10:00:00Z")).clocks[0].until, Some(at("2023-11-16T11:30:00Z")));
    let again = declare(&mut world, at("2023-11-16T12:00:00Z"));
    let clock = world.clocks(at("2023-11-16T12:30:00Z")).clocks[0].clone();
    assert_eq!((clock.standing, clock.met.map(|(_, by)| by)), (Standing::MetLate, Some(again)));
    assert_eq!(world.record.view().expect("a case").actions[0].id, action);
}

#[test]
fn without_an_action_a_case_is_resolved_by_closing_it() {
    let mut world = World::new();
    world.agree(all_three(), false);
    world.note(1, wednesday(11, 0));
    let close = vec![Topic::Close { close: None, summary: None }];
    let closing = world.act(1, wednesday(12, 0), &Act::Propose(proposal(close, None)));
    assert_eq!(of(&world.clocks(wednesday(12, 30)), Which::Resolution).standing, Standing::Running);
    world.accept(0, at("2023-11-20T12:00:00Z"), closing);
    let clocks = world.clocks(at("2023-11-27T12:00:00Z"));
    assert_eq!(standing(&clocks), [Standing::Met, Standing::Ended, Standing::Met]);
    // It is when they said so that counts, not when the other side found the time to agree.
    assert_eq!(of(&clocks, Which::Resolution).met, Some((wednesday(12, 0), closing)));
    // Opened again it runs on; the time in which it was closed does not count.
    world.note(0, at("2023-11-27T10:00:00Z"));
    let clocks = world.clocks(at("2023-11-27T12:00:00Z"));
    assert_eq!(standing(&clocks), [Standing::Met, Standing::Late, Standing::Late]);
    assert_eq!(of(&clocks, Which::Resolution).over, 12 * HOUR, "Friday to Monday noon, and two hours");
}

#[test]
fn a_clock_put_wrong_counts_as_far_as_the_others_allow() {
    let mut world = World::new();
    world.agree(all_three(), false);
    world.note(0, wednesday(15, 0));
    // Signed after the customer's note of three, and claims to be of eleven: then it was not before three.
    world.note(1, wednesday(11, 0));
    let clocks = world.clocks(wednesday(16, 0));
    let first = of(&clocks, Which::FirstAnswer);
    assert_eq!((first.standing, first.met.map(|(at, _)| at)), (Standing::MetLate, Some(wednesday(15, 0))));
    // One of next year: what is here was made by now; once that clock is put right, by then.
    world.note(1, at("2024-11-15T09:00:00Z"));
    world.note(0, wednesday(15, 10));
    assert_eq!(of(&world.clocks(wednesday(16, 0)), Which::NextUpdate).since, Some(wednesday(16, 0)));
    world.note(1, wednesday(15, 30));
    assert_eq!(of(&world.clocks(wednesday(16, 0)), Which::NextUpdate).since, Some(wednesday(15, 30)));
}

/// Any history gives one clock, on whichever copy, in whatever order it came.
#[test]
fn every_copy_sees_the_same_clock() {
    for seed in 0..40 {
        let mut rng = Rng::new(seed);
        let mut world = World::new();
        world.agree(all_three(), rng.one_in(2));
        let mut now = wednesday(10, 0);
        for _ in 0..12 {
            now += i64::try_from(rng.below(400)).expect("small") * MINUTE;
            // Now and then a clock that is wrong.
            let claimed = if rng.one_in(6) { now - 30 * HOUR } else { now };
            let party = rng.below(2);
            match rng.below(5) {
                0 => world.pause(party, claimed),
                1 => world.say(party, claimed, &Said::Running),
                _ => world.note(party, claimed),
            };
        }
        let mine = world.clocks(now + HOUR);
        for record in [world.copy(false), world.copy(true)] {
            let view = record.view().expect("a case");
            let theirs = clocks(&record, &view, now + HOUR).expect("agreed").expect("good");
            assert_eq!(
                (&theirs.clocks, &theirs.pauses, theirs.began),
                (&mine.clocks, &mine.pauses, mine.began),
                "{seed}"
            );
        }
        for clock in &mine.clocks {
            assert!(clock.left >= 0 && clock.over >= 0, "{seed} {clock:?}");
            assert!(clock.over == 0 || clock.left == 0, "{seed} {clock:?}");
        }
    }
}
