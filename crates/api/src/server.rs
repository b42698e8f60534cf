//! Listening: the routes, of the table, and how it ends.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::{RawPathParams, Request, rejection::RawPathParamsRejection},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{MethodFilter, on},
};
use counterpart_node::{Desk, DeskError, Passphrase, Pulse};
use counterpart_serving::{Bounds, HEAD_TIME, Unusable, listen, serve};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    app::App,
    asked::answer,
    events, once,
    passing::Passing,
    problem::{Kind, Problem},
    rate::Rates,
    table::{BASE, Method, operations},
};

/// What connections may cost.
const BOUNDS: Bounds =
    Bounds { connections: 512, head_time: HEAD_TIME, one_request: None, leave: Duration::from_secs(5) };

/// Bytes of a request's head.
const HEAD: usize = 32 << 10;

/// How programs are served.
#[derive(Debug)]
pub struct ApiOptions {
    /// Where to listen.
    pub address: SocketAddr,
    /// Whether that may be an address that others reach: over a line that anybody between can read, unless a proxy that
    /// speaks TLS stands in front.
    pub anywhere: bool,
    /// What the keys of the home, and of its agents' seats, rest under.
    pub passphrase: Option<Passphrase>,
    /// How many requests one token may make: each second in the long run, and at once after a rest.
    pub rate: (u32, u32),
}

impl ApiOptions {
    /// The usual bounds.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { address, anywhere: false, passphrase: None, rate: (50, 200) }
    }
}

/// Why programs are not served.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error(
        "{0} can be reached from other machines, over a line that anybody between can read: listen on 127.0.0.1 behind a \
         proxy that speaks TLS, or say --api-anywhere"
    )]
    Anywhere(IpAddr),
    #[error("{0}")]
    Address(#[from] Unusable),
    #[error("{0}")]
    Desk(#[from] DeskError),
}

/// What programs ask of a home, listening.
#[derive(Debug)]
pub struct ApiServer {
    app: Arc<App>,
    listener: TcpListener,
    address: SocketAddr,
}

impl ApiServer {
    /// Takes the port. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When others would reach it unasked, the port is taken, or the home does not open.
    pub async fn bind(home: &Path, options: ApiOptions) -> Result<Self, ApiError> {
        let ApiOptions { address, anywhere, passphrase, rate } = options;
        if !anywhere && !address.ip().is_loopback() {
            return Err(ApiError::Anywhere(address.ip()));
        }
        let desk = match &passphrase {
            Some(known) => Desk::open_with(home, Some(known))?,
            None => Desk::open(home)?,
        };
        // It can wait for the next start where the store is busy.
        drop(once::forget_old(&desk));
        let (listener, address) = listen(address).await?;
        let passing = Passing::open(home)?;
        let app = Arc::new(App::new(desk, passing, Rates::new(rate.0, rate.1)));
        Ok(Self { app, listener, address })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// It runs beside this node, and is ready as long as the node is.
    #[must_use]
    pub fn beside(self, pulse: Arc<Pulse>) -> Self {
        // A second node changes nothing: there is one.
        drop(self.app.pulse.set(pulse));
        self
    }

    /// Serves until `stop` is done; then ends what is open.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let mut tasks = JoinSet::new();
        tasks.spawn(events::look(Arc::clone(&self.app)));
        let (router, stopping) = (router(&self.app), self.app.stopping.clone());
        tasks.spawn(async move { serve([self.listener], router, BOUNDS, stopping.stopped()).await });
        stop.await;
        self.app.stopping.stop();
        // What is open ends within its time; the rest has nothing to wait for, or only for the disk.
        let ended = async { while tasks.join_next().await.is_some() {} };
        drop(tokio::time::timeout(BOUNDS.leave * 2, ended).await);
    }
}

/// The routes, of the table.
fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for operation in operations() {
        let filter = match operation.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Put => MethodFilter::PUT,
            Method::Delete => MethodFilter::DELETE,
        };
        let app = Arc::clone(app);
        let handler = move |path: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
            answer(Arc::clone(&app), operation, path, request)
        };
        let beside = matches!(operation.path, "/healthz" | "/readyz");
        let path = if beside { operation.path.to_owned() } else { format!("{BASE}{}", operation.path) };
        router = router.route(&path, on(filter, handler));
    }
    let absent = || async { Problem::new(Kind::NotFound, "there is nothing at this address").into_response() };
    router.fallback(absent).layer(middleware::from_fn(finish))
}

/// How large a request's head was, in bytes.
fn head_of(request: &Request) -> usize {
    let place = request.uri().path_and_query().map_or(0, |place| place.as_str().len());
    let first = request.method().as_str().len() + place + "  HTTP/1.1\r\n".len();
    let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    first + fields.sum::<usize>() + "\r\n".len()
}

/// What every answer says, and a problem's shape for what was refused before it came to us.
async fn finish(request: Request, next: Next) -> Response {
    // What is larger and did not come at once was refused before it came to us.
    let mut response = if head_of(&request) > HEAD {
        let why = format!("what stands before the body is at most {HEAD} bytes");
        Problem::new(Kind::Head, why).with("most", HEAD.into()).into_response()
    } else {
        next.run(request).await
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allow = response.headers().get(header::ALLOW).cloned();
        response = Problem::new(Kind::Method, "this address has no such method").allowing(allow).into_response();
    }
    let headers = response.headers_mut();
    drop(headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
    if !headers.contains_key(header::CACHE_CONTROL) {
        drop(headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    }
    response
}
