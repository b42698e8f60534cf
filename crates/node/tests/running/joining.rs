//! Who asked to be let in is not always who joins: it was stopped in between, or is gone and another machine of ours that
//! shares its store goes on.

use std::{fs, path::Path};

use counterpart_core::{id::CaseId, invitation::Link, statement::Entry};
use counterpart_net::{Address, PeerId};
use counterpart_node::{Desk, DeskError, JoinStanding, NodeEvent, PostFile, PostOutcome, RequestVerdict, now};
use counterpart_store::{EntryRow, Join, KeyEventRow, PeerAddress, StoreError, Txn};

use crate::{
    agents::{every_right, further_home},
    server::server,
    side::{Side, TCP, all_well},
};

fn write(desk: &Desk, work: impl FnOnce(&Txn<'_>) -> Result<(), StoreError>) {
    desk.with_store(|store| store.write(work)).expect("written");
}

/// The customer lets in whoever asked, and nobody of them hears of it yet: the request comes as a file.
fn let_in(customer: &Desk, ours: &Desk, link: &Link) {
    let mut bytes = Vec::new();
    ours.write_join_request(link, &mut bytes, now()).expect("a request");
    let file = PostFile::Bytes { name: "a request".to_owned(), bytes };
    let taken = customer.take_posts(&[file], now()).expect("taken");
    let asked = match &taken.files[0].outcome {
        PostOutcome::Request(asked) => Some(asked),
        _ => None,
    };
    let asked = asked.expect("a request");
    let (party, act) = match customer.examine_request(asked, now()).expect("examined") {
        RequestVerdict::Holds { party, act, .. } => Some((party, act)),
        _ => None,
    }
    .expect("it holds");
    customer.let_in(asked, &party, &act, now()).expect("let in");
}

/// What a node keeps when it is told that it was let in: the opener's key log, and where to call.
fn answered(customer: &Desk, ours: &Desk, link: &Link) {
    let events = customer.with_store(|store| store.key_events(link.opener)).expect("readable");
    let peer = PeerId::from_bytes(&link.peer).expect("a peer id");
    write(ours, |txn| {
        for event in &events {
            let (id, party, position, envelope) = (event.id, event.party, event.position, event.envelope.as_slice());
            txn.insert_key_event(&KeyEventRow { id, party, position, envelope })?;
        }
        link.addresses.iter().try_for_each(|address| {
            let address = Address::parse(address).expect("an address").with_peer(&peer).to_string();
            let (case, party, last_seen) = (link.case, link.opener, now());
            txn.put_peer_address(&PeerAddress { case, party, device: None, address, last_seen })
        })
    });
}

/// The case itself, as the customer has it.
fn brought(customer: &Desk, ours: &Desk, case: CaseId) {
    let entries = customer.with_store(|store| store.entries_after(case, 0)).expect("readable");
    write(ours, |txn| {
        for stored in &entries {
            let statement = Entry::decode(&stored.envelope).expect("an entry").statement;
            let (device, seq) = (statement.device, u64::from(statement.seq));
            let (id, envelope) = (stored.id, stored.envelope.as_slice());
            txn.insert_entry(&EntryRow { case, id, device, seq, own: false, envelope })?;
        }
        Ok(())
    });
}

fn under_way(desk: &Desk) -> Vec<Join> {
    desk.with_store(|store| store.joins()).expect("readable")
}

async fn joins(side: &mut Side, customer: &Side, case: CaseId) {
    side.wait(|event| matches!(event, NodeEvent::Joined(_))).await;
    let party = side.desk().party();
    for one in [customer, side] {
        one.until_seen("joined everywhere", |s| s.record(&case).lens().joined(&party)).await;
    }
    assert_eq!(under_way(&side.desk()), []);
    let signed = side.record(&case);
    let joins = signed.graph().all().filter(|ix| signed.fold().act(*ix).kind() == "join").count();
    assert_eq!(joins, 1, "signed once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_was_here_before_the_stop_is_joined_after_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let customer = Side::new(&folder.path().join("customer"), &[TCP]);
    let home = folder.path().join("supplier");
    Desk::init(&home).expect("a new identity");
    let (case, link) = customer.invite().await;
    {
        let supplier = Desk::open(&home).expect("a home");
        supplier.begin_join(&link, now()).expect("a join under way");
        let_in(&customer.desk(), &supplier, &link);
        answered(&customer.desk(), &supplier, &link);
        brought(&customer.desk(), &supplier, case);
    }
    let mut supplier = Side::start(&home, &[TCP]);
    joins(&mut supplier, &customer, case).await;
    all_well([customer.home, supplier.home]);
}

/// Two homes of one party on one database, of which the first asked to join and stopped.
struct Shared {
    customer: Side,
    first: Desk,
    second: std::path::PathBuf,
    link: Link,
    case: CaseId,
}

async fn shared(folder: &Path) -> Option<Shared> {
    let address = server()?.database();
    for home in ["supplier", "Priya"] {
        fs::create_dir_all(folder.join(home)).expect("a folder");
        fs::write(folder.join(home).join("database"), format!("{address}\n")).expect("written");
    }
    let customer = Side::new(&folder.join("customer"), &[TCP]);
    let first = Side::new(&folder.join("supplier"), &[TCP]);
    let second = further_home(folder, &first, "Priya", &every_right());
    first.node.stop().await;
    let (case, link) = customer.invite().await;
    let first = Desk::open(&first.home).expect("a home");
    first.begin_join(&link, now()).expect("a join under way");
    let_in(&customer.desk(), &first, &link);
    Some(Shared { customer, first, second, link, case })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_who_asked_is_gone_another_machine_joins_the_case_that_is_in_the_store() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(Shared { customer, first, second, link, case }) = shared(folder.path()).await else { return };
    answered(&customer.desk(), &first, &link);
    brought(&customer.desk(), &first, case);
    let mut priya = Side::start(&second, &[TCP]);
    joins(&mut priya, &customer, case).await;
    let own = priya.desk().author().device;
    let record = priya.record(&case);
    assert!(record.graph().all().any(|ix| record.graph().statement(ix).device == own), "with its own key");
    all_well([customer.home, priya.home]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_who_asked_is_gone_another_machine_fetches_the_case_though_the_invitation_is_over() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(Shared { customer, first, second, link, case }) = shared(folder.path()).await else { return };
    answered(&customer.desk(), &first, &link);
    let join = under_way(&first).pop().expect("one");
    write(&first, |txn| txn.put_join(&Join { expires: now() - 1, ..join }));
    let mut priya = Side::start(&second, &[TCP]);
    joins(&mut priya, &customer, case).await;
    all_well([customer.home, priya.home]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_to_go_on_asking_is_told_and_another_machine_may_ask_with_the_same_link() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(Shared { customer, first, second, link, case }) = shared(folder.path()).await else { return };
    let mut priya = Side::start(&second, &[TCP]);
    priya.node.settled().await.expect("it has looked");
    assert_eq!(under_way(&first).len(), 1, "what it is not to ask for it does not end either");
    let told = |desk: &Desk| desk.status(None, now()).expect("told").joins.pop().expect("one");
    let by = told(&priya.desk()).asked_by.expect("another machine");
    assert!(by.stands && by.name.is_some(), "{by:?}");
    assert_eq!(told(&first).asked_by, None, "it is this one");
    // That it was let in nobody here knows: they are told again.
    priya.desk().begin_join(&link, now()).expect("asked from here");
    joins(&mut priya, &customer, case).await;
    let again = first.begin_join(&link, now());
    assert!(matches!(again, Err(DeskError::AlreadyMember)), "{again:?}");
    all_well([customer.home, priya.home]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_machines_may_see_at_once_that_they_were_let_in() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(Shared { customer, first, second, case, .. }) = shared(folder.path()).await else { return };
    let priya = Side::start(&second, &[TCP]);
    let mut supplier = Side::start(first.home(), &[TCP]);
    joins(&mut supplier, &customer, case).await;
    let party = supplier.desk().party();
    priya.until_seen("here as well", |p| p.record(&case).lens().joined(&party)).await;
    let told = priya.desk().status(None, now()).expect("told");
    let waiting = |standing: &Option<(JoinStanding, i64)>| !matches!(standing, Some((JoinStanding::Refused(_), _)));
    assert!(told.joins.iter().all(|join| waiting(&join.standing)), "{:?}", told.joins);
    all_well([customer.home, supplier.home, priya.home]);
}
