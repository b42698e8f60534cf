//! The bridge killed after each thing that it writes, before it hears what became of it: nothing comes twice, nothing is lost.

use std::{collections::BTreeMap, io::Read as _, process::Stdio, sync::Arc};

use serde_json::{Value as Json, json};

use crate::stage::{Stage, python};

/// More rounds than it takes.
const MOST: usize = 90;

/// What it writes, each of which it is to be killed at. In which order it comes by them rests on the ids of cases.
const WRITES: [&str; 6] =
    ["POST /api/v1/tickets", "POST /api/v1/ticket_articles", "/acts ", "/asides ", "/external/zammad ", "/tags/add"];

#[test]
fn killed_at_every_step_nothing_comes_twice_and_nothing_is_lost() {
    if !python() {
        return;
    }
    let stage = Stage::new("Broadband price", "Keith");
    stage.in_step();
    let ticket = stage.desk.ticket(&stage.case);
    let number = ticket["id"].as_u64().expect("a number");
    let (mut cases, mut asked) = (Vec::new(), Vec::<String>::new());
    let missing = |asked: &[String]| WRITES.iter().any(|what| !asked.iter().any(|line| line.contains(what)));
    let mut at = 0;
    for step in 1..MOST {
        cases.push(stage.supplier.ok(&[
            "new",
            &format!("Round {step}"),
            "--with",
            "Ann:customer",
            "--as",
            "Northlink Ltd:supplier",
            "-y",
        ]));
        stage.desk.write("priya", number, json!({"body": format!("public {step}.")}));
        stage.desk.write("omar", number, json!({"body": format!("private {step}."), "internal": true}));
        stage.desk.change(number, &json!({"state": "closed", "owner_id": 4 + step % 2}));
        stage.desk.untag(number, "counterpart");
        stage.customer.ok(&["note", &stage.case, &format!("customer {step}."), "-y"]);
        stage.supplier_hears(&format!("customer {step}."));
        at += 1;
        match killed(&stage, at) {
            Some(what) => asked.push(what),
            None if missing(&asked) => at = 0,
            None => break,
        }
        // And started again.
        stage.count.free();
        stage.in_step();
    }
    assert!(cases.len() < MOST - 1 && !missing(&asked), "it comes to an end, killed at everything: {asked:?}");
    stage.count.free();
    stage.in_step();
    assert_eq!(stage.in_step(), Vec::<Json>::new());

    let rounds = cases.len();
    stage.customer_hears(&format!("public {rounds}."));
    let articles = stage.desk.articles(&ticket);
    let asides = stage.supplier.json(&["aside", &stage.case])["asides"].as_array().expect("asides").clone();
    for step in 1..=rounds {
        assert_eq!(stage.signed(&format!("public {step}.")), 1, "{step}");
        let has = |rows: &[Json], key: &str, words: String| {
            rows.iter().filter(|row| row[key].as_str().is_some_and(|text| text.contains(&words))).count()
        };
        assert_eq!(has(&asides, "text", format!("private {step}.")), 1, "{step}");
        assert_eq!(has(&articles, "body", format!("customer {step}.")), 1, "{step}");
    }
    // In the order of the record, and each of its own case alone.
    let said: Vec<&str> =
        articles.iter().filter_map(|a| a["body"].as_str()).filter(|b| b.contains("customer ")).collect();
    let order: Vec<String> = said.iter().filter_map(|b| b.split("customer ").last()).map(str::to_owned).collect();
    assert!(order.ends_with(&(1..=rounds).map(|step| format!("{step}.")).collect::<Vec<_>>()), "{order:?}");
    for case in &cases {
        stage.desk.ticket(case);
    }
    let mut carried: BTreeMap<String, usize> = BTreeMap::new();
    let all = stage.desk.all();
    for article in all["articles"].as_array().expect("articles") {
        if let Some(id) = article["message_id"].as_str() {
            *carried.entry(id.to_owned()).or_default() += 1;
        }
    }
    assert!(carried.values().all(|times| *times == 1), "{carried:?}");
}

/// Starts the bridge, and kills it once the `step`th thing that it wants written is; says what that was. Nothing where it
/// wrote less and came to its end.
fn killed(stage: &Stage, step: usize) -> Option<String> {
    stage.count.hold(step);
    let mut child = stage.bridge(&["--once"]).stderr(Stdio::null()).spawn().expect("Python starts");
    let mut out = child.stdout.take().expect("its output");
    let count = Arc::clone(&stage.count);
    let reads = std::thread::spawn(move || {
        drop(out.read_to_end(&mut Vec::new()));
        count.over();
    });
    let held = stage.count.wait();
    if held.is_some() {
        child.kill().expect("it runs");
    }
    let ended = child.wait().expect("it ends");
    reads.join().expect("it is read");
    assert!(held.is_some() || ended.success(), "{ended}");
    held
}
