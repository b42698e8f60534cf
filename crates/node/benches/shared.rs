//! Several nodes of one organisation on one PostgreSQL: how many acts they sign and how often customers come, get in step and
//! go, beside one node alone; and what is in the database after one of them was killed at its work.
//!
//! `cargo bench -p counterpart-node --bench shared` starts a PostgreSQL of its own (it needs initdb, pg_ctl and psql), makes an
//! organisation with 1, 2 and 4 nodes and customers who have cases with it, each in a process of its own, and prints a
//! table; with `-- --json` one JSON object. `COUNTERPART_SECONDS` says how long each thing is measured (10),
//! `COUNTERPART_CUSTOMERS` how many customers there are (8). It ends by itself, after a quarter of an hour at the latest, and
//! fails if anything that was acknowledged is missing.
//!
//! All nodes are the real ones, each with a device key of its own, and so are the customers', with stores in files; all talk
//! over sockets of this machine. With more nodes than processors they share those.

#[path = "shared/parts.rs"]
mod parts;
#[path = "../../../tests/postgres/server.rs"]
mod server;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use counterpart_core::keylog::Kinds;
use counterpart_node::{AgentGrant, AgentRequest, Desk, Rights, ask, now, take};
use serde_json::{Value as Json, json};

/// The first arguments with which this program runs itself.
const NODE: &str = "node";
const CUSTOMER: &str = "customer";
const CASES_EACH: usize = 2;
/// Who signs at one node at the same time, as agents and programs do.
const DESKS: usize = 2;
/// How long a customer waits to be in step at most; where nodes keep signing at the same cases, the second.
const STAY: Duration = Duration::from_secs(60);
const SHORT_STAY: Duration = Duration::from_millis(500);
/// How many acts each node has acknowledged when one of them is killed, at least.
const ACTS_BEFORE_KILL: usize = 200;
/// No part takes longer for one thing, and all of it takes no longer than the second.
const PATIENCE: Duration = Duration::from_secs(120);
const WHOLE: Duration = Duration::from_secs(900);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|a| !a.starts_with("--")).collect();
    // Whoever started this may be gone, and with it whoever would end it.
    thread::spawn(|| {
        thread::sleep(WHOLE);
        std::process::exit(3);
    });
    match words.as_slice() {
        [NODE, home] => parts::node(Path::new(home)),
        [CUSTOMER, home] => parts::customer(Path::new(home)),
        _ => conduct(arguments.iter().any(|argument| argument == "--json")),
    }
}

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual).max(1)
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its table, and a part of it what the whole waits for")]
fn tell(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a benchmark says what it does")]
fn show(text: &str) {
    eprintln!("{text}");
}

/// A process that plays a part; what it says comes in a channel.
struct Part {
    child: Child,
    wishes: ChildStdin,
    lines: mpsc::Receiver<String>,
    /// What it said while something else was awaited, for whoever asks next.
    aside: Vec<String>,
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
        let mut part = Self { wishes: child.stdin.take().expect("piped"), child, lines, aside: Vec::new() };
        part.hears("ready");
        part
    }

    fn wish(&mut self, wish: &str) {
        writeln!(self.wishes, "{wish}").expect("it runs");
    }

    /// Waits until a line of this word was said so many times. What is said meanwhile stays to be heard.
    fn awaits(&mut self, word: &str, times: usize) {
        let end = Instant::now() + PATIENCE;
        let mut said = 0;
        while said < times {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()));
            assert!(line.is_ok(), "{word}: said {said} times of {times} in {PATIENCE:?} ({line:?})");
            self.aside.extend(line);
            said += usize::from(self.aside.last().is_some_and(|line| line.split(' ').next() == Some(word)));
        }
    }

    /// What comes behind this word, and the lines that are said before.
    fn hears(&mut self, word: &str) -> (Vec<String>, Vec<String>) {
        let mut before = std::mem::take(&mut self.aside);
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect(word);
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
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An entry of a case, as texts, and the time in microseconds that belongs to it.
type Named = ((String, String), u64);

/// What customers came to.
#[derive(Default)]
struct Visits {
    visits: usize,
    sessions: usize,
    /// Visits that ended before every case was in step with a node.
    in_vain: usize,
    /// Notes whose receipt a customer had seen at that time.
    receipted: Vec<Named>,
}

/// What nodes came to.
#[derive(Default)]
struct Acts {
    acknowledged: Vec<(String, String)>,
    /// Why others were not signed.
    failed: Vec<String>,
}

/// An organisation and its customers, all running.
struct Stage {
    home: PathBuf,
    database: String,
    nodes: Vec<Part>,
    customers: Vec<Part>,
    cases: Vec<String>,
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
        let nodes: Vec<Part> = homes.iter().map(|home| Part::start(NODE, home)).collect();
        let mut stage = Self { home, database, nodes, customers: Vec::new(), cases: Vec::new() };
        for n in 0..customers {
            let home = folder.join(format!("customer-{n}"));
            Desk::init(&home).expect("an identity");
            let mut customer = Part::start(CUSTOMER, &home);
            for _ in 0..CASES_EACH {
                customer.wish("open");
                let (invited, _) = customer.hears("invited");
                // Each node takes up invitations, while the others look at the same database.
                let count = stage.nodes.len();
                let node = &mut stage.nodes[stage.cases.len() % count];
                node.wish(&format!("join {}", invited[1]));
                node.hears("joined");
                stage.cases.push(invited[0].clone());
            }
            stage.customers.push(customer);
        }
        // Where each node can be called is known to all customers after that.
        stage.begin_visits(Duration::from_secs(2), STAY, false);
        stage.end_visits();
        stage
    }

    /// Lets all nodes sign; those of `shared` at all cases, else each at cases of its own.
    fn begin_acts(&mut self, seconds: usize, shared: bool) {
        let (nodes, cases) = (self.nodes.len(), self.cases.len());
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let mut mine: Vec<&str> = self.cases.iter().map(String::as_str).collect();
            if shared {
                mine.rotate_left(at * cases / nodes);
            } else {
                mine = mine.into_iter().skip(at).step_by(nodes).collect();
            }
            node.wish(&format!("act {seconds} {}", mine.join(" ")));
        }
    }

    /// What they say was signed; one of them may have been killed.
    fn end_acts(&mut self, killed: Option<usize>) -> Acts {
        let mut acts = Acts::default();
        for (at, node) in self.nodes.iter_mut().enumerate() {
            let said = if killed == Some(at) {
                node.aside.drain(..).chain(&node.lines).collect()
            } else {
                node.hears("acted").1
            };
            for line in said {
                if let Some(why) = line.strip_prefix("failed ") {
                    acts.failed.push(why.to_owned());
                }
                // Of the one that was killed the last line may be cut short.
                let named = line.strip_prefix("acked ").and_then(|rest| rest.split_once(' '));
                if let Some((case, entry)) = named.filter(|(case, entry)| case.len() == 64 && entry.len() == 64) {
                    acts.acknowledged.push((case.to_owned(), entry.to_owned()));
                }
            }
        }
        acts
    }

    /// Lets customers come and go, for so long at most; `receipts` is whether to say what they got receipts for.
    fn begin_visits(&mut self, length: Duration, patience: Duration, receipts: bool) {
        let wish = format!("visit {} {} {receipts}", length.as_secs(), patience.as_millis());
        self.customers.iter_mut().for_each(|customer| customer.wish(&wish));
    }

    fn end_visits(&mut self) -> Visits {
        let mut all = Visits::default();
        for customer in &mut self.customers {
            let (counts, said) = customer.hears("visited");
            let count = |at: usize| counts[at].parse::<usize>().expect("a count");
            all.visits += count(0);
            all.sessions += count(1);
            all.in_vain += count(2);
            all.receipted.extend(said.iter().filter_map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                let [_, case, entry, at] = words.as_slice() else { return None };
                Some((((*case).to_owned(), (*entry).to_owned()), at.parse().ok()?))
            }));
        }
        all
    }
}

