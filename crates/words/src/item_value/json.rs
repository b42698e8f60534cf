//! Typed values of items as programs write and read them; what is written can be read back.

use counterpart_core::value::{ItemValue, Sealable, is_local};
use serde_json::{Map, Value as Json, json};

use super::{Here, Reading, read};
use crate::{
    error::{CommandError, Done},
    render,
    typed::typed,
    when,
};

/// Reads a value from JSON, as [`to_json`] writes it, or shorter: plain texts, whole numbers, lists and objects nest,
/// and `{"type": "money:GBP", "value": "24.99"}` gives any of them its type. Times name their zone.
pub fn from_json(text: &str, here: Here<'_>) -> Done<ItemValue> {
    let json: Json = serde_json::from_str(text).map_err(|e| {
        CommandError::usage(format!("the value is not JSON: {e}")).hint("write such as '[\"red\", \"blue\"]'")
    })?;
    value(&json, Reading { here, zone_needed: true })
}

fn value(json: &Json, reading: Reading<'_>) -> Done<ItemValue> {
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
        Json::Array(values) => list(values, reading)?,
        Json::Object(fields) => match of_type(fields, reading) {
            Some(value) => value?,
            None => {
                let field = |(key, json): (&String, &Json)| Ok((typed("a field's name", key)?, value(json, reading)?));
                ItemValue::Record(fields.iter().map(field).collect::<Done<_>>()?)
            }
        },
        Json::Null => return Err(CommandError::usage("a value cannot be null: leave the field out")),
    })
}

fn list(values: &[Json], reading: Reading<'_>) -> Done<ItemValue> {
    Ok(ItemValue::List(values.iter().map(|v| value(v, reading)).collect::<Done<_>>()?))
}

/// An object that says its type, with exactly the fields of that type; any other object is a record.
fn of_type(fields: &Map<String, Json>, reading: Reading<'_>) -> Option<Done<ItemValue>> {
    let kind = fields.get("type")?.as_str()?;
    let only = |keys: &[&str]| fields.len() == keys.len() + 1 && keys.iter().all(|k| fields.contains_key(*k));
    let text = |key: &str| fields.get(key).and_then(Json::as_str);
    let number = |key: &str| fields.get(key).and_then(Json::as_i64).filter(|n| n.abs() < 1 << 53);
    let natural = |key: &str| fields.get(key).and_then(Json::as_u64).filter(|n| *n < 1 << 53);
    match kind {
        "decimal" if only(&["value", "unit"]) => {
            let kind = text("unit").map_or_else(|| "decimal".to_owned(), |unit| format!("decimal:{unit}"));
            text("value").map(|v| read(Some(&kind), v, reading))
        }
        "money" if only(&["value", "currency"]) => {
            Some(read(Some(&format!("money:{}", text("currency")?)), text("value")?, reading))
        }
        "time" if only(&["instant", "local", "zone"]) => {
            Some(instant(number("instant")?, text("local")?, text("zone")?))
        }
        "duration" if only(&["seconds"]) => Some(Ok(ItemValue::Duration(natural("seconds")?))),
        "integer" if only(&["value"]) && number("value").is_some() => Some(Ok(ItemValue::Integer(number("value")?))),
        "yes-no" if only(&["value"]) && !fields["value"].is_string() => {
            Some(Ok(ItemValue::YesNo(fields["value"].as_bool()?)))
        }
        "list" if only(&["value"]) && fields["value"].is_array() => Some(list(fields["value"].as_array()?, reading)),
        "record" if only(&["value"]) && fields["value"].is_array() => {
            let field = |json: &Json| {
                let parts = (json["key"].as_str(), &json["value"]);
                let (Some(key), json) = parts else {
                    return Err(CommandError::usage("a record's fields are written {\"key\": ..., \"value\": ...}"));
                };
                Ok((typed("a field's name", key)?, value(json, reading)?))
            };
            Some(fields["value"].as_array()?.iter().map(field).collect::<Done<_>>().map(ItemValue::Record))
        }
        "file" if only(&["sha256", "size", "name", "media"]) => {
            let media = text("media").map(str::to_owned);
            Some(file(text("sha256")?, natural("size")?, text("name")?, media))
        }
        _ if only(&["value"]) => Some(read(Some(kind), text("value")?, reading)),
        _ => None,
    }
}

