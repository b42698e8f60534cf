//! Standing consent: a case and a way by which letters go out without being asked about each.

use counterpart_core::id::CaseId;
use counterpart_store::{NotebookRow, Reads, StoreError};
use serde::{Deserialize, Serialize};

use super::plan::look_again;
use crate::{desk::Desk, error::DeskError};

pub(super) const KIND: &str = "consent";

/// How a letter goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// By mail, to the people of the other side.
    Email,
    /// To the other side's node, as an act in the case.
    Node,
    /// As a notice on this machine's own screen, to nobody else.
    Notice,
    /// As a draft that the person sends with their own mail program.
    Draft,
}

impl Channel {
    /// The word in commands and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Node => "node",
            Self::Notice => "notice",
            Self::Draft => "draft",
        }
    }

    /// "by e-mail", "inside Counterpart".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Email => "by e-mail",
            Self::Node => "inside Counterpart",
            Self::Notice => "as a notice on your own screen",
            Self::Draft => "as a draft for your own mail program",
        }
    }
}

/// What a person said yes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub by: Channel,
    /// Unix milliseconds.
    pub given_at: i64,
    /// The words they were shown.
    pub text: String,
}

#[derive(Serialize, Deserialize)]
struct Body {
    by: Channel,
    text: String,
}

impl Desk {
    /// The standing consents in a case, oldest first.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn consents(&self, case: &CaseId) -> Result<Vec<Consent>, DeskError> {
        Ok(self.with_store(|store| consents(store, *case))?)
    }

    /// Lets letters in a case go out one way from now on. `text` are the words the person was shown; `now` in Unix
    /// milliseconds.
    ///
    /// # Errors
    /// A full or failing store.
    pub fn allow_letters(&self, case: &CaseId, by: Channel, text: &str, now: i64) -> Result<(), DeskError> {
        let body = serde_json::to_string(&Body { by, text: text.to_owned() }).expect("plain data");
        let row = NotebookRow {
            id: self.draw(),
            kind: KIND.to_owned(),
            case: Some(*case),
            whom: None,
            body,
            written_at: now,
        };
        self.with_store(|store| {
            store.write(|txn| {
                for known in consent_rows(txn, *case)?.into_iter().filter(|(_, consent)| consent.by == by) {
                    txn.delete_note(&known.0)?;
                }
                txn.put_note(&row)?;
                look_again(txn, *case)
            })
        })?;
        self.node_is_running();
        Ok(())
    }

    /// Ends that; tells whether there was such a consent. Letters that it let go and that are not out yet wait for a yes
    /// again.
    ///
    /// # Errors
    /// A full or failing store.
    pub fn revoke_letters(&self, case: &CaseId, by: Channel) -> Result<bool, DeskError> {
        let ended = self.with_store(|store| {
            store.write(|txn| {
                let mut ended = false;
                for (id, _) in consent_rows(txn, *case)?.into_iter().filter(|(_, consent)| consent.by == by) {
                    ended |= txn.delete_note(&id)?;
                }
                look_again(txn, *case)?;
                Ok::<_, StoreError>(ended)
            })
        })?;
        self.node_is_running();
        Ok(ended)
    }
}

pub(super) fn consents(reads: &Reads, case: CaseId) -> Result<Vec<Consent>, StoreError> {
    Ok(consent_rows(reads, case)?.into_iter().map(|(_, consent)| consent).collect())
}

fn consent_rows(reads: &Reads, case: CaseId) -> Result<Vec<([u8; 16], Consent)>, StoreError> {
    let rows = reads.notes_of_case(case)?;
    let read = |row: NotebookRow| {
        let Body { by, text } = serde_json::from_str(&row.body).ok()?;
        Some((row.id, Consent { by, given_at: row.written_at, text }))
    };
    Ok(rows.into_iter().filter(|row| row.kind == KIND).filter_map(read).collect())
}