/// What is in the database of the entries of all cases.
struct Kept {
    /// How often each entry is there, and when it was first written, in microseconds.
    entries: BTreeMap<(String, String), (usize, u64)>,
    /// Positions that are there more than once.
    doubles: usize,
}

impl Kept {
    fn read(server: &server::Server, database: &str) -> Self {
        let sql = "SELECT encode(case_id, 'hex'), encode(id, 'hex'), encode(device, 'hex'), seq, ordinal FROM entries";
        let (mut entries, mut positions) = (BTreeMap::new(), BTreeMap::new());
        for row in server.sql(database, sql).lines() {
            let columns: Vec<&str> = row.split('|').collect();
            let [case, entry, device, seq, ordinal] = <[&str; 5]>::try_from(columns).expect("five columns");
            let written: u64 = ordinal.parse().expect("a number");
            let name = (case.to_owned(), entry.to_owned());
            let (count, first) = entries.entry(name).or_insert((0, written));
            (*count, *first) = (*count + 1, written.min(*first));
            *positions.entry((case.to_owned(), device.to_owned(), seq.to_owned())).or_insert(0_usize) += 1;
        }
        Self { entries, doubles: positions.values().filter(|count| **count > 1).count() }
    }

    /// How many of these are not there, and how many more than once.
    fn lost_and_twice<'n>(&self, names: impl Iterator<Item = &'n (String, String)>) -> (usize, usize) {
        let mut found = (0, 0);
        for name in names {
            match self.entries.get(name) {
                None => found.0 += 1,
                Some((1, _)) => {}
                Some(_) => found.1 += 1,
            }
        }
        found
    }
}

