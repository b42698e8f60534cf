//! Several nodes of one organisation on one PostgreSQL: what they record and bring in step together, beside one alone; and
//! what is lost when one of them is killed at its work.
//!
//! `cargo bench -p counterpart-node --bench shared` starts a PostgreSQL of its own (it needs initdb, pg_ctl and psql), makes an
//! organisation with 1, 2 and 4 nodes and customers who have cases with it, each in a process of its own, and prints a
//! table. `COUNTERPART_SECONDS` says how long each thing is measured (10), `COUNTERPART_CUSTOMERS` how many customers (8).
//! All of it is on one machine: with more nodes than processors they share those.

#[path = "../../../tests/postgres/server.rs"]
mod server;

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    id::{CaseId, EntryId},
    invitation::Link,
    keylog::Kinds,
    value::{Sealable, Seat},
};
use counterpart_node::{AgentGrant, AgentRequest, Desk, Node, NodeConfig, NodeEvent, Rights, ask, now, take};
use data_encoding::HEXLOWER;
use tokio::runtime::Runtime;

/// The first arguments with which this program runs itself.
const NODE: &str = "node";
const CUSTOMER: &str = "customer";
const CASES_EACH: usize = 2;
/// Who signs at one node at the same time, as agents and programs do.
const DESKS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [NODE, home] => node(Path::new(home)),
        [CUSTOMER, home] => customer(Path::new(home)),
        _ => conduct(),
    }
}

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its table, and a part of it what the whole waits for")]
fn tell(line: &str) {
    println!("{line}");
}

/// What the whole says to this part, a line each.
fn wishes() -> impl Iterator<Item = Vec<String>> {
    let lines = std::io::stdin().lines().map_while(Result::ok);
    lines.map(|line| line.split(' ').map(str::to_owned).collect())
}

fn started(home: &Path) -> (Runtime, Node, tokio::sync::mpsc::Receiver<NodeEvent>) {
    let runtime = Runtime::new().expect("a runtime");
    let desk = Desk::open(home).expect("a home");
    let config = NodeConfig { listen: vec!["/ip4/127.0.0.1/tcp/0".to_owned()], ..NodeConfig::default() };
    let (node, events) = {
        let _inside = runtime.enter();
        Node::start(desk, &config).expect("a running node")
    };
    (runtime, node, events)
}

/// A node of the organisation.
fn node(home: &Path) {
    let (runtime, node, mut events) = started(home);
    tell("ready");
    for wish in wishes() {
        match wish.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["join", link] => {
                let link = Link::parse(link).expect("a link");
                Desk::open(home).expect("a home").begin_join(&link, now()).expect("a join");
                node.poke();
                let joined = async { while !matches!(events.recv().await, Some(NodeEvent::Joined(_)) | None) {} };
                runtime.block_on(async { tokio::time::timeout(PATIENCE, joined).await }).expect("joined in time");
                tell("joined");
            }
            ["act", seconds, cases @ ..] => {
                let until = Instant::now() + Duration::from_secs(seconds.parse().expect("a number"));
                let cases: Vec<CaseId> = cases.iter().map(|case| CaseId(of_hex(case).expect("a case"))).collect();
                let sign = |first: usize| {
                    let desk = Desk::open(home).expect("a home");
                    let mine = cases.iter().skip(first).step_by(DESKS);
                    for (n, case) in mine.cycle().enumerate() {
                        if Instant::now() >= until {
                            break;
                        }
                        let signed = desk.sign(case, &note(&format!("looked into it, {first} {n}")), now());
                        tell(&format!("acked {} {}", hex(case.0), hex(signed.expect("signed").1.id.0)));
                    }
                };
                thread::scope(|scope| (0..DESKS).for_each(|first| drop(scope.spawn(move || sign(first)))));
                tell("acted");
            }
            _ => break,
        }
    }
    runtime.block_on(node.stop());
}

fn hex(id: [u8; 32]) -> String {
    HEXLOWER.encode(&id)
}

fn of_hex(text: &str) -> Option<[u8; 32]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

