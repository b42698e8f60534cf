//! `counterpart identity passphrase`

use std::path::PathBuf;

use serde_json::json;

use super::{new_passphrase, passphrase_in};
use crate::{error::Done, session::Session};

/// Put the keys of this home under a passphrase, change it, or take it away
///
/// The keys are standard PKCS#8 files either way. Commands then ask for it; `counterpart up` asks once, at its start. For
/// services COUNTERPART_PASSPHRASE_FILE names a file whose first line it is. It protects the keys, not the cases: for these
/// encrypt the disk. A forgotten one cannot be found again; the recovery sheet and a backup can.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Take the new one from the first line of this file instead of asking
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Take it away: the keys are then open to whoever can read the folder
    #[arg(long, conflicts_with = "from")]
    remove: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let was = desk.is_locked();
    let new = match (&args.from, args.remove) {
        (_, true) => None,
        (Some(file), _) => Some(passphrase_in(file)?),
        // A service's own file says what it is, not what it is to be.
        (None, _) if was => Some(session.terminal.new_secret("New passphrase for the keys of this home")?),
        (None, _) => Some(new_passphrase(session)?),
    };
    desk.rest_under(new.as_ref())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({"schema": "counterpart/identity-passphrase/1", "locked": new.is_some()}));
    }
    terminal.say(match (was, new.is_some()) {
        (_, false) => "The keys of this home rest without a passphrase.",
        (true, true) => "The passphrase is changed.",
        (false, true) => "The keys of this home rest under the passphrase. Without it they cannot be used.",
    });
    Ok(())
}
