//! Writing a bundle.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use counterpart_core::{
    envelope::Verified,
    exporter::ExporterWord,
    id::EventId,
    receipt::{ReceiptRefusal, SignedReceipt},
    record::{Author, Record},
    stamp::KeptStamp,
    statement::{Entry, KeyCitation},
};
use zip::result::ZipError;

use crate::{
    archive::{self, MAX_BUNDLE},
    bag::{self, Sha},
    contents,
    delivery::Delivery,
    layout, parallel, stamps, timeline,
    verify::changes,
};

/// Bytes of attached files by their SHA-256: what the exporter holds of them.
pub type Attachments = BTreeMap<[u8; 32], Vec<u8>>;

/// Who makes a bundle, and signs for it.
#[derive(Clone, Copy)]
pub struct Exporter<'k> {
    pub author: Author,
    /// Signs with the author's device key, as [`ExporterWord::sign`] does.
    pub sign: &'k dyn Fn(&ExporterWord) -> Vec<u8>,
}

impl std::fmt::Debug for Exporter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").field("author", &self.author).finish_non_exhaustive()
    }
}

/// Why a case is not written as a bundle.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("there is nothing to export: the case has no entries here; fetch it from the other party first")]
    Empty,
    #[error("the case is larger than one bundle may be; hand over the store's copy instead")]
    TooLarge,
    #[error("this copy of the case is damaged ({0}); restore it from a backup, or fetch it again from another party")]
    Damaged(String),
    #[error(
        "this device may not answer for a file of evidence: its party was not let into the case, or its key log gives \
         it no leave, or no more, to receive; export from another device of the party"
    )]
    NotAllowed,
    #[error("the bundle could not be put together: {0}; free some memory and try again")]
    Archive(#[from] ZipError),
}

/// A member that is to be written.
type Part<'r> = (String, Cow<'r, [u8]>);

/// Writes all of a case that counts as one bundle, signed for by `exporter`. `exported_at` is Unix milliseconds. Of
/// `attachments` go in those that an entry names, of `stamps` those that hold by themselves.
///
/// Whoever holds the bundle can read it all: sealed values that are in `record` lie in it open.
///
/// # Errors
/// When there is nothing to write, too much, the exporter may not, or this copy contradicts itself.
pub fn export(
    record: &Record,
    exported_at: i64,
    exporter: &Exporter<'_>,
    attachments: &Attachments,
    stamps: &[KeptStamp],
) -> Result<Vec<u8>, ExportError> {
    let record = canonical(record, exporter)?;
    let case = record.case().ok_or(ExportError::Empty)?;
    let word = word(&record, exporter, exported_at)?;
    if record.graph().len() > layout::MAX_ENTRIES || record.receipts().len() > layout::MAX_RECEIPTS {
        return Err(ExportError::TooLarge);
    }
    let payload = payload(&record, exporter, exported_at, attachments, stamps)?;
    if payload.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > MAX_BUNDLE {
        return Err(ExportError::TooLarge);
    }
    let digest = |(): &mut (), range: Range<usize>| -> Vec<Sha> {
        payload[range].iter().map(|(_, bytes)| bag::digest(bytes)).collect()
    };
    let digests = parallel::chunks(payload.len(), || (), digest).concat();
    let listed = || payload.iter().zip(&digests).map(|((name, _), digest)| (name.as_str(), *digest));
    check_attachments(listed())?;
    let manifest = bag::manifest(listed());
    let word = (exporter.sign)(&ExporterWord { manifest: bag::digest(manifest.as_bytes()), ..word });
    let octets = (payload.iter().map(|(_, bytes)| bytes.len() as u64).sum(), payload.len());
    let tags = contents::tags(&case, exported_at, octets, &word, manifest);
    let mut all: Vec<(&str, &[u8])> = payload.iter().map(|(name, bytes)| (name.as_str(), &**bytes)).collect();
    all.extend(tags.iter().map(|part| (part.name, &*part.bytes)));
    all.push((layout::EXPORTER, &word));
    all.sort_unstable_by_key(|(name, _)| *name);
    let bundle = archive::write(all.into_iter())?;
    if bundle.len() > MAX_BUNDLE { Err(ExportError::TooLarge) } else { Ok(bundle) }
}

/// What the exporter will sign, but for the list.
fn word(record: &Record, exporter: &Exporter<'_>, at: i64) -> Result<ExporterWord, ExportError> {
    let Author { party, device, grant } = exporter.author;
    let case = record.case().ok_or(ExportError::Empty)?;
    let entries = u32::try_from(record.graph().len()).map_err(|_many| ExportError::TooLarge)?;
    let word = |log| ExporterWord { case, party, device, grant, log, entries, manifest: [0; 32], at };
    // Of a log that was forked it relies on an end at which its grant still stands.
    let logs = record.logs();
    let followed: BTreeSet<EventId> = logs.of_party(&party).filter_map(|event| event.prev).collect();
    let ends = logs.of_party(&party).filter(|event| !followed.contains(&event.id));
    let ends = ends.map(|end| word(KeyCitation { party, position: end.position, event: end.id }));
    let allowed = ends.filter(|word| word.check_grant(logs).is_ok());
    let longest = allowed.max_by_key(|word| (word.log.position, Reverse(word.log.event)));
    longest.filter(|_| contents::was_let_in(record, &party)).ok_or(ExportError::NotAllowed)
}

