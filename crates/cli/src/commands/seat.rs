//! `counterpart seat`

mod add;
mod end;
mod list;

use clap::Subcommand;
use counterpart_node::SeatHere;
use serde_json::json;

use super::agent::list::as_json;
use crate::{error::Done, session::Session};

/// Agents who sign from this very home, each with a key and rights of their own: add, list, end
///
/// For a service desk, where several people and programs work on the same cases at one node. What is signed at a seat
/// (counterpart --as-seat NAME ...) shows which agent it was, and goes no further than the seat's rights. An agent with a
/// machine of their own is added by counterpart agent.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: SeatCommand,
}

#[derive(Debug, Subcommand)]
enum SeatCommand {
    Add(add::Args),
    List(list::Args),
    End(end::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        SeatCommand::Add(args) => add::run(session, args),
        SeatCommand::List(args) => list::run(session, args),
        SeatCommand::End(args) => end::run(session, args),
    }
}

/// A seat for programs: as its agent is told in `agent list`, by the name it has here.
fn seat_json(seat: &SeatHere) -> serde_json::Value {
    let mut told = as_json(&seat.agent);
    if let Some(fields) = told.as_object_mut() {
        fields.insert("name".to_owned(), json!(seat.name));
        fields.insert("stands".to_owned(), json!(seat.stands()));
        fields.remove("here");
    }
    told
}
