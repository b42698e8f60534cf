//! What programs that follow along are told of a change: webhooks, streams and pages alike. Which entry, which kind of act, what
//! fell due; never what was said.

use counterpart_core::{
    id::{CaseId, EntryId, ReceiptId},
    statement::Entry,
};
use counterpart_store::{Change, ChangeKind, Reads, StoreError};

use crate::{
    desk::Desk,
    error::DeskError,
    overdue::{self, DueThing},
};

/// A change with what can be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    pub change: Change,
    pub receipt: Option<ReceiptId>,
    pub entry: Option<EntryId>,
    /// What kind of act the entry is; nothing where the entry is not here any more.
    pub act: Option<String>,
    /// When it was due, RFC 3339.
    pub due: Option<String>,
    /// What was due then.
    pub dues: Vec<DueThing>,
}

impl Followed {
    pub(crate) fn of(reads: &Reads, change: Change) -> Result<Self, StoreError> {
        let (mut receipt, mut entry, mut act) = (None, None, None);
        match (change.what, change.kind) {
            (Some(id), ChangeKind::ReceiptSigned | ChangeKind::ReceiptReceived) => receipt = Some(ReceiptId(id)),
            (Some(id), _) => {
                entry = Some(EntryId(id));
                act = act_of(reads, change.case, EntryId(id))?;
            }
            (None, _) => {}
        }
        let due = change.due.as_ref().map(|due| overdue::written(due.at));
        let dues = change.due.as_ref().map(|due| overdue::read(&due.dues)).unwrap_or_default();
        Ok(Self { change, receipt, entry, act, due, dues })
    }
}

fn act_of(reads: &Reads, case: CaseId, id: EntryId) -> Result<Option<String>, StoreError> {
    let entry = reads.entry(case, id)?.and_then(|stored| Entry::decode(&stored.envelope).ok());
    Ok(entry.map(|entry| entry.statement.kind.as_str().to_owned()))
}

impl Desk {
    /// As [`Desk::changes`], each with what can be said of it.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn followed(&self, after: u64, most: usize) -> Result<Vec<Followed>, DeskError> {
        self.with_store(|store| {
            let changes = store.changes(after, most)?.into_iter();
            Ok(changes.map(|change| Followed::of(store, change)).collect::<Result<_, StoreError>>()?)
        })
    }
}
