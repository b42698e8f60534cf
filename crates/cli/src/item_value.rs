//! Typed values of items, as people type and read them.

use counterpart_core::value::{Decimal, ItemValue, Sealable, is_date};
use serde_json::{Value as Json, json};

use crate::{
    error::{CommandError, Done},
    money, render,
    session::typed,
    when,
};

/// Where and when a value is typed: times are read in the case's zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Here<'a> {
    pub(crate) zone: &'a str,
    /// Unix milliseconds.
    pub(crate) now: i64,
}

/// What `--type` may say, for help and errors.
pub(crate) const TYPES: &str = "text, integer, decimal, decimal:UNIT, money, money:CURRENCY, date, time, duration, yes-no, \
                                choice, address, phone, e-mail or link";

/// Reads `value` as the type named; text when none is.
pub(crate) fn parse(kind: Option<&str>, value: &str, here: Here<'_>) -> Done<ItemValue> {
    let (word, detail) = match kind.unwrap_or("text").split_once(':') {
        Some((word, detail)) => (word, Some(detail)),
        None => (kind.unwrap_or("text"), None),
    };
    let wrong = |what: &str| CommandError::usage(format!("'{value}' is not {what}"));
    let trimmed = value.trim();
    let text = || Ok::<_, CommandError>(Sealable::Open(typed("the value", value)?));
    if detail.is_some() && !matches!(word, "decimal" | "money") {
        return Err(CommandError::usage(format!("'{word}' takes nothing after a colon: types are {TYPES}")));
    }
    Ok(match word {
        "text" => ItemValue::Text(text()?),
        "address" => ItemValue::Address(text()?),
        "phone" => ItemValue::Phone(text()?),
        "e-mail" | "email" => {
            let fits = trimmed.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
            if !fits || trimmed.contains(char::is_whitespace) {
                return Err(wrong("an e-mail address: write one such as name@example.org"));
            }
            ItemValue::Email(Sealable::Open(typed("the value", trimmed)?))
        }
        "link" => {
            if !trimmed.contains("://") {
                return Err(wrong("a link: write it whole, such as https://example.org/page"));
            }
            ItemValue::Link(Sealable::Open(typed("the value", trimmed)?))
        }
        "integer" => {
            let number = trimmed.parse::<i64>().ok().filter(|n| n.abs() < 1 << 53);
            ItemValue::Integer(number.ok_or_else(|| wrong("a whole number: write digits only, such as 42"))?)
        }
        "decimal" => {
            let number = Decimal::parse(trimmed).map_err(|e| CommandError::usage(format!("'{value}': {e}")))?;
            let unit = detail.filter(|u| !u.is_empty()).map(|u| typed("the unit", u)).transpose()?;
            ItemValue::Decimal { number, unit }
        }
        "money" => {
            let money = match detail {
                Some(code) => money::parse_in(trimmed, code),
                None => money::parse(trimmed),
            };
            ItemValue::Money(money.map_err(|e| CommandError::usage(e.to_string()))?)
        }
        "date" => {
            let real = is_date(trimmed) && trimmed.parse::<jiff::civil::Date>().is_ok();
            if !real {
                return Err(wrong("a date: write it as 2026-07-08, year, month, day"));
            }
            ItemValue::Date(trimmed.to_owned())
        }
        "time" => {
            let time = when::absolute(trimmed, here.zone, here.now);
            let (instant, local, zone) = time.map_err(|e| CommandError::usage(e.to_string()))?;
            ItemValue::Time { instant, local, zone }
        }
        "duration" => {
            ItemValue::Duration(seconds(trimmed).ok_or_else(|| wrong("a length of time: write 1h 30m, or 90s"))?)
        }
        "yes-no" => match trimmed.to_lowercase().as_str() {
            "yes" | "true" => ItemValue::YesNo(true),
            "no" | "false" => ItemValue::YesNo(false),
            _ => return Err(wrong("yes or no")),
        },
        "choice" => ItemValue::Choice(typed("the value", value)?),
        _ => return Err(CommandError::usage(format!("'{word}' is not a type of value: types are {TYPES}"))),
    })
}

