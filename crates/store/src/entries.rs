//! Entries: envelopes in the order they arrived here.

use counterpart_core::id::{CaseId, DeviceKey, EntryId};

use crate::{
    ChangeKind, Reads, StoreError, Txn,
    db::{Row, Value, params, unsigned},
    error::signed,
};

/// Entries read at once from a database that gives all rows of an answer together.
const PAGE: u32 = 500;

/// An entry to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRow<'a> {
    pub case: CaseId,
    pub id: EntryId,
    pub device: DeviceKey,
    pub seq: u64,
    /// Signed here. What a peer sends is never own, not even a second statement by one of our keys: that is a fork.
    pub own: bool,
    pub envelope: &'a [u8],
}

/// What became of an insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// Stored, under this number: it grows with every insert into the table and is never used twice.
    New(u64),
    /// Stored before; the first one is kept as it was.
    Already,
}

/// An entry as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    pub ordinal: u64,
    pub id: EntryId,
    pub envelope: Vec<u8>,
}

/// An entry as stored, its envelope still in the store's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredEntryRef<'a> {
    pub ordinal: u64,
    pub id: EntryId,
    pub envelope: &'a [u8],
}

impl StoredEntryRef<'_> {
    /// A copy that outlives the row.
    #[must_use]
    pub fn to_stored(self) -> StoredEntry {
        StoredEntry { ordinal: self.ordinal, id: self.id, envelope: self.envelope.to_vec() }
    }
}

impl Reads {
    /// The entries of `case` with an ordinal above `ordinal` (0 for all), in ordinal order. For a large case
    /// prefer [`Reads::for_each_entry`].
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn entries_after(&self, case: CaseId, ordinal: u64) -> Result<Vec<StoredEntry>, StoreError> {
        let mut entries = Vec::new();
        self.for_each_entry(case, ordinal, |entry| {
            entries.push(entry.to_stored());
            Ok::<_, StoreError>(())
        })?;
        Ok(entries)
    }

    /// Gives `visit` the entries of `case` with an ordinal above `after` (0 for all), in ordinal order and one at
    /// a time, and stops at its first error.
    ///
    /// # Errors
    /// What `visit` returns, else a damaged, busy or failing store.
    pub fn for_each_entry<E: From<StoreError>>(
        &self,
        case: CaseId,
        after: u64,
        mut visit: impl FnMut(StoredEntryRef<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        const SQL: &str =
            "SELECT ordinal, id, envelope FROM entries WHERE case_id = ?1 AND ordinal > ?2 ORDER BY ordinal";
        const PAGED: &str = "SELECT ordinal, id, envelope FROM entries WHERE case_id = ?1 AND ordinal > ?2
                             ORDER BY ordinal LIMIT ?3";
        let mut last = signed(after)?;
        let mut one = |row: &Row<'_>| {
            let ordinal = unsigned(row, 0)?;
            let id = EntryId(row.get(1)?);
            let Value::Bytes(envelope) = row.value(2)? else {
                return Err(StoreError::Damaged { detail: "an entry without bytes".to_owned() }.into());
            };
            visit(StoredEntryRef { ordinal, id, envelope })?;
            Ok::<_, E>(signed(ordinal)?)
        };
        if !self.is_shared() {
            return self.each(SQL, params![case.0, last], |row| one(row).map(drop));
        }
        loop {
            let (from, mut count) = (last, 0);
            self.each(PAGED, params![case.0, from, PAGE], |row| {
                (last, count) = (one(row)?, count + 1);
                Ok::<_, E>(())
            })?;
            if count < PAGE {
                return Ok(());
            }
        }
    }

