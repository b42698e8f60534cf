//! `counterpart follow`

use std::time::Duration;

use counterpart_core::id::{CaseId, short_form};
use counterpart_node::{CaseLink, Desk, DeskError, Node, NodeConfig, now};
use serde_json::json;

use crate::{
    case::OpenCase,
    error::{CommandError, Done, Kind},
    render,
    session::{Session, runtime},
};

/// Get a case that your party is in already onto this machine
///
/// It asks the nodes the link names, which know by this machine's grant that it belongs to a party of the case. From
/// then on `counterpart up` keeps it in step.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case's address, as `counterpart case-address` printed it on another machine
    link: String,
    /// How many seconds to wait for the case
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let link = CaseLink::parse(&args.link).map_err(DeskError::from)?;
    let new = desk.begin_follow(&link, now())?;
    let patience = Duration::from_secs(args.wait);
    if new {
        runtime()?.block_on(async {
            if desk.node_is_running() {
                wait_for_node(&desk, &link.case, patience).await
            } else {
                fetch(session, &link.case, patience).await
            }
        })?;
    }
    report(session, &desk, &link.case, new)
}

/// The running node fetches it: look into the store until our part in the case is there.
async fn wait_for_node(desk: &Desk, case: &CaseId, patience: Duration) -> Done {
    let arrived = tokio::time::timeout(patience, async {
        let mut look = tokio::time::interval(Duration::from_millis(100));
        loop {
            look.tick().await;
            if desk.record(case)?.lens().joined(&desk.party()) {
                return Ok(());
            }
        }
    });
    arrived.await.unwrap_or_else(|_late| Err(not_yet("nobody gave the case in time; your node's output says why")))
}

/// No node is running: run one until this case is in step with whoever can be reached.
async fn fetch(session: &Session, case: &CaseId, patience: Duration) -> Done {
    let (node, mut events) =
        Node::start(session.desk()?, &NodeConfig::default()).map_err(|e| CommandError::failed(e.to_string()))?;
    let settled = tokio::time::timeout(patience, async {
        let settled = node.settled();
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
    let held = session.desk()?.record(case)?.lens().joined(&session.desk()?.party());
    match outcomes {
        // Somebody gave it, whoever else could not be reached.
        _ if held => Ok(()),
        Ok(outcomes) => {
            let outcomes = outcomes.map_err(|e| CommandError::failed(e.to_string()))?;
            let why = outcomes.into_iter().filter(|o| o.case == *case).find_map(|o| o.failed);
            Err(not_yet(&why.unwrap_or_else(|| "the link names only this machine's own node".to_owned())))
        }
        Err(_late) => Err(not_yet("nobody gave the case in time")),
    }
}

fn not_yet(why: &str) -> CommandError {
    CommandError::of(Kind::Unreachable, render::line(why)).hint(
        "a node that the link names must run `counterpart up`; it is remembered: your own `counterpart up` goes on trying",
    )
}

fn report(session: &Session, desk: &Desk, case: &CaseId, new: bool) -> Done {
    let case = OpenCase::of_record(*case, desk.record(case)?, desk.party(), now())?;
    if session.terminal.json {
        return session.terminal.json(&json!({
            "schema": "counterpart/follow/1",
            "case": case.id.to_hex(),
            "short": case.short(),
            "title": case.title,
            "new": new,
        }));
    }
    session.terminal.data(&short_form(&case.id.0))?;
    let here = if new { "is here now" } else { "was here already; the addresses are remembered" };
    session.terminal.say(&format!("The case {} {here}.", render::line(&case.title)));
    session.terminal.say(&format!("Next: counterpart show {}", case.short()));
    Ok(())
}
