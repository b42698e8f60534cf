//! Being told that something fell due.

use counterpart_core::{
    act::{Act, ActionTerms, Proposal},
    id::{CaseId, EntryId, short_form},
    value::Due,
};
use counterpart_node::{DueThing, DueWhat, Followed, Node, NodeConfig, NodeEvent, Overdue};
use counterpart_store::ChangeKind;
use counterpart_testkit::case::{call, new_action, terms};
use serde_json::{Value as Json, json};

use crate::{HOUR, MINUTE, MORNING, Stage, body, receiver::Receiver, taken_in_order, to_be_told};

/// A promise of the other side, noted in a call, due at a time. Gives its entry.
fn promised(stage: &Stage, case: &CaseId, what: &str, at: i64) -> EntryId {
    let rung = Act::Contact(call(stage.now, "They will call back"));
    let call = stage.desk.sign(case, &rung, stage.now).expect("a call").1.id;
    let local = jiff::Timestamp::from_millisecond(at).expect("a time").to_string();
    let due =
        Due::At { instant: at, local: local.get(..16).expect("to the minute").to_owned(), zone: "UTC".to_owned() };
    let terms = ActionTerms { due: Some(due), ..terms(what, &[1], &[0]) };
    let proposal = Proposal { alleged: Some(call), ..new_action(terms) };
    stage.desk.sign(case, &Act::Propose(proposal), stage.now).expect("a promise").1.id
}

/// Tells what fell due at this time.
fn look(stage: &Stage, now: i64) -> Vec<Overdue> {
    stage.desk.tell_overdue(now).expect("the store is well")
}

fn told(stage: &Stage) -> Vec<Followed> {
    let all = stage.desk.followed(0, 1_000).expect("readable");
    all.into_iter().filter(|one| one.change.kind == ChangeKind::CaseOverdue).collect()
}

fn heard_of_due(receiver: &Receiver) -> Vec<Json> {
    let heard = receiver.heard().iter().map(body).collect::<Vec<Json>>().into_iter();
    heard.filter(|body| body["type"] == "case.overdue").collect()
}

#[test]
fn what_fell_due_is_told_once_for_each_time_also_late_and_by_another_process() {
    let mut stage = Stage::new();
    let receiver = Receiver::start();
    let (case, other) = (stage.case("Case"), stage.case("Another"));
    let first = promised(&stage, &case, "ring back", stage.now + HOUR);
    let second = promised(&stage, &case, "send the bill", stage.now + 3 * HOUR);
    stage.hook("helpdesk", &receiver);
    assert_eq!(look(&stage, stage.now + HOUR), [], "it is not late yet");
    stage.now += HOUR + 1;
    assert_eq!(look(&stage, stage.now), [Overdue { case, due: MORNING + HOUR }]);
    assert_eq!(look(&stage, stage.now + MINUTE), [], "once");
    // The case goes on; the program is started again; another one runs beside it.
    stage.note(&case, "still waiting");
    stage.desk = stage.beside();
    assert_eq!(look(&stage, stage.now + HOUR), []);
    stage.now += 30 * HOUR;
    assert_eq!(look(&stage, stage.now), [Overdue { case, due: MORNING + 3 * HOUR }], "late, and with its time");
    assert_eq!(stage.beside().tell_overdue(stage.now + HOUR).expect("the store is well"), []);

    let name = |id: &EntryId| {
        let record = stage.desk.record(&case).expect("the case");
        record.names().of(id).trim_start_matches('#').to_owned()
    };
    let thing =
        |id: &EntryId| DueThing { what: DueWhat::Action, about: name(id), clock: None, ours: false, said: true };
    let all = told(&stage);
    let said: Vec<_> = all.iter().map(|one| (one.change.case, one.due.as_deref(), one.dues.clone())).collect();
    let due = [Some("2026-07-06T10:00:00Z"), Some("2026-07-06T12:00:00Z")];
    assert_eq!(said, [(case, due[0], vec![thing(&first)]), (case, due[1], vec![thing(&second)])]);

    // Receivers hear it among the rest, in order, without a word of the case.
    stage.note(&other, "of something else");
    stage.tell();
    let heard = heard_of_due(&receiver);
    assert_eq!(heard.len(), 2);
    assert_eq!(
        heard[1]["data"],
        json!({
            "schema": "counterpart/webhook/1", "change": all[1].change.number, "case": case.to_hex(),
            "short": short_form(&case.0), "due": "2026-07-06T12:00:00Z",
            "dues": [{"what": "action", "about": name(&second), "ours": false, "said": true}],
        })
    );
    let newest = all[0].change.number - 1;
    assert_eq!(taken_in_order(&receiver.heard()), to_be_told(&stage.desk, newest));
    assert!(receiver.heard().iter().all(|heard| !heard.body.contains("bill") && !heard.body.contains("ring")));
    assert!(stage.desk.record(&case).expect("the case").graph().len() < 10, "nothing of it is on record");
}

