//! Limits that a party keeps to itself: internal mandates, and the times in which a device may act. No rule of
//! agreement knows them; the party's own machines hold to them before anything is signed.

use std::collections::BTreeMap;

use counterpart_core::{
    act::{Act, Mandate, Proposal, Topic},
    fold::Verdict,
    graph::Ix,
    keylog::EventBody,
    record::{Author, Record},
};

use crate::{desk::Desk, error::DeskError};

/// Whether the party's own limits let this device sign an act at a time, Unix milliseconds.
pub(crate) fn check(record: &Record, author: &Author, act: &Act, at: i64) -> Result<(), DeskError> {
    let grant = match record.logs().event(&author.grant).map(|event| &event.body) {
        Some(EventBody::Grant(grant)) => grant,
        _ => return Ok(()),
    };
    within(grant.from, grant.until, at)?;
    let devices = record.logs().of_party(&author.party).filter(|e| matches!(e.body, EventBody::Grant(_))).count();
    // Nobody limits himself: with one device there are no mandates, and no case is looked through for any.
    if devices < 2 || matches!(act, Act::Open(_) | Act::Join { .. }) {
        return Ok(());
    }
    for mandate in newest(record, author) {
        within(mandate.from, mandate.until, at)?;
        let listed = mandate.kinds.is_empty() || mandate.kinds.iter().any(|kind| kind == act.kind());
        if !listed || !covers(mandate, record, act) {
            return Err(DeskError::OwnLimit);
        }
    }
    Ok(())
}

impl Desk {
    /// The mandates that limit whoever signs here in a case: those that no later one replaced.
    #[must_use]
    pub fn mandates<'r>(&self, record: &'r Record) -> Vec<&'r Mandate> {
        newest(record, &self.author())
    }
}

fn within(from: Option<i64>, until: Option<i64>, at: i64) -> Result<(), DeskError> {
    let begun = from.is_none_or(|from| at >= from);
    if begun && until.is_none_or(|until| at <= until) { Ok(()) } else { Err(DeskError::OutOfTime { begun }) }
}

/// The mandates for our own grant that no later one replaced.
fn newest<'r>(record: &'r Record, author: &Author) -> Vec<&'r Mandate> {
    let (graph, fold) = (record.graph(), record.fold());
    let ours = |ix: &Ix| match fold.act(*ix) {
        Act::Mandate(mandate) => mandate.grant == author.grant && *fold.verdict(*ix) == Verdict::Effective,
        _ => false,
    };
    let all: Vec<Ix> = graph.all().filter(ours).collect();
    let replaced = |ix: Ix| all.iter().any(|later| *later != ix && graph.covered_by(ix, &[*later]));
    let standing = all.iter().filter(|ix| !replaced(**ix));
    standing
        .filter_map(|ix| match fold.act(*ix) {
            Act::Mandate(mandate) => Some(mandate),
            _ => None,
        })
        .collect()
}

/// Whether the money at stake in what an act agrees to is within a mandate's ceilings; a currency without one is not. As in
/// R9, each value counts without its sign.
fn covers(mandate: &Mandate, record: &Record, act: &Act) -> bool {
    if mandate.ceilings.is_empty() {
        return true;
    }
    let proposal: Option<&Proposal> = match act {
        Act::Propose(proposal) | Act::Counter { proposal, .. } => Some(proposal),
        Act::Accept { revision: id, .. } | Act::Confirm { revision: id } | Act::Choose { pick: id, .. } => {
            record.graph().find(id).and_then(|ix| match record.fold().act(ix) {
                Act::Propose(proposal) | Act::Counter { proposal, .. } => Some(proposal),
                _ => None,
            })
        }
        _ => None,
    };
    let mut at_stake: BTreeMap<&str, i128> = BTreeMap::new();
    for subject in proposal.iter().flat_map(|proposal| &proposal.subjects) {
        if let Topic::Action { terms, .. } = &subject.topic
            && let Some(value) = &terms.value
        {
            let sum = at_stake.entry(value.currency()).or_default();
            *sum = sum.saturating_add(value.amount().millionths().abs());
        }
    }
    at_stake.iter().all(|(currency, sum)| {
        mandate.ceilings.iter().any(|most| most.currency() == *currency && most.amount().millionths() >= *sum)
    })
}
