//! The frames of a stream: one CBOR array each, `[tag, ...]`, at most 1 MiB, every list bounded.

mod parts;

use self::parts::{Parts, blobs, citation, file_parts, ids, list, natural};
use crate::{
    attachment::FileRef,
    cbor::{CborError, FRAME_LIMITS, Value},
    id::{CaseId, DeviceKey, EditId, EntryId},
    invitation::MAX_REQUEST,
    keylog::MAX_EVENT,
    receipt::MAX_RECEIPT,
    statement::{KeyCitation, MAX_ENTRY_PAYLOAD},
    whereabouts::MAX_WHEREABOUTS,
    worksheet::{EpochId, MAX_DEVICES, MAX_EDIT},
};

/// Largest frame, in bytes.
pub const MAX_FRAME: usize = FRAME_LIMITS.bytes;
/// Most feed tips in [`Tips`]; a fork counts twice.
pub const MAX_TIPS: usize = 4096;
/// Most key log heads in [`Tips`].
pub const MAX_LOGS: usize = 256;
/// Most devices whose last receipt [`Tips`] names.
pub const MAX_RECEIPT_TIPS: usize = 1024;
/// Most entries a frame asks for by id, or says to lack values of.
pub const MAX_WANT: usize = 256;
/// Most positions asked for at once: steps that double cover every feed.
pub const MAX_PROBE: usize = 24;
/// Most bytes of a file in one frame.
pub const MAX_CHUNK: u32 = 256 * 1024;
/// Most address records in a frame.
pub const MAX_RECORDS: usize = 256;
/// An envelope is a little larger than its payload.
const ENVELOPE: usize = crate::envelope::OVERHEAD;

/// Something one node says to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// First from both sides.
    Greeting {
        version: u32,
        nonce: [u8; 32],
    },
    /// Who speaks, signed by its device key; with its party's key log.
    Hello {
        envelope: Vec<u8>,
        key_events: Vec<Vec<u8>>,
    },
    OpenCase {
        case: CaseId,
    },
    Ready,
    /// "Unknown case" and "not yours" alike.
    NotAvailable,
    /// First from both sides once the case is open.
    Tips(Tips),
    KeyEvents {
        number: u32,
        events: Vec<Vec<u8>>,
    },
    Entries {
        number: u32,
        entries: Vec<Vec<u8>>,
    },
    /// Sealed values, each the encoding of a disclosure.
    Values {
        number: u32,
        values: Vec<Vec<u8>>,
    },
    Receipts {
        number: u32,
        receipts: Vec<Vec<u8>>,
    },
    /// The numbered frame is durable: the sender may go on.
    Stored {
        number: u32,
    },
    Want {
        entries: Vec<EntryId>,
    },
    WantKeys {
        citations: Vec<KeyCitation>,
    },
    /// Asks what stands at some positions of a feed.
    Probe {
        device: DeviceKey,
        seqs: Vec<u32>,
    },
    ProbeReply {
        device: DeviceKey,
        found: Vec<(u32, EntryId)>,
    },
    Bye {
        reason: String,
    },
    /// A joiner's request, instead of [`Frame::OpenCase`].
    Join {
        request: Vec<u8>,
    },
    /// The request was accepted; with the opener's key log, so that the joiner can check what comes.
    Admitted {
        admit: EntryId,
        key_events: Vec<Vec<u8>>,
    },
    Declined {
        reason: Decline,
    },
    /// Asks for a part of an attached file; answered by [`Frame::Chunk`] or [`Frame::NotHeld`], in turn.
    WantChunk {
        file: FileRef,
        offset: u64,
        length: u32,
    },
    Chunk {
        sha256: [u8; 32],
        offset: u64,
        bytes: Vec<u8>,
    },
    /// The answer of one who does not have a file, whole.
    NotHeld {
        file: FileRef,
    },
    /// A file that was asked for in vain is here now.
    Held {
        file: FileRef,
    },
    /// Whether the sender still wants files that the receiver may have.
    Fetching {
        more: bool,
    },
    /// What the sender has of the worksheet.
    DraftTips(DraftTips),
    /// Edits of the worksheet; numbered apart from the frames of the record.
    DraftEdits {
        number: u32,
        edits: Vec<Vec<u8>>,
    },
    /// That frame of edits was dealt with.
    DraftStored {
        number: u32,
    },
    /// Asks for a device's edits anew, from a position on.
    DraftWant {
        device: DeviceKey,
        from: u32,
    },
    /// Where devices of the case's parties can be reached: address records.
    Addresses {
        records: Vec<Vec<u8>>,
    },
}

