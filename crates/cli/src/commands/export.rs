//! `counterpart export`

mod everything;

use std::path::PathBuf;

use counterpart_evidence::{Exporter, export};
use counterpart_node::{Desk, now};
use serde_json::json;

use super::CaseArg;
use crate::{
    case::OpenCase,
    disclosure::DisclosureArgs,
    error::{CommandError, Done},
    session::Session,
    written::{not_over, write_whole},
};

/// Write a case as one file that anybody can verify, without this program's keys and without a network
///
/// Everything of the case is in it, also the files, and the names and numbers that were kept beside the record, as far as
/// they are here; --withhold leaves some of these out. Give it only to whom it concerns. This machine signs in it that
/// these were all entries its copy held; it signs nothing else, and nobody is bound by it.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    case: Option<CaseArg>,
    /// The file to write [default: the case's short form with .zip]
    file: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    disclosure: DisclosureArgs,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Everything(everything::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let typed = match (&args.what, &args.case) {
        (Some(What::Everything(args)), _) => return everything::run(session, args),
        (None, Some(CaseArg { case })) => case,
        (None, None) => return Err(CommandError::usage("say which case")),
    };
    let desk = session.desk()?;
    let mut case = OpenCase::open(&desk, typed)?;
    let file = args.file.clone().unwrap_or_else(|| PathBuf::from(format!("{}.zip", case.short())));
    not_over(&file, args.force)?;
    let withheld = args.disclosure.apply(&mut case)?;
    let Bundle { bytes: bundle, files } = bundle(&desk, &case)?;
    write_whole(&file, &bundle)?;
    if session.terminal.json {
        return session.terminal.json(&json!({
            "schema": "counterpart/export/1",
            "case": case.id.to_hex(),
            "file": file,
            "bytes": bundle.len(),
            "entries": case.view().entries,
            "attachments": files,
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
        files,
        bundle.len(),
        file.display()
    ));
    Ok(())
}

/// A case as one file, and how many files on record are in it.
pub(super) struct Bundle {
    pub(super) bytes: Vec<u8>,
    files: usize,
}

/// Makes the file of a case as it stands in this copy.
pub(super) fn bundle(desk: &Desk, case: &OpenCase) -> Done<Bundle> {
    let held = case.held_files(desk)?;
    let exporter = Exporter { author: desk.author(), sign: &|word| desk.sign_export(word) };
    let stamps: Vec<_> = desk.stamps_over(&case.record)?.into_iter().map(|stamp| stamp.kept).collect();
    let bytes = export(&case.record, now(), &exporter, &held, &stamps);
    let bytes = bytes.map_err(|e| CommandError::failed(e.to_string()))?;
    Ok(Bundle { bytes, files: held.len() })
}
