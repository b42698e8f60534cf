//! Names of things: hashes and keys as distinct types, and the short forms people speak.

use std::fmt;

use sha2::{Digest, Sha256};

/// SHA-256 over a domain string followed by the parts, with nothing in between.
#[must_use]
pub fn hash(domain: Domain, parts: &[&[u8]]) -> [u8; 32] {
    let mut h = Sha256::new();
    h.update(domain.as_bytes());
    for part in parts {
        h.update(part);
    }
    h.finalize().into()
}

/// The closed list of purposes something is hashed or signed for. No two share a string, so bytes signed
/// for one purpose can never stand for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    Case,
    Entry,
    Actor,
    Party,
    KeyEvent,
    NextRoot,
    Possession,
    JoinRequest,
    InviteKey,
    Receipt,
    Hello,
    Notice,
    Manifest,
    Worksheet,
    Seal,
    Stamp,
    Whereabouts,
}

impl Domain {
    /// The domain string as it is hashed or given as `external_aad`.
    #[must_use]
    pub fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Case => b"counterpart/case/1",
            Self::Entry => b"counterpart/entry/1",
            Self::Actor => b"counterpart/actor/1",
            Self::Party => b"counterpart/party/1",
            Self::KeyEvent => b"counterpart/key-event/1",
            Self::NextRoot => b"counterpart/next-root/1",
            Self::Possession => b"counterpart/possession/1",
            Self::JoinRequest => b"counterpart/join-request/1",
            Self::InviteKey => b"counterpart/invite-key/1",
            Self::Receipt => b"counterpart/receipt/1",
            Self::Hello => b"counterpart/hello/1",
            Self::Notice => b"counterpart/notice/1",
            Self::Manifest => b"counterpart/manifest/1",
            Self::Worksheet => b"counterpart/worksheet/1",
            Self::Seal => b"counterpart/seal/1",
            Self::Stamp => b"counterpart/stamp/1",
            Self::Whereabouts => b"counterpart/whereabouts/1",
        }
    }
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The 32 bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// From exactly 32 bytes, else nothing.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }

            /// From 64 lower- or upper-case hex digits, else nothing.
            #[must_use]
            pub fn from_hex(text: &str) -> Option<Self> {
                let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
                Self::from_slice(&bytes)
            }

            /// 64 lower-case hex digits.
            #[must_use]
            pub fn to_hex(&self) -> String {
                data_encoding::HEXLOWER.encode(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:02x}{:02x}{:02x}{:02x})", stringify!($name), self.0[0], self.0[1], self.0[2], self.0[3])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.to_hex())
            }
        }
    };
}

id_type!(
    /// A case: the hash of its `open` statement's core.
    CaseId
);
id_type!(
    /// An entry: the hash of its statement's core.
    EntryId
);
id_type!(
    /// A party: the hash of its inception.
    PartyId
);
id_type!(
    /// An event of a key log, among them the grants: the hash of its payload.
    EventId
);
id_type!(
    /// A receipt: the hash of its payload.
    ReceiptId
);
id_type!(
    /// A time stamp: the SHA-256 of its bytes as they are kept.
    StampId
);
id_type!(
    /// The Ed25519 public key of a device, in its canonical encoding.
    DeviceKey
);
id_type!(
    /// The hash of an Automerge change.
    ChangeId
);
id_type!(
    /// An edit of a worksheet: the hash of its payload.
    EditId
);

/// Crockford's alphabet: no I, L, O or U, so that nothing is misread aloud or by hand.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A short form such as `K7F2-Q9XA-3`: the first 40 bits in Crockford's alphabet, and a check character that
/// finds every single mistyped character and almost every swap. A label for people, never a proof of identity.
#[must_use]
pub fn short_form(bytes: &[u8; 32]) -> String {
    let head = u64::from_be_bytes([0, 0, 0, bytes[0], bytes[1], bytes[2], bytes[3], bytes[4]]);
    let digits: Vec<usize> = (0..8).rev().map(|i| usize::try_from((head >> (5 * i)) & 31).unwrap_or(0)).collect();
    let mut text = String::with_capacity(11);
    for (i, &d) in digits.iter().enumerate() {
        if i == 4 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[d]));
    }
    text.push('-');
    text.push(char::from(ALPHABET[check_digit(&digits)]));
    text
}

