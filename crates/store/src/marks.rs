//! What a store says of itself: that a copy into it has not come to its end, and whose it is.

use counterpart_core::id::PartyId;

use crate::{
    Reads, Store, StoreError, Txn,
    db::params,
    schema::{APPLICATION_ID, COPYING_ID},
};

/// How a shared store says that it is being copied into.
pub(crate) const COPYING: &str = "copying";
const PARTY: &str = "party";

/// How a shared store names its party: by the beginning of its id, which no other party has by chance.
fn shortened(party: PartyId) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = party.0;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Reads {
    fn said_party(&self) -> Result<Option<i64>, StoreError> {
        if !self.is_shared() {
            return Ok(None);
        }
        self.row("SELECT value FROM counterpart WHERE name = ?1", params![PARTY], |row| row.get(0))
    }

    /// Whether the first entry signed here is by a device that this party's key log does not name, and another one's does.
    /// An event names a device by the very bytes of its key.
    fn signed_for_another(&self, party: PartyId) -> Result<bool, StoreError> {
        let own = "SELECT device FROM entries WHERE own = 1 ORDER BY case_id, device, seq LIMIT 1";
        let Some(device) = self.row(own, [], |row| row.get::<_, [u8; 32]>(0))? else { return Ok(false) };
        let named = self.by_engine("instr(envelope, ?2)", "position(CAST(?2 AS BYTEA) IN envelope)");
        let any = |of: &str| {
            let sql = format!("SELECT 1 FROM key_events WHERE party {of} ?1 AND {named} > 0 LIMIT 1");
            self.row(&sql, params![party.0, device], |_| Ok(())).map(|found| found.is_some())
        };
        Ok(!any("=")? && any("<>")?)
    }
}

impl Store {
    /// Whether it is the store of this party. A shared one that says nothing of it yet, and in which nobody else signed, is
    /// this party's from now on. One in a file is in the home of whose it is: only what was signed in it is looked at.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn belongs_to(&mut self, party: PartyId) -> Result<bool, StoreError> {
        if let Some(said) = self.said_party()? {
            return Ok(said == shortened(party));
        }
        if self.signed_for_another(party)? {
            return Ok(false);
        }
        if !self.is_shared() {
            return Ok(true);
        }
        let said = self.write_again(|txn| {
            let sql = "INSERT INTO counterpart (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            txn.change(sql, params![PARTY, shortened(party)])
        });
        // Where nothing can be written, it is looked at again the next time.
        drop(said);
        Ok(self.said_party()?.is_none_or(|said| said == shortened(party)))
    }

    /// The copy into this store has come to its end, and holds what it should: it may be opened from now on.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn end_copy(&mut self) -> Result<(), StoreError> {
        self.write_again(|txn| {
            match txn.is_shared() {
                true => txn.change("DELETE FROM counterpart WHERE name = ?1", params![COPYING])?,
                false => txn.change(&format!("PRAGMA application_id = {APPLICATION_ID}"), [])?,
            };
            Ok(())
        })
    }
}

impl Txn<'_> {
    /// From now on nobody opens this store until [`Store::end_copy`].
    pub(crate) fn begin_copy(&self) -> Result<(), StoreError> {
        match self.is_shared() {
            true => {
                let sql = "INSERT INTO counterpart (name, value) VALUES (?1, 1) ON CONFLICT DO NOTHING";
                self.change(sql, params![COPYING])?
            }
            // By this the file is no store to earlier versions of the program, either.
            false => self.change(&format!("PRAGMA application_id = {COPYING_ID}"), [])?,
        };
        Ok(())
    }
}

/// What is refused where the mark stands: a file, or a shared store.
pub(crate) fn unfinished(place: String, shared: bool) -> StoreError {
    let emptied = if shared {
        "drop that database and make a new one, or drop the schema that its tables are in (DROP SCHEMA NAME CASCADE), \
         then copy again"
    } else {
        "delete that file, those beside it that end in -wal and -shm, and the folder `attachments`, then copy again"
    };
    StoreError::Unfinished { place, emptied }
}
