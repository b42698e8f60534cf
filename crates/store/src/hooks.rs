//! Whom to tell of changes over HTTP, and how far each was told, case by case.

use std::fmt;

use counterpart_core::id::CaseId;

use crate::{
    ChangeKind, Reads, StoreError, Txn,
    db::{Row, params, unsigned},
    error::signed,
};

/// One who is told. Its debug form does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct HookRow {
    pub name: String,
    pub url: String,
    pub secret: String,
    pub kinds: Vec<ChangeKind>,
    /// Whether it may be at an address that only this machine or its network reaches.
    pub private: bool,
    /// Unix milliseconds, as all times here.
    pub made: i64,
    /// The changes up to this number are not for it, or their cases are rows of [`HookCase`].
    pub seen: u64,
    pub standing: HookStanding,
}

/// How it stands with one who is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HookStanding {
    /// How often in a row it did not take what it was told.
    pub tries: u64,
    /// Since when it takes nothing.
    pub failing: Option<i64>,
    /// It is not told anything before this.
    pub next: i64,
    pub trouble: Option<String>,
    /// When it last took something.
    pub told: Option<i64>,
    /// When it was switched off, and why.
    pub off: Option<i64>,
    pub why: Option<String>,
}

impl fmt::Debug for HookRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookRow").field("name", &self.name).field("url", &self.url).finish_non_exhaustive()
    }
}

/// A case of which one is yet to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCase {
    pub hook: String,
    pub case: CaseId,
    /// The last change of the case that it was told of, or need not be.
    pub number: u64,
    pub tries: u64,
    /// It is told of the next one no sooner.
    pub next: i64,
    /// Until when somebody is telling it.
    pub taken: Option<i64>,
    /// Since when it does not take the next one.
    pub failing: Option<i64>,
    pub trouble: Option<String>,
}

const HOOK: &str =
    "SELECT name, url, secret, kinds, private, made, seen, tries, failing, next, trouble, told, off, why FROM hooks";
const CASE: &str = "SELECT hook, case_id, number, tries, next, taken, failing, trouble FROM hook_state";

impl Reads {
    /// All who are told, by name.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn hooks(&self) -> Result<Vec<HookRow>, StoreError> {
        self.rows(&format!("{HOOK} ORDER BY name"), [], hook)
    }

    /// One of them.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn hook(&self, name: &str) -> Result<Option<HookRow>, StoreError> {
        self.row(&format!("{HOOK} WHERE name = ?1"), params![name], hook)
    }

    /// The cases of which a hook may be told now and nobody is telling it, those that wait longest first, at most so many.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn hook_cases_due(&self, hook: &str, now: i64, most: usize) -> Result<Vec<HookCase>, StoreError> {
        let sql = format!(
            "{CASE} WHERE hook = ?1 AND next <= ?2 AND (taken IS NULL OR taken <= ?2) ORDER BY next, number LIMIT ?3"
        );
        self.rows(&sql, params![hook, now, i64::try_from(most).unwrap_or(i64::MAX)], hook_case)
    }

    /// How far a hook was told of a case; nothing where it was told all.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn hook_case(&self, hook: &str, case: CaseId) -> Result<Option<HookCase>, StoreError> {
        self.row(&format!("{CASE} WHERE hook = ?1 AND case_id = ?2"), params![hook, case.0], hook_case)
    }

    /// Until when somebody is telling a hook of every case that it is yet to be told of, the one that ends first; nothing
    /// where a case waits that nobody is telling it of, or none.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn hook_taken_until(&self, hook: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT CASE WHEN count(*) = count(taken) THEN min(taken) END FROM hook_state WHERE hook = ?1";
        Ok(self.row(sql, params![hook], |row| row.get(0))?.flatten())
    }

    /// In how many cases a hook is yet to be told something.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn hook_cases_waiting(&self, hook: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM hook_state WHERE hook = ?1";
        Ok(self.row(sql, params![hook], |row| unsigned(row, 0))?.unwrap_or(0))
    }
}

