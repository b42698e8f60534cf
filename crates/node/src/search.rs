//! Finding cases by words: of each entry the words are kept in the store in the transaction that keeps the entry, so that
//! a search opens no case. Words of open texts stay, as the texts do; those of sealed values go when they are erased.

mod words;

use std::collections::BTreeSet;

use counterpart_core::{
    cbor::{Key, Value},
    graph::Ix,
    id::{CaseId, EntryId},
    record::Record,
    seal::PathStep,
    sync::Persist,
};
use counterpart_store::{Indexed, StoreError, Txn};

pub(crate) use self::words::{folded, typed_words};

/// Words kept of one entry. A text of twice as many is found by its first ones.
const MOST_OF_ENTRY: usize = 1_000;

/// Words kept of one case: what others write is not to fill the disk many times over.
const MOST_OF_CASE: u64 = 20_000;

/// What a text is called in a body that is a word of the format, a name for machines or a time.
const NO_TEXT: &[&str] = &[
    "role",
    "suite",
    "zone",
    "mode",
    "is",
    "unit",
    "after",
    "channel",
    "direction",
    "media",
    "outcome",
    "kinds",
    "path",
    "local",
];

/// The words of a case that are to be kept, of what is not kept yet.
#[derive(Debug, Default)]
struct Found {
    open: BTreeSet<String>,
    sealed: BTreeSet<String>,
}

impl Found {
    fn of_entry(&mut self, record: &Record, ix: Ix) {
        let mut open = BTreeSet::new();
        let statement = record.graph().statement(ix);
        // What a proof embeds speaks for itself elsewhere.
        if statement.kind != "prove" {
            texts(&statement.body, false, &mut |text| words::add(text, MOST_OF_ENTRY, &mut open));
        }
        self.open.extend(open);
        self.of_values(record, &record.graph().id(ix));
    }

    fn of_values(&mut self, record: &Record, entry: &EntryId) {
        let mut sealed = BTreeSet::new();
        for value in record.values_of(entry) {
            let typed = matches!(value.path.first(), Some(PathStep::Key(key)) if key == "value");
            texts(&value.value, typed, &mut |text| words::add(text, MOST_OF_ENTRY, &mut sealed));
        }
        self.sealed.extend(sealed);
    }

    /// Keeps them, as far as there is room; gives how many words the case has then.
    fn keep(&self, txn: &Txn<'_>, case: CaseId, mut held: u64) -> Result<u64, StoreError> {
        for (words, sealed) in [(&self.open, false), (&self.sealed, true)] {
            let room = usize::try_from(MOST_OF_CASE.saturating_sub(held)).unwrap_or(usize::MAX);
            let new = txn.add_terms(case, words.iter().take(room).map(String::as_str), sealed)?;
            held = held.saturating_add(new as u64);
        }
        Ok(held)
    }
}

/// Keeps the words of the entries that came since the last time.
pub(crate) fn index(txn: &Txn<'_>, case: CaseId, record: &Record) -> Result<(), StoreError> {
    let known = txn.indexed(case)?.unwrap_or_default();
    let entries = record.graph().len() as u64;
    // Fewer than were known is no order of theirs that could be gone on from.
    let from = usize::try_from(if known.entries <= entries { known.entries } else { 0 }).unwrap_or(usize::MAX);
    let mut found = Found::default();
    for ix in record.graph().all().rev().take(record.graph().len().saturating_sub(from)) {
        found.of_entry(record, ix);
    }
    txn.set_indexed(case, Indexed { entries, words: found.keep(txn, case, known.words)? })
}

/// What a stream or a file brought, before its case's place is put: of what stands among the entries whose words are kept
/// already the words are kept here, as where another process wrote meanwhile, or a sealed value came later than its entry;
/// those of erased values go.
pub(crate) fn came(txn: &Txn<'_>, case: CaseId, record: &Record, things: &[Persist]) -> Result<(), StoreError> {
    if things.iter().any(|thing| matches!(thing, Persist::EraseValue { .. })) {
        values_went(txn, case, record)?;
    }
    let known = txn.indexed(case)?.unwrap_or_default();
    let passed = |id: &EntryId| record.graph().find(id).filter(|ix| (ix.at() as u64) < known.entries);
    let mut found = Found::default();
    for thing in things {
        match thing {
            Persist::Entry { id, .. } => passed(id).into_iter().for_each(|ix| found.of_entry(record, ix)),
            Persist::Value { entry, .. } => passed(entry).into_iter().for_each(|_| found.of_values(record, entry)),
            _ => {}
        }
    }
    if found.open.is_empty() && found.sealed.is_empty() {
        return Ok(());
    }
    let words = found.keep(txn, case, known.words)?;
    txn.set_indexed(case, Indexed { words, ..known })
}

/// Lets go of the words of what was erased: those of the sealed values that are still here are kept anew.
pub(crate) fn values_went(txn: &Txn<'_>, case: CaseId, record: &Record) -> Result<(), StoreError> {
    txn.forget_sealed_terms(case)?;
    let mut found = Found::default();
    for ix in record.graph().all() {
        found.of_values(record, &record.graph().id(ix));
    }
    found.keep(txn, case, 0).map(drop)
}

/// Gives every text that a person wrote, and every whole number that a person stated. `typed` says that this is a value
/// with its type in front.
fn texts(value: &Value, typed: bool, give: &mut impl FnMut(&str)) {
    match value {
        Value::Text(text) => give(text),
        Value::Int(number) if typed => give(&number.to_string()),
        Value::Map(fields) => {
            for (key, value) in fields {
                let Key::Text(key) = key else { continue };
                if !NO_TEXT.contains(&key.as_str()) {
                    texts(value, key == "value", give);
                }
            }
        }
        Value::Array(items) => {
            let word = items.first().and_then(Value::as_text);
            let (from, most, typed_within) = match word {
                // A commitment in place of a value.
                Some("sealed") if matches!(items.as_slice(), [_, Value::Bytes(_)]) => return,
                Some("time" | "duration" | "yes-no") if typed => return,
                Some("file") if typed => (3, 1, false),
                Some("list" | "record" | "integer") if typed => (1, usize::MAX, true),
                Some("text" | "decimal" | "money" | "date" | "choice") if typed => (1, usize::MAX, false),
                Some("address" | "phone" | "e-mail" | "link") if typed => (1, usize::MAX, false),
                _ => (0, usize::MAX, false),
            };
            for item in items.iter().skip(from).take(most) {
                texts(item, typed_within, give);
            }
        }
        Value::Int(_) | Value::Bytes(_) | Value::Bool(_) => {}
    }
}
