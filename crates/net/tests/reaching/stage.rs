//! Nodes on 127.0.0.1, and what happens to them.

use std::{
    collections::{BTreeSet, VecDeque},
    future::Future,
    sync::Arc,
    time::Duration,
};

use counterpart_net::{
    Address, Channel, Config, Event, Net, OpenError, Path, PeerId, Protocol, Reach, RelayLimits, Reservation,
    ReservationState, TransportSecret,
};
use tokio::{sync::mpsc, time::timeout};

pub(crate) const TCP: &str = "/ip4/127.0.0.1/tcp/0";
pub(crate) const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).expect("valid")
}

pub(crate) fn config(seed: u8, listen: &[&str]) -> Config {
    let mut config = Config::new(TransportSecret::new([seed; 32]));
    config.listen = listen.iter().copied().map(address).collect();
    config
}

/// Nothing here takes long; a test that hangs should say where.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(Duration::from_secs(40), future).await {
        Ok(value) => value,
        Err(_) => panic!("waited too long: {what}"),
    }
}

pub(crate) struct Node {
    pub(crate) net: Arc<Net>,
    events: mpsc::Receiver<Event>,
    inbound: VecDeque<(PeerId, Channel)>,
    /// By what way peers were connected, as it was told.
    pub(crate) paths: Vec<(PeerId, Option<Path>)>,
}

impl Node {
    pub(crate) fn new(config: Config) -> Self {
        let (net, events) = Net::start(config).expect("starts");
        Self { net: Arc::new(net), events, inbound: VecDeque::new(), paths: Vec::new() }
    }

    pub(crate) fn start(seed: u8, listen: &[&str]) -> Self {
        Self::new(config(seed, listen))
    }

    pub(crate) fn relay(seed: u8, listen: &[&str], limits: RelayLimits) -> Self {
        Self::new(Config { relay: Some(limits), ..config(seed, listen) })
    }

    pub(crate) fn id(&self) -> PeerId {
        self.net.peer_id().clone()
    }

    pub(crate) fn know(&self, others: &[&Self]) {
        self.net.know(others.iter().map(|other| other.id()).collect::<BTreeSet<_>>());
    }

    pub(crate) async fn rely_on(&self, relay: &Self) {
        let addresses = soon("listening", relay.net.listen_addresses()).await;
        self.net.rely_on(vec![(relay.id(), addresses)]);
    }

    pub(crate) async fn open(&self, to: &Self, addresses: Vec<Address>) -> Result<Channel, OpenError> {
        soon("opening", self.net.open(to.id(), addresses, Protocol::Case)).await
    }

    /// The next thing that happens.
    async fn next(&mut self) {
        match self.events.recv().await.expect("the node runs") {
            Event::Inbound { peer, channel, .. } => self.inbound.push_back((peer, channel)),
            Event::Path { peer, path } => self.paths.push((peer, path)),
            _ => {}
        }
    }

    pub(crate) async fn inbound(&mut self) -> (PeerId, Channel) {
        let next = async {
            loop {
                if let Some(inbound) = self.inbound.pop_front() {
                    return inbound;
                }
                self.next().await;
            }
        };
        soon("an inbound channel", next).await
    }

    pub(crate) async fn path(&mut self, to: &Self, right: impl Fn(Option<Path>) -> bool) -> Option<Path> {
        let (net, id) = (Arc::clone(&self.net), to.id());
        let told = async {
            while !right(net.path(&id)) {
                self.next().await;
            }
            net.path(&id)
        };
        soon("the path", told).await
    }

    pub(crate) async fn reach(&mut self, what: &str, right: impl Fn(&Reach) -> bool) -> Reach {
        let net = Arc::clone(&self.net);
        let told = async {
            loop {
                let reach = net.reach();
                if right(&reach) {
                    return reach;
                }
                self.next().await;
            }
        };
        match timeout(Duration::from_secs(40), told).await {
            Ok(reach) => reach,
            Err(_) => panic!("waited too long: {what}; now {:?}", net.reach()),
        }
    }

    /// The address by which the node is reached through its one relay, once it is.
    pub(crate) async fn held(&mut self) -> Address {
        let held = |reach: &Reach| {
            matches!(
                reach.reservations.as_slice(),
                [Reservation { state: ReservationState::Held, address: Some(_), .. }]
            )
        };
        let reach = self.reach("a reservation", held).await;
        reach.reservations[0].address.clone().expect("an address")
    }
}

/// Both ends of a channel say something and hear it.
pub(crate) async fn talk(ours: &mut Channel, theirs: &mut Channel) {
    ours.send(b"what was agreed").await.expect("sends");
    assert_eq!(soon("a frame", theirs.recv()).await, Ok(Some(b"what was agreed".to_vec())));
    theirs.send(b"and by when").await.expect("sends");
    assert_eq!(soon("a frame", ours.recv()).await, Ok(Some(b"and by when".to_vec())));
}
