//! Channels that others open.

use std::time::Duration;

use futures::AsyncWriteExt;
use libp2p::PeerId;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use crate::{
    Event, Protocol,
    channel::Channel,
    limits::{Gate, Place},
    line::Line,
    open::TAKEN,
    peer,
    streams::Inbound,
};

/// How long a peer may take to accept the first byte of a channel it asked for.
const WELCOME: Duration = Duration::from_secs(3);

/// Takes streams as they come, and leaves everything that can wait to a task for each.
pub(crate) async fn accept(mut incoming: mpsc::Receiver<Inbound>, gate: Gate, welcome: Welcome) {
    let mut welcomes = JoinSet::new();
    loop {
        tokio::select! {
            next = incoming.recv() => match next {
                Some((peer, protocol, stream)) => {
                    if let Some(place) = gate.enter(peer) {
                        drop(welcomes.spawn(welcome.clone().run(peer, protocol, stream, place)));
                    }
                }
                None => return,
            },
            Some(_) = welcomes.join_next() => {}
        }
    }
}

#[derive(Clone)]
pub(crate) struct Welcome {
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) most: usize,
}

impl Welcome {
    async fn run(self, peer: PeerId, protocol: Protocol, mut stream: Line, place: Place) {
        let told = async {
            stream.write_all(&[TAKEN]).await?;
            stream.flush().await
        };
        if !matches!(timeout(WELCOME, told).await, Ok(Ok(()))) {
            return;
        }
        let peer = peer::PeerId::from_libp2p(&peer);
        let channel = Channel::new(peer.clone(), stream, self.most, place);
        // Waits while the queue is full; a queue nobody reads any more drops the channel, which resets it.
        drop(self.events.send(Event::Inbound { peer, protocol, channel }).await);
    }
}
