//! Files that are written for people: whole or not at all.

use std::path::Path;

pub(crate) use counterpart_words::written::write_whole;

use crate::error::{CommandError, Done};

/// Refuses to write over a file that is there, unless that was asked for.
pub(crate) fn not_over(file: &Path, force: bool) -> Done {
    if force || !file.exists() {
        return Ok(());
    }
    let there = CommandError::failed(format!("{} is there already; nothing was written", file.display()));
    Err(there.hint("another name, or --force to write over it"))
}
