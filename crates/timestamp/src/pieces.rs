//! DER taken apart piece by piece. The bytes come from strangers: lengths are checked by the `der` crate, and nothing
//! here goes deeper by itself than the structure that is expected.

use der::{Header, Reader as _, SliceReader, Tag, TagNumber};

/// Bytes that are not the DER that was expected; the text names where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// One value with its tag.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    pub(crate) tag: Tag,
    /// Without tag and length.
    pub(crate) contents: &'a [u8],
    /// With them.
    pub(crate) whole: &'a [u8],
}

/// Values one behind the other.
#[derive(Debug, Clone)]
pub(crate) struct Pieces<'a> {
    reader: SliceReader<'a>,
    /// What is read, for people who look for the fault.
    what: &'static str,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Result<Self, Malformed> {
        let reader = SliceReader::new(bytes).map_err(|_too_long| Malformed(what))?;
        Ok(Self { reader, what })
    }

    /// The values inside the one value that `bytes` is.
    pub(crate) fn inside(bytes: &'a [u8], tag: Tag, what: &'static str) -> Result<Self, Malformed> {
        let mut outer = Self::new(bytes, what)?;
        let contents = outer.take(tag)?;
        outer.end()?;
        Self::new(contents, what)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.reader.is_finished()
    }

    /// The next value, whatever it is.
    pub(crate) fn next(&mut self) -> Result<Piece<'a>, Malformed> {
        let malformed = |_e: der::Error| Malformed(self.what);
        let header = Header::peek(&self.reader).map_err(malformed)?;
        let length = usize::try_from(header.length()).map_err(malformed)?;
        let whole = self.reader.tlv_bytes().map_err(malformed)?;
        let contents = whole.get(whole.len().saturating_sub(length)..).ok_or(Malformed(self.what))?;
        Ok(Piece { tag: header.tag(), contents, whole })
    }

    /// The contents of the next value, which must have this tag.
    pub(crate) fn take(&mut self, tag: Tag) -> Result<&'a [u8], Malformed> {
        Ok(self.piece(tag)?.contents)
    }

    /// The next value, which must have this tag.
    pub(crate) fn piece(&mut self, tag: Tag) -> Result<Piece<'a>, Malformed> {
        let piece = self.next()?;
        if piece.tag == tag { Ok(piece) } else { Err(Malformed(self.what)) }
    }

    /// The next value if it has this tag.
    pub(crate) fn optional(&mut self, tag: Tag) -> Result<Option<Piece<'a>>, Malformed> {
        let next = Tag::peek(&self.reader);
        if self.is_empty() || !matches!(next, Ok(found) if found == tag) {
            return Ok(None);
        }
        self.next().map(Some)
    }

    /// The values inside the next value, which must have this tag.
    pub(crate) fn enter(&mut self, tag: Tag, what: &'static str) -> Result<Self, Malformed> {
        Self::new(self.take(tag)?, what)
    }

    /// Nothing may stand behind what was taken.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed(self.what)) }
    }
}

/// The tag `[n]` around other values.
pub(crate) const fn around(n: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(n) }
}

/// The tag `[n]` in the place of a plain value's own.
pub(crate) const fn instead(n: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(n) }
}

/// A BOOLEAN that may be left out where it is false.
pub(crate) fn flag(piece: Option<Piece<'_>>) -> Option<bool> {
    match piece.map(|piece| piece.contents) {
        None | Some([0x00]) => Some(false),
        Some([0xff]) => Some(true),
        Some(_) => None,
    }
}

/// A whole number that is never negative and not large.
pub(crate) fn small(contents: &[u8]) -> Option<u64> {
    match contents {
        [] => None,
        // DER: a leading zero only where the next bit would make the number negative.
        [0, next, ..] if *next < 0x80 => None,
        [first, ..] if *first >= 0x80 => None,
        _ if contents.len() > 8 => None,
        _ => Some(contents.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))),
    }
}
