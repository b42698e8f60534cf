//! `counterpart cut`

use counterpart_core::{
    act::Act,
    graph::Ix,
    id::{DeviceKey, EventId},
};

use super::{CaseArg, act};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    session::Session,
};

/// After ending an agent's rights: say up to which entry what it signed here counts
///
/// What it signed beyond that without knowing of the end is contested, until you ratify it or the others let it go.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Your agent: its name here, or its device such as K7F2-Q9XA-3
    #[arg(value_name = "WHO")]
    agent: String,
    /// The last entry of it that counts, by number [default: the last one held here before its rights ended]
    #[arg(long, value_name = "REF")]
    last: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |desk, case| {
        let agent = desk.agent(&args.agent)?;
        let revoke = case.record.logs().revocation_of(&case.own, &agent.grant).ok_or_else(|| {
            CommandError::failed(format!("the rights of {} have not ended", args.agent))
                .hint(format!("`counterpart agent revoke {}` ends them", args.agent))
        })?;
        let last = match &args.last {
            Some(typed) => Some(named(case, typed, &agent.device)?),
            None => last_known(case, &agent.device, &revoke.id, revoke.at),
        };
        let graph = case.record.graph();
        let tip = |ix: Ix| (agent.device, graph.statement(ix).seq, graph.id(ix));
        Ok(Act::Cut { revoke: revoke.id, tips: last.into_iter().map(tip).collect() })
    })
}

fn named(case: &OpenCase, typed: &str, device: &DeviceKey) -> Done<Ix> {
    let target = case.entry(typed)?;
    if case.record.graph().statement(target.ix).device == *device {
        return Ok(target.ix);
    }
    Err(CommandError::usage(format!("{} was not signed by that agent", case.entry_name(&target.id)))
        .hint(format!("`counterpart log {}` lists who signed what", case.short())))
}

/// The last entry of a device that came in here before anything that knows the revocation, and that says it was signed
/// before it.
fn last_known(case: &OpenCase, device: &DeviceKey, revoke: &EventId, at: i64) -> Option<Ix> {
    let (graph, logs) = (case.record.graph(), case.record.logs());
    let knows = |ix: &Ix| {
        graph.statement(*ix).keys.iter().any(|cited| logs.prefix(&cited.event).any(|event| event.id == *revoke))
    };
    // A case is read back in the order in which its entries came in.
    let held = graph.all().take_while(|ix| !knows(ix));
    let own = held.filter(|ix| graph.statement(*ix).device == *device && graph.statement(*ix).at <= at);
    own.max_by_key(|ix| graph.statement(*ix).seq)
}