fn conduct(as_json: bool) {
    let Some(server) = server::server() else { return };
    // As it comes: what it acknowledges is on the disk.
    for setting in ["fsync", "full_page_writes"] {
        server.sql("postgres", &format!("ALTER SYSTEM SET {setting} = on"));
    }
    server.sql("postgres", "SELECT pg_reload_conf()");
    assert_eq!(server.sql("postgres", "SHOW synchronous_commit"), "on");
    let (seconds, customers) = (number("COUNTERPART_SECONDS", 10), number("COUNTERPART_CUSTOMERS", 8));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    show(&format!(
        "{customers} customers with {CASES_EACH} cases each, {DESKS} desks at each node, {seconds} s each, {cores} cores"
    ));
    let each = |count: usize| count as f64 / seconds as f64;
    let mut rows = Vec::new();
    for nodes in [1, 2, 4] {
        let mut stage = Stage::set(&folder.path().join(nodes.to_string()), server, nodes, customers);
        assert_eq!(server.sql(&stage.database, "SHOW fsync"), "on");
        stage.begin_visits(Duration::from_secs(seconds as u64), STAY, false);
        let visits = stage.end_visits();
        stage.begin_acts(seconds, false);
        let own = stage.end_acts(None);
        stage.begin_acts(seconds, true);
        let same = stage.end_acts(None);
        let kept = Kept::read(server, &stage.database);
        let acknowledged = own.acknowledged.iter().chain(&same.acknowledged);
        let (lost, twice) = kept.lost_and_twice(acknowledged);
        let failed: Vec<&String> = own.failed.iter().chain(&same.failed).collect();
        assert!(lost + twice + kept.doubles == 0, "{lost} lost, {twice} twice, {} double positions", kept.doubles);
        let row = json!({
            "nodes": nodes,
            "visits_a_second": each(visits.visits),
            "sessions_a_second": each(visits.sessions),
            "visits_not_in_step": visits.in_vain,
            "acts_a_second_own_cases": each(own.acknowledged.len()),
            "acts_a_second_same_cases": each(same.acknowledged.len()),
            "acts_not_signed": failed.len(),
        });
        show(&format!("{nodes} of them: done: {row}; not signed: {failed:?}"));
        rows.push(row);
    }
    let killed = killed(&folder.path().join("killed"), server, customers, seconds.max(10));
    if as_json {
        let all = json!({"customers": customers, "cases_each": CASES_EACH, "desks": DESKS, "seconds": seconds,
            "cores": cores, "nodes": rows, "killed": killed});
        tell(&all.to_string());
        return;
    }
    table(&rows, &killed);
}

