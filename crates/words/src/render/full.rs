//! An act with every word of it, as shown before it is signed.

use counterpart_core::{
    act::{Act, Mode, Proposal},
    id::{DeviceKey, EntryId, short_form},
    seal::{self, PathStep},
    value::{ItemValue, Sealable},
};

use super::{
    Speech, agents,
    aside::beside_signing,
    difference::{Revision, whose},
    files, hex, indented, line, listed,
    sentence::{outcome_in_words, part_as_changed, sentence},
    terms::{labelled, subject_terms, whole},
};
use crate::{case::OpenCase, item_value, when};

/// Said of what stands in the record as a commitment only.
const KEPT_BESIDE: &str = "(sealed: kept beside the record, so that it can be erased later)";

/// The words that are signed: who, what, in which case.
pub fn to_be_signed(case: &OpenCase, acts: &[Act]) -> String {
    to_be_signed_at(case, acts, case.now)
}

/// The same as it reads at a time, Unix milliseconds: beside a due time stands how far off it is.
pub fn to_be_signed_at(case: &OpenCase, acts: &[Act], now: i64) -> String {
    let (speech, own) = (Speech::of_case(case).at(now).to_sign(), case.party_label(&case.own));
    let mut text = format!("In case {} ({}), as {own}:\n", line(&case.title), case.short());
    for act in acts {
        text.push_str(&format!("\n{}\n", indented(&in_full(&speech, &own, act), "  ")));
    }
    for told in beside_signing(case, acts, now) {
        text.push_str(&format!("\n{told}\n"));
    }
    text
}

