//! The recovery sheet, the new main keys that come from it, and branches of the key log.

use std::fs;

use counterpart_core::keylog::{Dispute, RevokeReason};
use counterpart_node::{Desk, DeskError, IdentityAlarm, LogPlace, LogWhat, MainKey, ask};

use crate::homes::{Homes, NOW, case, note, share_log, sheet};

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
