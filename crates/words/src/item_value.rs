//! Typed values of items, as people type and read them.

mod json;
mod nested;
mod shown;

use std::path::Path;

use counterpart_core::value::{Decimal, ItemValue, Sealable, is_date};

use crate::{
    error::{CommandError, Done},
    money, render,
    typed::typed,
    when,
};

pub use json::{from_json, sha256, to_json};
pub use shown::{lines, show};

/// Where and when a value is typed: times are read in the case's zone.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    pub zone: &'a str,
    /// Unix milliseconds.
    pub now: i64,
    /// How a file of this machine is read that somebody names by its path.
    pub file: ReadFile,
}

/// Reads a file through and gives what the record says of it.
pub type ReadFile = fn(&Path) -> Done<ItemValue>;

/// For where what is typed may come from elsewhere than this machine's own person: no path is followed.
pub fn no_files(_path: &Path) -> Done<ItemValue> {
    Err(CommandError::usage("no file can be named here").hint("`counterpart attach` puts a file on record"))
}

/// What `--type` may say, for help and errors.
pub const TYPES: &str = "text, integer, decimal, decimal:UNIT, money, money:CURRENCY, date, time, duration, yes-no, \
                                choice, choice:A|B, address, phone, e-mail, link, file, list, list:TYPE, list:record, \
                                record or check-list";

/// The types whose value is one thing.
const SINGLE: &[&str] = &[
    "text", "integer", "decimal", "money", "date", "time", "duration", "yes-no", "choice", "address", "phone",
    "e-mail", "link",
];

/// The types that are made of others, or name a file of this machine.
const MADE: &[&str] = &["file", "list", "record", "check-list", "email"];

/// The types behind which more may stand: a unit, a currency, the choices, the type of what is listed.
const DETAILED: &[&str] = &["decimal", "money", "choice", "list"];

/// The types whose value is one thing, by their words.
pub fn words() -> &'static [&'static str] {
    SINGLE
}

/// How values are read where they stand.
#[derive(Debug, Clone, Copy)]
struct Reading<'a> {
    here: Here<'a>,
    /// A fact is read by people elsewhere, without the case beside it: its times name their zone.
    zone_needed: bool,
}

/// Reads a fact to be stated as the type named; text when none is. Several values make a list; times name their zone.
pub fn stated(kind: Option<&str>, values: &[String], here: Here<'_>) -> Done<ItemValue> {
    let reading = Reading { here, zone_needed: true };
    let word = kind.and_then(|k| k.split(':').next());
    match (values, word) {
        ([one], _) => read(kind, one, reading),
        ([], _) => Err(CommandError::usage("write a value")),
        (several, Some("list" | "check-list")) => {
            let elements: Vec<&str> = several.iter().map(String::as_str).collect();
            match kind.and_then(|k| k.split_once(':')) {
                _ if word == Some("check-list") => nested::check_list(&elements),
                parted => nested::list(parted.map(|(_, of)| of), &elements, reading),
            }
        }
        (several, _) => Err(CommandError::usage(format!("{} values were given for one fact", several.len()))
            .hint("put one value in quotes, or add --type list (list:TYPE, list:record) to state them as a list")),
    }
}

/// Reads `value` as the type named; text when none is. Times without a zone are in the case's.
pub fn parse(kind: Option<&str>, value: &str, here: Here<'_>) -> Done<ItemValue> {
    read(kind, value, Reading { here, zone_needed: false })
}

