//! Nodes that nobody can call: a case over a relay that cuts every connection after 128 KiB.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use counterpart_core::{
    envelope::public_half,
    id::{CaseId, PartyId},
    keylog::possession,
    whereabouts::Whereabouts,
};
use counterpart_net::{Config, Event, Net, PeerId, RelayLimits, TransportSecret};
use counterpart_node::{AgentRequest, Desk, DeskError, NodeConfig, NodeEvent, RelayState, Way, now};
use ed25519_dalek::SigningKey;
use tokio::sync::mpsc;

use crate::{
    agents::{further_home, note},
    always_on::receives,
    side::{PATIENCE, Side, TCP, joined},
};

/// A device of a party that carries and does nothing else: a bare transport.
struct Relay {
    key: SigningKey,
    net: Net,
    _events: mpsc::Receiver<Event>,
}

impl Relay {
    fn start(known: &[PeerId]) -> Self {
        let mut config = Config::new(TransportSecret::new([5; 32]));
        config.listen = vec![counterpart_net::Address::parse(TCP).expect("an address")];
        config.relay = Some(RelayLimits::usual());
        let (net, events) = Net::start(config).expect("a transport");
        net.know(known.iter().cloned().collect::<BTreeSet<_>>());
        Self { key: SigningKey::from_bytes(&[6; 32]), net, _events: events }
    }

    fn request(&self, party: PartyId) -> AgentRequest {
        let peer = self.net.peer_id().as_bytes().to_vec();
        let possession = possession(&party, &self.key, &peer);
        AgentRequest { party, device: public_half(&self.key), peer, name: "relay".to_owned(), possession }
    }
}

fn staying() -> NodeConfig {
    NodeConfig { stays: true, ..NodeConfig::default() }
}

impl Relay {
    /// Adds it to the devices of a party that is not running; gives where it is.
    async fn join_party(&self, desk: &Desk) -> counterpart_net::Address {
        let request = self.request(desk.party());
        desk.add_agent(&request, &receives(), "relay", now()).expect("a grant");
        let grant = desk.agent("relay").expect("by name").grant;
        let place = self.net.listen_addresses().await[0].with_peer(self.net.peer_id());
        let (party, device) = (desk.party(), request.device);
        let addresses = vec![place.to_string()];
        let record = Whereabouts { party, device, grant, number: 1, at: now(), addresses, carries: true };
        let signed = record.sign(&self.key);
        let stored = desk.with_store(|store| {
            store.write(|txn| txn.put_whereabouts(party, device, 1, signed.bytes()).map_err(DeskError::from))
        });
        assert_eq!(stored, Ok(true));
        place
    }
}

fn has_place(side: &Side) -> bool {
    let reach = side.desk().presence().expect("its word").reach;
    reach.relays.iter().any(|place| place.state == RelayState::Held)
}

/// The homes of two who are in a case; neither runs any more.
async fn joined_and_stopped(folder: &Path) -> (PathBuf, PathBuf, CaseId) {
    let (customer, supplier, case) = joined(folder, &[TCP], &[]).await;
    let (customer_home, supplier_home) = (customer.home.clone(), supplier.home.clone());
    supplier.node.stop().await;
    customer.node.stop().await;
    (customer_home, supplier_home, case)
}

/// Starts the customer anew; once it has a place at the relay, the supplier's home is told of that way, and of no other.
async fn reached_over(
    relay: &counterpart_net::Address,
    customer: &Path,
    config: &NodeConfig,
    supplier: &Desk,
    case: &CaseId,
) -> Side {
    let side = Side::start_as(customer, config);
    side.until_seen("a place at the relay", has_place).await;
    let circuit = format!("{relay}/p2p-circuit/p2p/{}", side.desk().peer_id());
    supplier.remember_address(case, &circuit, now()).expect("an address");
    side
}

