//! The joint checkpoint: how far the signatures of all parties reach.

use super::{Held, held::Known};
use crate::{
    graph::Ix,
    id::{EntryId, PartyId},
    record::Record,
};

/// The entries that a signature of every joined party covers: each of them signed, by a statement or a receipt, that
/// it holds these. What came later may still be news to somebody; so may what only a mailbox holds for a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The parties that joined, the opener first; two or more.
    pub parties: Vec<PartyId>,
    /// Entries covered.
    pub entries: usize,
    /// Of these, the ones that no other of these rests on, by id ascending.
    pub heads: Vec<EntryId>,
    /// Entries here that it does not cover.
    pub behind: usize,
}

impl Record {
    /// How far the signatures of all joined parties reach; nothing while only one party has joined.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let (graph, lens) = (self.graph(), self.lens());
        let mut parties = lens.members();
        parties.retain(|party| lens.joined(party));
        if parties.len() < 2 {
            return None;
        }
        let known = Known::new(self);
        let covered = |ix: &Ix| parties.iter().all(|party| known.held(graph, party, *ix) == Held::Themselves);
        let counting = graph.all().filter(|ix| graph.counts(*ix)).count();
        let entries = graph.all().filter(|ix| graph.counts(*ix) && covered(ix)).count();
        let mut authors: Vec<PartyId> = graph.feeds().filter_map(|(device, _)| graph.party_of(&device)).collect();
        authors.sort_unstable();
        authors.dedup();
        // What covers an entry covers all before it in its lane.
        let last = |lane: &[Ix]| lane[..lane.partition_point(covered)].last().copied();
        let tops: Vec<Ix> = authors.iter().flat_map(|party| graph.lanes_of_party(party)).filter_map(last).collect();
        let ends = tops.iter().filter(|ix| !tops.iter().any(|other| graph.in_past(**ix, *other)));
        let mut heads: Vec<EntryId> = ends.map(|ix| graph.id(*ix)).collect();
        heads.sort_unstable();
        Some(Checkpoint { parties, entries, heads, behind: counting - entries })
    }
}
