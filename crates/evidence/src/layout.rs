//! Names of a bundle's members.

use counterpart_core::id::{CaseId, DeviceKey, EntryId, EventId, PartyId, ReceiptId, StampId};

use crate::{archive::Member, bag, failure::Failure};

pub(crate) const BAG_INFO: &str = "bag-info.txt";
pub(crate) const BAGIT: &str = "bagit.txt";
pub(crate) const README: &str = "data/README.txt";
pub(crate) const GENESIS: &str = "data/genesis.cose";
pub(crate) const DOCUMENT: &str = "data/record.automerge";
pub(crate) const SPECIFICATION: &str = "data/specification.md";
pub(crate) const TIMELINE: &str = "data/timeline.txt";
pub(crate) const EXPORTER: &str = "exporter.cose";
pub(crate) const MANIFEST: &str = "manifest-sha256.txt";
pub(crate) const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
pub(crate) const PAYLOAD: &str = "data/";
const ATTACHMENTS: &str = "data/attachments/";
const ENTRIES: &str = "data/entries/";
const KEYS: &str = "data/keys/";
const RECEIPTS: &str = "data/receipts/";
const STAMPS: &str = "data/stamps/";
const VALUES: &str = "data/values/";
/// The members that every bundle has, ascending.
const REQUIRED: [&str; 10] =
    [BAG_INFO, BAGIT, README, GENESIS, DOCUMENT, SPECIFICATION, TIMELINE, EXPORTER, MANIFEST, TAG_MANIFEST];
/// Entries are numbered in six digits.
pub(crate) const MAX_ENTRIES: usize = 999_999;
/// Receipts in one bundle.
pub(crate) const MAX_RECEIPTS: usize = 65_536;
/// Time stamps in one bundle.
pub(crate) const MAX_STAMPS: usize = 1024;
/// Largest specification, in bytes.
pub(crate) const MAX_SPECIFICATION: usize = 1 << 20;
/// Largest member of any other fixed kind, in bytes: what people sign is far smaller.
const MAX_PART: usize = 64 << 10;

/// The member of an entry; `index` counts from 1 in the agreed order, where 1 is the opening and lies apart.
#[cfg(feature = "export")]
pub(crate) fn entry(index: usize, id: &EntryId) -> String {
    format!("{ENTRIES}{index:06}-{id}.cose")
}

pub(crate) fn key_event(party: &PartyId, position: u32, id: &EventId) -> String {
    format!("{KEYS}{party}/{position:06}-{id}.cose")
}

pub(crate) fn receipt(device: &DeviceKey, number: u32, id: &ReceiptId) -> String {
    let device: String = device.to_hex().chars().take(16).collect();
    format!("{RECEIPTS}{device}-{number:06}-{id}.cose")
}

/// The member of a disclosed value; `place` counts the entry's sealed places from 1.
pub(crate) fn value(entry: &EntryId, place: usize) -> String {
    format!("{VALUES}{entry}-{place:03}.cbor")
}

/// The member of a time stamp.
pub(crate) fn stamp(id: &StampId) -> String {
    format!("{STAMPS}{id}.cbor")
}

/// The member of a file's bytes.
pub(crate) fn attachment(sha256: &bag::Sha) -> String {
    format!("{ATTACHMENTS}{}", bag::hex(sha256))
}

/// The most bytes a member of that name may have; none where only the file's size bounds it.
pub(crate) fn max_size(name: &str) -> Option<usize> {
    match name {
        DOCUMENT | TIMELINE | MANIFEST => None,
        SPECIFICATION => Some(MAX_SPECIFICATION),
        name if name.starts_with(ATTACHMENTS) => None,
        _ => Some(MAX_PART),
    }
}

/// The event's id in the name of its member.
pub(crate) fn event_id(name: &str) -> Option<EventId> {
    EventId::from_hex(name.strip_suffix(".cose")?.rsplit_once('-')?.1)
}

/// The entry's id in the name of its member.
pub(crate) fn entry_id(name: &str) -> Option<EntryId> {
    EntryId::from_hex(name.strip_suffix(".cose")?.rsplit_once('-')?.1)
}

/// The entry's place in the name of its member, from 2.
pub(crate) fn entry_index(name: &str) -> Option<usize> {
    name.strip_prefix(ENTRIES)?.split_once('-')?.0.parse().ok()
}

/// The checksum in the name of a file's member.
pub(crate) fn attachment_sha(name: &str) -> Option<bag::Sha> {
    bag::unhex(name.strip_prefix(ATTACHMENTS)?)
}

pub(crate) fn case_line(case: &CaseId) -> String {
    format!("counterpart:{case}")
}

/// What a member is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of those that every bundle has.
    Fixed,
    Entry,
    Key,
    Receipt,
    Stamp,
    Value,
    Attachment,
}

