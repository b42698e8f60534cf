//! What Counterpart costs: acting, opening, catching up, disk and memory, on real files and sockets.
//!
//! `cargo bench -p counterpart-node --bench figures` prints a table, with `-- --json` one JSON object. The targets
//! stand beside the figures and fail nothing: machines differ. Figures of whole commands need
//! `cargo build --release -p counterpart-cli` first. Words after `--` leave all out but these: act, disk, sign,
//! command, today, catch-up, memory.

#[path = "figures/fixture.rs"]
mod fixture;
#[path = "figures/morning.rs"]
mod morning;
#[path = "figures/table.rs"]
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use counterpart_core::{act::Act, id::CaseId, record::Record, seal::path_to_value, statement::Entry, view::Brief};
use counterpart_node::{Desk, Node, NodeConfig, NodeEvent, now};
use counterpart_store::{CaseSummary, EntryRow, Inserted, PeerAddress, Store, StoreError};
use counterpart_testkit::{case::sign, party::Party, rng::Rng};
use tokio::{runtime::Runtime, sync::mpsc};

use crate::{
    fixture::{Fixture, JOINED, note, other_cases, summary},
    table::Table,
};

const SMALL: usize = 100;
const MIDDLE: usize = 1_000;
const LARGE: usize = 10_000;
/// As the machine of a case batches what it sends.
const BATCH: usize = 128;
const PATIENCE: Duration = Duration::from_secs(60);
/// The argument with which this program runs itself as an idle node.
const IDLE: &str = "idle-node";

#[expect(clippy::print_stdout, reason = "a benchmark is read on the terminal")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, home, ..] = arguments.as_slice()
        && first == IDLE
    {
        println!("{}", idle_memory(Path::new(home)));
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fixture = Fixture::new(folder.path(), LARGE);
    let mut table = Table::default();
    let words: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    let wanted = |word: &str| words.is_empty() || words.iter().any(|w| *w == word);
    if wanted("act") {
        acts_in_open_cases(&fixture, folder.path(), &mut table);
    }
    let homes = [SMALL, MIDDLE, LARGE].map(|n| (n, fixture.customer_home(&folder.path().join(format!("home-{n}")), n)));
    if wanted("disk") {
        size_on_disk(&homes[2].1, &mut table);
    }
    if wanted("sign") {
        whole_signing(&fixture, &homes, &mut table);
    }
    // From here on the large home holds many more cases that nobody opens.
    if wanted("command") || wanted("memory") {
        other_cases(&homes[2].1, 10_000);
    }
    if wanted("command") {
        whole_commands(&fixture, &homes, &mut table);
    }
    if wanted("today") {
        morning::mornings(&folder.path().join("morning"), &mut table);
    }
    if wanted("catch-up") {
        catch_up(&fixture, folder.path(), &mut table);
    }
    if wanted("memory") {
        memory(&homes[2].1, &mut table);
    }
    if arguments.iter().any(|a| a == "--json") {
        println!("{}", table.json());
    } else {
        println!("{}", table.text());
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed(), done)
}

fn times(count: usize, mut work: impl FnMut()) -> Vec<Duration> {
    (0..count).map(|_| timed(&mut work).0).collect()
}

/// A case in memory beside its store, as the node keeps it while a peer is connected.
struct OpenCase {
    store: Store,
    record: Record,
    rng: Rng,
}

impl OpenCase {
    fn new(fixture: &Fixture, home: &Path, entries: usize) -> Self {
        drop(fixture.customer_home(home, entries));
        let store = Store::open(&home.join("counterpart.db")).expect("a store");
        let mut record = restored(fixture, entries);
        // What is measured begins with a case that was acted on before.
        drop(record.brief());
        Self { store, record, rng: Rng::new(3) }
    }

