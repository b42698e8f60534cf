//! An identity on real files: passphrase, recovery sheet, a new main key, branches of the key log, backup and restore.

use std::{
    fs,
    path::{Path, PathBuf},
};

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    attachment::FileRef,
    id::CaseId,
    keylog::{Dispute, Kinds, RevokeReason},
    value::Sealable,
};
use counterpart_node::{
    Desk, DeskError, IdentityAlarm, LogPlace, LogWhat, Lost, MainKey, Passphrase, Restoring, Rights, SheetKey, ask,
    is_backup_encrypted, take,
};
use counterpart_store::KeyEventRow;
use tempfile::TempDir;

const NOW: i64 = 1_782_000_000_000;

struct Homes(TempDir);

impl Homes {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A home with an identity.
    fn init(&self, name: &str) -> Desk {
        Desk::init(&self.at(name)).expect("a new identity");
        self.open(name)
    }

    fn open(&self, name: &str) -> Desk {
        Desk::open(&self.at(name)).expect("a home")
    }

    fn sheet(&self, name: &str) -> SheetKey {
        sheet(&self.at(name).join("recovery-sheet.txt"))
    }

    /// Another machine of an identity, with the right to add and end devices.
    fn admin(&self, of: &Desk, name: &str) -> Desk {
        let rights = Rights { kinds: Kinds::All, receive: true, admin: true, ceilings: Vec::new() };
        let request = ask(&self.at(name), of.party(), name).expect("a request");
        let grant = of.add_agent(&request, &rights, name, NOW).expect("a grant");
        take(&self.at(name), &grant).expect("a whole home");
        self.open(name)
    }

