//! Writing what the other side lacks.

use std::io::Write;

use counterpart_core::{
    attachment::FileRef,
    id::{CaseId, PartyId},
    invitation::Link,
    record::Record,
    sync::{
        frame::{Frame, MAX_CHUNK},
        post::{Content, Counts, END, FIRST_LINE, Head, PostWriter, framed},
    },
};

use crate::{desk::Desk, error::DeskError};

/// A frame of key events is closed once it holds this many bytes.
const BATCH_BYTES: usize = 256 * 1024;

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostWish {
    /// For whom, at least one.
    pub to: Vec<PartyId>,
    /// Everything that is here, whatever they said they have.
    pub all: bool,
    /// Attached files up to so many bytes together.
    pub files: u64,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    pub counts: Counts,
    pub files: Vec<FileRef>,
    /// Files that they lack and for which there was no room.
    pub left_out: Vec<FileRef>,
    pub bytes: u64,
}

impl Written {
    /// Whether there was anything that they lack, as far as this copy knows. Receipts are written again each time.
    #[must_use]
    pub fn is_news(&self) -> bool {
        self.counts.entries + self.counts.values + self.files.len() > 0
    }
}

/// Why nothing whole was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    #[error("{0}")]
    Desk(#[from] DeskError),
    #[error("{0}")]
    Io(String),
}

/// Counts what it passes on.
struct Counted<'w> {
    out: &'w mut dyn Write,
    bytes: u64,
}

impl Counted<'_> {
    fn all(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).map_err(|e| WriteError::Io(e.to_string()))
    }

    fn frame(&mut self, frame: &Frame) -> Result<(), WriteError> {
        self.all(&framed(&frame.encode()))
    }
}

impl Desk {
    /// Writes what some parties lack of a case, as far as their receipts and statements in `record` tell; see
    /// [`Desk::give_receipt`] for ours to be in it. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_post(
        &self,
        case: &CaseId,
        record: &Record,
        wish: &PostWish,
        out: &mut dyn Write,
        now: i64,
    ) -> Result<Written, WriteError> {
        self.must_be_home()?;
        let mut out = Counted { out, bytes: 0 };
        out.all(FIRST_LINE)?;
        out.all(&framed(&self.head(*case, wish.to.clone(), Content::Case, now).encode()))?;
        let mut writer =
            PostWriter::new(record, wish.to.clone(), wish.all).with_addresses(self.address_records(record)?);
        while let Some(frame) = writer.next_frame() {
            out.frame(&frame)?;
        }
        let mut written = Written { counts: writer.counts(), ..Written::default() };
        let mut room = wish.files;
        for file in writer.files() {
            if file.size <= room && self.write_file(case, file, &mut out)? {
                room -= file.size;
                written.files.push(*file);
            } else {
                written.left_out.push(*file);
            }
        }
        out.frame(&Frame::Bye { reason: END.to_owned() })?;
        written.bytes = out.bytes;
        Ok(written)
    }

    /// Writes a file in its parts; gives whether all of it was here.
    fn write_file(&self, case: &CaseId, file: &FileRef, out: &mut Counted<'_>) -> Result<bool, WriteError> {
        let files = self.files();
        // What went or shrank behind our back is left out; where that happens midway the other side drops the beginning.
        if file.size > 0 && files.read(case, file, file.size - 1, 1).is_err() {
            return Ok(false);
        }
        out.frame(&Frame::Held { file: *file })?;
        let mut offset = 0;
        while offset < file.size {
            let length = u32::try_from(file.size - offset).map_or(MAX_CHUNK, |left| left.min(MAX_CHUNK));
            let Ok(bytes) = files.read(case, file, offset, length) else { return Ok(false) };
            out.frame(&Frame::Chunk { sha256: file.sha256, offset, bytes })?;
            offset += u64::from(length);
        }
        Ok(true)
    }

    /// Writes the request to join that [`Desk::begin_join`] remembered, with our key log, for whoever made the invitation.
    ///
    /// # Errors
    /// When none is remembered, or it cannot be written.
    pub fn write_join_request(&self, link: &Link, out: &mut dyn Write, now: i64) -> Result<u64, WriteError> {
        let (joins, events) =
            self.with_store(|store| Ok::<_, DeskError>((store.joins()?, store.key_events(self.party())?)))?;
        let none = || DeskError::Text("no request to join that case waits here".to_owned());
        let join = joins.into_iter().find(|join| join.case == link.case).ok_or_else(none)?;
        let mut out = Counted { out, bytes: 0 };
        out.all(FIRST_LINE)?;
        out.all(&framed(&self.head(link.case, vec![link.opener], Content::Request, now).encode()))?;
        out.frame(&Frame::Join { request: join.request })?;
        let mut number = 0;
        let mut events = events.into_iter().map(|event| event.envelope).peekable();
        while events.peek().is_some() {
            number += 1;
            let mut batch: Vec<Vec<u8>> = Vec::new();
            while batch.iter().map(Vec::len).sum::<usize>() < BATCH_BYTES
                && let Some(event) = events.next()
            {
                batch.push(event);
            }
            out.frame(&Frame::KeyEvents { number, events: batch })?;
        }
        out.frame(&Frame::Bye { reason: END.to_owned() })?;
        Ok(out.bytes)
    }

    fn head(&self, case: CaseId, to: Vec<PartyId>, content: Content, now: i64) -> Head {
        Head { case, party: self.party(), device: self.author().device, to, at: now.max(0), content }
    }

    /// Where the devices of a case's parties can be reached, as far as they said so.
    fn address_records(&self, record: &Record) -> Result<Vec<Vec<u8>>, DeskError> {
        let mut records = Vec::new();
        for party in record.lens().members() {
            let of_party = self.with_store(|store| store.whereabouts_of(party))?;
            records.extend(of_party.into_iter().map(|stored| stored.envelope));
        }
        Ok(records)
    }
}
