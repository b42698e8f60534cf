//! A simulated network of copies: seeded delays, resets, duplicates, partitions, crashes.
//!
//! Streams are reliable, so loss shows as a reset of the whole stream; what was under way is gone, and after a
//! while both ends begin anew. The clock is simulated: it jumps to the next event.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    id::EntryId,
    record::DraftError,
    sync::{
        CloseReason, LinkId, Notice, Output, PeerDevice,
        frame::Frame,
        hello::{Ask, Greeted, Handshake, Reached},
    },
    worksheet::{Wish, Worksheet, WorksheetState},
};

use crate::{case::START, history::random_draft, node::Node, rng::Rng};

/// How often what goes wrong, as one in so many; 0 is never.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    /// Of frames delivered: the stream is reset instead.
    pub resets: usize,
    /// Of frames with entries delivered: some come twice and out of order.
    pub duplicates: usize,
}

/// Nodes, the streams between them, and what is under way.
#[derive(Debug)]
pub struct Network {
    pub nodes: Vec<Node>,
    pub now: i64,
    pub rng: Rng,
    pub trouble: Trouble,
    /// What nodes told, in order.
    pub notices: Vec<(usize, Notice)>,
    /// Why nodes closed links, in order.
    pub closed: Vec<(usize, CloseReason)>,
    /// Bytes of files sent in all, whether they arrived or not.
    pub chunk_bytes: usize,
    /// A stream breaks once so many bytes went over it, both ways together, as one over a relay; both ends know that.
    pub line: Option<usize>,
    /// Pairs of nodes that keep a stream while they can.
    pairs: BTreeSet<(usize, usize)>,
    parted: BTreeSet<(usize, usize)>,
    streams: BTreeMap<u64, Stream>,
    next_stream: u64,
    queue: BTreeMap<(i64, u64), Event>,
    serial: u64,
    wakes: BTreeMap<usize, i64>,
}

#[derive(Debug)]
struct Stream {
    ends: (usize, usize),
    /// When the last frame towards each end arrives: frames do not overtake.
    last: [i64; 2],
    /// Bytes sent over it.
    bytes: usize,
}

#[derive(Debug)]
enum Event {
    Deliver { stream: u64, to: usize, frame: Vec<u8> },
    Reset { stream: u64 },
    Connect { pair: (usize, usize) },
    Wake { node: usize },
}

impl Network {
    #[must_use]
    pub fn new(seed: u64, nodes: Vec<Node>) -> Self {
        Self {
            nodes,
            now: START + 1_000_000,
            rng: Rng::new(seed),
            trouble: Trouble::default(),
            notices: Vec::new(),
            closed: Vec::new(),
            chunk_bytes: 0,
            line: None,
            pairs: BTreeSet::new(),
            parted: BTreeSet::new(),
            streams: BTreeMap::new(),
            next_stream: 1,
            queue: BTreeMap::new(),
            serial: 0,
            wakes: BTreeMap::new(),
        }
    }

    /// Lets two nodes keep a stream from now on.
    pub fn pair(&mut self, a: usize, b: usize) {
        let pair = (a.min(b), a.max(b));
        if self.pairs.insert(pair) {
            self.later(1, Event::Connect { pair });
        }
    }

    /// Cuts a pair off, until [`Network::heal`].
    pub fn part(&mut self, a: usize, b: usize) {
        let pair = (a.min(b), a.max(b));
        self.parted.insert(pair);
        let cut: Vec<u64> = self.streams.iter().filter(|(_, s)| s.ends == pair).map(|(id, _)| *id).collect();
        for stream in cut {
            self.reset(stream);
        }
    }

    /// Ends every cut.
    pub fn heal(&mut self) {
        for pair in std::mem::take(&mut self.parted) {
            self.later(1, Event::Connect { pair });
        }
    }

    /// Ends the cut between two.
    pub fn mend(&mut self, a: usize, b: usize) {
        let pair = (a.min(b), a.max(b));
        if self.parted.remove(&pair) {
            self.later(1, Event::Connect { pair });
        }
    }

