//! A mail server and how one logs in there.

use std::{fmt, time::Duration};

use zeroize::Zeroizing;

/// How long one conversation with a server may take, all of it.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (ports 465, 993).
    Tls,
    /// TLS after a first exchange in the open (ports 587, 143); never without.
    StartTls,
    /// Nothing: for a server on this very machine alone.
    Plain,
}

impl Security {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::StartTls => "starttls",
            Self::Plain => "plain",
        }
    }
}

/// A password or token. Never printed; overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Who logs in, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    Password {
        user: String,
        password: Secret,
    },
    /// XOAUTH2, with an access token that another program keeps fresh.
    Token {
        user: String,
        token: Secret,
    },
}

/// A mail server, for sending or for fetching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub login: Option<Login>,
    /// Root certificates trusted beside those of the system, in DER.
    pub roots: Vec<Vec<u8>>,
    /// How long one conversation may take, all of it.
    pub patience: Duration,
}

/// Why a server cannot be used as described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    #[error("'{0}' is not the name of a server")]
    Host(String),
    #[error(
        "a connection without TLS would show the password and every mail to whoever listens; it is only made to this machine itself, and {0} is not"
    )]
    PlainElsewhere(String),
    #[error("a root certificate cannot be used: {0}")]
    Root(String),
    #[error("no root certificates were found on this system, so no server can be trusted")]
    NoRoots,
}
