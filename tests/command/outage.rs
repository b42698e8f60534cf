//! A running node whose store cannot be reached, cannot be written, or whose disk is full; and that it goes on by itself.

use std::{
    process::{Command, Output},
    time::{Duration, Instant},
};

use counterpart_testkit::http;
use serde_json::Value;

use crate::{
    home::{Home, LOOPBACK, succeeded},
    operations::{Logging, get},
    server::{Server, commands, server},
};

/// What is known is answered at once: usual probes wait a second.
const AT_ONCE: Duration = Duration::from_millis(500);

/// How long stopping may take whatever the store does.
const SECONDS: Duration = Duration::from_secs(20);

/// A home that keeps its cases in itself, whatever the other tests run on; its case.
fn home_of_its_own() -> (Home, String) {
    let home = Home::empty();
    let args = ["init"];
    let output = home.command(&args).env_remove("COUNTERPART_TEST_STORE").output().expect("it starts");
    succeeded(&args, output);
    let parties = ["--with", "Northlink Ltd:supplier", "--as", "Keith:customer", "--zone", "Europe/London", "--yes"];
    let case = home.ok(&[&["new", "Broadband price"], parties.as_slice()].concat());
    (home, case)
}

fn moved_to(home: &Home, address: &str) {
    home.ok(&["store", "copy", address]);
    home.ok(&["store", "use", address]);
}

/// A cluster of a test's own, that it may stop.
struct Stoppable(Server);

