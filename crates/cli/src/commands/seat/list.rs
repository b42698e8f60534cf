//! `counterpart seat list`

use counterpart_node::now;
use serde_json::json;

use super::{super::agent::list::line_of, seat_json};
use crate::{error::Done, session::Session, when};

/// List the agents' seats in this home: their rights, since when, and which ended
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(session: &Session, _args: &Args) -> Done {
    let seats = session.desk()?.seats()?;
    let terminal = session.terminal;
    if terminal.json {
        let seats: Vec<_> = seats.iter().map(seat_json).collect();
        return terminal.json(&json!({"schema": "counterpart/seats/1", "seats": seats}));
    }
    if seats.is_empty() {
        terminal.say("No agent has a seat in this home. To add one: counterpart seat add NAME");
        return Ok(());
    }
    let (zone, now) = (when::system_zone(), now());
    let lines: Vec<String> = seats
        .into_iter()
        .map(|mut seat| {
            seat.agent.name = Some(seat.name);
            line_of(&seat.agent, &zone, now, terminal.columns())
        })
        .collect();
    terminal.data(&lines.join("\n"))
}