/// Parts `24.99:money:GBP` into a value and a type; what ends in no known type is all value.
pub(crate) fn split_type(text: &str) -> (&str, Option<&str>) {
    const WORDS: &[&str] = &[
        "text", "integer", "decimal", "money", "date", "time", "duration", "yes-no", "choice", "address", "phone",
        "e-mail", "link",
    ];
    let typed = text.match_indices(':').find_map(|(at, _)| {
        let (value, kind) = (text.get(..at)?, text.get(at + 1..)?);
        let (word, detail) = kind.split_once(':').map_or((kind, None), |(w, d)| (w, Some(d)));
        let detailed = detail.is_none_or(|d| !d.contains(':') && matches!(word, "decimal" | "money"));
        (WORDS.contains(&word) && detailed).then_some((value, Some(kind)))
    });
    typed.unwrap_or((text, None))
}

fn seconds(text: &str) -> Option<u64> {
    if text.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let span: jiff::SignedDuration = text.parse().ok()?;
    u64::try_from(span.as_secs()).ok()
}

/// Reads a value from JSON: lists and records nest; `{"type": "money:GBP", "value": "24.99"}` gives any leaf its type.
pub(crate) fn from_json(text: &str, here: Here<'_>) -> Done<ItemValue> {
    let json: Json = serde_json::from_str(text).map_err(|e| {
        CommandError::usage(format!("the value is not JSON: {e}")).hint("write such as '[\"red\", \"blue\"]'")
    })?;
    json_value(&json, here)
}

fn json_value(json: &Json, here: Here<'_>) -> Done<ItemValue> {
    Ok(match json {
        Json::String(text) => ItemValue::Text(Sealable::Open(typed("the value", text)?)),
        Json::Bool(yes) => ItemValue::YesNo(*yes),
        Json::Number(number) => match number.as_i64().filter(|n| n.abs() < 1 << 53) {
            Some(whole) => ItemValue::Integer(whole),
            None => {
                let message = format!("{number} would lose its exact value as a JSON number");
                let hint = format!("write {{\"type\": \"decimal\", \"value\": \"{number}\"}}");
                return Err(CommandError::usage(message).hint(hint));
            }
        },
        Json::Array(values) => ItemValue::List(values.iter().map(|v| json_value(v, here)).collect::<Done<_>>()?),
        Json::Object(fields) => match (fields.get("type"), fields.get("value"), fields.len()) {
            (Some(Json::String(kind)), Some(Json::String(value)), 2) => parse(Some(kind), value, here)?,
            _ => {
                let field =
                    |(key, value): (&String, &Json)| Ok((typed("a field's name", key)?, json_value(value, here)?));
                ItemValue::Record(fields.iter().map(field).collect::<Done<_>>()?)
            }
        },
        Json::Null => return Err(CommandError::usage("a value cannot be null: leave the field out")),
    })
}

/// A value for people, on one line.
pub(crate) fn show(value: &ItemValue) -> String {
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
        ItemValue::File { size, name, .. } => format!("file {} ({size} bytes)", render::sealable(name)),
        ItemValue::List(values) => values.iter().map(show).collect::<Vec<_>>().join("; "),
        ItemValue::Record(fields) => {
            let field = |(key, value): &(String, ItemValue)| format!("{}: {}", render::line(key), show(value));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join("; "))
        }
        ItemValue::Sealed(_) => render::SEALED.to_owned(),
    }
}

/// A length of time with nothing rounded: "1h 30m".
fn exactly(seconds: u64) -> String {
    let parts = [(seconds / 3600, "h"), (seconds % 3600 / 60, "m"), (seconds % 60, "s")];
    let shown: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.join(" ") }
}

