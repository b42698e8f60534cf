//! A party's own always-on node: everything reaches both sides through it although their laptops never meet, who moved is
//! found again through it, and it signs nothing but receipts and where it is.

use std::path::Path;

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    id::{CaseId, DeviceKey, EntryId},
    keylog::Kinds,
    record::Record,
    value::Sealable,
};
use counterpart_node::{CaseLink, DeskError, NodeConfig, PeerStanding, Rights, now};

use crate::{
    agents::{every_right, further_home, note},
    side::{Side, TCP, all_well, joined, texts},
};

pub(crate) fn receives() -> Rights {
    Rights { kinds: Kinds::Listed(Vec::new()), ..every_right() }
}

impl Side {
    fn device(&self) -> DeviceKey {
        self.desk().author().device
    }

    /// Tells this side where a device of its own party is, as the line of that device does.
    pub(crate) async fn told_of(&self, case: &CaseId, other: &Self) {
        let addresses = other.node.addresses().await;
        let addresses = addresses.iter().map(|a| counterpart_net::Address::parse(a).expect("an address")).collect();
        self.desk().begin_follow(&CaseLink { case: *case, addresses }, now()).expect("remembered");
    }

    pub(crate) fn signs(&self, case: &CaseId, text: &str) -> EntryId {
        self.desk().sign(case, &note(text), now()).expect("a note").1.id
    }

    /// Whether this side knows where a device of another party can be called.
    fn can_call(&self, case: &CaseId, device: &DeviceKey) -> bool {
        let rows = self.desk().with_store(|store| store.peer_addresses(*case)).expect("the addresses");
        rows.iter().any(|row| row.device == Some(*device))
    }

    fn is_online(&self, case: &CaseId, device: &DeviceKey) -> bool {
        let report = self.desk().presence().expect("a running node's word");
        report
            .peers
            .iter()
            .any(|p| p.case == *case && p.device.as_ref() == Some(device) && p.standing == PeerStanding::Online)
    }
}

/// Whether the last receipt of a device covers an entry.
fn covers(record: &Record, device: &DeviceKey, entry: &EntryId) -> bool {
    let graph = record.graph();
    let Some(receipt) = record.last_receipt(device) else { return false };
    let heads: Vec<_> = receipt.receipt.heads.iter().filter_map(|head| graph.find(head)).collect();
    graph.find(entry).is_some_and(|ix| graph.covered_by(ix, &heads))
}

/// A customer with a mailbox, and a supplier that listens nowhere; all three know of each other.
async fn with_mailbox(folder: &Path) -> (Side, Side, Side, CaseId) {
    let (customer, supplier, case) = joined(folder, &[TCP], &[]).await;
    let home = further_home(folder, &customer, "mailbox", &receives());
    let mailbox = Side::start(&home, &[TCP]);
    customer.told_of(&case, &mailbox).await;
    let party = customer.desk().party();
    mailbox.until_seen("the case comes to the mailbox", |m| m.record(&case).lens().joined(&party)).await;
    let device = mailbox.device();
    supplier.until_seen("the supplier hears where it is", |s| s.can_call(&case, &device)).await;
    (customer, supplier, mailbox, case)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn laptops_that_are_never_online_together_hold_the_same_in_the_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, mailbox, case) = with_mailbox(folder.path()).await;
    let (customer_home, supplier_home) = (customer.home.clone(), supplier.home.clone());
    customer.node.stop().await;

    let asked = supplier.signs(&case, "are you there?");
    let device = mailbox.device();
    supplier.until_seen("stored by the mailbox, in its name", |s| covers(&s.record(&case), &device, &asked)).await;
    supplier.node.stop().await;

    let customer = Side::start(&customer_home, &[TCP]);
    customer.until_seen("it comes from the mailbox", |c| c.has_entry(&case, asked)).await;
    let laptop = customer.device();
    mailbox
        .until_seen("and the laptop's own receipt for it there", |m| covers(&m.record(&case), &laptop, &asked))
        .await;
    let answered = customer.signs(&case, "here I am");
    customer.until_seen("the mailbox has the answer", |c| covers(&c.record(&case), &device, &answered)).await;
    customer.node.stop().await;

    let supplier = Side::start(&supplier_home, &[]);
    supplier.until_seen("the answer comes", |s| s.has_entry(&case, answered)).await;
    let seen = |s: &Side| covers(&s.record(&case), &laptop, &asked);
    supplier.until_seen("and the word that the laptop has the question", seen).await;
    let (record, other) = (supplier.record(&case), mailbox.record(&case));
    assert_eq!(record.graph().heads(), other.graph().heads());

    assert!(mailbox.desk().sign(&case, &note("not mine to say"), now()).is_err(), "it signs no acts");
    let link =
        counterpart_core::invitation::Link { opener: supplier.desk().party(), ..other_invitation(&supplier).await };
    assert_eq!(mailbox.desk().begin_join(&link, now()), Err(DeskError::MayNotSign("join")));
    let own = |e: &EntryId| other.graph().statement(other.graph().find(e).expect("here")).device == device;
    assert!(!other.graph().all().map(|ix| other.graph().id(ix)).any(|e| own(&e)));
    supplier.node.stop().await;
    mailbox.node.stop().await;
    all_well([customer_home, supplier_home]);
}

