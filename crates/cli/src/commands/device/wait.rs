//! `counterpart device wait`, and what `counterpart up --mailbox` does before it runs.

use std::pin::Pin;

use counterpart_core::id::short_form;
use counterpart_node::{DeskError, DeviceLine, WaitEvent, Waiter, now};
use counterpart_words::agents::in_short;
use serde_json::json;

use super::super::up::{ApiArgs, WatchArgs, not_started, run_bounded, wait_and_serve};
use crate::{
    error::Done,
    session::Session,
    terminal::{Style, styled},
    when,
};

/// On a new machine: print the line by which your own machine adds it, wait until it has, then run its node
///
/// The line holds for a day; started again, it prints the same line. It is what `counterpart up --mailbox` does on a
/// machine that is nobody's yet; from the next start on, `counterpart up` runs the node.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What your own machines are to call it [default: mailbox]
    #[arg(long)]
    name: Option<String>,
    /// Where to listen, such as /ip4/0.0.0.0/tcp/4001; repeat for more [default: the home's own port, TCP and QUIC]
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,
    /// Where others reach it, where it cannot know that itself, such as /ip4/203.0.113.7/tcp/4001; repeat for more
    #[arg(long, value_name = "ADDRESS")]
    announce: Vec<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let place = Place { name: args.name.as_deref(), listen: &args.listen, announce: &args.announce };
    run_bounded(wait_and_serve(session, place, (&WatchArgs::none(), &ApiArgs::default(), None)))
}

/// How a machine that waits is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) listen: &'a [String],
    pub(crate) announce: &'a [String],
}

/// A machine that was added: where its node is to go on listening.
pub(crate) struct Added {
    pub(crate) listening: Vec<String>,
}

/// Waits until this machine is added; nothing when it was stopped first. It does not look at `stop` again once it was added.
pub(crate) async fn until_added(
    session: &Session,
    place: Place<'_>,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Done<Option<Added>> {
    let terminal = session.terminal;
    let home = session.home()?;
    let mut waiter = Waiter::start(&home, place.name, place.listen, place.announce, now()).map_err(not_started)?;
    let taken = loop {
        let event = tokio::select! {
            event = waiter.next() => event,
            () = &mut stop => None,
        };
        match event {
            Some(WaitEvent::Line(line)) => show(session, &line)?,
            Some(WaitEvent::TurnedAway(why)) => terminal.say(&format!("Turned away: {why}.")),
            Some(WaitEvent::Taken(taken)) => break Some(taken),
            None => break None,
        }
    };
    let listening = waiter.listening().await;
    waiter.stop().await;
    let Some(taken) = taken else {
        // It may have been added just when it was asked to stop.
        terminal.say(if matches!(session.desk_if_any(), Ok(Err(DeskError::Waits { .. }))) {
            "Stopped. Started again it prints the same line, until that expires."
        } else {
            "Stopped, just when this machine was added: started again it runs as a node."
        });
        return Ok(None);
    };
    let rights = in_short(&taken.agent.rights);
    if terminal.json {
        let value = json!({
            "schema": "counterpart/device-taken/1",
            "party": taken.party.to_hex(),
            "device": taken.agent.device.to_hex(),
            "rights": rights,
        });
        terminal.data(&value.to_string())?;
    } else {
        terminal.say(&format!("This machine was added. It now acts for {}: {rights}.", short_form(&taken.party.0)));
    }
    Ok(Some(Added { listening }))
}

fn show(session: &Session, line: &DeviceLine) -> Done {
    let (terminal, text) = (session.terminal, line.to_text());
    let device = short_form(&line.device.0);
    let addresses: Vec<&str> = line.addresses.iter().map(counterpart_node::Address::as_str).collect();
    if terminal.json {
        let value = json!({
            "schema": "counterpart/device-line/1",
            "line": text,
            "device": line.device.to_hex(),
            "name": line.name,
            "expires": line.expires,
            "addresses": addresses,
        });
        return terminal.data(&value.to_string());
    }
    let until = when::show_short(line.expires, &when::system_zone(), now());
    terminal
        .say("This machine belongs to nobody yet. On your own machine, run `counterpart device add` with this line:");
    terminal.data(&text)?;
    terminal.say(&format!("It is device {device}, and holds until {until}. Where it can be called:"));
    for address in addresses {
        terminal.say(&format!("  {address}"));
    }
    let warning = "Whoever has the line can make this machine his own until then: show it to nobody else.";
    terminal.say(&styled(Style::Strong, warning));
    Ok(())
}
