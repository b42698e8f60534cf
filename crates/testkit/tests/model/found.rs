//! What one set of statements amounts to: what it shows, what may be signed on it, which rules it breaks.
//!
//! Every rule here is one of sets and of a set grown by one statement. That covers every delivery: whatever a copy
//! takes in, it does one statement after another, and each set on the way is looked at like this.

use std::{collections::BTreeSet, sync::Arc};

use counterpart_core::{fold::Verdict, record::Record};

use crate::{
    book::{Book, Set},
    cast::HOLDERS,
    digest::digest,
    menu::{self, Sight},
    rules::Look,
    shown::Shown,
};

/// What must hold in every state, by bit.
pub(crate) const INVARIANTS: [&str; 16] = [
    "nobody is bound to what they did not sign",
    "agreed stays agreed",
    "a copy kept dark undoes nothing settled",
    "the same set shows the same in any order of arrival",
    "an act without effect has none",
    "no closing hurts one who had not received it",
    "an agreement that all sign knowing everything comes into force",
    "every open state has a move",
    "what is found of an act never changes",
    "an end stays an end",
    "what all signed is fully signed",
    "an offer with an end is agreed by what is proven in time",
    "a choice stands",
    "results are what was declared, approved and stopped",
    "a completed result stays",
    "a revocation takes away what it says",
];

/// What must be reached somewhere, by bit; a profile names those that concern it.
pub(crate) const REACHED: [&str; 30] = [
    "proposed",
    "accepted",
    "agreed",
    "settled",
    "declined",
    "withdrawn",
    "crossed",
    "cancelled",
    "release_asked",
    "change_proposed",
    "identical terms",
    "declared",
    "rework",
    "completed",
    "reopen_asked",
    "reopened result",
    "against_old_terms",
    "stopped",
    "arrival_unproven",
    "late",
    "contested",
    "forked",
    "case closed",
    "case reopened",
    "a rival settled",
    "chosen",
    "without effect",
    "confirmed",
    "set aside",
    "item disputed",
];

pub(crate) fn invariant(name: &'static str) -> u32 {
    let at = INVARIANTS.iter().position(|n| *n == name).expect("a rule in the list");
    1 << at
}

fn reach(name: &str) -> u64 {
    REACHED.iter().position(|n| *n == name).map_or(0, |at| 1 << at)
}

pub(crate) struct Found {
    pub(crate) shown: Shown,
    /// Rules broken, as bits.
    pub(crate) broken: u32,
    /// States reached, as bits.
    pub(crate) reached: u64,
    /// What each holder of this set may sign.
    pub(crate) moves: [Vec<u32>; HOLDERS],
}

impl Found {
    pub(crate) fn look(book: &Book, set: &Arc<Set>) -> Self {
        let mut look = Look::new(book, set);
        look.bound();
        look.verdicts();
        look.timely();
        look.choices();
        look.results();
        look.revoked();
        let heads: Vec<usize> = set.heads().collect();
        for head in &heads {
            let before = book.part(set, set.whole() & !(1 << head));
            look.step(book.found(&before), *head);
        }
        let reached = reached(&look);
        in_another_order(&mut look);
        let moves = if set.items.len() < book.profile.acts { moves(&look) } else { Default::default() };
        look.open_moves();
        let Look { broken, shown, .. } = look.renewed();
        Self { shown, broken, reached, moves }
    }
}

fn moves(look: &Look<'_>) -> [Vec<u32>; HOLDERS] {
    let mut all: [Vec<u32>; HOLDERS] = Default::default();
    for holder in look.book.profile.holders() {
        let signed = look.set.holders.iter().filter(|h| **h == holder).count();
        if signed < look.book.profile.each[holder] {
            all[holder] = menu::moves(&look.sight(holder));
        }
    }
    all
}

/// The order that takes the latest as early as it can.
fn backwards(set: &Set) -> Vec<usize> {
    let mut order = Vec::new();
    let mut fed = 0_u16;
    while order.len() < set.items.len() {
        let ready = |at: &usize| fed & (1 << at) == 0 && set.pasts[*at] & !fed == 0;
        let next = (0..set.items.len()).rev().find(ready).expect("causes come first");
        fed |= 1 << next;
        order.push(next);
    }
    order
}

fn in_another_order(look: &mut Look<'_>) {
    let other = backwards(look.set);
    if other.is_sorted() {
        return;
    }
    let (record, places) = look.book.copy(look.set, &other);
    let shown = Shown::of(&record, &places);
    if shown != look.shown {
        let why = format!("shown first: {:#?}\nshown then: {shown:#?}", look.shown);
        look.breaks("the same set shows the same in any order of arrival", || why);
    }
    let verdicts = |record: &Record, places: &[Option<u32>]| -> BTreeSet<(u32, String)> {
        let all = record.graph().all();
        all.map(|ix| (crate::shown::place(places, ix), format!("{:?}", record.fold().verdict(ix)))).collect()
    };
    // The whole digest, documents assembled and all, of one set in so many: it is slow.
    let sampled = look.set.number.is_multiple_of(look.book.profile.sampled);
    if sampled
        && (digest(&record) != digest(&look.record)
            || verdicts(&record, &places) != verdicts(&look.record, &look.places))
    {
        look.breaks("the same set shows the same in any order of arrival", || "the digests differ".to_owned());
    }
}

fn reached(look: &Look<'_>) -> u64 {
    let mut bits = 0;
    for subject in &look.shown.subjects {
        bits |= reach(subject.state);
        bits |= subject.overlays.iter().map(|o| reach(o)).fold(0, |all, bit| all | bit);
        if subject.settled {
            bits |= reach("settled");
        }
        if matches!(&subject.force, crate::shown::Force::Revision(names) if names.len() > 1) {
            bits |= reach("identical terms");
        }
    }
    bits |= match look.shown.case {
        "closed" => reach("case closed"),
        "reopened" => reach("case reopened"),
        _ => 0,
    };
    if look.shown.forks > 0 {
        bits |= reach("forked");
    }
    if look.shown.items.contains("true)") {
        bits |= reach("item disputed");
    }
    let graph = look.record.graph();
    for ix in graph.all().skip(look.book.profile.people) {
        let effective = *look.record.fold().verdict(ix) == Verdict::Effective;
        bits |= match (graph.statement(ix).kind.as_str(), effective) {
            ("choose", true) => reach("chosen"),
            ("confirm", true) => reach("confirmed"),
            (_, false) => reach("without effect"),
            _ => 0,
        };
    }
    look.further().into_iter().fold(bits, |bits, name| bits | reach(name))
}

impl<'b> Look<'b> {
    pub(crate) fn sight(&self, holder: usize) -> Sight<'_> {
        Sight { book: self.book, record: &self.record, set: self.set, holder }
    }
}
