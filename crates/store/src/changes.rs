//! What came into the store, in one order over all cases: a cursor for programs that follow along.

use counterpart_core::id::CaseId;

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params, unsigned},
    error::signed,
};

/// What kind of thing came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// An entry signed here.
    ActSigned,
    /// An entry from elsewhere: the other side's, or another device's of our own.
    ActReceived,
    ReceiptSigned,
    ReceiptReceived,
    /// We asked to join a case.
    JoinAsked,
    /// That came to an end: we are in, or were refused, or gave up.
    JoinEnded,
    /// Something in a case was due and is not done, or a service clock ran out.
    CaseOverdue,
}

impl ChangeKind {
    pub const ALL: [Self; 7] = [
        Self::ActSigned,
        Self::ActReceived,
        Self::ReceiptSigned,
        Self::ReceiptReceived,
        Self::JoinAsked,
        Self::JoinEnded,
        Self::CaseOverdue,
    ];

    /// The word for it, in the store and for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActSigned => "act.signed",
            Self::ActReceived => "act.received",
            Self::ReceiptSigned => "receipt.signed",
            Self::ReceiptReceived => "receipt.received",
            Self::JoinAsked => "join.asked",
            Self::JoinEnded => "join.ended",
            Self::CaseOverdue => "case.overdue",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One thing that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place: 1, 2, 3 and so on, without a gap.
    pub number: u64,
    /// When it came in, Unix milliseconds by the clock of this machine.
    pub at: i64,
    pub case: CaseId,
    pub kind: ChangeKind,
    /// The id of the entry or receipt.
    pub what: Option<[u8; 32]>,
    /// What fell due, of [`ChangeKind::CaseOverdue`].
    pub due: Option<FellDue>,
}

/// A time at which something was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FellDue {
    /// Unix milliseconds.
    pub at: i64,
    /// What it was. What the text says is not known here.
    pub dues: String,
}

/// Changes that are given numbers by one statement.
const NUMBERED_AT_ONCE: usize = 1_000;

const COLUMNS: &str = "SELECT number, at, case_id, kind, what, due, dues FROM changes";

impl Reads {
    /// The changes above this number (0 for all), in order, at most so many. Of a shared store: within a transaction only those
    /// that were asked for before.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn changes(&self, after: u64, most: usize) -> Result<Vec<Change>, StoreError> {
        self.number_changes()?;
        let sql = format!("{COLUMNS} WHERE number > ?1 ORDER BY number LIMIT ?2");
        self.rows(&sql, params![signed(after)?, i64::try_from(most).unwrap_or(i64::MAX)], change)
    }

    /// The number of the newest change, 0 where there is none.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn newest_change(&self) -> Result<u64, StoreError> {
        self.number_changes()?;
        let newest = self.row("SELECT max(number) FROM changes", [], |row| row.get::<_, Option<i64>>(0))?;
        Ok(newest.flatten().and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
    }

    /// Gives every change its number that has none yet: on a shared store those who write do not wait for each other to agree on
    /// one. What comes late gets a late number, so whoever follows along misses nothing. Within a transaction it is left: those
    /// that have a number are what there is.
    pub(crate) fn number_changes(&self) -> Result<(), StoreError> {
        let Some(postgres) = self.postgres().filter(|postgres| !postgres.is_in_transaction()) else { return Ok(()) };
        let any = "SELECT 1 FROM changes WHERE number IS NULL LIMIT 1";
        // Others may be at it too: then the rule that no number is there twice ends one of us, which looks again.
        let number = format!(
            "UPDATE changes SET number = told.number FROM (
                 SELECT case_id, written, writer,
                        (SELECT coalesce(max(number), 0) FROM changes WHERE number IS NOT NULL)
                            + row_number() OVER (ORDER BY written, writer, case_id) AS number
                 FROM changes WHERE number IS NULL ORDER BY written, writer, case_id LIMIT {NUMBERED_AT_ONCE}) AS told
             WHERE changes.case_id = told.case_id AND changes.written = told.written AND changes.writer = told.writer
                 AND changes.number IS NULL"
        );
        while self.row(any, [], |_| Ok(()))?.is_some() {
            postgres.change_alone(&number)?;
        }
        Ok(())
    }

    /// The first change of a case above one number and up to another that is of one of these kinds.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn next_change_of(
        &self,
        case: CaseId,
        after: u64,
        up_to: u64,
        kinds: &[ChangeKind],
    ) -> Result<Option<Change>, StoreError> {
        if kinds.is_empty() {
            return Ok(None);
        }
        // Words of a closed list, hence nothing that could be mistaken for a part of the statement.
        let words: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.as_str())).collect();
        let sql = format!(
            "{COLUMNS} WHERE case_id = ?1 AND number > ?2 AND number <= ?3 AND kind IN ({}) ORDER BY number LIMIT 1",
            words.join(", ")
        );
        self.row(&sql, params![case.0, signed(after)?, signed(up_to)?], change)
    }
}

fn change(row: &Row<'_>) -> Result<Change, StoreError> {
    let word: String = row.get(3)?;
    let unknown = || StoreError::Damaged { detail: "a change is of a kind that this program does not know".to_owned() };
    Ok(Change {
        number: unsigned(row, 0)?,
        at: row.get(1)?,
        case: CaseId(row.get(2)?),
        kind: ChangeKind::from_word(&word).ok_or_else(unknown)?,
        what: row.get(4)?,
        due: match row.get::<_, Option<i64>>(5)? {
            Some(at) => Some(FellDue { at, dues: row.get(6)? }),
            None => None,
        },
    })
}

impl Txn<'_> {
    /// Notes that something came in, in the transaction that keeps it. Numbers are given here and not by the table's own
    /// counter: so a transaction that is undone leaves no gap.
    pub(crate) fn note_change(&self, case: CaseId, kind: ChangeKind, what: Option<[u8; 32]>) -> Result<(), StoreError> {
        self.note(case, kind, what, None)
    }

    /// The same of what fell due.
    pub(crate) fn note_overdue(&self, case: CaseId, due: &FellDue) -> Result<(), StoreError> {
        self.note(case, ChangeKind::CaseOverdue, None, Some(due))
    }

    fn note(
        &self,
        case: CaseId,
        kind: ChangeKind,
        what: Option<[u8; 32]>,
        due: Option<&FellDue>,
    ) -> Result<(), StoreError> {
        let (due, dues) = due.map(|due| (due.at, &due.dues)).unzip();
        if let Some(postgres) = self.postgres() {
            self.change(
                "INSERT INTO changes (case_id, written, writer, at, kind, what, due, dues)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![case.0, self.number(), postgres.writer(), self.now(), kind.as_str(), what, due, dues],
            )?;
            return Ok(());
        }
        let number = self.newest_change()?.saturating_add(1);
        self.change(
            "INSERT INTO changes (number, at, case_id, kind, what, due, dues) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![signed(number)?, self.now(), case.0, kind.as_str(), what, due, dues],
        )?;
        Ok(())
    }
}
