//! `counterpart verify`

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use counterpart_evidence::{MAX_BUNDLE, REFUSED, oversized, verify_with};

use super::stamp::roots_of;
use crate::{
    error::{CommandError, Done, Kind},
    progress::Progress,
    session::Session,
};

/// Check an exported case: every signature, every rule; says what is proven, by whom, and what is not
///
/// Needs no identity, no home folder and no network.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that `counterpart export` wrote
    file: PathBuf,
    /// Believe time stamps that the root certificates in this file vouch for (.pem, .crt or .der); repeat for more
    #[arg(long, value_name = "ROOTS")]
    trust: Vec<PathBuf>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let terminal = session.terminal;
    let roots = args.trust.iter().map(|file| roots_of(file)).reduce(|all, more| Ok(all?.and(more?))).transpose()?;
    let verdict = match read(&args.file)? {
        Some(bytes) => {
            let progress = Progress::new(terminal, "verifying");
            verify_with(&bytes, roots.as_ref(), &|done, all| progress.at(done, all))
        }
        None => Err(oversized()),
    };
    match verdict {
        // One line that every verifier of this file prints alike, so it is not set in lines as other answers are.
        Ok(verdict) if terminal.json => terminal.data(verdict.to_json().trim_end()),
        Ok(verdict) => terminal.data(&verdict.in_words()),
        Err(failure) => {
            if terminal.json {
                terminal.data(failure.to_json().trim_end())?;
            }
            Err(CommandError::of(Kind::Verification, failure.message).hint(REFUSED))
        }
    }
}

/// Reads a bundle; nothing of a file that is larger than a bundle can be.
pub(super) fn read(file: &Path) -> Done<Option<Vec<u8>>> {
    let failed = |e: std::io::Error| {
        let kind = if e.kind() == std::io::ErrorKind::NotFound { Kind::Usage } else { Kind::Failed };
        CommandError::of(kind, format!("{}: {e}", file.display()))
    };
    let most = u64::try_from(MAX_BUNDLE).unwrap_or(u64::MAX);
    let opened = fs::File::open(file).map_err(failed)?;
    if opened.metadata().map_err(failed)?.len() > most {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    opened.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}
