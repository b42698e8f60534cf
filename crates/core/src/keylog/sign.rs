//! Making events: signed here, judged like anybody's by [`super::KeyLogs::apply`].

use ed25519_dalek::SigningKey;

use super::{Grant, KeyLogRefusal, Kinds, MAX_EVENT, RevokeReason, SUITE};
use crate::{
    cbor::{self, Value},
    envelope::{Envelope, PublicKey, public_half},
    id::{DeviceKey, Domain, EventId, PartyId, hash},
    statement::KeyCitation,
};

/// A new identity's first event. The root key signs it; `next_root` is kept off this machine (recovery sheet).
#[must_use]
pub fn inception(root: &SigningKey, next_root: &DeviceKey, nonce: [u8; 16], at: i64) -> Vec<u8> {
    let body = cbor::map([
        ("suite", SUITE.into()),
        ("root", Value::from(&public_half(root).0)),
        ("next", Value::from(&next_root_hash(next_root))),
        ("nonce", Value::Bytes(nonce.to_vec())),
    ]);
    sign_event(None, 1, None, None, at, "inception", body, root)
}

/// What a log commits to about the root key that a rotation will reveal.
#[must_use]
pub fn next_root_hash(next_root: &DeviceKey) -> [u8; 32] {
    hash(Domain::NextRoot, &[&next_root.0])
}

/// Who signs a new event: the root, or a device whose grant has `admin`.
#[derive(Debug)]
pub enum EventSigner<'a> {
    Root(&'a SigningKey),
    Admin { grant: EventId, key: &'a SigningKey },
}

/// A grant's event, signed; `device` signs the proof of possession. `grant.device` must be its public half.
#[must_use]
pub fn grant(after: &KeyCitation, signer: &EventSigner<'_>, grant: &Grant, device: &SigningKey, at: i64) -> Vec<u8> {
    grant_with(after, signer, grant, &possession(&after.party, device, &grant.peer), at)
}

/// A grant's event for a device whose key is elsewhere, with the proof that it sent; check that one by
/// [`check_possession`] first.
#[must_use]
pub fn grant_with(after: &KeyCitation, signer: &EventSigner<'_>, grant: &Grant, proof: &[u8], at: i64) -> Vec<u8> {
    let kinds = match &grant.kinds {
        Kinds::All => Value::from("all"),
        Kinds::Listed(kinds) => Value::Array(kinds.iter().map(|k| k.as_str().into()).collect()),
    };
    let ceilings = grant.ceilings.iter().map(|(a, c)| Value::Array(vec![a.as_str().into(), c.as_str().into()]));
    let mut fields = vec![
        ("device".to_owned(), Value::from(&grant.device.0)),
        ("peer".to_owned(), Value::Bytes(grant.peer.clone())),
        ("kinds".to_owned(), kinds),
        ("receive".to_owned(), grant.receive.into()),
        ("admin".to_owned(), grant.admin.into()),
        ("possession".to_owned(), Value::Bytes(proof.to_vec())),
    ];
    if !grant.ceilings.is_empty() {
        fields.push(("ceilings".to_owned(), Value::Array(ceilings.collect())));
    }
    fields.extend(grant.from.map(|t| ("from".to_owned(), Value::Int(t))));
    fields.extend(grant.until.map(|t| ("until".to_owned(), Value::Int(t))));
    sign_next(after, signer, at, "grant", cbor::map_of(fields))
}

/// A revocation's event, signed.
#[must_use]
pub fn revoke(
    after: &KeyCitation,
    signer: &EventSigner<'_>,
    grant: &EventId,
    reason: RevokeReason,
    at: i64,
) -> Vec<u8> {
    let body = cbor::map([("grant", Value::from(&grant.0)), ("reason", reason.word().into())]);
    sign_next(after, signer, at, "revoke", body)
}

/// A rotation's event, signed by the new root, which must be the committed one.
#[must_use]
pub fn rotate(after: &KeyCitation, new_root: &SigningKey, next_root: &DeviceKey, at: i64) -> Vec<u8> {
    let body =
        cbor::map([("root", Value::from(&public_half(new_root).0)), ("next", Value::from(&next_root_hash(next_root)))]);
    sign_next(after, &EventSigner::Root(new_root), at, "rotate", body)
}

fn sign_next(after: &KeyCitation, signer: &EventSigner<'_>, at: i64, kind: &str, body: Value) -> Vec<u8> {
    let (by, key) = match signer {
        EventSigner::Root(key) => (None, key),
        EventSigner::Admin { grant, key } => (Some(*grant), key),
    };
    sign_event(Some(after.party), after.position + 1, Some(after.event), by, at, kind, body, key)
}

#[expect(clippy::too_many_arguments, reason = "one private place writes all the fields of an event")]
fn sign_event(
    party: Option<PartyId>,
    position: u32,
    prev: Option<EventId>,
    by: Option<EventId>,
    at: i64,
    kind: &str,
    body: Value,
    key: &SigningKey,
) -> Vec<u8> {
    let payload = cbor::header([
        (1, Some(Value::Int(1))),
        (2, party.map(|p| Value::from(&p.0))),
        (3, Some(Value::from(position))),
        (4, prev.map(|p| Value::from(&p.0))),
        (5, by.map(|b| Value::from(&b.0))),
        (6, Some(Value::Int(at))),
        (7, Some(cbor::map([("kind", kind.into()), ("body", body)]))),
    ]);
    Envelope::sign(Domain::KeyEvent, payload.encode(), key).bytes().to_vec()
}

fn possession_payload(party: &PartyId, device: &DeviceKey, peer: &[u8]) -> Vec<u8> {
    Value::Array(vec![Value::from(&party.0), Value::from(&device.0), Value::from(peer)]).encode()
}

/// A device's proof that it holds its key, for one party's log and with its transport's peer id: nobody can have
/// somebody else's device, or have it for another party.
#[must_use]
pub fn possession(party: &PartyId, device: &SigningKey, peer: &[u8]) -> Vec<u8> {
    let payload = possession_payload(party, &public_half(device), peer);
    Envelope::sign(Domain::Possession, payload, device).bytes().to_vec()
}

/// Holds a device's proof of possession against what it is to prove.
///
/// # Errors
/// [`KeyLogRefusal::Possession`], or that the device key is none.
pub fn check_possession(party: &PartyId, device: &DeviceKey, peer: &[u8], proof: &[u8]) -> Result<(), KeyLogRefusal> {
    let expected = possession_payload(party, device, peer);
    let envelope = Envelope::parse(proof, MAX_EVENT).map_err(|_unreadable| KeyLogRefusal::Possession)?;
    if envelope.payload() != expected {
        return Err(KeyLogRefusal::Possession);
    }
    let key = PublicKey::parse(&device.0)?;
    envelope.verify(Domain::Possession, &key).map_err(|_not_theirs| KeyLogRefusal::Possession)?;
    Ok(())
}
