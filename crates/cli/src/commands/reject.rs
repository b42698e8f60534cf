//! `counterpart reject`

use counterpart_core::{act::Act, value::Sealable};

use super::EntryArg;
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    session::{Session, typed},
};

/// Reject what was declared done, saying what is missing: it is to be done again
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// What is missing or wrong
    reason: String,
    /// The number of a condition that is not met, as `counterpart show` lists them; repeat for more
    #[arg(long, value_name = "NUMBER")]
    unmet: Vec<u32>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let target = case.declaration(&args.target.entry)?;
    let conditions = case.lens().declared(target.ix).and_then(|(revision, key)| case.lens().terms(revision, &key));
    let count = conditions.map_or(0, |t| t.conditions.len());
    let from_zero = |n: &u32| n.checked_sub(1).filter(|n| (*n as usize) < count);
    let unmet = args.unmet.iter().map(|n| {
        from_zero(n).ok_or_else(|| CommandError::usage(format!("there is no condition {n}: the terms have {count}")))
    });
    let unmet = unmet.collect::<Done<Vec<u32>>>()?;
    let reason = Sealable::Open(typed("the reason", &args.reason)?);
    let act = Act::Reject { declare: target.id, unmet, reason };
    confirm::sign(session, &desk, case, &act).map(drop)
}
