//! `counterpart uninvite`

use counterpart_core::{act::Act, graph::Ix, id::EntryId};

use super::{CaseArg, remark};
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    session::Session,
};

/// Take an invitation back: its link is no use any more
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The invitation, by number [default: the only one that nobody has used]
    #[arg(value_name = "REF")]
    invite: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let invite = match &args.invite {
        Some(typed) => case.entry(typed)?.id,
        None => unused(&case)?,
    };
    let act = Act::Uninvite { invite, reason: remark("the reason", args.reason.as_ref())? };
    confirm::sign(session, &desk, case, &act).map(drop)
}

/// The one invitation that was neither used nor taken back.
fn unused(case: &OpenCase) -> Done<EntryId> {
    let (graph, lens) = (case.record.graph(), case.lens());
    let open = |ix: &Ix| {
        let used = |by: Ix| matches!(case.record.fold().act(by), Act::Admit { .. } | Act::Uninvite { .. });
        matches!(case.record.fold().act(*ix), Act::Invite { .. })
            && lens.has(*ix)
            && !lens.about(&graph.id(*ix)).any(used)
    };
    let found: Vec<EntryId> = graph.ordered().into_iter().filter(open).map(|ix| graph.id(ix)).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(CommandError::failed("no invitation is open: there is nothing to take back")),
        several => {
            let names = several.iter().map(|id| case.entry_typed(id)).collect::<Vec<_>>().join(", ");
            Err(CommandError::usage("several invitations are open: say which").hint(names))
        }
    }
}
