//! Whom this home's owner has made sure of: that an identity is the person or firm they mean, compared by telephone say.
//! Kept in the notebook; nobody is ever sent it.

use counterpart_core::id::PartyId;
use counterpart_store::NotebookRow;
use serde::{Deserialize, Serialize};

use crate::{desk::Desk, error::DeskError};

/// The kind of these notes.
const KIND: &str = "checked";

/// How it was made sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckedBy {
    Telephone,
    InPerson,
    Video,
    Other,
}

impl CheckedBy {
    pub const ALL: [Self; 4] = [Self::Telephone, Self::InPerson, Self::Video, Self::Other];

    /// The word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Telephone => "telephone",
            Self::InPerson => "in-person",
            Self::Video => "video",
            Self::Other => "other",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == word)
    }
}

/// That an identity was compared with what the other side said of itself, and it was the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    pub party: PartyId,
    pub by: CheckedBy,
    /// Unix milliseconds.
    pub at: i64,
}

#[derive(Serialize, Deserialize)]
struct Written {
    by: CheckedBy,
}

impl Check {
    fn read(row: &NotebookRow) -> Option<Self> {
        let party = PartyId::from_hex(row.whom.as_deref()?)?;
        let Written { by } = serde_json::from_str(&row.body).ok()?;
        Some(Self { party, by, at: row.written_at })
    }
}

impl Desk {
    /// Every identity that was checked, each once.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn checks(&self) -> Result<Vec<Check>, DeskError> {
        let rows = self.with_store(|store| store.notes_of_kind(KIND, None))?;
        Ok(rows.iter().filter_map(Check::read).collect())
    }

    /// Remembers that an identity was checked, in place of an earlier time; `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep_check(&self, party: &PartyId, by: CheckedBy, now: i64) -> Result<(), DeskError> {
        let whom = party.to_hex();
        self.with_store(|store| {
            store.write(|txn| {
                let known = txn.notes_of_kind(KIND, Some(&whom))?.first().map(|row| row.id);
                let id = match known {
                    Some(id) => id,
                    None => self.fresh_id(txn)?,
                };
                let body = serde_json::to_string(&Written { by }).unwrap_or_default();
                let kind = KIND.to_owned();
                txn.put_note(&NotebookRow { id, kind, case: None, whom: Some(whom), body, written_at: now })?;
                Ok(())
            })
        })
    }

    /// Forgets it; tells whether it was known.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn drop_check(&self, party: &PartyId) -> Result<bool, DeskError> {
        let whom = party.to_hex();
        self.with_store(|store| {
            store.write(|txn| {
                let mut gone = false;
                for row in txn.notes_of_kind(KIND, Some(&whom))? {
                    gone |= txn.delete_note(&row.id)?;
                }
                Ok(gone)
            })
        })
    }
}
