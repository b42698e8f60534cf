//! The promise ledger in words.

use counterpart_core::{
    fold::SubjectKey,
    view::{PromiseLedger, Tally},
};
use counterpart_node::due_instant;

use super::{layout::width, listed, padded, sealable, wrapped};
use crate::{
    case::OpenCase,
    style::{Style, styled},
};

/// The ledgers of a case, by seat.
pub fn ledgers(case: &OpenCase) -> Vec<PromiseLedger> {
    case.record.ledger(case.view(), &due_instant)
}

/// Everything `counterpart ledger` prints, for so many columns.
pub fn ledger(case: &OpenCase, columns: usize) -> String {
    let mut out = Vec::new();
    for ledger in ledgers(case) {
        if !out.is_empty() {
            out.push(String::new());
        }
        let who = case.seat_label(&ledger.seat);
        let you = if case.is_own_seat(&ledger.seat) { " (you)" } else { "" };
        out.push(wrapped("", &styled(Style::Strong, &format!("Promises of {who}{you}")), columns));
        if ledger.is_empty() {
            out.push("  none".to_owned());
        }
        let tallies = ledger.tallies();
        let shown = || tallies.iter().filter(|(_, tally)| tally.count > 0);
        let labels = shown().map(|(word, _)| width(in_words(word))).max().unwrap_or(0);
        for (word, tally) in shown() {
            let first = format!("  {}  {:>3}  ", padded(in_words(word), labels), tally.count);
            let actions = listed(tally.actions.iter().map(|key| named(case, key)));
            out.push(wrapped(&first, &styled_as(word, &actions), columns));
        }
    }
    out.push(String::new());
    let how = "Counted from signed acts only. Kept: approved, and declared done by its due time. Missed: recorded by \
               `missed`, each due time once.";
    out.push(wrapped("", &styled(Style::Faint, how), columns));
    out.join("\n")
}

/// One line for each seat that promised anything: "Northlink Ltd: 2 kept, 1 late; 1 alleged".
pub fn ledger_lines(case: &OpenCase) -> Vec<String> {
    let one = |ledger: &PromiseLedger| {
        let count = |(word, tally): &(&'static str, &Tally)| match *word {
            "alleged_missed" => format!("{} of these missed", tally.count),
            "alleged" => format!("{} said to be promised, never agreed", tally.count),
            word => format!("{} {word}", tally.count),
        };
        let tallies = ledger.tallies();
        let told = |apart: bool| {
            let some = tallies.iter().filter(|(word, t)| t.count > 0 && word.starts_with("alleged") == apart);
            some.map(count).collect::<Vec<_>>().join(", ")
        };
        let parts = [told(false), told(true)];
        let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        format!("{}: {}", case.seat_label(&ledger.seat), parts.join("; "))
    };
    ledgers(case).iter().filter(|l| !l.is_empty()).map(one).collect()
}

/// `#3 "Refund the double charge"`.
fn named(case: &OpenCase, key: &SubjectKey) -> String {
    let action = case.view().actions.iter().find(|a| a.key == *key);
    let what = action.and_then(|a| a.terms(&case.lens())).map(|t| sealable(&t.what)).unwrap_or_default();
    format!("{} \"{what}\"", case.subject_name(key))
}

fn in_words(word: &'static str) -> &'static str {
    match word {
        "released" => "ended by agreement",
        "stopped" => "given up",
        "alleged" => "said, never agreed",
        "alleged_missed" => "missed of these",
        other => other,
    }
}

fn styled_as(word: &str, text: &str) -> String {
    match word {
        "kept" => styled(Style::Good, text),
        "missed" | "late" => styled(Style::Warn, text),
        _ => text.to_owned(),
    }
}
