//! Who is let in, for what, how often; and what is asked in no good shape.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
};

use counterpart_api::{ApiOptions, ApiServer};
use counterpart_node::{Desk, Node, NodeConfig, Scope, now};
use serde_json::json;
use tokio::sync::oneshot;

use crate::{
    client::{ask, connect, raw},
    served::Served,
};

#[test]
fn only_a_token_that_stands_lets_in() {
    let served = Served::new();
    let cases = "/api/v1/cases";
    let answer = ask(served.address, "GET", cases, &[], b"");
    assert_eq!(answer.problem(401), "no-token");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"counterpart\""));
    let good = format!("Bearer {}", served.token);
    for (value, word) in [
        ("", "no-token"),
        ("Bearer", "no-token"),
        ("Basic YTpi", "no-token"),
        ("Bearer cpt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bad-token"),
        ("Bearer x", "bad-token"),
        (&good.to_uppercase(), "bad-token"),
        (&format!("Bearer {}", "x".repeat(10_000)), "no-token"),
    ] {
        let answer = ask(served.address, "GET", cases, &[("Authorization", value)], b"");
        assert_eq!(answer.problem(401), word, "{value}");
    }
    // Twice is no better than not at all, and no cookie lets anybody in.
    let twice = [("Authorization", good.as_str()), ("Authorization", good.as_str())];
    assert_eq!(ask(served.address, "GET", cases, &twice, b"").problem(401), "bad-token");
    let cookie = [("Cookie", good.as_str())];
    assert_eq!(ask(served.address, "GET", cases, &cookie, b"").problem(401), "no-token");
    assert_eq!(served.get("/cases").status, 200);
    // Whatever it is called, and however the word is written.
    let elsewhere = [("Authorization", good.replace("Bearer", "bEARER")), ("Host", "cases.example".to_owned())];
    let elsewhere: Vec<(&str, &str)> = elsewhere.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = ask(served.address, "GET", cases, &elsewhere, b"");
    assert_eq!(answer.status, 200);
    // No page of another site learns anything: nothing allows it to.
    assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("access-control-") && name != "set-cookie"));
    assert_eq!(
        (answer.header("cache-control"), answer.header("x-content-type-options")),
        (Some("no-store"), Some("nosniff"))
    );

    served.desk().end_token("all", now()).expect("ended");
    assert_eq!(served.get("/cases").problem(401), "bad-token");
}

#[test]
fn a_token_is_for_what_it_is_for() {
    let served = Served::new();
    let case = served.case("Broadband");
    let reads = served.token_for("reads", &[Scope::Read]);
    let note = json!({"input": {"act": "note", "text": "hello"}}).to_string();
    let json = [("Content-Type", "application/json"), ("Idempotency-Key", "1")];
    let as_reader = |method: &str, path: &str, body: &str| served.ask_as(&reads, method, path, &json, body.as_bytes());
    assert_eq!(as_reader("GET", &format!("/cases/{case}"), "").status, 200);
    for (method, path, body) in [
        ("POST", format!("/cases/{case}/acts/preview"), note.as_str()),
        ("POST", format!("/cases/{case}/acts"), note.as_str()),
        ("GET", format!("/cases/{case}/asides"), ""),
        ("GET", "/tokens".to_owned(), ""),
        ("GET", "/webhooks".to_owned(), ""),
    ] {
        assert_eq!(as_reader(method, &path, body).problem(403), "scope", "{path}");
    }
    let me = as_reader("GET", "/me", "").good();
    assert_eq!((&me["token"], &me["scopes"]), (&json!("reads"), &json!(["read"])));
}

