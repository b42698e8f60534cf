//! Acts made of what a person typed, where that takes more than a line: the same for the command and the pages.

pub mod erasing;
pub mod files;
pub mod limits;
pub mod proofs;

use counterpart_core::{
    act::{Act, CancelClause, Card},
    fold::{ActionState, InForce, Position, SubjectKey},
    graph::Ix,
    id::{CaseId, DeviceKey, EntryId},
    value::Sealable,
};
use counterpart_node::{Desk, due_instant};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    inviting::{Became, Invitation, invitations},
    references::Target,
    render,
    typed::{typed, typed_text},
    when,
};

/// A text that an act cannot be without.
pub fn text(what: &str, input: &str) -> Done<Sealable> {
    Ok(Sealable::Open(typed_text(what, input)?))
}

/// A remark that may go with an act.
pub fn remark(what: &str, input: Option<&str>) -> Done<Option<Sealable>> {
    input.map(|t| text(what, t)).transpose()
}

/// That something agreed is done, with entries that show it.
pub fn declare(case: &OpenCase, of: &str, note: Option<&str>, evidence: &[&str]) -> Done<Act> {
    let target = case.in_force(of)?;
    let evidence = evidence.iter().map(|e| Ok(case.entry(e)?.id)).collect::<Done<Vec<_>>>()?;
    let note = remark("the note", note)?;
    Ok(Act::Declare { revision: target.id, subject: target.subject, note, evidence })
}

/// That an entry of somebody else is wrong. Of one's own it would say nothing that others could hold against it.
pub fn contest(case: &OpenCase, of: &str, reason: Sealable) -> Done<Act> {
    let target = case.entry(of)?;
    if case.record.graph().statement(target.ix).party == case.own {
        let (name, typed, short) = (case.entry_name(&target.id), case.entry_typed(&target.id), case.short());
        return Err(CommandError::usage(format!("{name} is your own: you contest what somebody else wrote")).hint(
            format!(
                "`counterpart note {short} TEXT --about {typed}` says what is wrong with it; a proposal or request of yours is \
                 withdrawn instead"
            ),
        ));
    }
    Ok(Act::Contest { entry: target.id, reason })
}

/// The conditions of the terms that were declared done.
pub fn conditions(case: &OpenCase, declare: Ix) -> &[Sealable] {
    let terms = case.lens().declared(declare).and_then(|(revision, key)| case.lens().terms(revision, &key));
    terms.map_or(&[][..], |t| &t.conditions)
}

/// That what was declared done is not what was agreed; conditions not met are numbered from 1.
pub fn reject(case: &OpenCase, of: &str, reason: &str, unmet: &[u32]) -> Done<Act> {
    let target = case.declaration(of)?;
    let count = conditions(case, target.ix).len();
    let from_zero = |n: &u32| n.checked_sub(1).filter(|n| (*n as usize) < count);
    let unmet = unmet.iter().map(|n| {
        from_zero(n).ok_or_else(|| CommandError::usage(format!("there is no condition {n}: the terms have {count}")))
    });
    let unmet = unmet.collect::<Done<Vec<u32>>>()?;
    Ok(Act::Reject { declare: target.id, unmet, reason: text("the reason", reason)? })
}

/// A request to be released from an agreement, or to reopen an approved result.
pub fn release(case: &OpenCase, of: &str, reason: Option<&str>) -> Done<Act> {
    Ok(Act::Release { of: asked_of(case, of)?, reason: remark("the reason", reason)? })
}

/// The declaration of a completed action, which is reopened; else the revision in force.
fn asked_of(case: &OpenCase, typed: &str) -> Done<EntryId> {
    let entry = case.entry(typed)?;
    let keys = case.record.fold().subject_keys(entry.ix);
    let completed = |key: &SubjectKey| case.lens().status(key).is_some_and(|s| s.state == ActionState::Completed);
    if keys.is_empty() {
        return Ok(entry.id);
    }
    if !keys.iter().any(completed) && case.lens().fully_signed(entry.ix) && keys.len() > 1 {
        // A bundle is released as a whole.
        return Ok(entry.id);
    }
    let (key, _) = case.subject(typed)?;
    if completed(&key) { Ok(case.declaration(typed)?.id) } else { Ok(case.in_force(typed)?.id) }
}

/// The clauses of the terms in force that let somebody cancel.
pub fn clauses(case: &OpenCase, target: Target) -> &[CancelClause] {
    let keys = case.record.fold().subject_keys(target.ix);
    let key = keys.get(target.subject as usize);
    key.and_then(|key| case.lens().terms(target.ix, key)).map_or(&[][..], |terms| &terms.cancel)
}

