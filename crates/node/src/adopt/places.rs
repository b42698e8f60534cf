//! Where a machine that waits to be added is called, and where the node listens that goes on in its place.

use std::{collections::BTreeSet, net::IpAddr};

use counterpart_net::Address;

use super::line::MOST_ADDRESSES;

/// The addresses by which others may get here, the best first: those its owner named, then public ones, then those of
/// the local network; loopback where there is nothing else.
pub(super) fn to_be_called(announced: &[Address], listening: &[Address]) -> Vec<Address> {
    let mut ranked: Vec<(u8, &Address)> = announced.iter().map(|a| (0, a)).collect();
    ranked.extend(listening.iter().map(|a| (rank(a), a)));
    ranked.sort_by_key(|(rank, _)| *rank);
    let others = ranked.iter().any(|(rank, _)| *rank < LOOPBACK);
    let mut seen = BTreeSet::new();
    let fit = ranked.into_iter().filter(|(rank, a)| (*rank < LOOPBACK || !others) && seen.insert((*a).clone()));
    fit.map(|(_, address)| address.clone()).take(MOST_ADDRESSES).collect()
}

/// Addresses to listen at, those that left the port to the system with the one it chose.
pub(super) fn with_ports(asked: &[Address], listening: &[Address]) -> Vec<String> {
    let parts = |address: &Address| {
        let mut parts = address.as_str().split('/').skip(1).map(str::to_owned);
        let (family, host, transport, port) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(((family, transport, port), host))
    };
    let mut used: BTreeSet<_> = asked.iter().filter_map(parts).map(|(place, _)| place).collect();
    let mut chosen = |address: &Address| {
        let ((family, transport, _), host) = parts(address).filter(|((.., port), _)| port == "0")?;
        let everywhere = host.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified());
        let port = listening.iter().filter_map(parts).find_map(|(place, at)| {
            let fits = (&place.0, &place.1) == (&family, &transport) && (everywhere || at == host);
            (fits && used.insert(place.clone())).then_some(place.2)
        })?;
        Some(address.as_str().replacen(&format!("/{transport}/0"), &format!("/{transport}/{port}"), 1))
    };
    asked.iter().map(|address| chosen(address).unwrap_or_else(|| address.to_string())).collect()
}

/// And those of an interface, which lead nowhere without its name.
const LOOPBACK: u8 = 3;

fn rank(address: &Address) -> u8 {
    match address.as_str().split('/').nth(2).map(str::parse::<IpAddr>) {
        Some(Ok(ip)) if ip.is_loopback() => LOOPBACK,
        Some(Ok(IpAddr::V6(ip))) if ip.is_unicast_link_local() => LOOPBACK,
        Some(Ok(IpAddr::V4(ip))) if ip.is_private() || ip.is_link_local() => 2,
        Some(Ok(IpAddr::V6(ip))) if ip.is_unique_local() => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_called_by_others_goes_first() {
        let at = |text: &str| Address::parse(text).expect("an address");
        let listening = [at("/ip4/10.0.0.7/tcp/1"), at("/ip4/127.0.0.1/tcp/1"), at("/ip4/203.0.113.7/tcp/1")];
        let named = [at("/dns/me.example/tcp/1")];
        let texts = |all: Vec<Address>| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            texts(to_be_called(&named, &listening)),
            ["/dns/me.example/tcp/1", "/ip4/203.0.113.7/tcp/1", "/ip4/10.0.0.7/tcp/1"]
        );
        assert_eq!(texts(to_be_called(&[], &listening[1..2])), ["/ip4/127.0.0.1/tcp/1"]);
        let near = [at("/ip6/fe80::1/tcp/1"), at("/ip6/fd00::1/tcp/1")];
        assert_eq!(texts(to_be_called(&[], &near)), ["/ip6/fd00::1/tcp/1"]);
    }

    #[test]
    fn the_node_is_to_listen_where_this_was_asked_to() {
        let all = |texts: &[&str]| texts.iter().map(|t| Address::parse(t).expect("an address")).collect::<Vec<_>>();
        let asked =
            all(&["/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/udp/0/quic-v1", "/ip4/127.0.0.1/tcp/0", "/ip6/::/tcp/0"]);
        let listening = all(&[
            "/ip4/127.0.0.1/tcp/4001",
            "/ip4/127.0.0.1/udp/5/quic-v1",
            "/ip4/192.168.1.2/tcp/4001",
            "/ip4/192.168.1.2/udp/5/quic-v1",
            "/ip4/127.0.0.1/tcp/6",
        ]);
        let places = ["/ip4/0.0.0.0/tcp/4001", "/ip4/0.0.0.0/udp/5/quic-v1", "/ip4/127.0.0.1/tcp/6", "/ip6/::/tcp/0"];
        assert_eq!(with_ports(&asked, &listening), places);
    }
}
