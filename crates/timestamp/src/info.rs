//! What a token says: `TSTInfo`, RFC 3161 section 2.4.2.

use der::{DateTime, Tag, oid::ObjectIdentifier};

use crate::{
    certificate,
    pieces::{Malformed, Pieces, around, flag, instead, small},
    signed_data::algorithm,
};

const WHAT: &str = "what it says";
pub(crate) const ID_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// A time stamp's own words.
#[derive(Debug, Clone)]
pub(crate) struct Info<'a> {
    /// The object identifier of the imprint's hash.
    pub(crate) hash: &'a [u8],
    pub(crate) imprint: &'a [u8],
    /// The contents of the INTEGER.
    pub(crate) serial: &'a [u8],
    /// Unix milliseconds, rounded down.
    pub(crate) at: i64,
    /// Microseconds.
    pub(crate) accuracy: Option<u64>,
    /// The contents of the INTEGER.
    pub(crate) nonce: Option<&'a [u8]>,
}

impl<'a> Info<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut fields = Pieces::inside(der, Tag::Sequence, WHAT)?;
        if fields.take(Tag::Integer)? != [1] {
            return Err(Malformed("its version"));
        }
        // Under which policy the service works is for people to look up.
        fields.take(Tag::ObjectIdentifier)?;
        let mut imprint = fields.enter(Tag::Sequence, "its imprint")?;
        let hash = algorithm(imprint.take(Tag::Sequence)?)?;
        let hashed = imprint.take(Tag::OctetString)?;
        imprint.end()?;
        let serial = fields.take(Tag::Integer)?;
        let at = time(fields.take(Tag::GeneralizedTime)?).ok_or(Malformed("its time"))?;
        let accuracy = match fields.optional(Tag::Sequence)? {
            Some(accuracy) => Some(microseconds(accuracy.contents)?),
            None => None,
        };
        // Whether the service orders its tokens; and the name it gives itself, which its certificate says better.
        flag(fields.optional(Tag::Boolean)?).ok_or(Malformed(WHAT))?;
        let nonce = fields.optional(Tag::Integer)?.map(|nonce| nonce.contents);
        fields.optional(around(0))?;
        if let Some(extensions) = fields.optional(around(1))? {
            let mut all = Pieces::new(extensions.contents, "its extensions")?;
            while !all.is_empty() {
                if certificate::extension(&mut all)?.critical {
                    return Err(Malformed("its extensions: one that must be understood is not"));
                }
            }
        }
        fields.end()?;
        Ok(Self { hash, imprint: hashed, serial, at, accuracy, nonce })
    }
}

/// `Accuracy`, in microseconds.
fn microseconds(contents: &[u8]) -> Result<u64, Malformed> {
    const MOST_SECONDS: u64 = 1 << 32;
    let malformed = Malformed("its accuracy");
    let mut fields = Pieces::new(contents, malformed.0)?;
    let mut sum = 0;
    for (tag, factor, most) in [(Tag::Integer, 1_000_000, MOST_SECONDS), (instead(0), 1000, 999), (instead(1), 1, 999)]
    {
        if let Some(part) = fields.optional(tag)? {
            let part = small(part.contents).filter(|part| *part <= most).ok_or(malformed)?;
            sum += part * factor;
        }
    }
    fields.end()?;
    Ok(sum)
}

/// A `GeneralizedTime` of RFC 3161: `YYYYMMDDhhmmss[.s...]Z`. Unix milliseconds, rounded down; from 1970 on.
fn time(contents: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(contents).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let number = |from: usize, to: usize| whole.get(from..to)?.parse::<u16>().ok();
    let byte = |from: usize| u8::try_from(number(from, from + 2)?).ok();
    let at = DateTime::new(number(0, 4)?, byte(4)?, byte(6)?, byte(8)?, byte(10)?, byte(12)?).ok()?;
    let millis: u32 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    i64::try_from(at.unix_duration().as_millis()).ok()?.checked_add(i64::from(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_strictly() {
        assert_eq!(time(b"20260706090000Z"), Some(1_783_328_400_000));
        assert_eq!(time(b"20260706090000.5Z"), Some(1_783_328_400_500));
        assert_eq!(time(b"20260706090000.123456Z"), Some(1_783_328_400_123));
        let bad = ["20260706090000", "202607060900Z", "20260706090000+0100", "20260230090000Z", "20260706090060Z"];
        for text in bad.into_iter().chain(["20260706090000.Z", "20260706090000.1234567890Z", "Z", "19691231235959Z"]) {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
        assert_eq!(time("2026070609000٣Z".as_bytes()), None);
    }

    #[test]
    fn accuracy_is_summed() {
        assert_eq!(microseconds(&[0x02, 0x01, 0x01, 0x80, 0x02, 0x01, 0xf4, 0x81, 0x01, 0x64]), Ok(1_500_100));
        assert_eq!(microseconds(&[]), Ok(0));
        assert!(microseconds(&[0x80, 0x02, 0x03, 0xe8]).is_err(), "1,000 milliseconds are a second");
    }
}
