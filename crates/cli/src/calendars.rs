//! Calendar files: written, and kept up where that was asked for.

use std::{
    fs,
    path::{Path, PathBuf},
};

use counterpart_core::id::CaseId;
use counterpart_node::{Desk, KeptCalendar};

pub(crate) use counterpart_words::calendars::{dates, make};

use crate::{
    error::{CommandError, Done},
    render::line,
    session::Session,
    written::write_whole,
};

/// Writes a calendar into a file, unless it says just that already.
pub(crate) fn write(desk: &Desk, only: Option<&CaseId>, file: &Path) -> Done<usize> {
    let (text, count) = make(desk, only)?;
    if fs::read(file).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(count);
    }
    write_whole(file, text.as_bytes())?;
    Ok(count)
}

/// Says which file is kept up from now on, and of which case alone; or that none is.
pub(crate) fn keep(desk: &Desk, file: Option<PathBuf>, case: Option<&CaseId>) -> Done {
    let kept = KeptCalendar { file, case: case.map(CaseId::to_hex), ..desk.kept_calendar()? };
    Ok(desk.keep_calendar(&kept)?)
}

/// Brings the calendar up to date that is kept up, where one is. A file that cannot be written is said and fails nothing.
pub(crate) fn refresh(desk: &Desk, session: &Session) {
    let done = desk.kept_calendar().map_err(CommandError::from).and_then(|kept| {
        let Some(file) = kept.file else { return Ok(()) };
        write(desk, kept.case.as_deref().and_then(CaseId::from_hex).as_ref(), &file).map(drop)
    });
    if let Err(error) = done {
        session.terminal.say(&format!("The calendar was not brought up to date: {}", line(&error.message)));
    }
}
