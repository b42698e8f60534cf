//! `counterpart attach`

use std::path::PathBuf;

use super::{AboutArg, CaseArg, act};
use crate::{attachment, error::Done, session::Session};

/// Put a file on record: its name, its size, and the fingerprint that proves it is unchanged
///
/// The file itself stays on this machine for now. Send it by any other way, such as e-mail; whoever gets it can
/// compare its SHA-256 with the one on record.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The file
    file: PathBuf,
    #[command(flatten)]
    about: AboutArg,
    /// What it is called on record [default: the file's own name]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let file = attachment::read(&args.file)?.named(args.name.as_deref())?;
    let (shown, hash) = (file.name.clone(), file.hex());
    act(session, &args.case, |_, case| Ok(file.into_act(args.about.find(case)?)))?;
    session.terminal.say(&format!(
        "The record holds the fingerprint of {shown}, not its bytes: keep the file. Send it by e-mail or any other way; \
         whoever gets it checks it with `sha256sum`: {hash}"
    ));
    Ok(())
}
