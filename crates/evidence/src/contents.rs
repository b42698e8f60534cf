//! What a bundle holds, as a function of a record: names and bytes of everything that is made and not signed.

use std::{borrow::Cow, collections::BTreeSet};

use counterpart_core::{
    graph::Ix,
    id::{CaseId, ChangeId, PartyId},
    receipt::SignedReceipt,
    record::Record,
    seal::{self, Disclosure},
};

use crate::{
    archive::Member,
    bag::{self, Sha},
    layout,
};

/// What people find when they unpack a bundle. The same in every bundle of this version.
pub(crate) const README: &str = include_str!("readme.txt");

/// The formats and the rules as this program has them.
pub(crate) const SPECIFICATION: &str =
    concat!(include_str!("../../../docs/protocol.md"), include_str!("../../../docs/rules.md"));

/// SHA-256 of the specification that this program puts into a bundle.
#[must_use]
pub fn specification() -> [u8; 32] {
    bag::digest(SPECIFICATION.as_bytes())
}

/// A member that is to be written, or to be found.
#[derive(Debug)]
pub(crate) struct Part<'r> {
    pub(crate) name: &'static str,
    pub(crate) bytes: Cow<'r, [u8]>,
}

impl Part<'static> {
    fn text(name: &'static str, text: String) -> Self {
        Self { name, bytes: text.into_bytes().into() }
    }
}

pub(crate) fn readme() -> Part<'static> {
    Part { name: layout::README, bytes: Cow::Borrowed(README.as_bytes()) }
}

/// The tag files but the exporter's word, ascending by name.
pub(crate) fn tags(
    case: &CaseId,
    exported_at: i64,
    (octets, count): (u64, usize),
    exporter: &[u8],
    manifest: String,
) -> [Part<'static>; 4] {
    let info = bag::info(case, exported_at, octets, count);
    let tagged: [(&str, &[u8]); 4] = [
        (layout::BAG_INFO, info.as_bytes()),
        (layout::BAGIT, bag::DECLARATION.as_bytes()),
        (layout::EXPORTER, exporter),
        (layout::MANIFEST, manifest.as_bytes()),
    ];
    let tag_manifest = bag::manifest(tagged.map(|(name, bytes)| (name, bag::digest(bytes))));
    [
        Part::text(layout::BAG_INFO, info),
        Part::text(layout::BAGIT, bag::DECLARATION.to_owned()),
        Part::text(layout::MANIFEST, manifest),
        Part::text(layout::TAG_MANIFEST, tag_manifest),
    ]
}

pub(crate) fn octets(payload: &[Member<'_>]) -> (u64, usize) {
    (payload.iter().map(|part| part.bytes.len() as u64).sum(), payload.len())
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

/// Whether an entry lets a party in: it opened the case, or was admitted. Whether that took effect is not asked.
pub(crate) fn was_let_in(record: &Record, party: &PartyId) -> bool {
    let graph = record.graph();
    graph.all().filter(|ix| graph.counts(*ix)).map(|ix| graph.statement(ix)).any(|statement| {
        let admitted = || statement.body.field("party").and_then(|p| p.as_bytes());
        match statement.kind.as_str() {
            "open" => statement.party == *party,
            "admit" => admitted() == Some(party.as_bytes()),
            _ => false,
        }
    })
}

/// The heads of the Automerge document, ascending: every feed is a chain of changes from the opening's, so what no
/// later change of its feed follows is an end. `standing` are the entries in it.
pub(crate) fn document_heads(record: &Record, standing: &[Ix]) -> Vec<ChangeId> {
    let graph = record.graph();
    let mut followed = vec![false; graph.len()];
    for prev in standing.iter().filter_map(|ix| graph.find(&graph.statement(*ix).prev?)) {
        followed[prev.at()] = true;
    }
    if let [open, _, ..] = standing {
        followed[open.at()] = true;
    }
    let ends = standing.iter().filter(|ix| !followed[ix.at()]);
    let mut heads: Vec<ChangeId> = ends.map(|ix| graph.node(*ix).entry.change).collect();
    heads.sort_unstable();
    heads
}

/// The files that entries name, by SHA-256, as far as the sealed values here tell.
pub(crate) fn named_files(record: &Record) -> BTreeSet<Sha> {
    record.attachments().into_iter().map(|attachment| attachment.named.file.sha256).collect()
}
