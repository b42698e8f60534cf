//! Lists, records and check lists in one line of typing.
//!
//! A list's elements are parted by semicolons, a record's fields by commas; anything deeper is given as JSON.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::value::{ItemValue, Sealable};

use super::{Reading, read, split_type};
use crate::{
    error::{CommandError, Done},
    typed::typed,
};

/// What a check list's entry says is to be done, and whether it is.
const WHAT: &str = "what";
const DONE: &str = "done";

/// The parts of a typed list: by semicolons or lines.
pub(super) fn elements(text: &str) -> Vec<&str> {
    text.split([';', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A list of values of one type; without a type each is text, or says its own: `3:integer`.
pub(super) fn list<'t>(of: Option<&str>, elements: &[&'t str], reading: Reading<'_>) -> Done<ItemValue> {
    let mut carried = BTreeMap::new();
    let one = |element: &&'t str| match of {
        None => {
            let (value, kind) = split_type(element);
            read(kind, value, reading)
        }
        Some("record") => fields(&fields_in(element), &mut carried, reading),
        Some(of) if of.starts_with("list") || of == "check-list" => {
            Err(CommandError::usage(format!("a list of '{of}' cannot be typed in one line"))
                .hint("give it with --json-value, such as '[[1, 2], [3]]'")
                .in_fields("write it as a list, such as [[1, 2], [3]]"))
        }
        Some(of) => read(Some(of), element, reading),
    };
    let list: Vec<ItemValue> = elements.iter().map(one).collect::<Done<_>>()?;
    if of == Some("record") {
        parted_alike(&list, elements)?;
    }
    Ok(ItemValue::List(list))
}

/// Refuses records of one field each, every one another: whoever writes so means the fields of one record.
fn parted_alike(list: &[ItemValue], elements: &[&str]) -> Done {
    let mut names = BTreeSet::new();
    let another = |value: &ItemValue| match value {
        ItemValue::Record(fields) => matches!(fields.as_slice(), [(name, _)] if names.insert(name.clone())),
        _ => false,
    };
    if list.len() < 2 || !list.iter().all(another) {
        return Ok(());
    }
    Err(CommandError::usage(
        "each of these would be a record of one field: semicolons part records, commas their fields",
    )
    .hint(format!("for one record write \"{}\"", elements.join(", "))))
}

/// A record: `tariff=Fibre 100, price=24.99:money:GBP`.
pub(super) fn record(text: &str, reading: Reading<'_>) -> Done<ItemValue> {
    let parts: Vec<&str> = elements(text).into_iter().flat_map(fields_in).collect();
    fields(&parts, &mut BTreeMap::new(), reading)
}

/// The fields of a record. A type written once holds for the field of that name in the records after it.
fn fields<'t>(parts: &[&'t str], carried: &mut BTreeMap<&'t str, &'t str>, reading: Reading<'_>) -> Done<ItemValue> {
    let mut record: Vec<(String, ItemValue)> = Vec::new();
    for part in parts {
        let Some((key, value)) = part.split_once('=') else {
            return Err(CommandError::usage(format!("'{part}' is not NAME=VALUE"))
                .hint("a record is written such as \"date=2026-01-03:date, kwh=4210:integer\""));
        };
        let key = key.trim();
        let (value, kind) = split_type(value);
        if let Some(kind) = kind {
            carried.insert(key, kind);
        }
        let name = typed("a field's name", key)?;
        if record.iter().any(|(known, _)| *known == name) {
            return Err(CommandError::usage(format!("the field '{name}' stands twice in one record"))
                .hint("records of a list are parted by semicolons"));
        }
        record.push((name, read(kind.or(carried.get(key).copied()), value.trim(), reading)?));
    }
    Ok(ItemValue::Record(record))
}

/// Parts `a=1, b=2` at the commas, or semicolons, behind which a new field begins; others belong to the value.
fn fields_in(text: &str) -> Vec<&str> {
    let begins =
        |rest: &str| rest.split_once('=').is_some_and(|(key, _)| !key.trim().is_empty() && !key.contains([',', ';']));
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices([',', ';']) {
        if text.get(at + 1..).is_some_and(begins) {
            parts.extend(text.get(from..at).map(str::trim));
            from = at + 1;
        }
    }
    parts.extend(text.get(from..).map(str::trim));
    parts.retain(|part| !part.is_empty());
    parts
}