/// A customer, who comes, says something, hears what is new, and goes.
fn customer(home: &Path) {
    let (runtime, node, _events) = started(home);
    let desk = Desk::open(home).expect("a home");
    let mut cases = Vec::new();
    tell("ready");
    for wish in wishes() {
        match wish.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["open"] => {
                let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
                let others = vec![offer(Role::Supplier, "Northlink Ltd")];
                let open =
                    desk.open_act("Broadband price", offer(Role::Customer, "Keith"), others, "Europe/London", None);
                let case = desk.new_case(&open, now()).expect("a case");
                let addresses = runtime.block_on(node.addresses());
                let link = desk.invite(&case, Seat::Number(1), None, now() + 3_600_000, addresses, now());
                cases.push(case);
                tell(&format!("invited {} {}", hex(case.0), link.expect("an invitation").to_text()));
            }
            ["leave"] => {
                node.disconnect();
                tell("left");
            }
            ["visit", seconds] => {
                let until = Instant::now() + Duration::from_secs(seconds.parse().expect("a number"));
                let (mut visits, mut synced) = (0, 0);
                for case in cases.iter().cycle() {
                    desk.sign(case, &note("any news?"), now()).expect("signed");
                    node.reconnect();
                    let outcomes = runtime.block_on(async { tokio::time::timeout(PATIENCE, node.settled()).await });
                    let outcomes = outcomes.expect("in time").expect("a running node");
                    synced += outcomes.iter().filter(|outcome| outcome.failed.is_none()).count();
                    visits += usize::from(outcomes.iter().any(|o| o.case == *case && o.failed.is_none()));
                    node.disconnect();
                    if Instant::now() >= until {
                        break;
                    }
                }
                tell(&format!("visited {visits} {synced}"));
            }
            _ => break,
        }
    }
    runtime.block_on(node.stop());
}

