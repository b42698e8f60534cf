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
use tokio::{net::TcpListener, sync::Semaphore, time::timeout};

/// What connections may cost: those who watch are few. One who asks every minute opens a line each time; none is kept for
/// idlers, nor for those who do not take the answer.
const BOUNDS: Bounds = Bounds {
    connections: 16,
    head_time: HEAD_TIME,
    one_request: Some(Duration::from_secs(18)),
    leave: Duration::from_secs(1),
};

/// How long the store is waited for. Where it is known to be away nobody waits.
const ANSWER: Duration = Duration::from_secs(3);

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
    /// Whose turn it is to ask the store whether it can be read, and for its numbers.
    looking: Arc<Semaphore>,
    counting: Arc<Semaphore>,
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
        let (looking, counting) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(1)));
        let seen = Seen { desk, pulse, looking, counting };
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(alive))
            .route("/readyz", get(ready))
            .with_state(Arc::new(seen));
        serve([self.listener], router, BOUNDS, stop).await;
    }
}

async fn metrics(State(seen): State<Arc<Seen>>) -> Response {
    let of_store = asked(&seen, |seen| &seen.counting, |seen| seen.desk.store_numbers(&seen.pulse).ok()).await;
    let text = seen.desk.metrics(&seen.pulse, of_store.flatten().as_ref());
    ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response()
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
    match asked(&seen, |seen| &seen.looking, |seen| seen.desk.not_ready(&seen.pulse)).await {
        Some(None) => told(StatusCode::OK, "ready".to_owned()),
        Some(Some(why)) => told(StatusCode::SERVICE_UNAVAILABLE, why),
        None => told(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer".to_owned()),
    }
}

/// What the store says, where it does in time. Of a store that does not, one at a time asks.
async fn asked<T: Send + 'static>(
    seen: &Arc<Seen>,
    turn: fn(&Seen) -> &Arc<Semaphore>,
    work: impl FnOnce(&Seen) -> T + Send + 'static,
) -> Option<T> {
    let (turn, seen) = (Arc::clone(turn(seen)), Arc::clone(seen));
    let asked = async {
        let held = turn.acquire_owned().await.ok()?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&seen);
            drop(held);
            done
        });
        done.await.ok()
    };
    timeout(ANSWER, asked).await.ok().flatten()
}

fn told(status: StatusCode, line: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{line}\n")).into_response()
}