    /// Lets everything happen up to a time.
    pub fn run_until(&mut self, at: i64) {
        while self.queue.first_key_value().is_some_and(|((next, _), _)| *next <= at) {
            self.step();
        }
        self.now = self.now.max(at);
    }

    /// A node loses its memory and starts again from its store.
    pub fn crash(&mut self, node: usize) {
        let cut: Vec<u64> =
            self.streams.iter().filter(|(_, s)| s.ends.0 == node || s.ends.1 == node).map(|(id, _)| *id).collect();
        // What the machine had not made durable yet is lost with it.
        self.nodes[node].restart();
        for stream in cut {
            self.reset(stream);
        }
    }

    /// A node's user acts.
    ///
    /// # Errors
    /// Why the act may not be signed.
    pub fn act(&mut self, node: usize, act: &Act) -> Result<EntryId, DraftError> {
        self.now += 1;
        let id = self.nodes[node].act(act, self.now, &mut self.rng)?;
        self.drain(node);
        Ok(id)
    }

    /// A node's user puts a file on record.
    ///
    /// # Errors
    /// Why it may not be signed.
    pub fn attach(&mut self, node: usize, bytes: &[u8]) -> Result<(EntryId, FileRef), DraftError> {
        self.now += 1;
        let attached = self.nodes[node].attach(bytes, self.now, &mut self.rng)?;
        self.drain(node);
        Ok(attached)
    }

    /// A node's user changes the worksheet.
    pub fn draft(&mut self, node: usize, wishes: impl FnOnce(&mut Worksheet) -> (WorksheetState, Vec<Wish>)) {
        self.now += 1;
        self.nodes[node].draft(self.now, wishes);
        self.drain(node);
    }

    /// A node's user starts the worksheet afresh.
    pub fn restart_worksheet(&mut self, node: usize, keep: bool) {
        self.now += 1;
        self.nodes[node].restart_worksheet(keep, self.now);
        self.drain(node);
    }

    /// A node's machine has other addresses from now on.
    pub fn move_to(&mut self, node: usize, number: u64, addresses: &[&str]) {
        self.now += 1;
        self.nodes[node].move_to(number, addresses, self.now);
        self.drain(node);
    }

    /// A node's user does something at random.
    ///
    /// # Errors
    /// When nothing at all may be signed, as after a fork of that feed.
    pub fn act_at_random(&mut self, node: usize) -> Result<EntryId, DraftError> {
        self.now += 1;
        let (here, now) = (&mut self.nodes[node], self.now);
        let author = here.party.author(here.device);
        // Who leaves gets nothing more: then copies rightly end unequal.
        let mut draft = random_draft(&mut self.rng, here.machine.record(), &author, now)?;
        while draft.statement.kind == "leave" {
            draft = random_draft(&mut self.rng, here.machine.record(), &author, now)?;
        }
        let key = &here.party.devices[here.device].key;
        let signed = here.machine.sign(draft, key, now)?;
        self.drain(node);
        Ok(signed.id)
    }

    /// Lets up to so many events happen; gives how many did.
    pub fn run(&mut self, steps: usize) -> usize {
        (0..steps).take_while(|_| self.step()).count()
    }

    /// Lets everything happen that follows.
    ///
    /// # Panics
    /// When it goes on beyond so many events: the nodes talk without end.
    pub fn run_until_quiet(&mut self, most: usize) {
        let steps = self.run(most);
        assert!(steps < most, "not quiet after {most} events");
    }

    fn step(&mut self) -> bool {
        let Some(((at, _), event)) = self.queue.pop_first() else { return false };
        self.now = self.now.max(at);
        match event {
            Event::Connect { pair } => self.connect(pair),
            Event::Reset { stream } => self.reset(stream),
            Event::Wake { node } => {
                if self.wakes.get(&node).is_some_and(|at| *at <= self.now) {
                    self.wakes.remove(&node);
                    self.nodes[node].machine.handle_timeout(self.now);
                    self.drain(node);
                }
            }
            Event::Deliver { stream, to, frame } => self.deliver(stream, to, frame),
        }
        true
    }

