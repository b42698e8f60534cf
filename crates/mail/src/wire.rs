//! The line to a server: made within a time, and never carrying more than was allowed.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, ClientConfig, RootCertStore, crypto::ring},
};

use crate::{
    server::{Security, Server, ServerError},
    words,
};

/// Why a line could not be made, or broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WireError {
    Server(ServerError),
    /// Nobody knows the name.
    Unknown(String),
    /// Nobody answers there.
    Closed(String),
    /// The TLS handshake failed; trying again does not help.
    Tls(String),
}

/// Runs a conversation to its end, or to the end of patience; on a thread of its own, so that it can be called from
/// anywhere.
pub(crate) fn converse<T: Send>(
    patience: Duration,
    work: impl Future<Output = T> + Send,
    late: impl FnOnce() -> T + Send,
    unable: impl FnOnce(String) -> T + Send,
) -> T {
    std::thread::scope(|scope| {
        let held = scope.spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build() {
                Ok(runtime) => runtime,
                Err(e) => return unable(said(&e)),
            };
            let done = runtime.block_on(async { tokio::time::timeout(patience, work).await });
            // A name that is being looked up holds a thread that cannot be stopped; it is not waited for.
            runtime.shutdown_background();
            done.unwrap_or_else(|_late| late())
        });
        held.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// How many bytes a server may still say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowance(Arc<AtomicU64>);

impl Allowance {
    /// From here on this many, whatever was left before.
    pub(crate) fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn spend(&self, bytes: usize) {
        self.0.store(self.left().saturating_sub(bytes as u64), Ordering::Relaxed);
    }
}

/// What may come before TLS begins.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Opening {
    No,
    /// STARTTLS was said: one line may answer, and nothing may follow it in the open. Whoever sits between could
    /// otherwise put answers there that look as if they came protected.
    Asked,
    Answered,
}

/// A stream that gives no more than was allowed.
#[derive(Debug)]
pub(crate) struct Guarded<S> {
    inner: S,
    peer: SocketAddr,
    allowance: Allowance,
    opening: Opening,
}

impl<S> Guarded<S> {
    fn new(inner: S, peer: SocketAddr, allowance: Allowance) -> Self {
        Self { inner, peer, allowance, opening: Opening::No }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if self.allowance.left() == 0 {
            return Poll::Ready(Err(io::Error::other("the server says more than any answer needs")));
        }
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if read.is_ready() {
            let came = buf.filled().get(before..).unwrap_or_default();
            self.allowance.spend(came.len());
            if self.opening == Opening::Asked && !came.is_empty() {
                match came.iter().position(|byte| *byte == b'\n') {
                    Some(end) if end + 1 < came.len() => {
                        return Poll::Ready(Err(io::Error::other(
                            "something was slipped in before the protection began",
                        )));
                    }
                    Some(_) => self.opening = Opening::Answered,
                    None => {}
                }
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.opening == Opening::No && bytes.ends_with(b"STARTTLS\r\n") {
            self.opening = Opening::Asked;
        }
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> AsyncTokioStream for Guarded<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

/// A line as either kind of conversation takes it.
pub(crate) type Line = Box<dyn AsyncTokioStream>;

/// Connects; with [`Security::Tls`] the line is protected, with [`Security::StartTls`] it is not yet.
pub(crate) async fn connect(server: &Server, allowance: Allowance) -> Result<Line, WireError> {
    check(server).map_err(WireError::Server)?;
    let found = lookup_host((server.host.as_str(), server.port)).await;
    let mut addresses: Vec<SocketAddr> = found.map_err(|e| WireError::Unknown(said(&e)))?.take(8).collect();
    if addresses.is_empty() {
        return Err(WireError::Unknown("the name leads nowhere".to_owned()));
    }
    if server.security == Security::Plain {
        addresses.retain(|address| address.ip().is_loopback());
        if addresses.is_empty() {
            return Err(WireError::Server(ServerError::PlainElsewhere(server.host.clone())));
        }
    }
    // One that does not answer leaves time for the next.
    let each = server.patience / u32::try_from(addresses.len()).unwrap_or(1).max(1) / 2;
    let mut last = None;
    for address in addresses {
        match tokio::time::timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let line = Guarded::new(stream, address, allowance);
                return if server.security == Security::Tls {
                    protect(server, line, address).await
                } else {
                    Ok(Box::new(line))
                };
            }
            Ok(Err(e)) => last = Some(said(&e)),
            Err(_late) => last = Some("no answer".to_owned()),
        }
    }
    Err(WireError::Closed(last.unwrap_or_default()))
}

/// Goes on under TLS.
pub(crate) async fn protect<S>(server: &Server, line: S, peer: SocketAddr) -> Result<Line, WireError>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug + 'static,
{
    let bad = |_not_a_name| WireError::Server(ServerError::Host(words::line(&server.host, 80)));
    let name = ServerName::try_from(server.host.clone()).map_err(bad)?;
    let connector = TlsConnector::from(Arc::new(client_config(server).map_err(WireError::Server)?));
    let made = connector.connect(name, line).await;
    let stream = made.map_err(|e| match e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) => WireError::Tls(words::line(&tls.to_string(), 200)),
        None => WireError::Closed(said(&e)),
    })?;
    // What was allowed is counted once, below.
    let free = Allowance::default();
    free.set(u64::MAX);
    Ok(Box::new(Guarded::new(stream, peer, free)))
}

fn check(server: &Server) -> Result<(), ServerError> {
    let host = &server.host;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
    if host.is_empty() || host.len() > 253 || !host.chars().all(fits) {
        return Err(ServerError::Host(words::line(host, 80)));
    }
    Ok(())
}

/// The roots of the system, and those of the server's own.
fn roots(server: &Server) -> Result<Vec<CertificateDer<'static>>, ServerError> {
    let mut all = rustls_native_certs::load_native_certs().certs;
    all.extend(server.roots.iter().map(|der| CertificateDer::from(der.clone())));
    if all.is_empty() { Err(ServerError::NoRoots) } else { Ok(all) }
}

fn client_config(server: &Server) -> Result<ClientConfig, ServerError> {
    let mut store = RootCertStore::empty();
    for own in &server.roots {
        let added = store.add(CertificateDer::from(own.clone()));
        added.map_err(|e| ServerError::Root(e.to_string()))?;
    }
    store.add_parsable_certificates(roots(server)?);
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|e| ServerError::Root(e.to_string()))?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

pub(crate) fn said(e: &io::Error) -> String {
    words::line(&e.to_string(), 200)
}
