//! `counterpart accept`

use counterpart_core::act::Act;

use super::{EntryArg, remark};
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    session::Session,
};

/// Accept a proposal: it binds once everybody it names has signed it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// A remark to go with it; it changes no terms
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let target = case.open_revision(&args.target.entry)?;
    if target.followed && session.yes {
        // Nobody is bound to terms they neither named nor were shown.
        let (asked, stands) = (args.target.entry.trim_start_matches('#'), case.entry_typed(&target.id));
        return Err(CommandError::usage(format!("#{asked} now stands at other terms, #{stands}"))
            .hint(format!("with --yes name exactly what you accept: counterpart accept {} {stands}", case.short())));
    }
    let act = Act::Accept { revision: target.id, note: remark("the note", args.note.as_ref())? };
    confirm::sign(session, &desk, case, &act).map(drop)
}
