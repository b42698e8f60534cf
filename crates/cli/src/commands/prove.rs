//! `counterpart prove`

use counterpart_words::acts::proofs;

use super::EntryArg;
use crate::{case::OpenCase, confirm as signing, error::Done, session::Session};

/// Put on record the others' signed receipts for an entry, so that its delivery counts for everybody
///
/// A receipt says: we had stored everything up to here, at that time. Each device's first receipt for the entry is
/// taken, because the first dates it best. With --stamp a time stamp is put on record instead, for everybody to check
/// by the root certificates they trust.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// Every receipt held, not only each device's first
    #[arg(long)]
    all: bool,
    /// The earliest time stamp that covers it, in place of receipts
    #[arg(long, conflicts_with = "all")]
    stamp: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let target = case.entry(&args.target.entry)?;
    let acts = match args.stamp {
        true => vec![proofs::stamp(&desk, &case, &target)?],
        false => proofs::receipts(&case, &target, args.all)?,
    };
    signing::sign_all(session, &desk, case, &acts).map(drop)
}
