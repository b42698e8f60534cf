//! What came in, asked for and told.

use std::io::{BufRead as _, BufReader, Write as _};

use counterpart_core::{
    act::{Act, ActionTerms, Proposal},
    id::{CaseId, short_form},
    value::{Due, Sealable},
};
use counterpart_node::now;
use counterpart_testkit::case::{call, new_action, terms};
use serde_json::{Value as Json, json};

use crate::{
    client::{connect, read_head},
    served::Served,
};

/// A stream that was opened, read event by event.
struct Stream(BufReader<std::net::TcpStream>);

impl Stream {
    fn open(served: &Served, path: &str, last: Option<u64>) -> Self {
        let mut stream = BufReader::new(connect(served.address));
        let last = last.map(|number| format!("Last-Event-ID: {number}\r\n")).unwrap_or_default();
        let head = format!(
            "GET /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n{last}\r\n",
            served.token
        );
        stream.get_mut().write_all(head.as_bytes()).expect("sent");
        let (status, headers) = read_head(&mut stream).expect("an answer");
        assert_eq!(status, 200);
        assert!(headers.iter().any(|(name, value)| name == "content-type" && value == "text/event-stream"));
        Self(stream)
    }

    /// The next event; nothing at the end.
    fn next(&mut self) -> Option<(u64, String, Json)> {
        let (mut id, mut kind) = (0, String::new());
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).expect("in time") == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", number)) => id = number.parse().expect("a number"),
                Some(("event", word)) => kind = word.to_owned(),
                Some(("data", data)) => return Some((id, kind, serde_json::from_str(data).expect("JSON"))),
                _ => {}
            }
        }
    }
}

#[test]
fn changes_come_in_order_without_a_gap_from_any_number_on() {
    let served = Served::new();
    let case = served.case("Broadband");
    for n in 0..4 {
        served.sign(&case, &json!({"act": "note", "text": format!("note {n}")}));
    }
    let (mut after, mut found) = (0, Vec::new());
    loop {
        let page = served.get(&format!("/changes?after={after}&limit=2")).good();
        let rows = page["changes"].as_array().expect("rows").clone();
        if rows.is_empty() {
            break;
        }
        found.extend(rows.iter().map(|row| row["number"].as_u64().expect("a number")));
        after = page["after"].as_u64().expect("a number");
    }
    assert_eq!(found, (1..=after).collect::<Vec<_>>());
    assert!(after >= 5);
    let beyond = served.get("/changes?after=9007199254740991");
    assert_eq!((beyond.problem(409).as_str(), &beyond.json()["newest"]), ("beyond", &json!(after)));
    assert_eq!(served.get("/changes?after=9007199254740992").problem(400), "malformed");
    let all = served.get("/changes").good();
    assert_eq!((&all["changes"][0]["kind"], &all["changes"][0]["case"]), (&json!("act.signed"), &json!(case)));
}

#[test]
fn a_stream_tells_as_it_comes_and_goes_on_where_it_was_cut() {
    let mut served = Served::new();
    let case = served.case("Broadband");
    let mut stream = Stream::open(&served, "/events", None);
    let signed = served.sign(&case, &json!({"act": "note", "text": "first"}));
    let (first, kind, data) = stream.next().expect("an event");
    assert_eq!((kind.as_str(), &data["what"], &data["case"]), ("act.signed", &signed["entries"][0], &json!(case)));
    drop(stream);
    served.sign(&case, &json!({"act": "note", "text": "second"}));
    served.sign(&case, &json!({"act": "note", "text": "third"}));
    let mut stream = Stream::open(&served, "/events", Some(first));
    let ids: Vec<u64> = (0..2).map(|_| stream.next().expect("an event").0).collect();
    assert_eq!(ids, [first + 1, first + 2]);
    // From the beginning, too.
    let mut all = Stream::open(&served, "/events?after=0", None);
    assert_eq!(all.next().map(|(id, _, _)| id), Some(1));
    // The service ends what it has open when it stops.
    served.stop();
    assert!(stream.next().is_none());
}

