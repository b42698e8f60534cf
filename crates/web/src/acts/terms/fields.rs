//! The fields of a proposal: how they are called, and what they hold before anybody has typed.
//!
//! A proposal has parts, counted from 1 to `parts`. The first part's fields are called as they are, those of the nth
//! end in `-n`: `due`, `due-2`. What belongs to no part stands in [`WHOLE`].
//!
//! Of each part: `kind` (`action`, `terms` or `item`) or, where it continues a part of what is answered, `of` (which,
//! from 0). Of an action: `what`; `way` (`theirs`, `mine`, `other`) with `person`, or for `other` the seats in `by` and
//! `for`, each with `by-person.SEAT`, `for-person.SEAT`; `due`, or `due-day` and `due-time`; `value` and `currency`;
//! `conditions`, `evidence` and `consequences`, a line each; `cancel-by.K`, `cancel-text.K` and `cancel-until.K`;
//! `deemed`; `uses` (entries). Of other terms: `title`, `text`. Of a fact: see `item`. Of a closing: `summary`.

use counterpart_core::act::{ActionTerms, Topic};
use counterpart_words::{
    case::OpenCase,
    render,
    terms::{ActionTyped, Clause, Fact, Who},
};

use super::people::{Pair, seat_key};
use crate::typed::Typed;

/// Parts that a proposal may have here.
pub(super) const MOST: usize = 16;

/// Clauses by which an action may be called off.
pub(super) const MOST_CLAUSES: usize = 64;

/// Fields that belong to no part.
const WHOLE: &[&str] = &[
    "about",
    "key-of",
    "parts",
    "open-until",
    "open-until-day",
    "open-until-time",
    "confirm",
    "promised",
    "contact",
    "note",
    ADD,
    REMOVE,
];

/// Buttons that change the form and sign nothing: `add` a part of the kind named, or a row (`row`); `remove` a part.
pub(super) const ADD: &str = "add";
pub(super) const REMOVE: &str = "remove";

/// A field of a part.
pub(super) fn name(field: &str, part: usize) -> String {
    if part == 1 { field.to_owned() } else { format!("{field}-{part}") }
}

/// The field that a name stands for, and its part; nothing where it belongs to none.
pub(super) fn parted(name: &str) -> Option<(&str, usize)> {
    if WHOLE.contains(&name) {
        return None;
    }
    let numbered = name.rsplit_once('-').and_then(|(field, part)| Some((field, part.parse::<usize>().ok()?)));
    Some(numbered.filter(|(_, part)| *part >= 2).unwrap_or((name, 1)))
}

/// A form as it is to be shown or read.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) typed: Typed,
    pub(super) parts: usize,
    /// The part that was just added.
    pub(super) fresh: Option<usize>,
}

/// A form that was sent, with the part added or taken out that a button asked for; `way` is who does what is added where
/// nobody has said so yet.
pub(super) fn laid(typed: &Typed, most: usize, way: &str) -> Laid {
    let parts = typed.text("parts").parse().unwrap_or(1).clamp(1, most);
    let rest = typed.without(&["parts", ADD, REMOVE]);
    let with = |typed: Typed, parts: usize| typed.and("parts", parts.to_string());
    let out = typed.text(REMOVE).parse().ok().filter(|out| parts > 1 && (1..=parts).contains(out));
    if let Some(out) = out {
        return Laid { typed: with(without_part(&rest, out), parts - 1), parts: parts - 1, fresh: None };
    }
    let kind = typed.text(ADD);
    if matches!(kind, "action" | "terms" | "item") && parts < most {
        let part = parts + 1;
        let mut typed = without_part(&rest, part).and(&name("kind", part), kind);
        if kind == "action" {
            // As a first part begins, and in the currency of the one before.
            let currency = rest.text(&name("currency", parts)).to_owned();
            typed = typed.and(&name("way", part), way).and(&name("currency", part), currency);
        }
        return Laid { typed: with(typed, part), parts: part, fresh: Some(part) };
    }
    Laid { typed: with(rest, parts), parts, fresh: None }
}

/// Whether a button asks for the form again, with more or less in it.
pub(super) fn rearranges(typed: &Typed) -> bool {
    typed.has(ADD) || typed.has(REMOVE)
}

/// The fields without those of one part; later parts move up.
fn without_part(typed: &Typed, out: usize) -> Typed {
    let moved = typed.fields().filter_map(|(field, value)| {
        let stays = || Some((field.to_owned(), value.to_owned()));
        match parted(field) {
            Some((_, part)) if part == out => None,
            Some((field, part)) if part > out => Some((name(field, part - 1), value.to_owned())),
            _ => stays(),
        }
    });
    Typed::new(moved.collect())
}

