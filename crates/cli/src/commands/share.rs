//! `counterpart share`

use counterpart_core::{act::Act, graph::Ix, value::Sealable};
use counterpart_node::now;
use counterpart_process::notebook::Note;

use super::{CaseArg, notebook::find, stamp::after_an_act};
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    json,
    possible::refused,
    render,
    session::Session,
};

/// Put one of your private notes for a case on record: from then on everybody in the case can read it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The note, by the name that `counterpart show` has in front of it
    #[arg(value_name = "NOTE")]
    note: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let mut case = OpenCase::open(&desk, &args.case.case)?;
    let entry = find(desk.private_notes(&case.id)?, &args.note)?;
    let Note::Remark(remark) = &entry.note else { return Err(CommandError::usage("that is no note of this case")) };
    if let Some(id) = remark.shared.as_deref().and_then(counterpart_core::id::EntryId::from_hex) {
        return Err(CommandError::failed(format!("that note is on record already, as {}", case.entry_name(&id))));
    }
    let act = Act::Note { text: Sealable::Open(remark.text.clone()), about: None };
    if let Some(ix) = on_record(&case, &act) {
        let name = case.entry_name(&case.record.graph().id(ix));
        return Err(CommandError::failed(format!("just that is on record already, as {name}")));
    }
    desk.preview(&case.record, &act, now()).map_err(|e| refused(&case, &act, e))?;
    confirm::agree(session, &confirm::text(&case, std::slice::from_ref(&act)))?;
    let mut record = std::mem::take(&mut case.record);
    let next = |signed: &[counterpart_core::record::Signed]| signed.is_empty().then(|| act.clone());
    let also = |txn: &counterpart_store::Txn<'_>, signed: &[counterpart_core::record::Signed]| {
        signed.first().map_or(Ok(()), |signed| desk.mark_shared(txn, &entry, &signed.id))
    };
    let signed = desk.sign_together(&case.id, &mut record, next, also, now());
    case.record = record;
    let signed = signed.map_err(|e| refused(&case, &act, e))?;
    case = case.signed();
    for one in &signed {
        if session.terminal.json {
            session.terminal.json(&json::signed(&case, &one.id))?;
        } else {
            let name = case.entry_name(&one.id);
            session.terminal.data(&name)?;
            session.terminal.say(&format!("Signed and stored as {name}. Your private note is marked as shared."));
        }
    }
    render::delivery(&case).iter().for_each(|line| session.terminal.say(line));
    after_an_act(session, &desk, &case);
    Ok(())
}

/// The note of our own that says the same.
fn on_record(case: &OpenCase, act: &Act) -> Option<Ix> {
    let own = |ix: &Ix| case.record.graph().statement(*ix).party == case.own;
    case.record.graph().ordered().into_iter().filter(own).find(|ix| case.record.laid_open(*ix) == *act)
}
