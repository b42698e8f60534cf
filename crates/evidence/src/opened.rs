//! A verified bundle opened for reading: what it proves, and the record it makes.

use std::collections::BTreeSet;

use counterpart_core::{attachment::FileRef, record::Record, stamp::KeptStamp};
use counterpart_timestamp::Roots;

use crate::{
    bag::Sha,
    failure::Failure,
    layout::{self, Layout},
    stamps::{JudgedStamp, over},
    verdict::Verdict,
    verify,
};

/// A bundle in which everything holds, as a copy of the case that can be read like any other.
#[derive(Debug)]
pub struct Opened {
    pub verdict: Verdict,
    /// With the sealed values and files that are in the bundle, and no others.
    pub record: Record,
    /// By id.
    pub stamps: Vec<JudgedStamp>,
}

/// As [`crate::verify_with`], and gives the record as well: there is no record of a bundle in which anything does not
/// hold.
///
/// # Errors
/// The first thing that does not hold.
pub fn open(bytes: &[u8], roots: Option<&Roots>, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Opened, Failure> {
    let verify::Checked { mut record, verdict, layout } = verify::check(bytes, roots, progress)?;
    let here = files(&record, &layout);
    record.set_files(here);
    let kept = layout.stamps.iter().filter_map(|member| KeptStamp::decode(member.bytes).ok());
    let stamps = over(&record, kept, roots);
    Ok(Opened { verdict, record, stamps })
}

/// The files whose bytes are in the bundle. Where entries give one hash different sizes, only the right one is meant.
fn files(record: &Record, layout: &Layout<'_>) -> Vec<FileRef> {
    // A set: a stranger's entries may name as many files as they like.
    let held: BTreeSet<(Sha, u64)> = (layout.attachments.iter())
        .filter_map(|member| Some((layout::attachment_sha(member.name)?, member.bytes.len() as u64)))
        .collect();
    let is_here = |file: &FileRef| held.contains(&(file.sha256, file.size));
    record.attachments().into_iter().map(|attachment| attachment.named.file).filter(is_here).collect()
}
