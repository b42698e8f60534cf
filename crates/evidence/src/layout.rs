//! Names of a bundle's members.

use counterpart_core::id::{CaseId, DeviceKey, EntryId, EventId, PartyId, ReceiptId};

use crate::{archive::Member, failure::Failure};

pub(crate) const BAG_INFO: &str = "bag-info.txt";
pub(crate) const BAGIT: &str = "bagit.txt";
pub(crate) const README: &str = "data/README.txt";
pub(crate) const GENESIS: &str = "data/genesis.cose";
pub(crate) const DOCUMENT: &str = "data/record.automerge";
pub(crate) const TIMELINE: &str = "data/timeline.txt";
pub(crate) const MANIFEST: &str = "manifest-sha256.txt";
pub(crate) const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
pub(crate) const PAYLOAD: &str = "data/";
const ENTRIES: &str = "data/entries/";
const KEYS: &str = "data/keys/";
const RECEIPTS: &str = "data/receipts/";
const VALUES: &str = "data/values/";
/// Entries are numbered in six digits.
pub(crate) const MAX_ENTRIES: usize = 999_999;
/// Receipts in one bundle.
pub(crate) const MAX_RECEIPTS: usize = 65_536;

/// The member of an entry; `index` counts from 1 in the agreed order, where 1 is the opening and lies apart.
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

/// Whether a member of that name is an entry, the opening included.
pub(crate) fn is_entry(name: &str) -> bool {
    name == GENESIS || name.starts_with(ENTRIES)
}

pub(crate) fn is_receipt(name: &str) -> bool {
    name.starts_with(RECEIPTS)
}

/// The event's id in the name of its member.
pub(crate) fn event_id(name: &str) -> Option<&str> {
    name.strip_suffix(".cose")?.rsplit_once('-').map(|(_, id)| id)
}

pub(crate) fn case_line(case: &CaseId) -> String {
    format!("counterpart:{case}")
}

/// A bundle's members by what their names say they are.
pub(crate) struct Layout<'b> {
    pub(crate) bag_info: Member<'b>,
    pub(crate) genesis: Member<'b>,
    pub(crate) timeline: Member<'b>,
    /// In the agreed order, from the second entry on.
    pub(crate) entries: Vec<Member<'b>>,
    pub(crate) keys: Vec<Member<'b>>,
    pub(crate) receipts: Vec<Member<'b>>,
    pub(crate) values: Vec<Member<'b>>,
}

impl<'b> Layout<'b> {
    /// Sorts members by name; the first missing or unexpected one is named.
    pub(crate) fn of(members: &[Member<'b>]) -> Result<Self, Failure> {
        let required = [BAG_INFO, BAGIT, README, GENESIS, DOCUMENT, TIMELINE, MANIFEST, TAG_MANIFEST];
        let mut fixed = required.into_iter().peekable();
        let (mut entries, mut keys, mut receipts, mut values) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for member in members {
            if let Some(name) = fixed.next_if(|name| *name <= member.name) {
                if name != member.name {
                    return Err(Failure::missing(name));
                }
                continue;
            }
            let list = [(ENTRIES, &mut entries), (KEYS, &mut keys), (RECEIPTS, &mut receipts), (VALUES, &mut values)]
                .into_iter()
                .find(|(folder, _)| member.name.starts_with(folder));
            match list {
                Some((_, list)) if is_plain(member.name) => list.push(*member),
                _ => return Err(Failure::unexpected(member.name)),
            }
        }
        if let Some(name) = fixed.next() {
            return Err(Failure::missing(name));
        }
        let find = |name: &str| {
            let at = members.binary_search_by(|m| m.name.cmp(name)).map_err(|_absent| Failure::missing(name))?;
            Ok::<_, Failure>(members[at])
        };
        Ok(Self {
            bag_info: find(BAG_INFO)?,
            genesis: find(GENESIS)?,
            timeline: find(TIMELINE)?,
            entries,
            keys,
            receipts,
            values,
        })
    }
}

/// Whether a name under one of the folders could stand in some bundle: nothing that climbs or hides.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_digit() || c.is_ascii_lowercase() || matches!(c, '-' | '.' | '/');
    name.chars().all(plain) && !name.split('/').any(|part| part.is_empty() || part.starts_with('.'))
}
