//! Two nodes over real sockets: join, agree, offline crossings, receipts.

use counterpart_core::{
    act::{Act, Mode, Proposal, Subject, Topic},
    fold::ActionState,
    invitation::{Link, Secret},
    value::Seat,
};
use counterpart_node::{NodeEvent, now};

use crate::side::{PATIENCE, QUIC, Side, TCP, action, all_well, joined};

async fn agree_over(listen: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), &[listen], &[]).await;
    let (_, proposed) = customer.desk().sign(&case, &action("charge 24.99 a month"), now()).expect("a proposal");
    supplier.until("the proposal arrives", |s| !s.view(&case).actions.is_empty()).await;
    let accept = Act::Accept { revision: proposed.id, note: None };
    supplier.desk().sign(&case, &accept, now()).expect("an accept");
    customer.until("agreed", |c| c.view(&case).actions[0].status.state == ActionState::Agreed).await;
    // The customer's receipt for the accept makes the second tick, on both sides.
    supplier.until("settled there", |s| s.view(&case).actions[0].settled).await;
    customer.until("settled here", |c| c.view(&case).actions[0].settled).await;
    assert_eq!(customer.view(&case).heads, supplier.view(&case).heads);
    let document = |side: &Side| side.desk().record(&case).expect("the case").document().expect("a document").heads();
    assert_eq!(document(&customer), document(&supplier));

    let (customer_home, supplier_home) = (customer.home.clone(), supplier.home.clone());
    customer.node.stop().await;
    supplier.node.stop().await;
    all_well([customer_home, supplier_home]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_agree_over_tcp() {
    agree_over(TCP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_agree_over_quic() {
    agree_over(QUIC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawn_here_accepted_there_while_apart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let (_, proposed) = customer.desk().sign(&case, &action("charge 24.99 a month"), now()).expect("a proposal");
    supplier.until("the proposal arrives", |s| !s.view(&case).actions.is_empty()).await;
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
        side.until("agreed, release asked", both).await;
    }
    assert_eq!(customer.view(&case).heads, supplier.view(&case).heads);
}

async fn refused(side: &mut Side, link: &Link) -> String {
    side.desk().begin_join(link, now()).expect("a join under way");
    match side.wait(|e| matches!(e, NodeEvent::JoinRefused { .. })).await {
        NodeEvent::JoinRefused { why, .. } => why,
        other => other.line(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_serves_once_and_can_be_revoked() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let customer = Side::new(&folder.path().join("customer"), &[TCP]);
    let (_, link) = customer.invite().await;
    let mut supplier = Side::new(&folder.path().join("supplier"), &[]);
    supplier.join(&link).await;
    let mut late = Side::new(&folder.path().join("late"), &[]);
    assert!(refused(&mut late, &link).await.contains("used by somebody else"));
    assert!(late.desk().record(&link.case).expect("nothing").graph().is_empty(), "a refused joiner gets no content");

    let (case, link) = customer.invite().await;
    let uninvite = Act::Uninvite { invite: link.invite, reason: None };
    customer.desk().sign(&case, &uninvite, now()).expect("a revocation");
    assert!(refused(&mut late, &link).await.contains("revoked"));

    let mut forged = link.clone();
    forged.secret = Secret([9; 16]);
    assert!(refused(&mut late, &forged).await.contains("does not know this invitation"));
    let expired = Link { expires: now() - 1, ..link };
    assert!(late.desk().begin_join(&expired, now()).is_err(), "an expired invitation is not even tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_further_party_comes_in_once_everybody_has_agreed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let seat = Seat::Number(2);
    let offer = Act::Propose(Proposal {
        subjects: vec![Subject { base: None, topic: Topic::AdmitSeat { seat } }],
        signers: vec![Seat::Number(0), Seat::Number(1)],
        mode: Mode::Firm,
        open_until: None,
        alleged: None,
        note: None,
    });
    let (_, proposed) = customer.desk().sign(&case, &offer, now()).expect("a proposal");
    let (addresses, expires) = (customer.node.addresses().await, now() + 3_600_000);
    let link = customer.desk().invite(&case, seat, None, expires, addresses, now()).expect("an invitation");
    let mut third = Side::new(&folder.path().join("third"), &[]);
    assert!(refused(&mut third, &link).await.contains("everybody in the case has to agree"));

    let here = |s: &Side| s.record(&case).graph().find(&proposed.id).is_some();
    supplier.until("the proposal arrives", here).await;
    let (_, accepted) =
        supplier.desk().sign(&case, &Act::Accept { revision: proposed.id, note: None }, now()).expect("an accept");
    customer.until("the accept arrives", |c| c.record(&case).graph().find(&accepted.id).is_some()).await;
    third.join(&link).await;
    let party = third.desk().party();
    supplier.until("the third party is in", |s| s.record(&case).lens().joined(&party)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_act_leaves_the_connection_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let proposed = customer.node.act(case, action("ring back"), now()).await.expect("a proposal");
    supplier.until("the proposal arrives", |s| !s.view(&case).actions.is_empty()).await;
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
