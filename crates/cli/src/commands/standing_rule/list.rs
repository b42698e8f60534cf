//! `counterpart standing-rule list`

use counterpart_words::standing_rules::{rule_json, stopped};
use serde_json::json;

use super::sentence;
use crate::{
    error::Done,
    render::{padded, wrapped},
    session::Session,
    terminal::{Style, styled},
};

/// List the rules, and which of them stopped
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(super) fn run(session: &Session, _args: &Args) -> Done {
    let desk = session.desk()?;
    let rules = desk.standing_rules()?;
    let terminal = session.terminal;
    if terminal.json {
        let rules = rules.iter().map(|rule| rule_json(&desk, rule)).collect::<Done<Vec<_>>>()?;
        return terminal.json(&json!({"schema": "counterpart/standing-rules/1", "rules": rules}));
    }
    if rules.is_empty() {
        terminal.say("Nothing is signed by itself here. To add a rule: counterpart standing-rule add --help");
        return Ok(());
    }
    let mut lines = Vec::new();
    for rule in &rules {
        let standing = match stopped(&desk, rule)? {
            Some(why) => styled(Style::Bad, &format!("stopped, because {}; ", why.as_str())),
            None => String::new(),
        };
        let text = format!("{standing}at {}, {}", rule.seat, sentence(rule));
        lines.push(wrapped(&format!("{}  ", padded(&rule.name, 16)), &text, terminal.columns()));
    }
    terminal.data(&lines.join("\n"))
}
