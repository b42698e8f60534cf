//! By relay, and from there to a direct way.

use std::time::Duration;

use counterpart_net::{ChannelError, OpenError, Path, RelayLimits, ReservationState};
use tokio::time::timeout;

use crate::stage::{Node, QUIC, TCP, address, config, soon, talk};

/// A and B, who listen nowhere, and a relay that both know.
async fn apart(listen: &str, limits: RelayLimits) -> (Node, Node, Node) {
    let (a, mut b, c) = (Node::start(1, &[]), Node::start(2, &[]), Node::relay(3, &[listen], limits));
    c.know(&[&a, &b]);
    a.know(&[&b, &c]);
    b.know(&[&a, &c]);
    b.rely_on(&c).await;
    b.held().await;
    (a, b, c)
}

async fn two_who_have_no_direct_way_meet_over_a_relay(listen: &str) {
    let (mut a, mut b, c) = apart(listen, RelayLimits::default()).await;
    let circuit = b.held().await;
    assert_eq!((circuit.peer(), circuit.relay(), circuit.is_relayed()), (Some(b.id()), Some(c.id()), true));
    let mut ours = a.open(&b, vec![circuit]).await.expect("opens");
    let (peer, mut theirs) = b.inbound().await;
    assert_eq!(peer, a.id());
    talk(&mut ours, &mut theirs).await;
    assert_eq!(a.path(&b, |path| path.is_some()).await, Some(Path::Relayed));
    assert_eq!(b.path(&a, |path| path.is_some()).await, Some(Path::Relayed));
    assert_eq!(a.path(&c, |path| path.is_some()).await, Some(Path::Direct));
    assert!(a.paths.iter().all(|(peer, path)| *peer != b.id() || *path == Some(Path::Relayed)), "{:?}", a.paths);

    // And back, by no address at all.
    let mut back = b.open(&a, Vec::new()).await.expect("opens");
    let (_, mut taken) = a.inbound().await;
    talk(&mut back, &mut taken).await;
    a.net.stop().await;
    assert_eq!(b.path(&a, |path| path.is_none()).await, None);
}

#[tokio::test]
async fn two_who_have_no_direct_way_meet_over_a_relay_by_tcp() {
    two_who_have_no_direct_way_meet_over_a_relay(TCP).await;
}

#[tokio::test]
async fn two_who_have_no_direct_way_meet_over_a_relay_by_quic() {
    two_who_have_no_direct_way_meet_over_a_relay(QUIC).await;
}

#[tokio::test]
async fn a_dead_direct_address_does_not_keep_from_the_relay() {
    let (a, mut b, _c) = apart(TCP, RelayLimits::default()).await;
    let circuit = b.held().await;
    let dead = address("/ip4/127.0.0.1/tcp/9");
    let mut ours = a.open(&b, vec![dead.clone(), circuit.clone()]).await.expect("opens");
    talk(&mut ours, &mut b.inbound().await.1).await;

    // When the relay does not carry to that peer, both failures are told.
    let nobody = Node::start(9, &[]);
    let error = a.open(&nobody, vec![dead.clone(), circuit.with_peer(&nobody.id())]).await.expect_err("not there");
    let OpenError::Unreachable { failures, .. } = &error else { panic!("{error}") };
    let told: Vec<_> = failures.iter().map(|failure| failure.address.clone()).collect();
    assert_eq!(told.len(), 2, "{error}");
    assert!(told.contains(&dead) && told.iter().any(|address| address.is_relayed()), "{error}");
}

#[tokio::test]
async fn a_stranger_gets_no_reservation_until_it_is_known() {
    let (c, mut d) = (Node::relay(3, &[TCP], RelayLimits::default()), Node::start(4, &[]));
    d.rely_on(&c).await;
    let failed = |reach: &counterpart_net::Reach| matches!(reach.reservations[..], [ref one] if matches!(one.state, ReservationState::Failed(_)));
    let reach = d.reach("a refusal", failed).await;
    assert_eq!(reach.reservations[0].address, None);
    c.know(&[&d]);
    d.held().await;

    // No longer known: what it held is gone.
    c.know(&[]);
    d.reach("the end", failed).await;
}

