//! Invitations: a one-time secret in a link, and the request a joiner makes with it.

use ed25519_dalek::SigningKey;

use crate::{
    cbor::{Limits, Value, header},
    envelope::{Envelope, EnvelopeError, PublicKey},
    id::{CaseId, DeviceKey, Domain, EntryId, EventId, PartyId, hash},
    statement::{DecodeError, KeyCitation},
};

/// Largest join request, in bytes.
pub const MAX_REQUEST: usize = 4096;
const LIMITS: Limits = Limits { bytes: MAX_REQUEST, nodes: 64, depth: 4, text: 256 };
const LINK_LIMITS: Limits = Limits { bytes: 4096, nodes: 64, depth: 3, text: 512 };
/// How a link begins. What follows is a URL fragment, so no program sends it to a server by itself.
pub const LINK_PREFIX: &str = "counterpart:join#";

/// The one-time key of an invitation, from the 128-bit secret in its link.
#[must_use]
pub fn invite_key(secret: &[u8; 16]) -> SigningKey {
    SigningKey::from_bytes(&hash(Domain::InviteKey, &[secret]))
}

/// What an invitation's link carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub case: CaseId,
    pub opener: PartyId,
    pub invite: EntryId,
    pub secret: Secret,
    /// Where the opener's node may be reached, as the transport writes addresses.
    pub addresses: Vec<String>,
    /// The opener's transport peer id.
    pub peer: Vec<u8>,
    /// Unix milliseconds.
    pub expires: i64,
}

/// An invitation's secret. Never printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub [u8; 16]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a text is not an invitation's link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    #[error("an invitation begins with {LINK_PREFIX}")]
    Prefix,
    #[error("the invitation is incomplete or mistyped: copy the whole line again")]
    Malformed,
}

impl Link {
    /// The link as text, safe to send in a message.
    #[must_use]
    pub fn to_text(&self) -> String {
        let addresses = self.addresses.iter().map(|a| a.as_str().into()).collect();
        let value = header([
            (1, Some(Value::Int(1))),
            (2, Some(Value::from(&self.case.0))),
            (3, Some(Value::from(&self.opener.0))),
            (4, Some(Value::from(&self.invite.0))),
            (5, Some(Value::Bytes(self.secret.0.to_vec()))),
            (6, Some(Value::Array(addresses))),
            (7, Some(Value::Bytes(self.peer.clone()))),
            (8, Some(Value::Int(self.expires))),
        ]);
        format!("{LINK_PREFIX}{}", data_encoding::BASE64URL_NOPAD.encode(&value.encode()))
    }

    /// Reads a link; white space around it is ignored.
    ///
    /// # Errors
    /// When it is none, or not whole.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let encoded = text.trim().strip_prefix(LINK_PREFIX).ok_or(LinkError::Prefix)?;
        let bytes = data_encoding::BASE64URL_NOPAD.decode(encoded.as_bytes()).map_err(|_text| LinkError::Malformed)?;
        let value = Value::decode(&bytes, LINK_LIMITS).map_err(|_cbor| LinkError::Malformed)?;
        let read = || {
            let addresses = value.header(6)?.as_array()?.iter().map(|a| a.as_text().map(str::to_owned));
            let peer = value.header(7)?.as_bytes().filter(|p| p.len() <= 64)?;
            (value.header(1)?.as_int()? == 1).then_some(())?;
            Some(Self {
                case: CaseId::from_slice(value.header(2)?.as_bytes()?)?,
                opener: PartyId::from_slice(value.header(3)?.as_bytes()?)?,
                invite: EntryId::from_slice(value.header(4)?.as_bytes()?)?,
                secret: Secret(value.header(5)?.as_bytes()?.try_into().ok()?),
                addresses: addresses.collect::<Option<_>>()?,
                peer: peer.to_vec(),
                expires: value.header(8)?.as_int()?,
            })
        };
        read().ok_or(LinkError::Malformed)
    }
}