    fn deliver(&mut self, stream: u64, to: usize, frame: Vec<u8>) {
        if !self.streams.contains_key(&stream) {
            return;
        }
        if self.trouble.resets > 0 && self.rng.one_in(self.trouble.resets) {
            return self.reset(stream);
        }
        let twice = self.trouble.duplicates > 0 && self.rng.one_in(self.trouble.duplicates);
        let frame = if twice { self.garbled(frame) } else { frame };
        self.nodes[to].machine.handle_frame(LinkId(stream), &frame, self.now);
        self.drain(to);
    }

    /// Entries of a frame, some twice, in another order.
    fn garbled(&mut self, frame: Vec<u8>) -> Vec<u8> {
        let Ok(Frame::Entries { number, mut entries }) = Frame::decode(&frame) else { return frame };
        for _ in 0..2 {
            entries.extend(self.rng.pick(&entries).cloned());
            let (a, b) = (self.rng.below(entries.len()), self.rng.below(entries.len()));
            entries.swap(a, b);
        }
        Frame::Entries { number, entries }.encode()
    }

    fn later(&mut self, delay: i64, event: Event) {
        self.at(self.now + delay, event);
    }

    fn at(&mut self, at: i64, event: Event) {
        self.serial += 1;
        self.queue.insert((at, self.serial), event);
    }

    fn reset(&mut self, stream: u64) {
        let Some(Stream { ends: (a, b), .. }) = self.streams.remove(&stream) else { return };
        for node in [a, b] {
            self.nodes[node].machine.disconnected(LinkId(stream), self.now);
            self.drain(node);
        }
        let delay = 50 + i64::try_from(self.rng.below(100)).expect("a small number");
        self.later(delay, Event::Connect { pair: (a, b) });
    }

    fn connect(&mut self, pair: (usize, usize)) {
        let known = self.pairs.contains(&pair) && !self.parted.contains(&pair);
        if !known || self.streams.values().any(|s| s.ends == pair) {
            return;
        }
        let Some(peers) = self.shake_hands(pair) else { return };
        let stream = self.next_stream;
        self.next_stream += 1;
        self.streams.insert(stream, Stream { ends: pair, last: [self.now; 2], bytes: 0 });
        for (node, peer) in [(pair.0, peers.0), (pair.1, peers.1)] {
            self.nodes[node].machine.narrow(LinkId(stream), self.line.is_some());
            self.nodes[node].machine.connected(LinkId(stream), peer, self.now);
            self.drain(node);
        }
    }

    /// The real handshake, in no time: whom each end finds at the other.
    fn shake_hands(&mut self, (a, b): (usize, usize)) -> Option<(PeerDevice, PeerDevice)> {
        let of = |node: &Node| (node.party.identity(node.device), node.party.devices[node.device].key.clone());
        let ((a_own, a_key), (b_own, b_key)) = (of(&self.nodes[a]), of(&self.nodes[b]));
        let ask = Ask::Open(self.nodes[a].case);
        let mut dialer = Handshake::dial(a_own.clone(), b_own.peer.clone(), ask, self.rng.bytes());
        let mut answerer = Handshake::answer(b_own, a_own.peer, self.rng.bytes());
        let mut found: [Option<PeerDevice>; 2] = [None, None];
        loop {
            let mut moved = false;
            while let Some(frame) = dialer.poll_output() {
                moved = true;
                let reached = answerer.handle_frame(&frame, &b_key).expect("an honest handshake");
                if let Some(Reached::Asked { case, greeted }) = reached {
                    found[1] = self.admit(b, &greeted).filter(|_| case == self.nodes[b].case);
                    if found[1].is_some() { answerer.ready(&b_key) } else { answerer.not_available() }
                }
            }
            while let Some(frame) = answerer.poll_output() {
                moved = true;
                let reached = dialer.handle_frame(&frame, &a_key).expect("an honest handshake");
                if let Some(Reached::Ready(greeted)) = reached {
                    found[0] = self.admit(a, &greeted);
                }
            }
            if !moved {
                return found[0].zip(found[1]);
            }
        }
    }

    fn admit(&mut self, node: usize, greeted: &Greeted) -> Option<PeerDevice> {
        let peer = self.nodes[node].machine.admit(greeted, self.now).ok();
        self.drain(node);
        peer
    }

