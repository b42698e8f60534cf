//! `counterpart erased`

use counterpart_words::acts::erasing;

use super::{CaseArg, ReasonArg, erase::gone};
use crate::{case::OpenCase, confirm as signing, error::Done, session::Session};

/// Erase your copy of what somebody asked everybody to erase, and say so
///
/// `counterpart next` lists such requests. To keep your copy and say why: `counterpart contest CASE REF REASON`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The request, or the entry that it is about, by number
    #[arg(value_name = "REF")]
    entry: String,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let target = case.entry(&args.entry)?;
    let (entry, places) = erasing::requested(&case, target.ix)?;
    let acts = erasing::done(entry, &places, args.reason.read()?.as_ref());
    signing::sign_all(session, &desk, case, &acts)?;
    gone(session, &desk, &places)
}
