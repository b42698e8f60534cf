//! The accounts of this machine, as far as anybody may know them: who owns a file, and what an account is called.

use std::{fs, io, path::Path};

use crate::error::DeskError;

/// Whose a file or folder is, by its number; nothing where that cannot be known.
#[cfg(unix)]
#[must_use]
pub fn owner(path: &Path) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::uid(&fs::metadata(path).ok()?))
}

#[cfg(not(unix))]
#[must_use]
pub fn owner(_path: &Path) -> Option<u32> {
    None
}

/// What an account is called; its number where nothing says so.
#[must_use]
pub fn account_name(uid: u32) -> String {
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| uid.to_string())
}

/// Refuses a home that this account may not look into, which would look like one where nothing is.
pub(crate) fn may_read(home: &Path, keys: &Path) -> Result<(), DeskError> {
    let denied = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    // The folder of the keys is there to be looked into, not only to be seen.
    let looked = fs::metadata(home).and_then(|_| match fs::read_dir(keys) {
        Err(error) if !denied(&error) => Ok(()),
        read => read.map(drop),
    });
    match looked {
        Err(error) if denied(&error) => {
            // Of what lies deeper nothing can be known; then of the nearest folder above it that can be seen.
            let owner = home.ancestors().find_map(owner).map(account_name);
            Err(DeskError::NotReadable { home: home.to_owned(), owner })
        }
        _ => Ok(()),
    }
}
