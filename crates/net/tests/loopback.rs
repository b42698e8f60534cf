//! Nodes on real sockets of this machine.
#![expect(clippy::panic, reason = "a test says what it found instead of what it expected")]

use std::{collections::HashSet, future::Future, io, sync::Arc, time::Duration};

use counterpart_net::{
    Address, Channel, ChannelError, Config, Event, FailureReason, Limits, MAX_FRAME, Net, OpenError, PeerId, Protocol,
    StartError, TransportSecret,
};
use tokio::{
    net::UdpSocket,
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

fn address(text: &str) -> Address {
    Address::parse(text).expect("valid")
}

fn config(seed: u8, listen: &[&str]) -> Config {
    let mut config = Config::new(TransportSecret::new([seed; 32]));
    config.listen = listen.iter().copied().map(address).collect();
    config
}

fn start(seed: u8, listen: &[&str]) -> (Net, mpsc::Receiver<Event>) {
    Net::start(config(seed, listen)).expect("starts")
}

/// Nothing here takes long; a test that hangs should say where.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(Duration::from_secs(30), future).await {
        Ok(value) => value,
        Err(_) => panic!("waited too long: {what}"),
    }
}

async fn inbound(events: &mut mpsc::Receiver<Event>) -> (PeerId, Protocol, Channel) {
    let next = async {
        loop {
            match events.recv().await.expect("the node runs") {
                Event::Inbound { peer, protocol, channel } => return (peer, protocol, channel),
                _ => continue,
            }
        }
    };
    soon("an inbound channel", next).await
}

async fn disconnected(events: &mut mpsc::Receiver<Event>) -> PeerId {
    let next = async {
        loop {
            if let Event::Disconnected { peer } = events.recv().await.expect("the node runs") {
                return peer;
            }
        }
    };
    soon("a peer to disconnect", next).await
}

async fn open(from: &Net, to: &Net) -> Result<Channel, OpenError> {
    let addresses = soon("listening", to.listen_addresses()).await;
    soon("opening", from.open(to.peer_id().clone(), addresses, Protocol::Case)).await
}

/// A channel between two new nodes: (opener's end, accepter's end, and what must be kept alive).
async fn pair(listen: &str) -> (Channel, Channel, [(Net, mpsc::Receiver<Event>); 2]) {
    let (a, a_events) = start(1, &[]);
    let (b, mut b_events) = start(2, &[listen]);
    let ours = open(&a, &b).await.expect("opens");
    let (_, _, theirs) = inbound(&mut b_events).await;
    (ours, theirs, [(a, a_events), (b, b_events)])
}

async fn frames_go_both_ways(listen: &str) {
    let (a, mut a_events) = start(1, &[]);
    let (b, mut b_events) = start(2, &[listen]);
    let mut ours = open(&a, &b).await.expect("opens");
    let (peer, protocol, mut theirs) = inbound(&mut b_events).await;
    assert_eq!((&peer, protocol), (a.peer_id(), Protocol::Case));
    assert_eq!((ours.peer(), theirs.peer()), (b.peer_id(), a.peer_id()));
    assert!(matches!(a_events.recv().await, Some(Event::Connected { peer }) if peer == *b.peer_id()));

    ours.send(b"what was agreed").await.expect("sends");
    assert_eq!(soon("a frame", theirs.recv()).await, Ok(Some(b"what was agreed".to_vec())));
    theirs.send(b"and by when").await.expect("sends");
    assert_eq!(soon("a frame", ours.recv()).await, Ok(Some(b"and by when".to_vec())));

    // The second channel uses the connection that stands: no address is needed.
    let opened = soon("opening", b.open(a.peer_id().clone(), Vec::new(), Protocol::Invitation)).await;
    let (_, protocol, back) = inbound(&mut a_events).await;
    assert_eq!(protocol, Protocol::Invitation);

    // The accepting side of that one speaks through its halves, from two tasks.
    let (mut back_out, mut back_in) = back.split();
    let mut opened = opened.expect("opens");
    let reader = tokio::spawn(async move { back_in.recv().await });
    let writer = tokio::spawn(async move { back_out.send(b"half").await });
    opened.send(b"to the reader").await.expect("sends");
    assert_eq!(soon("a frame", opened.recv()).await, Ok(Some(b"half".to_vec())));
    assert_eq!(soon("a frame", reader).await.expect("no panic"), Ok(Some(b"to the reader".to_vec())));
    writer.await.expect("no panic").expect("sends");

    ours.send(b"last").await.expect("sends");
    ours.close().await.expect("closes");
    assert_eq!(soon("a frame", theirs.recv()).await, Ok(Some(b"last".to_vec())));
    assert_eq!(soon("the end", theirs.recv()).await, Ok(None));
}