/// What a copy has of the worksheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftTips {
    pub epoch: EpochId,
    /// The last edit of each device.
    pub tips: Vec<(DeviceKey, u32, EditId)>,
}

/// What a copy holds, in few words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tips {
    /// The tips of each feed: device, position, entry.
    pub feeds: Vec<(DeviceKey, u32, EntryId)>,
    /// The ends of each key log.
    pub logs: Vec<KeyCitation>,
    /// The number of the last receipt held of each device.
    pub receipts: Vec<(DeviceKey, u32)>,
    /// Entries whose sealed values are not here.
    pub lacking: Vec<EntryId>,
}

/// Why a request to join is declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decline {
    Expired,
    Used,
    Revoked,
    Unknown,
    /// Everybody in the case has to agree to a further party first.
    NotAgreed,
    Busy,
}

impl Decline {
    const ALL: [Self; 6] = [Self::Expired, Self::Used, Self::Revoked, Self::Unknown, Self::NotAgreed, Self::Busy];

    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Used => "used",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
            Self::NotAgreed => "not-agreed",
            Self::Busy => "busy",
        }
    }
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("{0}")]
    Cbor(#[from] CborError),
    #[error("not an array that begins with a frame's number")]
    Shape,
    #[error("no frame has the number {0}: the other side may run a later version")]
    UnknownTag(i64),
    #[error("frame {0} has a part that is missing, too long or of the wrong kind")]
    Part(i64),
}

