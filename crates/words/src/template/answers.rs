//! Answers to what a template asks.

use counterpart_core::value::{Due, ItemValue, Unit};

use super::{Asked, Template, problem::nearest};
use crate::{
    error::{CommandError, Done},
    item_value::{self, Here},
    money, render,
};

/// The answer to one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub key: String,
    pub value: ItemValue,
}

/// The answers that were given, in the order of the template's items.
#[derive(Debug, Clone, Default)]
pub struct Answers(pub Vec<Answer>);

impl Answers {
    pub fn get(&self, key: &str) -> Option<&ItemValue> {
        self.0.iter().find(|a| a.key == key).map(|a| &a.value)
    }
}

impl Asked {
    /// Reads an answer as the item's type has it.
    pub fn read(&self, typed: &str, here: Here<'_>) -> Done<ItemValue> {
        if !self.choices.is_empty() {
            let wanted = typed.trim().to_lowercase();
            let numbered = wanted.parse::<usize>().ok().and_then(|n| self.choices.get(n.checked_sub(1)?));
            let named = self.choices.iter().find(|c| c.to_lowercase() == wanted);
            let chosen = named.or(numbered).ok_or_else(|| {
                CommandError::usage(format!("'{typed}' is not one of the choices: {}", self.choices.join("; ")))
            })?;
            return item_value::parse(Some("choice"), chosen, here);
        }
        match self.unit().filter(|_| self.word() == "money") {
            // With the currency known, the number alone will do.
            Some(unit) if typed.chars().any(|c| c.is_alphabetic() || !c.is_ascii()) => {
                let read = money::parse(typed).map_err(|e| CommandError::usage(e.to_string()))?;
                if read.currency() != unit {
                    return Err(CommandError::usage(format!("'{typed}' is not in {unit}, as asked for")));
                }
                Ok(ItemValue::Money(read))
            }
            _ => item_value::parse(Some(&self.kind), typed, here),
        }
    }

    /// An answer that works: the example, else one for the type.
    pub fn sample(&self) -> String {
        let given = self.example.as_ref().or(self.default.as_ref()).or(self.choices.first());
        given.cloned().unwrap_or_else(|| stock_sample(self.word(), self.unit()).to_owned())
    }

    /// What an answer looks like: "money, such as 24.99 GBP". Nothing for a text without an example.
    pub fn form(&self) -> String {
        let words = self.type_in_words();
        match (self.word(), &self.example) {
            ("choice", _) => words,
            ("text", Some(example)) => format!("such as {example}"),
            ("text", None) => String::new(),
            (_, Some(example)) => format!("{words}, such as {example}"),
            (_, None) => format!("{words}, such as {}", stock_sample(self.word(), self.unit())),
        }
    }

    /// The type in words: "money in GBP", "one of: repair; refund".
    pub(super) fn type_in_words(&self) -> String {
        match (self.word(), self.unit()) {
            ("choice", _) => format!("one of: {}", self.choices.join("; ")),
            ("yes-no", _) => "yes or no".to_owned(),
            ("integer", _) => "whole number".to_owned(),
            ("decimal", None) => "number".to_owned(),
            ("decimal", Some(unit)) => format!("number of {unit}"),
            ("money", Some(unit)) => format!("money in {unit}"),
            ("time", _) => "date and time".to_owned(),
            ("duration", _) => "length of time".to_owned(),
            ("phone", _) => "phone number".to_owned(),
            ("e-mail", _) => "e-mail address".to_owned(),
            ("list", Some(of)) => format!("list of {of}, with semicolons between"),
            ("list" | "check-list", _) => format!("{}, with semicolons between", self.word().replace('-', " ")),
            (word, _) => word.to_owned(),
        }
    }
}

/// An answer of a type, with this unit or currency.
pub(super) fn stock_sample(word: &str, unit: Option<&str>) -> &'static str {
    match (word, unit) {
        ("integer", _) => "3",
        ("decimal", _) => "12.5",
        ("money", None) => "24.99 GBP",
        // No currency has too few places for this one.
        ("money", Some(_)) => "25",
        ("date", _) => "2026-07-08",
        ("time", _) => "2026-07-08 17:00",
        ("duration", _) => "1h 30m",
        ("yes-no", _) => "yes",
        ("address", _) => "1 Long Road, Leeds",
        ("phone", _) => "020 7946 0000",
        ("e-mail", _) => "name@example.org",
        ("link", _) => "https://example.org/page",
        ("list", Some(of)) => stock_sample(of, None),
        ("list", None) => "one; another",
        ("check-list", _) => "[x] this is done; [ ] this is not",
        _ => "in your words",
    }
}

