//! What a bundle holds, as a function of a record: every member's name and bytes.

use std::{borrow::Cow, collections::BTreeSet};

use counterpart_core::{
    graph::Ix,
    id::{CaseId, ChangeId, EntryId, PartyId},
    receipt::SignedReceipt,
    record::Record,
    seal::{self, Disclosure},
};

use crate::{archive::Member, bag, delivery::Delivery, layout, timeline};

/// What people find when they unpack a bundle. The same in every bundle of this version.
pub(crate) const README: &str = include_str!("readme.txt");

/// A member that is to be written, or to be found.
#[derive(Debug)]
pub(crate) struct Part<'r> {
    pub(crate) name: String,
    pub(crate) bytes: Cow<'r, [u8]>,
}

/// The payload, in ascending order of name. The record holds what counts and nothing else.
pub(crate) fn payload<'r>(
    record: &'r Record,
    delivery: &Delivery,
    document: Vec<u8>,
    exported_at: i64,
) -> Vec<Part<'r>> {
    let graph = record.graph();
    let mut parts = Vec::with_capacity(graph.len() + record.receipts().len() + 64);
    parts.push(Part { name: layout::README.to_owned(), bytes: Cow::Borrowed(README.as_bytes()) });
    for (index, ix) in graph.ordered().into_iter().enumerate() {
        let entry = &graph.node(ix).entry;
        let name = if index == 0 { layout::GENESIS.to_owned() } else { layout::entry(index + 1, &entry.id) };
        parts.push(Part { name, bytes: Cow::Borrowed(entry.bytes()) });
        parts.extend(
            record
                .values_of(&entry.id)
                .iter()
                .map(|d| Part { name: value_name(record, ix, d), bytes: d.encode().into() }),
        );
    }
    for event in key_parties(record).iter().flat_map(|party| record.logs().of_party(party)) {
        let name = layout::key_event(&event.party, event.position, &event.id);
        parts.push(Part { name, bytes: Cow::Borrowed(event.bytes()) });
    }
    parts.extend(record.receipts().iter().map(|r| Part { name: receipt_name(r), bytes: Cow::Borrowed(r.bytes()) }));
    parts.push(Part { name: layout::DOCUMENT.to_owned(), bytes: document.into() });
    let timeline = timeline::render(record, delivery, exported_at);
    parts.push(Part { name: layout::TIMELINE.to_owned(), bytes: timeline.into_bytes().into() });
    parts.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    parts
}

/// The tag files around a payload, given the payload's checksums in its order: `bag-info.txt`, `bagit.txt`,
/// `manifest-sha256.txt`, `tagmanifest-sha256.txt`.
pub(crate) fn tags(case: &CaseId, exported_at: i64, payload: &[Member<'_>], digests: &[&str]) -> [Part<'static>; 4] {
    let octets = payload.iter().map(|part| part.bytes.len() as u64).sum();
    let info = bag::info(case, exported_at, octets, payload.len());
    let manifest = bag::manifest(payload.iter().map(|part| part.name).zip(digests.iter().copied()));
    let digests = [&info, bag::DECLARATION, &manifest].map(|text: &str| bag::digest(text.as_bytes()));
    let names = [layout::BAG_INFO, layout::BAGIT, layout::MANIFEST];
    let tag_manifest = bag::manifest(names.into_iter().zip(digests.iter().map(String::as_str)));
    let part = |name: &str, text: String| Part { name: name.to_owned(), bytes: text.into_bytes().into() };
    [
        part(layout::BAG_INFO, info),
        part(layout::BAGIT, bag::DECLARATION.to_owned()),
        part(layout::MANIFEST, manifest),
        part(layout::TAG_MANIFEST, tag_manifest),
    ]
}

pub(crate) fn receipt_name(receipt: &SignedReceipt) -> String {
    layout::receipt(&receipt.receipt.device, receipt.receipt.number, &receipt.id)
}

/// The member of a disclosed value of an entry.
pub(crate) fn value_name(record: &Record, ix: Ix, disclosure: &Disclosure) -> String {
    let sealed = seal::find_sealed(&record.graph().statement(ix).body);
    let place = sealed.iter().position(|(path, _)| *path == disclosure.path).map_or(0, |n| n + 1);
    layout::value(&disclosure.entry, place)
}

/// The parties whose key logs the entries and receipts rely on.
pub(crate) fn key_parties(record: &Record) -> BTreeSet<PartyId> {
    let graph = record.graph();
    let mut parties = BTreeSet::new();
    for ix in graph.all().filter(|ix| graph.counts(*ix)) {
        let statement = graph.statement(ix);
        // Feeds go on for long: most entries cite nothing and are by somebody already here.
        parties.insert(statement.party);
        parties.extend(statement.keys.iter().map(|cited| cited.party));
    }
    for receipt in record.receipts() {
        parties.insert(receipt.receipt.party);
        parties.extend(receipt.receipt.keys.iter().map(|cited| cited.party));
    }
    parties
}

/// The heads of the Automerge document, ascending: every feed is a chain of changes from the opening's, so what no
/// later change of its feed follows is an end.
pub(crate) fn document_heads(record: &Record) -> Vec<ChangeId> {
    let graph = record.graph();
    let standing = graph.in_document();
    let mut followed: BTreeSet<EntryId> = standing.iter().filter_map(|ix| graph.statement(*ix).prev).collect();
    if let (Some(open), true) = (standing.first(), standing.len() > 1) {
        followed.insert(graph.id(*open));
    }
    let entries = standing.into_iter().map(|ix| &graph.node(ix).entry);
    let mut heads: Vec<ChangeId> = entries.filter(|entry| !followed.contains(&entry.id)).map(|e| e.change).collect();
    heads.sort_unstable();
    heads
}
