//! Attached files between running nodes: resumed after a cut, behind entries, fetched by one who only looks in, erased.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    id::{CaseId, EntryId},
    seal::PathStep,
    value::Sealable,
};
use counterpart_node::{Desk, Node, NodeConfig, NodeEvent, now};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::side::{Side, TCP, all_well, joined, texts};

const MIB: usize = 1024 * 1024;

/// Bytes that no compression or repetition helps with, the same in every run.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

impl Side {
    /// Keeps a file and puts it on record, as the command does.
    fn attach(&self, case: &CaseId, bytes: &[u8]) -> (FileRef, EntryId) {
        let desk = self.desk();
        let path = self.home.join("to attach");
        fs::write(&path, bytes).expect("written");
        let file = FileRef::of(bytes);
        desk.keep_file(case, &file, &path).expect("kept");
        fs::remove_file(path).expect("removed");
        let size = i64::try_from(file.size).expect("small");
        let name = Sealable::Open("meter of Ms Shah.jpg".to_owned());
        let act = Act::Attach { sha256: file.sha256, size, name, media: None, about: None };
        let (_, signed) = desk.sign(case, &act, now()).expect("a file on record");
        (file, signed.id)
    }

    fn holds(&self, case: &CaseId, file: &FileRef) -> bool {
        self.record(case).holds_file(file)
    }

    /// Bytes of a file that have come.
    fn come(&self, case: &CaseId, file: &FileRef) -> u64 {
        let here = self.desk().files_here(case).expect("listed");
        here.parts.iter().find(|(part, _)| part == file).map_or(0, |(_, bytes)| *bytes)
    }
}

/// Something between two nodes that counts what passes, and can hold it up or cut it off.
struct Between {
    address: String,
    passed: Arc<AtomicUsize>,
    /// How many bytes may pass until it stops; then the connections are cut, if so told.
    gate: watch::Sender<Gate>,
}

#[derive(Clone, Copy)]
struct Gate {
    until: usize,
    cut: bool,
}

impl Between {
    /// In front of a node's address, such as `/ip4/127.0.0.1/tcp/4001/p2p/...`.
    async fn before(address: &str) -> Self {
        let words: Vec<&str> = address.split('/').collect();
        let to = format!("{}:{}", words[2], words[4]);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port().to_string();
        let mut own = words.clone();
        own[4] = &port;
        let passed = Arc::new(AtomicUsize::new(0));
        let (gate, watched) = watch::channel(Gate { until: usize::MAX, cut: false });
        let between = Self { address: own.join("/"), passed: Arc::clone(&passed), gate };
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(&to).await else { continue };
                let (near_read, near_write) = near.into_split();
                let (far_read, far_write) = far.into_split();
                let there = pass(near_read, far_write, Arc::new(AtomicUsize::new(0)), watched.clone());
                // What the node behind sends is what is counted.
                let back = pass(far_read, near_write, Arc::clone(&passed), watched.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = there => {}
                        () = back => {}
                    }
                });
            }
        });
        between
    }

    fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    fn stop_at(&self, until: usize, cut: bool) {
        self.gate.send(Gate { until, cut }).expect("watched");
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    passed: Arc<AtomicUsize>,
    mut gate: watch::Receiver<Gate>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let stop = *gate.borrow_and_update();
        if passed.load(Ordering::SeqCst) >= stop.until {
            if stop.cut || gate.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Ok(got) = from.read(&mut buffer).await else { return };
        passed.fetch_add(got, Ordering::SeqCst);
        if got == 0 || to.write_all(&buffer[..got]).await.is_err() {
            return;
        }
    }
}

