//! How far an address is good for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libp2p::{Multiaddr, multiaddr::Protocol};

/// Each reaches further than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    /// This machine.
    Machine,
    /// The local network, or a private one.
    Private,
    /// Everywhere.
    Public,
}

impl Scope {
    pub(crate) fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::of_v4(ip),
            IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or_else(|| Self::of_v6(ip), Self::of_v4),
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        let [a, b, ..] = ip.octets();
        let carrier = a == 100 && (64..128).contains(&b);
        if ip.is_loopback() || a == 0 {
            Self::Machine
        } else if ip.is_private() || ip.is_link_local() || ip.is_multicast() || ip.is_broadcast() || carrier {
            Self::Private
        } else {
            Self::Public
        }
    }

    fn of_v6(ip: Ipv6Addr) -> Self {
        if ip.is_loopback() || ip.is_unspecified() {
            Self::Machine
        } else if ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_multicast() {
            Self::Private
        } else {
            Self::Public
        }
    }
}

/// The numeric host an address begins with.
pub(crate) fn ip(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

/// The network a host is in, as far as one host is usually given addresses: one of the fourth version, or 64 bits
/// of the sixth.
pub(crate) fn household(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        },
    }
}

/// Whether two hosts are in different networks, so that one reaching the other says something to others.
pub(crate) fn far_apart(one: IpAddr, other: IpAddr) -> bool {
    let near = |ip: IpAddr| match household(ip) {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() >> 8 << 8)),
        v6 @ IpAddr::V6(_) => v6,
    };
    near(one) != near(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart() {
        for (text, scope) in [
            ("127.0.0.1", Scope::Machine),
            ("0.0.0.0", Scope::Machine),
            ("::1", Scope::Machine),
            ("::ffff:127.0.0.1", Scope::Machine),
            ("10.1.2.3", Scope::Private),
            ("192.168.1.1", Scope::Private),
            ("169.254.1.1", Scope::Private),
            ("100.64.0.1", Scope::Private),
            ("fe80::1", Scope::Private),
            ("fd00::1", Scope::Private),
            ("203.0.113.9", Scope::Public),
            ("100.128.0.1", Scope::Public),
            ("2001:db8::1", Scope::Public),
        ] {
            assert_eq!(Scope::of(text.parse().expect("an address")), scope, "{text}");
        }
    }

    #[test]
    fn one_household_is_one_network() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        assert_eq!(household(ip("2001:db8::1")), household(ip("2001:db8::2:3")));
        assert_ne!(household(ip("203.0.113.1")), household(ip("203.0.113.2")));
        assert!(!far_apart(ip("192.168.1.2"), ip("192.168.1.9")));
        assert!(far_apart(ip("10.0.1.2"), ip("10.0.2.2")));
    }
}
