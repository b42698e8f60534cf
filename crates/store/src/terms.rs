//! Words by which cases are found. What a word is, and which a text has, is not known here.

use counterpart_core::id::CaseId;
use rusqlite::params;

use crate::{Reads, StoreError, Txn};

/// What comes behind all words that begin with this. No word holds the greatest of all characters, which means nothing.
pub(crate) fn behind(beginning: &str) -> String {
    format!("{beginning}{}", char::MAX)
}

impl Reads {
    /// In how many cases words begin like this, at least; counted up to `most`.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn spread_of(&self, beginning: &str, most: usize) -> Result<usize, StoreError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM terms WHERE term >= ?1 AND term < ?2 LIMIT ?3)";
        let sealed = "SELECT count(*) FROM (SELECT 1 FROM sealed_terms WHERE term >= ?1 AND term < ?2 LIMIT ?3)";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut found = 0;
        for sql in [sql, sealed] {
            let count = self.row(sql, params![beginning, behind(beginning), most], |row| row.get::<_, i64>(0))?;
            found += count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        }
        Ok(found)
    }
}

impl Txn<'_> {
    /// Adds words of a case; gives how many of them are new to it. `sealed` says whether they stand in a value that can
    /// be erased.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn add_terms<'t>(
        &self,
        case: CaseId,
        terms: impl IntoIterator<Item = &'t str>,
        sealed: bool,
    ) -> Result<usize, StoreError> {
        let sql = if sealed {
            "INSERT INTO sealed_terms (term, case_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        } else {
            "INSERT INTO terms (term, case_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        };
        let mut new = 0;
        for term in terms {
            new += self.change(sql, params![term, case.0])?;
        }
        Ok(new)
    }

    /// Takes out every word of a case's sealed values. Their bytes are gone with [`crate::Store::scrub`].
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn forget_sealed_terms(&self, case: CaseId) -> Result<(), StoreError> {
        self.change("DELETE FROM sealed_terms WHERE case_id = ?1", params![case.0])?;
        Ok(())
    }

    /// Lets go of all words, so that those of every case are found anew.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn forget_all_terms(&self) -> Result<(), StoreError> {
        self.change("DELETE FROM terms", [])?;
        self.change("DELETE FROM sealed_terms", [])?;
        self.change("UPDATE queue SET entries = 0, words = 0", [])?;
        self.change("INSERT INTO unindexed (case_id) SELECT case_id FROM queue WHERE true ON CONFLICT DO NOTHING", [])?;
        Ok(())
    }

    /// As for the values themselves: what SQLite leaves in pages that it moved rows out of is overwritten.
    pub(crate) fn rewrite_sealed_terms(&self) -> Result<(), StoreError> {
        self.change("CREATE TEMP TABLE kept_terms AS SELECT * FROM main.sealed_terms", [])?;
        self.change("DELETE FROM main.sealed_terms", [])?;
        self.change("INSERT INTO main.sealed_terms (case_id, term) SELECT case_id, term FROM temp.kept_terms", [])?;
        self.change("DROP TABLE temp.kept_terms", [])?;
        Ok(())
    }
}
