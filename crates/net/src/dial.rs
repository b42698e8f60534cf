//! Dials under way: who waits for which, and what went wrong where.

use std::{
    collections::{HashMap, hash_map::Entry},
    io,
};

use libp2p::{
    Multiaddr, PeerId, TransportError,
    multiaddr::Protocol,
    swarm::{
        ConnectionId, DialError,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::sync::oneshot;

use crate::{
    address::{Address, leads_through_a_relay, without_peer},
    open::{Connected, Failure, FailureReason, OpenError},
    peer,
};

/// The kinds of ways that are dialled apart, so that none has to wait until another has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Quic,
    Tcp,
    Relayed,
}

impl Lane {
    pub(crate) const ALL: usize = 3;

    pub(crate) fn of(place: &Multiaddr) -> Self {
        if leads_through_a_relay(place) {
            Self::Relayed
        } else if place.iter().any(|part| matches!(part, Protocol::Tcp(_))) {
            Self::Tcp
        } else {
            Self::Quic
        }
    }
}

/// Where the answer to one wish to be connected goes.
pub(crate) type Reply = oneshot::Sender<Result<Connected, OpenError>>;

/// One call that waits for a connection.
pub(crate) struct Waiting {
    /// Where this caller believes the peer to be.
    pub(crate) places: Vec<Multiaddr>,
    /// What already failed before anything was dialled.
    pub(crate) failures: Vec<Failure>,
    /// Whether to call from the port we listen on, so that the other end sees where we could be called: for relays,
    /// which tell others.
    pub(crate) own_port: bool,
    pub(crate) reply: Reply,
}

/// At most one dial a peer in each lane; all calls for that peer wait for it together. When it fails, the places nobody
/// has tried yet are dialled next, so that a wrong address one caller holds never fails another.
#[derive(Default)]
pub(crate) struct Dials(HashMap<PeerId, Dial>);

struct Dial {
    id: ConnectionId,
    own_port: bool,
    trying: Vec<Multiaddr>,
    tried: Vec<(Multiaddr, FailureReason)>,
    waiting: Vec<Waiting>,
}

impl Dials {
    /// Adds a call; `dial` starts a dial.
    pub(crate) fn add(
        &mut self,
        peer: PeerId,
        call: Waiting,
        dial: &mut impl FnMut(DialOpts) -> Result<(), DialError>,
    ) {
        match self.0.entry(peer) {
            Entry::Occupied(mut entry) => entry.get_mut().waiting.push(call),
            Entry::Vacant(_) => {
                let own_port = call.own_port;
                self.go_on(peer, own_port, Vec::new(), vec![call], dial);
            }
        }
    }

    /// A connection with the peer stands, whoever made it.
    pub(crate) fn connected(&mut self, peer: PeerId) {
        for call in self.0.remove(&peer).into_iter().flat_map(|dial| dial.waiting) {
            answer(call.reply, Ok(Connected::Dialled));
        }
    }

    /// A dial failed; one that is not ours is ignored.
    pub(crate) fn failed(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        error: &DialError,
        dial: &mut impl FnMut(DialOpts) -> Result<(), DialError>,
    ) {
        let Some(peer) = peer.filter(|peer| self.0.get(peer).is_some_and(|dial| dial.id == id)) else { return };
        let Some(mut failed) = self.0.remove(&peer) else { return };
        if matches!(error, DialError::Denied { .. }) {
            deny(failed.waiting);
            return;
        }
        // That port may still be bound to an earlier connection with the same place: the others are free.
        if !failed.own_port {
            failed.tried.extend(verdicts(error, &failed.trying));
        }
        self.go_on(peer, false, failed.tried, failed.waiting, dial);
    }

    fn go_on(
        &mut self,
        peer: PeerId,
        mut own_port: bool,
        mut tried: Vec<(Multiaddr, FailureReason)>,
        mut waiting: Vec<Waiting>,
        dial: &mut impl FnMut(DialOpts) -> Result<(), DialError>,
    ) {
        loop {
            let (hopeful, hopeless): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|call| call.places.iter().any(|place| !is_tried(&tried, place)));
            for call in hopeless {
                give_up(peer, call, &tried);
            }
            if hopeful.is_empty() {
                return;
            }
            let mut trying: Vec<Multiaddr> = Vec::new();
            for place in hopeful.iter().flat_map(|call| &call.places) {
                if !is_tried(&tried, place) && !trying.contains(place) {
                    trying.push(place.clone());
                }
            }
            let options = options(peer, own_port, &trying);
            let id = options.connection_id();
            match dial(options) {
                Ok(()) => {
                    self.0.insert(peer, Dial { id, own_port, trying, tried, waiting: hopeful });
                    return;
                }
                Err(DialError::Denied { .. }) => {
                    deny(hopeful);
                    return;
                }
                Err(error) => {
                    tried.extend(verdicts(&error, &trying));
                    own_port = false;
                    waiting = hopeful;
                }
            }
        }
    }
}

