//! Terms of revisions: on one line for lists, whole for reading and signing.

use counterpart_core::{
    act::{Act, ActionTerms, CancelClause, Subject, Topic},
    id::EntryId,
    value::Sealable,
};
use counterpart_process::clocks;

use super::{Speech, line, listed, sealable, visible};
use crate::{item_value, money, when};

/// What is to be done, by whom, by when: the heart of an action's terms.
fn action_in_a_line(speech: &Speech<'_>, terms: &ActionTerms) -> String {
    let mut text = format!("{}: {}", speech.people(&terms.performers), sealable(&terms.what));
    if let Some(value) = &terms.value {
        text.push_str(&format!(" ({})", money::show(value)));
    }
    if let Some(due) = &terms.due {
        text.push_str(&format!(", due {}", when::show_due(due)));
    }
    text
}

/// A subject of a revision on one line.
pub fn subject_in_a_line(speech: &Speech<'_>, subject: &Subject) -> String {
    match &subject.topic {
        Topic::Action { terms, .. } => action_in_a_line(speech, terms),
        Topic::Item { key, value } if key == clocks::KEY && clocks::Agreed::read(value).is_ok() => {
            format!("service clocks: {}", item_value::show(value))
        }
        Topic::Item { key, value } => format!("{} is {}", line(key), item_value::show(value)),
        Topic::Terms { title, seats, .. } => format!("terms \"{}\" between {}", line(title), speech.seats(seats)),
        Topic::AdmitSeat { seat } => format!("to let in {}", speech.seat(seat)),
        Topic::AdmitNew { role, label, .. } => format!("to let in {} as {}", sealable(label), role.as_str()),
        Topic::Close { summary, .. } => match summary {
            Some(summary) => format!("to close the case: {}", sealable(summary)),
            None => "to close the case".to_owned(),
        },
        Topic::Level { level } => format!("to raise the format to level {level}"),
    }
}

/// Everything an action's terms say, as labelled lines. `counted_from` is what a relative due time counts from;
/// `live` while something is to be done.
pub fn action_terms(
    speech: &Speech<'_>,
    terms: &ActionTerms,
    counted_from: Option<i64>,
    live: bool,
) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("what", whole(&terms.what)),
        ("by", speech.people(&terms.performers)),
        ("for", speech.people(&terms.beneficiaries)),
    ];
    if let Some(due) = &terms.due {
        lines.push(("due", when::show_due_now(due, counted_from, speech.zone, speech.now, live)));
    }
    if let Some(value) = &terms.value {
        lines.push(("value", money::show(value)));
    }
    let numbered = |texts: &[Sealable]| {
        let several = texts.len() > 1;
        let one =
            |(n, text): (usize, &Sealable)| if several { format!("{}. {}", n + 1, whole(text)) } else { whole(text) };
        texts.iter().enumerate().map(one).collect::<Vec<_>>().join("\n")
    };
    for (label, texts) in
        [("done when", &terms.conditions), ("evidence", &terms.evidence), ("otherwise", &terms.consequences)]
    {
        if !texts.is_empty() {
            lines.push((label, numbered(texts)));
        }
    }
    if !terms.cancel.is_empty() {
        let several = terms.cancel.len() > 1;
        let one = |(n, clause): (usize, &CancelClause)| {
            let until = clause.until.as_ref().map(|d| format!(", until {}", when::show_due(d))).unwrap_or_default();
            let text = format!("{}{until}: {}", speech.seat(&clause.by), whole(&clause.text));
            if several { format!("{}. {text}", n + 1) } else { text }
        };
        lines.push(("may cancel", terms.cancel.iter().enumerate().map(one).collect::<Vec<_>>().join("\n")));
    }
    if let Some((count, unit)) = terms.deemed {
        let length = when::show_length(count, unit);
        lines.push(("accepted", format!("if not rejected within {length} of proven delivery")));
    }
    if !terms.items.is_empty() {
        lines.push(("rests on", listed(terms.items.iter().map(|id| version(speech, id)))));
    }
    lines
}

/// The version of a fact that terms rest on, by its name and value.
fn version(speech: &Speech<'_>, id: &EntryId) -> String {
    let name = speech.entry(id);
    let stated = speech.case.and_then(|case| {
        let ix = case.record.graph().find(id)?;
        let items = |topic: &Topic| match topic {
            Topic::Item { key, value } => Some((key.clone(), value.clone())),
            _ => None,
        };
        match case.record.laid_open(ix) {
            Act::Item { key, value, .. } => Some((key, value)),
            Act::Propose(p) | Act::Counter { proposal: p, .. } => p.subjects.iter().find_map(|s| items(&s.topic)),
            _ => None,
        }
    });
    match stated {
        Some((key, value)) => format!("{} {} ({name})", line(&key), item_value::show(&value)),
        None => name,
    }
}

/// Everything a subject says, as labelled lines; how far off a due time is only while it is `live`.
pub fn subject_terms(speech: &Speech<'_>, subject: &Subject, live: bool) -> Vec<(&'static str, String)> {
    let mut lines = match &subject.topic {
        Topic::Action { terms, .. } => action_terms(speech, terms, None, live),
        Topic::Item { key, value } => vec![("item", line(key)), ("value", item_value::lines(value).join("\n"))],
        Topic::Terms { title, text, seats, .. } => {
            vec![("terms", line(title)), ("text", whole(text)), ("between", speech.seats(seats))]
        }
        Topic::Close { summary, .. } => {
            let mut lines = vec![("what", "to close the case".to_owned())];
            lines.extend(summary.as_ref().map(|s| ("summary", whole(s))));
            lines
        }
        Topic::AdmitSeat { .. } | Topic::AdmitNew { .. } | Topic::Level { .. } => {
            vec![("what", subject_in_a_line(speech, subject))]
        }
    };
    if let Some(base) = &subject.base {
        lines.push(("in place of", format!("what was agreed in {}", speech.entry(base))));
    }
    lines
}

/// A text whole, on as many lines as it has.
pub(super) fn whole(text: &Sealable) -> String {
    text.open().map_or_else(|| super::SEALED.to_owned(), visible)
}

/// Labelled lines, aligned.
pub(super) fn labelled(lines: &[(&'static str, String)]) -> String {
    let margin = lines.iter().map(|(label, _)| label.len()).max().unwrap_or(0) + 2;
    let one = |(label, text): &(&str, String)| {
        let mut parts = text.lines();
        let first = format!("{label:<margin$}{}", parts.next().unwrap_or_default());
        let rest = parts.map(|l| format!("{:margin$}{l}", ""));
        std::iter::once(first).chain(rest).collect::<Vec<_>>().join("\n")
    };
    lines.iter().map(one).collect::<Vec<_>>().join("\n")
}