/// An act in full: nothing that will be signed is left out.
pub fn in_full(speech: &Speech<'_>, who: &str, act: &Act) -> String {
    let (head, mut lines) = match act {
        Act::Propose(proposal) => return proposal_in_full(speech, &format!("{who} proposes"), proposal, None),
        Act::Counter { of, proposal } => {
            return proposal_in_full(speech, &format!("{who} answers {} with", speech.entry(of)), proposal, Some(of));
        }
        Act::Open(open) => {
            let seat =
                |s: &counterpart_core::act::SeatOffer| format!("{} ({})", super::sealable(&s.label), s.role.as_str());
            let mut lines = vec![
                ("title", line(&open.title)),
                ("parties", open.seats.iter().map(seat).collect::<Vec<_>>().join("\n")),
                ("zone", line(&open.zone)),
            ];
            remark(&mut lines, "about", open.about.as_ref());
            (format!("{who} opens a case"), lines)
        }
        Act::Accept { revision, note } => {
            let mut lines = Vec::new();
            remark(&mut lines, "note", note.as_ref());
            let mut text = format!("{who} accepts {}", speech.entry(revision));
            // What is agreed to is shown, not only named.
            if let Some(accepted) = entry_in_full(speech, revision) {
                text.push_str(&format!(":\n{}", indented(&accepted, "  ")));
            }
            (text, lines)
        }
        Act::Confirm { revision } => {
            let mut text = format!("{who} confirms {}: it binds from now on", speech.entry(revision));
            if let Some(confirmed) = entry_in_full(speech, revision) {
                text.push_str(&format!(":\n{}", indented(&confirmed, "  ")));
            }
            (text, Vec::new())
        }
        Act::Attach { sha256, size, name, media, about } => {
            let mut lines = vec![
                ("file", whole(name)),
                ("size", if *size == 1 { "1 byte".to_owned() } else { format!("{size} bytes") }),
                ("SHA-256", hex(sha256)),
            ];
            lines.extend(media.as_ref().map(|m| ("type", line(m))));
            lines.extend(about.as_ref().map(|id| ("on", speech.entry(id))));
            (format!("{who} puts a file on record"), lines)
        }
        Act::Remind { text, about, seat } => {
            let mut lines = vec![("text", whole(text))];
            lines.extend(about.as_ref().map(|id| ("of", speech.entry(id))));
            lines.extend(seat.as_ref().map(|s| ("whom", speech.seat(s))));
            (format!("{who} reminds"), lines)
        }
        Act::Thank { text, seat, person, about } => {
            let mut lines = vec![("text", whole(text))];
            remark(&mut lines, "person", person.as_ref());
            lines.extend(seat.as_ref().map(|s| ("whom", speech.seat(s))));
            lines.extend(about.as_ref().map(|id| ("for", speech.entry(id))));
            (format!("{who} thanks"), lines)
        }
        Act::Progress { revision, subject, text } => (
            format!("{who} says how far {} is", part_as_changed(speech, revision, *subject)),
            vec![("text", whole(text))],
        ),
        Act::Stop { revision, subject, reason } => {
            (format!("{who} gives {} up", part_as_changed(speech, revision, *subject)), vec![("reason", whole(reason))])
        }
        Act::Card(card) => (format!("{who} introduces whoever signs with this device"), agents::card_lines(card)),
        Act::Handover { from, to, person, summary } => {
            let device = |d: &DeviceKey| short_form(&d.0);
            let mut lines = Vec::new();
            remark(&mut lines, "person", person.as_ref());
            lines.push(("to", format!("device {}", device(to))));
            lines.extend(from.as_ref().map(|d| ("from", format!("device {}", device(d)))));
            lines.push(("summary", whole(summary)));
            (format!("{who} hands over"), lines)
        }
        Act::Dispute { about, subject, reason } => {
            let about = subject.map_or_else(|| speech.entry(about), |subject| part_as_changed(speech, about, subject));
            (format!("{who} disputes {about}"), vec![("reason", whole(reason))])
        }
        Act::Decide { dispute, decision, outcome } => {
            let mut lines = vec![("decision", whole(decision))];
            let outcome = outcome.map_or("none: it is recorded, and changes no state", outcome_in_words);
            lines.push(("outcome", outcome.to_owned()));
            (format!("{who} decides the dispute {}", speech.entry(dispute)), lines)
        }
        Act::Link { case, relation, note } => {
            let mut lines = vec![("case", case.to_hex()), ("relation", line(relation))];
            remark(&mut lines, "note", note.as_ref());
            (format!("{who} points to another case"), lines)
        }
        Act::Declare { revision, subject, note, evidence } => {
            let mut lines = Vec::new();
            if !evidence.is_empty() {
                lines.push(("evidence", listed(evidence.iter().map(|id| speech.entry(id)))));
            }
            remark(&mut lines, "note", note.as_ref());
            (format!("{who} declares {} done", part_as_changed(speech, revision, *subject)), lines)
        }
        Act::Item { key, value, label, note } => {
            let mut lines = vec![("item", line(key))];
            remark(&mut lines, "label", label.as_ref());
            lines.push(("value", item_in_full(value)));
            lines.push(("type", value.word().to_owned()));
            remark(&mut lines, "note", note.as_ref());
            (format!("{who} states"), lines)
        }
        Act::Contact(contact) => {
            let mut lines = vec![
                ("channel", line(&contact.channel)),
                (
                    "direction",
                    if contact.direction == "in" { "they got in touch" } else { "we got in touch" }.to_owned(),
                ),
                ("started", speech.time(contact.started)),
            ];
            let lasted = |seconds: i64| when::lasting(u64::try_from(seconds).unwrap_or(0));
            lines.extend(contact.seconds.map(|s| ("lasted", lasted(s))));
            lines.extend(contact.waited.map(|s| ("waited", lasted(s))));
            lines.extend(contact.seat.as_ref().map(|s| ("with", speech.seat(s))));
            remark(&mut lines, "person", contact.person.as_ref());
            remark(&mut lines, "number", contact.number.as_ref());
            remark(&mut lines, "reference", contact.reference.as_ref());
            if !contact.menu.is_empty() {
                lines.push(("menu", contact.menu.iter().map(whole).collect::<Vec<_>>().join("\n")));
            }
            lines.push(("summary", whole(&contact.summary)));
            (format!("{who} notes a contact"), lines)
        }
        Act::Note { text, about } => {
            let mut lines = vec![("text", whole(text))];
            lines.extend(about.as_ref().map(|id| ("on", speech.entry(id))));
            (format!("{who} notes"), lines)
        }
        Act::Invite { seat, expires, label, .. } => {
            let mut lines = vec![("seat", speech.seat(seat)), ("until", speech.time(*expires))];
            remark(&mut lines, "label", label.as_ref());
            (format!("{who} invites whoever holds the link that this makes"), lines)
        }
        Act::Erase { entry, path, reason } => {
            let mut lines = erasing(speech, entry, path);
            remark(&mut lines, "reason", reason.as_ref());
            (format!("{who} asks everybody to erase their copy"), lines)
        }
        Act::Erased { entry, path, reason } => {
            let mut lines = erasing(speech, entry, path);
            remark(&mut lines, "reason", reason.as_ref());
            (format!("{who} erases their own copy, now and for good, and says so"), lines)
        }
        // The others say all they say in one sentence; a remark of several lines is shown as one.
        _ => (sentence(speech, who, act), Vec::new()),
    };
    for label in kept_beside(act) {
        if let Some((_, text)) = lines.iter_mut().find(|(l, _)| *l == label) {
            let between = if text.contains('\n') { '\n' } else { ' ' };
            text.push(between);
            text.push_str(KEPT_BESIDE);
        }
    }
    if lines.is_empty() {
        return head;
    }
    // Whose head ends with the terms that are agreed to has had its colon.
    let colon = if head.contains('\n') { "" } else { ":" };
    format!("{head}{colon}\n{}", indented(&labelled(&lines), "  "))
}

