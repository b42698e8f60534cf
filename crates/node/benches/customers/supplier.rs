//! The supplier's process: the real node on its home, and agents who answer what customers write.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::BufRead as _,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};

use counterpart_core::id::CaseId;
use counterpart_node::{Desk, Node, NodeConfig, NodeEvent, now};
use serde_json::{Value as Json, json};

use super::{home::note, micros, print, status};

/// Agents who answer, each at a desk of their own as in processes of their own.
const AGENTS: usize = 4;
/// Ticks of the processor's clock in a second, as Linux counts them for everybody.
const TICKS: f64 = 100.0;

/// When an act was stored here, and when its answer was begun.
#[derive(Default, Clone, Copy)]
struct Times {
    stored: u64,
    signed: u64,
}

type Book = Arc<Mutex<BTreeMap<CaseId, Times>>>;

fn of(book: &Book) -> std::sync::MutexGuard<'_, BTreeMap<CaseId, Times>> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn run(home: &Path, customers: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let most = u32::try_from(customers + 128).expect("not so many").max(512);
    let listen = vec!["/ip4/127.0.0.1/tcp/0".to_owned()];
    let config = NodeConfig { listen, connections: Some(most), ..NodeConfig::default() };
    let (node, mut events) = {
        let _inside = runtime.enter();
        Node::start(Desk::open(home).expect("a home"), &config).expect("a running node")
    };
    let address = runtime.block_on(node.addresses()).into_iter().next().expect("it listens");
    let (book, phase): (Book, Arc<AtomicU32>) = Default::default();
    let (to_answer, questions) = mpsc::channel::<CaseId>();
    let questions = Arc::new(Mutex::new(questions));
    for _ in 0..AGENTS {
        let (desk, questions, book) = (Desk::open(home).expect("a home"), Arc::clone(&questions), Arc::clone(&book));
        thread::spawn(move || {
            loop {
                let next = questions.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(case) = next else { return };
                of(&book).entry(case).or_default().signed = micros();
                desk.sign(&case, &note("We look into it today.".to_owned()), now()).expect("a signed answer");
            }
        });
    }
    let (counted, current) = (Arc::clone(&book), Arc::clone(&phase));
    runtime.spawn(async move {
        let mut taken: BTreeSet<(u32, CaseId)> = BTreeSet::new();
        while let Some(event) = events.recv().await {
            if let NodeEvent::NewEntries { case, .. } = event {
                let phase = current.load(Ordering::Relaxed);
                // The first is the customer's act; the next one is our own answer, taken in from the store.
                if phase > 0 && taken.insert((phase, case)) {
                    of(&counted).entry(case).or_default().stored = micros();
                    to_answer.send(case).expect("agents");
                }
            }
        }
    });
    print(&json!({"address": address}).to_string());
    let port = address.split("/tcp/").nth(1).and_then(|rest| rest.split('/').next()?.parse().ok());
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let answer = match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["state"] => state(port.expect("a port")),
            ["phase", number] => {
                of(&book).clear();
                phase.store(number.parse().expect("a number"), Ordering::Relaxed);
                json!({})
            }
            ["times"] => {
                let one = |(case, times): (&CaseId, &Times)| {
                    (case.to_hex(), json!({"stored": times.stored, "signed": times.signed}))
                };
                Json::Object(of(&book).iter().map(one).collect())
            }
            _ => break,
        };
        print(&answer.to_string());
    }
}

fn state(port: u16) -> Json {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in brackets, may have spaces in it.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    json!({
        "memory_kib": status("VmRSS"),
        "memory_most_kib": status("VmHWM"),
        "cpu": (ticks(11) + ticks(12)) / TICKS,
        "connections": established(port),
    })
}

/// Connections over TCP that stand at this end, as the system counts them.
fn established(port: u16) -> usize {
    let text = fs::read_to_string("/proc/self/net/tcp").unwrap_or_default();
    let here = format!(":{port:04X}");
    let stands = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        matches!(fields.as_slice(), [_, local, _, "01", ..] if local.ends_with(&here))
    };
    text.lines().filter(stands).count()
}
