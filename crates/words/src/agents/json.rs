//! Devices and agents for programs.

use counterpart_core::{id::short_form, keylog::Kinds};
use counterpart_node::{Agent, Rights};
use serde_json::{Value as Json, json};

/// One of `counterpart/agents/1`.
pub fn json(agent: &Agent) -> Json {
    json!({
        "name": agent.name,
        "device": agent.device.to_hex(),
        "short": short_form(&agent.device.0),
        "grant": agent.grant.to_hex(),
        "rights": rights_json(&agent.rights),
        "since": agent.since,
        "here": agent.here,
        "taken_back": agent.taken_back,
        "revoked": agent.revoked.map(|(reason, at)| json!({"reason": reason.word(), "at": at})),
    })
}

/// What one may do.
pub fn rights_json(rights: &Rights) -> Json {
    let kinds = match &rights.kinds {
        Kinds::All => json!("all"),
        Kinds::Listed(kinds) => json!(kinds),
    };
    let ceilings: Vec<_> = rights.ceilings.iter().map(|(amount, currency)| format!("{amount} {currency}")).collect();
    json!({"kinds": kinds, "receive": rights.receive, "admin": rights.admin, "ceilings": ceilings})
}
