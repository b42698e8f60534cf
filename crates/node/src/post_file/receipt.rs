//! Receipts that are signed at the desk, because no node runs that would.

use counterpart_core::{id::CaseId, receipt::INTERVAL_MS, sync::Machine};
use counterpart_store::{Reads, ReceiptRow};

use crate::{clock::Ticks, desk::Desk, error::DeskError, home, load};

/// What came of the wish for a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptGiven {
    Signed,
    /// The last one says all there is to say, or this device may give none.
    NotDue,
    /// The pause between two is not over: it is due at this time, Unix milliseconds.
    From(i64),
}

impl Desk {
    /// As [`Desk::give_receipt`] for what is here now; where only the pause between two receipts is not over, waits for
    /// its end, a few seconds at most.
    ///
    /// # Errors
    /// A damaged, full or busy store.
    pub fn give_receipt_soon(&self, case: &CaseId) -> Result<ReceiptGiven, DeskError> {
        let mut ticks = Ticks::default();
        match self.give_receipt(case, ticks.now())? {
            ReceiptGiven::From(at) if at - ticks.now() <= INTERVAL_MS => {
                std::thread::sleep(ticks.until(at));
                ticks.reached(at);
                self.give_receipt(case, ticks.now().max(at))
            }
            given => Ok(given),
        }
    }

    /// Signs a receipt for what is in the store of a case, by the rules by which a running node does. A running node is
    /// told.
    ///
    /// # Errors
    /// A damaged, full or busy store.
    pub fn give_receipt(&self, case: &CaseId, now: i64) -> Result<ReceiptGiven, DeskError> {
        // The other copy of this home may have given receipts under the same numbers.
        // And a seat receives nothing: what is here was received by the home.
        if home::is_elsewhere(self.home()) || self.seat().is_some() {
            return Ok(ReceiptGiven::NotDue);
        }
        let given = self.with_store(|store| {
            store.write_again(|txn| {
                let reads: &Reads = txn;
                let mut record = load::load(reads, *case, self.party())?.record;
                self.lay_beside(case, &mut record)?;
                let machine = Machine::new(*case, record, self.author(), Vec::new());
                if !machine.owes_receipt() {
                    return Ok(ReceiptGiven::NotDue);
                }
                let author = self.author();
                let Some(receipt) = machine.record().receipt_due(&author, now) else {
                    let last = machine.record().last_receipt(&author.device);
                    let due = last.map_or(now, |last| last.receipt.at.saturating_add(INTERVAL_MS));
                    return Ok(ReceiptGiven::From(due));
                };
                let signed = receipt.sign(&self.identity().device);
                txn.insert_receipt(&ReceiptRow {
                    id: signed.id,
                    case: *case,
                    device: signed.receipt.device,
                    number: u64::from(signed.receipt.number),
                    own: true,
                    envelope: signed.bytes(),
                })?;
                Ok::<_, DeskError>(ReceiptGiven::Signed)
            })
        })?;
        if given == ReceiptGiven::Signed {
            self.node_is_running();
        }
        Ok(given)
    }
}
