//! The supplier's home, and who its customers are: all of them follow from their numbers, so that every process knows them.

use std::path::Path;

use counterpart_core::{
    act::Act,
    envelope::public_half,
    keylog::{EventSigner, Grant, KeyLogs, Kinds, grant, inception},
    record::Record,
    value::Sealable,
};
use counterpart_net::TransportSecret;
use counterpart_node::Desk;
use counterpart_testkit::{
    case::{START, case_of, sign},
    home::{party_of, put_case},
    party::{Device, Party},
    rng::Rng,
};
use ed25519_dalek::SigningKey;

/// A customer, and the secret of the transport of the one device.
pub(crate) fn customer(n: usize) -> (Party, [u8; 32]) {
    let mut rng = Rng::new(0xc057_0000 + n as u64);
    let [root, next, key] = [(); 3].map(|()| SigningKey::from_bytes(&rng.bytes()));
    let secret: [u8; 32] = rng.bytes();
    let peer = TransportSecret::new(secret).peer_id().as_bytes().to_vec();
    let first = inception(&root, &public_half(&next), rng.bytes(), 0);
    let mut logs = KeyLogs::new();
    let (event, _) = logs.apply(&first).expect("an inception made here is good");
    let party = logs.event(&event).expect("it was just taken in").party;
    let leave = Grant {
        device: public_half(&key),
        peer: peer.clone(),
        kinds: Kinds::All,
        receive: true,
        admin: false,
        ceilings: Vec::new(),
        from: None,
        until: None,
    };
    let head = logs.head(&party).expect("a log");
    let second = grant(&head, &EventSigner::Root(&root), &leave, &key, 0);
    let (grant, _) = logs.apply(&second).expect("a grant made here is good");
    (Party::of_log(Device { key, grant, peer }, vec![first, second]), secret)
}

pub(crate) fn note(text: String) -> Act {
    Act::Note { text: Sealable::Open(text), about: None }
}

/// Makes the home: a supplier with a case for each customer, which all of them joined.
pub(crate) fn make(home: &Path, customers: usize, entries: usize) {
    Desk::init(home).expect("a new identity");
    let desk = Desk::open(home).expect("a home");
    let supplier = own_party(&desk, home);
    for n in 0..customers {
        let (customer, _) = customer(n);
        let case = case_of(&[&customer, &supplier], &format!("Case {n}"), 1_000 + n as u64);
        let (mut record, mut at, mut rng) = (case.record, START + 10_000_000, Rng::new(n as u64));
        while record.graph().len() + 1 < entries {
            at += 61_000;
            let party = if record.graph().len() % 2 == 0 { &customer } else { &supplier };
            let text = format!("{}: it stopped after ten minutes, and the floor is wet again.", record.graph().len());
            sign(&mut record, &party.author(0), &party.devices[0].key, &note(text), at, &mut rng);
        }
        store(&desk, &record, &customer);
        // The last one is signed at the desk, which writes down what lists show.
        let last = note("An engineer comes on Friday.".to_owned());
        desk.sign_on(&case.id, &mut record, &last, at + 61_000).expect("the last act");
    }
    desk.with_store(|store| store.checkpoint()).expect("the log is moved");
}

fn own_party(desk: &Desk, home: &Path) -> Party {
    let author = desk.author();
    let log = desk.with_store(|s| s.key_events(author.party)).expect("a key log");
    party_of(home, &author, desk.peer_id().as_bytes(), log)
}

fn store(desk: &Desk, record: &Record, customer: &Party) {
    let (own, entries) = (desk.author().device, record.graph().len());
    let written = desk.with_store(|store| store.write(|txn| put_case(txn, own, record, entries, &[customer.id])));
    written.expect("a written case");
}
