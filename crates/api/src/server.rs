//! Listening, and what one connection may cost.

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
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use crate::{
    app::{App, stopped},
    asked::answer,
    events, once,
    problem::{Kind, Problem},
    rate::Rates,
    table::{BASE, Method, operations},
};

/// Connections at once.
const CONNECTIONS: usize = 512;

/// How long a request's head may take, and how large it may be.
const HEAD_TIME: Duration = Duration::from_secs(15);
const HEAD_BYTES: usize = 32 << 10;
const HEADERS: usize = 64;

/// How long open requests may take to end once the server stops.
const LEAVE: Duration = Duration::from_secs(5);

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
    /// Requests that one token may make a second in the long run, and at once.
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
    #[error("the address {address} cannot be used: {why}")]
    Address { address: SocketAddr, why: String },
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
        let unusable = |why: std::io::Error| ApiError::Address { address, why: why.to_string() };
        let listener = TcpListener::bind(address).await.map_err(unusable)?;
        let bound = listener.local_addr().map_err(unusable)?;
        let app = Arc::new(App::new(desk, Rates::new(rate.0, rate.1)));
        Ok(Self { app, listener, address: bound })
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
        tasks.spawn(accept(Arc::clone(&self.app), self.listener, router(&self.app)));
        stop.await;
        self.app.stopping.send_replace(true);
        let ended = async { while tasks.join_next().await.is_some() {} };
        drop(tokio::time::timeout(LEAVE * 2, ended).await);
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

/// What every answer says, and a problem's shape for what was refused before it came to us.
async fn finish(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
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

async fn accept(app: Arc<App>, listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
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
        // A program that went away took no harm.
        _ = &mut served => {}
        () = stopped(&app.stopping) => {
            served.as_mut().graceful_shutdown();
            drop(served.await);
        }
    }
    drop(place);
}
