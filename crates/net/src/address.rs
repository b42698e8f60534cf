//! Where a node can be reached.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use libp2p::{Multiaddr, multiaddr::Protocol};

use crate::peer::PeerId;

/// The text of an address, checked: `/ip4|ip6|dns|dns4|dns6/HOST`, then `/tcp/PORT` or
/// `/udp/PORT/quic-v1`, then optionally `/p2p/PEER-ID`. Behind a relay the peer id is the relay's, and
/// `/p2p-circuit` follows, then optionally `/p2p/PEER-ID` of the node itself.
///
/// Holds printable ASCII only, whoever it came from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// The longest text taken, in bytes: a domain name of the greatest length with everything around it.
    pub const MAX_BYTES: usize = 400;

    /// Reads and checks an address; the text kept is the canonical form.
    ///
    /// # Errors
    /// When it has another shape than the one above.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > Self::MAX_BYTES {
            return Err(AddressError::TooLong);
        }
        let Ok(address) = text.parse::<Multiaddr>() else {
            return Err(AddressError::Syntax);
        };
        let parts: Vec<Protocol<'_>> = address.iter().collect();
        let Some((host, rest)) = parts.split_first() else {
            return Err(AddressError::Syntax);
        };
        match host {
            Protocol::Ip4(_) | Protocol::Ip6(_) => {}
            Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => check_name(name)?,
            _ => return Err(AddressError::Host),
        }
        match rest {
            [Protocol::Tcp(_)]
            | [Protocol::Tcp(_), Protocol::P2p(_)]
            | [Protocol::Udp(_), Protocol::QuicV1]
            | [Protocol::Udp(_), Protocol::QuicV1, Protocol::P2p(_)]
            | [Protocol::Tcp(_), Protocol::P2p(_), Protocol::P2pCircuit]
            | [Protocol::Tcp(_), Protocol::P2p(_), Protocol::P2pCircuit, Protocol::P2p(_)]
            | [Protocol::Udp(_), Protocol::QuicV1, Protocol::P2p(_), Protocol::P2pCircuit]
            | [Protocol::Udp(_), Protocol::QuicV1, Protocol::P2p(_), Protocol::P2pCircuit, Protocol::P2p(_)] => {
                Ok(Self(address.to_string()))
            }
            _ => Err(AddressError::Transport),
        }
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The peer id of the node itself, if the address ends with it; never the relay's.
    #[must_use]
    pub fn peer(&self) -> Option<PeerId> {
        match self.parts().last() {
            Some(Protocol::P2p(id)) => Some(PeerId::from_libp2p(id)),
            _ => None,
        }
    }

    /// Whether the way leads through a relay.
    #[must_use]
    pub fn is_relayed(&self) -> bool {
        self.parts().contains(&Protocol::P2pCircuit)
    }

    /// The relay on the way, if there is one.
    #[must_use]
    pub fn relay(&self) -> Option<PeerId> {
        let parts = self.parts();
        let circuit = parts.iter().position(|part| *part == Protocol::P2pCircuit)?;
        match parts.get(circuit.checked_sub(1)?) {
            Some(Protocol::P2p(id)) => Some(PeerId::from_libp2p(id)),
            _ => None,
        }
    }

    /// The same place, ending with this peer id (in place of another).
    #[must_use]
    pub fn with_peer(&self, peer: &PeerId) -> Self {
        Self(self.place().with(Protocol::P2p(peer.to_libp2p())).to_string())
    }

    /// Of an address the transport reports; nothing when it has a shape we never use.
    pub(crate) fn from_multiaddr(address: &Multiaddr) -> Option<Self> {
        Self::parse(&address.to_string()).ok()
    }

    /// The address without the node's own peer id at its end.
    pub(crate) fn place(&self) -> Multiaddr {
        without_peer(&self.parts().into_iter().collect())
    }

    /// Where the relay on the way is.
    pub(crate) fn relay_place(&self) -> Option<Self> {
        let direct = self.parts().into_iter().take_while(|part| *part != Protocol::P2pCircuit).collect();
        self.is_relayed().then(|| Self(without_peer(&direct).to_string()))
    }

    /// The socket the address names; nothing when it has a domain name or leads through a relay.
    pub(crate) fn socket(&self) -> Option<(Transport, SocketAddr)> {
        match self.host() {
            Host::Ip(ip) if !self.is_relayed() => Some((self.transport(), SocketAddr::new(ip, self.port()))),
            Host::Ip(_) | Host::Name { .. } => None,
        }
    }

    /// The numeric host, if it has one.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self.host() {
            Host::Ip(ip) => Some(ip),
            Host::Name { .. } => None,
        }
    }

    pub(crate) fn host(&self) -> Host {
        let host = self.parts().into_iter().find_map(|part| match part {
            Protocol::Ip4(ip) => Some(Host::Ip(ip.into())),
            Protocol::Ip6(ip) => Some(Host::Ip(ip.into())),
            Protocol::Dns4(name) => Some(Host::Name { name: name.into_owned(), family: Some(Family::V4) }),
            Protocol::Dns6(name) => Some(Host::Name { name: name.into_owned(), family: Some(Family::V6) }),
            Protocol::Dns(name) => Some(Host::Name { name: name.into_owned(), family: None }),
            _ => None,
        });
        host.expect("the host was checked when the value was made")
    }

    pub(crate) fn port(&self) -> u16 {
        let port = self.parts().into_iter().find_map(|part| match part {
            Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
            _ => None,
        });
        port.expect("the port was checked when the value was made")
    }

    /// The same place at a numeric host, for dialling once a name is resolved.
    pub(crate) fn at(&self, ip: IpAddr) -> Multiaddr {
        let place = Multiaddr::from(ip);
        let place = match self.transport() {
            Transport::Tcp => place.with(Protocol::Tcp(self.port())),
            Transport::Quic => place.with(Protocol::Udp(self.port())).with(Protocol::QuicV1),
        };
        match self.relay() {
            Some(relay) => place.with(Protocol::P2p(relay.to_libp2p())).with(Protocol::P2pCircuit),
            None => place,
        }
    }

    fn transport(&self) -> Transport {
        if self.parts().contains(&Protocol::QuicV1) { Transport::Quic } else { Transport::Tcp }
    }

    fn parts(&self) -> Vec<Protocol<'static>> {
        let address: Multiaddr = self.0.parse().expect("the text was checked when the value was made");
        address.iter().map(Protocol::acquire).collect()
    }
}