impl Kind {
    pub(crate) fn of(name: &str) -> Option<Self> {
        if REQUIRED.contains(&name) {
            return Some(Self::Fixed);
        }
        let patterns: [(&str, &[Piece], Self); 7] = [
            (ATTACHMENTS, &[Hex(64)], Self::Attachment),
            (ENTRIES, &[Digits(6, 6), Is("-"), Hex(64), Is(".cose")], Self::Entry),
            (KEYS, &[Hex(64), Is("/"), Digits(6, 6), Is("-"), Hex(64), Is(".cose")], Self::Key),
            (RECEIPTS, &[Hex(16), Is("-"), Digits(6, 6), Is("-"), Hex(64), Is(".cose")], Self::Receipt),
            (RECEIPTS, &[Hex(16), Is("-"), Digits(7, 10), Is("-"), Hex(64), Is(".cose")], Self::Receipt),
            (STAMPS, &[Hex(64), Is(".cbor")], Self::Stamp),
            (VALUES, &[Hex(64), Is("-"), Digits(3, 3), Is(".cbor")], Self::Value),
        ];
        let fits = |(folder, pieces, _): &&(&str, &[Piece], Self)| {
            name.strip_prefix(folder).is_some_and(|rest| consumed(rest.as_bytes(), pieces))
        };
        patterns.iter().find(fits).map(|(_, _, kind)| *kind)
    }
}

/// A part of a pattern of names.
enum Piece {
    Is(&'static str),
    Hex(usize),
    /// From so many digits to so many; of more than the least none is a needless zero.
    Digits(usize, usize),
}
use Piece::{Digits, Hex, Is};

fn consumed(mut rest: &[u8], pieces: &[Piece]) -> bool {
    let hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    for piece in pieces {
        let length = match piece {
            Is(text) if rest.starts_with(text.as_bytes()) => text.len(),
            Hex(count) if rest.len() >= *count && rest[..*count].iter().all(hex) => *count,
            Digits(least, most) => {
                let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                let needless = count > 6 && rest[0] == b'0';
                if count < *least || count > *most || needless {
                    return false;
                }
                count
            }
            _ => return false,
        };
        rest = &rest[length..];
    }
    rest.is_empty()
}

/// A bundle's members by what their names say they are.
pub(crate) struct Layout<'b> {
    pub(crate) genesis: Member<'b>,
    pub(crate) exporter: Member<'b>,
    pub(crate) manifest: Member<'b>,
    pub(crate) tag_manifest: Member<'b>,
    /// In the agreed order, from the second entry on.
    pub(crate) entries: Vec<Member<'b>>,
    pub(crate) keys: Vec<Member<'b>>,
    pub(crate) receipts: Vec<Member<'b>>,
    pub(crate) stamps: Vec<Member<'b>>,
    pub(crate) values: Vec<Member<'b>>,
    pub(crate) attachments: Vec<Member<'b>>,
}

impl<'b> Layout<'b> {
    /// Sorts members by name; the first missing or unexpected one is named.
    pub(crate) fn of(members: &[Member<'b>]) -> Result<Self, Failure> {
        let found = |name: &str| members.binary_search_by(|m| m.name.cmp(name)).ok().map(|at| members[at]);
        let missing = REQUIRED.into_iter().find(|name| found(name).is_none());
        let (mut entries, mut keys, mut receipts) = (Vec::new(), Vec::new(), Vec::new());
        let (mut stamps, mut values, mut attachments) = (Vec::new(), Vec::new(), Vec::new());
        for member in members {
            if let Some(missing) = missing.filter(|missing| *missing < member.name) {
                return Err(Failure::missing(missing));
            }
            match Kind::of(member.name) {
                None => return Err(Failure::unexpected(member.name)),
                Some(Kind::Fixed) => {}
                Some(Kind::Entry) => entries.push(*member),
                Some(Kind::Key) => keys.push(*member),
                Some(Kind::Receipt) => receipts.push(*member),
                Some(Kind::Stamp) => stamps.push(*member),
                Some(Kind::Value) => values.push(*member),
                Some(Kind::Attachment) => attachments.push(*member),
            }
        }
        let required = |name: &str| found(name).ok_or_else(|| Failure::missing(name));
        if let Some(missing) = missing {
            return Err(Failure::missing(missing));
        }
        Ok(Self {
            genesis: required(GENESIS)?,
            exporter: required(EXPORTER)?,
            manifest: required(MANIFEST)?,
            tag_manifest: required(TAG_MANIFEST)?,
            entries,
            keys,
            receipts,
            stamps,
            values,
            attachments,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_the_documented_forms() {
        let id = "0123456789abcdef".repeat(4);
        let good = [
            (format!("data/attachments/{id}"), Kind::Attachment),
            (format!("data/entries/000002-{id}.cose"), Kind::Entry),
            (format!("data/keys/{id}/000001-{id}.cose"), Kind::Key),
            (format!("data/receipts/0123456789abcdef-000000-{id}.cose"), Kind::Receipt),
            (format!("data/receipts/0123456789abcdef-4294967295-{id}.cose"), Kind::Receipt),
            (format!("data/stamps/{id}.cbor"), Kind::Stamp),
            (format!("data/values/{id}-001.cbor"), Kind::Value),
            ("data/README.txt".to_owned(), Kind::Fixed),
        ];
        for (name, kind) in good {
            assert_eq!(Kind::of(&name), Some(kind), "{name}");
            for other in [format!("{name}x"), name.replacen('0', "g", 1), name.to_uppercase(), format!("./{name}")] {
                assert!(Kind::of(&other).is_none() || other == name, "{other}");
            }
        }
        for name in [
            format!("data/entries/00002-{id}.cose"),
            format!("data/entries/1000000-{id}.cose"),
            format!("data/receipts/0123456789abcdef-0000001-{id}.cose"),
            format!("data/stamps/{id}.der"),
            format!("data/entries/../entries/000002-{id}.cose"),
            "data/".to_owned(),
        ] {
            assert_eq!(Kind::of(&name), None, "{name}");
        }
        assert!(REQUIRED.is_sorted());
    }
}
