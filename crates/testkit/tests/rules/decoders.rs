//! Everything signed reads back as it was; nothing a stranger sends makes a decoder panic.

use counterpart_core::{
    act::Act,
    cbor::{CORE_LIMITS, Value},
    envelope::{Envelope, public_half},
    id::EntryId,
    invitation::{JoinRequest, Link, Secret, invite_key},
    keylog::KeyLogs,
    receipt::SignedReceipt,
    record::Author,
    schema,
    seal::Disclosure,
    statement::{Entry, Statement},
    whereabouts::{SignedWhereabouts, Whereabouts},
};
use ed25519_dalek::SigningKey;

use crate::world::*;

fn link(w: &World) -> Link {
    Link {
        case: w.case(),
        opener: w.party(A1),
        invite: EntryId([4; 32]),
        secret: Secret([5; 16]),
        addresses: vec!["/ip4/192.0.2.1/tcp/4001".to_owned()],
        peer: vec![1, 2],
        expires: 5,
    }
}

fn receipt(w: &World) -> Vec<u8> {
    let device = &w.devices[B2];
    let receipt = device.record.receipt_due(&device.author, 9_000_000).expect("it has news");
    receipt.sign(&device.key).bytes().to_vec()
}

fn whereabouts(w: &World) -> Vec<u8> {
    let device = &w.devices[B2];
    let Author { party, device: key, grant } = device.author;
    let addresses = vec!["/ip4/192.0.2.1/tcp/4001".to_owned(), "/dns/b.example/udp/4001/quic-v1".to_owned()];
    let record = Whereabouts { party, device: key, grant, number: 2, at: 9_000_000, addresses, carries: true };
    record.sign(&device.key).bytes().to_vec()
}

/// Good bytes of every kind.
fn samples(w: &World) -> Vec<Vec<u8>> {
    let graph = w.record(A1).graph();
    let mut all: Vec<Vec<u8>> = graph.all().map(|ix| graph.node(ix).entry.bytes().to_vec()).collect();
    all.extend(graph.all().map(|ix| graph.statement(ix).encode()));
    let logs = w.record(A1).logs();
    all.extend(logs.parties().flat_map(|p| logs.of_party(&p).map(|e| e.bytes().to_vec()).collect::<Vec<_>>()));
    all.push(receipt(w));
    all.push(whereabouts(w));
    all.push(w.request(C1, EntryId([4; 32])));
    all.push(link(w).to_text().into_bytes());
    all
}

fn busy() -> World {
    let mut w = World::three();
    let (r, _, d) = w.completed();
    w.act(A1, &release(d));
    w.force(B1, &release(r));
    w.sync_all();
    w
}

#[test]
fn what_was_signed_reads_back_the_same() {
    let mut w = World::three();
    let (_, _, d) = w.completed();
    w.act(A1, &release(d));
    w.sync_all();
    let graph = w.record(A1).graph();
    for ix in graph.all() {
        let statement = graph.statement(ix);
        let core = statement.encode();
        assert_eq!(Statement::decode(&core).as_ref(), Ok(statement));
        let act = w.record(A1).fold().act(ix);
        assert_eq!(act.kind(), statement.kind);
        assert_eq!(act.body(), statement.body);
        assert_eq!(Act::read(&statement.kind, &statement.body).as_ref(), Some(act));
        let entry = Entry::decode(graph.node(ix).entry.bytes()).expect("own").verify().expect("own");
        assert_eq!((entry.id, entry.change), (graph.id(ix), graph.node(ix).entry.change));
    }
    let mut logs = KeyLogs::new();
    for party in w.record(A1).logs().parties() {
        for event in w.record(A1).logs().of_party(&party) {
            assert_eq!(logs.apply(event.bytes()), Ok((event.id, true)));
            let again = logs.event(&event.id).expect("just applied");
            assert_eq!((&again.body, again.position, again.prev), (&event.body, event.position, event.prev));
        }
    }
    let bytes = receipt(&w);
    let read = SignedReceipt::verify(&bytes).expect("own");
    assert_eq!(read.bytes(), bytes);
    assert_eq!(read.receipt.clone().sign(&w.devices[B2].key).bytes(), bytes);
    let bytes = whereabouts(&w);
    let read = SignedWhereabouts::verify(&bytes).expect("own");
    assert_eq!(read.bytes(), bytes);
    assert_eq!(read.record().clone().sign(&w.devices[B2].key).bytes(), bytes);
    let link = link(&w);
    assert_eq!(Link::parse(&format!(" {}\n", link.to_text())), Ok(link));
    let secret = [5; 16];
    let request = w.request(C1, EntryId([4; 32]));
    let read = JoinRequest::verify(&request, &public_half(&invite_key(&secret)).0).expect("own");
    assert_eq!(read.sign(&w.devices[C1].key, &invite_key(&secret)), request);
    let other = public_half(&SigningKey::from_bytes(&[77; 32]));
    assert!(JoinRequest::verify(&request, &other.0).is_err());
}

/// Feeds bytes to everything that reads a stranger's bytes.
fn feed(w: &mut World, bytes: &[u8]) {
    let read = [
        Entry::decode(bytes).is_ok_and(|e| e.verify().is_ok()),
        Statement::decode(bytes).is_ok(),
        SignedReceipt::verify(bytes).is_ok(),
        SignedWhereabouts::verify(bytes).is_ok(),
        JoinRequest::verify(bytes, &public_half(&invite_key(&[5; 16])).0).is_ok(),
        Envelope::parse(bytes, 40_000).is_ok(),
        w.devices[B1].record.apply_bytes(bytes).is_ok(),
        KeyLogs::new().apply(bytes).is_ok(),
        Link::parse(&String::from_utf8_lossy(bytes)).is_ok(),
    ];
    let mut known = read.iter().filter(|ok| **ok).count();
    if let Ok(value) = Value::decode(bytes, CORE_LIMITS) {
        known += usize::from(Disclosure::from_value(&value).is_ok());
        let level = schema::level(1).expect("level 1");
        for kind in level.kinds() {
            if level.check(kind, &value).is_ok() {
                assert!(Act::read(kind, &value).is_some(), "the schema takes what the reader does not: {kind}");
                known += 1;
            }
        }
    }
    assert!(known <= 60);
}

#[test]
fn random_and_damaged_bytes_make_nothing_panic() {
    let mut w = busy();
    let samples = samples(&w);
    let mut random = Rng::new(11);
    for _ in 0..rounds(400) {
        let length = random.below(300);
        let noise: Vec<u8> = (0..length).map(|_| random.number().to_le_bytes()[0]).collect();
        feed(&mut w, &noise);
        let mut damaged = random.pick(&samples).expect("samples").clone();
        for _ in 0..=random.below(3) {
            let at = random.below(damaged.len().max(1));
            match random.below(4) {
                0 => damaged[at] ^= 1 << random.below(8),
                1 => damaged.truncate(at),
                2 => damaged.insert(at, random.number().to_le_bytes()[0]),
                _ => {
                    damaged.extend_from_within(at..);
                }
            }
            if damaged.is_empty() {
                break;
            }
        }
        feed(&mut w, &damaged);
    }
}
