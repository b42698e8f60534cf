//! Post: the exchange without a connection. One side writes what the other lacks as a file, the other takes it in.
//!
//! A file is what a stream would have carried one way: [`FIRST_LINE`], then frames, each behind its length. First comes a
//! [`Head`], then numbered frames as on a stream, files in their parts, and [`END`]. What the other side has is judged by
//! its receipts and statements here, because nobody can be asked. Everything in a file is checked by the same code as what
//! a stream brings; who carried it does not matter.

mod writer;

use std::io::{self, Read};

pub use self::writer::PostWriter;
use super::{
    CloseReason, LinkId, Machine, PeerDevice,
    files::LinkFiles,
    frame::{Frame, FrameError, MAX_FRAME},
    hello::VERSION,
    link::{Link, Need},
};
use crate::{
    attachment::FileRef,
    cbor::{Limits, Value, header},
    id::{CaseId, DeviceKey, EntryId, EventId, PartyId},
    statement::MAX_MEMBERS,
};

/// How a file begins. What follows are frames, each behind its length in four bytes, most significant first.
pub const FIRST_LINE: &[u8] = b"counterpart post 1\n";
/// How a file of any version begins.
pub const BEGINNING: &[u8] = b"counterpart post ";
/// Largest head, in bytes.
pub const MAX_HEAD: usize = 2048;
/// The word of the [`Frame::Bye`] that ends a file: one without it was cut off.
pub const END: &str = "end";
const LIMITS: Limits = Limits { bytes: MAX_HEAD, nodes: 64, depth: 2, text: 0 };

/// What a file says of itself. Not signed: it decides which case is looked up, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub case: CaseId,
    /// Who wrote it, and by which device.
    pub party: PartyId,
    pub device: DeviceKey,
    /// For whom; at most 32.
    pub to: Vec<PartyId>,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    pub content: Content,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Things of a case, for one who is in it or is joining it.
    Case,
    /// A request to join: [`Frame::Join`], then the key log of whoever asks.
    Request,
}

impl Head {
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let to = self.to.iter().map(|party| Value::from(&party.0)).collect();
        let content = match self.content {
            Content::Case => 0,
            Content::Request => 1,
        };
        header([
            (1, Some(Value::Int(1))),
            (2, Some(Value::from(&self.case.0))),
            (3, Some(Value::from(&self.party.0))),
            (4, Some(Value::from(&self.device.0))),
            (5, Some(Value::Array(to))),
            (6, Some(Value::Int(self.at))),
            (7, Some(Value::Int(content))),
        ])
        .encode()
    }

    /// Reads a head.
    ///
    /// # Errors
    /// When it is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        Self::read(&Value::decode(bytes, LIMITS)?).ok_or(FrameError::Shape)
    }

    fn read(value: &Value) -> Option<Self> {
        let Value::Map(fields) = value else { return None };
        (fields.len() == 7 && value.header(1)?.as_int()? == 1).then_some(())?;
        let to = value.header(5)?.as_array().filter(|to| to.len() <= MAX_MEMBERS)?;
        Some(Self {
            case: CaseId::from_slice(value.header(2)?.as_bytes()?)?,
            party: PartyId::from_slice(value.header(3)?.as_bytes()?)?,
            device: DeviceKey(value.header(4)?.as_bytes()?.try_into().ok()?),
            to: to.iter().map(|party| PartyId::from_slice(party.as_bytes()?)).collect::<Option<_>>()?,
            at: value.header(6)?.as_int().filter(|at| *at >= 0)?,
            content: match value.header(7)?.as_int()? {
                0 => Content::Case,
                1 => Content::Request,
                _ => return None,
            },
        })
    }
}

