//! What pages show of what the store holds.

use counterpart_core::id::CaseId;
use counterpart_process::today::{Agenda, Wait};
use counterpart_store::{CaseSummary, StoreError};
use serde_json::Value;

use crate::{served::Served, two::listed};

/// What somebody might write to have it run, fetch, break out or deceive: the list that is typed in the browser as well.
pub(crate) fn hostile() -> Vec<String> {
    let list: Value = serde_json::from_str(include_str!("../../../../tests/web/js/hostile.json")).expect("a list");
    let part = |name: &str| -> Vec<String> { serde_json::from_value(list[name].clone()).expect("texts") };
    let (inner, wraps) = (part("inner"), part("wraps"));
    inner.iter().flat_map(|text| wraps.iter().map(move |wrap| wrap.replace("{}", text))).collect()
}

fn summary(n: u32, title: &str, whose_move: &str, next_due: Option<i64>) -> CaseSummary {
    let mut id = [0; 32];
    id[..4].copy_from_slice(&n.to_be_bytes());
    CaseSummary {
        case: CaseId(id),
        title: title.to_owned(),
        state: "open".to_owned(),
        whose_move: whose_move.to_owned(),
        next_due,
        entries: 3,
        updated_at: 1_780_000_000_000 + i64::from(n),
    }
}

/// What is to be done in it, in the same words.
fn agenda(summary: &CaseSummary) -> String {
    let mine = summary.whose_move.starts_with("yours");
    let wait = Wait {
        who: summary.whose_move.clone(),
        mine,
        expected: "answer".to_owned(),
        about: Some("3".to_owned()),
        what: Some(summary.whose_move.clone()),
        more: 0,
        since: summary.updated_at,
        absent: false,
    };
    let waits = if summary.whose_move.is_empty() { Vec::new() } else { vec![wait] };
    serde_json::to_string(&Agenda { waits, ..Agenda::default() }).expect("plain data")
}

fn keep(served: &Served, all: impl Iterator<Item = CaseSummary>) {
    let desk = served.desk();
    let kept = desk.with_store(|store| {
        store.write(|txn| {
            for summary in all {
                listed(txn, &summary)?;
                txn.put_agenda(summary.case, summary.entries, &agenda(&summary))?;
            }
            Ok::<_, StoreError>(())
        })
    });
    kept.expect("written");
}

#[test]
fn three_hundred_hostile_titles_are_text() {
    let served = Served::settled();
    let hostile = hostile();
    assert_eq!(hostile.len(), 300);
    let whose = |n: u32, text: &str| match n % 3 {
        0 => format!("yours: {text}"),
        1 => format!("theirs: {text}"),
        _ => text.to_owned(),
    };
    keep(&served, (0u32..).zip(&hostile).map(|(n, text)| summary(n, text, &whose(n, text), Some(i64::from(n)))));
    let cookie = served.let_in();
    let next = |page: &str| Some(page.split_once("rel=\"next\" href=\"")?.1.split_once('"')?.0.to_owned());
    let mut list = vec!["/".to_owned(), "/cases".to_owned()];
    while let Some(path) = list.last().and_then(|path| next(served.client().get(path, &[("Cookie", &cookie)]).text())) {
        list.push(path);
    }
    assert_eq!(list.len(), 4, "{list:?}");
    for path in list {
        // What the list of cases is searched by.
        let search = usize::from(path.starts_with("/cases"));
        let page = served.client().get(&path, &[("Cookie", &cookie)]);
        assert_eq!(page.status, 200);
        let text = page.text();
        assert_eq!(text.matches("<script").count(), 1, "{path}: our own");
        for (open, of_ours) in [
            ("<img", 0),
            ("<iframe", 0),
            ("<style", 0),
            ("<base", 0),
            ("<input", search),
            ("<meta", 3),
            ("<link", 2),
            ("<form", search),
        ] {
            assert_eq!(text.matches(open).count(), of_ours, "{path}: {open}");
        }
        assert!(!text.contains(['\0', '\u{1b}', '\u{202E}', '\u{2066}', '\u{200E}', '\u{FEFF}', '\r']), "{path}");
    }
}

#[test]
fn many_cases_come_a_hundred_at_a_time() {
    let served = Served::settled();
    keep(&served, (0..1_001).map(|n| summary(n, &format!("Case {n}."), "", None)));
    let cookie = served.let_in();
    let get = |path: &str| served.client().get(path, &[("Cookie", &cookie)]);
    let way = |page: &str, rel: &str| {
        Some(page.split_once(&format!("rel=\"{rel}\" href=\""))?.1.split_once('"')?.0.to_owned())
    };
    let (mut path, mut seen, mut pages) = ("/cases".to_owned(), Vec::new(), 0);
    loop {
        let page = get(&path);
        assert_eq!(page.status, 200, "{path}");
        pages += 1;
        let named = page.text().split("<bdi>Case ").skip(1).filter_map(|rest| rest.split_once('.')?.0.parse().ok());
        seen.extend(named.collect::<Vec<u32>>());
        assert_eq!(way(page.text(), "prev").as_deref(), (pages > 1).then_some("/cases"));
        match way(page.text(), "next") {
            Some(next) => path = next,
            None => break,
        }
    }
    // The longest waiting first, each once.
    assert_eq!((pages, seen), (11, (0..1_001).collect::<Vec<u32>>()));
    for wrong in ["0", "x", "-1", "99999999999999999999", "%00"] {
        assert_eq!(get(&format!("/cases?after={wrong}")).status, 404, "{wrong}");
    }
    assert_eq!(get("/cases?after=&which=nothing&who=%00&other=1").status, 200);
}

#[test]
fn what_is_not_there_is_told_in_the_frame() {
    let served = Served::settled();
    let cookie = served.let_in();
    for path in ["/nowhere", "/case/../../etc/passwd", "/assets/nothing.css", "/%00", "/%ff"] {
        let answer = served.client().get(path, &[("Cookie", &cookie)]);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text().contains("There is no such page") && answer.text().contains("href=\"/cases\""), "{path}");
    }
    let out = served.client().get("/nowhere", &[]);
    assert!(out.status == 403 && !out.text().contains("href=\"/cases\""), "nothing is told to who was not let in");
}
