//! Our own word of where this device can be reached, kept up with what the transport finds; and whose relay we rely on.

use std::{net::IpAddr, str::FromStr as _, time::Duration};

use counterpart_core::whereabouts::{MAX_ADDRESSES, Whereabouts as AddressRecord};
use counterpart_net::{Address, PeerId, Reach, ReservationState, Standing};
use tokio::time::Instant;

use super::{Command, Engine, records::same};
use crate::{
    clock::now,
    error::DeskError,
    home,
    node::NodeConfig,
    presence::{OwnReach, Sighting},
};

/// Our own word changes no more often than this.
const SPACING: Duration = Duration::from_secs(3);
/// Where another copy of this device says something else, it is contradicted no more often than this.
const CONTRADICT: Duration = Duration::from_secs(600);
/// Places at relays are given up only when others have reached us without for so long.
const STEADY: Duration = Duration::from_secs(60);
/// Relays to keep a place with.
const MOST_RELAYS: usize = 2;

/// Where this device can be reached, and what it said of that.
#[derive(Debug, Default)]
pub(super) struct Whereabouts {
    /// This node stays, and is to be reached by others.
    stays: bool,
    relay: bool,
    announces: bool,
    /// All addresses that were to be listened on stand.
    ready: bool,
    /// Where to be reached is written down for invitations as well.
    in_file: bool,
    own: Option<Own>,
    /// The same for the file.
    written: Vec<String>,
    /// When our own word changes next.
    due: Option<Instant>,
    changed: Option<Instant>,
    contradicted: Option<Instant>,
    relies: Vec<(PeerId, Vec<Address>)>,
    /// Since when others reach us without help.
    open: Option<Instant>,
}

/// What we said last.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    number: u64,
    addresses: Vec<String>,
    carries: bool,
}

impl Whereabouts {
    pub(super) fn new(config: &NodeConfig) -> Self {
        Self {
            stays: config.stays || !config.listen.is_empty(),
            relay: config.relay,
            announces: !config.announced.is_empty(),
            ..Self::default()
        }
    }

    /// When our own word is to change.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether others reach us without help, beyond doubt. Being called back is not enough: some routers let in whoever
    /// was called before.
    fn is_open(&self, reach: &Reach) -> bool {
        let outright = |confirmed: &Address| reach.listening.iter().any(|own| bare(own) == bare(confirmed));
        self.announces || (reach.standing == Standing::Public && reach.confirmed.iter().any(outright))
    }

    /// Whether this node carries for others: not where they cannot reach it.
    fn carries(&self, reach: &Reach) -> bool {
        self.relay && (self.announces || reach.standing != Standing::Behind)
    }
}

/// Where others can reach us, the best first: what was found to work, what our owner says, places at relays, then where
/// we listen as far as others may reach it. Where all of that is this machine's own it is that: others may run on it.
fn addresses(reach: &Reach, peer: &PeerId) -> Vec<String> {
    let held = reach.reservations.iter().filter(|place| place.state == ReservationState::Held);
    // One way through each relay comes before further ones.
    let relayed = held.clone().filter_map(|place| place.address.as_ref()).chain(held.flat_map(|place| &place.others));
    let all = reach.confirmed.iter().chain(relayed).chain(&reach.listening);
    let (mut outside, mut inside): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for address in all {
        let text = address.with_peer(peer).to_string();
        let list = match host(address) {
            Some(ip) if ip.is_unspecified() || is_link_local(ip) => continue,
            Some(ip) if ip.is_loopback() => &mut inside,
            _ => &mut outside,
        };
        if !list.contains(&text) {
            list.push(text);
        }
    }
    let mut chosen = if outside.is_empty() { inside } else { outside };
    chosen.truncate(MAX_ADDRESSES);
    chosen
}

