//! Nothing that lies in a bundle can be altered, dropped, doubled, moved or replaced unnoticed, one by one.

use std::collections::BTreeMap;

use counterpart_evidence::{FailureKind, verify};

use crate::{
    case::{BEGIN, Case},
    members::{Members, members, pack, relist, relist_signed, replace},
};

/// Whether everything is to be tried, or a sample.
fn everything() -> bool {
    ["COUNTERPART_TEST_ALL", "COUNTERPART_LONG"].iter().any(|name| std::env::var_os(name).is_some())
}

/// Figures are worth seeing when all is well, too.
fn tell(what: &str) {
    use std::io::Write as _;
    std::io::stderr().write_all(format!("{what}\n").as_bytes()).expect("the terminal takes a line");
}

const ENTRIES: &str = "data/entries/";
const KINDS: [&str; 6] =
    [ENTRIES, "data/keys/", "data/receipts/", "data/attachments/", "data/values/", "data/genesis.cose"];

fn kind_of(name: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|kind| name.starts_with(kind))
}

/// A name of the same form, one digit on.
fn next_name(name: &str) -> String {
    let place = name.rfind('-').or(name.rfind('/')).unwrap_or(0);
    let place = if name.contains("/attachments/") { place + 1 } else { place - 1 };
    let mut bytes = name.as_bytes().to_vec();
    bytes[place] = match bytes[place] {
        b'9' => b'0',
        b'f' => b'0',
        digit => digit + 1,
    };
    String::from_utf8(bytes).expect("plain")
}

/// An entry's name at another place in the order.
fn at_place(name: &str, place: &str) -> String {
    format!("{ENTRIES}{place}{}", name.split_at(ENTRIES.len() + place.len()).1)
}

fn place_of(name: &str) -> String {
    name.chars().skip(ENTRIES.len()).take(6).collect()
}

/// What only somebody does who knows how places are numbered: each entry under a name that is its own.
fn renumberings(good: &Members, n: usize, next: Option<usize>) -> Vec<(&'static str, Members)> {
    let name = &good[n].0;
    if !name.starts_with(ENTRIES) {
        return Vec::new();
    }
    let last = good.iter().filter(|(name, _)| name.starts_with(ENTRIES)).count() + 1;
    let mut all = Vec::new();
    let mut doubled = good.clone();
    doubled.push((at_place(name, &format!("{:06}", last + 1)), good[n].1.clone()));
    all.push(("doubled at the end", doubled));
    if let Some(next) = next {
        let mut moved = good.clone();
        moved[n].0 = at_place(name, &place_of(&good[next].0));
        moved[next].0 = at_place(&good[next].0, &place_of(name));
        all.push(("and another in each other's place", moved));
    }
    let mut fewer = good.clone();
    let (_, _) = fewer.remove(n);
    for (n, (name, _)) in (2..).zip(fewer.iter_mut().filter(|(name, _)| name.starts_with(ENTRIES))) {
        *name = at_place(name, &format!("{n:06}"));
    }
    all.push(("dropped, and those behind moved up", fewer));
    for (_, parts) in &mut all {
        parts.sort_unstable();
    }
    all
}

/// Every way of putting something else in a member's place; `next` is another of its kind.
fn alterations(good: &Members, other: &Members, n: usize, next: Option<usize>) -> Vec<(&'static str, Members)> {
    let mut all = Vec::new();
    let mut with = |way, change: &dyn Fn(&mut Members)| {
        let mut parts = good.clone();
        change(&mut parts);
        parts.sort_unstable();
        parts.dedup_by(|a, b| a.0 == b.0);
        all.push((way, parts));
    };
    with("altered", &|parts| {
        let bytes = &mut parts[n].1;
        let at = (n * 7919) % bytes.len();
        bytes[at] ^= 1 << (n % 8);
    });
    with("dropped", &|parts| drop(parts.remove(n)));
    with("doubled", &|parts| {
        let (name, bytes) = parts[n].clone();
        parts.push((next_name(&name), bytes));
    });
    if let Some(next) = next {
        with("in another's place", &|parts| {
            let bytes = parts[n].1.clone();
            parts[n].1 = std::mem::replace(&mut parts[next].1, bytes);
        });
        with("replaced by another", &|parts| parts[n].1 = parts[next].1.clone());
    }
    let theirs = other.iter().find(|(name, _)| kind_of(name) == kind_of(&good[n].0));
    if let Some((name, bytes)) = theirs {
        with("replaced by another case's", &|parts| parts[n].1 = bytes.clone());
        with("replaced by another case's, with its name", &|parts| parts[n] = (name.clone(), bytes.clone()));
    }
    all
}