/// An address without the peer id at its end, if there is one.
pub(crate) fn without_peer(address: &Multiaddr) -> Multiaddr {
    let mut place = address.clone();
    if matches!(place.iter().last(), Some(Protocol::P2p(_))) {
        drop(place.pop());
    }
    place
}

/// Whether a connection made there, or from there, leads through a relay.
pub(crate) fn leads_through_a_relay(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Transport {
    Tcp,
    Quic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Ip(IpAddr),
    Name { name: String, family: Option<Family> },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.0)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

/// Why a text is not an address. The text itself is not repeated: it may come from a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// More than [`Address::MAX_BYTES`] bytes.
    #[error("this is too long to be an address: copy it again")]
    TooLong,
    /// Not a multiaddr at all.
    #[error("this is not an address: write it like /ip4/192.0.2.7/tcp/4001 or /dns/node.example/udp/4001/quic-v1")]
    Syntax,
    /// Begins with something else than an IP address or a plain domain name.
    #[error("the address must begin with /ip4, /ip6, /dns, /dns4 or /dns6 and a host in plain ASCII")]
    Host,
    /// Goes on with something else than TCP or QUIC, or has more after it than a peer id.
    #[error(
        "after the host the address must read /tcp/PORT or /udp/PORT/quic-v1, then at most /p2p/PEER-ID, and behind a relay /p2p-circuit"
    )]
    Transport,
}

