//! `counterpart up`

use std::time::Duration;

use counterpart_node::{Node, NodeConfig, NodeError, now};
use serde_json::json;

use crate::{
    calendars,
    error::{CommandError, Done},
    render,
    session::{Session, runtime},
};

/// Run your node: keeps your cases in step with the other sides until you stop it with Ctrl-C
///
/// Strangers reach nothing but the answer to an invitation. Other commands work as well while it runs, and without it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to listen, such as /ip4/127.0.0.1/tcp/4001; repeat for more [default: your home's own port, TCP and QUIC]
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<String>,
}

/// How often the calendar is brought up to date that is kept up.
const CALENDAR: Duration = Duration::from_secs(60);

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    if desk.node_is_running() {
        return Err(CommandError::failed("your node is running already, in another window or in the background"));
    }
    let listen = if args.listen.is_empty() { desk.usual_listen()? } else { args.listen.clone() };
    runtime()?.block_on(serve(session, desk, NodeConfig { listen }))
}

async fn serve(session: &Session, desk: counterpart_node::Desk, config: NodeConfig) -> Done {
    let terminal = session.terminal;
    let (node, mut events) = Node::start(desk, &config).map_err(not_started)?;
    let addresses = node.publish_addresses().await;
    if let Err(why) = addresses {
        terminal.say(&format!("the addresses could not be written down for invitations: {why}"));
    }
    terminal.say("Your node is up. Stop it with Ctrl-C.");
    let mut stop = std::pin::pin!(stop_asked());
    // The node has the desk it was given; the calendar is written from one of its own.
    let beside = session.desk()?;
    let mut calendar = tokio::time::interval(CALENDAR);
    calendar.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = calendar.tick() => calendars::refresh(&beside, session),
            event = events.recv() => match event {
                Some(event) if terminal.json => {
                    let line = json!({"schema": "counterpart/event/1", "at": now(), "text": event.line()});
                    terminal.data(&line.to_string())?;
                }
                Some(event) => terminal.data(&render::line(&event.line()))?,
                None => break,
            },
            () = &mut stop => break,
        }
    }
    node.stop().await;
    terminal.say("Stopped. Nothing is lost: what others send meanwhile comes with the next start.");
    Ok(())
}

/// Waits for Ctrl-C, or for the request to end that service managers send.
pub(super) async fn stop_asked() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a way to be asked, only killing stops it; what is durable stays so.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn not_started(error: NodeError) -> CommandError {
    match error {
        NodeError::Desk(error) => error.into(),
        NodeError::Address(why) => {
            CommandError::usage(why.to_string()).hint("an address looks like /ip4/127.0.0.1/tcp/4001")
        }
        NodeError::Start(why) => {
            CommandError::failed(why.to_string()).hint("another address: counterpart up --listen /ip4/0.0.0.0/tcp/0")
        }
        NodeError::Stopped => CommandError::failed(error.to_string()),
    }
}