/// A promise of the other side, noted in a call: due at a time.
fn promised(served: &Served, case: &CaseId, at: i64) {
    let desk = served.desk();
    let rung = Act::Contact(call(at - 2 * 60_000, "They ring back"));
    let call = desk.sign(case, &rung, now()).expect("a call").1.id;
    let due = Due::At { instant: at, local: "2020-09-13T12:26".to_owned(), zone: "UTC".to_owned() };
    let terms = ActionTerms { due: Some(due), ..terms("ring back", &[1], &[0]) };
    let proposed = Proposal { alleged: Some(call), ..new_action(terms) };
    desk.sign(case, &Act::Propose(proposed), now()).expect("a promise");
}

#[test]
fn what_came_is_named_as_webhooks_name_it_and_what_fell_due_is_among_it() {
    let served = Served::new();
    let case = served.case("Broadband");
    let id = CaseId::from_hex(&case).expect("an id");
    let mut stream = Stream::open(&served, "/events", None);
    let signed = served.sign(&case, &json!({"act": "note", "text": "first"}));
    let (_, _, note) = stream.next().expect("an event");
    assert_eq!((&note["entry"], &note["act"]), (&signed["entries"][0], &json!("note")));
    assert_eq!((&note["what"], &note["short"]), (&note["entry"], &json!(short_form(&id.0))));
    assert!(note.get("due").is_none() && note.get("receipt").is_none(), "{note}");

    let due = 1_600_000_000_000;
    promised(&served, &id, due);
    assert_eq!(served.desk().tell_overdue(due).expect("looked"), []);
    assert_eq!(served.desk().tell_overdue(now()).expect("looked").len(), 1);
    assert_eq!(served.desk().tell_overdue(now()).expect("looked"), []);
    let told = loop {
        let (number, kind, data) = stream.next().expect("an event");
        assert_eq!(data["number"], json!(number));
        if kind == "case.overdue" {
            break data;
        }
        assert!(data["act"].is_string(), "{data}");
    };
    let record = served.desk().record(&id).expect("the case");
    let about = record.graph().len().to_string();
    let expected = json!([{"what": "action", "about": about, "ours": false, "said": true}]);
    assert_eq!((&told["due"], &told["dues"], &told["what"]), (&json!("2020-09-13T12:26:40Z"), &expected, &Json::Null));
    assert_eq!((&told["case"], &told["kind"]), (&json!(case), &json!("case.overdue")));
    // The pages say the same, and say it once.
    let all = served.get("/changes?limit=200").good();
    let changes = all["changes"].as_array().expect("changes");
    let overdue: Vec<&Json> = changes.iter().filter(|change| change["kind"] == "case.overdue").collect();
    assert_eq!(overdue, [&told]);
    let listed = served.get("/cases?overdue=true").good();
    assert_eq!(listed["cases"][0]["id"], json!(case), "as the list has it");
}

#[test]
fn a_token_has_only_so_many_streams_and_one_that_ended_hears_nothing_more() {
    let served = Served::new();
    let case = served.case("Broadband");
    let mut open: Vec<Stream> = (0..8).map(|_| Stream::open(&served, "/events", None)).collect();
    assert_eq!(served.get("/events?after=x").problem(400), "malformed");
    let wrong = [("Last-Event-ID", "x")];
    assert_eq!(served.ask_as(&served.token, "GET", "/events", &wrong, b"").problem(400), "malformed");
    assert_eq!(served.get("/events").problem(429), "rate");
    let other = served.desk();
    other.end_token("all", now()).expect("ended");
    // What comes now wakes them, and they find their token ended.
    let id = CaseId::from_hex(&case).expect("an id");
    let note = Act::Note { text: Sealable::Open("from the machine itself".to_owned()), about: None };
    other.sign(&id, &note, now()).expect("signed");
    assert!(open[0].next().is_none());
}