/// Letters, digits, hyphens, underscores and dots: what a resolver takes and a terminal can show.
fn check_name(name: &str) -> Result<(), AddressError> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if plain && !name.is_empty() && name.len() <= 253 { Ok(()) } else { Err(AddressError::Host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shapes_that_are_taken() {
        let id = PeerId::from_secret(&[1; 32]);
        for text in [
            "/ip4/127.0.0.1/tcp/0".to_owned(),
            "/ip6/::1/tcp/4001".to_owned(),
            "/dns/node.example/tcp/4001".to_owned(),
            "/dns4/node.example/udp/4001/quic-v1".to_owned(),
            format!("/dns6/node.example/udp/4001/quic-v1/p2p/{id}"),
            format!("/ip4/192.0.2.7/tcp/4001/p2p/{id}"),
        ] {
            let address = Address::parse(&text).expect(&text);
            assert_eq!(address.to_string(), text);
            assert_eq!(address.peer().is_some(), text.contains("/p2p/"));
            assert_eq!(address.with_peer(&id).peer(), Some(id.clone()));
            assert!(!address.is_relayed() && address.relay().is_none());
        }
    }

    #[test]
    fn behind_a_relay_the_last_peer_id_is_the_nodes() {
        let (relay, node) = (PeerId::from_secret(&[1; 32]), PeerId::from_secret(&[2; 32]));
        for start in ["/ip4/192.0.2.7/tcp/4001", "/dns/relay.example/udp/4001/quic-v1"] {
            let open = Address::parse(&format!("{start}/p2p/{relay}/p2p-circuit")).expect("valid");
            assert_eq!((open.peer(), open.relay(), open.is_relayed()), (None, Some(relay.clone()), true));
            assert_eq!(open.relay_place().expect("relayed").as_str(), start);
            assert_eq!(open.socket(), None);
            let whole = open.with_peer(&node);
            assert_eq!(whole.to_string(), format!("{start}/p2p/{relay}/p2p-circuit/p2p/{node}"));
            assert_eq!(Address::parse(whole.as_str()).as_ref(), Ok(&whole));
            assert_eq!((whole.peer(), whole.relay()), (Some(node.clone()), Some(relay.clone())));
            assert_eq!(whole.with_peer(&relay).peer(), Some(relay.clone()));
        }
        let open = Address::parse(&format!("/dns/relay.example/tcp/9/p2p/{relay}/p2p-circuit")).expect("valid");
        assert_eq!(
            open.at(IpAddr::from([192, 0, 2, 7])).to_string(),
            format!("/ip4/192.0.2.7/tcp/9/p2p/{relay}/p2p-circuit")
        );
    }

    #[test]
    fn the_shapes_that_are_not() {
        for (text, error) in [
            ("", AddressError::Syntax),
            ("127.0.0.1:4001", AddressError::Syntax),
            ("/ip4/127.0.0.1", AddressError::Transport),
            ("/ip4/127.0.0.1/udp/4001", AddressError::Transport),
            ("/ip4/127.0.0.1/udp/4001/quic", AddressError::Transport),
            ("/ip4/127.0.0.1/tcp/4001/ws", AddressError::Transport),
            ("/ip4/127.0.0.1/tcp/99999", AddressError::Syntax),
            ("/dnsaddr/node.example/tcp/1", AddressError::Host),
            ("/dns/b\u{202e}ad.example/tcp/1", AddressError::Host),
            ("/memory/1234", AddressError::Host),
            ("/unix/tmp", AddressError::Host),
            ("/p2p-circuit", AddressError::Host),
            ("/ip4/127.0.0.1/tcp/1/p2p-circuit", AddressError::Transport),
        ] {
            assert_eq!(Address::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(Address::parse(&format!("/dns/{}/tcp/1", "a".repeat(400))), Err(AddressError::TooLong));
        assert_eq!(Address::parse(&format!("/dns/{}/tcp/1", "a".repeat(254))), Err(AddressError::Host));
    }

    #[test]
    fn a_resolved_name_keeps_transport_and_port() {
        let address = Address::parse("/dns/node.example/udp/9/quic-v1").expect("valid");
        assert_eq!(address.at(IpAddr::from([192, 0, 2, 7])).to_string(), "/ip4/192.0.2.7/udp/9/quic-v1");
        assert_eq!(address.socket(), None);
    }
}
