//! What can go wrong at the desk, in words for the person at it.

use std::path::PathBuf;

use counterpart_core::{
    id::{CaseId, short_form},
    invitation::LinkError,
    record::DraftError,
};
use counterpart_store::StoreError;

/// Why something at the desk did not happen. Nothing was changed or lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    #[error("there is no identity in {}: run `counterpart init` first", .home.display())]
    NoIdentity { home: PathBuf },
    #[error("{} holds an identity already; nothing was changed", .home.display())]
    AlreadyInitialised { home: PathBuf },
    #[error("the key file {} cannot be read: {why}", .path.display())]
    Key { path: PathBuf, why: String },
    #[error("cannot find a folder for your data: set COUNTERPART_HOME to one")]
    NoFolder,
    #[error("{}: {why}", .path.display())]
    File { path: PathBuf, why: String },
    #[error("there is no case '{0}' here: `counterpart list` shows them")]
    UnknownCase(String),
    #[error("'{0}' is not a case's name: {1}")]
    CaseName(String, String),
    #[error("'{typed}' could be {}: write more of it", .cases.iter().map(|c| short_form(&c.0)).collect::<Vec<_>>().join(" or "))]
    AmbiguousCase { typed: String, cases: Vec<CaseId> },
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Draft(#[from] DraftError),
    #[error("the stored copy of case {} is damaged: {why}. Run `counterpart doctor`", short_form(&.case.0))]
    Damaged { case: CaseId, why: String },
    #[error("{0}")]
    Link(#[from] LinkError),
    #[error("that invitation expired; ask for a new one")]
    Expired,
    #[error("this is your own invitation; send it to the other side")]
    OwnInvitation,
    #[error("you are in this case already")]
    AlreadyMember,
    #[error("that address cannot be used: {0}")]
    Address(String),
    #[error("the name or text is not acceptable: {0}")]
    Text(String),
}
