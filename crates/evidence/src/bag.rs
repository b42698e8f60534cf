//! The bag around the payload (RFC 8493): declaration, description, checksums.

use counterpart_core::id::CaseId;
use sha2::{Digest as _, Sha256};

use crate::{archive::MAX_NAME, layout, timeline};

pub(crate) const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// Version of the bundle's layout and of the words of its timeline.
pub(crate) const VERSION: &str = "2";
const BUNDLE: &str = "Counterpart-Bundle: ";

pub(crate) type Sha = [u8; 32];

/// What `bag-info.txt` says. `octets` and `count` are of the payload; `exported_at` is Unix milliseconds.
pub(crate) fn info(case: &CaseId, exported_at: i64, octets: u64, count: usize) -> String {
    let day: String = timeline::time(exported_at).chars().take_while(|c| *c != ' ').collect();
    let case = layout::case_line(case);
    format!(
        "Bagging-Date: {day}\nExternal-Identifier: {case}\nPayload-Oxum: {octets}.{count}\n{BUNDLE}{VERSION}\n\
         Counterpart-Exported: {exported_at}\n"
    )
}

/// The bundle version that a `bag-info.txt` gives.
pub(crate) fn version(info: &[u8]) -> Option<&str> {
    let line = info.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(BUNDLE.as_bytes()))?;
    std::str::from_utf8(line).ok()
}

pub(crate) fn digest(bytes: &[u8]) -> Sha {
    Sha256::digest(bytes).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    put_hex(&mut text, bytes);
    text
}

/// In lower-case digits.
pub(crate) fn put_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(DIGITS[usize::from(half)])));
}

/// A manifest: one line a member, in the form of `sha256sum`.
pub(crate) fn manifest<'a>(lines: impl IntoIterator<Item = (&'a str, Sha)>) -> String {
    let mut text = String::new();
    for (name, digest) in lines {
        put_hex(&mut text, &digest);
        text.push_str("  ");
        text.push_str(name);
        text.push('\n');
    }
    text
}

/// The lines of a well-formed manifest, name and checksum, ascending by name.
pub(crate) fn lines(manifest: &[u8]) -> Option<Vec<(&str, Sha)>> {
    let mut lines: Vec<(&str, Sha)> = Vec::new();
    if manifest.is_empty() {
        return Some(lines);
    }
    let text = std::str::from_utf8(manifest).ok()?.strip_suffix('\n')?;
    for line in text.split('\n') {
        let (digest, name) = line.split_once("  ")?;
        let digest = unhex(digest)?;
        let plain = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
        if !plain || lines.last().is_some_and(|(last, _)| *last >= name) {
            return None;
        }
        lines.push((name, digest));
    }
    Some(lines)
}

/// Whether a list of checksums has a line with this one for a name.
pub(crate) fn lists(manifest: &[u8], name: &str, digest: Sha) -> bool {
    let line = self::manifest([(name, digest)]);
    manifest.split_inclusive(|b| *b == b'\n').any(|found| found == line.as_bytes())
}

/// From 64 lower-case digits.
pub(crate) fn unhex(text: &str) -> Option<Sha> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}
