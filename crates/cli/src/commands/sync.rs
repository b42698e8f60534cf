//! `counterpart sync`

use std::time::Duration;

use counterpart_core::id::short_form;
use counterpart_node::{Node, NodeConfig, Outcome, now};
use serde_json::json;

use crate::{
    error::{CommandError, Done, Kind},
    render,
    session::{Session, runtime},
};

/// Bring your cases in step with the other sides once, then stop
///
/// It calls the nodes whose addresses are known here. A running `counterpart up` does this all the time.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this case
    case: Option<String>,
    /// Another address of the other side's node in this case, remembered from now on; repeat for more
    #[arg(long, value_name = "ADDRESS", requires = "case")]
    address: Vec<String>,
    /// How many seconds to wait at most
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let only = args.case.as_deref().map(|typed| desk.resolve(typed)).transpose()?;
    if let Some(case) = &only {
        for address in &args.address {
            desk.remember_address(case, address, now())?;
        }
    }
    if desk.node_is_running() {
        session.terminal.say("Your node is running: it was told to look, and sends what is new by itself.");
        return if session.terminal.json {
            session.terminal.json(&json!({"schema": "counterpart/sync/1", "node_running": true, "peers": []}))
        } else {
            Ok(())
        };
    }
    let mut outcomes = runtime()?.block_on(async {
        let (node, mut events) =
            Node::start(desk, &NodeConfig::default()).map_err(|e| CommandError::failed(e.to_string()))?;
        let settled = tokio::time::timeout(Duration::from_secs(args.wait), async {
            let settled = node.settled_and_receipted();
            tokio::pin!(settled);
            loop {
                tokio::select! {
                    outcomes = &mut settled => return outcomes,
                    Some(event) = events.recv() => session.terminal.say(&render::line(&event.line())),
                }
            }
        });
        let outcomes = settled.await;
        node.stop().await;
        match outcomes {
            Ok(outcomes) => outcomes.map_err(|e| CommandError::failed(e.to_string())),
            Err(_late) => Err(CommandError::of(Kind::Unreachable, "not everybody answered in time; what came is kept")),
        }
    })?;
    outcomes.retain(|o| only.is_none_or(|case| o.case == case));
    report(session, &outcomes)
}

fn report(session: &Session, outcomes: &[Outcome]) -> Done {
    let terminal = session.terminal;
    if terminal.json {
        let peers: Vec<_> = outcomes
            .iter()
            .map(|o| json!({"case": o.case.to_hex(), "in_step": o.failed.is_none(), "why": o.failed}))
            .collect();
        terminal.json(&json!({"schema": "counterpart/sync/1", "node_running": false, "peers": peers}))?;
    } else {
        for outcome in outcomes {
            let short = short_form(&outcome.case.0);
            match &outcome.failed {
                None => terminal.data(&format!("{short}: both sides hold the same"))?,
                Some(why) => terminal.data(&format!("{short}: not reached: {}", render::line(why)))?,
            }
        }
    }
    if outcomes.is_empty() {
        terminal.say("Nobody can be called from here: the other side calls you, while `counterpart up` runs.");
    }
    if !outcomes.is_empty() && outcomes.iter().all(|o| o.failed.is_some()) {
        let nobody = CommandError::of(Kind::Unreachable, "nobody could be reached; nothing is lost");
        return Err(nobody.hint("the other side must run `counterpart up`, and your network must reach it"));
    }
    Ok(())
}
