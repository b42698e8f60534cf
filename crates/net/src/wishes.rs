//! What the owner of the handle wants of the task, without waiting for it.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{address::Address, known::Known, peer::PeerId};

/// Peers sought that the task has not come to.
const MOST: usize = 1024;

/// The last word on each; whoever changes it does not wait, and the task takes it when it comes to it.
pub(crate) struct Wishes {
    known: Known,
    said: Mutex<Said>,
    changed: Notify,
}

#[derive(Default)]
struct Said {
    peers: BTreeSet<PeerId>,
    relays: Vec<(PeerId, Vec<Address>)>,
    new_relays: bool,
    sought: BTreeMap<PeerId, Vec<Address>>,
}

impl Wishes {
    pub(crate) fn new(known: Known) -> Self {
        Self { known, said: Mutex::default(), changed: Notify::new() }
    }

    pub(crate) fn know(&self, peers: BTreeSet<PeerId>) {
        let mut said = self.said();
        said.peers = peers;
        self.publish(&said);
    }

    pub(crate) fn rely_on(&self, relays: Vec<(PeerId, Vec<Address>)>) {
        let mut said = self.said();
        said.relays = relays;
        said.new_relays = true;
        self.publish(&said);
    }

    pub(crate) fn seek(&self, peer: PeerId, places: Vec<Address>) {
        let mut said = self.said();
        if said.sought.len() < MOST || said.sought.contains_key(&peer) {
            said.sought.insert(peer, places);
            self.changed.notify_one();
        }
    }

    /// Who is sought where, as far as it was said anew.
    pub(crate) fn sought(&self) -> BTreeMap<PeerId, Vec<Address>> {
        std::mem::take(&mut self.said().sought)
    }

    /// Until something was said since this was last waited for.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The relays, if they were said anew.
    pub(crate) fn relays(&self) -> Option<Vec<(PeerId, Vec<Address>)>> {
        let mut said = self.said();
        let new = std::mem::take(&mut said.new_relays);
        new.then(|| said.relays.clone())
    }

    /// Who is known holds at once, so that nobody who calls right now is taken for a stranger.
    fn publish(&self, said: &Said) {
        let all: HashSet<_> =
            said.peers.iter().chain(said.relays.iter().map(|(relay, _)| relay)).map(PeerId::to_libp2p).collect();
        self.known.replace(all);
        self.changed.notify_one();
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
