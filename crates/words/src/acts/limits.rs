//! What our agents may sign in a case, and what they signed that counts.

use counterpart_core::{
    act::{Act, Mandate},
    graph::Ix,
    id::{DeviceKey, EventId},
    value::Money,
};
use counterpart_node::{Desk, DeskError};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
};

/// What an agent is limited to in a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The only kinds of act; every kind its rights cover where none is listed.
    pub kinds: Vec<String>,
    /// Most money at stake, one a currency.
    pub ceilings: Vec<Money>,
    /// Unix milliseconds.
    pub from: Option<i64>,
    /// Unix milliseconds.
    pub until: Option<i64>,
    /// Only our own machines hold to it.
    pub internal: bool,
}

/// A mandate for one of our agents, by its name here or its device.
pub fn mandate(desk: &Desk, case: &OpenCase, agent: &str, limits: Limits) -> Done<Act> {
    let found = desk.agent(agent)?;
    if found.revoked.is_some() {
        return Err(DeskError::EndedBefore.into());
    }
    let Limits { kinds, ceilings, from, until, internal } = limits;
    if until.is_some_and(|until| until <= case.now) {
        return Err(CommandError::usage("that time is past: a mandate ends in the future")
            .hint(format!("`counterpart agent revoke {agent}` ends all its rights")));
    }
    if until.is_some_and(|until| from.is_some_and(|from| from >= until)) {
        return Err(CommandError::usage("a mandate begins before it ends"));
    }
    Ok(Act::Mandate(Mandate { grant: found.grant, kinds, ceilings, from, until, open: !internal }))
}

/// Up to which entry counts what an agent signed here whose rights ended: up to the one named, else the last one that was
/// held here before they did.
pub fn cut(desk: &Desk, case: &OpenCase, agent: &str, last: Option<&str>) -> Done<Act> {
    let found = desk.agent(agent)?;
    let revoke = case.record.logs().revocation_of(&case.own, &found.grant).ok_or_else(|| {
        CommandError::failed(format!("the rights of {agent} have not ended"))
            .hint(format!("`counterpart agent revoke {agent}` ends them"))
    })?;
    let last = match last {
        Some(typed) => Some(signed_by(case, typed, &found.device)?),
        None => last_known(case, &found.device, &revoke.id, revoke.at),
    };
    let graph = case.record.graph();
    let tip = |ix: Ix| (found.device, graph.statement(ix).seq, graph.id(ix));
    Ok(Act::Cut { revoke: revoke.id, tips: last.into_iter().map(tip).collect() })
}

fn signed_by(case: &OpenCase, typed: &str, device: &DeviceKey) -> Done<Ix> {
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
