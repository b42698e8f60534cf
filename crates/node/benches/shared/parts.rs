//! The processes: a node of the organisation, and a customer. Each does what it is told by lines, and says what came of it.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, TryRecvError},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    id::{CaseId, EntryId},
    invitation::Link,
    value::{Sealable, Seat},
};
use counterpart_node::{Desk, Node, NodeConfig, NodeEvent, now};
use data_encoding::HEXLOWER;
use tokio::runtime::Runtime;

use super::{DESKS, PATIENCE, tell};

/// What the whole says to this part, a line each.
fn wishes() -> Receiver<Vec<String>> {
    let (sender, wishes) = mpsc::channel();
    thread::spawn(move || {
        let lines = std::io::stdin().lines().map_while(Result::ok);
        lines.map(|line| line.split(' ').map(str::to_owned).collect()).try_for_each(|wish| sender.send(wish))
    });
    wishes
}

/// A running node, and how many links it has had so far.
fn started(home: &Path) -> (Runtime, Node, Arc<AtomicUsize>) {
    let runtime = Runtime::new().expect("a runtime");
    let desk = Desk::open(home).expect("a home");
    let config = NodeConfig { listen: vec!["/ip4/127.0.0.1/tcp/0".to_owned()], ..NodeConfig::default() };
    let (node, mut events) = {
        let _inside = runtime.enter();
        Node::start(desk, &config).expect("a running node")
    };
    let links = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&links);
    runtime.spawn(async move {
        while let Some(event) = events.recv().await {
            if matches!(event, NodeEvent::Connected { .. }) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    (runtime, node, links)
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn hex(id: [u8; 32]) -> String {
    HEXLOWER.encode(&id)
}

fn case_of(text: &str) -> CaseId {
    let bytes = HEXLOWER.decode(text.as_bytes()).expect("a case");
    CaseId(bytes.try_into().expect("a case"))
}

fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

fn from_now(seconds: &str) -> Instant {
    Instant::now() + Duration::from_secs(seconds.parse().expect("a number"))
}

/// A node of the organisation.
pub(super) fn node(home: &Path) {
    let (runtime, node, _links) = started(home);
    tell("ready");
    for wish in wishes() {
        match wish.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["join", link] => {
                let link = Link::parse(link).expect("a link");
                let desk = Desk::open(home).expect("a home");
                desk.begin_join(&link, now()).expect("a join");
                node.poke();
                let own = desk.party();
                until("it joins", || desk.record(&link.case).is_ok_and(|record| record.lens().joined(&own)));
                tell("joined");
            }
            ["act", seconds, cases @ ..] => {
                let end = from_now(seconds);
                let cases: Vec<CaseId> = cases.iter().map(|case| case_of(case)).collect();
                let sign = |first: usize| {
                    let desk = Desk::open(home).expect("a home");
                    let mine = cases.iter().skip(first).step_by(DESKS);
                    for (n, case) in mine.cycle().enumerate() {
                        if Instant::now() >= end {
                            break;
                        }
                        match desk.sign(case, &note(&format!("looked into it, {first} {n}")), now()) {
                            Ok((_, signed)) => tell(&format!("acked {} {}", hex(case.0), hex(signed.id.0))),
                            Err(why) => tell(&format!("failed {why}")),
                        }
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

/// A customer, who comes, says something, hears what is new, and goes.
pub(super) fn customer(home: &Path) {
    let (runtime, node, links) = started(home);
    let desk = Desk::open(home).expect("a home");
    let mut cases = Vec::new();
    let wishes = wishes();
    tell("ready");
    for wish in &wishes {
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
            ["visit", seconds, patience, receipts] => {
                let end = from_now(seconds);
                let patience = Duration::from_millis(patience.parse().expect("a number"));
                let (mut visits, mut in_vain, before) = (0, 0, links.load(Ordering::Relaxed));
                let mut seen = BTreeSet::new();
                cases.iter().for_each(|case| drop(receipted(&desk, case, &mut seen)));
                node.disconnect();
                for case in cases.iter().cycle() {
                    // The only wish that can come meanwhile is to leave.
                    if Instant::now() >= end || wishes.try_recv() != Err(TryRecvError::Empty) {
                        break;
                    }
                    desk.sign(case, &note("any news?"), now()).expect("signed");
                    node.reconnect();
                    let outcomes = runtime.block_on(async { tokio::time::timeout(patience, node.settled()).await });
                    // Where entries keep coming nobody is in step for long: then the customer goes all the same.
                    let outcomes = outcomes.map_or_else(|_| Vec::new(), |settled| settled.expect("a running node"));
                    node.disconnect();
                    let well = |case: &CaseId| outcomes.iter().any(|o| o.case == *case && o.failed.is_none());
                    let all_well = cases.iter().all(well);
                    visits += usize::from(all_well);
                    in_vain += usize::from(!all_well);
                    if *receipts == "true" {
                        for entry in receipted(&desk, case, &mut seen) {
                            tell(&format!("receipted {} {} {}", hex(case.0), hex(entry.0), micros()));
                        }
                    }
                }
                let sessions = links.load(Ordering::Relaxed) - before;
                tell(&format!("visited {visits} {sessions} {in_vain}"));
            }
            _ => break,
        }
    }
    runtime.block_on(node.stop());
}

/// Microseconds since 1970: the one clock that all processes and the database share.
pub(super) fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    since.as_micros().try_into().expect("a clock of this age")
}

/// The notes of ours that the other side gave receipts for, each once.
fn receipted(desk: &Desk, case: &CaseId, seen: &mut BTreeSet<EntryId>) -> Vec<EntryId> {
    let record = desk.record(case).expect("the case");
    let (graph, own) = (record.graph(), desk.author().device);
    let theirs = record.receipts().iter().filter(|signed| signed.receipt.party != desk.party());
    let heads: Vec<_> = theirs.flat_map(|signed| &signed.receipt.heads).filter_map(|head| graph.find(head)).collect();
    let covered = graph.all().filter(|ix| graph.statement(*ix).device == own && graph.covered_by(*ix, &heads));
    covered.map(|ix| graph.id(ix)).filter(|id| seen.insert(*id)).collect()
}
