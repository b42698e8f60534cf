//! What reaches which copy, and in which order; and that all copies come to show the same.

use std::collections::BTreeSet;

use counterpart_core::{
    envelope::Verified,
    gate::Refusal,
    graph::Ix,
    id::{EntryId, PartyId},
    record::{Applied, Record},
    statement::{Entry, KeyCitation},
};

use super::{A1, Rng, World, same};
use crate::digest::digest;

impl World {
    /// Gives one device what another has and it has not.
    pub(crate) fn deliver(&mut self, from: usize, to: usize) {
        let (source, target) = (self.record(from), self.record(to));
        let statements = || source.graph().all().map(|ix| source.graph().statement(ix));
        let cited = statements().flat_map(|s| s.keys.iter().map(|k| k.party));
        let parties: BTreeSet<PartyId> = cited.chain(statements().map(|s| s.party)).collect();
        let events = parties.iter().flat_map(|party| source.logs().of_party(party));
        let events: Vec<Vec<u8>> =
            events.filter(|e| target.logs().event(&e.id).is_none()).map(|e| e.bytes().to_vec()).collect();
        let graph = source.graph();
        let news: Vec<_> = graph.all().filter(|ix| target.graph().find(&graph.id(*ix)).is_none()).collect();
        let bytes: Vec<Vec<u8>> = news.iter().map(|ix| graph.node(*ix).entry.bytes().to_vec()).collect();
        let values: Vec<_> = news.iter().flat_map(|ix| source.values_of(&graph.id(*ix)).to_vec()).collect();
        let record = &mut self.devices[to].record;
        for event in events {
            record.apply_key_event(&event).expect("a good event");
        }
        for bytes in bytes {
            record.apply_bytes(&bytes).expect("what one copy holds, another takes");
        }
        for value in values {
            record.apply_value(value).expect("a good value");
        }
    }

    /// Gives one device an entry that another has, with its past, and no more.
    pub(crate) fn deliver_one(&mut self, from: usize, to: usize, entry: EntryId) {
        let (source, target) = (self.record(from), self.record(to));
        let graph = source.graph();
        let last = graph.find(&entry).expect("its maker has it");
        let news = |ix: &Ix| graph.in_past_or_same(*ix, last) && target.graph().find(&graph.id(*ix)).is_none();
        let news: Vec<Entry<Verified>> = graph.all().filter(news).map(|ix| graph.node(ix).entry.clone()).collect();
        for entry in news {
            if let Err(Refusal::MissingKeys(cited)) = self.devices[to].record.apply(entry.clone()) {
                let mut copy = std::mem::take(&mut self.devices[to].record);
                self.give_cited(&mut copy, &cited);
                assert!(matches!(copy.apply(entry), Ok(Applied::New(_))), "what one copy holds, another takes");
                self.devices[to].record = copy;
            }
        }
    }

    /// Gives a copy the key logs of some devices' parties.
    pub(crate) fn give_logs(&self, copy: &mut Record, of: &[usize]) {
        for device in of {
            for event in self.logs.of_party(&self.party(*device)) {
                copy.apply_key_event(event.bytes()).expect("a good event");
            }
        }
    }

    pub(crate) fn sync(&mut self, a: usize, b: usize) {
        self.deliver(a, b);
        self.deliver(b, a);
    }

    /// Everything to all devices of those who are in, and of those who are about to be.
    pub(crate) fn sync_all(&mut self) {
        let others: Vec<usize> = (1..self.devices.len()).collect();
        for other in &others {
            self.deliver(*other, A1);
        }
        let members = self.record(A1).lens().members();
        for other in others {
            if members.contains(&self.party(other)) || !self.record(other).graph().is_empty() {
                self.deliver(A1, other);
            }
        }
    }

    /// Everything everywhere; then every copy, and copies fed in other orders, must show the same.
    pub(crate) fn converge(&mut self) {
        self.sync_all();
        let now = (self.record(A1).graph().heads(), self.events.len());
        if self.converged == now {
            return;
        }
        let expected = digest(self.record(A1));
        for device in self.authors() {
            same(&expected, &digest(self.record(device)), &format!("copy {device}"));
        }
        for seed in 0..4 {
            let copy = self.replay(seed);
            same(&expected, &digest(&copy), &format!("a copy fed in another order (seed {seed})"));
        }
        self.converged = now;
    }

    /// The devices, but the first, that have signed anything: the others only ever got what these have.
    fn authors(&self) -> Vec<usize> {
        let graph = self.record(A1).graph();
        (1..self.devices.len()).filter(|d| !graph.tips_of(&self.devices[*d].author.device).is_empty()).collect()
    }

    /// A new copy fed in some causal order, with every third entry given twice. Seed 0 takes the latest arrivals as
    /// early as can be, and passes the whole gate; seed 1 takes the earliest.
    pub(crate) fn replay(&self, seed: u64) -> Record {
        self.replay_of(A1, seed)
    }

    /// The same of what one device holds.
    pub(crate) fn replay_of(&self, device: usize, seed: u64) -> Record {
        let graph = self.record(device).graph();
        let mut waiting: Vec<_> = graph.all().collect();
        // All but the first copy ask for key events as they are cited, and so never see one that nobody cites.
        let mut copy = if seed == 0 { self.empty_copy() } else { Record::new() };
        let mut random = Rng::new(seed);
        let mut count = 0;
        while !waiting.is_empty() {
            let ready = |at: &usize| {
                let statement = graph.statement(waiting[*at]);
                statement.deps.iter().chain(&statement.prev).all(|d| copy.graph().find(d).is_some())
            };
            let mut ready: Vec<usize> = (0..waiting.len()).filter(ready).collect();
            let pick = match seed {
                0 => ready.pop().expect("causes come first"),
                1 => ready[0],
                _ => ready[random.below(ready.len())],
            };
            let entry = &graph.node(waiting.remove(pick)).entry;
            let take = |copy: &mut Record| match seed {
                0 => copy.apply_bytes(entry.bytes()),
                _ => copy.restore(entry.clone()),
            };
            if let Err(Refusal::MissingKeys(cited)) = take(&mut copy) {
                self.give_cited(&mut copy, &cited);
                assert!(matches!(take(&mut copy), Ok(Applied::New(_))));
            }
            count += 1;
            if count % 3 == 0 {
                assert!(matches!(take(&mut copy), Ok(Applied::Duplicate(_))));
            }
        }
        assert_eq!(copy.graph().len(), graph.len(), "what one copy holds, another takes");
        copy
    }

    pub(crate) fn give_cited(&self, copy: &mut Record, cited: &[KeyCitation]) {
        for citation in cited {
            let mut log: Vec<_> = self.logs.prefix(&citation.event).collect();
            log.reverse();
            for event in log {
                copy.apply_key_event(event.bytes()).expect("a good event");
            }
        }
    }

    /// A copy with the key logs and nothing else.
    pub(crate) fn empty_copy(&self) -> Record {
        let mut copy = Record::new();
        for event in &self.events {
            copy.apply_key_event(event).expect("a good event");
        }
        copy
    }
}