/// A part that runs; what it says comes in a channel.
struct Part {
    child: Child,
    wishes: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Part {
    fn start(what: &str, home: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("own path"))
            .arg(what)
            .arg(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let (sender, lines) = mpsc::channel();
        let said = BufReader::new(child.stdout.take().expect("piped"));
        thread::spawn(move || said.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        let part = Self { wishes: child.stdin.take().expect("piped"), child, lines };
        part.hears("ready");
        part
    }

    fn wish(&mut self, wish: &str) {
        writeln!(self.wishes, "{wish}").expect("it runs");
    }

    /// What comes behind this word, and what is said before.
    fn hears(&self, word: &str) -> (Vec<String>, Vec<String>) {
        let mut before = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("it says so in time");
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            if words[0] == word {
                return (words.split_off(1), before);
            }
            before.push(line);
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An organisation and its customers, all running.
struct Stage {
    home: PathBuf,
    database: String,
    nodes: Vec<Part>,
    customers: Vec<Part>,
    cases: Vec<CaseId>,
}

impl Stage {
    fn set(folder: &Path, server: &server::Server, nodes: usize, customers: usize) -> Self {
        let address = server.database();
        let database = address.rsplit('/').next().expect("a name").to_owned();
        let keeps = |home: &Path| {
            fs::create_dir_all(home).expect("a folder");
            fs::write(home.join("database"), format!("{address}\n")).expect("written");
        };
        let home = folder.join("organisation");
        keeps(&home);
        Desk::init(&home).expect("an identity");
        let desk = Desk::open(&home).expect("a home");
        let mut homes = vec![home.clone()];
        let rights = Rights { kinds: Kinds::All, receive: true, admin: false, ceilings: Vec::new() };
        for n in 1..nodes {
            let (name, further) = (format!("node {n}"), folder.join(format!("node-{n}")));
            keeps(&further);
            let asked = ask(&further, desk.party(), &name).expect("a request").to_text();
            let request = AgentRequest::parse(&asked).expect("a request");
            let granted = desk.add_agent(&request, &rights, &name, now()).expect("a grant").to_text();
            take(&further, &AgentGrant::parse(&granted).expect("a grant")).expect("a whole home");
            homes.push(further);
        }
        drop(desk);
        let mut nodes: Vec<Part> = homes.iter().map(|home| Part::start(NODE, home)).collect();
        let mut cases = Vec::new();
        let mut here = Vec::new();
        for n in 0..customers {
            let home = folder.join(format!("customer-{n}"));
            Desk::init(&home).expect("an identity");
            let mut customer = Part::start(CUSTOMER, &home);
            for _ in 0..CASES_EACH {
                customer.wish("open");
                let (invited, _) = customer.hears("invited");
                cases.push(CaseId(of_hex(&invited[0]).expect("a case")));
                nodes[0].wish(&format!("join {}", invited[1]));
                nodes[0].hears("joined");
            }
            here.push(customer);
        }
        Self { home, database, nodes, customers: here, cases }
    }

    /// What all of them say was kept.
    fn act(&mut self, seconds: usize, kill: Option<usize>) -> Vec<(CaseId, EntryId)> {
        let count = self.nodes.len();
        for (at, node) in self.nodes.iter_mut().enumerate() {
            // Of two neighbours each works at the other's cases too.
            let shares = |n: &usize| n % count == at || (n + 1) % count == at;
            let cases: Vec<String> = (0..self.cases.len()).filter(shares).map(|n| hex(self.cases[n].0)).collect();
            node.wish(&format!("act {seconds} {}", cases.join(" ")));
        }
        if let Some(victim) = kill {
            thread::sleep(Duration::from_secs(seconds as u64 / 2));
            self.nodes[victim].child.kill().expect("killed");
        }
        let mut said = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            match kill == Some(at) {
                true => said.extend(node.lines.iter()),
                false => said.extend(node.hears("acted").1),
            }
        }
        let acked = said.iter().filter_map(|line| {
            let (case, entry) = line.strip_prefix("acked ")?.split_once(' ')?;
            // Of the one that was killed the last line may be cut short.
            Some((CaseId(of_hex(case)?), EntryId(of_hex(entry)?)))
        });
        acked.collect()
    }

    fn leave(&mut self) {
        for customer in &mut self.customers {
            customer.wish("leave");
            customer.hears("left");
        }
    }

    /// How often customers came and heard what was new, and how often a case was in step with one node.
    fn visit(&mut self, seconds: usize) -> (usize, usize) {
        self.customers.iter_mut().for_each(|customer| customer.wish(&format!("visit {seconds}")));
        let counted = self.customers.iter().map(|customer| customer.hears("visited").0);
        let counted =
            counted.map(|said| (said[0].parse::<usize>().expect("a count"), said[1].parse().expect("a count")));
        counted.fold((0, 0), |(visits, synced), (v, s): (usize, usize)| (visits + v, synced + s))
    }
}

fn conduct() {
    let Some(server) = server::server() else { return };
    // As it comes: what it acknowledges is on the disk.
    for setting in ["fsync", "full_page_writes"] {
        server.sql("postgres", &format!("ALTER SYSTEM SET {setting} = on"));
    }
    server.sql("postgres", "SELECT pg_reload_conf()");
    let (seconds, customers) = (number("COUNTERPART_SECONDS", 10), number("COUNTERPART_CUSTOMERS", 8));
    let folder = tempfile::tempdir().expect("a temporary folder");
    tell(&format!("{customers} customers, {CASES_EACH} cases each; {DESKS} desks a node; {seconds} s each"));
    tell("nodes   acts/s   visits/s   cases in step with a node/s");
    for nodes in [1, 2, 4] {
        let mut stage = Stage::set(&folder.path().join(nodes.to_string()), server, nodes, customers);
        stage.leave();
        let acts = stage.act(seconds, None).len();
        // What they have missed is brought to them first.
        stage.visit(1);
        let (visits, synced) = stage.visit(seconds);
        let each = |count: usize| count as f64 / seconds as f64;
        tell(&format!("{nodes:5} {:8.0} {:10.1} {:10.1}", each(acts), each(visits), each(synced)));
    }

    let mut stage = Stage::set(&folder.path().join("killed"), server, 2, customers);
    let acked = stage.act(seconds, Some(1));
    let desk = Desk::open(&stage.home).expect("a home");
    let mut kept = BTreeSet::new();
    for case in &stage.cases {
        let record = desk.record(case).expect("the case");
        kept.extend(record.graph().all().map(|ix| (*case, record.graph().id(ix))));
    }
    let lost = acked.iter().filter(|one| !kept.contains(one)).count();
    let twice = server.sql(
        &stage.database,
        "SELECT count(*) FROM (SELECT 1 FROM entries GROUP BY case_id, device, seq HAVING count(*) > 1) AS twice",
    );
    let faults = desk.doctor(&mut |_, _| {}).expect("a check-up").faults;
    tell(&format!(
        "one of 2 killed during load: {} acts acknowledged, {lost} of them lost, {twice} positions there twice, {} faults",
        acked.len(),
        faults.len()
    ));
    assert!(lost == 0 && twice == "0" && faults.is_empty(), "{faults:?}");
}
