//! Listening: where, until when, and how it ends.

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::middleware;
use counterpart_node::{Passphrase, now};
use counterpart_serving::{Bounds, HEAD_TIME, Unusable, listen, serve};
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    app::App,
    guard::{Hosts, guard},
    keeper,
    opening::{Claim, OpeningError},
    pages, watch,
};

/// What connections may cost; a browser opens six.
const BOUNDS: Bounds =
    Bounds { connections: 256, head_time: HEAD_TIME, one_request: None, leave: Duration::from_secs(3) };

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
    #[error("{0}")]
    Address(#[from] Unusable),
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
            return Err(Unusable { address: SocketAddr::new(ip, options.port.unwrap_or(0)), why }.into());
        }
        let opening = crate::opening::Opening::of(&home);
        let claim = opening.claim()?.ok_or(ServeError::Running)?;
        let here = |port| listen(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
        let (first, address) = match options.port {
            Some(port) => here(port).await?,
            None => match here(usual_port(&home)).await {
                Ok(listening) => listening,
                Err(_) => here(0).await?,
            },
        };
        let port = address.port();
        let mut listeners = vec![first];
        // A machine without the newer protocol, or with that port taken there: one address is enough.
        let newer = listen(SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port)).await;
        listeners.extend(newer.ok().map(|(listener, _)| listener));
        let more = options.address.filter(|ip| !ip.is_loopback());
        if let Some(ip) = more {
            listeners.push(listen(SocketAddr::new(ip, port)).await?.0);
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
        let (listeners, stopping) = (self.listeners, self.app.stopping.clone());
        tasks.spawn(async move { serve(listeners, router, BOUNDS, stopping.stopped()).await });
        stop.await;
        self.app.stopping.stop();
        let ended = async { while tasks.join_next().await.is_some() {} };
        // The node says goodbye to its peers; whatever else is still open then is cut.
        drop(tokio::time::timeout(BOUNDS.leave * 3, ended).await);
        drop(self.claim);
    }
}
