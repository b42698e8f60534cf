//! The contacts in which something may have been promised.

use counterpart_core::{act::Act, graph::Ix};
use counterpart_words::{case::OpenCase, render, when};

/// How many contacts can be chosen from, the latest.
const MOST: usize = 50;

/// Letters of a summary in the list.
const SUMMARY: usize = 70;

/// A contact to choose.
#[derive(Debug)]
pub(super) struct Contact {
    pub(super) number: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// The latest contacts on record, and the one that was chosen.
pub(super) fn contacts(case: &OpenCase, chosen: &str) -> Vec<Contact> {
    let (graph, fold, lens) = (case.record.graph(), case.record.fold(), case.lens());
    let is_contact = |ix: &Ix| matches!(fold.act(*ix), Act::Contact(_)) && lens.has(*ix);
    let chosen_ix = case.entry(chosen).ok().map(|target| target.ix).filter(is_contact);
    let mut found: Vec<Ix> = graph.all().rev().filter(is_contact).take(MOST).collect();
    found.extend(chosen_ix.filter(|ix| !found.contains(ix)));
    let shown = |ix: Ix| {
        let Act::Contact(contact) = case.record.laid_open(ix) else { return None };
        let number = case.entry_typed(&graph.id(ix));
        let summary = render::sealable(&contact.summary);
        let short: String = summary.chars().take(SUMMARY).collect();
        let dots = if short.len() < summary.len() { "…" } else { "" };
        let started = when::show_short(contact.started, case.zone(), case.now);
        let label = format!("#{number}, {started}: {short}{dots}");
        Some(Contact { label, chosen: chosen_ix == Some(ix), number })
    };
    found.into_iter().filter_map(shown).collect()
}
