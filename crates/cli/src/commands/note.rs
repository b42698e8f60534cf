//! `counterpart note`

use counterpart_core::{act::Act, value::Sealable};

use super::CaseArg;
use crate::{
    case::OpenCase,
    confirm,
    error::Done,
    session::{Session, typed},
};

/// Put anything worth remembering on record; everybody in the case will read it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// What to note
    text: String,
    /// The entry it is about, by number
    #[arg(long, value_name = "REF")]
    about: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let about = args.about.as_ref().map(|a| Ok::<_, crate::error::CommandError>(case.entry(a)?.id)).transpose()?;
    let act = Act::Note { text: Sealable::Open(typed("the note", &args.text)?), about };
    confirm::sign(session, &desk, case, &act).map(drop)
}
