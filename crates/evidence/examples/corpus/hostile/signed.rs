//! Members that somebody signed well, or could have: their signature holds, their meaning or form does not.

use counterpart_core::{
    cbor::{CORE_LIMITS, Key, Value},
    envelope::Envelope,
    id::{DeviceKey, Domain, EntryId, hash},
    keylog::{self, EventSigner, Grant, Kinds, RevokeReason},
    receipt::SignedReceipt,
    statement::{Entry, KeyCitation, Statement},
};
use ed25519_dalek::SigningKey;

use crate::{
    made::{self, Made},
    members::{Members, hex},
    random::DEVICES,
    world::*,
};

fn key_of(made: &Made, device: &DeviceKey) -> SigningKey {
    let found = made.world.devices.iter().find(|d| d.author.device == *device);
    found.map_or_else(|| SigningKey::from_bytes(&[99; 32]), |d| d.key.clone())
}

fn entries(parts: &Members) -> Vec<usize> {
    let is_entry = |name: &str| name.starts_with("data/entries/") || name == "data/genesis.cose";
    (0..parts.len()).filter(|n| is_entry(&parts[*n].0)).collect()
}

/// One of the entries; half of the time the last, on which no other rests.
fn some_entry(parts: &Members, random: &mut Rng) -> Option<(usize, Statement, [u8; 32])> {
    let all = entries(parts);
    let n = if random.one_in(2) { *all.last()? } else { *random.pick(&all)? };
    let entry = Entry::decode(&parts[n].1).ok()?;
    Some((n, entry.statement, entry.change.0))
}

/// Puts a core under its author's signature in place of an entry, called by its id.
fn put(parts: &mut Members, n: usize, core: &[u8], change: &[u8; 32], key: &SigningKey) {
    let payload = Value::Array(vec![Value::Bytes(core.to_vec()), Value::from(change)]).encode();
    parts[n].1 = Envelope::sign(Domain::Entry, payload, key).bytes().to_vec();
    let id = EntryId(hash(Domain::Entry, &[core]));
    if let Some(place) = parts[n].0.strip_prefix("data/entries/").and_then(|rest| rest.get(..6)) {
        parts[n].0 = format!("data/entries/{place}-{id}.cose");
    }
}

/// An entry as its author would have signed it, had it lied about its context or said what no level knows.
pub(super) fn entry(made: &mut Made, parts: &mut Members, random: &mut Rng) -> &'static str {
    let Some((n, statement, mut change)) = some_entry(parts, random) else { return "entry" };
    let key = key_of(made, &statement.device);
    let mut core = Value::decode(&statement.encode(), CORE_LIMITS).expect("a statement's core");
    alter(&mut core, made, parts, random);
    let bytes = core.encode();
    if let (Ok(altered), true) = (Statement::decode(&bytes), random.below(3) > 0) {
        change = built(made, &altered);
    }
    put(parts, n, &bytes, &change, &key);
    "entry"
}

/// The change that a statement becomes, as far as what it rests on is known.
fn built(made: &mut Made, statement: &Statement) -> [u8; 32] {
    let signed = made.world.seal(0, statement);
    Entry::decode(&signed).map_or([0; 32], |entry| entry.change.0)
}

fn field(core: &mut Value, number: u64) -> Option<&mut Value> {
    let Value::Map(fields) = core else { return None };
    fields.iter_mut().find(|(key, _)| *key == Key::Int(number)).map(|(_, value)| value)
}

fn remove(core: &mut Value, number: u64) {
    if let Value::Map(fields) = core {
        fields.retain(|(key, _)| *key != Key::Int(number));
    }
}

fn alter(core: &mut Value, made: &Made, parts: &Members, random: &mut Rng) {
    let other = made.world.devices[random.below(6)].author;
    let ids: Vec<[u8; 32]> =
        entries(parts).iter().filter_map(|n| Entry::decode(&parts[*n].1).ok()).map(|e| e.id.0).collect();
    let some_id = |random: &mut Rng| Value::from(random.pick(&ids).unwrap_or(&[1; 32]));
    let number = |value: &mut Value, by: i64| {
        if let Value::Int(n) = value {
            *n += by;
        }
    };
    match random.below(22) {
        0 => *field(core, 1).expect("a version") = Value::Int(2),
        1 => {
            if let Some(case) = field(core, 2) {
                *case = Value::from(&[7; 32]);
            }
        }
        2 => remove(core, 2),
        3 => *field(core, 3).expect("a party") = Value::from(&other.party.0),
        4 => number(field(core, 5).expect("a position"), 1),
        5 => number(field(core, 5).expect("a position"), -1),
        6 => remove(core, 6),
        7 => {
            if let Some(prev) = field(core, 6) {
                *prev = some_id(random);
            }
        }
        8 => *field(core, 7).expect("deps") = Value::Array(Vec::new()),
        9 => *field(core, 7).expect("deps") = Value::Array(vec![some_id(random)]),
        10 | 11 => {
            let mut several: Vec<[u8; 32]> = (0..3).filter_map(|_| random.pick(&ids)).copied().collect();
            several.sort_unstable();
            if random.below(4) > 0 {
                several.dedup();
            }
            *field(core, 7).expect("deps") = Value::Array(several.iter().map(Value::from).collect());
        }
        12 => *field(core, 8).expect("keys") = Value::Array(Vec::new()),
        13 => {
            let head = made.world.record(0).logs().head(&other.party).expect("a log");
            let position = if random.one_in(3) { head.position + 1 } else { head.position };
            let cited =
                Value::Array(vec![head.party.0.as_slice().into(), position.into(), head.event.0.as_slice().into()]);
            *field(core, 8).expect("keys") = Value::Array(vec![cited]);
        }
        14 => *field(core, 9).expect("a grant") = Value::from(&other.grant.0),
        15 => number(field(core, 10).expect("a time"), 1),
        16 => *field(core, 10).expect("a time") = Value::Int(if random.one_in(2) { -1 } else { 9_007_199_254_740_991 }),
        17 => *field(core, 4).expect("a device") = Value::from(&other.device.0),
        _ => alter_body(field(core, 11).expect("an act"), random),
    }
}