#[test]
fn every_single_thing_in_a_bundle_counts() {
    let case = Case::of_everything(200);
    assert_eq!(case.record.graph().len(), 200);
    let good = members(&case.bundle(BEGIN));
    let mut another = Case::of_everything(60);
    another.attach(b"another".to_vec());
    another.receive();
    let other = members(&another.bundle(BEGIN));
    let (mut tried, mut unnoticed) = (0, Vec::new());
    let mut members_tried: BTreeMap<&str, usize> = BTreeMap::new();
    for (n, (name, _)) in good.iter().enumerate() {
        let Some(kind) = kind_of(name) else { continue };
        if !everything() && n % 12 > 0 && matches!(kind, "data/entries/" | "data/values/") {
            continue;
        }
        *members_tried.entry(kind).or_insert(0) += 1;
        let next = (1..good.len()).map(|d| (n + d) % good.len()).find(|m| kind_of(&good[*m].0) == Some(kind));
        let all = alterations(&good, &other, n, next).into_iter().chain(renumberings(&good, n, next));
        for (way, parts) in all {
            if parts == good {
                continue;
            }
            let mut listed = parts.clone();
            relist(&mut listed);
            let mut ways = vec![("lists left", &parts), ("lists made anew", &listed)];
            // The exporter itself may leave out whatever nothing here rests on, and nobody can know that it had it.
            let mut signed = parts.clone();
            if !way.starts_with("dropped") && !parts.iter().all(|part| good.contains(part)) {
                relist_signed(&mut signed, &case.customer.key, |word| word);
                ways.push(("lists made anew and signed by the exporter", &signed));
            }
            for (lists, parts) in ways {
                tried += 1;
                match verify(&pack(parts), &|_, _| {}) {
                    Ok(_) => unnoticed.push(format!("{name} {way}, {lists}")),
                    // Where the list was left, what was taken out is named.
                    Err(found) if way == "dropped" && lists == "lists left" => {
                        assert_eq!(found.what, FailureKind::MissingMember, "{found}");
                        assert_eq!(found.member.as_deref(), Some(name.as_str()), "{found}");
                    }
                    Err(found) => assert!(found.member.is_some(), "{name} {way}, {lists}: {found}"),
                }
            }
        }
    }
    let members = members_tried.values().sum::<usize>();
    tell(&format!("of 200 entries: {members} members, {tried} alterations, {} unnoticed", unnoticed.len()));
    tell(&format!("members by kind: {members_tried:?}"));
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}

/// The smallest case's bundle, whose exporter put a single letter in place of the long specification.
fn smallest() -> Vec<u8> {
    let case = Case::opened();
    let mut parts = members(&case.bundle(BEGIN));
    replace(&mut parts, "data/specification.md", b"x".to_vec());
    relist_signed(&mut parts, &case.customer.key, |word| word);
    let bundle = pack(&parts);
    verify(&bundle, &|_, _| {}).expect("any specification is accepted");
    bundle
}

/// Tries bits `from`, `from` + `step` and so on, over all cores; gives those that nobody noticed.
fn unnoticed_bits(good: &[u8], from: usize, step: usize) -> (usize, Vec<usize>) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let found = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut bundle = good.to_vec();
                    let (mut tried, mut unnoticed) = (0, Vec::new());
                    for bit in (from + thread * step..8 * good.len()).step_by(step * threads) {
                        bundle[bit / 8] ^= 1 << (bit % 8);
                        tried += 1;
                        if verify(&bundle, &|_, _| {}).is_ok() {
                            unnoticed.push(bit);
                        }
                        bundle[bit / 8] ^= 1 << (bit % 8);
                    }
                    (tried, unnoticed)
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().expect("no panic")).collect::<Vec<_>>()
    });
    let tried = found.iter().map(|(tried, _)| tried).sum();
    (tried, found.into_iter().flat_map(|(_, unnoticed)| unnoticed).collect())
}

#[test]
fn every_bit_of_the_smallest_bundle_counts() {
    let small = smallest();
    // Without being asked for all, one bit of every second byte: 17 bits on, each of the eight comes up.
    let (tried, unnoticed) = unnoticed_bits(&small, 0, if everything() { 1 } else { 17 });
    tell(&format!("smallest bundle, {} bytes: {tried} bits flipped, {} unnoticed", small.len(), unnoticed.len()));
    assert_eq!(unnoticed, Vec::<usize>::new());

    // With its whole specification it is many times as large, and most of that one text.
    let whole = Case::opened().bundle(BEGIN);
    let step = if std::env::var_os("COUNTERPART_LONG").is_some() { 1 } else { 1009 };
    let (tried, unnoticed) = unnoticed_bits(&whole, 0, step);
    tell(&format!("the same as exported, {} bytes: {tried} bits flipped, {} unnoticed", whole.len(), unnoticed.len()));
    assert_eq!(unnoticed, Vec::<usize>::new());
}
