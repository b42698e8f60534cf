//! The people of a walkthrough: a folder each, with the real command in it, and nodes that really talk.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use jiff::{ToSpan as _, Unit, Zoned};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    post::Post,
    script::{Step, What},
};

const PATIENCE: Duration = Duration::from_secs(60);
const LOOPBACK: &str = "/ip4/127.0.0.1/tcp/0";
/// How long to wait for word from a node before looking again all the same.
const GLANCE: Duration = Duration::from_millis(200);
/// How a walkthrough writes the invitation that was made last.
const LINK: &str = "counterpart:join#...";

/// Where the parties are, and what time it is there.
pub(crate) struct Stage {
    folder: TempDir,
    clock: Zoned,
    /// The last invitation, and who made it.
    link: Option<(String, String)>,
    /// The node of whoever handed a case to another machine of theirs.
    serving: Option<Up>,
    /// The mail server, where there is one.
    post: Option<Post>,
}

/// A running `counterpart up`.
struct Up {
    child: Child,
    address: String,
    /// What it says, line by line.
    lines: mpsc::Receiver<String>,
}

impl Stage {
    /// A folder for everybody who types something.
    pub(crate) fn new(steps: &[Step], post: Option<Post>) -> Self {
        let clock = "2026-01-01T12:00+00:00[UTC]".parse().expect("a time");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let stage = Self { folder, clock, link: None, serving: None, post };
        for step in steps {
            if let What::Run(command) = &step.what {
                fs::create_dir_all(stage.folder(&command.party)).expect("a folder");
            }
        }
        stage
    }

    pub(crate) fn set_clock(&mut self, clock: Zoned) {
        self.clock = clock;
    }

    /// Where a party works.
    fn folder(&self, party: &str) -> PathBuf {
        self.folder.path().join(party)
    }

    /// A shell's surroundings for a party: the command on the path, its own home, a fixed clock and seed.
    fn surroundings(&self, command: &mut Command, party: &str) {
        let program = Path::new(env!("CARGO_BIN_EXE_counterpart")).parent().expect("a folder");
        command
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", program.display()))
            .env("COUNTERPART_HOME", self.folder(party).join("counterpart"))
            .env("COUNTERPART_TEST_CLOCK", self.clock.to_string())
            .env("TZ", "UTC")
            .envs(self.post.iter().flat_map(|post| [("SMTP", post.address()), ("LAST_MAIL", post.last())]))
            .current_dir(self.folder(party));
    }

    /// The same, for what signs.
    fn signing(&self, command: &mut Command, party: &str) {
        self.surroundings(command, party);
        command.env("COUNTERPART_TEST_SEED", party);
    }

    /// Runs what a party types; gives the exit code, and what it printed to either stream, in that order.
    pub(crate) fn run(&mut self, party: &str, text: &str) -> (i32, String) {
        if let ("mails", Some(post)) = (text, &mut self.post) {
            return (0, post.mails());
        }
        if text.starts_with("counterpart join ") && text.contains(" --file ") {
            let (link, _) = self.link.clone().expect("somebody made an invitation before");
            return self.shell(party, &text.replace(LINK, &link));
        }
        if text.starts_with("counterpart join ") {
            return self.join(party, text);
        }
        if text.starts_with("counterpart case-address ") {
            // Who follows this line needs the node.
            self.next_minute();
            self.serving = Some(self.up(party));
        }
        let (code, output) = self.shell(party, text);
        if let Some(link) = output.lines().find(|l| l.starts_with("counterpart:join#")) {
            self.link = Some((link.to_owned(), party.to_owned()));
        }
        if text.starts_with("counterpart follow ")
            && let Some(up) = self.serving.take()
        {
            up.stop();
            self.next_minute();
        }
        (code, output)
    }

    fn shell(&mut self, party: &str, text: &str) -> (i32, String) {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = Command::new("sh");
        self.signing(&mut command, party);
        command.args(["-c", text]).stdin(Stdio::null());
        command.stdout(writer.try_clone().expect("a pipe")).stderr(writer);
        let mut child = command.spawn().expect("the shell starts");
        // It holds the ends to write to.
        drop(command);
        let mut output = String::new();
        reader.read_to_string(&mut output).expect("text");
        let code = child.wait().expect("the shell ends").code().expect("an exit code");
        self.clock = self.clock.checked_add(1.second()).expect("a time");
        (code, output.replace(&self.folder.path().display().to_string(), ""))
    }

