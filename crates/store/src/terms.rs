//! Words by which cases are found. What a word is, and which a text has, is not known here.

use counterpart_core::id::{CaseId, PartyId};

use crate::{
    Reads, StoreError, Txn,
    db::{Many, Param, Value, params, unsigned},
    error::signed,
};

/// Words of sealed values that one transaction moves: others write in between.
const SLICE: i64 = 2_000;

/// Words that one statement adds where each goes over a line.
const TOGETHER: usize = 128;

/// How many words of a case a party brought in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WordsBy {
    pub open: u64,
    /// In values that can be erased.
    pub sealed: u64,
}

impl WordsBy {
    #[must_use]
    pub fn all(self) -> u64 {
        self.open.saturating_add(self.sealed)
    }
}

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
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut found = 0;
        for sql in [
            "SELECT count(*) FROM (SELECT 1 FROM terms WHERE term >= ?1 AND term < ?2 LIMIT ?3) AS found",
            "SELECT count(*) FROM (SELECT 1 FROM sealed_terms WHERE term >= ?1 AND term < ?2 LIMIT ?3) AS found",
            "SELECT count(*) FROM (SELECT 1 FROM sealed_terms_anew WHERE term >= ?1 AND term < ?2 LIMIT ?3) AS found",
        ] {
            let count = self.row(sql, params![beginning, behind(beginning), most], |row| row.get::<_, i64>(0))?;
            found += count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        }
        Ok(found)
    }

    /// How many words of a case each party brought in.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn words_by(&self, case: CaseId) -> Result<Vec<(PartyId, WordsBy)>, StoreError> {
        let sql = "SELECT party, open, sealed FROM words_by WHERE case_id = ?1 ORDER BY party";
        self.rows(sql, params![case.0], |row| {
            Ok((PartyId(row.get(0)?), WordsBy { open: unsigned(row, 1)?, sealed: unsigned(row, 2)? }))
        })
    }

    /// Whether words of sealed values go into the second of their tables.
    fn second_side(&self) -> Result<bool, StoreError> {
        Ok(self.row("SELECT side FROM scrubbing", [], |row| row.get::<_, i64>(0))? == Some(1))
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
        if self.is_shared() {
            return self.add_terms_together(case, terms, sealed);
        }
        let sql = match (sealed, sealed && self.second_side()?) {
            (false, _) => "INSERT INTO terms (term, case_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            // What is yet to be moved over is not new.
            (true, false) => {
                "INSERT INTO sealed_terms (term, case_id) SELECT ?1, ?2
                 WHERE NOT EXISTS (SELECT 1 FROM sealed_terms_anew WHERE case_id = ?2 AND term = ?1)
                 ON CONFLICT DO NOTHING"
            }
            (true, true) => {
                "INSERT INTO sealed_terms_anew (term, case_id) SELECT ?1, ?2
                 WHERE NOT EXISTS (SELECT 1 FROM sealed_terms WHERE case_id = ?2 AND term = ?1)
                 ON CONFLICT DO NOTHING"
            }
        };
        let mut new = 0;
        for term in terms {
            new += self.change(sql, params![term, case.0])?;
        }
        Ok(new)
    }

    /// The same, many with one statement: each goes over a line. Words of sealed values go into the first of their tables.
    fn add_terms_together<'t>(
        &self,
        case: CaseId,
        terms: impl IntoIterator<Item = &'t str>,
        sealed: bool,
    ) -> Result<usize, StoreError> {
        let mut terms: Vec<&str> = terms.into_iter().collect();
        terms.sort_unstable();
        terms.dedup();
        let into = if sealed { "sealed_terms" } else { "terms" };
        // What was copied here stands in the other table, and is not new.
        let known = match sealed {
            true => " WHERE NOT EXISTS (SELECT 1 FROM sealed_terms_anew AS a WHERE a.case_id = ?1 AND a.term = t.term)",
            false => "",
        };
        let mut new = 0;
        let mut left = terms.as_slice();
        while !left.is_empty() {
            // Few sizes: each is a statement that is kept prepared.
            let size = if left.len() >= TOGETHER { TOGETHER } else { 1 << left.len().ilog2() };
            let (now, later) = left.split_at(size);
            left = later;
            let places: Vec<String> = (0..size).map(|n| format!("(CAST(?{} AS TEXT))", n + 2)).collect();
            let sql = format!(
                "INSERT INTO {into} (case_id, term) SELECT CAST(?1 AS BYTEA), t.term FROM (VALUES {}) AS t (term){known}
                 ON CONFLICT DO NOTHING",
                places.join(", ")
            );
            let values: Vec<Value<'_>> = std::iter::once(case.0.value()).chain(now.iter().map(Param::value)).collect();
            new += self.change(&sql, Many(&values))?;
        }
        Ok(new)
    }

    /// Takes out every word of a case's sealed values. Their bytes are gone with [`crate::Store::scrub`].
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn forget_sealed_terms(&self, case: CaseId) -> Result<(), StoreError> {
        self.change("DELETE FROM sealed_terms WHERE case_id = ?1", params![case.0])?;
        self.change("DELETE FROM sealed_terms_anew WHERE case_id = ?1", params![case.0])?;
        self.change("UPDATE words_by SET sealed = 0 WHERE case_id = ?1", params![case.0])?;
        Ok(())
    }

    /// Lets go of all words, so that those of every case are found anew.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn forget_all_terms(&self) -> Result<(), StoreError> {
        self.change("DELETE FROM terms", [])?;
        self.change("DELETE FROM sealed_terms", [])?;
        self.change("DELETE FROM sealed_terms_anew", [])?;
        self.change("DELETE FROM words_by", [])?;
        self.change("UPDATE queue SET entries = 0, words = 0", [])?;
        self.change("INSERT INTO unindexed (case_id) SELECT case_id FROM queue WHERE true ON CONFLICT DO NOTHING", [])?;
        Ok(())
    }

    /// Says how many words of a case a party brought in.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_words_by(&self, case: CaseId, party: PartyId, words: WordsBy) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO words_by (case_id, party, open, sealed) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (case_id, party) DO UPDATE SET open = excluded.open, sealed = excluded.sealed",
            params![case.0, party.0, signed(words.open)?, signed(words.sealed)?],
        )?;
        Ok(())
    }

    /// From now on the words of sealed values go into the other table, which is empty.
    pub(crate) fn turn_sealed_terms(&self) -> Result<(), StoreError> {
        self.change("UPDATE scrubbing SET side = 1 - side", [])?;
        Ok(())
    }

    /// Moves a slice of the words of sealed values to the table where new ones go; gives whether all of them are there.
    /// As for the values themselves, SQLite leaves copies in pages that it moved rows out of; a table that is emptied frees
    /// its pages, and freed pages are overwritten whole.
    pub(crate) fn move_sealed_terms(&self) -> Result<bool, StoreError> {
        let (from, to) = match self.second_side()? {
            true => ("sealed_terms", "sealed_terms_anew"),
            false => ("sealed_terms_anew", "sealed_terms"),
        };
        let last = format!("SELECT case_id, term FROM {from} ORDER BY case_id, term LIMIT 1 OFFSET ?1");
        let last = self.row(&last, params![SLICE], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, String>(1)?)))?;
        let Some((case, term)) = last else {
            let all = format!(
                "INSERT INTO {to} (case_id, term) SELECT case_id, term FROM {from} WHERE true
                 ORDER BY case_id, term ON CONFLICT DO NOTHING"
            );
            self.change(&all, [])?;
            // Without a condition: the first page of a table is overwritten only when all of it goes at once.
            self.change(&format!("DELETE FROM {from}"), [])?;
            return Ok(true);
        };
        let slice = "(case_id, term) < (?1, ?2)";
        let some = format!(
            "INSERT INTO {to} (case_id, term) SELECT case_id, term FROM {from} WHERE {slice}
             ORDER BY case_id, term ON CONFLICT DO NOTHING"
        );
        self.change(&some, params![case, term])?;
        self.change(&format!("DELETE FROM {from} WHERE {slice}"), params![case, term])?;
        Ok(false)
    }
}
