//! A machine somewhere in a world, with a home folder and the real command.

use std::{
    cell::RefCell,
    io::{BufRead as _, BufReader, Read, Write as _},
    net::Ipv4Addr,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::world::Place;

/// For what is to come. Behind a slow or lossy line more than enough; whatever takes longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// For a node that was asked to stop.
const STOPPING: Duration = Duration::from_secs(20);
/// How often something is looked at that no line tells of.
const LOOK: Duration = Duration::from_millis(400);
/// So many of a node's last lines are shown where something failed.
const SHOWN: usize = 12;

/// What a node listens at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Quic,
    Tcp,
    Both,
}

impl Transport {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quic => "QUIC",
            Self::Tcp => "TCP",
            Self::Both => "QUIC and TCP",
        }
    }

    fn listen(self, at: Ipv4Addr) -> Vec<String> {
        let (quic, tcp) = (format!("/ip4/{at}/udp/4001/quic-v1"), format!("/ip4/{at}/tcp/4001"));
        let chosen = match self {
            Self::Quic => vec![quic],
            Self::Tcp => vec![tcp],
            Self::Both => vec![quic, tcp],
        };
        chosen.into_iter().flat_map(|address| ["--listen".to_owned(), address]).collect()
    }
}

/// A home folder, and what is run on it.
pub(crate) struct Machine {
    name: &'static str,
    /// Where its node listens.
    at: Ipv4Addr,
    home: TempDir,
    /// Its network.
    place: String,
    /// The time it believes in; nothing for the real one.
    clock: RefCell<Option<String>>,
    running: RefCell<Option<Running>>,
}

impl Machine {
    /// Without an identity.
    pub(crate) fn new(name: &'static str, place: &Place) -> Self {
        Self {
            name,
            at: Ipv4Addr::UNSPECIFIED,
            home: tempfile::tempdir().expect("a temporary folder"),
            place: place.name.clone(),
            clock: RefCell::new(None),
            running: RefCell::new(None),
        }
    }

    /// A server, which knows its address and listens there alone.
    pub(crate) fn server(name: &'static str, place: &Place, at: Ipv4Addr) -> Self {
        let mut machine = Self::new(name, place);
        machine.at = at;
        machine
    }

    pub(crate) fn with_identity(name: &'static str, place: &Place) -> Self {
        let machine = Self::new(name, place);
        machine.ok(&["init"]);
        machine
    }

    pub(crate) fn folder(&self) -> &Path {
        self.home.path()
    }

    /// What starts from now on believes in this time.
    pub(crate) fn set_clock(&self, clock: &str) {
        *self.clock.borrow_mut() = Some(clock.to_owned());
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Place::command_in(&self.place, env!("CARGO_BIN_EXE_counterpart"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.args(args).env_clear().env("PATH", path).env("COUNTERPART_HOME", self.home.path()).env("TZ", "UTC");
        if let Some(clock) = &*self.clock.borrow() {
            command.env("COUNTERPART_TEST_CLOCK", clock);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command starts")
    }

    /// Runs what must succeed; gives its standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {args:?}: {talk}{}", self.name, self.last_lines());
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[args, &["--json"]].concat());
        serde_json::from_str(&text).expect("one JSON value and nothing else")
    }

    /// Starts its node and waits until it listens.
    pub(crate) fn up(&self, transport: Transport) {
        self.start(&["up", "--json"], transport);
        self.line_with("listening at");
    }

    /// Starts a node that belongs to nobody yet; gives the line by which it is added.
    pub(crate) fn wait_to_be_added(&self, transport: Transport) -> String {
        self.start(&["up", "--json", "--mailbox", "--name", self.name], transport);
        let said = self.line_with("counterpart/device-line/1");
        let said: Value = serde_json::from_str(&said).expect("JSON");
        said["line"].as_str().expect("a line").to_owned()
    }

    fn start(&self, args: &[&str], transport: Transport) {
        assert!(self.running.borrow().is_none(), "{} is up already", self.name);
        let mut command = self.command(args);
        command.args(transport.listen(self.at));
        *self.running.borrow_mut() = Some(Running::start(command));
    }

    pub(crate) fn is_up(&self) -> bool {
        self.running.borrow().is_some()
    }

    /// Stops its node as a person does.
    pub(crate) fn stop(&self) {
        let running = self.running.borrow_mut().take().expect("it is up");
        running.stop();
    }

    /// Its node is gone from one moment to the next, as when the battery is empty.
    pub(crate) fn kill(&self) {
        drop(self.running.borrow_mut().take());
    }

    /// Whether its node ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.running.borrow_mut().as_mut().is_some_and(|running| running.child.try_wait().is_ok_and(|e| e.is_some()))
    }

    /// Its node stands still, as when the lid is closed, or goes on.
    pub(crate) fn freeze(&self, still: bool) {
        self.running.borrow().as_ref().expect("it is up").signal(if still { "-STOP" } else { "-CONT" });
    }

