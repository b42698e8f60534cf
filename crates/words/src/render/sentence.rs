//! One sentence for every act.

use counterpart_core::{
    act::{Act, Contact, Mode, Outcome, Proof, Proposal},
    fold::SubjectKey,
    id::{DeviceKey, EntryId, short_form},
    receipt::SignedReceipt,
    value::{Due, Sealable},
    view::Expected,
};

use super::{Speech, agents, difference::Revision, files, line, listed, sealable, terms::subject_in_a_line};
use crate::{item_value, when};

/// An act as one sentence on one line; `who` is its author.
pub fn sentence(speech: &Speech<'_>, who: &str, act: &Act) -> String {
    let entry = |id| speech.entry(id);
    match act {
        Act::Open(open) => {
            let seats = open.seats.iter().map(|s| format!("{} ({})", sealable(&s.label), s.role.as_str()));
            format!("{who} opens the case \"{}\" for {}", line(&open.title), listed(seats))
        }
        Act::Invite { seat, expires, .. } => {
            format!("{who} invites {} (until {})", speech.seat(seat), speech.time(*expires))
        }
        Act::Uninvite { invite, reason } => with(format!("{who} takes invitation {} back", entry(invite)), reason),
        Act::Admit { seat, .. } => format!("{who} admits {}", speech.seat(seat)),
        Act::Join { .. } => format!("{who} joins the case"),
        Act::Seat { seat, admit } => {
            format!("{who} decides who {} is: whom {} admitted", speech.seat(seat), entry(admit))
        }
        Act::Seen => format!("{who} has seen everything up to here"),
        Act::Propose(proposal) => proposed(speech, who, proposal),
        Act::Counter { of, proposal } => {
            let text = format!("{who} answers {} with: {}", entry(of), subjects(speech, proposal, Some(of)));
            with(offered(speech, text, proposal), &proposal.note)
        }
        Act::Accept { revision, note } => with(format!("{who} accepts {}", entry(revision)), note),
        Act::Decline { revision, reason } => with(format!("{who} declines {}", entry(revision)), reason),
        Act::Withdraw { of, reason } => with(format!("{who} takes {} back", entry(of)), reason),
        Act::Declare { revision, subject, note, evidence } => {
            let part = part_as_changed(speech, revision, *subject);
            let shown = match evidence.as_slice() {
                [] => String::new(),
                ids => format!(", showing {}", listed(ids.iter().map(entry))),
            };
            with(format!("{who} declares {part} done{shown}"), note)
        }
        Act::Undeclare { declare, reason } => {
            with(format!("{who} takes the declaration {} back: not done", entry(declare)), reason)
        }
        Act::Approve { declare, note } => {
            let text = match deemed(speech, who, declare) {
                true => {
                    format!("{who} takes the result declared in {} as accepted: not rejected in time", entry(declare))
                }
                false => format!("{who} approves the result declared in {}", entry(declare)),
            };
            with(text, note)
        }
        Act::Stop { revision, subject, reason } => {
            let text = format!("{who} gives {} up", part_as_changed(speech, revision, *subject));
            with(text, &Some(reason.clone()))
        }
        Act::Progress { revision, subject, text } => {
            format!("{who} says how far {} is: {}", part_as_changed(speech, revision, *subject), sealable(text))
        }
        Act::Reject { declare, unmet, reason } => {
            let unmet = match unmet.as_slice() {
                [] => String::new(),
                list => format!(" (not met: {})", listed(list.iter().map(|n| format!("condition {}", n + 1)))),
            };
            let text = format!("{who} rejects the result declared in {}{unmet}", entry(declare));
            with(text, &Some(reason.clone()))
        }
        Act::Release { of, reason } => {
            let reopen = speech.case.is_some_and(|c| {
                c.record.graph().find(of).is_some_and(|ix| matches!(c.record.fold().act(ix), Act::Declare { .. }))
            });
            let asks = if reopen { "asks to reopen the result approved in" } else { "asks to be released from" };
            with(format!("{who} {asks} {}", entry(of)), reason)
        }
        Act::Allow { request, note } => with(format!("{who} allows what {} asks", entry(request)), note),
        Act::Refuse { request, reason } => with(format!("{who} refuses what {} asks", entry(request)), reason),
        Act::Missed { revision, subject, due, note } => {
            let part = part_as_changed(speech, revision, *subject);
            with(format!("{who} records that the due time of {part} passed ({})", speech.time(*due)), note)
        }
        Act::Item { key, value, label, note } => {
            let name = label.as_ref().map_or_else(|| line(key), |l| format!("{} ({})", sealable(l), line(key)));
            with(format!("{who} states: {name} is {}", item_value::show(value)), note)
        }
        Act::Acknowledge { entry: id, note } => with(format!("{who} says that {} is right", entry(id)), note),
        Act::Contest { entry: id, reason } => with(format!("{who} contests {}", entry(id)), &Some(reason.clone())),
        Act::Contact(contact) => contacted(speech, who, contact),
        Act::Note { text, about } => {
            let about = about.as_ref().map(|id| format!(" on {}", entry(id))).unwrap_or_default();
            format!("{who} notes{about}: {}", sealable(text))
        }
        Act::Confirm { revision } => format!("{who} confirms {}: it binds from now on", entry(revision)),
        Act::Cancel { revision, subject, clause, reason } => {
            let text = format!(
                "{who} cancels {} under {}",
                part_as_changed(speech, revision, *subject),
                clause_named(speech, act, *clause)
            );
            with(text, reason)
        }
        Act::Choose { pick, reason } => with(format!("{who} chooses {} of what crossed", entry(pick)), reason),
        Act::Leave { reason } => {
            with(format!("{who} leaves: nothing more is delivered to them; what they agreed to stays"), reason)
        }
        Act::Link { case, relation, note } => {
            let text = format!("{who} points to another case, {} ({})", short_form(&case.0), line(relation));
            with(text, note)
        }
        Act::Attach { name, size, about, .. } => {
            let size = files::size(u64::try_from(*size).unwrap_or(0));
            format!("{who} puts a file on record{}: {} ({size})", on(speech, about.as_ref()), sealable(name))
        }
        Act::Remind { text, about, seat } => {
            let whom = seat.as_ref().map(|s| format!(" {}", speech.seat(s))).unwrap_or_default();
            let of = about.as_ref().map(|id| format!(" of {}", entry(id))).unwrap_or_default();
            format!("{who} reminds{whom}{of}: {}", sealable(text))
        }
        Act::Thank { text, seat, person, about } => {
            let seat = seat.as_ref().map(|s| speech.seat(s));
            let whom = match (person, seat) {
                (Some(person), Some(seat)) => format!(" {} ({seat})", sealable(person)),
                (Some(person), None) => format!(" {}", sealable(person)),
                (None, seat) => seat.map(|s| format!(" {s}")).unwrap_or_default(),
            };
            let what = about.as_ref().map(|id| format!(" for {}", entry(id))).unwrap_or_default();
            format!("{who} thanks{whom}{what}: {}", sealable(text))
        }
        Act::Erase { entry: id, path, reason } => {
            let place = files::place_in_words(speech.case, id, path);
            with(format!("{who} asks everybody to erase {place} of {}", entry(id)), reason)
        }
        Act::Erased { entry: id, path, reason } => {
            let place = files::place_in_words(speech.case, id, path);
            with(format!("{who} has erased {place} of {}", entry(id)), reason)
        }
        Act::Card(card) => format!("{who} introduces {}", agents::on_a_card(card)),
        Act::Handover { to, person, summary, .. } => {
            let whom = match person {
                Some(person) => format!("{} (device {})", sealable(person), short_form(&to.0)),
                None => format!("device {}", short_form(&to.0)),
            };
            format!("{who} hands over to {whom}: {}", sealable(summary))
        }
        Act::Mandate(mandate) => agents::mandated(speech, who, mandate),
        Act::Cut { tips, .. } => {
            let one = |(device, _, last): &(DeviceKey, u32, EntryId)| {
                format!("of the agent with device {} everything up to {}", short_form(&device.0), speech.entry(last))
            };
            match tips.as_slice() {
                [] => format!("{who} says that nothing counts of what an agent signed here after its rights had ended"),
                tips => format!(
                    "{who} says what still counts, now that rights have ended: {}",
                    listed(tips.iter().map(one))
                ),
            }
        }
        Act::Ratify { entries } => {
            let entries = listed(entries.iter().map(entry));
            format!("{who} stands by {entries}, signed by an agent whose rights had ended")
        }
        Act::Dispute { about, subject, reason } => {
            let about = subject.map_or_else(|| entry(about), |subject| part_as_changed(speech, about, subject));
            with(format!("{who} disputes {about}"), &Some(reason.clone()))
        }
        Act::Concede { dispute, note } => with(format!("{who} gives in to the dispute {}", entry(dispute)), note),
        Act::Settle { dispute, revision, note } => {
            let by = revision.as_ref().map(|id| format!(" by what was agreed in {}", entry(id))).unwrap_or_default();
            with(format!("{who} regards the dispute {} as settled{by}", entry(dispute)), note)
        }
        Act::Decide { dispute, decision, outcome } => {
            let outcome = outcome.map(|o| format!(" ({})", outcome_in_words(o))).unwrap_or_default();
            format!("{who} decides the dispute {}{outcome}: {}", entry(dispute), sealable(decision))
        }
        Act::Prove { what, data, about } => proved(speech, who, *what, data, about.as_ref()),
    }
}

