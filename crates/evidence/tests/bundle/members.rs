//! Bundles taken apart and put together again, as whoever alters one on purpose will do it.

use std::io::{Cursor, Read as _, Write as _};

use counterpart_core::exporter::ExporterWord;
use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Members by name, in the order in which they are packed.
pub(crate) type Members = Vec<(String, Vec<u8>)>;

pub(crate) fn members(bundle: &[u8]) -> Members {
    let mut archive = ZipArchive::new(Cursor::new(bundle)).expect("a ZIP file");
    let mut all = Vec::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).expect("a member");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("stored");
        all.push((file.name().expect("plain").into_owned(), bytes));
    }
    all
}

/// The options of the one form.
pub(crate) fn plain() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(0o644)
}

pub(crate) fn pack(members: &Members) -> Vec<u8> {
    pack_with(members, plain())
}

pub(crate) fn pack_with(members: &Members, options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(name.as_str(), options).expect("memory");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn find<'m>(members: &'m Members, name: &str) -> &'m [u8] {
    members.iter().find(|(n, _)| n == name).map_or(&[], |(_, bytes)| bytes)
}

pub(crate) fn replace(members: &mut Members, name: &str, bytes: Vec<u8>) {
    if let Some((_, old)) = members.iter_mut().find(|(n, _)| n == name) {
        *old = bytes;
    }
}

/// Puts right what the lists of checksums say, as anybody can.
pub(crate) fn relist(members: &mut Members) {
    members.sort_unstable();
    let payload: Vec<&(String, Vec<u8>)> = members.iter().filter(|(name, _)| name.starts_with("data/")).collect();
    let octets: usize = payload.iter().map(|(_, bytes)| bytes.len()).sum();
    let oxum = format!("Payload-Oxum: {octets}.{}", payload.len());
    let manifest = list(payload.into_iter());
    let info = String::from_utf8_lossy(find(members, "bag-info.txt")).into_owned();
    let lines = info.lines().map(|line| if line.starts_with("Payload-Oxum") { oxum.as_str() } else { line });
    let info: String = lines.map(|line| format!("{line}\n")).collect();
    replace(members, "bag-info.txt", info.into_bytes());
    replace(members, "manifest-sha256.txt", manifest.into_bytes());
    retag(members);
}

/// Makes the list of the lists anew.
pub(crate) fn retag(members: &mut Members) {
    let tagged = |name: &str| !name.starts_with("data/") && name != "tagmanifest-sha256.txt";
    let tags = list(members.iter().filter(|(name, _)| tagged(name)));
    replace(members, "tagmanifest-sha256.txt", tags.into_bytes());
}

fn list<'m>(members: impl Iterator<Item = &'m (String, Vec<u8>)>) -> String {
    members.map(|(name, bytes)| format!("{}  {name}\n", hex(&sha256(bytes)))).collect()
}

/// As [`relist`], by the exporter itself: its word is signed anew for what is here now.
pub(crate) fn relist_signed(members: &mut Members, key: &SigningKey, word: impl FnOnce(ExporterWord) -> ExporterWord) {
    relist(members);
    let Ok(old) = ExporterWord::verify(find(members, "exporter.cose")) else { return };
    let manifest = sha256(find(members, "manifest-sha256.txt"));
    let entries = members.iter().filter(|(name, _)| name.starts_with("data/entries/")).count() + 1;
    let entries = u32::try_from(entries).expect("few");
    let word = word(ExporterWord { manifest, entries, ..old });
    replace(members, "exporter.cose", word.sign(key));
    retag(members);
}
