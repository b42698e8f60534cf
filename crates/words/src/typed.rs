//! What a person typed.

use counterpart_core::text;

use crate::error::{CommandError, Done};

/// What a person typed, made ready for signing: normalised, and free of characters that deceive.
pub fn typed(what: &str, input: &str) -> Done<String> {
    let text = text::normalise(input);
    text::check(&text).map_err(|e| CommandError::usage(format!("{what}: {e}")))?;
    if text.trim().is_empty() {
        return Err(CommandError::usage(format!("{what}: it is empty; write at least one word")));
    }
    Ok(text)
}

/// Bytes of a text in an entry.
pub const LONGEST: usize = 16 * 1024;

/// As [`typed`], no longer than a text in an entry can be.
pub fn typed_text(what: &str, input: &str) -> Done<String> {
    let text = typed(what, input)?;
    if text.len() <= LONGEST {
        return Ok(text);
    }
    Err(CommandError::usage(format!("{what} is {} bytes long; an entry holds {LONGEST} at most", text.len()))
        .hint("shorten it, or put it into a file: `counterpart attach CASE FILE`"))
}

/// Bytes of a case's title.
pub const TITLE: usize = 200;

/// Whether a text can be a case's title: one line, not too long.
pub fn is_title(text: &str) -> bool {
    !text.contains('\n') && text.len() <= TITLE
}
