//! The command by itself: exit codes, streams, and that hostile files are refused within little memory.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use counterpart_evidence::verify;

const GOOD: &[u8] = include_bytes!("../../../tests/fixtures/broadband-2.zip");
const LINE: &str = include_str!("../../../tests/fixtures/broadband-2.json");

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name)
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    answer(Command::new(env!("CARGO_BIN_EXE_counterpart-verify")).args(args).output().expect("it runs"))
}

fn answer(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_holds_is_told_in_words_or_in_a_line() {
    let file = fixture("broadband-2.zip");
    let file = file.to_str().expect("plain");
    let words = verify(GOOD, &|_, _| {}).expect("a good bundle").in_words();
    assert_eq!(run(&[file]), (Some(0), format!("{words}\n"), String::new()));
    assert_eq!(run(&["--json", file]), (Some(0), LINE.to_owned(), String::new()));
    assert_eq!(run(&["--quiet", file]), (Some(0), String::new(), String::new()));
    assert_eq!(run(&["--quiet", "--json", file]).1, LINE);
}

#[test]
fn what_does_not_hold_is_named() {
    let older = fixture("broadband-1.zip");
    let older = older.to_str().expect("plain");
    let line = r#"{"member":"bag-info.txt","schema":"counterpart/verdict/2","verified":false,"what":"other_version"}"#;
    let (code, out, err) = run(&["--json", older]);
    assert_eq!((code, out), (Some(3), format!("{line}\n")));
    assert!(err.contains("an older form"), "{err}");
    for args in [&[older][..], &["--quiet", older]] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (Some(3), ""));
        assert!(err.starts_with("error: bag-info.txt: ") && err.contains("\nhint: "), "{err}");
    }
}

#[test]
fn what_is_not_understood_has_a_code_of_its_own() {
    for args in [&[][..], &["--jsn"], &["a", "b"], &["no such file"]] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.contains("hint: "), "{err}");
    }
    let (code, out, _) = run(&["--help"]);
    assert!(code == Some(0) && out.contains("Exit codes: 0 verified"), "{out}");
    assert!(run(&["--version"]).1.starts_with("counterpart-verify "));
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(run(&[folder.path().to_str().expect("plain")]).0, Some(1));
}

/// A file made to do harm, with the word it is refused with.
fn hostile(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let mut files = Vec::new();
    let mut with = |name: &str, word, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = GOOD.to_vec();
        change(&mut bytes);
        let path = folder.join(name);
        fs::write(&path, bytes).expect("written");
        files.push((path, word));
    };
    let directory = GOOD.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    let end = GOOD.len() - 22;
    with("bomb", "not_canonical", &|bytes| {
        for at in [8, directory + 10] {
            bytes[at] = 8;
        }
        for at in [22, directory + 24] {
            bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        }
    });
    with("claims", "not_a_bundle", &|bytes| bytes[18..22].copy_from_slice(&u32::MAX.to_le_bytes()));
    with("link", "not_canonical", &|bytes| bytes[directory + 40..directory + 42].copy_from_slice(&[0xFF, 0xA1]));
    with("climbing", "not_canonical", &|bytes| {
        let name: &[u8] = b"data/README.txt";
        while let Some(at) = bytes.windows(name.len()).position(|w| w == name) {
            bytes[at..at + name.len()].copy_from_slice(b"../../../passwd");
        }
    });
    with("twice", "not_canonical", &|bytes| {
        while let Some(at) = bytes.windows(12).position(|w| w == b"bag-info.txt") {
            bytes[at..at + 12].copy_from_slice(b"bagit.txt\0\0\0");
        }
    });
    with("many", "not_canonical", &|bytes| bytes[end + 8..end + 12].fill(0xFF));
    with("cut", "not_a_bundle", &|bytes| bytes.truncate(directory));
    with("nothing", "not_a_bundle", &|bytes| bytes.clear());
    let sparse = folder.join("sparse");
    fs::File::create(&sparse).and_then(|file| file.set_len(1 << 30)).expect("as much as wanted, and nothing in it");
    files.push((sparse, "too_large"));
    files
}

/// With an address space of 128 MiB, program and all: what is declared is not believed, and what is too large not read.
#[test]
#[cfg(unix)]
fn hostile_files_are_refused_within_little_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let limited = |file: &Path| {
        let program = env!("CARGO_BIN_EXE_counterpart-verify");
        let script = "ulimit -v 131072 && exec \"$0\" --json \"$1\"";
        answer(Command::new("sh").args(["-c", script, program]).arg(file).output().expect("a shell"))
    };
    assert_eq!(limited(&fixture("broadband-2.zip")).0, Some(0), "a good one fits");
    for (file, word) in hostile(folder.path()) {
        let (code, out, err) = limited(&file);
        assert_eq!(code, Some(3), "{}: {out}{err}", file.display());
        assert!(out.contains(&format!("\"what\":\"{word}\"")), "{}: {out}", file.display());
    }
}
