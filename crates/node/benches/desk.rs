//! What a desk with many cases costs: listing, searching, opening one case, recording one act; memory and disk.
//!
//! `cargo bench -p counterpart-node --bench desk` makes a home with 10,000 cases of 30 entries each, between two parties,
//! and prints median, 99th percentile and the longest time of each thing asked, in a process of its own whose memory holds
//! nothing else; with `-- --json` one JSON object. `COUNTERPART_CASES` says how many cases, `COUNTERPART_ROUNDS` how often
//! each thing is asked (200), and `COUNTERPART_DESK_HOME` names a folder in which the home is kept and found again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use counterpart_core::{
    act::{Act, ActionTerms, Contact},
    id::EntryId,
    record::Record,
    value::{Due, ItemValue, Sealable, Seat},
};
use counterpart_node::{Cursor, Desk, Queue, now};
use counterpart_testkit::{
    case::{START, case_of, new_action, sign, terms},
    home::{party_of, put_case},
    party::Party,
    rng::Rng,
};

const ENTRIES: usize = 30;
const AGENTS: usize = 100;
const TEMPLATES: [&str; 4] = ["broadband", "delivery", "refund", "repair"];
/// Words that people use, the first ones most.
const WORDS: usize = 4_000;
/// The argument with which this program runs itself to ask.
const ASK: &str = "ask";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    if let Some(at) = arguments.iter().position(|argument| argument == ASK) {
        let home = arguments.get(at + 1).map(PathBuf::from).expect("the home to ask");
        ask(&home, json);
        return;
    }
    let cases = number("COUNTERPART_CASES", 10_000);
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let kept = std::env::var_os("COUNTERPART_DESK_HOME").map(PathBuf::from);
    let home = kept.unwrap_or_else(|| temporary.path().join("home"));
    if home.exists() {
        show("a home that was there");
    } else {
        let begun = Instant::now();
        make(&home, cases);
        show(&format!("{cases} cases of {ENTRIES} entries made in {:.0} s", begun.elapsed().as_secs_f64()));
    }
    let mut asking = Command::new(std::env::current_exe().expect("own path"));
    asking.arg(ASK).arg(&home);
    if json {
        asking.arg("--json");
    }
    assert!(asking.status().expect("this program starts").success(), "asking went well");
}

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[expect(clippy::print_stderr, reason = "a benchmark says what it does")]
fn show(text: &str) {
    eprintln!("{text}");
}

/// Words made of syllables: as many as asked for, each another.
fn vocabulary() -> Vec<String> {
    const SYLLABLES: [&str; 20] = [
        "ba", "ren", "li", "tor", "ma", "sel", "ki", "dan", "po", "ver", "nu", "gas", "fe", "rin", "tu", "lam", "zo",
        "pel", "hi", "cor",
    ];
    let part = |n: usize| SYLLABLES[n % SYLLABLES.len()];
    (0..WORDS).map(|n| format!("{}{}{}", part(n), part(n / 20), part(n / 400 + 7))).collect()
}

/// So many words, common ones more often: how often a word comes falls with its place.
fn sentence(words: &[String], rng: &mut Rng, count: usize) -> String {
    let word = |rng: &mut Rng| {
        let place = rng.below(WORDS).min(rng.below(WORDS)).min(rng.below(WORDS));
        words[place].as_str()
    };
    (0..count).map(|_| word(rng)).collect::<Vec<_>>().join(" ")
}

/// The name of the customer of a case, and its reference: what agents look for.
fn name_of(n: usize, words: &[String]) -> (String, String) {
    let first = &words[n * 7 % WORDS];
    let last = &words[n * 13 % WORDS];
    (format!("{first} {last}son"), format!("REF-{:06}", n.wrapping_mul(7_919) % 1_000_000))
}

