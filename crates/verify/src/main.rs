//! `counterpart-verify`: checks an exported case, and does nothing else.
//!
//! For whoever has to believe what a case proves and keeps no case: no keys, no home folder, no network, no store, no
//! clock, and few other people's libraries. It says what `counterpart verify` says, in the same words.

mod ask;
mod tell;

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use counterpart_evidence::{
    Failure, MAX_BUNDLE, MAX_ROOTS_FILE, REFUSED, Roots, Verdict, could_begin, oversized, verify_with,
};

use crate::{
    ask::{Asked, asked},
    tell::Teller,
};

/// The exit codes, those of `counterpart verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Code {
    Verified = 0,
    /// The file could not be read.
    Failed = 1,
    /// It was not understood, or there is no such file.
    Usage = 2,
    /// The file does not hold.
    Refused = 3,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

fn main() -> ExitCode {
    let code = match asked(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => Teller::default().data(ask::HELP),
        Ok(Asked::Version) => Teller::default().data(&format!("counterpart-verify {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Asked::Verify { file, trust, json, quiet }) => run(&file, &trust, Teller { json, quiet }),
        Err(why) => {
            let teller = Teller::default();
            teller.error(&why, "`counterpart-verify --help` says how it is used");
            Code::Usage
        }
    };
    code.into()
}

fn run(file: &Path, trust: &[PathBuf], teller: Teller) -> Code {
    let roots = match roots(trust) {
        Ok(roots) => roots,
        Err(why) => {
            teller.error(&why, "--trust names a file with the root certificate of a time-stamp service");
            return Code::Usage;
        }
    };
    let bytes = match read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            let absent = error.kind() == std::io::ErrorKind::NotFound;
            let what = format!("the file {} cannot be read: {error}", file.display());
            teller.error(&what, "name the file that `counterpart export` wrote");
            return if absent { Code::Usage } else { Code::Failed };
        }
    };
    let verdict: Result<Verdict, Failure> =
        bytes.map_or_else(|| Err(oversized()), |bytes| verify_with(&bytes, roots.as_ref(), &|_, _| {}));
    match verdict {
        Ok(verdict) if teller.json => teller.data(&verdict.to_json()),
        Ok(_) if teller.quiet => Code::Verified,
        Ok(verdict) => teller.data(&format!("{}\n", verdict.in_words())),
        Err(failure) => {
            if teller.json {
                teller.data(&failure.to_json());
            }
            teller.error(&failure.message, REFUSED);
            Code::Refused
        }
    }
}

/// Whom to believe about the time; nobody where no file is named.
fn roots(files: &[PathBuf]) -> Result<Option<Roots>, String> {
    let mut all: Option<Roots> = None;
    for file in files {
        let named = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
        let most = u64::try_from(MAX_ROOTS_FILE).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let read = fs::File::open(file).and_then(|f| f.take(most.saturating_add(1)).read_to_end(&mut bytes));
        read.map_err(|e| named(&e))?;
        let roots = Roots::read(&bytes).map_err(|e| named(&e))?;
        all = Some(match all {
            Some(known) => known.and(roots),
            None => roots,
        });
    }
    Ok(all)
}

/// Bytes that tell whether a file could be a bundle at all.
const BEGINNING: u64 = 64;

/// Reads a bundle; nothing of a file that is larger than a bundle can be, and no more than its beginning of one that
/// is something else.
fn read(file: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let most = u64::try_from(MAX_BUNDLE).unwrap_or(u64::MAX);
    let mut opened = fs::File::open(file)?;
    let length = opened.metadata()?.len();
    if length > most {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    opened.by_ref().take(BEGINNING).read_to_end(&mut bytes)?;
    if could_begin(&bytes) {
        bytes.try_reserve_exact(usize::try_from(length).unwrap_or(0))?;
        // What grows while it is read is no larger for that.
        opened.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    }
    Ok(Some(bytes))
}
