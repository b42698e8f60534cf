//! The parts of a message: which text is for people, and which files come with it.

use std::ops::Range;

use mail_parser::{
    ContentType, MimeHeaders as _, PartType,
    decoders::{base64::base64_decode, html::html_to_text},
};

use super::{
    Attached, Incoming, LONGEST_NAME, LONGEST_TEXT,
    fields::{Head, line_from, parser, trimmed},
};
use crate::words;

const DEEPEST: usize = 20;
const MOST_PARTS: usize = 500;
const MOST_ATTACHMENTS: usize = 100;
/// Of each text so much is decoded.
const LONGEST_PART: usize = 512 * 1024;
/// Of all texts together.
const LONGEST_DECODED: usize = 1024 * 1024;
const LONGEST_BOUNDARY: usize = 200;

/// Reads texts and names of files out of a body.
pub(super) fn read(head: &Head<'_>, body: &[u8], into: &mut Incoming) {
    let mut reader = Reader { into, parts: 0, decoded: 0, wanted: None };
    let found = reader.part(head, body, 0);
    let text = if found.plain.is_empty() { found.html } else { found.plain };
    let (text, cut) = words::lines(&text, LONGEST_TEXT);
    if cut {
        into.leave_out("the rest of its text, which is very long");
    }
    into.text = text;
}

/// The first file in a body that begins with certain bytes.
pub(super) fn file_that_begins(head: &Head<'_>, body: &[u8], beginning: &[u8]) -> Option<Vec<u8>> {
    let mut nothing = Incoming::default();
    let wanted = Some(Wanted { beginning, found: None });
    // No text need be decoded.
    let mut reader = Reader { into: &mut nothing, parts: 0, decoded: LONGEST_DECODED, wanted };
    reader.part(head, body, 0);
    reader.wanted.and_then(|wanted| wanted.found)
}

struct Reader<'i> {
    into: &'i mut Incoming,
    parts: usize,
    decoded: usize,
    wanted: Option<Wanted<'i>>,
}

/// A file that is looked for, by its beginning.
struct Wanted<'i> {
    beginning: &'i [u8],
    found: Option<Vec<u8>>,
}

impl Wanted<'_> {
    /// Looks whether this is the file. Only one that is costs more than its first line.
    fn look(&mut self, body: &[u8], encoding: &str) {
        if self.found.is_some() {
            return;
        }
        if !encoding.eq_ignore_ascii_case("base64") {
            if body.starts_with(self.beginning) {
                self.found = Some(body.to_vec());
            }
            return;
        }
        let letter = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        let first: Vec<u8> = body.iter().filter(letter).take(self.beginning.len().div_ceil(3) * 4).copied().collect();
        let fits = base64_decode(&first).is_some_and(|start| start.starts_with(self.beginning));
        self.found = if fits { base64_decode(body) } else { None };
    }
}

/// What a part says, as plain text; what it says in HTML counts where nothing says the same plainly.
#[derive(Default)]
struct Texts {
    plain: String,
    html: String,
}

impl Texts {
    /// What follows says something else.
    fn and(&mut self, next: Self) {
        // Where one part is plain and the other is not, both are to be read.
        let (next_plain, next_html) = match (self.plain.is_empty(), next.plain.is_empty()) {
            (false, true) => (next.html.clone(), next.html),
            (true, false) if !self.html.is_empty() => {
                self.plain.clone_from(&self.html);
                (next.plain.clone(), if next.html.is_empty() { next.plain } else { next.html })
            }
            _ => (next.plain.clone(), if next.html.is_empty() { next.plain } else { next.html }),
        };
        for (text, next) in [(&mut self.plain, next_plain), (&mut self.html, next_html)] {
            if !text.is_empty() && !next.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&next);
        }
    }

    /// What follows says the same in another way.
    fn or(&mut self, next: Self) {
        if self.plain.is_empty() {
            self.plain = next.plain;
        }
        if self.html.is_empty() {
            self.html = next.html;
        }
    }
}

