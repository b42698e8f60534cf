//! Who provably holds what, and how far things are shared: a party by its own devices, or by a mailbox of its only.

use super::Grade;
use crate::{
    act::Act,
    fold::Lens,
    graph::{Graph, Ix},
    id::{DeviceKey, PartyId},
    record::Record,
    value::Sealable,
};

/// How a party provably holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Nothing it signed covers it.
    Not,
    /// Only a receipt of a mailbox of its does: it is stored for the party, who need not have looked into it.
    Mailbox,
    /// A statement of its does, or a receipt of a device that may sign more than receipts.
    Themselves,
}

/// How much of this copy another party has provably received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub party: PartyId,
    /// Entries here that no receipt or statement of theirs covers.
    pub missing: usize,
    /// Entries here that only a receipt of a mailbox of theirs covers.
    pub at_mailbox: usize,
    /// Claimed time of their latest receipt, Unix milliseconds.
    pub last_receipt: Option<i64>,
}

/// What another party says of an entry, and has not taken back by a later word of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The entry that says so.
    pub entry: Ix,
    pub party: PartyId,
    /// That it is wrong; otherwise that it is right.
    pub contests: bool,
    /// Why it is wrong, or what was noted with the word that it is right.
    pub text: Option<Sealable>,
}

impl Record {
    /// What the other parties say of an entry, whether it is right or wrong, in the agreed order.
    #[must_use]
    pub fn answers(&self, ix: Ix) -> Vec<Answer> {
        let graph = self.graph();
        let mut standing = standing_answers(&self.lens(), ix);
        standing.sort_unstable_by_key(|(entry, _)| graph.order(*entry));
        let one = |(entry, grade): (Ix, Grade)| {
            let text = match self.laid_open(entry) {
                Act::Contest { reason, .. } => Some(reason),
                Act::Acknowledge { note, .. } => note,
                _ => None,
            };
            Answer { entry, party: graph.statement(entry).party, contests: grade == Grade::Contested, text }
        };
        standing.into_iter().map(one).collect()
    }

    /// Whether a device is a mailbox of its party: its grant lists no kinds of acts, and lets it receive.
    #[must_use]
    pub fn is_mailbox(&self, party: &PartyId, device: &DeviceKey) -> bool {
        self.logs().grant_of_device(party, device).is_some_and(|(_, grant)| grant.is_mailbox())
    }

    /// For each of these entries, how a party provably holds it.
    #[must_use]
    pub fn held(&self, party: &PartyId, entries: &[Ix]) -> Vec<Held> {
        let known = Known::new(self);
        entries.iter().map(|ix| known.held(self.graph(), party, *ix)).collect()
    }

    /// For each of these entries, the best of how parties other than its author provably hold it.
    #[must_use]
    pub fn held_by_others(&self, entries: &[Ix]) -> Vec<Held> {
        let known = Known::new(self);
        entries.iter().map(|ix| known.held_by_others(self.graph(), *ix)).collect()
    }

    /// How far an entry is shared.
    #[must_use]
    pub fn grade(&self, ix: Ix) -> Grade {
        Known::new(self).grade(&self.lens(), ix)
    }

    /// How far every entry is shared, in the agreed order.
    #[must_use]
    pub fn grades(&self) -> Vec<(Ix, Grade)> {
        let known = Known::new(self);
        let lens = self.lens();
        self.graph().ordered().into_iter().map(|ix| (ix, known.grade(&lens, ix))).collect()
    }

    /// How far each of these entries is shared.
    #[must_use]
    pub fn grades_of(&self, entries: &[Ix]) -> Vec<Grade> {
        let known = Known::new(self);
        let lens = self.lens();
        entries.iter().map(|ix| known.grade(&lens, *ix)).collect()
    }

    /// For each of these entries, the other members to whom it is sent and who have not provably received it, not even
    /// by a mailbox.
    #[must_use]
    pub fn not_received(&self, own: &PartyId, entries: &[Ix]) -> Vec<Vec<PartyId>> {
        let known = Known::new(self);
        let members = self.lens().members();
        let others: Vec<PartyId> = members.into_iter().filter(|p| p != own && self.delivers_to(p)).collect();
        let lacks = |ix: Ix, party: &PartyId| known.held(self.graph(), party, ix) == Held::Not;
        entries.iter().map(|ix| others.iter().copied().filter(|party| lacks(*ix, party)).collect()).collect()
    }

