//! Backup and restore: whole, damaged, cut short.

use std::fs;

use counterpart_core::{
    act::{Act, Role},
    attachment::FileRef,
    keylog::{Dispute, RevokeReason},
    value::Sealable,
};
use counterpart_node::{Desk, DeskError, IdentityAlarm, Lost, MainKey, Restoring, is_backup_encrypted};

use crate::homes::{Homes, NOW, case, lived_in, note, notes, passphrase, share_log};

#[test]
fn a_backup_is_restored_as_a_new_device() {
    let homes = Homes::new();
    let (desk, case) = lived_in(&homes);
    let file = homes.at("keith.backup");
    let words = passphrase("correct horse");
    desk.keep_own_name("Keith", NOW).expect("a name in the notebook");
    let notes_kept = desk.notebook().expect("the notebook").len();
    desk.keep_own_role(Role::Third, NOW).expect("a role in the notebook");
    desk.keep_own_role(Role::Supplier, NOW).expect("another in its place");
    assert_eq!(desk.notebook().expect("the notebook").len(), notes_kept, "no note for people's eyes");
    let written = desk.backup(&file, Some(&words), NOW).expect("a backup");
    assert_eq!((written.cases, written.entries, written.root), (1, 4, true));
    assert_eq!(is_backup_encrypted(&file), Ok(true));
    assert_eq!(Restoring::read(&homes.at("new"), &file, None).expect_err("locked"), DeskError::Locked);
    let wrong = Restoring::read(&homes.at("new"), &file, Some(&passphrase("battery staple")));
    assert_eq!(wrong.expect_err("wrong"), DeskError::WrongPassphrase);

    let restoring = Restoring::read(&homes.at("new"), &file, Some(&words)).expect("read");
    assert_eq!(
        (restoring.contents.cases, restoring.contents.entries, restoring.about.device),
        (1, 4, desk.author().device)
    );
    assert_eq!(restoring.devices().expect("devices").len(), 2);
    let lost = Lost { devices: vec![restoring.about.device], reason: Some(RevokeReason::Compromised) };
    let restored = restoring.finish(None, &lost, None, NOW).expect("restored");
    assert!(restored.recovery_sheet.is_none() && restored.device != desk.author().device);
    let new = homes.open("new");
    assert_eq!((new.party(), new.author().device), (desk.party(), restored.device));
    assert_ne!(new.peer_id(), desk.peer_id());
    assert_eq!(notes(&new, case), 3);
    assert_eq!(new.own_name().expect("the notebook").as_deref(), Some("Keith"));
    assert_eq!(new.own_role(), Ok(Some(Role::Supplier)));
    assert_eq!(new.summaries().expect("a list").len(), 1);
    assert_eq!(new.doctor(&mut |_, _| {}).expect("a check-up").faults, Vec::<String>::new());
    let agents = new.agents().expect("agents");
    let of = |device| agents.iter().find(|a| a.device == device).expect("an agent");
    assert_eq!(of(desk.author().device).revoked.map(|(reason, _)| reason), Some(RevokeReason::Compromised));
    assert!(of(restored.device).here && of(restored.device).stands());
    assert_eq!(agents.iter().find_map(|a| a.name.clone()).as_deref(), Some("laptop"), "names are in it");
    new.sign(&case, &note("from the new machine"), NOW).expect("a note");
    assert!(new.identity_report().expect("a report").main_key == MainKey::Here && new.is_admin());
    // Only into a home that holds nothing.
    let again = Restoring::read(&homes.at("new"), &file, Some(&words));
    assert!(matches!(again, Err(DeskError::AlreadyInitialised { .. })));
    fs::create_dir(homes.at("other")).expect("a folder");
    fs::write(homes.at("other").join("letter"), "Dear Sir").expect("a file");
    let full = Restoring::read(&homes.at("other"), &file, Some(&words));
    assert!(matches!(full, Err(DeskError::NotEmpty { .. })));
}

#[test]
fn a_backup_in_the_open_and_keys_that_rest_under_a_passphrase() {
    let homes = Homes::new();
    let (desk, case) = lived_in(&homes);
    let file = homes.at("open.backup");
    desk.backup(&file, None, NOW).expect("a backup");
    // One that is there is replaced; what is no backup is not.
    desk.backup(&file, None, NOW).expect("a backup");
    let letter = homes.at("letter");
    fs::write(&letter, "Dear Sir").expect("a file");
    assert!(matches!(desk.backup(&letter, None, NOW), Err(DeskError::Backup { .. })));
    assert_eq!(fs::read_to_string(&letter).expect("a file"), "Dear Sir");
    let words = passphrase("correct horse");
    let restoring = Restoring::read(&homes.at("new"), &file, None).expect("read");
    restoring.finish(None, &Lost::default(), Some(&words), NOW).expect("restored");
    assert_eq!(Desk::open(&homes.at("new")).expect_err("locked"), DeskError::Locked);
    let new = Desk::open_with(&homes.at("new"), Some(&words)).expect("opened");
    assert_eq!(notes(&new, case), 3);
    assert!(new.agents().expect("agents").iter().all(|a| a.stands()), "nobody was ended unasked");
}

