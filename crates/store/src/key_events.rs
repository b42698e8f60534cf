//! Key logs: the events of every party met in a shared case.

use counterpart_core::id::{EventId, PartyId};

use crate::{
    Inserted, Reads, StoreError, Txn,
    db::{Row, params, unsigned},
    error::signed,
};

/// An event of a key log to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyEventRow<'a> {
    pub id: EventId,
    pub party: PartyId,
    pub position: u64,
    pub envelope: &'a [u8],
}

/// An event of a key log as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKeyEvent {
    pub id: EventId,
    pub party: PartyId,
    pub position: u64,
    pub envelope: Vec<u8>,
}

impl Reads {
    /// How many key events there are, of everybody.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn key_event_count(&self) -> Result<u64, StoreError> {
        let counted = self.row("SELECT count(*) FROM key_events", [], |row| unsigned(row, 0))?;
        Ok(counted.unwrap_or_default())
    }

    /// The events of one party's log, by position; rivals at one position (a disputed identity) by id.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn key_events(&self, party: PartyId) -> Result<Vec<StoredKeyEvent>, StoreError> {
        let sql = "SELECT id, party, position, envelope FROM key_events WHERE party = ?1 ORDER BY position, id";
        self.rows(sql, params![party.0], key_event)
    }

    /// The events of all logs, by party, then position, then id.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn all_key_events(&self) -> Result<Vec<StoredKeyEvent>, StoreError> {
        let sql = "SELECT id, party, position, envelope FROM key_events ORDER BY party, position, id";
        self.rows(sql, [], key_event)
    }
}

fn key_event(row: &Row<'_>) -> Result<StoredKeyEvent, StoreError> {
    Ok(StoredKeyEvent {
        id: EventId(row.get(0)?),
        party: PartyId(row.get(1)?),
        position: unsigned(row, 2)?,
        envelope: row.get(3)?,
    })
}

impl Txn<'_> {
    /// Stores an event, unless it is there already. Rivals at one position are both kept: they are evidence.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn insert_key_event(&self, event: &KeyEventRow<'_>) -> Result<Inserted, StoreError> {
        let position = signed(event.position)?;
        let added = self.change(
            "INSERT INTO key_events (arrival, id, party, position, envelope) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO NOTHING",
            params![self.number(), event.id.0, event.party.0, position, event.envelope],
        )?;
        if added == 0 { Ok(Inserted::Already) } else { self.inserted() }
    }
}
