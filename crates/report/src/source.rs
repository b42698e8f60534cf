//! What a report is made of.

use counterpart_core::{
    id::{DeviceKey, PartyId},
    record::Record,
    view::DueInstant,
};
use counterpart_evidence::JudgedStamp;

/// A copy of a case, and what is to be known about it.
#[derive(Clone, Copy)]
pub struct Source<'r> {
    pub record: &'r Record,
    /// When it is made, Unix milliseconds: a claim, like every clock's.
    pub made_at: i64,
    /// Whose copy this is.
    pub holder: Option<PartyId>,
    /// The evidence bundle that the copy was taken from, where it was: verified, every part of it.
    pub bundle: Option<&'r Bundle>,
    /// The time stamps over it, judged by the roots of whoever makes the report.
    pub stamps: &'r [JudgedStamp],
    /// How to come from a due time to an instant.
    pub due: DueInstant<'r>,
}

/// The file that a report was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// What the file is called; text of a stranger.
    pub name: String,
    pub sha256: [u8; 32],
    /// Bytes.
    pub size: u64,
    /// Who signed that the file is all its copy held.
    pub exporter: PartyId,
    pub device: DeviceKey,
    /// By the exporter's clock, Unix milliseconds.
    pub exported_at: i64,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("made_at", &self.made_at).field("holder", &self.holder).finish_non_exhaustive()
    }
}
