//! Who provably received what, and by when at the latest: each party's own word, from its receipts and from its
//! statements, which are receipts of their past.

use std::collections::BTreeMap;

use counterpart_core::{graph::Ix, id::PartyId, record::Record};

/// For every party, when it first said that it holds each entry.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// Unix milliseconds by the party's clock, one an entry.
    parties: BTreeMap<PartyId, Vec<Option<i64>>>,
}

impl Delivery {
    pub(crate) fn of(record: &Record) -> Self {
        let graph = record.graph();
        let found =
            |ids: &[counterpart_core::id::EntryId]| ids.iter().filter_map(|id| graph.find(id)).collect::<Vec<Ix>>();
        let deps: Vec<Vec<Ix>> = graph.all().map(|ix| found(&graph.statement(ix).deps)).collect();
        let mut said: BTreeMap<PartyId, Vec<(i64, Vec<Ix>)>> = BTreeMap::new();
        for party in record.lens().members() {
            said.insert(party, Vec::new());
        }
        for ix in graph.all().filter(|ix| graph.counts(*ix)) {
            let statement = graph.statement(ix);
            said.entry(statement.party).or_default().push((statement.at, deps[ix.at()].clone()));
        }
        for receipt in record.receipts() {
            let receipt = &receipt.receipt;
            said.entry(receipt.party).or_default().push((receipt.at, found(&receipt.heads)));
        }
        let first = |mut said: Vec<(i64, Vec<Ix>)>| {
            said.sort_by_key(|(at, _)| *at);
            let mut first = vec![None; graph.len()];
            for (at, mut open) in said {
                // Whatever is marked has its whole past marked, so every entry is visited once a party.
                while let Some(ix) = open.pop() {
                    if first[ix.at()].is_none() {
                        first[ix.at()] = Some(at);
                        open.extend(&deps[ix.at()]);
                    }
                }
            }
            first
        };
        Self { parties: said.into_iter().map(|(party, said)| (party, first(said))).collect() }
    }

    /// The parties that said anything, and the members, by id.
    pub(crate) fn parties(&self) -> impl Iterator<Item = &PartyId> {
        self.parties.keys()
    }

    /// When a party first said that it holds an entry, by its own clock.
    pub(crate) fn at(&self, party: &PartyId, ix: Ix) -> Option<i64> {
        *self.parties.get(party)?.get(ix.at())?
    }

    /// The parties other than the author that provably hold an entry, by id, with the time they gave.
    pub(crate) fn received<'d>(&'d self, ix: Ix, author: &'d PartyId) -> impl Iterator<Item = (PartyId, i64)> + 'd {
        let others = self.parties.iter().filter(move |(party, _)| *party != author);
        others.filter_map(move |(party, first)| Some((*party, (*first.get(ix.at())?)?)))
    }
}
