//! A party's signed log of its devices and agents: inception, grants, revocations, rotations.
//!
//! A log is one line. Where two events follow the same one it is *forked*, and stands here as a tree: every statement
//! is judged on the branch it cites. A rotation reveals the next root key, which whoever stole the root does not have;
//! so it takes back what was signed beside it under the root before ([`KeyLogs::superseded_by`]).

mod branches;
mod event;
mod logs;
mod sign;

pub use branches::Dispute;
pub use event::{EventBody, Grant, KeyEvent, Kinds, MAX_EVENT, RevokeReason};
pub use logs::{GrantState, KeyLogRefusal, KeyLogs, MAX_POSITION};
pub use sign::{
    EventSigner, check_possession, grant, grant_with, inception, next_root_hash, possession, revoke, rotate,
};

const SUITE: &str = "ed25519-sha256";