/// Why a file is none that could be taken in, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    #[error("this is no file that `counterpart post` wrote: it does not begin with the words {:?}", first_line())]
    NotPost,
    #[error("this file was written by another version of the program: update this one, or the other side's")]
    Version,
    #[error("the file's first part, which says what it is, cannot be read: {0}")]
    Head(FrameError),
    #[error("the file is cut off: what stands before that is whole")]
    CutOff,
    #[error("the file has a part of {0} bytes, where at most {MAX_FRAME} may stand: it was altered on its way")]
    TooLong(u32),
    #[error("the file cannot be read: {0}")]
    Io(String),
}

fn first_line() -> &'static str {
    std::str::from_utf8(FIRST_LINE).unwrap_or_default().trim_end()
}

/// Reads a file frame by frame; in memory is one frame at most.
#[derive(Debug)]
pub struct PostReader<R> {
    source: R,
}

impl<R: Read> PostReader<R> {
    /// Reads the beginning.
    ///
    /// # Errors
    /// When it is no such file, or one of a later version.
    pub fn open(mut source: R) -> Result<(Head, Self), PostError> {
        let mut line = Vec::new();
        let most = FIRST_LINE.len() as u64;
        source.by_ref().take(most).read_to_end(&mut line).map_err(|e| PostError::Io(e.to_string()))?;
        if line != FIRST_LINE {
            return Err(if line.starts_with(BEGINNING) { PostError::Version } else { PostError::NotPost });
        }
        let mut reader = Self { source };
        let head = reader.frame(MAX_HEAD)?;
        Ok((Head::decode(&head).map_err(PostError::Head)?, reader))
    }

    /// The next frame's bytes. Where the file ends is no frame: [`Posted::End`] comes before that.
    ///
    /// # Errors
    /// When it ends within a frame or instead of one, is too long, or the disk fails.
    pub fn next_frame(&mut self) -> Result<Vec<u8>, PostError> {
        self.frame(MAX_FRAME)
    }

    fn frame(&mut self, most: usize) -> Result<Vec<u8>, PostError> {
        let mut length = [0; 4];
        self.source.read_exact(&mut length).map_err(cut_off)?;
        let length = u32::from_be_bytes(length);
        if length == 0 || length as usize > most {
            return Err(PostError::TooLong(length));
        }
        // What is not there is not set aside for.
        let mut bytes = Vec::new();
        let read = self.source.by_ref().take(u64::from(length)).read_to_end(&mut bytes);
        read.map_err(|e| PostError::Io(e.to_string()))?;
        if bytes.len() < length as usize { Err(PostError::CutOff) } else { Ok(bytes) }
    }
}

fn cut_off(error: io::Error) -> PostError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => PostError::CutOff,
        _ => PostError::Io(error.to_string()),
    }
}

/// A frame as it stands in a file: behind its length.
#[must_use]
pub fn framed(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), frame].concat()
}

/// How many things of each sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub key_events: usize,
    pub entries: usize,
    pub values: usize,
    pub receipts: usize,
    pub addresses: usize,
}

impl Counts {
    pub fn add(&mut self, more: &Self) {
        self.key_events += more.key_events;
        self.entries += more.entries;
        self.values += more.values;
        self.receipts += more.receipts;
        self.addresses += more.addresses;
    }
}

/// What a frame of a file was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// It was taken, or refused with a notice; how many things were in it.
    Took(Counts),
    /// The parts that follow are of this file.
    File(FileRef),
    /// A part of a file, for the shell to look at: nothing asked for it.
    Part { sha256: [u8; 32], offset: u64, bytes: Vec<u8> },
    /// The file ends here, whole.
    End,
}

/// What a file left behind when it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostLeft {
    /// Entries that rest on what is not here.
    pub waiting: usize,
    /// Entries that these rest on and that are not here; at most some of them.
    pub missing: Vec<EntryId>,
}

impl Machine {
    /// A file is to be taken in. It is a link that nothing is ever sent to: drop what the machine wants sent there.
    pub fn post_begins(&mut self, link: LinkId, head: &Head) {
        // The head is anybody's word: no grant stands behind it, so none can be revoked either.
        let peer = PeerDevice { party: head.party, device: head.device, grant: EventId([0; 32]), version: VERSION };
        self.links.insert(link, Link::new(peer, LinkFiles::default(), false));
    }

