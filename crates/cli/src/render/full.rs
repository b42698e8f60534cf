//! An act with every word of it, as shown before it is signed.

use counterpart_core::{
    act::{Act, Mode, Proposal},
    value::{ItemValue, Sealable},
};

use super::{
    Speech, indented, line, listed,
    sentence::{part, sentence},
    terms::{labelled, subject_terms, whole},
};
use crate::{item_value, when};

/// Said of what stands in the record as a commitment only.
const KEPT_BESIDE: &str = "(sealed: kept beside the record, so that it can be erased later)";

/// An act in full: nothing that will be signed is left out.
pub(crate) fn in_full(speech: &Speech<'_>, who: &str, act: &Act) -> String {
    let (head, lines) = match act {
        Act::Propose(proposal) => return proposal_in_full(speech, &format!("{who} proposes"), proposal),
        Act::Counter { of, proposal } => {
            return proposal_in_full(speech, &format!("{who} answers {} with", speech.entry(of)), proposal);
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
            let accepted = speech.case.and_then(|case| {
                let ix = case.record.graph().find(revision)?;
                let author = case.party_label(&case.record.graph().statement(ix).party);
                Some(in_full(speech, &author, &case.act(ix)))
            });
            if let Some(accepted) = accepted {
                text.push_str(&format!(":\n{}", indented(&accepted, "  ")));
            }
            (text, lines)
        }
        Act::Declare { revision, subject, note, evidence } => {
            let mut lines = Vec::new();
            if !evidence.is_empty() {
                lines.push(("evidence", listed(evidence.iter().map(|id| speech.entry(id)))));
            }
            remark(&mut lines, "note", note.as_ref());
            (format!("{who} declares {} done", part(speech, revision, *subject)), lines)
        }
        Act::Item { key, value, label, note } => {
            let mut lines = vec![("item", line(key))];
            remark(&mut lines, "label", label.as_ref());
            let sealed = matches!(value, ItemValue::Address(_) | ItemValue::Phone(_) | ItemValue::Email(_));
            let beside = if sealed { format!(" {KEPT_BESIDE}") } else { String::new() };
            lines.push(("value", format!("{}{beside}", item_in_full(value))));
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
            for (label, text) in [("person", &contact.person), ("number", &contact.number)] {
                lines.extend(text.as_ref().map(|t| (label, format!("{} {KEPT_BESIDE}", whole(t)))));
            }
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
        // The others say all they say in one sentence; a remark of several lines is shown as one.
        _ => (sentence(speech, who, act), Vec::new()),
    };
    if lines.is_empty() { head } else { format!("{head}:\n{}", indented(&labelled(&lines), "  ")) }
}

fn remark(lines: &mut Vec<(&'static str, String)>, label: &'static str, text: Option<&Sealable>) {
    lines.extend(text.map(|t| (label, whole(t))));
}

fn item_in_full(value: &ItemValue) -> String {
    match value {
        ItemValue::Text(text) => whole(text),
        other => item_value::show(other),
    }
}

fn proposal_in_full(speech: &Speech<'_>, head: &str, proposal: &Proposal) -> String {
    let several = proposal.subjects.len() > 1;
    let mut text = format!("{head}{}", if several { ", as a whole:" } else { ":" });
    for (n, subject) in proposal.subjects.iter().enumerate() {
        if several {
            text.push_str(&format!("\n  part {}", n + 1));
        }
        let indent = if several { "    " } else { "  " };
        text.push_str(&format!("\n{}", indented(&labelled(&subject_terms(speech, subject)), indent)));
    }
    let mut lines = Vec::new();
    if let Some(contact) = &proposal.alleged {
        lines.push(("said in", format!("{}: recorded for them as a promise they made", speech.entry(contact))));
    }
    lines.extend(proposal.open_until.as_ref().map(|d| ("open until", when::show_due(d))));
    if proposal.mode == Mode::Confirm {
        lines.push(("mode", "binds only after its author confirms".to_owned()));
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