    /// Does what a machine asks for, in its order.
    pub fn drain(&mut self, node: usize) {
        while let Some(output) = self.nodes[node].machine.poll_output() {
            match output {
                Output::Persist(items) => self.nodes[node].store.persist(items),
                Output::Send { link, frame } => {
                    self.assert_durable(node, &frame);
                    self.send(node, link, frame);
                }
                Output::Close { link, reason } => {
                    self.closed.push((node, reason));
                    if let Some(stream) = self.streams.get(&link.0) {
                        // What was sent before the end still arrives.
                        let at = stream.last[0].max(stream.last[1]) + 1;
                        self.at(at, Event::Reset { stream: link.0 });
                    }
                }
                Output::SignReceipt(receipt) => {
                    let here = &mut self.nodes[node];
                    let stored = receipt.heads.iter().all(|head| here.store.holds(head));
                    assert!(stored, "a receipt is asked for only for what is durable");
                    let signed = receipt.sign(&here.party.devices[here.device].key);
                    here.store.receipts.push(signed.bytes().to_vec());
                    here.machine.receipt_signed(signed, self.now);
                }
                Output::Notify(notice) => self.notices.push((node, notice)),
                Output::WriteChunk { file, offset, bytes } => {
                    self.nodes[node].store.write_chunk(file, offset, &bytes);
                }
                Output::CheckFile { file } => {
                    let here = &mut self.nodes[node];
                    let sound = here.store.check_file(file);
                    here.machine.file_checked(file, sound, self.now);
                }
                Output::Answer { link, file, part } => {
                    let frame = self.nodes[node].store.answer(file, part);
                    if let Frame::Chunk { bytes, .. } = &frame {
                        self.chunk_bytes += bytes.len();
                    }
                    self.send(node, link, frame.encode());
                    self.nodes[node].machine.answered(link);
                }
                Output::WakeAt(at) => {
                    self.wakes.insert(node, at);
                    self.at(at, Event::Wake { node });
                }
            }
        }
    }

    /// Nothing is sent, nor said to be stored, before it is durable.
    fn assert_durable(&self, node: usize, frame: &[u8]) {
        let here = &self.nodes[node];
        match Frame::decode(frame).expect("a machine sends frames") {
            Frame::Entries { entries, .. } => {
                for bytes in entries {
                    let held = here.store.entries.iter().any(|(_, stored)| *stored == bytes);
                    assert!(held, "an entry was sent before it was durable");
                }
            }
            Frame::KeyEvents { events, .. } => {
                assert!(events.iter().all(|e| here.store.key_events.contains(e)), "a key event was sent too early");
            }
            Frame::DraftEdits { edits, .. } => {
                for bytes in edits {
                    let held = here.store.edits.iter().any(|(.., stored)| *stored == bytes);
                    assert!(held, "an edit was sent before it was durable");
                }
            }
            Frame::Addresses { records } => {
                let held = |bytes: &Vec<u8>| here.store.whereabouts.values().any(|stored| stored == bytes);
                assert!(records.iter().all(held), "an address record was sent before it was durable");
            }
            Frame::Stored { .. } => {
                let graph = here.machine.record().graph();
                let all = graph.all().filter(|ix| graph.counts(*ix)).all(|ix| here.store.holds(&graph.id(ix)));
                assert!(all, "an entry was said to be stored before it was durable");
            }
            _ => {}
        }
    }

    fn send(&mut self, from: usize, link: LinkId, frame: Vec<u8>) {
        let delay = 1 + i64::try_from(self.rng.below(40)).expect("a small number");
        let Some(stream) = self.streams.get_mut(&link.0) else { return };
        let (side, to) = if stream.ends.0 == from { (1, stream.ends.1) } else { (0, stream.ends.0) };
        let at = stream.last[side].max(self.now + delay);
        stream.last[side] = at;
        stream.bytes += frame.len();
        if self.line.is_some_and(|most| stream.bytes > most) {
            return self.at(at, Event::Reset { stream: link.0 });
        }
        self.at(at, Event::Deliver { stream: link.0, to, frame });
    }
}
