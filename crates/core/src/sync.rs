//! How copies meet: greeting, what each lacks, and the exchange of it, without sockets, clocks or disks.
//!
//! Bytes and the time go in; frames, things to persist, notices and wake-up times come out of
//! [`Machine::poll_output`]. One mutation, then drain. What stands behind a [`Output::Persist`] in the queue is
//! done only once that is durable: the order of emission is the durability rule.

mod addresses;
mod admission;
mod drafts;
mod files;
pub mod frame;
pub mod hello;
mod intake;
mod link;
mod machine;
mod offer;
pub mod post;

pub use admission::NotAvailable;
pub use machine::Machine;

use crate::{
    attachment::FileRef,
    id::{DeviceKey, EditId, EntryId, EventId, PartyId, ReceiptId},
    receipt::{Receipt, SignedReceipt},
    sync::frame::FrameError,
    worksheet::EpochId,
};

/// One stream to another device's copy of this case. The shell numbers them and never uses a number twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// The device at the other end of a link, as [`Machine::admit`] found it fit to have the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerDevice {
    pub party: PartyId,
    pub device: DeviceKey,
    pub grant: EventId,
    /// The version of the exchange that both ends speak.
    pub version: u32,
}

/// Something for the shell to do, in this order.
#[derive(Debug)]
pub enum Output {
    /// Make all of it durable, in one transaction, before going on with the queue.
    Persist(Vec<Persist>),
    /// Send a frame's bytes, at most [`frame::MAX_FRAME`].
    Send {
        link: LinkId,
        frame: Vec<u8>,
    },
    /// Close the stream once what was sent before is out. The machine has forgotten the link already.
    Close {
        link: LinkId,
        reason: CloseReason,
    },
    /// Sign with our device key, store, then hand back by [`Machine::receipt_signed`].
    SignReceipt(Receipt),
    Notify(Notice),
    /// Add a part to what is here of an attached file, where it ends. Where that fails, call
    /// [`Machine::file_stopped`].
    WriteChunk {
        file: FileRef,
        offset: u64,
        bytes: Vec<u8>,
    },
    /// All of a file was written: make it durable if its bytes are those it is named by, else forget them. Then call
    /// [`Machine::file_checked`].
    CheckFile {
        file: FileRef,
    },
    /// Answer a peer that asked for a part of a file, once nothing else waits to be sent to it, one answer behind the
    /// other: [`frame::Frame::Chunk`], or [`frame::Frame::NotHeld`] where no part is given here or it cannot be read.
    /// Then call [`Machine::answered`].
    Answer {
        link: LinkId,
        file: FileRef,
        part: Option<(u64, u32)>,
    },
    /// Call [`Machine::handle_timeout`] at this time, Unix milliseconds. The last one asked for counts.
    WakeAt(i64),
}

/// Something to make durable, or to make disappear. All bytes are as they were signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Persist {
    Entry {
        id: EntryId,
        device: DeviceKey,
        seq: u32,
        bytes: Vec<u8>,
    },
    KeyEvent {
        id: EventId,
        party: PartyId,
        position: u32,
        bytes: Vec<u8>,
    },
    /// A sealed value: the encoded path, and the encoded disclosure.
    Value {
        entry: EntryId,
        path: Vec<u8>,
        disclosure: Vec<u8>,
    },
    Receipt {
        id: ReceiptId,
        device: DeviceKey,
        number: u32,
        bytes: Vec<u8>,
    },
    /// An edit of the worksheet.
    Edit {
        id: EditId,
        epoch: EpochId,
        device: DeviceKey,
        seq: u32,
        bytes: Vec<u8>,
    },
    /// All edits of the worksheet may go but those of one epoch.
    ForgetEdits {
        but: EpochId,
    },
    /// Where a device can be reached, in place of any earlier word of it; for all cases of this home.
    Addresses {
        party: PartyId,
        device: DeviceKey,
        number: u64,
        bytes: Vec<u8>,
    },
    /// A device's rights ended: where it can be reached concerns nobody any more.
    ForgetAddresses {
        party: PartyId,
        device: DeviceKey,
    },
    /// A sealed value, by its encoded path, of which nothing may be left.
    EraseValue {
        entry: EntryId,
        path: Vec<u8>,
    },
    /// A file of whose bytes nothing may be left.
    EraseFile(FileRef),
}

