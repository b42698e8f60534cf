//! What a report is made from: a case in this home, or a file that somebody exported.

use std::path::{Path, PathBuf};

use counterpart_core::{attachment::FileRef, id::PartyId};
use counterpart_evidence::{JudgedStamp, REFUSED, Roots, open, oversized, stamps_over};
use counterpart_node::now;
use counterpart_report::Bundle;

use super::super::{stamp::roots_of, verify};
use crate::{
    case::OpenCase,
    error::{CommandError, Done, Kind},
    progress::Progress,
    session::Session,
};

/// A copy of a case, and what a report has to know about it.
#[derive(Debug)]
pub(super) struct MadeFrom {
    pub(super) case: OpenCase,
    /// Whose copy it is.
    pub(super) holder: PartyId,
    pub(super) bundle: Option<Bundle>,
    pub(super) stamps: Vec<JudgedStamp>,
}

impl MadeFrom {
    /// What a person typed: a case, or a file. Time stamps are believed by the roots named, and by those kept in the
    /// home where the case is in one.
    pub(super) fn find(session: &Session, typed: &str, trust: &[PathBuf]) -> Done<Self> {
        let named = trust.iter().map(|file| roots_of(file)).reduce(|all, more| Ok(all?.and(more?))).transpose()?;
        if is_file(typed) {
            return Self::file(session, Path::new(typed), named);
        }
        Self::home(session, typed, named).map_err(|error| match Path::new(typed).is_file() {
            true => error.hint(format!("if the file of that name is meant: counterpart report ./{typed}")),
            false => error,
        })
    }

    fn home(session: &Session, typed: &str, named: Option<Roots>) -> Done<Self> {
        let desk = session.desk()?;
        let case = OpenCase::open(&desk, typed)?;
        let kept = desk.stamps_over(&case.record)?.into_iter().map(|held| held.kept);
        let roots = match (desk.stamp_roots()?, named) {
            (Some(kept), Some(named)) => Some(kept.and(named)),
            (kept, named) => kept.or(named),
        };
        let stamps = stamps_over(&case.record, kept, roots.as_ref());
        Ok(Self { holder: desk.party(), bundle: None, stamps, case })
    }

    /// Verifies the file, whole, before anything of it is used.
    fn file(session: &Session, file: &Path, roots: Option<Roots>) -> Done<Self> {
        let refused = |failure: counterpart_evidence::Failure| {
            CommandError::of(Kind::Verification, failure.message).hint(REFUSED)
        };
        let bytes = verify::read(file)?.ok_or_else(|| refused(oversized()))?;
        let progress = Progress::new(session.terminal, "verifying");
        let opened = open(&bytes, roots.as_ref(), &|done, all| progress.at(done, all)).map_err(refused)?;
        drop(progress);
        let verdict = opened.verdict;
        let FileRef { sha256, size } = FileRef::of(&bytes);
        let bundle = Bundle {
            name: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            sha256,
            size,
            exporter: verdict.exporter.party,
            device: verdict.exporter.device,
            exported_at: verdict.exported_at,
        };
        let holder = verdict.exporter.party;
        let case = OpenCase::of_record(verdict.case, opened.record, holder, now())?;
        Ok(Self { case, holder, bundle: Some(bundle), stamps: opened.stamps })
    }
}

/// Whether a file is meant: no name of a case has a dot or a slash in it, but for `.` itself.
fn is_file(typed: &str) -> bool {
    typed != "." && typed.contains(|c: char| c == '.' || std::path::is_separator(c))
}

#[cfg(test)]
mod tests {
    use super::is_file;

    #[test]
    fn files_and_cases_are_told_apart() {
        for (typed, file) in [
            (".", false),
            ("K7F2-Q9XA-3", false),
            ("k7f2", false),
            ("case.zip", true),
            ("./K7F2", true),
            ("/evidence/case", true),
            ("..", true),
        ] {
            assert_eq!(is_file(typed), file, "{typed}");
        }
    }
}