impl Frame {
    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (tag, parts) = self.parts();
        let mut items = Vec::with_capacity(parts.len() + 1);
        items.push(Value::Int(tag));
        items.extend(parts);
        Value::Array(items).encode()
    }

    fn parts(&self) -> (i64, Vec<Value>) {
        match self {
            Self::Greeting { version, nonce } => (1, vec![(*version).into(), nonce.into()]),
            Self::Hello { envelope, key_events } => (2, vec![envelope.as_slice().into(), blobs(key_events)]),
            Self::OpenCase { case } => (3, vec![(&case.0).into()]),
            Self::Ready => (4, vec![]),
            Self::NotAvailable => (5, vec![]),
            Self::Tips(tips) => (6, tips.parts()),
            Self::KeyEvents { number, events } => (7, vec![(*number).into(), blobs(events)]),
            Self::Entries { number, entries } => (8, vec![(*number).into(), blobs(entries)]),
            Self::Values { number, values } => (9, vec![(*number).into(), blobs(values)]),
            Self::Receipts { number, receipts } => (10, vec![(*number).into(), blobs(receipts)]),
            Self::Stored { number } => (11, vec![(*number).into()]),
            Self::Want { entries } => (12, vec![ids(entries)]),
            Self::WantKeys { citations } => (13, vec![list(citations, citation)]),
            Self::Probe { device, seqs } => (14, vec![(&device.0).into(), seqs.clone().into()]),
            Self::ProbeReply { device, found } => {
                let found = list(found, |(seq, id)| vec![(*seq).into(), (&id.0).into()]);
                (15, vec![(&device.0).into(), found])
            }
            Self::Bye { reason } => (16, vec![reason.as_str().into()]),
            Self::Join { request } => (17, vec![request.as_slice().into()]),
            Self::Admitted { admit, key_events } => (18, vec![(&admit.0).into(), blobs(key_events)]),
            Self::Declined { reason } => (19, vec![reason.word().into()]),
            Self::WantChunk { file, offset, length } => {
                let mut parts = file_parts(file);
                parts.extend([natural(*offset), (*length).into()]);
                (20, parts)
            }
            Self::Chunk { sha256, offset, bytes } => {
                (21, vec![sha256.into(), natural(*offset), bytes.as_slice().into()])
            }
            Self::NotHeld { file } => (22, file_parts(file)),
            Self::Held { file } => (23, file_parts(file)),
            Self::Fetching { more } => (24, vec![(*more).into()]),
            Self::DraftTips(DraftTips { epoch, tips }) => {
                let tips = list(tips, |(device, seq, id)| vec![(&device.0).into(), (*seq).into(), (&id.0).into()]);
                (25, vec![epoch.number.into(), (&epoch.id_bytes()).into(), tips])
            }
            Self::DraftEdits { number, edits } => (26, vec![(*number).into(), blobs(edits)]),
            Self::DraftStored { number } => (27, vec![(*number).into()]),
            Self::DraftWant { device, from } => (28, vec![(&device.0).into(), (*from).into()]),
            Self::Addresses { records } => (29, vec![blobs(records)]),
        }
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// The first deviation, by name.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let Value::Array(items) = Value::decode(bytes, FRAME_LIMITS)? else { return Err(FrameError::Shape) };
        let mut parts = Parts(items.into_iter());
        let Some(Value::Int(tag)) = parts.0.next() else { return Err(FrameError::Shape) };
        if !(1..=29).contains(&tag) {
            return Err(FrameError::UnknownTag(tag));
        }
        let frame = Self::read(tag, &mut parts).ok_or(FrameError::Part(tag))?;
        if parts.0.next().is_some() { Err(FrameError::Part(tag)) } else { Ok(frame) }
    }

    fn read(tag: i64, p: &mut Parts) -> Option<Self> {
        const EVENT: usize = MAX_EVENT + ENVELOPE;
        Some(match tag {
            1 => Self::Greeting { version: p.number()?, nonce: p.bytes32()? },
            2 => Self::Hello { envelope: p.blob(1024)?, key_events: p.blobs(EVENT)? },
            3 => Self::OpenCase { case: CaseId(p.bytes32()?) },
            4 => Self::Ready,
            5 => Self::NotAvailable,
            6 => Self::Tips(Tips::read(p)?),
            7 => Self::KeyEvents { number: p.number()?, events: p.blobs(EVENT)? },
            8 => Self::Entries { number: p.number()?, entries: p.blobs(MAX_ENTRY_PAYLOAD + ENVELOPE)? },
            9 => Self::Values { number: p.number()?, values: p.blobs(crate::cbor::CORE_LIMITS.bytes)? },
            10 => Self::Receipts { number: p.number()?, receipts: p.blobs(MAX_RECEIPT + ENVELOPE)? },
            11 => Self::Stored { number: p.number()? },
            12 => Self::Want { entries: p.ids(MAX_WANT)? },
            13 => Self::WantKeys { citations: p.list(MAX_WANT, Parts::citation)? },
            14 => Self::Probe { device: DeviceKey(p.bytes32()?), seqs: p.numbers(MAX_PROBE)? },
            15 => Self::ProbeReply {
                device: DeviceKey(p.bytes32()?),
                found: p.list(2 * MAX_PROBE, |p| Some((p.seq()?, EntryId(p.bytes32()?))))?,
            },
            16 => Self::Bye { reason: p.word()? },
            17 => Self::Join { request: p.blob(MAX_REQUEST + ENVELOPE)? },
            18 => Self::Admitted { admit: EntryId(p.bytes32()?), key_events: p.blobs(EVENT)? },
            19 => {
                let word = p.word()?;
                Self::Declined { reason: Decline::ALL.into_iter().find(|d| d.word() == word)? }
            }
            20 => {
                let (file, offset) = (p.file()?, p.natural()?);
                let length = p.number().filter(|length| (1..=MAX_CHUNK).contains(length))?;
                // A part beyond the end of what is asked for is no part of it.
                offset.checked_add(u64::from(length)).filter(|end| *end <= file.size)?;
                Self::WantChunk { file, offset, length }
            }
            21 => {
                let (sha256, offset) = (p.bytes32()?, p.natural()?);
                let bytes = p.blob(MAX_CHUNK as usize).filter(|bytes| !bytes.is_empty())?;
                Self::Chunk { sha256, offset, bytes }
            }
            22 => Self::NotHeld { file: p.file()? },
            23 => Self::Held { file: p.file()? },
            24 => Self::Fetching { more: p.0.next()?.as_bool()? },
            25 => Self::DraftTips(DraftTips {
                epoch: EpochId::from_parts(p.number()?, p.bytes32()?)?,
                tips: p.list(MAX_DEVICES, |p| Some((DeviceKey(p.bytes32()?), p.seq()?, EditId(p.bytes32()?))))?,
            }),
            26 => Self::DraftEdits { number: p.number()?, edits: p.blobs(MAX_EDIT + ENVELOPE)? },
            27 => Self::DraftStored { number: p.number()? },
            28 => Self::DraftWant { device: DeviceKey(p.bytes32()?), from: p.seq()? },
            29 => Self::Addresses { records: p.array(MAX_RECORDS)?.all(|p| p.blob(MAX_WHEREABOUTS + ENVELOPE))? },
            _ => return None,
        })
    }
}

