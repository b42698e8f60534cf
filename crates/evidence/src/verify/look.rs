//! Each member by itself: checksums, and the signature of entries and receipts.

use std::{cmp::Reverse, collections::BTreeMap};

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
/// Members between two words on how far it is.
const STEP: usize = 16;

/// What was found, with the checksum of every member.
pub(super) struct Looked {
    /// In the order of their names.
    pub(super) receipts: Vec<SignedReceipt>,
    pub(super) digests: Vec<Sha>,
}

/// What a member is by itself.
enum Found {
    Entry(Box<Entry<Verified>>),
    Receipt(Box<SignedReceipt>),
    /// Judged later, by what it rests on.
    Other,
}

type Keys = BTreeMap<DeviceKey, PublicKey>;

/// Looks at every member, over all cores. The first by name that does not hold is named, unless `believed`, which is
/// found meanwhile, names another fault.
///
/// `take` gets the entries meanwhile, in the order of the bundle, as far as nothing was found that does not hold.
pub(super) fn at_each<'b>(
    members: &[Member<'b>],
    believed: impl FnOnce() -> Result<Believed<'b>, Failure>,
    progress: &(dyn Fn(u64, u64) + Sync),
    mut take: impl FnMut(Entry<Verified>),
) -> Result<Looked, Failure> {
    // The longest first, so that no thread is left with one of them at the end; then the opening, which lies apart.
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|n| {
        let Member { name, bytes, .. } = &members[*n];
        let long = bytes.len() >= LONG && Kind::of(name) != Some(Kind::Entry);
        (Reverse(if long { bytes.len() / LONG } else { 0 }), *name != layout::GENESIS)
    });
    let work = |keys: &mut Keys, n: usize| {
        let n = order[n];
        let member = &members[n];
        let digest = bag::digest(member.bytes);
        let whole = || if archive::fits_crc(member) { Ok(()) } else { Err(Failure::altered(member.name)) };
        (n, found(member, &digest, keys).and_then(|found| whole().map(|()| found)), digest)
    };
    let mut digests = vec![Sha::default(); members.len()];
    let mut receipts = Vec::new();
    let mut first: Option<(usize, Failure)> = None;
    let mut unlike = None;
    let mut done = 0;
    let handle = |believed: &Believed<'_>, (n, found, digest): (usize, Result<Found, Failure>, Sha)| {
        digests[n] = digest;
        let altered = || Err(Failure::altered(members[n].name));
        match found.and_then(|found| if believed.contradicts(n, &digest) { altered() } else { Ok(found) }) {
            Ok(Found::Entry(entry)) if first.is_none() => take(*entry),
            Ok(Found::Receipt(receipt)) => receipts.push((n, *receipt)),
            Ok(Found::Entry(_) | Found::Other) => {}
            Err(failure) => {
                if first.as_ref().is_none_or(|(known, _)| n < *known) {
                    first = Some((n, failure));
                }
            }
        }
        done += 1;
        if done % STEP == 0 || done == members.len() {
            progress(done as u64, members.len() as u64);
        }
    };
    let believed = || believed().map_err(|failure| unlike = Some(failure)).ok();
    parallel::stream(members.len(), Keys::new, work, believed, handle);
    if let Some(failure) = unlike.or(first.map(|(_, failure)| failure)) {
        return Err(failure);
    }
    receipts.sort_unstable_by_key(|(n, _)| *n);
    Ok(Looked { receipts: receipts.into_iter().map(|(_, receipt)| receipt).collect(), digests })
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
