//! `calendar`: what is due, for any calendar program.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::{explain::Timed, home::PATIENCE};

const MONDAY: &str = "2026-07-06T09:00";

fn home() -> (Timed, String) {
    let home = Timed::new();
    let case =
        home.at(MONDAY, &["new", "Router; broken, twice", "--with", "Acme Ltd", "--zone", "Europe/London", "-y"]);
    home.at(MONDAY, &["contact", &case, "they promised it", "--channel", "telephone", "-y"]);
    let promise = ["propose", &case, "Send\nEND:VCALENDAR", "--due", "2026-07-08 17:00", "--promised-in", "2", "-y"];
    home.at(MONDAY, &promise);
    let step =
        ["steps", &case, "add", "Ombudsman", "--from", "2026-07-06", "--after", "8 weeks", "--within", "6 months"];
    home.at(MONDAY, &step);
    (home, case)
}

/// The content lines, unfolded.
fn lines(file: &str) -> Vec<String> {
    file.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
}

#[test]
fn due_times_and_deadlines_with_alarms() {
    let (home, case) = home();
    let file = home.at(MONDAY, &["calendar"]);
    let lines = lines(&file);
    let count = |line: &str| lines.iter().filter(|l| *l == line).count();
    // 17:00 in London in July.
    assert!(count("DTSTART:20260708T160000Z") >= 1, "{file}");
    // Eight weeks from 6 July, and the end six months on, when the clocks have gone back.
    assert_eq!(count("DTSTART:20260830T230000Z"), 1, "{file}");
    assert_eq!(count("DTSTART:20270228T000000Z"), 1, "{file}");
    assert_eq!(count("BEGIN:VCALENDAR") + count("END:VCALENDAR"), 2, "{file}");
    assert!(lines.iter().any(|l| l.starts_with("SUMMARY:Due: Acme Ltd: Send / END:VCALENDAR")), "{file}");
    assert!(lines.iter().any(|l| l.contains("Router\\; broken\\, twice")), "{file}");
    assert!(count("BEGIN:VALARM") >= 6, "{file}");
    // Of one case the same; written again the same.
    assert_eq!(home.at("2026-07-06T10:00", &["calendar", &case]), file);
}

#[test]
fn a_kept_calendar_follows_and_counts_its_changes() {
    let (home, case) = home();
    let kept = home.0.path().join("due.ics");
    let path = kept.to_str().expect("a path");
    home.at(MONDAY, &["calendar", "--keep", path]);
    let first = fs::read_to_string(&kept).expect("the calendar");
    assert!(lines(&first).iter().any(|l| l == "SEQUENCE:0"));
    home.at(MONDAY, &["counter", &case, "3", "--due", "2026-07-09 12:00", "-y"]);
    home.at("2026-07-06T11:00", &["today"]);
    let second = fs::read_to_string(&kept).expect("the calendar");
    assert!(second.contains("DTSTART:20260709T110000Z"), "{second}");
    let uid = |file: &str| lines(file).into_iter().find(|l| l.starts_with("UID:due-")).expect("a due time");
    assert_eq!(uid(&first), uid(&second), "the same promise keeps its name");
    assert!(lines(&second).iter().any(|l| l == "SEQUENCE:1"), "{second}");
    home.at(MONDAY, &["calendar", "--stop-keeping"]);
    home.at(MONDAY, &["contact", &case, "again", "--channel", "telephone", "-y"]);
    home.at("2026-07-20T11:00", &["today"]);
    assert_eq!(fs::read_to_string(&kept).expect("the calendar"), second);
}

#[test]
fn a_running_node_brings_it_up_to_date() {
    let (home, case) = home();
    let kept = home.0.path().join("due.ics");
    home.at(MONDAY, &["calendar", "--keep", kept.to_str().expect("a path")]);
    home.at(MONDAY, &["steps", &case, "add", "Call again", "--from", "2026-07-10", "--within", "1 week"]);
    let before = fs::read_to_string(&kept).expect("the calendar");
    assert!(!before.contains("Call again"));
    let _up = home.up(MONDAY);
    let until = Instant::now() + PATIENCE;
    // Nobody tells when a file was written.
    while !fs::read_to_string(&kept).expect("the calendar").contains("Call again") {
        assert!(Instant::now() < until, "it is brought up to date when the node starts");
        thread::sleep(Duration::from_millis(20));
    }
}
