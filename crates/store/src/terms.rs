//! Words by which cases are found. What a word is, and which a text has, is not known here.
//!
//! In a file they are kept by the numbers that cases have there, and what some words have in common is found in memory: few
//! bytes, and none is slow, however many words begin alike. A shared store has a row for each case and word, beginning with
//! the case, since a number would have to be agreed on by all machines.

use counterpart_core::id::{CaseId, PartyId};

use crate::{
    Reads, StoreError, Txn,
    db::{Many, Param, Value, params, unsigned},
    error::signed,
    numbers::{self, Numbers},
};

/// The tables of words, that of open texts first.
pub(crate) const TABLES: [&str; 3] = ["terms", "sealed_terms", "sealed_terms_anew"];

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

/// What leads from the beginning of a word to numbers, in a file.
pub(crate) const NUMBERS_OF: [&str; 3] = [
    "SELECT block, cases FROM terms WHERE term >= ?1 AND term < ?2",
    "SELECT number, NULL FROM sealed_terms WHERE term >= ?1 AND term < ?2",
    "SELECT number, NULL FROM sealed_terms_anew WHERE term >= ?1 AND term < ?2",
];

fn bytes(value: Value<'_>) -> Result<&[u8], StoreError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(StoreError::Damaged { detail: "which cases have a word is not written in bytes".to_owned() }),
    }
}

impl Reads {
    /// How many words begin like this, in each case those that it has; counted up to `most`.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn spread_of(&self, beginning: &str, most: usize) -> Result<usize, StoreError> {
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let mut found = 0;
        for table in TABLES {
            let to = behind(beginning);
            if !self.is_shared() && table == TABLES[0] {
                let sql = "SELECT cases FROM terms WHERE term >= ?1 AND term < ?2 LIMIT ?3";
                self.each(sql, params![beginning, to, limit], |row| {
                    found += numbers::count(bytes(row.value(0)?)?)?;
                    Ok::<_, StoreError>(())
                })?;
                continue;
            }
            let sql = format!(
                "SELECT count(*) FROM (SELECT 1 FROM {table} WHERE term >= ?1 AND term < ?2 LIMIT ?3) AS found"
            );
            let count = self.row(&sql, params![beginning, to, limit], |row| row.get::<_, i64>(0))?;
            found += count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        }
        Ok(found.min(most))
    }

    /// The cases that have a word with this beginning, by their numbers in a file.
    pub(crate) fn numbers_of(&self, beginning: &str) -> Result<Numbers, StoreError> {
        let mut found = Numbers::default();
        let to = behind(beginning);
        for sql in NUMBERS_OF {
            self.each(sql, params![beginning, to], |row| {
                match row.value(1)? {
                    Value::Bytes(cases) => found.add_block(row.get(0)?, cases)?,
                    _ => found.add(row.get(0)?),
                }
                Ok::<_, StoreError>(())
            })?;
        }
        Ok(found)
    }

    /// The number that a case has in a file; nothing where it has no place in the list.
    fn number_of(&self, case: CaseId) -> Result<Option<i64>, StoreError> {
        self.row("SELECT number FROM queue WHERE case_id = ?1", params![case.0], |row| row.get(0))
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
    /// Adds words of a case that has a place in the list; gives how many of them are new to it. `sealed` says whether they
    /// stand in a value that can be erased.
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
        let Some(number) = self.number_of(case)? else { return Ok(0) };
        let mut new = 0;
        if !sealed {
            for term in terms {
                new += usize::from(self.add_open_term(number, term)?);
            }
            return Ok(new);
        }
        // What is yet to be moved over is not new.
        let sql = match self.second_side()? {
            false => {
                "INSERT INTO sealed_terms (term, number) SELECT ?1, ?2
                 WHERE NOT EXISTS (SELECT 1 FROM sealed_terms_anew WHERE number = ?2 AND term = ?1)
                 ON CONFLICT DO NOTHING"
            }
            true => {
                "INSERT INTO sealed_terms_anew (term, number) SELECT ?1, ?2
                 WHERE NOT EXISTS (SELECT 1 FROM sealed_terms WHERE number = ?2 AND term = ?1)
                 ON CONFLICT DO NOTHING"
            }
        };
        for term in terms {
            new += self.change(sql, params![term, number])?;
        }
        Ok(new)
    }

    /// Whether it is new to the case of that number.
    fn add_open_term(&self, number: i64, term: &str) -> Result<bool, StoreError> {
        let (block, place) = numbers::place(number);
        let sql = "SELECT cases FROM terms WHERE term = ?1 AND block = ?2";
        let new = match self.row(sql, params![term, block], |row| numbers::with(bytes(row.value(0)?)?, place))? {
            Some(new) => new,
            None => numbers::with(&[], place)?,
        };
        let Some(cases) = new else { return Ok(false) };
        self.change(
            "INSERT INTO terms (term, block, cases) VALUES (?1, ?2, ?3)
             ON CONFLICT (term, block) DO UPDATE SET cases = excluded.cases",
            params![term, block, cases],
        )?;
        Ok(true)
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
        let of_case = self.by_engine("number = (SELECT number FROM queue WHERE case_id = ?1)", "case_id = ?1");
        for table in &TABLES[1..] {
            self.change(&format!("DELETE FROM {table} WHERE {of_case}"), params![case.0])?;
        }
        self.change("UPDATE words_by SET sealed = 0 WHERE case_id = ?1", params![case.0])?;
        Ok(())
    }

    /// Lets go of all words, so that those of every case are found anew.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn forget_all_terms(&self) -> Result<(), StoreError> {
        for table in TABLES {
            self.change(&format!("DELETE FROM {table}"), [])?;
        }
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
        let last = format!("SELECT number, term FROM {from} ORDER BY number, term LIMIT 1 OFFSET ?1");
        let last = self.row(&last, params![SLICE], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        let Some((number, term)) = last else {
            let all = format!(
                "INSERT INTO {to} (number, term) SELECT number, term FROM {from} WHERE true
                 ORDER BY number, term ON CONFLICT DO NOTHING"
            );
            self.change(&all, [])?;
            // Without a condition: the first page of a table is overwritten only when all of it goes at once.
            self.change(&format!("DELETE FROM {from}"), [])?;
            return Ok(true);
        };
        let slice = "(number, term) < (?1, ?2)";
        let some = format!(
            "INSERT INTO {to} (number, term) SELECT number, term FROM {from} WHERE {slice}
             ORDER BY number, term ON CONFLICT DO NOTHING"
        );
        self.change(&some, params![number, term])?;
        self.change(&format!("DELETE FROM {from} WHERE {slice}"), params![number, term])?;
        Ok(false)
    }
}
