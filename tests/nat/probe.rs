//! What a router does, found out from both sides of it as STUN does (RFC 5780), without asking its rules.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket},
    os::fd::{AsRawFd as _, OwnedFd},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        socket::{
            AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, connect, listen, setsockopt, socket, sockopt,
        },
        time::{TimeVal, TimeValLike as _},
    },
};

use crate::world::{Home, Place};

/// For what comes; nothing in these worlds takes so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// For a call that is to be in vain: no answer ever comes, so some wait has to end it. Many times a round trip.
const VAIN: Duration = Duration::from_millis(400);
/// So often something is sent that may be lost.
const TRIES: u32 = 8;
/// Until when two calls have met, or have not.
const MEETING: Duration = Duration::from_millis(2500);

/// What was found. `mapped` is whether one port inside is one port outside whoever is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Behaviour {
    pub(crate) translated: bool,
    pub(crate) one_port: bool,
    /// Whoever was never called gets through to a port in use.
    pub(crate) anybody: bool,
    /// Another port of a host that was called gets through.
    pub(crate) same_host: bool,
}

/// Two hosts on the Internet that answer; the first at two ports.
pub(crate) struct Observers<'w> {
    pub(crate) first: &'w Place,
    pub(crate) at: Ipv4Addr,
    pub(crate) second: &'w Place,
    pub(crate) also_at: Ipv4Addr,
}

fn udp(place: &Place, at: Ipv4Addr) -> UdpSocket {
    place.inside(|| {
        let socket = UdpSocket::bind((at, 0)).expect("a free port");
        socket.set_read_timeout(Some(VAIN)).expect("a timeout");
        socket
    })
}

fn there(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().expect("it is bound")
}

/// What a host hears: a word, and from where.
fn heard(socket: &UdpSocket) -> Option<(Vec<u8>, SocketAddr)> {
    let mut buffer = [0; 64];
    let (length, from) = socket.recv_from(&mut buffer).ok()?;
    Some((buffer[..length].to_vec(), from))
}

/// How a host sees whoever sends it a word from there. A busy machine loses a word now and then, as any network does.
fn seen_by(host: &UdpSocket, laptop: &UdpSocket) -> SocketAddr {
    let word = there(laptop).port().to_be_bytes();
    let seen = (0..TRIES).find_map(|_| {
        laptop.send_to(&word, there(host)).expect("it can send");
        std::iter::from_fn(|| heard(host)).find_map(|(said, from)| (said == word).then_some(from))
    });
    seen.expect("the host hears the laptop")
}

/// How this laptop's router treats UDP.
pub(crate) fn over_udp(home: &Home, observers: &Observers<'_>) -> Behaviour {
    let one = udp(observers.first, observers.at);
    let other_port = udp(observers.first, observers.at);
    let stranger = udp(observers.second, observers.also_at);
    let laptop = udp(&home.laptop, Ipv4Addr::UNSPECIFIED);
    let outside = [&one, &other_port, &stranger].map(|host| seen_by(host, &laptop));

    // Anew, from a port that has called one host only.
    let laptop = udp(&home.laptop, Ipv4Addr::UNSPECIFIED);
    let seen = seen_by(&one, &laptop);
    let mut through = Vec::new();
    // To and fro a few times: what is let through comes meanwhile.
    let (mut answers, mut tries) = (0, 0);
    while answers < 3 {
        assert!(tries < TRIES, "an answer to what was asked gets through");
        stranger.send_to(b"stranger", seen).expect("it can send");
        other_port.send_to(b"other port", seen).expect("it can send");
        one.send_to(b"answer", seen).expect("it can send");
        tries += 1;
        while let Some((word, _)) = heard(&laptop) {
            if word == b"answer" {
                answers += 1;
                break;
            }
            through.push(word);
        }
        assert_eq!(seen_by(&one, &laptop), seen, "one conversation, one port");
    }
    Behaviour {
        translated: outside[0].ip() != own(&laptop, &one),
        one_port: outside.iter().all(|seen| *seen == outside[0]),
        anybody: through.iter().any(|word| word == b"stranger"),
        same_host: through.iter().any(|word| word == b"other port"),
    }
}

/// The address that the laptop believes to have.
fn own(laptop: &UdpSocket, towards: &UdpSocket) -> std::net::IpAddr {
    laptop.connect(there(towards)).expect("there is a way");
    there(laptop).ip()
}

/// A socket whose port others of this laptop may use, too, as whoever punches holes does.
fn tcp(port: u16, patience: Duration) -> io::Result<OwnedFd> {
    let fd = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    setsockopt(&fd, sockopt::ReusePort, &true)?;
    let patience = TimeVal::milliseconds(i64::try_from(patience.as_millis()).expect("a short wait"));
    setsockopt(&fd, sockopt::SendTimeout, &patience)?;
    setsockopt(&fd, sockopt::ReceiveTimeout, &patience)?;
    bind(fd.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port)))?;
    Ok(fd)
}

