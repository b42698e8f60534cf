//! Agents in words: who signs, how to reach them, what they may do.

use counterpart_core::{
    act::{Card, Mandate},
    id::short_form,
    keylog::EventBody,
    value::Sealable,
};

use super::{Speech, listed, sealable};
use crate::money;

/// A person as their card has it: "Priya Shah, customer care, 0800 123, Monday to Thursday".
pub(super) fn on_a_card(card: &Card) -> String {
    let reached = [&card.function, &card.phone, &card.email, &card.hours];
    let parts = std::iter::once(&card.name).chain(reached.into_iter().flatten()).map(sealable);
    parts.collect::<Vec<String>>().join(", ")
}

/// The lines of a card.
pub(super) fn card_lines(card: &Card) -> Vec<(&'static str, String)> {
    let mut lines = vec![("name", sealable(&card.name))];
    let further: [(&'static str, &Option<Sealable>); 4] =
        [("function", &card.function), ("phone", &card.phone), ("e-mail", &card.email), ("hours", &card.hours)];
    lines.extend(further.into_iter().filter_map(|(label, text)| Some((label, sealable(text.as_ref()?)))));
    lines.extend(card.device.map(|device| ("device", short_form(&device.0))));
    lines
}

/// What an agent may do here.
pub(super) fn mandated(speech: &Speech<'_>, who: &str, mandate: &Mandate) -> String {
    let mut limits = Vec::new();
    if !mandate.kinds.is_empty() {
        limits.push(format!("only {}", listed(mandate.kinds.iter().map(|kind| super::line(kind)))));
    }
    if !mandate.ceilings.is_empty() {
        limits.push(format!("at most {} at stake", listed(mandate.ceilings.iter().map(money::show))));
    }
    limits.extend(mandate.from.map(|from| format!("from {}", speech.time(from))));
    limits.extend(mandate.until.map(|until| format!("until {}", speech.time(until))));
    let limits = if limits.is_empty() { "whatever its rights cover".to_owned() } else { limits.join(", ") };
    let whose = if mandate.open { "" } else { " (a limit for their own machines only)" };
    match device(speech, mandate) {
        Some(device) => format!("{who} lets the agent with device {device} do here: {limits}{whose}"),
        None => format!("{who} limits what an agent may do here: {limits}{whose}"),
    }
}

fn device(speech: &Speech<'_>, mandate: &Mandate) -> Option<String> {
    match &speech.case?.record.logs().event(&mandate.grant)?.body {
        EventBody::Grant(grant) => Some(short_form(&grant.device.0)),
        _ => None,
    }
}