/// Makes the home: a supplier, and customers whose cases all were joined. Every case is signed to the last entry.
fn make(home: &Path, cases: usize) {
    Desk::init(home).expect("a new identity");
    let desk = Desk::open(home).expect("a home");
    let supplier = own_party(&desk, home);
    // A few customers with keys stand for all: what a case costs does not depend on whose it is.
    let customers: Vec<Party> = (1..=50).map(Party::new).collect();
    let words = vocabulary();
    for n in 0..cases {
        let customer = &customers[n % customers.len()];
        let seed = 1_000 + n as u64;
        let (name, reference) = name_of(n, &words);
        let mut rng = Rng::new(seed);
        let title = format!("{} {reference}", sentence(&words, &mut rng, 3));
        let case = case_of(&[customer, &supplier], &title, seed);
        let mut writing = Writing { record: case.record, at: START + 10_000_000, rng, words: &words };
        writing.talk(customer, &supplier, (&name, &reference));
        // The last act is signed at the desk, which makes list, words and all else as they are made in use.
        let logs = if n < customers.len() { &[customer.id][..] } else { &[] };
        let (mut record, own) = (writing.record, desk.author().device);
        let entries = record.graph().len();
        let written = desk.with_store(|store| store.write(|txn| put_case(txn, own, &record, entries, logs)));
        written.expect("a written case");
        let last = Act::Note { text: open(sentence(&words, &mut writing.rng, 12)), about: None };
        desk.sign_on(&case.id, &mut record, &last, writing.at + 61_000).expect("the last act");
        if n % 3 != 0 {
            desk.assign(&case.id, Some(&format!("Agent {}", n % AGENTS)), START).expect("assigned");
        }
        if n % 4 == 0 {
            desk.keep_template(&case.id, TEMPLATES[n / 4 % 4]).expect("kept");
        }
        if n % 5_000 == 4_999 {
            show(&format!("{} cases", n + 1));
        }
    }
    desk.with_store(|store| store.checkpoint()).expect("the log is moved");
}

fn own_party(desk: &Desk, home: &Path) -> Party {
    let author = desk.author();
    let log = desk.with_store(|s| s.key_events(author.party)).expect("a key log");
    party_of(home, &author, desk.peer_id().as_bytes(), log)
}

struct Writing<'w> {
    record: Record,
    at: i64,
    rng: Rng,
    words: &'w [String],
}

impl Writing<'_> {
    fn act(&mut self, party: &Party, act: &Act) -> EntryId {
        self.at += 61_000;
        let key = &party.devices[0].key;
        sign(&mut self.record, &party.author(0), key, act, self.at, &mut self.rng).id
    }

    /// All entries but the last: a call, a fact, two actions on their way, and talk.
    fn talk(&mut self, customer: &Party, supplier: &Party, (name, reference): (&str, &str)) {
        let summary = sentence(self.words, &mut self.rng, 20);
        self.act(customer, &contact(self.at, name, reference, summary));
        let number = i64::try_from(self.rng.below(1_000_000)).expect("a small number");
        let item = Act::Item { key: "meter".to_owned(), value: ItemValue::Integer(number), label: None, note: None };
        self.act(customer, &item);
        for round in 0..2 {
            let what = sentence(self.words, &mut self.rng, 6);
            // Of half of them the time is over, for whoever looks at them today.
            let over = self.rng.one_in(2);
            let days = i64::try_from(self.rng.below(200)).expect("few days");
            let at = if over { START + days * 86_400_000 } else { 4_000_000_000_000 + days * 86_400_000 };
            let by = if round == 0 { customer } else { supplier };
            let revision = self.act(by, &promise(&what, at));
            let other = if round == 0 { supplier } else { customer };
            if self.rng.below(3) > 0 {
                self.act(other, &Act::Accept { revision, note: None });
                if self.rng.one_in(2) {
                    let declare = Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() };
                    let declare = self.act(supplier, &declare);
                    if self.rng.one_in(2) {
                        self.act(customer, &Act::Approve { declare, note: None });
                    }
                }
            }
        }
        while self.record.graph().len() < ENTRIES - 1 {
            let party = if self.rng.one_in(2) { customer } else { supplier };
            let text = sentence(self.words, &mut self.rng, 12);
            self.act(party, &Act::Note { text: open(text), about: None });
        }
    }
}

fn open(text: impl Into<String>) -> Sealable {
    Sealable::Open(text.into())
}

fn contact(at: i64, name: &str, reference: &str, summary: String) -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: at,
        seconds: Some(340),
        waited: Some(1_260),
        seat: Some(Seat::Number(1)),
        person: Some(open(name)),
        number: Some(open("+44 20 0000 0018")),
        reference: Some(open(reference)),
        summary: open(summary),
        menu: Vec::new(),
    })
}

