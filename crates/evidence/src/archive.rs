//! The one ZIP form of a bundle: members in ascending byte order of name, stored, dated 1980-01-01 00:00, with no
//! extra fields, comments or data descriptors.
//!
//! A reader that is lenient about ZIP can be shown other contents than the next reader. So after reading, the file
//! is written anew from what was read, and must come out byte for byte.

use std::{
    collections::BTreeSet,
    io::{Cursor, Write as _},
};

use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::failure::{Failure, FailureKind};

/// Largest bundle, in bytes.
pub const MAX_BUNDLE: usize = 512 << 20;
/// Largest member that is not the document or the timeline: what people sign is far smaller.
const MAX_PART: u64 = 64 << 10;
/// Names in a bundle are shorter.
const MAX_NAME: usize = 200;
/// Offset of the checksum in a local header.
const CRC: std::ops::Range<usize> = 14..18;
const LOCAL_HEADER: usize = 30;
/// Length of a directory header before the name.
const DIRECTORY_HEADER: usize = 46;
/// The closing record of a ZIP file without comment.
const END: [u8; 4] = *b"PK\x05\x06";
const END_SIZE: usize = 22;

/// A member where it lies in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member<'b> {
    pub(crate) name: &'b str,
    pub(crate) bytes: &'b [u8],
}

/// Finds the members. Nothing is copied, and no declared size is believed before it is held against the file.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Member<'_>>, Failure> {
    if bytes.len() > MAX_BUNDLE {
        let why = format!("the file is larger than a bundle may be ({} MiB); it is none", MAX_BUNDLE >> 20);
        return Err(Failure::whole(FailureKind::TooLarge, why));
    }
    // The end is looked for in one place only, so that a comment cannot offer a second one.
    let end = bytes.len().checked_sub(END_SIZE).and_then(|at| bytes.get(at..));
    if !end.is_some_and(|end| end.starts_with(&END) && end.ends_with(&[0, 0])) || !bytes.starts_with(b"PK\x03\x04") {
        return Err(not_a_bundle("it is no ZIP file, was cut short, or something was put before or after it"));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| not_a_bundle(&e.to_string()))?;
    if archive.has_duplicate_names() {
        return Err(not_canonical(doubled(bytes), "two parts have one name"));
    }
    let mut members: Vec<Member<'_>> = Vec::with_capacity(archive.len());
    let mut end_of_last = 0;
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|e| not_a_bundle(&e.to_string()))?;
        let start = file.data_start().and_then(|start| usize::try_from(start).ok());
        let start = start.ok_or_else(|| not_a_bundle("a part lies nowhere in it"))?;
        let name_len = file.name_raw().len();
        let header = start.checked_sub(name_len).ok_or_else(|| not_a_bundle("a part lies before its own beginning"))?;
        // The name is taken from the local header, where it can be borrowed; the comparison at the end finds any
        // difference to the directory's.
        let name = bytes.get(header..start).filter(|n| *n == file.name_raw() && n.len() <= MAX_NAME);
        let name = name.and_then(|n| std::str::from_utf8(n).ok()).filter(|n| n.is_ascii());
        let name =
            name.ok_or_else(|| not_canonical(None, "a part's name is written in two ways, too long or not plain"))?;
        if file.compression() != CompressionMethod::Stored || file.compressed_size() != file.size() {
            return Err(not_canonical(Some(name), "it is compressed or encrypted"));
        }
        let large = matches!(name, "data/record.automerge" | "data/timeline.txt" | "manifest-sha256.txt");
        if !large && file.size() > MAX_PART {
            return Err(not_canonical(Some(name), "it is larger than any such part"));
        }
        let size = usize::try_from(file.size()).map_err(|_large| not_a_bundle("a part is larger than the file"))?;
        let data = start.checked_add(size).and_then(|end| bytes.get(start..end));
        let data = data.ok_or_else(|| not_canonical(Some(name), "it claims more bytes than the file has"))?;
        if header < end_of_last || members.last().is_some_and(|last| last.name >= name) {
            return Err(not_canonical(Some(name), "it is out of order, or overlaps the part before it"));
        }
        end_of_last = start + size;
        members.push(Member { name, bytes: data });
    }
    Ok(members)
}

/// Whether the file is the one that [`write`] makes of its members; else where it first is not.
pub(crate) fn check_form(bytes: &[u8], members: &[Member<'_>]) -> Result<(), Failure> {
    let canonical = write(members).map_err(|e| not_a_bundle(&e.to_string()))?;
    if canonical == bytes {
        return Ok(());
    }
    let differs = canonical.iter().zip(bytes).position(|(a, b)| a != b).unwrap_or(canonical.len().min(bytes.len()));
    let mut header = 0;
    for member in members {
        let data = header + LOCAL_HEADER + member.name.len();
        let end = data + member.bytes.len();
        if differs < end {
            let checksum = (header + CRC.start..header + CRC.end).contains(&differs);
            return Err(if checksum {
                Failure::of(
                    member.name,
                    FailureKind::AlteredMember,
                    "its contents do not fit its checksum; it was altered",
                )
            } else {
                not_canonical(Some(member.name), "its header is not written the one way")
            });
        }
        header = end;
    }
    Err(not_canonical(None, "its directory is not written the one way"))
}

/// Writes members, given in ascending order of name, in the one form.
pub(crate) fn write(members: &[Member<'_>]) -> Result<Vec<u8>, ZipError> {
    let size: usize = members.iter().map(|m| 2 * m.name.len() + m.bytes.len() + 128).sum();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(0o644)
        .large_file(false);
    let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(size)));
    for member in members {
        writer.start_file(member.name, options)?;
        writer.write_all(member.bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The name that the directory lists twice. The library has found that there is one, but gives only the last of each.
fn doubled(bytes: &[u8]) -> Option<&str> {
    let short = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let start = bytes.get(bytes.len() - 6..bytes.len() - 2)?.try_into().ok()?;
    let mut at = usize::try_from(u32::from_le_bytes(start)).ok()?;
    let mut seen = BTreeSet::new();
    while bytes.get(at..)?.starts_with(b"PK\x01\x02") {
        let name_start = at + DIRECTORY_HEADER;
        let name_end = name_start + short(at + 28)?;
        let name = bytes.get(name_start..name_end)?;
        if !seen.insert(name) {
            return std::str::from_utf8(name).ok();
        }
        at = name_end + short(at + 30)? + short(at + 32)?;
    }
    None
}

fn not_a_bundle(why: &str) -> Failure {
    Failure::whole(FailureKind::NotABundle, format!("the file is not a whole bundle: {why}; ask for it again"))
}

fn not_canonical(member: Option<&str>, why: &str) -> Failure {
    let advice = "another program wrote or changed this file; ask for the bundle as it was exported";
    match member {
        Some(member) => Failure::of(member, FailureKind::NotCanonical, format!("{why}; {advice}")),
        None => Failure::whole(FailureKind::NotCanonical, format!("{why}; {advice}")),
    }
}
