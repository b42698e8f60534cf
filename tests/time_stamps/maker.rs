//! A time-stamp service for tests that must come out the same each time: its key is known to everybody, and the root
//! in `tests/fixtures/time-stamp-root.pem` vouches for it from 2020 to 2120.

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256, Sha512};

pub(crate) const ROOT: &[u8] = include_bytes!("../fixtures/time-stamp-root.pem");
const CERTIFICATE: &[u8] = include_bytes!("../fixtures/time-stamp-service.der");

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const GENERALIZED_TIME: u8 = 0x18;
const SHA_256: &[u8] = &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA_512: &[u8] = &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];
const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const TST_INFO: &[u8] = &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
const CONTENT_TYPE: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];
const POLICY: &[u8] = &[0x06, 0x04, 0x2a, 0x03, 0x04, 0x01];

/// A token over a hash, for a time such as `20260706090000Z`.
pub(crate) fn token(imprint: &[u8; 32], time: &str) -> Vec<u8> {
    let hash = der(SEQUENCE, &[SHA_256]);
    let info = der(
        SEQUENCE,
        &[
            &der(INTEGER, &[&[1]]),
            POLICY,
            &der(SEQUENCE, &[&hash, &der(OCTETS, &[imprint])]),
            &der(INTEGER, &[&[7]]),
            &der(GENERALIZED_TIME, &[time.as_bytes()]),
        ],
    );
    let named = der(SEQUENCE, &[&der(SEQUENCE, &[&der(SEQUENCE, &[&der(OCTETS, &[&Sha256::digest(CERTIFICATE)])])])]);
    let attribute = |id: &[u8], value: &[u8]| der(SEQUENCE, &[id, &der(SET, &[value])]);
    let mut attributes = [
        attribute(CONTENT_TYPE, TST_INFO),
        attribute(MESSAGE_DIGEST, &der(OCTETS, &[&Sha512::digest(&info)])),
        attribute(SIGNING_CERTIFICATE_V2, &named),
    ];
    attributes.sort_unstable();
    let attributes = attributes.concat();
    let signature = SigningKey::from_bytes(&[0x77; 32]).sign(&der(SET, &[&attributes])).to_bytes();
    let digest = der(SEQUENCE, &[SHA_512]);
    let signer = der(
        SEQUENCE,
        &[
            &der(INTEGER, &[&[1]]),
            &issuer_and_serial(),
            &digest,
            &der(0xa0, &[&attributes]),
            &der(SEQUENCE, &[ED25519]),
            &der(OCTETS, &[&signature]),
        ],
    );
    let content = der(SEQUENCE, &[TST_INFO, &der(0xa0, &[&der(OCTETS, &[&info])])]);
    let data = der(
        SEQUENCE,
        &[&der(INTEGER, &[&[3]]), &der(SET, &[&digest]), &content, &der(0xa0, &[CERTIFICATE]), &der(SET, &[&signer])],
    );
    der(SEQUENCE, &[SIGNED_DATA, &der(0xa0, &[&data])])
}

fn issuer_and_serial() -> Vec<u8> {
    let fields = inside(inside(CERTIFICATE));
    let (_version, rest) = next(fields);
    let (serial, rest) = next(rest);
    let (_algorithm, rest) = next(rest);
    let (issuer, _) = next(rest);
    der(SEQUENCE, &[issuer, serial])
}

fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = u16::try_from(contents.len()).expect("small").to_be_bytes();
    let head = match contents.len() {
        0..=0x7f => vec![tag, length[1]],
        0x80..=0xff => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [head, contents].concat()
}

/// The length of a value's head, and of its contents.
fn lengths(bytes: &[u8]) -> (usize, usize) {
    match bytes[1] {
        0x81 => (3, usize::from(bytes[2])),
        0x82 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
        short => (2, usize::from(short)),
    }
}

fn inside(bytes: &[u8]) -> &[u8] {
    let (head, contents) = lengths(bytes);
    &bytes[head..head + contents]
}

fn next(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (head, contents) = lengths(bytes);
    bytes.split_at(head + contents)
}