impl Reader<'_> {
    fn part(&mut self, head: &Head<'_>, body: &[u8], depth: usize) -> Texts {
        if self.parts == MOST_PARTS {
            self.into.leave_out("some of its parts: there are very many");
            return Texts::default();
        }
        self.parts += 1;
        let clean = head.of_part();
        let message = parser().parse_headers(&clean);
        let part = message.as_ref().and_then(|message| message.parts.first());
        let kind = part.and_then(|part| part.content_type());
        let boundary = kind.filter(|kind| kind.ctype() == "multipart").and_then(|kind| kind.attribute("boundary"));
        let boundary = boundary.filter(|boundary| (1..=LONGEST_BOUNDARY).contains(&boundary.len()));
        if let Some(boundary) = boundary {
            if depth == DEEPEST {
                self.into.leave_out("what is nested very deeply in it");
                return Texts::default();
            }
            let found = pieces(body, boundary.as_bytes());
            if !found.is_empty() {
                let same = kind.and_then(ContentType::subtype) == Some("alternative");
                let mut texts = Texts::default();
                for piece in found {
                    let (head, body) = Head::split(body.get(piece).unwrap_or_default());
                    let next = self.part(&head, body, depth + 1);
                    if same { texts.or(next) } else { texts.and(next) }
                }
                return texts;
            }
        }
        let disposition = part.and_then(|part| part.content_disposition());
        let name = part.and_then(|part| part.attachment_name());
        let attached = name.is_some() || disposition.is_some_and(ContentType::is_attachment);
        let (of, sub) = kind.map_or(("text", Some("plain")), |kind| (kind.ctype(), kind.subtype()));
        // A multipart whose boundary is nowhere is shown as the text it is.
        let text = match (of, sub) {
            ("text", Some("html")) => Some(true),
            ("text", None | Some("plain" | "enriched" | "markdown")) | ("multipart", _) => Some(false),
            _ => None,
        };
        match text.filter(|_| !attached) {
            // Without its head: the library would look for that boundary within lines too, to any depth.
            Some(html) => self.text(if of == "multipart" { b"\r\n" } else { &clean }, body, html),
            None => {
                let encoding = part.and_then(|part| part.content_transfer_encoding()).unwrap_or_default();
                if let Some(wanted) = &mut self.wanted {
                    wanted.look(body, encoding);
                }
                let kind = format!("{of}/{}", sub.unwrap_or("?"));
                self.attachment(name, &kind, size(body, encoding));
                Texts::default()
            }
        }
    }

    fn attachment(&mut self, name: Option<&str>, kind: &str, size: u64) {
        if self.into.attachments.len() == MOST_ATTACHMENTS {
            self.into.leave_out("the names of some of its files: there are very many");
            return;
        }
        let named = name.map(|name| words::line(name, LONGEST_NAME)).filter(|name| !name.is_empty());
        let unnamed = || if kind == "message/rfc822" { "a message" } else { "a file without a name" }.to_owned();
        let name = named.unwrap_or_else(unnamed);
        self.into.attachments.push(Attached { name, kind: words::line(kind, 80), size });
    }

    /// Lets the library decode one text: its transfer encoding and its letters.
    fn text(&mut self, head: &[u8], body: &[u8], html: bool) -> Texts {
        let room = LONGEST_PART.min(LONGEST_DECODED - self.decoded);
        let mut body = body;
        if body.len() > room {
            self.into.leave_out("the rest of its text, which is very long");
            let cut = body.get(..room).unwrap_or_default();
            // A whole line can be decoded, half a one perhaps not.
            let end = cut.iter().rposition(|b| *b == b'\n').map_or(cut.len(), |end| end + 1);
            body = cut.get(..end).unwrap_or_default();
        }
        self.decoded += body.len();
        let whole = [head, body].concat();
        let message = parser().parse(&whole);
        let decoded = message.as_ref().and_then(|message| message.parts.first()).map(|part| &part.body);
        let text = match decoded {
            Some(PartType::Text(text) | PartType::Html(text)) => text.as_ref().to_owned(),
            Some(PartType::Binary(bytes) | PartType::InlineBinary(bytes)) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            _ => String::from_utf8_lossy(body).into_owned(),
        };
        if html {
            Texts { plain: String::new(), html: html_to_text(&text) }
        } else {
            Texts { plain: text, html: String::new() }
        }
    }
}

/// Where the parts between the lines `--boundary` lie; the last one goes to `--boundary--`, or to the end.
fn pieces(body: &[u8], boundary: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut at, mut start) = (0, None::<usize>);
    while at < body.len() {
        let line = line_from(body, at);
        let next = at + line.len();
        let after = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)).map(trimmed);
        if let Some(after) = after
            && (after.trim_ascii().is_empty() || after.starts_with(b"--"))
        {
            if let Some(start) = start {
                found.push(start..without_line_end(body, start, at));
            }
            if found.len() > MOST_PARTS {
                return found;
            }
            start = Some(next);
            if after.starts_with(b"--") {
                return found;
            }
        }
        at = next;
    }
    found.extend(start.filter(|start| *start < body.len()).map(|start| start..body.len()));
    found
}

/// The line end before a boundary belongs to the boundary.
fn without_line_end(body: &[u8], start: usize, end: usize) -> usize {
    let before = body.get(start..end).unwrap_or_default();
    let before = before.strip_suffix(b"\n").map(|b| b.strip_suffix(b"\r").unwrap_or(b)).unwrap_or(before);
    start + before.len()
}

fn size(body: &[u8], encoding: &str) -> u64 {
    let count = |wanted: fn(&u8) -> bool| body.iter().filter(|b| wanted(b)).count() as u64;
    if encoding.eq_ignore_ascii_case("base64") {
        count(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')) * 3 / 4
    } else if encoding.eq_ignore_ascii_case("quoted-printable") {
        (body.len() as u64).saturating_sub(2 * count(|b| *b == b'='))
    } else {
        body.len() as u64
    }
}
