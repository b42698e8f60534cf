//! `counterpart attach`

use std::path::PathBuf;

use super::{AboutArg, CaseArg, act};
use crate::{attachment, error::Done, render, session::Session};

/// Put a file on record: its fingerprint, which proves that it is unchanged, and the file itself
///
/// Its bytes are kept with the case and go to everybody in it. Its name is kept beside the record, as the bytes are: both
/// can be erased later, the fingerprint stays.
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
    /// Put only the fingerprint on record; the bytes stay where they are
    #[arg(long)]
    fingerprint_only: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let read = if args.fingerprint_only { attachment::fingerprint } else { attachment::read };
    let file = read(&args.file)?.named(args.name.as_deref())?;
    let (shown, hash) = (render::line(&file.name), file.hex());
    act(session, &args.case, |_, case| Ok(file.into_act(args.about.find(case)?)))?;
    if args.fingerprint_only {
        session.terminal.say(&format!(
            "The record holds the fingerprint of {shown}, not its bytes: keep the file. Whoever gets it another way checks \
             it with `sha256sum`: {hash}"
        ));
    } else {
        session.terminal.say(&format!(
            "{shown} is kept with the case and goes to the others when they are connected. SHA-256 {hash}"
        ));
    }
    Ok(())
}
