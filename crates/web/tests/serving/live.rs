//! What open pages are told.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    time::Instant,
};

use counterpart_core::{
    act::{Role, SeatOffer},
    value::Sealable,
};
use counterpart_node::{Desk, now};
use serde_json::Value;

use crate::{
    client::{PATIENCE, connect, read_head},
    served::Served,
};

pub(crate) struct Stream(BufReader<TcpStream>);

impl Stream {
    pub(crate) fn open(served: &Served, cookie: &str) -> (u16, Self) {
        let mut stream = BufReader::new(connect(served.address));
        let head = format!("GET /live HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n", served.host());
        stream.get_mut().write_all(head.as_bytes()).expect("sent");
        let (status, _) = read_head(&mut stream).expect("an answer");
        (status, Self(stream))
    }

    /// The next event and its data; nothing where the stream ends or none comes, though the server says that it is there.
    pub(crate) fn next(&mut self) -> Option<(String, Value)> {
        let (mut event, mut line) = (String::new(), String::new());
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && self.0.read_line(&mut line).is_ok_and(|n| n > 0) {
            if let Some(name) = line.trim_end().strip_prefix("event: ") {
                event = name.to_owned();
            }
            if let Some(data) = line.trim_end().strip_prefix("data: ") {
                return Some((event, serde_json::from_str(data).expect("JSON")));
            }
            line.clear();
        }
        None
    }
}

fn open_case(desk: &Desk) -> String {
    let seat = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let act = desk.open_act(
        "Broadband",
        seat(Role::Customer, "Ann"),
        vec![seat(Role::Supplier, "Northlink")],
        "Europe/London",
        None,
    );
    desk.new_case(&act, now()).expect("a case").to_hex()
}

#[test]
fn what_another_process_writes_is_told() {
    let served = Served::settled();
    let cookie = served.let_in();
    let (status, mut stream) = Stream::open(&served, &cookie);
    assert_eq!(status, 200);
    let (event, data) = stream.next().expect("an event");
    assert_eq!(event, "hello");
    let version = data["version"].as_u64().expect("a number");
    let case = open_case(&served.desk());
    let (event, data) = loop {
        let (event, data) = stream.next().expect("an event");
        if data.get("case").is_some() {
            break (event, data);
        }
    };
    assert_eq!((event.as_str(), &data["case"]), ("changed", &Value::from(case)));
    assert!(data["version"].as_u64().is_some_and(|v| v > version));
    let page = served.client().get("/cases", &[("Cookie", &cookie)]);
    assert!(page.text().contains("<bdi>Broadband</bdi>"));
    let shown =
        page.text().split_once("data-version=\"").and_then(|(_, rest)| rest.split('"').next()?.parse::<u64>().ok());
    assert!(shown.is_some_and(|v| v > version), "the page knows how new it is");
}

#[test]
fn a_stream_ends_when_the_program_does() {
    let mut served = Served::settled();
    let cookie = served.let_in();
    let (_, mut stream) = Stream::open(&served, &cookie);
    assert_eq!(stream.next().expect("an event").0, "hello");
    served.stop();
    let mut last = None;
    while let Some((event, _)) = stream.next() {
        last = Some(event);
    }
    assert_eq!(last.as_deref(), Some("bye"));
}

#[test]
fn one_browser_does_not_take_all_places() {
    let served = Served::settled();
    let cookie = served.let_in();
    let mut open: Vec<(u16, Stream)> = (0..12).map(|_| Stream::open(&served, &cookie)).collect();
    assert!(open.iter().all(|(status, _)| *status == 200));
    assert_eq!(Stream::open(&served, &cookie).0, 429);
    assert_eq!(Stream::open(&served, &served.let_in()).0, 200, "another browser has its own");
    assert_eq!(served.client().get("/", &[("Cookie", &cookie)]).status, 200, "and pages are there all the same");
    // A stream that ends gives its place back, once the server sees it.
    open.truncate(6);
    while Stream::open(&served, &cookie).0 == 429 {
        std::thread::yield_now();
    }
}

#[test]
fn a_node_runs_beside_the_pages() {
    let home = tempfile::TempDir::new().expect("a folder");
    Desk::init(home.path()).expect("an identity");
    let mut served = Served::of(home, true);
    let cookie = served.let_in();
    let (_, mut stream) = Stream::open(&served, &cookie);
    // Said anew whenever it changes.
    while !served.client().get("/settings", &[("Cookie", &cookie)]).text().contains("Running, together") {
        stream.next().expect("an event");
    }
    assert!(served.desk().node_is_running(), "commands find it");
    served.stop();
    assert!(!served.desk().node_is_running(), "and it ends with the pages");
}

#[test]
fn without_a_node_the_page_says_what_that_means() {
    let served = Served::settled();
    let cookie = served.let_in();
    let (_, mut stream) = Stream::open(&served, &cookie);
    while !served.client().get("/", &[("Cookie", &cookie)]).text().contains("Your node is not running") {
        stream.next().expect("an event");
    }
}
