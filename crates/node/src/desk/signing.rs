//! Signing at the desk: reading the heads, signing and storing are one transaction.

use std::time::{Duration, Instant};

use counterpart_core::{
    act::Act,
    id::{CaseId, EntryId},
    record::{Draft, DraftError, Record, Signed},
    seal::path_to_value,
};
use counterpart_store::{EntryRow, StoreError, Txn};

use super::{Desk, put_summary};
use crate::{beside::Erasing, error::DeskError, home, limits, load, metrics};

/// How often an act is signed anew where other machines of ours write to the same case.
const CONFLICTS: u32 = 20;
/// And for how long at most.
const LONGEST: Duration = Duration::from_secs(30);

impl Desk {
    /// What an act would become, without signing: passes gate and fold, and every value to be agreed is here.
    ///
    /// # Errors
    /// Why it would not be signed.
    pub fn preview(&self, record: &Record, act: &Act, now: i64) -> Result<Draft, DeskError> {
        self.must_be_alone()?;
        limits::check(record, &self.identity.author, act, now)?;
        Ok(record.draft(&self.identity.author, act, now, &mut || self.draw())?)
    }

    /// Signs an act and keeps it: reading the heads, signing and storing are one transaction, durable when this
    /// returns. A running node is told.
    ///
    /// # Errors
    /// Why it was not signed; nothing was changed then.
    pub fn sign(&self, case: &CaseId, act: &Act, now: i64) -> Result<(Record, Signed), DeskError> {
        let mut record = self.record(case)?;
        let signed = self.sign_on(case, &mut record, act, now)?;
        Ok((record, signed))
    }

    /// As [`Desk::sign`], on a record that [`Desk::record`] gave: spares reading the case again unless somebody
    /// else wrote to it meanwhile.
    ///
    /// # Errors
    /// Why it was not signed; nothing was stored then. The record given may be ahead of the store: sign nothing
    /// more on it.
    pub fn sign_on(&self, case: &CaseId, record: &mut Record, act: &Act, now: i64) -> Result<Signed, DeskError> {
        let signed = self.until_alone(case, record, |record| {
            self.locked().write(|txn| {
                self.ready(txn, case, record)?;
                self.sign_in(txn, case, record, act, now)
            })
        })?;
        if matches!(act, Act::Erased { .. }) && !self.leaves_chores {
            // Signed is signed: what cannot be done just now is done later, see there.
            drop(self.do_chores());
        }
        self.node_is_running();
        Ok(signed)
    }

    /// Where machines share a store they wait in no line: who was too slow all the time may be luckier the next time.
    fn tries_again(&self, why: &StoreError) -> bool {
        *why == StoreError::Conflict || self.locked().is_shared()
    }

