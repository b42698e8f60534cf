//! `counterpart missed`

use counterpart_core::{act::Act, graph::Ix};
use counterpart_node::due_instant;

use super::{EntryArg, remark};
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    session::Session,
    when,
};

/// Record that a due time passed and the thing was not done; it changes no terms
///
/// It may be agreed, or a promise of theirs that you recorded with --promised-in.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// A remark to go with it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let (key, status) = case.subject(&args.target.entry)?;
    let name = case.subject_name(&key);
    let terms = case.lens().terms(status.revision, &key);
    let due = terms.and_then(|t| t.due.as_ref());
    let due = due.and_then(|d| due_instant(d, counted_from(&case, status.revision)));
    let Some(due) = due else {
        return Err(CommandError::failed(format!("{name} has no due time that has begun to count")).hint(
            "one that is relative counts from when it is agreed; of a promise that was only said, from the contact",
        ));
    };
    if due > case.now {
        let distance = when::distance(due, case.now);
        return Err(CommandError::failed(format!(
            "{name} is not overdue: it is due {}, {distance}",
            when::show(due, case.zone())
        )));
    }
    let keys = case.record.fold().subject_keys(status.revision);
    let subject = keys.iter().position(|k| *k == key).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let revision = case.record.graph().id(status.revision);
    let act = Act::Missed { revision, subject, due, note: remark("the note", args.note.as_ref())? };
    confirm::sign(session, &desk, case, &act).map(drop)
}

/// What a relative due time counts from: the agreement; of a promise recorded from what they said, when they said it.
fn counted_from(case: &OpenCase, revision: Ix) -> Option<i64> {
    let contact = || {
        let said = case.record.fold().proposal(revision)?.alleged?;
        match case.record.laid_open(case.record.graph().find(&said)?) {
            Act::Contact(contact) => Some(contact.started),
            _ => None,
        }
    };
    case.record.agreed_at(revision).or_else(contact)
}
