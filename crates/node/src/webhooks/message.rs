//! What a receiver is told: that something came, of what kind and where; never what it says.

use counterpart_core::id::{PartyId, short_form};
use counterpart_store::{Change, ChangeKind, Reads, StoreError};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::followed::Followed;

/// One message, the same at each try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// What is told of a change.
    pub(super) fn of(reads: &Reads, party: &PartyId, change: &Change) -> Result<Self, StoreError> {
        let mut data = json!({
            "schema": "counterpart/webhook/1",
            "change": change.number,
            "case": change.case.to_hex(),
            "short": short_form(&change.case.0),
        });
        let Followed { change: _, receipt, entry, act, due, dues } = Followed::of(reads, change.clone())?;
        let told = [
            ("receipt", receipt.map(|id| id.to_hex())),
            ("entry", entry.map(|id| id.to_hex())),
            ("act", act),
            ("due", due),
        ];
        for (name, text) in told {
            if let Some(text) = text {
                data[name] = text.into();
            }
        }
        if change.kind == ChangeKind::CaseOverdue {
            data["dues"] = json!(dues);
        }
        Ok(Self { id: id(party, change), body: body(change.kind.as_str(), change.at, &data) })
    }

    /// One by which a person tries whether a receiver takes it; `drawn` makes its id.
    pub(super) fn trial(hook: &str, drawn: [u8; 16], now: i64) -> Self {
        let data = json!({ "schema": "counterpart/webhook/1", "webhook": hook });
        Self { id: format!("msg_{}", HEXLOWER.encode(&drawn)), body: body("counterpart.test", now, &data) }
    }
}

fn body(kind: &str, at: i64, data: &Json) -> Vec<u8> {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    json!({ "type": kind, "timestamp": at.to_string(), "data": data }).to_string().into_bytes()
}

/// It rests on the change alone: whoever tells it again, after a crash or from another machine of the same party, tells it
/// under the same id.
fn id(party: &PartyId, change: &Change) -> String {
    let mut hash = Sha256::new();
    hash.update(b"counterpart webhook 1");
    hash.update(party.0);
    hash.update(change.number.to_be_bytes());
    hash.update(change.at.to_be_bytes());
    hash.update(change.case.0);
    hash.update(change.kind.as_str());
    hash.update(change.what.unwrap_or_default());
    let digest: [u8; 32] = hash.finalize().into();
    format!("msg_{}", HEXLOWER.encode(&digest[..16]))
}
