//! The bag around the payload (RFC 8493): declaration, description, checksums.

use counterpart_core::id::CaseId;
use sha2::{Digest as _, Sha256};

use crate::{layout, timeline};

pub(crate) const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// Version of the bundle's layout and of the words of its timeline.
pub(crate) const VERSION: &str = "1";
const EXPORTED: &str = "Counterpart-Exported: ";
const BUNDLE: &str = "Counterpart-Bundle: ";

/// What `bag-info.txt` says. `octets` and `count` are of the payload; `exported_at` is Unix milliseconds.
pub(crate) fn info(case: &CaseId, exported_at: i64, octets: u64, count: usize) -> String {
    let day: String = timeline::time(exported_at).chars().take_while(|c| *c != ' ').collect();
    let case = layout::case_line(case);
    format!(
        "Bagging-Date: {day}\nExternal-Identifier: {case}\nPayload-Oxum: {octets}.{count}\n{BUNDLE}{VERSION}\n\
         {EXPORTED}{exported_at}\n"
    )
}

/// The time of export that a `bag-info.txt` gives, Unix milliseconds.
pub(crate) fn exported_at(info: &[u8]) -> Option<i64> {
    std::str::from_utf8(info).ok()?.lines().find_map(|line| line.strip_prefix(EXPORTED))?.parse().ok()
}

/// The bundle version that a `bag-info.txt` gives.
pub(crate) fn version(info: &[u8]) -> Option<&str> {
    std::str::from_utf8(info).ok()?.lines().find_map(|line| line.strip_prefix(BUNDLE))
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).expect("a half byte is one hex digit"));
        }
    }
    text
}

/// A manifest: one line a member, in the form of `sha256sum`.
pub(crate) fn manifest<'a>(lines: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, digest) in lines {
        text.push_str(digest);
        text.push_str("  ");
        text.push_str(name);
        text.push('\n');
    }
    text
}

/// The lines of a manifest as it was supplied: name and checksum.
pub(crate) fn lines(manifest: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let text = std::str::from_utf8(manifest).unwrap_or("");
    text.lines().filter_map(|line| line.split_once("  ")).map(|(digest, name)| (name, digest))
}
