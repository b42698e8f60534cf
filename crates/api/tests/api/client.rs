//! As little HTTP as asking takes, so that everything can be asked, also what no client would ask.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value as Json;

/// What hangs is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// What was answered where all went well.
    #[track_caller]
    pub(crate) fn good(&self) -> Json {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The word of a problem; every refusal is one.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let body = self.json();
        assert_eq!(body["status"], status);
        assert!(!body["title"].as_str().expect("a title").is_empty() && body["detail"].is_string());
        let word = body["type"].as_str().expect("a type").strip_prefix("urn:counterpart:problem:");
        word.expect("a word of ours").to_owned()
    }
}

/// One question, one connection.
pub(crate) fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    let says = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if !says("host") {
        head.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() && !says("content-length") && !says("transfer-encoding") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    raw(address, &bytes).expect("an answer")
}

/// Any bytes; nothing where no answer comes.
pub(crate) fn raw(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    let mut stream = BufReader::new(connect(address));
    // The server may refuse before all is sent.
    drop(stream.get_mut().write_all(bytes));
    let (status, headers) = read_head(&mut stream)?;
    let length = headers.iter().find(|(n, _)| n == "content-length").and_then(|(_, l)| l.parse().ok());
    let body = match length {
        Some(length) => {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).ok()?;
            body
        }
        None => Vec::new(),
    };
    Some(Answer { status, headers, body })
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    stream.set_nodelay(true).expect("a socket");
    stream
}

/// Status and headers, their names in small letters.
pub(crate) fn read_head(stream: &mut BufReader<TcpStream>) -> Option<(u16, Vec<(String, String)>)> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => return Some((status, headers)),
        }
    }
}
