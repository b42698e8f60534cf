//! A supplier's node whom many customers' nodes call at the same time: how many connections it holds, what that costs in
//! memory and processor time, and how long an act and its answer take.
//!
//! `cargo bench -p counterpart-node --bench customers` makes a supplier's home with a case for each of 100 customers, starts
//! its node in a process of its own and the customers in others, and prints a table; with `-- --json` one JSON object.
//! `COUNTERPART_CUSTOMERS` says how many customers (at most 10,000), `COUNTERPART_ENTRIES` how long each case is (30), and
//! `COUNTERPART_RATE` how many of them act in each second where they do not all act at once (20). It ends by itself, after
//! a quarter of an hour at the latest.
//!
//! The supplier's node is the real one, on a real store. The customers speak the same protocols over the same transport, on
//! sockets of this machine; what they hold they hold in memory, so that the disk is the supplier's alone. Answers are signed
//! as pages and programs do: beside the node, by several desks of the same home.

#[path = "customers/customer.rs"]
mod customer;
#[path = "customers/home.rs"]
mod home;
#[path = "customers/supplier.rs"]
mod supplier;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value as Json, json};

/// The first arguments with which this program runs itself.
const SUPPLIER: &str = "supplier";
const CUSTOMERS: &str = "customers";
/// Customers in one process.
const TOGETHER: usize = 250;
const MOST_CUSTOMERS: usize = 10_000;
/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(900);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|a| !a.starts_with("--")).collect();
    // Whoever started this may be gone, and with it whoever would end it.
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE);
        std::process::exit(3);
    });
    match words.as_slice() {
        [SUPPLIER, home, customers] => supplier::run(Path::new(home), parsed(customers)),
        [CUSTOMERS, home, first, count] => customer::run(Path::new(home), parsed(first), parsed(count)),
        _ => conduct(arguments.iter().any(|argument| argument == "--json")),
    }
}

fn parsed(text: &str) -> usize {
    text.parse().expect("a number")
}

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Microseconds since 1970: the one clock that all processes share.
fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    u64::try_from(since.as_micros()).expect("not that late")
}

#[expect(clippy::print_stderr, reason = "a benchmark says what it does")]
fn show(text: &str) {
    eprintln!("{text}");
}

#[expect(clippy::print_stdout, reason = "processes talk by lines, and figures are what a benchmark gives")]
fn print(text: &str) {
    println!("{text}");
}

