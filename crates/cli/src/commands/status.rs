//! `counterpart status`

use counterpart_node::{Desk, DeskError, now};
use counterpart_words::{standing, standing_rules};
use serde_json::json;

use crate::{
    error::{CommandError, Done},
    session::Session,
    when,
};

/// Say what does not work and what to do about it: who is reached and how, who lacks what, who has not joined
///
/// It says whether your node runs, whether others can call it, and for each side of each case whether it is online or
/// since when it is not, which entries it has not confirmed, and which only its mailbox has stored. Where your node does
/// not run, connections are told as they were when it ran last.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this case: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case
    case: Option<String>,
    /// End with exit code 1 where something does not work, for scripts that watch over it
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let only = args.case.as_deref().map(|typed| find(&desk, typed)).transpose()?;
    let report = desk.status(only.as_ref(), now())?;
    let (zone, terminal, at) = (when::system_zone(), session.terminal, now());
    let stopped = if only.is_none() { rules_stopped(&desk)? } else { Vec::new() };
    if terminal.json {
        let mut told = standing::json(&report, &zone, at);
        if !stopped.is_empty() {
            told["standing_rules_stopped"] =
                stopped.iter().map(|(rule, why)| json!({"rule": rule, "why": why})).collect();
        }
        terminal.json(&told)?;
    } else {
        terminal.data(&standing::told(&report, &zone, at, terminal.columns()))?;
        for (rule, why) in &stopped {
            terminal.data(&format!(
                "The standing rule {rule} stopped, because {why}. See counterpart standing-rule list"
            ))?;
        }
    }
    let problems = standing::Told { report: &report, zone: &zone, now: at }.problems().len() + stopped.len();
    match problems {
        0 => Ok(()),
        _ if !args.check => Ok(()),
        1 => Err(CommandError::failed("1 problem was found")),
        several => Err(CommandError::failed(format!("{several} problems were found"))),
    }
}

/// Standing rules that do nothing any more, and why.
fn rules_stopped(desk: &Desk) -> Done<Vec<(String, &'static str)>> {
    let mut all = Vec::new();
    for rule in desk.standing_rules()? {
        let why = standing_rules::stopped(desk, &rule)?;
        all.extend(why.map(|why| (rule.name, why.as_str())));
    }
    Ok(all)
}

/// A case of ours, or one that we want to join.
fn find(desk: &Desk, typed: &str) -> Done<counterpart_core::id::CaseId> {
    match desk.resolve(typed) {
        Err(DeskError::UnknownCase(typed)) => match desk.case_to_join(&typed)? {
            Some(case) => Ok(case),
            None => Err(DeskError::UnknownCase(typed).into()),
        },
        resolved => Ok(resolved?),
    }
}
