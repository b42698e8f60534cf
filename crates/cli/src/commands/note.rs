//! `counterpart note`

use counterpart_core::act::Act;
use counterpart_node::now;
use counterpart_process::notebook::{Note, Remark};

use super::{AboutArg, CaseArg, act, notebook::kept, text};
use crate::{
    case::OpenCase,
    error::Done,
    session::{Session, typed},
};

/// Put anything worth remembering on record for everybody in the case; or, with --private, into your own notebook
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// What to note
    text: String,
    #[command(flatten)]
    about: AboutArg,
    /// For your own eyes: it is not signed and never sent; `counterpart share` puts it on record later
    #[arg(long, conflicts_with = "about")]
    private: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    if args.private {
        return private(session, args);
    }
    act(session, &args.case, |_, case| {
        Ok(Act::Note { text: text("the note", &args.text)?, about: args.about.find(case)? })
    })
}

fn private(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let note = Note::Remark(Remark { text: typed("the note", &args.text)?, shared: None });
    let entry = desk.write_note(note, None, Some(case.id), now())?;
    kept(session, &entry)
}
