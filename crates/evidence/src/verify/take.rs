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

fn keys(record: &mut Record, layout: &Layout<'_>) -> Result<(), Failure> {
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

/// The entries of a bundle on their way into a record, in its order; after the first that is not taken no other is.
pub(super) struct Entries<'l> {
    record: Record,
    layout: &'l Layout<'l>,
    count: usize,
    refused: Option<Failure>,
}

impl<'l> Entries<'l> {
    pub(super) fn new(layout: &'l Layout<'l>) -> Self {
        Self { record: Record::new(), layout, count: 0, refused: None }
    }

    /// The opening first.
    pub(super) fn take(&mut self, entry: Entry<Verified>) {
        if self.refused.is_none() {
            let opening = self.count == 0;
            let known = if opening { keys(&mut self.record, self.layout) } else { Ok(()) };
            self.refused = known.and_then(|()| self.restore(entry)).err();
        }
    }

    /// The record, and how many entries are in it.
    pub(super) fn finish(self) -> Result<(Record, usize), Failure> {
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        in_order(&self.record, self.layout)?;
        Ok((self.record, self.count))
    }

    fn restore(&mut self, entry: Entry<Verified>) -> Result<(), Failure> {
        let member = self.count.checked_sub(1).map_or(self.layout.genesis, |n| self.layout.entries[n]);
        self.count += 1;
        let id = entry.id;
        // The name's other half was held against the entry when it was looked at.
        if self.count > 1 && layout::entry_index(member.name) != Some(self.count) {
            return Err(Failure::unexpected(member.name));
        }
        match self.record.restore(entry) {
            Ok(Applied::New(_)) => Ok(()),
            Ok(Applied::Duplicate(_)) => Err(Failure::unexpected(member.name)),
            Err(Refusal::MissingEntries(missing)) => {
                let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
                let list = list.join(" and ");
                let why = format!("it rests on the entry {list}, which is missing; ask for the whole bundle again");
                Err(Failure::of(member.name, FailureKind::MissingEntries(missing), why))
            }
            Err(Refusal::MissingKeys(missing)) => {
                let first = missing.first().map(|k| layout::key_event(&k.party, k.position, &k.event));
                Err(Failure::missing(&first.unwrap_or_default()))
            }
            Err(refusal) => Err(Failure::entry(member.name, Some(id), refusal)),
        }
    }
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