/// The members under `data/`, ascending by name. The record holds what counts and nothing else.
fn payload<'r>(
    record: &'r Record,
    exporter: &Exporter<'_>,
    exported_at: i64,
    attachments: &'r Attachments,
    stamps: &[KeptStamp],
) -> Result<Vec<Part<'r>>, ExportError> {
    let graph = record.graph();
    let document = changes(record, &graph.in_document()).map_err(|(_, refusal)| damaged(refusal))?;
    let timeline =
        timeline::render(record, &Delivery::of(record), &record.grades(), &record.proven_times(), exported_at);
    let mut parts: Vec<Part<'r>> = Vec::with_capacity(graph.len() + record.receipts().len() + 64);
    parts.push((layout::README.to_owned(), contents::readme().bytes));
    parts.push((layout::DOCUMENT.to_owned(), document.concat().into()));
    parts.push((layout::TIMELINE.to_owned(), timeline.concat().into_bytes().into()));
    parts.push((layout::SPECIFICATION.to_owned(), Cow::Borrowed(contents::SPECIFICATION.as_bytes())));
    for (index, ix) in graph.ordered().into_iter().enumerate() {
        let entry = &graph.node(ix).entry;
        let name = if index == 0 { layout::GENESIS.to_owned() } else { layout::entry(index + 1, &entry.id) };
        parts.push((name, Cow::Borrowed(entry.bytes())));
        let values = record.values_of(&entry.id).iter();
        parts.extend(values.map(|d| (contents::value_name(record, ix, d), d.encode().into())));
    }
    let mut parties = contents::key_parties(record);
    parties.insert(exporter.author.party);
    for event in parties.iter().flat_map(|party| record.logs().of_party(party)) {
        let name = layout::key_event(&event.party, event.position, &event.id);
        parts.push((name, Cow::Borrowed(event.bytes())));
    }
    parts.extend(record.receipts().iter().map(|r| (contents::receipt_name(r), Cow::Borrowed(r.bytes()))));
    parts.extend(stamps::members(record, stamps).into_iter().map(|(name, bytes)| (name, bytes.into())));
    for sha256 in contents::named_files(record) {
        let held = attachments.get(&sha256);
        parts.extend(held.map(|bytes| (layout::attachment(&sha256), Cow::Borrowed(bytes.as_slice()))));
    }
    parts.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(parts)
}

/// The bytes of a file are what its name says, or our own store is not.
fn check_attachments<'m>(payload: impl Iterator<Item = (&'m str, Sha)>) -> Result<(), ExportError> {
    for (name, digest) in payload {
        if layout::Kind::of(name) == Some(layout::Kind::Attachment) && layout::attachment(&digest) != name {
            return Err(damaged("the bytes of an attached file are not those that were put on record"));
        }
    }
    Ok(())
}

fn damaged(why: impl std::fmt::Display) -> ExportError {
    ExportError::Damaged(why.to_string())
}

/// The record again, taken in by the agreed order and without what counts nowhere, as a verifier will have it.
fn canonical(record: &Record, exporter: &Exporter<'_>) -> Result<Record, ExportError> {
    let counted = |record: &Record| -> Vec<Entry<Verified>> {
        record.graph().ordered().into_iter().map(|ix| record.graph().node(ix).entry.clone()).collect()
    };
    let mut parties = contents::key_parties(record);
    parties.insert(exporter.author.party);
    let mut entries = counted(record);
    // Leaving out one surplus branch may leave another without anything that rests on it.
    let mut copy = loop {
        let mut copy = Record::new();
        for event in parties.iter().flat_map(|party| record.logs().of_party(party)) {
            copy.apply_key_event(event.bytes()).map_err(damaged)?;
        }
        let count = entries.len();
        for entry in entries {
            copy.restore(entry).map_err(damaged)?;
        }
        entries = counted(&copy);
        if entries.len() == count {
            break copy;
        }
    };
    let mut receipts: Vec<(String, &SignedReceipt)> =
        record.receipts().iter().map(|r| (contents::receipt_name(r), r)).collect();
    receipts.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for (_, receipt) in receipts {
        match copy.apply_receipt(receipt.clone()) {
            // It covers a branch that counts nowhere.
            Ok(_) | Err(ReceiptRefusal::UnknownHeads) => {}
            Err(refusal) => return Err(damaged(refusal)),
        }
    }
    for entry in &entries {
        for disclosure in record.values_of(&entry.id) {
            copy.apply_value(disclosure.clone()).map_err(damaged)?;
        }
    }
    Ok(copy)
}