    /// One act, durable: read the head, draft, sign, store the entry and what a list shows, in one transaction.
    fn act(&mut self, case: CaseId, party: &Party, act: &Act) {
        let Self { store, record, rng } = self;
        let author = party.author(0);
        let written = store.write(|txn| {
            txn.last_ordinal(case)?;
            let signed = sign(record, &author, &party.devices[0].key, act, now(), rng);
            let seq = u64::from(record.graph().statement(signed.ix).seq);
            let envelope = &signed.bytes;
            txn.insert_entry(&EntryRow { case, id: signed.id, device: author.device, seq, own: true, envelope })?;
            for value in &signed.values {
                txn.put_value(case, signed.id, &path_to_value(&value.path).encode(), &value.encode())?;
            }
            if let Some(brief) = record.brief() {
                txn.put_summary(&summary_of(case, &brief))?;
            }
            txn.last_ordinal(case).map(drop)
        });
        written.expect("a written act");
    }
}

fn summary_of(case: CaseId, brief: &Brief) -> CaseSummary {
    let mine = brief.waiting.first();
    CaseSummary {
        title: brief.title.clone(),
        state: brief.state.to_owned(),
        whose_move: mine.map(|w| w.expected.as_str().to_owned()).unwrap_or_default(),
        ..summary(case, brief.entries)
    }
}

/// The first entries of the case, as read back from a store.
fn restored(fixture: &Fixture, entries: usize) -> Record {
    let mut record = with_key_logs(fixture);
    for ix in fixture.record.graph().all().take(entries) {
        let entry = Entry::decode(fixture.row(ix, false).envelope).expect("a good entry").from_own_store();
        record.restore(entry).expect("an entry that comes back");
    }
    record
}

fn with_key_logs(fixture: &Fixture) -> Record {
    let mut record = Record::new();
    for event in fixture.customer.party.events.iter().chain(&fixture.supplier.party.events) {
        record.apply_key_event(event).expect("a good key event");
    }
    record
}

/// One act in a case that is open already; small and large in turns, so that whatever else the machine does hits both.
fn acts_in_open_cases(fixture: &Fixture, folder: &Path, table: &mut Table) {
    const ACTS: usize = 300;
    let mut small = OpenCase::new(fixture, &folder.join("open-small"), SMALL);
    let mut large = OpenCase::new(fixture, &folder.join("open-large"), LARGE);
    let party = &fixture.customer.party;
    let (mut in_small, mut in_large, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let mut floor = Store::open(&folder.join("floor.db")).expect("a store");
    for n in 0..ACTS {
        let act = note(n);
        in_small.push(timed(|| small.act(fixture.case, party, &act)).0);
        in_large.push(timed(|| large.act(fixture.case, party, &act)).0);
        let ix = fixture.record.graph().nth(n).expect("a long case");
        let inserted = timed(|| floor.write(|txn| txn.insert_entry(&fixture.row(ix, false))));
        assert!(matches!(inserted.1, Ok(Inserted::New(_))), "each row is new");
        bare.push(inserted.0);
    }
    table.times("insert", "one bare durable insert", bare, None);
    let few = table.times("act_100", "act in an open case of 100", in_small, None);
    let many = table.times("act_10000", "act in an open case of 10,000", in_large, None);
    table.add("act_ratio", "  ratio of the two", "", ratio(many, few), Some(1.2));
}

/// How far the time of one thing is above that of another, for the least and for the median.
fn ratio(of: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    (of.0 / to.0, of.1 / to.1)
}

fn size_on_disk(home: &Path, table: &mut Table) {
    let path = home.join("counterpart.db");
    let mut store = Store::open(&path).expect("a store");
    assert_eq!(store.checkpoint(), Ok(true), "nobody else uses the store");
    let bytes = fs::metadata(&path).expect("the store's file").len();
    #[expect(clippy::cast_precision_loss, reason = "a file far below 2^53 bytes")]
    let each = bytes as f64 / LARGE as f64;
    table.add("bytes_per_act", "bytes on disk an act", "B", (each, each), Some(1024.0));
}

fn whole_signing(fixture: &Fixture, homes: &[(usize, PathBuf)], table: &mut Table) {
    for (entries, home) in homes {
        let desk = Desk::open(home).expect("a home");
        let runs = if *entries == LARGE { 9 } else { 25 };
        let signed = times(runs, || drop(desk.sign(&fixture.case, &note(1), now()).expect("a signed note")));
        let target = (*entries == LARGE).then_some(15.0);
        table.times(&format!("sign_{entries}"), &format!("Desk::sign, case of {entries}"), signed, target);
        let mut record = desk.record(&fixture.case).expect("a case");
        let act = note(2);
        let signed =
            times(runs, || drop(desk.sign_on(&fixture.case, &mut record, &act, now()).expect("a signed note")));
        table.times(&format!("sign_on_{entries}"), &format!("Desk::sign_on, case of {entries}"), signed, target);
    }
}

/// The command, where it was built for release.
fn program() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let program = own.parent()?.parent()?.join(format!("counterpart{}", std::env::consts::EXE_SUFFIX));
    program.is_file().then_some(program)
}

