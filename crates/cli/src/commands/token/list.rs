//! `counterpart token list`

use counterpart_node::{TokenInfo, now};
use serde_json::json;

use super::token_json;
use crate::{
    error::Done,
    render::{line, padded, wrapped},
    session::Session,
    terminal::{Style, styled},
    when,
};

/// List the tokens: what each may do, by whose key, until when, and when it was last used
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Those that were ended or are too old as well
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let (tokens, now) = (session.desk()?.tokens()?, now());
    let wanted: Vec<&TokenInfo> = tokens.iter().filter(|token| args.all || token.stands(now)).collect();
    let terminal = session.terminal;
    if terminal.json {
        let tokens: Vec<_> = wanted.into_iter().map(|token| token_json(token, now)).collect();
        return terminal.json(&json!({"schema": "counterpart/tokens/1", "tokens": tokens}));
    }
    if wanted.is_empty() {
        terminal.say(match tokens.is_empty() {
            true => "No program was let in. To make a token: counterpart token new NAME",
            false => "No token holds any more; --all lists those that did.",
        });
        return Ok(());
    }
    let zone = when::system_zone();
    let lines: Vec<String> = wanted.into_iter().map(|token| line_of(token, &zone, now, terminal.columns())).collect();
    terminal.data(&lines.join("\n"))
}

fn line_of(token: &TokenInfo, zone: &str, now: i64, columns: usize) -> String {
    let time = |at: i64| when::show_short(at, zone, now);
    let scopes = token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
    let seat = token.seat.as_ref().map_or_else(|| "this home's key".to_owned(), |seat| format!("seat {}", line(seat)));
    let until = match (token.ended, token.expires) {
        (Some(ended), _) => styled(Style::Bad, &format!("ended {}", time(ended))),
        (None, Some(expires)) if expires <= now => styled(Style::Bad, &format!("too old since {}", time(expires))),
        (None, Some(expires)) => format!("until {}", time(expires)),
        (None, None) => "no end".to_owned(),
    };
    let used = token.used.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", time(at)));
    wrapped(&format!("{}  ", padded(&line(&token.name), 16)), &format!("{scopes}; {seat}; {until}; {used}"), columns)
}
