//! What came into the store since it was last looked at, by whichever process: cheap to ask, however much there is.

use counterpart_core::id::{CaseId, DeviceKey, PartyId};
use rusqlite::params;

use crate::{Reads, StoreError, error::signed, txn::unsigned};

impl Reads {
    /// A number that changes whenever somebody else wrote: another process, or another handle of this one.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn others_version(&self) -> Result<u64, StoreError> {
        Ok(self.row("PRAGMA data_version", [], |row| unsigned(row, 0))?.unwrap_or(0))
    }

    /// The highest ordinal of all, 0 where there is no entry.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn newest_ordinal(&self) -> Result<u64, StoreError> {
        Ok(self.row("SELECT max(ordinal) FROM entries", [], number)?.unwrap_or(0))
    }

    /// The cases that got entries with an ordinal above this one.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn cases_since(&self, ordinal: u64) -> Result<Vec<CaseId>, StoreError> {
        let sql = "SELECT DISTINCT case_id FROM entries NOT INDEXED WHERE ordinal > ?1";
        self.rows(sql, params![signed(ordinal)?], |row| Ok(CaseId(row.get(0)?)))
    }

    /// The place of the key event that came last, 0 where there is none.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn newest_key_event(&self) -> Result<u64, StoreError> {
        Ok(self.row("SELECT max(arrival) FROM key_events", [], number)?.unwrap_or(0))
    }

    /// The parties whose key logs grew by events above this place.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn key_logs_since(&self, arrival: u64) -> Result<Vec<PartyId>, StoreError> {
        let sql = "SELECT DISTINCT party FROM key_events NOT INDEXED WHERE arrival > ?1";
        self.rows(sql, params![signed(arrival)?], |row| Ok(PartyId(row.get(0)?)))
    }

    /// The devices of which address records came above this place in the order of arrival (0 for all), and the highest
    /// such place.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn whereabouts_since(&self, arrival: u64) -> Result<(Vec<(PartyId, DeviceKey)>, u64), StoreError> {
        let sql = "SELECT party, device, arrival FROM whereabouts NOT INDEXED WHERE arrival > ?1 ORDER BY arrival";
        let rows = self.rows(sql, params![signed(arrival)?], |row| {
            Ok((PartyId(row.get(0)?), DeviceKey(row.get(1)?), unsigned(row, 2)?))
        })?;
        let newest = rows.last().map_or(arrival, |(.., newest)| *newest);
        Ok((rows.into_iter().map(|(party, device, _)| (party, device)).collect(), newest))
    }

    /// The cases in which addresses of a party are known.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn cases_with_addresses_of(&self, party: PartyId) -> Result<Vec<CaseId>, StoreError> {
        let sql = "SELECT DISTINCT case_id FROM peers WHERE party = ?1";
        self.rows(sql, params![party.0], |row| Ok(CaseId(row.get(0)?)))
    }
}

fn number(row: &rusqlite::Row<'_>) -> rusqlite::Result<u64> {
    Ok(row.get::<_, Option<i64>>(0)?.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
}
