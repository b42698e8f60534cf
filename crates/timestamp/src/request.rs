//! What is sent to a time-stamp service: RFC 3161 section 2.4.1. Nothing but a hash and a number made up for it.

/// `TimeStampReq` version 1 up to the imprint: SHA-256, 32 bytes.
const BEFORE_IMPRINT: [u8; 24] = [
    0x30, 0x43, // SEQUENCE of 67 bytes
    0x02, 0x01, 0x01, // version 1
    0x30, 0x31, // messageImprint
    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, // id-sha256, NULL
    0x04, 0x20, // OCTET STRING of 32 bytes
];
/// The nonce: an INTEGER of 8 bytes.
const BEFORE_NONCE: [u8; 2] = [0x02, 0x08];
/// certReq true: the answer brings the certificates that it is checked with.
const AFTER_NONCE: [u8; 3] = [0x01, 0x01, 0xff];

/// A number used for one request only, so that an old answer cannot pass for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; 8]);

impl Nonce {
    /// From fresh random bytes, of which 62 bits are used: as a whole number it is positive and has 8 bytes.
    #[must_use]
    pub fn new(random: [u8; 8]) -> Self {
        let mut bytes = random;
        bytes[0] = (bytes[0] & 0x3f) | 0x40;
        Self(bytes)
    }

    pub(crate) fn as_integer(&self) -> &[u8] {
        &self.0
    }
}

/// The request for a time stamp over a SHA-256 hash, in DER: the body of an HTTP POST of the type
/// `application/timestamp-query`.
#[must_use]
pub fn request(imprint: &[u8; 32], nonce: &Nonce) -> Vec<u8> {
    [&BEFORE_IMPRINT[..], imprint, &BEFORE_NONCE, &nonce.0, &AFTER_NONCE].concat()
}

#[cfg(test)]
mod tests {
    use der::{Reader as _, SliceReader};

    use super::*;

    #[test]
    fn lengths_fit() {
        let made = request(&[7; 32], &Nonce::new([0xff; 8]));
        let mut reader = SliceReader::new(&made).expect("short");
        assert_eq!(reader.tlv_bytes().expect("one value").len(), made.len());
        assert_eq!(made.len(), 69);
        assert_eq!(Nonce::new([0; 8]).as_integer()[0], 0x40, "never shortened, never negative");
        assert_eq!(Nonce::new([0xff; 8]).as_integer()[0], 0x7f);
    }
}