    /// As [`Desk::sign_on`], for acts that stand or fall together: all of them and what `also` keeps are one transaction.
    /// `next` makes each act, knowing what was signed before it, and ends with nothing. None of them may be `erased`.
    ///
    /// # Errors
    /// Why they were not signed, or what `also` answers; nothing was stored then. The record given may be ahead of the
    /// store: sign nothing more on it.
    pub fn sign_together(
        &self,
        case: &CaseId,
        record: &mut Record,
        mut next: impl FnMut(&[Signed]) -> Option<Act>,
        also: impl FnOnce(&Txn<'_>, &[Signed]) -> Result<(), DeskError>,
        now: i64,
    ) -> Result<Vec<Signed>, DeskError> {
        let signed = self.locked().write(|txn| {
            self.ready(txn, case, record)?;
            let mut signed = Vec::new();
            while let Some(act) = next(&signed) {
                signed.push(self.sign_in(txn, case, record, &act, now)?);
            }
            also(txn, &signed)?;
            Ok::<_, DeskError>(signed)
        })?;
        self.node_is_running();
        Ok(signed)
    }

    /// As [`Desk::sign_together`], and where another machine that shares the store wrote to the case at the same moment, from
    /// the beginning again: `also` must do the same each time but for what it is given.
    ///
    /// # Errors
    /// As [`Desk::sign_together`].
    pub fn sign_together_again(
        &self,
        case: &CaseId,
        record: &mut Record,
        mut next: impl FnMut(&[Signed]) -> Option<Act>,
        mut also: impl FnMut(&Txn<'_>, &[Signed]) -> Result<(), DeskError>,
        now: i64,
    ) -> Result<Vec<Signed>, DeskError> {
        self.until_alone(case, record, |record| self.sign_together(case, record, &mut next, &mut also, now))
    }

    /// Signs, and where another machine of ours wrote to the case at the same moment, again on what is there by then.
    fn until_alone<T>(
        &self,
        case: &CaseId,
        record: &mut Record,
        mut sign: impl FnMut(&mut Record) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        let (mut tries, begun) = (0, Instant::now());
        loop {
            match sign(record) {
                Err(DeskError::Store(why @ (StoreError::Conflict | StoreError::Busy)))
                    if tries < CONFLICTS && begun.elapsed() < LONGEST && self.tries_again(&why) =>
                {
                    tries += 1;
                    *record = self.record(case)?;
                }
                done => return done,
            }
        }
    }

    /// Makes a record that was read before ready to sign on, within the transaction that signs.
    fn ready(&self, txn: &Txn<'_>, case: &CaseId, record: &mut Record) -> Result<(), DeskError> {
        // Entries only ever come: as many as in the record are the same ones.
        if txn.entry_count(*case)? != record.graph().len() as u64 {
            *record = load::load(txn, *case, self.party())?.record;
            self.lay_beside(case, record)?;
        }
        self.may_sign(txn, *case, record)
    }

    /// Signs an act and keeps it, within a transaction.
    pub(super) fn sign_in(
        &self,
        txn: &Txn<'_>,
        case: &CaseId,
        record: &mut Record,
        act: &Act,
        now: i64,
    ) -> Result<Signed, DeskError> {
        limits::check(record, &self.identity.author, act, now)?;
        let draft = record.draft(&self.identity.author, act, now, &mut || self.draw())?;
        let erasing = Erasing::by(record, act);
        let signed = record.seal_and_sign(draft, &self.identity.device).map_err(DraftError::Gate)?;
        self.keep(txn, *case, record, &signed, now)?;
        if let Some(erasing) = &erasing {
            erasing.forget(record);
            erasing.carry_out(txn, *case, record, &self.party())?;
        }
        Ok(signed)
    }

    /// Refuses where this device is known to have signed elsewhere: then this home is a copy or an old backup, and what
    /// it signed next would be a second history.
    ///
    /// # Errors
    /// When it is known.
    pub fn must_be_alone(&self) -> Result<(), DeskError> {
        // A copy of a home holds copies of its seats.
        if home::is_elsewhere(&self.home) {
            return Err(DeskError::UsedElsewhere);
        }
        if self.identity.is_elsewhere() { Err(DeskError::SeatUsedElsewhere) } else { Ok(()) }
    }

    /// The same, and that the case holds nothing of this device but what was signed here.
    pub(crate) fn may_sign(&self, txn: &Txn<'_>, case: CaseId, record: &Record) -> Result<(), DeskError> {
        self.must_be_alone()?;
        let device = self.identity.author.device;
        let graph = record.graph();
        let tips: Vec<EntryId> = graph.tips_of(&device).into_iter().map(|ix| graph.id(ix)).collect();
        let own: Vec<EntryId> = txn.last_own_entry(case, device)?.into_iter().map(|(_, id)| id).collect();
        if tips == own {
            return Ok(());
        }
        self.identity.mark_elsewhere();
        self.must_be_alone().and(Err(DeskError::UsedElsewhere))
    }

    pub(super) fn keep(
        &self,
        txn: &Txn<'_>,
        case: CaseId,
        record: &mut Record,
        signed: &Signed,
        now: i64,
    ) -> Result<(), DeskError> {
        let seq = record.graph().statement(signed.ix).seq;
        let device = self.identity.author.device;
        txn.insert_entry(&EntryRow {
            case,
            id: signed.id,
            device,
            seq: u64::from(seq),
            own: true,
            envelope: &signed.bytes,
        })?;
        metrics::here().signed.inc();
        for value in &signed.values {
            txn.put_value(case, signed.id, &path_to_value(&value.path).encode(), &value.encode())?;
        }
        self.want_stamps(txn, record, std::iter::once(signed.ix), now)?;
        if let Some(brief) = record.brief() {
            put_summary(txn, case, &brief, record, &self.party(), now)?;
        }
        Ok(())
    }
}