/// The labels of what will be sealed unless somebody asks otherwise.
fn kept_beside(act: &Act) -> Vec<&'static str> {
    let mut labels: Vec<&'static str> = Vec::new();
    for path in seal::by_default(act) {
        let Some(PathStep::Key(key)) = path.first() else { continue };
        let label = match (act, key.as_str()) {
            (Act::Attach { .. }, "name") => "file",
            (_, "name") => "name",
            (_, "email") => "e-mail",
            (_, "phone") => "phone",
            (_, "person") => "person",
            (_, "number") => "number",
            (_, "summary") => "summary",
            (_, "value") => "value",
            _ => continue,
        };
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
}

/// What is to be erased, where, and what it says now.
fn erasing(speech: &Speech<'_>, entry: &EntryId, path: &[PathStep]) -> Vec<(&'static str, String)> {
    let mut lines =
        vec![("what", format!("{} of {}", files::place_in_words(speech.case, entry, path), speech.entry(entry)))];
    lines.extend(speech.case.map(|case| ("it says", files::content(case, entry, path))));
    lines.push(("stays", "that it was there, its fingerprint, and who erased it".to_owned()));
    lines
}

/// An entry here, in full.
fn entry_in_full(speech: &Speech<'_>, id: &EntryId) -> Option<String> {
    let case = speech.case?;
    let ix = case.record.graph().find(id)?;
    let who = case.party_label(&case.record.graph().statement(ix).party);
    Some(in_full(&speech.telling(ix), &who, &case.record.laid_open(ix)))
}

