//! Everything signed in a model, once each, and the causally closed sets of it.
//!
//! A statement is determined by its device, its act and its past. So a state of the model needs no records, only
//! which statements each copy holds; and what a set of statements amounts to is looked up once for each set.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, RwLock},
};

use counterpart_core::{
    envelope::Verified, fold::Verdict, id::EventId, receipt::SignedReceipt, record::Record, statement::Entry,
};

use crate::{cast::Cast, found::Found, profile::Profile};

/// Most statements in a set, those known from the start aside.
pub(crate) const MOST: usize = 16;

/// Something signed in the model.
pub(crate) enum Signed {
    Entry(Box<Entry<Verified>>),
    /// A key event travels like an entry; it rests on nothing.
    Key(EventId, Vec<u8>),
    /// A receipt travels like an entry; no record here takes it in unless a `prove` embeds it.
    Receipt(Box<SignedReceipt>),
}

pub(crate) struct Item {
    pub(crate) holder: usize,
    pub(crate) signed: Signed,
    /// What it rests on, ascending, what everybody knows from the start left out.
    pub(crate) past: Vec<u32>,
    /// What is found of it in its own past; it must be found so everywhere.
    pub(crate) verdict: OnceLock<Verdict>,
}

impl Item {
    pub(crate) fn entry(&self) -> Option<&Entry<Verified>> {
        match &self.signed {
            Signed::Entry(entry) => Some(entry),
            _ => None,
        }
    }

    fn name(&self) -> [u8; 32] {
        match &self.signed {
            Signed::Entry(entry) => entry.id.0,
            Signed::Key(event, _) => event.0,
            Signed::Receipt(receipt) => receipt.id.0,
        }
    }
}

/// A causally closed set. What was signed later comes later, so its order is one of the orders it can arrive in.
pub(crate) struct Set {
    pub(crate) number: u32,
    pub(crate) items: Vec<u32>,
    /// Per item, its past as bits over `items`.
    pub(crate) pasts: Vec<u16>,
    /// Per item, who signed it.
    pub(crate) holders: Vec<usize>,
    found: OnceLock<Found>,
    parts: Mutex<HashMap<u16, Arc<Self>>>,
    grown: Mutex<HashMap<u32, Arc<Self>>>,
}

impl Set {
    /// All of it, as bits.
    pub(crate) fn whole(&self) -> u16 {
        low_bits(self.items.len())
    }

    /// The items no other rests on, by place.
    pub(crate) fn heads(&self) -> impl Iterator<Item = usize> {
        let below = self.pasts.iter().fold(0, |all, past| all | past);
        (0..self.items.len()).filter(move |at| below & (1 << at) == 0)
    }
}

pub(crate) fn low_bits(count: usize) -> u16 {
    u16::try_from((1_u32 << count) - 1).expect("at most sixteen statements")
}

pub(crate) struct Book {
    pub(crate) cast: Cast,
    pub(crate) profile: Profile,
    items: RwLock<Vec<Arc<Item>>>,
    by_name: RwLock<HashMap<[u8; 32], u32>>,
    sets: Mutex<HashMap<Vec<u32>, Arc<Set>>>,
    by_number: RwLock<Vec<Arc<Set>>>,
    /// Per rule broken, the smallest history found that breaks it.
    pub(crate) broken: Mutex<HashMap<&'static str, (usize, String)>>,
}

const HELD: &str = "no thread panics while it holds this";

impl Book {
    pub(crate) fn new(profile: Profile) -> Self {
        let book = Self {
            cast: (profile.cast)(),
            profile,
            items: RwLock::default(),
            by_name: RwLock::default(),
            sets: Mutex::default(),
            by_number: RwLock::default(),
            broken: Mutex::default(),
        };
        book.set(Vec::new());
        book
    }

    pub(crate) fn item(&self, number: u32) -> Arc<Item> {
        Arc::clone(&self.items.read().expect(HELD)[number as usize])
    }

    /// The number of something signed; its own if it is new.
    pub(crate) fn intern(&self, holder: usize, signed: Signed, past: Vec<u32>) -> u32 {
        let item = Item { holder, signed, past, verdict: OnceLock::new() };
        let mut by_name = self.by_name.write().expect(HELD);
        *by_name.entry(item.name()).or_insert_with(|| {
            let mut items = self.items.write().expect(HELD);
            items.push(Arc::new(item));
            u32::try_from(items.len() - 1).expect("few statements")
        })
    }

    pub(crate) fn named(&self, name: &[u8; 32]) -> Option<u32> {
        self.by_name.read().expect(HELD).get(name).copied()
    }

    pub(crate) fn empty(&self) -> Arc<Set> {
        self.set(Vec::new())
    }

    pub(crate) fn numbered(&self, number: u32) -> Arc<Set> {
        Arc::clone(&self.by_number.read().expect(HELD)[number as usize])
    }

