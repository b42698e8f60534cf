//! What of a draft is proposed: its rows as the fields of a proposal's form.

use counterpart_core::worksheet::{Choice, Field, RowKind, RowView, WorksheetView};
use counterpart_words::case::OpenCase;

use super::{field_name, seat_word};
use crate::{
    acts::{self, Wrong},
    language::Language,
    typed::Typed,
};

/// The fields of a row and those of a proposal's part that they become.
const BECOME: &[(RowKind, &str, &str)] = &[
    (RowKind::Action, "what", "what"),
    (RowKind::Action, "due", "due"),
    (RowKind::Action, "value", "value"),
    (RowKind::Action, "conditions", "conditions"),
    (RowKind::Action, "by", "by"),
    (RowKind::Action, "for", "for"),
    (RowKind::Item, "key", "key"),
    (RowKind::Item, "value", "item-value"),
    (RowKind::Item, "type", "item-type"),
    (RowKind::Wording, "title", "title"),
    (RowKind::Wording, "text", "text"),
];

/// What can be chosen: value and word, nothing first.
pub(super) fn options(language: &'static Language, case: &OpenCase, choice: Choice) -> Vec<(String, String, bool)> {
    let nothing = |key: &str| (String::new(), language.say(key).to_owned(), false);
    match choice {
        Choice::By | Choice::For => {
            let agree = case.seats.iter().filter(|seat| seat.role.agrees());
            let seats = agree.map(|seat| (seat_word(&seat.seat), case.seat_label(&seat.seat), false));
            std::iter::once(nothing("draft.nobody")).chain(seats).collect()
        }
        Choice::Removed => Vec::new(),
        Choice::Type => {
            let words = acts::terms::types(language).into_iter().filter(|(word, _)| *word != "text");
            let words = words.map(|(word, name)| (word.to_owned(), name.to_owned(), false));
            std::iter::once(nothing("terms.type.text")).chain(words).collect()
        }
    }
}

/// The rows that say something, in their order: each becomes a part of the proposal.
fn parts<'v>(view: &'v WorksheetView, typed: &Typed) -> Vec<&'v RowView> {
    let says = |row: &&RowView| {
        let of = |field: &str| typed.some(&field_name(row, field)).is_some();
        row.fields.iter().any(|field| field.field != Field::Note && of(field.field.as_str()))
    };
    let is_here = |row: &&RowView| row.fields.iter().any(|f| typed.has(&field_name(row, f.field.as_str())));
    view.rows.iter().filter(|row| !row.removed).filter(is_here).filter(says).collect()
}

/// The name of a field of the nth part, from 1.
fn part_name(field: &str, part: usize) -> String {
    if part == 1 { field.to_owned() } else { format!("{field}-{part}") }
}

/// The fields of a proposal of everything that was displayed; nothing where nothing was written.
pub(super) fn proposed(view: &WorksheetView, typed: &Typed) -> Option<Typed> {
    let rows = parts(view, typed);
    let mut fields = Typed::default().and("parts", rows.len().to_string());
    for (part, row) in (1..).zip(&rows) {
        let kind = match row.kind {
            RowKind::Action => "action",
            RowKind::Item => "item",
            RowKind::Wording => "terms",
        };
        fields = fields.and(&part_name("kind", part), kind);
        for (_, from, to) in BECOME.iter().filter(|(kind, ..)| *kind == row.kind) {
            if let Some(text) = typed.some(&field_name(row, from)) {
                fields = fields.and(&part_name(to, part), text);
            }
        }
    }
    (!rows.is_empty()).then_some(fields)
}

/// What is wrong with a proposal, at the fields of the draft it was made of.
pub(super) fn on_the_page(view: &WorksheetView, typed: &Typed, wrong: &[Wrong]) -> Vec<Wrong> {
    let rows = parts(view, typed);
    let at = |field: &str| {
        let (name, part) = match field.rsplit_once('-') {
            Some((name, part)) if part.parse::<usize>().is_ok() => (name, part.parse().unwrap_or(1)),
            _ => (field, 1),
        };
        let row = rows.get(part - 1)?;
        // A field that the draft does not have stands for the first of its row.
        let of = BECOME.iter().filter(|(kind, ..)| *kind == row.kind);
        let same = of.clone().find(|(_, _, to)| *to == name).or_else(|| of.clone().next());
        same.map(|(_, from, _)| field_name(row, from))
    };
    let moved = |one: &Wrong| Wrong { field: at(&one.field).unwrap_or_default(), ..one.clone() };
    wrong.iter().map(|one| if one.field.is_empty() { one.clone() } else { moved(one) }).collect()
}
