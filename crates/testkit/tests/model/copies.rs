//! The model: several copies of one case; a step is an act signed on one copy, or one statement reaching another.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use stateright::{Model, Property};

use crate::{
    book::Book,
    cast::{HOLDERS, NAMES},
    found::{INVARIANTS, REACHED},
    profile::Profile,
};

macro_rules! table {
    ($check:ident: $($bit:literal)*) => { [$($check::<M, $bit>),*] };
}

/// Which copy holds what.
#[derive(Clone)]
pub(crate) struct Copies {
    /// The number of the set of all that was signed.
    all: u32,
    /// What each copy holds of it, as bits.
    held: [u16; HOLDERS],
    /// What that set breaks and reaches; follows from it.
    broken: u32,
    reached: u64,
}

impl Hash for Copies {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.all.hash(state);
        self.held.hash(state);
    }
}

impl PartialEq for Copies {
    fn eq(&self, other: &Self) -> bool {
        (self.all, self.held) == (other.all, other.held)
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set {}, held {:?}", self.all, self.held)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A holder signs something, by its number in the book.
    Sign { holder: usize, item: u32 },
    /// A copy receives what it can take in, by its place among all that was signed.
    Deliver { to: usize, place: usize },
}

/// A profile, explored.
pub(crate) struct CopiesModel {
    pub(crate) book: Arc<Book>,
}

impl Model for CopiesModel {
    type State = Copies;
    type Action = Step;

    fn init_states(&self) -> Vec<Copies> {
        let empty = self.book.empty();
        let found = self.book.found(&empty);
        vec![Copies { all: empty.number, held: [0; HOLDERS], broken: found.broken, reached: found.reached }]
    }

    fn actions(&self, state: &Copies, actions: &mut Vec<Step>) {
        let all = self.book.numbered(state.all);
        let room = all.items.len() < self.book.profile.acts;
        for holder in self.book.profile.holders() {
            let held = state.held[holder];
            let signed = all.holders.iter().filter(|h| **h == holder).count();
            if room && signed < self.book.profile.each[holder] {
                let part = self.book.part(&all, held);
                let items = &self.book.found(&part).moves[holder];
                actions.extend(items.iter().map(|item| Step::Sign { holder, item: *item }));
            }
            for place in 0..all.items.len() {
                if held & (1 << place) == 0 && all.pasts[place] & !held == 0 {
                    actions.push(Step::Deliver { to: holder, place });
                }
            }
        }
    }

    fn next_state(&self, last: &Copies, step: Step) -> Option<Copies> {
        let mut next = last.clone();
        match step {
            Step::Deliver { to, place } => next.held[to] |= 1 << place,
            Step::Sign { holder, item } => {
                let all = self.book.numbered(last.all);
                if all.items.contains(&item) {
                    // The two holders of one key signed the same.
                    let place = all.items.iter().position(|i| *i == item)?;
                    next.held[holder] |= 1 << place;
                    return Some(next);
                }
                let grown = self.book.grown(&all, item);
                let place = grown.items.iter().position(|i| *i == item)?;
                let below = crate::book::low_bits(place);
                for held in &mut next.held {
                    *held = (*held & below) | ((*held & !below) << 1);
                }
                next.held[holder] |= 1 << place;
                next.all = grown.number;
                let found = self.book.found(&grown);
                next.broken = found.broken;
                next.reached = found.reached;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties_of(&self.book.profile)
    }

    fn format_action(&self, step: &Step) -> String {
        match step {
            Step::Sign { holder, item } => format!("{} signs {item}", NAMES[*holder]),
            Step::Deliver { to, place } => format!("{} receives the statement at {place}", NAMES[*to]),
        }
    }
}

/// A state that knows what the set of all that was signed breaks and reaches.
pub(crate) trait Told {
    fn broken(&self) -> u32;
    fn reached(&self) -> u64;
}

impl Told for Copies {
    fn broken(&self) -> u32 {
        self.broken
    }

    fn reached(&self) -> u64 {
        self.reached
    }
}

/// The invariants, and what a profile is to reach.
pub(crate) fn properties_of<M: Model<State: Told>>(profile: &Profile) -> Vec<Property<M>> {
    let always: [Condition<M>; 16] = table!(holds: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    let sometimes: [Condition<M>; 30] =
        table!(reaches: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29);
    let invariants = INVARIANTS.into_iter().zip(always).map(|(name, holds)| Property::always(name, holds));
    let to_reach = profile.to_reach();
    let reached = REACHED.into_iter().zip(sometimes).filter(|(name, _)| to_reach.contains(name));
    invariants.chain(reached.map(|(name, reaches)| Property::sometimes(name, reaches))).collect()
}

type Condition<M> = fn(&M, &<M as Model>::State) -> bool;

fn holds<M: Model<State: Told>, const BIT: usize>(_: &M, state: &M::State) -> bool {
    state.broken() & (1 << BIT) == 0
}

fn reaches<M: Model<State: Told>, const BIT: usize>(_: &M, state: &M::State) -> bool {
    state.reached() & (1 << BIT) != 0
}
