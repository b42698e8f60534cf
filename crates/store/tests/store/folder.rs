//! Attached files as they lie in their folder.

use std::{fs, path::PathBuf};

use counterpart_core::attachment::FileRef;
use counterpart_store::{FilesError, Listing};

use crate::{Home, case, files::bytes};

#[test]
fn what_was_not_kept_leaves_nothing() {
    let home = Home::new();
    let kept = home.files().keep(&case(1), &FileRef::of(b"bytes"), &home.source(b"other bytes"));
    assert!(matches!(kept, Err(FilesError::Changed { .. })), "{kept:?}");
    assert_eq!(fs::read_dir(home.folder.path().join("attachments").join(case(1).to_hex())).expect("read").count(), 0);
}

#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let file = FileRef::of(b"abc");
    home.files().keep(&case(1), &file, &home.source(b"abc")).expect("kept");
    home.files().append(&case(1), &FileRef { size: 9, ..file }, 0, b"x").expect("a part");
    let folder = home.folder.path().join("attachments");
    let inner = folder.join(case(1).to_hex());
    let mode = |path: &PathBuf| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&inner)), (0o700, 0o700));
    for entry in fs::read_dir(&inner).expect("listed") {
        assert_eq!(mode(&entry.expect("an entry").path()), 0o600);
    }
}

#[test]
fn names_that_are_none_of_ours_are_left_alone() {
    let home = Home::new();
    let files = home.files();
    let file = FileRef::of(b"abc");
    files.keep(&case(1), &file, &home.source(b"abc")).expect("kept");
    let folder = home.folder.path().join("attachments").join(case(1).to_hex());
    let name = "ab".repeat(32);
    for junk in ["notes.txt", "x", &format!("{name}.5.part.bak"), &format!("{name}.x.part"), &format!("{name}.77.new")]
    {
        fs::write(folder.join(junk), "junk").expect("written");
    }
    assert_eq!(files.list(&case(1)), Ok(Listing { held: vec![file], parts: Vec::new() }));
}

#[test]
fn damage_is_found() {
    let home = Home::new();
    let files = home.files();
    let file = FileRef::of(b"abcdef");
    files.keep(&case(1), &file, &home.source(b"abcdef")).expect("kept");
    let folder = home.folder.path().join("attachments").join(case(1).to_hex());
    let path = fs::read_dir(folder).expect("listed").next().expect("one").expect("an entry").path();
    fs::write(&path, "abcdeX").expect("written");
    assert_eq!(files.is_sound(&case(1), &file), Ok(false));
}

#[test]
fn an_erased_file_is_gone_with_its_part() {
    let home = Home::new();
    let files = home.files();
    let photo = bytes(3, 90_000);
    let file = FileRef::of(&photo);
    let source = home.source(&photo);
    files.keep(&case(1), &file, &source).expect("kept");
    files.append(&case(1), &file, 0, &photo[..500]).expect("a part of the same");
    fs::remove_file(source).expect("removed");
    // A process that was killed while it kept the same file left a copy.
    let folder = home.folder.path().join("attachments");
    let folder = fs::read_dir(folder).expect("read").next().expect("the case's").expect("an entry").path();
    let hex: String = file.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(folder.join(format!("{hex}.77.new")), &photo[..700]).expect("written");
    // Whoever still has it open finds it overwritten.
    let mut open = files.open(&case(1), &file).expect("open");
    assert_eq!(files.erase(&case(1), &file), Ok(true));
    assert_eq!(files.erase(&case(1), &file), Ok(false));
    let mut left = Vec::new();
    std::io::Read::read_to_end(&mut open, &mut left).expect("read");
    assert!(left.iter().all(|byte| *byte == 0));
    assert_eq!(files.list(&case(1)), Ok(Listing::default()));
    assert_eq!(fs::read_dir(folder).map_or(0, Iterator::count), 0, "nothing of it is left");
}
