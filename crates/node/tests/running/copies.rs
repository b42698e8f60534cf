//! One home in two places: a copy, an old backup of the folder, a backup restored; over real sockets.

use std::{fs, path::Path};

use counterpart_core::{
    act::Act,
    fold::ActionState,
    id::{CaseId, EntryId},
    keylog::{Kinds, RevokeReason},
    value::Sealable,
};
use counterpart_node::{
    Desk, DeskError, IdentityAlarm, Lost, MainKey, NodeEvent, Restoring, Rights, SheetKey, ask, now, take,
};

use crate::side::{Side, TCP, action, all_well, joined};

fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else if path.extension().is_none_or(|e| e != "sock") {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

impl Side {
    fn note(&self, case: &CaseId, text: &str) -> EntryId {
        self.desk().sign(case, &note(text), now()).expect("a note").1.id
    }

    pub(crate) fn has_entry(&self, case: &CaseId, id: EntryId) -> bool {
        self.record(case).graph().find(&id).is_some()
    }

    fn alarms(&self) -> Vec<IdentityAlarm> {
        self.desk().identity_report().expect("a report").alarms
    }

    async fn stop(self) -> std::path::PathBuf {
        self.node.stop().await;
        self.home
    }
}

/// A customer and a supplier in one case; the customer's home also knows where to call the supplier.
async fn both(folder: &Path) -> (Side, Side, CaseId) {
    let (customer, supplier, case) = joined(folder, &[TCP], &[TCP]).await;
    for address in supplier.node.addresses().await {
        customer.desk().remember_address(&case, &address, now()).expect("an address");
    }
    (customer, supplier, case)
}

fn every_right() -> Rights {
    Rights { kinds: Kinds::All, receive: true, admin: true, ceilings: Vec::new() }
}

/// The home with a new device key, its node running.
fn renewed(home: &Path, case: &CaseId) -> Side {
    let desk = Desk::open(home).expect("a home");
    let plan = desk.plan_renewal().expect("a plan");
    assert!(plan.cuts.iter().any(|cut| cut.case == *case));
    let renewed = desk.renew_device(&plan, RevokeReason::Ended, now()).expect("renewed");
    assert_eq!(renewed.uncut, []);
    Side::start(home, &[TCP])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_stops_signing_once_it_sees_what_was_signed_elsewhere() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = both(folder.path()).await;
    let home = customer.stop().await;
    let old = folder.path().join("old");
    copy(&home, &old);
    // Life goes on in one of the two places.
    let customer = Side::start(&home, &[TCP]);
    let first = customer.note(&case, "signed here");
    supplier.until_seen("it arrives", |s| s.has_entry(&case, first)).await;
    customer.stop().await;

    let mut copy = Side::start(&old, &[TCP]);
    copy.wait(|e| matches!(e, NodeEvent::UsedElsewhere { .. })).await;
    assert!(copy.has_entry(&case, first), "what was signed there came");
    assert_eq!(copy.desk().sign(&case, &note("and here"), now()).expect_err("refused"), DeskError::UsedElsewhere);
    let inside = copy.node.act(case, note("and here"), now()).await.expect_err("refused in the node as well");
    assert_eq!(inside.to_string(), DeskError::UsedElsewhere.to_string());
    assert_eq!(copy.alarms(), [IdentityAlarm::UsedElsewhere]);
    // What others say still comes in.
    let heard = supplier.note(&case, "are you there?");
    copy.until_seen("it arrives", |c| c.has_entry(&case, heard)).await;
    assert_eq!(copy.desk().plan_renewal().map(drop), Err(DeskError::Running), "not while the node holds the old key");
    copy.stop().await;

    let copy = renewed(&old, &case);
    let second = copy.note(&case, "with a key of its own");
    supplier.until_seen("it arrives", |s| s.has_entry(&case, second)).await;
    assert!(supplier.view(&case).forks.is_empty(), "no second history was made");
    assert_eq!(copy.alarms(), []);
    all_well([copy, supplier].map(|side| side.home));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_copies_that_signed_before_they_met_are_shown_as_two_histories() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = both(folder.path()).await;
    let home = customer.stop().await;
    let other = folder.path().join("other");
    copy(&home, &other);
    // Neither can know of the other yet.
    let here = Desk::open(&home).expect("a home").sign(&case, &note("signed here"), now()).expect("a note").1.id;
    let there = Desk::open(&other).expect("a home").sign(&case, &note("signed there"), now()).expect("a note").1.id;

    let customer = Side::start(&home, &[TCP]);
    supplier.until_seen("the one arrives", |s| s.has_entry(&case, here)).await;
    let home = customer.stop().await;
    let mut copy = Side::start(&other, &[TCP]);
    copy.wait(|e| matches!(e, NodeEvent::UsedElsewhere { .. })).await;
    for side in [&supplier, &copy] {
        side.until_seen("both are shown", |s| s.view(&case).forks.len() == 1).await;
        assert!(side.has_entry(&case, here) && side.has_entry(&case, there));
    }
    let refused = copy.desk().sign(&case, &note("more"), now());
    assert_eq!(refused.expect_err("refused"), DeskError::UsedElsewhere);
    let other = copy.stop().await;
    // The one that was first learns of it as well.
    let mut customer = Side::start(&home, &[TCP]);
    customer.wait(|e| matches!(e, NodeEvent::UsedElsewhere { .. })).await;
    let refused = customer.desk().sign(&case, &note("more"), now());
    assert_eq!(refused.expect_err("refused"), DeskError::UsedElsewhere);
    let home = customer.stop().await;

    // One after the other gets a key of its own.
    let customer = renewed(&home, &case);
    let on = customer.note(&case, "going on");
    supplier.until_seen("it arrives", |s| s.has_entry(&case, on)).await;
    // The other one is no longer heard, not even to be told; a key log has no room for two that write to it at once. So
    // it asks the first.
    let asked = Desk::open(&other).expect("a home").ask_renewal().expect("a request");
    let grant = customer.desk().add_agent(&asked, &every_right(), "the copy", now()).expect("a grant");
    let taken = Desk::open(&other).expect("a home").take_renewal(&grant).expect("taken");
    assert!(taken.agent.stands() && taken.agent.device == asked.device);
    let copy = Side::start(&other, &[TCP]);
    assert_eq!(copy.desk().identity_report().expect("a report").main_key, MainKey::Elsewhere);
    let too = copy.note(&case, "and here");
    supplier.until_seen("it arrives", |s| s.has_entry(&case, too)).await;
    assert_eq!(supplier.view(&case).forks.len(), 1, "what happened stays on record");
    customer.until_seen("all is everywhere", |c| c.has_entry(&case, too)).await;
    all_well([customer, copy, supplier].map(|side| side.home));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_the_folder_is_an_old_copy() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = both(folder.path()).await;
    let (_, proposed) = supplier.desk().sign(&case, &action("charge 24.99 a month"), now()).expect("a proposal");
    customer.until_seen("it arrives", |c| c.state(&case) == Some(ActionState::Proposed)).await;
    let home = customer.stop().await;
    let saved = folder.path().join("saved");
    copy(&home, &saved);
    let customer = Side::start(&home, &[TCP]);
    let accept = Act::Accept { revision: proposed.id, note: None };
    customer.desk().sign(&case, &accept, now()).expect("an accept");
    supplier.until_seen("agreed", |s| s.state(&case) == Some(ActionState::Agreed)).await;
    customer.stop().await;
    fs::remove_dir_all(&home).expect("the disk is lost");

    // The folder is put back as it was: the first connection brings what it missed, its own acts among it.
    copy(&saved, &home);
    let mut restored = Side::start(&home, &[TCP]);
    restored.wait(|e| matches!(e, NodeEvent::UsedElsewhere { .. })).await;
    assert_eq!(restored.state(&case), Some(ActionState::Agreed));
    let refused = restored.desk().sign(&case, &Act::Decline { revision: proposed.id, reason: None }, now());
    assert_eq!(refused.expect_err("refused"), DeskError::UsedElsewhere);
    let home = restored.stop().await;
    let restored = renewed(&home, &case);
    let on = restored.note(&case, "back again");
    supplier.until_seen("it arrives", |s| s.has_entry(&case, on)).await;
    assert_eq!(supplier.state(&case), Some(ActionState::Agreed), "what the old key signed up to there counts");
    assert!(supplier.view(&case).forks.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_is_a_new_device_that_the_next_sync_makes_known() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = both(folder.path()).await;
    let kept = customer.note(&case, "in the backup");
    let file = folder.path().join("customer.backup");
    // The node runs on meanwhile.
    customer.desk().backup(&file, None, now()).expect("a backup");
    let later = customer.note(&case, "after the backup");
    supplier.until_seen("both arrive", |s| s.has_entry(&case, kept) && s.has_entry(&case, later)).await;
    let (party, old) = (customer.desk().party(), customer.desk().author());
    let home = customer.stop().await;
    fs::remove_dir_all(&home).expect("the machine is lost");

    let new = folder.path().join("new");
    let restoring = Restoring::read(&new, &file, None).expect("read");
    let lost = Lost { devices: vec![old.device], reason: Some(RevokeReason::Ended) };
    restoring.finish(None, &lost, None, now()).expect("restored");
    let restored = Side::start(&new, &[TCP]);
    assert!(restored.has_entry(&case, kept));
    restored.until_seen("what was signed since comes back", |r| r.has_entry(&case, later)).await;
    let on = restored.note(&case, "from the new machine");
    supplier.until_seen("it arrives", |s| s.has_entry(&case, on)).await;
    let record = supplier.record(&case);
    assert!(record.logs().revocation_of(&party, &old.grant).is_some() && !record.logs().is_forked(&party));
    assert_eq!(restored.alarms(), [], "another device's entries are no copy's");
    all_well([restored, supplier].map(|side| side.home));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_main_key_reaches_everybody_and_outdoes_a_thief() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = both(folder.path()).await;
    let home = customer.stop().await;
    let stolen = folder.path().join("stolen");
    copy(&home, &stolen);
    let sheet = fs::read_to_string(home.join("recovery-sheet.txt")).expect("a sheet");
    let sheet = SheetKey::parse(&sheet).expect("a key");
    // The thief ends nothing yet, but adds a machine of his own, and the supplier's node hears of it.
    let thief = Desk::open(&stolen).expect("a home");
    let his = folder.path().join("his");
    let request = ask(&his, thief.party(), "his").expect("a request");
    let grant = thief.add_agent(&request, &every_right(), "his", now()).expect("a grant");
    take(&his, &grant).expect("a whole home");
    drop(thief);
    let thief = Side::start(&stolen, &[TCP]);
    let party = thief.desk().party();
    let knows = |s: &Side| s.record(&case).logs().grant_of_device(&party, &request.device).is_some();
    supplier.until_seen("it hears of his machine", knows).await;
    let stolen = thief.stop().await;

    // The owner brings a new main key from paper, from before that, without knowing what the thief did.
    let desk = Desk::open(&home).expect("a home");
    let plan = desk.plan_rotation(&sheet, None, &[]).expect("a plan");
    desk.rotate(&sheet, &plan, now()).expect("a new main key");
    drop(desk);
    let customer = Side::start(&home, &[TCP]);
    let on = customer.note(&case, "our main key was stolen; this is the new one");
    supplier.until_seen("it arrives", |s| s.has_entry(&case, on)).await;
    let out = |s: &Side| {
        let record = s.record(&case);
        let (grant, _) = record.logs().grant_of_device(&party, &request.device).expect("known");
        record.logs().superseded_by(&grant).is_some() && record.logs().dispute(&party).is_none()
    };
    supplier.until_seen("his machine is out", out).await;
    let thief = Side::start(&stolen, &[TCP]);
    thief
        .until_seen("his copy is told", |t| t.desk().identity_report().expect("a report").main_key == MainKey::Replaced)
        .await;
}
