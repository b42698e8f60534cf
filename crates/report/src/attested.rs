//! What others' signatures, and time stamps, say of each entry: who holds it, and between which times it was signed.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    graph::Ix,
    id::{EntryId, PartyId, ReceiptId},
    receipt::Receipt,
    record::Record,
    stamp::TimeStamp,
    view::{Bound, Evidence, Proven},
};

use counterpart_evidence::{JudgedStamp, Standing};

use crate::{
    teller::Teller,
    words::{Words, say},
};

/// What proves one end of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Entry(Ix, PartyId),
    Receipt(ReceiptId, PartyId),
    /// By its place among those that are believed.
    Stamp(usize),
}

/// A time that is not its author's own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attested {
    /// Unix milliseconds.
    pub(crate) at: i64,
    pub(crate) by: By,
}

/// A time stamp that is believed.
#[derive(Debug)]
pub(crate) struct Believed {
    pub(crate) proves: TimeStamp,
    service: Option<String>,
}

/// Of every entry what others say, by its place in the graph.
#[derive(Debug)]
pub(crate) struct Attestations {
    times: Vec<Proven>,
    /// Per party, whether something it signed covers each entry.
    held: BTreeMap<PartyId, Vec<bool>>,
    /// The same without the receipts of its mailboxes, which store things for it and say no more.
    held_themselves: BTreeMap<PartyId, Vec<bool>>,
    /// Receipts of mailboxes.
    mailboxes: BTreeSet<ReceiptId>,
    /// The numbers of receipts, by their ids.
    numbers: BTreeMap<ReceiptId, u32>,
    stamps: Vec<Believed>,
    /// Which stamp says most about each entry.
    stamped: Vec<Option<usize>>,
}

impl Attestations {
    pub(crate) fn of(record: &Record, stamps: &[JudgedStamp]) -> Self {
        let graph = record.graph();
        let found = |ids: &[EntryId]| ids.iter().filter_map(|id| graph.find(id)).collect::<Vec<Ix>>();
        let deps: Vec<Vec<Ix>> = graph.all().map(|ix| found(&graph.statement(ix).deps)).collect();
        let members = record.lens().members();
        let mut tips: BTreeMap<PartyId, Vec<Ix>> = members.into_iter().map(|party| (party, Vec::new())).collect();
        for ix in graph.all().filter(|ix| graph.counts(*ix)) {
            tips.entry(graph.statement(ix).party).or_default().push(ix);
        }
        let is_mailbox = |r: &Receipt| record.is_mailbox(&r.party, &r.device);
        let receipts = record.receipts().iter().map(|signed| (signed.id, &signed.receipt));
        let (stored, taken): (Vec<_>, Vec<_>) = receipts.partition(|(_, receipt)| is_mailbox(receipt));
        for (_, receipt) in taken {
            tips.entry(receipt.party).or_default().extend(found(&receipt.heads));
        }
        let all = |tips: &BTreeMap<PartyId, Vec<Ix>>| {
            tips.iter().map(|(party, tips)| (*party, covered(tips.clone(), &deps))).collect()
        };
        let held_themselves = all(&tips);
        let mailboxes: BTreeSet<ReceiptId> = stored.iter().map(|(id, _)| *id).collect();
        for (_, receipt) in stored {
            tips.entry(receipt.party).or_default().extend(found(&receipt.heads));
        }
        let held = all(&tips);
        let numbers = record.receipts().iter().map(|r| (r.id, r.receipt.number)).collect();
        let believed = |stamp: &JudgedStamp| match &stamp.standing {
            Standing::Valid { service, .. } => Some(Believed { proves: stamp.proves()?, service: service.clone() }),
            _ => None,
        };
        let stamps: Vec<Believed> = stamps.iter().filter_map(believed).collect();
        let proves: Vec<TimeStamp> = stamps.iter().map(|stamp| stamp.proves.clone()).collect();
        let (times, stamped) = (record.proven_times(), record.stamped(&proves));
        Self { times, held, held_themselves, mailboxes, numbers, stamps, stamped }
    }

