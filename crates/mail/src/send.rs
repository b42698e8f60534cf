//! Hands a message to a mail server (SMTP, by lettre).
//!
//! lettre's blocking connection counts its timeout for each read, and reads a line however long it is, so a hostile server
//! could hold it for ever or fill the memory. Hence its asynchronous one, over a line of ours that is bounded, inside
//! one deadline for all of it.

use std::{
    error::Error as _,
    fmt,
    net::Ipv4Addr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lettre::transport::smtp::{
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
    commands::{Data, Mail, Rcpt},
    extension::{ClientId, Extension, MailBodyParameter, MailParameter},
};

use crate::{
    address::Address,
    outgoing::{MailError, Outgoing},
    server::{Login, Security, Server, ServerError},
    wire::{Allowance, WireError, connect, converse},
    words,
};

/// What a server may say in one conversation, in bytes. More would cost time: lettre reads a long answer from its beginning
/// for each line of it.
const MOST_SAID: u64 = 16 * 1024;
/// With the certificates that it shows.
const MOST_SAID_TLS: u64 = 48 * 1024;
const LONGEST_WORDS: usize = 300;
/// How long a good-bye is waited for, when all is done.
const GOODBYE: Duration = Duration::from_secs(2);

/// Where in a conversation something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Connecting,
    Protecting,
    LoggingIn,
    /// The sender's address was named.
    Sender,
    /// A receiver's address was named.
    Receiver,
    /// The message was announced.
    Announcing,
    /// The message was given, all of it, and its receipt not yet confirmed.
    HandedOver,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "when it was called",
            Self::Protecting => "when the connection was to be protected",
            Self::LoggingIn => "at the login",
            Self::Sender => "when it heard the sender's address",
            Self::Receiver => "when it heard the receiver's address",
            Self::Announcing => "before the message",
            Self::HandedOver => "after the message",
        })
    }
}

/// A server took a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The bytes it took.
    pub bytes: Vec<u8>,
    /// What it said to that, made safe to show.
    pub said: String,
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("the message cannot be sent: {0}")]
    Message(#[from] MailError),
    #[error("{0}")]
    Server(#[from] ServerError),
    #[error("the mail server {host} was not reached: {why}")]
    Unreachable { host: String, why: String },
    #[error("the mail server {host} could not show that it is the right one: {why}")]
    Untrusted { host: String, why: String },
    #[error("the mail server does not offer what is needed: {0}")]
    Lacking(String),
    #[error("the mail server refused the login: {said}")]
    Login { said: String },
    #[error("the mail server refused for good {step} ({code}): {said}")]
    Refused { step: Step, code: u16, said: String },
    #[error("the mail server refused for now {step} ({code}): {said}")]
    NotNow { step: Step, code: u16, said: String },
    #[error("the mail server broke off {step}: {why}")]
    Broken { step: Step, why: String },
    #[error("the mail server did not answer in time {step}")]
    Late { step: Step },
}

impl SendError {
    /// Whether the same may succeed later without anything being changed.
    #[must_use]
    pub fn may_try_again(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NotNow { .. } | Self::Broken { .. } | Self::Late { .. } => true,
            Self::Message(_)
            | Self::Server(_)
            | Self::Untrusted { .. }
            | Self::Lacking(_)
            | Self::Login { .. }
            | Self::Refused { .. } => false,
        }
    }

    /// Whether it lies in how the server is set up here, so that it would have met any message: trying again helps once that
    /// was put right, and no message is to be given up for it.
    #[must_use]
    pub fn is_of_the_setup(&self) -> bool {
        matches!(self, Self::Server(_) | Self::Untrusted { .. } | Self::Login { .. } | Self::Lacking(_))
            || matches!(self, Self::Refused { step: Step::Connecting | Step::Protecting | Step::LoggingIn, .. })
    }
}

/// Sends a message; blocks for at most the server's patience.
///
/// # Errors
/// Why it was not sent, and whether trying again can help.
pub fn send(server: &Server, message: &Outgoing) -> Result<Sent, SendError> {
    let bytes = message.to_bytes()?;
    send_bytes(server, &message.from, &message.to, bytes)
}

