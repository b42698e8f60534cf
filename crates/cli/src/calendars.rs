//! Calendar files: written, and kept up where that was asked for.

use std::{fs, path::Path};

use counterpart_core::id::CaseId;
use counterpart_node::Desk;

pub(crate) use counterpart_words::calendars::{Kept, dates, make};

use crate::{error::Done, render::line, session::Session, written::write_whole};

/// Writes a calendar into a file, unless it says just that already.
pub(crate) fn write(desk: &Desk, only: Option<&CaseId>, file: &Path) -> Done<usize> {
    let (text, count) = make(desk, only)?;
    if fs::read(file).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(count);
    }
    write_whole(file, text.as_bytes())?;
    Ok(count)
}

/// Brings the calendar up to date that is kept up, where one is. A file that cannot be written is said and fails nothing.
pub(crate) fn refresh(desk: &Desk, session: &Session) {
    let done = Kept::read(desk).and_then(|kept| {
        let Some(file) = kept.file else { return Ok(()) };
        write(desk, kept.case.as_deref().and_then(CaseId::from_hex).as_ref(), &file).map(drop)
    });
    if let Err(error) = done {
        session.terminal.say(&format!("The calendar was not brought up to date: {}", line(&error.message)));
    }
}
