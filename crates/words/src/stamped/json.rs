//! Time stamps for programs.

use counterpart_node::{HeldStamp, Standing};
use serde_json::{Value as Json, json};

use crate::{case::OpenCase, render};

/// One of `counterpart/stamps/1`.
pub fn json(case: &OpenCase, held: &HeldStamp) -> Json {
    let heads: Vec<Json> =
        held.kept.heads.iter().map(|head| json!({"entry": head.to_hex(), "ref": case.entry_name(head)})).collect();
    let (at, service, stamp, why) = match &held.standing {
        Standing::Valid(stamp) => (Some(stamp.at), stamp.service.clone(), Some(stamp), None),
        Standing::Untrusted { why, claims } => (Some(claims.at), claims.service.clone(), None, Some(why.to_string())),
        Standing::Unchecked(claims) => (Some(claims.at), claims.service.clone(), None, None),
        Standing::Broken(why) => (None, None, None, Some(why.to_string())),
    };
    json!({
        "sha256": held.id.to_hex(),
        "status": held.standing.as_str(),
        "why": why,
        "at": at,
        "service": service,
        "accuracy_us": stamp.and_then(|stamp| stamp.accuracy),
        "serial": stamp.map(|stamp| stamp.serial.clone()),
        "root": stamp.map(|stamp| render::hex(&stamp.root)),
        "heads": heads,
    })
}
