//! Answers for whoever watches over a running node: its numbers, whether it lives, and whether it is ready to work. Nothing
//! of a case is in them, and nothing can be done here.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use counterpart_node::{Desk, METRICS_TYPE, Pulse};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

use crate::server::{HEAD_BYTES, HEAD_TIME, HEADERS, LEAVE, ServeError, listen};

/// Connections at once: those who watch are few.
const CONNECTIONS: usize = 16;

/// The answers for whoever watches, listening.
#[derive(Debug)]
pub struct Watched {
    listener: TcpListener,
    address: SocketAddr,
}

/// What is watched.
#[derive(Debug)]
struct Seen {
    desk: Desk,
    pulse: Arc<Pulse>,
}

impl Watched {
    /// Takes the port. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub async fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let listener = listen(address.ip(), address.port()).await?;
        let unusable = |why: std::io::Error| ServeError::Address { address, why: why.to_string() };
        let address = listener.local_addr().map_err(unusable)?;
        Ok(Self { listener, address })
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is done.
    pub async fn serve(self, desk: Desk, pulse: Arc<Pulse>, stop: impl Future<Output = ()>) {
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(alive))
            .route("/readyz", get(ready))
            .with_state(Arc::new(Seen { desk, pulse }));
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let next = async { (Arc::clone(&places).acquire_owned().await, self.listener.accept().await) };
            tokio::select! {
                (place, stream) = next => match (place, stream) {
                    (Ok(place), Ok((stream, _))) => {
                        let router = router.clone();
                        drop(connections.spawn(async move {
                            connection(stream, router).await;
                            drop(place);
                        }));
                    }
                    // Out of files, or gone before it was taken.
                    _ => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                },
                Some(_) = connections.join_next() => {}
                () = &mut stop => break,
            }
        }
        connections.abort_all();
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        // One who asks every minute opens a line each time; none is kept for idlers.
        .keep_alive(false)
        .header_read_timeout(HEAD_TIME)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // One who does not take the answer keeps a place no longer than this; one who went away took no harm.
    drop(tokio::time::timeout(HEAD_TIME + LEAVE, served).await);
}

async fn metrics(State(seen): State<Arc<Seen>>) -> Response {
    match tokio::task::spawn_blocking(move || seen.desk.metrics(&seen.pulse)).await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Ok(Err(why)) => told(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
        Err(_) => told(StatusCode::SERVICE_UNAVAILABLE, "the numbers could not be gathered".to_owned()),
    }
}

/// Whether the node's loop turns; restarting helps where not.
async fn alive(State(seen): State<Arc<Seen>>) -> Response {
    if seen.pulse.is_alive() {
        return told(StatusCode::OK, "alive".to_owned());
    }
    told(StatusCode::SERVICE_UNAVAILABLE, "its loop hangs".to_owned())
}

/// Whether work may be sent here.
async fn ready(State(seen): State<Arc<Seen>>) -> Response {
    match tokio::task::spawn_blocking(move || seen.desk.not_ready(&seen.pulse)).await {
        Ok(None) => told(StatusCode::OK, "ready".to_owned()),
        Ok(Some(why)) => told(StatusCode::SERVICE_UNAVAILABLE, why),
        Err(_) => told(StatusCode::SERVICE_UNAVAILABLE, "the store could not be asked".to_owned()),
    }
}

fn told(status: StatusCode, line: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{line}\n")).into_response()
}
