//! What lets programs in: of each token its hash, and what it may do.

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params},
};

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
    /// The token that made it; nothing where somebody at the machine did. It ends with that one.
    pub made_by: Option<[u8; 32]>,
    /// The first in that line: itself, where nobody made it over the API.
    pub root: [u8; 32],
}

/// Tokens that let somebody in at once, and of those that do not any more, how many are remembered: the newest.
const MOST: i64 = 1_000;

/// What became of a token that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKept {
    New,
    /// Another one that was not ended has its name.
    NameTaken,
    /// The one that makes it was ended meanwhile.
    MakerEnded,
    /// So many stand already.
    Full {
        most: i64,
    },
}

const COLUMNS: &str = "SELECT hash, name, seat, scopes, made, expires, ended, used, made_by, root FROM tokens";

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

fn token(row: &Row<'_>) -> Result<TokenRow, StoreError> {
    Ok(TokenRow {
        hash: row.get(0)?,
        name: row.get(1)?,
        seat: row.get(2)?,
        scopes: row.get(3)?,
        made: row.get(4)?,
        expires: row.get(5)?,
        ended: row.get(6)?,
        used: row.get(7)?,
        made_by: row.get(8)?,
        root: row.get(9)?,
    })
}

impl Txn<'_> {
    /// Keeps a new token, if it may be; tells what became of it. Of those that were ended or whose time is over by when it is
    /// made, the oldest are forgotten where there are many.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn insert_token(&self, row: &TokenRow) -> Result<TokenKept, StoreError> {
        if self.token_called(&row.name)?.is_some() {
            return Ok(TokenKept::NameTaken);
        }
        if let Some(maker) = &row.made_by
            && self.token(maker)?.is_none_or(|maker| maker.ended.is_some())
        {
            return Ok(TokenKept::MakerEnded);
        }
        self.change(
            // Named by what goes: asked row by row whether it is among the thousand that stay, a server would take long.
            "DELETE FROM tokens WHERE hash IN (
                 SELECT hash FROM tokens WHERE coalesce(ended, expires) <= ?1
                 ORDER BY coalesce(ended, expires) DESC, hash LIMIT 1000000 OFFSET ?2)",
            params![row.made, MOST],
        )?;
        let counted = "SELECT count(*) FROM tokens WHERE ended IS NULL AND (expires IS NULL OR expires > ?1)";
        let stand: Option<i64> = self.row(counted, params![row.made], |counted| counted.get(0))?;
        if stand.unwrap_or(0) >= MOST {
            return Ok(TokenKept::Full { most: MOST });
        }
        self.change(
            "INSERT INTO tokens (hash, name, seat, scopes, made, expires, ended, used, made_by, root)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                row.hash,
                row.name,
                row.seat,
                row.scopes,
                row.made,
                row.expires,
                row.ended,
                row.used,
                row.made_by,
                row.root
            ],
        )?;
        Ok(TokenKept::New)
    }

    /// Ends the token of this name, and those that were made by it, and by those in turn; tells whether there was one.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn end_token(&self, name: &str, at: i64) -> Result<bool, StoreError> {
        let ended = self.change(
            "WITH RECURSIVE gone (hash) AS (
                 SELECT hash FROM tokens WHERE name = ?1 AND ended IS NULL
                 UNION SELECT made.hash FROM tokens AS made JOIN gone ON made.made_by = gone.hash)
             UPDATE tokens SET ended = ?2 WHERE ended IS NULL AND hash IN (SELECT hash FROM gone)",
            params![name, at],
        )?;
        Ok(ended > 0)
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