async fn other_invitation(side: &Side) -> counterpart_core::invitation::Link {
    side.invite().await.1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moved_is_found_again_through_the_mailbox_and_so_is_the_mailbox() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, mailbox, case) = with_mailbox(folder.path()).await;
    let (customer_home, supplier_home, mailbox_home) =
        (customer.home.clone(), supplier.home.clone(), mailbox.home.clone());
    let laptop = customer.device();
    supplier.until_seen("it knows where the laptop is", |s| s.can_call(&case, &laptop)).await;
    supplier.node.stop().await;
    customer.node.stop().await;

    // A new port, of which only the mailbox hears.
    let customer = Side::start(&customer_home, &[TCP]);
    let device = mailbox.device();
    let first = customer.signs(&case, "moved");
    customer.until_seen("the mailbox has it", |c| covers(&c.record(&case), &device, &first)).await;
    let supplier = Side::start(&supplier_home, &[]);
    supplier.until_seen("the laptop is found", |s| s.is_online(&case, &laptop)).await;
    mailbox.node.stop().await;
    let second = customer.signs(&case, "straight to you");
    supplier.until_seen("without the mailbox", |s| s.has_entry(&case, second)).await;

    // The mailbox comes back elsewhere: it calls the laptop, through which the supplier hears of it.
    let mailbox = Side::start(&mailbox_home, &[TCP]);
    mailbox.until_seen("it catches up", |m| m.has_entry(&case, second)).await;
    supplier.until_seen("it is found", |s| s.is_online(&case, &device)).await;
    customer.node.stop().await;
    let third = supplier.signs(&case, "for when you are back");
    supplier.until_seen("stored there", |s| covers(&s.record(&case), &device, &third)).await;
    for side in [supplier, mailbox] {
        side.node.stop().await;
    }
    all_well([customer_home, supplier_home, mailbox_home]);
}

fn opened(side: &Side, title: &str) -> CaseId {
    let desk = side.desk();
    let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let others = vec![offer(Role::Supplier, "Northlink Ltd")];
    let open = desk.open_act(title, offer(Role::Customer, "Keith"), others, "Europe/London", None);
    desk.new_case(&open, now()).expect("a case")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_a_partys_devices_gets_the_cases_that_another_opens_later() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let laptop = Side::new(&folder.path().join("laptop"), &[TCP]);
    let first = opened(&laptop, "Broadband price");
    let second = Side::start(&further_home(folder.path(), &laptop, "second", &every_right()), &[TCP]);
    let mailbox = Side::start(&further_home(folder.path(), &laptop, "mailbox", &receives()), &[TCP]);
    laptop.told_of(&first, &second).await;
    laptop.told_of(&first, &mailbox).await;
    let has = |case: CaseId| move |s: &Side| !s.record(&case).graph().is_empty();
    second.until_seen("what was there", has(first)).await;
    mailbox.until_seen("there as well", has(first)).await;
    let later = opened(&laptop, "A parcel");
    second.until_seen("what was opened later", has(later)).await;
    mailbox.until_seen("there as well", has(later)).await;
    let theirs = opened(&second, "The boiler");
    laptop.until_seen("what the second opened", has(theirs)).await;
    mailbox.until_seen("there as well", has(theirs)).await;

    let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let desk = mailbox.desk();
    let open = desk.open_act("Not mine", offer(Role::Customer, "Keith"), Vec::new(), "Europe/London", None);
    assert!(desk.new_case(&open, now()).is_err(), "a mailbox opens none");
    let act = Act::Note { text: Sealable::Open("nor says anything".to_owned()), about: None };
    assert!(mailbox.node.act(theirs, act, now()).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_says_where_it_is_once_and_a_visitor_says_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let side = Side::new(&folder.path().join("home"), &[TCP]);
    let (party, device, home) = (side.desk().party(), side.device(), side.home.clone());
    let number = |s: &Side| {
        let rows = s.desk().with_store(|store| store.whereabouts_of(party)).expect("records");
        rows.iter().find(|row| row.device == device).map(|row| row.number)
    };
    side.until_seen("it says where it is", |s| number(s).is_some()).await;
    let said = number(&side);
    side.node.stop().await;
    let visit = Side::start_as(&home, &NodeConfig::default());
    visit.node.settled().await.expect("settled");
    assert_eq!(number(&visit), said, "one that only looks in leaves it as it was");
    visit.node.stop().await;
    let config =
        NodeConfig { announced: texts(&["/dns/mailbox.example/tcp/4001"]), stays: true, ..NodeConfig::default() };
    let announced = Side::start_as(&home, &config);
    announced.until_seen("what its owner says", |s| number(s) > said).await;
    let rows = announced.desk().with_store(|store| store.whereabouts_of(party)).expect("records");
    let signed = counterpart_core::whereabouts::SignedWhereabouts::verify(&rows[0].envelope).expect("signed");
    let name = format!("/dns/mailbox.example/tcp/4001/p2p/{}", announced.desk().peer_id());
    assert_eq!((signed.record().addresses.as_slice(), signed.record().carries), (&[name][..], false));
}