fn hook(row: &Row<'_>) -> Result<HookRow, StoreError> {
    let kinds: String = row.get(3)?;
    Ok(HookRow {
        name: row.get(0)?,
        url: row.get(1)?,
        secret: row.get(2)?,
        // Kinds of a later version are not for this one.
        kinds: kinds.split(' ').filter_map(ChangeKind::from_word).collect(),
        private: row.get(4)?,
        made: row.get(5)?,
        seen: unsigned(row, 6)?,
        standing: HookStanding {
            tries: unsigned(row, 7)?,
            failing: row.get(8)?,
            next: row.get(9)?,
            trouble: row.get(10)?,
            told: row.get(11)?,
            off: row.get(12)?,
            why: row.get(13)?,
        },
    })
}

fn hook_case(row: &Row<'_>) -> Result<HookCase, StoreError> {
    Ok(HookCase {
        hook: row.get(0)?,
        case: CaseId(row.get(1)?),
        number: unsigned(row, 2)?,
        tries: unsigned(row, 3)?,
        next: row.get(4)?,
        taken: row.get(5)?,
        failing: row.get(6)?,
        trouble: row.get(7)?,
    })
}

impl Txn<'_> {
    /// Adds one who is told; tells whether the name was free.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn insert_hook(&self, row: &HookRow) -> Result<bool, StoreError> {
        if self.hook(&row.name)?.is_some() {
            return Ok(false);
        }
        let kinds: Vec<&str> = row.kinds.iter().map(|kind| kind.as_str()).collect();
        self.change(
            "INSERT INTO hooks (name, url, secret, kinds, private, made, seen, tries, next)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0)",
            params![row.name, row.url, row.secret, kinds.join(" "), row.private, row.made, signed(row.seen)?],
        )?;
        Ok(true)
    }

    /// Forgets one; tells whether it was there.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn delete_hook(&self, name: &str) -> Result<bool, StoreError> {
        self.change("DELETE FROM hook_state WHERE hook = ?1", params![name])?;
        Ok(self.change("DELETE FROM hooks WHERE name = ?1", params![name])? > 0)
    }

    /// Notes how it stands with one.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_hook_standing(&self, name: &str, standing: &HookStanding) -> Result<(), StoreError> {
        self.change(
            "UPDATE hooks SET tries = ?2, failing = ?3, next = ?4, trouble = ?5, told = ?6, off = ?7, why = ?8
             WHERE name = ?1",
            params![
                name,
                signed(standing.tries)?,
                standing.failing,
                standing.next,
                standing.trouble,
                standing.told,
                standing.off,
                standing.why
            ],
        )?;
        Ok(())
    }

    /// Notes up to where the changes were sorted by case for it.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_hook_seen(&self, name: &str, seen: u64) -> Result<(), StoreError> {
        self.change("UPDATE hooks SET seen = ?2 WHERE name = ?1", params![name, signed(seen)?])?;
        Ok(())
    }

    /// Notes how far one was told of a case, in place of what was noted before.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_hook_case(&self, row: &HookCase) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO hook_state (hook, case_id, number, tries, next, taken, failing, trouble)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (case_id, hook) DO UPDATE
             SET number = excluded.number, tries = excluded.tries, next = excluded.next, taken = excluded.taken,
                 failing = excluded.failing, trouble = excluded.trouble",
            params![
                row.hook,
                row.case.0,
                signed(row.number)?,
                signed(row.tries)?,
                row.next,
                row.taken,
                row.failing,
                row.trouble
            ],
        )?;
        Ok(())
    }

    /// It was told all of a case.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn delete_hook_case(&self, hook: &str, case: CaseId) -> Result<(), StoreError> {
        self.change("DELETE FROM hook_state WHERE hook = ?1 AND case_id = ?2", params![hook, case.0])?;
        Ok(())
    }

    /// A hook takes again what it is told: what it did not take since then is told now.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn hook_takes_again(&self, hook: &str, since: i64, now: i64) -> Result<(), StoreError> {
        let sql = "UPDATE hook_state SET next = ?3 WHERE hook = ?1 AND failing >= ?2 AND next > ?3";
        self.change(sql, params![hook, since, now])?;
        Ok(())
    }
}
