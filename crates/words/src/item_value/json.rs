//! Typed values of items as programs write and read them; what is written can be read back.

use counterpart_core::value::{Decimal, ItemValue, Sealable, is_local};
use serde_json::{Map, Number, Value as Json, json};

use super::{Here, Reading, TYPES, must_be_known, read};
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
        Json::Number(number) => match whole(json) {
            Some(whole) => ItemValue::Integer(whole),
            None => return Err(inexact(number)),
        },
        Json::Array(values) => list(values, reading)?,
        Json::Object(fields) => match fields.get("type") {
            Some(Json::String(kind)) => of_type(kind, fields, reading)?,
            Some(_) => {
                let why = "`type` says of what type a value is, by its word";
                return Err(CommandError::usage(format!("{why}: types are {TYPES}")).hint(FIELD_CALLED_TYPE));
            }
            None => {
                let field = |(key, json): (&String, &Json)| Ok((typed("a field's name", key)?, value(json, reading)?));
                ItemValue::Record(fields.iter().map(field).collect::<Done<_>>()?)
            }
        },
        Json::Null => return Err(CommandError::usage("a value cannot be null: leave the field out")),
    })
}

/// How a record says a field that is called as the type of a value is.
const FIELD_CALLED_TYPE: &str = "a record with a field that is called `type` is written \
                                 {\"type\": \"record\", \"value\": [{\"key\": \"type\", \"value\": ...}]}";

/// Digits that a JSON number keeps, whoever reads it.
const KEPT_DIGITS: usize = 15;

/// That a number is none that every program reads alike, and how it is written instead. Of more digits than are kept nobody
/// knows here any more which they were.
fn inexact(number: &Number) -> CommandError {
    let text = number.to_string();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let known = !number.is_f64() || digits <= KEPT_DIGITS;
    let hint = match known && Decimal::parse(&text).is_ok() {
        true => format!("write its digits as a text, such as {{\"type\": \"decimal\", \"value\": \"{text}\"}}"),
        false => {
            "write a decimal, its digits as a text: at most 15 before the point and 6 behind it; what is longer is \
                  written as a text alone"
                .to_owned()
        }
    };
    CommandError::usage("this number would lose its exact value as a JSON number").hint(hint)
}

fn list(values: &[Json], reading: Reading<'_>) -> Done<ItemValue> {
    Ok(ItemValue::List(values.iter().map(|v| value(v, reading)).collect::<Done<_>>()?))
}

fn whole(json: &Json) -> Option<i64> {
    json.as_i64().filter(|number| number.abs() < 1 << 53)
}

/// The fields beside `type` that a type has where its value is not all in `value`.
fn parts(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "decimal" => &["value", "unit"],
        "money" => &["value", "currency"],
        "time" => &["instant", "local", "zone"],
        "duration" => &["seconds"],
        "file" => &["sha256", "size", "name", "media"],
        _ => return None,
    })
}

/// An object that says its type, with exactly the fields of that type.
fn of_type(kind: &str, fields: &Map<String, Json>, reading: Reading<'_>) -> Done<ItemValue> {
    must_be_known(kind).map_err(|why| why.hint(FIELD_CALLED_TYPE))?;
    let only = |keys: &[&str]| fields.len() == keys.len() + 1 && keys.iter().all(|key| fields.contains_key(*key));
    let natural = |key: &str| fields.get(key).and_then(Json::as_u64).filter(|number| *number < 1 << 53);
    let wrong = |key: &str, is: &str| CommandError::usage(format!("the `{key}` of a value of type '{kind}' is {is}"));
    let text = |key: &str| {
        let found = fields.get(key).and_then(Json::as_str);
        found.ok_or_else(|| wrong(key, "a text here").hint("write it in quotes, digits too"))
    };
    let text_or_null = |key: &str| if fields.get(key) == Some(&Json::Null) { Ok(None) } else { text(key).map(Some) };
    if let Some(parts) = parts(kind).filter(|parts| only(parts)) {
        let natural = |key: &str| natural(key).ok_or_else(|| wrong(key, "a whole number from 0 on"));
        return match kind {
            "decimal" => {
                let kind = text_or_null("unit")?.map_or_else(|| kind.to_owned(), |unit| format!("{kind}:{unit}"));
                read(Some(&kind), text("value")?, reading)
            }
            "money" => read(Some(&format!("{kind}:{}", text("currency")?)), text("value")?, reading),
            "time" => {
                let at = fields.get("instant").and_then(whole);
                let at = at.ok_or_else(|| wrong("instant", "a whole number of milliseconds"))?;
                instant(at, text("local")?, text("zone")?)
            }
            "duration" => Ok(ItemValue::Duration(natural("seconds")?)),
            "file" => {
                let media = text_or_null("media")?.map(str::to_owned);
                file(text("sha256")?, natural("size")?, text("name")?, media)
            }
            _ => Err(of_other_fields(kind, parts)),
        };
    }
    let Some(said) = fields.get("value").filter(|_| only(&["value"])) else {
        return Err(of_other_fields(kind, parts(kind).unwrap_or(&["value"])));
    };
    match (kind, said) {
        ("integer", Json::Number(_)) if whole(said).is_some() => value(said, reading),
        ("yes-no", Json::Bool(yes)) => Ok(ItemValue::YesNo(*yes)),
        ("list", Json::Array(values)) => list(values, reading),
        ("record", Json::Array(fields)) => record(fields, reading),
        _ => read(Some(kind), text("value")?, reading),
    }
}