fn call(port: u16, to: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let SocketAddr::V4(to) = to else { return Err(io::Error::other("an IPv4 address")) };
    let fd = tcp(port, patience)?;
    match connect(fd.as_raw_fd(), &SockaddrIn::from(to)) {
        Ok(()) => Ok(fd.into()),
        // What a blocking call that lasts too long says.
        Err(Errno::EINPROGRESS | Errno::EAGAIN) => Err(io::ErrorKind::TimedOut.into()),
        Err(why) => Err(why.into()),
    }
}

fn listener(place: &Place, port: u16) -> TcpListener {
    place.inside(|| {
        let fd = tcp(port, PATIENCE).expect("a free port");
        listen(&fd, Backlog::new(16).expect("a short queue")).expect("it listens");
        TcpListener::from(fd)
    })
}

fn listening_at(listener: &TcpListener, at: Ipv4Addr) -> SocketAddr {
    (at, listener.local_addr().expect("it is bound").port()).into()
}

/// How this laptop's router treats TCP.
pub(crate) fn over_tcp(home: &Home, observers: &Observers<'_>) -> Behaviour {
    let one = listener(observers.first, 0);
    let other_port = listener(observers.first, 0);
    let stranger = listener(observers.second, 0);
    let hosts = [(&one, observers.at), (&other_port, observers.at), (&stranger, observers.also_at)];
    let laptop = listener(&home.laptop, 0);
    let port = laptop.local_addr().expect("it is bound").port();
    let mut kept = Vec::new();
    let outside = hosts.map(|(host, at)| {
        let called = listening_at(host, at);
        kept.push(home.laptop.inside(|| call(port, called, PATIENCE)).expect("the laptop can call"));
        host.accept().expect("the call arrives").1
    });
    let translated = outside[0].ip() != kept[0].local_addr().expect("it is connected").ip();

    let laptop = listener(&home.laptop, 0);
    let port = laptop.local_addr().expect("it is bound").port();
    let called = listening_at(&one, observers.at);
    let conversation = home.laptop.inside(|| call(port, called, PATIENCE)).expect("the laptop can call");
    let seen = one.accept().expect("the call arrives").1;
    let anybody = observers.second.inside(|| call(0, seen, VAIN)).is_ok();
    let same_host = observers.first.inside(|| call(0, seen, VAIN)).is_ok();
    drop((conversation, kept));
    Behaviour { translated, one_port: outside.iter().all(|seen| *seen == outside[0]), anybody, same_host }
}

/// Whether two laptops that know from a host how they look outside, and call each other at once, meet over UDP.
pub(crate) fn meet_over_udp(homes: [&Home; 2], observers: &Observers<'_>) -> bool {
    let host = udp(observers.first, observers.at);
    let laptops = homes.map(|home| udp(&home.laptop, Ipv4Addr::UNSPECIFIED));
    let outside = laptops.each_ref().map(|laptop| seen_by(&host, laptop));
    let until = Instant::now() + MEETING;
    let one = |own: &UdpSocket, mut other: SocketAddr| {
        own.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
        let mut met = false;
        let mut again = 0;
        // Goes on a little after it heard the other, so that he hears it, too.
        while Instant::now() < until && again < 8 {
            drop(own.send_to(if met { b"met" } else { b"you" }, other));
            if let Some((word, from)) = heard(own) {
                other = from;
                met = true;
                again += if word == b"met" { 4 } else { 1 };
            }
        }
        met
    };
    let [a, b] = &laptops;
    thread::scope(|scope| {
        let first = scope.spawn(|| one(a, outside[1]));
        let second = scope.spawn(|| one(b, outside[0]));
        first.join().expect("no panic") & second.join().expect("no panic")
    })
}

/// The same over TCP: each calls from the port that it listens at, several times, as both may come too early.
pub(crate) fn meet_over_tcp(homes: [&Home; 2], observers: &Observers<'_>) -> bool {
    let host = listener(observers.first, 0);
    let at = listening_at(&host, observers.at);
    let listening = homes.map(|home| listener(&home.laptop, 0));
    let ports = [0, 1].map(|i: usize| listening[i].local_addr().expect("it is bound").port());
    let mut kept = Vec::new();
    let outside = [0, 1].map(|i: usize| {
        kept.push(homes[i].laptop.inside(|| call(ports[i], at, PATIENCE)).expect("the laptop can call"));
        host.accept().expect("the call arrives").1
    });
    let until = Instant::now() + MEETING;
    let one = |i: usize| {
        homes[i].laptop.inside(|| {
            listening[i].set_nonblocking(true).expect("it can");
            while Instant::now() < until {
                let left = until.saturating_duration_since(Instant::now());
                if call(ports[i], outside[1 - i], left.min(Duration::from_millis(700))).is_ok()
                    || listening[i].accept().is_ok()
                {
                    return true;
                }
            }
            listening[i].accept().is_ok()
        })
    };
    thread::scope(|scope| {
        let (first, second) = (scope.spawn(|| one(0)), scope.spawn(|| one(1)));
        // One of them may take the other's call where its own is in vain.
        first.join().expect("no panic") & second.join().expect("no panic")
    })
}
