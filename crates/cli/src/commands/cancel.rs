//! `counterpart cancel`

use counterpart_core::act::{Act, CancelClause};

use super::{EntryArg, ReasonArg, act};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    references::Target,
    render,
    session::Session,
};

/// Cancel something agreed under a clause of its terms that lets you
///
/// Where no clause does, `counterpart release` asks the others.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// Which of the terms' clauses, as `counterpart show` numbers them [default: the only one that is yours]
    #[arg(long, value_name = "NUMBER")]
    clause: Option<u32>,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        let target = case.in_force(&args.target.entry)?;
        let clause = clause(case, target, args.clause)?;
        Ok(Act::Cancel { revision: target.id, subject: target.subject, clause, reason: args.reason.read()? })
    })
}

/// A clause's position, from 0: the one numbered from 1, else the only one of ours.
fn clause(case: &OpenCase, target: Target, number: Option<u32>) -> Done<u32> {
    let keys = case.record.fold().subject_keys(target.ix);
    let key = keys.get(target.subject as usize);
    let clauses = key.and_then(|key| case.lens().terms(target.ix, key)).map_or(&[][..], |terms| &terms.cancel);
    let name = case.entry_name(&target.id);
    let listed = |(n, clause): (usize, &CancelClause)| {
        format!("{} ({}): {}", n + 1, case.seat_label(&clause.by), render::sealable(&clause.text))
    };
    let all = || clauses.iter().enumerate().map(listed).collect::<Vec<_>>().join("; ");
    if clauses.is_empty() {
        return Err(CommandError::failed(format!("the terms of {name} have no clause that lets anybody cancel it"))
            .hint(format!("`counterpart release {} REF` asks the others to let you go", case.short())));
    }
    if let Some(number) = number {
        let at = number.checked_sub(1).filter(|at| (*at as usize) < clauses.len());
        return at.ok_or_else(|| {
            CommandError::usage(format!("the terms of {name} have no clause {number}"))
                .hint(format!("they have {}", all()))
        });
    }
    let own: Vec<usize> = (0..clauses.len()).filter(|n| case.is_own_seat(&clauses[*n].by)).collect();
    match own.as_slice() {
        [one] => Ok(u32::try_from(*one).unwrap_or(0)),
        [] => Err(CommandError::failed(format!("no clause in the terms of {name} lets you cancel it")).hint(format!(
            "they have {}; `counterpart release {} REF` asks the others",
            all(),
            case.short()
        ))),
        _ => Err(CommandError::usage("several clauses let you cancel it: say which with --clause").hint(all())),
    }
}
