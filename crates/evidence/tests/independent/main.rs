//! A second verifier, written in Python from the protocol's page alone, says the same of every bundle, byte for byte.

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

#[path = "../../examples/corpus/hostile.rs"]
mod hostile;
#[path = "../../examples/corpus/made.rs"]
mod made;
#[path = "../bundle/members.rs"]
mod members;
#[path = "../../examples/corpus/seeds.rs"]
mod seeds;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use seeds::{bundle, verdict};

/// Where the tests' folders lie, seen from this crate.
const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests");

/// A Python with what the second verifier needs; nothing when it is absent and may be.
fn python() -> Option<PathBuf> {
    let made = option_env!("CARGO_TARGET_TMPDIR").map(PathBuf::from).and_then(|t| Some(t.parent()?.join("python")));
    let made = made.map(|folder| folder.join("bin/python3"));
    let able = |python: &PathBuf| {
        let tried = Command::new(python).args(["-c", "import cbor2, cryptography"]).output();
        tried.is_ok_and(|o| o.status.success())
    };
    if let Some(python) = made.into_iter().chain([PathBuf::from("python3")]).find(able) {
        return Some(python);
    }
    let missing = "needs Python 3.11 with cbor2 and cryptography, which `.ci/python` installs into the target folder";
    assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test {missing}");
    // Counted as passed by the runner, so say plainly that nothing was tried.
    drop(writeln!(std::io::stderr(), "skipped: {missing}"));
    None
}

fn count() -> u64 {
    let set = |name| std::env::var_os(name).is_some();
    match (set("COUNTERPART_LONG"), set("COUNTERPART_TEST_ALL")) {
        (true, _) => 2_000,
        (false, true) => 200,
        (false, false) => 40,
    }
}

#[test]
fn two_verifiers_say_the_same() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut files = Vec::new();
    let mut expected = Vec::new();
    for seed in 0..count() {
        let (kind, bytes) = bundle(seed);
        let file = folder.path().join(format!("{seed:06}-{kind}.zip"));
        expected.push(verdict(&bytes));
        fs::write(&file, bytes).expect("a file");
        files.push(file);
    }
    let fixtures = Path::new(TESTS).join("fixtures");
    let kept = fs::read_dir(fixtures).expect("the fixtures").map(|f| f.expect("a file").path());
    for file in kept.filter(|f| f.extension().is_some_and(|e| e == "zip")) {
        expected.push(verdict(&fs::read(&file).expect("a fixture")));
        files.push(file);
    }
    let found = Command::new(python).arg(Path::new(TESTS).join("verifier/main.py")).args(&files).output();
    let found = found.expect("Python starts");
    let words = String::from_utf8_lossy(&found.stderr);
    assert!(matches!(found.status.code(), Some(0 | 1)), "the second verifier failed: {words}");
    let lines = String::from_utf8(found.stdout).expect("UTF-8");
    let lines: Vec<&str> = lines.split_inclusive('\n').collect();
    assert_eq!(lines.len(), expected.len(), "a line for each file: {words}");
    let differ = files.iter().zip(&expected).zip(&lines).filter(|((_, ours), theirs)| ours != *theirs);
    let differ: Vec<String> =
        differ.map(|((file, ours), theirs)| format!("{}\n{ours}{theirs}", file.display())).collect();
    assert!(differ.is_empty(), "{} of {} differ, the first:\n{}", differ.len(), files.len(), differ[0]);
    let refused = expected.iter().filter(|line| line.contains("\"verified\":false")).count();
    let told = format!("{} bundles, {refused} of them refused, the same by both\n", files.len());
    drop(std::io::stderr().write_all(told.as_bytes()));
    assert!(refused * 4 > files.len() && refused < files.len(), "there were good ones and bad ones: {refused}");
}

#[test]
fn the_second_verifier_passes_its_own_tests() {
    let Some(python) = python() else { return };
    let run = Command::new(python).args(["-m", "unittest", "-q", "verifier.tests"]).current_dir(TESTS).output();
    let run = run.expect("Python starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
