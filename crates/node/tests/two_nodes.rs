//! Two nodes over real sockets: join, agree, offline crossings, receipts.

use std::time::Duration;

use counterpart_core::{
    act::{Act, ActionTerms, Mode, PartyRef, Proposal, Role, SeatOffer, Subject, Topic},
    fold::ActionState,
    id::CaseId,
    value::{Sealable, Seat},
    view::View,
};
use counterpart_node::{Desk, Node, NodeConfig, NodeEvent, now};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(30);

struct Side {
    home: std::path::PathBuf,
    node: Node,
    events: mpsc::Receiver<NodeEvent>,
}

impl Side {
    fn start(home: std::path::PathBuf, listen: &[&str]) -> Self {
        if !home.exists() {
            Desk::init(&home).expect("a new identity");
        }
        let desk = Desk::open(&home).expect("a home");
        let config = NodeConfig { listen: listen.iter().map(|a| (*a).to_owned()).collect() };
        let (node, events) = Node::start(desk, &config).expect("a running node");
        Self { home, node, events }
    }

    fn desk(&self) -> Desk {
        Desk::open(&self.home).expect("a home")
    }

    fn view(&self, case: &CaseId) -> View {
        self.desk().record(case).expect("the case").view().expect("a view")
    }

    /// Waits for an event of a kind.
    async fn wait(&mut self, wanted: impl Fn(&NodeEvent) -> bool) -> NodeEvent {
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

    /// Waits until something holds of the case, looking again at each event.
    async fn until(&mut self, case: &CaseId, what: &str, holds: impl Fn(&Self) -> bool) {
        let reached = tokio::time::timeout(PATIENCE, async {
            while !holds(self) {
                self.events.recv().await.expect("the node runs");
            }
        });
        assert!(reached.await.is_ok(), "{what}: {:?}", self.view(case));
    }
}

fn offer(role: Role, label: &str) -> SeatOffer {
    SeatOffer { role, label: Sealable::Open(label.to_owned()) }
}

fn action(what: &str) -> Act {
    let person = |seat| vec![PartyRef { seat: Seat::Number(seat), person: None }];
    let terms = ActionTerms {
        what: Sealable::Open(what.to_owned()),
        performers: person(1),
        beneficiaries: person(0),
        due: None,
        value: None,
        conditions: Vec::new(),
        evidence: Vec::new(),
        consequences: Vec::new(),
        cancel: Vec::new(),
        deemed: None,
        items: Vec::new(),
    };
    Act::Propose(Proposal {
        subjects: vec![Subject { base: None, topic: Topic::Action { action: None, terms } }],
        signers: vec![Seat::Number(0), Seat::Number(1)],
        mode: Mode::Firm,
        open_until: None,
        alleged: None,
        note: None,
    })
}

/// Two sides in one case: the customer opened it and listens, the supplier joined.
async fn joined(folder: &std::path::Path, listen: &str) -> (Side, Side, CaseId) {
    let mut customer = Side::start(folder.join("customer"), &[listen]);
    let mut supplier = Side::start(folder.join("supplier"), &[]);
    let desk = customer.desk();
    let open = desk.open_act(
        "Broadband price",
        offer(Role::Customer, "Keith"),
        vec![offer(Role::Supplier, "Northlink Ltd")],
        "Europe/London",
        None,
    );
    let case = desk.new_case(&open, now()).expect("a case");
    let addresses = customer.node.addresses().await;
    let expires = now() + 3_600_000;
    let link = desk.invite(&case, Seat::Number(1), None, expires, addresses, now()).expect("an invitation");
    supplier.desk().begin_join(&link, now()).expect("a join under way");
    supplier.wait(|e| matches!(e, NodeEvent::Joined(_))).await;
    customer.until(&case, "the supplier joins", |c| c.view(&case).seats[1].joined).await;
    (customer, supplier, case)
}

async fn agree_over(listen: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), listen).await;
    let (_, proposed) = customer.desk().sign(&case, &action("charge 24.99 a month"), now()).expect("a proposal");
    supplier.until(&case, "the proposal arrives", |s| !s.view(&case).actions.is_empty()).await;
    let accept = Act::Accept { revision: proposed.id, note: None };
    supplier.desk().sign(&case, &accept, now()).expect("an accept");
    customer.until(&case, "agreed", |c| c.view(&case).actions[0].status.state == ActionState::Agreed).await;
    // The customer's receipt for the accept makes the second tick, on both sides.
    supplier.until(&case, "settled there", |s| s.view(&case).actions[0].settled).await;
    customer.until(&case, "settled here", |c| c.view(&case).actions[0].settled).await;
    assert_eq!(customer.view(&case).heads, supplier.view(&case).heads);
    let document = |side: &Side| side.desk().record(&case).expect("the case").document().expect("a document").heads();
    assert_eq!(document(&customer), document(&supplier));

    let (customer_home, supplier_home) = (customer.home.clone(), supplier.home.clone());
    customer.node.stop().await;
    supplier.node.stop().await;
    for home in [customer_home, supplier_home] {
        let report = Desk::open(&home).expect("a home").doctor(&mut |_, _| {}).expect("a check-up");
        assert_eq!(report.faults, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_agree_over_tcp() {
    agree_over("/ip4/127.0.0.1/tcp/0").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_agree_over_quic() {
    agree_over("/ip4/127.0.0.1/udp/0/quic-v1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawn_here_accepted_there_while_apart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), "/ip4/127.0.0.1/tcp/0").await;
    let (_, proposed) = customer.desk().sign(&case, &action("charge 24.99 a month"), now()).expect("a proposal");
    supplier.until(&case, "the proposal arrives", |s| !s.view(&case).actions.is_empty()).await;
    supplier.node.disconnect();
    supplier.wait(|e| matches!(e, NodeEvent::Disconnected { .. })).await;
    customer.desk().sign(&case, &Act::Withdraw { of: proposed.id, reason: None }, now()).expect("a withdraw");
    supplier.desk().sign(&case, &Act::Accept { revision: proposed.id, note: None }, now()).expect("an accept");
    supplier.node.reconnect();
    for side in [&mut customer, &mut supplier] {
        let both = |s: &Side| {
            let view = s.view(&case);
            let action = &view.actions[0];
            action.status.state == ActionState::Agreed && action.overlays.contains(&"release_asked")
        };
        side.until(&case, "agreed, release asked", both).await;
    }
    assert_eq!(customer.view(&case).heads, supplier.view(&case).heads);
}

/// A case whose opener's node runs, and an invitation to it that nobody used yet.
async fn invited(folder: &std::path::Path) -> (Side, CaseId, counterpart_core::invitation::Link) {
    let customer = Side::start(folder.join("customer"), &["/ip4/127.0.0.1/tcp/0"]);
    let others = vec![offer(Role::Supplier, "Northlink Ltd")];
    let desk = customer.desk();
    let open = desk.open_act("Broadband price", offer(Role::Customer, "Keith"), others, "Europe/London", None);
    let case = desk.new_case(&open, now()).expect("a case");
    let addresses = customer.node.addresses().await;
    let link = desk.invite(&case, Seat::Number(1), None, now() + 3_600_000, addresses, now()).expect("an invitation");
    (customer, case, link)
}

async fn refused(side: &mut Side, link: &counterpart_core::invitation::Link) -> String {
    side.desk().begin_join(link, now()).expect("a join under way");
    match side.wait(|e| matches!(e, NodeEvent::JoinRefused { .. })).await {
        NodeEvent::JoinRefused { why, .. } => why,
        other => other.line(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_serves_once_and_can_be_revoked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_customer, _, link) = invited(&folder.path().join("used")).await;
    let mut supplier = Side::start(folder.path().join("supplier"), &[]);
    supplier.desk().begin_join(&link, now()).expect("a join under way");
    supplier.wait(|e| matches!(e, NodeEvent::Joined(_))).await;
    let mut late = Side::start(folder.path().join("late"), &[]);
    assert!(refused(&mut late, &link).await.contains("used by somebody else"));
    assert!(late.desk().record(&link.case).expect("nothing").graph().is_empty(), "a refused joiner gets no content");

    let (customer, case, link) = invited(&folder.path().join("revoked")).await;
    let uninvite = Act::Uninvite { invite: link.invite, reason: None };
    customer.desk().sign(&case, &uninvite, now()).expect("a revocation");
    assert!(refused(&mut late, &link).await.contains("revoked"));

    let mut forged = link.clone();
    forged.secret = counterpart_core::invitation::Secret([9; 16]);
    assert!(refused(&mut late, &forged).await.contains("does not know this invitation"));
    let expired = counterpart_core::invitation::Link { expires: now() - 1, ..link };
    assert!(late.desk().begin_join(&expired, now()).is_err(), "an expired invitation is not even tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_act_leaves_the_connection_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), "/ip4/127.0.0.1/tcp/0").await;
    let proposed = customer.node.act(case, action("ring back"), now()).await.expect("a proposal");
    supplier.until(&case, "the proposal arrives", |s| !s.view(&case).actions.is_empty()).await;
    let again = Act::Accept { revision: proposed, note: None };
    assert!(customer.node.act(case, again, now()).await.is_err(), "its author has signed already");
    let accept = Act::Accept { revision: proposed, note: None };
    supplier.node.act(case, accept, now()).await.expect("an accept");
    let mut dropped = false;
    let agreed = |c: &Side| c.view(&case).actions[0].status.state == ActionState::Agreed;
    while !agreed(&customer) {
        let event = tokio::time::timeout(PATIENCE, customer.events.recv()).await.expect("in time");
        dropped |= matches!(event, Some(NodeEvent::Disconnected { .. }));
    }
    assert!(!dropped, "a refusal is no reason to hang up");
}
