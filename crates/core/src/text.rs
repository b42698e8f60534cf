//! Text that people sign: what it may hold, how typed input becomes it, and how it is shown without surprises.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization as _;

mod hidden;

/// A character that signed text may not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the character U+{:04X} at byte {offset} is not allowed, because it can hide or reorder what people read; \
     take it out",
    u32::from(*.character)
)]
pub struct TextError {
    pub character: char,
    /// Where the character starts, in bytes of UTF-8.
    pub offset: usize,
}

/// Holds a text against the frozen list. Nothing is normalised here: what was signed is judged as it was.
///
/// # Errors
/// The first character of the list, and where it stands.
pub fn check(text: &str) -> Result<(), TextError> {
    if is_printable_ascii(text) {
        return Ok(());
    }
    match text.char_indices().find(|(_, c)| is_frozen(*c)) {
        Some((offset, character)) => Err(TextError { character, offset }),
        None => Ok(()),
    }
}

/// What people type, made ready for signing: NFC, and every line ending a single LF.
#[must_use]
pub fn normalise(input: &str) -> String {
    let mut text = String::with_capacity(input.len());
    let mut after_cr = false;
    for c in input.nfc() {
        match c {
            '\r' => text.push('\n'),
            '\n' if after_cr => {}
            c => text.push(c),
        }
        after_cr = c == '\r';
    }
    text
}

/// A text for terminals, pages and signing prompts: whatever nobody would see in it stands there as `<U+200E>`.
/// Line ends stay. Of the characters that are seen only by what they do to their neighbours, those that do it are
/// left alone, such as the joiner within an emoji.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    shown(text, "\n")
}

/// As [`visible`], on one line: a line end stands there as ` / `.
#[must_use]
pub fn visible_line(text: &str) -> Cow<'_, str> {
    shown(text, " / ")
}

/// As the timeline of a bundle and the verdict on it have a text, which is part of their format
/// (docs/protocol.md): the frozen list, joiners and direction marks, and nothing else, stand there as `<U+200E>`.
#[must_use]
pub fn in_evidence(text: &str) -> Cow<'_, str> {
    written(text, "\n", is_unseen_in_evidence, |_, _| false)
}

/// As [`in_evidence`], on one line: a line end stands there as ` / `.
#[must_use]
pub fn line_in_evidence(text: &str) -> Cow<'_, str> {
    written(text, " / ", is_unseen_in_evidence, |_, _| false)
}

fn is_unseen_in_evidence(c: char) -> bool {
    is_frozen(c) || matches!(c, '\u{200C}'..='\u{200F}')
}

fn shown<'t>(text: &'t str, line_end: &str) -> Cow<'t, str> {
    written(text, line_end, |c| is_frozen(c) || hidden::is_hidden(c), hidden::is_seen_in_place)
}

/// A text with what is unseen written out; but for what is seen where it stands, among these characters at this place.
fn written<'t>(
    text: &'t str,
    line_end: &str,
    unseen: impl Fn(char) -> bool,
    in_place: impl Fn(&[char], usize) -> bool,
) -> Cow<'t, str> {
    let plain = |c: char| !unseen(c) && (c != '\n' || line_end == "\n");
    if is_printable_ascii(text) || text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let all: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in all.iter().copied().enumerate() {
        if plain(c) || (!is_frozen(c) && in_place(&all, at)) {
            out.push(c);
        } else if c == '\n' {
            out.push_str(line_end);
        } else {
            write!(out, "<U+{:04X}>", u32::from(c)).expect("writing to memory does not fail");
        }
    }
    Cow::Owned(out)
}

/// What most texts are: none of it is on any list. All bytes are looked at, many at once.
fn is_printable_ascii(text: &str) -> bool {
    text.bytes().fold(true, |so_far, byte| so_far & (b' '..=b'~').contains(&byte))
}

