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

type Members = Vec<(Vec<u8>, Vec<u8>)>;

/// Names and contents, as they lie in a bundle.
fn members(bundle: &[u8]) -> Members {
    let number = |at: usize, size: usize| bundle[at..at + size].iter().rev().fold(0, |n, b| n << 8 | usize::from(*b));
    let (mut at, mut found) = (0, Vec::new());
    while bundle[at..].starts_with(b"PK\x03\x04") {
        let (size, name) = (number(at + 18, 4), number(at + 26, 2));
        let contents = at + 30 + name;
        found.push((bundle[at + 30..contents].to_vec(), bundle[contents..contents + size].to_vec()));
        at = contents + size;
    }
    found
}

/// A ZIP file in the form of a bundle, whatever is in it.
fn pack(members: &Members) -> Vec<u8> {
    const FORM: [u8; 10] = [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
    let four = |n: usize| u32::try_from(n).expect("small").to_le_bytes();
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, contents) in members {
        let numbers = [crc32(contents).to_le_bytes(), four(contents.len()), four(contents.len())].concat();
        let numbers = [&numbers[..], &four(name.len())].concat();
        directory.extend([b"PK\x01\x02", &[10, 3][..], &FORM, &numbers[..14]].concat());
        directory.extend([&[0; 10][..], &[0xA4, 0x81], &four(file.len()), name].concat());
        file.extend([b"PK\x03\x04", &FORM[..], &numbers, name, contents].concat());
    }
    let end = [four(directory.len()), four(file.len())].concat();
    let count = &four(members.len())[..2];
    file.extend(directory);
    file.extend([b"PK\x05\x06\0\0\0\0", count, count, &end, &[0, 0]].concat());
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit))
}

#[test]
fn the_tests_pack_as_the_program_does() {
    assert!(pack(&members(GOOD)) == GOOD);
}

/// An entry's envelope around arrays in arrays.
fn deep() -> Vec<u8> {
    let core = [&[0x81; 30_000][..], &[1]].concat();
    let payload = [&[0x82, 0x59, 0x75, 0x31][..], &core, &[0x58, 0x20], &[7; 32]].concat();
    let length = u16::try_from(payload.len()).expect("small").to_be_bytes();
    [&[0x84, 0x43, 0xA1, 1, 0x32, 0xA0, 0x59][..], &length, &payload, &[0x58, 0x40], &[7; 64]].concat()
}

/// Files made to do harm, each with the word it is refused with.
fn hostile(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let mut files = Vec::new();
    let mut put = |name: &str, word, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).expect("written");
        files.push((path, word));
    };
    let altered = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = GOOD.to_vec();
        change(&mut bytes);
        bytes
    };
    let directory = GOOD.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    let end = GOOD.len() - 22;
    let bomb = altered(&|bytes| {
        for at in [8, directory + 10] {
            bytes[at] = 8;
        }
        for at in [22, directory + 24] {
            bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        }
    });
    put("bomb", "not_canonical", &bomb);
    let claims = altered(&|bytes| bytes[18..22].copy_from_slice(&u32::MAX.to_le_bytes()));
    put("claims-4-gib", "not_a_bundle", &claims);
    let link = altered(&|bytes| bytes[directory + 40..directory + 42].copy_from_slice(&[0xFF, 0xA1]));
    put("link", "not_canonical", &link);
    put("many-claimed", "not_canonical", &altered(&|bytes| bytes[end + 8..end + 12].fill(0xFF)));
    put("cut", "not_a_bundle", &GOOD[..directory]);
    put("nothing", "not_a_bundle", b"");
    put("zeros", "not_a_bundle", &[0; 1 << 20]);
    let with = |change: &dyn Fn(&mut Members)| {
        let mut parts = members(GOOD);
        change(&mut parts);
        pack(&parts)
    };
    let named = |name: &[u8]| {
        with(&|parts| {
            parts.push((name.to_vec(), b"x".to_vec()));
            parts.sort();
        })
    };
    put("climbing", "unexpected_member", &named(b"../../../etc/passwd"));
    put("climbing-within", "unexpected_member", &named(b"data/entries/../../../x"));
    put("absolute", "unexpected_member", &named(b"/etc/passwd"));
    put("backslashes", "unexpected_member", &named(b"data\\..\\..\\x"));
    put("control-characters", "not_canonical", &named(b"data/\x1b[2Jx"));
    put("twice", "not_canonical", &with(&|parts| parts.insert(0, parts[0].clone())));
    put("out-of-order", "not_canonical", &with(&|parts| parts.swap(0, 1)));
    let at = |parts: &Members, prefix: &str| {
        parts.iter().position(|(name, _)| name.starts_with(prefix.as_bytes())).expect("one")
    };
    for (name, prefix) in [
        ("without-opening", "data/genesis.cose"),
        ("without-an-entry", "data/entries/"),
        ("without-a-key-event", "data/keys/"),
        ("without-list", "manifest-sha256.txt"),
    ] {
        put(name, "missing_member", &with(&|parts| drop(parts.remove(at(parts, prefix)))));
    }
    put(
        "deep",
        "bad_entry",
        &with(&|parts| {
            let n = at(parts, "data/entries/");
            parts[n].1 = deep();
        }),
    );
    put(
        "long-part",
        "too_large",
        &with(&|parts| {
            let n = at(parts, "data/entries/");
            parts[n].1 = vec![0x81; 8 << 20];
        }),
    );
    let small = |n: u32| (format!("data/{n:06}").into_bytes(), Vec::new());
    put("60000-parts", "missing_member", &pack(&(0..60_000).map(small).collect()));
    for (name, size, word) in [("one-gib", 1 << 30, "too_large"), ("half-a-gib-of-zeros", 1 << 29, "not_a_bundle")] {
        let sparse = folder.join(name);
        fs::File::create(&sparse).and_then(|file| file.set_len(size)).expect("as much as wanted, and nothing in it");
        files.push((sparse, word));
    }
    files
}

/// With an address space of 128 MiB, program and all: what is declared is not believed, and what is too large not read.
/// The files stay in the target folder, for whoever wants to measure what each takes.
#[test]
#[cfg(unix)]
fn hostile_files_are_refused_within_little_memory() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    fs::create_dir_all(&folder).expect("a folder");
    let limited = |file: &Path| {
        let program = env!("CARGO_BIN_EXE_counterpart-verify");
        let script = "ulimit -v 131072 && exec \"$0\" --json \"$1\"";
        answer(Command::new("sh").args(["-c", script, program]).arg(file).output().expect("a shell"))
    };
    assert_eq!(limited(&fixture("broadband-2.zip")).0, Some(0), "a good one fits");
    for (file, word) in hostile(&folder) {
        let (code, out, err) = limited(&file);
        assert_eq!(code, Some(3), "{}: {out}{err}", file.display());
        assert!(out.contains(&format!("\"what\":\"{word}\"")), "{}: {out}", file.display());
        // The reason, for people, and that whatever stands in the file does nothing to their terminal.
        let plain = err.strip_prefix("error: ").and_then(|why| why.split_once("\nhint: "));
        let plain =
            plain.is_some_and(|(why, hint)| why.len() > 20 && !format!("{why}{}", hint.trim_end()).contains('\x1b'));
        assert!(plain, "{}: {err}", file.display());
    }
}
