//! Typed values of items as people read them.

use counterpart_core::value::{ItemValue, Sealable};
use counterpart_process::clocks::{Agreed, Which};

use super::nested;
use crate::{money, render, when};

/// What holds nothing is seen to be there all the same.
const EMPTY_LIST: &str = "(empty list)";
const EMPTY_RECORD: &str = "(empty record)";

/// A value for people, on one line.
pub fn show(value: &ItemValue) -> String {
    match value {
        ItemValue::Text(text)
        | ItemValue::Address(text)
        | ItemValue::Phone(text)
        | ItemValue::Email(text)
        | ItemValue::Link(text) => render::sealable(text),
        ItemValue::Integer(number) => number.to_string(),
        ItemValue::Decimal { number, unit: None } => number.to_string(),
        ItemValue::Decimal { number, unit: Some(unit) } => format!("{number} {}", render::line(unit)),
        ItemValue::Money(money) => money::show(money),
        ItemValue::Date(date) => date.clone(),
        ItemValue::Time { instant, zone, .. } => format!("{} ({})", when::show(*instant, zone), render::line(zone)),
        ItemValue::Duration(seconds) => exactly(*seconds),
        ItemValue::YesNo(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        ItemValue::Choice(choice) => render::line(choice),
        ItemValue::File { size, name, sha256, .. } => {
            format!("file {} ({size} bytes, SHA-256 {}...)", render::sealable(name), render::hex(&sha256[..4]))
        }
        ItemValue::List(values) if values.is_empty() => EMPTY_LIST.to_owned(),
        ItemValue::List(values) => values.iter().map(show).collect::<Vec<_>>().join("; "),
        ItemValue::Record(fields) if fields.is_empty() => EMPTY_RECORD.to_owned(),
        ItemValue::Record(_) if let Ok(agreed) = Agreed::read(value) => clocks(&agreed),
        ItemValue::Record(fields) if nested::checked(value).is_none() => {
            let field = |(key, value): &(String, ItemValue)| format!("{}: {}", render::line(key), show(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join("; "))
        }
        ItemValue::Record(_) => nested::checked(value).map(check).unwrap_or_default(),
        ItemValue::Sealed(_) => render::SEALED.to_owned(),
    }
}

/// A value for people: what is listed on lines of its own.
pub fn lines(value: &ItemValue) -> Vec<String> {
    let record = |value: &ItemValue| match value {
        ItemValue::Record(fields) if !fields.is_empty() && nested::checked(value).is_none() => {
            let field = |(key, value): &(String, ItemValue)| format!("{}: {}", render::line(key), show(value));
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
        other => show(other),
    };
    match value {
        ItemValue::Record(fields) if let Ok(agreed) = Agreed::read(value) => clocks_in_full(&agreed, fields),
        ItemValue::List(values) if !values.is_empty() => values.iter().map(record).collect(),
        other => vec![record(other)],
    }
}

/// Service clocks as one short sentence: "first answer 8h, resolution 40h; 12 days do not count".
fn clocks(agreed: &Agreed) -> String {
    let free = match agreed.hours.free.len() {
        0 => String::new(),
        1 => "; 1 day does not count".to_owned(),
        n => format!("; {n} days do not count"),
    };
    format!("{}{free}", lengths(agreed))
}

/// Everything that is agreed of them, as it is written there: the lengths, the hours, the days.
fn clocks_in_full(agreed: &Agreed, fields: &[(String, ItemValue)]) -> Vec<String> {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| show(value));
    let (hours, zone) = (field("hours").unwrap_or_default(), field("zone").unwrap_or_default());
    let mut lines = vec![
        format!("{}, for the {}", lengths(agreed), agreed.by.as_str()),
        format!("working hours {hours}, in the time zone {zone}"),
    ];
    lines.extend(field("holidays").map(|days| format!("without {days}")));
    lines
}

fn lengths(agreed: &Agreed) -> String {
    let one = |(which, seconds): &(Which, u64)| format!("{} {}", which.as_str().replace('-', " "), exactly(*seconds));
    agreed.clocks.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn check((what, done): (&Sealable, bool)) -> String {
    format!("[{}] {}", if done { "x" } else { " " }, render::sealable(what))
}

/// A length of time with nothing rounded: "1h 30m".
fn exactly(seconds: u64) -> String {
    let parts = [(seconds / 3600, "h"), (seconds % 3600 / 60, "m"), (seconds % 60, "s")];
    let shown: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clocks::ClocksTyped;

    #[test]
    fn what_is_empty_is_said_to_be() {
        let (list, record) = (ItemValue::List(Vec::new()), ItemValue::Record(Vec::new()));
        for (value, shown) in [(&list, "(empty list)"), (&record, "(empty record)")] {
            assert_eq!((show(value).as_str(), lines(value)), (shown, vec![shown.to_owned()]));
        }
        let both = ItemValue::List(vec![list.clone(), record.clone(), ItemValue::Integer(1)]);
        assert_eq!(show(&both), "(empty list); (empty record); 1");
        assert_eq!(lines(&both), ["(empty list)", "(empty record)", "1"]);
        let within = ItemValue::Record(vec![("parts".to_owned(), list), ("more".to_owned(), record)]);
        assert_eq!(show(&within), "{parts: (empty list); more: (empty record)}");
        assert_eq!(lines(&within), ["parts: (empty list), more: (empty record)"]);
    }

    #[test]
    fn service_clocks_are_a_sentence_and_their_days_apart() {
        let typed = ClocksTyped {
            lengths: vec![(Which::FirstAnswer, "8 hours".to_owned()), (Which::Resolution, "40 hours".to_owned())],
            holidays: vec!["2026-12-25 Christmas Day".to_owned()],
            ..ClocksTyped::default()
        };
        let value = typed.read("Europe/London", 1_790_000_000_000).expect("clocks").value();
        assert_eq!(show(&value), "first answer 8h, resolution 40h; 1 day does not count");
        assert_eq!(
            lines(&value),
            [
                "first answer 8h, resolution 40h, for the supplier",
                "working hours mon-fri 09:00-17:00, in the time zone Europe/London",
                "without 2026-12-25 Christmas Day",
            ]
        );
        // What is not read as clocks is shown field by field.
        let ItemValue::Record(mut fields) = value else { unreachable!("a record") };
        fields.push(("extra".to_owned(), ItemValue::Integer(1)));
        assert!(show(&ItemValue::Record(fields)).starts_with("{by: supplier; first-answer: 8h"));
    }
}