/// An answer as a text of terms says it.
pub(super) fn in_words(value: &ItemValue) -> String {
    match value {
        ItemValue::Text(text) => text.open().unwrap_or(render::SEALED).to_owned(),
        ItemValue::Choice(choice) => choice.clone(),
        other => item_value::show(other),
    }
}

/// An answer as a due time or an amount reads it.
pub(super) fn as_typed(value: &ItemValue) -> String {
    match value {
        ItemValue::Time { local, zone, instant } => typed_time(*instant, local, zone),
        ItemValue::Money(money) => money.to_string(),
        other => in_words(other),
    }
}

/// The local time with its offset, so that it is that instant even where clocks show the time twice.
fn typed_time(instant: i64, local: &str, zone: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(instant).ok().zip(jiff::tz::TimeZone::get(zone).ok());
    let offset = at.map(|(at, tz)| at.to_zoned(tz).strftime("%:z").to_string()).unwrap_or_default();
    format!("{}{offset}[{zone}]", local.replace('T', " "))
}

/// A length of time such as "5 working days", as due times are typed.
pub(super) fn length(text: &str, here: Here<'_>) -> Option<(u32, Unit)> {
    match crate::when::due(text, here.zone, here.now) {
        Ok(Due::After { count, unit, .. }) => Some((count, unit)),
        _ => None,
    }
}

impl Template {
    /// Reads `--set KEY=VALUE` and takes defaults for the rest. A value left empty skips an item that need not be
    /// answered. Gives the answers and the items still open.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once.
    pub fn answers(&self, set: &[String], here: Here<'_>) -> Done<(Answers, Vec<&Asked>)> {
        let mut typed: Vec<(&str, &str)> = Vec::new();
        let mut wrong: Vec<String> = Vec::new();
        for pair in set {
            match pair.split_once('=').map(|(key, value)| (key.trim(), value)) {
                None => wrong.push(format!("'{pair}' is not KEY=VALUE")),
                Some((key, _)) if self.item(key).is_none() => {
                    let meant = nearest(key, self.items.iter().map(|i| i.key.as_str()));
                    let meant = meant.map(|m| format!("; '{m}' was perhaps meant")).unwrap_or_default();
                    wrong.push(format!("the template does not ask for '{key}'{meant}"));
                }
                Some((key, _)) if typed.iter().any(|(k, _)| *k == key) => wrong.push(format!("'{key}' is set twice")),
                Some(pair) => typed.push(pair),
            }
        }
        let mut answers = Answers::default();
        let mut open = Vec::new();
        for item in &self.items {
            let given = typed.iter().find(|(key, _)| *key == item.key).map(|(_, value)| *value);
            let value = match given {
                Some(value) if value.trim().is_empty() && !item.required => None,
                Some(value) => Some(value),
                None => item.default.as_deref(),
            };
            match value.map(|value| item.read(value, here)) {
                Some(Ok(value)) => answers.0.push(Answer { key: item.key.clone(), value }),
                Some(Err(error)) => {
                    wrong.push(format!("{}: {}; such as {}", item.key, error.message, self.set_that_works(item)));
                }
                None => {}
            }
            if given.is_none() {
                open.push(item);
            }
        }
        if wrong.is_empty() {
            return Ok((answers, open));
        }
        let keys: Vec<&str> = self.items.iter().map(|i| i.key.as_str()).collect();
        Err(CommandError::usage(wrong.join("\n")).hint(format!(
            "the template {} asks for {}",
            self.name,
            keys.join(", ")
        )))
    }

    /// The option that answers an item, ready to type.
    pub fn set_that_works(&self, item: &Asked) -> String {
        let pair = format!("{}={}", item.key, item.sample());
        let plain = pair.chars().all(|c| c.is_ascii_alphanumeric() || "=-_.:/@,".contains(c));
        if plain { format!("--set {pair}") } else { format!("--set '{}'", pair.replace('\'', "'\\''")) }
    }
}
