use super::*;

const NOW: i64 = 1_000 * DAY;
const DAY: i64 = 24 * 60 * 60 * 1000;

fn due(about: &str, mine: bool, days: i64) -> DueLine {
    let who = if mine { "Keith" } else { "Acme Ltd" };
    let (who, about, action) = (who.to_owned(), about.to_owned(), "x-0".to_owned());
    DueLine { who, mine, action, about, what: None, said: false, at: NOW + days * DAY, absent: false }
}

fn wait(about: &str, mine: bool, expected: &str) -> Wait {
    let (who, about, expected) = ("Acme Ltd".to_owned(), Some(about.to_owned()), expected.to_owned());
    Wait { who, mine, expected, about, what: None, more: 0, since: NOW - DAY, absent: false }
}

fn step(opens: i64, until: Option<(i64, i64)>) -> StepLine {
    let days = |n: i64| NOW + n * DAY;
    let until = until.map(|(at, safe)| (days(at), days(safe)));
    StepLine { id: "s".to_owned(), what: "W".to_owned(), to: None, opens: (days(opens), days(opens + 1)), until }
}

fn day(agenda: Agenda, steps: Vec<StepLine>) -> CaseDay {
    CaseDay { case: "K7F2".to_owned(), title: "T".to_owned(), agenda, steps, letters: Vec::new(), reminder: None }
}

#[test]
fn what_presses_most_is_next() {
    let agenda = Agenda {
        waits: vec![wait("5", true, "answer"), wait("9", false, "perform"), wait("3", false, "perform")],
        dues: vec![due("3", false, -2), due("4/2", true, -1), due("6", false, 3), due("7", true, 8)],
        ..Agenda::default()
    };
    let late = day(agenda.clone(), Vec::new());
    let all = things(std::slice::from_ref(&late), None, NOW);
    let groups: Vec<Group> = all.iter().map(|thing| thing.group).collect();
    // What is due in eight days is not there yet; what is overdue is not waited for besides.
    assert_eq!(groups, [Group::Overdue, Group::Overdue, Group::Soon, Group::Yours, Group::Waiting]);
    assert_eq!(next(&all).expect("something").command, ["done", "K7F2", "4/2"]);
    let ending = day(agenda, vec![step(-40, Some((10, 9)))]);
    let all = things(&[ending, late], Some(2), NOW);
    assert_eq!(next(&all).expect("something").command, ["pack", "K7F2"]);
    assert!(all.iter().any(|thing| thing.matter == Matter::Mail(2)));
}

fn clock(mine: bool, days: i64) -> ClockLine {
    let (clock, who, about) = ("first-answer".to_owned(), "Acme Ltd".to_owned(), "4".to_owned());
    ClockLine { clock, who, mine, about, at: NOW + days * DAY }
}

#[test]
fn a_clock_stands_among_what_is_due() {
    for (mine, days, stands) in [
        (true, -1, Some((Group::Overdue, vec!["clock", "K7F2"]))),
        (false, -1, Some((Group::Overdue, vec!["remind", "K7F2", LATE, "--about", "4"]))),
        (true, 2, Some((Group::Soon, vec!["clock", "K7F2"]))),
        (false, 2, Some((Group::Soon, vec!["clock", "K7F2"]))),
        (true, 8, None),
    ] {
        let agenda = Agenda { clocks: vec![clock(mine, days)], ..Agenda::default() };
        let all = things(&[day(agenda, Vec::new())], None, NOW);
        let found = all.first().map(|thing| (thing.group, thing.command.iter().map(String::as_str).collect()));
        assert_eq!(found, stands, "{mine} {days}");
        // Another's clock that runs is nothing to do.
        assert_eq!(next(&all).is_some(), days < 0 || (mine && days < 7), "{mine} {days}");
    }
    assert_eq!(clock(true, 0).which(), Some(Which::FirstAnswer));
}

#[test]
fn waiting_alone_is_nothing_to_do() {
    let agenda = Agenda { waits: vec![wait("9", false, "answer")], ..Agenda::default() };
    let all = things(&[day(agenda, vec![step(3, None)])], Some(0), NOW);
    assert_eq!(all.len(), 2);
    assert_eq!(next(&all), None);
}

#[test]
fn whoever_has_not_joined_is_not_reminded_by_an_act_nor_waited_for() {
    let absent = DueLine { absent: true, said: true, ..due("3", false, -2) };
    let waits = vec![Wait { absent: true, ..wait("3", false, "answer") }];
    let all = things(&[day(Agenda { waits, dues: vec![absent], ..Agenda::default() }, Vec::new())], None, NOW);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(next(&all).expect("something").command, ["call", "K7F2"]);
}

#[test]
fn a_letter_that_something_is_in_the_way_of_is_named_before_what_is_late() {
    let letter = |trouble: Option<&str>| LetterLine {
        kind: "reminder",
        what: "W".to_owned(),
        about: "#3".to_owned(),
        state: LetterDay::Goes,
        due: NOW - DAY,
        trouble: trouble.map(str::to_owned),
    };
    let next_of = |trouble| {
        let agenda = Agenda { dues: vec![due("3", false, -2)], ..Agenda::default() };
        let letters = vec![letter(trouble)];
        let all = things(&[CaseDay { letters, ..day(agenda, Vec::new()) }], None, NOW);
        next(&all).map(|thing| thing.command[0].clone())
    };
    assert_eq!(next_of(Some("the login was refused")).as_deref(), Some("reminders"));
    assert_eq!(next_of(None).as_deref(), Some("remind"));
}

#[test]
fn steps_come_and_go_by_the_cautious_dates() {
    for (opens, until, standing) in [
        (9, None, None),
        (6, None, Some(StepDay::Soon)),
        (0, None, Some(StepDay::OpenAsClaimed)),
        (-1, None, Some(StepDay::Open)),
        (-1, Some((40, 39)), Some(StepDay::Open)),
        (-1, Some((31, 29)), Some(StepDay::Ends)),
        (-9, Some((1, -1)), Some(StepDay::PerhapsOver)),
        (-90, Some((-1, -2)), Some(StepDay::Over)),
        (-90, Some((-31, -32)), None),
        // One that ends soon and has not begun is only to come.
        (5, Some((20, 20)), Some(StepDay::Soon)),
    ] {
        assert_eq!(step_day(&step(opens, until), NOW), standing, "{opens} {until:?}");
    }
}

#[test]
fn agendas_of_a_later_version_are_read_as_far_as_they_go() {
    let agenda = Agenda {
        zone: Some("Europe/Berlin".to_owned()),
        waits: vec![Wait { more: 2, ..wait("5", true, "answer") }],
        dues: vec![due("3", false, 1)],
        clocks: vec![clock(false, 1)],
        beyond: 1,
    };
    let text = serde_json::to_string(&agenda).expect("plain data");
    assert_eq!(serde_json::from_str::<Agenda>(&text).expect(&text), agenda);
    assert_eq!(serde_json::from_str::<Agenda>("{\"new\": 1}").expect("a later one"), Agenda::default());
}