/// As [`joined`], the supplier calling through something in between.
async fn joined_through(folder: &Path) -> (Side, Side, CaseId, Between) {
    let home = folder.join("customer");
    Desk::init(&home).expect("a new identity");
    // What it says of itself leads nowhere from here, so that nobody finds a way around.
    let announced = texts(&["/ip4/192.0.2.1/tcp/4001"]);
    let config = NodeConfig { listen: texts(&[TCP]), announced, ..NodeConfig::default() };
    let customer = Side::start_as(&home, &config);
    let mut supplier = Side::new(&folder.join("supplier"), &[]);
    let between = Between::before(&customer.node.addresses().await[0]).await;
    let (case, mut link) = customer.invite().await;
    link.addresses = vec![between.address.clone()];
    supplier.join(&link).await;
    let mut customer = customer;
    customer.until("the supplier joins", |c| c.view(&case).seats[1].joined).await;
    (customer, supplier, case, between)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_cut_off_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, mut supplier, case, between) = joined_through(folder.path()).await;
    let photo = noise(5 * MIB);
    let before = between.passed();
    // Cut in the middle, then once more.
    for (n, share) in [2, 4].into_iter().enumerate() {
        between.stop_at(before + share * MIB, true);
        if n == 0 {
            customer.attach(&case, &photo);
        }
        supplier.wait(|e| matches!(e, NodeEvent::Disconnected { .. })).await;
        let come = supplier.come(&case, &FileRef::of(&photo));
        let least = ((share - 1) * MIB) as u64;
        assert!(come >= least, "{come} bytes have come and are kept");
    }
    between.stop_at(usize::MAX, false);
    let file = FileRef::of(&photo);
    supplier.until("all of it comes", |s| s.holds(&case, &file)).await;
    let sent = between.passed() - before;
    assert!(sent * 10 < 13 * photo.len(), "{sent} bytes were sent for {}", photo.len());
    let mut kept = Vec::new();
    let mut source = supplier.desk().open_file(&case, &file).expect("here");
    std::io::Read::read_to_end(&mut source, &mut kept).expect("read");
    assert!(kept == photo);
    assert_eq!(supplier.come(&case, &file), 0, "no part is left beside the whole");
    // And that it came is in their receipt.
    let lacking = |c: &Side| {
        let record = c.record(&case);
        let supplier = record.lens().members()[1];
        let last = record.receipts().iter().filter(|r| r.receipt.party == supplier).map(|r| &r.receipt);
        last.max_by_key(|r| r.number).is_none_or(|r| !r.lacking.is_empty())
    };
    customer.until_seen("a receipt says that nothing is lacking", |c| !lacking(c)).await;
    let homes = [customer.home.clone(), supplier.home.clone()];
    customer.node.stop().await;
    supplier.node.stop().await;
    all_well(homes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_overtakes_a_large_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, mut supplier, case, between) = joined_through(folder.path()).await;
    // Held up after the first part of it, without being cut.
    between.stop_at(between.passed() + MIB, false);
    let (file, _) = customer.attach(&case, &noise(24 * MIB));
    supplier.until_seen("it begins", |s| s.come(&case, &file) > 0).await;
    let note = Act::Note { text: Sealable::Open("the meter is in the cellar".to_owned()), about: None };
    let (_, note) = customer.desk().sign(&case, &note, now()).expect("a note");
    between.stop_at(usize::MAX, false);
    let said = |e: &NodeEvent| matches!(e, NodeEvent::NewEntries { entries, .. } if entries.contains(&note.id));
    let first = supplier.wait(|e| said(e) || matches!(e, NodeEvent::File { .. })).await;
    assert!(said(&first), "the note came first: {first:?}");
    assert!(supplier.come(&case, &file) < file.size);
    supplier.until("the file comes too", |s| s.holds(&case, &file)).await;
}

/// Who runs no node all the time and only looks in gives its files, and gets those of others, before it stops.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_in_once_brings_files_both_ways() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let Side { home, node, .. } = supplier;
    node.stop().await;
    let desk = || Desk::open(&home).expect("a home");
    let path = folder.path().join("bill.pdf");
    let (ours, theirs) = (noise(MIB + 7), noise(700_001));
    fs::write(&path, &theirs).expect("written");
    let file = FileRef::of(&theirs);
    desk().keep_file(&case, &file, &path).expect("kept");
    let size = i64::try_from(file.size).expect("small");
    let name = Sealable::Open("bill.pdf".to_owned());
    let act = Act::Attach { sha256: file.sha256, size, name, media: None, about: None };
    desk().sign(&case, &act, now()).expect("a file on record");
    let (our_file, _) = customer.attach(&case, &ours);
    let (node, _events) = Node::start(desk(), &NodeConfig::default()).expect("a running node");
    let outcomes = node.settled().await.expect("settled");
    assert!(outcomes.iter().all(|o| o.failed.is_none()), "{outcomes:?}");
    node.stop().await;
    assert!(customer.holds(&case, &file), "the file was there before the other side stopped");
    assert!(desk().record(&case).expect("the case").holds_file(&our_file));
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