fn with(mut text: String, remark: &Option<Sealable>) -> String {
    if let Some(remark) = remark {
        text.push_str(&format!(": {}", sealable(remark)));
    }
    text
}

/// A subject of a revision by name: `#3`, or `#3/2` in a bundle.
pub(super) fn part(speech: &Speech<'_>, revision: &EntryId, subject: u32) -> String {
    let name = speech.entry(revision);
    let bundle = speech
        .case
        .is_some_and(|c| c.record.graph().find(revision).is_some_and(|ix| c.record.fold().subject_keys(ix).len() > 1));
    if bundle { format!("{name}/{}", subject + 1) } else { name }
}

/// The same by the name that it keeps when its terms change: `#3`, or `#3 (as changed in #7)`.
pub(super) fn part_as_changed(speech: &Speech<'_>, revision: &EntryId, subject: u32) -> String {
    let name = part(speech, revision, subject);
    let lived = speech.case.and_then(|case| {
        let keys = case.record.fold().subject_keys(case.record.graph().find(revision)?);
        let key = keys.get(subject as usize)?;
        matches!(key, SubjectKey::Action(_)).then(|| case.subject_name(key))
    });
    match lived {
        Some(lived) if lived != name => format!("{lived} (as changed in {name})"),
        _ => name,
    }
}