fn read(kind: Option<&str>, value: &str, reading: Reading<'_>) -> Done<ItemValue> {
    let here = reading.here;
    let (word, detail) = match kind.unwrap_or("text").split_once(':') {
        Some((word, detail)) => (word, Some(detail)),
        None => (kind.unwrap_or("text"), None),
    };
    let wrong = |what: &str| CommandError::usage(format!("'{value}' is not {what}"));
    let trimmed = value.trim();
    let text = || Ok::<_, CommandError>(Sealable::Open(typed("the value", value)?));
    must_be_known(kind.unwrap_or("text"))?;
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
            // As it is shown: with its unit behind it.
            let bare = detail.and_then(|unit| trimmed.strip_suffix(unit)).map_or(trimmed, str::trim_end);
            let number = Decimal::parse(bare).map_err(|e| CommandError::usage(format!("'{value}': {e}")))?;
            let unit = detail.filter(|u| !u.is_empty()).map(|u| typed("the unit", u)).transpose()?;
            ItemValue::Decimal { number, unit }
        }
        "money" => {
            let money = match detail {
                // With the currency written out, where it is the same.
                Some(code) => money::parse_in(trimmed, code).or_else(|wrong| match money::parse(trimmed) {
                    Ok(money) if money.currency() == code => Ok(money),
                    _ => Err(wrong),
                }),
                None => money::parse(trimmed),
            };
            ItemValue::Money(money.map_err(|e| CommandError::usage(e.to_string()))?)
        }
        "date" => {
            let real = is_date(trimmed) && trimmed.parse::<jiff::civil::Date>().is_ok();
            if !real {
                return Err(wrong("a date: write it as 2026-07-08, year, month, day, for a day that the month has"));
            }
            ItemValue::Date(trimmed.to_owned())
        }
        "time" => {
            let time = when::absolute(trimmed, here.zone, here.now);
            if reading.zone_needed && time.is_ok() && !when::names_zone(trimmed) {
                return Err(wrong(&format!("a time with its zone: write \"{trimmed} {}\"", here.zone)));
            }
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
        "choice" => ItemValue::Choice(choice(detail, value)?),
        "file" => (here.file)(Path::new(trimmed))?,
        "list" => nested::list(detail, &nested::elements(value), reading)?,
        "record" => nested::record(value, reading)?,
        "check-list" => nested::check_list(&nested::elements(value))?,
        _ => return Err(no_type(word)),
    })
}

/// Refuses what is no type of value.
fn must_be_known(kind: &str) -> Done {
    let (word, detail) = kind.split_once(':').map_or((kind, None), |(word, detail)| (word, Some(detail)));
    if !SINGLE.contains(&word) && !MADE.contains(&word) {
        return Err(no_type(word));
    }
    match detail {
        Some(_) if !DETAILED.contains(&word) => {
            Err(CommandError::usage(format!("'{word}' takes nothing after a colon: types are {TYPES}")))
        }
        _ => Ok(()),
    }
}

fn no_type(word: &str) -> CommandError {
    CommandError::usage(format!("'{}' is not a type of value: types are {TYPES}", render::line(word)))
}

/// One of the choices given behind the type, where some are.
fn choice(choices: Option<&str>, value: &str) -> Done<String> {
    let chosen = typed("the value", value.trim())?;
    let Some(choices) = choices else { return Ok(chosen) };
    let found = choices.split('|').map(str::trim).find(|c| c.to_lowercase() == chosen.to_lowercase());
    found.map(str::to_owned).ok_or_else(|| {
        let all = choices.split('|').map(str::trim).collect::<Vec<_>>().join(", ");
        CommandError::usage(format!("'{chosen}' is not one of the choices")).hint(format!("write one of: {all}"))
    })
}