/// A point in time as three parts; they must fit together.
fn instant(instant: i64, local: &str, zone: &str) -> Done<ItemValue> {
    let shown = when::local_in(instant, zone);
    if !is_local(local) || shown.as_deref() != Some(local) {
        let hint = shown.map(|s| format!("that instant is {s} in {zone}"));
        let error = CommandError::usage(format!("{local} in {zone} is not the instant {instant}"));
        return Err(match hint {
            Some(hint) => error.hint(hint),
            None => error.hint("write a time zone such as Europe/London, or UTC"),
        });
    }
    Ok(ItemValue::Time { instant, local: local.to_owned(), zone: zone.to_owned() })
}

fn file(hex: &str, size: u64, name: &str, media: Option<String>) -> Done<ItemValue> {
    let sha256 = sha256(hex)?;
    Ok(ItemValue::File { sha256, size, name: Sealable::Open(typed("the file's name", name)?), media })
}

/// A SHA-256 by its 64 hexadecimal digits.
pub fn sha256(hex: &str) -> Done<[u8; 32]> {
    let wrong = || CommandError::usage(format!("'{hex}' is not a SHA-256: it has 64 hexadecimal digits"));
    let whole = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = || (0..32).map(|n| u8::from_str_radix(hex.get(2 * n..2 * n + 2)?, 16).ok());
    let bytes = whole.then(|| digits().collect::<Option<Vec<u8>>>()).flatten();
    bytes.and_then(|b| <[u8; 32]>::try_from(b).ok()).ok_or_else(wrong)
}

/// A value for programs: its type, and the value with nothing lost.
pub fn to_json(value: &ItemValue) -> Json {
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
            json!({"type": word, "sha256": render::hex(sha256), "size": size, "name": name.open(), "media": media})
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
    use crate::item_value::{no_files, show};

    const HERE: Here<'_> = Here { zone: "Europe/London", now: 1_782_896_400_000, file: no_files };

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

    #[test]
    fn what_is_written_can_be_read_back() {
        for (kind, value) in [
            ("text", "blue"),
            ("integer", "-42"),
            ("decimal", "1.50"),
            ("decimal:kWh", "312.5"),
            ("money", "24.99 GBP"),
            ("date", "2026-07-08"),
            ("time", "2026-07-08 17:00 Asia/Tokyo"),
            ("duration", "1h 30m"),
            ("yes-no", "no"),
            ("choice", "express"),
            ("address", "1 Long Road"),
            ("phone", "0800 123456"),
            ("e-mail", "keith@example.org"),
            ("link", "https://example.org"),
            ("list:date", "2026-07-08; 2026-07-09"),
            ("record", "kwh=4210:integer; kind=actual"),
            ("check-list", "[x] worktop; [ ] first fix"),
        ] {
            let value = read(Some(kind), value, Reading { here: HERE, zone_needed: true }).expect(kind);
            let written = to_json(&value).to_string();
            assert_eq!(from_json(&written, HERE), Ok(value), "{written}");
        }
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        for (text, says) in [
            (r#"{"type": "money", "value": "24.99"}"#, "no currency"),
            (r#"{"type": "date", "value": "2026-02-30"}"#, "is not a date"),
            (r#"{"type": "time", "value": "2026-07-08 17:00"}"#, "2026-07-08 17:00 Europe/London"),
            (r#"{"type": "time", "instant": 0, "local": "1970-01-01T05:00", "zone": "UTC"}"#, "is not the instant 0"),
            (r#"{"type": "file", "sha256": "xyz", "size": 1, "name": "a", "media": null}"#, "64 hexadecimal digits"),
            (r#"[{"type": "colour", "value": "red"}]"#, "not a type of value"),
        ] {
            let error = from_json(text, HERE).expect_err(text);
            assert!(error.message.contains(says), "{text}: {}", error.message);
        }
    }
}
