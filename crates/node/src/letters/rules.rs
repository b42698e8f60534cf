//! The rules of a case, in the notebook.

use counterpart_core::id::CaseId;
use counterpart_process::{reminder::KeptRule, rule::Rule};
use counterpart_store::{NotebookRow, Reads, StoreError};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::plan::look_again;
use crate::{desk::Desk, error::DeskError};

pub(super) const KIND: &str = "reminder";

#[derive(Serialize, Deserialize)]
struct Body {
    rule: Rule,
}

impl Desk {
    /// Keeps rules for a case, beside those it has. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When one of them cannot be kept, or the store is full or fails; none is kept then.
    pub fn put_rules(&self, case: &CaseId, rules: &[Rule], now: i64) -> Result<(), DeskError> {
        for rule in rules {
            rule.check().map_err(|e| DeskError::Text(e.to_string()))?;
        }
        // Listed in the order they were given: a millisecond apart.
        let row = |(after, rule): (i64, &Rule)| NotebookRow {
            id: self.draw(),
            kind: KIND.to_owned(),
            case: Some(*case),
            whom: None,
            body: serde_json::to_string(&Body { rule: rule.clone() }).expect("a rule is plain data"),
            written_at: now + after,
        };
        let rows: Vec<NotebookRow> = (0..).zip(rules).map(row).collect();
        self.with_store(|store| {
            store.write(|txn| {
                rows.iter().try_for_each(|row| txn.put_note(row))?;
                look_again(txn, *case)
            })
        })?;
        self.node_is_running();
        Ok(())
    }

    /// The rules of a case, oldest first; people count them from 1.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn rules(&self, case: &CaseId) -> Result<Vec<KeptRule>, DeskError> {
        Ok(self.with_store(|store| rules(store, *case))?)
    }

    /// Takes a rule out; tells whether it was there. Letters by it that are not out yet are not sent.
    ///
    /// # Errors
    /// A full or failing store.
    pub fn remove_rule(&self, case: &CaseId, rule: &KeptRule) -> Result<bool, DeskError> {
        let id: Option<[u8; 16]> = HEXLOWER.decode(rule.id.as_bytes()).ok().and_then(|id| id.try_into().ok());
        let Some(id) = id else { return Ok(false) };
        let removed = self.with_store(|store| {
            store.write(|txn| {
                let removed = txn.delete_note(&id)?;
                look_again(txn, *case)?;
                Ok::<_, StoreError>(removed)
            })
        })?;
        self.node_is_running();
        Ok(removed)
    }
}

pub(super) fn rules(reads: &Reads, case: CaseId) -> Result<Vec<KeptRule>, StoreError> {
    let read = |row: NotebookRow| {
        let Body { rule } = serde_json::from_str(&row.body).ok()?;
        rule.check().ok()?;
        Some(KeptRule { id: HEXLOWER.encode(&row.id), since: row.written_at, rule })
    };
    let rows = reads.notes_of_case(case)?;
    Ok(rows.into_iter().filter(|row| row.kind == KIND).filter_map(read).collect())
}