/// Another process of this program, told what to do by lines and answering each with a line.
struct Player {
    child: Child,
    told: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Player {
    fn start(words: &[&str]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("own path"));
        let command = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts");
        let told = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, told, answers }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.told, "{line}").expect("it listens");
    }

    fn answer(&mut self) -> Json {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).expect("an answer in JSON")
    }

    fn ask(&mut self, line: &str) -> Json {
        self.tell(line);
        self.answer()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts all, lets them act, and tells what came of it.
fn conduct(as_json: bool) {
    let customers = number("COUNTERPART_CUSTOMERS", 100).clamp(1, MOST_CUSTOMERS);
    let (entries, rate) = (number("COUNTERPART_ENTRIES", 30).clamp(8, 1_000), number("COUNTERPART_RATE", 20).max(1));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("home");
    let begun = Instant::now();
    home::make(&home, customers, entries);
    show(&format!("{customers} cases of {entries} entries made in {:.0} s", begun.elapsed().as_secs_f64()));
    let place = home.to_str().expect("a path in Unicode");
    let mut groups: Vec<Player> = (0..customers)
        .step_by(TOGETHER)
        .map(|first| {
            let count = TOGETHER.min(customers - first);
            Player::start(&[CUSTOMERS, place, &first.to_string(), &count.to_string()])
        })
        .collect();
    for group in &mut groups {
        group.answer();
    }
    let mut supplier = Player::start(&[SUPPLIER, place, &customers.to_string()]);
    let at = supplier.answer();
    let idle = supplier.ask("state");

    let begun = micros();
    let address = at["address"].as_str().expect("an address");
    groups.iter_mut().for_each(|group| group.tell(&format!("connect {address}")));
    let came: Vec<Json> = groups.iter_mut().map(Player::answer).collect();
    let since = |name: &str| -> Vec<f64> {
        let times = came.iter().flat_map(|group| group[name].as_array().expect("times"));
        times.map(|time| milliseconds(begun, time.as_u64().expect("a time"))).collect()
    };
    let (connected, in_step) = (since("connected"), since("in_step"));
    let standing = supplier.ask("state");
    show("all connected");
    let mut table = Table::default();
    table.one("customers", "customers' nodes, each with a case", "", as_f64(customers as u64));
    table.one("entries", "entries of each case", "", as_f64(entries as u64));
    table.one("connections", "connections that the supplier's node holds", "", number_of(&standing, "connections"));
    table.one("retries", "calls that came to nothing and were made again", "", sum(&came, "retries"));
    table.spread("connected", "call to connection, all calling at once", connected);
    table.spread("in_step", "call to in step", in_step);
    table.one("memory_idle", "supplier's memory before anybody came", "MiB", mebibytes(&idle, "memory_kib"));
    table.one("memory_connected", "supplier's memory with all connected", "MiB", mebibytes(&standing, "memory_kib"));
    table.one("cpu_connecting", "supplier's processor time until all are in step", "s", used(&idle, &standing));

    // Nothing happens here, which is what is measured.
    std::thread::sleep(Duration::from_secs(10));
    let quiet = supplier.ask("state");
    table.one("cpu_idle", "supplier's processor time in 10 quiet seconds", "s", used(&standing, &quiet));

    let mut before = quiet;
    for (phase, (name, what, pace)) in
        [("paced", format!("{rate} acts a second"), rate), ("burst", "all act at once".to_owned(), 0)]
            .iter()
            .enumerate()
    {
        supplier.ask(&format!("phase {}", phase + 1));
        let begun = micros() + 500_000;
        // Those of each process act in turn, each beginning a little later than the one before.
        groups.iter_mut().for_each(|group| group.tell(&format!("act {begun} {pace} {customers}")));
        let acted: Vec<Json> = groups.iter_mut().map(Player::answer).collect();
        let stored = supplier.ask("times");
        let after = supplier.ask("state");
        show(&format!("{what}: done"));
        let mut spans: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut last = begun;
        for act in acted.iter().flat_map(|group| group["acts"].as_array().expect("acts")) {
            let own = &stored[act["case"].as_str().expect("a case")];
            let time = |of: &Json, name: &str| of[name].as_u64().expect("it came about");
            let (acted, answered) = (time(act, "acted"), time(act, "answered"));
            spans.entry("stored").or_default().push(milliseconds(acted, time(own, "stored")));
            spans.entry("answer").or_default().push(milliseconds(time(own, "signed"), answered));
            spans.entry("whole").or_default().push(milliseconds(acted, answered));
            last = last.max(answered);
        }
        for (span, words) in [
            ("stored", "act to supplier's store"),
            ("answer", "answer begun to customer"),
            ("whole", "act to the answer at the customer"),
        ] {
            let times = spans.remove(span).unwrap_or_default();
            table.spread(&format!("{name}_{span}"), &format!("{words}, {what}"), times);
        }
        table.one(
            &format!("{name}_all"),
            &format!("all acted and answered, {what}"),
            "s",
            milliseconds(begun, last) / 1e3,
        );
        table.one(&format!("{name}_cpu"), &format!("supplier's processor time, {what}"), "s", used(&before, &after));
        before = after;
    }
    table.one("memory_most", "supplier's memory at most", "MiB", mebibytes(&before, "memory_most_kib"));
    table.one("connections_end", "connections in the end", "", number_of(&before, "connections"));
    print(&if as_json { table.json() } else { table.text() });
}

fn as_f64(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn milliseconds(from: u64, to: u64) -> f64 {
    as_f64(to.saturating_sub(from)) / 1e3
}

fn number_of(of: &Json, name: &str) -> f64 {
    of[name].as_f64().expect("a number")
}

fn mebibytes(of: &Json, name: &str) -> f64 {
    number_of(of, name) / 1024.0
}

fn sum(all: &[Json], name: &str) -> f64 {
    all.iter().map(|one| number_of(one, name)).sum()
}

/// Processor time between two states, in seconds.
fn used(before: &Json, after: &Json) -> f64 {
    number_of(after, "cpu") - number_of(before, "cpu")
}

/// A number under `name` in what the system says of this process.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Figures in the order in which they were taken.
#[derive(Default)]
struct Table(Vec<(String, String, &'static str, Vec<f64>)>);

impl Table {
    fn one(&mut self, key: &str, what: &str, unit: &'static str, value: f64) {
        self.0.push((key.to_owned(), what.to_owned(), unit, vec![value]));
    }

    /// Median, 99th percentile and the most of some times in milliseconds.
    fn spread(&mut self, key: &str, what: &str, mut times: Vec<f64>) {
        times.sort_unstable_by(f64::total_cmp);
        let at = |n: usize| times.get(n.min(times.len().saturating_sub(1))).copied().unwrap_or_default();
        let values = vec![at(times.len() / 2), at(times.len() * 99 / 100), at(times.len())];
        self.0.push((key.to_owned(), what.to_owned(), "ms", values));
    }

    fn text(&self) -> String {
        let width = self.0.iter().map(|(_, what, ..)| what.chars().count()).max().unwrap_or_default();
        let mut text = format!("{:width$}  {:>10}  {:>10}  {:>10}\n", "", "median", "p99", "most");
        for (_, what, unit, values) in &self.0 {
            let columns: String = match values.as_slice() {
                [one] if unit.is_empty() => format!("  {one:>10.0}"),
                values => values.iter().map(|value| format!("  {value:>10.1}")).collect(),
            };
            text.push_str(format!("{what:width$}{columns}  {unit}").trim_end());
            text.push('\n');
        }
        text
    }

    fn json(&self) -> String {
        let one = |(key, _, unit, values): &(String, String, &'static str, Vec<f64>)| {
            let value = match values.as_slice() {
                [one] => json!({"unit": unit, "value": one}),
                [median, p99, most] => json!({"unit": unit, "median": median, "p99": p99, "most": most}),
                _ => Json::Null,
            };
            (key.clone(), value)
        };
        Json::Object(self.0.iter().map(one).collect()).to_string()
    }
}
