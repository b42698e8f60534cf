//! The one ZIP form of a bundle: members in ascending byte order of name, stored, dated 1980-01-01 00:00, with no
//! extra fields, comments or data descriptors.
//!
//! A reader that is lenient about ZIP can be shown other contents than the next reader, and two verifiers must find
//! the same fault in the same file. So a bundle is read by its one form, from the first byte to the last, and every
//! byte that departs from it is named. It is written by a library that everybody's tools agree with.

use crate::{
    failure::{Failure, FailureKind},
    layout,
};

/// Largest bundle, in bytes.
pub const MAX_BUNDLE: usize = 512 << 20;
/// Longest name of a member, in bytes.
pub(crate) const MAX_NAME: usize = 200;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const LOCAL_SIZE: usize = 30;
/// Offsets in a member's header.
const CRC: usize = 14;
const SIZE: usize = 18;
const NAME_LENGTH: usize = 26;
/// Version needed, flags, method, time and date, as every header has them.
const FORM: [u8; 10] = [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
const DIRECTORY: [u8; 4] = *b"PK\x01\x02";
/// Made by version 1.0 on Unix.
const MADE_BY: [u8; 2] = [10, 3];
/// No extra field, no comment, first disk, no internal attributes; then those of a plain file, 0644.
const ATTRIBUTES: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xA4, 0x81];
const END: [u8; 4] = *b"PK\x05\x06";
const BIG_END: [u8; 4] = *b"PK\x06\x06";
const BIG_LOCATOR: [u8; 4] = *b"PK\x06\x07";
/// From here on the closing record has no room for the number of members.
const MANY: usize = 0xFFFF;

/// A member where it lies in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member<'b> {
    pub(crate) name: &'b str,
    pub(crate) bytes: &'b [u8],
    /// CRC-32 of the contents, as the file gives it.
    pub(crate) crc: u32,
}

/// Finds the members, and holds every other byte of the file against the one form. Nothing is copied.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Member<'_>>, Failure> {
    if bytes.len() > MAX_BUNDLE {
        return Err(oversized());
    }
    if !could_begin(bytes) {
        return Err(not_a_bundle("it is no ZIP file, or something was put before it"));
    }
    let mut members: Vec<Member<'_>> = Vec::new();
    let mut rest = bytes;
    while rest.starts_with(&LOCAL) {
        let (member, behind) = local(rest)?;
        if members.last().is_some_and(|last| last.name >= member.name) {
            return Err(not_canonical(Some(member.name), "its name stands twice, or out of order"));
        }
        let most = layout::max_size(member.name);
        if most.is_some_and(|most| member.bytes.len() > most) {
            let why = "it is larger than any such part; ask for the bundle as it was exported";
            return Err(Failure::of(member.name, FailureKind::TooLarge, why));
        }
        members.push(member);
        rest = behind;
    }
    closing(rest, &members, bytes.len() - rest.len())?;
    Ok(members)
}

/// What is said of a file that is larger than [`MAX_BUNDLE`]: by its size, before it is read.
#[must_use]
pub fn oversized() -> Failure {
    let why = format!("the file is larger than a bundle may be ({} MiB); it is none", MAX_BUNDLE >> 20);
    Failure::whole(FailureKind::TooLarge, why)
}

/// Whether a file that begins so could be a bundle: of any other the rest need not be read.
#[must_use]
pub fn could_begin(bytes: &[u8]) -> bool {
    bytes.starts_with(&LOCAL)
}

/// Whether a member's contents are those that its CRC-32 was made of.
pub(crate) fn fits_crc(member: &Member<'_>) -> bool {
    crc32fast::hash(member.bytes) == member.crc
}

/// The member that begins here, and what comes behind it.
fn local(bytes: &[u8]) -> Result<(Member<'_>, &[u8]), Failure> {
    let cut = || not_a_bundle("it was cut short");
    let (header, behind) = bytes.split_at_checked(LOCAL_SIZE).ok_or_else(cut)?;
    let name_length = usize::from(u16::from_le_bytes([header[NAME_LENGTH], header[NAME_LENGTH + 1]]));
    let size = usize::try_from(long(header, SIZE)).map_err(|_too_large| cut())?;
    let (name, behind) = behind.split_at_checked(name_length).ok_or_else(cut)?;
    let (contents, behind) = behind.split_at_checked(size).ok_or_else(cut)?;
    let plain = (1..=MAX_NAME).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic);
    let name = std::str::from_utf8(name).ok().filter(|_| plain);
    let name = name.ok_or_else(|| not_canonical(None, "a part's name is too long, or is not plain"))?;
    let member = Member { name, bytes: contents, crc: long(header, CRC) };
    if header == local_header(&member) {
        Ok((member, behind))
    } else {
        Err(not_canonical(Some(name), "it is compressed, or its header is not written the one way"))
    }
}

