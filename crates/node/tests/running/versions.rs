//! A node of the first version of the exchange at the other end: it is dialed again in the version it knows.

use counterpart_core::{
    act::{Role, SeatOffer},
    sync::frame::Frame,
    value::Sealable,
};
use counterpart_net::{Config, Event, Net, TransportSecret};
use counterpart_node::{Desk, now};

use crate::side::{PATIENCE, Side, TCP};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_knows_only_the_first_version_is_dialed_again_in_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("customer");
    Desk::init(&home).expect("a new identity");
    let desk = Desk::open(&home).expect("a home");
    let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let others = vec![offer(Role::Supplier, "Northlink Ltd")];
    let open = desk.open_act("Broadband price", offer(Role::Customer, "Keith"), others, "Europe/London", None);
    let case = desk.new_case(&open, now()).expect("a case");

    let mut config = Config::new(TransportSecret::new([5; 32]));
    config.listen = vec![counterpart_net::Address::parse(TCP).expect("an address")];
    let (old, mut events) = Net::start(config).expect("a transport");
    let address = old.listen_addresses().await[0].with_peer(old.peer_id()).to_string();
    desk.remember_address(&case, &address, now()).expect("an address of the other side");
    let _customer = Side::start(&home, &[]);

    let greetings = tokio::time::timeout(PATIENCE, async {
        let mut versions = Vec::new();
        while versions.len() < 2 {
            let Some(Event::Inbound { mut channel, .. }) = events.recv().await else { continue };
            // As such a program does: it greets at once, and ends a stream on which it is greeted otherwise.
            let own = Frame::Greeting { version: 1, nonce: [9; 32] };
            channel.send(&own.encode()).await.expect("sent");
            let greeting = channel.recv().await.expect("a frame").expect("a greeting");
            let Ok(Frame::Greeting { version, .. }) = Frame::decode(&greeting) else { unreachable!("a greeting") };
            versions.push(version);
            if version == 1 {
                let hello = channel.recv().await.expect("a frame").expect("a hello");
                assert!(matches!(Frame::decode(&hello), Ok(Frame::Hello { .. })), "it goes on in that version");
            }
        }
        versions
    });
    assert_eq!(greetings.await.expect("dialed in time"), [2, 1]);
    old.stop().await;
}
