//! Telling a receiver over HTTP: to the address that was looked at and no other, once, and not for long.

use std::{net::IpAddr, time::Duration};

use counterpart_core::text::visible_line;
use ureq::{
    Agent, Error,
    config::Config,
    http::{StatusCode, Uri, header},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

use super::{HookSecret, Message, address::is_public};
use crate::stamps::{ServiceError, tls};

const LONGEST_URL: usize = 2000;
const MOST_HEADERS: usize = 16 * 1024;
/// What a receiver asks us to wait is believed up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);

/// Where a receiver is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) url: String,
    /// Whether it may be where only this machine or its network reaches it.
    pub(super) private: bool,
}

/// Why an address is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHookUrl {
    #[error("it should begin with https:// and name a host")]
    Form,
    #[error(
        "a name and password in it would be shown in every list; the signature of each message is what tells who sends"
    )]
    Secret,
    #[error("it is longer than {LONGEST_URL} characters")]
    Long,
    #[error(
        "it begins with http://, so everybody on the way could read along: take https://, or allow it for a receiver in your \
         own network with --allow-private"
    )]
    Plain,
    #[error(
        "{0} is an address that only this machine or its network reaches: a mistyped or hostile name could make this \
         machine call its own insides. If the receiver really is there, say so with --allow-private"
    )]
    Private(IpAddr),
    #[error(
        "{0} is a name of this machine itself, wherever it is looked up. If the receiver really is there, say so with \
         --allow-private"
    )]
    Itself(String),
}

/// Why a receiver did not take a message. Texts in it were made visible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    #[error("it answers with HTTP status 410, which says that it is gone for good")]
    Gone,
    #[error("it answers with HTTP status {status}")]
    Status { status: u16, wait: Option<Duration> },
    #[error(
        "it points to another address{}, which is not followed: add that one if you trust it",
        .to.as_ref().map_or_else(String::new, |to| format!(" ({to})"))
    )]
    Elsewhere { to: Option<String> },
    #[error(
        "its name leads to {0}, an address that only this machine or its network reaches; that was not allowed for it"
    )]
    Private(IpAddr),
    #[error("it did not answer within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("the connection to it is not safe: {0}")]
    Unsafe(String),
    #[error("what answers there does not speak HTTP as it should: {0}")]
    NotHttp(String),
}

impl NotTaken {
    /// How long it asks us to wait at least.
    pub(super) fn wait(&self) -> Duration {
        match self {
            Self::Status { wait, .. } => wait.unwrap_or_default().min(LONGEST_PAUSE),
            _ => Duration::ZERO,
        }
    }
}

/// An address that may not be called, found while a name was looked up.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not public")]
struct Refused(IpAddr);

/// Looks names up, and gives nothing where one address of a name is not to be called. What it gives is what is called:
/// nothing is looked up a second time.
#[derive(Debug)]
struct Checked {
    private: bool,
}

impl Resolver for Checked {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        match found.iter().map(|address| address.ip()).find(|ip| !self.private && !is_public(*ip)) {
            Some(ip) => Err(Error::Other(Box::new(Refused(ip)))),
            None => Ok(found),
        }
    }
}

impl Place {
    /// Reads an address as a person types it. A host that stands there as a number, or by a name that is this machine's
    /// everywhere, is looked at now, every other name whenever it is called.
    pub(super) fn parse(text: &str, private: bool) -> Result<Self, BadHookUrl> {
        let text = text.trim();
        if text.len() > LONGEST_URL {
            return Err(BadHookUrl::Long);
        }
        let uri: Uri = text.parse().map_err(|_e| BadHookUrl::Form)?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(BadHookUrl::Secret);
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(BadHookUrl::Form)?;
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if private => {}
            Some("http") => return Err(BadHookUrl::Plain),
            _ => return Err(BadHookUrl::Form),
        }
        let number: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        match number {
            _ if private => {}
            Some(ip) if !is_public(ip) => return Err(BadHookUrl::Private(ip)),
            None if is_of_this_machine(host) => return Err(BadHookUrl::Itself(visible_line(host).into_owned())),
            _ => {}
        }
        Ok(Self { url: text.to_owned(), private })
    }

    fn is_https(&self) -> bool {
        self.url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    }

    /// Tells a receiver, and gives the status by which it took the message. What it answers besides is not read. `at` in
    /// Unix seconds.
    pub(super) fn tell(
        &self,
        secret: &HookSecret,
        message: &Message,
        at: i64,
        patience: Duration,
    ) -> Result<u16, NotTaken> {
        let named = |error: Error| named(error, patience);
        let post = self.agent(patience)?.post(&self.url);
        let post = post.header(header::CONTENT_TYPE, "application/json").header(header::CONNECTION, "close");
        let post = post.header("webhook-id", &message.id).header("webhook-timestamp", at.to_string());
        let post = post.header("webhook-signature", secret.sign(&message.id, at, &message.body));
        let answer = post.send(&message.body[..]).map_err(named)?;
        let status = answer.status();
        let said = |name: header::HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok());
        match status {
            _ if status.is_success() => Ok(status.as_u16()),
            _ if status.is_redirection() => {
                let to = said(header::LOCATION).map(|to| to.chars().take(LONGEST_URL).collect::<String>());
                Err(NotTaken::Elsewhere { to: to.map(|to| visible_line(&to).into_owned()) })
            }
            StatusCode::GONE => Err(NotTaken::Gone),
            _ => {
                let wait = said(header::RETRY_AFTER).and_then(|wait| wait.trim().parse().ok()).map(Duration::from_secs);
                Err(NotTaken::Status { status: status.as_u16(), wait })
            }
        }
    }

    fn agent(&self, patience: Duration) -> Result<Agent, NotTaken> {
        let mut config = Config::builder()
            .timeout_global(Some(patience))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MOST_HEADERS)
            // Somebody between would look the name up in our place, unchecked.
            .proxy(None)
            .user_agent("Counterpart");
        if self.is_https() {
            config = config.tls_config(tls().map_err(|why| match why {
                ServiceError::Unsafe(why) => NotTaken::Unsafe(why),
                other => NotTaken::Unsafe(other.to_string()),
            })?);
        }
        Ok(Agent::with_parts(config.build(), DefaultConnector::default(), Checked { private: self.private }))
    }
}