/// The frozen list of the format. A change here would change which signed statements are valid.
fn is_frozen(c: char) -> bool {
    match c {
        '\n' => false,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => true,
        '\u{061C}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' => true,
        '\u{E0000}'..='\u{E007F}' | '\u{FDD0}'..='\u{FDEF}' => true,
        // The last two code points of every plane are noncharacters.
        c => u32::from(c) & 0xFFFE == 0xFFFE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROZEN: &[(u32, u32)] = &[
        (0x00, 0x09),
        (0x0B, 0x1F),
        (0x7F, 0x9F),
        (0x061C, 0x061C),
        (0x202A, 0x202E),
        (0x2066, 0x2069),
        (0x2028, 0x2029),
        (0xFEFF, 0xFEFF),
        (0xFDD0, 0xFDEF),
        (0xE0000, 0xE007F),
    ];

    #[test]
    fn refuses_exactly_the_frozen_list() {
        for code in 0..=0x0010_FFFF_u32 {
            let Some(c) = char::from_u32(code) else { continue };
            let listed = FROZEN.iter().any(|(from, to)| (*from..=*to).contains(&code)) || code % 0x1_0000 >= 0xFFFE;
            let text = format!("äb{c}");
            let expected = if listed { Err(TextError { character: c, offset: 3 }) } else { Ok(()) };
            assert_eq!(check(&text), expected, "U+{code:04X}");
            if listed {
                assert_eq!(visible(&text), format!("äb<U+{code:04X}>"));
            }
        }
    }

    #[test]
    fn an_error_names_the_character_and_the_place() {
        let error = check("pay \u{202E}001").expect_err("a direction override");
        assert!(error.to_string().starts_with("the character U+202E at byte 4 is not allowed"), "{error}");
    }

    #[test]
    fn typed_text_becomes_signed_text() {
        for (typed, signed) in [
            ("a\r\nb\rc\nd", "a\nb\nc\nd"),
            ("\r\n\r\n", "\n\n"),
            ("\r\r\n\n", "\n\n\n"),
            ("e\u{301}", "\u{E9}"),
            ("\u{1100}\u{1161}", "\u{AC00}"),
            ("\u{212B}", "\u{C5}"),
            ("\u{FB01}", "\u{FB01}"),
            ("", ""),
        ] {
            assert_eq!(normalise(typed), signed, "{typed:?}");
        }
    }

    #[test]
    fn shown_text_hides_nothing() {
        for (text, shown, line) in [
            ("plain", "plain", "plain"),
            ("two\nlines", "two\nlines", "two / lines"),
            ("a\u{200D}b\u{200E}", "a<U+200D>b<U+200E>", "a<U+200D>b<U+200E>"),
            ("pay\u{200B}5\u{AD}", "pay<U+200B>5<U+00AD>", "pay<U+200B>5<U+00AD>"),
            ("\u{200C}\u{200F}", "<U+200C><U+200F>", "<U+200C><U+200F>"),
            ("\u{1b}[31m\tred\r", "<U+001B>[31m<U+0009>red<U+000D>", "<U+001B>[31m<U+0009>red<U+000D>"),
        ] {
            assert_eq!(visible(text), shown);
            assert_eq!(visible_line(text), line);
        }
        assert!(matches!(visible("two\nlines"), Cow::Borrowed(_)));
    }

    #[test]
    fn evidence_is_written_as_its_format_has_it() {
        for (text, shown) in [
            ("plain", "plain"),
            ("a\u{200B}\u{200D}b\u{202E}\u{AD}", "a\u{200B}<U+200D>b<U+202E>\u{AD}"),
            ("\u{1F469}\u{200D}\u{1F467}", "\u{1F469}<U+200D>\u{1F467}"),
        ] {
            assert_eq!(in_evidence(text), shown);
        }
        assert_eq!(line_in_evidence("a\nb\u{200F}"), "a / b<U+200F>");
        assert_eq!(in_evidence("a\nb"), "a\nb");
    }
}
