//! Routers as people have at home, as rules for nftables.

use std::{fmt, net::Ipv4Addr};

/// What a router does with connections (RFC 3489's names; RFC 4787 says the same by mapping and filtering).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// No router: a public address.
    None,
    /// One port outside for one inside, and anybody may call it.
    FullCone,
    /// The same, and whoever has an address that was called may call it.
    Restricted,
    /// The same, and only who has an address and port that was called may answer.
    PortRestricted,
    /// Another port outside, by chance, for each address and port that is called; only that one may answer.
    Symmetric,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::None, Self::FullCone, Self::Restricted, Self::PortRestricted, Self::Symmetric];

    pub(crate) fn short(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::FullCone => "full",
            Self::Restricted => "restr",
            Self::PortRestricted => "port",
            Self::Symmetric => "symm",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::FullCone => "full cone",
            Self::Restricted => "restricted",
            Self::PortRestricted => "port-restricted",
            Self::Symmetric => "symmetric",
        })
    }
}

/// What a router, or whoever runs the network, lets through at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    All,
    /// Nothing over UDP.
    NoUdp,
    /// Only from and to one address.
    Only(Ipv4Addr),
    Nothing,
}

/// The rules of a router between the device `lan` and the device `wan`, with one laptop behind it.
///
/// Linux gives a connection the port outside that it has inside while that is free, so for one laptop all but the symmetric
/// kind map one port inside to one port outside. What answers it lets in is what it calls established: the same address
/// and port, which is the port-restricted kind. The two more open kinds note in sets of their own which port was used, and
/// who was called from it, and send what comes to such a port to the laptop.
///
/// What comes unasked is dropped without a word: an answer (a reset, "unreachable") would be noted as a connection of the
/// router's own, which then stands in the way of the laptop's call to the same place. Home routers do so for that reason.
pub(crate) fn rules(kind: Kind, allowed: Allowed, laptop: Ipv4Addr) -> String {
    let masquerade = if kind == Kind::Symmetric { "masquerade random,fully-random" } else { "masquerade persistent" };
    let unasked = match kind {
        Kind::FullCone => format!("iifname wan meta l4proto . th dport @used dnat to {laptop}"),
        Kind::Restricted => format!("iifname wan ip saddr . meta l4proto . th dport @called dnat to {laptop}"),
        Kind::None | Kind::PortRestricted | Kind::Symmetric => String::new(),
    };
    let refused = match allowed {
        Allowed::All => String::new(),
        Allowed::NoUdp => "meta l4proto udp drop".to_owned(),
        Allowed::Only(address) => {
            format!("iifname lan ip daddr != {address} drop\n    iifname wan ip saddr != {address} drop")
        }
        Allowed::Nothing => "drop".to_owned(),
    };
    format!(
        "table ip home
flush table ip home
table ip home {{
  set used {{
    type inet_proto . inet_service
    flags dynamic,timeout
    timeout 2m
  }}
  set called {{
    type ipv4_addr . inet_proto . inet_service
    flags dynamic,timeout
    timeout 2m
  }}
  chain note {{
    type filter hook forward priority -10; policy accept;
    iifname lan oifname wan meta l4proto {{ tcp, udp }} update @used {{ meta l4proto . th sport }}
    iifname lan oifname wan meta l4proto {{ tcp, udp }} update @called {{ ip daddr . meta l4proto . th sport }}
  }}
  chain in {{
    type nat hook prerouting priority dstnat; policy accept;
    {unasked}
  }}
  chain through {{
    type filter hook forward priority filter; policy drop;
    {refused}
    ct state invalid drop
    iifname lan accept
    ct state established,related accept
    ct status dnat accept
  }}
  chain itself {{
    type filter hook input priority filter; policy drop;
    iifname {{ lan, lo }} accept
    ct state established,related accept
  }}
  chain out {{
    type nat hook postrouting priority srcnat; policy accept;
    oifname wan {masquerade}
  }}
}}
"
    )
}
