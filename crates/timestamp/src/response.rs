//! What a time-stamp service answers: RFC 3161 section 2.4.2.

use der::Tag;

use crate::{
    MAX_TOKEN,
    pieces::{Malformed, Pieces, small},
};

/// Largest answer read: a token and the words around it.
pub const MAX_RESPONSE: usize = MAX_TOKEN + 4096;
const MAX_WORDS: usize = 200;

/// Why an answer brings no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    #[error("the answer is larger than a time stamp can be")]
    TooLarge,
    #[error("the answer is not one of a time-stamp service; is the address right?")]
    Malformed,
    #[error(
        "the service gave no time stamp: {}{}",
        .why,
        .words.as_ref().map_or_else(String::new, |words| format!(" (it says: {words})"))
    )]
    Refused {
        /// What its answer means.
        why: &'static str,
        /// What it says, in its own words: text of a stranger.
        words: Option<String>,
    },
}

impl From<Malformed> for ResponseError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The token in an answer, as it came.
///
/// # Errors
/// When the answer is none, or says that there is no token.
pub fn token(response: &[u8]) -> Result<&[u8], ResponseError> {
    const WHAT: &str = "the answer";
    if response.len() > MAX_RESPONSE {
        return Err(ResponseError::TooLarge);
    }
    let mut answer = Pieces::inside(response, Tag::Sequence, WHAT)?;
    let mut info = answer.enter(Tag::Sequence, WHAT)?;
    let status = small(info.take(Tag::Integer)?).ok_or(ResponseError::Malformed)?;
    let words = match info.optional(Tag::Sequence)? {
        Some(texts) => words(texts.contents)?,
        None => None,
    };
    let failure = info.optional(Tag::BitString)?;
    // Granted, or granted with changes: which ones the check of the token tells.
    if status > 1 {
        let why = failure.and_then(|bits| reason(bits.contents)).unwrap_or(match status {
            3 => "it asks to be asked again later",
            4 | 5 => "its certificate is revoked or about to be",
            _ => "it refuses the request",
        });
        return Err(ResponseError::Refused { why, words });
    }
    info.end()?;
    let token = answer.piece(Tag::Sequence)?.whole;
    answer.end()?;
    if token.len() > MAX_TOKEN { Err(ResponseError::TooLarge) } else { Ok(token) }
}

/// The first of the service's own words.
fn words(texts: &[u8]) -> Result<Option<String>, Malformed> {
    let mut texts = Pieces::new(texts, "the service's words")?;
    let first = if texts.is_empty() { &[][..] } else { texts.take(Tag::Utf8String)? };
    let text: String = String::from_utf8_lossy(first).chars().take(MAX_WORDS).collect();
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

/// `PKIFailureInfo`: the first bit that says something.
fn reason(bits: &[u8]) -> Option<&'static str> {
    const MEANINGS: [(usize, &str); 8] = [
        (0, "it does not take SHA-256"),
        (2, "it does not allow or support the request"),
        (5, "it could not read the request"),
        (14, "its clock is not available"),
        (15, "it does not work under the policy asked for"),
        (16, "it does not take the request's extensions"),
        (17, "something that was asked for is not available"),
        (25, "it has a fault of its own"),
    ];
    let (_unused, bytes) = bits.split_first()?;
    let set = |n: usize| bytes.get(n / 8).is_some_and(|byte| byte & (0x80 >> (n % 8)) != 0);
    MEANINGS.iter().find(|(bit, _)| set(*bit)).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_words() {
        // Rejected, "no", badAlg.
        let answer =
            [0x30, 0x0f, 0x30, 0x0d, 0x02, 0x01, 0x02, 0x30, 0x04, 0x0c, 0x02, b'n', b'o', 0x03, 0x02, 0x07, 0x80];
        let refused = token(&answer).expect_err("no token");
        assert_eq!(refused.to_string(), "the service gave no time stamp: it does not take SHA-256 (it says: no)");
        // Waiting, without more.
        let refused = token(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x03]).expect_err("no token");
        assert!(refused.to_string().contains("asked again later"), "{refused}");
    }

    #[test]
    fn what_is_no_answer_is_told_so() {
        // Granted, and no token.
        let bare: &[u8] = &[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00];
        for bytes in [&b""[..], b"<html>", &[0x30, 0x80], bare] {
            assert_eq!(token(bytes), Err(ResponseError::Malformed), "{bytes:02x?}");
        }
        assert_eq!(token(&vec![0; MAX_RESPONSE + 1]), Err(ResponseError::TooLarge));
    }
}