/// Sends a message whose bytes were made before.
///
/// # Errors
/// As [`send`].
pub fn send_bytes(server: &Server, from: &Address, to: &[Address], bytes: Vec<u8>) -> Result<Sent, SendError> {
    if to.is_empty() {
        return Err(MailError::NoReceiver.into());
    }
    let step = Mutex::new(Step::Connecting);
    let said = converse(
        server.patience,
        async {
            let mut line = Conversation::open(server, &step).await?;
            let said = line.hand_over(from, to, &bytes).await;
            line.close().await;
            said
        },
        || Err(SendError::Late { step: *step.lock().unwrap_or_else(PoisonError::into_inner) }),
        |why| Err(SendError::Unreachable { host: server.host.clone(), why }),
    )?;
    Ok(Sent { bytes, said })
}

/// Connects and logs in, and sends nothing.
///
/// # Errors
/// As [`send`].
pub fn test_login(server: &Server) -> Result<(), SendError> {
    let step = Mutex::new(Step::Connecting);
    converse(
        server.patience,
        async {
            Conversation::open(server, &step).await?.close().await;
            Ok(())
        },
        || Err(SendError::Late { step: *step.lock().unwrap_or_else(PoisonError::into_inner) }),
        |why| Err(SendError::Unreachable { host: server.host.clone(), why }),
    )
}

struct Conversation<'s> {
    smtp: AsyncSmtpConnection,
    step: &'s Mutex<Step>,
}

impl<'s> Conversation<'s> {
    async fn open(server: &Server, step: &'s Mutex<Step>) -> Result<Self, SendError> {
        let allowance = Allowance::default();
        allowance.set(if server.security == Security::Plain { MOST_SAID } else { MOST_SAID_TLS });
        let host = words::line(&server.host, 80);
        let line = connect(server, allowance).await.map_err(|e| match e {
            WireError::Server(e) => SendError::Server(e),
            WireError::Unknown(why) | WireError::Closed(why) => SendError::Unreachable { host: host.clone(), why },
            WireError::Tls(why) => SendError::Untrusted { host: host.clone(), why },
        })?;
        // The name of this machine is nobody's business.
        let me = ClientId::Ipv4(Ipv4Addr::LOCALHOST);
        let smtp = AsyncSmtpConnection::connect_with_transport(line, &me).await;
        let mut all = Self { smtp: smtp.map_err(|e| said_of(Step::Connecting, &e))?, step };
        if server.security == Security::StartTls {
            all.at(Step::Protecting);
            if !all.smtp.can_starttls() {
                return Err(SendError::Lacking("it does not protect the connection (STARTTLS)".to_owned()));
            }
            let parameters = tls_parameters(server)?;
            all.smtp.starttls(parameters, &me).await.map_err(|e| {
                // A certificate that does not convince comes as a failed connection.
                if e.status().is_none() && tls_failure(&e) {
                    SendError::Untrusted { host: host.clone(), why: source(&e) }
                } else {
                    said_of(Step::Protecting, &e)
                }
            })?;
        }
        if let Some(login) = &server.login {
            all.at(Step::LoggingIn);
            all.log_in(login).await?;
        }
        Ok(all)
    }

    async fn log_in(&mut self, login: &Login) -> Result<(), SendError> {
        let (mechanisms, credentials): (&[Mechanism], _) = match login {
            Login::Password { user, password } => {
                (&[Mechanism::Plain, Mechanism::Login], Credentials::new(user.clone(), password.reveal().to_owned()))
            }
            Login::Token { user, token } => {
                (&[Mechanism::Xoauth2], Credentials::new(user.clone(), token.reveal().to_owned()))
            }
        };
        if self.smtp.server_info().get_auth_mechanism(mechanisms).is_none() {
            let what = match login {
                Login::Password { .. } => "a login by password (AUTH PLAIN or LOGIN)",
                Login::Token { .. } => "a login by token (AUTH XOAUTH2)",
            };
            return Err(SendError::Lacking(what.to_owned()));
        }
        match self.smtp.auth(mechanisms, &credentials).await {
            Ok(_) => Ok(()),
            Err(e) if e.is_permanent() => Err(SendError::Login { said: source(&e) }),
            // XOAUTH2 tells what was wrong with a token in a challenge that wants no answer (RFC 7628 does the same).
            Err(e) if e.is_client() => Err(SendError::Login { said: "it does not take these credentials".to_owned() }),
            Err(e) => Err(said_of(Step::LoggingIn, &e)),
        }
    }