/// Something read back from our own store, where another process or the local user put it.
#[derive(Debug, Clone)]
pub enum Stored {
    KeyEvent(Vec<u8>),
    Entry(Vec<u8>),
    Value(Vec<u8>),
    Receipt(Vec<u8>),
    /// An edit of the worksheet.
    Edit(Vec<u8>),
    /// Where a device can be reached: an address record.
    Addresses(Vec<u8>),
}

/// Our own store gave something that cannot be taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this copy's store is damaged: {0}; restore it from a backup, or fetch the case anew from the other side")]
pub struct Damaged(pub String);

/// Something for people and programs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// New entries in the record, in order of arrival.
    Entries(Vec<EntryId>),
    /// Something a peer sent is not taken, and why. Nothing of ours is lost by it.
    Refused { id: Option<EntryId>, from: PeerDevice, refusal: String },
    /// A device key signed two statements at one position.
    Fork { device: DeviceKey, seq: u32 },
    /// A device's word that it stored everything up to some heads.
    Receipt { party: PartyId, device: DeviceKey },
    /// An attached file is here now, whole and durable.
    File(FileRef),
    /// A device sent other bytes under a file's name: it is not asked for that file again.
    WrongFile { file: FileRef, device: DeviceKey },
    /// More than may wait from one peer rests on what is not here; it is asked for again on the next connection.
    Held { from: PeerDevice },
    /// Something was done in the worksheet elsewhere, by others or by another process.
    Worksheet,
    /// A device can be reached elsewhere than it could before. Our own is among them where another copy of it said so, under
    /// a higher number than ours.
    Addresses { party: PartyId, device: DeviceKey },
    /// A device has edits of the worksheet for which there is no room here.
    WorksheetFull { from: PeerDevice },
}

/// Why a link is closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    #[error("the other side sent something that is not a frame: {0}")]
    Malformed(#[from] FrameError),
    #[error("the other side sent a frame where none such may stand: {0}")]
    OutOfPlace(&'static str),
    #[error("the other side sent what this copy must refuse: {0}")]
    Refused(String),
    #[error("too much from the other side waits for what is not here; connecting again asks for it in order")]
    Held,
    #[error("the other side may no longer have this case: its device's grant was revoked")]
    NotMember,
    #[error("the other side ended it: {0}")]
    Bye(String),
}

impl CloseReason {
    /// The word a [`frame::Frame::Bye`] carries.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::OutOfPlace(_) => "out-of-place",
            Self::Refused(_) => "refused",
            Self::Held => "held",
            Self::NotMember => "not-available",
            Self::Bye(_) => "bye",
        }
    }
}

/// A link for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    pub link: LinkId,
    pub peer: PeerDevice,
    /// Both sides' tips are known to each other.
    pub met: bool,
    /// Entries here that it does not have and that were not sent yet; all of them until both have met.
    pub to_send: usize,
    /// Tips it named when it connected that are not here yet; of feeds that were not signed twice, because a third
    /// branch may never come.
    pub to_receive: usize,
    /// Frames sent that it has not said are stored.
    pub unstored: u32,
    /// Entries from it that wait for what is not here.
    pub waiting: usize,
    /// Files are on their way from it.
    pub fetching: bool,
    /// It wants files from here.
    pub giving: bool,
    /// Edits of the worksheet are on their way.
    pub drafting: bool,
}

impl PeerStatus {
    /// Whether it has stored all that we hold, and we all that it named, and neither fetches files of the other or lacks
    /// edits of the worksheet.
    #[must_use]
    pub fn in_step(&self) -> bool {
        let entries = self.met && self.to_send == 0 && self.to_receive == 0 && self.unstored == 0;
        entries && !self.fetching && !self.giving && !self.drafting
    }
}

impl Persist {
    fn receipt(receipt: &SignedReceipt) -> Self {
        Self::Receipt {
            id: receipt.id,
            device: receipt.receipt.device,
            number: receipt.receipt.number,
            bytes: receipt.bytes().to_vec(),
        }
    }
}
