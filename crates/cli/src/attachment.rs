//! Files as the record names them: by fingerprint, size and name. Their bytes stay where they are.

use std::{fs::File, io::Read as _, path::Path};

use counterpart_core::{
    act::Act,
    id::EntryId,
    value::{ItemValue, Sealable},
};
use sha2::{Digest as _, Sha256};

use crate::{
    error::{CommandError, Done},
    render,
    session::typed,
};

/// What the record says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) sha256: [u8; 32],
    /// Bytes.
    pub(crate) size: u64,
    /// Data, never a path.
    pub(crate) name: String,
    pub(crate) media: Option<&'static str>,
}

/// Reads a file through once.
pub(crate) fn read(path: &Path) -> Done<Attachment> {
    let shown = path.display();
    let failed = |e: std::io::Error| {
        CommandError::usage(format!("the file {shown} cannot be read: {e}"))
            .hint("write the path of a file that is here")
    };
    let mut file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(CommandError::usage(format!("{shown} is a folder"))
            .hint("pack it into one file first, such as a ZIP archive"));
    }
    let mut hash = Sha256::new();
    let mut size: u64 = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let got = file.read(&mut buffer).map_err(failed)?;
        if got == 0 {
            break;
        }
        hash.update(&buffer[..got]);
        size += got as u64;
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let media = media(path);
    Ok(Attachment { sha256: hash.finalize().into(), size, name, media })
}

impl Attachment {
    /// Under another name, if one is given; the name is made ready for signing.
    pub(crate) fn named(self, name: Option<&str>) -> Done<Self> {
        let name = typed("the file's name", name.unwrap_or(&self.name));
        let name = name.map_err(|error| error.hint("give it another name with --name"))?;
        Ok(Self { name, ..self })
    }

    /// The fingerprint as `sha256sum` writes it.
    pub(crate) fn hex(&self) -> String {
        render::hex(&self.sha256)
    }

    pub(crate) fn into_item(self) -> ItemValue {
        let media = self.media.map(str::to_owned);
        ItemValue::File { sha256: self.sha256, size: self.size, name: Sealable::Open(self.name), media }
    }

    pub(crate) fn into_act(self, about: Option<EntryId>) -> Act {
        Act::Attach {
            sha256: self.sha256,
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            name: Sealable::Open(self.name),
            media: self.media.map(str::to_owned),
            about,
        }
    }
}

/// The media type that the ending of a file's name says.
fn media(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_lowercase();
    Some(match ending.as_str() {
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "heic" => "image/heic",
        "webp" => "image/webp",
        "txt" | "log" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "eml" => "message/rfc822",
        "zip" => "application/zip",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_fingerprint() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bill.PDF");
        std::fs::write(&path, "abc").expect("written");
        let file = read(&path).expect("a file");
        // FIPS 180-2, appendix B.1.
        assert_eq!(file.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((file.size, file.name.as_str(), file.media), (3, "bill.PDF", Some("application/pdf")));
        assert_eq!(file.clone().named(Some("May bill")).map(|f| f.name), Ok("May bill".to_owned()));
        assert!(file.named(Some("\u{202E}")).expect_err("deceives").hint.is_some());
        assert!(read(folder.path()).expect_err("a folder").message.contains("is a folder"));
        assert!(read(&folder.path().join("none")).expect_err("nothing").message.contains("cannot be read"));
    }
}