#[test]
fn what_is_done_or_taken_back_in_time_is_not_told() {
    let mut stage = Stage::new();
    let case = stage.case("Case");
    let due = promised(&stage, &case, "ring back", stage.now + HOUR);
    let later = promised(&stage, &case, "send the bill", stage.now + 2 * HOUR);
    let back = Act::Withdraw { of: due, reason: None };
    stage.desk.sign(&case, &back, stage.now).expect("taken back");
    stage.now += 90 * MINUTE;
    assert_eq!(look(&stage, stage.now), []);
    let back = Act::Withdraw { of: later, reason: None };
    stage.desk.sign(&case, &back, stage.now).expect("taken back");
    assert_eq!(look(&stage, stage.now + 30 * HOUR), []);
    // What is due in the past already when it is noted is told at once.
    promised(&stage, &case, "send the form", MORNING + HOUR);
    assert_eq!(look(&stage, stage.now), [Overdue { case, due: MORNING + HOUR }]);
}

#[test]
fn a_case_that_keeps_nothing_ready_is_opened_for_it() {
    let mut stage = Stage::new();
    let case = stage.case("Case");
    let about = promised(&stage, &case, "ring back", stage.now + HOUR);
    promised(&stage, &case, "send the bill", stage.now + 2 * HOUR);
    stage.now += 90 * MINUTE;
    let keep = |entries: usize, kept: &str| {
        let written = stage.desk.with_store(|store| store.write(|txn| txn.put_agenda(case, entries as u64, kept)));
        written.expect("written");
    };
    let entries = stage.desk.record(&case).expect("the case").graph().len();
    // As after an update of the program that keeps it in another way, or counts otherwise.
    keep(entries, "{\"dues\": 7}");
    assert_eq!(look(&stage, stage.now), [Overdue { case, due: MORNING + HOUR }]);
    let record = stage.desk.record(&case).expect("the case");
    assert_eq!(format!("#{}", told(&stage)[0].dues[0].about), record.names().of(&about));
    keep(entries - 1, "{}");
    assert_eq!(look(&stage, stage.now + HOUR), [Overdue { case, due: MORNING + 2 * HOUR }]);
    assert_eq!(told(&stage)[1].dues.len(), 1);
}

#[test]
fn many_that_came_due_meanwhile_are_told_a_few_at_a_time() {
    const CASES: usize = 100;
    let stage = Stage::new();
    for n in 0..CASES {
        let case = stage.case(&format!("Case {n}"));
        promised(&stage, &case, "ring back", stage.now + HOUR);
    }
    let mut all = Vec::new();
    loop {
        let told = look(&stage, stage.now + 2 * HOUR);
        if told.is_empty() {
            break;
        }
        assert!(told.len() < CASES);
        all.extend(told.into_iter().map(|one| one.case.to_hex()));
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), CASES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_node_tells_it_by_itself_once_and_what_fell_due_while_it_was_off_with_its_start() {
    let mut stage = Stage::new();
    // Long before whatever the clock of this machine says.
    stage.now = 1_600_000_000_000;
    let receiver = Receiver::start();
    let case = stage.case("Case");
    promised(&stage, &case, "ring back", stage.now + HOUR);
    stage.hook("helpdesk", &receiver);
    let start = || Node::start(stage.beside(), &NodeConfig::default()).expect("a node");
    let (node, mut events) = start();
    let event = loop {
        if let NodeEvent::Overdue(overdue) = events.recv().await.expect("it runs") {
            break overdue;
        }
    };
    assert_eq!(event, Overdue { case, due: stage.now + HOUR });
    let logged = NodeEvent::Overdue(event).logged();
    assert_eq!((logged.event, logged.more), ("overdue", vec![("due", json!("2020-09-13T13:26:40Z"))]));
    let receiver = tokio::task::spawn_blocking(move || {
        receiver.wait_for(1);
        receiver
    });
    let receiver = receiver.await.expect("a message");
    node.stop().await;
    // Another start, and what follows shows that it has looked.
    let (node, mut events) = start();
    promised(&stage, &case, "send the bill", stage.now + 2 * HOUR);
    let event = loop {
        if let NodeEvent::Overdue(overdue) = events.recv().await.expect("it runs") {
            break overdue;
        }
    };
    assert_eq!(event.due, stage.now + 2 * HOUR);
    node.stop().await;
    assert_eq!(told(&stage).len(), 2);
    assert_eq!(
        heard_of_due(&receiver).first().map(|body| body["data"]["due"].clone()),
        Some(json!("2020-09-13T13:26:40Z"))
    );
}
