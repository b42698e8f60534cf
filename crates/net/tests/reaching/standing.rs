//! Whether a node can be reached, as others find.

use counterpart_net::{Config, RelayLimits, Standing};

use crate::stage::{Node, QUIC, TCP, address, config};

async fn a_node_that_can_be_called_is_told_so(listen: &str) {
    let (mut a, c) = (Node::start(1, &[listen]), Node::start(3, &[listen]));
    a.know(&[&c]);
    c.know(&[&a]);
    let addresses = c.net.listen_addresses().await;
    let _channel = a.open(&c, addresses).await.expect("opens");
    let reach = a.reach("an answer", |reach| reach.standing != Standing::Unknown).await;
    assert_eq!(reach.standing, Standing::Public);
    assert_eq!(reach.confirmed, reach.listening);
}

#[tokio::test]
async fn a_node_that_can_be_called_is_told_so_over_tcp() {
    a_node_that_can_be_called_is_told_so(TCP).await;
}

#[tokio::test]
async fn a_node_that_can_be_called_is_told_so_over_quic() {
    a_node_that_can_be_called_is_told_so(QUIC).await;
}

#[tokio::test]
async fn a_node_that_cannot_be_called_is_told_so() {
    let (mut a, c) = (Node::start(1, &[]), Node::start(3, &[TCP]));
    a.know(&[&c]);
    c.know(&[&a]);
    let addresses = c.net.listen_addresses().await;
    let _channel = a.open(&c, addresses).await.expect("opens");
    let reach = a.reach("an answer", |reach| reach.standing != Standing::Unknown).await;
    assert_eq!(reach.standing, Standing::Behind);
    assert!(reach.confirmed.is_empty() && !reach.observed.is_empty(), "{reach:?}");
}

#[tokio::test]
async fn who_was_called_by_a_known_peer_can_be_called() {
    let (a, mut c) = (Node::start(1, &[]), Node::start(3, &[TCP]));
    c.know(&[&a]);
    let addresses = c.net.listen_addresses().await;
    let _channel = a.open(&c, addresses.clone()).await.expect("opens");
    let reach = c.reach("an answer", |reach| reach.standing != Standing::Unknown).await;
    assert_eq!((reach.standing, reach.confirmed), (Standing::Public, addresses));
}

#[tokio::test]
async fn what_strangers_say_counts_for_nothing() {
    let (a, mut c) = (Node::start(1, &[TCP]), Node::start(3, &[TCP]));
    let addresses = c.net.listen_addresses().await;
    let _channel = a.open(&c, addresses).await.expect("opens");
    c.inbound().await;
    // Whoever is known later is heard; what the stranger said came before.
    let b = Node::start(2, &[]);
    c.know(&[&b]);
    let addresses = c.net.listen_addresses().await;
    let _other = b.open(&c, addresses.clone()).await.expect("opens");
    let reach = c.reach("an answer", |reach| reach.standing != Standing::Unknown).await;
    assert_eq!(reach.observed, addresses);
    assert!(a.net.reach().observed.is_empty() && a.net.reach().standing == Standing::Unknown);
}

#[tokio::test]
async fn what_is_announced_is_told_from_the_start_and_passed_on_by_a_relay() {
    let announced = vec![address("/dns4/relay.example/tcp/4001"), address("/ip4/203.0.113.7/tcp/4001")];
    let relay = Config { relay: Some(RelayLimits::default()), announced: announced.clone(), ..config(3, &[TCP]) };
    let (mut b, c) = (Node::start(2, &[]), Node::new(relay));
    assert_eq!(c.net.reach().confirmed, announced);
    c.know(&[&b]);
    b.rely_on(&c).await;
    let circuit = b.held().await;
    assert!(announced.iter().any(|place| circuit.as_str().starts_with(place.as_str())), "{circuit}");
}