/// That something agreed is cancelled under a clause of its terms, numbered from 1: else the only one of ours.
pub fn cancel(case: &OpenCase, of: &str, number: Option<u32>, reason: Option<&str>) -> Done<Act> {
    let target = case.in_force(of)?;
    let clause = clause(case, target, number)?;
    let reason = remark("the reason", reason)?;
    Ok(Act::Cancel { revision: target.id, subject: target.subject, clause, reason })
}

/// A clause's position, from 0.
fn clause(case: &OpenCase, target: Target, number: Option<u32>) -> Done<u32> {
    let clauses = clauses(case, target);
    let name = case.entry_name(&target.id);
    let listed = |(n, clause): (usize, &CancelClause)| {
        format!("{} ({}): {}", n + 1, case.seat_label(&clause.by), render::sealable(&clause.text))
    };
    let all = || clauses.iter().enumerate().map(listed).collect::<Vec<_>>().join("; ");
    if clauses.is_empty() {
        return Err(CommandError::failed(format!("the terms of {name} have no clause that lets anybody cancel it"))
            .hint(format!(
                "`counterpart release {} {}` asks the others to let you go",
                case.short(),
                case.entry_typed(&target.id)
            )));
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
            "they have {}; `counterpart release {} {}` asks the others",
            all(),
            case.short(),
            case.entry_typed(&target.id)
        ))),
        _ => Err(CommandError::usage("several clauses let you cancel it: say which, by its number")
            .hint(format!("write --clause with it; they have {}", all()))
            .in_fields(format!("say it in \"clause\"; they have {}", all()))),
    }
}

/// Which of the agreements that crossed is to stand.
pub fn choose(case: &OpenCase, of: &str, reason: Option<&str>) -> Done<Act> {
    Ok(Act::Choose { pick: pick(case, of)?, reason: remark("the reason", reason)? })
}

/// The rival meant, by the id that names it; what was typed where nothing crossed, so that the refusal says so.
fn pick(case: &OpenCase, typed: &str) -> Done<EntryId> {
    let target = case.entry(typed)?;
    let lens = case.lens();
    let actions = case.view().actions.iter().map(|a| (&a.key, &a.status));
    let crossed = actions.chain(case.view().matters.iter().map(|m| (&m.key, &m.status)));
    let mut crossings: Vec<Vec<EntryId>> = Vec::new();
    for (key, status) in crossed {
        let InForce::Crossed { rivals, .. } = &status.in_force else { continue };
        if let Some(rival) = rivals.iter().find(|rival| match rival {
            Position::Revision(ix) => *ix == target.ix,
            Position::End(_) => lens.name(**rival, key) == target.id,
        }) {
            return Ok(lens.name(*rival, key));
        }
        crossings.push(rivals.iter().map(|rival| lens.name(*rival, key)).collect());
    }
    let keys = case.record.fold().subject_keys(target.ix);
    let here = |rivals: &&Vec<EntryId>| {
        let about = |id: &EntryId| case.record.graph().find(id).map(|ix| case.record.fold().subject_keys(ix));
        rivals.iter().filter_map(about).flatten().any(|key| keys.contains(key))
    };
    match crossings.iter().find(here) {
        Some(rivals) => {
            let names: Vec<String> = rivals.iter().map(|id| case.entry_typed(id)).collect();
            Err(CommandError::usage(format!(
                "#{} is not one of the agreements that crossed",
                case.entry_typed(&target.id)
            ))
            .hint(format!("choose one of {}", names.join(", "))))
        }
        None => Ok(target.id),
    }
}

/// That a due time has passed and the thing was not done.
pub fn missed(case: &OpenCase, of: &str, note: Option<&str>) -> Done<Act> {
    let (key, status) = case.subject(of)?;
    let name = case.subject_name(&key);
    let terms = case.lens().terms(status.revision, &key);
    let due = terms.and_then(|t| t.due.as_ref());
    let due = due.and_then(|d| due_instant(d, counted_from(case, status.revision)));
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
    Ok(Act::Missed { revision, subject, due, note: remark("the note", note)? })
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

/// That a dispute of one's own is over, perhaps by an agreement.
pub fn settle(case: &OpenCase, of: &str, by: Option<&str>, note: Option<&str>) -> Done<Act> {
    let dispute = case.dispute(of)?.id;
    let revision = by.map(|typed| Ok::<_, CommandError>(case.in_force(typed)?.id)).transpose()?;
    Ok(Act::Settle { dispute, revision, note: remark("the note", note)? })
}

/// What a person says of themselves; what is not said anew stays as on the last card.
#[derive(Debug, Default, Clone, Copy)]
pub struct Introduced<'t> {
    pub name: Option<&'t str>,
    pub function: Option<&'t str>,
    pub phone: Option<&'t str>,
    pub email: Option<&'t str>,
    pub hours: Option<&'t str>,
}

