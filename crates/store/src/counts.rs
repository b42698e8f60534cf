//! How much there is, for whoever watches over it.

use crate::{Reads, StoreError, db::unsigned};

/// What a store holds, and what in it waits to go out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub cases: u64,
    /// Of all cases together, as their summaries count them.
    pub entries: u64,
    /// How many letters are in which state; what the states mean is not known here.
    pub letters: Vec<(String, u64)>,
    /// Cases of which some webhook is yet to be told; a case counts once for each hook.
    pub hooks_waiting: u64,
    /// Hooks that were switched off.
    pub hooks_off: u64,
}

impl Reads {
    /// Counts what is here: one row a case and letter is read, and no entry.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let sql = "SELECT (SELECT count(*) FROM case_summaries),
                          (SELECT CAST(coalesce(sum(entries), 0) AS BIGINT) FROM case_summaries),
                          (SELECT count(*) FROM hook_state),
                          (SELECT count(*) FROM hooks WHERE off IS NOT NULL)";
        let counts = self.row(sql, [], |row| {
            Ok(Counts {
                cases: unsigned(row, 0)?,
                entries: unsigned(row, 1)?,
                letters: Vec::new(),
                hooks_waiting: unsigned(row, 2)?,
                hooks_off: unsigned(row, 3)?,
            })
        })?;
        let sql = "SELECT state, count(*) FROM letters GROUP BY state ORDER BY state";
        let letters = self.rows(sql, [], |row| Ok((row.get(0)?, unsigned(row, 1)?)))?;
        Ok(Counts { letters, ..counts.unwrap_or_default() })
    }
}