#[tokio::test]
async fn frames_go_both_ways_over_tcp() {
    frames_go_both_ways(TCP).await;
}

#[tokio::test]
async fn frames_go_both_ways_over_quic() {
    frames_go_both_ways(QUIC).await;
}

async fn the_largest_frame_passes(listen: &str) {
    let (mut ours, mut theirs, _nodes) = pair(listen).await;
    let frame: Vec<u8> = (0..MAX_FRAME).map(|i| u8::try_from(i % 251).expect("below 251")).collect();
    let copy = frame.clone();
    let sending = tokio::spawn(async move { (ours.send(&copy).await, ours) });
    assert_eq!(soon("the largest frame", theirs.recv()).await, Ok(Some(frame)));
    let (sent, mut ours) = soon("sending", sending).await.expect("no panic");
    sent.expect("sends");
    let over = ChannelError::FrameTooLarge { size: MAX_FRAME + 1, most: MAX_FRAME };
    assert_eq!(ours.send(&vec![0; MAX_FRAME + 1]).await, Err(over));
    assert_eq!(ours.send(&[]).await, Err(ChannelError::EmptyFrame));
    ours.send(b"still usable").await.expect("sends");
    assert_eq!(soon("a frame", theirs.recv()).await, Ok(Some(b"still usable".to_vec())));
}

#[tokio::test]
async fn the_largest_frame_passes_over_tcp() {
    the_largest_frame_passes(TCP).await;
}

#[tokio::test]
async fn the_largest_frame_passes_over_quic() {
    the_largest_frame_passes(QUIC).await;
}

#[tokio::test]
async fn a_frame_larger_than_the_receiver_takes_is_refused_when_declared() {
    let mut generous = config(1, &[]);
    generous.max_frame = 2 * MAX_FRAME;
    let (a, _a_events) = Net::start(generous).expect("starts");
    let (b, mut b_events) = start(2, &[TCP]);
    let mut ours = open(&a, &b).await.expect("opens");
    let (_, _, mut theirs) = inbound(&mut b_events).await;
    // Sent from a task: with nobody reading it, the frame never goes out whole.
    let sending = tokio::spawn(async move { ours.send(&vec![0; MAX_FRAME + 1]).await });
    let over = ChannelError::FrameTooLarge { size: MAX_FRAME + 1, most: MAX_FRAME };
    assert_eq!(soon("the refusal", theirs.recv()).await, Err(over));
    assert_eq!(soon("the refusal", theirs.recv()).await, Err(ChannelError::Broken));
    drop(theirs);
    assert!(matches!(soon("the sender", sending).await.expect("no panic"), Err(ChannelError::Lost { .. })));
}

#[tokio::test]
async fn another_node_at_the_address_is_not_taken_for_the_peer() {
    let (a, _a_events) = start(1, &[]);
    for listen in [TCP, QUIC] {
        let (b, _b_events) = start(2, &[listen]);
        let wanted = PeerId::from_secret(&[3; 32]);
        let addresses = b.listen_addresses().await;
        let error =
            soon("opening", a.open(wanted.clone(), addresses.clone(), Protocol::Case)).await.expect_err("wrong");
        let OpenError::Unreachable { peer, failures } = &error else { panic!("{error}") };
        assert_eq!((peer, &failures[0].address), (&wanted, &addresses[0]));
        assert_eq!(failures[0].reason, FailureReason::WrongPeer(b.peer_id().clone()));
        assert!(error.to_string().contains("another node answers there"), "{error}");
    }
}

#[tokio::test]
async fn a_wrong_node_at_one_address_does_not_hide_the_right_one_at_another() {
    let (a, _a_events) = start(1, &[]);
    let (wrong, _wrong_events) = start(2, &[TCP]);
    let (right, _right_events) = start(3, &[TCP]);
    let mut addresses = wrong.listen_addresses().await;
    addresses.extend(right.listen_addresses().await);
    soon("opening", a.open(right.peer_id().clone(), addresses, Protocol::Case)).await.expect("opens");
}

