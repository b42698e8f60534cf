//! The rules of a case, in the notebook.

use counterpart_core::id::CaseId;
use counterpart_process::{reminder::KeptRule, rule::Rule};
use counterpart_store::{NotebookRow, Reads, StoreError, Txn};
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
        self.with_store(|store| store.write(|txn| self.put_rules_in(txn, case, rules, now)))?;
        self.node_is_running();
        Ok(())
    }

    /// The same within a transaction.
    ///
    /// # Errors
    /// As [`Desk::put_rules`].
    pub fn put_rules_in(&self, txn: &Txn<'_>, case: &CaseId, rules: &[Rule], now: i64) -> Result<(), DeskError> {
        for rule in rules {
            rule.check().map_err(|e| DeskError::Text(e.to_string()))?;
        }
        // Listed in the order they were given: a millisecond apart.
        for (after, rule) in (0..).zip(rules) {
            txn.put_note(&NotebookRow {
                id: self.draw(),
                kind: KIND.to_owned(),
                case: Some(*case),
                whom: None,
                body: serde_json::to_string(&Body { rule: rule.clone() }).expect("a rule is plain data"),
                written_at: now + after,
            })?;
        }
        Ok(look_again(txn, *case)?)
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
