//! From what a program said to acts, by the functions that the commands and the pages use.

use counterpart_core::{
    act::{Act, Outcome},
    attachment::FileRef,
    id::EntryId,
    value::{Money, Sealable, Seat},
};
use counterpart_node::Desk;

use super::{
    Input, OutcomeInput, ProofInput, clocks,
    parts::{MoneyInput, SeatInput, to_come},
    terms,
};
use crate::{
    acts::{self, Introduced, erasing, files, limits, proofs, remark, text},
    agents,
    case::OpenCase,
    error::{CommandError, Done},
    item_value::{self, Here, no_files},
    references::Target,
    terms as agreed,
    typed::typed,
};

/// What a program asks to have signed; of a contact see [`super::contact::read`].
pub(super) fn acts(desk: &Desk, case: &OpenCase, input: &Input) -> Done<Vec<Act>> {
    let entry = |typed: &String| Ok::<_, CommandError>(case.entry(typed)?.id);
    let about = |typed: &Option<String>| typed.as_ref().map(entry).transpose();
    let note = |text: &Option<String>| remark("the note", text.as_deref());
    let why = |text: &Option<String>| remark("the reason", text.as_deref());
    Ok(vec![match input {
        Input::Propose(said) => terms::propose(case, said)?,
        Input::Counter(said) => terms::counter(case, said)?,
        Input::Accept { revision, note: said } => {
            Act::Accept { revision: exactly(case, revision)?.id, note: note(said)? }
        }
        Input::Decline { revision, reason } => {
            Act::Decline { revision: case.open_whole(revision)?.id, reason: why(reason)? }
        }
        Input::Withdraw { of, reason } => Act::Withdraw { of: case.withdrawable(of)?.id, reason: why(reason)? },
        Input::Confirm { revision } => Act::Confirm { revision: exactly(case, revision)?.id },
        Input::Close { summary } => agreed::close(case, remark("the summary", summary.as_deref())?)?,
        Input::Progress { revision, text: said } => {
            let Target { id, subject, .. } = case.in_force(revision)?;
            Act::Progress { revision: id, subject, text: text("how far it is", said)? }
        }
        Input::Declare { revision, note, evidence } => {
            let evidence: Vec<&str> = evidence.iter().map(String::as_str).collect();
            acts::declare(case, revision, note.as_deref(), &evidence)?
        }
        Input::Undeclare { declare, reason } => {
            Act::Undeclare { declare: case.declaration(declare)?.id, reason: why(reason)? }
        }
        Input::Approve { declare, note: said } => {
            Act::Approve { declare: case.declaration(declare)?.id, note: note(said)? }
        }
        Input::Reject { declare, reason, unmet } => acts::reject(case, declare, reason, unmet)?,
        Input::Stop { revision, reason } => {
            let Target { id, subject, .. } = case.in_force(revision)?;
            Act::Stop { revision: id, subject, reason: text("the reason", reason)? }
        }
        Input::Release { of, reason } => acts::release(case, of, reason.as_deref())?,
        Input::Allow { request, note: said } => {
            Act::Allow { request: case.request(request, false)?.id, note: note(said)? }
        }
        Input::Refuse { request, reason } => {
            Act::Refuse { request: case.request(request, false)?.id, reason: why(reason)? }
        }
        Input::Cancel { revision, clause, reason } => acts::cancel(case, revision, *clause, reason.as_deref())?,
        Input::Choose { pick, reason } => acts::choose(case, pick, reason.as_deref())?,
        Input::Missed { revision, note } => acts::missed(case, revision, note.as_deref())?,
        Input::Remind { text: said, about: of, seat: to } => {
            Act::Remind { text: text("the reminder", said)?, about: about(of)?, seat: seat(case, to)? }
        }
        Input::Thank { text: said, seat: to, person, about: of } => Act::Thank {
            text: text("the thanks", said)?,
            seat: seat(case, to)?,
            person: remark("the person's name", person.as_deref())?,
            about: about(of)?,
        },
        Input::Item { key, value, label, note: said } => {
            let here = Here { zone: case.zone(), now: case.now, file: no_files };
            Act::Item {
                key: typed("the item's name", key)?,
                value: item_value::from_json(&value.to_string(), here)?,
                label: remark("the label", label.as_deref())?,
                note: note(said)?,
            }
        }
        Input::ProposeClocks(said) => clocks::propose(case, said)?,
        Input::PauseClocks { reason } => crate::clocks::pause(case, reason)?,
        Input::ResumeClocks {} => crate::clocks::resume(case)?,
        Input::Acknowledge { entries, note: said } => {
            let acknowledge = |entry: EntryId| Ok(Act::Acknowledge { entry, note: note(said)? });
            return several(case, entries)?.into_iter().map(acknowledge).collect();
        }
        Input::Contest { entry: of, reason } => acts::contest(case, of, text("the reason", reason)?)?,
        Input::Contact(said) => Act::Contact(super::contact::read(case, said)?.contact),
        Input::Note { text: said, about: of } => Act::Note { text: text("the note", said)?, about: about(of)? },
        Input::Attach { sha256, size, name, fingerprint_only, media, about: of } => {
            let file = file(sha256, *size)?;
            if !fingerprint_only {
                files::must_be_here(case, &file)?;
            }
            attach(file, name, media.as_deref(), about(of)?)?
        }
        Input::Erase { entry: of, place, reason } => {
            let entry = entry(of)?;
            let places = erasing::chosen(case, &entry, place.as_deref())?;
            return Ok(erasing::asked(entry, &places, why(reason)?.as_ref()));
        }
        Input::Erased { entry, reason } => {
            let (entry, places) = erasing::requested(case, case.entry(entry)?.ix)?;
            return Ok(erasing::done(entry, &places, why(reason)?.as_ref()));
        }
        Input::Card { name, function, phone, email, hours } => {
            let said = Introduced {
                name: name.as_deref(),
                function: function.as_deref(),
                phone: phone.as_deref(),
                email: email.as_deref(),
                hours: hours.as_deref(),
            };
            acts::card(case, desk.author().device, &said)?
        }
        Input::Handover { person, device, summary } => {
            acts::handover(desk, case, person.as_deref(), device.as_deref(), summary.as_deref())?
        }
        Input::Mandate { agent, kinds, ceilings, from, until, internal } => {
            let time = |text: &Option<String>| text.as_deref().map(|text| to_come(case, text)).transpose();
            let limits = limits::Limits {
                kinds: agents::kinds(kinds)?,
                ceilings: most(ceilings)?,
                from: time(from)?,
                until: time(until)?,
                internal: *internal,
            };
            limits::mandate(desk, case, agent, limits)?
        }
        Input::Cut { agent, last } => limits::cut(desk, case, agent, last.as_deref())?,
        Input::Ratify { entries } => Act::Ratify { entries: several(case, entries)? },
        Input::Dispute { about, reason } => {
            let (about, subject) = case.disputable(about)?;
            Act::Dispute { about, subject, reason: text("the reason", reason)? }
        }
        Input::Concede { dispute, note: said } => {
            Act::Concede { dispute: case.dispute(dispute)?.id, note: note(said)? }
        }
        Input::Settle { dispute, revision, note } => acts::settle(case, dispute, revision.as_deref(), note.as_deref())?,
        Input::Decide { dispute, decision, outcome } => Act::Decide {
            dispute: case.dispute(dispute)?.id,
            decision: text("the decision", decision)?,
            outcome: outcome.map(Outcome::from),
        },
        Input::Prove { entry, by } => {
            let target = case.entry(entry)?;
            match by {
                ProofInput::Stamp => proofs::stamp(desk, case, &target)?,
                by => return proofs::receipts(case, &target, *by == ProofInput::AllReceipts),
            }
        }
        Input::Link { case: other, relation, note } => {
            acts::link(desk, case, other, relation.as_deref().unwrap_or("related"), note.as_deref())?
        }
        Input::Uninvite { invite, reason } => acts::uninvite(case, invite.as_deref(), reason.as_deref())?,
        Input::Seat { admit } => {
            let target = case.entry(admit)?;
            match case.record.fold().act(target.ix) {
                Act::Admit { seat, .. } => Act::Seat { seat: *seat, admit: target.id },
                _ => {
                    return Err(CommandError::usage(format!("{} lets nobody in", case.entry_name(&target.id)))
                        .hint("name the entry by which the party was let in"));
                }
            }
        }
        Input::Leave { reason } => Act::Leave { reason: why(reason)? },
    }])
}

