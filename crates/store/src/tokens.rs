//! What lets programs in: of each token its hash, and what it may do.

use rusqlite::{Row, params};

use crate::{Reads, StoreError, Txn};

/// A token as it is kept. Its words are not: whoever reads the store can use none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// SHA-256 of its text.
    pub hash: [u8; 32],
    pub name: String,
    /// The agent's seat whose key signs for it; nothing for the home's own key.
    pub seat: Option<String>,
    /// What it may do: words, a space between them.
    pub scopes: String,
    /// Unix milliseconds, as all times here.
    pub made: i64,
    pub expires: Option<i64>,
    pub ended: Option<i64>,
    /// When it was last used, or a little earlier: not every use is noted.
    pub used: Option<i64>,
}

const COLUMNS: &str = "SELECT hash, name, seat, scopes, made, expires, ended, used FROM tokens";

impl Reads {
    /// All tokens, those that were ended among them, oldest first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        self.rows(&format!("{COLUMNS} ORDER BY made, name, hash"), [], token)
    }

    /// The token of this hash, ended or not.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn token(&self, hash: &[u8; 32]) -> Result<Option<TokenRow>, StoreError> {
        self.row(&format!("{COLUMNS} WHERE hash = ?1"), params![hash], token)
    }

    /// The token of this name that was not ended.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn token_called(&self, name: &str) -> Result<Option<TokenRow>, StoreError> {
        self.row(&format!("{COLUMNS} WHERE name = ?1 AND ended IS NULL"), params![name], token)
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        hash: row.get(0)?,
        name: row.get(1)?,
        seat: row.get(2)?,
        scopes: row.get(3)?,
        made: row.get(4)?,
        expires: row.get(5)?,
        ended: row.get(6)?,
        used: row.get(7)?,
    })
}

impl Txn<'_> {
    /// Keeps a new token; tells whether its name was free.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn insert_token(&self, row: &TokenRow) -> Result<bool, StoreError> {
        if self.token_called(&row.name)?.is_some() {
            return Ok(false);
        }
        self.change(
            "INSERT INTO tokens (hash, name, seat, scopes, made, expires, ended, used)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![row.hash, row.name, row.seat, row.scopes, row.made, row.expires, row.ended, row.used],
        )?;
        Ok(true)
    }

    /// Ends the token of this name; tells whether there was one.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn end_token(&self, name: &str, at: i64) -> Result<bool, StoreError> {
        Ok(self.change("UPDATE tokens SET ended = ?2 WHERE name = ?1 AND ended IS NULL", params![name, at])? > 0)
    }

    /// Ends all tokens of a seat.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn end_tokens_of(&self, seat: &str, at: i64) -> Result<(), StoreError> {
        self.change("UPDATE tokens SET ended = ?2 WHERE seat = ?1 AND ended IS NULL", params![seat, at])?;
        Ok(())
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn token_used(&self, hash: &[u8; 32], at: i64) -> Result<(), StoreError> {
        self.change("UPDATE tokens SET used = ?2 WHERE hash = ?1", params![hash, at])?;
        Ok(())
    }
}