    /// For each other member, what of this copy they have not provably received.
    #[must_use]
    pub fn delivery(&self, own: &PartyId) -> Vec<Delivery> {
        let known = Known::new(self);
        let entries: Vec<Ix> = self.graph().all().filter(|ix| self.graph().counts(*ix)).collect();
        let members = self.lens().members();
        let others = members.into_iter().filter(|party| party != own);
        others
            .map(|party| {
                let count =
                    |wanted: Held| entries.iter().filter(|ix| known.held(self.graph(), &party, **ix) == wanted).count();
                let (missing, at_mailbox) = (count(Held::Not), count(Held::Mailbox));
                let receipts = self.receipts().iter().filter(|r| r.receipt.party == party);
                Delivery { party, missing, at_mailbox, last_receipt: receipts.map(|r| r.receipt.at).max() }
            })
            .collect()
    }
}

/// What each party has provably received: the tips of its statements and of its receipts.
#[derive(Debug)]
pub(super) struct Known {
    parties: Vec<(PartyId, Tips)>,
    /// Receipts of devices that may sign acts; a mere mailbox does not count for two ticks.
    pub(super) signing: Vec<(PartyId, Vec<Ix>)>,
}

#[derive(Debug, Default)]
struct Tips {
    themselves: Vec<Ix>,
    mailboxes: Vec<Ix>,
}

impl Known {
    pub(super) fn new(record: &Record) -> Self {
        let graph = record.graph();
        let members = record.lens().members().into_iter();
        let mut parties: Vec<(PartyId, Tips)> = members.map(|party| (party, Tips::default())).collect();
        for (party, tips) in &mut parties {
            tips.themselves.extend(graph.lanes_of_party(party).filter_map(|lane| lane.last().copied()));
        }
        let mut signing = Vec::new();
        let mut devices: Vec<DeviceKey> = record.receipts().iter().map(|r| r.receipt.device).collect();
        devices.sort_unstable();
        devices.dedup();
        for device in devices {
            let Some(last) = record.last_receipt(&device) else { continue };
            let heads: Vec<Ix> = last.receipt.heads.iter().filter_map(|h| graph.find(h)).collect();
            let party = last.receipt.party;
            let mailbox = record.is_mailbox(&party, &device);
            if let Some((_, tips)) = parties.iter_mut().find(|(p, _)| *p == party) {
                if mailbox { &mut tips.mailboxes } else { &mut tips.themselves }.extend(heads.iter().copied());
            }
            if !mailbox && record.logs().grant_of_device(&party, &device).is_some() {
                signing.push((party, heads));
            }
        }
        Self { parties, signing }
    }

    pub(super) fn held(&self, graph: &Graph, party: &PartyId, ix: Ix) -> Held {
        self.parties.iter().find(|(p, _)| p == party).map_or(Held::Not, |(_, tips)| tips.held(graph, ix))
    }

    pub(super) fn held_by_others(&self, graph: &Graph, ix: Ix) -> Held {
        let author = graph.statement(ix).party;
        let others = self.parties.iter().filter(|(party, _)| *party != author);
        others.map(|(_, tips)| tips.held(graph, ix)).max().unwrap_or(Held::Not)
    }

    pub(super) fn grade(&self, lens: &Lens<'_>, ix: Ix) -> Grade {
        let graph = lens.graph();
        if lens.fold().proposal(ix).is_some_and(|p| p.signers.len() > 1) && lens.fully_signed(ix) {
            return Grade::Agreed;
        }
        let delivered = self.held_by_others(graph, ix) != Held::Not;
        let basic = if delivered { Grade::Delivered } else { Grade::Unilateral };
        standing_answers(lens, ix).into_iter().map(|(_, grade)| grade).max().unwrap_or(basic)
    }
}

/// What the others say of an entry, [`Grade::Acknowledged`] or [`Grade::Contested`]. R12: per party the answers that no
/// later own one knew of; several stand side by side.
fn standing_answers(lens: &Lens<'_>, ix: Ix) -> Vec<(Ix, Grade)> {
    let graph = lens.graph();
    let author = graph.statement(ix).party;
    let answers: Vec<(Ix, Grade)> = lens
        .about(&graph.id(ix))
        .filter_map(|answer| match lens.fold().act(answer) {
            Act::Acknowledge { .. } => Some((answer, Grade::Acknowledged)),
            Act::Contest { .. } => Some((answer, Grade::Contested)),
            _ => None,
        })
        .filter(|(answer, _)| graph.statement(*answer).party != author)
        .collect();
    let superseded = |ix: Ix| {
        let party = graph.statement(ix).party;
        answers.iter().any(|(later, _)| graph.statement(*later).party == party && graph.in_past(ix, *later))
    };
    answers.iter().filter(|(ix, _)| !superseded(*ix)).copied().collect()
}

impl Tips {
    fn held(&self, graph: &Graph, ix: Ix) -> Held {
        if graph.covered_by(ix, &self.themselves) {
            Held::Themselves
        } else if graph.covered_by(ix, &self.mailboxes) {
            Held::Mailbox
        } else {
            Held::Not
        }
    }
}