/// Whether a name is that of whoever looks it up: `localhost` and all under it (RFC 6761 section 6.3).
fn is_of_this_machine(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn named(error: Error, patience: Duration) -> NotTaken {
    let line = |text: String| visible_line(&text).into_owned();
    match error {
        Error::Timeout(_) => NotTaken::TimedOut(patience),
        Error::HostNotFound => NotTaken::Unreachable("its name is not known".to_owned()),
        Error::Io(why) if why.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
            NotTaken::Unsafe(line(why.to_string()))
        }
        Error::Io(why) => NotTaken::Unreachable(line(why.to_string())),
        Error::ConnectionFailed => NotTaken::Unreachable("no connection came about".to_owned()),
        Error::Tls(why) => NotTaken::Unsafe(why.to_owned()),
        Error::Rustls(why) => NotTaken::Unsafe(line(why.to_string())),
        Error::Other(why) => match why.downcast_ref::<Refused>() {
            Some(Refused(ip)) => NotTaken::Private(*ip),
            None => NotTaken::NotHttp(line(why.to_string())),
        },
        other => NotTaken::NotHttp(line(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_looked_at() {
        for good in ["https://hooks.example/in?x=1", " HTTPS://8.8.8.8:8443/ ", "https://[2606:4700::1111]/"] {
            assert_eq!(Place::parse(good, false).map(|place| place.url), Ok(good.trim().to_owned()), "{good}");
        }
        for bad in
            ["", "hooks.example", "ftp://hooks.example/", "https:///x", "https://", "https://a b/", "file:///etc"]
        {
            assert_eq!(Place::parse(bad, true), Err(BadHookUrl::Form), "{bad}");
        }
        assert_eq!(Place::parse("https://me:secret@hooks.example/", true), Err(BadHookUrl::Secret));
        assert_eq!(Place::parse(&format!("https://{}/", "a".repeat(LONGEST_URL)), true), Err(BadHookUrl::Long));
        assert_eq!(Place::parse("http://hooks.example/", false), Err(BadHookUrl::Plain));
        for private in
            ["https://127.0.0.1/", "https://[::1]:8443/", "https://[::ffff:10.1.2.3]/", "https://169.254.169.254/"]
        {
            assert!(matches!(Place::parse(private, false), Err(BadHookUrl::Private(_))), "{private}");
            assert!(Place::parse(private, true).is_ok(), "{private}");
        }
        for own in
            ["https://localhost/x", "https://LocalHost.:8443/", "https://hooks.localhost/", "https://a.b.localhost./"]
        {
            assert!(matches!(Place::parse(own, false), Err(BadHookUrl::Itself(_))), "{own}");
            assert!(Place::parse(own, true).is_ok(), "{own}");
        }
        for other in ["https://localhost.example/", "https://mylocalhost/"] {
            assert!(Place::parse(other, false).is_ok(), "{other}");
        }
    }

    #[test]
    fn a_name_is_looked_up_before_it_is_called() {
        // The last two are spellings of 127.0.0.1 that look-ups know.
        for url in ["https://localhost/", "https://localhost:1/", "https://2130706433/", "https://0x7f.1/"] {
            // Those by a name of this machine were kept by a version that looked at numbers alone.
            let kept = Place { url: url.to_owned(), private: false };
            let place =
                if url.contains("localhost") { kept } else { Place::parse(url, false).expect("it may be anybody") };
            let told = place.tell(
                &HookSecret::new([1; 32]),
                &Message { id: "msg_1".to_owned(), body: Vec::new() },
                0,
                Duration::from_secs(20),
            );
            assert!(matches!(told, Err(NotTaken::Private(ip)) if ip.is_loopback()), "{url}: {told:?}");
        }
    }

    #[test]
    fn a_receiver_is_not_waited_for_as_long_as_it_likes() {
        let wait = Some(Duration::MAX);
        assert_eq!(NotTaken::Status { status: 503, wait }.wait(), LONGEST_PAUSE);
        assert_eq!(NotTaken::Gone.wait(), Duration::ZERO);
    }
}
