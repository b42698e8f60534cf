//! One run of the command: where the data stands, how to talk, what may be skipped.

use std::path::PathBuf;

use counterpart_core::text;
use counterpart_node::{Desk, home_folder};

use crate::{
    error::{CommandError, Done},
    terminal::Terminal,
};

/// The global flags, ready to use.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) terminal: Terminal,
    /// Sign without asking.
    pub(crate) yes: bool,
    pub(crate) home: Option<PathBuf>,
}

impl Session {
    /// The home folder: `--home`, else as the node finds it.
    pub(crate) fn home(&self) -> Done<PathBuf> {
        match &self.home {
            Some(home) => Ok(home.clone()),
            None => Ok(home_folder()?),
        }
    }

    pub(crate) fn desk(&self) -> Done<Desk> {
        Ok(Desk::open(&self.home()?)?)
    }
}

/// What a person typed, made ready for signing: normalised, and free of characters that deceive.
pub(crate) fn typed(what: &str, input: &str) -> Done<String> {
    let text = text::normalise(input);
    text::check(&text).map_err(|e| CommandError::usage(format!("{what}: {e}")))?;
    if text.trim().is_empty() {
        return Err(CommandError::usage(format!("{what}: it is empty; write at least one word")));
    }
    Ok(text)
}
