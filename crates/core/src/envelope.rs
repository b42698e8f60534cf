//! Signed bytes: COSE_Sign1 (RFC 9052 section 4.2) in the one form the format allows.
//!
//! What was signed is kept and checked as it was, never written again. Trust is a type: [`Envelope<Verified>`]
//! comes only from [`Envelope::verify`], from [`Envelope::sign`], or from our own store.

use std::marker::PhantomData;

use coset::{CborSerializable, CoseSign1Builder, HeaderBuilder, iana};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::id::{DeviceKey, Domain};

/// The protected header: algorithm -19 (Ed25519, RFC 9864) and nothing else.
const PROTECTED: [u8; 3] = [0xA1, 0x01, 0x32];

/// How every envelope begins: an array of four, the protected header as bytes, the empty unprotected one.
const BEGINNING: [u8; 6] = [0x84, 0x43, PROTECTED[0], PROTECTED[1], PROTECTED[2], 0xA0];
/// How a signature begins: 64 bytes follow.
const SIGNATURE_HEAD: [u8; 2] = [0x58, 0x40];

/// Bytes an envelope adds around its payload at most.
pub const OVERHEAD: usize = 96;

/// Not checked against any key yet.
#[derive(Debug, Clone, Copy)]
pub struct Unverified;

/// Signature found good, or read back from our own store where only such are kept.
#[derive(Debug, Clone, Copy)]
pub struct Verified;

/// A signed payload, with its bytes as they were signed.
#[derive(Debug, Clone)]
pub struct Envelope<T> {
    bytes: Vec<u8>,
    payload_start: usize,
    payload_end: usize,
    trust: PhantomData<T>,
}

/// Why bytes are not an acceptable envelope, or not signed by the key they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("the signed envelope is larger than the format allows")]
    TooLarge,
    #[error("not a signed envelope in the form the format allows")]
    Malformed,
    #[error("the signing key is not an acceptable Ed25519 key")]
    BadKey,
    #[error("the signature does not fit: the text was altered, or somebody else signed it")]
    BadSignature,
}

/// A public key found canonical and of full order, ready to verify with.
#[derive(Debug, Clone)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Takes 32 bytes as an Ed25519 public key.
    ///
    /// # Errors
    /// When they are no point, not in canonical encoding, or of small order.
    pub fn parse(key: &[u8; 32]) -> Result<Self, EnvelopeError> {
        let point = VerifyingKey::from_bytes(key).map_err(|_not_a_point| EnvelopeError::BadKey)?;
        if point.is_weak() || point.to_edwards().compress().as_bytes() != key {
            return Err(EnvelopeError::BadKey);
        }
        Ok(Self(point))
    }

    /// Checks a bare signature strictly (no small-order or non-canonical parts).
    ///
    /// # Errors
    /// When it does not fit.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), EnvelopeError> {
        self.0
            .verify_strict(message, &Signature::from_bytes(signature))
            .map_err(|_mismatch| EnvelopeError::BadSignature)
    }
}

/// The device key of a signing key.
#[must_use]
pub fn public_half(key: &SigningKey) -> DeviceKey {
    DeviceKey(key.verifying_key().to_bytes())
}

impl<T> Envelope<T> {
    /// The bytes as signed and sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was signed.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.payload_start..self.payload_end]
    }

    /// Finds the payload in bytes that are exactly of the one form: the fixed beginning, the payload with the
    /// shortest length before it, the signature's two-byte head and its 64 bytes, and nothing else.
    fn shape(bytes: Vec<u8>, max_payload: usize) -> Result<Self, EnvelopeError> {
        if bytes.len() > max_payload.saturating_add(OVERHEAD) {
            return Err(EnvelopeError::TooLarge);
        }
        let payload_end = bytes.len().checked_sub(SIGNATURE_HEAD.len() + 64).ok_or(EnvelopeError::Malformed)?;
        let inner = bytes.get(BEGINNING.len()..payload_end).ok_or(EnvelopeError::Malformed)?;
        let payload = minicbor::Decoder::new(inner).bytes().map_err(|_not_bytes| EnvelopeError::Malformed)?.len();
        let shortest = match payload {
            0..=0x17 => 1,
            0x18..=0xff => 2,
            0x100..=0xffff => 3,
            _ => 5,
        };
        let one_form = bytes.starts_with(&BEGINNING)
            && inner.len() == shortest + payload
            && bytes[payload_end..].starts_with(&SIGNATURE_HEAD);
        if !one_form {
            return Err(EnvelopeError::Malformed);
        }
        if payload > max_payload {
            return Err(EnvelopeError::TooLarge);
        }
        Ok(Self { payload_start: payload_end - payload, payload_end, bytes, trust: PhantomData })
    }
}

