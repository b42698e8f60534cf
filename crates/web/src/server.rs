//! Listening, and what one connection may cost.

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::{Router, middleware};
use counterpart_node::{Passphrase, now};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use sha2::{Digest as _, Sha256};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use crate::{
    app::{App, stopped},
    guard::{Hosts, guard},
    keeper,
    opening::{Claim, OpeningError},
    pages, watch,
};

/// Connections at once; a browser opens six.
const CONNECTIONS: usize = 256;

/// How long a request's head may take, and how large it may be.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(15);
pub(crate) const HEAD_BYTES: usize = 32 << 10;
pub(crate) const HEADERS: usize = 64;

/// How long open requests may take to end once the server stops.
pub(crate) const LEAVE: Duration = Duration::from_secs(3);

/// How the pages are served.
#[derive(Debug, Default)]
pub struct Options {
    /// The port; without one the home's usual port, or a free one where that is taken.
    pub port: Option<u16>,
    /// An address beside loopback. Whoever can reach it reaches the pages, over a line that anybody between can read.
    pub address: Option<IpAddr>,
    /// What the home's keys rest under.
    pub passphrase: Option<Passphrase>,
    /// Whether to run the node in this process, where none runs for this home.
    pub node: bool,
}

/// Why the pages are not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the pages of this home are served already, by another process")]
    Running,
    #[error("the address {address} cannot be used: {why}")]
    Address { address: SocketAddr, why: String },
    #[error("{0}")]
    Opening(#[from] OpeningError),
}

/// The pages of a home, listening.
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    listeners: Vec<TcpListener>,
    address: SocketAddr,
    node: bool,
    claim: Claim,
}

/// The port at which a home's pages are found unless told otherwise: the same from one start to the next.
#[must_use]
pub fn usual_port(home: &Path) -> u16 {
    let hash = Sha256::digest(home.as_os_str().as_encoded_bytes());
    12_000 + u16::from_be_bytes([hash[0], hash[1]]) % 7_000
}

impl Server {
    /// Takes the port. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the pages of this home are served already, the port is taken or the home cannot be written.
    pub async fn bind(home: &Path, options: Options) -> Result<Self, ServeError> {
        let home = std::path::absolute(home).unwrap_or_else(|_unknown| home.to_owned());
        if let Some(ip) = options.address.filter(IpAddr::is_unspecified) {
            // Browsers say which address they mean, and only known ones are answered.
            let why = "name one address of this machine, as browsers are to call it".to_owned();
            return Err(ServeError::Address { address: SocketAddr::new(ip, options.port.unwrap_or(0)), why });
        }
        let opening = crate::opening::Opening::of(&home);
        let claim = opening.claim()?.ok_or(ServeError::Running)?;
        let first = match options.port {
            Some(port) => listen(Ipv4Addr::LOCALHOST.into(), port).await?,
            None => match listen(Ipv4Addr::LOCALHOST.into(), usual_port(&home)).await {
                Ok(listener) => listener,
                Err(_) => listen(Ipv4Addr::LOCALHOST.into(), 0).await?,
            },
        };
        let unusable = |why: std::io::Error| ServeError::Address {
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0),
            why: why.to_string(),
        };
        let address = first.local_addr().map_err(unusable)?;
        let port = address.port();
        let mut listeners = vec![first];
        // A machine without the newer protocol, or with that port taken there: one address is enough.
        listeners.extend(listen(Ipv6Addr::LOCALHOST.into(), port).await.ok());
        let more = options.address.filter(|ip| !ip.is_loopback());
        if let Some(ip) = more {
            listeners.push(listen(ip, port).await?);
        }
        let hosts = Hosts::of(port, more.map(|ip| SocketAddr::new(ip, port)));
        let app = Arc::new(App::new(&home, options.passphrase, port, hosts));
        app.opening.publish(&format!("http://{address}"))?;
        Ok(Self { app, listeners, address, node: options.node, claim })
    }

    /// Where the pages are.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A link that lets one browser in, once and soon.
    ///
    /// # Errors
    /// When the home cannot be written.
    pub fn link(&self) -> Result<String, OpeningError> {
        Ok(format!("http://{}/open?token={}", self.address, self.app.opening.give(now())?))
    }

    /// Serves until `stop` is done; then ends what is open and stops the node.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let router =
            pages::router(Arc::clone(&self.app)).layer(middleware::from_fn_with_state(Arc::clone(&self.app), guard));
        let mut tasks = JoinSet::new();
        tasks.spawn(watch::watch(Arc::clone(&self.app)));
        tasks.spawn(keeper::keep(Arc::clone(&self.app), self.node));
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        for listener in self.listeners {
            tasks.spawn(accept(Arc::clone(&self.app), listener, router.clone(), Arc::clone(&places)));
        }
        stop.await;
        self.app.stopping.send_replace(true);
        let ended = async { while tasks.join_next().await.is_some() {} };
        // The node says goodbye to its peers; whatever else is still open then is cut.
        drop(tokio::time::timeout(LEAVE * 3, ended).await);
        drop(self.claim);
    }
}

pub(crate) async fn listen(ip: IpAddr, port: u16) -> Result<TcpListener, ServeError> {
    let address = SocketAddr::new(ip, port);
    let bound = TcpListener::bind(address).await;
    bound.map_err(|e| ServeError::Address { address, why: e.to_string() })
}

async fn accept(app: Arc<App>, listener: TcpListener, router: Router, places: Arc<Semaphore>) {
    let mut connections = JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let next = async { (place.await, listener.accept().await) };
        tokio::select! {
            (place, stream) = next => match (place, stream) {
                (Ok(place), Ok((stream, _))) => {
                    drop(connections.spawn(connection(Arc::clone(&app), stream, router.clone(), place)));
                }
                // Out of files, or gone before it was taken.
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
            () = stopped(&app.stopping) => break,
        }
    }
    let ended = async { while connections.join_next().await.is_some() {} };
    drop(tokio::time::timeout(LEAVE, ended).await);
}

async fn connection(app: Arc<App>, stream: TcpStream, router: Router, place: OwnedSemaphorePermit) {
    // Events are small, and each is to arrive at once.
    drop(stream.set_nodelay(true));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = std::pin::pin!(served);
    tokio::select! {
        // A browser that went away took no harm.
        _ = &mut served => {}
        () = stopped(&app.stopping) => {
            served.as_mut().graceful_shutdown();
            drop(served.await);
        }
    }
    drop(place);
}
