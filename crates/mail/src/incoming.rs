//! A message from elsewhere: whatever its bytes are, a small plain description of it.
//!
//! The library that parses (mail-parser) sets no limits: it keeps a record for each header field and part however many
//! there are, frees nested messages by recursion, looks for each boundary to the end of the message, and joins continued
//! parameters in quadratic time. So it is only ever given one head of ten known fields, or one part that holds a text,
//! each of bounded size; the parts are told apart here, to a bounded depth and number.

mod fields;
mod parts;

use std::fmt;

use mail_parser::{DateTime, HeaderName, HeaderValue, Message};

use crate::{outgoing::is_id, words};
use fields::Head;

/// Messages larger than this are not looked at.
pub const LARGEST: usize = 25 * 1024 * 1024;

const MOST_SENDERS: usize = 10;
const MOST_RECEIVERS: usize = 50;
const MOST_REFERENCES: usize = 100;
const LONGEST_NAME: usize = 120;
const LONGEST_EMAIL: usize = 254;
const LONGEST_SUBJECT: usize = 500;
const LONGEST_TEXT: usize = 100_000;

/// A message from elsewhere. Every word in it is a claim of whoever wrote it; every text is free of characters that steer
/// or hide, and bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Incoming {
    /// Without angle brackets, as are the others.
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    pub from: Vec<Claimed>,
    /// Whom it went to, openly or as a copy.
    pub to: Vec<Claimed>,
    /// Unix milliseconds.
    pub date: Option<i64>,
    pub subject: String,
    /// What a person reads: its plain text, or what stands in its HTML.
    pub text: String,
    pub attachments: Vec<Attached>,
    /// What was left out because there was too much of it, in words for people.
    pub left_out: Vec<&'static str>,
}

/// An address as a message claims it; not checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claimed {
    pub name: Option<String>,
    pub email: String,
}

impl fmt::Display for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.email),
            None => f.write_str(&self.email),
        }
    }
}

/// A file in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its name as the message has it; never a path to be used.
    pub name: String,
    /// Such as `application/pdf`; what the message says.
    pub kind: String,
    /// About how many bytes it has when unpacked.
    pub size: u64,
}

/// Why bytes are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("it is larger than {} MiB", LARGEST / 1024 / 1024)]
    Large,
    #[error("it is empty")]
    Empty,
    #[error(
        "it is in Outlook's own form (.msg), which only Outlook reads: open it there, choose Save As, and take a form that \
         ends in .eml; or forward it to yourself as an attachment"
    )]
    Outlook,
    #[error("it is not a mail: it has neither sender nor subject nor date where a mail has them")]
    NoMail,
}

impl Incoming {
    /// Reads a message, such as an `.eml` file. Never panics, and takes time and memory in proportion to the size.
    ///
    /// # Errors
    /// When it is no message, or too large.
    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        let (head, body) = open(bytes)?;
        let mut read = Self::default();
        read.take_head(&head);
        parts::read(&head, body, &mut read);
        Ok(read)
    }

    /// The first file in a message that begins with certain bytes. Takes time and memory in proportion to the size.
    ///
    /// # Errors
    /// When it is no message, or too large.
    pub fn file_that_begins(bytes: &[u8], beginning: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let (head, body) = open(bytes)?;
        Ok(parts::file_that_begins(&head, body, beginning))
    }

    fn take_head(&mut self, head: &Head<'_>) {
        if head.was_cut() {
            self.leave_out("some of its head, which is very long");
        }
        let clean = head.all();
        let Some(message) = fields::parser().parse_headers(&clean) else { return };
        self.message_id = ids(&message, HeaderName::MessageId, 1).into_iter().next();
        self.in_reply_to = ids(&message, HeaderName::InReplyTo, MOST_REFERENCES);
        self.references = ids(&message, HeaderName::References, MOST_REFERENCES);
        self.from = addresses(&message, HeaderName::From, MOST_SENDERS);
        self.to = addresses(&message, HeaderName::To, MOST_RECEIVERS);
        let copies = addresses(&message, HeaderName::Cc, MOST_RECEIVERS.saturating_sub(self.to.len()));
        self.to.extend(copies);
        self.subject = message.subject().map(|s| words::line(s, LONGEST_SUBJECT)).unwrap_or_default();
        self.date = message.date().and_then(millis);
    }

    fn leave_out(&mut self, what: &'static str) {
        if !self.left_out.contains(&what) {
            self.left_out.push(what);
        }
    }
}

/// Splits a message that may be one.
fn open(bytes: &[u8]) -> Result<(Head<'_>, &[u8]), ReadError> {
    if bytes.len() > LARGEST {
        return Err(ReadError::Large);
    }
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        return Err(ReadError::Outlook);
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let start = bytes.iter().position(|b| !b.is_ascii_whitespace()).ok_or(ReadError::Empty)?;
    let bytes = bytes.get(start..).unwrap_or_default();
    let (head, body) = Head::split(bytes);
    if !head.is_of_a_message() {
        return Err(ReadError::NoMail);
    }
    Ok((head, body))
}

fn ids(message: &Message<'_>, name: HeaderName<'static>, most: usize) -> Vec<String> {
    let found: Vec<&str> = match message.header(name) {
        Some(HeaderValue::Text(id)) => vec![id],
        Some(HeaderValue::TextList(ids)) => ids.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    };
    let fit = found.into_iter().map(|id| id.trim().trim_matches(['<', '>'])).filter(|id| is_id(id));
    let mut ids: Vec<String> = Vec::new();
    for id in fit {
        if ids.len() == most {
            // Of a long thread its beginning and its latest messages.
            ids.remove(most / 2);
        }
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

fn addresses(message: &Message<'_>, name: HeaderName<'static>, most: usize) -> Vec<Claimed> {
    let Some(HeaderValue::Address(list)) = message.header(name) else { return Vec::new() };
    let claimed = list.iter().filter_map(|one| {
        let email = words::line(one.address()?, LONGEST_EMAIL).replace(' ', "");
        let name = one.name().map(|name| words::line(name, LONGEST_NAME)).filter(|name| !name.is_empty());
        (!email.is_empty()).then_some(Claimed { name, email })
    });
    // Words between commas that nobody quoted are no addresses.
    let (good, odd): (Vec<Claimed>, Vec<Claimed>) = claimed.take(4 * most).partition(|one| one.email.contains('@'));
    let kept = if good.is_empty() { odd } else { good };
    kept.into_iter().take(most).collect()
}

fn millis(date: &DateTime) -> Option<i64> {
    let sound = date.is_valid() && (1970..=9999).contains(&date.year) && date.second < 60;
    sound.then(|| date.to_timestamp().checked_mul(1000)).flatten()
}