fn is_tried(tried: &[(Multiaddr, FailureReason)], place: &Multiaddr) -> bool {
    tried.iter().any(|(other, _)| other == place)
}

fn options(peer: PeerId, own_port: bool, trying: &[Multiaddr]) -> DialOpts {
    let options = DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(trying.to_vec());
    let tcp = trying.iter().any(|place| Lane::of(place) == Lane::Tcp);
    // Over TCP seldom from the port we listen on: when two nodes call each other at the same moment, the two
    // connections would become one in which both believe to be the caller, and the handshake fails.
    if tcp && !own_port { options.allocate_new_port().build() } else { options.build() }
}

fn give_up(peer: PeerId, call: Waiting, tried: &[(Multiaddr, FailureReason)]) {
    let peer = peer::PeerId::from_libp2p(&peer);
    let mut failures = call.failures;
    for (place, reason) in tried.iter().filter(|(place, _)| call.places.contains(place)) {
        failures.extend(Address::from_multiaddr(place).map(|address| Failure { address, reason: reason.clone() }));
    }
    let error =
        if failures.is_empty() { OpenError::NoAddress { peer } } else { OpenError::Unreachable { peer, failures } };
    answer(call.reply, Err(error));
}

/// Only this node's own limits deny a dial.
fn deny(waiting: Vec<Waiting>) {
    for call in waiting {
        answer(call.reply, Err(OpenError::AtLimit));
    }
}

fn answer(reply: Reply, answer: Result<Connected, OpenError>) {
    // The caller may have given up meanwhile.
    drop(reply.send(answer));
}

/// What one failed dial says about each place: at least about one of them, so that going on comes to an end.
fn verdicts(error: &DialError, trying: &[Multiaddr]) -> Vec<(Multiaddr, FailureReason)> {
    let told: Vec<(Multiaddr, FailureReason)> = match error {
        // The first place that answers ends the dial, also when it is the wrong one: the others stay untried.
        DialError::WrongPeerId { obtained, address } => {
            vec![(without_peer(address), FailureReason::WrongPeer(peer::PeerId::from_libp2p(obtained)))]
        }
        DialError::LocalPeerId { address } => {
            vec![(without_peer(address), FailureReason::Other("it leads back to this node".to_owned()))]
        }
        DialError::Transport(places) => {
            places.iter().map(|(address, error)| (without_peer(address), transport(error))).collect()
        }
        _ => Vec::new(),
    };
    let told: Vec<_> = told.into_iter().filter(|(place, _)| trying.contains(place)).collect();
    if !told.is_empty() {
        return told;
    }
    trying.iter().map(|place| (place.clone(), FailureReason::Other(plain(&error.to_string())))).collect()
}

fn transport(error: &TransportError<io::Error>) -> FailureReason {
    let error = match error {
        TransportError::MultiaddrNotSupported(_) => return FailureReason::NotCallable,
        TransportError::Other(error) => error,
    };
    let (kind, words) = innermost(error);
    let lower = words.to_ascii_lowercase();
    if kind == Some(io::ErrorKind::ConnectionRefused) || lower.contains("connection refused") {
        FailureReason::NobodyListens
    } else if kind == Some(io::ErrorKind::TimedOut) || lower.contains("timed out") || lower.contains("timeout") {
        FailureReason::NoAnswer
    } else {
        FailureReason::Other(plain(&words))
    }
}

/// What is said innermost in an error, in printable ASCII.
pub(crate) fn last_words(error: &io::Error) -> String {
    plain(&innermost(error).1)
}

