//! A party's always-on device without the right to sign acts: it stores and forwards for its laptop, and its receipts count
//! as what they are.

use counterpart_core::{
    act::{Act, Proof, Proposal},
    fold::ActionState,
    id::EntryId,
    receipt::SignedReceipt,
    value::{Due, Sealable},
    view::{Grade, Held},
};
use counterpart_testkit::{
    case::{case_between, new_action, terms},
    network::Network,
    node::Node,
    party::Party,
    rng::Rng,
};

const MOST: usize = 200_000;
const LAPTOP: usize = 0;
const MAILBOX: usize = 1;
const OTHER: usize = 2;

fn offer(until: i64) -> Act {
    // Only the instant decides.
    let local = "2026-07-06T10:00".to_owned();
    let open_until = Some(Due::At { instant: until, local, zone: "Europe/Berlin".to_owned() });
    Act::Propose(Proposal { open_until, ..new_action(terms("Mend the pipe", &[1], &[0])) })
}

/// A customer's laptop and mailbox, and a supplier: the laptop is linked with its mailbox alone.
fn three() -> (Network, Party, Party) {
    let mut customer = Party::new(1);
    customer.add_mailbox(&mut Rng::new(8));
    let supplier = Party::new(2);
    let case = case_between(&[&customer, &supplier]);
    let node = |party: &Party, device| Node::new(party, device, case.id, &[], case.store.clone());
    let mut net = Network::new(3, vec![node(&customer, 0), node(&customer, 1), node(&supplier, 0)]);
    net.pair(LAPTOP, MAILBOX);
    net.pair(MAILBOX, OTHER);
    (net, customer, supplier)
}

fn state(net: &Network, node: usize) -> ActionState {
    net.nodes[node].machine.record().actions()[0].status.state
}

/// The first receipt of a device, as a node holds it, that covers an entry.
fn receipt_over(net: &Network, node: usize, party: &Party, device: usize, entry: EntryId) -> Option<SignedReceipt> {
    let record = net.nodes[node].machine.record();
    let graph = record.graph();
    let covers = |receipt: &&SignedReceipt| {
        let heads: Vec<_> = receipt.receipt.heads.iter().filter_map(|head| graph.find(head)).collect();
        let of_device = receipt.receipt.device == party.author(device).device;
        of_device && graph.find(&entry).is_some_and(|ix| graph.covered_by(ix, &heads))
    };
    record.receipts().iter().find(covers).cloned()
}

/// An accept reaches the offerer's mailbox in time while his laptop sleeps past the limit. The mailbox's receipt, put on
/// record afterwards, proves that it arrived: it is agreed (R6).
#[test]
fn a_mailbox_dates_an_accept_while_its_laptop_sleeps() {
    let (mut net, customer, _) = three();
    let until = net.now + 3_600_000;
    let revision = net.act(LAPTOP, &offer(until)).expect("an offer");
    net.run_until_quiet(MOST);
    // The laptop sleeps.
    net.part(LAPTOP, MAILBOX);
    net.now += 1_800_000;
    let accept = net.act(OTHER, &Act::Accept { revision, note: None }).expect("an accept in time");
    net.run_until_quiet(MOST);
    assert!(net.now < until);
    assert_eq!(state(&net, OTHER), ActionState::Proposed, "that it arrived is not on record");
    let receipt = receipt_over(&net, OTHER, &customer, MAILBOX, accept).expect("the mailbox said that it stored it");
    assert!(receipt.receipt.at <= until);
    // A day later the laptop wakes; it never had it in time, and its own receipt would say so.
    net.now += 24 * 3_600_000;
    net.heal();
    net.run_until_quiet(MOST);
    let late = receipt_over(&net, OTHER, &customer, LAPTOP, accept).expect("the laptop has it now");
    assert!(late.receipt.at > until);
    assert_ne!(state(&net, OTHER), ActionState::Agreed);
    let prove = Act::Prove { what: Proof::Receipt, data: receipt.bytes().to_vec(), about: Some(accept) };
    net.act(OTHER, &prove).expect("a receipt can be put on record");
    net.run_until_quiet(MOST);
    for node in [LAPTOP, MAILBOX, OTHER] {
        assert_eq!(state(&net, node), ActionState::Agreed, "node {node}");
        assert!(net.nodes[node].machine.record().actions()[0].overlays.is_empty());
    }
}

