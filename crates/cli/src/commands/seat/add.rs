//! `counterpart seat add`

use counterpart_core::{id::short_form, keylog::Kinds};
use counterpart_node::{Rights, now};
use counterpart_words::agents::seating;
use serde_json::json;

use super::{super::agent, seat_json};
use crate::{confirm, error::Done, session::Session};

/// Let a further agent sign from this home, within the rights you give
///
/// Makes a key for it in this home, and writes its rights into your key log. What it signs within them binds you like your
/// own signature. The same name is what counterpart mandate, token and --as-seat take.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What it is called here: letters from a to z, digits, and - _ . such as priya or first-line
    name: String,
    /// Only these kinds of act, such as accept,counter,note [default: every kind]
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    only: Vec<String>,
    /// Most money at stake in what it agrees to, such as £200; repeat for another currency. Everybody sees it
    #[arg(long, value_name = "MONEY")]
    ceiling: Vec<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let only = agent::kinds(&args.only)?;
    let money = agent::ceilings(&args.ceiling)?;
    let rights = Rights {
        kinds: if only.is_empty() { Kinds::All } else { Kinds::Listed(only) },
        receive: false,
        admin: false,
        ceilings: money.iter().map(|m| (m.amount().to_string(), m.currency().to_owned())).collect(),
    };
    let name = desk.check_seat(&args.name, &rights)?;
    confirm::agree(session, &seating(&desk.party(), &name, &rights, &format!("counterpart seat end {name}")))?;
    let seat = desk.add_seat(&name, &rights, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({"schema": "counterpart/seat-add/1", "seat": seat_json(&seat)}));
    }
    let device = short_form(&seat.agent.device.0);
    terminal.data(&device)?;
    terminal.say(&format!("{name} signs from here as device {device}: counterpart --as-seat {name} accept CASE REF"));
    terminal
        .say(&format!("A program does with a token: counterpart token new NAME --seat {name} --scope read,draft,sign"));
    terminal.say(&format!("Narrower limits in one case: counterpart mandate CASE {name} --ceiling MONEY"));
    Ok(())
}