#[test]
fn attached_files_are_in_a_backup_whatever_their_size() {
    let homes = Homes::new();
    let desk = homes.init("keith");
    let case = case(&desk);
    // Around the size of a piece, and several of them.
    let files: Vec<Vec<u8>> = [0_usize, 1, 65_535, 65_536, 65_537, 300_000]
        .into_iter()
        .map(|size| (0..size).map(|n| u8::try_from(n % 251).expect("small")).collect())
        .collect();
    for (n, bytes) in files.iter().enumerate() {
        let (path, file) = (homes.at(&format!("file{n}")), FileRef::of(bytes));
        fs::write(&path, bytes).expect("a file");
        desk.keep_file(&case, &file, &path).expect("kept");
        let (size, name) = (i64::try_from(file.size).expect("small"), Sealable::Open(format!("file {n}")));
        let act = Act::Attach { sha256: file.sha256, size, name, media: None, about: None };
        desk.sign(&case, &act, NOW).expect("on record");
    }
    let words = passphrase("correct horse");
    for (under, name) in [(None, "open"), (Some(&words), "encrypted")] {
        let file = homes.at("a.backup");
        assert_eq!(desk.backup(&file, under, NOW).expect("a backup").files, files.len());
        let restoring = Restoring::read(&homes.at(name), &file, under).expect("read");
        assert_eq!(restoring.contents.files, files.len());
        restoring.finish(None, &Lost::default(), None, NOW).expect("restored");
        let record = homes.open(name).record(&case).expect("the case");
        assert!(files.iter().all(|bytes| record.holds_file(&FileRef::of(bytes))), "{name}");
    }
}

#[test]
fn a_sheet_restores_where_the_main_key_is_gone() {
    let homes = Homes::new();
    let (desk, case) = lived_in(&homes);
    // An agent's machine holds no main key.
    let laptop = homes.open("laptop");
    share_log(&desk, &laptop);
    let file = homes.at("laptop.backup");
    let written = laptop.backup(&file, None, NOW).expect("a backup");
    assert_eq!((written.root, written.cases), (false, 0));
    let restoring = Restoring::read(&homes.at("new"), &file, None).expect("read");
    assert_eq!(restoring.check_keys(None), Err(DeskError::NoRootInBackup));
    assert!(matches!(restoring.check_keys(Some(&homes.sheet("keith"))), Ok(())));
    homes.init("somebody");
    assert!(matches!(restoring.check_keys(Some(&homes.sheet("somebody"))), Err(DeskError::WrongSheet(_))));
    drop(restoring);
    let left: Vec<_> = fs::read_dir(homes.at("new")).expect("a folder").collect();
    assert!(left.is_empty(), "given up, it leaves nothing behind: {left:?}");

    // The main key is stolen: the backup has it, the sheet replaces it.
    let file = homes.at("keith.backup");
    desk.backup(&file, None, NOW).expect("a backup");
    let restoring = Restoring::read(&homes.at("new"), &file, None).expect("read");
    let lost = Lost { devices: vec![desk.author().device], reason: Some(RevokeReason::Ended) };
    let restored = restoring.finish(Some(&homes.sheet("keith")), &lost, None, NOW).expect("restored");
    let new = homes.open("new");
    let report = new.identity_report().expect("a report");
    assert_eq!((report.main_key, report.rotations.len(), report.alarms.len()), (MainKey::Here, 1, 0));
    assert_eq!(report.sheet_here, restored.recovery_sheet);
    assert_eq!(notes(&new, case), 3);
    new.sign(&case, &note("from the new machine"), NOW).expect("a note");
    // The machine that was lost learns that its main key is one no more.
    share_log(&new, &desk);
    assert_eq!(homes.open("keith").identity_report().expect("a report").main_key, MainKey::Replaced);
    // What the old backup did not know is taken back, not in dispute: a machine added after it was made.
    let old = Restoring::read(&homes.at("third"), &file, None).expect("read");
    drop(old);
}

#[test]
fn an_old_backup_with_the_sheet_takes_back_what_it_does_not_know() {
    let homes = Homes::new();
    let desk = homes.init("keith");
    let file = homes.at("keith.backup");
    desk.backup(&file, None, NOW).expect("a backup");
    let later = homes.admin(&desk, "later");
    let sheet = homes.sheet("keith");
    Restoring::read(&homes.at("new"), &file, None)
        .and_then(|r| r.finish(Some(&sheet), &Lost::default(), None, NOW))
        .expect("restored");
    let new = homes.open("new");
    share_log(&new, &later);
    assert_eq!(new.identity_report().expect("a report").alarms, []);
    assert_eq!(later.identity_report().expect("a report").alarms, [IdentityAlarm::TakenBack]);
    // Without the sheet the same is a dispute: two machines at one place in the log.
    Restoring::read(&homes.at("root"), &file, None)
        .and_then(|r| r.finish(None, &Lost::default(), None, NOW))
        .expect("restored");
    let root = homes.open("root");
    let beside = homes.open("keith");
    share_log(&root, &beside);
    let dispute = IdentityAlarm::Disputed(Dispute { position: 3, for_good: false });
    assert_eq!(root.identity_report().expect("a report").alarms, [dispute]);
}