/// What the fields of a part hold that continues a topic, before anybody has typed.
pub(super) fn filled(case: &OpenCase, part: usize, topic: &Topic) -> Vec<(String, String)> {
    match topic {
        Topic::Action { terms, .. } => action(case, part, terms),
        Topic::Terms { title, text, .. } => {
            vec![
                (name("title", part), render::line(title)),
                (name("text", part), text.open().map_or_else(|| render::SEALED.to_owned(), render::visible)),
            ]
        }
        Topic::Close { summary, .. } => {
            let summary = summary.as_ref().map(render::sealable).unwrap_or_default();
            vec![(name("summary", part), summary)]
        }
        Topic::Item { key, .. } => {
            vec![(name("key", part), render::line(key)), (name("item-pick", part), "keep".to_owned())]
        }
        Topic::AdmitSeat { .. } | Topic::AdmitNew { .. } | Topic::Level { .. } => Vec::new(),
    }
}

fn action(case: &OpenCase, part: usize, terms: &ActionTerms) -> Vec<(String, String)> {
    let shown = ActionTyped::of(case, terms);
    let mut fields = people(case, part, terms, &shown);
    let mut put = |field: &str, value: String| fields.push((name(field, part), value));
    put("what", shown.what.unwrap_or_default());
    put("due", shown.due.unwrap_or_default());
    let value = shown.value.unwrap_or_default();
    let (amount, currency) = value.split_once(' ').unwrap_or((&value, ""));
    put("value", amount.to_owned());
    put("currency", currency.to_owned());
    put("conditions", shown.conditions.join("\n"));
    put("evidence", shown.evidence.join("\n"));
    put("consequences", shown.consequences.join("\n"));
    put("deemed", shown.deemed.unwrap_or_default());
    for (row, clause) in shown.cancel.into_iter().enumerate() {
        if let Clause::Parted { by, text, until } = clause {
            put(&format!("cancel-by.{row}"), by.as_ref().map(seat_key).unwrap_or_default());
            put(&format!("cancel-text.{row}"), text);
            put(&format!("cancel-until.{row}"), until.unwrap_or_default());
        }
    }
    for fact in shown.uses {
        if let Fact::Version(id) = fact {
            put("uses", case.entry_typed(&id));
        }
    }
    fields
}

/// Who does it for whom: by the one choice where it is between the two, else by ticks.
fn people(case: &OpenCase, part: usize, terms: &ActionTerms, shown: &ActionTyped) -> Vec<(String, String)> {
    let put = |field: &str, value: &str| (name(field, part), value.to_owned());
    let person_of = |who: &Who| match who {
        Who::Picked { person, .. } => person.clone().unwrap_or_default(),
        Who::Named(_) => String::new(),
    };
    if let Some(way) = Pair::of(case).and_then(|pair| pair.way(terms)) {
        let person = shown.by.first().map(person_of).unwrap_or_default();
        return vec![put("way", way), put("person", &person)];
    }
    let mut fields = vec![put("way", "other")];
    for (list, whose) in [("by", &shown.by), ("for", &shown.beneficiaries)] {
        for who in whose {
            if let Who::Picked { seat, .. } = who {
                let key = seat_key(seat);
                fields.push(put(list, &key));
                fields.push(put(&format!("{list}-person.{key}"), &person_of(who)));
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(fields: &[(&str, &str)]) -> Typed {
        Typed::new(fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn a_part_taken_out_lets_the_later_ones_move_up() {
        let sent = typed(&[
            ("about", "5"),
            ("parts", "3"),
            ("what", "one"),
            ("due-day", "2026-07-08"),
            ("what-2", "two"),
            ("cancel-text.0-2", "late"),
            ("what-3", "three"),
            ("due-day-3", "2026-07-09"),
            ("open-until-day", "2026-07-01"),
            ("remove", "2"),
        ]);
        let laid = laid(&sent, MOST, "theirs");
        let expected = typed(&[
            ("about", "5"),
            ("what", "one"),
            ("due-day", "2026-07-08"),
            ("what-2", "three"),
            ("due-day-2", "2026-07-09"),
            ("open-until-day", "2026-07-01"),
            ("parts", "2"),
        ]);
        assert_eq!((laid.typed, laid.parts, laid.fresh), (expected, 2, None));
    }

    #[test]
    fn parts_are_added_up_to_the_most_and_the_last_one_stays() {
        let one = typed(&[("parts", "1"), ("what", "one"), ("add", "action")]);
        let more = laid(&one, MOST, "mine");
        assert_eq!((more.parts, more.fresh, more.typed.text("kind-2")), (2, Some(2), "action"));
        assert_eq!(more.typed.text("way-2"), "mine");
        assert_eq!(laid(&typed(&[("parts", "16"), ("add", "action")]), MOST, "theirs").parts, 16);
        assert_eq!(laid(&typed(&[("parts", "99999999999")]), MOST, "theirs").parts, 16);
        assert_eq!(laid(&typed(&[("parts", "-1")]), MOST, "theirs").parts, 1);
        assert_eq!(
            laid(&typed(&[("parts", "1"), ("what", "one"), ("remove", "1")]), MOST, "theirs").typed.text("what"),
            "one"
        );
        assert_eq!(laid(&typed(&[("parts", "1"), ("add", "row")]), MOST, "theirs").parts, 1);
    }
}
