//! The file for a dispute: writes a case as one bundle, and verifies a bundle with nothing but its bytes.
//!
//! A bundle is a BagIt bag (RFC 8493) in a ZIP file of one canonical form. What was signed lies in it as it was
//! signed: the entries, the key logs, the receipts. Everything else (the Automerge document, the readable timeline,
//! the manifests) is made from that by rules of the bundle's version, so that a verifier makes it anew and compares
//! bytes. There is therefore exactly one bundle of a record and a time of export, and any other file is refused.
//!
//! No disk, no network, no keys, no clock: bytes come in and go out, the time of export is an argument.

mod archive;
mod bag;
mod contents;
mod delivery;
mod export;
mod failure;
mod layout;
mod parallel;
mod timeline;
mod verdict;
mod verify;

pub use archive::MAX_BUNDLE;
pub use export::{ExportError, export};
pub use failure::{Failure, FailureKind};
pub use verdict::{
    Effect, EntryReport, ForkReport, Lacking, PartyReport, Receipt, Received, SeatReport, Tail, Verdict, WithoutEffect,
};
pub use verify::verify;
