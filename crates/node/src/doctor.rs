//! A full check-up of a home: the store's own integrity, then every signature and rule again.

use counterpart_core::{id::CaseId, receipt::SignedReceipt, record::Record, seal::Disclosure};
use counterpart_store::WantedStamp;

use crate::{desk::Desk, error::DeskError, stamps::Standing};

/// What a check-up found.
#[derive(Debug, Clone, Default)]
pub struct DoctorReport {
    pub cases: usize,
    pub entries: u64,
    pub key_events: usize,
    pub receipts: usize,
    /// Attached files that are here.
    pub attachments: usize,
    pub stamps: usize,
    /// Agreements without the time stamp that they are to get: no fault, it is asked for again.
    pub waiting: Vec<WantedStamp>,
    /// One line a fault, for people to read; empty when all is well.
    pub faults: Vec<String>,
}

impl Desk {
    /// Checks the store's files, and verifies every stored signature, statement, receipt and value anew.
    /// `progress` is told how many of how many entries are done.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub fn doctor(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<DoctorReport, DeskError> {
        let mut report = DoctorReport { faults: self.with_store(|s| s.check_integrity()), ..DoctorReport::default() };
        let cases = self.with_store(|s| s.cases())?;
        let mut total = 0;
        for case in &cases {
            total += self.with_store(|s| s.entry_count(*case))?;
        }
        report.waiting = self.wanted_stamps()?;
        report.key_events = self.with_store(|s| s.all_key_events())?.len();
        for case in &cases {
            report.cases += 1;
            self.check_case(*case, total, &mut report, progress)?;
        }
        for case in self.files().cases()?.into_iter().filter(|case| !cases.contains(case)) {
            let name = counterpart_core::id::short_form(&case.0);
            report.faults.push(format!("files are here of a case {name} that is not"));
        }
        Ok(report)
    }

    fn check_case(
        &self,
        case: CaseId,
        total: u64,
        report: &mut DoctorReport,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), DeskError> {
        let name = counterpart_core::id::short_form(&case.0);
        let mut record = Record::new();
        for event in self.with_store(|s| s.all_key_events())? {
            if let Err(why) = record.apply_key_event(&event.envelope) {
                report.faults.push(format!("key event {}: {why}", event.id));
            }
        }
        for stored in self.with_store(|s| s.entries_after(case, 0))? {
            match record.apply_bytes(&stored.envelope) {
                Ok(_) if record.graph().find(&stored.id).is_some() => {}
                Ok(_) => report.faults.push(format!("case {name}: entry {} was altered", stored.id)),
                Err(why) => report.faults.push(format!("case {name}: entry {}: {why}", stored.id)),
            }
            report.entries += 1;
            progress(report.entries, total);
        }
        if record.case().is_some_and(|found| found != case) {
            report.faults.push(format!("case {name}: holds the entries of another case"));
        }
        for value in self.with_store(|s| s.values(case))? {
            let kept = Disclosure::decode(&value.disclosure).map_err(|e| e.to_string());
            let matched = kept.and_then(|d| record.apply_value(d).map_err(|e| e.to_string()));
            if let Err(why) = matched {
                report.faults.push(format!("case {name}: a value of entry {}: {why}", value.entry));
            }
        }
        for stored in self.with_store(|s| s.receipts(case))? {
            report.receipts += 1;
            let receipt = SignedReceipt::verify(&stored.envelope).and_then(|r| record.apply_receipt(r));
            if let Err(why) = receipt {
                report.faults.push(format!("case {name}: receipt {}: {why}", stored.id));
            }
        }
        match self.stamps(&case) {
            Ok(stamps) => {
                report.stamps += stamps.len();
                let broken = stamps.iter().filter_map(|stamp| match &stamp.standing {
                    Standing::Broken(why) => Some(format!("case {name}: time stamp {}: {why}", stamp.id)),
                    _ => None,
                });
                report.faults.extend(broken);
            }
            Err(why) => report.faults.push(format!("case {name}: its time stamps: {why}")),
        }
        self.check_files(case, &record, report)?;
        if let Err(why) = record.document() {
            report.faults.push(format!("case {name}: {why}"));
        }
        Ok(())
    }

    /// Attached files: what stands under a hash has it, and nothing is left of what was erased.
    fn check_files(&self, case: CaseId, record: &Record, report: &mut DoctorReport) -> Result<(), DeskError> {
        let name = counterpart_core::id::short_form(&case.0);
        for file in self.files_here(&case)?.held {
            report.attachments += 1;
            let hash = CaseId(file.sha256).to_hex();
            match self.files().is_sound(&case, &file) {
                Ok(true) => {}
                Ok(false) => report.faults.push(format!("case {name}: the attached file {hash} was altered")),
                Err(why) => report.faults.push(format!("case {name}: an attached file: {why}")),
            }
            if record.file_erased_by(&self.party(), &file).is_some() {
                report.faults.push(format!("case {name}: the attached file {hash} was erased, and is still here"));
            }
        }
        Ok(())
    }
}
