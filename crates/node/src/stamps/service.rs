//! Speaks HTTP with a time-stamp service: a request, and its answer.

use std::{fmt, sync::Arc, time::Duration};

use counterpart_timestamp::MAX_RESPONSE;
use ureq::{
    Agent, Error,
    config::{AutoHeaderValue, Config},
    http::Uri,
    tls::{Certificate, RootCerts, TlsConfig},
};

const LONGEST: usize = 2000;
const MOST_HEADERS: usize = 16 * 1024;

/// The address of a time-stamp service: http or https, a host, nothing secret in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrl(String);

/// Why a text is not a service's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("it should begin with http:// or https:// and name a host")]
    Form,
    #[error("a name and password in it would be kept and sent in the open; services that need them are not supported")]
    Secret,
    #[error("it is longer than {LONGEST} characters")]
    Long,
}

impl ServiceUrl {
    /// Reads an address as a person types it.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(BadUrl::Long);
        }
        let uri: Uri = text.parse().map_err(|_e| BadUrl::Form)?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(BadUrl::Secret);
        }
        let known = matches!(uri.scheme_str(), Some("http" | "https"));
        if known && uri.host().is_some_and(|host| !host.is_empty()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadUrl::Form)
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_https(&self) -> bool {
        self.0.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a service gave no answer. Texts in it may be a stranger's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    #[error("the time-stamp service cannot be reached: {0}")]
    Unreachable(String),
    #[error("the time-stamp service did not answer within {} second{}", .0.as_secs(), if .0.as_secs() == 1 { "" } else { "s" })]
    TimedOut(Duration),
    #[error("there is no time-stamp service at that address: it answers with HTTP status {0}")]
    Status(u16),
    #[error(
        "the time-stamp service points to another address{}: name that one if you trust it",
        .to.as_ref().map_or_else(String::new, |to| format!(" ({to})"))
    )]
    Elsewhere { to: Option<String> },
    #[error("the answer is larger than a time stamp can be")]
    TooLarge,
    #[error("the connection to the time-stamp service is not safe: {0}")]
    Unsafe(String),
    #[error("what answers at that address is not a time-stamp service: {0}")]
    NotHttp(String),
}

/// Sends a request. It goes to that address alone, whatever the answer points to.
pub(super) fn ask(service: &ServiceUrl, request: &[u8], patience: Duration) -> Result<Vec<u8>, ServiceError> {
    let named = |error: Error| named(error, patience);
    let post = agent(service, patience)?.post(service.as_str());
    let post =
        post.header("Content-Type", "application/timestamp-query").header("Accept", "application/timestamp-reply");
    let answer = post.send(request).map_err(named)?;
    let status = answer.status();
    if status.is_redirection() {
        let to = answer.headers().get("Location").and_then(|to| to.to_str().ok());
        return Err(ServiceError::Elsewhere { to: to.map(|to| to.chars().take(LONGEST).collect()) });
    }
    if status.as_u16() != 200 {
        return Err(ServiceError::Status(status.as_u16()));
    }
    answer.into_body().into_with_config().limit(MAX_RESPONSE as u64).read_to_vec().map_err(named)
}

fn agent(service: &ServiceUrl, patience: Duration) -> Result<Agent, ServiceError> {
    let mut config = Config::builder()
        .timeout_global(Some(patience))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_response_header_size(MOST_HEADERS)
        // Nobody needs to know which program asks.
        .user_agent(AutoHeaderValue::None);
    if service.is_https() {
        config = config.tls_config(tls()?);
    }
    Ok(config.build().new_agent())
}

/// Encryption on the way, by the certificates that this machine trusts. It hides who asks when; what is believed of
/// the answer rests on other roots.
pub(crate) fn tls() -> Result<TlsConfig, ServiceError> {
    let found = rustls_native_certs::load_native_certs();
    let roots: Vec<Certificate<'static>> =
        found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    if roots.is_empty() {
        return Err(ServiceError::Unsafe("this machine has no certificates to check https with".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder().root_certs(RootCerts::from(roots));
    Ok(tls.unversioned_rustls_crypto_provider(provider).build())
}

fn named(error: Error, patience: Duration) -> ServiceError {
    match error {
        Error::Timeout(_) => ServiceError::TimedOut(patience),
        Error::HostNotFound => ServiceError::Unreachable("its name is not known; is it typed right?".to_owned()),
        // Encryption that does not come about shows itself as a failed connection.
        Error::Io(why) if why.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
            ServiceError::Unsafe(why.to_string())
        }
        Error::Io(why) => ServiceError::Unreachable(why.to_string()),
        Error::ConnectionFailed => ServiceError::Unreachable("no connection came about".to_owned()),
        Error::BodyExceedsLimit(_) => ServiceError::TooLarge,
        Error::Tls(why) => ServiceError::Unsafe(why.to_owned()),
        Error::Rustls(why) => ServiceError::Unsafe(why.to_string()),
        other => ServiceError::NotHttp(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_looked_at() {
        for good in ["http://time.example", "https://time.example:8443/tsa?policy=1", " HTTP://127.0.0.1:9/ "] {
            assert_eq!(ServiceUrl::parse(good).map(|url| url.0), Ok(good.trim().to_owned()));
        }
        for bad in ["", "time.example", "ftp://time.example/", "http:///x", "https://", "http://a b/", "file:///etc"] {
            assert_eq!(ServiceUrl::parse(bad), Err(BadUrl::Form), "{bad}");
        }
        assert_eq!(ServiceUrl::parse("http://me:secret@time.example/"), Err(BadUrl::Secret));
        assert_eq!(ServiceUrl::parse(&format!("http://{}/", "a".repeat(LONGEST))), Err(BadUrl::Long));
    }
}
