//! `counterpart why`

use counterpart_core::{fold::SubjectKey, view::Question};

use super::CaseArg;
use crate::{case::OpenCase, error::Done, json, render, session::Session};

/// Say why something stands as it does: the acts behind it, who signed each, what proves when, and what follows
///
/// Of an action, an item or any entry. A claimed time is its author's; it is proven only between what another party
/// signed before and after it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// An action or entry by number, such as 7 or 7/2, or an item by its key, such as price
    #[arg(value_name = "REF")]
    what: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let case = OpenCase::open_with_stamps(&session.desk()?, &args.case.case)?;
    let why = case.record.why(question(&case, &args.what)?);
    if session.terminal.json {
        return session.terminal.json(&json::why(&case, &why));
    }
    session.terminal.data(&render::why(&case, &why, session.terminal.columns()))
}

/// An item by key; a matter by the entry that began it or whose terms apply; else the entry itself.
fn question(case: &OpenCase, typed: &str) -> Done<Question> {
    let key = typed.strip_prefix("item:").or_else(|| typed.strip_prefix("item ")).unwrap_or(typed).trim();
    if case.view().items.iter().any(|item| item.key == key) {
        return Ok(Question::Subject(SubjectKey::Item(key.to_owned())));
    }
    let found = case.names.find(typed)?;
    let keys = case.record.fold().subject_keys(found.ix);
    let key = match (found.subject, keys) {
        (Some(part), several) => several.get(part as usize),
        (None, [one]) => Some(one),
        (None, _) => None,
    };
    let Some(key) = key else { return Ok(Question::Entry(found.ix)) };
    let began = match key {
        SubjectKey::Action(a) | SubjectKey::Terms(a) | SubjectKey::Close(a) | SubjectKey::NewSeat(a) => {
            a.proposal == found.id
        }
        SubjectKey::Item(_) | SubjectKey::Seat(_) | SubjectKey::Level => false,
    };
    let applies = case.lens().status(key).is_some_and(|s| s.revision == found.ix);
    Ok(if began || applies { Question::Subject(key.clone()) } else { Question::Entry(found.ix) })
}
