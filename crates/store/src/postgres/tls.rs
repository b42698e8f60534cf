//! TLS on the way to the database, believed by the roots that this machine believes.

use std::{
    fs,
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

use crate::postgres::refusal::Refusal;

#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ClientConfig>,
}

impl Tls {
    pub(super) fn new() -> Result<Self, Refusal> {
        let mut roots = RootCertStore::empty();
        let native = rustls_native_certs::load_native_certs();
        for root in native.certs {
            // A root of a kind that is not known is none.
            drop(roots.add(root));
        }
        // Read here only for what is said: else a wrong name of the file would look like a wrong certificate.
        let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
        if let Some(why) = named.and_then(|file| unreadable(&file)) {
            return Err(Refusal::Roots(why));
        }
        if roots.is_empty() {
            let why = "this machine has no certificates of authorities to believe: install them (ca-certificates), or name \
                       a file with yours with SSL_CERT_FILE";
            return Err(Refusal::Roots(why.to_owned()));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| Refusal::Other(format!("TLS cannot be used here: {e}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config) })
    }
}

/// Why nothing is known from that file.
fn unreadable(file: &Path) -> Option<String> {
    let shown = file.display();
    match fs::read(file) {
        Err(why) => {
            Some(format!("SSL_CERT_FILE names {shown}, which cannot be read ({why}): correct it, or leave it out"))
        }
        Ok(text) if !text.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") => Some(format!(
            "SSL_CERT_FILE names {shown}, which has no certificate in it (PEM): correct it, or leave it out"
        )),
        Ok(_) => None,
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Secured<S>;
    type TlsConnect = Connect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Connect, io::Error> {
        Ok(Connect { config: Arc::clone(&self.config), host: domain.to_owned() })
    }
}

pub(super) struct Connect {
    config: Arc<ClientConfig>,
    host: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Connect {
    type Stream = Secured<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Secured<S>, io::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let host = ServerName::try_from(self.host).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
            TlsConnector::from(self.config).connect(host, stream).await.map(|stream| Secured(Box::new(stream)))
        })
    }
}

pub(super) struct Secured<S>(Box<tokio_rustls::client::TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Secured<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
