//! `counterpart erase`

use counterpart_node::Desk;
use counterpart_words::acts::erasing;

use super::{CaseArg, ReasonArg};
use crate::{
    case::OpenCase,
    confirm as signing,
    error::Done,
    render::{Place, listed},
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
    let places = erasing::chosen(&case, &entry.id, args.place.as_deref())?;
    let acts = erasing::asked(entry.id, &places, args.reason.read()?.as_ref());
    signing::sign_all(session, &desk, case, &acts)?;
    gone(session, &desk, &places)
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