/// What a joiner asks for, signed twice: by the device that will join, and over that by the invitation's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    pub case: CaseId,
    pub opener: PartyId,
    pub invite: EntryId,
    /// The joiner's transport peer id.
    pub peer: Vec<u8>,
    /// The invitation's expiry, Unix milliseconds.
    pub expires: i64,
    pub device: DeviceKey,
    pub grant: EventId,
    /// The point in the joiner's key log it relies on; its party is the joiner.
    pub log: KeyCitation,
}

/// Why bytes are not a join request for an invitation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("the request to join cannot be read: {0}")]
    Decode(#[from] DecodeError),
    #[error("the request to join: {0}")]
    Envelope(#[from] EnvelopeError),
}

impl JoinRequest {
    /// The bytes to send: signed by the device key, then by the invitation's key.
    #[must_use]
    pub fn sign(&self, device: &SigningKey, invite: &SigningKey) -> Vec<u8> {
        let payload = header([
            (1, Some(Value::Int(1))),
            (2, Some(Value::from(&self.case.0))),
            (3, Some(Value::from(&self.opener.0))),
            (4, Some(Value::from(&self.invite.0))),
            (5, Some(Value::Bytes(self.peer.clone()))),
            (6, Some(Value::Int(self.expires))),
            (7, Some(Value::from(&self.log.party.0))),
            (8, Some(Value::from(&self.device.0))),
            (9, Some(Value::from(&self.grant.0))),
            (10, Some(Value::from(self.log.position))),
            (11, Some(Value::from(&self.log.event.0))),
        ]);
        let inner = Envelope::sign(Domain::JoinRequest, payload.encode(), device);
        Envelope::sign(Domain::JoinRequest, inner.bytes().to_vec(), invite).bytes().to_vec()
    }

    /// Reads a request and checks both signatures; `invite` is the public key in the `invite` act.
    ///
    /// # Errors
    /// When it cannot be read, or either signature does not hold.
    pub fn verify(bytes: &[u8], invite: &[u8; 32]) -> Result<Self, RequestError> {
        let outer = Envelope::parse(bytes, MAX_REQUEST)?.verify(Domain::JoinRequest, &PublicKey::parse(invite)?)?;
        let inner = Envelope::parse(outer.payload(), MAX_REQUEST)?;
        let value = Value::decode(inner.payload(), LIMITS).map_err(DecodeError::Cbor)?;
        let request = Self::read(&value).ok_or(DecodeError::Field("join request"))?;
        inner.verify(Domain::JoinRequest, &PublicKey::parse(&request.device.0)?)?;
        Ok(request)
    }

    /// Which case and invitation some bytes claim to be for, before anything about them is checked.
    #[must_use]
    pub fn claims(bytes: &[u8]) -> Option<(CaseId, EntryId)> {
        Self::unchecked(bytes).map(|request| (request.case, request.invite))
    }

    /// The transport peer id that some bytes say asks, before anything about them is checked.
    #[must_use]
    pub fn claimed_peer(bytes: &[u8]) -> Option<Vec<u8>> {
        Self::unchecked(bytes).map(|request| request.peer)
    }

    fn unchecked(bytes: &[u8]) -> Option<Self> {
        let outer = Envelope::parse(bytes, MAX_REQUEST).ok()?;
        let inner = Envelope::parse(outer.payload(), MAX_REQUEST).ok()?;
        Self::read(&Value::decode(inner.payload(), LIMITS).ok()?)
    }

    fn read(value: &Value) -> Option<Self> {
        let id = |key| value.header(key)?.as_bytes()?.try_into().ok();
        let Value::Map(fields) = value else { return None };
        (fields.len() == 11 && value.header(1)?.as_int()? == 1).then_some(())?;
        let position = u32::try_from(value.header(10)?.as_int()?).ok()?;
        Some(Self {
            case: CaseId(id(2)?),
            opener: PartyId(id(3)?),
            invite: EntryId(id(4)?),
            peer: value.header(5)?.as_bytes().filter(|p| p.len() <= 64)?.to_vec(),
            expires: value.header(6)?.as_int()?,
            log: KeyCitation { party: PartyId(id(7)?), position, event: EventId(id(11)?) },
            device: DeviceKey(id(8)?),
            grant: EventId(id(9)?),
        })
    }
}
