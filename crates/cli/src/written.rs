//! Files that are written for people: whole or not at all; and why one that somebody named cannot be read.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use crate::error::{CommandError, Done};

/// Writes a file. It appears whole, or what was there stays.
pub(crate) fn write_whole(file: &Path, bytes: &[u8]) -> Done {
    // What is put in a file's place must not take the place of a device or a pipe.
    if fs::metadata(file).is_ok_and(|there| !there.is_file()) {
        let why = format!("{} is no plain file; nothing was written", file.display());
        return Err(CommandError::failed(why).hint("name a file"));
    }
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".writing");
    let making = file.with_file_name(name);
    let written = fs::File::create(&making).and_then(|mut out| {
        out.write_all(bytes)?;
        out.sync_all()
    });
    written.and_then(|()| fs::rename(&making, file)).map_err(|e| {
        // Half a file helps nobody; if it cannot be removed either, the disk has other troubles.
        drop(fs::remove_file(&making));
        CommandError::failed(format!("{}: {e}", file.display()))
    })
}

/// Why a file that was named is not read.
pub(crate) fn unreadable(file: &Path, why: &io::Error) -> CommandError {
    let file = file.display();
    CommandError::usage(match why.kind() {
        io::ErrorKind::NotFound => format!("there is no file {file}"),
        _ => format!("{file} cannot be read: {why}"),
    })
}

/// Refuses to write over a file that is there, unless that was asked for.
pub(crate) fn not_over(file: &Path, force: bool) -> Done {
    if force || !file.exists() {
        return Ok(());
    }
    let there = CommandError::failed(format!("{} is there already; nothing was written", file.display()));
    Err(there.hint("another name, or --force to write over it"))
}
