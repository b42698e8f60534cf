//! What the two machines say to each other: CBOR frames, small and bounded. Version 1.

use counterpart_core::{
    cbor::{Limits, Value, header},
    id::{DeviceKey, PartyId},
    invitation::Secret,
    keylog::MAX_EVENT,
    whereabouts::MAX_WHEREABOUTS,
};

use crate::agent::names::check_name;

const VERSION: i64 = 1;
/// Key events that fit in one frame.
const EVENTS: usize = 48;
/// An event's envelope is its payload and little more.
const LONGEST_EVENT: usize = MAX_EVENT + 256;
const MOST: usize = EVENTS * (LONGEST_EVENT + 8) + 64;
const LIMITS: Limits = Limits { bytes: MOST, nodes: EVENTS + 32, depth: 3, text: 256 };
/// What anybody may send before the secret was shown.
const FIRST: Limits = Limits { bytes: 256, nodes: 16, depth: 2, text: 0 };
/// Address records that fit in one frame.
const RECORDS: usize = 16;
const LONGEST_RECORD: usize = MAX_WHEREABOUTS + 256;
/// All key events of a log together, in bytes: as many as a log can have.
pub(super) const MOST_LOG: usize = 4096 * LONGEST_EVENT;

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// Whoever adds the machine: this is the secret of your line, and the party I act for.
    Claim { secret: Secret, party: PartyId },
    /// The machine: this is my device, with the proof for your party that I hold its key.
    Request { device: DeviceKey, possession: Vec<u8>, name: String },
    /// Whoever adds it: the party's key log, the grant in it, in as many of these as it takes.
    Log { events: Vec<Vec<u8>>, more: bool },
    /// Whoever adds it, before the log: where the party's other devices say to be reached, as signed.
    Known { records: Vec<Vec<u8>> },
    /// The machine: done, and durable; this is where I am reached, signed.
    Taken { record: Option<Vec<u8>> },
    /// The machine: no.
    No(No),
}

/// Why the machine does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum No {
    /// The secret is none of a line of this machine.
    Wrong,
    Expired,
    /// The machine acts for another party already.
    Used,
    /// The log it was handed does not grant anything to this device as it asked.
    Unfit,
    /// The grant was ended.
    Ended,
    /// It could not be written down.
    Unwritten,
    /// Something came that is out of turn or cannot be read.
    Unread,
}

const REASONS: [(No, i64); 7] = [
    (No::Wrong, 1),
    (No::Expired, 2),
    (No::Used, 3),
    (No::Unfit, 4),
    (No::Ended, 5),
    (No::Unwritten, 6),
    (No::Unread, 7),
];

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// Another version of the program than this one knows.
    Version,
    Malformed,
}

impl Frame {
    pub(super) fn encode(&self) -> Vec<u8> {
        let frame = |kind: i64, fields: [Option<Value>; 3]| {
            let [a, b, c] = fields;
            header([(1, Some(Value::Int(VERSION))), (2, Some(Value::Int(kind))), (3, a), (4, b), (5, c)]).encode()
        };
        match self {
            Self::Claim { secret, party } => {
                frame(1, [Some(Value::Bytes(secret.0.to_vec())), Some(Value::from(&party.0)), None])
            }
            Self::Request { device, possession, name } => frame(
                2,
                [Some(Value::from(&device.0)), Some(Value::from(possession.as_slice())), Some(name.as_str().into())],
            ),
            Self::Log { events, more } => {
                let events = events.iter().map(|e| Value::from(e.as_slice())).collect();
                frame(3, [Some(Value::Array(events)), Some(Value::Bool(*more)), None])
            }
            Self::Known { records } => {
                let records = records.iter().map(|r| Value::from(r.as_slice())).collect();
                frame(6, [Some(Value::Array(records)), None, None])
            }
            Self::Taken { record } => frame(4, [record.as_ref().map(|r| Value::from(r.as_slice())), None, None]),
            Self::No(no) => {
                let number = REASONS.iter().find(|(known, _)| known == no).map_or(1, |(_, number)| *number);
                frame(5, [Some(Value::Int(number)), None, None])
            }
        }
    }

