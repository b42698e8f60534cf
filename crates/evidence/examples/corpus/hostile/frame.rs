//! The file around the members.

use crate::{
    members::{members, pack, pack_with, plain},
    world::Rng,
};

pub(super) fn altered(bundle: &[u8], random: &mut Rng) -> (&'static str, Vec<u8>) {
    let mut bytes = bundle.to_vec();
    let places = headers(bundle);
    match random.below(9) {
        0 | 1 => {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
            ("bit", bytes)
        }
        2 | 3 => {
            // Within a header, where most of a file is not.
            let at = random.pick(&places).copied().unwrap_or_default() + random.below(46);
            let at = at.min(bytes.len() - 1);
            bytes[at] = random.number().to_le_bytes()[0];
            ("header", bytes)
        }
        4 => {
            bytes.truncate(random.below(bytes.len()));
            ("truncated", bytes)
        }
        5 => {
            let cut = bytes.len() - random.below(200.min(bytes.len()));
            bytes.truncate(cut);
            ("truncated_end", bytes)
        }
        6 => {
            match random.below(4) {
                0 => bytes.push(0),
                1 => bytes.insert(0, b'x'),
                2 => bytes.extend_from_slice(bundle),
                _ => bytes.clear(),
            }
            ("wrapped", bytes)
        }
        7 => {
            let mut parts = members(bundle);
            let n = random.below(parts.len() - 1);
            parts.swap(n, n + 1);
            ("order", pack(&parts))
        }
        _ => {
            let parts = members(bundle);
            let options = match random.below(3) {
                0 => plain().unix_permissions(0o120_777),
                1 => plain().large_file(true),
                _ => plain().unix_permissions(0o755),
            };
            ("options", pack_with(&parts, options))
        }
    }
}

/// Where headers begin.
fn headers(bundle: &[u8]) -> Vec<usize> {
    let is_header = |window: &[u8]| {
        window.starts_with(b"PK\x03\x04") || window.starts_with(b"PK\x01\x02") || window.starts_with(b"PK\x05\x06")
    };
    bundle.windows(4).enumerate().filter(|(_, window)| is_header(window)).map(|(at, _)| at).collect()
}
