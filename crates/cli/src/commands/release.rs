//! `counterpart release`

use counterpart_core::{
    act::Act,
    fold::{ActionState, SubjectKey},
    id::EntryId,
};

use super::{EntryArg, remark};
use crate::{case::OpenCase, confirm, error::Done, session::Session};

/// Ask to be released from an agreement, or to reopen an approved result
///
/// It ends when everybody else who signed allows it; until then it stands.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let of = asked_of(&case, &args.target.entry)?;
    let act = Act::Release { of, reason: remark("the reason", args.reason.as_ref())? };
    confirm::sign(session, &desk, case, &act).map(drop)
}

/// The declaration of a completed action, which is reopened; else the revision in force.
fn asked_of(case: &OpenCase, typed: &str) -> Done<EntryId> {
    let entry = case.entry(typed)?;
    let keys = case.record.fold().subject_keys(entry.ix);
    let completed = |key: &SubjectKey| case.lens().status(key).is_some_and(|s| s.state == ActionState::Completed);
    if keys.is_empty() {
        return Ok(entry.id);
    }
    if !keys.iter().any(completed) && case.lens().fully_signed(entry.ix) && keys.len() > 1 {
        // A bundle is released as a whole.
        return Ok(entry.id);
    }
    let (key, _) = case.subject(typed)?;
    if completed(&key) { Ok(case.declaration(typed)?.id) } else { Ok(case.in_force(typed)?.id) }
}
