//! A process of customers: each has a case, a transport and a connection of its own, and holds what it has in memory.

use std::{
    collections::BTreeMap,
    io::BufRead as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use counterpart_core::{
    id::{CaseId, PartyId},
    record::{Author, Record},
    seal::Disclosure,
    statement::Entry,
    sync::{
        LinkId, Machine, Notice, Output,
        hello::{Ask, Greeted, Handshake, Identity, Reached},
    },
};
use counterpart_net::{Address, Channel, Config, Net, PeerId, Protocol, TransportSecret};
use counterpart_node::now;
use counterpart_store::Store;
use ed25519_dalek::SigningKey;
use serde_json::{Value as Json, json};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{
    home::{customer, note},
    micros, print, show,
};

const LINK: LinkId = LinkId(1);
/// Of each case so many entries are not here yet when it is connected.
const MISSING: usize = 2;
/// After a call that came to nothing the next one is made so much later.
const AGAIN: Duration = Duration::from_millis(250);

/// What a customer is told.
#[derive(Debug, Clone)]
enum Told {
    Connect(Address, PeerId),
    /// Act at this time, microseconds since 1970.
    Act(u64),
}

/// What a customer says.
enum Said {
    InStep { connected: u64, in_step: u64 },
    Answered { case: CaseId, acted: u64, answered: u64 },
}

pub(super) fn run(home: &Path, first: usize, count: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let store = Store::open(&home.join("counterpart.db")).expect("a store");
    let all = cases(&store);
    let (say, mut said) = mpsc::unbounded_channel();
    let retries = Arc::new(AtomicU64::new(0));
    let mut customers = Vec::new();
    for n in first..first + count {
        let (party, secret) = customer(n);
        let (case, record) = read(&store, &all, party.id);
        let (tell, told) = mpsc::unbounded_channel();
        let one = Customer {
            case,
            author: party.author(0),
            identity: party.identity(0),
            key: party.devices[0].key.clone(),
            secret,
            retries: Arc::clone(&retries),
            say: say.clone(),
        };
        runtime.spawn(one.live(record, told));
        customers.push(tell);
    }
    drop(store);
    print(&json!({}).to_string());
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let answer = match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["connect", address] => {
                let address = Address::parse(address).expect("an address");
                let peer = address.peer().expect("whose it is");
                for tell in &customers {
                    tell.send(Told::Connect(address.clone(), peer.clone())).expect("a customer");
                }
                let (mut connected, mut in_step) = (Vec::new(), Vec::new());
                while in_step.len() < count {
                    if let Some(Said::InStep { connected: at, in_step: then }) = said.blocking_recv() {
                        connected.push(at);
                        in_step.push(then);
                    }
                }
                json!({"connected": connected, "in_step": in_step, "retries": retries.load(Ordering::Relaxed)})
            }
            ["act", begun, rate, all] => {
                let [begun, rate, all] = [begun, rate, all].map(|text| text.parse::<u64>().expect("a number"));
                for (n, tell) in customers.iter().enumerate() {
                    // In an order in which those of all processes are mixed.
                    let place = (n as u64) * (all / count as u64).max(1) + (first / count.max(1)) as u64;
                    let later = (place % all * 1_000_000).checked_div(rate).unwrap_or_default();
                    tell.send(Told::Act(begun + later)).expect("a customer");
                }
                let mut acts: Vec<Json> = Vec::new();
                while acts.len() < count {
                    if let Some(Said::Answered { case, acted, answered }) = said.blocking_recv() {
                        acts.push(json!({"case": case.to_hex(), "acted": acted, "answered": answered}));
                    }
                }
                json!({"acts": acts})
            }
            _ => break,
        };
        print(&answer.to_string());
    }
}

/// Which case is whose.
fn cases(store: &Store) -> BTreeMap<PartyId, CaseId> {
    let mut all = BTreeMap::new();
    for case in store.cases().expect("cases") {
        let first = store.entries_after(case, 0).expect("entries").into_iter().next().expect("it was opened");
        let entry = Entry::decode(&first.envelope).expect("an entry");
        all.insert(entry.statement.party, case);
    }
    all
}

/// A customer's case but for its last entries.
fn read(store: &Store, all: &BTreeMap<PartyId, CaseId>, party: PartyId) -> (CaseId, Record) {
    let case = *all.get(&party).expect("a case of theirs");
    let mut record = Record::new();
    let mut entries = store.entries_after(case, 0).expect("entries");
    entries.truncate(entries.len().saturating_sub(MISSING));
    let entries: Vec<_> =
        entries.into_iter().map(|row| Entry::decode(&row.envelope).expect("an entry").from_own_store()).collect();
    let mut parties: Vec<PartyId> = entries.iter().map(|entry| entry.statement.party).collect();
    parties.sort_unstable();
    parties.dedup();
    for event in parties.iter().flat_map(|party| store.key_events(*party).expect("a key log")) {
        record.apply_key_event(&event.envelope).expect("a good log");
    }
    for entry in entries {
        let id = entry.id;
        record.restore(entry).expect("a good entry");
        for value in store.values_of(case, id).expect("values") {
            record.apply_value(Disclosure::decode(&value.disclosure).expect("a value")).expect("a good value");
        }
    }
    (case, record)
}