    pub(crate) fn sets(&self) -> usize {
        self.by_number.read().expect(HELD).len()
    }

    /// The set of these items, ascending.
    pub(crate) fn set(&self, items: Vec<u32>) -> Arc<Set> {
        let mut sets = self.sets.lock().expect(HELD);
        if let Some(set) = sets.get(&items) {
            return Arc::clone(set);
        }
        assert!(items.len() <= MOST, "a profile's bounds keep sets small");
        let signed: Vec<Arc<Item>> = items.iter().map(|i| self.item(*i)).collect();
        let bit = |past: &u32| items.binary_search(past).expect("a set is causally closed");
        let pasts = signed.iter().map(|i| i.past.iter().fold(0, |bits, p| bits | 1 << bit(p))).collect();
        let mut by_number = self.by_number.write().expect(HELD);
        let set = Arc::new(Set {
            number: u32::try_from(by_number.len()).expect("few sets"),
            pasts,
            holders: signed.iter().map(|i| i.holder).collect(),
            items: items.clone(),
            found: OnceLock::new(),
            parts: Mutex::default(),
            grown: Mutex::default(),
        });
        by_number.push(Arc::clone(&set));
        sets.insert(items, Arc::clone(&set));
        set
    }

    /// The part of a set that some bits name.
    pub(crate) fn part(&self, set: &Arc<Set>, bits: u16) -> Arc<Set> {
        if bits == set.whole() {
            return Arc::clone(set);
        }
        let mut parts = set.parts.lock().expect(HELD);
        let part = parts.entry(bits).or_insert_with(|| {
            let among = set.items.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0);
            self.set(among.map(|(_, item)| *item).collect())
        });
        Arc::clone(part)
    }

    /// A set and one item more.
    pub(crate) fn grown(&self, set: &Set, item: u32) -> Arc<Set> {
        let mut grown = set.grown.lock().expect(HELD);
        let next = grown.entry(item).or_insert_with(|| {
            let mut items = set.items.clone();
            let at = items.partition_point(|i| *i < item);
            items.insert(at, item);
            self.set(items)
        });
        Arc::clone(next)
    }

    /// What a set amounts to.
    pub(crate) fn found<'s>(&self, set: &'s Arc<Set>) -> &'s Found {
        set.found.get_or_init(|| Found::look(self, set))
    }

    /// A copy that holds a set, fed in some order given by places in it, and which item each of its entries is.
    pub(crate) fn copy(&self, set: &Set, order: &[usize]) -> (Record, Vec<Option<u32>>) {
        let mut record = self.cast.copy();
        let mut places = vec![None; record.graph().len()];
        for at in order {
            let number = set.items[*at];
            match &self.item(number).signed {
                Signed::Entry(entry) => {
                    record.restore((**entry).clone()).expect("what one copy holds, another takes");
                    places.push(Some(number));
                }
                Signed::Key(_, event) => {
                    record.apply_key_event(event).expect("a good event");
                }
                Signed::Receipt(_) => {}
            }
        }
        (record, places)
    }

    /// Notes that a rule is broken; keeps the smallest history that breaks it.
    pub(crate) fn breaks(&self, rule: &'static str, set: &Set, why: impl FnOnce() -> String) {
        let mut broken = self.broken.lock().expect(HELD);
        let known = broken.entry(rule).or_insert((usize::MAX, String::new()));
        if set.items.len() < known.0 {
            *known = (set.items.len(), format!("{}\n{}", why(), self.story(set)));
        }
    }

    /// A history in words: who signed what, knowing what.
    pub(crate) fn story(&self, set: &Set) -> String {
        let mut told = String::new();
        for (at, number) in set.items.iter().enumerate() {
            let item = self.item(*number);
            let knows: Vec<String> =
                (0..set.items.len()).filter(|p| set.pasts[at] & (1 << p) != 0).map(|p| format!("e{p}")).collect();
            let what = match &item.signed {
                Signed::Entry(entry) => self.told(set, entry),
                Signed::Key(..) => "revokes".to_owned(),
                Signed::Receipt(_) => "gives a receipt".to_owned(),
            };
            let who = crate::cast::NAMES[item.holder];
            told += &format!("  e{at}: {who} {what}, knowing [{}]\n", knows.join(" "));
        }
        told
    }

    fn told(&self, set: &Set, entry: &Entry<Verified>) -> String {
        let act = counterpart_core::act::Act::read(&entry.statement.kind, &entry.statement.body);
        let mut words = format!("{act:?}");
        let known = set.items.iter().enumerate().map(|(at, i)| (self.item(*i), format!("e{at}")));
        for (item, name) in known {
            if let Signed::Entry(other) = &item.signed {
                words = words.replace(&format!("{:?}", other.id), &name);
            }
        }
        for (at, known) in self.cast.entries().iter().enumerate() {
            words = words.replace(&format!("{:?}", known.id), &format!("base{at}"));
        }
        words
    }
}
