//! One run of the command: where the data stands, how to talk, what may be skipped.

use std::{cell::OnceCell, path::PathBuf};

use counterpart_node::{Desk, DeskError, Passphrase, home_folder};

pub(crate) use counterpart_words::typed::typed;

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
    /// The agent's seat to sign at, where one was named.
    pub(crate) seat: Option<String>,
    /// What the home's keys rest under, once it was asked for.
    pub(crate) passphrase: OnceCell<Passphrase>,
}

impl Session {
    /// The home folder: `--home`, else as the node finds it.
    pub(crate) fn home(&self) -> Done<PathBuf> {
        match &self.home {
            Some(home) => Ok(home.clone()),
            None => Ok(home_folder()?),
        }
    }

    /// The desk, at the agent's seat that was named; where its keys rest under a passphrase, it is asked for once.
    pub(crate) fn desk(&self) -> Done<Desk> {
        Ok(self.desk_if_any()??)
    }

    /// The same; or why the home gives none, for what could make one.
    pub(crate) fn desk_if_any(&self) -> Done<Result<Desk, DeskError>> {
        let opened = self.home_desk()?;
        Ok(match &self.seat {
            Some(name) => opened.and_then(|desk| desk.at_seat(name)),
            None => opened,
        })
    }

    fn home_desk(&self) -> Done<Result<Desk, DeskError>> {
        let home = self.home()?;
        let opened = match self.passphrase.get() {
            Some(known) => Desk::open_with(&home, Some(known)),
            None => Desk::open(&home),
        };
        if !matches!(opened, Err(DeskError::Locked)) {
            return Ok(opened);
        }
        let typed = self.terminal.secret("Passphrase")?;
        let desk = Desk::open_with(&home, Some(&typed))?;
        Ok(Ok((desk, self.passphrase.get_or_init(|| typed)).0))
    }
}

/// What commands that use the network run on.
pub(crate) fn runtime() -> Done<tokio::runtime::Runtime> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.map_err(|e| CommandError::failed(format!("the system gave no threads to work with: {e}")))
}
