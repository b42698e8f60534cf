//! Edits of worksheets: drafts that several write at once. No evidence; old ones go.

use counterpart_core::{
    id::{CaseId, DeviceKey, EditId},
    worksheet::EpochId,
};

use crate::{
    Inserted, Reads, StoreError, Txn,
    db::{params, unsigned},
};

/// An edit to be stored.
#[derive(Debug, Clone, Copy)]
pub struct EditRow<'a> {
    pub case: CaseId,
    pub id: EditId,
    pub epoch: EpochId,
    pub device: DeviceKey,
    pub seq: u32,
    /// Made by this home's own device here.
    pub own: bool,
    pub envelope: &'a [u8],
}

/// An edit as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEdit {
    /// Its place in the order of arrival, which is a causal order.
    pub arrival: u64,
    pub id: EditId,
    pub envelope: Vec<u8>,
}

impl Reads {
    /// The edits of a case's worksheet that came after another, in order of arrival; 0 for all.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn edits_after(&self, case: CaseId, arrival: u64) -> Result<Vec<StoredEdit>, StoreError> {
        let sql = "SELECT arrival, id, envelope FROM edits WHERE case_id = ?1 AND arrival > ?2 ORDER BY arrival";
        let after = i64::try_from(arrival).unwrap_or(i64::MAX);
        self.rows(sql, params![case.0, after], |row| {
            Ok(StoredEdit { arrival: unsigned(row, 0)?, id: EditId(row.get(1)?), envelope: row.get(2)? })
        })
    }

    /// The place of the last edit of a case's worksheet, 0 if there is none.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn last_edit(&self, case: CaseId) -> Result<u64, StoreError> {
        let sql = "SELECT arrival FROM edits WHERE case_id = ?1 ORDER BY arrival DESC LIMIT 1";
        Ok(self.row(sql, params![case.0], |row| unsigned(row, 0))?.unwrap_or(0))
    }
}

impl Txn<'_> {
    /// Stores an edit, unless it is there already.
    ///
    /// # Errors
    /// [`StoreError::PositionTaken`] if it is own and this device has another own edit at that position of the epoch.
    /// Else a full, damaged or failing store.
    pub fn insert_edit(&self, edit: &EditRow<'_>) -> Result<Inserted, StoreError> {
        let known = "SELECT 1 FROM edits WHERE case_id = ?1 AND id = ?2";
        if self.row(known, params![edit.case.0, edit.id.0], |_| Ok(()))?.is_some() {
            return Ok(Inserted::Already);
        }
        let arrival = self.number_above(|| self.last_edit(edit.case))?;
        self.change_or(
            "INSERT INTO edits (arrival, case_id, id, epoch, epoch_id, device, seq, own, envelope)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                arrival,
                edit.case.0,
                edit.id.0,
                edit.epoch.number,
                edit.epoch.id_bytes(),
                edit.device.0,
                edit.seq,
                edit.own,
                edit.envelope
            ],
            || edit.own.then_some(StoreError::PositionTaken { seq: u64::from(edit.seq) }),
        )?;
        self.inserted()
    }

    /// Throws away the edits of all epochs that came before one.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn forget_edits_before(&self, case: CaseId, epoch: EpochId) -> Result<(), StoreError> {
        // Of two epochs with one number the one with the lower id is the later one.
        let sql = "DELETE FROM edits WHERE case_id = ?1 AND (epoch < ?2 OR (epoch = ?2 AND epoch_id > ?3))";
        self.change(sql, params![case.0, epoch.number, epoch.id_bytes()])?;
        Ok(())
    }
}