/// One of two nodes is killed while both sign and customers come and go.
fn killed(folder: &Path, server: &server::Server, customers: usize, seconds: usize) -> Json {
    let mut stage = Stage::set(folder, server, 2, customers);
    stage.begin_visits(WHOLE, SHORT_STAY, true);
    // A device gives a case one receipt in five seconds, and once both nodes sign without a pause hardly anybody else
    // gets a turn: so every customer has a receipt before that.
    stage.customers.iter_mut().for_each(|customer| customer.awaits("receipted", 1));
    stage.begin_acts(seconds, true);
    stage.nodes.iter_mut().for_each(|node| node.awaits("acked", ACTS_BEFORE_KILL));
    let killed_at = parts::micros();
    stage.nodes[1].child.kill().expect("killed");
    let acts = stage.end_acts(Some(1));
    stage.customers.iter_mut().for_each(|customer| customer.wish("leave"));
    let visits = stage.end_visits();
    let kept = Kept::read(server, &stage.database);
    let (acts_lost, acts_twice) = kept.lost_and_twice(acts.acknowledged.iter());
    let (notes_lost, notes_twice) = kept.lost_and_twice(visits.receipted.iter().map(|(name, _)| name));
    // What was lost and brought by the customer again would be there, but written after the receipt.
    let again = |(name, seen): &&Named| kept.entries.get(name).is_some_and(|(_, written)| written > seen);
    let brought_again = visits.receipted.iter().filter(again).count();
    let desk = Desk::open(&stage.home).expect("a home");
    let faults = desk.doctor(&mut |_, _| {}).expect("a check-up").faults;
    let losses = acts_lost + acts_twice + notes_lost + notes_twice + brought_again + kept.doubles;
    assert!(
        losses == 0 && faults.is_empty(),
        "{acts_lost} and {notes_lost} lost, {acts_twice} and {notes_twice} there \
        twice, {brought_again} brought again, {} double positions: {faults:?}",
        kept.doubles
    );
    let receipted_before = visits.receipted.iter().filter(|(_, seen)| *seen < killed_at).count();
    assert!(!acts.acknowledged.is_empty() && receipted_before > 0, "nothing was measured");
    json!({
        "acts_acknowledged": acts.acknowledged.len(),
        "acts_not_signed": acts.failed.len(),
        "notes_receipted": visits.receipted.len(),
        "notes_receipted_before_kill": receipted_before,
        "visits": visits.visits,
        "visits_not_in_step": visits.in_vain,
        "lost": acts_lost + notes_lost,
        "twice": acts_twice + notes_twice,
        "brought_again": brought_again,
        "positions_twice": kept.doubles,
        "entries_in_database": kept.entries.len(),
        "faults": faults.len(),
    })
}

fn table(rows: &[Json], killed: &Json) {
    let columns = [
        ("nodes", "nodes"),
        ("acts/s, own cases", "acts_a_second_own_cases"),
        ("acts/s, same cases", "acts_a_second_same_cases"),
        ("not signed", "acts_not_signed"),
        ("visits/s", "visits_a_second"),
        ("sessions/s", "sessions_a_second"),
        ("not in step", "visits_not_in_step"),
    ];
    tell(&columns.map(|(name, _)| format!("{name:>20}")).concat());
    for row in rows {
        let cell = |key: &str| match &row[key] {
            Json::Number(number) if number.is_f64() => format!("{:>20.1}", number.as_f64().unwrap_or_default()),
            other => format!("{:>20}", other.to_string()),
        };
        tell(&columns.map(|(_, key)| cell(key)).concat());
    }
    tell(&format!(
        "\nOne of two nodes killed while both signed and customers came: {} acts acknowledged and {} customers' notes \
         receipted ({} before the kill) in {} visits;\nlost {}, there twice {}, brought again {}, positions there \
         twice {}; faults at a check-up {}.",
        killed["acts_acknowledged"],
        killed["notes_receipted"],
        killed["notes_receipted_before_kill"],
        killed["visits"].as_u64().unwrap_or_default() + killed["visits_not_in_step"].as_u64().unwrap_or_default(),
        killed["lost"],
        killed["twice"],
        killed["brought_again"],
        killed["positions_twice"],
        killed["faults"],
    ));
}