    /// The highest ordinal in `case`, 0 if it has no entry: tells cheaply whether anything new has come.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn last_ordinal(&self, case: CaseId) -> Result<u64, StoreError> {
        let sql = "SELECT ordinal FROM entries WHERE case_id = ?1 ORDER BY ordinal DESC LIMIT 1";
        Ok(self.row(sql, params![case.0], |row| unsigned(row, 0))?.unwrap_or(0))
    }

    /// One entry.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn entry(&self, case: CaseId, id: EntryId) -> Result<Option<StoredEntry>, StoreError> {
        let sql = "SELECT ordinal, envelope FROM entries WHERE case_id = ?1 AND id = ?2";
        self.row(sql, params![case.0, id.0], |row| {
            Ok(StoredEntry { ordinal: unsigned(row, 0)?, id, envelope: row.get(1)? })
        })
    }

    /// How many entries `case` has.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn entry_count(&self, case: CaseId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM entries WHERE case_id = ?1";
        Ok(self.row(sql, params![case.0], |row| unsigned(row, 0))?.unwrap_or(0))
    }

    /// The highest position at which `device` has an own entry in `case`, and that entry: where the next own
    /// statement goes, whatever a view computed earlier says.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn last_own_entry(&self, case: CaseId, device: DeviceKey) -> Result<Option<(u64, EntryId)>, StoreError> {
        let sql = "SELECT seq, id FROM entries WHERE case_id = ?1 AND device = ?2 AND own = 1
                   ORDER BY seq DESC LIMIT 1";
        self.row(sql, params![case.0, device.0], |row| Ok((unsigned(row, 0)?, EntryId(row.get(1)?))))
    }

    /// The same of every case in which it has any, by case: all that `device` signed here, and so may never sign anew.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn last_own_entries(&self, device: DeviceKey) -> Result<Vec<(CaseId, u64, EntryId)>, StoreError> {
        let sql = "SELECT entries.case_id, entries.seq, entries.id FROM entries
                   JOIN (SELECT case_id, max(seq) AS last FROM entries WHERE own = 1 AND device = ?1 GROUP BY case_id) AS lasts
                   ON entries.case_id = lasts.case_id AND entries.seq = lasts.last
                   WHERE entries.own = 1 AND entries.device = ?1 ORDER BY entries.case_id";
        self.rows(sql, params![device.0], |row| Ok((CaseId(row.get(0)?), unsigned(row, 1)?, EntryId(row.get(2)?))))
    }

    /// Whether an entry is here, as one that was signed here.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn has_own_entry(&self, case: CaseId, id: EntryId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM entries WHERE case_id = ?1 AND id = ?2 AND own = 1";
        Ok(self.row(sql, params![case.0, id.0], |_| Ok(()))?.is_some())
    }

    /// Every case that has an entry, by id. Costs one look-up a case, however many entries there are.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn cases(&self) -> Result<Vec<CaseId>, StoreError> {
        const STEPPING: &str = "WITH RECURSIVE found (id) AS (
                       SELECT min(case_id) FROM entries
                       UNION ALL
                       SELECT (SELECT min(case_id) FROM entries WHERE case_id > found.id)
                       FROM found WHERE found.id IS NOT NULL)
                   SELECT id FROM found WHERE id IS NOT NULL";
        let sql = self.by_engine(STEPPING, "SELECT DISTINCT case_id FROM entries ORDER BY case_id");
        self.rows(sql, [], |row| Ok(CaseId(row.get(0)?)))
    }
}

impl Txn<'_> {
    /// Stores an entry, unless one with this id is there already.
    ///
    /// # Errors
    /// [`StoreError::PositionTaken`] if it is own and this device has another own entry at `seq` in this case;
    /// the transaction may go on. Else a full, damaged or failing store.
    pub fn insert_entry(&self, entry: &EntryRow<'_>) -> Result<Inserted, StoreError> {
        let seq = signed(entry.seq)?;
        if self.has_entry(entry.case, entry.id)? {
            return Ok(Inserted::Already);
        }
        let ordinal = self.number_above(|| self.last_ordinal(entry.case))?;
        self.change_or(
            "INSERT INTO entries (ordinal, case_id, id, device, seq, own, envelope) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![ordinal, entry.case.0, entry.id.0, entry.device.0, seq, entry.own, entry.envelope],
            // Others' entries break no rule of uniqueness.
            || entry.own.then_some(StoreError::PositionTaken { seq: entry.seq }),
        )?;
        let inserted = self.inserted()?;
        let kind = if entry.own { ChangeKind::ActSigned } else { ChangeKind::ActReceived };
        self.note_change(entry.case, kind, Some(entry.id.0))?;
        Ok(inserted)
    }

    /// Removes an entry that no longer counts (a surplus branch of a fork) and the values beside it; tells whether
    /// it was there.
    ///
    /// # Errors
    /// [`StoreError::OwnEntry`] for an own one. Else a full, damaged or failing store.
    pub fn remove_entry(&self, case: CaseId, id: EntryId) -> Result<bool, StoreError> {
        let sql = "SELECT own FROM entries WHERE case_id = ?1 AND id = ?2";
        match self.row(sql, params![case.0, id.0], |row| row.get::<_, bool>(0))? {
            None => return Ok(false),
            Some(true) => return Err(StoreError::OwnEntry),
            Some(false) => {}
        }
        self.change("DELETE FROM sealed_values WHERE case_id = ?1 AND entry = ?2", params![case.0, id.0])?;
        self.change("DELETE FROM entries WHERE case_id = ?1 AND id = ?2", params![case.0, id.0])?;
        Ok(true)
    }

    fn has_entry(&self, case: CaseId, id: EntryId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM entries WHERE case_id = ?1 AND id = ?2";
        Ok(self.row(sql, params![case.0, id.0], |_| Ok(()))?.is_some())
    }

    /// The number of the row just inserted.
    pub(crate) fn inserted(&self) -> Result<Inserted, StoreError> {
        self.last_number().map(Inserted::New)
    }
}
