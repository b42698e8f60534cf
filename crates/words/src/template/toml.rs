//! TOML read with its places: every fault is noted where it stands, and reading goes on.

use std::ops::Range;

use counterpart_core::text;
use toml_edit::{Item, TableLike, Value};

use super::{Problem, Spanned, problem::nearest, wording::Wording};

/// A key that a section may hold, and a line with it that works.
pub(super) type KeyLine = (&'static str, &'static str);

/// A table of the file.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    table: &'a dyn TableLike,
    /// Where it begins in the file, in bytes.
    pub(super) at: usize,
    /// What it is called in problems: "an item".
    what: &'static str,
    keys: &'static [KeyLine],
}

impl<'a> Section<'a> {
    pub(super) fn new(table: &'a dyn TableLike, at: usize, what: &'static str, keys: &'static [KeyLine]) -> Self {
        Self { table, at, what, keys }
    }

    /// A line with this key that works.
    fn line(&self, key: &str) -> Option<String> {
        self.keys.iter().find(|(k, _)| *k == key).map(|(_, line)| (*line).to_owned())
    }

    /// Where a value begins; the section's own place where it has none.
    pub(super) fn place(&self, key: &str) -> usize {
        self.table.get(key).and_then(Item::span).map_or(self.at, |span| span.start)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether a value is a table, or a list that begins with one.
    pub(super) fn holds_tables(&self, key: &str) -> bool {
        let Some(item) = self.table.get(key) else { return false };
        let first = |array: &toml_edit::Array| array.iter().next().is_some_and(Value::is_inline_table);
        item.is_table_like() || item.is_array_of_tables() || item.as_array().is_some_and(first)
    }
}

/// Reads values and gathers problems.
pub(super) struct Reader<'t> {
    /// The whole file.
    text: &'t str,
    pub(super) problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new() }
    }

    /// Notes a problem at so many bytes into the file.
    pub(super) fn problem(&mut self, at: usize, message: impl Into<String>, instead: Option<&str>) {
        let problem = Problem::at(self.text, at, message.into(), instead.map(str::to_owned));
        self.problems.push(problem);
    }

    /// As [`Reader::problem`], with the section's own line for that key as what could stand there.
    pub(super) fn wrong(&mut self, section: &Section<'_>, key: &str, at: usize, message: impl Into<String>) {
        let line = section.line(key);
        self.problem(at, message, line.as_deref());
    }

    /// Notes a problem where a text has its place for `key`; at the text where escapes hide that.
    pub(super) fn problem_in(&mut self, text: &Wording, key: &str, message: String, instead: Option<&str>) {
        let place = self.text.get(text.at.clone()).and_then(|raw| raw.find(&format!("{{{key}}}"))).unwrap_or(0);
        self.problem(text.at.start + place, message, instead);
    }

    /// Notes every key that the section may not hold.
    pub(super) fn unknown_keys(&mut self, section: &Section<'_>) {
        for (key, _) in section.table.iter() {
            if section.keys.iter().any(|(known, _)| *known == key) {
                continue;
            }
            let at = section.table.key(key).and_then(toml_edit::Key::span).map_or(section.at, |span| span.start);
            let meant = nearest(key, section.keys.iter().map(|(known, _)| *known));
            let known: Vec<&str> = section.keys.iter().map(|(known, _)| *known).collect();
            let message = match meant {
                Some(meant) => format!("{} has no '{key}'; '{meant}' was perhaps meant", section.what),
                None => format!("{} has no '{key}'; it may have {}", section.what, known.join(", ")),
            };
            self.wrong(section, meant.unwrap_or_default(), at, message);
        }
    }

    /// A text.
    pub(super) fn text(&mut self, section: &Section<'_>, key: &str) -> Option<Spanned> {
        let item = section.table.get(key)?;
        let (at, found) = (span(item, section), found(item));
        match item.as_str() {
            Some(text) => self.clean(section, key, Spanned { text: text.to_owned(), at }),
            None => {
                self.wrong(section, key, at.start, format!("'{key}' is a text, in quotes; here stands {found}"));
                None
            }
        }
    }

    /// A text that has to be there.
    pub(super) fn needed(&mut self, section: &Section<'_>, key: &str) -> Option<Spanned> {
        if !section.has(key) {
            self.wrong(section, key, section.at, format!("{} needs '{key}'", section.what));
        }
        self.text(section, key)
    }

    /// A text with places to fill that has to be there.
    pub(super) fn needed_wording(&mut self, section: &Section<'_>, key: &str) -> Option<Wording> {
        let text = self.needed(section, key)?;
        self.parted(&text)
    }

    /// A text with places to fill.
    pub(super) fn text_wording(&mut self, section: &Section<'_>, key: &str) -> Option<Wording> {
        let text = self.text(section, key)?;
        self.parted(&text)
    }

    /// A text with places to fill, perhaps a value written without quotes.
    pub(super) fn scalar_wording(&mut self, section: &Section<'_>, key: &str) -> Option<Wording> {
        let text = self.scalar(section, key)?;
        self.parted(&text)
    }

    fn parted(&mut self, text: &Spanned) -> Option<Wording> {
        match Wording::read(text) {
            Ok(wording) => Some(wording),
            Err(error) => {
                self.problem(text.at.start, error.to_string(), None);
                None
            }
        }
    }

    /// Several texts, or one.
    pub(super) fn texts(&mut self, section: &Section<'_>, key: &str) -> Vec<Spanned> {
        let Some(item) = section.table.get(key) else { return Vec::new() };
        let Some(array) = item.as_array() else { return self.text(section, key).into_iter().collect() };
        let mut texts = Vec::new();
        for value in array {
            let at = value.span().unwrap_or(section.at..section.at);
            match value.as_str() {
                Some(text) => texts.extend(self.clean(section, key, Spanned { text: text.to_owned(), at })),
                None => {
                    let message = format!("'{key}' is a list of texts, each in quotes; here stands {}", kind(value));
                    self.wrong(section, key, at.start, message);
                }
            }
        }
        texts
    }

    /// Several texts with places to fill, or one.
    pub(super) fn wordings(&mut self, section: &Section<'_>, key: &str) -> Vec<Wording> {
        let texts = self.texts(section, key);
        texts.iter().filter_map(|text| self.parted(text)).collect()
    }

    /// A value that may be written as a text, a number, a date, or true and false: as a person would type it.
    pub(super) fn scalar(&mut self, section: &Section<'_>, key: &str) -> Option<Spanned> {
        let item = section.table.get(key)?;
        let at = span(item, section);
        let text = match item.as_value() {
            Some(Value::String(_)) => return self.text(section, key),
            Some(Value::Boolean(yes)) => if *yes.value() { "yes" } else { "no" }.to_owned(),
            Some(Value::Integer(number)) => number.value().to_string(),
            Some(Value::Datetime(time)) => time.value().to_string(),
            // As written: 24.90 keeps its scale.
            Some(Value::Float(_)) => self.text.get(at.clone()).unwrap_or_default().replace('_', ""),
            _ => {
                let message = format!("'{key}' is a value as a person would type it; here stands {}", found(item));
                self.wrong(section, key, at.start, message);
                return None;
            }
        };
        Some(Spanned { text, at })
    }

    /// A whole number, from 1.
    pub(super) fn number(&mut self, section: &Section<'_>, key: &str) -> Option<(i64, usize)> {
        let Some(item) = section.table.get(key) else {
            self.wrong(section, key, section.at, format!("{} needs '{key}'", section.what));
            return None;
        };
        let at = span(item, section).start;
        let number = item.as_integer().filter(|n| (1..=1_000_000).contains(n));
        if number.is_none() {
            let message = format!("'{key}' is a whole number from 1, without quotes; here stands {}", found(item));
            self.wrong(section, key, at, message);
        }
        number.map(|n| (n, at))
    }

    /// True or false; false if not there.
    pub(super) fn flag(&mut self, section: &Section<'_>, key: &str) -> bool {
        let Some(item) = section.table.get(key) else { return false };
        let flag = item.as_bool();
        if flag.is_none() {
            let message = format!("'{key}' is true or false, without quotes; here stands {}", found(item));
            self.wrong(section, key, span(item, section).start, message);
        }
        flag.unwrap_or_default()
    }

    /// The tables of a list such as `[[item]]`, at most `most` of them.
    pub(super) fn sections<'a>(
        &mut self,
        parent: &Section<'a>,
        key: &str,
        what: &'static str,
        keys: &'static [KeyLine],
        most: usize,
    ) -> Vec<Section<'a>> {
        let Some(item) = parent.table.get(key) else { return Vec::new() };
        let at = span(item, parent).start;
        let begin = |span: Option<Range<usize>>| span.map_or(at, |s| s.start);
        let sections: Vec<Section<'a>> = match item {
            Item::ArrayOfTables(tables) => {
                tables.iter().map(|t| Section::new(t, begin(t.span()), what, keys)).collect()
            }
            Item::Value(Value::Array(values)) if values.iter().all(Value::is_inline_table) => values
                .iter()
                .filter_map(|value| Some(Section::new(value.as_inline_table()?, begin(value.span()), what, keys)))
                .collect(),
            _ => {
                let path = if parent.what == super::read::TOP {
                    key.to_owned()
                } else {
                    format!("{}.{key}", parent.what.rsplit(' ').next().unwrap_or_default())
                };
                let message =
                    format!("'{key}' may stand here several times, so its name stands in two pairs of brackets");
                self.problem(at, message, Some(&format!("[[{path}]]")));
                return Vec::new();
            }
        };
        if let Some(beyond) = sections.get(most) {
            self.problem(beyond.at, format!("a template has at most {most} of '{key}'"), None);
        }
        for section in &sections {
            self.unknown_keys(section);
        }
        sections
    }

    /// A table that stands once, such as `[clocks]`.
    pub(super) fn section<'a>(
        &mut self,
        parent: &Section<'a>,
        key: &str,
        what: &'static str,
        keys: &'static [KeyLine],
    ) -> Option<Section<'a>> {
        let item = parent.table.get(key)?;
        let at = span(item, parent).start;
        let Some(table) = item.as_table_like() else {
            let message = format!("'{key}' stands once, with its name in one pair of brackets");
            self.problem(at, message, Some(&format!("[{key}]")));
            return None;
        };
        let section = Section::new(table, at, what, keys);
        self.unknown_keys(&section);
        Some(section)
    }

    /// A text that can be signed: not empty, nothing in it that deceives.
    fn clean(&mut self, section: &Section<'_>, key: &str, text: Spanned) -> Option<Spanned> {
        if text.text.trim().is_empty() {
            self.wrong(
                section,
                key,
                text.at.start,
                format!("'{key}' is empty; write at least one word, or leave it out"),
            );
            return None;
        }
        // What stands in the file itself was looked at before; this is what escapes made.
        if let Err(error) = text::check(&text.text) {
            let character = u32::from(error.character);
            let message = match error.character {
                '\t' => format!("'{key}' has a tab in it; write spaces"),
                _ => format!(
                    "'{key}' has the character U+{character:04X} in it, which can hide or reorder what people read; \
                     take it out"
                ),
            };
            self.problem(text.at.start, message, None);
            return None;
        }
        Some(text)
    }
}

/// Where a value stands.
fn span(item: &Item, section: &Section<'_>) -> Range<usize> {
    item.span().unwrap_or(section.at..section.at)
}

/// What stands where something else should.
fn found(item: &Item) -> &'static str {
    match item {
        Item::Value(value) => kind(value),
        _ => "a table",
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "a list",
        Value::InlineTable(_) => "a table",
    }
}
