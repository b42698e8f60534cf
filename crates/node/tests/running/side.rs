//! A party's home whose node runs, and what is said in its cases.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    fold::ActionState,
    id::CaseId,
    invitation::Link,
    record::Record,
    value::{Sealable, Seat},
    view::View,
};
use counterpart_node::{Desk, Node, NodeConfig, NodeEvent, now};
use counterpart_testkit::case::{new_action, terms};
use tokio::sync::mpsc;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const TCP: &str = "/ip4/127.0.0.1/tcp/0";
pub(crate) const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

pub(crate) struct Side {
    pub(crate) home: PathBuf,
    pub(crate) node: Node,
    pub(crate) events: mpsc::Receiver<NodeEvent>,
}

impl Side {
    /// With a new identity.
    pub(crate) fn new(home: &Path, listen: &[&str]) -> Self {
        Desk::init(home).expect("a new identity");
        Self::start(home, listen)
    }

    pub(crate) fn start(home: &Path, listen: &[&str]) -> Self {
        Self::start_as(home, &NodeConfig { listen: texts(listen), ..NodeConfig::default() })
    }

    pub(crate) fn start_as(home: &Path, config: &NodeConfig) -> Self {
        let (node, events) = Node::start(Desk::open(home).expect("a home"), config).expect("a running node");
        Self { home: home.to_owned(), node, events }
    }

    pub(crate) fn desk(&self) -> Desk {
        Desk::open(&self.home).expect("a home")
    }

    pub(crate) fn record(&self, case: &CaseId) -> Record {
        self.desk().record(case).expect("the case")
    }

    pub(crate) fn view(&self, case: &CaseId) -> View {
        self.record(case).view().expect("a view")
    }

    /// The state of the first action.
    pub(crate) fn state(&self, case: &CaseId) -> Option<ActionState> {
        self.record(case).view()?.actions.first().map(|a| a.status.state)
    }

    /// Waits for an event of a kind.
    pub(crate) async fn wait(&mut self, wanted: impl Fn(&NodeEvent) -> bool) -> NodeEvent {
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.expect("the node runs");
                if wanted(&event) {
                    return event;
                }
            }
        });
        found.await.expect("the event comes in time")
    }

    /// Waits until something holds, looking again at each event.
    pub(crate) async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let reached = tokio::time::timeout(PATIENCE, async {
            while !holds(self) {
                self.events.recv().await.expect("the node runs");
            }
        });
        assert!(reached.await.is_ok(), "{what}");
    }

    /// Waits until something holds, looking again now and then: what other copies learn makes no event here.
    pub(crate) async fn until_seen(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let reached = tokio::time::timeout(PATIENCE, async {
            let mut look = tokio::time::interval(Duration::from_millis(20));
            while !holds(self) {
                look.tick().await;
            }
        });
        assert!(reached.await.is_ok(), "{what}");
    }

    /// Opens a case with a supplier, and a seat for an arbiter; invites the supplier.
    pub(crate) async fn invite(&self) -> (CaseId, Link) {
        let desk = self.desk();
        let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
        let others = vec![offer(Role::Supplier, "Northlink Ltd"), offer(Role::Arbiter, "Ombudsman")];
        let open = desk.open_act("Broadband price", offer(Role::Customer, "Keith"), others, "Europe/London", None);
        let case = desk.new_case(&open, now()).expect("a case");
        let (addresses, expires) = (self.node.addresses().await, now() + 3_600_000);
        let link = desk.invite(&case, Seat::Number(1), None, expires, addresses, now()).expect("an invitation");
        (case, link)
    }

    pub(crate) async fn join(&mut self, link: &Link) {
        self.desk().begin_join(link, now()).expect("a join under way");
        self.wait(|e| matches!(e, NodeEvent::Joined(_))).await;
    }
}

pub(crate) fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

/// A customer who opened a case, and the supplier who joined it; both nodes run.
pub(crate) async fn joined(folder: &Path, customer: &[&str], supplier: &[&str]) -> (Side, Side, CaseId) {
    let mut customer = Side::new(&folder.join("customer"), customer);
    let mut supplier = Side::new(&folder.join("supplier"), supplier);
    let (case, link) = customer.invite().await;
    supplier.join(&link).await;
    customer.until("the supplier joins", |c| c.view(&case).seats[1].joined).await;
    (customer, supplier, case)
}

/// No home holds anything that its check-up finds wrong.
pub(crate) fn all_well(homes: impl IntoIterator<Item = PathBuf>) {
    for home in homes {
        let report = Desk::open(&home).expect("a home").doctor(&mut |_, _| {}).expect("a check-up");
        assert_eq!(report.faults, Vec::<String>::new());
    }
}

/// A proposal that the supplier does something for the customer.
pub(crate) fn action(what: &str) -> Act {
    Act::Propose(new_action(terms(what, &[1], &[0])))
}
