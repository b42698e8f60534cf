//! A log for machines and those who run them, on standard error: a line an event, with its time and how much it matters,
//! and without a word of any case.

use clap::ValueEnum;
use counterpart_core::{id::short_form, text::visible_line};
use counterpart_node::{Level, Logged, now};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::terminal::Terminal;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people: time LEVEL event name=value
    Text,
    /// For programs: one JSON object a line
    Json,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Least {
    /// Only what somebody is to look at at once
    Error,
    /// Also what did not work just now
    Warn,
    /// Also what happened
    Info,
    /// Also connections that come and go, and receipts
    Debug,
}

impl Least {
    fn level(self) -> Level {
        match self {
            Self::Error => Level::Error,
            Self::Warn => Level::Warn,
            Self::Info => Level::Info,
            Self::Debug => Level::Debug,
        }
    }
}

/// A log, open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    terminal: Terminal,
    form: Form,
    least: Level,
}

impl Log {
    pub(crate) fn new(terminal: Terminal, form: Form, least: Least) -> Self {
        Self { terminal, form, least: least.level() }
    }

    pub(crate) fn write(self, logged: &Logged) {
        if logged.level > self.least {
            return;
        }
        let time = Timestamp::from_millisecond(now()).unwrap_or_default();
        let line = match self.form {
            Form::Text => as_text(logged, time),
            Form::Json => as_json(logged, time),
        };
        self.terminal.log(&line);
    }
}

fn ids(logged: &Logged) -> [(&'static str, Option<String>); 2] {
    [("case", logged.case.map(|case| short_form(&case.0))), ("party", logged.party.map(|party| short_form(&party.0)))]
}

fn as_text(logged: &Logged, time: Timestamp) -> String {
    let mut line = format!("{time:.3} {} {}", logged.level.as_str().to_uppercase(), logged.event);
    let ids = ids(logged).into_iter().filter_map(|(name, id)| Some((name, Json::from(id?))));
    for (name, value) in ids.chain(logged.more.iter().cloned()) {
        line.push_str(&format!(" {name}={}", in_a_word(&value)));
    }
    line
}

/// A value as one word: in quotes where it needs them.
fn in_a_word(value: &Json) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    let text = visible_line(text);
    let plain = !text.is_empty() && !text.contains([' ', '"', '=', '\\']);
    if plain { text.into_owned() } else { Json::from(text.into_owned()).to_string() }
}

fn as_json(logged: &Logged, time: Timestamp) -> String {
    let mut line = Map::new();
    let mut put = |name: &str, value: Json| drop(line.insert(name.to_owned(), value));
    put("schema", "counterpart/log-line/1".into());
    put("time", format!("{time:.3}").into());
    put("level", logged.level.as_str().into());
    put("event", logged.event.into());
    for (name, id) in ids(logged) {
        if let Some(id) = id {
            put(name, id.into());
        }
    }
    for (name, value) in &logged.more {
        put(name, value.as_str().map_or_else(|| value.clone(), |text| visible_line(text).into()));
    }
    Json::Object(line).to_string()
}

#[cfg(test)]
mod tests {
    use counterpart_core::id::CaseId;

    use super::*;

    fn logged() -> Logged {
        let mut logged =
            Logged::new(Level::Warn, "trouble").with("why", "a \"name\"\nand \u{1b}[31mred").with("count", 3);
        logged.case = Some(CaseId([7; 32]));
        logged
    }

    #[test]
    fn a_line_is_one_line_and_steers_no_terminal() {
        let text = as_text(&logged(), Timestamp::UNIX_EPOCH);
        assert!(text.starts_with("1970-01-01T00:00:00.000Z WARN trouble case="), "{text}");
        assert!(text.contains(" why=\"a \\\"name\\\"") && text.ends_with(" count=3"), "{text}");
        assert!(!text.contains(['\n', '\u{1b}']), "{text}");
    }

    #[test]
    fn programs_read_the_same() {
        let json: Json = serde_json::from_str(&as_json(&logged(), Timestamp::UNIX_EPOCH)).expect("JSON");
        assert_eq!(json["time"], "1970-01-01T00:00:00.000Z");
        assert_eq!((json["level"].as_str(), json["event"].as_str()), (Some("warn"), Some("trouble")));
        assert_eq!((json["case"].as_str(), json["count"].as_u64()), (Some(short_form(&[7; 32]).as_str()), Some(3)));
        assert!(json["why"].as_str().is_some_and(|why| !why.contains(['\n', '\u{1b}'])), "{json}");
    }
}