#[tokio::test]
async fn nobody_listening_is_told_in_plain_words() {
    let (a, _a_events) = start(1, &[]);
    let (b, _b_events) = start(2, &[TCP, QUIC]);
    let addresses = b.listen_addresses().await;
    b.stop().await;
    for (address, reasons) in addresses
        .into_iter()
        .zip([&[FailureReason::NobodyListens][..], &[FailureReason::NobodyListens, FailureReason::NoAnswer][..]])
    {
        let opened = soon("opening", a.open(b.peer_id().clone(), vec![address.clone()], Protocol::Case)).await;
        let Err(OpenError::Unreachable { failures, .. }) = opened else { panic!("{address}: {opened:?}") };
        assert_eq!(failures[0].address, address);
        assert!(reasons.contains(&failures[0].reason), "{:?}", failures[0]);
    }
    let nowhere = a.open(b.peer_id().clone(), Vec::new(), Protocol::Case).await;
    assert!(matches!(nowhere, Err(OpenError::NoAddress { .. })), "{nowhere:?}");
    let ourselves = a.open(a.peer_id().clone(), Vec::new(), Protocol::Case).await;
    assert_eq!(ourselves.expect_err("it is us"), OpenError::Ourselves);
}

#[tokio::test]
async fn a_name_that_resolves_is_dialled() {
    let (a, _a_events) = start(1, &[]);
    let (b, _b_events) = start(2, &[TCP]);
    let listening = b.listen_addresses().await;
    let named = address(&listening[0].as_str().replace("/ip4/127.0.0.1", "/dns4/localhost")).with_peer(b.peer_id());
    soon("opening", a.open(b.peer_id().clone(), vec![named], Protocol::Case)).await.expect("opens");
}

async fn when_the_remote_goes_the_channel_ends(listen: &str) {
    let (mut ours, _theirs, [(_a, mut a_events), (b, b_events)]) = pair(listen).await;
    drop((b, b_events));
    let end = soon("the end", ours.recv()).await;
    assert!(matches!(end, Ok(None) | Err(ChannelError::Lost { .. })), "{end:?}");
    assert_eq!(disconnected(&mut a_events).await, *ours.peer());
}

#[tokio::test]
async fn when_the_remote_goes_the_channel_ends_over_tcp() {
    when_the_remote_goes_the_channel_ends(TCP).await;
}