#[tokio::test]
async fn a_node_that_is_no_relay_carries_nothing() {
    let (c, mut d) = (Node::start(3, &[TCP]), Node::start(4, &[]));
    c.know(&[&d]);
    d.rely_on(&c).await;
    let reach = d.reach("a refusal", |reach| {
        reach.reservations.iter().any(|one| matches!(one.state, ReservationState::Failed(_)))
    });
    let reach = reach.await;
    let ReservationState::Failed(why) = &reach.reservations[0].state else { panic!("{reach:?}") };
    assert!(why.contains("does not support"), "{why}");
}

#[tokio::test]
async fn a_stranger_who_knows_the_way_may_call_a_few_times() {
    let (mut b, c) = (Node::start(2, &[]), Node::relay(3, &[TCP], RelayLimits::default()));
    c.know(&[&b]);
    b.rely_on(&c).await;
    let circuit = b.held().await;
    let mut through = 0;
    let mut strangers = Vec::new();
    for seed in 10..20 {
        let stranger = Node::start(seed, &[]);
        if let Ok(mut channel) = stranger.open(&b, vec![circuit.clone()]).await {
            talk(&mut channel, &mut b.inbound().await.1).await;
            through += 1;
        }
        strangers.push(stranger);
    }
    // All come from one address. The tests before may take longer than the allowance needs to grow by one.
    assert!((4..=6).contains(&through), "{through} of 10");
    // That does not keep anybody out who is known.
    let a = Node::start(1, &[]);
    c.know(&[&a, &b]);
    let mut ours = a.open(&b, vec![circuit]).await.expect("opens");
    talk(&mut ours, &mut b.inbound().await.1).await;
}