/// A check list: `[x] worktop; [ ] first fix`.
pub(super) fn check_list(elements: &[&str]) -> Done<ItemValue> {
    let one = |element: &&str| {
        let element = element.trim();
        let (done, what) = match element.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((mark, what)) if matches!(mark.trim(), "x" | "X") => (true, what),
            Some((mark, what)) if mark.trim().is_empty() => (false, what),
            None => (false, element),
            Some(_) => {
                return Err(CommandError::usage(format!("'{element}' is not an entry of a check list"))
                    .hint("write \"[x] worktop; [ ] first fix\""));
            }
        };
        let what = ItemValue::Text(Sealable::Open(typed("the entry", what.trim())?));
        Ok(ItemValue::Record(vec![(WHAT.to_owned(), what), (DONE.to_owned(), ItemValue::YesNo(done))]))
    };
    Ok(ItemValue::List(elements.iter().map(one).collect::<Done<_>>()?))
}

/// The text of a check list's entry, and whether it is done.
pub(super) fn checked(value: &ItemValue) -> Option<(&Sealable, bool)> {
    match value {
        ItemValue::Record(fields) => match fields.as_slice() {
            [(what, ItemValue::Text(text)), (done, ItemValue::YesNo(yes))] if what == WHAT && done == DONE => {
                Some((text, *yes))
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::item_value::{Here, lines, no_files, parse, show, stated};

    const HERE: Here<'_> = Here { zone: "Europe/London", now: 1_782_896_400_000, file: no_files };

    #[test]
    fn nested_values_people_type() {
        for (kind, value, shown) in [
            ("list", "red; blue", "red; blue"),
            ("list", "3:integer; 24.99:money:GBP; later", "3; £24.99; later"),
            ("list:decimal:%", "5; 10", "5 %; 10 %"),
            ("record", "tariff=Fibre 100, price=£1,250.00:money", "{tariff: Fibre 100; price: £1250.00}"),
            ("record", "street=1 Long Road, Leeds, phone=0800 1:phone", "{street: 1 Long Road, Leeds; phone: 0800 1}"),
            (
                "list:record",
                "date=2026-01-03:date, kwh=4210:integer; date=2026-02-03, kwh=4398",
                "{date: 2026-01-03; kwh: 4210}; {date: 2026-02-03; kwh: 4398}",
            ),
            ("check-list", "[x] worktop; [ ] first fix; snags", "[x] worktop; [ ] first fix; [ ] snags"),
        ] {
            assert_eq!(show(&parse(Some(kind), value, HERE).expect(value)), shown);
        }
    }

    /// Each record by itself: no separator goes into a value unseen.
    #[test]
    fn records_given_one_by_one_may_part_their_fields_by_semicolons() {
        let values = ["what=Room; net=400.00:money:EUR; vat=20", "what=X-ray; of the hand, net=180, vat=20"];
        let list = stated(Some("list:record"), &values.map(str::to_owned), HERE).expect("good");
        assert_eq!(show(&list), "{what: Room; net: €400.00; vat: 20}; {what: X-ray; of the hand; net: €180; vat: 20}");
    }

    #[test]
    fn what_is_listed_stands_on_lines_of_its_own() {
        let value = parse(Some("list:record"), "date=2026-01-03:date, kwh=4210:integer; kwh=7", HERE).expect("good");
        assert_eq!(lines(&value), ["date: 2026-01-03, kwh: 4210", "kwh: 7"]);
        let value = parse(Some("check-list"), "[x] worktop; [ ] snags", HERE).expect("good");
        assert_eq!(lines(&value), ["[x] worktop", "[ ] snags"]);
    }

    #[test]
    fn what_cannot_be_a_list_or_record_says_why() {
        for (kind, value, says) in [
            ("record", "tariff", "not NAME=VALUE"),
            ("record", "a=1, a=2", "stands twice"),
            ("list:record", "kwh=4210:integer; kwh=many", "a whole number"),
            ("list:list", "1; 2", "cannot be typed in one line"),
            ("list:record", "what=Room; net=€400; vat=20", "semicolons part records"),
            ("list:colour", "red", "not a type of value"),
            ("check-list", "[y] worktop", "not an entry of a check list"),
        ] {
            let error = parse(Some(kind), value, HERE).expect_err(value);
            assert!(error.message.contains(says), "{kind} {value}: {}", error.message);
        }
    }
}