    /// The very first frame, from anybody: nothing but a claim, and small.
    pub(super) fn first(bytes: &[u8]) -> Result<(Secret, PartyId), Unread> {
        match Self::read(bytes, FIRST)? {
            Self::Claim { secret, party } => Ok((secret, party)),
            _ => Err(Unread::Malformed),
        }
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Unread> {
        Self::read(bytes, LIMITS)
    }

    fn read(bytes: &[u8], limits: Limits) -> Result<Self, Unread> {
        let value = Value::decode(bytes, limits).map_err(|_cbor| Unread::Malformed)?;
        match value.header(1).and_then(Value::as_int) {
            Some(VERSION) => Self::of(&value).ok_or(Unread::Malformed),
            Some(_) => Err(Unread::Version),
            None => Err(Unread::Malformed),
        }
    }

    fn of(value: &Value) -> Option<Self> {
        let Value::Map(fields) = value else { return None };
        let (kind, count) = (value.header(2)?.as_int()?, fields.len());
        let frame = match (kind, count) {
            (1, 4) => Self::Claim {
                secret: Secret(value.header(3)?.as_bytes()?.try_into().ok()?),
                party: PartyId::from_slice(value.header(4)?.as_bytes()?)?,
            },
            (2, 5) => Self::Request {
                device: DeviceKey::from_slice(value.header(3)?.as_bytes()?)?,
                possession: value.header(4)?.as_bytes().filter(|p| p.len() <= LONGEST_EVENT)?.to_vec(),
                name: value.header(5)?.as_text().filter(|n| check_name(n).is_ok())?.to_owned(),
            },
            (3, 4) => {
                let events = value.header(3)?.as_array()?;
                let event = |e: &Value| Some(e.as_bytes().filter(|e| e.len() <= LONGEST_EVENT)?.to_vec());
                Self::Log {
                    events: events.iter().map(event).collect::<Option<_>>()?,
                    more: value.header(4)?.as_bool()?,
                }
            }
            (4, 2) => Self::Taken { record: None },
            (4, 3) => {
                let record = value.header(3)?.as_bytes().filter(|r| r.len() <= LONGEST_RECORD)?;
                Self::Taken { record: Some(record.to_vec()) }
            }
            (5, 3) => {
                let number = value.header(3)?.as_int()?;
                Self::No(REASONS.iter().find(|(_, known)| *known == number)?.0)
            }
            (6, 3) => {
                let records = value.header(3)?.as_array().filter(|r| (1..=RECORDS).contains(&r.len()))?;
                let record = |r: &Value| Some(r.as_bytes().filter(|r| r.len() <= LONGEST_RECORD)?.to_vec());
                Self::Known { records: records.iter().map(record).collect::<Option<_>>()? }
            }
            _ => return None,
        };
        Some(frame)
    }
}

/// A party's address records and its key log in as many frames as it takes.
pub(super) fn log_frames(records: &[Vec<u8>], events: &[Vec<u8>]) -> Vec<Frame> {
    let known = records.chunks(RECORDS).map(|part| Frame::Known { records: part.to_vec() });
    let parts = events.chunks(EVENTS);
    let count = parts.len();
    let log = parts.enumerate().map(|(at, part)| Frame::Log { events: part.to_vec(), more: at + 1 < count });
    known.chain(log).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Vec<Frame> {
        let mut frames = vec![
            Frame::Claim { secret: Secret([1; 16]), party: PartyId([2; 32]) },
            Frame::Request { device: DeviceKey([3; 32]), possession: vec![4; 150], name: "mailbox".to_owned() },
            Frame::Log { events: vec![vec![5; 300], vec![6]], more: true },
            Frame::Known { records: vec![vec![8; 300], vec![9]] },
            Frame::Taken { record: None },
            Frame::Taken { record: Some(vec![7; 500]) },
        ];
        frames.extend(REASONS.map(|(no, _)| Frame::No(no)));
        frames
    }

    #[test]
    fn frames_read_back() {
        for frame in frames() {
            assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
    }

    #[test]
    fn a_long_log_goes_in_several_frames() {
        let events = vec![vec![1; MAX_EVENT]; EVENTS * 2 + 1];
        let frames = log_frames(&[], &events);
        let mut came = Vec::new();
        for (at, frame) in frames.iter().enumerate() {
            let bytes = frame.encode();
            assert!(bytes.len() < counterpart_net::MAX_FRAME);
            let part = match Frame::decode(&bytes) {
                Ok(Frame::Log { events, more }) => Some((events, more)),
                _ => None,
            };
            let (events, more) = part.expect("a part of the log");
            assert_eq!(more, at + 1 < frames.len());
            came.extend(events);
        }
        assert_eq!(came, events);
    }

    #[test]
    fn hostile_bytes_are_no_frame() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for frame in frames() {
            let good = frame.encode();
            for _ in 0..2000 {
                let mut bytes = good.clone();
                for _ in 0..=next() % 3 {
                    let at = usize::try_from(next()).unwrap_or(0) % bytes.len();
                    bytes[at] ^= u8::try_from(next() % 255).unwrap_or(0) + 1;
                }
                if next() % 4 == 0 {
                    bytes.truncate(usize::try_from(next()).unwrap_or(0) % bytes.len());
                }
                // Whatever is read is one of our frames, in its only encoding.
                if let Ok(read) = Frame::decode(&bytes) {
                    assert_eq!(read.encode(), bytes);
                }
                if let Ok((secret, party)) = Frame::first(&bytes) {
                    assert_eq!(Frame::Claim { secret, party }.encode(), bytes);
                }
            }
        }
        assert_eq!(Frame::decode(&[]), Err(Unread::Malformed));
        assert_eq!(Frame::first(&Frame::Taken { record: None }.encode()), Err(Unread::Malformed));
        let later = header([(1, Some(Value::Int(2))), (9, Some(Value::Int(1)))]).encode();
        assert_eq!(Frame::decode(&later), Err(Unread::Version));
    }
}
