//! Homes of their own, the command run in them, and nodes that run.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
pub(crate) const LOOPBACK: &str = "/ip4/127.0.0.1/tcp/0";

/// A home of its own, and the command run in it.
pub(crate) struct Home(TempDir);

impl Home {
    /// A folder without an identity.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// With an identity.
    pub(crate) fn new() -> Self {
        let home = Self::empty();
        home.ok(&["init"]);
        home
    }

    /// With a case between Keith and a supplier who has not joined; gives its short form too.
    pub(crate) fn with_case() -> (Self, String) {
        let home = Self::new();
        let (supplier, own, zone) = ("Northlink Ltd:supplier", "Keith:customer", "Europe/London");
        let short = home.ok(&["new", "Broadband price", "--with", supplier, "--as", own, "--zone", zone, "--yes"]);
        (home, short)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
        command.args(args).env_clear().env("COUNTERPART_HOME", self.path()).env("TZ", "UTC");
        // Where all homes keep their cases in a database, see docs/testing.md.
        command.envs(std::env::var_os("COUNTERPART_TEST_STORE").map(|server| ("COUNTERPART_TEST_STORE", server)));
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command starts")
    }

    /// Runs what must succeed; gives its standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        self.said(args).0
    }

    /// The same, and what was said beside it.
    pub(crate) fn said(&self, args: &[&str]) -> (String, String) {
        succeeded(args, self.run(args))
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&text).expect("one JSON value and nothing else")
    }

    /// Runs what must fail with this code; gives what was said.
    pub(crate) fn fails(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", talk(&output));
        assert!(output.stdout.is_empty(), "{args:?}: errors are not data");
        talk(&output)
    }

    pub(crate) fn up(&self) -> Up {
        Up::start(self.command(&["up", "--json", "--listen", LOOPBACK]))
    }
}

/// The output of what must have succeeded, and what was said beside it.
pub(crate) fn succeeded(args: &[&str], output: Output) -> (String, String) {
    let talk = talk(&output);
    assert!(output.status.success(), "{args:?}: {talk}");
    (String::from_utf8(output.stdout).expect("text").trim().to_owned(), talk)
}

pub(crate) fn talk(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The lines of a running command. Whatever it says is read, so that it never waits for a reader.
pub(crate) fn read_lines(out: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            drop(sender.send(line));
        }
    });
    lines
}

/// A running `counterpart up`; its event lines arrive in a channel. It ends with this.
pub(crate) struct Up {
    child: Child,
    lines: mpsc::Receiver<String>,
    /// What it said before it was heard to listen: what is due at a start may come first.
    early: RefCell<VecDeque<String>>,
}

impl Up {
    /// Starts a node and waits until it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the node starts");
        let lines = read_lines(child.stdout.take().expect("its output"));
        let up = Self { child, lines, early: RefCell::default() };
        let mut early = VecDeque::new();
        loop {
            let line = up.line_with("");
            if line.contains("listening") {
                break;
            }
            early.push_back(line);
        }
        up.early.replace(early);
        up
    }

    /// The next event line with a word in it.
    pub(crate) fn line_with(&self, word: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let early = self.early.borrow_mut().pop_front();
            let left = until.saturating_duration_since(Instant::now());
            let line = early.unwrap_or_else(|| self.lines.recv_timeout(left).expect("the line comes in time"));
            if line.contains(word) {
                return line;
            }
        }
    }

    /// Looks again at every event until something holds.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds() {
            let left = until.saturating_duration_since(Instant::now());
            assert!(self.lines.recv_timeout(left).is_ok(), "in time: {what}");
        }
    }

    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there");
        assert!(asked.success());
        assert!(self.child.wait().expect("the node ends").success(), "stopping is no failure");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