impl Tips {
    fn parts(&self) -> Vec<Value> {
        vec![
            list(&self.feeds, |(device, seq, id)| vec![(&device.0).into(), (*seq).into(), (&id.0).into()]),
            list(&self.logs, citation),
            list(&self.receipts, |(device, number)| vec![(&device.0).into(), (*number).into()]),
            ids(&self.lacking),
        ]
    }

    fn read(p: &mut Parts) -> Option<Self> {
        Some(Self {
            feeds: p.list(MAX_TIPS, |p| Some((DeviceKey(p.bytes32()?), p.seq()?, EntryId(p.bytes32()?))))?,
            logs: p.list(MAX_LOGS, Parts::citation)?,
            receipts: p.list(MAX_RECEIPT_TIPS, |p| Some((DeviceKey(p.bytes32()?), p.number()?)))?,
            lacking: p.ids(MAX_WANT)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::{EventId, PartyId};

    fn one_of_each() -> Vec<Frame> {
        let id = |n: u8| EntryId([n; 32]);
        let device = DeviceKey([3; 32]);
        let cited = KeyCitation { party: PartyId([4; 32]), position: 7, event: EventId([5; 32]) };
        let tips = Tips {
            feeds: vec![(device, 1, id(1)), (device, 1, id(2))],
            logs: vec![cited],
            receipts: vec![(device, 9)],
            lacking: vec![id(6)],
        };
        vec![
            Frame::Greeting { version: 1, nonce: [1; 32] },
            Frame::Hello { envelope: vec![1, 2], key_events: vec![vec![3], vec![]] },
            Frame::OpenCase { case: CaseId([2; 32]) },
            Frame::Ready,
            Frame::NotAvailable,
            Frame::Tips(Tips::default()),
            Frame::Tips(tips),
            Frame::KeyEvents { number: 1, events: vec![vec![1]] },
            Frame::Entries { number: 2, entries: vec![vec![1], vec![2; 300]] },
            Frame::Values { number: 3, values: vec![vec![9]] },
            Frame::Receipts { number: u32::MAX, receipts: vec![] },
            Frame::Stored { number: 4 },
            Frame::Want { entries: vec![id(1), id(2)] },
            Frame::WantKeys { citations: vec![cited] },
            Frame::Probe { device, seqs: vec![8, 7, 6, 4] },
            Frame::ProbeReply { device, found: vec![(8, id(1))] },
            Frame::Bye { reason: "not-available".to_owned() },
            Frame::Join { request: vec![1; 200] },
            Frame::Admitted { admit: id(1), key_events: vec![vec![2]] },
            Frame::Declined { reason: Decline::Used },
            Frame::WantChunk { file: FileRef { sha256: [7; 32], size: 1000 }, offset: 900, length: 100 },
            Frame::Chunk { sha256: [7; 32], offset: 900, bytes: vec![1; MAX_CHUNK as usize] },
            Frame::NotHeld { file: FileRef { sha256: [7; 32], size: 0 } },
            Frame::Held { file: FileRef { sha256: [7; 32], size: (1 << 53) - 1 } },
            Frame::Fetching { more: true },
            Frame::DraftTips(DraftTips { epoch: EpochId::FIRST, tips: vec![(device, 7, EditId([8; 32]))] }),
            Frame::DraftTips(DraftTips { epoch: EpochId { number: 2, id: Some(EditId([8; 32])) }, tips: vec![] }),
            Frame::DraftEdits { number: 1, edits: vec![vec![1], vec![2; 300]] },
            Frame::DraftStored { number: 1 },
            Frame::DraftWant { device, from: 1 },
            Frame::Addresses { records: vec![vec![1], vec![2; 8000]] },
        ]
    }

    #[test]
    fn every_frame_reads_back() {
        for frame in one_of_each() {
            assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame));
        }
    }

    #[test]
    fn refuses_by_name() {
        let array = |items: Vec<Value>| Value::Array(items).encode();
        let want_chunk = |size: i64, offset: i64, length: i64| {
            let numbers = [size, offset, length].map(Value::Int);
            array([Value::Int(20), Value::Bytes(vec![7; 32])].into_iter().chain(numbers).collect())
        };
        let cases = [
            (array(vec![]), FrameError::Shape),
            (Value::Int(4).encode(), FrameError::Shape),
            (array(vec!["x".into()]), FrameError::Shape),
            (array(vec![Value::Int(0)]), FrameError::UnknownTag(0)),
            (array(vec![Value::Int(30)]), FrameError::UnknownTag(30)),
            (
                array(vec![Value::Int(25), Value::Int(2), Value::Bytes(vec![0; 32]), Value::Array(vec![])]),
                FrameError::Part(25),
            ),
            (array(vec![Value::Int(4), Value::Int(1)]), FrameError::Part(4)),
            (array(vec![Value::Int(3), Value::Bytes(vec![0; 31])]), FrameError::Part(3)),
            (array(vec![Value::Int(11), Value::Int(-1)]), FrameError::Part(11)),
            (array(vec![Value::Int(16), "Not A Word".into()]), FrameError::Part(16)),
            (array(vec![Value::Int(19), "other".into()]), FrameError::Part(19)),
            (want_chunk(1000, 901, 100), FrameError::Part(20)),
            (want_chunk(1000, 0, 0), FrameError::Part(20)),
            (want_chunk(1 << 40, 0, i64::from(MAX_CHUNK) + 1), FrameError::Part(20)),
            (want_chunk(1000, -1, 1), FrameError::Part(20)),
            (
                array(vec![Value::Int(21), Value::Bytes(vec![7; 32]), Value::Int(0), Value::Bytes(vec![])]),
                FrameError::Part(21),
            ),
            (
                array(vec![
                    Value::Int(21),
                    Value::Bytes(vec![7; 32]),
                    Value::Int(0),
                    Value::Bytes(vec![0; (MAX_CHUNK + 1) as usize]),
                ]),
                FrameError::Part(21),
            ),
            (array(vec![Value::Int(24), Value::Int(1)]), FrameError::Part(24)),
            (vec![0x82, 0x0c, 0x9a, 0xff, 0xff, 0xff, 0xff], FrameError::Cbor(CborError::TooManyNodes)),
            (vec![0; MAX_FRAME + 1], FrameError::Cbor(CborError::TooLarge)),
        ];
        for (bytes, why) in cases {
            assert_eq!(Frame::decode(&bytes), Err(why));
        }
        let many = Frame::Want { entries: vec![EntryId([0; 32]); MAX_WANT + 1] };
        assert_eq!(Frame::decode(&many.encode()), Err(FrameError::Part(12)));
        let long = Frame::Probe { device: DeviceKey([0; 32]), seqs: vec![1; MAX_PROBE + 1] };
        assert_eq!(Frame::decode(&long.encode()), Err(FrameError::Part(14)));
    }

    proptest! {
        #[test]
        fn hostile_bytes_only_give_errors(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(frame) = Frame::decode(&bytes) {
                prop_assert_eq!(frame.encode(), bytes);
            }
        }

        #[test]
        fn altered_frames_read_back_or_are_refused(which in 0_usize..one_of_each().len(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let mut bytes = one_of_each().swap_remove(which).encode();
            let at = at.index(bytes.len());
            bytes[at] = to;
            if let Ok(frame) = Frame::decode(&bytes) {
                prop_assert_eq!(frame.encode(), bytes);
            }
        }
    }
}