#[test]
fn damaged_backups_are_refused_and_nothing_is_left() {
    let homes = Homes::new();
    let (desk, _) = lived_in(&homes);
    let words = passphrase("correct horse");
    for under in [None, Some(&words)] {
        let file = homes.at("a.backup");
        desk.backup(&file, under, NOW).expect("a backup");
        let whole = fs::read(&file).expect("bytes");
        let refused = |bytes: &[u8], what: &str| {
            fs::write(&file, bytes).expect("written");
            let read = Restoring::read(&homes.at("new"), &file, under);
            let why = read.expect_err(what);
            let named = matches!(why, DeskError::Backup { .. } | DeskError::WrongPassphrase);
            assert!(named, "{what}: {why:?}");
            let left = fs::read_dir(homes.at("new")).map_or(0, Iterator::count);
            assert_eq!(left, 0, "{what}");
        };
        for length in [0, 10, 22, 60, 150, whole.len() / 2, whole.len() - 1] {
            refused(&whole[..length.min(whole.len() - 1)], &format!("cut to {length}"));
        }
        for n in 0..40 {
            let at = n * whole.len() / 40;
            let mut altered = whole.clone();
            altered[at] ^= 1;
            refused(&altered, &format!("altered at {at}"));
        }
        let mut longer = whole.clone();
        longer.push(0);
        refused(&longer, "something behind it");
        fs::remove_file(&file).expect("removed");
    }
    let nothing = Restoring::read(&homes.at("new"), &homes.at("nothing"), None);
    assert!(matches!(nothing, Err(DeskError::Backup { .. })));
    // Altered, and the checksum made to fit: the signatures say so.
    let file = homes.at("b.backup");
    desk.backup(&file, None, NOW).expect("a backup");
    let mut bytes = fs::read(&file).expect("bytes");
    let at = bytes.windows(5).position(|w| w == b"three").expect("the note");
    bytes[at] = b'T';
    let end = bytes.len() - 32;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&digest);
    fs::write(&file, &bytes).expect("written");
    let why = Restoring::read(&homes.at("new"), &file, None).expect_err("altered").to_string();
    assert!(why.contains("an entry in it was altered"), "{why}");
}

/// Says that the test runs as the child of itself.
#[cfg(target_os = "linux")]
const CHILD: &str = "COUNTERPART_TEST_FULL_DISK";

/// A limit on file size is to a program what a full disk is.
#[cfg(target_os = "linux")]
#[test]
fn a_backup_that_finds_no_room_leaves_nothing() {
    if std::env::var_os(CHILD).is_some() {
        return backed_up_without_room();
    }
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; exec \"$0\" backup::a_backup_that_finds_no_room_leaves_nothing --exact --nocapture",
        ])
        .arg(std::env::current_exe().expect("own path"))
        .env(CHILD, "1")
        .output()
        .expect("the child runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(target_os = "linux")]
fn backed_up_without_room() {
    let homes = Homes::new();
    let (desk, _) = lived_in(&homes);
    let folder = homes.at("backups");
    fs::create_dir(&folder).expect("made");
    let file = folder.join("a.backup");
    let limit = |bytes: &str| {
        let (own, limit) = (std::process::id().to_string(), format!("--fsize={bytes}:"));
        let set = std::process::Command::new("prlimit").args(["--pid", &own, &limit]).status();
        assert!(set.expect("prlimit is there").success());
    };
    for room in ["1", "200"] {
        limit(room);
        let made = desk.backup(&file, None, NOW);
        limit("unlimited");
        assert!(matches!(made, Err(DeskError::Backup { .. })), "{made:?}");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0, "nothing is left of it");
    }
    desk.backup(&file, None, NOW).expect("there is room");
}

#[test]
fn an_interrupted_restoration_is_begun_anew() {
    let homes = Homes::new();
    let (desk, case) = lived_in(&homes);
    let file = homes.at("keith.backup");
    desk.backup(&file, None, NOW).expect("a backup");
    let home = homes.at("new");
    // Killed while its pieces were put in place.
    fs::create_dir_all(home.join("restoring/keys")).expect("a folder");
    fs::write(home.join("counterpart.db"), b"half").expect("a file");
    Restoring::read(&home, &file, None).and_then(|r| r.finish(None, &Lost::default(), None, NOW)).expect("restored");
    assert_eq!(notes(&homes.open("new"), case), 3);
    assert!(!home.join("restoring").exists());
}