fn on(speech: &Speech<'_>, about: Option<&EntryId>) -> String {
    about.map(|id| format!(" on {}", speech.entry(id))).unwrap_or_default()
}

/// What an arbiter's decision makes of the matter.
pub(super) fn outcome_in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "it counts as done",
        Outcome::Cancelled => "it is off",
        Outcome::Agreed => "it stands as agreed",
    }
}

/// Whether an approval is not by those it was done for, but under the terms' time for rejecting.
fn deemed(speech: &Speech<'_>, who: &str, declare: &EntryId) -> bool {
    let beneficiaries = speech.case.and_then(|case| {
        let (revision, key) = case.lens().declared(case.record.graph().find(declare)?)?;
        Some(&case.lens().terms(revision, &key)?.beneficiaries)
    });
    beneficiaries.is_some_and(|those| !those.iter().any(|party| speech.seat(&party.seat) == who))
}

/// A clause of signed terms by its words; by its number where they are not here.
fn clause_named(speech: &Speech<'_>, act: &Act, clause: u32) -> String {
    let Act::Cancel { revision, subject, .. } = act else { return String::new() };
    let text = speech.case.and_then(|case| {
        let ix = case.record.graph().find(revision)?;
        let key = case.record.fold().subject_keys(ix).get(*subject as usize)?;
        let clause = case.lens().terms(ix, key)?.cancel.get(clause as usize)?;
        Some(format!("the clause \"{}\"", sealable(&clause.text)))
    });
    text.unwrap_or_else(|| format!("clause {}", clause + 1))
}

/// The subjects of a proposal: those that change something by what they change, the others by their terms.
fn subjects(speech: &Speech<'_>, proposal: &Proposal, answers: Option<&EntryId>) -> String {
    match Revision::of(speech, proposal, answers) {
        Some(revision) => revision.in_a_line(speech),
        None => proposal.subjects.iter().map(|s| subject_in_a_line(speech, s)).collect::<Vec<_>>().join("; "),
    }
}

