//! Limits that a party keeps to itself: internal mandates, and the times in which a device may act. No rule of
//! agreement knows them; the party's own machines hold to them before anything is signed.

use counterpart_core::{
    act::{Act, Mandate},
    fold::Verdict,
    graph::Ix,
    id::EntryId,
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
    for (_, mandate) in mandates_of(record, author) {
        within(mandate.from, mandate.until, at)?;
        let listed = mandate.kinds.is_empty() || mandate.kinds.iter().any(|kind| kind == act.kind());
        let beyond = record.agreed_to(act).and_then(|proposal| proposal.beyond(&mandate.ceilings));
        if !listed || beyond.is_some() {
            return Err(DeskError::OwnLimit);
        }
    }
    Ok(())
}

impl Desk {
    /// The mandates that limit whoever signs here in a case: those that no later one replaced.
    #[must_use]
    pub fn mandates<'r>(&self, record: &'r Record) -> Vec<&'r Mandate> {
        mandates_of(record, &self.author()).into_iter().map(|(_, mandate)| mandate).collect()
    }
}

fn within(from: Option<i64>, until: Option<i64>, at: i64) -> Result<(), DeskError> {
    let begun = from.is_none_or(|from| at >= from);
    if begun && until.is_none_or(|until| at <= until) { Ok(()) } else { Err(DeskError::OutOfTime { begun }) }
}

/// The mandates that limit a device in a case, those that no later one replaced, each with the entry that sets it.
#[must_use]
pub fn mandates_of<'r>(record: &'r Record, author: &Author) -> Vec<(EntryId, &'r Mandate)> {
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
            Act::Mandate(mandate) => Some((graph.id(*ix), mandate)),
            _ => None,
        })
        .collect()
}