    /// Takes in a frame of a file. Once the machine closed the link, what follows in the file is not to be read.
    pub fn handle_posted(&mut self, link: LinkId, bytes: &[u8], now: i64) -> Posted {
        let posted = match Frame::decode(bytes) {
            Ok(frame) => self.take_posted(link, frame, now),
            // A later program may say more.
            Err(FrameError::UnknownTag(_)) => Posted::Took(Counts::default()),
            Err(error) => {
                self.close(link, error.into());
                Posted::Took(Counts::default())
            }
        };
        self.settle(now);
        posted
    }

    fn take_posted(&mut self, link: LinkId, frame: Frame, now: i64) -> Posted {
        let mut counts = Counts::default();
        match frame {
            Frame::KeyEvents { number, events } => {
                counts.key_events = events.len();
                self.numbered(link, number, events, Self::take_key_event);
            }
            Frame::Entries { number, entries } => {
                counts.entries = entries.len();
                self.numbered(link, number, entries, Self::take_entry);
            }
            Frame::Values { number, values } => {
                counts.values = values.len();
                self.numbered(link, number, values, Self::take_value);
            }
            Frame::Receipts { number, receipts } => {
                counts.receipts = receipts.len();
                self.numbered(link, number, receipts, Self::take_receipt);
            }
            Frame::Addresses { records } => {
                counts.addresses = records.len();
                self.take_addresses(link, &records, now);
            }
            Frame::Held { file } => return Posted::File(file),
            Frame::Chunk { sha256, offset, bytes } => return Posted::Part { sha256, offset, bytes },
            Frame::Bye { reason } if reason == END => return Posted::End,
            _ => self.close(link, CloseReason::OutOfPlace("this has no place in a file")),
        }
        Posted::Took(counts)
    }

    /// How many entries of a file wait for what is not here.
    #[must_use]
    pub fn waiting_in_post(&self, link: LinkId) -> usize {
        self.links.get(&link).map_or(0, |link| link.parking.len())
    }

    /// A file was read, to its end or as far as it went. What waits for what is not here is forgotten.
    pub fn post_ends(&mut self, link: LinkId) -> PostLeft {
        let left = self.links.get(&link).map(|link| {
            let missing = |need| match need {
                Need::Entry(entry) if !link.parking.holds(&entry) => Some(entry),
                _ => None,
            };
            let mut missing: Vec<EntryId> = link.parking.needs().filter_map(missing).collect();
            missing.dedup();
            PostLeft { waiting: link.parking.len(), missing }
        });
        self.unlink(link);
        left.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head() -> Head {
        Head {
            case: CaseId([1; 32]),
            party: PartyId([2; 32]),
            device: DeviceKey([3; 32]),
            to: vec![PartyId([4; 32]), PartyId([5; 32])],
            at: 1_800_000_000_000,
            content: Content::Case,
        }
    }

    #[test]
    fn a_head_reads_back() {
        for head in [head(), Head { to: vec![], content: Content::Request, ..head() }] {
            assert_eq!(Head::decode(&head.encode()).as_ref(), Ok(&head));
        }
        let most = Head { to: vec![PartyId([4; 32]); MAX_MEMBERS], ..head() };
        assert!(most.encode().len() <= MAX_HEAD);
        assert_eq!(Head::decode(&most.encode()).as_ref(), Ok(&most));
        let more = Head { to: vec![PartyId([4; 32]); MAX_MEMBERS + 1], ..head() };
        assert!(Head::decode(&more.encode()).is_err());
        assert!(Head::decode(&Head { at: -1, ..head() }.encode()).is_err());
        assert!(Head::decode(&Frame::Ready.encode()).is_err());
    }

    proptest! {
        #[test]
        fn hostile_heads_only_give_errors(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(Head::decode(&bytes));
        }
    }
}
