//! From what was told of a contact to what is signed: the contact, and each promise made in it as recorded for the other
//! side. All of it is shown, asked for once, and signed as one.

use counterpart_core::{
    act::{Act, Proposal, Topic},
    id::EntryId,
    record::Signed,
    value::Due,
};
use counterpart_node::{Desk, now};
use counterpart_process::call::Draft;
use counterpart_words::contact::{Noted, noted};
pub(super) use counterpart_words::contact::{began, check, due, due_written_out};

use crate::{
    case::OpenCase, commands::stamp::after_an_act, confirm, error::Done, json, possible::refused, render,
    session::Session, when,
};

/// Shows a contact with its promises, asks, signs, fills the notebook, and says what follows. A draft it was made of is
/// thrown away with that.
pub(super) fn sign(session: &Session, desk: &Desk, mut case: OpenCase, draft: &Draft, asked: bool) -> Done {
    let noted = noted(&case, draft)?;
    let contact = Act::Contact(noted.contact.clone());
    let judged = |act: &Act| desk.preview(&case.record, act, now()).map_err(|e| refused(&case, act, e)).map(drop);
    judged(&contact)?;
    let promised = |proposal: &Proposal| Act::Propose(proposal.clone());
    noted.promises.iter().map(promised).try_for_each(|act| judged(&act))?;
    confirm::agree(session, &noted.text(&case)).map_err(|error| match asked {
        true => error.hint("what you answered is kept in your notebook: the same command goes on with it"),
        false => error,
    })?;
    let next = |signed: &[Signed]| {
        let ids: Vec<EntryId> = signed.iter().map(|one| one.id).collect();
        noted.act(&ids)
    };
    let also = |txn: &counterpart_store::Txn<'_>, _: &[Signed]| {
        if asked {
            desk.drop_draft_in(txn, &case.id)?;
        }
        noted.lesson.as_ref().map_or(Ok(()), |lesson| desk.learn(txn, lesson, now()))
    };
    let mut record = std::mem::take(&mut case.record);
    let signed = desk.sign_together(&case.id, &mut record, next, also, now());
    case.record = record;
    let signed = signed.map_err(|e| refused(&case, &contact, e))?;
    case = case.signed();
    tell(session, &case, &noted, &signed)?;
    after_an_act(session, desk, &case);
    Ok(())
}

fn tell(session: &Session, case: &OpenCase, noted: &Noted, signed: &[Signed]) -> Done {
    let terminal = session.terminal;
    if terminal.json {
        let mut all = signed.iter().map(|one| json::signed(case, &one.id));
        let Some(mut first) = all.next() else { return Ok(()) };
        let promises: Vec<_> = all.collect();
        if !promises.is_empty() {
            first["promises"] = promises.into();
        }
        return terminal.json(&first);
    }
    for (number, one) in signed.iter().enumerate() {
        let name = case.entry_name(&one.id);
        terminal.data(&name)?;
        let promise = number.checked_sub(1).and_then(|n| noted.promises.get(n));
        terminal.say(&match promise.and_then(|p| p.subjects.first()) {
            Some(subject) => {
                format!("Signed and stored as {name}: {}", tracked(case, &subject.topic, &case.entry_typed(&one.id)))
            }
            None => format!("Signed and stored as {name}."),
        });
    }
    if signed.len() > 1 {
        terminal.say(
            "What they promised is your word until they agree to it. `counterpart today` shows it when it is due.",
        );
    }
    render::delivery(case).iter().for_each(|line| terminal.say(line));
    Ok(())
}

/// "Call back, tracked until Fri 8 May 2026 17:00 BST."
fn tracked(case: &OpenCase, topic: &Topic, typed: &str) -> String {
    let Topic::Action { terms, .. } = topic else { return String::new() };
    let what = render::sealable(&terms.what);
    match &terms.due {
        Some(Due::At { instant, zone, .. }) if *instant <= case.now => {
            let due = when::show(*instant, zone);
            format!("{what}, overdue since {due}: `counterpart missed {} {typed}` puts that on record.", case.short())
        }
        Some(due) => format!("{what}, tracked until {}.", when::show_due(due)),
        None => format!("{what}, tracked without a time: none was said."),
    }
}