/// Once a direct way stands the relay stops, and the case goes on.
async fn goes_on_without(relay: Relay, customer: &Side, supplier: &mut Side, case: &CaseId) {
    let direct = |e: &NodeEvent| matches!(e, NodeEvent::Connected { way: Some(Way::Direct | Way::Punched), .. });
    supplier.wait(direct).await;
    relay.net.stop().await;
    let entry = customer.signs(case, "without the relay");
    supplier.until_seen("it comes", |s| s.has_entry(case, entry)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_moves_over_to_the_direct_way_once_there_is_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let (customer_home, supplier_home) = (customer.home.clone(), supplier.home.clone());
    let desk = Desk::open(&customer_home).expect("a home");
    let theirs = Desk::open(&supplier_home).expect("a home");
    let relay = Relay::start(&[desk.peer_id(), theirs.peer_id()]);
    let place = relay.join_party(&desk).await;
    // What a relay sees is believed of one that is known.
    let (party, device) = (desk.party(), public_half(&relay.key));
    let known = |s: &Side| s.record(&case).logs().grant_of_device(&party, &device).is_some();
    supplier.until_seen("the supplier knows whose it is", known).await;
    supplier.node.stop().await;
    customer.node.stop().await;
    let listening = NodeConfig { listen: vec![TCP.to_owned()], ..staying() };
    let customer = reached_over(&place, &customer_home, &listening, &theirs, &case).await;
    let mut supplier = Side::start_as(&supplier_home, &listening);
    // It knows of no other way than the relay; the first link may come about when a direct way stands already.
    goes_on_without(relay, &customer, &mut supplier, &case).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_moves_over_when_the_other_side_learns_more_over_the_relay() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer_home, supplier_home, case) = joined_and_stopped(folder.path()).await;
    let desk = Desk::open(&customer_home).expect("a home");
    let theirs = Desk::open(&supplier_home).expect("a home");
    let relay = Relay::start(&[desk.peer_id(), theirs.peer_id()]);
    let place = relay.join_party(&desk).await;

    let listening = NodeConfig { listen: vec![TCP.to_owned()], ..staying() };
    let customer = reached_over(&place, &customer_home, &listening, &theirs, &case).await;
    // As one who joins: the relay is a stranger, and the other side's word of where it is has still to come.
    let mut supplier = Side::start_as(&supplier_home, &staying());
    supplier.wait(|e| matches!(e, NodeEvent::Connected { way: Some(Way::Relayed), .. })).await;
    goes_on_without(relay, &customer, &mut supplier, &case).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_entries_come_over_a_relay_that_cuts_every_128_kib() {
    const ENTRIES: usize = 2_000;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer_home, supplier_home, case) = joined_and_stopped(folder.path()).await;
    let desk = Desk::open(&customer_home).expect("a home");
    let theirs = Desk::open(&supplier_home).expect("a home");

    let relay = Relay::start(&[desk.peer_id(), theirs.peer_id()]);
    let place = relay.join_party(&desk).await;
    let mut record = desk.record(&case).expect("the case");
    for n in 0..ENTRIES {
        desk.sign_on(&case, &mut record, &note(&format!("entry {n}")), now()).expect("a note");
    }

    // Neither listens: the one keeps a place at the relay, the other knows only that.
    let customer = reached_over(&place, &customer_home, &staying(), &theirs, &case).await;
    let mut supplier = Side::start_as(&supplier_home, &staying());
    let (mut cuts, mut ways) = (0, BTreeSet::new());
    let entries = record.graph().len();
    let whole = tokio::time::timeout(PATIENCE * 2, async {
        loop {
            match supplier.events.recv().await.expect("the node runs") {
                NodeEvent::Disconnected { .. } => cuts += 1,
                NodeEvent::Connected { way, .. } => drop(ways.insert(way)),
                NodeEvent::InStep { .. } if supplier.record(&case).graph().len() >= entries => break,
                _ => {}
            }
        }
    });
    assert!(whole.await.is_ok(), "in step over the relay: {} of {entries}", supplier.record(&case).graph().len());
    assert!(cuts >= 3, "the relay cut in {cuts} times");
    assert_eq!(ways, BTreeSet::from([Some(Way::Relayed)]));
    for side in [customer, supplier] {
        side.node.stop().await;
    }
    relay.net.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_is_kept_only_where_a_device_says_that_it_carries() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let customer_home = customer.home.clone();
    let mailbox_home = further_home(folder.path(), &customer, "mailbox", &receives());
    let listening = NodeConfig { listen: vec![TCP.to_owned()], ..NodeConfig::default() };
    let mailbox = Side::start_as(&mailbox_home, &listening);
    customer.told_of(&case, &mailbox).await;
    let party = customer.desk().party();
    let said = |s: &Side, carries: bool| {
        let rows = s.desk().with_store(|store| store.whereabouts_of(party)).expect("records");
        let device = mailbox_device(&mailbox_home);
        rows.iter().filter(|row| row.device == device).any(|row| {
            let signed = counterpart_core::whereabouts::SignedWhereabouts::verify(&row.envelope);
            signed.expect("signed").record().carries == carries
        })
    };
    customer.until_seen("it says that it carries nothing", |c| said(c, false)).await;
    customer.node.stop().await;
    supplier.node.stop().await;

    let customer = Side::start_as(&customer_home, &staying());
    let online = |s: &Side| s.desk().presence().is_some_and(|report| !report.connected.is_empty());
    customer.until_seen("they meet", online).await;
    let reach = customer.desk().presence().expect("its word").reach;
    assert_eq!(reach.relays, Vec::new(), "no place is asked for");
    mailbox.node.stop().await;

    let carrying = NodeConfig { relay: true, ..listening };
    let mailbox = Side::start_as(&mailbox_home, &carrying);
    customer.told_of(&case, &mailbox).await;
    customer.until_seen("now it carries", |c| said(c, true)).await;
    customer.until_seen("a place is kept", has_place).await;
    customer.until_seen("and it says so", circuit_of(&customer)).await;
    mailbox.until_seen("the mailbox knows", circuit_of(&customer)).await;
}

fn mailbox_device(home: &Path) -> counterpart_core::id::DeviceKey {
    Desk::open(home).expect("a home").author().device
}

/// Whether a side's store holds the word of another device that it is reached through a relay.
fn circuit_of(other: &Side) -> impl Fn(&Side) -> bool {
    let author = other.desk().author();
    move |s: &Side| {
        let rows = s.desk().with_store(|store| store.whereabouts_of(author.party)).expect("records");
        rows.iter().filter(|row| row.device == author.device).any(|row| {
            let signed = counterpart_core::whereabouts::SignedWhereabouts::verify(&row.envelope).expect("signed");
            signed.record().addresses.iter().any(|address| address.contains("/p2p-circuit/"))
        })
    }
}
