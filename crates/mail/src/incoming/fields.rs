//! The head of a message or part: the ten fields that matter, each once and of bounded length.

use std::ops::Range;

use mail_parser::{HeaderName, MessageParser};

/// A head longer than this is read so far.
const LONGEST_HEAD: usize = 256 * 1024;
/// A field longer than this is read so far.
const LONGEST_FIELD: usize = 8 * 1024;

const WANTED: [&str; 11] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Content-Type",
    "Content-Disposition",
    "Content-Transfer-Encoding",
];
/// Where what describes a part begins among them.
const OF_PARTS: usize = 8;

/// The wanted fields of a head; of one that stands there twice the first.
#[derive(Debug, Default)]
pub(super) struct Head<'b> {
    values: [Option<&'b [u8]>; WANTED.len()],
    cut: bool,
}

impl<'b> Head<'b> {
    /// Takes a head off, and gives what follows it.
    pub(super) fn split(bytes: &'b [u8]) -> (Self, &'b [u8]) {
        let mut head = Self::default();
        let mut field: Option<(usize, Range<usize>)> = None;
        let mut at = 0;
        while at < bytes.len() {
            let line = line_from(bytes, at);
            let next = at + line.len();
            let content = trimmed(line);
            if content.is_empty() {
                at = next;
                break;
            }
            if at > LONGEST_HEAD {
                head.cut = true;
            } else if line.starts_with(b" ") || line.starts_with(b"\t") {
                if let Some((_, range)) = &mut field {
                    range.end = next;
                }
            } else {
                head.keep(bytes, field.take());
                field = named(content).map(|(which, colon)| (which, at + colon + 1..next));
            }
            at = next;
        }
        head.keep(bytes, field);
        (head, bytes.get(at..).unwrap_or_default())
    }

    fn keep(&mut self, bytes: &'b [u8], field: Option<(usize, Range<usize>)>) {
        let Some((which, range)) = field else { return };
        let Some(place) = self.values.get_mut(which).filter(|place| place.is_none()) else { return };
        let value = bytes.get(range).unwrap_or_default();
        self.cut |= value.len() > LONGEST_FIELD;
        *place = Some(value.get(..LONGEST_FIELD).unwrap_or(value));
    }

    /// Whether something was too long to be read whole.
    pub(super) fn was_cut(&self) -> bool {
        self.cut
    }

    pub(super) fn is_of_a_message(&self) -> bool {
        // What a part has alone does not make a message; every page of the web has a content type.
        self.values.iter().take(OF_PARTS).any(Option::is_some)
    }

    /// The head anew, with nothing else in it.
    pub(super) fn all(&self) -> Vec<u8> {
        self.written(0)
    }

    /// The same, of what describes a part.
    pub(super) fn of_part(&self) -> Vec<u8> {
        self.written(OF_PARTS)
    }

    fn written(&self, from: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, value) in WANTED.iter().zip(&self.values).skip(from) {
            if let Some(value) = value {
                out.extend_from_slice(name.as_bytes());
                out.push(b':');
                match std::str::from_utf8(trimmed(value)) {
                    Ok(text) => out.extend_from_slice(text.as_bytes()),
                    // From a time when nobody said which letters were meant, and these were meant most often. The last
                    // letter of what was cut may be broken too.
                    Err(_) => out.extend(trimmed(value).iter().map(|b| char::from(*b)).collect::<String>().bytes()),
                }
                out.extend_from_slice(b"\r\n");
            }
        }
        out.extend_from_slice(b"\r\n");
        out
    }
}

/// The line that begins there, with its end.
pub(super) fn line_from(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |end| end + 1);
    rest.get(..end).unwrap_or_default()
}

/// Without the line end, or the ends of several lines.
pub(super) fn trimmed(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |last| last + 1);
    line.get(..end).unwrap_or_default()
}

fn named(line: &[u8]) -> Option<(usize, usize)> {
    let colon = line.iter().take(80).position(|b| *b == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    let which = WANTED.iter().position(|wanted| wanted.as_bytes().eq_ignore_ascii_case(name))?;
    Some((which, colon))
}

pub(super) fn parser() -> MessageParser {
    MessageParser::new()
        .header_content_type(HeaderName::ContentType)
        .header_content_type(HeaderName::ContentDisposition)
        .header_text(HeaderName::ContentTransferEncoding)
        .header_text(HeaderName::Subject)
        .header_date(HeaderName::Date)
        .header_address(HeaderName::From)
        .header_address(HeaderName::To)
        .header_address(HeaderName::Cc)
        .header_id(HeaderName::MessageId)
        .header_id(HeaderName::InReplyTo)
        .header_id(HeaderName::References)
        .default_header_ignore()
}