fn promise(what: &str, at: i64) -> Act {
    let due = Due::At { instant: at, local: "2026-06-03T17:00".to_owned(), zone: "UTC".to_owned() };
    Act::Propose(new_action(ActionTerms { due: Some(due), ..terms(what, &[1], &[0]) }))
}

/// One thing that was measured.
struct Figure {
    key: &'static str,
    what: String,
    times: Vec<Duration>,
}

/// Asks a home that nothing in this process has touched before.
fn ask(home: &Path, json: bool) {
    let rounds = number("COUNTERPART_ROUNDS", 200);
    let begun = Instant::now();
    let desk = Desk::open(home).expect("a home");
    let opened = begun.elapsed();
    let (now, words) = (now(), vocabulary());
    let cases = desk.with_store(|store| store.cases()).expect("the cases");
    let idle = memory();
    let mut rng = Rng::new(3);
    let mut figures = Vec::new();
    let mut measure = |key, what: String, one: &mut dyn FnMut(usize)| {
        one(0);
        let times = (1..=rounds).map(|round| {
            let begun = Instant::now();
            one(round);
            begun.elapsed()
        });
        let times: Vec<Duration> = times.collect();
        figures.push(Figure { key, what, times });
    };
    let list = |queue: &Queue, after: Option<Cursor>| desk.queue_at(queue, after, 50, now).expect("a page");
    let all = Queue { open: Some(true), ..Queue::default() };
    let agent = |n: usize| Queue { agent: Some(format!("agent {}", n % AGENTS)), open: Some(true), ..Queue::default() };
    measure("list", "list: first page of what is open".to_owned(), &mut |_| drop(list(&all, None)));
    let mut after = None;
    measure("list_next", "list: one page after the other".to_owned(), &mut |_| after = list(&all, after).next);
    let ours = Queue { waiting_for_us: Some(true), ..Queue::default() };
    measure("list_ours", "list: waiting for us".to_owned(), &mut |_| drop(list(&ours, None)));
    let overdue = Queue { overdue: Some(true), ..Queue::default() };
    measure("list_overdue", "list: overdue".to_owned(), &mut |_| drop(list(&overdue, None)));
    measure("list_agent", "list: of one agent".to_owned(), &mut |n| drop(list(&agent(n), None)));
    let nobody = Queue { assigned: Some(false), open: Some(true), ..Queue::default() };
    measure("list_nobody", "list: with nobody".to_owned(), &mut |_| drop(list(&nobody, None)));
    let template = |n: usize| Queue { template: Some(TEMPLATES[n % 4].to_owned()), ..Queue::default() };
    measure("list_template", "list: of one template".to_owned(), &mut |n| drop(list(&template(n), None)));
    measure("loads", "who has how many".to_owned(), &mut |_| drop(desk.loads().expect("counted")));
    let search = |text: &str| desk.search(text, None, 50).expect("a page");
    let mut found = 0;
    measure("search_reference", "search: a reference".to_owned(), &mut |n| {
        found += search(&name_of(n * 31 % cases.len().max(1), &words).1).rows.len();
    });
    assert!(found > 0, "references are found");
    measure("search_name", "search: first and last name".to_owned(), &mut |n| {
        drop(search(&name_of(n * 31 % cases.len().max(1), &words).0));
    });
    measure("search_common", "search: one of the commonest words".to_owned(), &mut |n| drop(search(&words[n % 20])));
    measure("search_two", "search: two words, one common".to_owned(), &mut |n| {
        drop(search(&format!("{} {}", words[n % 20], words[1_500 + n % 500])));
    });
    for (key, count, what) in [("search_letter", 1, "letter"), ("search_two_letters", 2, "two letters")] {
        measure(key, format!("search: the first {what} of a word"), &mut |n| {
            drop(search(words[n * 17 % WORDS].get(..count).unwrap_or("b")));
        });
    }
    measure("search_prefix", "search: the first three letters of a word".to_owned(), &mut |n| {
        drop(search(words[n * 17 % WORDS].get(..3).unwrap_or("bar")));
    });
    measure("search_of_agent", "search: the same of one agent, two pages".to_owned(), &mut |n| {
        let text = words[n * 17 % WORDS].get(..3).map(str::to_owned);
        let wish = Queue { text, ..agent(n) };
        drop(list(&wish, list(&wish, None).next));
    });
    measure("search_digits", "search: the first two digits of a number".to_owned(), &mut |n| {
        drop(search(&format!("{:02}", n * 37 % 100)));
    });
    measure("search_none", "search: nothing is found".to_owned(), &mut |n| drop(search(&format!("qqq{n}"))));
    let asked = memory();
    let one = |rng: &mut Rng| *rng.pick(&cases).expect("there are cases");
    measure("open", "open one case and fold its view".to_owned(), &mut |_| {
        let record = desk.record(&one(&mut rng)).expect("a case");
        assert!(record.view().is_some(), "a case has a view");
    });
    let mut others = Rng::new(4);
    measure("record", "record one act: open, sign, on disk".to_owned(), &mut |n| {
        let act = Act::Note { text: open(sentence(&words, &mut others, 12)), about: None };
        let case = one(&mut others);
        desk.sign(&case, &act, now + i64::try_from(n).expect("few rounds")).expect("signed");
    });
    measure("assign", "give a case to somebody".to_owned(), &mut |n| {
        desk.assign(&one(&mut others), Some(&format!("Agent {}", n % AGENTS)), now).expect("assigned");
    });
    let after = memory();
    desk.with_store(|store| store.checkpoint()).expect("the log is moved");
    let bytes = fs::metadata(home.join("counterpart.db")).expect("the store").len();
    let entries: u64 = desk.summaries().expect("summaries").iter().map(|row| row.entries).sum();
    let told = Told { cases: cases.len(), entries, bytes, opened, memory: [idle, asked, after] };
    if json { print(&as_json(&figures, &told)) } else { print(&as_text(&figures, &told)) }
}

