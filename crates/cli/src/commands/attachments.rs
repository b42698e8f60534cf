//! `counterpart attachments`

use super::CaseArg;
use crate::{case::OpenCase, error::Done, json, render, session::Session};

/// List the files on record: from whom, how large, their fingerprints, and whether the bytes are here
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let files = render::files(&case, &desk.files_here(&case.id)?.parts);
    if session.terminal.json {
        return session.terminal.json(&json::attachments(&case, &files));
    }
    if files.is_empty() {
        session
            .terminal
            .say(&format!("No files are on record: `counterpart attach {} FILE` puts one there.", case.short()));
        return Ok(());
    }
    session.terminal.data(&render::write_files(&case, &files, session.terminal.columns()))
}