/// The latest card of whoever signs with a device of ours.
pub fn last_card(case: &OpenCase, device: DeviceKey) -> Option<Card> {
    let own = |ix: &Ix| case.lens().has(*ix) && case.record.graph().statement(*ix).party == case.own;
    case.record.graph().ordered().into_iter().rev().filter(own).find_map(|ix| match case.record.fold().act(ix) {
        Act::Card(card) if card.device == Some(device) => match case.record.laid_open(ix) {
            Act::Card(card) => Some(card),
            _ => None,
        },
        _ => None,
    })
}

/// A card for whoever signs with a device of ours.
pub fn card(case: &OpenCase, device: DeviceKey, said: &Introduced<'_>) -> Done<Act> {
    let known = last_card(case, device);
    let name = remark("the name", said.name)?.or_else(|| known.as_ref().map(|k| k.name.clone()));
    let name = name.ok_or_else(|| {
        CommandError::usage("a card says a name")
            .hint("write --name \"Priya Shah\"; the rest is up to you")
            .in_fields("say it in \"name\"; the rest is up to you")
    })?;
    let kept = |field: fn(&Card) -> &Option<Sealable>| known.as_ref().and_then(|card| field(card).clone());
    let card = Card {
        name,
        function: remark("the function", said.function)?.or_else(|| kept(|c| &c.function)),
        phone: remark("the phone number", said.phone)?.or_else(|| kept(|c| &c.phone)),
        email: remark("the e-mail address", said.email)?.or_else(|| kept(|c| &c.email)),
        hours: remark("the hours", said.hours)?.or_else(|| kept(|c| &c.hours)),
        device: Some(device),
    };
    if known.as_ref() == Some(&card) {
        return Err(CommandError::usage("your card says just that already")
            .hint("say what is new, such as --phone")
            .in_fields("say what is new, such as \"phone\""));
    }
    Ok(Act::Card(card))
}

/// Hands over to whoever signs with a device of ours, by its name here; without one, on this device.
pub fn handover(
    desk: &Desk,
    case: &OpenCase,
    person: Option<&str>,
    device: Option<&str>,
    summary: Option<&str>,
) -> Done<Act> {
    let own = desk.author().device;
    let to = match device {
        Some(typed) => {
            let agent = desk.agent(typed)?;
            if agent.revoked.is_some() {
                return Err(CommandError::failed(format!("the rights of {typed} have ended"))
                    .hint("`counterpart agent list` shows whose stand"));
            }
            agent.device
        }
        None => own,
    };
    let summary = match summary {
        Some(summary) => text("the summary", summary)?,
        None => text("the summary", &crate::summary::to_sign(case))?,
    };
    // Whoever is responsible by the record has the case in our own lists as well, so it has to be a name for those.
    person.map(|person| desk.can_be_assigned(person)).transpose()?;
    let person = remark("the person's name", person)?;
    Ok(Act::Handover { from: (to != own).then_some(own), to, person, summary })
}

/// Whom an act makes responsible for the case, as lists name them: kept with the act, so that both say the same.
pub fn handed_to(act: &Act) -> Option<&str> {
    match act {
        Act::Handover { person: Some(Sealable::Open(person)), .. } => Some(person),
        _ => None,
    }
}

/// Points to another case: one of ours, or any by all its digits.
pub fn link(desk: &Desk, case: &OpenCase, other: &str, relation: &str, note: Option<&str>) -> Done<Act> {
    let other = match CaseId::from_hex(other.trim()) {
        Some(id) => id,
        None => desk.resolve(other)?,
    };
    if other == case.id {
        return Err(CommandError::usage("that is this case itself")
            .hint("`counterpart list` shows the others; any case is named by its 64 digits"));
    }
    Ok(Act::Link { case: other, relation: typed("the relation", relation.trim())?, note: remark("the note", note)? })
}

/// That an invitation is no use any more: else the only one that is open.
pub fn uninvite(case: &OpenCase, of: Option<&str>, reason: Option<&str>) -> Done<Act> {
    let invite = match of {
        Some(typed) => case.entry(typed)?.id,
        None => unused(case)?,
    };
    Ok(Act::Uninvite { invite, reason: remark("the reason", reason)? })
}

fn unused(case: &OpenCase) -> Done<EntryId> {
    let unused = |one: &Invitation| matches!(one.became, Became::Open | Became::Expired);
    let found: Vec<EntryId> = invitations(case).into_iter().filter(unused).map(|one| one.id).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(CommandError::failed("no invitation is open: there is nothing to take back")),
        several => {
            let names = several.iter().map(|id| case.entry_typed(id)).collect::<Vec<_>>().join(", ");
            Err(CommandError::usage("several invitations are open: say which").hint(names))
        }
    }
}