/// How long an offer holds, and whose last word it leaves.
fn offered(speech: &Speech<'_>, mut text: String, proposal: &Proposal) -> String {
    if let Some(Due::At { instant, .. }) = &proposal.open_until {
        text.push_str(&format!(" [open until {}]", speech.time(*instant)));
    }
    if proposal.mode == Mode::Confirm {
        text.push_str(" [binding once confirmed]");
    }
    text
}

fn proposed(speech: &Speech<'_>, who: &str, proposal: &Proposal) -> String {
    let said = match &proposal.alleged {
        Some(contact) => format!("{who} records as promised in {}", speech.entry(contact)),
        None => format!("{who} proposes"),
    };
    let terms = subjects(speech, proposal, None);
    let changes = proposal.subjects.first().is_some_and(|subject| subject.base.is_some());
    let between = if changes && terms.starts_with("a change of ") { " " } else { ": " };
    let text = format!("{said}{between}{terms}");
    with(offered(speech, text, proposal), &proposal.note)
}

/// What an embedded proof shows.
fn proved(speech: &Speech<'_>, who: &str, what: Proof, data: &[u8], about: Option<&EntryId>) -> String {
    let for_entry = about.map(|id| format!(" for {}", speech.entry(id))).unwrap_or_default();
    let receipt = (what == Proof::Receipt).then(|| SignedReceipt::verify(data).ok()).flatten();
    match receipt {
        Some(signed) => {
            let (party, device) = (&signed.receipt.party, &signed.receipt.device);
            let mailbox = if speech.is_mailbox(party, device) { "'s mailbox" } else { "" };
            let by = format!("{}{mailbox}", speech.party(party));
            let up_to = listed(signed.receipt.heads.iter().map(|head| speech.entry(head)));
            let at = speech.time(signed.receipt.at);
            format!(
                "{who} puts on record{for_entry} that {by} had stored everything up to {up_to}, by {} receipt of {at}",
                if mailbox.is_empty() { "their" } else { "its" }
            )
        }
        None => format!("{who} puts a {} on record{for_entry} as proof", what.as_str()),
    }
}

fn contacted(speech: &Speech<'_>, who: &str, contact: &Contact) -> String {
    let channel = match contact.channel.as_str() {
        "telephone" => "a telephone call",
        "mail" => "a letter",
        "e-mail" => "an e-mail",
        "visit" => "a visit",
        "chat" => "a chat",
        _ => "a contact",
    };
    let way = if contact.direction == "in" { "from" } else { "to" };
    let mut text = format!("{who} notes {channel} {way} ");
    let seat = contact.seat.as_ref().map(|s| speech.seat(s));
    match (&contact.person, seat) {
        (Some(person), Some(seat)) => text.push_str(&format!("{} ({seat})", sealable(person))),
        (Some(person), None) => text.push_str(&sealable(person)),
        (None, Some(seat)) => text.push_str(&seat),
        (None, None) => text.push_str("somebody"),
    }
    text.push_str(&format!(", {}", speech.time(contact.started)));
    let lasted = |seconds: i64| when::lasting(u64::try_from(seconds).unwrap_or(0));
    if let Some(seconds) = contact.seconds {
        text.push_str(&format!(", {} long", lasted(seconds)));
    }
    if let Some(waited) = contact.waited {
        text.push_str(&format!(", after waiting {}", lasted(waited)));
    }
    text.push_str(&format!(": {}", sealable(&contact.summary)));
    text
}

/// What somebody is waited for to do, about an entry of that name.
pub fn to_do(expected: Expected, about: Option<&str>) -> String {
    let what = about.unwrap_or("it");
    match expected {
        Expected::Join => "join the case".to_owned(),
        Expected::Answer => format!("answer {what}"),
        Expected::Confirm => format!("confirm {what}"),
        Expected::Prove => format!("prove that {what} arrived in time"),
        Expected::Perform => format!("do {what}"),
        Expected::Rework => format!("do again what {what} declared done"),
        Expected::Judge => format!("approve or reject {what}"),
        Expected::Allow => format!("allow or refuse {what}"),
        Expected::Choose => format!("choose between the agreements that crossed ({what})"),
        Expected::Ratify => format!("stand by {what}, signed with a key that was revoked, or let it go"),
        Expected::Settle => format!("give in to the dispute {what}, or settle it"),
        Expected::Decide => format!("decide the dispute {what}"),
        Expected::Erase => format!("erase your copy of what {what} asks everybody to erase, or say why not"),
    }
}
