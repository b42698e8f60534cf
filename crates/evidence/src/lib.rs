//! The file for a dispute: writes a case as one bundle, and verifies a bundle with nothing but its bytes.
//!
//! A bundle is a BagIt bag (RFC 8493) in a ZIP file of one canonical form. What was signed lies in it as it was
//! signed: the entries, the key logs, the receipts, the exporter's word. Everything else (the Automerge document, the
//! readable timeline, the manifests) is made from that by rules of the bundle's version, so that a verifier makes it
//! anew and compares bytes. There is therefore exactly one bundle of a record, an exporter and a time of export, and any
//! other file is refused.
//!
//! No disk, no network, no clock; keys only as the signature that an exporter gives: bytes come in and go out, the time
//! of export is an argument. Without the feature `export` there is nothing in here that writes.

mod archive;
mod bag;
mod contents;
mod delivery;
#[cfg(feature = "export")]
mod export;
mod failure;
mod layout;
mod opened;
mod parallel;
pub mod proof;
mod stamps;
mod timeline;
mod verdict;
mod verify;
mod words;

pub use archive::{MAX_BUNDLE, could_begin, oversized};
pub use contents::specification;
pub use counterpart_timestamp::{MAX_ROOTS_FILE, Roots};
#[cfg(feature = "export")]
pub use export::{Attachments, ExportError, Exporter, export};
pub use failure::{Failure, FailureKind};
pub use opened::{Opened, open};
pub use stamps::{BadStamp, Claims, JudgedStamp, StampReport, StampStatus, Standing, over as stamps_over};
pub use verdict::{
    AgreementReport, AttachmentReport, Bound, Effect, EndedReport, EntryReport, Evidence, ExporterReport, ForkReport,
    Lacking, PartyReport, Receipt, Received, SeatReport, StateReport, Tail, Verdict, WithoutEffect,
};
pub use verify::{verify, verify_with};
pub use words::{REFUSED, visible};