struct Customer {
    case: CaseId,
    author: Author,
    identity: Identity,
    key: SigningKey,
    secret: [u8; 32],
    retries: Arc<AtomicU64>,
    say: mpsc::UnboundedSender<Said>,
}

impl Customer {
    async fn live(self, record: Record, mut told: mpsc::UnboundedReceiver<Told>) {
        let Some(Told::Connect(address, peer)) = told.recv().await else { return };
        let (net, mut events) = Net::start(Config::new(TransportSecret::new(self.secret))).expect("a transport");
        net.know([peer.clone()].into());
        // Nobody calls here; what happens is taken so that nothing waits for it.
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        let mut machine = Machine::new(self.case, record, self.author, Vec::new());
        let (channel, greeted) = loop {
            match self.call(&net, &address, &peer).await {
                Some(called) => break called,
                None => {
                    self.retries.fetch_add(1, Ordering::Relaxed);
                    sleep(AGAIN).await;
                }
            }
        };
        let connected = micros();
        let other = machine.admit(&greeted, now()).expect("the supplier is in the case");
        machine.connected(LINK, other, now());
        self.keep_in_step(machine, channel, told, connected).await;
    }

    async fn call(&self, net: &Net, address: &Address, peer: &PeerId) -> Option<(Channel, Box<Greeted>)> {
        let mut channel = net.open(peer.clone(), vec![address.clone()], Protocol::Case).await.ok()?;
        let nonce: [u8; 32] = std::array::from_fn(|n| self.secret[n] ^ 0x5a);
        let mut handshake =
            Handshake::dial(self.identity.clone(), peer.as_bytes().to_vec(), Ask::Open(self.case), nonce);
        loop {
            while let Some(frame) = handshake.poll_output() {
                channel.send(&frame).await.ok()?;
            }
            let frame = channel.recv().await.ok()??;
            match handshake.handle_frame(&frame, &self.key).ok()? {
                Some(Reached::Ready(greeted)) => return Some((channel, greeted)),
                Some(_) => return None,
                None => {}
            }
        }
    }

    async fn keep_in_step(
        self,
        mut machine: Machine,
        channel: Channel,
        mut told: mpsc::UnboundedReceiver<Told>,
        connected: u64,
    ) {
        let (mut sender, mut receiver) = channel.split();
        let (frames, mut coming) = mpsc::channel::<Vec<u8>>(4);
        tokio::spawn(async move {
            while let Ok(Some(frame)) = receiver.recv().await {
                if frames.send(frame).await.is_err() {
                    return;
                }
            }
        });
        let (mut wake, mut due, mut acted, mut in_step): (Option<i64>, Option<u64>, Option<u64>, bool) =
            (None, None, None, false);
        loop {
            while let Some(output) = machine.poll_output() {
                match output {
                    // One that is gone says so where frames come from.
                    Output::Send { frame, .. } => sender.send(&frame).await.unwrap_or_default(),
                    Output::SignReceipt(receipt) => machine.receipt_signed(receipt.sign(&self.key), now()),
                    Output::WakeAt(at) => wake = Some(at),
                    Output::Close { reason, .. } => give_up(&format!("the supplier ended it: {reason}")),
                    Output::Notify(Notice::Entries(_)) => {
                        // The first word of entries after an act is of that act, the second of the answer.
                        if let Some(at) = acted
                            && due.take().is_none()
                        {
                            acted = None;
                            let said = Said::Answered { case: self.case, acted: at, answered: micros() };
                            self.say.send(said).unwrap_or_default();
                        }
                    }
                    Output::Notify(Notice::Refused { refusal, .. }) => give_up(&format!("refused: {refusal}")),
                    // What is held is held in memory.
                    _ => {}
                }
            }
            if !in_step && machine.peer_status().iter().any(|status| status.in_step()) {
                in_step = true;
                self.say.send(Said::InStep { connected, in_step: micros() }).unwrap_or_default();
            }
            let pause = |until: Option<u64>| {
                until.map(|at| Instant::now() + Duration::from_micros(at.saturating_sub(micros())))
            };
            let waking = pause(wake.and_then(|at| u64::try_from(at).ok()).map(|at| at * 1_000));
            let acting = pause(due.filter(|_| acted.is_none()));
            tokio::select! {
                frame = coming.recv() => {
                    // The supplier's process is over, and with it all of this.
                    let Some(frame) = frame else { return };
                    machine.handle_frame(LINK, &frame, now());
                }
                () = until(waking) => {
                    wake = None;
                    machine.handle_timeout(now());
                }
                () = until(acting) => {
                    acted = Some(micros());
                    let act = note("It leaks again, and nobody came.".to_owned());
                    let draft = machine.record().draft(&self.author, &act, now(), &mut no_salt);
                    machine.sign(draft.expect("an act that may be signed"), &self.key, now()).expect("a good draft");
                }
                next = told.recv() => match next {
                    Some(Told::Act(at)) => due = Some(at),
                    Some(Told::Connect(..)) => {}
                    None => return,
                },
            }
        }
    }
}

/// Figures of which some are missing are none: the whole ends, for whoever started this process gets no answer.
#[expect(clippy::exit, reason = "a task cannot end the others, and nobody but the benchmark waits for this process")]
fn give_up(why: &str) -> ! {
    show(why);
    std::process::exit(4);
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Bytes that hide nothing here: notes have no sealed values.
fn no_salt() -> [u8; 32] {
    [7; 32]
}
