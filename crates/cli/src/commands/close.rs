//! `counterpart close`

use counterpart_core::{
    act::{Act, Topic},
    value::Sealable,
};

use super::CaseArg;
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    session::{Session, typed},
    terms,
};

/// Propose to close the case; it closes when everybody has agreed
///
/// Nothing is deleted, and anything signed afterwards reopens it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// How the matter ended, in a few words
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    if let Some((open, own)) = terms::closing(&case) {
        if own {
            return Err(CommandError::failed("you have proposed to close it already; it waits for the others"));
        }
        let (short, entry) = (case.short(), case.entry_typed(&open));
        return Err(CommandError::failed("closing is proposed already")
            .hint(format!("counterpart accept {short} {entry} agrees to it")));
    }
    let summary = args.summary.as_deref().map(|s| Ok::<_, CommandError>(Sealable::Open(typed("the summary", s)?)));
    let topic = Topic::Close { close: None, summary: summary.transpose()? };
    let proposal = terms::proposal(&case, vec![topic], None, None);
    confirm::sign(session, &desk, case, &Act::Propose(proposal)).map(drop)
}
