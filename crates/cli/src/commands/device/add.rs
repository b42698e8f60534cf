//! `counterpart device add`

use std::{collections::BTreeSet, time::Duration};

use counterpart_core::{
    id::{CaseId, short_form},
    keylog::Kinds,
};
use counterpart_node::{
    AdoptError, Adopted, AgentRequest, Desk, DeskError, DeviceLine, LineFor, Node, NodeConfig, NodeEvent, Rights, now,
};
use counterpart_words::agents::{granting, in_short};
use serde_json::json;

use super::super::agent::{ceilings, kinds, rights_json};
use crate::{
    confirm,
    error::{CommandError, Done, Kind},
    render,
    session::{Session, runtime},
};

/// On your machine: make the machine that printed the line one of yours, and hand it your cases
///
/// Unless you say otherwise it becomes a mailbox: it receives and stores for you and passes on what you did, whether your
/// laptop is on or not, and signs nothing but that it has stored something. It is shown first what is granted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The line, as `counterpart up --mailbox` or `counterpart device wait` printed it there
    line: String,
    /// A machine with rights of its own, such as a second laptop: what it signs binds you
    #[arg(long)]
    full: bool,
    /// With --full: only these kinds of act, such as accept,counter,note [default: every kind]
    #[arg(long, value_name = "KIND", value_delimiter = ',', requires = "full")]
    only: Vec<String>,
    /// With --full: most money at stake in what it agrees to, such as £200; repeat for another currency. Everybody sees it
    #[arg(long, value_name = "MONEY", requires = "full")]
    ceiling: Vec<String>,
    /// With --full: let it add machines and end their rights, too; never do that on two machines at the same time
    #[arg(long, requires = "full")]
    admin: bool,
    /// What you call it, if not by the name in the line; kept on this machine only
    #[arg(long)]
    name: Option<String>,
    /// How many seconds to wait for the cases to be handed over, where your node is not running
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let line = DeviceLine::parse(&args.line).map_err(DeskError::from)?;
    let typed = args.name.as_ref().unwrap_or(&line.name);
    let (name, rights) = match desk.check_line(&line, now()).map_err(failed)? {
        LineFor::New => {
            let rights = wanted(args)?;
            desk.check_device_name(typed)?;
            confirm::ask_first(session, &text(&desk, &line, typed, &rights), "Sign this?", "signed")?;
            (typed.clone(), rights)
        }
        LineFor::Granted(agent) => {
            let name = agent.name.clone().unwrap_or_else(|| typed.clone());
            let has = in_short(&agent.rights);
            session
                .terminal
                .say(&format!("{} has its grant from before ({has}); it is handed over again.", render::line(&name)));
            (name, agent.rights)
        }
    };
    let added = runtime()?.block_on(desk.add_device(&line, &rights, &name, now())).map_err(failed)?;
    let handed = hand_over(session, desk, Duration::from_secs(args.wait))?;
    report(session, &added, &name, &rights, &handed)
}

fn wanted(args: &Args) -> Done<Rights> {
    let only = kinds(&args.only)?;
    let money = ceilings(&args.ceiling)?;
    Ok(Rights {
        kinds: if !args.full || !only.is_empty() { Kinds::Listed(only) } else { Kinds::All },
        receive: true,
        admin: args.admin,
        ceilings: money.iter().map(|m| (m.amount().to_string(), m.currency().to_owned())).collect(),
    })
}

/// Exactly what is granted, to which machine, and what that means.
fn text(desk: &Desk, line: &DeviceLine, name: &str, rights: &Rights) -> String {
    let request = AgentRequest {
        party: desk.party(),
        device: line.device,
        peer: line.peer.as_bytes().to_vec(),
        name: name.to_owned(),
        possession: Vec::new(),
    };
    let ending = format!("counterpart device remove {}", render::line(name));
    let mut text = granting(&desk.party(), &request, name, rights, &ending);
    let mut also = |line: &str| {
        text.push('\n');
        text.push_str(line);
    };
    if rights.kinds == Kinds::Listed(Vec::new()) {
        also(&format!("To end it: {ending}"));
    }
    also("Whoever runs that machine can read everything in your cases: choose one that you trust.");
    also("It is called now, at:");
    for address in &line.addresses {
        also(&format!("  {}", address.as_str()));
    }
    text.push('\n');
    text
}

