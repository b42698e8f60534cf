//! `counterpart erase`

use counterpart_core::{act::Act, id::EntryId};
use counterpart_node::Desk;

use super::{CaseArg, ReasonArg};
use crate::{
    case::OpenCase,
    confirm as signing,
    error::{CommandError, Done},
    render::{self, Place, listed},
    session::Session,
};

/// Erase what was kept beside the record, here and now, and ask everybody else in the case to erase it too
///
/// That a name, a number or a file was put on record, when, by whom, and who erased it stays for ever; what it said does
/// not, on this machine and your others. Others are asked: their copy is theirs to erase, and shown until they do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The entry, by number
    #[arg(value_name = "REF")]
    entry: String,
    /// What of it, such as person, number, name or file [default: everything of it that can be erased]
    #[arg(value_name = "PLACE")]
    place: Option<String>,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let entry = case.entry(&args.entry)?;
    let places = chosen(&case, &entry.id, args.place.as_deref())?;
    let reason = args.reason.read()?;
    let acts: Vec<Act> = places
        .iter()
        .flat_map(|place| {
            let (entry, path, reason) = (entry.id, place.what.path().to_vec(), reason.clone());
            [Act::Erase { entry, path: path.clone(), reason: reason.clone() }, Act::Erased { entry, path, reason }]
        })
        .collect();
    signing::sign_all(session, &desk, case, &acts)?;
    gone(session, &desk, &places)
}

/// What of an entry is to be erased: everything, or the place named. What our side erased before is left out.
pub(super) fn chosen(case: &OpenCase, entry: &EntryId, typed: Option<&str>) -> Done<Vec<Place>> {
    let name = case.entry_name(entry);
    let all = case.record.graph().find(entry).map(|ix| render::places(case, ix)).unwrap_or_default();
    if all.is_empty() {
        return Err(CommandError::failed(format!(
            "{name} has nothing that could be erased: all of it stands in the record"
        ))
        .hint("names, numbers, addresses and files are kept beside it, unless somebody chose otherwise"));
    }
    let known = listed(all.iter().map(|p| p.typed.clone()));
    let wanted: Vec<Place> = match typed.map(|t| t.trim().to_lowercase()) {
        None => all,
        Some(typed) => all.into_iter().filter(|p| p.typed == typed).collect(),
    };
    if wanted.is_empty() {
        return Err(CommandError::usage(format!("{name} has no such thing to erase")).hint(format!("it has {known}")));
    }
    let own = |place: &Place| place.erased.iter().any(|e| e.party == case.own);
    let left: Vec<Place> = wanted.into_iter().filter(|place| !own(place)).collect();
    if left.is_empty() {
        return Err(CommandError::failed(format!("your side erased that of {name} before")));
    }
    Ok(left)
}

/// Says what is gone, once it is.
pub(super) fn gone(session: &Session, desk: &Desk, places: &[Place]) -> Done {
    let words = listed(places.iter().map(|p| p.words.clone()));
    if desk.do_chores()? {
        session.terminal.say(&format!(
            "Erased on this machine: {words}. Copies that were printed, exported or backed up are not reached by it."
        ));
    } else {
        session.terminal.always(&format!(
            "{words}: erased. Another program uses the store just now, so traces may stay on the disk until your node, or \
             the next `counterpart erase`, overwrites them."
        ));
    }
    Ok(())
}