impl Envelope<Unverified> {
    /// Takes bytes apart, without trusting them; `max_payload` in bytes.
    ///
    /// # Errors
    /// When they are too large or not in the one form.
    pub fn parse(bytes: &[u8], max_payload: usize) -> Result<Self, EnvelopeError> {
        if bytes.len() > max_payload.saturating_add(OVERHEAD) {
            return Err(EnvelopeError::TooLarge);
        }
        Self::shape(bytes.to_vec(), max_payload)
    }

    /// Checks the signature for one purpose.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn verify(self, domain: Domain, key: &PublicKey) -> Result<Envelope<Verified>, EnvelopeError> {
        let signature: &[u8; 64] = self.bytes.last_chunk().ok_or(EnvelopeError::Malformed)?;
        key.verify(&to_be_signed(domain, self.payload()), signature)?;
        Ok(self.trusted())
    }

    /// Takes an envelope read back from our own store at its word; [`Envelope::verify`] admitted it once.
    #[must_use]
    pub fn from_own_store(self) -> Envelope<Verified> {
        self.trusted()
    }

    fn trusted(self) -> Envelope<Verified> {
        Envelope {
            bytes: self.bytes,
            payload_start: self.payload_start,
            payload_end: self.payload_end,
            trust: PhantomData,
        }
    }
}

impl Envelope<Verified> {
    /// Signs a payload for one purpose.
    #[must_use]
    pub fn sign(domain: Domain, payload: Vec<u8>, key: &SigningKey) -> Self {
        let max_payload = payload.len();
        let signature = key.sign(&to_be_signed(domain, &payload)).to_bytes().to_vec();
        let bytes = CoseSign1Builder::new()
            .protected(HeaderBuilder::new().algorithm(iana::Algorithm::Ed25519).build())
            .payload(payload)
            .signature(signature)
            .build()
            .to_vec()
            .expect("an envelope built from bytes can be written");
        Self::shape(bytes, max_payload).expect("what was built here is in the one form")
    }
}

/// The Sig_structure of RFC 9052 section 4.4.
fn to_be_signed(domain: Domain, payload: &[u8]) -> Vec<u8> {
    const INFALLIBLE: &str = "writing to memory does not fail";
    let mut encoder = minicbor::Encoder::new(Vec::with_capacity(payload.len() + 64));
    encoder.array(4).expect(INFALLIBLE);
    encoder.str("Signature1").expect(INFALLIBLE);
    encoder.bytes(&PROTECTED).expect(INFALLIBLE);
    encoder.bytes(domain.as_bytes()).expect(INFALLIBLE);
    encoder.bytes(payload).expect(INFALLIBLE);
    encoder.into_writer()
}

#[cfg(test)]
mod tests {
    use coset::CoseSign1;

    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    #[test]
    fn has_exactly_the_documented_bytes() {
        let envelope = Envelope::sign(Domain::Receipt, vec![1, 2, 3], &key());
        let bytes = envelope.bytes();
        assert_eq!(bytes[..10], [0x84, 0x43, 0xA1, 0x01, 0x32, 0xA0, 0x43, 1, 2, 3]);
        assert_eq!(bytes[10..12], [0x58, 0x40]);
        assert_eq!(bytes.len(), 76);
        assert_eq!(envelope.payload(), [1, 2, 3]);
    }