/// What stands behind the last member, which the members decide to the last byte.
fn closing(rest: &[u8], members: &[Member<'_>], start: usize) -> Result<(), Failure> {
    let headers: usize = members.iter().map(|m| DIRECTORY_SIZE + m.name.len()).sum();
    let end = end_of(members.len(), headers, start);
    if rest.len() < headers + end.len() {
        return Err(not_a_bundle("it was cut short"));
    }
    let (mut directory, closing) = rest.split_at(headers);
    let mut offset = 0;
    for member in members {
        let (header, behind) = directory.split_at(DIRECTORY_SIZE + member.name.len());
        if header != directory_header(member, offset) {
            let why = "its line in the directory is not the one that its header makes";
            return Err(not_canonical(Some(member.name), why));
        }
        directory = behind;
        offset += LOCAL_SIZE + member.name.len() + member.bytes.len();
    }
    if closing == end {
        Ok(())
    } else {
        Err(not_canonical(None, "its end is not written the one way, or something was put behind it"))
    }
}

const DIRECTORY_SIZE: usize = 46;

/// Everything of a member but its name and contents.
fn local_header(member: &Member<'_>) -> [u8; LOCAL_SIZE] {
    let mut header = [0; LOCAL_SIZE];
    header[..4].copy_from_slice(&LOCAL);
    header[4..CRC].copy_from_slice(&FORM);
    header[CRC..CRC + 14].copy_from_slice(&numbers(member));
    header
}

fn directory_header(member: &Member<'_>, offset: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(DIRECTORY_SIZE + member.name.len());
    header.extend(DIRECTORY);
    header.extend(MADE_BY);
    header.extend(FORM);
    header.extend_from_slice(&numbers(member)[..14]);
    header.extend(ATTRIBUTES);
    header.extend(four(offset));
    header.extend(member.name.as_bytes());
    header
}

/// CRC-32, both sizes, and the name's length.
fn numbers(member: &Member<'_>) -> [u8; 14] {
    let mut numbers = [0; 14];
    numbers[..4].copy_from_slice(&member.crc.to_le_bytes());
    numbers[4..8].copy_from_slice(&four(member.bytes.len()));
    numbers[8..12].copy_from_slice(&four(member.bytes.len()));
    numbers[12..].copy_from_slice(&two(member.name.len()));
    numbers
}

/// The closing record, with its larger form before it where the number of members needs it.
fn end_of(members: usize, size: usize, start: usize) -> Vec<u8> {
    let mut end = Vec::with_capacity(98);
    let many = members > MANY;
    if many {
        end.extend(BIG_END);
        end.extend(eight(44));
        end.extend([10, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [members, members, size, start] {
            end.extend(eight(number));
        }
        end.extend(BIG_LOCATOR);
        end.extend([0; 4]);
        end.extend(eight(start + size));
        end.extend([1, 0, 0, 0]);
    }
    end.extend(END);
    end.extend([0; 4]);
    let count = if many { [0xFF; 2] } else { two(members) };
    end.extend(count);
    end.extend(count);
    end.extend(if many { [0xFF; 4] } else { four(size) });
    end.extend(four(start));
    end.extend([0, 0]);
    end
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn two(number: usize) -> [u8; 2] {
    u16::try_from(number).expect("names and counts were held against their bounds").to_le_bytes()
}

fn four(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("a bundle is smaller than 4 GiB").to_le_bytes()
}

fn eight(number: usize) -> [u8; 8] {
    (number as u64).to_le_bytes()
}

/// Writes members, given in ascending order of name, in the one form.
#[cfg(feature = "export")]
pub(crate) fn write<'m>(
    members: impl Iterator<Item = (&'m str, &'m [u8])> + Clone,
) -> Result<Vec<u8>, zip::result::ZipError> {
    use std::io::{Cursor, Write as _};

    use zip::{CompressionMethod, DateTime, System, ZipWriter, write::SimpleFileOptions};

    let size: usize = members.clone().map(|(name, bytes)| 2 * name.len() + bytes.len() + 128).sum();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(0o644)
        .large_file(false);
    let mut writer = ZipWriter::new(Cursor::new(Vec::with_capacity(size)));
    for (name, bytes) in members {
        writer.start_file(name, options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
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

#[cfg(all(test, feature = "export"))]
mod tests {
    use super::*;

    /// What the library writes is what is read here, also where the closing record has its larger form.
    #[test]
    fn the_library_writes_the_one_form() {
        for count in [1, 2, 300, MANY - 1, MANY, MANY + 1, MANY + 2] {
            let names: Vec<String> = (0..count).map(|n| format!("{n:07}")).collect();
            let contents = |n: usize| &b"some contents"[..n % 14];
            let members = names.iter().enumerate().map(|(n, name)| (name.as_str(), contents(n)));
            let file = write(members).expect("memory");
            let read = read(&file).expect("the one form");
            assert_eq!(read.len(), count);
            assert!(read.iter().enumerate().all(|(n, m)| m.bytes == contents(n) && fits_crc(m)));
        }
    }

    #[test]
    fn every_bit_of_the_frame_counts() {
        let members = [("a", &b"one"[..]), ("b/c", b"two"), ("d", b"")];
        let mut file = write(members.into_iter()).expect("memory");
        let good = file.clone();
        for at in 0..file.len() {
            for bit in 0..8 {
                file[at] ^= 1 << bit;
                let same = read(&file).is_ok_and(|members| members.iter().all(fits_crc));
                let renamed =
                    read(&file).is_ok_and(|found| found.iter().any(|m| members.iter().all(|o| o.0 != m.name)));
                assert!(!same || renamed, "bit {bit} of byte {at}");
                file[at] ^= 1 << bit;
            }
        }
        assert_eq!(file, good);
        for len in 0..file.len() {
            assert_eq!(read(&file[..len]).expect_err("cut short").what, FailureKind::NotABundle, "{len}");
        }
        file.push(0);
        assert_eq!(read(&file).expect_err("longer").what, FailureKind::NotCanonical);
    }
}