/// Parts `24.99:money:GBP` into a value and a type; what ends in no known type is all value.
pub fn split_type(text: &str) -> (&str, Option<&str>) {
    let typed = text.match_indices(':').find_map(|(at, _)| {
        let (value, kind) = (text.get(..at)?, text.get(at + 1..)?);
        let (word, detail) = kind.split_once(':').map_or((kind, None), |(w, d)| (w, Some(d)));
        // Only the type of what is listed has a colon of its own.
        let detailed = detail.is_none_or(|d| DETAILED.contains(&word) && (word == "list" || !d.contains(':')));
        (detailed && (SINGLE.contains(&word) || MADE.contains(&word))).then_some((value, Some(kind)))
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

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Here<'_> = Here { zone: "Europe/London", now: 1_782_896_400_000, file: no_files };

    #[test]
    fn values_people_type() {
        for (kind, value, shown) in [
            (None, "blue", "blue"),
            (Some("integer"), "-42", "-42"),
            (Some("decimal"), "1.50", "1.50"),
            (Some("decimal:kWh"), "312.5", "312.5 kWh"),
            (Some("decimal:%"), "20 %", "20 %"),
            (Some("decimal:%"), "20%", "20 %"),
            (Some("money"), "£24.99", "£24.99"),
            (Some("money:GBP"), "24.99", "£24.99"),
            (Some("money:EUR"), "EUR 792.00", "€792.00"),
            (Some("money:GBP"), "£24.99", "£24.99"),
            (Some("date"), "2026-07-08", "2026-07-08"),
            (Some("time"), "2026-07-08 17:00", "Wed 8 Jul 2026 17:00 BST (Europe/London)"),
            (Some("duration"), "1h 30m", "1h 30m"),
            (Some("yes-no"), "Yes", "yes"),
            (Some("choice"), "express", "express"),
            (Some("choice:Express|Standard"), "express", "Express"),
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
            ("money:EUR", "GBP 24.99", "not a number"),
            ("date", "2026-02-30", "2026-07-08, year, month, day, for a day that the month has"),
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
            ("choice:express|standard", "slow", "not one of the choices"),
            ("file", "/etc/hostname", "no file can be named here"),
        ] {
            let error = parse(Some(kind), value, HERE).expect_err(value);
            assert!(error.message.contains(says), "{kind} {value}: {}", error.message);
        }
    }

    #[test]
    fn a_path_is_followed_only_where_files_are_read() {
        fn named(path: &Path) -> Done<ItemValue> {
            Ok(ItemValue::Text(Sealable::Open(path.display().to_string())))
        }
        let here = Here { file: named, ..HERE };
        assert_eq!(parse(Some("file"), " bill.pdf ", here), named(Path::new("bill.pdf")));
        assert!(parse(Some("list:file"), "bill.pdf", HERE).is_err());
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
            ("5:decimal:%; 10:list:decimal:%", "5:decimal:%; 10", Some("list:decimal:%")),
            ("red:choice:red|blue", "red", Some("choice:red|blue")),
        ] {
            assert_eq!(split_type(text), (value, kind));
        }
    }

    #[test]
    fn times_that_are_stated_name_their_zone() {
        let one = |kind: &str, value: &str| stated(Some(kind), &[value.to_owned()], HERE);
        for value in
            ["2026-07-08 17:00 Europe/London", "2026-07-08T17:00Z", "today 10:15 UTC", "2026-07-08 17:00[Asia/Tokyo]"]
        {
            assert!(one("time", value).is_ok(), "{value}");
        }
        for (kind, value) in
            [("time", "2026-07-08 17:00"), ("list:time", "2026-07-08 17:00"), ("list", "2026-07-08 17:00:time")]
        {
            let error = one(kind, value).expect_err(value);
            // The example in the error works.
            let example = error.message.split('"').nth(1).expect("an example");
            assert!(one("time", example).is_ok(), "{example}");
        }
        assert!(parse(Some("time"), "2026-07-08 17:00", HERE).is_ok(), "terms are read in the case's zone");
    }

    #[test]
    fn several_values_make_a_list() {
        let values = ["2026-07-08".to_owned(), "2026-07-09".to_owned()];
        let list = stated(Some("list:date"), &values, HERE).expect("a list");
        assert_eq!(show(&list), "2026-07-08; 2026-07-09");
        assert!(stated(Some("date"), &values, HERE).expect_err("two").hint.is_some_and(|h| h.contains("--type list")));
    }
}
