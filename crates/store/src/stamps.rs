//! Time stamps over cases, and what waits for one.

use counterpart_core::{
    id::{CaseId, EntryId},
    stamp::KeptStamp,
};

use crate::{Inserted, Reads, StoreError, Txn, db::params};

/// An entry that is to be covered by a time stamp, because something was agreed by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedStamp {
    pub case: CaseId,
    pub entry: EntryId,
    /// Since when, Unix milliseconds.
    pub since: i64,
    /// Why the last try failed, for people to read; nothing before the first.
    pub trouble: Option<String>,
}

impl Reads {
    /// The time stamps over a case, in the order they came.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn stamps(&self, case: CaseId) -> Result<Vec<KeptStamp>, StoreError> {
        let sql = "SELECT heads, token FROM stamps WHERE case_id = ?1 ORDER BY arrival";
        self.rows(sql, params![case.0], |row| {
            let heads: Vec<u8> = row.get(0)?;
            let (heads, _none) = heads.as_chunks::<32>();
            Ok(KeptStamp { heads: heads.iter().map(|head| EntryId(*head)).collect(), token: row.get(1)? })
        })
    }

    /// What waits for a time stamp, in all cases; the longest waiting first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn wanted_stamps(&self) -> Result<Vec<WantedStamp>, StoreError> {
        let sql = "SELECT case_id, entry, since, trouble FROM wanted_stamps ORDER BY since, case_id, entry";
        self.rows(sql, [], |row| {
            Ok(WantedStamp {
                case: CaseId(row.get(0)?),
                entry: EntryId(row.get(1)?),
                since: row.get(2)?,
                trouble: row.get(3)?,
            })
        })
    }
}

impl Txn<'_> {
    /// Stores a time stamp, unless it is there already.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn insert_stamp(&self, case: CaseId, stamp: &KeptStamp) -> Result<Inserted, StoreError> {
        let id = stamp.id();
        let known = "SELECT 1 FROM stamps WHERE case_id = ?1 AND id = ?2";
        if self.row(known, params![case.0, id.0], |_| Ok(()))?.is_some() {
            return Ok(Inserted::Already);
        }
        let heads: Vec<u8> = stamp.heads.iter().flat_map(|head| head.0).collect();
        let sql = "INSERT INTO stamps (arrival, id, case_id, heads, token) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.change(sql, params![self.number(), id.0, case.0, heads, stamp.token])?;
        self.inserted()
    }

    /// Remembers that an entry is to be covered by a time stamp. Asked for twice, the first time counts.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn want_stamp(&self, case: CaseId, entry: EntryId, since: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO wanted_stamps (case_id, entry, since) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.change(sql, params![case.0, entry.0, since])?;
        Ok(())
    }

    /// Remembers why what waits in a case got no time stamp.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn stamp_failed(&self, case: CaseId, trouble: &str) -> Result<(), StoreError> {
        self.change("UPDATE wanted_stamps SET trouble = ?2 WHERE case_id = ?1", params![case.0, trouble])?;
        Ok(())
    }

    /// An entry has its time stamp, or needs none any more.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn end_wanted_stamp(&self, case: CaseId, entry: EntryId) -> Result<(), StoreError> {
        self.change("DELETE FROM wanted_stamps WHERE case_id = ?1 AND entry = ?2", params![case.0, entry.0])?;
        Ok(())
    }
}
