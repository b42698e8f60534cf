//! The value of a fact on a form: one that somebody stated, the one that is proposed already, or another.
//!
//! Fields: `key` (its name), `item-pick` (`keep`, the number of the entry that states it, or `other`); for another
//! `item-type`, `item-unit` (of a number the unit, of money the currency) and `item-value`.

use counterpart_core::{text, value::ItemValue};
use counterpart_words::{
    case::OpenCase,
    item_value::{self, Here, no_files},
    render::{self, open_value},
    when,
};

use super::{fields::name, part::Choice, read::Reader};
use crate::{acts::Wrong, language::Language, text::Markup};

/// Kinds of values, and the keys of their names.
const TYPES: &[(&str, &str)] = &[
    ("text", "terms.type.text"),
    ("money", "terms.type.money"),
    ("integer", "terms.type.integer"),
    ("decimal", "terms.type.decimal"),
    ("date", "terms.type.date"),
    ("time", "terms.type.time"),
    ("duration", "terms.type.duration"),
    ("yes-no", "terms.type.yes-no"),
    ("choice", "terms.type.choice"),
    ("address", "terms.type.address"),
    ("phone", "terms.type.phone"),
    ("e-mail", "terms.type.e-mail"),
    ("link", "terms.type.link"),
    ("list", "terms.type.list"),
    ("check-list", "terms.type.check-list"),
];

/// The kinds to choose from, and which is chosen.
pub(super) fn types(language: &'static Language, chosen: &str) -> Vec<(&'static str, &'static str, bool)> {
    TYPES.iter().map(|(word, key)| (*word, language.say(key), *word == chosen)).collect()
}

/// What was stated of a fact, by whom, under the number of its entry; what is sealed and not here is left out.
fn stated(case: &OpenCase, key: &str) -> Vec<(String, String, ItemValue)> {
    let Some(item) = case.view().items.iter().find(|item| item.key == key) else { return Vec::new() };
    let each = item.stated.iter().map(|stated| {
        let value = open_value(case, &stated.entry, &stated.value);
        (case.entry_typed(&stated.entry), case.party_label(&stated.party), value)
    });
    each.filter(|(_, _, value)| !item_value::show(value).contains(render::SEALED)).collect()
}

/// The values to choose from.
pub(super) fn picks(reader: &Reader<'_>, part: usize, before: Option<&ItemValue>) -> Vec<Choice> {
    let field = name("item-pick", part);
    let (language, typed) = (reader.language, reader.typed);
    let key = typed.text(&name("key", part)).trim();
    let shown = |value: &ItemValue| Markup::default().peer(&item_value::show(value));
    let mut picks: Vec<(String, Markup)> = Vec::new();
    picks.extend(before.map(|value| {
        let label = language.markup("terms.item.keep", &[("value", shown(value))]);
        ("keep".to_owned(), label)
    }));
    for (entry, who, value) in stated(reader.case, key) {
        let with =
            [("value", shown(&value)), ("who", Markup::default().peer(&who)), ("n", Markup::default().say(&entry))];
        picks.push((entry, language.markup("terms.item.stated", &with)));
    }
    if picks.is_empty() {
        return Vec::new();
    }
    picks.push(("other".to_owned(), Markup::default().say(language.say("terms.item.other"))));
    let chosen = typed.text(&field);
    let row = |(n, (value, label)): (usize, (String, Markup))| Choice {
        id: if n == 0 { field.clone() } else { format!("{field}.{n}") },
        name: field.clone(),
        chosen: value == chosen,
        value,
        label,
    };
    picks.into_iter().enumerate().map(row).collect()
}

/// The value that was chosen or typed; `before` is the one that stands there already.
pub(super) fn read(reader: &Reader<'_>, part: usize, before: Option<&ItemValue>) -> Result<ItemValue, Wrong> {
    let (case, typed, at) = (reader.case, reader.typed, |field: &str| name(field, part));
    let key = typed.text(&at("key")).trim();
    match (typed.text(&at("item-pick")), before) {
        ("keep", Some(before)) => return Ok(before.clone()),
        ("" | "other" | "keep", _) => {}
        (entry, _) => {
            let found = stated(case, key).into_iter().find(|(number, _, _)| number == entry);
            let gone = || Wrong::of(&at("item-pick"), reader.language.say("terms.item.gone"));
            return found.map(|(_, _, value)| value).ok_or_else(gone);
        }
    }
    let field = at("item-value");
    let value = text::normalise(typed.text(&field)).trim().to_owned();
    if value.is_empty() {
        return Err(Wrong::of(&field, reader.language.say("terms.item.value.none")));
    }
    let unit = typed.some(&at("item-unit"));
    let kind = match (typed.some(&at("item-type")).unwrap_or("text"), unit) {
        (kind @ ("money" | "decimal"), Some(unit)) => format!("{kind}:{unit}"),
        (kind, _) => kind.to_owned(),
    };
    let values: Vec<String> = match kind.as_str() {
        "list" | "check-list" => value.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect(),
        // Who reads it elsewhere has no case beside it: it says its zone.
        "time" if !when::names_zone(&value) => vec![format!("{value} {}", case.zone())],
        _ => vec![value],
    };
    let here = Here { zone: case.zone(), now: case.now, file: no_files };
    item_value::stated(Some(&kind), &values, here).map_err(|why| Wrong::said(&field, &why))
}