fn remark(lines: &mut Vec<(&'static str, String)>, label: &'static str, text: Option<&Sealable>) {
    lines.extend(text.map(|t| (label, whole(t))));
}

fn item_in_full(value: &ItemValue) -> String {
    match value {
        ItemValue::Text(text) => whole(text),
        other => item_value::lines(other).join("\n"),
    }
}

/// A promise made in a contact that is shown above it and not signed yet.
pub fn promise_in_full(speech: &Speech<'_>, who: &str, proposal: &Proposal) -> String {
    let said = Some("the contact above: recorded for them as a promise they made".to_owned());
    whole_proposal(speech, &format!("{who} records a promise"), proposal, None, said)
}

fn proposal_in_full(speech: &Speech<'_>, head: &str, proposal: &Proposal, answers: Option<&EntryId>) -> String {
    let said = proposal.alleged.as_ref();
    let said = said.map(|contact| format!("{}: recorded for them as a promise they made", speech.entry(contact)));
    whole_proposal(speech, head, proposal, answers, said)
}

fn whole_proposal(
    speech: &Speech<'_>,
    head: &str,
    proposal: &Proposal,
    answers: Option<&EntryId>,
    said_in: Option<String>,
) -> String {
    let several = proposal.subjects.len() > 1;
    let revision = Revision::of(speech, proposal, answers);
    let taken_up = revision.as_ref().and_then(Revision::taken_up);
    let some = taken_up.map(|(taken, all)| format!(" {taken} of its {all} parts")).unwrap_or_default();
    let mut text = format!("{head}{some}{}", if several { ", as a whole:" } else { ":" });
    let mut terms = Vec::new();
    for (n, subject) in proposal.subjects.iter().enumerate() {
        if several {
            text.push_str(&format!("\n  part {}", n + 1));
        }
        terms = subject_terms(speech, subject, true);
        for difference in revision.iter().flat_map(|revision| revision.differences(speech, subject)) {
            let of = match (difference.agreed(), speech.case) {
                (false, Some(case)) => format!("of {}{}", speech.entry(&difference.from), whose(case, difference.than)),
                _ => "of what is agreed".to_owned(),
            };
            terms.push(("changes", format!("{of}:\n{}", difference.lines().join("\n"))));
        }
        if several {
            text.push_str(&format!("\n{}", indented(&labelled(&terms), "    ")));
        }
    }
    let mut lines = if several { Vec::new() } else { terms };
    let left_out = revision.map(|revision| revision.left_out(speech)).unwrap_or_default();
    if !left_out.is_empty() {
        lines.push(("left out", left_out.join("\n")));
    }
    lines.extend(said_in.map(|said| ("said in", said)));
    lines.extend(proposal.open_until.as_ref().map(|d| {
        (
            "open until",
            format!("{}; an answer that arrives later binds only if all agree to it again", when::show_due(d)),
        )
    }));
    if proposal.mode == Mode::Confirm {
        lines.push(("mode", "binds its author only once they confirm, after all others have accepted".to_owned()));
    }
    remark(&mut lines, "note", proposal.note.as_ref());
    let alone = speech.case.is_some_and(|case| proposal.signers.iter().all(|s| case.is_own_seat(s)));
    lines.push((
        "binding",
        match alone {
            true => "at once, on you alone: nobody else's signature is needed".to_owned(),
            false => format!("once signed by {}", speech.seats(&proposal.signers)),
        },
    ));
    format!("{text}\n{}", indented(&labelled(&lines), "  "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Two, open};

    #[test]
    fn accepting_a_renegotiation_shows_what_it_changes() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        let amended = two.amend(1, first, first, "Mend the pipe on Monday");
        let case = two.seen_by(0);
        let text = in_full(&Speech::of_case(&case), "party 0", &Act::Accept { revision: amended, note: None });
        for told in [
            "party 0 accepts #7:",
            "in place of  what was agreed in #5",
            "of what is agreed:",
            "what: Mend the pipe → Mend the pipe on Monday",
            "as before: by and for",
            "once signed by party 0 and party 1",
        ] {
            assert!(text.contains(told), "{told}\n{text}");
        }
    }

    #[test]
    fn texts_of_several_lines_are_shown_whole() {
        let case = Two::new().seen_by(0);
        let act = Act::Remind { text: open("You said\nyou would ring"), about: None, seat: None };
        let text = in_full(&Speech::of_case(&case), "party 0", &act);
        assert_eq!(text, "party 0 reminds:\n  text  You said\n        you would ring");
    }
}