fn alter_body(act: &mut Value, random: &mut Rng) {
    let Value::Map(fields) = act else { return };
    let extra = |body: &mut Value| {
        if let Value::Map(fields) = body {
            fields.push((Key::Text("zzzzzzzzzzzzzzzzzz".to_owned()), Value::Bool(true)));
        }
    };
    for (key, value) in fields {
        match key {
            Key::Text(k) if k == "kind" && random.one_in(3) => {
                *value = Value::from(*random.pick(&["note", "seen", "accept", "open", "hello"]).expect("some"));
            }
            Key::Text(k) if k == "body" => match random.below(4) {
                0 => extra(value),
                1 => {
                    if let Value::Map(fields) = value {
                        fields.pop();
                    }
                }
                _ => alter_value(value, random),
            },
            _ => {}
        }
    }
}

/// Some leaf becomes another.
fn alter_value(value: &mut Value, random: &mut Rng) {
    match value {
        Value::Map(fields) if !fields.is_empty() => {
            let n = random.below(fields.len());
            alter_value(&mut fields[n].1, random);
        }
        Value::Array(items) if !items.is_empty() => {
            let n = random.below(items.len());
            alter_value(&mut items[n], random);
        }
        Value::Text(text) => {
            let more = ["", "x", "\u{202E}", "\u{200D}", "\n", "\u{FDD0}", "\u{0}", "\u{1F600}", "\""];
            text.push_str(random.pick(&more).expect("some"));
        }
        Value::Int(n) => *n = n.saturating_add(1).min(9_007_199_254_740_991),
        Value::Bytes(bytes) => match bytes.first_mut() {
            Some(byte) => *byte ^= 1,
            None => bytes.push(1),
        },
        Value::Bool(yes) => *yes = !*yes,
        Value::Array(_) | Value::Map(_) => *value = Value::Bool(true),
    }
}

/// One more entry at the end, by whatever device.
pub(super) fn new_entry(made: &mut Made, parts: &mut Members, random: &mut Rng) -> &'static str {
    let device = random.below(made.world.devices.len());
    let statement = made.world.statement(device, &note("one more"));
    let bytes = made.world.seal(device, &statement);
    let id = Entry::decode(&bytes).expect("just made").id;
    let place = entries(parts).len() + 1;
    parts.push((format!("data/entries/{place:06}-{id}.cose"), bytes));
    "new_entry"
}

/// The same words in another spelling, signed by whoever signed them.
pub(super) fn spelling(made: &mut Made, parts: &mut Members, random: &mut Rng) -> &'static str {
    let Some((n, statement, change)) = some_entry(parts, random) else { return "spelling" };
    let key = key_of(made, &statement.device);
    let mut core = statement.encode();
    match random.below(5) {
        // Version 1 in two bytes.
        0 => drop(core.splice(2..3, [0x18, 0x01])),
        // A map of indefinite length.
        1 => {
            core[0] = 0xBF;
            core.push(0xFF);
        }
        2 => core.push(0),
        // A key twice.
        3 => {
            core[0] += 1;
            core.splice(1..1, [0x01, 0x01]);
        }
        _ => {
            // The envelope: a longer head before the payload.
            let bytes = &mut parts[n].1;
            if bytes.get(6) == Some(&0x59) {
                let length = [0x5A, 0, 0, bytes[7], bytes[8]];
                bytes.splice(6..9, length);
            }
            return "spelling";
        }
    }
    put(parts, n, &core, &change, &key);
    "spelling"
}

