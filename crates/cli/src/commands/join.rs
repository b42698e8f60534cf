//! `counterpart join`

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use counterpart_core::{
    id::{CaseId, short_form},
    invitation::Link,
};
use counterpart_node::{Desk, Node, NodeConfig, NodeEvent, now};
use counterpart_words::inviting::asking;
use serde_json::json;

use super::post::to_file;
use crate::{
    case::OpenCase,
    error::{CommandError, Done, Kind},
    render,
    session::{Session, runtime},
    written::not_over,
};

/// Join a case you were invited to
///
/// Your request, signed with your key, goes to whoever made the invitation; their node must be running. It is
/// remembered until it is answered, so that `counterpart up` goes on with it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The invitation, as it was sent to you
    link: String,
    /// Another address of the other side's node; repeat for more
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<String>,
    /// Write your request as a file instead of sending it, for where no connection can be had; give it to whoever made the
    /// invitation, who answers with a file for `counterpart take`
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How many seconds to wait for an answer
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let mut link = Link::parse(&args.link).map_err(counterpart_node::DeskError::from)?;
    link.addresses.extend(args.address.iter().cloned());
    desk.check_join(&link, now())?;
    let text = asking(&link, &desk.party(), "UTC");
    crate::confirm::agree(session, &text)?;
    if let Some(file) = &args.file {
        not_over(file, false).map_err(|error| error.hint("give another name"))?;
    }
    desk.begin_join(&link, now())?;
    if let Some(file) = &args.file {
        return by_file(session, &desk, &link, file);
    }
    let patience = Duration::from_secs(args.wait);
    runtime()?.block_on(async {
        if desk.node_is_running() {
            wait_for_node(&desk, &link.case, patience).await
        } else {
            join(session, &link.case, patience).await
        }
    })?;
    report(session, &desk, &link.case)
}

/// The request is written; the other side takes it in when it gets there.
fn by_file(session: &Session, desk: &Desk, link: &Link, file: &Path) -> Done {
    let bytes = to_file(file, |out| desk.write_join_request(link, out, now()))?;
    let short = short_form(&link.case.0);
    if session.terminal.json {
        return session.terminal.json(&json!({
            "schema": "counterpart/join-file/1",
            "case": link.case.to_hex(),
            "short": short,
            "file": file,
            "bytes": bytes,
        }));
    }
    session.terminal.data(&file.display().to_string())?;
    session.terminal.say(
        "Give this file to whoever sent you the invitation; it is not encrypted, and says who you are and which case you ask for.",
    );
    session.terminal.say("They take it in with `counterpart take`, and write you the case with `counterpart post`.");
    session.terminal.say("You take that file in: counterpart take FILE. Until then nothing of the case is here.");
    Ok(())
}

/// The running node carries it out: look into the store until it has.
async fn wait_for_node(desk: &Desk, case: &CaseId, patience: Duration) -> Done {
    let arrived = tokio::time::timeout(patience, async {
        let mut look = tokio::time::interval(Duration::from_millis(100));
        loop {
            look.tick().await;
            if desk.record(case)?.lens().joined(&desk.party()) {
                return Ok(());
            }
            let waiting = desk.with_store(|s| s.joins()).map_err(counterpart_node::DeskError::from)?;
            if !waiting.iter().any(|j| j.case == *case) && desk.record(case)?.graph().is_empty() {
                return Err(CommandError::failed("the other side did not take you in; your node's output says why"));
            }
        }
    });
    arrived.await.unwrap_or_else(|_late| Err(not_yet("the other side has not answered yet")))
}

/// No node is running: run one for as long as it takes.
async fn join(session: &Session, case: &CaseId, patience: Duration) -> Done {
    let (node, mut events) =
        Node::start(session.desk()?, &NodeConfig::default()).map_err(|e| CommandError::failed(e.to_string()))?;
    let mut why = "the other side has not answered yet".to_owned();
    let joined = tokio::time::timeout(patience, async {
        loop {
            match events.recv().await {
                Some(NodeEvent::Joined(joined)) if joined == *case => return Ok(()),
                Some(NodeEvent::JoinRefused { case: c, why }) if c == *case => {
                    return Err(CommandError::failed(why));
                }
                Some(NodeEvent::Unreachable { case: c, why: reason, .. }) if c == *case => {
                    why = reason;
                    return Err(not_yet(&why));
                }
                Some(NodeEvent::Trouble(text)) => session.terminal.say(&render::line(&text)),
                Some(_) => {}
                None => return Err(CommandError::failed("the node stopped before the other side answered")),
            }
        }
    });
    let outcome = joined.await.unwrap_or_else(|_late| Err(not_yet("the other side has not answered yet")));
    if outcome.is_ok() {
        // What we signed on joining should reach them before the command ends.
        drop(tokio::time::timeout(Duration::from_secs(5), node.settled()).await);
    }
    node.stop().await;
    outcome
}

fn not_yet(why: &str) -> CommandError {
    CommandError::of(Kind::Unreachable, render::line(why)).hint(
        "your request is remembered: `counterpart up` goes on trying; the other side must run `counterpart up` too",
    )
}

fn report(session: &Session, desk: &Desk, case: &CaseId) -> Done {
    let case = OpenCase::of_record(*case, desk.record(case)?, desk.party(), now())?;
    if session.terminal.json {
        return session.terminal.json(&json!({
            "schema": "counterpart/join/1",
            "case": case.id.to_hex(),
            "short": case.short(),
            "title": case.view().title,
        }));
    }
    session.terminal.data(&case.short())?;
    session.terminal.say(&format!("You are in: {}.", render::line(&case.view().title)));
    match render::count_put_to_us(&case) {
        0 => {}
        1 => session.terminal.say("1 entry was noted before you came: it is put to you, to be answered or not."),
        several => session
            .terminal
            .say(&format!("{several} entries were noted before you came: each is put to you, to be answered or not.")),
    }
    session.terminal.say(&format!("Next: counterpart show {}", case.short()));
    Ok(())
}
