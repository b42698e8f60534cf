//! Which signatures are accepted: one answer, whatever the library under it might think of corner cases.

use counterpart_core::envelope::{EnvelopeError, PublicKey};
use data_encoding::HEXLOWER;

const VECTORS: &str = include_str!("vectors/ed25519.txt");

struct Vector {
    name: &'static str,
    valid: bool,
    why: &'static str,
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

fn vectors() -> Vec<Vector> {
    let bytes = |hex: &str| match hex {
        "-" => Vec::new(),
        hex => HEXLOWER.decode(hex.as_bytes()).expect("hexadecimal"),
    };
    let vector = |line: &'static str| {
        let fields: Vec<&'static str> = line.split(' ').collect();
        let [name, verdict, why, key, message, signature] = fields[..] else { unreachable!("{line}") };
        assert!(matches!(verdict, "valid" | "invalid"), "{line}");
        Vector {
            name,
            valid: verdict == "valid",
            why,
            key: bytes(key),
            message: bytes(message),
            signature: bytes(signature),
        }
    };
    VECTORS.lines().filter(|line| !line.starts_with('#')).map(vector).collect()
}

fn accepted(vector: &Vector) -> bool {
    let key = <&[u8; 32]>::try_from(vector.key.as_slice()).ok().and_then(|key| PublicKey::parse(key).ok());
    let signature = <&[u8; 64]>::try_from(vector.signature.as_slice());
    match (key, signature) {
        (Some(key), Ok(signature)) => key.verify(&vector.message, signature).is_ok(),
        _ => false,
    }
}

#[test]
fn every_known_vector_has_the_verdict_it_should() {
    let vectors = vectors();
    let of = |source: &str| vectors.iter().filter(|v| v.name.starts_with(source)).count();
    assert_eq!((of("wycheproof-"), of("own-")), (151, 24));
    for vector in &vectors {
        assert_eq!(accepted(vector), vector.valid, "{}: {}", vector.name, vector.why);
    }
}

/// Under such a key one signature would fit many messages, so it is no key, in whichever spelling.
#[test]
fn keys_of_small_order_are_no_keys() {
    let small: Vec<Vector> = vectors().into_iter().filter(|v| v.why.starts_with("small-order-key")).collect();
    assert_eq!(small.len(), 14);
    for vector in small {
        let key: &[u8; 32] = vector.key.as_slice().try_into().expect("32 bytes");
        assert_eq!(PublicKey::parse(key).err(), Some(EnvelopeError::BadKey), "{}", vector.name);
    }
}
