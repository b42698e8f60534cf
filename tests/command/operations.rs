//! What those who run a node for others need: numbers, a log, an end in good order, tickets taken over, everything taken out.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Instant,
};

use counterpart_testkit::http;
use serde_json::Value;

use crate::home::{Home, LOOPBACK, PATIENCE, talk};

/// A node that keeps a log; its lines.
pub(crate) struct Logging {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Logging {
    pub(crate) fn start(home: &Home, more: &[&str]) -> Self {
        let args = [&["up", "--listen", LOOPBACK, "--metrics", "127.0.0.1:0"], more].concat();
        Self::of(home.command(&args))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the node starts");
        let log = child.stderr.take().expect("its log");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        Self { child, lines }
    }

    fn line(&self, holds: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("the line comes in time");
            if holds(&line) {
                return line;
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next event of this kind.
    pub(crate) fn event(&self, event: &str) -> Value {
        let is = |line: &str| {
            let read = serde_json::from_str::<Value>(line);
            read.unwrap_or_else(|_| unreachable!("each line is JSON: {line}"))["event"] == event
        };
        serde_json::from_str(&self.line(is)).expect("JSON")
    }

    /// Asks it to end, as a service manager does; what it still said.
    pub(crate) fn end(mut self) -> Vec<String> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill is there");
        assert!(asked.success());
        assert!(self.child.wait().expect("it ends").success(), "an end that was asked for is no failure");
        self.lines.iter().collect()
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Asks as those who watch ask: status and body.
pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    let answer = http::ask(address.parse().expect("an address"), "GET", path, &[], b"");
    (answer.status, answer.text().to_owned())
}

fn number(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find(|line| line.split(' ').next() == Some(name));
    let value = line.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok());
    value.unwrap_or_else(|| unreachable!("{name} is told: {metrics}"))
}

#[test]
fn a_node_is_watched_by_numbers_that_tell_nothing_of_its_cases() {
    let (home, short) = Home::with_case();
    home.ok(&["note", &short, "The line is slow", "--yes"]);
    let node = Logging::start(&home, &["--log", "json", "--log-level", "debug"]);
    let address = node.event("watched")["address"].as_str().expect("an address").to_owned();
    node.event("up");
    assert_eq!(get(&address, "/healthz"), (200, "alive\n".to_owned()));
    assert_eq!(get(&address, "/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(get(&address, "/cases").0, 404);
    let (status, metrics) = get(&address, "/metrics");
    assert_eq!(status, 200, "{metrics}");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    assert!((number(&metrics, "counterpart_cases") - 1.0).abs() < f64::EPSILON, "{metrics}");
    assert!((number(&metrics, "counterpart_entries") - 2.0).abs() < f64::EPSILON, "{metrics}");
    // Nobody was there to talk to, and nothing is due.
    for name in [
        "counterpart_links",
        "counterpart_peers",
        "counterpart_entries_received_total",
        "counterpart_refused_total{what=\"entry\"}",
        "counterpart_frames_total{way=\"out\"}",
        "counterpart_letters{state=\"failed\"}",
        "counterpart_standing_rules_total{what=\"acted\"}",
        "counterpart_webhooks_waiting",
        "counterpart_clocks_overdue",
    ] {
        assert!(number(&metrics, name).abs() < f64::EPSILON, "{name}: {metrics}");
    }
    assert!(number(&metrics, "counterpart_store_size_bytes") > 4096.0, "{metrics}");
    // What is signed meanwhile is counted, and so is that the store was asked.
    home.ok(&["note", &short, "It is slow again", "--yes"]);
    let later = get(&address, "/metrics").1;
    assert!((number(&later, "counterpart_entries") - 3.0).abs() < f64::EPSILON, "{later}");
    for name in ["counterpart_store_seconds_count", "counterpart_uptime_seconds"] {
        assert!(number(&later, name) > number(&metrics, name), "{name}: {later}");
    }
    for word in ["Broadband", "Keith", "Northlink", "slow", &short] {
        assert!(!metrics.contains(word), "{word} is of a case: {metrics}");
    }
    let said = node.end();
    assert!(said.iter().any(|line| line.contains("\"stopped\"")), "{said:?}");
    for line in &said {
        for word in ["Broadband", "Keith", "Northlink", "slow"] {
            assert!(!line.contains(word), "{word} is of a case: {line}");
        }
    }
    // What was signed is all there, and nothing is half done.
    home.ok(&["doctor"]);
}

#[test]
fn a_log_for_people_has_a_line_an_event() {
    let home = Home::new();
    let node = Logging::start(&home, &["--log", "text"]);
    let line = node.line(|line| line.contains(" up "));
    let mut words = line.split(' ');
    let time = words.next().expect("a time");
    assert!(time.ends_with('Z') && time.contains('T'), "{line}");
    assert_eq!(words.next(), Some("INFO"), "{line}");
    assert!(line.contains("version="), "{line}");
    node.end();
    let output = home.run(&["up", "--listen", LOOPBACK, "--metrics", "203.0.113.1:1", "--metrics-anywhere"]);
    assert_eq!(output.status.code(), Some(1), "an address of another machine: {}", talk(&output));
    // Nobody needs a token there, so others reach it only where that was said.
    let said = home.fails(2, &["up", "--listen", LOOPBACK, "--metrics", "0.0.0.0:0"]);
    assert!(said.contains("--metrics-anywhere") && said.contains("127.0.0.1"), "{said}");
    for option in ["--metrics", "--api"] {
        let said = home.fails(2, &["up", "--listen", LOOPBACK, option, "localhost:8421"]);
        assert!(said.contains("127.0.0.1:8421"), "{said}");
    }
}

const TICKETS: &str = r#"{"id": "T-1", "subject": "Washing machine leaks", "assignee": "Anne Müller", "requester": {"name": "Maya Smith", "email": "maya@example.org"}, "messages": [{"at": "2026-05-04T10:00:00+01:00", "from": "requester", "channel": "e-mail", "text": "It leaks again."}, {"at": "2026-05-04T11:30:00+01:00", "from": "us", "name": "Dean", "channel": "telephone", "text": "A technician comes on Friday."}, {"at": "2026-05-04T11:31:00+01:00", "from": "us", "name": "Dean", "text": "Third time this year.", "internal": true}]}

{"id": "T-2", "subject": "Bill of April", "requester": {"name": "Jo Ray"}, "status": "closed", "messages": [{"at": "2026-04-20T09:00:00+01:00", "from": "requester", "channel": "chat", "text": "The bill is wrong."}]}
"#;

fn tickets(home: &Home, text: &str) -> String {
    let file = home.path().join("tickets.jsonl");
    fs::write(&file, text).expect("a file");
    file.display().to_string()
}

#[test]
fn tickets_become_cases_once() {
    let home = Home::new();
    let file = tickets(&home, TICKETS);
    let import = ["import", "tickets", &file, "--system", "old-desk", "--as", "Acme Ltd", "--zone", "Europe/London"];
    // Nobody is there to be asked, so nothing is signed.
    home.fails(2, &import);
    let said = home.fails(2, &["import", "tickets", &file, "--system", "Old desk", "--as", "Acme Ltd", "--yes"]);
    assert!(said.contains("small letters"), "a name that nobody could ask for: {said}");
    let said = home.fails(2, &["import", "tickets", "/nowhere.jsonl", "--as", "Acme Ltd"]);
    assert!(said.contains("there is no file /nowhere.jsonl"), "before anybody is asked: {said}");
    let shown = home.ok(&[&import[..], &["--dry-run"]].concat());
    for told in
        ["Washing machine leaks", "It leaks again.", "Dean: A technician comes on Friday.", "Third time this year."]
    {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert_eq!(home.json(&["list"])["cases"].as_array().map(Vec::len), Some(0), "a dry run signs nothing");

    let taken = home.json(&[&import[..], &["--yes"]].concat());
    let all = taken["tickets"].as_array().expect("tickets");
    assert_eq!(all.len(), 2, "{taken}");
    let short = |id: &str| {
        let one = all.iter().find(|ticket| ticket["id"] == id).expect("the ticket");
        assert_eq!(one["outcome"], "taken");
        one["short"].as_str().expect("a name").to_owned()
    };
    let (first, second) = (short("T-1"), short("T-2"));
    let log = home.json(&["log", &first]);
    let entries = log["entries"].as_array().expect("entries");
    assert_eq!(entries.len(), 3, "an opening and two contacts: {log}");
    assert!(!log.to_string().contains("Third time"), "what is internal is not signed: {log}");
    assert!(home.ok(&["show", &first]).contains("Maya Smith"));
    assert!(home.ok(&["notebook"]).contains("maya@example.org"), "where they can be reached is kept");
    assert_eq!(home.json(&["show", &second])["case"]["state"], "closed");
    let hers = home.json(&["queue", "--agent", "anne müller"]);
    assert_eq!(hers["cases"][0]["title"], "Washing machine leaks", "who had it: {hers}");
    let thanks = home.json(&["thanks"]);
    assert_eq!(thanks["letters"], serde_json::json!([]), "nobody is thanked for what was over before: {thanks}");

    // Read again, the file adds nothing; a ticket more is one case more.
    let again = home.json(&[&import[..], &["--yes"]].concat());
    assert!(again["tickets"].as_array().expect("tickets").iter().all(|t| t["outcome"] == "known"), "{again}");
    let more = format!("{TICKETS}{{\"id\": \"T-3\", \"subject\": \"New\", \"requester\": {{\"name\": \"Lee\"}}}}\n");
    tickets(&home, &more);
    home.ok(&[&import[..], &["--yes"]].concat());
    assert_eq!(home.json(&["list"])["cases"].as_array().map(Vec::len), Some(3));
}

#[test]
fn lines_that_cannot_be_understood_are_named_and_left_out_on_demand() {
    let home = Home::new();
    let bad = format!(
        "{TICKETS}not JSON\n{{\"id\": \"T-1\", \"subject\": \"Twice\", \"requester\": {{\"name\": \"Lee\"}}}}\n"
    );
    let file = tickets(&home, &bad);
    let import = ["import", "tickets", &file, "--as", "Acme Ltd", "--yes"];
    let said = home.fails(2, &import);
    assert!(said.contains("line 4: it is no JSON") && said.contains("line 5: the id T-1"), "{said}");
    let said = home.fails(2, &[&import[..], &["--quiet"]].concat());
    assert!(said.contains("line 4: it is no JSON") && said.contains("line 5: the id T-1"), "{said}");
    let said = home.fails(2, &[&import[..], &["--json"]].concat());
    let error: Value = serde_json::from_str(&said).expect("one JSON value and nothing else");
    assert_eq!(error["schema"], "counterpart/error/1");
    let bad = error["bad"].as_array().expect("bad lines");
    assert_eq!(bad.iter().filter_map(|b| b["line"].as_u64()).collect::<Vec<_>>(), [4, 5], "{error}");
    assert!(bad.iter().all(|b| b["why"].as_str().is_some_and(|why| !why.is_empty())), "{error}");
    assert_eq!(home.json(&["list"])["cases"].as_array().map(Vec::len), Some(0));
    let taken = home.json(&[&import[..], &["--skip-bad"]].concat());
    assert_eq!(taken["tickets"].as_array().map(Vec::len), Some(2), "{taken}");
    let lines: Vec<u64> =
        taken["bad"].as_array().expect("bad lines").iter().filter_map(|b| b["line"].as_u64()).collect();
    assert_eq!(lines, [4, 5]);
}

#[test]
fn everything_is_written_out_and_each_case_can_be_verified() {
    let home = Home::new();
    let file = tickets(&home, TICKETS);
    home.ok(&["import", "tickets", &file, "--system", "old-desk", "--as", "Acme Ltd", "--yes"]);
    let folder = home.path().join("all");
    let named = folder.display().to_string();
    // Also while a node runs.
    let up = home.up();
    home.ok(&["export", "everything", &named]);
    up.stop();
    let read = |path: &str| fs::read(folder.join(path)).expect("a file that was written");
    let manifest: Value = serde_json::from_slice(&read("manifest.json")).expect("JSON");
    assert_eq!(
        (manifest["cases"].as_array().map(Vec::len), manifest["faults"].as_array().map(Vec::len)),
        (Some(2), Some(0))
    );
    for file in manifest["files"].as_array().expect("files") {
        let bytes = read(file["path"].as_str().expect("a path"));
        assert_eq!(file["bytes"].as_u64(), Some(bytes.len() as u64), "{file}");
    }
    for case in manifest["cases"].as_array().expect("cases") {
        let place = folder.join(case["folder"].as_str().expect("a folder"));
        home.ok(&["verify", &place.join("case.zip").display().to_string()]);
        let beside: Value =
            serde_json::from_slice(&fs::read(place.join("beside.json")).expect("a file")).expect("JSON");
        if case["external"][0]["id"] == "T-1" {
            assert_eq!(beside["asides"][0]["text"], "Third time this year.", "{beside}");
        }
        // What is only ours is in no file that is given away.
        let bundle = fs::read(place.join("case.zip")).expect("a file");
        assert!(!bundle.windows(10).any(|w| w == b"Third time"), "an aside is in the bundle");
    }
    for secret in ["key", "root", "transport"] {
        assert!(!folder.join(secret).exists());
    }
    assert!(home.fails(1, &["export", "everything", &named]).contains("not empty"), "nothing is written over");
}

#[test]
fn a_backup_is_made_beside_a_running_node_and_restored_elsewhere() {
    let (home, short) = Home::with_case();
    home.ok(&["note", &short, "Before", "--yes"]);
    let up = home.up();
    home.ok(&["note", &short, "While it runs", "--yes"]);
    let file = home.path().join("backup").display().to_string();
    let pass = home.path().join("pass");
    fs::write(&pass, "correct horse battery\n").expect("a file");
    let pass = pass.display().to_string();
    home.ok(&["identity", "backup", &file, "--passphrase-file", &pass]);
    up.stop();
    let other = Home::empty();
    other.ok(&["identity", "restore", &file, "--passphrase-file", &pass, "--yes"]);
    let log = other.json(&["log", &short]).to_string();
    assert!(log.contains("Before") && log.contains("While it runs"), "{log}");
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let home = Home::empty();
    let folder = home.path().join("man1");
    home.ok(&["man", &folder.display().to_string()]);
    let file = folder.join("counterpart.1").display().to_string();
    assert!(home.fails(2, &["man", &file]).contains("is a file, not a folder"));
    for (page, told) in
        [("counterpart.1", "counterpart"), ("counterpart-up.1", "metrics"), ("counterpart-import-tickets.1", "dry")]
    {
        let text = fs::read_to_string(folder.join(page)).expect("a page");
        assert!(text.contains(".SH SYNOPSIS") && text.contains(told), "{page}: {text}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn how_many_connections_a_node_takes_is_chosen_shown_and_checked_before_it_starts() {
    let home = Home::new();
    assert_eq!(home.json(&["network"])["connections"], 512, "the usual number");
    assert!(home.fails(2, &["network", "set", "--most-connections", "31"]).contains("32..=65536"));
    home.ok(&["network", "set", "--most-connections", "2000"]);
    assert_eq!(home.json(&["network"])["connections"], 2000);
    assert!(home.ok(&["network"]).contains("at most 2000 connections"));
    assert_eq!(home.json(&["status"])["network"]["connections"], 2000);
    assert!(home.ok(&["status"]).contains("takes at most 2000 connections"));

    // A shell that allows itself and what it starts fewer files than that takes.
    let up = |more: &str| {
        let program = env!("CARGO_BIN_EXE_counterpart");
        let line = format!("ulimit -n 700; exec {program} up --listen {LOOPBACK} {more}");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &line]).env_clear().env("COUNTERPART_HOME", home.path()).env("TZ", "UTC");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell")
    };
    let refused = up("").wait_with_output().expect("it ends by itself");
    assert_eq!(refused.status.code(), Some(1), "{}", talk(&refused));
    let said = talk(&refused);
    assert!(said.contains("2000 connections need") && said.contains("may have 700"), "{said}");
    assert!(said.contains("ulimit -n") && said.contains("at most 269 connections"), "{said}");

    // What is usual starts with any number, and so does what was chosen for one run.
    for more in ["--most-connections 512", "--most-connections 64"] {
        let mut child = up(more);
        let talk = child.stderr.take().expect("its talk");
        let told = BufReader::new(talk).lines().map_while(Result::ok).any(|line| line.contains("Your node is up"));
        assert!(told, "{more}");
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill is there");
        assert!(asked.success() && child.wait().expect("it ends").success());
    }
}

#[test]
fn a_home_of_another_account_is_told_as_that_and_whose_it_is() {
    use std::{
        os::unix::{
            fs::{MetadataExt as _, PermissionsExt as _},
            process::CommandExt as _,
        },
        path::PathBuf,
    };
    const NOBODY: u32 = 65534;
    let home = Home::new();
    let mode = |mode: u32| fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).expect("allowed");
    let as_root = fs::metadata(home.path()).expect("a home").uid() == 0;
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = PathBuf::from(env!("CARGO_BIN_EXE_counterpart"));
    if as_root {
        // Root may read everything, so somebody else asks; who may not come to where the program was built.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("allowed");
        program = folder.path().join("counterpart");
        fs::copy(env!("CARGO_BIN_EXE_counterpart"), &program).expect("copied");
    } else {
        mode(0);
    }
    for words in [&["list"][..], &["up"], &["store"]] {
        let mut command = Command::new(&program);
        command.args(words).env_clear().env("COUNTERPART_HOME", home.path()).env("TZ", "UTC");
        if as_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{words:?}: {said}");
        assert!(said.contains("may not read the home") && said.contains("belongs to"), "{words:?}: {said}");
        assert!(!said.contains("counterpart init"), "{words:?}: {said}");
    }
    mode(0o700);
}