fn whole_commands(fixture: &Fixture, homes: &[(usize, PathBuf)], table: &mut Table) {
    let Some(program) = program() else {
        return table
            .remark("Whole commands left out: cargo build --release -p counterpart-cli makes them.".to_owned());
    };
    let case = fixture.case.to_hex();
    let run = |home: &Path, arguments: &[&str]| {
        let mut command = Command::new(&program);
        command
            .arg("--home")
            .arg(home)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|s| s.success())
    };
    let mut measure = |what: &str, key: String, home: &Path, arguments: &[&str], target| {
        if !run(home, arguments) {
            return table.remark(format!("{what} left out: the command failed."));
        }
        let taken = times(9, || assert!(run(home, arguments), "it ran before"));
        table.times(&key, what, taken, target);
    };
    for (entries, home) in homes {
        let (shown, acted) = match *entries {
            LARGE => (Some(150.0), Some(15.0)),
            MIDDLE => (Some(30.0), None),
            _ => (None, None),
        };
        let what = format!("counterpart show, case of {entries}");
        measure(&what, format!("show_{entries}"), home, &["show", &case], shown);
        let what = format!("counterpart note, case of {entries}");
        measure(&what, format!("note_{entries}"), home, &["--yes", "note", &case, "wet again"], acted);
    }
    let home = &homes.last().expect("three homes").1;
    measure("counterpart list, 10,000 cases", "list_10000".to_owned(), home, &["list"], Some(50.0));
}

/// The same entries taken in and stored by one thread, with nothing around it: the least any catching up costs.
fn taken_in_alone(fixture: &Fixture, folder: &Path) -> (Duration, Duration) {
    let rows: Vec<&[u8]> = fixture.record.graph().all().map(|ix| fixture.row(ix, false).envelope).collect();
    let (verified, _) = timed(|| {
        let mut record = with_key_logs(fixture);
        for bytes in &rows {
            record.apply_bytes(bytes).expect("a good entry");
        }
        record
    });
    let mut store = Store::open(&folder.join("alone.db")).expect("a store");
    let places: Vec<_> = fixture.record.graph().all().collect();
    let (stored, ()) = timed(|| {
        for batch in places.chunks(BATCH) {
            let written = store.write(|txn| {
                for ix in batch {
                    txn.insert_entry(&fixture.row(*ix, false))?;
                    for value in fixture.record.values_of(&fixture.record.graph().id(*ix)) {
                        let path = path_to_value(&value.path).encode();
                        txn.put_value(fixture.case, value.entry, &path, &value.encode())?;
                    }
                }
                Ok::<_, StoreError>(())
            });
            written.expect("a written batch");
        }
    });
    (verified, stored)
}

struct Running {
    node: Node,
    events: mpsc::Receiver<NodeEvent>,
}

impl Running {
    fn start(home: &Path, listen: &[&str]) -> Self {
        let config = NodeConfig { listen: listen.iter().map(|a| (*a).to_owned()).collect(), ..NodeConfig::default() };
        let (node, events) = Node::start(Desk::open(home).expect("a home"), &config).expect("a running node");
        Self { node, events }
    }

