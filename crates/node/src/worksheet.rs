//! The desk's part in drafting together: what is shown, and what a person changes in it.

use std::collections::BTreeMap;

use counterpart_core::{
    envelope::Verified,
    id::CaseId,
    worksheet::{EditError, Edited, RowId, SignedEdit, Wish, Worksheet, WorksheetState, WorksheetView},
};
use counterpart_store::{EditRow, Reads, Txn};

use crate::{desk::Desk, error::DeskError, load};

/// Worksheets that are kept in memory, so that a pause in typing costs one row of the store.
const KEPT: usize = 8;

/// Worksheets as of some point of the store.
#[derive(Debug, Default)]
pub(crate) struct Sheets {
    kept: BTreeMap<CaseId, Kept>,
    /// Counts what was asked for.
    turn: u64,
}

#[derive(Debug)]
struct Kept {
    sheet: Worksheet,
    /// The store's last edit that was looked at.
    arrival: u64,
    /// The store's last entry when this home was last found to be in the case.
    member_at: Option<u64>,
    turn: u64,
}

impl Sheets {
    /// A worksheet, brought up to what the store holds.
    fn current(&mut self, reads: &Reads, case: CaseId) -> Result<&mut Kept, DeskError> {
        self.turn += 1;
        if !self.kept.contains_key(&case) {
            if reads.entry_count(case)? == 0 {
                return Err(DeskError::UnknownCase(counterpart_core::id::short_form(&case.0)));
            }
            if self.kept.len() >= KEPT
                && let Some(oldest) = self.kept.iter().min_by_key(|(_, kept)| kept.turn).map(|(case, _)| *case)
            {
                self.kept.remove(&oldest);
            }
        }
        let kept = self.kept.entry(case).or_insert_with(|| Kept {
            sheet: Worksheet::new(case),
            arrival: 0,
            member_at: None,
            turn: 0,
        });
        kept.turn = self.turn;
        for stored in reads.edits_after(case, kept.arrival)? {
            kept.arrival = stored.arrival;
            if kept.sheet.holds(&stored.id) {
                continue;
            }
            let damaged = |why: String| DeskError::Damaged { case, why };
            let edit = SignedEdit::decode(&stored.envelope).map_err(|e| damaged(e.to_string()))?;
            kept.sheet.take(edit.from_own_store()).map_err(|e| damaged(e.to_string()))?;
        }
        Ok(kept)
    }
}

impl Desk {
    /// The worksheet of a case as it stands.
    ///
    /// # Errors
    /// When the case is not here, or the store is damaged.
    pub fn worksheet(&self, case: &CaseId) -> Result<WorksheetView, DeskError> {
        let mut sheets = self.sheets();
        let kept = self.with_store(|store| store.read(|reads| sheets.current(reads, *case)))?;
        Ok(kept.sheet.view().map_err(EditError::from)?)
    }

    /// The worksheet as it stood in a state that was shown: what a proposal is to be made of.
    ///
    /// # Errors
    /// When that state is not here: the worksheet was started afresh meanwhile. Or the store is damaged.
    pub fn worksheet_at(&self, case: &CaseId, shown: &WorksheetState) -> Result<WorksheetView, DeskError> {
        let mut sheets = self.sheets();
        let kept = self.with_store(|store| store.read(|reads| sheets.current(reads, *case)))?;
        Ok(kept.sheet.view_at(shown)?)
    }

    /// Changes the worksheet. What is wished is relative to the state that was `shown`, so what others did meanwhile
    /// stays. Durable when this returns; a running node is told and sends it at once. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub fn edit_worksheet(
        &self,
        case: &CaseId,
        shown: &WorksheetState,
        wishes: &[Wish],
        now: i64,
    ) -> Result<Edited, DeskError> {
        let (author, key) = (self.author(), &self.identity().device);
        self.change_worksheet(case, |sheet| sheet.edit(&author, key, shown, wishes, now))
    }

    /// Starts the worksheet afresh: empty, or with the rows as they stand now, removed ones left out. What was there
    /// before is thrown away on every copy.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub fn restart_worksheet(&self, case: &CaseId, keep: bool, now: i64) -> Result<Edited, DeskError> {
        let (author, key) = (self.author(), &self.identity().device);
        self.change_worksheet(case, |sheet| sheet.restart(&author, key, keep, now))
    }

    fn change_worksheet(
        &self,
        case: &CaseId,
        mut change: impl FnMut(&mut Worksheet) -> Result<(Vec<SignedEdit<Verified>>, Vec<RowId>), EditError>,
    ) -> Result<Edited, DeskError> {
        self.must_be_alone()?;
        let own_log = self.own_log()?;
        let author = self.author();
        if own_log.revocation_of(&author.party, &author.grant).is_some() {
            return Err(DeskError::GrantRevoked);
        }
        let mut sheets = self.sheets();
        let mut tried = false;
        let outcome = self.with_store(|store| {
            store.write_again(|txn| {
                if tried {
                    // What is in memory was ahead of the store.
                    sheets.kept.remove(case);
                }
                tried = true;
                let kept = sheets.current(txn, *case)?;
                let entries = txn.last_ordinal(*case)?;
                if kept.member_at != Some(entries) {
                    let record = load::load(txn, *case, author.party)?.record;
                    if !record.is_member(&author.party) {
                        return Err(EditError::NotMember.into());
                    }
                    kept.member_at = Some(entries);
                }
                let (edits, added) = change(&mut kept.sheet)?;
                for edit in &edits {
                    keep(txn, edit)?;
                    kept.arrival = txn.last_edit(*case)?;
                }
                Ok::<_, DeskError>((added, !edits.is_empty()))
            })
        });
        match outcome {
            Ok((added, changed)) => {
                if changed {
                    self.node_is_running();
                }
                let kept = sheets.kept.get_mut(case).expect("it was just changed");
                Ok(Edited { view: kept.sheet.view().map_err(EditError::from)?, added })
            }
            Err(why) => {
                // What is in memory may be ahead of the store.
                sheets.kept.remove(case);
                Err(why)
            }
        }
    }
}

/// Keeps an edit of ours; one that begins an epoch drives out those before.
fn keep(txn: &Txn<'_>, signed: &SignedEdit<Verified>) -> Result<(), DeskError> {
    let (edit, epoch) = (&signed.edit, signed.epoch());
    if edit.restarts() {
        txn.forget_edits_before(edit.case, epoch)?;
    }
    txn.insert_edit(&EditRow {
        case: edit.case,
        id: signed.id,
        epoch,
        device: edit.device,
        seq: edit.seq,
        own: true,
        envelope: signed.bytes(),
    })?;
    Ok(())
}