#[test]
fn a_token_may_ask_only_so_often() {
    // It never fills again here, however slow the machine is.
    let served = Served::with_rate((0, 3));
    let answers: Vec<u16> = (0..6).map(|_| served.get("/me").status).collect();
    assert_eq!(answers, [200, 200, 200, 429, 429, 429]);
    let refused = served.get("/me");
    assert_eq!((refused.problem(429).as_str(), refused.header("retry-after")), ("rate", Some("1")));
    // Another token has its own, and whoever watches over the service is no program with a token.
    let other = served.token_for("other", &[Scope::Read]);
    assert_eq!(served.ask_as(&other, "GET", "/me", &[], b"").status, 200);
    assert_eq!(ask(served.address, "GET", "/healthz", &[], b"").good(), json!({"status": "ok"}));
    assert_eq!(ask(served.address, "GET", "/readyz", &[], b"").good(), json!({"status": "ok"}));
}

#[test]
fn what_is_nowhere_or_cannot_be_done_there_is_a_problem_too() {
    let served = Served::new();
    for path in
        ["/", "/api", "/api/v1", "/api/v1/", "/api/v2/cases", "/api/v1/case", "//api/v1/cases", "/../etc/passwd"]
    {
        assert_eq!(ask(served.address, "GET", path, &[], b"").problem(404), "not-found", "{path}");
    }
    for (method, path) in
        [("DELETE", "/api/v1/cases"), ("OPTIONS", "/api/v1/cases"), ("POST", "/healthz"), ("PATCH", "/api/v1/me")]
    {
        let answer = ask(served.address, method, path, &[], b"");
        assert_eq!(answer.problem(405), "method");
        assert!(answer.header("allow").is_some_and(|allow| allow.contains("GET")), "{:?}", answer.headers);
    }
    let absent = "0".repeat(64);
    for case in [absent.as_str(), ".", "K7F2", "K7F2-Q9XA-3", "%00", "..%2F..", "'%20or%201=1"] {
        assert_eq!(served.get(&format!("/cases/{case}")).problem(404), "no-case", "{case}");
    }
    assert_eq!(served.get("/cases/%FF").problem(400), "malformed", "no text at all");
}

#[test]
fn what_is_too_large_or_of_no_shape_is_refused_by_name() {
    let served = Served::new();
    let preview =
        |headers: &[(&str, &str)], body: &[u8]| served.ask_as(&served.token, "POST", "/cases/preview", headers, body);
    let json = [("Content-Type", "application/json")];
    let large = vec![b' '; (1 << 20) + 1];
    assert_eq!(preview(&json, &large).problem(413), "large");
    // What says so beforehand is not waited for, nor is anybody told to go on sending it.
    let head = |method: &str, path: &str, more: &str| {
        format!("{method} /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n{more}\r\n", served.token)
    };
    let file = format!("/cases/{}/attachments/{}", served.case("Broadband"), "0".repeat(64));
    let more = "Content-Type: application/json\r\nContent-Length: 5000000\r\n";
    for (asked, most) in [
        (head("PUT", &file, "Content-Length: 314572800\r\n") + "xx", 256 << 20),
        (head("POST", "/verify", "Content-Length: 33554433\r\n"), 32 << 20),
        (head("POST", "/cases/preview", more), 1 << 20),
        (head("POST", "/cases/preview", &format!("{more}Expect: 100-continue\r\n")), 1 << 20),
    ] {
        let answer = raw(served.address, asked.as_bytes()).expect("an answer");
        assert_eq!((answer.problem(413).as_str(), &answer.json()["most"]), ("large", &json!(most)), "{asked}");
    }
    assert_eq!(preview(&[("Content-Type", "text/plain")], b"{}").problem(415), "media");
    assert_eq!(preview(&[], b"{}").problem(415), "media");
    for body in [
        &b""[..],
        b"{",
        b"[]",
        b"null",
        b"{\"title\": 1, \"others\": []}",
        b"{\"others\": [], \"unknown\": 1}",
        b"{\"title\": \"a\", \"title\": \"b\", \"others\": []}",
        b"{\"title\": \"\xff\", \"others\": []}",
        "[".repeat(100_000).as_bytes(),
    ] {
        assert_eq!(
            preview(&json, body).problem(400),
            "malformed",
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(60)])
        );
    }
    for query in
        ["limit=0", "limit=201", "limit=-1", "limit=x", "after=x", "unknown=1", "limit=1&limit=2", "overdue=perhaps"]
    {
        assert_eq!(served.get(&format!("/cases?{query}")).problem(400), "malformed", "{query}");
    }
    assert_eq!(served.get("/me?x=1").problem(400), "malformed");
}

