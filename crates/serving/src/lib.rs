//! Accepting connections of HTTP within bounds, and ending them in good order.
//!
//! What is answered, and to whom, is the router's, which comes from outside: nothing here has an address of its own. This
//! crate alone knows hyper.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

/// How long the head of a request usually may take.
pub const HEAD_TIME: Duration = Duration::from_secs(15);

/// How large a head may be.
const HEAD_BYTES: usize = 32 << 10;
const HEADERS: usize = 64;

/// How long to wait where a connection could not be accepted because the machine has no more files or memory, and none of
/// ours ends meanwhile: what others of this process or machine give back is told by nobody.
const SCARCE: Duration = Duration::from_millis(250);

/// What connections may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How many at once, over all listeners.
    pub connections: usize,
    /// How long the head of a request may take; one that is kept open without a request ends after it, too.
    pub head_time: Duration,
    /// Each answers one request and ends, this long after it began at the latest; without it a connection is kept as long
    /// as its requests keep coming.
    pub one_request: Option<Duration>,
    /// How long open requests may take to end once the server stops.
    pub leave: Duration,
}

/// Why an address is not listened at.
#[derive(Debug, thiserror::Error)]
#[error("the address {address} cannot be used: {why}")]
pub struct Unusable {
    pub address: SocketAddr,
    pub why: String,
}

/// Takes an address. Must be called inside a tokio runtime. Gives which one it became, where a port was left open.
///
/// # Errors
/// When it is taken, or none of this machine.
pub async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Unusable> {
    let unusable = |why: io::Error| Unusable { address, why: why.to_string() };
    let listener = TcpListener::bind(address).await.map_err(unusable)?;
    let bound = listener.local_addr().map_err(unusable)?;
    Ok((listener, bound))
}

/// That a server stops, for all that runs within it.
#[derive(Debug, Clone, Default)]
pub struct Stopping(watch::Sender<bool>);

impl Stopping {
    /// It stops from now on.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Waits until it stops; asked afterwards as well.
    pub async fn stopped(&self) {
        // One that is gone has stopped as well.
        drop(self.0.subscribe().wait_for(|stopping| *stopping).await);
    }
}

/// Serves at these listeners until `stop` is done; then takes no more connections, lets open requests end, and cuts what
/// takes longer than it may.
pub async fn serve(
    listeners: impl IntoIterator<Item = TcpListener>,
    router: Router,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
) {
    let stopping = Stopping::default();
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, router.clone(), bounds, Arc::clone(&places), stopping.clone()));
    }
    stop.await;
    stopping.stop();
    while accepting.join_next().await.is_some() {}
}

async fn accept(listener: TcpListener, router: Router, bounds: Bounds, places: Arc<Semaphore>, stopping: Stopping) {
    let mut connections = JoinSet::new();
    loop {
        let next = async { (Arc::clone(&places).acquire_owned().await, listener.accept().await) };
        let refused = tokio::select! {
            (place, accepted) = next => match accepted {
                Ok((stream, _)) => {
                    let served = connection(stream, router.clone(), bounds, stopping.clone());
                    drop(connections.spawn(async move {
                        served.await;
                        drop(place);
                    }));
                    continue;
                }
                Err(why) => why,
            },
            Some(_) = connections.join_next() => continue,
            () = stopping.stopped() => break,
        };
        if is_of_one_caller(&refused) {
            continue;
        }
        // Asking again at once would find the same, as fast as the machine can.
        tokio::select! {
            Some(_) = connections.join_next() => {}
            () = sleep(SCARCE) => {}
            () = stopping.stopped() => break,
        }
    }
    // Whoever calls from now on is refused at once instead of waiting for nothing.
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    drop(timeout(bounds.leave, ended).await);
}

/// A caller who went away before they were answered: the next one may be taken at once.
fn is_of_one_caller(why: &io::Error) -> bool {
    matches!(
        why.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

async fn connection(stream: TcpStream, router: Router, bounds: Bounds, stopping: Stopping) {
    // Events are small, and each is to arrive at once.
    drop(stream.set_nodelay(true));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(bounds.one_request.is_none())
        .header_read_timeout(bounds.head_time)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = std::pin::pin!(served);
    let too_long = async {
        match bounds.one_request {
            Some(most) => sleep(most).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        // Whoever went away took no harm.
        _ = &mut served => return,
        () = too_long => return,
        () = stopping.stopped() => served.as_mut().graceful_shutdown(),
    }
    drop(served.await);
}
