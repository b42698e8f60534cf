//! The exporter's word: a device's signed word about the file it makes of a case, that this is all its copy holds.

use ed25519_dalek::SigningKey;

use crate::{
    cbor::{Key, Limits, Value, header},
    envelope::{Envelope, EnvelopeError, PublicKey},
    id::{CaseId, DeviceKey, Domain, EventId, PartyId},
    keylog::{GrantState, KeyLogs},
    statement::{DecodeError, KeyCitation},
};

/// Largest word, in bytes of its payload.
pub const MAX_WORD: usize = 1024;
const LIMITS: Limits = Limits { bytes: MAX_WORD, nodes: 64, depth: 2, text: 0 };
const MAX_ENTRIES: i64 = 999_999;

/// What the device that makes an evidence bundle signs. Like a receipt it binds nobody: it says what a store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExporterWord {
    pub case: CaseId,
    pub party: PartyId,
    pub device: DeviceKey,
    pub grant: EventId,
    /// The point in its own party's key log that it relies on.
    pub log: KeyCitation,
    /// Entries in the bundle, 1 to 999,999.
    pub entries: u32,
    /// SHA-256 of the bundle's list of checksums.
    pub manifest: [u8; 32],
    /// When it was exported, Unix milliseconds.
    pub at: i64,
}

/// Why bytes are not taken as an exporter's word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExporterRefusal {
    #[error("the exporter's word cannot be read: {0}")]
    Decode(#[from] DecodeError),
    #[error("the exporter's word: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the exporter's key log gives that device no leave to speak for what its store holds")]
    NoGrant,
}

impl ExporterWord {
    /// Signs it with the device's key; gives the envelope's bytes.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Vec<u8> {
        let log = vec![Value::from(&self.log.party.0), Value::from(self.log.position), Value::from(&self.log.event.0)];
        let payload = header([
            (1, Some(Value::Int(1))),
            (2, Some(Value::from(&self.case.0))),
            (3, Some(Value::from(&self.party.0))),
            (4, Some(Value::from(&self.device.0))),
            (5, Some(Value::from(&self.grant.0))),
            (6, Some(Value::Array(log))),
            (7, Some(Value::from(self.entries))),
            (8, Some(Value::from(&self.manifest))),
            (9, Some(Value::Int(self.at))),
        ]);
        Envelope::sign(Domain::Manifest, payload.encode(), key).bytes().to_vec()
    }

    /// Reads a word and checks its signature by the device it names.
    ///
    /// # Errors
    /// When it cannot be read, or the signature does not hold.
    pub fn verify(bytes: &[u8]) -> Result<Self, ExporterRefusal> {
        let envelope = Envelope::parse(bytes, MAX_WORD)?;
        let value = Value::decode(envelope.payload(), LIMITS).map_err(DecodeError::Cbor)?;
        let word = Self::read(&value).ok_or(DecodeError::Field("exporter"))?;
        envelope.verify(Domain::Manifest, &PublicKey::parse(&word.device.0)?)?;
        Ok(word)
    }

    fn read(value: &Value) -> Option<Self> {
        let Value::Map(fields) = value else { return None };
        let known = fields.iter().all(|(k, _)| matches!(k, Key::Int(1..=9)));
        (known && value.header(1)?.as_int()? == 1).then_some(())?;
        let bytes = |value: &Value| <[u8; 32]>::try_from(value.as_bytes()?).ok();
        let id = |key| bytes(value.header(key)?);
        let [party, position, event] = value.header(6)?.as_array()? else { return None };
        let log = KeyCitation {
            party: PartyId(bytes(party)?),
            position: u32::try_from(position.as_int()?).ok()?,
            event: EventId(bytes(event)?),
        };
        let entries = value.header(7)?.as_int().filter(|n| (1..=MAX_ENTRIES).contains(n))?;
        Some(Self {
            case: CaseId(id(2)?),
            party: PartyId(id(3)?),
            device: DeviceKey(id(4)?),
            grant: EventId(id(5)?),
            log,
            entries: u32::try_from(entries).ok()?,
            manifest: id(8)?,
            at: value.header(9)?.as_int().filter(|at| *at >= 0)?,
        })
    }

    /// Whether the key log it relies on gives the device leave to say what a store holds.
    ///
    /// # Errors
    /// When the log does not stand here up to that point, or the grant does not stand there for this.
    pub fn check_grant(&self, logs: &KeyLogs) -> Result<(), ExporterRefusal> {
        let own = self.log.party == self.party && logs.knows(&self.log);
        match logs.grant_at(&self.log.event, &self.grant) {
            GrantState::Stands(grant) if own && grant.device == self.device && grant.receive => Ok(()),
            _ => Err(ExporterRefusal::NoGrant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::public_half;

    fn word(key: &SigningKey) -> ExporterWord {
        let party = PartyId([2; 32]);
        ExporterWord {
            case: CaseId([1; 32]),
            party,
            device: public_half(key),
            grant: EventId([3; 32]),
            log: KeyCitation { party, position: 7, event: EventId([4; 32]) },
            entries: 43,
            manifest: [5; 32],
            at: 1_767_225_600_123,
        }
    }

    #[test]
    fn reads_what_it_signs_and_no_altered_bit_of_it() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let mut bytes = word(&key).sign(&key);
        assert_eq!(ExporterWord::verify(&bytes), Ok(word(&key)));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                assert!(ExporterWord::verify(&bytes).is_err(), "bit {bit} of byte {at}");
                bytes[at] ^= 1 << bit;
            }
        }
    }

    #[test]
    fn somebody_elses_signature_is_refused() {
        let (key, other) = (SigningKey::from_bytes(&[7; 32]), SigningKey::from_bytes(&[8; 32]));
        let bytes = word(&key).sign(&other);
        let refusal = ExporterWord::verify(&bytes);
        assert_eq!(refusal, Err(ExporterRefusal::Envelope(EnvelopeError::BadSignature)));
        let too_many = ExporterWord { entries: 1_000_000, ..word(&key) };
        assert!(matches!(ExporterWord::verify(&too_many.sign(&key)), Err(ExporterRefusal::Decode(_))));
    }
}