#[test]
fn hostile_heads_harm_nobody() {
    let served = Served::new();
    let bearer = format!("Authorization: Bearer {}\r\n", served.token);
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();
    let long = format!("X: {}\r\n", "x".repeat(64 << 10));
    for (head, status) in [
        (many, 431),
        (long, 431),
        ("X y: 1\r\n".to_owned(), 400),
        (": 1\r\n".to_owned(), 400),
        ("\u{1b}[31m: 1\r\n".to_owned(), 400),
    ] {
        let request = format!("GET /api/v1/me HTTP/1.1\r\nHost: x\r\n{bearer}{head}\r\n");
        let answer = raw(served.address, request.as_bytes());
        assert_eq!(answer.map(|answer| answer.status), Some(status), "{head:.40}");
    }
    // Two lengths, or a length beside pieces: a proxy in front and we would read different requests.
    for lengths in ["Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length: x\r\n", "Content-Length: -1\r\n"] {
        let request = format!(
            "POST /api/v1/cases/preview HTTP/1.1\r\nHost: x\r\n{bearer}Content-Type: application/json\r\n{lengths}\r\n{{}}"
        );
        let answer = raw(served.address, request.as_bytes());
        assert_eq!(answer.map(|answer| answer.status), Some(400), "{lengths}");
    }
    // One that goes away in the middle of what it said it would send.
    let mut gone = connect(served.address);
    let half = format!(
        "POST /api/v1/cases/preview HTTP/1.1\r\nHost: x\r\n{bearer}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    gone.write_all(half.as_bytes()).expect("sent");
    gone.shutdown(std::net::Shutdown::Write).expect("shut");
    let mut said = String::new();
    drop(gone.read_to_string(&mut said));
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    assert_eq!(served.get("/me").status, 200);
}

#[test]
fn it_is_ready_no_longer_than_the_node_beside_it() {
    let home = tempfile::TempDir::new().expect("a folder");
    Desk::init(home.path()).expect("an identity");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let config = NodeConfig::default();
    let desk = Desk::open(home.path()).expect("an identity");
    let (node, _events) = runtime.block_on(async { Node::start(desk, &config) }).expect("a node");
    let options = ApiOptions::at(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0));
    let server = runtime.block_on(ApiServer::bind(home.path(), options)).expect("a port").beside(node.pulse());
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = runtime.spawn(server.serve(async { drop(stopped.await) }));
    assert_eq!(ask(address, "GET", "/readyz", &[], b"").good(), json!({"status": "ok"}));
    // What was asked is in the numbers beside the node's own.
    let (desk, pulse) = (Desk::open(home.path()).expect("a home"), node.pulse());
    let numbers = desk.metrics(&pulse, Some(&desk.store_numbers(&pulse).expect("numbers")));
    let asked = "counterpart_api_requests_total{operation=\"readyz\",status=\"200\"} ";
    let count = numbers.lines().find_map(|line| line.strip_prefix(asked)).expect("it is counted");
    assert!(count.parse::<u64>().expect("a number") >= 1);
    for name in ["api_request_seconds_count", "api_streams", "api_rate_refused_total"] {
        assert!(numbers.lines().any(|line| line.starts_with(&format!("counterpart_{name} "))), "{name}: {numbers}");
    }
    node.pulse().stops();
    assert_eq!(ask(address, "GET", "/readyz", &[], b"").problem(503), "busy");
    assert_eq!(ask(address, "GET", "/healthz", &[], b"").status, 200, "it lives all the same");
    drop(stop);
    runtime.block_on(task).expect("it stops");
    runtime.block_on(node.stop());
}
