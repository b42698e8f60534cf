//! Several machines of one party on one database: each signs with its own key, nobody waits, nothing is lost or there twice.

use std::{collections::BTreeSet, fs, thread};

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Proposal, Role, SeatOffer},
    attachment::FileRef,
    fold::ActionState,
    id::{CaseId, EntryId},
    value::{Due, Sealable, Seat},
};
use counterpart_node::{Desk, DeskError, Followed, NodeEvent, StorePlace, now, own_store_place};
use counterpart_store::ChangeKind;
use counterpart_testkit::case::{new_action, terms};
use tempfile::TempDir;

use crate::{
    agents::{every_right, further_home, note},
    server::server,
    side::{Side, TCP, action, all_well, joined},
};

/// A folder for homes, of which the supplier's two are to keep their cases in one new database. Nothing where no
/// server can be.
fn two_on_one_database() -> Option<TempDir> {
    let address = server()?.database();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["supplier", "Priya"] {
        let home = folder.path().join(name);
        fs::create_dir_all(&home).expect("a folder");
        fs::write(home.join("database"), format!("{address}\n")).expect("written");
    }
    Some(folder)
}

fn entries(desk: &Desk, case: &CaseId) -> BTreeSet<EntryId> {
    let record = desk.record(case).expect("the case");
    record.graph().all().map(|ix| record.graph().id(ix)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_machines_on_one_database_are_one_party() {
    const EACH: usize = 8;
    let Some(folder) = two_on_one_database() else { return };
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[TCP]).await;
    let home = further_home(folder.path(), &supplier, "Priya", &every_right());
    let priya = Side::start(&home, &[TCP]);
    assert!(
        !home.join("counterpart.db").exists() && !home.join("attachments").exists(),
        "all of it is in the database"
    );

    // What one learns the other one has.
    customer.desk().sign(&case, &action("charge 24.99 a month"), now()).expect("a proposal");
    for side in [&supplier, &priya] {
        side.until_seen("the proposal is there", |s| s.state(&case) == Some(ActionState::Proposed)).await;
    }
    // All sign at once, each at its own positions.
    let signed: Vec<EntryId> = thread::scope(|scope| {
        let sign = |side: &Side, who: &'static str| {
            let desk = side.desk();
            scope.spawn(move || {
                let one = |n| desk.sign(&case, &note(&format!("{who} {n}")), now()).expect("signed").1.id;
                (0..EACH).map(one).collect::<Vec<_>>()
            })
        };
        let all = [sign(&supplier, "supplier"), sign(&priya, "Priya"), sign(&customer, "customer")];
        all.into_iter().flat_map(|one| one.join().expect("all signed")).collect()
    });
    assert_eq!(signed.iter().collect::<BTreeSet<_>>().len(), 3 * EACH);
    for side in [&customer, &supplier, &priya] {
        side.until_seen("all of it is everywhere", |s| signed.iter().all(|id| entries(&s.desk(), &case).contains(id)))
            .await;
    }
    assert_eq!(entries(&supplier.desk(), &case), entries(&priya.desk(), &case));
    let device = |side: &Side| side.desk().author().device;
    assert_ne!(device(&supplier), device(&priya));

    // A file that came to one of them.
    let photo: Vec<u8> = (0..700_000_u32).map(|n| (n % 251) as u8).collect();
    let path = folder.path().join("photo.jpg");
    fs::write(&path, &photo).expect("written");
    let file = FileRef::of(&photo);
    priya.desk().keep_file(&case, &file, &path).expect("kept");
    assert_eq!(supplier.desk().files_here(&case).expect("listed").held, [file]);
    let mut whole = Vec::new();
    std::io::Read::read_to_end(&mut supplier.desk().open_file(&case, &file).expect("here"), &mut whole).expect("read");
    assert!(whole == photo);

    // One of them goes; the other one carries on.
    supplier.node.stop().await;
    let (_, last) = customer.desk().sign(&case, &note("still there?"), now()).expect("a note");
    priya.until_seen("it comes to the other one", |p| entries(&p.desk(), &case).contains(&last.id)).await;
    all_well([customer.home, supplier.home, priya.home]);
}

/// Of what the other side was to do since a time.
fn overdue(desk: &Desk, case: &CaseId, at: i64) {
    let call = Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: now() - 1_000,
        seconds: None,
        waited: None,
        seat: Some(Seat::Number(0)),
        person: None,
        number: None,
        reference: None,
        summary: Sealable::Open("she sends it".to_owned()),
        menu: Vec::new(),
    });
    let call = desk.sign(case, &call, now()).expect("a call").1.id;
    let due = Due::At { instant: at, local: "2020-09-13T12:26".to_owned(), zone: "UTC".to_owned() };
    let terms = ActionTerms { due: Some(due), ..terms("send the form", &[0], &[1]) };
    let said = Act::Propose(Proposal { alleged: Some(call), ..new_action(terms) });
    desk.sign(case, &said, now()).expect("a promise");
}

