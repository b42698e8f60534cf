//! Mail: messages are written, read, sent and fetched here. Knows nothing of cases, stores or homes.
//!
//! What servers and senders give is hostile: it is bounded in bytes, parts, depth and time before a library sees it.

mod address;
mod fetch;
mod incoming;
mod outgoing;
mod send;
mod server;
mod wire;
mod words;

pub use address::{Address, BadAddress};
pub use fetch::{Fetch, FetchError, Fetched, Glance, Look, Place, Skipped, Verdict, fetch, test_folder};
pub use incoming::{Attached, Claimed, Incoming, LARGEST, ReadError};
pub use outgoing::{Attachment, LARGEST_ATTACHMENT, MailError, Outgoing};
pub use send::{SendError, Sent, Step, send, send_bytes, test_login};
pub use server::{Login, PATIENCE, Secret, Security, Server, ServerError};
