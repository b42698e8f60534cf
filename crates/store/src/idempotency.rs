//! What programs asked for under a key of their own choosing, and what became of it: asked again, it is done once.

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params},
};

/// The status of what a standing rule did, which is an answer to nobody.
pub const OF_A_RULE: u16 = 0;

/// Something that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedOnce {
    /// The hash of the token that asked.
    pub token: [u8; 32],
    /// The program's own word for it.
    pub key: String,
    /// Unix milliseconds.
    pub at: i64,
    /// The SHA-256 of what was asked: the same key for something else is a mistake.
    pub digest: [u8; 32],
    /// What became of it; nothing while it is under way, and for ever where it was broken off. Ids and no texts: what is
    /// erased from the record is not to be found here.
    pub outcome: Option<(u16, Vec<u8>)>,
}

impl Reads {
    /// What a token asked for under this key.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn asked_once(&self, token: &[u8; 32], key: &str) -> Result<Option<AskedOnce>, StoreError> {
        let sql = "SELECT token, key, at, digest, status, body FROM idempotency WHERE token = ?1 AND key = ?2";
        self.row(sql, params![token, key], asked_once)
    }
}

fn asked_once(row: &Row<'_>) -> Result<AskedOnce, StoreError> {
    let status: Option<u16> = row.get(4)?;
    let body: Option<Vec<u8>> = row.get(5)?;
    Ok(AskedOnce {
        token: row.get(0)?,
        key: row.get(1)?,
        at: row.get(2)?,
        digest: row.get(3)?,
        outcome: status.map(|status| (status, body.unwrap_or_default())),
    })
}

impl Txn<'_> {
    /// Notes that something is asked for; whether it was new.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_asked_once(&self, asked: &AskedOnce) -> Result<bool, StoreError> {
        let AskedOnce { token, key, at, digest, outcome } = asked;
        let (status, body) = outcome.as_ref().map(|(status, body)| (*status, body.as_slice())).unzip();
        let new = self.change(
            "INSERT INTO idempotency (token, key, at, digest, status, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (token, key) DO NOTHING",
            params![token, key, at, digest, status, body],
        )?;
        Ok(new == 1)
    }

    /// Notes what became of it.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn end_asked_once(&self, token: &[u8; 32], key: &str, status: u16, body: &[u8]) -> Result<(), StoreError> {
        let sql = "UPDATE idempotency SET status = ?3, body = ?4 WHERE token = ?1 AND key = ?2";
        self.change(sql, params![token, key, status, body])?;
        Ok(())
    }

    /// Forgets what was asked and did not happen: it may be asked again.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn drop_asked_once(&self, token: &[u8; 32], key: &str) -> Result<(), StoreError> {
        self.change("DELETE FROM idempotency WHERE token = ?1 AND key = ?2", params![token, key])?;
        Ok(())
    }

    /// Forgets what programs asked before a time, in Unix milliseconds. What a standing rule did is never forgotten: a clock
    /// that stood still for weeks may come to the same place again.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn forget_asked_once(&self, before: i64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM idempotency WHERE at < ?1 AND (status IS NULL OR status <> ?2)";
        self.change(sql, params![before, OF_A_RULE])
    }
}