#[tokio::test]
async fn when_the_remote_goes_the_channel_ends_over_quic() {
    when_the_remote_goes_the_channel_ends(QUIC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_simultaneous_channels_are_all_served() {
    for listen in [TCP, QUIC] {
        let (a, _a_events) = start(1, &[]);
        let (b, mut b_events) = start(2, &[listen]);
        let a = Arc::new(a);
        let addresses = b.listen_addresses().await;
        let mut opening = JoinSet::new();
        for number in 0..200_u32 {
            let (a, peer, addresses) = (Arc::clone(&a), b.peer_id().clone(), addresses.clone());
            opening.spawn(async move {
                let mut channel = a.open(peer, addresses, Protocol::Case).await.expect("opens");
                channel.send(&number.to_be_bytes()).await.expect("sends");
                channel.recv().await
            });
        }
        let serving = tokio::spawn(async move {
            let mut echoes = JoinSet::new();
            while echoes.len() < 200 {
                let (_, _, mut channel) = inbound(&mut b_events).await;
                echoes.spawn(async move {
                    let frame = channel.recv().await.expect("well formed").expect("a frame");
                    channel.send(&frame).await.expect("sends");
                    channel.close().await.expect("closes");
                });
            }
            soon("all echoes", echoes.join_all()).await;
        });
        let answers = soon("all answers", opening.join_all()).await;
        let numbers: HashSet<_> = answers.into_iter().map(|answer| answer.expect("well formed")).collect();
        assert_eq!(numbers.len(), 200, "over {listen}");
        assert!(numbers.iter().all(Option::is_some));
        soon("the server", serving).await.expect("no panic");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_peers_at_once_are_all_served() {
    let (b, mut b_events) = start(200, &[TCP]);
    let addresses = b.listen_addresses().await;
    let mut opening = JoinSet::new();
    for seed in 1..=30 {
        let (peer, addresses) = (b.peer_id().clone(), addresses.clone());
        opening.spawn(async move {
            let (a, events) = start(seed, &[]);
            let channel = a.open(peer, addresses, Protocol::Invitation).await.expect("opens");
            (a, events, channel)
        });
    }
    let mut served = HashSet::new();
    let mut kept = Vec::new();
    while served.len() < 30 {
        let (peer, protocol, channel) = inbound(&mut b_events).await;
        assert_eq!(protocol, Protocol::Invitation);
        served.insert(peer);
        kept.push(channel);
    }
    soon("all opened", opening.join_all()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_that_call_each_other_at_once_both_succeed() {
    for listen in [TCP, QUIC] {
        let (a, _a_events) = start(1, &[listen]);
        let (b, _b_events) = start(2, &[listen]);
        let (there, back) = tokio::join!(open(&a, &b), open(&b, &a));
        there.expect("opens");
        back.expect("opens");
    }
}

#[tokio::test]
async fn the_limit_of_incoming_connections_holds() {
    let mut small = config(2, &[TCP]);
    small.limits = Limits { incoming_connections: 1, ..Limits::default() };
    let (b, mut b_events) = Net::start(small).expect("starts");
    let (a, _a_events) = start(1, &[]);
    let (c, _c_events) = start(3, &[]);
    let mut ours = open(&a, &b).await.expect("opens");
    let (_, _, mut theirs) = inbound(&mut b_events).await;

    let second = open(&c, &b).await.expect_err("the only place is taken");
    assert!(matches!(second, OpenError::Refused { .. } | OpenError::Unreachable { .. }), "{second}");
    ours.send(b"undisturbed").await.expect("sends");
    assert_eq!(soon("a frame", theirs.recv()).await, Ok(Some(b"undisturbed".to_vec())));

    a.stop().await;
    assert_eq!(disconnected(&mut b_events).await, *a.peer_id());
    open(&c, &b).await.expect("the place is free again");
}

#[tokio::test]
async fn one_channel_too_many_waits_for_a_place() {
    let mut small = config(2, &[TCP]);
    small.limits.streams_per_peer = 1;
    let (b, mut b_events) = Net::start(small).expect("starts");
    let (a, _a_events) = start(1, &[]);
    let first = open(&a, &b).await.expect("opens");
    let (_, _, theirs) = inbound(&mut b_events).await;
    let second = async {
        let second = open(&a, &b);
        tokio::pin!(second);
        // Not before the first one is gone: the accepting side has no place for it.
        assert!(timeout(Duration::from_millis(200), &mut second).await.is_err());
        drop((first, theirs));
        second.await
    };
    soon("the second", second).await.expect("opens");

    // The opener's own limit answers at once.
    let taken = soon("opening", b.open(a.peer_id().clone(), Vec::new(), Protocol::Case)).await.expect("opens");
    let more = b.open(a.peer_id().clone(), Vec::new(), Protocol::Case).await.expect_err("one is the limit");
    assert!(matches!(more, OpenError::TooManyChannels { most: 1, .. }), "{more}");
    drop(taken);
}

#[tokio::test]
async fn memory_over_the_limit_refuses_connections() {
    let mut small = config(1, &[]);
    small.limits.memory = 1;
    let (a, _a_events) = Net::start(small).expect("starts");
    let (b, _b_events) = start(2, &[TCP]);
    assert_eq!(open(&a, &b).await.expect_err("no memory for it"), OpenError::AtLimit);
    let refused = open(&b, &a).await.expect_err("it listens nowhere");
    assert!(matches!(refused, OpenError::NoAddress { .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stopping_frees_the_ports_and_ends_everything() {
    let (a, mut a_events) = start(1, &[TCP, QUIC]);
    let (b, _b_events) = start(2, &[]);
    let listening = a.listen_addresses().await;
    assert_eq!(listening.len(), 2);
    let mut held = Vec::new();
    for place in &listening {
        let again = Net::start(config(3, &[place.as_str()])).expect_err("taken");
        assert!(matches!(again, StartError::Listen { kind: io::ErrorKind::AddrInUse, .. }), "{again}");
        held.push(soon("opening", b.open(a.peer_id().clone(), vec![place.clone()], Protocol::Case)).await);
    }
    let texts: Vec<&str> = listening.iter().map(Address::as_str).collect();
    let same = config(1, &texts);
    // At once, with nothing awaited in between.
    soon("stopping", a.stop()).await;
    let (next, _next_events) = Net::start(same).expect("the ports are free");
    soon("stopping again", a.stop()).await;
    assert_eq!(next.listen_addresses().await, listening);

    assert!(a.listen_addresses().await.is_empty());
    let after = a.open(b.peer_id().clone(), vec![address(TCP)], Protocol::Case).await.expect_err("stopped");
    assert!(matches!(after, OpenError::Stopped), "{after}");
    soon("the queue to end", async { while a_events.recv().await.is_some() {} }).await;
}

#[tokio::test]
async fn what_cannot_be_listened_on_is_told() {
    let named = Net::start(config(1, &["/dns4/localhost/tcp/0"])).expect_err("not numeric");
    assert!(matches!(named, StartError::NotNumeric { .. }), "{named}");
    let foreign = Net::start(config(1, &["/ip4/192.0.2.1/tcp/0"])).expect_err("not an address of ours");
    assert!(matches!(foreign, StartError::Listen { .. }), "{foreign}");
    let mut none = config(1, &[]);
    none.max_frame = 0;
    assert!(matches!(Net::start(none), Err(StartError::BadLimit { what: "max_frame", .. })));
}

#[test]
fn outside_a_runtime_it_says_so() {
    assert!(matches!(Net::start(config(1, &[])), Err(StartError::NoRuntime)));
}

/// Lets through what a caller says until the one called answers; that and all else is lost. Gives where to call, and word
/// of the answer.
async fn half_way(called: &Address) -> (Address, oneshot::Receiver<()>) {
    let port = called.as_str().split('/').nth(4).and_then(|port| port.parse::<u16>().ok()).expect("a port");
    let between = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let own = between.local_addr().expect("its port").port();
    let (tell, answered) = oneshot::channel();
    tokio::spawn(async move {
        let mut bytes = vec![0; 2048];
        loop {
            let (length, from) = between.recv_from(&mut bytes).await.expect("something comes");
            if from.port() == port {
                break tell.send(()).unwrap_or_default();
            }
            between.send_to(&bytes[..length], ("127.0.0.1", port)).await.expect("sent");
        }
    });
    (address(&format!("/ip4/127.0.0.1/udp/{own}/quic-v1")), answered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_who_never_gets_to_the_end_does_not_keep_the_port() {
    let (a, _a_events) = start(1, &[QUIC]);
    let (b, _b_events) = start(2, &[]);
    let listening = a.listen_addresses().await;
    let (place, answered) = half_way(&listening[0]).await;
    let peer = a.peer_id().clone();
    let calling = tokio::spawn(async move { b.open(peer, vec![place], Protocol::Case).await });
    soon("the handshake to begin", answered).await.expect("it is answered");
    soon("stopping", a.stop()).await;
    let (next, _next_events) = Net::start(config(1, &[listening[0].as_str()])).expect("the port is free");
    assert_eq!(next.listen_addresses().await, listening);
    calling.abort();
}

/// The addresses of a listener at every interface, without its port.
fn hosts(listening: &[Address], transport: &str) -> HashSet<String> {
    let of = listening.iter().filter(|address| address.as_str().contains(transport));
    of.filter_map(|address| address.as_str().split('/').nth(2)).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn listening_everywhere_names_every_interface() {
    // The one that leads outside, if there is one: nothing is sent.
    let outside = UdpSocket::bind("0.0.0.0:0").await.expect("a port");
    let outside = match outside.connect("192.0.2.1:9").await {
        Ok(()) => Some(outside.local_addr().expect("an address").ip().to_string()),
        Err(_) => None,
    };
    for seed in 1..20 {
        let (node, _events) = start(seed, &["/ip4/0.0.0.0/tcp/0", "/ip4/0.0.0.0/udp/0/quic-v1"]);
        let listening = soon("listening", node.listen_addresses()).await;
        let (tcp, quic) = (hosts(&listening, "/tcp/"), hosts(&listening, "/udp/"));
        assert!(tcp.contains("127.0.0.1") && tcp == quic, "{listening:?}");
        assert!(outside.iter().all(|outside| tcp.contains(outside)), "{outside:?}: {listening:?}");
    }
}
