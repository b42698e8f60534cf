//! `counterpart erased`

use counterpart_core::{act::Act, graph::Ix, id::EntryId};

use super::{
    CaseArg, ReasonArg,
    erase::{chosen, gone},
};
use crate::{
    case::OpenCase,
    confirm as signing,
    error::{CommandError, Done},
    render::Place,
    session::Session,
};

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
    let (entry, asked) = requested(&case, target.ix)?;
    let wanted = |place: &Place| asked.iter().any(|path| path == place.what.path());
    let places: Vec<Place> = chosen(&case, &entry, None)?.into_iter().filter(wanted).collect();
    if places.is_empty() {
        return Err(CommandError::failed("your side erased that before"));
    }
    let reason = args.reason.read()?;
    let acts: Vec<Act> = places
        .iter()
        .map(|place| Act::Erased { entry, path: place.what.path().to_vec(), reason: reason.clone() })
        .collect();
    signing::sign_all(session, &desk, case, &acts)?;
    gone(session, &desk, &places)
}

type Paths = Vec<Vec<counterpart_core::seal::PathStep>>;

/// The entry that a request is about, and what of it is asked to be erased.
fn requested(case: &OpenCase, target: Ix) -> Done<(EntryId, Paths)> {
    let fold = case.record.fold();
    if let Act::Erase { entry, path, .. } = fold.act(target) {
        return Ok((*entry, vec![path.clone()]));
    }
    let id = case.record.graph().id(target);
    let paths: Paths = case
        .lens()
        .about(&id)
        .filter_map(|ix| match fold.act(ix) {
            Act::Erase { path, .. } => Some(path.clone()),
            _ => None,
        })
        .collect();
    if paths.is_empty() {
        let name = case.entry_name(&id);
        return Err(CommandError::failed(format!("nobody asked to erase anything of {name}")).hint(format!(
            "`counterpart erase {} {}` erases it here and asks the others",
            case.short(),
            case.entry_typed(&id)
        )));
    }
    Ok((id, paths))
}
