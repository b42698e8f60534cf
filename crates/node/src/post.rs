//! Mail at the desk: where it is sent and fetched, and how an answer finds its case.
//!
//! What is fetched or imported lies aside in the home first, whole and as it came; only then is it looked at, shown, and
//! taken into a case. So nothing is lost between a mailbox and a record, and nobody signs what was not shown.

mod aside;
mod collect;
mod fit;
mod intake;
mod settings;

pub use aside::Aside;
pub use collect::{Collected, MailState};
pub use fit::{Fit, FitBy, subject_tag};
pub use intake::{Known, MailFinding};
pub use settings::{MailFetch, MailSecret, MailServer, MailSettings};

pub(crate) use collect::{Collecting, collect};

use counterpart_mail::{FetchError, ReadError, SendError};

use crate::error::DeskError;

/// Why something with mail did not happen. Nothing was changed or lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    #[error("no mailbox is set up here to fetch from")]
    NoFetching,
    #[error("{0}")]
    Send(#[from] SendError),
    #[error("{0}")]
    Fetch(#[from] FetchError),
    #[error("{0}")]
    Read(#[from] ReadError),
    #[error("{0}")]
    Desk(#[from] DeskError),
    #[error("this very mail is on record already")]
    Known,
    #[error("there is no room for more mail put aside: look at what waits with `counterpart import --unmatched`")]
    AsideFull,
}

impl From<counterpart_store::StoreError> for PostError {
    fn from(e: counterpart_store::StoreError) -> Self {
        Self::Desk(e.into())
    }
}

impl PostError {
    /// Whether the same may succeed later without anything being changed.
    #[must_use]
    pub fn may_try_again(&self) -> bool {
        match self {
            Self::Send(e) => e.may_try_again(),
            Self::Fetch(e) => e.may_try_again(),
            _ => false,
        }
    }
}

/// What is to be remembered of a message that was sent, so that an answer to it finds its case.
#[must_use]
pub fn sent_row(
    message_id: &str,
    bytes: &[u8],
    case: counterpart_core::id::CaseId,
    entry: Option<counterpart_core::id::EntryId>,
    at: i64,
) -> counterpart_store::MailRow {
    let sha256 = counterpart_core::attachment::FileRef::of(bytes).sha256;
    counterpart_store::MailRow {
        sha256,
        message_id: Some(message_id.to_owned()),
        out: true,
        case: Some(case),
        entry,
        at,
    }
}
