//! The bytes of attached files: whole or not here, resumed, checked, erased.

use counterpart_core::attachment::FileRef;
use counterpart_store::{Chore, FilesError, Listing, StoreError};

use crate::{Home, Noise, case};

pub(crate) fn bytes(seed: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    Noise(seed).fill(&mut bytes);
    bytes
}

#[test]
fn a_file_is_kept_whole_and_read_in_parts() {
    let Some(home) = Home::any() else { return };
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
fn what_was_changed_meanwhile_is_not_kept() {
    let Some(home) = Home::any() else { return };
    let other = home.source(b"other bytes");
    let kept = home.files().keep(&case(1), &FileRef::of(b"bytes"), &other);
    assert!(matches!(kept, Err(FilesError::Changed { .. })), "{kept:?}");
    assert_eq!(home.files().list(&case(1)), Ok(Listing::default()));
}

#[test]
fn parts_are_added_in_order_and_looked_at_in_the_end() {
    let Some(home) = Home::any() else { return };
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
    let Some(home) = Home::any() else { return };
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
fn what_is_left_to_do_is_kept_with_what_asked_for_it() {
    let Some(home) = Home::any() else { return };
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

#[test]
fn an_erased_one_is_not_here() {
    let Some(home) = Home::any() else { return };
    let files = home.files();
    let photo = bytes(3, 900_000);
    let file = FileRef::of(&photo);
    files.keep(&case(1), &file, &home.source(&photo)).expect("kept");
    let mut whole = Vec::new();
    let mut open = files.open(&case(1), &file).expect("open");
    std::io::Read::read_to_end(&mut open, &mut whole).expect("read");
    assert!(whole == photo, "all of it, in order");
    // Parts that begin and end anywhere.
    for (offset, length) in [(0, 900_000), (262_143, 2), (262_144, 262_145), (524_288, 1), (899_999, 1), (7, 600_000)] {
        let part = files.read(&case(1), &file, offset as u64, length).expect("read");
        assert!(part == photo[offset..offset + length as usize], "{offset} {length}");
    }
    assert_eq!(files.erase(&case(1), &file), Ok(true));
    assert_eq!(files.erase(&case(1), &file), Ok(false));
    assert_eq!(files.list(&case(1)), Ok(Listing::default()));
    assert!(files.open(&case(1), &file).is_err());
    assert!(files.read(&case(1), &file, 0, 1).is_err());
}
