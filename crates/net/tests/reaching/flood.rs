//! What strangers cannot do: keep a known peer out, or use up memory.

use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

use counterpart_net::{Config, Limits, OpenError};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet, time::interval};

use crate::stage::{Node, TCP, config, soon, talk};

fn small(limits: Limits) -> Config {
    Config { limits, ..config(2, &[TCP]) }
}

#[tokio::test]
async fn a_known_peer_comes_in_where_strangers_have_all_places() {
    let mut b = Node::new(small(Limits { incoming_connections: 1, ..Limits::default() }));
    let (stranger, second, known) = (Node::start(1, &[]), Node::start(4, &[]), Node::start(3, &[]));
    let addresses = b.net.listen_addresses().await;
    let mut first = stranger.open(&b, addresses.clone()).await.expect("opens");
    let (_, mut held) = b.inbound().await;
    let refused = second.open(&b, addresses.clone()).await.expect_err("the one place is taken, and busy");
    assert!(matches!(refused, OpenError::Refused { .. } | OpenError::Unreachable { .. }), "{refused}");
    b.know(&[&known]);
    let mut ours = known.open(&b, addresses).await.expect("opens");
    talk(&mut ours, &mut b.inbound().await.1).await;
    talk(&mut first, &mut held).await;
}

#[tokio::test]
async fn an_idle_stranger_makes_room() {
    let mut b = Node::new(small(Limits { incoming_connections: 1, ..Limits::default() }));
    let (idle, next) = (Node::start(1, &[]), Node::start(4, &[]));
    let addresses = b.net.listen_addresses().await;
    let channel = idle.open(&b, addresses.clone()).await.expect("opens");
    drop((channel, b.inbound().await));
    // It has a moment to open another; then its place goes to whoever asks.
    let mut ours = loop {
        match next.open(&b, addresses.clone()).await {
            Ok(channel) => break channel,
            Err(OpenError::Refused { .. } | OpenError::Unreachable { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    };
    talk(&mut ours, &mut b.inbound().await.1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_never_take_the_places_of_known_peers_however_many_there_are() {
    const ALL: u8 = 32;
    let limits = Limits::for_connections(u32::from(ALL));
    let places = u8::try_from(limits.incoming_connections).expect("few");
    assert_eq!(places, 4);
    let mut b = Node::new(small(limits));
    let addresses = b.net.listen_addresses().await;
    let strangers: Vec<Node> = (0..places).map(|n| Node::start(100 + n, &[])).collect();
    let mut held = Vec::new();
    for stranger in &strangers {
        let channel = stranger.open(&b, addresses.clone()).await.expect("there is a place");
        held.push((channel, b.inbound().await));
    }
    let refused = |error: OpenError| matches!(error, OpenError::Refused { .. } | OpenError::Unreachable { .. });
    let further = Node::start(99, &[]);
    assert!(refused(further.open(&b, addresses.clone()).await.expect_err("strangers have no more places")));
    let known: Vec<Node> = (0..ALL - places).map(|n| Node::start(200 + n, &[])).collect();
    b.know(&known.iter().collect::<Vec<_>>());
    for peer in &known {
        let channel = peer.open(&b, addresses.clone()).await.expect("all other places are for known peers");
        held.push((channel, b.inbound().await));
    }
    for (ours, (_, theirs)) in &mut held {
        talk(ours, theirs).await;
    }
    let late = Node::start(98, &[]);
    b.know(&known.iter().chain([&late]).collect::<Vec<_>>());
    assert!(refused(late.open(&b, addresses).await.expect_err("that is all there is room for")));
}

struct Flood {
    /// Connections that say the first words of a handshake and then nothing.
    stalled: usize,
    /// Attempts in each second, half of which close at once and half of which stay.
    attempts: u32,
    lasting: Duration,
    /// How often a known peer comes meanwhile, and within what time it must be served.
    every: Duration,
    within: Duration,
}

/// A known peer that comes again and again is served all the while; afterwards all is as before.
async fn is_withstood(flood: Flood, limits: Limits) {
    let mut b = Node::new(small(limits));
    let known = Node::start(3, &[]);
    b.know(&[&known]);
    let addresses = b.net.listen_addresses().await;
    let place = socket(addresses[0].as_str());
    let before = resident();

    let mut stalled = Vec::new();
    for _ in 0..flood.stalled {
        let mut stream = TcpStream::connect(place).await.expect("connects");
        stream.write_all(b"\x13/multistream/1.0.0\n").await.ok();
        stalled.push(stream);
    }
    let flooding = tokio::spawn(async move {
        let mut tick = interval(Duration::from_millis(10));
        let mut open: JoinSet<()> = JoinSet::new();
        let (start, mut made) = (Instant::now(), 0_u128);
        while start.elapsed() < flood.lasting {
            tick.tick().await;
            let due = start.elapsed().as_millis() * u128::from(flood.attempts) / 1000;
            while made < due {
                made += 1;
                let stays = made % 2 == 0;
                open.spawn(async move {
                    if let Ok(mut stream) = TcpStream::connect(place).await
                        && stays
                    {
                        stream.write_all(b"\x13/multistream/1.0.0\n").await.ok();
                        // Until the other end has had enough.
                        let mut byte = [0; 64];
                        while matches!(tokio::io::AsyncReadExt::read(&mut stream, &mut byte).await, Ok(1..)) {}
                    }
                });
                while open.try_join_next().is_some() {}
            }
        }
        made
    });

    let (mut worst, mut served, mut most) = (Duration::ZERO, 0, 0);
    while !flooding.is_finished() {
        let began = Instant::now();
        let fresh = Node::start(3, &[]);
        let mut ours = loop {
            match fresh.open(&b, addresses.clone()).await {
                Ok(channel) => break channel,
                Err(error) => assert!(began.elapsed() < flood.within, "not let in: {error}"),
            }
        };
        talk(&mut ours, &mut b.inbound().await.1).await;
        worst = worst.max(began.elapsed());
        served += 1;
        most = most.max(resident());
        fresh.net.stop().await;
        tokio::time::sleep(flood.every).await;
    }
    let made = soon("the flood", flooding).await.expect("no panic");
    drop(stalled);
    let after = Instant::now();
    let mut ours = known.open(&b, addresses).await;
    while ours.is_err() && after.elapsed() < Duration::from_secs(10) {
        let addresses = b.net.listen_addresses().await;
        ours = known.open(&b, addresses).await;
    }
    let back = after.elapsed();
    talk(&mut ours.expect("served again"), &mut b.inbound().await.1).await;
    eprintln!(
        "{made} attempts in {:?} beside {} stalled: a known peer was served {served} times, at worst within {worst:?}; \
         again after {back:?}; memory of both ends {before} KiB before, {most} KiB at most",
        flood.lasting, flood.stalled
    );
    assert!(served > 0 && worst < flood.within, "served {served} times, at worst within {worst:?}");
    assert!(most.saturating_sub(before) < 256 * 1024, "{before} KiB before, {most} KiB at most");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_does_not_keep_a_known_peer_out() {
    let flood = if std::env::var_os("COUNTERPART_LONG").is_some() {
        Flood {
            stalled: 200,
            attempts: 5000,
            lasting: Duration::from_secs(60),
            every: Duration::from_millis(500),
            within: Duration::from_secs(5),
        }
    } else {
        Flood {
            stalled: 200,
            attempts: 500,
            lasting: Duration::from_secs(3),
            every: Duration::from_millis(100),
            within: Duration::from_secs(5),
        }
    };
    is_withstood(flood, Limits::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_it_where_many_connections_were_chosen() {
    let (every, within) = (Duration::from_millis(100), Duration::from_secs(5));
    let flood = Flood { stalled: 200, attempts: 500, lasting: Duration::from_secs(3), every, within };
    is_withstood(flood, Limits::for_connections(2_000)).await;
}

fn socket(address: &str) -> SocketAddr {
    let port = address.rsplit('/').next().and_then(|port| port.parse().ok()).expect("a port");
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// What this process has in memory, in KiB; nothing where the system does not say.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}