    #[test]
    fn a_signature_counts_for_one_purpose_and_one_key() {
        let envelope = Envelope::sign(Domain::Receipt, vec![1, 2, 3], &key());
        let parsed = || Envelope::parse(envelope.bytes(), 64).expect("own envelope");
        let public = PublicKey::parse(&public_half(&key()).0).expect("own key");
        let other = SigningKey::from_bytes(&[8; 32]);
        let other = PublicKey::parse(&public_half(&other).0).expect("own key");
        assert!(parsed().verify(Domain::Receipt, &public).is_ok());
        assert_eq!(parsed().verify(Domain::Entry, &public).err(), Some(EnvelopeError::BadSignature));
        assert_eq!(parsed().verify(Domain::Receipt, &other).err(), Some(EnvelopeError::BadSignature));
    }

    #[test]
    fn is_what_cose_says() {
        use coset::{CoseSign1, SignatureContext, sig_structure_data};
        for length in [0, 1, 23, 24, 255, 256, 1000, 65_535, 65_536] {
            let payload = vec![7; length];
            let envelope = Envelope::sign(Domain::Entry, payload.clone(), &key());
            let sign1 = CoseSign1::from_slice(envelope.bytes()).expect("COSE_Sign1");
            assert_eq!(sign1.payload.as_deref(), Some(&payload[..]));
            assert_eq!(sign1.clone().to_vec().expect("bytes"), envelope.bytes());
            let (context, aad) = (SignatureContext::CoseSign1, Domain::Entry.as_bytes());
            let signed = sig_structure_data(context, sign1.protected, None, aad, &payload);
            assert_eq!(to_be_signed(Domain::Entry, &payload), signed);
            let parsed = Envelope::parse(envelope.bytes(), length).expect("own envelope");
            assert_eq!(parsed.payload(), payload);
        }
    }

    #[test]
    fn every_other_form_is_refused() {
        let good = Envelope::sign(Domain::Receipt, vec![1, 2, 3], &key()).bytes().to_vec();
        let mut tagged = vec![0xD2];
        tagged.extend(&good);
        let mut long_length = good.clone();
        long_length.splice(6..7, [0x58, 0x03]);
        let mut trailing = good.clone();
        trailing.push(0);
        let mut other_algorithm = good.clone();
        other_algorithm[4] = 0x27;
        let mut unprotected = good.clone();
        unprotected.splice(5..6, [0xA1, 0x04, 0x41, 0x00]);
        for bytes in [tagged, long_length, trailing, other_algorithm, unprotected, good[..20].to_vec(), vec![]] {
            assert_eq!(Envelope::parse(&bytes, 64).err(), Some(EnvelopeError::Malformed), "{bytes:02x?}");
        }
        assert_eq!(Envelope::parse(&good, 2).err(), Some(EnvelopeError::TooLarge));
    }

    /// The bytes compared here are what a COSE library reads and writes, at every length of the payload's head.
    #[test]
    fn takes_exactly_what_a_cose_library_writes() {
        for length in [0, 1, 23, 24, 255, 256, 65_535, 65_536, 70_000] {
            let envelope = Envelope::sign(Domain::Receipt, vec![7; length], &key());
            let parsed = Envelope::parse(envelope.bytes(), length).expect("own envelope");
            assert_eq!(parsed.payload(), vec![7; length]);
            let sign1 = CoseSign1::from_slice(envelope.bytes()).expect("COSE");
            assert_eq!(sign1.protected.original_data.as_deref(), Some(&PROTECTED[..]));
            assert_eq!(sign1.payload.as_deref(), Some(envelope.payload()));
            assert_eq!(sign1.to_vec().expect("COSE"), envelope.bytes());
        }
    }

    #[test]
    fn keys_of_small_order_and_second_spellings_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(PublicKey::parse(&identity).err(), Some(EnvelopeError::BadKey));
        // y = p + 1 is a second spelling of y = 1.
        let mut spelled_twice = [0xff; 32];
        spelled_twice[0] = 0xee;
        spelled_twice[31] = 0x7f;
        assert_eq!(PublicKey::parse(&spelled_twice).err(), Some(EnvelopeError::BadKey));
    }
}
