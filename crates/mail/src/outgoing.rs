//! A message to be sent: plain text, to be read by people, the same bytes each time it is written.

use std::{
    fmt::Write as _,
    time::{Duration, UNIX_EPOCH},
};

use lettre::{
    address::Envelope,
    message::{
        Body, Message, MessageBuilder, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType},
    },
};

use crate::address::Address;

const LONGEST_SUBJECT: usize = 500;
const LONGEST_TEXT: usize = 256 * 1024;
const LONGEST_ID: usize = 250;
const MOST_REFERENCES: usize = 20;
const MOST_RECEIVERS: usize = 50;
/// The largest file that goes along, in bytes: what most servers still take once it is encoded.
pub const LARGEST_ATTACHMENT: usize = 15 * 1024 * 1024;
const LONGEST_NAME: usize = 64;

/// A file that goes along with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// ASCII letters, digits, dots, hyphens and underscores; at most 64.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub from: Address,
    /// At least one, unless it is a draft.
    pub to: Vec<Address>,
    pub subject: String,
    pub text: String,
    /// Without angle brackets; [`Outgoing::fresh_id`] makes one. Kept for every attempt to send the same message.
    pub message_id: String,
    /// The message this one answers: its id without angle brackets.
    pub in_reply_to: Option<String>,
    /// The messages before it in the thread, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// Unix milliseconds.
    pub date: i64,
    pub reply_to: Option<Address>,
}

/// Why a message cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    #[error("it has nobody to go to")]
    NoReceiver,
    #[error("it goes to more than {MOST_RECEIVERS} addresses")]
    TooMany,
    #[error("its subject is longer than {LONGEST_SUBJECT} characters")]
    LongSubject,
    #[error("its text is longer than {LONGEST_TEXT} bytes")]
    LongText,
    #[error("its subject holds a line end, or a character that nobody sees")]
    Subject,
    #[error("its text holds a character that steers or hides")]
    Text,
    #[error("'{0}' is not a message's id")]
    Id(String),
    #[error("its date is out of range")]
    Date,
    #[error("the file to go with it has more than {} MiB", LARGEST_ATTACHMENT / 1024 / 1024)]
    LargeAttachment,
    #[error("the file to go with it has a name that not every program takes")]
    AttachmentName,
    #[error("{0}")]
    Library(String),
}

impl Outgoing {
    /// An id for a new message, from 16 random bytes.
    #[must_use]
    pub fn fresh_id(random: [u8; 16], from: &Address) -> String {
        let mut id = String::with_capacity(48);
        for byte in random {
            write!(id, "{byte:02x}").expect("writing to memory does not fail");
        }
        // A domain outside ASCII would make the id one that old programs cannot quote.
        let domain =
            if from.domain().is_ascii() { from.domain().to_ascii_lowercase() } else { "mail.invalid".to_owned() };
        format!("{id}@{domain}")
    }

    /// The message as it is sent (RFC 5322): always the same bytes for the same message.
    ///
    /// # Errors
    /// What in it cannot be sent.
    pub fn to_bytes(&self) -> Result<Vec<u8>, MailError> {
        self.must_go_somewhere()?;
        self.to_draft_bytes()
    }

    /// The message for its owner's mail program, who may be the one to say whom it goes to: without an address it has no
    /// `To`, as RFC 5322 section 3.6 allows. Else the bytes that are sent.
    ///
    /// # Errors
    /// What in it cannot be sent.
    pub fn to_draft_bytes(&self) -> Result<Vec<u8>, MailError> {
        self.check()?;
        let mut builder = self.builder()?;
        if self.to.is_empty() {
            // The library wants an envelope of every message, and finds none here. It is no part of the bytes.
            let own = self.from.mailbox().email;
            let envelope = Envelope::new(Some(own.clone()), vec![own]);
            builder = builder.envelope(envelope.map_err(|e| MailError::Library(e.to_string()))?);
        }
        let message = builder.header(ContentType::TEXT_PLAIN).body(self.body()?);
        Ok(message.map_err(|e| MailError::Library(e.to_string()))?.formatted())
    }

    /// The same with a file: always the same bytes for the same message and file.
    ///
    /// # Errors
    /// What in it cannot be sent.
    pub fn to_bytes_with(&self, attachment: &Attachment) -> Result<Vec<u8>, MailError> {
        self.must_go_somewhere()?;
        self.check()?;
        if attachment.bytes.len() > LARGEST_ATTACHMENT {
            return Err(MailError::LargeAttachment);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if attachment.name.is_empty() || attachment.name.len() > LONGEST_NAME || !attachment.name.chars().all(plain) {
            return Err(MailError::AttachmentName);
        }
        let bytes = Body::new_with_encoding(attachment.bytes.clone(), ContentTransferEncoding::Base64)
            .map_err(|_bytes| MailError::Library("the file cannot be encoded".to_owned()))?;
        let octets = ContentType::parse("application/octet-stream").map_err(|e| MailError::Library(e.to_string()))?;
        // In base64 no line begins with it, and in quoted printable none can hold "=_".
        let boundary = format!("=_{}", self.message_id.split('@').next().unwrap_or_default());
        let parts = MultiPart::mixed()
            .boundary(boundary)
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(self.body()?))
            .singlepart(lettre::message::Attachment::new(attachment.name.clone()).body(bytes, octets));
        let message = self.builder()?.multipart(parts);
        Ok(message.map_err(|e| MailError::Library(e.to_string()))?.formatted())
    }

