//! A machine that is always on, added by its line and carrying a case between two who are never on at the same time.

use std::{
    io::Write as _,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Instant,
};

use counterpart_core::invitation::Secret;
use counterpart_node::DeviceLine;
use counterpart_testkit::outside::missing;
use serde_json::Value;

use crate::{
    home::{Home, LOOPBACK, PATIENCE, Up, read_lines, talk},
    two_homes::joined,
};

/// A machine that waits, or what it became; its lines, and what it answers first.
pub(crate) struct Machine {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Machine {
    fn start(home: &Home, args: &[&str]) -> (Self, String) {
        let mut command = home.command(&[args, &["--json"]].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let lines = read_lines(child.stdout.take().expect("its output"));
        let machine = Self { child, lines };
        let shown: Value = serde_json::from_str(&machine.line_with("device-line")).expect("JSON");
        let line = shown["line"].as_str().expect("a line").to_owned();
        (machine, line)
    }

    pub(crate) fn mailbox(home: &Home) -> (Self, String) {
        Self::start(home, &["up", "--mailbox", "--listen", LOOPBACK])
    }

    fn line_with(&self, word: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("the line comes in time");
            if line.contains(word) {
                return line;
            }
        }
    }

    /// Looks again at every event until something holds.
    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds() {
            let left = until.saturating_duration_since(Instant::now());
            assert!(self.lines.recv_timeout(left).is_ok(), "in time: {what}");
        }
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    fn stop(&mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there").success());
        let until = Instant::now() + PATIENCE;
        // Its output ends with it.
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => assert!(Instant::now() < until, "it ends in time"),
            }
        }
        assert!(self.child.wait().expect("gone").success(), "stopping is no failure");
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Home {
    fn has(&self, case: &str) -> bool {
        self.run(&["list", "--json"]).stdout.windows(case.len()).any(|part| part == case.as_bytes())
    }

    fn log_has(&self, case: &str, words: &str) -> bool {
        String::from_utf8_lossy(&self.run(&["log", case, "--json"]).stdout).contains(words)
    }

    fn devices(&self) -> Vec<Value> {
        self.json(&["device", "list"])["devices"].as_array().expect("devices").clone()
    }
}

#[test]
fn a_mailbox_is_added_and_carries_a_case_between_two_who_never_meet() {
    let (laptop, laptop_up, supplier, case) = joined();
    let server = Home::empty();
    let (server_up, line) = Machine::mailbox(&server);
    assert!(line.starts_with("counterpart:device#") && line.lines().count() == 1, "{line}");
    let refused = server.fails(4, &["list"]);
    assert!(refused.contains("counterpart device add"), "{refused}");
    let refused = laptop.fails(2, &["device", "add", &line]);
    assert!(refused.contains("nothing was signed"), "nobody can be asked: {refused}");

    let (device, shown) = laptop.said(&["device", "add", &line, "-y"]);
    for words in [
        "mailbox",
        "Signs      nothing",
        "read everything in your cases",
        "in its own name what it has stored",
        "/ip4/127.0.0.1/tcp/",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    server_up.line_with("device-taken");
    server_up.line_with("listening");
    server_up.until("the case arrives", || server.has(&case));
    let devices = laptop.devices();
    assert_eq!((devices.len(), &devices[1]["name"], &devices[1]["short"]), (2, &"mailbox".into(), &device.into()));
    assert!(devices[1]["addresses"][0].as_str().expect("an address").starts_with("/ip4/127.0.0.1/tcp/"));

    let later = laptop.ok(&["new", "Roof", "--with", "Hill Ltd:supplier", "--as", "Keith:customer", "-y"]);
    server_up.until("a case opened afterwards arrives", || server.has(&later));
    let refused = server.run(&["note", &case, "not mine to say", "-y"]);
    assert!(!refused.status.success(), "a mailbox signs no acts: {}", talk(&refused));

    // The supplier hears where the mailbox is; then the laptop is closed.
    supplier.ok(&["sync", &case]);
    laptop_up.stop();
    supplier.ok(&["note", &case, "while you were away", "-y"]);
    supplier.ok(&["sync", &case]);
    server_up.until("it is in the mailbox", || server.log_has(&case, "while you were away"));
    let laptop_up = laptop.up();
    laptop_up.until("it is on the laptop", || laptop.log_has(&case, "while you were away"));
    laptop.ok(&["note", &case, "back again", "-y"]);
    server_up.until("the answer is in the mailbox", || server.log_has(&case, "back again"));
    laptop_up.stop();
    supplier.ok(&["sync", &case]);
    assert!(supplier.log_has(&case, "back again"), "the two were never on at the same time");

    let (_, meant) = laptop.said(&["device", "remove", "mailbox", "-y"]);
    assert!(meant.contains("for good") && meant.contains("delete its home"), "{meant}");
    assert!(meant.contains("signed no acts") && !meant.contains("binding you"), "a mailbox signs nothing: {meant}");
    assert_eq!(laptop.devices()[1]["revoked"]["reason"], "ended");
    for home in [&laptop, &supplier, &server] {
        assert!(home.ok(&["doctor"]).contains("all is well"));
    }
}

#[test]
fn a_machine_that_was_just_added_ends_when_asked_to() {
    for told in [false, true] {
        let (laptop, server) = (Home::new(), Home::empty());
        let (mut server_up, line) = Machine::mailbox(&server);
        laptop.ok(&["device", "add", &line, "-y"]);
        if told {
            server_up.line_with("device-taken");
        }
        server_up.stop();
        assert_eq!(server.devices().len(), 2, "it was added all the same");
    }
}

#[test]
fn a_mailbox_carries_from_the_moment_it_was_added() {
    let (laptop, server) = (Home::new(), Home::empty());
    let (_server_up, line) = Machine::mailbox(&server);
    let laptop_up = laptop.up();
    laptop.ok(&["device", "add", &line, "-y"]);
    assert_eq!(server.json(&["network"])["relay"], true);
    // Nobody has found the laptop to be reached from outside, so it keeps a place where one carries.
    let held = || laptop.run(&["network"]).stdout.windows(7).any(|part| part == b"Relayed");
    let until = Instant::now() + PATIENCE;
    while !held() {
        assert!(Instant::now() < until, "in time: a place at the mailbox: {}", laptop.ok(&["network"]));
    }
    assert_eq!(server.json(&["network"])["running"], true);
    laptop_up.stop();
}

#[test]
fn a_line_is_good_for_one_party_and_once() {
    let (laptop, thief, server) = (Home::new(), Home::new(), Home::empty());
    let (server_up, line) = Machine::mailbox(&server);
    let mut wrong = DeviceLine::parse(&line).expect("a line");
    wrong.secret = Secret([0; 16]);
    for _ in 0..2 {
        let refused = laptop.fails(1, &["device", "add", &wrong.to_text(), "-y"]);
        assert!(refused.contains("does not know this line"), "{refused}");
    }
    assert_eq!(laptop.devices().len(), 1, "nothing was granted");
    let cut = line.get(..line.len() - 5).expect("plain text");
    assert!(laptop.fails(2, &["device", "add", cut, "-y"]).contains("copy the whole line"));

    let case = laptop.ok(&["new", "Roof", "--with", "Hill Ltd:supplier", "--as", "Keith:customer", "-y"]);
    let added = laptop.json(&["device", "add", &line, "--name", "attic", "-y"]);
    assert_eq!(
        added["cases"],
        serde_json::json!({"there": 1, "of": 1}),
        "handed over without a node that runs: {added}"
    );
    server_up.line_with("listening");
    assert!(server.has(&case));
    // Its node is where the machine that waited was.
    let again = laptop.json(&["device", "add", &line, "-y"]);
    assert_eq!((&again["before"], &again["name"]), (&true.into(), &"attic".into()), "{again}");
    let refused = thief.fails(1, &["device", "add", &line, "-y"]);
    assert!(refused.contains("was used"), "{refused}");
    assert_eq!(thief.devices().len(), 1, "he granted nothing");
    assert_eq!(laptop.devices().len(), 2);
    laptop.ok(&["device", "remove", "attic", "-y"]);
    let refused = laptop.fails(1, &["device", "add", &line, "-y"]);
    assert!(refused.contains("needs new keys"), "{refused}");
}

#[test]
fn a_machine_waits_with_the_same_line_and_may_become_a_second_laptop() {
    let (laptop, second) = (Home::new(), Home::empty());
    let case = laptop.ok(&["new", "Roof", "--with", "Hill Ltd:supplier", "--as", "Keith:customer", "-y"]);
    let wait = ["device", "wait", "--name", "train", "--listen", LOOPBACK];
    let (mut first, line) = Machine::start(&second, &wait);
    let refused = second.run(&wait);
    assert!(talk(&refused).contains("runs already"), "{}", talk(&refused));
    first.kill();
    assert!(laptop.fails(5, &["device", "add", &line, "--full", "-y"]).contains("nothing was granted"));
    // The port of its own, on loopback, where it is from now on.
    let port = std::fs::read_to_string(second.path().join("port")).expect("its port");
    let own = format!("/ip4/127.0.0.1/tcp/{port}");
    let (mut machine, again) = Machine::start(&second, &["device", "wait", "--listen", &own]);
    let (before, after) = (DeviceLine::parse(&line).expect("a line"), DeviceLine::parse(&again).expect("a line"));
    assert_eq!(after.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), own);
    assert_eq!(DeviceLine { addresses: Vec::new(), ..before }, DeviceLine { addresses: Vec::new(), ..after });
    let rights = ["--full", "--only", "accept,note", "--ceiling", "£200"];
    let (_, shown) = laptop.said(&[&["device", "add", &again, "-y"], &rights[..]].concat());
    for words in
        ["train", "only accept, note", "at most £200", "binds you like your own signature", "device remove train"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    machine.line_with("device-taken");
    assert!(second.has(&case), "handed over before the laptop says that it is");
    machine.kill();
    assert!(laptop.fails(2, &["device", "add", &again, "--only", "note", "-y"]).contains("--full"));

    let laptop_up = laptop.up();
    let second_up = Up::start(second.command(&["up", "--json", "--listen", &own]));
    second.ok(&["note", &case, "from the train", "-y"]);
    laptop_up.until("what it signs comes back", || laptop.log_has(&case, "from the train"));
    second_up.stop();
}

#[test]
fn killed_at_any_step_nothing_is_half_and_the_same_line_finishes_it() {
    let rounds: u32 = if std::env::var_os("COUNTERPART_LONG").is_some() { 60 } else { 8 };
    let (mut granted_only, mut taken) = (0, 0);
    // How long it takes undisturbed, on this machine and just now.
    let (laptop, server) = (Home::new(), Home::empty());
    let (_server_up, line) = Machine::mailbox(&server);
    let begun = Instant::now();
    laptop.ok(&["device", "add", &line, "-y", "-q"]);
    let whole_time = begun.elapsed();
    for round in 0..rounds {
        let (laptop, server) = (Home::new(), Home::empty());
        let (mut server_up, mut line) = Machine::mailbox(&server);
        let mut adding = laptop.command(&["device", "add", &line, "-y", "-q"]);
        let mut adding = adding.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        // Nothing tells how far it is: killed a little later each round, it is hit at every step.
        let step = Instant::now();
        while step.elapsed() < whole_time * round / rounds {
            std::thread::yield_now();
        }
        if round % 2 == 0 {
            adding.kill().expect("killed");
        } else {
            server_up.kill();
        }
        adding.wait().expect("gone");
        let half = laptop.devices().len() == 2;
        let whole = server.run(&["device", "list"]).status.success();
        assert!(half || !whole, "nothing is taken that was not granted");
        granted_only += usize::from(half && !whole);
        taken += usize::from(whole);
        if round % 2 == 1 {
            if whole {
                assert_eq!(server.devices().len(), 2);
                continue;
            }
            (server_up, line) = Machine::mailbox(&server);
        }
        laptop.ok(&["device", "add", &line, "-y"]);
        assert_eq!(laptop.devices().len(), 2, "one grant, whatever happened before");
        assert_eq!(server.devices().len(), 2);
        for home in [&laptop, &server] {
            assert!(home.ok(&["doctor"]).contains("all is well"));
        }
        server_up.kill();
    }
    drop(writeln!(std::io::stderr(), "{rounds} rounds: {granted_only} killed between grant and taking, {taken} after"));
}

#[test]
fn a_service_unit_is_printed_and_written_but_nothing_is_started() {
    let home = Home::empty();
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_str().expect("a plain path");
    let as_root = home.command(&["service"]).output().expect("it starts");
    // Whoever runs the tests: as root a home of root's is turned down until an account is named.
    let account: &[&str] = if as_root.status.success() { &[] } else { &["--user", "nobody"] };
    let unit = home.ok(&[&["service"], account].concat());
    let own = home.path().to_str().expect("a plain path");
    for line in ["up --mailbox", "NoNewPrivileges=yes", "ProtectSystem=strict", "MemoryMax=", "Restart=on-failure", own]
    {
        assert!(unit.contains(line), "{line}: {unit}");
    }
    assert!(
        home.fails(2, &[&["service", "--install", "--folder", place], account].concat())
            .contains("nothing was written")
    );
    let install = [&["service", "--install", "--folder", place, "-y"], account].concat();
    let (path, said) = home.said(&install);
    assert_eq!(std::fs::read_to_string(&path).expect("written").trim_end(), unit);
    assert!(said.contains("systemctl") && said.contains("enable --now counterpart"), "{said}");
    assert!(home.said(&install).1.contains("word for word"));

    // Only root names the account; then it must be there.
    let nobody_here = home.fails(2, &["service", "--user", "nobody-here"]);
    assert!(nobody_here.contains("no account 'nobody-here'") || nobody_here.contains("only root"), "{nobody_here}");

    let mut command = Command::new("systemd-analyze");
    let verified = command.args(["verify", "--man=no", "--recursive-errors=no", &path]).output();
    match verified {
        Ok(output) => assert!(output.status.success(), "{}", talk(&output)),
        Err(_) => missing("systemd-analyze (systemd)"),
    }
}

#[test]
fn an_up_with_a_mailbox_asked_for_is_a_node_where_there_is_an_identity() {
    let home = Home::new();
    let up = Up::start(home.command(&["up", "--mailbox", "--json", "--listen", LOOPBACK]));
    up.stop();
    let waits = home.fails(1, &["device", "wait"]);
    assert!(waits.contains("holds an identity already"), "{waits}");
}
