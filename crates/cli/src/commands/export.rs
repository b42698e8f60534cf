//! `counterpart export`

use std::{fs, io::Write as _, path::PathBuf};

use counterpart_evidence::{Exporter, export};
use counterpart_node::now;
use serde_json::json;

use super::CaseArg;
use crate::{
    case::OpenCase,
    disclosure::DisclosureArgs,
    error::{CommandError, Done},
    session::Session,
};

/// Write a case as one file that anybody can verify, without this program's keys and without a network
///
/// Everything of the case is in it, also the files, and the names and numbers that were kept beside the record, as far as
/// they are here; --withhold leaves some of these out. Give it only to whom it concerns. This machine signs in it that
/// these were all entries its copy held; it signs nothing else, and nobody is bound by it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The file to write [default: the case's short form with .zip]
    file: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    disclosure: DisclosureArgs,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let mut case = OpenCase::open(&desk, &args.case.case)?;
    let file = args.file.clone().unwrap_or_else(|| PathBuf::from(format!("{}.zip", case.short())));
    if file.exists() && !args.force {
        let there = CommandError::failed(format!("{} is there already; nothing was written", file.display()));
        return Err(there.hint("another name, or --force to write over it"));
    }
    let withheld = args.disclosure.apply(&mut case)?;
    let held = case.held_files(&desk)?;
    let exporter = Exporter { author: desk.author(), sign: &|word| desk.sign_export(word) };
    let stamps: Vec<_> = desk.stamps_over(&case.record)?.into_iter().map(|stamp| stamp.kept).collect();
    let bundle = export(&case.record, now(), &exporter, &held, &stamps);
    let bundle = bundle.map_err(|e| CommandError::failed(e.to_string()))?;
    write(&file, &bundle).map_err(|e| CommandError::failed(format!("{}: {e}", file.display())))?;
    if session.terminal.json {
        return session.terminal.json(&json!({
            "schema": "counterpart/export/1",
            "case": case.id.to_hex(),
            "file": file,
            "bytes": bundle.len(),
            "entries": case.view().entries,
            "attachments": held.len(),
            "withheld": {"values": withheld.values, "attachments": withheld.files},
        }));
    }
    session.terminal.data(&file.display().to_string())?;
    if withheld.values + withheld.files > 0 {
        session.terminal.say(&format!(
            "Left out: {} sealed values, {} files. Whoever verifies it sees that they are there, and not what they say.",
            withheld.values, withheld.files
        ));
    }
    session.terminal.say(&format!(
        "{} entries, {} files, {} bytes, and this machine's signature that it held no more of the case. Check it with: \
         counterpart verify {}",
        case.view().entries,
        held.len(),
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