#[tokio::test]
async fn a_relay_of_the_usual_limits_cuts_and_a_new_channel_goes_on() {
    let (a, mut b, _c) = apart(TCP, RelayLimits::usual()).await;
    let circuit = b.held().await;
    let frame = vec![7_u8; 16 * 1024];
    let wanted = 40;
    let (mut arrived, mut channels) = (0, 0);
    while arrived < wanted {
        channels += 1;
        assert!(channels <= 20, "{arrived} frames came by {channels} channels");
        let mut ours = a.open(&b, vec![circuit.clone()]).await.expect("opens");
        let (_, mut theirs) = b.inbound().await;
        let out = frame.clone();
        let sending = tokio::spawn(async move {
            // Until the relay cuts, or all is there.
            while ours.send(&out).await.is_ok() {}
        });
        let before = arrived;
        loop {
            match soon("a frame or the end", theirs.recv()).await {
                Ok(Some(got)) => {
                    assert_eq!(got, frame);
                    arrived += 1;
                    if arrived == wanted {
                        break;
                    }
                }
                Ok(None) | Err(ChannelError::Lost { .. } | ChannelError::Truncated) => break,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(arrived - before <= 8, "more than 128 KiB came by one connection");
        drop(theirs);
        soon("the sender", sending).await.expect("no panic");
        b.path(&a, |path| path.is_none()).await;
    }
    assert!(channels >= 5, "{wanted} frames of 16 KiB came by {channels} connections");
}

async fn a_relayed_way_becomes_a_direct_one(listen: &str) {
    let (mut a, mut b) = (Node::start(1, &[listen]), Node::start(2, &[listen]));
    let c = Node::relay(3, &[listen], RelayLimits::default());
    c.know(&[&a, &b]);
    a.know(&[&b, &c]);
    b.know(&[&a, &c]);
    b.rely_on(&c).await;
    let circuit = b.held().await;
    b.reach("being seen", |reach| !reach.observed.is_empty()).await;
    let mut ours = a.open(&b, vec![circuit]).await.expect("opens");
    let (_, mut theirs) = b.inbound().await;
    // Both wait, as whoever has nothing to do.
    let ends = [tokio::spawn(async move { ours.recv().await }), tokio::spawn(async move { theirs.recv().await })];
    let straight = |path| matches!(path, Some(Path::Direct | Path::Punched));
    a.path(&b, straight).await;
    b.path(&a, straight).await;
    // The relayed connection is closed, and the channel on it with it.
    for end in ends {
        let end = soon("the end", end).await.expect("no panic");
        assert!(!matches!(end, Ok(Some(_))), "{end:?}");
    }
    let mut ours = a.open(&b, Vec::new()).await.expect("opens");
    talk(&mut ours, &mut b.inbound().await.1).await;
    assert!(straight(a.net.path(&b.id())) && straight(b.net.path(&a.id())));
    // The relay is not needed for it any more.
    c.net.stop().await;
    let mut ours = a.open(&b, Vec::new()).await.expect("opens");
    talk(&mut ours, &mut b.inbound().await.1).await;
}

#[tokio::test]
async fn a_relayed_way_becomes_a_direct_one_by_tcp() {
    a_relayed_way_becomes_a_direct_one(TCP).await;
}

#[tokio::test]
async fn a_relayed_way_becomes_a_direct_one_by_quic() {
    a_relayed_way_becomes_a_direct_one(QUIC).await;
}

#[tokio::test]
async fn a_relay_that_can_do_both_is_called_over_quic() {
    // A relay that saw one of two peers over TCP and one over QUIC could not bring them together.
    for seed in 0..8 {
        let mut a = Node::start(10 + seed, &[TCP, QUIC]);
        let c = Node::relay(3, &[TCP, QUIC], RelayLimits::default());
        c.know(&[&a]);
        a.rely_on(&c).await;
        a.held().await;
        let reach = a.reach("being seen", |reach| !reach.observed.is_empty()).await;
        assert!(reach.observed.iter().all(|seen| seen.as_str().contains("quic")), "{reach:?}");
    }
}

#[tokio::test]
async fn with_a_stranger_nothing_is_punched() {
    // Each could be called, but A is not known to B.
    let (a, mut b) = (Node::start(1, &[TCP]), Node::start(2, &[TCP]));
    let c = Node::relay(3, &[TCP], RelayLimits::default());
    c.know(&[&a, &b]);
    a.know(&[&b, &c]);
    b.know(&[&c]);
    b.rely_on(&c).await;
    let circuit = b.held().await;
    b.reach("being seen", |reach| !reach.observed.is_empty()).await;
    let mut ours = a.open(&b, vec![circuit]).await.expect("opens");
    let (_, mut theirs) = b.inbound().await;
    for _ in 0..100 {
        talk(&mut ours, &mut theirs).await;
    }
    assert_eq!(b.net.path(&a.id()), Some(Path::Relayed));
    // Once it is, the same connection will do.
    b.know(&[&a, &c]);
    b.path(&a, |path| matches!(path, Some(Path::Direct | Path::Punched))).await;
}

#[tokio::test]
async fn who_is_known_to_one_side_first_is_punched_when_the_other_knows_as_well() {
    // The called side begins; what it is met with is that punching is not spoken.
    let (mut a, mut b) = (Node::start(1, &[TCP]), Node::start(2, &[TCP]));
    let c = Node::relay(3, &[TCP], RelayLimits::default());
    c.know(&[&b]);
    b.know(&[&a, &c]);
    b.rely_on(&c).await;
    let circuit = b.held().await;
    b.reach("being seen", |reach| !reach.observed.is_empty()).await;
    let mut ours = a.open(&b, vec![circuit]).await.expect("opens");
    let (_, mut theirs) = b.inbound().await;
    for _ in 0..100 {
        talk(&mut ours, &mut theirs).await;
    }
    // The relay comes to know A, and says what it offers from now on; where it sees A it said before.
    c.know(&[&a, &b]);
    for _ in 0..100 {
        talk(&mut ours, &mut theirs).await;
    }
    // As one who joined: until then the relay was a stranger, too, and what it said counted for nothing.
    assert_eq!((a.net.path(&b.id()), a.net.reach().observed), (Some(Path::Relayed), Vec::new()));
    a.know(&[&b, &c]);
    a.reach("being seen", |reach| !reach.observed.is_empty()).await;
    let straight = |path| matches!(path, Some(Path::Direct | Path::Punched));
    // By that news, and not by the next try, which is half a minute off.
    let news = timeout(Duration::from_secs(20), a.path(&b, straight)).await;
    assert!(news.is_ok(), "nothing was tried");
    b.path(&a, straight).await;
}

#[tokio::test]
async fn where_a_peer_is_said_to_be_it_is_called_while_a_relay_carries() {
    // Nothing is punched: A is a stranger to B.
    let (mut a, mut b) = (Node::start(1, &[]), Node::start(2, &[TCP, QUIC]));
    let c = Node::relay(3, &[TCP], RelayLimits::default());
    c.know(&[&a, &b]);
    a.know(&[&b, &c]);
    b.know(&[&c]);
    b.rely_on(&c).await;
    let circuit = b.held().await;
    let mut ours = a.open(&b, vec![circuit]).await.expect("opens");
    talk(&mut ours, &mut b.inbound().await.1).await;
    assert_eq!(a.net.path(&b.id()), Some(Path::Relayed));
    let places = b.net.listen_addresses().await;
    a.net.seek(b.id(), vec![address("/ip4/127.0.0.1/tcp/9")]);
    a.net.seek(b.id(), places);
    a.path(&b, |path| path == Some(Path::Direct)).await;
    b.path(&a, |path| path == Some(Path::Direct)).await;
}

#[tokio::test]
async fn a_place_at_a_relay_is_reached_by_every_way_to_that_relay() {
    let (a, mut b, c) =
        (Node::start(1, &[]), Node::start(2, &[]), Node::relay(3, &[TCP, QUIC], RelayLimits::default()));
    c.know(&[&a, &b]);
    a.know(&[&b, &c]);
    b.know(&[&a, &c]);
    b.rely_on(&c).await;
    let first = b.held().await;
    let others = b.net.reach().reservations[0].others.clone();
    assert!(matches!(&others[..], [other] if *other != first), "{first}, {others:?}");
    let quic = |address: &counterpart_net::Address| address.as_str().contains("quic");
    assert_ne!(quic(&first), quic(&others[0]));
    let mut ours = a.open(&b, others).await.expect("opens");
    talk(&mut ours, &mut b.inbound().await.1).await;
}

#[tokio::test]
async fn several_ways_to_one_relay_take_one_place_of_it() {
    let (mut b, c) = (Node::start(2, &[]), Node::relay(3, &[TCP, QUIC], RelayLimits::default()));
    c.know(&[&b]);
    b.rely_on(&c).await;
    let first = b.held().await;
    let all: Vec<_> = std::iter::once(first).chain(b.net.reach().reservations[0].others.clone()).collect();
    assert_eq!(all.len(), 2);
    // Strangers have four at once.
    for seed in 10..14 {
        let stranger = Node::start(seed, &[]);
        let mut channel = stranger.open(&b, all.clone()).await.expect("opens");
        talk(&mut channel, &mut b.inbound().await.1).await;
    }
}

#[tokio::test]
async fn a_relay_that_went_away_is_found_again() {
    let (mut b, c) = (Node::start(2, &[]), Node::relay(3, &[TCP], RelayLimits::default()));
    c.know(&[&b]);
    b.rely_on(&c).await;
    let circuit = b.held().await;
    let place = c.net.listen_addresses().await[0].clone();
    soon("stopping", c.net.stop()).await;
    let gone = |reach: &counterpart_net::Reach| matches!(&reach.reservations[..], [one] if matches!(one.state, ReservationState::Failed(_)) && one.address.is_none());
    b.reach("the loss", gone).await;
    let again =
        Node::new(counterpart_net::Config { relay: Some(RelayLimits::default()), ..config(3, &[place.as_str()]) });
    again.know(&[&b]);
    assert_eq!(b.held().await, circuit);
    // And given up.
    b.net.rely_on(Vec::new());
    b.reach("nothing", |reach| reach.reservations.is_empty()).await;
}