    /// The newest time that another party claims in what the entry rests on.
    pub(crate) fn not_before(&self, ix: Ix) -> Option<Attested> {
        self.times.get(ix.at())?.not_before.as_ref().map(Attested::of)
    }

    /// The oldest time in what covers the entry: of another party, or of a time stamp.
    pub(crate) fn not_after(&self, ix: Ix) -> Option<Attested> {
        let party = self.times.get(ix.at())?.not_after.as_ref().map(Attested::of);
        let stamp = self.stamped.get(ix.at()).copied().flatten();
        let stamp = stamp.map(|n| Attested { at: self.stamps[n].proves.at, by: By::Stamp(n) });
        party.into_iter().chain(stamp).min_by_key(|word| word.at)
    }

    /// By when all of these were there, if each was by somebody's word.
    pub(crate) fn all_not_after(&self, entries: impl IntoIterator<Item = Ix>) -> Option<Attested> {
        let each: Option<Vec<Attested>> = entries.into_iter().map(|ix| self.not_after(ix)).collect();
        each?.into_iter().max_by_key(|word| word.at)
    }

    /// The number of the receipt that proves something.
    pub(crate) fn number(&self, receipt: &ReceiptId) -> u32 {
        self.numbers.get(receipt).copied().unwrap_or(0)
    }

    /// What proves it, and whose word that is: "Amira's #8", "Amira's receipt 3", "a time stamp by Example Time".
    pub(crate) fn proof(&self, teller: &Teller<'_>, word: &Attested) -> Words {
        let whose = |party: &PartyId| Words::new().who(&teller.party(party)).say("\u{2019}s ");
        match word.by {
            By::Entry(ix, party) => whose(&party).entry(teller.name(ix)),
            By::Receipt(id, party) => {
                let mailbox = if self.mailboxes.contains(&id) { "mailbox\u{2019}s " } else { "" };
                whose(&party).say(format!("{mailbox}receipt {}", self.number(&id)))
            }
            By::Stamp(n) => say("a time stamp")
                .maybe(self.stamps[n].service.as_deref(), |words, service| words.say(" by ").who(service)),
        }
    }

    /// The time stamps that are believed.
    pub(crate) fn stamps(&self) -> &[Believed] {
        &self.stamps
    }

    /// Whether something a party signed covers an entry.
    pub(crate) fn holds(&self, party: &PartyId, ix: Ix) -> bool {
        self.held.get(party).is_some_and(|held| held.get(ix.at()).copied().unwrap_or(false))
    }

    /// Whether of what a party signed only receipts of its mailboxes cover an entry.
    pub(crate) fn at_mailbox(&self, party: &PartyId, ix: Ix) -> bool {
        let themselves = self.held_themselves.get(party).and_then(|held| held.get(ix.at())).copied();
        self.holds(party, ix) && themselves != Some(true)
    }

    /// The parties other than the author that provably hold the entry, by id.
    pub(crate) fn held_by(&self, ix: Ix, author: &PartyId) -> Vec<PartyId> {
        self.held.keys().filter(|party| *party != author && self.holds(party, ix)).copied().collect()
    }

    /// Every party that said anything, and the members, by id.
    pub(crate) fn parties(&self) -> impl Iterator<Item = &PartyId> {
        self.held.keys()
    }
}

impl Attested {
    fn of(bound: &Bound) -> Self {
        let by = match bound.by {
            Evidence::Entry(ix) => By::Entry(ix, bound.party),
            Evidence::Receipt(id) => By::Receipt(id, bound.party),
        };
        Self { at: bound.at, by }
    }
}

/// What these entries rest on, themselves included.
fn covered(mut open: Vec<Ix>, deps: &[Vec<Ix>]) -> Vec<bool> {
    let mut covered = vec![false; deps.len()];
    while let Some(ix) = open.pop() {
        if !covered[ix.at()] {
            covered[ix.at()] = true;
            open.extend(&deps[ix.at()]);
        }
    }
    covered
}
