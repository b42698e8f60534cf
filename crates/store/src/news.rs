//! What came into the store since it was last looked at, by whichever process: cheap to ask, however much there is.

use counterpart_core::id::{CaseId, DeviceKey, PartyId};

use crate::{
    Reads, StoreError,
    db::{Row, params, unsigned},
    error::signed,
    postgres::{self, News},
};

impl Reads {
    /// A number that changes whenever somebody else wrote: another process, or another handle of this one.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn others_version(&self) -> Result<u64, StoreError> {
        if let Some(postgres) = self.postgres() {
            let sql = "SELECT CAST(coalesce(sum(mark), 0) AS BIGINT) FROM writers WHERE writer <> ?1";
            return Ok(self.row(sql, params![postgres.writer()], |row| unsigned(row, 0))?.unwrap_or(0));
        }
        Ok(self.row("PRAGMA data_version", [], |row| unsigned(row, 0))?.unwrap_or(0))
    }

    /// A number that changes whenever anybody wrote to a shared store, this handle too; nothing of a store in a file, which tells it
    /// by itself.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn shared_version(&self) -> Result<Option<u64>, StoreError> {
        if !self.is_shared() {
            return Ok(None);
        }
        let sql = "SELECT CAST(coalesce(sum(mark), 0) AS BIGINT) FROM writers";
        self.row(sql, [], |row| unsigned(row, 0))
    }

    /// The highest ordinal of all, 0 where there is no entry. Where several machines write at once there is no highest one:
    /// then it is where [`Reads::cases_since`] is to go on, and within a transaction that changes something, 0.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn newest_ordinal(&self) -> Result<u64, StoreError> {
        if let Some(postgres) = self.postgres() {
            return postgres.place_in_time();
        }
        Ok(self.row("SELECT max(ordinal) FROM entries", [], number)?.unwrap_or(0))
    }

    /// The cases that got entries with an ordinal above this one.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn cases_since(&self, ordinal: u64) -> Result<Vec<CaseId>, StoreError> {
        if let Some(postgres) = self.postgres() {
            let sql = "SELECT case_id, max(ordinal) FROM entries WHERE ordinal > ?1 GROUP BY case_id";
            let after = postgres::looked_back(ordinal)?;
            let rows = self.rows(sql, params![after], |row| Ok((row.get::<_, [u8; 32]>(0)?, unsigned(row, 1)?)))?;
            return Ok(postgres.not_told(News::Cases, ordinal, rows).into_iter().map(CaseId).collect());
        }
        let sql = "SELECT DISTINCT case_id FROM entries NOT INDEXED WHERE ordinal > ?1";
        self.rows(sql, params![signed(ordinal)?], |row| Ok(CaseId(row.get(0)?)))
    }

    /// The place of the key event that came last, 0 where there is none; as [`Reads::newest_ordinal`] is.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn newest_key_event(&self) -> Result<u64, StoreError> {
        if let Some(postgres) = self.postgres() {
            return postgres.place_in_time();
        }
        Ok(self.row("SELECT max(arrival) FROM key_events", [], number)?.unwrap_or(0))
    }

    /// The parties whose key logs grew by events above this place.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn key_logs_since(&self, arrival: u64) -> Result<Vec<PartyId>, StoreError> {
        if let Some(postgres) = self.postgres() {
            let sql = "SELECT party, max(arrival) FROM key_events WHERE arrival > ?1 GROUP BY party";
            let after = postgres::looked_back(arrival)?;
            let rows = self.rows(sql, params![after], |row| Ok((row.get::<_, [u8; 32]>(0)?, unsigned(row, 1)?)))?;
            return Ok(postgres.not_told(News::KeyLogs, arrival, rows).into_iter().map(PartyId).collect());
        }
        let sql = "SELECT DISTINCT party FROM key_events NOT INDEXED WHERE arrival > ?1";
        self.rows(sql, params![signed(arrival)?], |row| Ok(PartyId(row.get(0)?)))
    }

    /// The devices of which address records came above this place in the order of arrival (0 for all), and the highest
    /// such place.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn whereabouts_since(&self, arrival: u64) -> Result<(Vec<(PartyId, DeviceKey)>, u64), StoreError> {
        if let Some(postgres) = self.postgres() {
            let now = postgres.place_in_time()?;
            let sql = "SELECT party, device, arrival FROM whereabouts WHERE arrival > ?1 ORDER BY arrival";
            let rows = self.rows(sql, params![postgres::looked_back(arrival)?], |row| {
                let mut both = [0; 64];
                both[..32].copy_from_slice(&row.get::<_, [u8; 32]>(0)?);
                both[32..].copy_from_slice(&row.get::<_, [u8; 32]>(1)?);
                Ok((both, unsigned(row, 2)?))
            })?;
            let devices = postgres.not_told(News::Whereabouts, arrival, rows).into_iter().filter_map(|both| {
                let (party, device) = both.split_first_chunk::<32>()?;
                Some((PartyId(*party), DeviceKey(device.try_into().ok()?)))
            });
            return Ok((devices.collect(), now));
        }
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

fn number(row: &Row<'_>) -> Result<u64, StoreError> {
    Ok(row.get::<_, Option<i64>>(0)?.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
}