    /// Everything of it but what it says.
    fn builder(&self) -> Result<MessageBuilder, MailError> {
        let millis = u64::try_from(self.date).map_err(|_before_1970| MailError::Date)?;
        let date = UNIX_EPOCH.checked_add(Duration::from_millis(millis)).ok_or(MailError::Date)?;
        let mut builder = Message::builder().from(self.from.mailbox()).date(date).subject(self.subject.clone());
        for to in &self.to {
            builder = builder.to(to.mailbox());
        }
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.mailbox());
        }
        builder = builder.message_id(Some(format!("<{}>", self.message_id)));
        if let Some(id) = &self.in_reply_to {
            builder = builder.in_reply_to(format!("<{id}>"));
        }
        let references = self.thread();
        if !references.is_empty() {
            builder = builder.references(references);
        }
        Ok(builder.header(lettre::message::header::MIME_VERSION_1_0))
    }

    fn body(&self) -> Result<Body, MailError> {
        let text = self.text.lines().collect::<Vec<_>>().join("\r\n") + "\r\n";
        // Every server takes this; whether one takes eight bits is found out too late.
        // The library takes lines of at most 75 as they are.
        let plain = text.is_ascii() && text.lines().all(|line| line.len() <= 70);
        let encoding = if plain { ContentTransferEncoding::SevenBit } else { ContentTransferEncoding::QuotedPrintable };
        Body::new_with_encoding(text, encoding)
            .map_err(|_text| MailError::Library("its text cannot be encoded".to_owned()))
    }

    fn must_go_somewhere(&self) -> Result<(), MailError> {
        if self.to.is_empty() { Err(MailError::NoReceiver) } else { Ok(()) }
    }

    fn check(&self) -> Result<(), MailError> {
        if self.to.len() > MOST_RECEIVERS {
            return Err(MailError::TooMany);
        }
        if self.subject.chars().count() > LONGEST_SUBJECT {
            return Err(MailError::LongSubject);
        }
        if self.text.len() > LONGEST_TEXT {
            return Err(MailError::LongText);
        }
        if self.subject.chars().any(crate::words::is_unseen) {
            return Err(MailError::Subject);
        }
        if self.text.chars().any(|c| crate::words::is_unseen(c) && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(MailError::Text);
        }
        std::iter::once(&self.message_id)
            .chain(&self.in_reply_to)
            .chain(&self.references)
            .find(|id| !is_id(id))
            .map_or(Ok(()), |id| Err(MailError::Id(crate::words::line(id, 80))))
    }

    /// The ids of the thread; of a long one the first and the latest (RFC 5322 section 3.6.4 keeps them all, and
    /// servers cut lines of thousands).
    fn thread(&self) -> String {
        let ids = &self.references;
        let cut = ids.len().saturating_sub(MOST_REFERENCES - 1);
        let kept = ids.iter().enumerate().filter(|(at, _)| *at == 0 || *at >= cut).map(|(_, id)| format!("<{id}>"));
        kept.collect::<Vec<_>>().join(" ")
    }

    /// A link that opens the message in the person's own mail program, for them to send it there (RFC 6068). Without an
    /// address it names none.
    #[must_use]
    pub fn mailto(&self) -> String {
        let to: Vec<String> = self.to.iter().map(|to| escaped(to.email(), "@")).collect();
        let text = self.text.lines().collect::<Vec<_>>().join("\r\n");
        let mut link =
            format!("mailto:{}?subject={}&body={}", to.join(","), escaped(&self.subject, ""), escaped(&text, ""));
        if let Some(id) = &self.in_reply_to {
            write!(link, "&In-Reply-To={}", escaped(&format!("<{id}>"), "")).expect("writing to memory does not fail");
        }
        link
    }
}

/// Whether this is a message's id that can be quoted: visible ASCII, without brackets.
pub(crate) fn is_id(id: &str) -> bool {
    let visible = |b: u8| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b',' | b'"' | b'\\' | b'(' | b')');
    (3..=LONGEST_ID).contains(&id.len()) && id.bytes().all(visible)
}

fn escaped(text: &str, also: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') || also.as_bytes().contains(&byte)
        {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to memory does not fail");
        }
    }
    out
}
