//! `counterpart export`

use std::{fs, io::Write as _, path::PathBuf};

use counterpart_node::now;
use serde_json::json;

use super::CaseArg;
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    session::Session,
};

/// Write a case as one file that anybody can verify, without this program's keys and without a network
///
/// Everything of the case is in it, sealed values that are here included. Give it only to whom it concerns.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The file to write [default: the case's short form with .zip]
    file: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let file = args.file.clone().unwrap_or_else(|| PathBuf::from(format!("{}.zip", case.short())));
    if file.exists() && !args.force {
        let there = CommandError::failed(format!("{} is there already; nothing was written", file.display()));
        return Err(there.hint("another name, or --force to write over it"));
    }
    let bundle = counterpart_evidence::export(&case.record, now()).map_err(|e| CommandError::failed(e.to_string()))?;
    write(&file, &bundle).map_err(|e| CommandError::failed(format!("{}: {e}", file.display())))?;
    if session.terminal.json {
        return session.terminal.json(&json!({
            "schema": "counterpart/export/1",
            "case": case.id.to_hex(),
            "file": file,
            "bytes": bundle.len(),
            "entries": case.view().entries,
        }));
    }
    session.terminal.data(&file.display().to_string())?;
    session.terminal.say(&format!(
        "{} entries, {} bytes. Check it with: counterpart verify {}",
        case.view().entries,
        bundle.len(),
        file.display()
    ));
    Ok(())
}

/// The file appears whole or not at all: a full disk leaves what was there.
fn write(file: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".writing");
    let making = file.with_file_name(name);
    let written = fs::File::create(&making).and_then(|mut out| {
        out.write_all(bytes)?;
        out.sync_all()
    });
    let moved = written.and_then(|()| fs::rename(&making, file));
    if moved.is_err() {
        // Half a file helps nobody; if it cannot be removed either, the disk has other troubles.
        drop(fs::remove_file(&making));
    }
    moved
}
