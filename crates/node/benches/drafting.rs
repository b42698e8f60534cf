//! What drafting together costs: typing 20,000 characters one by one, showing them, reading them back, and the way
//! from one desk to the other over real sockets.
//!
//! `cargo bench -p counterpart-node --bench drafting` prints a table.

use std::{
    fs,
    time::{Duration, Instant},
};

use counterpart_core::{
    act::{Role, SeatOffer},
    envelope::public_half,
    id::{CaseId, EventId, PartyId},
    record::Author,
    value::{Sealable, Seat},
    worksheet::{Field, RowId, RowKind, SignedEdit, Wish, Worksheet},
};
use counterpart_node::{Desk, Node, NodeConfig, NodeEvent, now};
use ed25519_dalek::SigningKey;
use tokio::sync::mpsc;

const CHARACTERS: usize = 20_000;
const CASE: CaseId = CaseId([7; 32]);
const PATIENCE: Duration = Duration::from_secs(30);

#[expect(clippy::print_stdout, reason = "a benchmark is read on the terminal")]
fn main() {
    let mut lines = in_memory();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    lines.extend(runtime.block_on(between_nodes()));
    for (what, figure) in lines {
        println!("{what:<76} {figure:>14}");
    }
}

type Lines = Vec<(String, String)>;

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn typist(n: u8) -> (Author, SigningKey) {
    let key = SigningKey::from_bytes(&[n; 32]);
    (Author { party: PartyId([n; 32]), device: public_half(&key), grant: EventId([n; 32]) }, key)
}

/// Two devices that type in turn, a character an edit, in the middle of what is there.
fn in_memory() -> Lines {
    let mut lines = Lines::new();
    let (ann, bob) = (typist(1), typist(2));
    let before = resident();
    let mut sheet = Worksheet::new(CASE);
    let add = [Wish::AddRow { kind: RowKind::Wording, after: None }];
    let (first, added) = sheet.edit(&ann.0, &ann.1, &sheet.state(), &add, 0).expect("a row");
    let mut edits: Vec<Vec<u8>> = first.iter().map(|edit| edit.bytes().to_vec()).collect();
    let begun = Instant::now();
    let mut last = Duration::ZERO;
    for n in 0..CHARACTERS {
        let (author, key) = if n % 2 == 0 { &ann } else { &bob };
        let wish = Wish::Splice { row: added[0], field: Field::Text, at: n / 2, delete: 0, insert: "x".to_owned() };
        let one = Instant::now();
        let shown = sheet.state();
        let (made, _) = sheet.edit(author, key, &shown, &[wish], 0).expect("a character");
        edits.extend(made.iter().map(|edit| edit.bytes().to_vec()));
        if n + 100 >= CHARACTERS {
            last += one.elapsed();
        }
    }
    lines.push((format!("{CHARACTERS} characters typed one by one by two devices"), ms(begun.elapsed())));
    lines.push(("one character when all the others are there".to_owned(), ms(last / 100)));
    let shown = Instant::now();
    let view = sheet.view().expect("a view");
    lines.push(("showing it, with who wrote what".to_owned(), ms(shown.elapsed())));
    assert_eq!(view.rows[0].text(Field::Text).chars().count(), CHARACTERS);
    lines.push(("memory for it".to_owned(), format!("{} kB", resident().saturating_sub(before))));
    let bytes: usize = edits.iter().map(Vec::len).sum();
    lines.push(("signed bytes an edit".to_owned(), format!("{} B", bytes / edits.len())));
    lines.push(("the document, saved".to_owned(), format!("{} B", sheet.save().expect("a document").len())));

    let read = Instant::now();
    let mut again = Worksheet::new(CASE);
    for bytes in &edits {
        again.take(SignedEdit::decode(bytes).expect("an edit").from_own_store()).expect("taken");
    }
    lines.push(("reading the edits from the store".to_owned(), ms(read.elapsed())));
    let read = Instant::now();
    assert_eq!(again.view().expect("a view"), view);
    lines.push(("making the document of them and showing it".to_owned(), ms(read.elapsed())));
    let verified = Instant::now();
    for bytes in &edits {
        SignedEdit::decode(bytes).and_then(SignedEdit::verify).expect("signed");
    }
    lines.push(("checking their signatures".to_owned(), ms(verified.elapsed())));
    lines
}

struct Side {
    desk: Desk,
    node: Node,
    events: mpsc::Receiver<NodeEvent>,
}

impl Side {
    fn start(home: &std::path::Path, listen: &[&str]) -> Self {
        Desk::init(home).expect("an identity");
        let config = NodeConfig { listen: listen.iter().map(|a| (*a).to_owned()).collect(), ..NodeConfig::default() };
        let (node, events) = Node::start(Desk::open(home).expect("a home"), &config).expect("a node");
        Self { desk: Desk::open(home).expect("a home"), node, events }
    }

    async fn wait(&mut self, wanted: impl Fn(&NodeEvent) -> bool) {
        let found = async { while !wanted(&self.events.recv().await.expect("the node runs")) {} };
        tokio::time::timeout(PATIENCE, found).await.expect("in time");
    }
}

async fn between_nodes() -> Lines {
    let folder = tempfile::tempdir().expect("a folder");
    let here = Side::start(&folder.path().join("here"), &["/ip4/127.0.0.1/tcp/0"]);
    let mut there = Side::start(&folder.path().join("there"), &[]);
    let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let others = vec![offer(Role::Supplier, "Acme")];
    let open = here.desk.open_act("A case", offer(Role::Customer, "Ann"), others, "Europe/London", None);
    let case = here.desk.new_case(&open, now()).expect("a case");
    let addresses = here.node.addresses().await;
    let link = here.desk.invite(&case, Seat::Number(1), None, now() + 3_600_000, addresses, now()).expect("a link");
    there.desk.begin_join(&link, now()).expect("a join");
    there.wait(|event| matches!(event, NodeEvent::Joined(_))).await;

    let shown = here.desk.worksheet(&case).expect("a worksheet").state;
    let add = [Wish::AddRow { kind: RowKind::Wording, after: None }];
    let row: RowId = here.desk.edit_worksheet(&case, &shown, &add, now()).expect("a row").added[0];
    let mut text = "word ".repeat(CHARACTERS / 5);
    let mut shown = here.desk.worksheet(&case).expect("a worksheet").state;
    let (mut kept, mut arrived) = (Vec::new(), Vec::new());
    for _ in 0..101 {
        text.push('x');
        let wish = [Wish::Rewrite { row, field: Field::Text, text: text.clone() }];
        let begun = Instant::now();
        shown = here.desk.edit_worksheet(&case, &shown, &wish, now()).expect("a change").view.state;
        kept.push(begun.elapsed());
        let mut seen = there.desk.worksheet(&case).expect("a worksheet");
        while seen.rows.first().is_none_or(|row| row.text(Field::Text) != text) {
            there.wait(|event| matches!(event, NodeEvent::Worksheet { .. })).await;
            seen = there.desk.worksheet(&case).expect("a worksheet");
        }
        arrived.push(begun.elapsed());
    }
    let middle = |times: &mut Vec<Duration>| {
        times.remove(0);
        times.sort_unstable();
        ms(times[times.len() / 2])
    };
    vec![
        (format!("at the desk, {CHARACTERS} characters there: one more, durable and shown"), middle(&mut kept)),
        ("from there until the other desk shows it, loopback".to_owned(), middle(&mut arrived)),
    ]
}