/// The laptop's receipt alone, a day late, makes a late accept; the mailbox made the difference.
#[test]
fn without_a_mailbox_the_same_accept_is_late() {
    let (mut net, customer, _) = three();
    let until = net.now + 3_600_000;
    let revision = net.act(LAPTOP, &offer(until)).expect("an offer");
    net.run_until_quiet(MOST);
    net.part(LAPTOP, MAILBOX);
    net.part(MAILBOX, OTHER);
    net.now += 1_800_000;
    let accept = net.act(OTHER, &Act::Accept { revision, note: None }).expect("an accept in time");
    net.now += 24 * 3_600_000;
    net.heal();
    net.run_until_quiet(MOST);
    let receipt = receipt_over(&net, OTHER, &customer, LAPTOP, accept).expect("the laptop has it now");
    let prove = Act::Prove { what: Proof::Receipt, data: receipt.bytes().to_vec(), about: Some(accept) };
    net.act(OTHER, &prove).expect("a receipt can be put on record");
    net.run_until_quiet(MOST);
    assert_ne!(state(&net, LAPTOP), ActionState::Agreed);
    assert_eq!(net.nodes[LAPTOP].machine.record().actions()[0].overlays, ["late"]);
}

/// What only a mailbox stores is told apart: in what is delivered, in the grades' words, in ticks and in the checkpoint.
#[test]
fn stored_by_a_mailbox_is_less_than_received() {
    let (mut net, customer, supplier) = three();
    let note = |text: &str| Act::Note { text: Sealable::Open(text.to_owned()), about: None };
    net.act(OTHER, &note("We got your letter")).expect("a note");
    net.run_until_quiet(MOST);
    assert_eq!(net.nodes[OTHER].machine.record().delivery(&supplier.id)[0].at_mailbox, 0);
    net.part(LAPTOP, MAILBOX);
    net.now += 60_000;
    let entry = net.act(OTHER, &note("We come on Monday")).expect("a note");
    net.run_until_quiet(MOST);
    let record = net.nodes[OTHER].machine.record();
    let ix = record.graph().find(&entry).expect("its own");
    assert_eq!(record.grade(ix), Grade::Delivered);
    assert_eq!(record.held(&customer.id, &[ix]), [Held::Mailbox]);
    assert_eq!(record.held_by_others(&[ix]), [Held::Mailbox]);
    assert_eq!(record.not_received(&supplier.id, &[ix]), [vec![]]);
    let delivery = &record.delivery(&supplier.id)[0];
    assert_eq!((delivery.party, delivery.missing, delivery.at_mailbox), (customer.id, 0, 1));
    assert_eq!(record.checkpoint().expect("both joined").behind, 1, "the customer signed nothing over it");
    // The laptop wakes, and its receipt says more.
    net.heal();
    net.run_until_quiet(MOST);
    let record = net.nodes[OTHER].machine.record();
    let ix = record.graph().find(&entry).expect("its own");
    assert_eq!(record.held(&customer.id, &[ix]), [Held::Themselves]);
    assert_eq!(record.delivery(&supplier.id)[0].at_mailbox, 0);
    assert_eq!(record.checkpoint().expect("both joined").behind, 0);
}

/// A mailbox signs receipts and nothing else, and passes on between the two that never meet.
#[test]
fn a_mailbox_stores_and_forwards() {
    let (mut net, customer, _) = three();
    let note = |text: &str| Act::Note { text: Sealable::Open(text.to_owned()), about: None };
    for round in 0..5 {
        net.part(LAPTOP, MAILBOX);
        net.act(OTHER, &note(&format!("by the supplier {round}"))).expect("a note");
        net.run_until_quiet(MOST);
        net.heal();
        net.part(MAILBOX, OTHER);
        net.act(LAPTOP, &note(&format!("by the customer {round}"))).expect("a note");
        net.run_until_quiet(MOST);
        net.heal();
        net.now += 60_000;
    }
    net.run_until_quiet(MOST);
    let heads = |node: usize| net.nodes[node].machine.record().graph().heads();
    assert_eq!((heads(LAPTOP), heads(MAILBOX)), (heads(OTHER), heads(OTHER)));
    let device = customer.author(MAILBOX).device;
    assert!(net.nodes[MAILBOX].act(&note("as if"), net.now, &mut Rng::new(1)).is_err());
    for node in [LAPTOP, OTHER] {
        let record = net.nodes[node].machine.record();
        assert!(record.last_receipt(&device).is_some() && record.is_mailbox(&customer.id, &device));
        assert!(record.graph().tips_of(&device).is_empty());
    }
}
