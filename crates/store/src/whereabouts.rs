//! Address records: where devices can be reached, of each its newest word. They concern all cases of a home.

use counterpart_core::id::{DeviceKey, PartyId};

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params, unsigned},
    error::signed,
};

/// Most devices of a party whose records are kept: those that came last.
const MAX_OF_PARTY: i64 = 64;

/// An address record as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredWhereabouts {
    /// Its place in the order of arrival: higher than that of whatever was stored before it.
    pub arrival: u64,
    pub party: PartyId,
    pub device: DeviceKey,
    pub number: u64,
    pub envelope: Vec<u8>,
}

fn stored(row: &Row<'_>) -> Result<StoredWhereabouts, StoreError> {
    Ok(StoredWhereabouts {
        arrival: unsigned(row, 0)?,
        party: PartyId(row.get(1)?),
        device: DeviceKey(row.get(2)?),
        number: unsigned(row, 3)?,
        envelope: row.get(4)?,
    })
}

impl Reads {
    /// The newest record of every device, in order of arrival.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn whereabouts(&self) -> Result<Vec<StoredWhereabouts>, StoreError> {
        self.rows("SELECT arrival, party, device, number, envelope FROM whereabouts ORDER BY arrival", [], stored)
    }

    /// The newest record of each of a party's devices, in order of arrival.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn whereabouts_of(&self, party: PartyId) -> Result<Vec<StoredWhereabouts>, StoreError> {
        let sql = "SELECT arrival, party, device, number, envelope FROM whereabouts WHERE party = ?1 ORDER BY arrival";
        self.rows(sql, params![party.0], stored)
    }
}

impl Txn<'_> {
    /// Puts a device's record in place of an earlier one, unless the one here has the same number or a higher one; gives
    /// whether it was put.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_whereabouts(
        &self,
        party: PartyId,
        device: DeviceKey,
        number: u64,
        envelope: &[u8],
    ) -> Result<bool, StoreError> {
        let here = "SELECT number FROM whereabouts WHERE party = ?1 AND device = ?2";
        let here = self.row(here, params![party.0, device.0], |row| unsigned(row, 0))?;
        if here.is_some_and(|here| here >= number) {
            return Ok(false);
        }
        self.forget_whereabouts(party, device)?;
        self.change(
            "INSERT INTO whereabouts (arrival, party, device, number, envelope) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![self.number(), party.0, device.0, signed(number)?, envelope],
        )?;
        self.change(
            "DELETE FROM whereabouts WHERE party = ?1 AND arrival NOT IN
             (SELECT arrival FROM whereabouts WHERE party = ?1 ORDER BY arrival DESC LIMIT ?2)",
            params![party.0, MAX_OF_PARTY],
        )?;
        Ok(true)
    }

    /// Throws away a device's record.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn forget_whereabouts(&self, party: PartyId, device: DeviceKey) -> Result<(), StoreError> {
        self.change("DELETE FROM whereabouts WHERE party = ?1 AND device = ?2", params![party.0, device.0])?;
        Ok(())
    }
}
