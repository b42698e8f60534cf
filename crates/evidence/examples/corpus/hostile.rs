//! Ways of altering a bundle, from a flipped bit to an exporter who signs for something false.

#[path = "hostile/frame.rs"]
mod frame;
#[path = "hostile/signed.rs"]
mod signed;

use crate::{
    made::Made,
    members::{Members, find, members, pack, relist, relist_signed, replace, retag},
    world::Rng,
};

/// A bundle altered in one way, and which.
pub(crate) fn altered(made: &mut Made, random: &mut Rng) -> (&'static str, Vec<u8>) {
    if random.one_in(5) {
        return frame::altered(&made.bundle, random);
    }
    let mut parts = members(&made.bundle);
    let kind = match random.below(26) {
        0 => flip(&mut parts, random),
        1 => resize(&mut parts, random),
        2 | 3 => drop_one(&mut parts, random),
        4 => double(&mut parts, random),
        5 | 6 => rename(&mut parts, random),
        7 => swap(&mut parts, random),
        8 | 9 => from_another(&mut parts, random),
        10 => info(&mut parts, random),
        11 => extra(&mut parts, random),
        12 => list(&mut parts, random),
        13 => made_part(&mut parts, random),
        14 => return exporter(made, parts, random),
        15..=17 => signed::entry(made, &mut parts, random),
        18 => signed::new_entry(made, &mut parts, random),
        19 => signed::spelling(made, &mut parts, random),
        20 | 21 => signed::receipt(made, &mut parts, random),
        22 | 23 => signed::key_event(made, &mut parts, random),
        24 => signed::value(&mut parts, random),
        _ => signed::deep(&mut parts, random),
    };
    finish(made, &mut parts, random);
    (kind, pack(&parts))
}

/// What whoever altered it makes of the lists: nothing, or all that can be made without keys, or with the exporter's.
fn finish(made: &Made, parts: &mut Members, random: &mut Rng) {
    parts.sort_unstable();
    parts.dedup_by(|a, b| a.0 == b.0);
    match random.below(3) {
        0 => {}
        1 => relist(parts),
        _ => relist_signed(parts, &made.key, |word| word),
    }
}

fn any(parts: &Members, random: &mut Rng) -> usize {
    // The few kinds that there are many of are not to hide the others.
    let prefix =
        *random.pick(&["", "data/", "data/entries/", "data/keys/", "data/receipts/", "data/values/"]).expect("some");
    let of_kind: Vec<usize> = (0..parts.len()).filter(|n| parts[*n].0.starts_with(prefix)).collect();
    random.pick(&of_kind).copied().unwrap_or_else(|| random.below(parts.len()))
}

fn flip(parts: &mut Members, random: &mut Rng) -> &'static str {
    let n = any(parts, random);
    let bytes = &mut parts[n].1;
    if !bytes.is_empty() {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
    "flip"
}

fn resize(parts: &mut Members, random: &mut Rng) -> &'static str {
    let n = any(parts, random);
    let bytes = &mut parts[n].1;
    match random.below(3) {
        0 => bytes.truncate(bytes.len() / 2),
        1 => bytes.push(b'\n'),
        _ => bytes.clear(),
    }
    "resize"
}

fn drop_one(parts: &mut Members, random: &mut Rng) -> &'static str {
    parts.remove(any(parts, random));
    "drop"
}

fn double(parts: &mut Members, random: &mut Rng) -> &'static str {
    let (name, bytes) = parts[any(parts, random)].clone();
    parts.push((other_name(&name, random), bytes));
    "double"
}

fn rename(parts: &mut Members, random: &mut Rng) -> &'static str {
    let n = any(parts, random);
    parts[n].0 = other_name(&parts[n].0, random);
    "rename"
}

/// A name that differs in one digit, or of no form at all.
fn other_name(name: &str, random: &mut Rng) -> String {
    let digits: Vec<usize> = name.bytes().enumerate().filter(|(_, b)| b.is_ascii_hexdigit()).map(|(n, _)| n).collect();
    if random.one_in(6) || digits.is_empty() {
        return format!("{name}x");
    }
    let at = digits[random.below(digits.len())];
    let digit = *random.pick(b"0123456789abcdef").expect("some");
    let mut bytes = name.as_bytes().to_vec();
    bytes[at] = digit;
    String::from_utf8(bytes).expect("plain")
}

fn swap(parts: &mut Members, random: &mut Rng) -> &'static str {
    let (a, b) = (any(parts, random), any(parts, random));
    if a != b {
        let bytes = std::mem::take(&mut parts[a].1);
        let other = std::mem::replace(&mut parts[b].1, bytes);
        parts[a].1 = other;
    }
    "swap"
}

