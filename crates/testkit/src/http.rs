//! As little HTTP as asking takes, so that everything can be asked, also what no client would ask.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value as Json;

/// What hangs is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Names in small letters, with their values.
pub type Headers = Vec<(String, String)>;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
}

impl Answer {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// # Panics
    /// When the body is no text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// # Panics
    /// When the body is no JSON.
    #[must_use]
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// What was answered where all went well.
    ///
    /// # Panics
    /// Where it did not.
    #[track_caller]
    pub fn good(&self) -> Json {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The word of a problem as the API tells it; every refusal there is one.
    ///
    /// # Panics
    /// When it is none, or of another status.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let body = self.json();
        assert_eq!(body["status"], status);
        assert!(!body["title"].as_str().expect("a title").is_empty() && body["detail"].is_string());
        let word = body["type"].as_str().expect("a type").strip_prefix("urn:counterpart:problem:");
        word.expect("a word of ours").to_owned()
    }
}

/// One connection at a time, kept while the server keeps it.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    open: Option<BufReader<TcpStream>>,
}

impl Client {
    #[must_use]
    pub fn of(address: SocketAddr) -> Self {
        Self { address, open: None }
    }

    /// As a person asks by typing an address.
    pub fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers, b"")
    }

    /// As a form of our own page asks.
    pub fn post(&mut self, path: &str, cookie: &str, body: &[u8]) -> Answer {
        let origin = format!("http://{}", self.address);
        let kind = "application/x-www-form-urlencoded";
        let headers = [("Cookie", cookie), ("Origin", &origin), ("Content-Type", kind)];
        self.ask("POST", path, &headers, body)
    }

    /// `Host` and the length of the body are told unless they are among the headers; one of the value `-` is left out.
    ///
    /// # Panics
    /// When no answer comes.
    pub fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let request = request(self.address, method, path, headers, body);
        // A connection that was kept may have been closed meanwhile.
        let kept = self.open.is_some();
        let mut answer = self.exchange(&request, method);
        if answer.is_none() && kept {
            self.open = None;
            answer = self.exchange(&request, method);
        }
        answer.expect("an answer")
    }

    fn exchange(&mut self, request: &[u8], method: &str) -> Option<Answer> {
        let stream = match &mut self.open {
            Some(stream) => stream,
            none => none.insert(BufReader::new(connect(self.address))),
        };
        let answer = exchange(stream, request, method)?;
        if answer.header("connection") == Some("close") {
            self.open = None;
        }
        Some(answer)
    }
}

/// One question, one connection; for the rest as [`Client::ask`].
///
/// # Panics
/// When no answer comes.
#[must_use]
pub fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let headers = [&[("Connection", "close")], headers].concat();
    let request = request(address, method, path, &headers, body);
    exchange(&mut BufReader::new(connect(address)), &request, method).expect("an answer")
}

/// Any bytes; nothing where no answer comes.
#[must_use]
pub fn raw(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    exchange(&mut BufReader::new(connect(address)), bytes, "GET")
}

fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    let says = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if !says("host") {
        head.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in headers.iter().filter(|(_, value)| *value != "-") {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if (method == "POST" || !body.is_empty()) && !says("content-length") && !says("transfer-encoding") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

fn exchange(stream: &mut BufReader<TcpStream>, request: &[u8], method: &str) -> Option<Answer> {
    // The server may refuse before all is sent.
    drop(stream.get_mut().write_all(request));
    read_answer(stream, method)
}

/// What is answered to a request of that method; nothing where the line ends before it is whole.
pub fn read_answer(stream: &mut BufReader<TcpStream>, method: &str) -> Option<Answer> {
    let (status, headers) = read_head(stream)?;
    let length = headers.iter().find(|(n, _)| n == "content-length").and_then(|(_, l)| l.parse().ok());
    let mut body = vec![0; if method == "HEAD" { 0 } else { length.unwrap_or(0) }];
    stream.read_exact(&mut body).ok()?;
    Some(Answer { status, headers, body })
}

/// # Panics
/// When nobody listens there.
#[must_use]
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time");
    stream.set_nodelay(true).expect("a socket");
    stream
}

/// Status and headers; nothing where the line ends before them.
pub fn read_head(stream: &mut BufReader<TcpStream>) -> Option<(u16, Headers)> {
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