/// What else there is to say of a home.
struct Told {
    cases: usize,
    entries: u64,
    bytes: u64,
    opened: Duration,
    /// Resident, in KiB: with the desk open, after lists and searches, at the end.
    memory: [Option<u64>; 3],
}

/// Resident memory of this process, in KiB.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Median, 99th percentile and the most, in milliseconds.
fn spread(times: &[Duration]) -> [f64; 3] {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = |n: usize| times.get(n.min(times.len().saturating_sub(1))).map_or(0.0, |t| t.as_secs_f64() * 1e3);
    [at(times.len() / 2), at(times.len() * 99 / 100), at(times.len())]
}

fn as_text(figures: &[Figure], told: &Told) -> String {
    let mut text = format!("{:46}{:>10}{:>10}{:>10}  ms\n", "", "median", "p99", "most");
    for figure in figures {
        let [median, most_of, most] = spread(&figure.times);
        text.push_str(&format!("{:46}{median:>10.3}{most_of:>10.3}{most:>10.3}\n", figure.what));
    }
    let mib = |kib: Option<u64>| kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{} MiB", kib / 1024));
    text.push_str(&format!(
        "{} cases, {} entries; store {} MB, {} bytes an entry; desk opened in {:.1} ms\n",
        told.cases,
        told.entries,
        told.bytes / 1_000_000,
        told.bytes / told.entries.max(1),
        told.opened.as_secs_f64() * 1e3
    ));
    let [idle, asked, after] = told.memory.map(mib);
    text.push_str(&format!("memory: {idle} with the desk open, {asked} after lists and searches, {after} at the end"));
    text
}

fn as_json(figures: &[Figure], told: &Told) -> String {
    let one = |figure: &Figure| {
        let [median, p99, most] = spread(&figure.times);
        (figure.key.to_owned(), serde_json::json!({"unit": "ms", "median": median, "p99": p99, "most": most}))
    };
    let figures: serde_json::Map<String, serde_json::Value> = figures.iter().map(one).collect();
    let told = serde_json::json!({
        "cases": told.cases,
        "entries": told.entries,
        "store_bytes": told.bytes,
        "open_ms": told.opened.as_secs_f64() * 1e3,
        "memory_kib": told.memory,
        "figures": figures,
    });
    told.to_string()
}

#[expect(clippy::print_stdout, reason = "figures are what a benchmark gives")]
fn print(text: &str) {
    println!("{text}");
}
