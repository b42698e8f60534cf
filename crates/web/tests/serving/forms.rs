//! What forms bring: too much, too odd, and just right.

use std::{
    fs,
    io::{BufReader, Write as _},
    path::Path,
};

use counterpart_node::Desk;
use counterpart_web::{FORM_LIMIT, UPLOAD_LIMIT};

use crate::{
    client::{connect, read_head},
    served::Served,
};

#[test]
fn ten_mebibytes_of_text_come_back_to_be_shortened() {
    let served = Served::empty();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/welcome");
    let long = "all of this was typed by somebody ".repeat((10 << 20) / 34);
    let body = format!("form={secret}&name={}", long.replace(' ', "+"));
    let answer = served.client().post("/welcome", &cookie, body.as_bytes());
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains(long.trim_end()), "every letter is in the field");
    assert!(answer.text().contains("at most 100"), "and it says what is wrong");

    let body = format!("form={secret}&name={}", "x".repeat(FORM_LIMIT));
    let answer = served.client().post("/welcome", &cookie, body.as_bytes());
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("16 MiB") && answer.text().contains("Go back"));
    assert!(!served.home().join("keys").exists());
}

#[test]
fn a_name_makes_the_identity() {
    let served = Served::empty();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/welcome");
    let first = served.client().get("/", &[("Cookie", &cookie)]);
    assert_eq!((first.status, first.header("location")), (303, Some("/welcome")));
    for (name, why) in
        [("", "at least one letter"), ("++", "at least one letter"), ("a%0Ab", "one line"), ("a%E2%80%AEb", "U+202E")]
    {
        let answer = served.client().post("/welcome", &cookie, format!("form={secret}&name={name}").as_bytes());
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.text().contains(why) && answer.text().contains("id=\"errors\""), "{name}: {}", answer.text());
    }
    let body = format!("form={secret}&name=Ann+%3Cb%3E");
    let answer = served.client().post("/welcome", &cookie, body.as_bytes());
    assert_eq!((answer.status, answer.header("location")), (303, Some("/new")));
    let party = served.desk().party();
    // The second of two tabs: there is one identity, and it stays.
    let answer = served.client().post("/welcome", &cookie, body.as_bytes());
    assert_eq!((answer.status, served.desk().party()), (303, party));
    let today = served.client().get("/", &[("Cookie", &cookie)]);
    assert!(today.text().contains("<bdi>Ann &#60;b&#62;</bdi>"), "{}", today.text());
    assert!(Desk::open(served.home()).is_ok());
}

fn upload(served: &Served, cookie: &str, secret: &str, name: &str, bytes: &[u8]) -> crate::client::Answer {
    let mut body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\n{secret}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--x--\r\n");
    let origin = format!("http://{}", served.host());
    let headers = [("Cookie", cookie), ("Origin", &*origin), ("Content-Type", "multipart/form-data; boundary=x")];
    served.client().ask("POST", "/check", &headers, &body)
}

#[test]
fn a_bundle_is_checked_in_the_verifiers_words() {
    let served = Served::empty();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/check");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let good = fs::read(fixtures.join("broadband-2.zip")).expect("a fixture");
    let answer = upload(&served, &cookie, &secret, "<i>.zip", &good);
    assert_eq!(answer.status, 200);
    let verdict = counterpart_evidence::verify(&good, &|_, _| {}).expect("it holds");
    let words = verdict.in_words();
    let escaped = |line: &str| {
        line.replace('&', "&#38;")
            .replace('<', "&#60;")
            .replace('>', "&#62;")
            .replace('"', "&#34;")
            .replace('\'', "&#39;")
    };
    for line in words.lines() {
        assert!(answer.text().contains(&format!("<p dir=\"auto\">{}</p>", escaped(line))), "{line}");
    }
    assert!(answer.text().contains("<bdi>&#60;i&#62;.zip</bdi>") && !answer.text().contains("<i>"));

    let mut bad = good;
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    let failure = counterpart_evidence::verify(&bad, &|_, _| {}).expect_err("it was altered");
    let answer = upload(&served, &cookie, &secret, "b.zip", &bad);
    assert!(answer.text().contains(&escaped(&failure.message)), "{}", answer.text());
    let answer = upload(&served, &cookie, &secret, "", b"");
    assert!(answer.text().contains("No file came"));
    let answer = upload(&served, &cookie, "AAAA", "b.zip", &bad);
    assert_eq!(answer.status, 403);
}

#[test]
fn a_body_that_stops_or_makes_no_sense_is_told() {
    let served = Served::empty();
    let cookie = served.let_in();
    let origin = format!("http://{}", served.host());
    for (kind, body) in [
        ("multipart/form-data; boundary=x", "--x\r\nContent-Dis"),
        ("multipart/form-data; boundary=x", "no boundary at all"),
        ("multipart/form-data", "--x--"),
        ("application/x-www-form-urlencoded", "%FF%FE=%"),
    ] {
        let headers = [("Cookie", &*cookie), ("Origin", &*origin), ("Content-Type", kind)];
        for page in ["/check", "/welcome"] {
            let answer = served.client().ask("POST", page, &headers, body.as_bytes());
            assert!(matches!(answer.status, 400 | 403 | 408 | 415), "{} to {kind} {body}", answer.status);
        }
    }
}

#[test]
fn a_head_without_end_is_refused() {
    let served = Served::empty();
    let long = "x".repeat(64 << 10);
    assert_eq!(served.client().get("/", &[("X", &long)]).status, 431);
    let many: Vec<(&str, &str)> = (0..100).map(|_| ("X", "y")).collect();
    assert_eq!(served.client().get("/", &many).status, 431);
}

/// Half a gibibyte and a little more goes through: only where everything is asked for.
#[test]
fn a_file_too_large_is_told_and_never_in_memory() {
    if std::env::var_os("COUNTERPART_LONG").is_none() {
        drop(writeln!(std::io::stderr(), "skipped: tried with COUNTERPART_LONG=1 alone"));
        return;
    }
    let served = Served::empty();
    let cookie = served.let_in();
    let secret = served.form_secret(&cookie, "/check");
    let head = format!(
        "--x\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\n{secret}\r\n\
         --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
    );
    let before = resident();
    let mut stream = BufReader::new(connect(served.address));
    let part = vec![7; 1 << 20];
    let parts = UPLOAD_LIMIT.div_ceil(1 << 20) + 1;
    let tail = "\r\n--x--\r\n";
    let length = (head.len() + tail.len()) as u64 + (parts << 20);
    let host = served.host();
    write!(
        stream.get_mut(),
        "POST /check HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\nContent-Length: {length}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\n\r\n{head}"
    )
    .expect("sent");
    let mut most = 0;
    for _ in 0..parts {
        stream.get_mut().write_all(&part).expect("taken");
        most = most.max(resident());
    }
    stream.get_mut().write_all(tail.as_bytes()).expect("taken");
    assert_eq!(read_head(&mut stream).expect("an answer").0, 413);
    // Other tests run beside this one, in the same process.
    assert!(most - before < 128 << 10, "{} KiB more", most - before);
}

/// Memory of this process, which is the server's: KiB.
fn resident() -> u64 {
    let about = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = about.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