/// Weighted sum modulo 31: weights 1 to 8 are all invertible, so one wrong digit always shows, except the one
/// pair (0 and 31) that is equal modulo 31.
fn check_digit(digits: &[usize]) -> usize {
    digits.iter().enumerate().map(|(i, d)| (i + 1) * d).sum::<usize>() % 31
}

/// Why a typed short form is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShortFormError {
    #[error("a short form has eight characters and a check character, such as K7F2-Q9XA-3")]
    Shape,
    #[error("the check character does not fit: one of the characters is mistyped")]
    Check,
}

/// Reads a short form as typed (any case, hyphens optional, O for 0, I and L for 1) and gives its 40 bits.
///
/// # Errors
/// When it has the wrong length or characters, or the check character does not fit.
pub fn parse_short_form(text: &str) -> Result<[u8; 5], ShortFormError> {
    let digits = typed_digits(text).ok_or(ShortFormError::Shape)?;
    let (&check, digits) = digits.split_last().ok_or(ShortFormError::Shape)?;
    if digits.len() != 8 {
        return Err(ShortFormError::Shape);
    }
    if check_digit(digits) != check {
        return Err(ShortFormError::Check);
    }
    Ok(head_of(digits.iter().copied()))
}

/// The least and the greatest of the first 40 bits whose short form begins like this, with at most its eight characters;
/// nothing where none does.
#[must_use]
pub fn short_form_range(beginning: &str) -> Option<([u8; 5], [u8; 5])> {
    let digits = typed_digits(beginning).filter(|digits| digits.len() <= 8)?;
    let filled = |with: usize| head_of(digits.iter().copied().chain(std::iter::repeat(with)).take(8));
    Some((filled(0), filled(31)))
}

fn head_of(digits: impl Iterator<Item = usize>) -> [u8; 5] {
    let head = digits.fold(0_u64, |n, d| (n << 5) | d as u64);
    let bytes = head.to_be_bytes();
    [bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]]
}

/// The digits that somebody typed, whose letters may be taken for others; nothing where one is none.
fn typed_digits(text: &str) -> Option<Vec<usize>> {
    let digit = |c: char| {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        ALPHABET.iter().position(|&a| char::from(a) == c)
    };
    text.chars().filter(|c| *c != '-').map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_read_back_and_find_typing_errors() {
        let id = hash(Domain::Case, &[b"x"]);
        let short = short_form(&id);
        assert_eq!(parse_short_form(&short).expect("own form"), id[..5]);
        assert_eq!(parse_short_form(&short.to_lowercase().replace('-', "")).expect("typed form"), id[..5]);
        let mut wrong: Vec<char> = short.chars().collect();
        wrong[2] = if wrong[2] == '7' { '8' } else { '7' };
        let wrong: String = wrong.into_iter().collect();
        assert_eq!(parse_short_form(&wrong), Err(ShortFormError::Check));
        assert_eq!(parse_short_form("K7F2"), Err(ShortFormError::Shape));
        for typed in 0..=8 {
            let beginning: String = short.chars().filter(|c| *c != '-').take(typed).collect();
            let (first, last) = short_form_range(&beginning.to_lowercase()).expect("a beginning");
            assert!(first[..] <= id[..5] && id[..5] <= last[..], "{beginning}");
            assert_eq!(first == last, typed == 8, "{beginning}");
        }
        assert_eq!(short_form_range(&short), None, "with its check character it is whole");
        assert_eq!(short_form_range("U!"), None);
    }
}
