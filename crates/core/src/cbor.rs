//! Deterministic CBOR (RFC 8949 section 4.2.1) in the small subset that is signed: integers, byte and text
//! strings, arrays, maps and booleans. Anything else, and any second spelling of the same value, is refused.

use std::cmp::Ordering;

use minicbor::{
    Decoder, Encoder,
    data::Type,
    encode::{self, Write},
};

/// A decoded data item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Int(i64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Self>),
    /// Entries in canonical order of their encoded keys.
    Map(Vec<(Key, Self)>),
    Bool(bool),
}

/// A map key: unsigned integers in headers, text in bodies, never mixed in one map.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    Int(u64),
    Text(String),
}

/// Bounds on what is decoded, checked before anything is allocated for it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub bytes: usize,
    pub nodes: usize,
    pub depth: usize,
    pub text: usize,
}

/// The limits of a statement's core; constants of the format.
pub const CORE_LIMITS: Limits = Limits { bytes: 32 * 1024, nodes: 512, depth: 8, text: 16 * 1024 };

/// The limits of a frame between nodes.
pub const FRAME_LIMITS: Limits = Limits { bytes: 1024 * 1024, nodes: 65_536, depth: 8, text: 16 * 1024 };

/// Integers stay within what every common language holds exactly.
pub const INT_MAX: i64 = (1 << 53) - 1;

/// Why bytes are not an acceptable data item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    #[error("larger than the format allows")]
    TooLarge,
    #[error("more than the allowed number of values")]
    TooManyNodes,
    #[error("nested deeper than the format allows")]
    TooDeep,
    #[error("a text longer than the format allows")]
    TextTooLong,
    #[error("cut short or not CBOR")]
    Malformed,
    #[error("a kind of value the format does not use (float, tag, null, indefinite length, ...)")]
    Unsupported,
    #[error("an integer beyond 2^53-1")]
    IntegerRange,
    #[error("a map with mixed, repeated or unordered keys")]
    MapKeys,
    #[error("not in the one deterministic encoding")]
    NotDeterministic,
    #[error("bytes after the end")]
    Trailing,
}

impl Value {
    /// Decodes exactly one item in its one deterministic encoding.
    ///
    /// # Errors
    /// Any deviation, by name.
    pub fn decode(bytes: &[u8], limits: Limits) -> Result<Self, CborError> {
        if bytes.len() > limits.bytes {
            return Err(CborError::TooLarge);
        }
        let mut reader = Reader { decoder: Decoder::new(bytes), nodes: limits.nodes, limits };
        let value = reader.value(limits.depth)?;
        if reader.decoder.position() != bytes.len() {
            return Err(CborError::Trailing);
        }
        // Shortest forms are checked by writing it again: one rule instead of one for each length.
        let mut encoder = Encoder::new(Compared { rest: bytes });
        let same = write(&mut encoder, &value).is_ok() && encoder.writer().rest.is_empty();
        if same { Ok(value) } else { Err(CborError::NotDeterministic) }
    }

