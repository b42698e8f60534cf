//! The world is what it says: routers by their behaviour, wires by what they lose and how long they take.

use std::{
    net::{Ipv4Addr, UdpSocket},
    time::{Duration, Instant},
};

use crate::{
    probe::{Behaviour, Observers, meet_over_tcp, meet_over_udp, over_tcp, over_udp},
    router::{Allowed, Kind},
    table::Table,
    wire::Line,
    world::{World, possible},
};

pub(crate) const HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
pub(crate) const STRANGER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 20);
pub(crate) const HOMES: [Ipv4Addr; 2] = [Ipv4Addr::new(203, 0, 113, 101), Ipv4Addr::new(203, 0, 113, 102)];

fn expected(kind: Kind) -> Behaviour {
    let (translated, one_port, anybody, same_host) = match kind {
        Kind::None => (false, true, true, true),
        Kind::FullCone => (true, true, true, true),
        Kind::Restricted => (true, true, false, true),
        Kind::PortRestricted => (true, true, false, false),
        Kind::Symmetric => (true, false, false, false),
    };
    Behaviour { translated, one_port, anybody, same_host }
}

#[test]
fn every_router_is_of_its_kind() {
    if !possible() {
        return;
    }
    let world = World::new();
    let (first, second) = (world.host("host", &[HOST]), world.host("stranger", &[STRANGER]));
    let observers = Observers { first: &first, at: HOST, second: &second, also_at: STRANGER };
    for kind in Kind::ALL {
        let home = world.home("home", kind, HOMES[0], Line::GOOD, 1);
        assert_eq!(over_udp(&home, &observers), expected(kind), "UDP, {kind}");
        assert_eq!(over_tcp(&home, &observers), expected(kind), "TCP, {kind}");
    }
}

/// What can be had by calling each other at once, whatever program does it: the measure for ours.
#[test]
fn holes_can_be_punched_where_they_can() {
    if !possible() {
        return;
    }
    let world = World::new();
    let (first, second) = (world.host("host", &[HOST]), world.host("stranger", &[STRANGER]));
    let observers = Observers { first: &first, at: HOST, second: &second, also_at: STRANGER };
    let head = [&["UDP/TCP"][..], &Kind::ALL.map(Kind::short)].concat();
    let mut table = Table::new("Two laptops that call each other at once: who meets", &head);
    let all = std::env::var_os("COUNTERPART_LONG").is_some();
    for a in Kind::ALL {
        let mut cells = vec![a.to_string()];
        for b in Kind::ALL {
            if (b < a || a < Kind::Restricted) && !all {
                // Both call at once: the other way round is the same; and an open door needs no two.
                cells.push(String::new());
                continue;
            }
            let one = world.home("one", a, HOMES[0], Line::GOOD, 1);
            let two = world.home("two", b, HOMES[1], Line::GOOD, 2);
            let met = [meet_over_udp([&one, &two], &observers), meet_over_tcp([&one, &two], &observers)];
            let hard = |kind| matches!(kind, Kind::Symmetric | Kind::PortRestricted);
            let hopeless = (a == Kind::Symmetric && hard(b)) || (b == Kind::Symmetric && hard(a));
            assert_eq!(met[0], !hopeless, "UDP, {a} and {b}");
            cells.push(met.map(|met| if met { "meet" } else { "-" }).join("/"));
        }
        table.row(cells);
    }
    table.publish();
}

/// What became of words sent to and fro.
struct Echoes {
    back: u32,
    /// The shortest way there and back.
    least: Duration,
    /// By the wire.
    lost: u64,
}

fn echoes(world: &World, line: Line, count: u32) -> Echoes {
    let host = world.host("host", &[HOST]);
    let home = world.home("home", Kind::PortRestricted, HOMES[0], line, 7);
    let echo = host.inside(|| UdpSocket::bind((HOST, 7)).expect("a free port"));
    let laptop = home.laptop.inside(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a free port"));
    laptop.connect((HOST, 7)).expect("there is a way");
    let patience = line.delay * 2 + line.jitter * 2 + Duration::from_millis(200);
    laptop.set_read_timeout(Some(patience)).expect("a timeout");
    echo.set_read_timeout(Some(patience)).expect("a timeout");
    let (mut back, mut least) = (0, Duration::MAX);
    let mut buffer = [0; 64];
    for number in 0..count {
        let started = Instant::now();
        laptop.send(&number.to_be_bytes()).expect("it can send");
        let Ok((length, from)) = echo.recv_from(&mut buffer) else { continue };
        echo.send_to(&buffer[..length], from).expect("it can send");
        if laptop.recv(&mut buffer).is_ok() {
            back += 1;
            least = least.min(started.elapsed());
        }
    }
    Echoes { back, least, lost: home.wire.passed().lost }
}

#[test]
fn a_wire_delays_and_loses_as_it_is_told() {
    if !possible() {
        return;
    }
    let world = World::new();
    let slow = echoes(&world, Line::slow(Duration::from_millis(60)), 10);
    assert!(slow.lost == 0 && slow.back > 7, "the wire loses nothing: {}", slow.back);
    assert!(slow.least >= Duration::from_millis(120), "to and fro takes twice the delay: {:?}", slow.least);
    // One in five is lost each way: of sixty, 38 come back on average.
    let lossy = echoes(&world, Line { delay: Duration::ZERO, jitter: Duration::ZERO, loss: 20 }, 60);
    assert!((20..=54).contains(&lossy.back) && lossy.lost > 5, "about 38 of 60 come back: {}", lossy.back);
}

#[test]
fn a_wire_is_cut_and_mended_and_a_router_forbids() {
    if !possible() {
        return;
    }
    let world = World::new();
    let (first, second) = (world.host("host", &[HOST]), world.host("stranger", &[STRANGER]));
    let mut home = world.home("home", Kind::FullCone, HOMES[0], Line::GOOD, 3);
    let [near, far] = [(&first, HOST), (&second, STRANGER)].map(|(place, at)| {
        place.inside(|| {
            let socket = UdpSocket::bind((at, 9)).expect("a free port");
            socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
            socket
        })
    });
    let laptop = home.laptop.inside(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a free port"));
    let reaches = |host: &UdpSocket| {
        // More than once: a busy machine may lose one.
        (0..3).find_map(|_| {
            laptop.send_to(b"hello", host.local_addr().expect("it is bound")).expect("it can send");
            host.recv_from(&mut [0; 16]).ok().map(|(_, from)| from.ip())
        })
    };
    assert_eq!(reaches(&near), Some(HOMES[0].into()));
    home.wire.cut(true);
    assert_eq!(reaches(&near), None);
    home.wire.cut(false);
    assert_eq!(reaches(&near), Some(HOMES[0].into()));
    home.allow(Allowed::Only(HOST));
    assert_eq!((reaches(&near), reaches(&far)), (Some(HOMES[0].into()), None));
    home.allow(Allowed::NoUdp);
    assert_eq!(reaches(&near), None);
    home.allow(Allowed::Nothing);
    assert_eq!(reaches(&near), None);
    home.allow(Allowed::All);
    home.renumber(HOMES[1]);
    assert_eq!(reaches(&near), Some(HOMES[1].into()));
    assert!(home.wire.passed().frames > 0 && home.wire.passed().lost > 0);
}
