//! `counterpart agent list`

use counterpart_core::{id::short_form, keylog::RevokeReason};
use counterpart_node::{Agent, now};
pub(crate) use counterpart_words::agents::json as as_json;
use serde_json::json;

use super::in_short;
use crate::{
    error::Done,
    render::{line, padded, wrapped},
    session::Session,
    terminal::{Style, styled},
    when,
};

/// List the devices and agents of your identity: their rights, since when, and which ended
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(session: &Session, _args: &Args) -> Done {
    let desk = session.desk()?;
    let agents = desk.agents()?;
    let (terminal, party) = (session.terminal, desk.party().to_hex());
    if terminal.json {
        let agents: Vec<_> = agents.iter().map(as_json).collect();
        return terminal.json(&json!({
            "schema": "counterpart/agents/1",
            "party": party,
            "admin": desk.is_admin(),
            "agents": agents,
        }));
    }
    let (zone, now) = (when::system_zone(), now());
    let lines: Vec<String> = agents.iter().map(|agent| line_of(agent, &zone, now, terminal.columns())).collect();
    terminal.data(&lines.join("\n"))?;
    terminal.say(&format!("Your identity is {party}."));
    if desk.is_admin() {
        terminal.say("A further machine or agent asks there: counterpart agent ask --name NAME --for IDENTITY");
    } else {
        terminal.say("This is an agent's machine: whoever holds the identity adds and ends agents.");
    }
    Ok(())
}

/// One device or agent on a line.
pub(crate) fn line_of(agent: &Agent, zone: &str, now: i64, columns: usize) -> String {
    let time = |at: i64| when::show_short(at, zone, now);
    let mut text = format!("{}; since {}", in_short(&agent.rights), time(agent.since));
    if let Some((reason, at)) = agent.revoked {
        let ended = format!("{} {}", word(reason), time(at));
        text = format!("{}; {text}", styled(Style::Bad, &ended));
    } else if agent.taken_back {
        text = format!("{}; {text}", styled(Style::Bad, "taken back by a change of the main key"));
    }
    let first = format!("{}  {}  ", short_form(&agent.device.0), padded(&called(agent), 14));
    wrapped(&first, &text, columns)
}

fn called(agent: &Agent) -> String {
    match (&agent.name, agent.here) {
        (Some(name), true) => format!("{} (here)", line(name)),
        (Some(name), false) => line(name),
        (None, true) => "(here)".to_owned(),
        (None, false) => "(no name)".to_owned(),
    }
}

fn word(reason: RevokeReason) -> &'static str {
    match reason {
        RevokeReason::Ended => "ended",
        RevokeReason::Compromised => "key in wrong hands, ended",
    }
}
