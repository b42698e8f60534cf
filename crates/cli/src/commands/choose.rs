//! `counterpart choose`

use counterpart_core::{
    act::Act,
    fold::{InForce, Position},
    id::EntryId,
};

use super::{EntryArg, ReasonArg, act};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    session::Session,
};

/// Choose which of the agreements that crossed is to stand
///
/// Agreements cross when both sides accepted different terms without knowing of each other. `counterpart show` lists
/// them, and says whose choice it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Choose { pick: pick(case, &args.target.entry)?, reason: args.reason.read()? })
    })
}

/// The rival meant, by the id that names it; what was typed where nothing crossed, so that the refusal says so.
fn pick(case: &OpenCase, typed: &str) -> Done<EntryId> {
    let target = case.entry(typed)?;
    let lens = case.lens();
    let actions = case.view().actions.iter().map(|a| (&a.key, &a.status));
    let crossed = actions.chain(case.view().matters.iter().map(|m| (&m.key, &m.status)));
    let mut crossings: Vec<Vec<EntryId>> = Vec::new();
    for (key, status) in crossed {
        let InForce::Crossed { rivals, .. } = &status.in_force else { continue };
        if let Some(rival) = rivals.iter().find(|rival| match rival {
            Position::Revision(ix) => *ix == target.ix,
            Position::End(_) => lens.name(**rival, key) == target.id,
        }) {
            return Ok(lens.name(*rival, key));
        }
        crossings.push(rivals.iter().map(|rival| lens.name(*rival, key)).collect());
    }
    let keys = case.record.fold().subject_keys(target.ix);
    let here = |rivals: &&Vec<EntryId>| {
        let about = |id: &EntryId| case.record.graph().find(id).map(|ix| case.record.fold().subject_keys(ix));
        rivals.iter().filter_map(about).flatten().any(|key| keys.contains(key))
    };
    match crossings.iter().find(here) {
        Some(rivals) => {
            let names: Vec<String> = rivals.iter().map(|id| case.entry_typed(id)).collect();
            Err(CommandError::usage(format!(
                "#{} is not one of the agreements that crossed",
                case.entry_typed(&target.id)
            ))
            .hint(format!("choose one of {}", names.join(", "))))
        }
        None => Ok(target.id),
    }
}
