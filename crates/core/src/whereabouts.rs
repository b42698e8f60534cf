//! Address records: a device's signed word where it can be reached. Of a device the newest counts.
//!
//! No evidence and no part of a case: whoever moves is found again through anybody who has his newest record.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;

use crate::{
    cbor::{INT_MAX, Limits, Value, header},
    envelope::{Envelope, EnvelopeError, PublicKey, Unverified, Verified},
    id::{DeviceKey, Domain, EventId, PartyId},
    statement::DecodeError,
};

/// Largest record, in bytes of its payload.
pub const MAX_WHEREABOUTS: usize = 8 * 1024;
/// Most addresses in a record.
pub const MAX_ADDRESSES: usize = 16;
/// Longest address, in bytes.
pub const MAX_ADDRESS: usize = 400;
const VERSION: i64 = 1;
const LIMITS: Limits = Limits { bytes: MAX_WHEREABOUTS, nodes: 64, depth: 2, text: MAX_ADDRESS };

/// Where a device can be reached, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    pub party: PartyId,
    pub device: DeviceKey,
    /// The device's grant in its party's key log.
    pub grant: EventId,
    /// A higher number is newer: 1 to 2^53-1.
    pub number: u64,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    /// The best first. At most [`MAX_ADDRESSES`], each 1 to [`MAX_ADDRESS`] bytes of ASCII that
    /// can be seen (no spaces), none twice. What
    /// they mean is the transport's matter; none says that the device cannot be called.
    pub addresses: Vec<String>,
    /// It carries connections between members of its cases that cannot reach each other.
    pub carries: bool,
}

/// A record whose signature was checked, with its bytes as signed.
#[derive(Debug, Clone)]
pub struct SignedWhereabouts {
    record: Whereabouts,
    envelope: Envelope<Verified>,
}

