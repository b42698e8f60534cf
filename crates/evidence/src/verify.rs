//! Verifying a bundle: what was signed by its signatures and the gate, everything else by making it anew.
//!
//! The first pass looks at each member by itself, so that what was altered is named and not what rests on it; the
//! second takes the entries in by the order of the bundle; the third makes the whole bundle again and compares.

use std::{collections::BTreeMap, sync::Mutex};

use counterpart_core::{
    envelope::{PublicKey, Verified},
    gate::Refusal,
    id::{DeviceKey, EventId},
    keylog::KeyLogRefusal,
    receipt::SignedReceipt,
    record::{Applied, Record},
    seal::Disclosure,
    statement::Entry,
};

use crate::{
    archive::{self, Member},
    bag,
    contents::{self, Part},
    delivery::Delivery,
    failure::{Failure, FailureKind},
    layout::{self, Layout},
    parallel, timeline,
    verdict::Verdict,
};

/// Members longer than this, in bytes, are looked at before the others.
const LONG: usize = 64 << 10;

/// Checks everything in a bundle and says what it proves. Needs no identity, no network and no clock.
///
/// `progress` is called now and then, from several threads, with members looked at and members in all.
///
/// # Errors
/// The first thing that does not hold: of members that are bad by themselves the first by name.
pub fn verify(bytes: &[u8], progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Verdict, Failure> {
    let members = archive::read(bytes)?;
    let witnesses = Witnesses::of(&members);
    witnesses.check_names(&members)?;
    let layout = Layout::of(&members)?;
    check_version(&layout)?;
    if layout.entries.len() >= layout::MAX_ENTRIES || layout.receipts.len() > layout::MAX_RECEIPTS {
        return Err(Failure::whole(FailureKind::TooLarge, "it holds more entries or receipts than a bundle may"));
    }

    let Signed { genesis, entries, receipts, digests } = match look(&members, progress, &layout) {
        Ok(signed) => signed,
        Err(failure) => {
            // What a strange form shows is not to be trusted; a wrong checksum only says less of the same thing.
            let form = archive::check_form(bytes, &members);
            return Err(form.err().filter(|f| f.what == FailureKind::NotCanonical).unwrap_or(failure));
        }
    };
    let case = genesis.case;
    let (form, record) =
        parallel::both(|| archive::check_form(bytes, &members), || take(&layout, genesis, entries, receipts));
    form?;
    let record = record?;
    let document = changes(&record).map_err(|(index, refusal)| bad_entry(&record, index, &layout, refusal))?;

    let exported_at = witnesses.exported_at(&layout)?;
    let delivery = Delivery::of(&record);
    let rebuilt = || {
        let made = contents::payload(&record, &delivery, document, exported_at);
        let (payload, tags): (Vec<_>, Vec<_>) =
            members.iter().copied().zip(&digests).partition(|(m, _)| m.name.starts_with(layout::PAYLOAD));
        let (payload, digests): (Vec<Member<'_>>, Vec<&str>) =
            payload.into_iter().map(|(m, d)| (m, d.as_str())).unzip();
        compare(&made, &payload)?;
        // A checksum that the untouched list gives otherwise names the member, not the list.
        if let Some(member) = witnesses.first_altered(&payload, &digests) {
            return Err(Failure::altered(member));
        }
        let tags: Vec<Member<'_>> = tags.into_iter().map(|(m, _)| m).collect();
        compare(&contents::tags(&case, exported_at, &payload, &digests), &tags)
    };
    let (compared, verdict) = parallel::both(rebuilt, || Verdict::of(&record, &delivery, exported_at, case));
    compared.map(|()| verdict)
}

/// The bundle's checksum lists. They prove nothing, but they tell what was altered from what rests on it.
struct Witnesses<'b> {
    manifest_bytes: &'b [u8],
    /// Name to checksum.
    manifest: BTreeMap<&'b str, &'b str>,
    tags: BTreeMap<&'b str, &'b str>,
}

impl<'b> Witnesses<'b> {
    fn of(members: &[Member<'b>]) -> Self {
        let find = |name: &str| members.iter().find(|m| m.name == name).map(|m| m.bytes);
        let lines = |name: &str| find(name).map(|b| bag::lines(b).collect()).unwrap_or_default();
        let manifest_bytes = find(layout::MANIFEST).unwrap_or_default();
        Self { manifest_bytes, manifest: lines(layout::MANIFEST), tags: lines(layout::TAG_MANIFEST) }
    }

    /// Whether the manifest is there and has the checksum that the tag manifest gives.
    fn manifest_untouched(&self) -> bool {
        let listed = self.tags.get(layout::MANIFEST);
        !self.manifest_bytes.is_empty() && listed.is_none_or(|listed| *listed == bag::digest(self.manifest_bytes))
    }

    /// Members against the manifest's names, by name: the first missing or unexpected one.
    fn check_names(&self, members: &[Member<'b>]) -> Result<(), Failure> {
        match self.first_strange(members) {
            Some(failure) if self.manifest_untouched() => Err(failure),
            _ => Ok(()),
        }
    }

    fn first_strange(&self, members: &[Member<'b>]) -> Option<Failure> {
        let mut listed = self.manifest.keys().copied().peekable();
        for member in members.iter().filter(|m| m.name.starts_with(layout::PAYLOAD)) {
            match listed.next_if(|name| *name <= member.name) {
                Some(name) if name == member.name => {}
                Some(name) => return Some(Failure::missing(name)),
                None => return Some(Failure::unexpected(member.name)),
            }
        }
        listed.next().map(Failure::missing)
    }

    fn first_altered(&self, members: &[Member<'b>], digests: &[&str]) -> Option<&'b str> {
        let altered = |(member, digest): &(&Member<'b>, &&str)| {
            self.manifest.get(member.name).is_some_and(|listed| listed != *digest)
        };
        let found = members.iter().zip(digests).find(altered).map(|(member, _)| member.name);
        found.filter(|_| self.manifest_untouched())
    }

    /// The time of export stands in the description and in the timeline; the checksums say which of two to believe.
    fn exported_at(&self, layout: &Layout<'_>) -> Result<i64, Failure> {
        let described = bag::exported_at(layout.bag_info.bytes);
        let told = timeline::exported_at(layout.timeline.bytes);
        let untouched = self.tags.get(layout::BAG_INFO).is_some_and(|d| *d == bag::digest(layout.bag_info.bytes));
        match (described, told) {
            (Some(described), Some(told)) if described == told || untouched => Ok(described),
            (Some(described), None) => Ok(described),
            _ => Err(Failure::altered(layout::BAG_INFO)),
        }
    }
}

fn check_version(layout: &Layout<'_>) -> Result<(), Failure> {
    match bag::version(layout.bag_info.bytes) {
        Some(bag::VERSION) => Ok(()),
        Some(other) if other.parse::<u32>().is_ok_and(|n| n > 1) => {
            let why =
                format!("it is a bundle of version {other}, which this program does not know; update the program");
            Err(Failure::of(layout::BAG_INFO, FailureKind::OtherVersion, why))
        }
        _ => Err(Failure::altered(layout::BAG_INFO)),
    }
}

/// What a member is by itself.
enum Looked {
    Entry(Box<Entry<Verified>>),
    Receipt(Box<SignedReceipt>),
    /// Judged later, by what it rests on.
    Other,
    Bad(Failure),
}

/// The first pass, over all cores: checksum of every member, signature of entries and receipts.
fn look(members: &[Member<'_>], progress: &(dyn Fn(u64, u64) + Sync), layout: &Layout<'_>) -> Result<Signed, Failure> {
    let all = members.len() as u64;
    // The longest first, so that no thread is left with one of them at the end.
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|n| std::cmp::Reverse(members[*n].bytes.len() / LONG));
    let work = |keys: &mut BTreeMap<DeviceKey, PublicKey>, n: usize| {
        let n = order[n];
        let member = members[n];
        let looked = if layout::is_entry(member.name) {
            look_entry(member, keys)
        } else if layout::is_receipt(member.name) {
            match SignedReceipt::verify(member.bytes) {
                Ok(receipt) if contents::receipt_name(&receipt) == member.name => Looked::Receipt(Box::new(receipt)),
                Ok(_) => Looked::Bad(Failure::unexpected(member.name)),
                Err(refusal) => Looked::Bad(Failure::bad(member.name, refusal, FailureKind::BadReceipt)),
            }
        } else {
            Looked::Other
        };
        (n, looked, bag::digest(member.bytes))
    };
    let mut looked = parallel::map(members.len(), BTreeMap::new, work, |done| progress(done as u64, all));
    looked.sort_unstable_by_key(|(n, _, _)| *n);
    Signed::of(looked, layout, members)
}

fn look_entry(member: Member<'_>, keys: &mut BTreeMap<DeviceKey, PublicKey>) -> Looked {
    let bad = |id, refusal| Looked::Bad(Failure::entry(member.name, id, refusal));
    let entry = match Entry::decode(member.bytes) {
        Ok(entry) => entry,
        Err(error) => return bad(None, error.into()),
    };
    let (id, device) = (entry.id, entry.statement.device);
    let key = match keys.get(&device) {
        Some(key) => Ok(key.clone()),
        None => PublicKey::parse(&device.0).inspect(|key| {
            keys.insert(device, key.clone());
        }),
    };
    match key.and_then(|key| entry.verify_with(&key)) {
        Ok(entry) => Looked::Entry(Box::new(entry)),
        Err(error) => bad(Some(id), error.into()),
    }
}

/// The members that carry a signature of their own, found good.
struct Signed {
    genesis: Entry<Verified>,
    entries: Vec<Entry<Verified>>,
    receipts: Vec<SignedReceipt>,
    digests: Vec<String>,
}

impl Signed {
    fn of(looked: Vec<(usize, Looked, String)>, layout: &Layout<'_>, members: &[Member<'_>]) -> Result<Self, Failure> {
        let mut entries = Vec::with_capacity(layout.entries.len());
        let mut receipts = Vec::with_capacity(layout.receipts.len());
        let mut digests = Vec::with_capacity(looked.len());
        let mut genesis = None;
        for ((_, looked, digest), member) in looked.into_iter().zip(members) {
            digests.push(digest);
            match looked {
                Looked::Entry(entry) if member.name == layout::GENESIS => genesis = Some(*entry),
                Looked::Entry(entry) => entries.push(*entry),
                Looked::Receipt(receipt) => receipts.push(*receipt),
                Looked::Other => {}
                Looked::Bad(failure) => return Err(failure),
            }
        }
        let genesis = genesis.ok_or_else(|| Failure::missing(layout::GENESIS))?;
        Ok(Self { genesis, entries, receipts, digests })
    }
}

/// The second pass: everything signed into a record, by the order of the bundle.
fn take(
    layout: &Layout<'_>,
    genesis: Entry<Verified>,
    entries: Vec<Entry<Verified>>,
    receipts: Vec<SignedReceipt>,
) -> Result<Record, Failure> {
    let mut record = Record::new();
    take_keys(&mut record, layout)?;
    take_entries(&mut record, genesis, entries, layout)?;
    take_receipts(&mut record, receipts, layout)?;
    take_values(&mut record, layout)?;
    Ok(record)
}

fn take_keys(record: &mut Record, layout: &Layout<'_>) -> Result<(), Failure> {
    for member in &layout.keys {
        let bad = |refusal| match refusal {
            KeyLogRefusal::MissingPrev(prev) => {
                let why = format!("the key event before it, {prev}, is missing; ask for the whole bundle again");
                Failure::of(member.name, FailureKind::BadKeyEvent(refusal), why)
            }
            refusal => Failure::bad(member.name, refusal, FailureKind::BadKeyEvent),
        };
        let new = record.apply_key_event(member.bytes).map_err(bad)?;
        let id = layout::event_id(member.name).and_then(EventId::from_hex);
        let event = id.and_then(|id| record.logs().event(&id));
        let named = event.is_some_and(|e| layout::key_event(&e.party, e.position, &e.id) == member.name);
        if !new || !named {
            return Err(Failure::unexpected(member.name));
        }
    }
    Ok(())
}

fn take_entries(
    record: &mut Record,
    genesis: Entry<Verified>,
    entries: Vec<Entry<Verified>>,
    layout: &Layout<'_>,
) -> Result<(), Failure> {
    let members = std::iter::once(layout.genesis).chain(layout.entries.iter().copied());
    for (index, (entry, member)) in std::iter::once(genesis).chain(entries).zip(members).enumerate() {
        let id = entry.id;
        match record.restore(entry) {
            Ok(Applied::New(_)) => {}
            Ok(Applied::Duplicate(_)) => return Err(Failure::unexpected(member.name)),
            Err(Refusal::MissingEntries(missing)) => {
                let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
                let list = list.join(" and ");
                let why = format!("it rests on the entry {list}, which is missing; ask for the whole bundle again");
                return Err(Failure::of(member.name, FailureKind::MissingEntries(missing), why));
            }
            Err(Refusal::MissingKeys(missing)) => {
                let first = missing.first().map(|k| layout::key_event(&k.party, k.position, &k.event));
                return Err(Failure::missing(&first.unwrap_or_default()));
            }
            Err(refusal) => return Err(Failure::entry(member.name, Some(id), refusal)),
        }
        if index > 0 && layout::entry(index + 1, &id) != member.name {
            return Err(Failure::unexpected(member.name));
        }
    }
    Ok(())
}

fn take_receipts(record: &mut Record, receipts: Vec<SignedReceipt>, layout: &Layout<'_>) -> Result<(), Failure> {
    for (receipt, member) in receipts.into_iter().zip(&layout.receipts) {
        match record.apply_receipt(receipt) {
            Ok(true) => {}
            Ok(false) => return Err(Failure::unexpected(member.name)),
            Err(refusal) => return Err(Failure::bad(member.name, refusal, FailureKind::BadReceipt)),
        }
    }
    Ok(())
}

fn take_values(record: &mut Record, layout: &Layout<'_>) -> Result<(), Failure> {
    for member in &layout.values {
        let disclosure = Disclosure::decode(member.bytes)
            .map_err(|error| Failure::bad(member.name, error, FailureKind::UnreadableValue))?;
        let ix = record.graph().find(&disclosure.entry);
        let name = ix.map(|ix| contents::value_name(record, ix, &disclosure));
        match record.apply_value(disclosure) {
            Ok(true) if name.as_deref() == Some(member.name) => {}
            Ok(_) => return Err(Failure::unexpected(member.name)),
            Err(refusal) => return Err(Failure::bad(member.name, refusal, FailureKind::BadValue)),
        }
    }
    Ok(())
}

/// Builds the change of every entry anew, over all cores, and compares it with the signed one. Gives the document:
/// the changes that stand in it, one after the other, which is a form that every Automerge implementation opens.
///
/// Automerge's own saved form would be smaller, but another version of the library may write the same document in
/// other bytes; a change's bytes are what its signed hash is over.
pub(crate) fn changes(record: &Record) -> Result<Vec<u8>, (usize, Refusal)> {
    let graph = record.graph();
    let all: Vec<_> = graph.all().collect();
    let mut stands = vec![false; all.len()];
    for ix in graph.in_document() {
        stands[ix.at()] = true;
    }
    let wrong: Mutex<Option<usize>> = Mutex::new(None);
    let work = |(): &mut (), n: usize| {
        let built = record.change_of(all[n]);
        if built.end.change != graph.node(all[n]).entry.change {
            let mut wrong = wrong.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *wrong = Some(wrong.map_or(n, |first| first.min(n)));
        }
        if stands[n] { built.raw_bytes() } else { Vec::new() }
    };
    let parts = parallel::map(all.len(), || (), work, |_| ());
    match wrong.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(index) => Err((index, Refusal::Change)),
        None => Ok(parts.concat()),
    }
}

fn bad_entry(record: &Record, index: usize, layout: &Layout<'_>, refusal: Refusal) -> Failure {
    let member = index.checked_sub(1).map_or(layout.genesis, |n| layout.entries[n]);
    let id = record.graph().all().nth(index).map(|ix| record.graph().id(ix));
    Failure::entry(member.name, id, refusal)
}

/// Members as made anew against members as supplied, both by name.
fn compare(made: &[Part<'_>], supplied: &[Member<'_>]) -> Result<(), Failure> {
    let mut made = made.iter().peekable();
    for member in supplied {
        match made.next_if(|part| part.name.as_str() <= member.name) {
            Some(part) if part.name != member.name => return Err(Failure::missing(&part.name)),
            Some(part) if *part.bytes != *member.bytes => return Err(differs(member.name)),
            Some(_) => {}
            None => return Err(Failure::unexpected(member.name)),
        }
    }
    made.next().map_or(Ok(()), |part| Err(Failure::missing(&part.name)))
}

fn differs(member: &str) -> Failure {
    match member {
        layout::DOCUMENT => {
            let why = "the Automerge document is not the one that the signed entries make; it was altered";
            Failure::of(member, FailureKind::DocumentDiffers, why)
        }
        layout::TIMELINE => {
            let why = "the readable timeline is not the one that the signed entries make; it was altered";
            Failure::of(member, FailureKind::TimelineDiffers, why)
        }
        _ => Failure::altered(member),
    }
}