    async fn wait(&mut self, wanted: impl Fn(&NodeEvent) -> bool) {
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.expect("the node runs");
                if wanted(&event) {
                    return;
                }
            }
        });
        found.await.expect("the event comes in time");
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn catch_up(fixture: &Fixture, folder: &Path, table: &mut Table) {
    const RUNS: usize = 3;
    let (mut alone, mut whole, mut pushed) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let folder = folder.join(format!("catch-up-{run}"));
        fs::create_dir(&folder).expect("a new folder");
        let (verified, stored) = taken_in_alone(fixture, &folder);
        alone.push(verified + stored);
        let customer = fixture.customer_home(&folder.join("customer"), LARGE);
        let supplier = fixture.supplier_home(&folder.join("supplier"), JOINED);
        let acts = if run + 1 == RUNS { 200 } else { 0 };
        let (caught_up, acts) = runtime().block_on(meet(fixture, &customer, &supplier, acts));
        whole.push(caught_up);
        pushed.extend(acts);
    }
    let alone = table.times("alone_10000", "verify and store 10,000 entries, one thread", alone, None);
    let whole = table.times("catch_up_10000", "catch up 10,000 entries over loopback", whole, None);
    table.add("catch_up_ratio", "  ratio of the two", "", ratio(whole, alone), Some(1.5));
    table.times("act_there", "act here to durable there, case of 10,000", pushed, Some(5.0));
}

/// From connected to in step, for a node that has next to nothing; then some acts from one to the other.
async fn meet(fixture: &Fixture, customer: &Path, supplier: &Path, acts: usize) -> (Duration, Vec<Duration>) {
    let here = Running::start(customer, &["/ip4/127.0.0.1/tcp/0"]);
    for address in here.node.addresses().await {
        let party = fixture.customer.party.id;
        let known = PeerAddress { case: fixture.case, party, device: None, address, last_seen: 0 };
        let mut store = Store::open(&supplier.join("counterpart.db")).expect("a store");
        store.write(|txn| txn.put_peer_address(&known)).expect("a kept address");
    }
    let mut there = Running::start(supplier, &[]);
    there.wait(|e| matches!(e, NodeEvent::Connected { .. })).await;
    let began = Instant::now();
    there.wait(|e| matches!(e, NodeEvent::InStep { .. })).await;
    let caught_up = began.elapsed();
    let mut pushed = Vec::new();
    for n in 0..acts {
        let began = Instant::now();
        let act = note(n);
        let acted = here.node.act(fixture.case, act, now());
        let (id, ()) = tokio::join!(acted, there.wait(|e| matches!(e, NodeEvent::NewEntries { .. })));
        id.expect("a signed note");
        pushed.push(began.elapsed());
    }
    here.node.stop().await;
    there.node.stop().await;
    (caught_up, pushed)
}

/// Resident memory in MiB of this process while it runs a node that nobody calls.
fn idle_memory(home: &Path) -> f64 {
    runtime().block_on(async {
        let idle = Running::start(home, &["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"]);
        idle.node.addresses().await;
        // It has looked through its store once this is answered.
        idle.node.settled().await.expect("a running node");
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
        let kib: Option<f64> = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok());
        idle.node.stop().await;
        kib.unwrap_or(0.0) / 1024.0
    })
}

fn memory(home: &Path, table: &mut Table) {
    let own = std::env::current_exe().expect("this program's own file");
    let runs = (0..3).filter_map(|_| {
        let output = Command::new(&own).arg(IDLE).arg(home).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        text.trim().parse::<f64>().ok().filter(|mib| *mib > 0.0)
    });
    let mut found: Vec<f64> = runs.collect();
    found.sort_unstable_by(f64::total_cmp);
    match found.get(found.len() / 2) {
        Some(median) => {
            table.add("idle_memory", "resident memory of an idle node", "MiB", (found[0], *median), Some(40.0));
        }
        None => table.remark("Memory left out: this system has no /proc/self/status.".to_owned()),
    }
}
