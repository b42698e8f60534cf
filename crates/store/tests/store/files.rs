//! The bytes of attached files: whole or not here, resumed, checked, erased.

use std::{fs, path::PathBuf};

use counterpart_core::attachment::FileRef;
use counterpart_store::{Chore, Files, FilesError, Listing, StoreError};

use crate::{Home, Noise, case};

fn bytes(seed: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    Noise(seed).fill(&mut bytes);
    bytes
}

impl Home {
    fn files(&self) -> Files {
        Files::new(self.folder.path().join("attachments"))
    }

    fn source(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("source.bin");
        fs::write(&path, bytes).expect("written");
        path
    }
}

#[test]
fn a_file_is_kept_whole_and_read_in_parts() {
    let home = Home::new();
    let files = home.files();
    let photo = bytes(1, 200_000);
    let file = FileRef::of(&photo);
    assert_eq!(files.list(&case(1)), Ok(Listing::default()), "no folder is no file");
    files.keep(&case(1), &file, &home.source(&photo)).expect("kept");
    files.keep(&case(1), &file, &home.source(&photo)).expect("kept once more, with no harm");
    assert_eq!(files.list(&case(1)), Ok(Listing { held: vec![file], parts: Vec::new() }));
    assert_eq!(files.cases(), Ok(vec![case(1)]));
    assert_eq!(files.read(&case(1), &file, 70_000, 1000), Ok(photo[70_000..71_000].to_vec()));
    assert!(files.read(&case(1), &file, 199_999, 2).is_err(), "beyond its end");
    assert_eq!(files.is_sound(&case(1), &file), Ok(true));
    // What one case holds another does not.
    assert_eq!(files.list(&case(2)), Ok(Listing::default()));
    assert!(files.read(&case(2), &file, 0, 1).is_err());
}

#[cfg(unix)]
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
fn what_was_changed_meanwhile_is_not_kept() {
    let home = Home::new();
    let other = home.source(b"other bytes");
    let kept = home.files().keep(&case(1), &FileRef::of(b"bytes"), &other);
    assert!(matches!(kept, Err(FilesError::Changed { .. })), "{kept:?}");
    assert_eq!(home.files().list(&case(1)), Ok(Listing::default()));
    assert_eq!(fs::read_dir(home.folder.path().join("attachments").join(case(1).to_hex())).expect("read").count(), 0);
}

#[test]
fn parts_are_added_in_order_and_looked_at_in_the_end() {
    let home = Home::new();
    let files = home.files();
    for size in [0, 1, 100_000] {
        let photo = bytes(7, size);
        let file = FileRef::of(&photo);
        for (n, part) in photo.chunks(30_000).enumerate() {
            let offset = n as u64 * 30_000;
            files.append(&case(1), &file, offset, part).expect("added");
            let here = offset + part.len() as u64;
            let gap = files.append(&case(1), &file, here + 1, part);
            assert!(matches!(gap, Err(FilesError::OutOfStep { .. })), "{gap:?}");
            assert_eq!(files.list(&case(1)).expect("listed").parts, [(file, here)], "kept over a restart");
        }
        assert_eq!(files.finish(&case(1), &file), Ok(true));
        let listing = files.list(&case(1)).expect("listed");
        assert!(listing.held.contains(&file) && listing.parts.is_empty());
        assert_eq!(files.erase(&case(1), &file), Ok(true));
    }
}

#[test]
fn wrong_bytes_leave_nothing() {
    let home = Home::new();
    let files = home.files();
    let file = FileRef::of(&bytes(7, 50_000));
    let mut altered = bytes(7, 50_000);
    altered[49_999] ^= 1;
    files.append(&case(1), &file, 0, &altered).expect("added");
    assert_eq!(files.finish(&case(1), &file), Ok(false));
    assert_eq!(files.list(&case(1)), Ok(Listing::default()));
    // Begun anew.
    files.append(&case(1), &file, 0, &altered).expect("added");
    files.append(&case(1), &file, 0, &bytes(7, 50_000)).expect("begun anew");
    assert_eq!(files.finish(&case(1), &file), Ok(true));
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

#[test]
fn what_is_left_to_do_is_kept_with_what_asked_for_it() {
    let home = Home::new();
    let file = FileRef::of(b"abc");
    let erase = Chore::EraseFile { case: case(1), file };
    let undone: Result<(), StoreError> = home.store().write(|txn| {
        txn.put_chore(&erase)?;
        Err(StoreError::Undone)
    });
    assert_eq!(undone, Err(StoreError::Undone));
    assert_eq!(home.store().chores(), Ok(Vec::new()));
    let put = home.store().write(|txn| {
        txn.put_chore(&Chore::Scrub)?;
        txn.put_chore(&erase)
    });
    assert_eq!(put, Ok(()));
    let mut store = home.store();
    let chores = store.chores().expect("read");
    assert_eq!(chores.iter().map(|c| c.chore).collect::<Vec<_>>(), [Chore::Scrub, erase]);
    store.write(|txn| txn.end_chore(chores[0].number)).expect("written");
    assert_eq!(store.chores(), Ok(chores[1..].to_vec()));
}
