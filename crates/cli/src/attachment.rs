//! Files of this machine on their way into a case: what the record says of them, and the bytes that go along.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use counterpart_core::{
    act::Act,
    attachment::{FileHash, FileRef, MAX_FILE, named_by},
    id::EntryId,
    value::{ItemValue, Sealable},
};
use counterpart_words::acts::files;

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::{self, size},
    session::typed,
};

/// What the record says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) file: FileRef,
    /// Data, never a path.
    pub(crate) name: String,
    pub(crate) media: Option<&'static str>,
}

/// The files that this run has read to put their bytes on record: an act that names one is signed once they are kept.
/// What an act says of a file leads back to the path by this alone.
static READ: Mutex<Vec<(FileRef, PathBuf)>> = Mutex::new(Vec::new());

/// Reads a file through once. Its bytes go along with the act that names it.
pub(crate) fn read(path: &Path) -> Done<Attachment> {
    let attachment = fingerprint(path)?;
    if attachment.file.size > MAX_FILE {
        return Err(CommandError::usage(format!(
            "{} has {}; a file of more than {} does not travel with a case",
            path.display(),
            size(attachment.file.size),
            size(MAX_FILE)
        ))
        .hint("`counterpart attach --fingerprint-only` puts what proves it on record; send the file another way"));
    }
    READ.lock().unwrap_or_else(PoisonError::into_inner).push((attachment.file, path.to_owned()));
    Ok(attachment)
}

/// The same, as the value of an item.
pub(crate) fn read_item(path: &Path) -> Done<ItemValue> {
    Ok(read(path)?.into_item())
}

/// Reads a file through once, for what proves that it is unchanged. Its bytes stay where they are.
pub(crate) fn fingerprint(path: &Path) -> Done<Attachment> {
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
    let mut hash = FileHash::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let got = file.read(&mut buffer).map_err(failed)?;
        if got == 0 {
            break;
        }
        hash.update(&buffer[..got]);
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let media = files::media(&name);
    Ok(Attachment { file: hash.finish(), name, media })
}

/// The files of this machine whose bytes go along with some acts, each once.
pub(crate) fn going_along(acts: &[Act]) -> Vec<(FileRef, PathBuf)> {
    let read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    let named: Vec<FileRef> = acts.iter().flat_map(named_by).map(|named| named.file).collect();
    let mut found: Vec<(FileRef, PathBuf)> = Vec::new();
    for (file, path) in read.iter() {
        if named.contains(file) && !found.iter().any(|(known, _)| known == file) {
            found.push((*file, path.clone()));
        }
    }
    found
}

/// Whether the others will fetch so much more of ours.
pub(crate) fn room_for(case: &OpenCase, files: &[(FileRef, PathBuf)]) -> Done {
    let files: Vec<FileRef> = files.iter().map(|(file, _)| *file).collect();
    files::room_for(case, &files)
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
        render::hex(&self.file.sha256)
    }

    pub(crate) fn into_item(self) -> ItemValue {
        let media = self.media.map(str::to_owned);
        ItemValue::File { sha256: self.file.sha256, size: self.file.size, name: Sealable::Open(self.name), media }
    }

    pub(crate) fn into_act(self, about: Option<EntryId>) -> Act {
        Act::Attach {
            sha256: self.file.sha256,
            size: i64::try_from(self.file.size).unwrap_or(i64::MAX),
            name: Sealable::Open(self.name),
            media: self.media.map(str::to_owned),
            about,
        }
    }
}

/// Characters kept in a name that somebody else gave a file; every other becomes `_`.
const PLAIN: &str = " -_.()+,&@=";
/// Bytes a file's name may have nearly everywhere, with room for what a program appends.
const LONGEST: usize = 120;
/// What a program on another system takes for a device.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A name to save a file under, from what its sender called it: never a path, never hidden, never an option or a
/// device.
pub(crate) fn safe_name(said: Option<&str>, file: &FileRef) -> String {
    let last = said.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: char| if c.is_alphanumeric() || PLAIN.contains(c) { c } else { '_' };
    let mut name: String = last.chars().map(plain).collect();
    if name.len() > LONGEST {
        let ending = name.rfind('.').map(|at| name.split_off(at)).filter(|e| e.len() <= 16).unwrap_or_default();
        let mut room = LONGEST - ending.len();
        while !name.is_char_boundary(room.min(name.len())) {
            room -= 1;
        }
        name.truncate(room);
        name.push_str(&ending);
    }
    let name = name.trim_start_matches([' ', '.', '-']).trim_end_matches([' ', '.']);
    let stem = name.split('.').next().unwrap_or_default().trim().to_lowercase();
    let port = ["com", "lpt"].iter().any(|p| stem.strip_prefix(p).is_some_and(|n| n.len() == 1));
    if name.chars().all(|c| PLAIN.contains(c)) {
        return format!("attachment-{}", render::hex(&file.sha256[..4]));
    }
    if DEVICES.contains(&stem.as_str()) || port { format!("_{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_fingerprint() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bill.PDF");
        std::fs::write(&path, "abc").expect("written");
        let attachment = read(&path).expect("a file");
        // FIPS 180-2, appendix B.1.
        assert_eq!(attachment.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let Attachment { file, name, media } = &attachment;
        assert_eq!((file.size, name.as_str(), *media), (3, "bill.PDF", Some("application/pdf")));
        assert_eq!(attachment.clone().named(Some("May bill")).map(|f| f.name), Ok("May bill".to_owned()));
        let act = attachment.clone().into_act(None);
        assert!(attachment.named(Some("\u{202E}")).expect_err("deceives").hint.is_some());
        assert!(read(folder.path()).expect_err("a folder").message.contains("is a folder"));
        for nothing in [read(&folder.path().join("none")).err(), read_item(&folder.path().join("none")).err()] {
            assert!(nothing.expect("nothing").message.contains("cannot be read"));
        }
        // What was read goes along with what names it, and only with that.
        assert_eq!(going_along(std::slice::from_ref(&act)).iter().filter(|(_, p)| *p == path).count(), 1);
        assert_eq!(going_along(&[Act::Seen]), []);
    }

    #[test]
    fn a_sender_s_name_never_leads_anywhere() {
        let file = FileRef { sha256: [0xab; 32], size: 1 };
        let unnamed = "attachment-abababab";
        for (said, saved) in [
            (Some("May bill (2).pdf"), "May bill (2).pdf"),
            (Some("Rechnung für März.pdf"), "Rechnung für März.pdf"),
            (Some("../../.ssh/authorized_keys"), "authorized_keys"),
            (Some("C:\\Windows\\system32\\cmd.exe"), "cmd.exe"),
            (Some("/etc/passwd"), "passwd"),
            (Some("..."), unnamed),
            (Some(""), unnamed),
            (None, unnamed),
            (Some("a/"), unnamed),
            (Some(".bashrc"), "bashrc"),
            (Some("-rf"), "rf"),
            (Some("$(reboot).txt"), "_(reboot).txt"),
            (Some("a\nb\u{1b}[2J\u{202e}fdp.exe"), "a_b__2J_fdp.exe"),
            (Some("`x`;|<>*?\"'.sh"), "_x_________.sh"),
            (Some("nul.txt"), "_nul.txt"),
            (Some("COM1"), "_COM1"),
            (Some("name. . ."), "name"),
        ] {
            assert_eq!(safe_name(said, &file), saved, "{said:?}");
        }
        let long = safe_name(Some(&format!("{}.pdf", "ü".repeat(300))), &file);
        assert!(long.len() <= LONGEST && long.ends_with("ü.pdf"), "{long}");
    }
}
