//! Answers for whoever watches over a running node: its numbers, whether it lives, and whether it is ready to work. Nothing
//! of a case is in them, and nothing can be done here.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use counterpart_node::{Desk, METRICS_TYPE, Pulse};
use counterpart_serving::{Bounds, HEAD_TIME, Unusable, listen, serve};
use tokio::net::TcpListener;

/// What connections may cost: those who watch are few. One who asks every minute opens a line each time; none is kept for
/// idlers, nor for those who do not take the answer.
const BOUNDS: Bounds = Bounds {
    connections: 16,
    head_time: HEAD_TIME,
    one_request: Some(Duration::from_secs(18)),
    leave: Duration::from_secs(1),
};

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
    pub async fn bind(address: SocketAddr) -> Result<Self, Unusable> {
        let (listener, address) = listen(address).await?;
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
        serve([self.listener], router, BOUNDS, stop).await;
    }
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
