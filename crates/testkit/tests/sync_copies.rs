//! A copy of a device's store meets somebody who has what the device signed elsewhere: claims and proofs.

use counterpart_core::{
    act::Act,
    id::EntryId,
    sync::{
        LinkId, Machine, Output, PeerDevice, Persist,
        frame::{Frame, Tips},
    },
    value::Sealable,
};
use counterpart_testkit::{
    case::{Case, START, case_between, sign},
    party::Party,
    rng::Rng,
};

const LINK: LinkId = LinkId(1);

/// The customer's machine as it was before it signed something more, and that entry.
fn copy() -> (Machine, Party, EntryId, Vec<u8>, u32) {
    let (customer, supplier) = (Party::new(1), Party::new(2));
    let case: Case = case_between(&[&customer, &supplier]);
    let mut later = case.store.restore();
    let act = Act::Note { text: Sealable::Open("signed elsewhere".to_owned()), about: None };
    let key = &customer.devices[0].key;
    let signed = sign(&mut later, &customer.author(0), key, &act, START + 10_000_000, &mut Rng::new(4));
    let seq = later.graph().statement(later.graph().find(&signed.id).expect("just signed")).seq;
    let mut machine = Machine::new(case.id, case.store.restore(), customer.author(0), Vec::new());
    let other = supplier.author(0);
    let peer = PeerDevice { party: other.party, device: other.device, grant: other.grant, version: 1 };
    machine.connected(LINK, peer, START);
    (machine, customer, signed.id, signed.bytes, seq)
}

fn persisted(machine: &mut Machine) -> Vec<EntryId> {
    let mut entries = Vec::new();
    while let Some(output) = machine.poll_output() {
        if let Output::Persist(things) = output {
            entries.extend(things.iter().filter_map(|thing| match thing {
                Persist::Entry { id, .. } => Some(*id),
                _ => None,
            }));
        }
    }
    entries
}

#[test]
fn a_claim_makes_it_look_and_the_entry_proves_it() {
    let (mut machine, customer, id, bytes, seq) = copy();
    assert!(!machine.hears_of_own());
    let device = customer.author(0).device;
    let tips = Tips { feeds: vec![(device, seq, id)], ..Tips::default() };
    machine.handle_frame(LINK, &Frame::Tips(tips).encode(), START);
    assert!(machine.hears_of_own(), "somebody names what this device is to have signed");
    assert_eq!(persisted(&mut machine), [], "nothing is proven yet");
    machine.handle_frame(LINK, &Frame::Entries { number: 1, entries: vec![bytes] }.encode(), START);
    assert_eq!(persisted(&mut machine), [id], "the device's own signature");
    assert!(!machine.hears_of_own());
}

#[test]
fn a_claim_alone_is_forgotten_with_who_made_it() {
    let (mut machine, customer, _, _, seq) = copy();
    let device = customer.author(0).device;
    let tips = Tips { feeds: vec![(device, seq + 7, EntryId([9; 32]))], ..Tips::default() };
    machine.handle_frame(LINK, &Frame::Tips(tips).encode(), START);
    assert!(machine.hears_of_own());
    machine.disconnected(LINK, START);
    assert!(!machine.hears_of_own());
}