fn is_anywhere(home: &Path, needle: &[u8]) -> bool {
    // A socket cannot be read, and holds nothing.
    let read = |path: PathBuf| fs::read(path).unwrap_or_default();
    files_below(home).into_iter().map(read).any(|bytes| bytes.windows(needle.len()).any(|w| w == needle))
}

/// Both nodes run all the while: what is erased is gone from their memory and their files, and does not come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erased_beside_a_running_node_is_gone_for_good() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let photo = noise(300_000);
    let (file, entry) = customer.attach(&case, &photo);
    supplier.until("the file comes", |s| s.holds(&case, &file)).await;
    let (words, middle) = (b"meter of Ms Shah.jpg".as_slice(), &photo[150_000..150_064]);
    for side in [&customer, &supplier] {
        assert!(is_anywhere(&side.home, words) && is_anywhere(&side.home, middle));
    }
    let values = customer.desk().with_store(|store| store.values_of(case, entry)).expect("read");
    let paths = ["name", "sha256"].map(|key| vec![PathStep::Key(key.to_owned())]);
    for path in &paths {
        let erased = Act::Erased { entry, path: path.clone(), reason: None };
        customer.desk().sign(&case, &erased, now()).expect("its own word");
    }
    let gone =
        |side: &Side| !is_anywhere(&side.home, words) && !is_anywhere(&side.home, middle) && !side.holds(&case, &file);
    assert!(gone(&customer), "as soon as the command is done");
    supplier.until("the supplier hears of it", |s| s.record(&case).erasures(&entry).len() == 2).await;
    assert!(supplier.holds(&case, &file) && is_anywhere(&supplier.home, words), "their copy is theirs");
    // Cut off and connected again, the customer's node, whose memory held it, neither asks for it nor takes it.
    for _ in 0..2 {
        customer.node.disconnect();
        supplier.wait(|e| matches!(e, NodeEvent::Disconnected { .. })).await;
        customer.node.reconnect();
        supplier.wait(|e| matches!(e, NodeEvent::Connected { .. })).await;
        supplier.wait(|e| matches!(e, NodeEvent::InStep { .. })).await;
        assert!(gone(&customer));
    }
    // The supplier's running node signs it in memory.
    for path in paths {
        let erased = Act::Erased { entry, path, reason: None };
        supplier.node.act(case, erased, now()).await.expect("its own word");
    }
    // It overwrites the traces beside its loop.
    supplier.until_seen("it is gone", gone).await;
    customer.until("the customer hears of it", |c| c.record(&case).erasures(&entry).len() == 4).await;
    assert!(gone(&customer) && gone(&supplier));
    let homes = [customer.home.clone(), supplier.home.clone()];
    customer.node.stop().await;
    supplier.node.stop().await;
    all_well(homes.clone());
    assert!(homes.iter().all(|home| !is_anywhere(home, words) && !is_anywhere(home, middle)));

    // Put back behind its back, as by a process that had not heard of it: found and erased when the case is next opened.
    let desk = Desk::open(&homes[0]).expect("a home");
    let put = |store: &mut counterpart_store::Store| {
        store.write(|txn| values.iter().try_for_each(|v| txn.put_value(case, v.entry, &v.path, &v.disclosure)))
    };
    desk.with_store(put).expect("written");
    let path = folder.path().join("again.jpg");
    fs::write(&path, &photo).expect("written");
    desk.keep_file(&case, &file, &path).expect("kept");
    assert!(is_anywhere(&homes[0], words) && is_anywhere(&homes[0], middle));
    let record = desk.record(&case).expect("the case");
    assert!(!record.holds_file(&file) && record.values_of(&entry).is_empty(), "it does not count");
    drop(desk);
    let customer = Side::start(&homes[0], &[TCP]);
    let thanks = Act::Thank { text: Sealable::Open("well done".to_owned()), seat: None, person: None, about: None };
    customer.node.act(case, thanks, now()).await.expect("thanks");
    customer.until_seen("it is gone", gone).await;
    customer.node.stop().await;
    all_well([homes[0].clone()]);
}
