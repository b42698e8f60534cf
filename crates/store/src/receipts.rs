//! Receipts, ours and theirs.

use counterpart_core::id::{CaseId, DeviceKey, ReceiptId};

use crate::{
    ChangeKind, Inserted, Reads, StoreError, Txn,
    db::{params, unsigned},
    error::signed,
};

/// A receipt to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptRow<'a> {
    pub id: ReceiptId,
    pub case: CaseId,
    pub device: DeviceKey,
    pub number: u64,
    /// Signed here.
    pub own: bool,
    pub envelope: &'a [u8],
}

/// A receipt as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReceipt {
    pub id: ReceiptId,
    pub device: DeviceKey,
    pub number: u64,
    pub own: bool,
    pub envelope: Vec<u8>,
}

impl Reads {
    /// The receipts of `case`, in the order they came.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn receipts(&self, case: CaseId) -> Result<Vec<StoredReceipt>, StoreError> {
        let sql = "SELECT id, device, number, own, envelope FROM receipts WHERE case_id = ?1 ORDER BY arrival";
        self.rows(sql, params![case.0], |row| {
            Ok(StoredReceipt {
                id: ReceiptId(row.get(0)?),
                device: DeviceKey(row.get(1)?),
                number: unsigned(row, 2)?,
                own: row.get(3)?,
                envelope: row.get(4)?,
            })
        })
    }

    /// How many receipts there are of a case.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn receipt_count(&self, case: CaseId) -> Result<u64, StoreError> {
        let counted =
            self.row("SELECT count(*) FROM receipts WHERE case_id = ?1", params![case.0], |row| unsigned(row, 0))?;
        Ok(counted.unwrap_or_default())
    }

    /// How many receipts there are of each case that has any, by case id.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn receipt_counts(&self) -> Result<Vec<(CaseId, u64)>, StoreError> {
        let sql = "SELECT case_id, count(*) FROM receipts GROUP BY case_id ORDER BY case_id";
        self.rows(sql, [], |row| Ok((CaseId(row.get(0)?), unsigned(row, 1)?)))
    }

    /// The number and id of the latest receipt `device` signed here for `case`.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn last_own_receipt(&self, case: CaseId, device: DeviceKey) -> Result<Option<(u64, ReceiptId)>, StoreError> {
        let sql = "SELECT number, id FROM receipts WHERE case_id = ?1 AND device = ?2 AND own = 1
                   ORDER BY number DESC LIMIT 1";
        self.row(sql, params![case.0, device.0], |row| Ok((unsigned(row, 0)?, ReceiptId(row.get(1)?))))
    }

    /// The number of the latest one of every case for which `device` signed any here, by case.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn last_own_receipts(&self, device: DeviceKey) -> Result<Vec<(CaseId, u64)>, StoreError> {
        let sql =
            "SELECT case_id, max(number) FROM receipts WHERE own = 1 AND device = ?1 GROUP BY case_id ORDER BY case_id";
        self.rows(sql, params![device.0], |row| Ok((CaseId(row.get(0)?), unsigned(row, 1)?)))
    }
}

impl Txn<'_> {
    /// Stores a receipt, unless one with this id is there already.
    ///
    /// # Errors
    /// [`StoreError::ReceiptNumberTaken`] if it is own and this device has another own receipt of that number in
    /// this case; the transaction may go on. Else a full, damaged or failing store.
    pub fn insert_receipt(&self, receipt: &ReceiptRow<'_>) -> Result<Inserted, StoreError> {
        let number = signed(receipt.number)?;
        // The id alone says which it is; the case is where it lies.
        let known = "SELECT 1 FROM receipts WHERE case_id = ?1 AND id = ?2";
        if self.row(known, params![receipt.case.0, receipt.id.0], |_| Ok(()))?.is_some() {
            return Ok(Inserted::Already);
        }
        self.change_or(
            "INSERT INTO receipts (arrival, id, case_id, device, number, own, envelope) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![self.number(), receipt.id.0, receipt.case.0, receipt.device.0, number, receipt.own, receipt.envelope],
            || receipt.own.then_some(StoreError::ReceiptNumberTaken { number: receipt.number }),
        )?;
        let inserted = self.inserted()?;
        let kind = if receipt.own { ChangeKind::ReceiptSigned } else { ChangeKind::ReceiptReceived };
        self.note_change(receipt.case, kind, Some(receipt.id.0))?;
        Ok(inserted)
    }
}
