//! A home with a thousand cases, and what is to be done in them today.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Proposal, Role, SeatOffer},
    id::EntryId,
    value::{Due, Sealable, Seat},
};
use counterpart_node::{Desk, now};
use counterpart_process::steps::{Length, Start, Step, Stretch};
use counterpart_testkit::case::{new_action, terms};

use crate::{program, table::Table, timed, times};

const CASES: usize = 1_000;
const DAY: i64 = 86_400_000;

/// Every case has a call and a promise made in it; one in ten is late, one in ten is due within the week, one in four has
/// steps.
pub(crate) fn mornings(home: &Path, table: &mut Table) {
    std::fs::create_dir_all(home).expect("a folder");
    Desk::init(home).expect("an identity");
    let desk = Desk::open(home).expect("a home");
    let at = now();
    for n in 0..CASES {
        one_case(&desk, n, at);
    }
    let (first, days) = timed(|| desk.today(at).expect("what is to be done"));
    assert_eq!(days.len(), CASES, "each case has something");
    table.times("today_first", "Desk::today, 1,000 cases, all changed since", vec![first], None);
    // Reminders are looked at some cases at a time.
    for _ in 0..CASES / 20 {
        drop(desk.today(at).expect("what is to be done"));
    }
    let again = times(9, || drop(desk.today(at).expect("what is to be done")));
    table.times("today_desk", "Desk::today, 1,000 cases, none changed", again, None);
    let (first, status) = timed(|| desk.status(None, at).expect("how it stands"));
    assert_eq!(status.cases.len(), CASES, "each case is looked into");
    table.times("status_first", "Desk::status, 1,000 cases, all changed since", vec![first], None);
    let again = times(9, || drop(desk.status(None, at).expect("how it stands")));
    table.times("status_desk", "Desk::status, 1,000 cases, none changed", again, None);
    drop(desk);
    let Some(program) = program() else {
        return table
            .remark("counterpart today left out: cargo build --release -p counterpart-cli makes it.".to_owned());
    };
    let run = || {
        let mut command = Command::new(&program);
        command.arg("--home").arg(home).arg("today").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().is_ok_and(|s| s.success()), "today answers");
    };
    table.times("today_1000", "counterpart today, 1,000 cases", times(9, run), Some(100.0));
}

fn one_case(desk: &Desk, n: usize, at: i64) {
    let seat = |role, label: String| SeatOffer { role, label: Sealable::Open(label) };
    let own = seat(Role::Customer, "Keith".to_owned());
    let other = seat(Role::Supplier, format!("Supplier {}", n % 50));
    let open = desk.open_act(&format!("Washing machine {n} broken"), own, vec![other], "Europe/London", None);
    let case = desk.new_case(&open, at).expect("a case");
    let mut record = desk.record(&case).expect("the case");
    let contact = Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: at - DAY,
        seconds: Some(300),
        waited: Some(1_200),
        seat: Some(Seat::Number(1)),
        person: Some(Sealable::Open("Priya".to_owned())),
        number: None,
        reference: None,
        summary: Sealable::Open("they send somebody".to_owned()),
        menu: Vec::new(),
    };
    let contact = desk.sign_on(&case, &mut record, &Act::Contact(contact), at).expect("a call");
    let due = match n % 10 {
        0 => at - DAY,
        1 => at + 3 * DAY,
        _ => at + 40 * DAY,
    };
    desk.sign_on(&case, &mut record, &promise(contact.id, due), at).expect("a promise");
    if n.is_multiple_of(4) {
        let eight = Length { count: 8, unit: Stretch::Weeks };
        let six = Length { count: 6, unit: Stretch::Months };
        let step = Step {
            id: "ombudsman".to_owned(),
            what: "Bring it before the ombudsman".to_owned(),
            from: Start::FirstContact,
            after: Some(eight),
            within: Some(six),
            to: None,
            wants: Vec::new(),
            taken: None,
        };
        desk.put_steps(&case, &[step]).expect("a step");
    }
}

fn promise(said_in: EntryId, due: i64) -> Act {
    let due = Due::At { instant: due, local: "2027-01-01T09:00".to_owned(), zone: "Europe/London".to_owned() };
    let terms = ActionTerms { due: Some(due), ..terms("Send somebody to repair it", &[1], &[0]) };
    Act::Propose(Proposal { alleged: Some(said_in), ..new_action(terms) })
}
