//! Files that entries name by hash and size. Their bytes lie outside the record and travel beside it.

use sha2::{Digest as _, Sha256};

use crate::{
    act::{Act, Topic},
    seal::PathStep,
    value::{ItemValue, Sealable},
};

/// The largest file that is fetched unasked, in bytes, and the largest that may be put on record with its bytes.
pub const MAX_FILE: u64 = 256 * 1024 * 1024;
/// The most bytes of files that one party named in one case which are fetched unasked. What is beyond waits: it is
/// listed as not here, and nothing else is held up by it.
pub const MAX_PARTY: u64 = 1024 * 1024 * 1024;

/// A file, by what an entry says of its bytes. Of two entries that give one hash different sizes at most one is
/// right, and no file is ever found for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileRef {
    pub sha256: [u8; 32],
    /// Bytes.
    pub size: u64,
}

/// Finds what a file is named by from its bytes, given in their order.
#[derive(Debug, Clone, Default)]
pub struct FileHash {
    hash: Sha256,
    size: u64,
}

impl FileHash {
    pub fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
    }

    #[must_use]
    pub fn finish(self) -> FileRef {
        FileRef { sha256: self.hash.finalize().into(), size: self.size }
    }
}

impl FileRef {
    /// What a file with these bytes is named by.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = FileHash::default();
        hash.update(bytes);
        hash.finish()
    }
}

/// Where an act names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// From the body to the hash: what an `erase` of the bytes names.
    pub path: Vec<PathStep>,
    pub file: FileRef,
    /// Data, never a path.
    pub name: Sealable,
    pub media: Option<String>,
}

/// Every file that an act names, in the order of its body. Of values sealed as a whole none can be known.
#[must_use]
pub fn named_by(act: &Act) -> Vec<NamedFile> {
    let mut found = Vec::new();
    match act {
        Act::Attach { sha256, size, name, media, .. } => {
            let Ok(size) = u64::try_from(*size) else { return found };
            found.push(NamedFile {
                path: vec![key("sha256")],
                file: FileRef { sha256: *sha256, size },
                name: name.clone(),
                media: media.clone(),
            });
        }
        Act::Item { value, .. } => collect(value, vec![key("value")], &mut found),
        Act::Propose(proposal) | Act::Counter { proposal, .. } => {
            for (index, subject) in (0..).zip(&proposal.subjects) {
                if let Topic::Item { value, .. } = &subject.topic {
                    collect(value, vec![key("subjects"), PathStep::Index(index), key("value")], &mut found);
                }
            }
        }
        _ => {}
    }
    found
}

fn key(name: &str) -> PathStep {
    PathStep::Key(name.to_owned())
}

fn collect(value: &ItemValue, at: Vec<PathStep>, found: &mut Vec<NamedFile>) {
    each_value(value, at, &mut |path, value| {
        if let ItemValue::File { sha256, size, name, media } = value {
            let mut path = path.to_vec();
            path.push(PathStep::Index(1));
            let file = FileRef { sha256: *sha256, size: *size };
            found.push(NamedFile { path, file, name: name.clone(), media: media.clone() });
        }
    });
}

/// Visits a value and all that lists and records in it hold, each with its path from the body.
pub(crate) fn each_value(value: &ItemValue, at: Vec<PathStep>, visit: &mut dyn FnMut(&[PathStep], &ItemValue)) {
    visit(&at, value);
    let within = |index: usize| {
        let step = PathStep::Index(u32::try_from(index).unwrap_or(u32::MAX));
        at.iter().cloned().chain([step]).collect::<Vec<_>>()
    };
    match value {
        // In the array form the type's word stands first; a record's keys stand before their values.
        ItemValue::List(values) => {
            for (n, value) in values.iter().enumerate() {
                each_value(value, within(n + 1), visit);
            }
        }
        ItemValue::Record(fields) => {
            for (n, (_, value)) in fields.iter().enumerate() {
                each_value(value, within(2 * n + 2), visit);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cbor::Value, seal::place};

    fn file(n: u8) -> ItemValue {
        ItemValue::File { sha256: [n; 32], size: u64::from(n), name: Sealable::Open(format!("{n}.jpg")), media: None }
    }

    /// What stands at the path of each named file is its hash.
    #[test]
    fn files_are_found_where_they_are_named() {
        let nested = ItemValue::List(vec![
            file(1),
            ItemValue::Record(vec![("a".to_owned(), ItemValue::YesNo(true)), ("b".to_owned(), file(2))]),
            ItemValue::Sealed([9; 32]),
        ]);
        let attach =
            Act::Attach { sha256: [3; 32], size: 3, name: Sealable::Open("x".to_owned()), media: None, about: None };
        for (act, wanted) in [
            (Act::Item { key: "k".to_owned(), value: nested, label: None, note: None }, &[1, 2][..]),
            (attach, &[3]),
            (Act::Seen, &[]),
        ] {
            let body = act.body();
            let found = named_by(&act);
            assert_eq!(found.iter().map(|f| f.file.sha256[0]).collect::<Vec<_>>(), wanted);
            for named in found {
                assert_eq!(place(&body, &named.path), Some(&Value::from(&named.file.sha256)));
                assert_eq!(named.file.size, u64::from(named.file.sha256[0]));
            }
        }
    }
}
