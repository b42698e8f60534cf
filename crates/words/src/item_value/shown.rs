//! Typed values of items as people read them.

use counterpart_core::value::{ItemValue, Sealable};

use super::nested;
use crate::{money, render, when};

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
        ItemValue::List(values) => values.iter().map(show).collect::<Vec<_>>().join("; "),
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
        ItemValue::Record(fields) if nested::checked(value).is_none() => {
            let field = |(key, value): &(String, ItemValue)| format!("{}: {}", render::line(key), show(value));
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        }
        other => show(other),
    };
    match value {
        ItemValue::List(values) if !values.is_empty() => values.iter().map(record).collect(),
        other => vec![record(other)],
    }
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
