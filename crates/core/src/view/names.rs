//! The short names people use for entries: `#7`, or `#7-K3` where two entries share a number.

use std::collections::{BTreeMap, HashMap};

use crate::{
    graph::{Graph, Ix},
    id::{EntryId, short_form},
};

/// Names of all entries that count. A number never comes to mean another entry: it counts the entry's past. Two
/// entries made without knowing of each other may share one; then the bare number is refused as ambiguous.
#[derive(Debug, Clone, Default)]
pub struct Names {
    by_number: BTreeMap<u32, Vec<(EntryId, Ix)>>,
    numbers: HashMap<EntryId, u32>,
}

/// An entry, and which subject of it where one was named: `#7/2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    pub id: EntryId,
    pub ix: Ix,
    /// Counted from 0; people count from 1.
    pub subject: Option<u32>,
}

/// Why a typed reference names no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("'{0}' is not a reference: write #7, or #7-K3, or #7/2 for the second part of a bundle")]
    Shape(String),
    #[error("there is no {0} in this case")]
    Unknown(String),
    #[error("{0} is ambiguous: it could be {list}", list = .1.join(" or "))]
    Ambiguous(String, Vec<String>),
}

impl Names {
    pub(super) fn new(graph: &Graph) -> Self {
        let mut names = Self::default();
        for ix in graph.all().filter(|ix| graph.counts(*ix)) {
            let node = graph.node(ix);
            names.by_number.entry(node.number).or_default().push((node.entry.id, ix));
            names.numbers.insert(node.entry.id, node.number);
        }
        names
    }

    /// The name to show for an entry; its hex id if it is not here.
    #[must_use]
    pub fn of(&self, id: &EntryId) -> String {
        let Some(number) = self.numbers.get(id) else { return id.to_hex() };
        let same: Vec<EntryId> = self.by_number[number].iter().map(|(other, _)| *other).collect();
        named(*number, id, &same)
    }

    /// Finds the entry a typed reference means: `#7`, `7`, `#7-K3`, `#7/2`, or at least 8 hex digits of an id.
    ///
    /// # Errors
    /// When it has no such shape, names nothing, or more than one entry.
    pub fn find(&self, typed: &str) -> Result<Reference, NameError> {
        let shape = || NameError::Shape(typed.to_owned());
        let (entry, subject) = match typed.trim().trim_start_matches('#').split_once('/') {
            Some((entry, part)) => {
                let part: u32 = part.parse().map_err(|_not_a_number| shape())?;
                (entry, Some(part.checked_sub(1).ok_or_else(shape)?))
            }
            None => (typed.trim().trim_start_matches('#'), None),
        };
        let (number, suffix) = entry.split_once('-').unwrap_or((entry, ""));
        let suffix = suffix.to_ascii_uppercase();
        let found: Vec<(EntryId, Ix)> = match number.parse::<u32>() {
            Ok(number) => {
                let same = self.by_number.get(&number).map_or(&[][..], |s| s);
                same.iter().copied().filter(|(id, _)| letters(id).starts_with(&suffix)).collect()
            }
            Err(_) if entry.len() >= 8 && entry.chars().all(|c| c.is_ascii_hexdigit()) => {
                let wanted = entry.to_ascii_lowercase();
                let all = self.by_number.values().flatten().copied();
                all.filter(|(id, _)| id.to_hex().starts_with(&wanted)).collect()
            }
            Err(_) => return Err(shape()),
        };
        match found.as_slice() {
            [] => Err(NameError::Unknown(typed.to_owned())),
            [(id, ix)] => Ok(Reference { id: *id, ix: *ix, subject }),
            several => {
                let list = several.iter().map(|(id, _)| self.of(id)).collect();
                Err(NameError::Ambiguous(typed.to_owned(), list))
            }
        }
    }
}

/// The name of one entry, as [`Names::of`] gives it; nothing where it is not here or does not count. It costs the same in
/// a large case as in a small one.
#[must_use]
pub fn name_of(graph: &Graph, id: &EntryId) -> Option<String> {
    let ix = graph.find(id).filter(|ix| graph.counts(*ix))?;
    let number = graph.node(ix).number;
    let same: Vec<EntryId> = graph.numbered(number).map(|ix| graph.id(ix)).collect();
    Some(named(number, id, &same))
}

/// `#7`; of several that have the number with as many letters as tell it from the others.
fn named(number: u32, id: &EntryId, same: &[EntryId]) -> String {
    if same.len() == 1 {
        return format!("#{number}");
    }
    let own = letters(id);
    let enough = (2..=own.len()).find(|n| {
        let alike = same.iter().filter(|other| letters(other).get(..*n) == own.get(..*n));
        alike.count() == 1
    });
    let shown: String = own.chars().take(enough.unwrap_or(own.len())).collect();
    format!("#{number}-{shown}")
}

/// An entry's id in the alphabet of short forms, without hyphens and check character.
fn letters(id: &EntryId) -> String {
    short_form(&id.0).chars().filter(|c| *c != '-').take(8).collect()
}
