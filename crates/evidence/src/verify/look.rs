//! Each member by itself: checksums, and the signature of entries and receipts.

use std::collections::BTreeMap;

use counterpart_core::{
    envelope::{PublicKey, Verified},
    gate::Refusal,
    id::{DeviceKey, EntryId, StampId},
    receipt::SignedReceipt,
    statement::Entry,
};

use super::Believed;
use crate::{
    archive::{self, Member},
    bag::{self, Sha},
    contents,
    failure::{Failure, FailureKind},
    layout::{self, Kind},
    parallel,
};

/// Members longer than this, in bytes, are looked at before the others.
const LONG: usize = 64 << 10;

/// What was found, with the checksum of every member.
pub(super) struct Looked {
    pub(super) signed: Signed,
    pub(super) digests: Vec<Sha>,
}

/// The members that carry a signature of their own, found good, in the order of their names.
pub(super) struct Signed {
    pub(super) genesis: Entry<Verified>,
    pub(super) entries: Vec<Entry<Verified>>,
    pub(super) receipts: Vec<SignedReceipt>,
}

/// What a member is by itself.
enum Found {
    Entry(Box<Entry<Verified>>),
    Receipt(Box<SignedReceipt>),
    /// Judged later, by what it rests on.
    Other,
}

type Keys = BTreeMap<DeviceKey, PublicKey>;

/// Looks at every member, over all cores. The first by name that does not hold is named.
pub(super) fn at_each(
    members: &[Member<'_>],
    believed: &Believed<'_>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Looked, Failure> {
    let all = members.len() as u64;
    // The longest first, so that no thread is left with one of them at the end.
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|n| std::cmp::Reverse(members[*n].bytes.len() / LONG));
    let work = |keys: &mut Keys, n: usize| {
        let n = order[n];
        let member = &members[n];
        let digest = bag::digest(member.bytes);
        let found = found(member, &digest, keys).and_then(|found| {
            let altered = !archive::fits_crc(member) || believed.contradicts(member, &digest);
            if altered { Err(Failure::altered(member.name)) } else { Ok(found) }
        });
        (n, found, digest)
    };
    let mut looked = parallel::map(members.len(), BTreeMap::new, work, |done| progress(done as u64, all));
    looked.sort_unstable_by_key(|(n, ..)| *n);
    let mut digests = Vec::with_capacity(looked.len());
    let (mut genesis, mut entries, mut receipts) = (None, Vec::with_capacity(looked.len()), Vec::new());
    for ((_, found, digest), member) in looked.into_iter().zip(members) {
        digests.push(digest);
        match found? {
            Found::Entry(entry) if member.name == layout::GENESIS => genesis = Some(*entry),
            Found::Entry(entry) => entries.push(*entry),
            Found::Receipt(receipt) => receipts.push(*receipt),
            Found::Other => {}
        }
    }
    let genesis = genesis.ok_or_else(|| Failure::missing(layout::GENESIS))?;
    Ok(Looked { signed: Signed { genesis, entries, receipts }, digests })
}

fn found(member: &Member<'_>, digest: &Sha, keys: &mut Keys) -> Result<Found, Failure> {
    let unless = |named: bool| if named { Ok(()) } else { Err(Failure::unexpected(member.name)) };
    match Kind::of(member.name) {
        Some(Kind::Entry) => {
            let entry = entry(member, keys)?;
            unless(layout::entry_id(member.name) == Some(entry.id))?;
            Ok(Found::Entry(Box::new(entry)))
        }
        Some(Kind::Fixed) if member.name == layout::GENESIS => Ok(Found::Entry(Box::new(entry(member, keys)?))),
        Some(Kind::Receipt) => {
            let receipt = SignedReceipt::verify(member.bytes)
                .map_err(|refusal| Failure::bad(member.name, refusal, FailureKind::BadReceipt))?;
            unless(contents::receipt_name(&receipt) == member.name)?;
            Ok(Found::Receipt(Box::new(receipt)))
        }
        Some(Kind::Attachment) if layout::attachment(digest) != member.name => Err(Failure::altered(member.name)),
        Some(Kind::Stamp) if layout::stamp(&StampId(*digest)) != member.name => Err(Failure::altered(member.name)),
        _ => Ok(Found::Other),
    }
}

fn entry(member: &Member<'_>, keys: &mut Keys) -> Result<Entry<Verified>, Failure> {
    let bad = |id: Option<EntryId>, refusal: Refusal| Failure::entry(member.name, id, refusal);
    let entry = Entry::decode(member.bytes).map_err(|error| bad(None, error.into()))?;
    let (id, device) = (entry.id, entry.statement.device);
    let key = match keys.get(&device) {
        Some(key) => Ok(key.clone()),
        None => PublicKey::parse(&device.0).inspect(|key| {
            keys.insert(device, key.clone());
        }),
    };
    key.and_then(|key| entry.verify_with(&key)).map_err(|error| bad(Some(id), error.into()))
}
