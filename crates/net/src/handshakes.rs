//! Connections others began that have not proven a key yet.

use std::{
    collections::{BTreeMap, HashMap},
    future::{Ready, ready},
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use libp2p::{
    Multiaddr, PeerId, Transport,
    core::{
        muxing::StreamMuxerBox,
        transport::{Boxed, DialOpts, ListenerId, TransportError, TransportEvent},
    },
};
use tokio::{sync::oneshot, task::JoinSet, time::sleep};

use crate::{
    limits::{callers, open_files},
    scope::{household, ip},
};

type Output = (PeerId, StreamMuxerBox);

/// How long a caller may take until the connection stands.
const PATIENCE: Duration = Duration::from_secs(8);
/// So many at one time where the system does not say how many files may be open.
const USUAL: usize = 256;

/// How many callers are taken in a row before others have a turn.
const IN_A_ROW: usize = 64;

/// A transport with a bounded number of handshakes under way on the side that was called. Who anybody is shows only
/// at their end, so nobody can be let in before others. When all places are taken, whoever has waited longest goes,
/// of the household that has most of them: a flood from some addresses takes places from itself alone, and even one
/// from the same address leaves every caller the time that all places together last.
///
/// Callers who never get to the end cost little: nobody above hears of them.
pub(crate) struct Handshakes {
    inner: Boxed<Output>,
    places: Places,
    under_way: JoinSet<Option<Caller>>,
}

/// One who got to the end.
struct Caller {
    listener_id: ListenerId,
    output: Output,
    local_addr: Multiaddr,
    send_back_addr: Multiaddr,
}

impl Handshakes {
    pub(crate) fn new(inner: Boxed<Output>) -> Self {
        let most = open_files().map_or(USUAL, callers);
        Self { inner, places: Places::new(most), under_way: JoinSet::new() }
    }

    fn begin(
        &mut self,
        listener_id: ListenerId,
        upgrade: <Boxed<Output> as Transport>::ListenerUpgrade,
        local_addr: Multiaddr,
        send_back_addr: Multiaddr,
    ) {
        let (place, gone) = self.places.enter(ip(&send_back_addr).map(household));
        drop(self.under_way.spawn(async move {
            let _place = place;
            tokio::select! {
                done = upgrade => {
                    done.ok().map(|output| Caller { listener_id, output, local_addr, send_back_addr })
                }
                // Its sender is dropped for that.
                _ = gone => None,
                () = sleep(PATIENCE) => None,
            }
        }));
    }
}

impl Transport for Handshakes {
    type Output = Output;
    type Error = io::Error;
    type ListenerUpgrade = Ready<io::Result<Output>>;
    type Dial = <Boxed<Output> as Transport>::Dial;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<Self::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, options: DialOpts) -> Result<Self::Dial, TransportError<Self::Error>> {
        self.inner.dial(address, options)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        for _ in 0..IN_A_ROW {
            while let Poll::Ready(Some(ended)) = self.under_way.poll_join_next(cx) {
                if let Ok(Some(Caller { listener_id, output, local_addr, send_back_addr })) = ended {
                    let upgrade = ready(Ok(output));
                    let event = TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr };
                    return Poll::Ready(event);
                }
            }
            match Pin::new(&mut self.inner).poll(cx) {
                Poll::Ready(TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr }) => {
                    self.begin(listener_id, upgrade, local_addr, send_back_addr);
                }
                // Of any other event this changes the type alone.
                Poll::Ready(event) => {
                    return Poll::Ready(event.map_upgrade(|_| ready(Err(io::ErrorKind::Other.into()))));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The callers under way, in the order they came. Those who come by a relay are one household.
#[derive(Clone)]
struct Places(Arc<Mutex<Taken>>);

struct Taken {
    most: usize,
    next: u64,
    callers: BTreeMap<u64, (Option<IpAddr>, oneshot::Sender<()>)>,
    households: HashMap<Option<IpAddr>, usize>,
}

impl Places {
    fn new(most: usize) -> Self {
        let taken = Taken { most, next: 0, callers: BTreeMap::new(), households: HashMap::new() };
        Self(Arc::new(Mutex::new(taken)))
    }

    /// A place, and word when it is gone.
    fn enter(&self, from: Option<IpAddr>) -> (Place, oneshot::Receiver<()>) {
        let mut taken = self.taken();
        if taken.callers.len() >= taken.most {
            taken.turn_out();
        }
        let (go, gone) = oneshot::channel();
        let number = taken.next;
        taken.next += 1;
        taken.callers.insert(number, (from, go));
        *taken.households.entry(from).or_default() += 1;
        (Place { places: self.clone(), number }, gone)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn turn_out(&mut self) {
        // Equals are told apart by their address, so that the order of the map does not matter.
        let heaviest = self.households.iter().max_by_key(|(from, count)| (**count, **from)).map(|(from, _)| *from);
        let Some(heaviest) = heaviest else { return };
        let oldest = self.callers.iter().find(|(_, (from, _))| *from == heaviest).map(|(number, _)| *number);
        if let Some(number) = oldest {
            // Dropping its sender is the word.
            self.leave(number);
        }
    }

    fn leave(&mut self, number: u64) {
        let Some((from, _)) = self.callers.remove(&number) else { return };
        if let Some(count) = self.households.get_mut(&from) {
            *count -= 1;
            if *count == 0 {
                self.households.remove(&from);
            }
        }
    }
}

struct Place {
    places: Places,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_takes_places_from_itself() {
        let places = Places::new(10);
        let (quiet, flood) = (Some(IpAddr::from([192, 0, 2, 1])), Some(IpAddr::from([192, 0, 2, 2])));
        let (_one, mut one_gone) = places.enter(quiet);
        let mut callers: Vec<_> = (0..1000).map(|_| places.enter(flood)).collect();
        let (_two, mut two_gone) = places.enter(quiet);
        assert!(one_gone.try_recv() == Err(oneshot::error::TryRecvError::Empty), "the quiet one stays");
        assert!(two_gone.try_recv() == Err(oneshot::error::TryRecvError::Empty), "and another comes in");
        let staying = callers.iter_mut().filter_map(|(_, gone)| gone.try_recv().err());
        assert_eq!(staying.filter(|error| *error == oneshot::error::TryRecvError::Empty).count(), 8);
        assert!(callers.pop().expect("the last").1.try_recv() == Err(oneshot::error::TryRecvError::Empty));
        drop(callers);
        assert_eq!(places.taken().callers.len(), 2);
        assert_eq!(places.taken().households.len(), 1, "nothing is kept of who is gone");
    }
}