/// The open proposal that was named itself: a program is bound to no terms that it did not name.
fn exactly(case: &OpenCase, typed: &str) -> Done<Target> {
    let target = case.open_whole(typed)?;
    if target.followed {
        let (asked, stands) = (typed.trim().trim_start_matches('#'), case.entry_typed(&target.id));
        return Err(CommandError::usage(format!("#{asked} now stands at other terms, #{stands}"))
            .hint(format!("read those terms, and name exactly what is signed: {stands}")));
    }
    Ok(target)
}

/// Entries, each once.
fn several(case: &OpenCase, typed: &[String]) -> Done<Vec<EntryId>> {
    let mut found: Vec<EntryId> = Vec::new();
    for typed in typed {
        let id = case.entry(typed)?.id;
        if !found.contains(&id) {
            found.push(id);
        }
    }
    if found.is_empty() {
        return Err(CommandError::usage("no entry is named").hint("name at least one in \"entries\", such as [\"7\"]"));
    }
    Ok(found)
}

/// The seat named, else the other side.
fn seat(case: &OpenCase, said: &Option<SeatInput>) -> Done<Option<Seat>> {
    match said {
        Some(said) => said.find(case).map(Some),
        None => Ok(case.other_seat()),
    }
}

fn most(said: &[MoneyInput]) -> Done<Vec<Money>> {
    let typed = said.iter().map(MoneyInput::typed).collect::<Done<Vec<_>>>()?;
    agents::ceilings(&typed)
}

fn file(sha256: &str, size: u64) -> Done<FileRef> {
    let sha256 = item_value::sha256(sha256)?;
    match size < 1 << 53 {
        true => Ok(FileRef { sha256, size }),
        false => Err(CommandError::usage("no file is that large")),
    }
}

fn attach(file: FileRef, name: &str, media: Option<&str>, about: Option<EntryId>) -> Done<Act> {
    let size = file.size.cast_signed();
    let name = typed("the file's name", name)?;
    let media = media.or_else(|| files::media(&name)).map(str::to_owned);
    Ok(Act::Attach { sha256: file.sha256, size, name: Sealable::Open(name), media, about })
}

impl From<OutcomeInput> for Outcome {
    fn from(outcome: OutcomeInput) -> Self {
        match outcome {
            OutcomeInput::Completed => Self::Completed,
            OutcomeInput::Cancelled => Self::Cancelled,
            OutcomeInput::Agreed => Self::Agreed,
        }
    }
}
