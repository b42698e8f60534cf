//! Programs served beside a running node: where, with which token, and until when.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::mpsc,
};

use serde_json::Value;

use crate::home::{Home, LOOPBACK, PATIENCE};

/// A node that serves programs, and where.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(home: &Home) -> Self {
        let mut command = home.command(&["up", "--listen", LOOPBACK, "--api", "127.0.0.1:0", "--log", "json"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the node starts");
        let log = child.stderr.take().expect("its log");
        let (sender, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).expect("each line is JSON");
                drop(sender.send(line));
            }
        });
        let address = loop {
            let line = said.recv_timeout(PATIENCE).expect("it says where programs ask");
            if line["event"] == "api" {
                break line["address"].as_str().expect("an address").to_owned();
            }
        };
        Self { child, address }
    }

    /// Status and body.
    fn get(&self, path: &str, token: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        let head = format!("GET {path} HTTP/1.1\r\nHost: {0}\r\nAuthorization: Bearer {token}\r\n", self.address);
        write!(stream, "{head}Connection: close\r\n\r\n").expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        (head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status"), body.to_owned())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn programs_ask_a_running_node_by_a_token_until_it_stops_or_their_token_ends() {
    let (home, short) = Home::with_case();
    let token = home.ok(&["token", "new", "reader", "--scope", "read", "--yes"]);
    let mut serving = Serving::start(&home);
    assert_eq!(serving.get("/healthz", "").0, 200);
    assert_eq!(serving.get("/api/v1/cases", "nothing").0, 401);
    let (status, cases) = serving.get("/api/v1/cases", &token);
    assert!(status == 200 && cases.contains(&short), "{cases}");
    // What a command signs meanwhile is there at once.
    home.ok(&["note", &short, "The line is slow", "--yes"]);
    let (_, record) = serving.get(&format!("/api/v1/cases/{short}/record"), &token);
    assert!(record.contains("The line is slow"), "{record}");
    home.ok(&["token", "end", "reader", "--yes"]);
    assert_eq!(serving.get("/api/v1/cases", &token).0, 401);
    let asked = Command::new("kill").args(["-TERM", &serving.child.id().to_string()]).status().expect("kill is there");
    assert!(asked.success() && serving.child.wait().expect("it ends").success());
}

#[test]
fn other_machines_reach_it_only_where_that_was_said() {
    let home = Home::new();
    let refused = home.fails(2, &["up", "--api", "0.0.0.0:0", "--listen", LOOPBACK]);
    assert!(refused.contains("--api-anywhere"), "{refused}");
    assert!(home.fails(2, &["up", "--api-anywhere"]).contains("--api"));
}