    /// Joining needs the other side's node.
    fn join(&mut self, party: &str, text: &str) -> (i32, String) {
        let (link, inviter) = self.link.clone().expect("somebody made an invitation before");
        self.next_minute();
        let up = self.up(&inviter);
        let typed = text.replace(LINK, &link);
        let (code, output) = self.shell(party, &format!("{typed} --address {}", up.address));
        up.stop();
        if code == 0 {
            self.sync(&[inviter, party.to_owned()]).expect("who joined is reached");
        }
        (code, output)
    }

    /// Brings several in step: all run their nodes, and the others call the first, until each knows all to hold the same.
    pub(crate) fn sync(&mut self, parties: &[String]) -> Result<(), String> {
        self.next_minute();
        let (one, others) = parties.split_first().expect("somebody");
        let mut ups = vec![self.up(one)];
        for other in others {
            for case in self.cases(other).keys().filter(|case| self.cases(one).contains_key(*case)) {
                let mut command = Command::new("counterpart");
                self.signing(&mut command, other);
                let output = command.args(["sync", case, "--address", &ups[0].address]).output().expect("it starts");
                if !output.status.success() {
                    return Err(format!("{other} cannot call {one}: {}", String::from_utf8_lossy(&output.stderr)));
                }
            }
            ups.push(self.up(other));
        }
        let until = Instant::now() + PATIENCE;
        while let Some(apart) = self.apart(parties) {
            if Instant::now() > until {
                return Err(format!("{apart} did not come in step"));
            }
            // Whatever happens at the first one may have been what was missing.
            drop(ups[0].lines.recv_timeout(GLANCE));
        }
        ups.into_iter().for_each(Up::stop);
        self.next_minute();
        Ok(())
    }

    /// What is sent has a minute of its own, so that times shown do not depend on how long it took.
    fn next_minute(&mut self) {
        let next = self
            .clock
            .checked_add(1.minute())
            .and_then(|at| at.round(jiff::ZonedRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Trunc)));
        self.clock = next.expect("a time");
    }

    /// Two who differ in a case of both, or of whom one does not know the other to hold all of it.
    fn apart(&self, parties: &[String]) -> Option<String> {
        let views: Vec<_> = parties.iter().map(|party| (party, self.cases(party))).collect();
        let owner = |view: &Value| {
            let seats = view["parties"].as_array().expect("a list");
            let own = seats.iter().find(|s| s["own"] == true).expect("an own seat");
            own["parties"][0].as_str().expect("a party").to_owned()
        };
        let lacks = |view: &Value, party: &str| {
            let delivery = view["delivery"].as_array().expect("a list");
            delivery.iter().any(|d| d["party"]["id"] == party && d["missing"] != 0)
        };
        let differ = |a: &Value, b: &Value| a["case"]["heads"] != b["case"]["heads"] || lacks(a, &owner(b));
        for (one, here) in &views {
            for (other, there) in &views {
                let differs = |(case, view): (&String, &Value)| there.get(case).is_some_and(|v| differ(view, v));
                if one != other && here.iter().any(differs) {
                    return Some(format!("{one} and {other}"));
                }
            }
        }
        None
    }

    fn cases(&self, party: &str) -> BTreeMap<String, Value> {
        let ask = |args: &[&str]| -> Value {
            let mut command = Command::new("counterpart");
            self.surroundings(&mut command, party);
            let output = command.args(args).output().expect("it starts");
            assert!(output.status.success(), "{party}: {}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice(&output.stdout).expect("JSON")
        };
        let list = ask(&["list", "--json"]);
        let shorts = list["cases"].as_array().expect("a list").iter().map(|c| c["short"].as_str().expect("a name"));
        shorts.map(|short| (short.to_owned(), ask(&["show", short, "--json"]))).collect()
    }

    fn up(&self, party: &str) -> Up {
        let mut command = Command::new("counterpart");
        self.signing(&mut command, party);
        command.args(["up", "--json", "--listen", LOOPBACK]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the node starts");
        let out = child.stdout.take().expect("its output");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // To the end, so that the node never waits for a reader.
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        let address = loop {
            let line = lines.recv_timeout(PATIENCE).expect("the node listens in time");
            let event: Value = serde_json::from_str(&line).expect("JSON");
            if let Some(address) = event["text"].as_str().and_then(|t| t.strip_prefix("listening at ")) {
                break address.to_owned();
            }
        };
        Up { child, address, lines }
    }
}

impl Up {
    fn stop(mut self) {
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
