//! A case as one file that anybody can verify.

use counterpart_evidence::{Exporter, export};
use counterpart_node::{Desk, now};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
};

/// The file, as the case stands in this copy; what was left out of that is not in it.
///
/// # Errors
/// When there is nothing to write or too much, or this device may not answer for such a file.
pub fn bundle(desk: &Desk, case: &OpenCase) -> Done<Vec<u8>> {
    let held = case.held_files(desk)?;
    let exporter = Exporter { author: desk.author(), sign: &|word| desk.sign_export(word) };
    let stamps: Vec<_> = desk.stamps_over(&case.record)?.into_iter().map(|stamp| stamp.kept).collect();
    let made = export(&case.record, now(), &exporter, &held, &stamps);
    made.map_err(|why| CommandError::failed(why.to_string()))
}
