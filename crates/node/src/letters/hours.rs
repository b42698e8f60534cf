//! Quiet hours and holidays: of the home, of a case, and the person's own days in `holidays.txt`.

use std::{fs, io};

use counterpart_core::id::CaseId;
use counterpart_process::{
    holidays::{Holidays, Region, own_days},
    schedule::{Calendar, Quiet},
};
use counterpart_store::{NotebookRow, Reads, StoreError};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{plan::look_again, rules::KIND};
use crate::{desk::Desk, error::DeskError};

/// The file in a home with the person's own days.
const OWN_DAYS: &str = "holidays.txt";
/// Larger ones are no list of days.
const MOST_BYTES: u64 = 1024 * 1024;
/// In place of a country: no public holidays at all.
const NONE: &str = "none";

/// What was set about days and hours; what was not is as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// "GB-SCT", "DE", or "none".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// "20:00-08:00", or "none".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Body {
    hours: Hours,
}

impl Hours {
    /// # Errors
    /// What in it cannot be understood.
    pub fn check(&self) -> Result<(), DeskError> {
        let unclear = |why: String| DeskError::Text(why);
        if let Some(country) = self.country.as_deref().filter(|country| *country != NONE) {
            Region::parse(country).map_err(|e| unclear(e.to_string()))?;
        }
        if let Some(quiet) = &self.quiet {
            Quiet::parse(quiet).map_err(|e| unclear(e.to_string()))?;
        }
        Ok(())
    }
}

impl Desk {
    /// What was set for a case, or for all where none is given.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn hours(&self, case: Option<&CaseId>) -> Result<Hours, DeskError> {
        Ok(self.with_store(|store| hours(store, case))?)
    }

    /// Sets it. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When it cannot be understood, or the store is full or fails.
    pub fn keep_hours(&self, case: Option<&CaseId>, hours: &Hours, now: i64) -> Result<(), DeskError> {
        hours.check()?;
        let row = NotebookRow {
            id: row_id(case),
            kind: KIND.to_owned(),
            case: case.copied(),
            whom: None,
            body: serde_json::to_string(&Body { hours: hours.clone() }).expect("plain data"),
            written_at: now,
        };
        let cases = match case {
            Some(case) => vec![*case],
            None => self.summaries()?.into_iter().map(|summary| summary.case).collect(),
        };
        self.with_store(|store| {
            store.write(|txn| {
                txn.put_note(&row)?;
                cases.iter().try_for_each(|case| look_again(txn, *case))
            })
        })?;
        self.node_is_running();
        Ok(())
    }

    /// The days and hours that hold for a case in this zone.
    ///
    /// # Errors
    /// When the person's list of days cannot be read.
    pub fn calendar(&self, case: &CaseId, zone: &str) -> Result<Calendar, DeskError> {
        let (of_case, of_home) =
            self.with_store(|store| Ok::<_, StoreError>((hours(store, Some(case))?, hours(store, None)?)))?;
        let country = of_case.country.or(of_home.country);
        let region = match country.as_deref() {
            Some(NONE) => None,
            Some(country) => Region::parse(country).ok(),
            None => Region::of_zone(zone),
        };
        let quiet = of_case.quiet.or(of_home.quiet).and_then(|quiet| Quiet::parse(&quiet).ok());
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let holidays = Holidays::new(region, &self.own_days()?);
        Ok(Calendar { zone, holidays, quiet: quiet.unwrap_or(Quiet::USUAL) })
    }

    fn own_days(&self) -> Result<Vec<(jiff::civil::Date, String)>, DeskError> {
        let path = self.home().join(OWN_DAYS);
        let failed = |why: String| DeskError::File { path: path.clone(), why };
        match fs::metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(failed(e.to_string())),
            Ok(about) if about.len() > MOST_BYTES => {
                return Err(failed("it is too large for a list of days".to_owned()));
            }
            Ok(_) => {}
        }
        let text = fs::read_to_string(&path).map_err(|e| failed(e.to_string()))?;
        own_days(&text).map_err(|e| failed(e.to_string()))
    }
}

fn hours(reads: &Reads, case: Option<&CaseId>) -> Result<Hours, StoreError> {
    let row = reads.note(&row_id(case))?;
    let read = row.and_then(|row| serde_json::from_str::<Body>(&row.body).ok()).map(|body| body.hours);
    Ok(read.filter(|hours| hours.check().is_ok()).unwrap_or_default())
}

/// There is one such note a case, and one for all.
fn row_id(case: Option<&CaseId>) -> [u8; 16] {
    let mut hash = Sha256::new().chain_update(b"counterpart hours");
    if let Some(case) = case {
        hash.update(case.0);
    }
    let hash: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id
}