pub(super) fn receipt(made: &mut Made, parts: &mut Members, random: &mut Rng) -> &'static str {
    let record = made.world.record(random.below(6));
    if record.graph().is_empty() {
        return "receipt";
    }
    let mut receipt = made::receipt(&made.world, record, random).receipt;
    match random.below(7) {
        0 => receipt.case.0[0] ^= 1,
        1 => receipt.party = made.world.devices[random.below(6)].author.party,
        2 => receipt.heads = vec![EntryId([4; 32])],
        3 => receipt.heads.clear(),
        4 => receipt.heads.reverse(),
        5 => receipt.number = 4_294_967_295,
        _ => {}
    }
    let key = if random.one_in(6) { SigningKey::from_bytes(&[98; 32]) } else { key_of(made, &receipt.device) };
    if random.one_in(4) {
        receipt.device = DeviceKey(SigningKey::from_bytes(&[98; 32]).verifying_key().to_bytes());
    }
    let signed: SignedReceipt = receipt.sign(&key);
    let device: String = signed.receipt.device.to_hex().chars().take(16).collect();
    parts.push((
        format!("data/receipts/{device}-{:06}-{}.cose", signed.receipt.number, signed.id),
        signed.bytes().to_vec(),
    ));
    "receipt"
}

/// One more event in some log, which its signer may or may not add.
pub(super) fn key_event(made: &mut Made, parts: &mut Members, random: &mut Rng) -> &'static str {
    let device = *random.pick(&DEVICES).expect("devices");
    let party = made.world.party(device);
    let logs = made.world.record(0).logs();
    let events: Vec<KeyCitation> =
        logs.of_party(&party).map(|e| KeyCitation { party, position: e.position, event: e.id }).collect();
    let Some(mut after) = random.pick(&events).copied() else { return "key_event" };
    match random.below(5) {
        0 => after.position += 1,
        1 => after.event.0[0] ^= 1,
        _ => {}
    }
    let root = if random.one_in(4) { SigningKey::from_bytes(&[97; 32]) } else { World::root_key(device, 0) };
    let signer = match random.below(4) {
        0 => {
            EventSigner::Admin { grant: made.world.devices[device].author.grant, key: &made.world.devices[device].key }
        }
        _ => EventSigner::Root(&root),
    };
    let fresh = SigningKey::from_bytes(&[96; 32]);
    let bytes = match random.below(4) {
        0 => keylog::revoke(&after, &signer, &made.world.devices[device].author.grant, RevokeReason::Ended, 5),
        1 => {
            let next = World::root_key(device, 1);
            keylog::rotate(&after, &next, &DeviceKey([1; 32]), 5)
        }
        n => {
            let key = if n == 2 { &fresh } else { &made.world.devices[device].key };
            let grant = Grant {
                device: DeviceKey(key.verifying_key().to_bytes()),
                peer: if random.one_in(5) { Vec::new() } else { vec![9] },
                kinds: Kinds::All,
                receive: true,
                admin: false,
                ceilings: Vec::new(),
                from: None,
                until: None,
            };
            let proving = if random.one_in(5) { &root } else { key };
            keylog::grant(&after, &signer, &grant, proving, 5)
        }
    };
    // The payload lies between the envelope's fixed beginning and the signature.
    let head = match bytes[6] {
        0x58 => 8,
        0x59 => 9,
        _ => 7,
    };
    let id = hash(Domain::KeyEvent, &[&bytes[head..bytes.len() - 66]]);
    let name = format!("data/keys/{party}/{:06}-{}.cose", after.position + 1, hex(&id));
    parts.push((name, bytes));
    "key_event"
}

/// A laid-open value that is another, in another place, or none.
pub(super) fn value(parts: &mut Members, random: &mut Rng) -> &'static str {
    let values: Vec<usize> = (0..parts.len()).filter(|n| parts[*n].0.starts_with("data/values/")).collect();
    let Some(n) = random.pick(&values).copied() else { return "value" };
    let Ok(Value::Array(mut items)) = Value::decode(&parts[n].1, CORE_LIMITS) else { return "value" };
    match random.below(6) {
        0 => alter_value(&mut items[3], random),
        1 => items[0] = Value::from(&[5; 32]),
        2 => items[1] = Value::Array(vec!["nowhere".into()]),
        3 => items[3] = Value::Array(vec!["sealed".into(), Value::from(&[5; 32])]),
        4 => items[1] = Value::Array(vec![Value::Int(1 << 40)]),
        _ => items.push(Value::Bool(true)),
    }
    parts[n].1 = Value::Array(items).encode();
    "value"
}

/// Containers in containers, beyond what any of these may hold.
pub(super) fn deep(parts: &mut Members, random: &mut Rng) -> &'static str {
    let depth = *random.pick(&[9, 60_000]).expect("some");
    let deep: Vec<u8> = std::iter::repeat_n(0x81, depth).chain([0x01]).collect();
    let folder = *random.pick(&["data/values/", "data/receipts/", "data/keys/", "data/entries/"]).expect("some");
    let Some((_, bytes)) = parts.iter_mut().find(|(name, _)| name.starts_with(folder)) else { return "deep" };
    *bytes = if folder == "data/values/" {
        deep
    } else {
        let domain = match folder {
            "data/receipts/" => Domain::Receipt,
            "data/keys/" => Domain::KeyEvent,
            _ => Domain::Entry,
        };
        Envelope::sign(domain, deep, &SigningKey::from_bytes(&[95; 32])).bytes().to_vec()
    };
    "deep"
}