    fn copy(&self, from: &str, to: &str) {
        copy(&self.at(from), &self.at(to));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let (path, target) = (entry.as_ref().expect("an entry").path(), to.join(entry.expect("an entry").file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

fn sheet(path: &Path) -> SheetKey {
    SheetKey::parse(&fs::read_to_string(path).expect("a sheet")).expect("a key")
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).expect("a passphrase")
}

/// What two machines of one party would learn of each other's writing to the log.
fn share_log(a: &Desk, b: &Desk) {
    for (from, to) in [(a, b), (b, a)] {
        let events = from.with_store(|s| s.key_events(from.party())).expect("a log");
        let stored = to.with_store(|s| {
            s.write(|txn| {
                for e in &events {
                    let row = KeyEventRow { id: e.id, party: e.party, position: e.position, envelope: &e.envelope };
                    txn.insert_key_event(&row)?;
                }
                Ok::<_, DeskError>(())
            })
        });
        stored.expect("a stored log");
    }
}

fn case(desk: &Desk) -> CaseId {
    let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let others = vec![offer(Role::Supplier, "Northlink Ltd")];
    let open = desk.open_act("Broadband price", offer(Role::Customer, "Keith"), others, "Europe/London", None);
    desk.new_case(&open, NOW).expect("a case")
}

fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

fn notes(desk: &Desk, case: CaseId) -> usize {
    let record = desk.record(&case).expect("the case");
    record.graph().all().filter(|ix| record.graph().statement(*ix).kind == "note").count()
}

#[test]
fn keys_rest_under_a_passphrase_that_is_set_changed_and_taken_away() {
    let homes = Homes::new();
    let home = homes.at("keith");
    let case = case(&homes.init("keith"));
    let key = || fs::read_to_string(home.join("keys/device.pem")).expect("a key file");
    assert!(key().starts_with("-----BEGIN PRIVATE KEY-----") && !homes.open("keith").is_locked());

    let (first, second) = (passphrase("correct horse"), passphrase("battery staple"));
    homes.open("keith").rest_under(Some(&first)).expect("encrypted");
    for name in ["device", "transport", "root"] {
        let pem = fs::read_to_string(home.join(format!("keys/{name}.pem"))).expect("a key file");
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{name}");
    }
    assert_eq!(Desk::open(&home).expect_err("locked"), DeskError::Locked);
    assert_eq!(Desk::open_with(&home, Some(&second)).expect_err("wrong"), DeskError::WrongPassphrase);
    let desk = Desk::open_with(&home, Some(&first)).expect("opened");
    assert!(desk.is_locked() && desk.is_admin(), "the main key is read with it, too");
    desk.sign(&case, &note("signed with an unlocked key"), NOW).expect("a note");

    desk.rest_under(Some(&second)).expect("changed");
    assert_eq!(Desk::open_with(&home, Some(&first)).expect_err("the old one"), DeskError::WrongPassphrase);
    Desk::open_with(&home, Some(&second)).expect("opened").rest_under(None).expect("taken away");
    let desk = homes.open("keith");
    assert!(!desk.is_locked() && key().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(notes(&desk, case), 1);
    let left: Vec<_> = fs::read_dir(&home).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("keys.")), "{left:?}");
    assert_eq!(Passphrase::new("  \n"), Err(DeskError::NoPassphrase));
    assert_eq!(format!("{:?}", passphrase("secret")), "Passphrase");
}

#[test]
fn an_identity_begins_under_a_passphrase() {
    let homes = Homes::new();
    let home = homes.at("keith");
    Desk::init_under(&home, &passphrase("correct horse")).expect("a new identity");
    assert_eq!(Desk::open(&home).expect_err("locked"), DeskError::Locked);
    // A letter with its accent, typed as one sign or as two.
    let (one, two) = (passphrase("caf\u{e9}"), passphrase("cafe\u{301}\n"));
    assert_eq!(one, two);
    Desk::open_with(&home, Some(&passphrase("correct horse")))
        .expect("opened")
        .rest_under(Some(&one))
        .expect("changed");
    Desk::open_with(&home, Some(&two)).expect("opened");
}

#[test]
fn a_swap_of_keys_that_was_cut_short_is_finished() {
    let homes = Homes::new();
    let party = homes.init("keith").party();
    let home = homes.at("keith");
    // All three moments between the steps of a swap.
    for step in 0..3 {
        copy(&home.join("keys"), &home.join("keys.next"));
        fs::write(home.join("keys.next/ready"), b"").expect("a mark");
        if step > 0 {
            fs::rename(home.join("keys"), home.join("keys.old")).expect("the first step");
        }
        if step > 1 {
            fs::rename(home.join("keys.next"), home.join("keys")).expect("the second step");
        }
        assert_eq!(homes.open("keith").party(), party, "step {step}");
        for left in ["keys.next", "keys.old", "keys/ready"] {
            assert!(!home.join(left).exists(), "step {step}: {left}");
        }
    }
    // Keys that were not whole are not used.
    fs::create_dir(home.join("keys.next")).expect("a folder");
    assert_eq!(homes.open("keith").party(), party);
}

#[test]
fn the_recovery_sheet_is_moved_out_or_deleted_and_never_made_again() {
    let homes = Homes::new();
    let desk = homes.init("keith");
    let report = desk.identity_report().expect("a report");
    assert_eq!(report.sheet_here, Some(homes.at("keith").join("recovery-sheet.txt")));
    let stick = homes.at("stick.txt");
    fs::write(&stick, "something else").expect("a file");
    assert!(matches!(desk.move_sheet(&stick), Err(DeskError::File { .. })), "no file is written over");
    assert!(desk.sheet_here().is_ok());
    fs::remove_file(&stick).expect("removed");
    desk.move_sheet(&stick).expect("moved");
    drop(sheet(&stick));
    assert_eq!(desk.sheet_here(), Err(DeskError::NoSheet));
    assert_eq!(desk.identity_report().expect("a report").sheet_here, None);
    assert_eq!(desk.delete_sheet(), Err(DeskError::NoSheet));
}

#[test]
fn a_new_main_key_comes_from_the_sheet_and_uses_it_up() {
    let homes = Homes::new();
    let desk = homes.init("keith");
    let case = case(&desk);
    let first = homes.sheet("keith");
    let other = homes.init("somebody");
    assert!(matches!(desk.plan_rotation(&homes.sheet("somebody"), None, &[]), Err(DeskError::WrongSheet(_))));
    drop(other);

    let plan = desk.plan_rotation(&first, None, &[]).expect("a plan");
    assert!(plan.undone.is_empty() && plan.lost.is_empty() && plan.again.is_empty());
    let path = desk.rotate(&first, &plan, NOW).expect("a new main key");
    let second = sheet(&path);
    assert!(second.public() != first.public());
    let report = desk.identity_report().expect("a report");
    assert_eq!((report.main_key, report.rotations.len(), report.sheet_made), (MainKey::Here, 1, NOW));
    assert!(report.alarms.is_empty() && report.sheet_here == Some(path));
    assert_eq!(desk.sign(&case, &note("the device goes on"), NOW).map(drop), Ok(()));
    // The new root signs, and the old sheet is of no more use.
    homes.admin(&desk, "second");
    let used = desk.plan_rotation(&first, None, &[]);
    assert!(matches!(&used, Err(DeskError::WrongSheet(why)) if why.contains("used up")), "{used:?}");
    let plan = desk.plan_rotation(&second, None, &[]).expect("a plan");
    desk.rotate(&second, &plan, NOW).expect("and again");
    assert_eq!(desk.identity_report().expect("a report").rotations.len(), 2);
}

#[test]
fn a_rotation_cut_short_between_log_and_files_is_no_loss() {
    let homes = Homes::new();
    let desk = homes.init("keith");
    homes.copy("keith", "before");
    let plan = desk.plan_rotation(&homes.sheet("keith"), None, &[]).expect("a plan");
    desk.rotate(&homes.sheet("keith"), &plan, NOW).expect("a new main key");
    // The files as they were before the log had it: the old key in place, the new ones beside it.
    let (home, before) = (homes.at("keith"), homes.at("before"));
    fs::rename(home.join("keys/root.pem"), home.join("keys/root.new.pem")).expect("renamed");
    fs::copy(before.join("keys/root.pem"), home.join("keys/root.pem")).expect("copied");
    fs::rename(home.join("recovery-sheet.txt"), home.join("recovery-sheet.new.txt")).expect("renamed");
    fs::copy(before.join("recovery-sheet.txt"), home.join("recovery-sheet.txt")).expect("copied");
    let desk = homes.open("keith");
    let report = desk.identity_report().expect("a report");
    assert_eq!(report.main_key, MainKey::Here);
    assert_eq!(report.sheet_here, Some(home.join("recovery-sheet.new.txt")), "the one in force");
    homes.admin(&desk, "second");
}

#[test]
fn a_new_main_key_undoes_what_a_thief_of_the_old_one_did() {
    let homes = Homes::new();
    let desk = homes.init("keith");
    let laptop = homes.admin(&desk, "laptop");
    homes.copy("keith", "thief");
    let thief = homes.open("thief");
    // He adds a machine of his own and ends the owner's laptop.
    homes.admin(&thief, "his");
    let gone = thief.agents().expect("agents").into_iter().find(|a| a.device == laptop.author().device);
    thief.revoke_agent(&gone.expect("the laptop").grant, RevokeReason::Compromised, NOW).expect("ended");
    share_log(&desk, &thief);
    share_log(&laptop, &thief);
    let ended = laptop.identity_report().expect("a report").alarms;
    assert_eq!(ended, [IdentityAlarm::Ended(RevokeReason::Compromised)]);

    // On the laptop, which does not even hold the main key: back to before position 4.
    let sheet = homes.sheet("keith");
    for (position, why) in [(1, "no such position"), (9, "no such position")] {
        let refused = laptop.plan_rotation(&sheet, Some(position), &[]);
        assert!(matches!(&refused, Err(DeskError::Rotation { why: w }) if w.contains(why)), "{position}: {refused:?}");
    }
    let plan = laptop.plan_rotation(&sheet, Some(4), &[]).expect("a plan");
    let what: Vec<_> = plan.undone.iter().map(|e| (e.position, matches!(e.what, LogWhat::Granted { .. }))).collect();
    assert_eq!(what, [(4, true), (5, false)]);
    assert_eq!(plan.lost.len(), 1);
    laptop.rotate(&sheet, &plan, NOW).expect("a new main key");
    let report = laptop.identity_report().expect("a report");
    assert_eq!((report.main_key, report.alarms.len()), (MainKey::Here, 0));
    let places: Vec<_> = report.log.iter().map(|e| (e.position, e.place == LogPlace::TakenBack)).collect();
    assert_eq!(places.iter().filter(|(_, back)| *back).count(), 2, "{places:?}");
    // The thief is told as much. With the stolen device ended as well, he writes nothing into the log any more.
    laptop.revoke_agent(&desk.author().grant, RevokeReason::Compromised, NOW).expect("ended");
    share_log(&laptop, &thief);
    assert_eq!(thief.identity_report().expect("a report").main_key, MainKey::Replaced);
    let request = ask(&homes.at("one more"), thief.party(), "one more").expect("a request");
    assert_eq!(thief.check_request(&request), Err(DeskError::RootReplaced));
    let his = homes.open("his");
    share_log(&laptop, &his);
    assert_eq!(his.identity_report().expect("a report").alarms, [IdentityAlarm::TakenBack]);
    assert!(laptop.agents().expect("agents").iter().any(|a| a.taken_back && !a.stands()));
}

#[test]
fn two_admins_out_of_step_are_brought_together() {
    let homes = Homes::new();
    let desk = homes.init("keith");
    let laptop = homes.admin(&desk, "laptop");
    // Each adds a machine without knowing of the other's.
    let (left, right) = (homes.admin(&desk, "left"), homes.admin(&laptop, "right"));
    assert!(matches!(desk.plan_mending(&[]), Err(DeskError::Rotation { .. })), "nothing is out of step yet");
    share_log(&desk, &laptop);
    for other in [&left, &right] {
        share_log(&desk, other);
    }
    let dispute = IdentityAlarm::Disputed(Dispute { position: 4, for_good: false });
    for machine in [&desk, &laptop, &left, &right] {
        assert_eq!(machine.identity_report().expect("a report").alarms.as_slice(), std::slice::from_ref(&dispute));
    }
    // Each machine goes by a branch on which it may act.
    for machine in [&left, &right] {
        let report = machine.identity_report().expect("a report");
        let granted = report.log.iter().find(|e| e.id == machine.author().grant).expect("its grant");
        assert_eq!(granted.place, LogPlace::Ours);
        assert!(machine.is_admin());
    }
    let plan = desk.plan_mending(&[]).expect("a plan");
    assert_eq!((plan.granted.len(), plan.ended.len()), (1, 0));
    let short = |desk: &Desk| counterpart_core::id::short_form(&desk.author().device.0);
    let without = desk.plan_mending(&[short(&left), short(&right)]);
    assert!(matches!(without, Err(DeskError::Rotation { .. })), "nothing is left to bring over");
    desk.mend(&plan, NOW).expect("brought together");
    assert!(desk.plan_mending(&[]).is_err(), "once is enough");
    for machine in [&laptop, &left, &right] {
        share_log(&desk, machine);
    }
    // Both machines now stand on the longer branch.
    let ends: Vec<_> = ["keith", "laptop", "left", "right"]
        .into_iter()
        .map(|name| {
            let desk = homes.open(name);
            let log = desk.own_log().expect("a log");
            log.head_with(&desk.party(), &desk.author().grant).expect("an end").event
        })
        .collect();
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
    // What the branches differ in is decided by a new main key, and by nothing else.
    let (desk, sheet) = (homes.open("keith"), homes.sheet("keith"));
    assert_eq!(desk.identity_report().expect("a report").alarms, [dispute]);
    let plan = desk.plan_rotation(&sheet, None, &[]).expect("a plan");
    assert!(plan.lost.is_empty(), "both stand on the branch that goes on");
    desk.rotate(&sheet, &plan, NOW).expect("a new main key");
    assert_eq!(desk.identity_report().expect("a report").alarms, []);
    assert_eq!(desk.agents().expect("agents").iter().filter(|a| a.stands()).count(), 4);
}

#[test]
fn a_rotation_gives_again_what_it_is_asked_to_keep() {
    let homes = Homes::new();
    let desk = homes.init("keith");
    let laptop = homes.admin(&desk, "laptop");
    let (left, right) = (homes.admin(&desk, "left"), homes.admin(&laptop, "right"));
    share_log(&desk, &laptop);
    let lost = desk.author().device != right.author().device;
    assert!(lost);
    // Of two equal branches chance says which one this home goes by; the other one's machine is lost unless kept.
    let sheet = homes.sheet("keith");
    let plan = desk.plan_rotation(&sheet, None, &[]).expect("a plan");
    let gone = plan.lost[0];
    let name = counterpart_core::id::short_form(&gone.0);
    let plan = desk.plan_rotation(&sheet, None, &[name]).expect("a plan");
    assert_eq!((plan.lost.as_slice(), plan.again.as_slice()), (&[][..], &[gone][..]));
    desk.rotate(&sheet, &plan, NOW).expect("a new main key");
    let again = if gone == left.author().device { "left" } else { "right" };
    let machine = homes.open(again);
    share_log(&desk, &machine);
    let machine = homes.open(again);
    assert_eq!(machine.identity_report().expect("a report").alarms, []);
    assert!(desk.agents().expect("agents").iter().all(|a| a.stands()));
}

/// A home with a case, three notes and a second machine.
fn lived_in(homes: &Homes) -> (Desk, CaseId) {
    let desk = homes.init("keith");
    let case = case(&desk);
    for text in ["one", "two", "three"] {
        desk.sign(&case, &note(text), NOW).expect("a note");
    }
    homes.admin(&desk, "laptop");
    (desk, case)
}

#[test]
fn a_backup_is_restored_as_a_new_device() {
    let homes = Homes::new();
    let (desk, case) = lived_in(&homes);
    let file = homes.at("keith.backup");
    let words = passphrase("correct horse");
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

#[test]
fn a_device_is_renewed_and_the_old_one_cut_off_where_it_stands() {
    let homes = Homes::new();
    let (desk, case) = lived_in(&homes);
    let old = desk.author();
    let plan = desk.plan_renewal().expect("a plan");
    assert_eq!(plan.cuts.iter().map(|c| (c.case, c.tips.len())).collect::<Vec<_>>(), [(case, 1)]);
    let peer = desk.peer_id();
    let renewed = desk.renew_device(&plan, RevokeReason::Ended, NOW).expect("renewed");
    assert_eq!((renewed.cut.as_slice(), renewed.uncut.len()), (&[case][..], 0));
    let desk = homes.open("keith");
    assert_eq!((desk.author().device, desk.peer_id()), (renewed.device, peer.clone()));
    assert_ne!(desk.author().device, old.device);
    desk.sign(&case, &note("four"), NOW).expect("a note");
    assert_eq!(notes(&desk, case), 4);
    // Compromised: another peer id as well.
    let plan = desk.plan_renewal().expect("a plan");
    desk.renew_device(&plan, RevokeReason::Compromised, NOW).expect("renewed");
    assert_ne!(homes.open("keith").peer_id(), peer);
    assert_eq!(homes.open("keith").doctor(&mut |_, _| {}).expect("a check-up").faults, Vec::<String>::new());
}

#[test]
fn an_agents_machine_asks_for_its_new_device() {
    let homes = Homes::new();
    let desk = homes.init("keith");
    let plain = Rights { kinds: Kinds::All, receive: true, admin: false, ceilings: Vec::new() };
    let request = ask(&homes.at("priya"), desk.party(), "Priya").expect("a request");
    let grant = desk.add_agent(&request, &plain, "Priya", NOW).expect("a grant");
    take(&homes.at("priya"), &grant).expect("a whole home");
    let priya = homes.open("priya");
    assert_eq!(priya.plan_renewal().expect_err("not hers to grant"), DeskError::NoRoot);
    let asked = priya.ask_renewal().expect("a request");
    assert_eq!(priya.ask_renewal().expect("the same"), asked);
    assert!(asked.device != request.device && asked.name == "Priya");
    let old = desk.agent("Priya").expect("by name");
    desk.revoke_agent(&old.grant, RevokeReason::Ended, NOW).expect("ended");
    let grant = desk.add_agent(&asked, &plain, "Priya", NOW).expect("a grant");
    let taken = homes.open("priya").take_renewal(&grant).expect("taken");
    assert_eq!(taken.agent.device, asked.device);
    assert_eq!(homes.open("priya").author().device, asked.device);
    assert!(!homes.at("priya").join("keys.asked").exists());
}