/// What was told of what fell due, in order.
fn told_overdue(desk: &Desk) -> Vec<Option<String>> {
    let changes = desk.followed(0, 10_000).expect("readable").into_iter();
    let told = changes.filter(|followed| followed.change.kind == ChangeKind::CaseOverdue);
    told.map(|Followed { due, .. }| due).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fell_due_is_told_by_one_of_the_nodes_on_a_database() {
    const TIMES: i64 = 12;
    let Some(folder) = two_on_one_database() else { return };
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[TCP]).await;
    let priya = Side::start(&further_home(folder.path(), &supplier, "Priya", &every_right()), &[TCP]);
    let due = |n: i64| 1_600_000_000_000 + n * 60_000;
    for n in 0..TIMES {
        let side = if n % 2 == 0 { &supplier } else { &priya };
        overdue(&side.desk(), &case, due(n));
    }
    let expected: BTreeSet<Option<String>> =
        (0..TIMES).map(|n| Some(jiff::Timestamp::from_millisecond(due(n)).expect("a time").to_string())).collect();
    let all = |side: &Side| told_overdue(&side.desk()).into_iter().collect::<BTreeSet<_>>() == expected;
    supplier.until_seen("all of it is told", all).await;
    // Both have looked once more by the time that this comes to its end.
    for side in [&supplier, &priya] {
        side.node.settled().await.expect("it has looked");
    }
    assert_eq!(told_overdue(&priya.desk()).len(), expected.len(), "each time once");
    supplier.node.stop().await;
    priya.node.stop().await;
    let again = Side::start(&supplier.home, &[TCP]);
    again.node.settled().await.expect("it has looked");
    assert_eq!(told_overdue(&again.desk()).len(), expected.len(), "not after a restart either");
    all_well([customer.home, again.home, priya.home]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_is_taken_up_by_the_machine_that_it_was_given_to() {
    let Some(folder) = two_on_one_database() else { return };
    let customer = Side::new(&folder.path().join("customer"), &[TCP]);
    let supplier = Side::new(&folder.path().join("supplier"), &[TCP]);
    let home = further_home(folder.path(), &supplier, "Priya", &every_right());
    let priya = Side::start(&home, &[TCP]);
    supplier.node.stop().await;

    // It is asked for where the node does not run; the other machine sees that in the database.
    let (case, link) = customer.invite().await;
    let under_way = || priya.desk().with_store(|store| store.joins()).expect("readable").len();
    Desk::open(&supplier.home).expect("a home").begin_join(&link, now()).expect("a join under way");
    priya.node.settled().await.expect("it has looked");
    assert_eq!(under_way(), 1, "what it is not to ask for it does not end either");

    let mut supplier = Side::start(&supplier.home, &[TCP]);
    supplier.wait(|event| matches!(event, NodeEvent::Joined(_))).await;
    let party = supplier.desk().party();
    for side in [&customer, &supplier, &priya] {
        side.until_seen("joined everywhere", |s| s.record(&case).lens().joined(&party)).await;
    }
    assert_eq!(under_way(), 0);
    all_well([customer.home, supplier.home, priya.home]);
}

#[test]
fn a_home_moves_to_a_database_and_back() {
    let Some(server) = server() else { return };
    let there = StorePlace::Postgres(server.database());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("home");
    Desk::init(&home).expect("a new identity");
    let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let desk = Desk::open(&home).expect("a home");
    let others = vec![offer(Role::Supplier, "Northlink Ltd")];
    let open = desk.open_act("Broadband price", offer(Role::Customer, "Keith"), others, "Europe/London", None);
    let case = desk.new_case(&open, now()).expect("a case");
    desk.sign(&case, &note("at home"), now()).expect("a note");

    let strange = desk.use_store(&there);
    assert!(matches!(strange, Err(DeskError::File { .. })), "nothing of ours is there yet: {strange:?}");
    let copied = desk.copy_store(&there).expect("copied");
    assert!(copied.rows >= 4, "{copied:?}");
    assert!(desk.copy_store(&there).is_err(), "it is not empty any more");
    desk.use_store(&there).expect("chosen");

    let moved = Desk::open(&home).expect("a home");
    assert_eq!(moved.store_place(), Ok(there.clone()));
    assert_eq!(entries(&moved, &case), entries(&desk, &case));
    moved.sign(&case, &note("in the database"), now()).expect("a note");
    let after = entries(&moved, &case);
    assert_eq!(after.len(), 3);

    // Back again, with what came meanwhile.
    drop(desk);
    fs::rename(home.join("counterpart.db"), home.join("before.db")).expect("moved away");
    for beside in ["counterpart.db-wal", "counterpart.db-shm"] {
        drop(fs::remove_file(home.join(beside)));
    }
    moved.copy_store(&own_store_place(moved.home())).expect("copied");
    moved.use_store(&own_store_place(moved.home())).expect("chosen");
    let back = Desk::open(&home).expect("a home");
    assert_eq!(back.store_place(), Ok(own_store_place(back.home())));
    assert_eq!(entries(&back, &case), after);
    back.sign(&case, &note("at home again"), now()).expect("a note at the next position");
    assert_eq!(back.doctor(&mut |_, _| {}).expect("a check-up").faults, Vec::<String>::new());
}