/// A value for programs: its type, and the value with nothing lost.
pub(crate) fn to_json(value: &ItemValue) -> Json {
    let word = value.word();
    match value {
        ItemValue::Text(text)
        | ItemValue::Address(text)
        | ItemValue::Phone(text)
        | ItemValue::Email(text)
        | ItemValue::Link(text) => match text.open() {
            Some(text) => json!({"type": word, "value": text}),
            None => json!({"type": word, "value": null, "sealed": true}),
        },
        ItemValue::Integer(number) => json!({"type": word, "value": number}),
        ItemValue::Decimal { number, unit } => json!({"type": word, "value": number.to_string(), "unit": unit}),
        ItemValue::Money(money) => {
            json!({"type": word, "value": money.amount().to_string(), "currency": money.currency()})
        }
        ItemValue::Date(text) | ItemValue::Choice(text) => json!({"type": word, "value": text}),
        ItemValue::Time { instant, local, zone } => {
            json!({"type": word, "instant": instant, "local": local, "zone": zone})
        }
        ItemValue::Duration(seconds) => json!({"type": word, "seconds": seconds}),
        ItemValue::YesNo(yes) => json!({"type": word, "value": yes}),
        ItemValue::File { sha256, size, name, media } => {
            let hex: String = sha256.iter().map(|b| format!("{b:02x}")).collect();
            json!({"type": word, "sha256": hex, "size": size, "name": name.open(), "media": media})
        }
        ItemValue::List(values) => json!({"type": word, "value": values.iter().map(to_json).collect::<Vec<_>>()}),
        ItemValue::Record(fields) => {
            let fields = fields.iter().map(|(key, value)| json!({"key": key, "value": to_json(value)}));
            json!({"type": word, "value": fields.collect::<Vec<_>>()})
        }
        ItemValue::Sealed(_) => json!({"type": word, "value": null, "sealed": true}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Here<'_> = Here { zone: "Europe/London", now: 1_782_896_400_000 };

    #[test]
    fn values_people_type() {
        for (kind, value, shown) in [
            (None, "blue", "blue"),
            (Some("integer"), "-42", "-42"),
            (Some("decimal"), "1.50", "1.50"),
            (Some("decimal:kWh"), "312.5", "312.5 kWh"),
            (Some("money"), "£24.99", "£24.99"),
            (Some("money:GBP"), "24.99", "£24.99"),
            (Some("date"), "2026-07-08", "2026-07-08"),
            (Some("time"), "2026-07-08 17:00", "Wed 8 Jul 2026 17:00 BST (Europe/London)"),
            (Some("duration"), "1h 30m", "1h 30m"),
            (Some("yes-no"), "Yes", "yes"),
            (Some("choice"), "express", "express"),
            (Some("address"), "1 Long Road\nLeeds", "1 Long Road / Leeds"),
            (Some("phone"), "0800 123456", "0800 123456"),
            (Some("e-mail"), "keith@example.org", "keith@example.org"),
            (Some("link"), "https://example.org", "https://example.org"),
        ] {
            let read = parse(kind, value, HERE).expect(value);
            assert_eq!(show(&read), shown);
            let word = kind.unwrap_or("text").split(':').next().expect("a word");
            assert_eq!(to_json(&read)["type"], word);
        }
    }

    #[test]
    fn what_does_not_fit_its_type_says_why() {
        for (kind, value, says) in [
            ("integer", "4.2", "a whole number"),
            ("integer", "9007199254740993", "a whole number"),
            ("decimal", "07", "needless zero"),
            ("money", "24.99", "no currency"),
            ("money:XQZ", "24.99", "not a currency"),
            ("date", "2026-02-30", "year, month, day"),
            ("time", "later", "is not a time"),
            ("duration", "90", "a length of time"),
            ("duration", "-5m", "a length of time"),
            ("yes-no", "maybe", "yes or no"),
            ("e-mail", "keith at example", "name@example.org"),
            ("link", "example.org", "write it whole"),
            ("colour", "red", "types are text"),
            ("text:long", "x", "nothing after a colon"),
            ("text", "\u{202E}txt", "U+202E"),
            ("text", " ", "empty"),
        ] {
            let error = parse(Some(kind), value, HERE).expect_err(value);
            assert!(error.message.contains(says), "{kind} {value}: {}", error.message);
        }
    }

    #[test]
    fn a_type_may_stand_behind_a_value() {
        for (text, value, kind) in [
            ("24.99:money:GBP", "24.99", Some("money:GBP")),
            ("£24.99:money", "£24.99", Some("money")),
            ("17:00", "17:00", None),
            ("2026-07-08 17:00:time", "2026-07-08 17:00", Some("time")),
            ("https://example.org:link", "https://example.org", Some("link")),
            ("note: see text:long", "note: see text:long", None),
        ] {
            assert_eq!(split_type(text), (value, kind));
        }
    }

    #[test]
    fn json_nests() {
        let text = r#"{"tariff": "Fibre 100", "prices": [{"type": "money", "value": "£24.99"}, 3, true]}"#;
        let read = from_json(text, HERE).expect("good");
        // serde_json keeps fields by name.
        assert_eq!(show(&read), "{prices: £24.99; 3; yes; tariff: Fibre 100}");
        let error = from_json("1.5", HERE).expect_err("inexact");
        assert!(error.hint.is_some_and(|h| h.contains("\"decimal\"")));
        assert!(from_json("{", HERE).is_err() && from_json("null", HERE).is_err());
    }
}