/// What became of handing over the cases.
enum Handed {
    /// The running node does it.
    ByNode,
    /// So many, of all there are.
    Now { there: usize, of: usize },
}

/// Brings the cases in step with our own machines, where no node does that by itself.
fn hand_over(session: &Session, desk: Desk, patience: Duration) -> Done<Handed> {
    if desk.node_is_running() {
        return Ok(Handed::ByNode);
    }
    let own = desk.party();
    let mut left: BTreeSet<CaseId> = desk.summaries()?.into_iter().map(|summary| summary.case).collect();
    let of = left.len();
    if of == 0 {
        return Ok(Handed::Now { there: 0, of });
    }
    runtime()?.block_on(async {
        let (node, mut events) =
            Node::start(desk, &NodeConfig::default()).map_err(|e| CommandError::failed(e.to_string()))?;
        // The machine becomes a node just now: what is called too early is called again.
        let all = tokio::time::timeout(patience, async {
            while !left.is_empty() {
                let Some(event) = events.recv().await else { break };
                session.terminal.say(&render::line(&event.line()));
                if let NodeEvent::InStep { case, party } = event
                    && party == own
                {
                    left.remove(&case);
                }
            }
        });
        // What is not there in time comes with the next start.
        drop(all.await);
        node.stop().await;
        Ok(Handed::Now { there: of - left.len(), of })
    })
}

fn report(session: &Session, added: &Adopted, name: &str, rights: &Rights, handed: &Handed) -> Done {
    let terminal = session.terminal;
    let device = short_form(&added.device.0);
    if terminal.json {
        let (by_node, handed) = match handed {
            Handed::ByNode => (true, None),
            Handed::Now { there, of } => (false, Some(json!({"there": there, "of": of}))),
        };
        return terminal.json(&json!({
            "schema": "counterpart/device-add/1",
            "device": added.device.to_hex(),
            "name": name,
            "rights": rights_json(rights),
            "before": added.before,
            "addresses": added.addresses,
            "node_running": by_node,
            "cases": handed,
        }));
    }
    terminal.data(&device)?;
    let name = render::line(name);
    let was = if added.before {
        "had taken its grant before: it is one of your machines"
    } else {
        "is one of your machines now"
    };
    terminal.say(&format!("{name} {was}: {}.", in_short(rights)));
    match handed {
        Handed::ByNode => terminal.say("Your running node hands it your cases, and every new one."),
        Handed::Now { of: 0, .. } => {
            terminal.say("You have no case yet. New ones go there when your node runs: counterpart up.");
        }
        Handed::Now { there, of } => {
            terminal.say(&format!(
                "It has {there} of your cases, of {of}. What is new goes there when your node runs: counterpart up."
            ));
        }
    }
    terminal.say("Your machines: counterpart device list");
    Ok(())
}

fn failed(error: AdoptError) -> CommandError {
    let text = error.to_string();
    match error {
        AdoptError::Desk(error) => error.into(),
        AdoptError::Unreachable { .. } => CommandError::of(Kind::Unreachable, text).hint(
            "it must run there, and let the port in its line in; by lines of text instead: counterpart agent ask there",
        ),
        AdoptError::NotTaken { .. } | AdoptError::Version => CommandError::failed(text),
        AdoptError::Wrong | AdoptError::Expired | AdoptError::Used | AdoptError::OtherMachine => {
            CommandError::failed(text).hint("`counterpart up --mailbox` on that machine prints its line")
        }
    }
}
