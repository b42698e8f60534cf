//! Writes bundles of random histories for verifiers to agree on: every second one made hostile.
//!
//! `corpus FOLDER FIRST COUNT` writes, for each seed from FIRST on, SEED-KIND.zip and beside it SEED-KIND.json, the line
//! that this program's verifier gives. KIND is `good`, or how the bundle was altered. The same seed gives the same
//! bytes, as long as the bundle's specification stays as it is.
//!
//! `corpus verdicts FILE...` prints the line of each file, in turn.

// What the rules' own tests make histories with.
#[path = "../../../testkit/tests/rules/acts.rs"]
mod acts;
#[path = "../../../testkit/tests/rules/digest.rs"]
mod digest;
#[path = "../../../testkit/tests/rules/random.rs"]
mod random;
#[path = "../../../testkit/tests/rules/shown.rs"]
#[expect(dead_code, reason = "shared with the tests of the rules, which use the rest")]
mod shown;
#[path = "../../../testkit/tests/rules/world.rs"]
#[expect(dead_code, reason = "shared with the tests of the rules, which use the rest")]
mod world;

mod hostile;
mod made;
#[path = "../../tests/bundle/members.rs"]
mod members;
mod seeds;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::seeds::{bundle, verdict};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some((_, files)) = args.split_first().filter(|(command, _)| *command == "verdicts") {
        return match verdicts(files) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => told(&error.to_string(), 1),
        };
    }
    let numbers: Vec<u64> = args.iter().skip(1).filter_map(|n| n.parse().ok()).collect();
    match (args.as_slice(), numbers.as_slice()) {
        ([folder, _, _], [first, count]) => match write(&PathBuf::from(folder), *first, *count) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => told(&format!("{folder}: {error}"), 1),
        },
        _ => told("usage: corpus FOLDER FIRST COUNT, or: corpus verdicts FILE...", 2),
    }
}

fn told(what: &str, code: u8) -> ExitCode {
    // Nobody left to talk to is no failure.
    drop(writeln!(std::io::stderr(), "{what}"));
    ExitCode::from(code)
}

fn write(folder: &Path, first: u64, count: u64) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for seed in first..first + count {
        let (kind, bundle) = bundle(seed);
        fs::write(folder.join(format!("{seed:06}-{kind}.json")), verdict(&bundle))?;
        fs::write(folder.join(format!("{seed:06}-{kind}.zip")), bundle)?;
    }
    Ok(())
}

fn verdicts(files: &[String]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for file in files {
        out.write_all(verdict(&fs::read(file)?).as_bytes())?;
    }
    Ok(())
}