/// Something of the bundle of another history with the same parties.
fn from_another(parts: &mut Members, random: &mut Rng) -> &'static str {
    let seed = random.number() % 10_000;
    let other = Made::of(seed, &mut Rng::new(seed));
    let theirs = members(&other.bundle);
    let (name, bytes) = theirs[any(&theirs, random)].clone();
    if find(parts, &name).is_empty() {
        parts.push((name, bytes));
    } else {
        replace(parts, &name, bytes);
    }
    "from_another"
}

fn info(parts: &mut Members, random: &mut Rng) -> &'static str {
    let old = String::from_utf8_lossy(find(parts, "bag-info.txt")).into_owned();
    let versions = ["1", "3", "0", "02", "2 ", "", "-2", "999999999", "1000000000", "two"];
    let new = match random.below(4) {
        0 | 1 => old.replace("Bundle: 2", &format!("Bundle: {}", random.pick(&versions).expect("some"))),
        2 => old.replace("Exported: 1", "Exported: 2"),
        _ => format!("Note: hello\n{old}"),
    };
    replace(parts, "bag-info.txt", new.into_bytes());
    if random.one_in(2) {
        retag(parts);
    }
    "info"
}

fn extra(parts: &mut Members, random: &mut Rng) -> &'static str {
    let id = "0123456789abcdef".repeat(4);
    let names = [
        format!("data/stamps/{id}.cbor"),
        format!("data/attachments/{id}"),
        "data/attachments/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
        format!("data/values/{id}-001.cbor"),
        format!("data/entries/000099-{id}.cose"),
        format!("data/receipts/0123456789abcdef-000001-{id}.cose"),
        format!("data/keys/{id}/000001-{id}.cose"),
        "data/entries/../../x".to_owned(),
        "/etc/passwd".to_owned(),
        "data/".to_owned(),
        "zzz".to_owned(),
        "AAA".to_owned(),
    ];
    let name = random.pick(&names).expect("some").clone();
    parts.push((name, Vec::new()));
    "extra"
}

/// The list as somebody else would write it, with a list of the lists that believes it.
fn list(parts: &mut Members, random: &mut Rng) -> &'static str {
    let old = String::from_utf8_lossy(find(parts, "manifest-sha256.txt")).into_owned();
    let mut lines: Vec<&str> = old.lines().collect();
    let zeros = "0".repeat(64);
    let (name, unknown) = (format!("{zeros}  data/zzz"), format!("{zeros}  bag-info.txt"));
    match random.below(8) {
        0 => lines.swap(0, 1),
        1 => lines.push(&name),
        2 => lines.insert(0, &unknown),
        3 => drop(lines.remove(random.below(lines.len()))),
        4 => lines.push(lines[0]),
        5 => lines.clear(),
        _ => {}
    }
    let mut new: String = lines.iter().map(|line| format!("{line}\n")).collect();
    match random.below(8) {
        0 => new = new.to_uppercase(),
        1 => drop(new.pop()),
        2 => new = new.replace("  ", " *"),
        3 => new = new.replacen('0', "1", 1),
        _ => {}
    }
    replace(parts, "manifest-sha256.txt", new.into_bytes());
    retag(parts);
    "list"
}

fn made_part(parts: &mut Members, random: &mut Rng) -> &'static str {
    let names = ["data/README.txt", "data/record.automerge", "data/timeline.txt", "data/specification.md", "bagit.txt"];
    let name = *random.pick(&names).expect("some");
    let mut bytes = find(parts, name).to_vec();
    let at = random.below(bytes.len());
    bytes[at] = b'0' + bytes[at] % 10;
    replace(parts, name, bytes);
    "made_part"
}

/// What the exporter signs is false, and signed well.
fn exporter(made: &Made, mut parts: Members, random: &mut Rng) -> (&'static str, Vec<u8>) {
    let way = random.below(10);
    let other = made.world.devices[random.below(6)].author;
    relist_signed(&mut parts, &made.key, |mut word| {
        match way {
            0 => word.entries += 1,
            1 => word.case.0[0] ^= 1,
            2 => word.party = other.party,
            3 => word.grant = other.grant,
            4 => word.log.position += 1,
            5 => word.log.event.0[5] ^= 1,
            6 => word.log.party = other.party,
            7 => word.manifest[9] ^= 1,
            8 => word.at += 1,
            _ => word.at = word.at.wrapping_neg().abs(),
        }
        word
    });
    if random.one_in(4) {
        // Somebody else's key.
        relist_signed(&mut parts, &made.world.devices[random.below(6)].key, |word| word);
    }
    ("exporter", pack(&parts))
}
