//! The steps of a case: kept in the notebook, dated from the record. What they mean is `counterpart_process`'s.

use counterpart_core::{
    graph::Ix,
    id::{CaseId, PartyId},
    record::Record,
    stamp::TimeStamp,
    view::View,
};
use counterpart_process::steps::{self, DatedStep, Path, Seen, Standing, Step};
use counterpart_store::{NotebookRow, Reads, Txn};
use jiff::tz::TimeZone;

use crate::{clock::now, desk::Desk, due::due_instant, error::DeskError, stamps::HeldStamp};

impl Desk {
    /// The steps kept for a case; none where there are none.
    ///
    /// # Errors
    /// When the store is damaged.
    pub fn steps(&self, case: &CaseId) -> Result<Path, DeskError> {
        self.with_store(|store| Ok(kept(store, case)?.1))
    }

    /// Keeps these steps for a case, in place of all that were kept.
    ///
    /// # Errors
    /// When they do not hold together, or the store cannot be written.
    pub fn put_steps(&self, case: &CaseId, steps: &[Step]) -> Result<(), DeskError> {
        self.with_store(|store| store.write(|txn| self.put_steps_in(txn, case, steps)))
    }

    /// The same within a transaction.
    ///
    /// # Errors
    /// As [`Desk::put_steps`].
    pub fn put_steps_in(&self, txn: &Txn<'_>, case: &CaseId, steps: &[Step]) -> Result<(), DeskError> {
        let id = self.draw();
        let (known, mut path) = kept(txn, case)?;
        path.steps = steps.to_vec();
        path.check()?;
        keep(txn, case, known.unwrap_or(id), &path)
    }

    /// Changes the steps of a case, whoever else does so at the same time.
    ///
    /// # Errors
    /// What `change` answers; when they do not hold together then, or the store cannot be written.
    pub fn change_steps<E: From<DeskError>>(
        &self,
        case: &CaseId,
        change: impl FnOnce(&mut Path) -> Result<(), E>,
    ) -> Result<(), E> {
        let id = self.draw();
        self.with_store(|store| {
            let mut refused = None;
            let written = store.write(|txn| {
                let (known, mut path) = kept(txn, case)?;
                if let Err(error) = change(&mut path) {
                    refused = Some(error);
                    return Ok(());
                }
                path.check()?;
                keep(txn, case, known.unwrap_or(id), &path)
            });
            match (refused, written) {
                (Some(error), _) => Err(error),
                (None, written) => Ok(written?),
            }
        })
    }

    /// The steps of a case with their dates, and where each stands at a time in Unix milliseconds. `record` is what
    /// [`Desk::record`] gave.
    ///
    /// # Errors
    /// When the store is damaged, or root certificates cannot be read.
    pub fn dated_steps(&self, record: &Record, view: &View, now: i64) -> Result<Vec<(DatedStep, Standing)>, DeskError> {
        let path = self.steps(&view.case)?;
        if path.steps.is_empty() {
            return Ok(Vec::new());
        }
        let stamps = self.stamps_over(record)?;
        Ok(dated(record, view, &self.party(), &stamps, &path, now))
    }
}

/// The steps with their dates.
pub(crate) fn dated(
    record: &Record,
    view: &View,
    own: &PartyId,
    stamps: &[HeldStamp],
    path: &Path,
    now: i64,
) -> Vec<(DatedStep, Standing)> {
    let believed: Vec<TimeStamp> = stamps.iter().filter_map(HeldStamp::proves).collect();
    let best = record.stamped(&believed);
    let stamped = |ix: Ix| believed.get((*best.get(ix.at())?)?).map(|stamp| stamp.at);
    let zone = TimeZone::get(&view.zone).unwrap_or(TimeZone::UTC);
    let proven = record.proven_times();
    let seen = Seen { record, view, own: *own, proven, stamped: &stamped, due: &due_instant, zone };
    steps::dated(&seen, path, now)
}

/// The note that holds the steps of a case, and the steps.
fn kept(reads: &Reads, case: &CaseId) -> Result<(Option<[u8; 16]>, Path), DeskError> {
    let Some(row) = reads.notes_of_case(*case)?.into_iter().find(|row| row.kind == steps::KIND) else {
        return Ok((None, Path::default()));
    };
    let damaged = |e: serde_json::Error| DeskError::Damaged { case: *case, why: format!("its steps: {e}") };
    Ok((Some(row.id), serde_json::from_str(&row.body).map_err(damaged)?))
}

fn keep(txn: &Txn<'_>, case: &CaseId, id: [u8; 16], path: &Path) -> Result<(), DeskError> {
    // Their dates are found again when they are next asked for.
    txn.put_step_dates(*case, None)?;
    if path.steps.is_empty() {
        txn.delete_note(&id)?;
        return Ok(());
    }
    let unwritable = |e: serde_json::Error| DeskError::Damaged { case: *case, why: format!("its steps: {e}") };
    let body = serde_json::to_string(path).map_err(unwritable)?;
    let kind = steps::KIND.to_owned();
    txn.put_note(&NotebookRow { id, kind, case: Some(*case), whom: None, body, written_at: now() })?;
    Ok(())
}
