//! All that was signed into a record, in the order of the bundle.

use std::collections::BTreeSet;

use counterpart_core::{
    envelope::Verified,
    gate::Refusal,
    keylog::KeyLogRefusal,
    receipt::SignedReceipt,
    record::{Applied, Record},
    seal::Disclosure,
    statement::Entry,
};

use crate::{
    bag::Sha,
    contents,
    failure::{Failure, FailureKind},
    layout::{self, Layout},
};

pub(super) fn keys(record: &mut Record, layout: &Layout<'_>) -> Result<(), Failure> {
    for member in &layout.keys {
        let bad = |refusal| match refusal {
            KeyLogRefusal::MissingPrev(prev) => {
                let why = format!("the key event before it, {prev}, is missing; ask for the whole bundle again");
                Failure::of(member.name, FailureKind::BadKeyEvent(refusal), why)
            }
            refusal => Failure::bad(member.name, refusal, FailureKind::BadKeyEvent),
        };
        let new = record.apply_key_event(member.bytes).map_err(bad)?;
        let event = layout::event_id(member.name).and_then(|id| record.logs().event(&id));
        let named = event.is_some_and(|e| layout::key_event(&e.party, e.position, &e.id) == member.name);
        if !new || !named {
            return Err(Failure::unexpected(member.name));
        }
    }
    Ok(())
}

pub(super) fn entries(
    record: &mut Record,
    genesis: Entry<Verified>,
    entries: Vec<Entry<Verified>>,
    layout: &Layout<'_>,
) -> Result<(), Failure> {
    let members = std::iter::once(layout.genesis).chain(layout.entries.iter().copied());
    for (index, (entry, member)) in std::iter::once(genesis).chain(entries).zip(members).enumerate() {
        let id = entry.id;
        if index > 0 && layout::entry(index + 1, &id) != member.name {
            return Err(Failure::unexpected(member.name));
        }
        match record.restore(entry) {
            Ok(Applied::New(_)) => {}
            Ok(Applied::Duplicate(_)) => return Err(Failure::unexpected(member.name)),
            Err(Refusal::MissingEntries(missing)) => {
                let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
                let list = list.join(" and ");
                let why = format!("it rests on the entry {list}, which is missing; ask for the whole bundle again");
                return Err(Failure::of(member.name, FailureKind::MissingEntries(missing), why));
            }
            Err(Refusal::MissingKeys(missing)) => {
                let first = missing.first().map(|k| layout::key_event(&k.party, k.position, &k.event));
                return Err(Failure::missing(&first.unwrap_or_default()));
            }
            Err(refusal) => return Err(Failure::entry(member.name, Some(id), refusal)),
        }
    }
    in_order(record, layout)
}

/// All entries count, and stand in the agreed order.
fn in_order(record: &Record, layout: &Layout<'_>) -> Result<(), Failure> {
    let graph = record.graph();
    let mut ordered = graph.ordered().into_iter();
    let members = std::iter::once(&layout.genesis).chain(&layout.entries);
    for (ix, member) in graph.all().zip(members) {
        if ordered.next() != Some(ix) {
            return Err(Failure::unexpected(member.name));
        }
    }
    Ok(())
}

pub(super) fn bad_change(record: &Record, index: usize, layout: &Layout<'_>, refusal: Refusal) -> Failure {
    let member = index.checked_sub(1).map_or(layout.genesis, |n| layout.entries[n]);
    let id = record.graph().nth(index).map(|ix| record.graph().id(ix));
    Failure::entry(member.name, id, refusal)
}

pub(super) fn receipts(record: &mut Record, receipts: Vec<SignedReceipt>, layout: &Layout<'_>) -> Result<(), Failure> {
    for (receipt, member) in receipts.into_iter().zip(&layout.receipts) {
        match record.apply_receipt(receipt) {
            Ok(true) => {}
            Ok(false) => return Err(Failure::unexpected(member.name)),
            Err(refusal) => return Err(Failure::bad(member.name, refusal, FailureKind::BadReceipt)),
        }
    }
    Ok(())
}

pub(super) fn values(record: &mut Record, layout: &Layout<'_>) -> Result<(), Failure> {
    for member in &layout.values {
        let disclosure = Disclosure::decode(member.bytes)
            .map_err(|error| Failure::bad(member.name, error, FailureKind::UnreadableValue))?;
        let ix = record.graph().find(&disclosure.entry);
        let name = ix.map(|ix| contents::value_name(record, ix, &disclosure));
        match record.apply_value(disclosure) {
            Ok(true) if name.as_deref() == Some(member.name) => {}
            Ok(_) => return Err(Failure::unexpected(member.name)),
            Err(refusal) => return Err(Failure::bad(member.name, refusal, FailureKind::BadValue)),
        }
    }
    Ok(())
}

/// The files whose bytes are here; each is named by an entry.
pub(super) fn files(named: &BTreeSet<Sha>, layout: &Layout<'_>) -> Result<BTreeSet<Sha>, Failure> {
    let mut held = BTreeSet::new();
    for member in &layout.attachments {
        let sha = layout::attachment_sha(member.name).filter(|sha| named.contains(sha));
        held.insert(sha.ok_or_else(|| Failure::unexpected(member.name))?);
    }
    Ok(held)
}
