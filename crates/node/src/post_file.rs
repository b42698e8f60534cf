//! A case by file: what the other side lacks is written, what came from there is taken in. No node need run, and one
//! that does is told.

mod asking;
mod mail;
mod receipt;
mod spool;
mod taking;
mod writing;

pub use asking::{JoinAsked, RequestVerdict};
pub use mail::PostMail;
pub use receipt::ReceiptGiven;
pub use taking::{PostFile, PostOutcome, PostReport, TakenCase, TakenPosts};
pub use writing::{PostWish, WriteError, Written};

/// At most so many files are taken in at once.
pub const MOST_POSTS: usize = 64;
