//! `counterpart accept`

use counterpart_core::act::Act;

use super::{WholeArg, act, remark};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    references::Target,
    session::Session,
};

/// Accept a proposal: it binds once everybody it names has signed it
///
/// A bundle of several parts is accepted as a whole. To have only some of them, answer it without the others:
/// `counterpart counter CASE REF --without-part N`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: WholeArg,
    /// A remark to go with it; it changes no terms
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        let target = terms_named(session, case, &args.target.entry, "accept")?;
        Ok(Act::Accept { revision: target.id, note: remark("the note", args.note.as_ref())? })
    })
}

/// The open revision meant. With `--yes` it must be named itself: nobody is bound to terms they neither named nor were
/// shown.
pub(super) fn terms_named(session: &Session, case: &OpenCase, typed: &str, command: &str) -> Done<Target> {
    let target = case.open_whole(typed)?;
    if target.followed && session.yes {
        let (asked, stands) = (typed.trim_start_matches('#'), case.entry_typed(&target.id));
        return Err(CommandError::usage(format!("#{asked} now stands at other terms, #{stands}"))
            .hint(format!("with --yes name exactly what you sign: counterpart {command} {} {stands}", case.short())));
    }
    Ok(target)
}