    /// The deterministic encoding. Maps are written in the order they hold; build them with [`map`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::with_capacity(256));
        write(&mut encoder, self).expect("writing to memory does not fail");
        encoder.into_writer()
    }

    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(b) => Some(b),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(t) => Some(t),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(a) => Some(a),
            _ => None,
        }
    }

    /// The value under a text key of a map.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(k, _)| matches!(k, Key::Text(t) if t == key)).map(|(_, v)| v)
    }

    /// The value under an integer key of a map.
    #[must_use]
    pub fn header(&self, key: u64) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(k, _)| *k == Key::Int(key)).map(|(_, v)| v)
    }

    /// How many values this is, itself and keys included: what the node limit counts.
    #[must_use]
    pub fn node_count(&self) -> usize {
        match self {
            Self::Array(items) => 1 + items.iter().map(Self::node_count).sum::<usize>(),
            Self::Map(entries) => 1 + entries.iter().map(|(_, v)| 1 + v.node_count()).sum::<usize>(),
            _ => 1,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<&[u8; 32]> for Value {
    fn from(bytes: &[u8; 32]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<u32> for Value {
    fn from(n: u32) -> Self {
        Self::Int(i64::from(n))
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

/// A body map with text keys, put into canonical order.
#[must_use]
pub fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    map_of(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

/// A body map from any number of text keys, put into canonical order.
#[must_use]
pub fn map_of(entries: Vec<(String, Value)>) -> Value {
    let mut entries: Vec<(Key, Value)> = entries.into_iter().map(|(k, v)| (Key::Text(k), v)).collect();
    entries.sort_by(|a, b| key_order(&a.0, &b.0));
    Value::Map(entries)
}

/// A header map with integer keys; absent values are left out.
#[must_use]
pub fn header<const N: usize>(entries: [(u64, Option<Value>); N]) -> Value {
    let mut entries: Vec<(Key, Value)> = entries.into_iter().filter_map(|(k, v)| Some((Key::Int(k), v?))).collect();
    entries.sort_by(|a, b| key_order(&a.0, &b.0));
    Value::Map(entries)
}

/// Bytewise order of the encoded keys: for text that is by length, then by bytes.
fn key_order(a: &Key, b: &Key) -> Ordering {
    match (a, b) {
        (Key::Int(a), Key::Int(b)) => a.cmp(b),
        (Key::Text(a), Key::Text(b)) => a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes())),
        (Key::Int(_), Key::Text(_)) => Ordering::Less,
        (Key::Text(_), Key::Int(_)) => Ordering::Greater,
    }
}

fn write<W: Write>(encoder: &mut Encoder<W>, value: &Value) -> Result<(), encode::Error<W::Error>> {
    match value {
        Value::Int(n) => drop(encoder.i64(*n)?),
        Value::Bytes(b) => drop(encoder.bytes(b)?),
        Value::Text(t) => drop(encoder.str(t)?),
        Value::Bool(b) => drop(encoder.bool(*b)?),
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            for item in items {
                write(encoder, item)?;
            }
        }
        Value::Map(entries) => {
            encoder.map(entries.len() as u64)?;
            for (key, value) in entries {
                match key {
                    Key::Int(n) => encoder.u64(*n)?,
                    Key::Text(t) => encoder.str(t)?,
                };
                write(encoder, value)?;
            }
        }
    }
    Ok(())
}

/// Takes only what is the same as the bytes it holds.
struct Compared<'b> {
    rest: &'b [u8],
}

/// What was written is not what stands there.
#[derive(Debug)]
struct Different;

impl Write for Compared<'_> {
    type Error = Different;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Different> {
        self.rest = self.rest.strip_prefix(bytes).ok_or(Different)?;
        Ok(())
    }
}

struct Reader<'b> {
    decoder: Decoder<'b>,
    nodes: usize,
    limits: Limits,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, CborError> {
        self.nodes = self.nodes.checked_sub(1).ok_or(CborError::TooManyNodes)?;
        match self.peek()? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
                let n = self.decoder.int().map_err(|_malformed| CborError::Malformed)?;
                let n = i64::try_from(i128::from(n)).map_err(|_range| CborError::IntegerRange)?;
                if !(-INT_MAX..=INT_MAX).contains(&n) {
                    return Err(CborError::IntegerRange);
                }
                Ok(Value::Int(n))
            }
            Type::Bytes => Ok(Value::Bytes(self.decoder.bytes().map_err(|_malformed| CborError::Malformed)?.to_vec())),
            Type::String => Ok(Value::Text(self.text()?)),
            Type::Bool => Ok(Value::Bool(self.decoder.bool().map_err(|_malformed| CborError::Malformed)?)),
            Type::Array => {
                let depth = depth.checked_sub(1).ok_or(CborError::TooDeep)?;
                let len = self.decoder.array().map_err(|_malformed| CborError::Malformed)?;
                let len = self.length(len)?;
                let mut items = Vec::with_capacity(len.min(64));
                for _ in 0..len {
                    items.push(self.value(depth)?);
                }
                Ok(Value::Array(items))
            }
            Type::Map => {
                let depth = depth.checked_sub(1).ok_or(CborError::TooDeep)?;
                let len = self.decoder.map().map_err(|_malformed| CborError::Malformed)?;
                let len = self.length(len)?;
                let mut entries: Vec<(Key, Value)> = Vec::with_capacity(len.min(64));
                for _ in 0..len {
                    self.nodes = self.nodes.checked_sub(1).ok_or(CborError::TooManyNodes)?;
                    let key = self.key()?;
                    if let Some((last, _)) = entries.last() {
                        let same_kind =
                            matches!((last, &key), (Key::Int(_), Key::Int(_)) | (Key::Text(_), Key::Text(_)));
                        if !same_kind || key_order(last, &key) != Ordering::Less {
                            return Err(CborError::MapKeys);
                        }
                    }
                    let value = self.value(depth)?;
                    entries.push((key, value));
                }
                Ok(Value::Map(entries))
            }
            _ => Err(CborError::Unsupported),
        }
    }

    fn peek(&self) -> Result<Type, CborError> {
        self.decoder.datatype().map_err(|_malformed| CborError::Malformed)
    }

    /// A length that the remaining input could still hold, so that a declared length never allocates.
    fn length(&self, declared: Option<u64>) -> Result<usize, CborError> {
        let declared = declared.ok_or(CborError::Unsupported)?;
        let declared = usize::try_from(declared).map_err(|_huge| CborError::TooManyNodes)?;
        if declared > self.nodes {
            return Err(CborError::TooManyNodes);
        }
        Ok(declared)
    }

    fn text(&mut self) -> Result<String, CborError> {
        let text = self.decoder.str().map_err(|_malformed| CborError::Malformed)?;
        if text.len() > self.limits.text {
            return Err(CborError::TextTooLong);
        }
        Ok(text.to_owned())
    }

    fn key(&mut self) -> Result<Key, CborError> {
        match self.peek()? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
                Ok(Key::Int(self.decoder.u64().map_err(|_malformed| CborError::Malformed)?))
            }
            Type::String => Ok(Key::Text(self.text()?)),
            _ => Err(CborError::MapKeys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_by_name() {
        let cases: &[(&[u8], CborError)] = &[
            (&[0xf6], CborError::Unsupported),
            (&[0xf9, 0, 0], CborError::Unsupported),
            (&[0xc1, 0x01], CborError::Unsupported),
            (&[0x9f, 0xff], CborError::Unsupported),
            (&[0x18, 0x01], CborError::NotDeterministic),
            (&[0x01, 0x01], CborError::Trailing),
            (&[0x82, 0x01], CborError::Malformed),
            (&[0x9a, 0xff, 0xff, 0xff, 0xff], CborError::TooManyNodes),
            (&[0xa2, 0x02, 0x01, 0x01, 0x01], CborError::MapKeys),
            (&[0xa2, 0x01, 0x01, 0x01, 0x01], CborError::MapKeys),
            (&[0xa2, 0x01, 0x01, 0x61, 0x61, 0x01], CborError::MapKeys),
            (&[0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x01], CborError::TooDeep),
            (&[0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0], CborError::IntegerRange),
            (&[0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], CborError::IntegerRange),
            (&[], CborError::Malformed),
            (&[0x62, 0xff, 0xff], CborError::Malformed),
        ];
        for (bytes, why) in cases {
            assert_eq!(Value::decode(bytes, CORE_LIMITS), Err(*why), "{bytes:02x?}");
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let value = map([
            ("n", Value::Int(-5)),
            ("bytes", Value::Bytes(vec![1, 2])),
            ("list", Value::Array(vec![true.into(), "x".into(), Value::Int(INT_MAX)])),
        ]);
        assert_eq!(Value::decode(&value.encode(), CORE_LIMITS), Ok(value));
    }
}