/// The number that an address begins with, if it is no name.
fn host(address: &Address) -> Option<IpAddr> {
    IpAddr::from_str(address.as_str().split('/').nth(2)?).ok()
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// An address without the peer id at its end.
fn bare(address: &Address) -> &str {
    let text = address.as_str();
    match address.peer() {
        Some(_) => text.rsplit_once("/p2p/").map_or(text, |(place, _)| place),
        None => text,
    }
}

impl Engine {
    /// Takes up what the store knows; waits for the listeners in a task.
    pub(super) fn begin_whereabouts(&mut self) {
        let (party, device) = (self.desk.party(), self.desk.author().device);
        match self.stored_record(party, device) {
            Ok(Some(signed)) => {
                let AddressRecord { number, addresses, carries, .. } = signed.record().clone();
                self.whereabouts.own = Some(Own { number, addresses, carries });
            }
            Ok(None) => {}
            Err(why) => self.trouble(&why),
        }
        match self.desk.with_store(|store| store.newest_ordinal()) {
            Ok(newest) => self.finding.begin_at(newest),
            Err(why) => self.trouble(&why),
        }
        if let Err(why) = self.look_at_devices(party) {
            self.trouble(&why);
        }
        self.read_devices();
        let (net, commands) = (std::sync::Arc::clone(&self.net), self.commands.clone());
        tokio::spawn(async move {
            net.listen_addresses().await;
            drop(commands.send(Command::Listens));
        });
    }

    /// Every address stands that was asked for.
    pub(super) fn listens(&mut self) {
        self.whereabouts.ready = true;
        self.reach_changed();
    }

    /// From now on it is written down in the home as well, for invitations.
    pub(super) fn publish_in_file(&mut self) {
        self.whereabouts.in_file = true;
        self.write_file(&addresses(&self.net.reach(), self.net.peer_id()));
    }

    fn write_file(&mut self, addresses: &[String]) {
        if self.whereabouts.in_file && !addresses.is_empty() && self.whereabouts.written != addresses {
            match home::keep_addresses(self.desk.home(), addresses) {
                Ok(()) => addresses.clone_into(&mut self.whereabouts.written),
                Err(why) => self.trouble(&why),
            }
        }
    }

    /// What the transport knows of our reach is another.
    pub(super) fn reach_changed(&mut self) {
        let reach = self.net.reach();
        self.presence.note(Sighting::Reach(OwnReach::from(reach.clone())), now());
        self.choose_relays(&reach);
        let addresses = addresses(&reach, self.net.peer_id());
        self.write_file(&addresses);
        let whereabouts = &mut self.whereabouts;
        // A node that only looks in says nothing: what stands is where the one that stays can be found. And who cannot be
        // reached at all has nobody to tell.
        if !whereabouts.ready || !whereabouts.stays || addresses.is_empty() {
            return;
        }
        let carries = whereabouts.carries(&reach);
        let stands =
            whereabouts.own.as_ref().is_some_and(|own| own.carries == carries && same(&own.addresses, &addresses));
        whereabouts.due = match (stands, whereabouts.changed) {
            (true, _) => None,
            (false, Some(changed)) => Some((changed + SPACING).max(Instant::now())),
            (false, None) => Some(Instant::now()),
        };
        self.say_whereabouts();
    }

    /// Signs our word of where we are, if it is time, and gives it to every case.
    pub(super) fn say_whereabouts(&mut self) {
        if self.whereabouts.due.is_none_or(|due| due > Instant::now()) {
            return;
        }
        self.whereabouts.due = None;
        if self.ended || home::is_elsewhere(self.desk.home()) {
            return;
        }
        let reach = self.net.reach();
        let (addresses, carries) = (addresses(&reach, self.net.peer_id()), self.whereabouts.carries(&reach));
        let time = now();
        let before = self.whereabouts.own.as_ref().map_or(0, |own| own.number);
        // By the clock, so that it is above whatever this device said before, wherever that is still known.
        let number = (before + 1).max(u64::try_from(time).unwrap_or(0));
        let author = self.desk.author();
        let (party, device, grant) = (author.party, author.device, author.grant);
        let record = AddressRecord { party, device, grant, number, at: time, addresses, carries };
        let signed = record.sign(&self.desk.identity().device);
        let AddressRecord { number, addresses, carries, .. } = signed.record().clone();
        let kept = self.desk.with_store(|store| {
            store.write(|txn| {
                txn.put_whereabouts(party, device, number, signed.bytes()).map(drop).map_err(DeskError::from)
            })
        });
        if let Err(why) = kept {
            return self.trouble(&why);
        }
        self.whereabouts.own = Some(Own { number, addresses, carries });
        self.whereabouts.changed = Some(Instant::now());
        self.spread_record(&signed);
        self.choose_relays(&reach);
    }

    /// Another copy of this device said where it is: what is said here goes before it, but nobody quarrels.
    pub(super) fn contradict(&mut self, said: &AddressRecord) {
        let whereabouts = &mut self.whereabouts;
        let Some(own) = whereabouts.own.as_mut().filter(|own| own.number < said.number) else { return };
        own.number = said.number;
        let lately = whereabouts.contradicted.is_some_and(|at| at.elapsed() < CONTRADICT);
        if whereabouts.stays && whereabouts.ready && !lately {
            whereabouts.contradicted = Some(Instant::now());
            whereabouts.due = Some(Instant::now());
            self.say_whereabouts();
        }
    }

    /// Up to two devices that carry, our own first, as long as others cannot reach us without.
    pub(super) fn choose_relays(&mut self, reach: &Reach) {
        let is_open = self.whereabouts.is_open(reach);
        let since = *self.whereabouts.open.get_or_insert_with(Instant::now);
        if !is_open {
            self.whereabouts.open = None;
        }
        let whereabouts = &self.whereabouts;
        let own = self.desk.party();
        let open = is_open && (whereabouts.relies.is_empty() || since.elapsed() >= STEADY);
        let needed = whereabouts.stays && !self.offline && !open && !whereabouts.carries(reach);
        let mut relays: Vec<(PeerId, Vec<Address>)> = Vec::new();
        if needed {
            let (first, then): (Vec<_>, Vec<_>) = self.records.carriers().partition(|((party, _), _)| *party == own);
            // Those it has a place with already stay, so that addresses do not change without need.
            let new = |peer: &PeerId| !whereabouts.relies.iter().any(|(relay, _)| relay == peer);
            for mut group in [first, then] {
                group.sort_by_key(|(_, (peer, _))| (new(peer), peer.clone()));
                for (_, (peer, places)) in group {
                    let direct: Vec<Address> = places.iter().filter(|place| !place.is_relayed()).cloned().collect();
                    if relays.len() < MOST_RELAYS && !direct.is_empty() {
                        relays.push((peer.clone(), direct));
                    }
                }
            }
        }
        if relays != self.whereabouts.relies {
            self.whereabouts.relies.clone_from(&relays);
            self.net.rely_on(relays);
        }
    }

    /// Relays are relied on anew, or not at all.
    pub(super) fn relays_again(&mut self) {
        self.choose_relays(&self.net.reach());
    }
}

#[cfg(test)]
mod tests {
    use counterpart_net::Reservation;

    use super::*;

    fn all(texts: &[&str]) -> Vec<Address> {
        texts.iter().map(|text| Address::parse(text).expect("an address")).collect()
    }

    #[test]
    fn what_others_can_call_is_said_and_the_best_first() {
        let (peer, relay) = (PeerId::from_secret(&[1; 32]), PeerId::from_secret(&[2; 32]));
        let circuit = format!("/ip4/198.51.100.7/tcp/4001/p2p/{relay}/p2p-circuit/p2p/{peer}");
        let further = circuit.replace("/tcp/4001", "/udp/4001/quic-v1");
        let others = all(&[&further]);
        let held = |state| Reservation {
            relay: relay.clone(),
            address: all(&[&circuit]).pop(),
            others: others.clone(),
            state,
        };
        let mut reach = Reach {
            listening: all(&[
                "/ip4/127.0.0.1/tcp/4001",
                "/ip4/192.168.1.2/tcp/4001",
                "/ip6/fe80::1/tcp/4001",
                "/ip6/::1/tcp/4001",
                "/ip4/169.254.3.4/tcp/4001",
            ]),
            confirmed: all(&["/ip4/203.0.113.9/udp/4001/quic-v1"]),
            reservations: vec![held(ReservationState::Held)],
            ..Reach::default()
        };
        let end = format!("/p2p/{peer}");
        assert_eq!(
            addresses(&reach, &peer),
            [
                format!("/ip4/203.0.113.9/udp/4001/quic-v1{end}"),
                circuit.clone(),
                further.clone(),
                format!("/ip4/192.168.1.2/tcp/4001{end}")
            ]
        );
        reach.reservations = vec![held(ReservationState::Asked)];
        assert!(!addresses(&reach, &peer).contains(&circuit), "a place that is not held is none");
        reach = Reach { listening: all(&["/ip4/127.0.0.1/tcp/4001"]), ..Reach::default() };
        assert_eq!(addresses(&reach, &peer), [format!("/ip4/127.0.0.1/tcp/4001{end}")]);
        let many: Vec<String> = (1..=40).map(|port| format!("/ip4/203.0.113.9/tcp/{port}")).collect();
        reach.confirmed = all(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(addresses(&reach, &peer).len(), MAX_ADDRESSES);
    }

    #[test]
    fn who_can_be_reached_beyond_doubt_needs_no_relay() {
        let mut whereabouts = Whereabouts { stays: true, ..Whereabouts::default() };
        let mut reach = Reach {
            listening: all(&["/ip4/192.168.1.2/tcp/4001"]),
            confirmed: all(&["/ip4/203.0.113.9/tcp/4001"]),
            standing: Standing::Public,
            ..Reach::default()
        };
        assert!(!whereabouts.is_open(&reach), "called back through a router that may not let in others");
        reach.listening = all(&["/ip4/203.0.113.9/tcp/4001"]);
        assert!(whereabouts.is_open(&reach) && !whereabouts.carries(&reach));
        reach.standing = Standing::Behind;
        assert!(!whereabouts.is_open(&reach));
        whereabouts.relay = true;
        assert!(!whereabouts.carries(&reach), "nobody would get there");
        whereabouts.announces = true;
        assert!(whereabouts.is_open(&reach) && whereabouts.carries(&reach));
    }
}
