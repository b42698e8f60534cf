//! Finding cases by words: of each entry the words are kept in the store in the transaction that keeps the entry, so that
//! a search opens no case. Words of open texts stay, as the texts do; those of sealed values go when they are erased.

#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    cbor::{Key, Value},
    graph::Ix,
    id::{CaseId, EntryId, PartyId},
    record::Record,
    seal::PathStep,
    sync::Persist,
};
use counterpart_store::{Indexed, StoreError, Txn, WordsBy};

pub(crate) use self::words::{folded, typed_words};

/// Words kept of one entry. A text of twice as many is found by its first ones.
const MOST_OF_ENTRY: usize = 1_000;

/// Words kept of one case of what one other party wrote: it is not to fill the disk many times over, and one that writes
/// more is found by less of its own alone. What our side wrote and the title always go in.
const MOST_OF_PARTY: u64 = 5_000;

/// The same of all the others together.
const MOST_OF_OTHERS: u64 = 40_000;

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

/// Words that a party brought into a case.
#[derive(Debug, Default)]
struct Words {
    open: BTreeSet<String>,
    sealed: BTreeSet<String>,
}

/// The words of a case that are to be kept, of what is not kept yet.
#[derive(Debug, Default)]
struct Found {
    title: BTreeSet<String>,
    by: BTreeMap<PartyId, Words>,
}

impl Found {
    fn of_entry(&mut self, record: &Record, ix: Ix) {
        let mut open = BTreeSet::new();
        let statement = record.graph().statement(ix);
        // What a proof embeds speaks for itself elsewhere.
        if statement.kind != "prove" {
            texts(&statement.body, false, &mut |text| words::add(text, MOST_OF_ENTRY, &mut open));
        }
        // The first entry is the one that opened the case; a case is told of by its title.
        if ix.at() == 0
            && let Some(title) = title(&statement.body)
        {
            words::add(title, MOST_OF_ENTRY, &mut self.title);
        }
        self.by.entry(statement.party).or_default().open.extend(open);
        self.of_values(record, ix);
    }

    fn of_values(&mut self, record: &Record, ix: Ix) {
        let mut sealed = BTreeSet::new();
        for value in record.values_of(&record.graph().id(ix)) {
            let typed = matches!(value.path.first(), Some(PathStep::Key(key)) if key == "value");
            texts(&value.value, typed, &mut |text| words::add(text, MOST_OF_ENTRY, &mut sealed));
        }
        self.by.entry(record.graph().statement(ix).party).or_default().sealed.extend(sealed);
    }

    fn is_empty(&self) -> bool {
        self.title.is_empty() && self.by.values().all(|words| words.open.is_empty() && words.sealed.is_empty())
    }

    /// Keeps them, of each party as far as there is room for it; gives how many words the case has then.
    fn keep(&self, txn: &Txn<'_>, case: CaseId, own: &PartyId) -> Result<u64, StoreError> {
        // A title is short, and counts for nobody.
        txn.add_terms(case, self.title.iter().map(String::as_str), false)?;
        let mut held: BTreeMap<PartyId, WordsBy> = txn.words_by(case)?.into_iter().collect();
        for (party, words) in &self.by {
            let others = held.iter().filter(|(of, _)| *of != own);
            let others = others.fold(0_u64, |sum, (_, words)| sum.saturating_add(words.all()));
            let mut of_party = held.get(party).copied().unwrap_or_default();
            let before = of_party.all();
            let room = MOST_OF_PARTY.saturating_sub(before).min(MOST_OF_OTHERS.saturating_sub(others));
            for (words, sealed) in [(&words.open, false), (&words.sealed, true)] {
                let left = room.saturating_sub(of_party.all().saturating_sub(before));
                let left = if party == own { usize::MAX } else { usize::try_from(left).unwrap_or(usize::MAX) };
                let new = txn.add_terms(case, words.iter().take(left).map(String::as_str), sealed)? as u64;
                let count = if sealed { &mut of_party.sealed } else { &mut of_party.open };
                *count = count.saturating_add(new);
            }
            if of_party.all() > before {
                txn.put_words_by(case, *party, of_party)?;
                held.insert(*party, of_party);
            }
        }
        Ok(held.values().fold(0, |sum, words| sum.saturating_add(words.all())))
    }
}

/// What an act that opens a case calls it.
fn title(body: &Value) -> Option<&str> {
    let Value::Map(fields) = body else { return None };
    let of_title = |(key, _): &&(Key, Value)| matches!(key, Key::Text(key) if key == "title");
    fields.iter().find(of_title).and_then(|(_, title)| title.as_text())
}

/// Keeps the words of the entries that came since the last time.
pub(crate) fn index(txn: &Txn<'_>, case: CaseId, record: &Record, own: &PartyId) -> Result<(), StoreError> {
    // What has no place in the list is not found in it.
    let Some(known) = txn.indexed(case)? else { return Ok(()) };
    let entries = record.graph().len() as u64;
    // Fewer than were known is no order of theirs that could be gone on from.
    let from = usize::try_from(if known.entries <= entries { known.entries } else { 0 }).unwrap_or(usize::MAX);
    let mut found = Found::default();
    for ix in record.graph().all().rev().take(record.graph().len().saturating_sub(from)) {
        found.of_entry(record, ix);
    }
    txn.set_indexed(case, Indexed { entries, words: found.keep(txn, case, own)? })
}

/// What a stream or a file brought, before its case's place is put: of what stands among the entries whose words are kept
/// already the words are kept here, as where another process wrote meanwhile, or a sealed value came later than its entry;
/// those of erased values go.
pub(crate) fn came(
    txn: &Txn<'_>,
    case: CaseId,
    record: &Record,
    things: &[Persist],
    own: &PartyId,
) -> Result<(), StoreError> {
    if things.iter().any(|thing| matches!(thing, Persist::EraseValue { .. })) {
        values_went(txn, case, record, own)?;
    }
    let known = txn.indexed(case)?.unwrap_or_default();
    let passed = |id: &EntryId| record.graph().find(id).filter(|ix| (ix.at() as u64) < known.entries);
    let mut found = Found::default();
    for thing in things {
        match thing {
            Persist::Entry { id, .. } => passed(id).into_iter().for_each(|ix| found.of_entry(record, ix)),
            Persist::Value { entry, .. } => passed(entry).into_iter().for_each(|ix| found.of_values(record, ix)),
            _ => {}
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    let words = found.keep(txn, case, own)?;
    txn.set_indexed(case, Indexed { words, ..known })
}

/// Lets go of the words of what was erased: those of the sealed values that are still here are kept anew, and there is room
/// for as many others again.
pub(crate) fn values_went(txn: &Txn<'_>, case: CaseId, record: &Record, own: &PartyId) -> Result<(), StoreError> {
    txn.forget_sealed_terms(case)?;
    let known = txn.indexed(case)?.unwrap_or_default();
    let mut found = Found::default();
    for ix in record.graph().all().filter(|ix| (ix.at() as u64) < known.entries) {
        found.of_values(record, ix);
    }
    let words = found.keep(txn, case, own)?;
    // One whose words are yet to be found at all is not to be taken for found.
    if known.entries > 0 { txn.set_indexed(case, Indexed { words, ..known }) } else { Ok(()) }
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
