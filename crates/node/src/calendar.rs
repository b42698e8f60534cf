//! What a home remembers of the calendars made from it: which file is kept up, and what was written of each event.

use std::{fs, io, path::PathBuf};

use counterpart_process::calendar::Written;
use serde::{Deserialize, Serialize};

use crate::{desk::Desk, error::DeskError, home::write_private};

/// In the home.
const FILE: &str = "calendar.json";

/// What is remembered between two calendars.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptCalendar {
    /// The file that is kept up.
    pub file: Option<PathBuf>,
    /// Of this case alone, as hex digits.
    pub case: Option<String>,
    pub written: Vec<Written>,
}

impl Desk {
    /// What was remembered last; nothing where no calendar was made yet.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn kept_calendar(&self) -> Result<KeptCalendar, DeskError> {
        let path = self.home().join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(KeptCalendar::default()),
            Err(e) => return Err(DeskError::File { path, why: e.to_string() }),
        };
        serde_json::from_str(&text).map_err(|e| {
            let why = format!(
                "it cannot be understood ({e}); take it away: what it remembers is found again, and \
                 `counterpart calendar --keep` says anew which file to keep up"
            );
            DeskError::File { path, why }
        })
    }

    /// Remembers it for the next time.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn keep_calendar(&self, kept: &KeptCalendar) -> Result<(), DeskError> {
        let (path, written) = (self.home().join(FILE), self.home().join("calendar.new"));
        let text = serde_json::to_vec(kept).map_err(io::Error::from);
        let done = text.and_then(|text| write_private(&written, &text)).and_then(|()| fs::rename(&written, &path));
        done.map_err(|e| DeskError::File { path, why: e.to_string() })
    }
}