/// The layers wrap each other and not all of them pass the kind on: looks through all for one that says something,
/// and takes the words of the last.
fn innermost(error: &io::Error) -> (Option<io::ErrorKind>, String) {
    let mut words = String::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(layer) = next {
        let inner = layer.downcast_ref::<io::Error>();
        words = layer.to_string();
        if let Some(kind @ (io::ErrorKind::ConnectionRefused | io::ErrorKind::TimedOut)) = inner.map(io::Error::kind) {
            return (Some(kind), words);
        }
        // An io::Error's source skips the error it holds.
        next = match inner.and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => layer.source(),
        };
    }
    (None, words)
}

/// At most 200 characters of printable ASCII: transports repeat what the other side said.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(port: u16) -> Multiaddr {
        format!("/ip4/127.0.0.1/tcp/{port}").parse().expect("valid")
    }

    fn call(ports: &[u16]) -> (Waiting, oneshot::Receiver<Result<Connected, OpenError>>) {
        let (reply, answer) = oneshot::channel();
        let places = ports.iter().copied().map(place).collect();
        (Waiting { places, failures: Vec::new(), own_port: false, reply }, answer)
    }

    fn ports(error: OpenError) -> Vec<String> {
        match error {
            OpenError::Unreachable { failures, .. } => failures.iter().map(|f| f.address.to_string()).collect(),
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn calls_share_a_dial_and_each_fails_only_by_its_own_addresses() {
        let peer = PeerId::random();
        let mut dials = Dials::default();
        let mut begun = Vec::new();
        let mut dial = |options: DialOpts| {
            begun.push(options.connection_id());
            Ok(())
        };
        let (first, mut first_answer) = call(&[1]);
        let (second, mut second_answer) = call(&[1, 2]);
        dials.add(peer, first, &mut dial);
        dials.add(peer, second, &mut dial);
        let refused = DialError::WrongPeerId { obtained: PeerId::random(), address: place(1) };
        let stranger = ConnectionId::new_unchecked(usize::MAX);
        dials.failed(stranger, Some(peer), &refused, &mut dial);
        assert!(first_answer.try_recv().is_err(), "the failure of another dial changes nothing");

        let id = dials.0[&peer].id;
        dials.failed(id, Some(peer), &refused, &mut dial);
        let error = first_answer.try_recv().expect("answered").expect_err("its only address was wrong");
        assert_eq!(ports(error), ["/ip4/127.0.0.1/tcp/1"]);
        assert!(second_answer.try_recv().is_err(), "the other address is being tried");

        dials.connected(peer);
        assert_eq!(second_answer.try_recv(), Ok(Ok(Connected::Dialled)));
        assert_eq!(begun.len(), 2);
        assert!(dials.0.is_empty());
    }

    #[test]
    fn what_fails_from_our_own_port_is_tried_from_another() {
        let peer = PeerId::random();
        let mut dials = Dials::default();
        let mut begun = 0;
        let mut dial = |_: DialOpts| {
            begun += 1;
            Ok(())
        };
        let (mut one, mut answer) = call(&[1]);
        one.own_port = true;
        dials.add(peer, one, &mut dial);
        let wrong = DialError::WrongPeerId { obtained: PeerId::random(), address: place(1) };
        dials.failed(dials.0[&peer].id, Some(peer), &wrong, &mut dial);
        assert!(answer.try_recv().is_err());
        dials.failed(dials.0[&peer].id, Some(peer), &wrong, &mut dial);
        assert!(answer.try_recv().expect("answered").is_err());
        assert_eq!(begun, 2);
    }

    #[test]
    fn a_dial_that_cannot_even_begin_ends() {
        let mut dials = Dials::default();
        let (one, mut answer) = call(&[1, 2]);
        dials.add(PeerId::random(), one, &mut |_| Err(DialError::Aborted));
        let error = answer.try_recv().expect("answered").expect_err("nothing was reached");
        assert_eq!(ports(error).len(), 2);
        let (nowhere, mut answer) = call(&[]);
        dials.add(PeerId::random(), nowhere, &mut |_| Ok(()));
        assert!(matches!(answer.try_recv(), Ok(Err(OpenError::NoAddress { .. }))));
        assert!(dials.0.is_empty());
    }

    #[test]
    fn the_words_of_others_are_made_plain() {
        let error = TransportError::Other(io::Error::other("bad\u{1b}[31m\u{202e}news"));
        assert_eq!(transport(&error), FailureReason::Other("bad[31mnews".to_owned()));
        let error = TransportError::Other(io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused)));
        assert_eq!(transport(&error), FailureReason::NobodyListens);
    }
}