    /// The first line of the running node with a word in it, from its start on.
    pub(crate) fn line_with(&self, word: &str) -> String {
        let found = RefCell::new(None);
        self.until(&format!("a line with {word:?}"), || {
            let running = self.running.borrow();
            *found.borrow_mut() = running.as_ref().and_then(|r| r.lines().into_iter().find(|l| l.contains(word)));
            found.borrow().is_some()
        });
        found.into_inner().expect("it was found")
    }

    /// Whether the running node has said a word since its start.
    pub(crate) fn has_said(&self, word: &str) -> bool {
        self.running.borrow().as_ref().is_some_and(|running| running.lines().iter().any(|line| line.contains(word)))
    }

    /// Looks again at every line of the node, and now and then, until something holds.
    pub(crate) fn until(&self, what: &str, holds: impl FnMut() -> bool) {
        assert!(self.within(PATIENCE, holds), "{}: in time: {what}{}", self.name, self.last_lines());
    }

    /// The same, where it may come to nothing.
    pub(crate) fn within(&self, patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
        let until = Instant::now() + patience;
        let mut seen = 0;
        loop {
            let said = self.running.borrow().as_ref().map(|running| Arc::clone(&running.said));
            let count = said.as_ref().map_or(0, |said| said.count());
            if holds() {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            match said {
                // Something was said since the last look: look again at once.
                Some(said) if count == seen || count == said.count() => said.wait_beyond(count, LOOK),
                Some(_) => {}
                None => std::thread::sleep(LOOK),
            }
            seen = count;
        }
    }

    pub(crate) fn show(&self, case: &str) -> Value {
        self.json(&["show", case])
    }

    /// The heads of the record, or null where the case is not here.
    pub(crate) fn heads(&self, case: &str) -> Value {
        let output = self.run(&["show", case, "--json"]);
        let view: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        view["case"]["heads"].clone()
    }

    /// How the other side's laptop is reached, as `counterpart status` tells: direct, punched, relayed; or how it stands.
    pub(crate) fn path(&self, case: &str) -> String {
        let status = self.json(&["status", case]);
        let link = &status["cases"][0]["others"][0]["link"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        text(&link["path"]).or_else(|| text(&link["state"])).unwrap_or_else(|| "unknown".to_owned())
    }

    /// Whether an invitation made now says how to get here from outside.
    pub(crate) fn is_reachable(&self) -> bool {
        let status = self.json(&["status"]);
        let published = std::fs::read_to_string(self.home.path().join("node.addresses")).unwrap_or_default();
        status["reach"]["outside"] == "public" || published.contains("p2p-circuit") || published.contains("203.0.113.")
    }

    /// The last that its node said.
    pub(crate) fn last_lines(&self) -> String {
        let running = self.running.borrow();
        let Some(running) = running.as_ref() else { return format!("\n({} is not up)", self.name) };
        let lines = running.lines();
        let last = lines.iter().skip(lines.len().saturating_sub(SHOWN)).map(|l| format!("\n  {}: {l}", self.name));
        last.collect()
    }

    /// For whoever looks for why something failed: what the node said, and how it stands.
    pub(crate) fn tell(&self) {
        let status = self.run(&["status"]);
        let text = format!(
            "\n--- {}{}\n{}{}\n",
            self.name,
            self.last_lines(),
            String::from_utf8_lossy(&status.stdout),
            String::from_utf8_lossy(&status.stderr)
        );
        drop(std::io::stderr().write_all(text.as_bytes()));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell();
        }
    }
}

/// What a node has said.
#[derive(Default)]
struct Said {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Said {
    fn count(&self) -> usize {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn wait_beyond(&self, count: usize, longest: Duration) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.more.wait_timeout_while(lines, longest, |lines| lines.len() <= count));
    }

    fn listen(self: &Arc<Self>, out: impl Read + Send + 'static) {
        let said = Arc::clone(self);
        drop(std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                said.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                said.more.notify_all();
            }
        }));
    }
}

/// A running node. It ends with this, and by itself when no test may run any longer.
struct Running {
    child: Child,
    said: Arc<Said>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the node starts");
        let said = Arc::new(Said::default());
        said.listen(child.stdout.take().expect("a pipe"));
        said.listen(child.stderr.take().expect("a pipe"));
        Self { child, said }
    }

    fn lines(&self) -> Vec<String> {
        self.said.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The node itself: what was started is the command that bounds its time.
    fn node(&self) -> Option<String> {
        let outer = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).ok()?;
        children.split_whitespace().next().map(str::to_owned)
    }

    fn signal(&self, signal: &str) {
        let node = self.node().expect("the node runs");
        assert!(Command::new("kill").args([signal, &node]).status().expect("kill is there").success());
    }

    fn stop(mut self) {
        self.signal("-TERM");
        let until = Instant::now() + STOPPING;
        let ended = loop {
            if let Some(ended) = self.child.try_wait().expect("it is our child") {
                break ended;
            }
            assert!(Instant::now() < until, "the node ends in time: {:#?}", self.lines());
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(ended.success(), "stopping is no failure: {:#?}", self.lines());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(node) = self.node() {
            drop(Command::new("kill").args(["-KILL", &node]).stderr(Stdio::null()).status());
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
