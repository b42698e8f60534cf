//! `counterpart attachment put`

use std::path::PathBuf;

use serde_json::json;

use crate::{
    attachment,
    case::OpenCase,
    commands::EntryArg,
    error::{CommandError, Done, Kind},
    render::{self, Whereabouts, size},
    session::Session,
};

/// Supply the bytes of a file on record by hand, such as one that came by e-mail or on a stick
///
/// Only the very bytes that were put on record are taken. From then on this copy holds them and gives them to the others.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    of: EntryArg,
    /// The file that has the bytes
    file: PathBuf,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.of.case.case)?;
    let wanted = render::file(&case, &args.of.entry, &[])?;
    if wanted.whereabouts == Whereabouts::Erased {
        return Err(CommandError::failed(format!("your side erased the bytes of {} before", wanted.reference))
            .hint(format!("`counterpart attach {} FILE` puts the file on record anew", case.short())));
    }
    let given = attachment::fingerprint(&args.file)?;
    if given.file != wanted.named.file {
        return Err(CommandError::of(
            Kind::Verification,
            format!("{} is not the file that {} names: its bytes differ", args.file.display(), wanted.reference),
        )
        .hint(format!(
            "on record is SHA-256 {}; this one has {}",
            render::hex(&wanted.named.file.sha256),
            given.hex()
        )));
    }
    desk.keep_file(&case.id, &given.file, &args.file)?;
    if session.terminal.json {
        return session.terminal.json(&json!({
            "schema": "counterpart/attachment/1",
            "ref": wanted.reference,
            "file": args.file,
            "bytes": given.file.size,
            "sha256": given.hex(),
        }));
    }
    session.terminal.say(&format!("{} are here now, and are what {} names.", size(given.file.size), wanted.reference));
    Ok(())
}