    async fn hand_over(&mut self, from: &Address, to: &[Address], bytes: &[u8]) -> Result<String, SendError> {
        let mut parameters = Vec::new();
        if !bytes.is_ascii() || !from.email().is_ascii() || to.iter().any(|to| !to.email().is_ascii()) {
            if !self.smtp.server_info().supports_feature(Extension::SmtpUtfEight) {
                let what = "an address in it has letters beyond a to z, which this server cannot handle (SMTPUTF8)";
                return Err(MailError::Library(what.to_owned()).into());
            }
            parameters.push(MailParameter::SmtpUtfEight);
            if self.smtp.server_info().supports_feature(Extension::EightBitMime) {
                parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
            }
        }
        self.at(Step::Sender);
        let heard = self.smtp.command(Mail::new(Some(from.bare()), parameters)).await;
        heard.map_err(|e| said_of(Step::Sender, &e))?;
        self.at(Step::Receiver);
        for to in to {
            let heard = self.smtp.command(Rcpt::new(to.bare(), Vec::new())).await;
            heard.map_err(|e| said_of(Step::Receiver, &e))?;
        }
        self.at(Step::Announcing);
        let heard = self.smtp.command(Data).await.map_err(|e| said_of(Step::Announcing, &e))?;
        if !heard.has_code(354) {
            let why = "it answers before it is asked, or what is not SMTP".to_owned();
            return Err(SendError::Broken { step: Step::Announcing, why });
        }
        self.at(Step::HandedOver);
        // The library ends the last line itself.
        let lines = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
        let taken = self.smtp.message(lines).await.map_err(|e| said_of(Step::HandedOver, &e))?;
        Ok(words::line(&taken.message().collect::<Vec<_>>().join(" "), LONGEST_WORDS))
    }

    async fn close(mut self) {
        drop(tokio::time::timeout(GOODBYE, self.smtp.quit()).await);
    }

    fn at(&self, step: Step) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }
}

fn tls_parameters(server: &Server) -> Result<TlsParameters, SendError> {
    let mut builder = TlsParameters::builder(server.host.clone()).certificate_store(CertificateStore::Default);
    for root in &server.roots {
        let root = Certificate::from_der(root.clone()).map_err(|e| ServerError::Root(source(&e)))?;
        builder = builder.add_root_certificate(root);
    }
    builder.build().map_err(|e| ServerError::Root(source(&e)).into())
}

type SmtpError = lettre::transport::smtp::Error;

fn said_of(step: Step, e: &SmtpError) -> SendError {
    let said = source(e);
    match e.status().map(u16::from) {
        Some(code) if e.is_transient() => SendError::NotNow { step, code, said },
        Some(code) => SendError::Refused { step, code, said },
        None if e.is_client() => SendError::Lacking(said),
        None => SendError::Broken { step, why: said },
    }
}

fn source(e: &SmtpError) -> String {
    let said = e.source().map_or_else(|| e.to_string(), ToString::to_string);
    words::line(&said, LONGEST_WORDS)
}

fn tls_failure(e: &SmtpError) -> bool {
    let mut cause = e.source();
    while let Some(e) = cause {
        if e.is::<tokio_rustls::rustls::Error>() {
            return true;
        }
        let inner = e.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if inner.is_some_and(|inner| inner.is::<tokio_rustls::rustls::Error>()) {
            return true;
        }
        cause = e.source();
    }
    false
}