/// Why bytes are not taken as an address record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhereaboutsRefusal {
    #[error("the address record cannot be read: {0}")]
    Decode(#[from] DecodeError),
    #[error("the address record: {0}")]
    Envelope(#[from] EnvelopeError),
}

impl Whereabouts {
    /// Signs it with the device's key. What a record cannot hold is left out first: addresses that are no such ASCII,
    /// too long, or there already, and those beyond the sixteenth.
    #[must_use]
    pub fn sign(mut self, key: &SigningKey) -> SignedWhereabouts {
        let mut seen = BTreeSet::new();
        self.addresses.retain(|address| is_address(address) && seen.insert(address.clone()));
        self.addresses.truncate(MAX_ADDRESSES);
        self.number = self.number.clamp(1, INT_MAX.unsigned_abs());
        self.at = self.at.clamp(0, INT_MAX);
        let addresses = self.addresses.iter().map(|address| Value::from(address.as_str())).collect();
        let payload = header([
            (1, Some(Value::Int(VERSION))),
            (2, Some(Value::from(&self.party.0))),
            (3, Some(Value::from(&self.device.0))),
            (4, Some(Value::from(&self.grant.0))),
            (5, Some(Value::Int(self.number.cast_signed()))),
            (6, Some(Value::Int(self.at))),
            (7, Some(Value::Array(addresses))),
            (8, Some(Value::Bool(self.carries))),
        ])
        .encode();
        SignedWhereabouts { record: self, envelope: Envelope::sign(Domain::Whereabouts, payload, key) }
    }

    fn read(value: &Value) -> Option<Self> {
        let Value::Map(fields) = value else { return None };
        (fields.len() == 8).then_some(())?;
        value.header(1)?;
        let bytes32 = |key| value.header(key)?.as_bytes()?.try_into().ok();
        let addresses = value.header(7)?.as_array().filter(|list| list.len() <= MAX_ADDRESSES)?;
        let text = |address: &Value| address.as_text().filter(|text| is_address(text)).map(str::to_owned);
        let addresses: Vec<String> = addresses.iter().map(text).collect::<Option<_>>()?;
        let different: BTreeSet<&String> = addresses.iter().collect();
        (different.len() == addresses.len()).then_some(())?;
        Some(Self {
            party: PartyId(bytes32(2)?),
            device: DeviceKey(bytes32(3)?),
            grant: EventId(bytes32(4)?),
            number: u64::try_from(value.header(5)?.as_int()?).ok().filter(|number| *number > 0)?,
            at: value.header(6)?.as_int().filter(|at| *at >= 0)?,
            addresses,
            carries: value.header(8)?.as_bool()?,
        })
    }
}

fn is_address(text: &str) -> bool {
    (1..=MAX_ADDRESS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl SignedWhereabouts {
    /// Reads a record and checks its signature by the device it names. Whether that device's grant stands is not asked
    /// here.
    ///
    /// # Errors
    /// When it cannot be read, or the signature does not hold.
    pub fn verify(bytes: &[u8]) -> Result<Self, WhereaboutsRefusal> {
        UncheckedWhereabouts::decode(bytes)?.verify()
    }

    /// Takes a record read back from our own store at its word.
    ///
    /// # Errors
    /// When it cannot be read: the store is damaged.
    pub fn from_own_store(bytes: &[u8]) -> Result<Self, WhereaboutsRefusal> {
        let UncheckedWhereabouts { record, envelope } = UncheckedWhereabouts::decode(bytes)?;
        Ok(Self { record, envelope: envelope.from_own_store() })
    }

    /// What it says.
    #[must_use]
    pub fn record(&self) -> &Whereabouts {
        &self.record
    }

    /// The envelope's bytes, as signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.envelope.bytes()
    }
}

/// A record that was read, its signature not checked yet: most that come twice need no look at it.
#[derive(Debug)]
pub(crate) struct UncheckedWhereabouts {
    pub(crate) record: Whereabouts,
    envelope: Envelope<Unverified>,
}

impl UncheckedWhereabouts {
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, WhereaboutsRefusal> {
        let envelope = Envelope::parse(bytes, MAX_WHEREABOUTS)?;
        let value = Value::decode(envelope.payload(), LIMITS).map_err(DecodeError::from)?;
        match value.header(1).and_then(Value::as_int) {
            None | Some(VERSION) => {}
            Some(later) => return Err(DecodeError::Version(later).into()),
        }
        let record = Whereabouts::read(&value).ok_or(DecodeError::Field("address record"))?;
        Ok(Self { record, envelope })
    }

    pub(crate) fn verify(self) -> Result<SignedWhereabouts, WhereaboutsRefusal> {
        let Self { record, envelope } = self;
        let envelope = envelope.verify(Domain::Whereabouts, &PublicKey::parse(&record.device.0)?)?;
        Ok(SignedWhereabouts { record, envelope })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{cbor::CborError, envelope::public_half};

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[3; 32])
    }

    fn record(addresses: &[&str]) -> Whereabouts {
        Whereabouts {
            party: PartyId([1; 32]),
            device: public_half(&key()),
            grant: EventId([2; 32]),
            number: 7,
            at: 1_767_225_600_000,
            addresses: addresses.iter().map(|&address| address.to_owned()).collect(),
            carries: true,
        }
    }

    /// The record of the worked example in `docs/protocol.md`.
    #[test]
    fn has_exactly_the_documented_bytes() {
        let party = PartyId::from_hex("b6df7a2140d2b2ab90c52b4a1b128051a4516206a6d20f02127c770cd1d05d6d");
        let grant = EventId::from_hex("141817508bd5a8e3bb14d025414b89b31d216e8305d787d16906bcc503ddbb84");
        let addresses = ["/dns/box.example/udp/4001/quic-v1", "/ip4/192.0.2.7/tcp/4001"];
        let record = Whereabouts {
            party: party.expect("hex"),
            grant: grant.expect("hex"),
            at: 1_767_225_720_000,
            number: 3,
            ..record(&addresses)
        };
        let signed = record.clone().sign(&key());
        let hex = data_encoding::HEXLOWER.encode(signed.bytes());
        let page = include_str!("../../../docs/protocol.md");
        let (_, example) = page.split_once("address record, envelope\n").expect("the worked example has a record");
        let documented: String = example.lines().take_while(|line| line.starts_with("  ")).map(str::trim).collect();
        assert_eq!(hex, documented);
        assert_eq!(SignedWhereabouts::verify(signed.bytes()).expect("own record").record(), &record);
    }

    #[test]
    fn what_a_record_cannot_hold_is_left_out_before_it_is_signed() {
        let long = "x".repeat(MAX_ADDRESS + 1);
        let odd = record(&["/a", "", "/a", "with space", "tab\t", "ümlaut", &long, "/b"]);
        let signed = Whereabouts { number: u64::MAX, at: -5, ..odd }.sign(&key());
        assert_eq!(signed.record().addresses, ["/a", "/b"]);
        assert_eq!((signed.record().number, signed.record().at), (INT_MAX.unsigned_abs(), 0));
        let read = SignedWhereabouts::verify(signed.bytes()).expect("what was signed can be read");
        assert_eq!(read.record(), signed.record());
        let most: Vec<String> = (10..40).map(|n| format!("{n}{}", "x".repeat(MAX_ADDRESS - 2))).collect();
        let most: Vec<&str> = most.iter().map(String::as_str).collect();
        let signed = record(&most).sign(&key());
        assert_eq!(signed.record().addresses, most[..MAX_ADDRESSES]);
        assert!(SignedWhereabouts::verify(signed.bytes()).is_ok(), "the largest there is fits");
    }

    fn envelope(payload: &Value) -> Vec<u8> {
        Envelope::sign(Domain::Whereabouts, payload.encode(), &key()).bytes().to_vec()
    }

    fn payload_with(key: u64, value: Value) -> Value {
        let signed = record(&["/a"]).sign(&self::key());
        let mut payload = Value::decode(signed.envelope.payload(), LIMITS).expect("own payload");
        let Value::Map(fields) = &mut payload else { unreachable!("a record is a map") };
        match fields.iter_mut().find(|(k, _)| *k == crate::cbor::Key::Int(key)) {
            Some(field) => field.1 = value,
            None => fields.push((crate::cbor::Key::Int(key), value)),
        }
        payload
    }

    #[test]
    fn refuses_by_name() {
        let field = Some(WhereaboutsRefusal::Decode(DecodeError::Field("address record")));
        let texts = |list: &[&str]| Value::Array(list.iter().map(|&text| text.into()).collect());
        let seventeen: Vec<String> = (0..17).map(|n| format!("/{n}")).collect();
        let seventeen: Vec<&str> = seventeen.iter().map(String::as_str).collect();
        for (key, value) in [
            (2, Value::Bytes(vec![1; 31])),
            (5, Value::Int(0)),
            (5, Value::Int(-1)),
            (6, Value::Int(-1)),
            (7, texts(&["/a", "/a"])),
            (7, texts(&[""])),
            (7, texts(&["a b"])),
            (7, texts(&["\u{1b}[2J"])),
            (7, texts(&seventeen)),
            (8, Value::Int(1)),
            (9, Value::Int(1)),
        ] {
            let payload = payload_with(key, value);
            assert_eq!(SignedWhereabouts::verify(&envelope(&payload)).err(), field, "{payload:?}");
        }
        let later = SignedWhereabouts::verify(&envelope(&payload_with(1, Value::Int(2)))).err();
        assert_eq!(later, Some(WhereaboutsRefusal::Decode(DecodeError::Version(2))));
        let long = payload_with(7, texts(&[&"x".repeat(MAX_ADDRESS + 1)]));
        let long = SignedWhereabouts::verify(&envelope(&long)).err();
        assert_eq!(long, Some(WhereaboutsRefusal::Decode(DecodeError::Cbor(CborError::TextTooLong))));
        let large = SignedWhereabouts::verify(&vec![0; 9000]).err();
        assert_eq!(large, Some(WhereaboutsRefusal::Envelope(EnvelopeError::TooLarge)));

        let other = SigningKey::from_bytes(&[9; 32]);
        let forged = record(&["/a"]).sign(&other);
        let bad = Some(WhereaboutsRefusal::Envelope(EnvelopeError::BadSignature));
        assert_eq!(SignedWhereabouts::verify(forged.bytes()).err(), bad);
        let elsewhere = Envelope::sign(Domain::Receipt, payload_with(5, Value::Int(8)).encode(), &key());
        assert_eq!(SignedWhereabouts::verify(elsewhere.bytes()).err(), bad, "signed for another purpose");
        let weak = payload_with(3, Value::Bytes([&[1][..], &[0; 31]].concat()));
        let weak = SignedWhereabouts::verify(&envelope(&weak)).err();
        assert_eq!(weak, Some(WhereaboutsRefusal::Envelope(EnvelopeError::BadKey)));
    }

    proptest! {
        #[test]
        fn altered_records_are_refused(at in any::<prop::sample::Index>(), flip in 1_u8..) {
            let mut bytes = record(&["/ip4/192.0.2.7/tcp/4001"]).sign(&key()).bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(SignedWhereabouts::verify(&bytes).is_err());
        }

        #[test]
        fn hostile_bytes_only_give_errors(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(SignedWhereabouts::verify(&bytes).is_err());
            prop_assert!(SignedWhereabouts::verify(Envelope::sign(Domain::Whereabouts, bytes, &key()).bytes()).is_err());
        }
    }
}