impl Stoppable {
    fn control(&self, args: &[&str]) -> Output {
        use std::os::unix::{fs::MetadataExt as _, process::CommandExt as _};
        let mut command = Command::new(commands().expect("started by them").join("pg_ctl"));
        let keeper = std::fs::metadata(&self.0.folder).expect("its folder");
        command.uid(keeper.uid()).gid(keeper.gid()).current_dir(&self.0.folder);
        let output = command.args(["-D", "data", "-s", "-w"]).args(args).output().expect("pg_ctl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn stop(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    fn start_again(&self) {
        let sockets = format!("-k '{}' -c listen_addresses= -c max_connections=200", self.0.folder.display());
        self.control(&["-l", "server.log", "-o", &sockets, "start"]);
    }
}

/// Asks, and holds the answer to be there at once.
fn at_once(address: &str, path: &str) -> (u16, String) {
    let asked = Instant::now();
    let answer = get(address, path);
    assert!(asked.elapsed() < AT_ONCE, "{path} took {:?}", asked.elapsed());
    answer
}

#[test]
fn a_node_whose_database_is_away_says_so_at_once_goes_on_after_it_and_stops_within_seconds() {
    // That there is one, or that this may be skipped.
    if server().is_none() {
        return;
    }
    let server = Stoppable(Server::start(&commands().expect("there is a server")));
    let (home, case) = home_of_its_own();
    moved_to(&home, &server.0.database());
    let node = Logging::start(&home, &["--log", "json"]);
    let address = node.event("watched")["address"].as_str().expect("an address").to_owned();
    node.event("up");
    assert_eq!(get(&address, "/readyz"), (200, "ready\n".to_owned()));

    server.stop();
    let told = node.event("store-fails");
    assert_eq!(told["level"], "error");
    assert!(told["why"].as_str().is_some_and(|why| why.contains("cannot be reached")), "{told}");
    let (status, why) = at_once(&address, "/readyz");
    assert!(status == 503 && why.contains("cannot be reached") && why.lines().count() == 1, "{status} {why}");
    assert_eq!(at_once(&address, "/healthz").0, 200, "it goes on by itself");
    let (status, numbers) = at_once(&address, "/metrics");
    assert_eq!(status, 200, "{numbers}");
    assert!(
        numbers.contains("counterpart_troubles_total ") && numbers.contains("counterpart_store_works 0"),
        "{numbers}"
    );
    assert!(!numbers.contains("counterpart_entries "), "what is not known is not told: {numbers}");

    server.start_again();
    node.event("store-again");
    assert_eq!(get(&address, "/readyz"), (200, "ready\n".to_owned()));
    assert!(get(&address, "/metrics").1.contains("counterpart_store_works 1"));
    home.ok(&["note", &case, "It rang while the database was back", "--yes"]);

    // Known to be away, and not known yet: it ends either way.
    server.stop();
    node.event("store-fails");
    let asked = Instant::now();
    let said = node.end();
    assert!(asked.elapsed() < SECONDS / 2, "it took {:?}", asked.elapsed());
    assert!(said.iter().any(|line| line.contains("\"stopped\"")), "{said:?}");
    assert!(!said.iter().any(|line| line.contains("\"rule-trouble\"")), "there are no rules: {said:?}");
    server.start_again();
    let node = Logging::start(&home, &["--log", "json"]);
    node.event("up");
    server.stop();
    let asked = Instant::now();
    let said = node.end();
    assert!(asked.elapsed() < SECONDS, "it took {:?}", asked.elapsed());
    assert!(said.iter().any(|line| line.contains("\"stopped\"")), "{said:?}");

    // Nothing that was acknowledged is lost.
    server.start_again();
    assert!(home.json(&["log", &case]).to_string().contains("It rang while the database was back"));
    home.ok(&["doctor"]);
}

#[test]
fn a_node_whose_database_can_only_be_read_is_not_ready() {
    let Some(server) = server() else { return };
    let (home, _case) = home_of_its_own();
    let address = server.database();
    moved_to(&home, &address);
    let name = address.rsplit('/').next().expect("its name");
    server.sql("postgres", &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let node = Logging::start(&home, &["--log", "json"]);
    let watched = node.event("watched")["address"].as_str().expect("an address").to_owned();
    let told = node.event("store-fails");
    assert!(told["why"].as_str().is_some_and(|why| why.contains("only be read")), "{told}");
    let (status, why) = at_once(&watched, "/readyz");
    assert!(status == 503 && why.contains("only be read"), "{status} {why}");
    // It is reading that a command does, and what the node says goes on.
    assert_eq!(get(&watched, "/metrics").0, 200);
    node.end();
}

/// How large a file of a running program may become, until that is said anew: as when a disk is full.
#[cfg(target_os = "linux")]
fn limit(pid: u32, bytes: &str) {
    let limit = format!("--fsize={bytes}:");
    let status = Command::new("prlimit").args(["--pid", &pid.to_string(), &limit]).status();
    assert!(status.expect("prlimit is there").success());
}

#[test]
#[cfg(target_os = "linux")]
fn a_node_whose_disk_takes_nothing_says_so_and_goes_on_once_there_is_room() {
    let (home, case) = home_of_its_own();
    let token = home.ok(&["token", "new", "notes", "--scope", "notes", "--yes"]);
    // Who writes too much hears of it, and is not ended for it.
    let mut command = Command::new("/bin/sh");
    let up = ["up", "--listen", LOOPBACK, "--metrics", "127.0.0.1:0", "--api", "127.0.0.1:0", "--log", "json"];
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_counterpart")]).args(up);
    command.env_clear().env("COUNTERPART_HOME", home.path()).env("TZ", "UTC");
    let node = Logging::of(command);
    let programs = node.event("api")["address"].as_str().expect("an address").to_owned();
    let watched = node.event("watched")["address"].as_str().expect("an address").to_owned();
    let post = |key: &str| {
        let (bearer, path) = (format!("Bearer {token}"), format!("/api/v1/cases/{case}/asides"));
        let headers =
            [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("Idempotency-Key", key)];
        let body = format!("{{\"text\": \"aside {key}\"}}");
        http::ask(programs.parse().expect("an address"), "POST", &path, &headers, body.as_bytes())
    };
    post("before").good();
    assert_eq!(get(&watched, "/readyz").0, 200);

    limit(node.pid(), "1");
    for key in ["one", "two"] {
        assert_eq!(post(key).problem(507), "disk");
    }
    let (status, why) = at_once(&watched, "/readyz");
    assert!(status == 503 && why.contains("disk"), "{status} {why}");
    let told: Value = node.event("store-fails");
    assert_eq!(told["level"], "error");
    assert_eq!(get(&watched, "/metrics").0, 200);

    limit(node.pid(), "unlimited");
    node.event("store-again");
    post("after").good();
    assert_eq!(get(&watched, "/readyz"), (200, "ready\n".to_owned()));
    node.end();
    let kept = home.json(&["aside", &case]).to_string();
    for (key, is) in [("before", true), ("one", false), ("two", false), ("after", true)] {
        assert_eq!(kept.contains(&format!("aside {key}")), is, "{key}: {kept}");
    }
    home.ok(&["doctor"]);
}
