//! What goes over the line between two nodes, and what distance costs: bytes an act and an idle hour, and catching up
//! 10,000 entries over a line that takes its time. Bytes are what TCP carries, without its own headers.
//!
//! `cargo bench -p counterpart-node --bench distance` prints a table, with `-- --json` one JSON object. It takes some
//! minutes, one of them doing nothing: what an idle hour costs is reckoned from that.

#[path = "figures/fixture.rs"]
#[expect(dead_code, reason = "other figures need more of it")]
mod fixture;
#[path = "figures/table.rs"]
#[expect(dead_code, reason = "other figures need more of it")]
mod table;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use counterpart_node::{Desk, Node, NodeConfig, NodeEvent, now};
use counterpart_store::{PeerAddress, Store};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
    sync::mpsc,
    time::sleep_until,
};

use crate::{
    fixture::{Fixture, JOINED, note},
    table::Table,
};

const ENTRIES: usize = 10_000;
const ACTS: usize = 100;
const IDLE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(300);
/// Delays each way, in milliseconds.
const DELAYS: [u64; 3] = [0, 20, 200];

#[expect(clippy::print_stdout, reason = "a benchmark is read on the terminal")]
fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fixture = Fixture::new(folder.path(), ENTRIES);
    let mut table = Table::default();
    for delay in DELAYS {
        let folder = folder.path().join(format!("{delay}"));
        fs::create_dir(&folder).expect("a new folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(measure(&fixture, &folder, delay, &mut table));
    }
    if std::env::args().any(|a| a == "--json") {
        println!("{}", table.json());
    } else {
        println!("{}", table.text());
    }
}

/// Two nodes with a line between them: one catches up, then the other acts, then nothing happens.
async fn measure(fixture: &Fixture, folder: &Path, delay: u64, table: &mut Table) {
    let customer = fixture.customer_home(&folder.join("customer"), ENTRIES);
    let supplier = fixture.supplier_home(&folder.join("supplier"), JOINED);
    let (here, _events) = start(&customer, &["/ip4/127.0.0.1/tcp/0"]);
    let address = here.addresses().await.into_iter().next().expect("it listens");
    let line = Line::new(port(&address), Duration::from_millis(delay)).await;
    let party = fixture.customer.party.id;
    let address = address.replace(&format!("/tcp/{}", port(&address)), &format!("/tcp/{}", line.port));
    let known = PeerAddress { case: fixture.case, party, device: None, address, last_seen: 0 };
    let mut store = Store::open(&supplier.join("counterpart.db")).expect("a store");
    store.write(|txn| txn.put_peer_address(&known)).expect("a kept address");

    let begun = Instant::now();
    let (there, mut events) = start(&supplier, &[]);
    wait(&mut events, |e| matches!(e, NodeEvent::InStep { .. })).await;
    let caught_up = begun.elapsed();
    let bytes = line.bytes();
    let what = format!("catch up {ENTRIES} entries, {delay} ms each way, from its start");
    table.times(&format!("catch_up_{delay}ms"), &what, vec![caught_up], None);
    let each = per(bytes, ENTRIES);
    table.add(&format!("catch_up_bytes_{delay}ms"), "  bytes an entry", "B", (each, each), None);

    // The receipt for what came is under way, and is no part of what follows.
    here.settled_and_receipted().await.expect("a running node");
    there.settled_and_receipted().await.expect("a running node");
    let mut times = Vec::new();
    let mut most = Vec::new();
    for n in 0..ACTS {
        let (before, begun) = (line.bytes(), Instant::now());
        let acted = here.act(fixture.case, note(n), now());
        let (id, ()) = tokio::join!(acted, wait(&mut events, |e| matches!(e, NodeEvent::NewEntries { .. })));
        id.expect("a signed note");
        times.push(begun.elapsed());
        most.push(line.bytes() - before);
    }
    let what = format!("act here to durable there, {delay} ms each way");
    table.times(&format!("act_{delay}ms"), &what, times, None);
    let all: u64 = most.iter().sum();
    let each = per(all, ACTS);
    table.add(
        &format!("act_bytes_{delay}ms"),
        "  bytes an act, both ways, with its share of receipts",
        "B",
        (each, each),
        None,
    );

    if delay == 0 {
        here.settled_and_receipted().await.expect("a running node");
        // The wait is what is measured: nothing happens here that one could wait for.
        tokio::time::sleep(Duration::from_secs(6)).await;
        let before = line.bytes();
        tokio::time::sleep(IDLE).await;
        let hour = per((line.bytes() - before) * 3600 / IDLE.as_secs(), 1);
        table.add(
            "idle_hour_bytes",
            "bytes an idle hour, both ways, reckoned from one minute",
            "B",
            (hour, hour),
            None,
        );
    }
    here.stop().await;
    there.stop().await;
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn per(bytes: u64, count: usize) -> f64 {
    bytes as f64 / count as f64
}

fn start(home: &Path, listen: &[&str]) -> (Node, mpsc::Receiver<NodeEvent>) {
    let config = NodeConfig { listen: listen.iter().map(|a| (*a).to_owned()).collect(), ..NodeConfig::default() };
    Node::start(Desk::open(home).expect("a home"), &config).expect("a running node")
}

async fn wait(events: &mut mpsc::Receiver<NodeEvent>, wanted: impl Fn(&NodeEvent) -> bool) {
    let found = async { while !wanted(&events.recv().await.expect("the node runs")) {} };
    tokio::time::timeout(PATIENCE, found).await.expect("the event comes in time");
}

fn port(address: &str) -> u16 {
    let after = address.split("/tcp/").nth(1).and_then(|rest| rest.split('/').next());
    after.and_then(|port| port.parse().ok()).expect("an address over TCP")
}

/// Carries connections to a port, each way with a delay, and counts what goes over.
struct Line {
    port: u16,
    carried: Arc<AtomicU64>,
}

impl Line {
    async fn new(to: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let carried = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&carried);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await else { continue };
                for stream in [&near, &far] {
                    stream.set_nodelay(true).expect("a socket takes it");
                }
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                carry(near_in, far_out, delay, Arc::clone(&counted));
                carry(far_in, near_out, delay, Arc::clone(&counted));
            }
        });
        Self { port, carried }
    }

    fn bytes(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }
}

/// One way. What is under way at one time is bounded, as on a real line: 4 MiB.
fn carry(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, delay: Duration, carried: Arc<AtomicU64>) {
    let (queue, mut queued) = mpsc::channel::<(tokio::time::Instant, Vec<u8>)>(64);
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            carried.fetch_add(read as u64, Ordering::Relaxed);
            let due = tokio::time::Instant::now() + delay;
            if queue.send((due, buffer[..read].to_vec())).await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((due, bytes)) = queued.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
}