fn of_other_fields(kind: &str, parts: &[&str]) -> CommandError {
    let parts: Vec<String> = parts.iter().map(|part| format!("\"{part}\": ...")).collect();
    CommandError::usage(format!("a value of type '{kind}' has other fields"))
        .hint(format!("write {{\"type\": \"{kind}\", {}}}; {FIELD_CALLED_TYPE}", parts.join(", ")))
}

fn record(fields: &[Json], reading: Reading<'_>) -> Done<ItemValue> {
    let field = |json: &Json| {
        let parts = json.as_object().filter(|parts| parts.len() == 2);
        let said = parts.and_then(|parts| Some((parts.get("key")?.as_str()?, parts.get("value")?)));
        let (key, json) =
            said.ok_or_else(|| CommandError::usage("a record's fields are written {\"key\": ..., \"value\": ...}"))?;
        Ok((typed("a field's name", key)?, value(json, reading)?))
    };
    Ok(ItemValue::Record(fields.iter().map(field).collect::<Done<_>>()?))
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

    /// The form that a hint gives says the same number, and is taken.
    #[test]
    fn a_number_that_is_not_exact_is_told_how_it_is_written() {
        for (number, said) in [
            ("24.99", Some("24.99")),
            ("-0.5", Some("-0.5")),
            ("123456789012.5", Some("123456789012.5")),
            // Too long for a decimal, or no longer known digit by digit.
            ("9007199254740993", None),
            ("99999999999999999999999", None),
            ("-99999999999999999999999", None),
            ("1e300", None),
            ("0.00000001", None),
            ("123456789012345.123456", None),
            ("0.12345678901234567", None),
        ] {
            let error = from_json(number, HERE).expect_err(number);
            assert!(error.message.contains("would lose its exact value"), "{number}: {}", error.message);
            let hint = error.hint.expect("a hint");
            let form = hint.split_once('{').map(|(_, form)| format!("{{{form}"));
            assert_eq!(form.is_some(), said.is_some(), "{number}: {hint}");
            let read = form.map(|form| show(&from_json(&form, HERE).expect("it is taken")));
            assert_eq!(read.as_deref(), said, "{number}: {hint}");
            assert!(said.is_some() || hint.contains("at most 15 before the point"), "{number}: {hint}");
        }
    }

    #[test]
    fn a_record_may_have_a_field_called_type() {
        let text = r#"{"type": "record", "value": [{"key": "type", "value": "monney"}, {"key": "n", "value": 1}]}"#;
        assert_eq!(show(&from_json(text, HERE).expect("a record")), "{type: monney; n: 1}");
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
            // A type that is misspelt, or has other fields, makes no record of it unseen.
            (r#"{"type": "monney", "value": "12.50", "currency": "GBP"}"#, "'monney' is not a type of value"),
            (r#"{"type": "frob", "value": 1}"#, "types are text, integer"),
            (r#"{"tariff": {"type": "Fibre 100"}}"#, "'Fibre 100' is not a type of value"),
            (r#"{"type": 5}"#, "types are text, integer"),
            (r#"{"type": "date"}"#, "a value of type 'date' has other fields"),
            (r#"{"type": "date", "value": "2026-07-08", "n": 1}"#, "a value of type 'date' has other fields"),
            (r#"{"type": "date:x", "value": "2026-07-08"}"#, "takes nothing after a colon"),
            (r#"{"type": "money", "value": 12.5, "currency": "GBP"}"#, "`value` of a value of type 'money' is a text"),
            (r#"{"type": "money", "value": "12.50", "currency": null}"#, "`currency` of a value of type 'money'"),
            (r#"{"type": "decimal", "value": "12.5", "unit": 5}"#, "`unit` of a value of type 'decimal' is a text"),
            (r#"{"type": "text", "value": null, "sealed": true}"#, "a value of type 'text' has other fields"),
            (r#"{"type": "duration", "seconds": -1}"#, "`seconds` of a value of type 'duration' is a whole number"),
            (r#"{"type": "list", "value": {"a": 1}}"#, "`value` of a value of type 'list' is a text"),
            (r#"{"type": "record", "value": [{"key": "a"}]}"#, "a record's fields are written"),
            (
                r#"{"type": "record", "value": [{"key": "a", "value": 1, "unit": "kWh"}]}"#,
                "a record's fields are written",
            ),
        ] {
            let error = from_json(text, HERE).expect_err(text);
            assert!(error.message.contains(says), "{text}: {}", error.message);
        }
    }
}
