//! A node that runs tells by itself.

use counterpart_node::{Node, NodeConfig};

use crate::{
    Stage,
    receiver::{Answer, Receiver},
    taken_in_order, to_be_told,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_running_node_tells_what_its_home_signs_and_what_it_takes_itself() {
    let stage = Stage::new();
    let receiver = Receiver::start();
    stage.hook("helpdesk", &receiver);
    let case = stage.case("Case");
    let (node, _events) = Node::start(stage.beside(), &NodeConfig::default()).expect("a node");
    // Through another process, and through the node itself.
    stage.note(&case, "beside");
    let receiver = tokio::task::spawn_blocking(move || {
        receiver.wait_for(2);
        receiver
    });
    let receiver = receiver.await.expect("two messages");
    node.act(case, crate::note("inside"), stage.now).await.expect("signed");
    let receiver = tokio::task::spawn_blocking(move || {
        receiver.wait_for(1);
        receiver
    });
    let receiver = receiver.await.expect("one more");
    assert_eq!(taken_in_order(&receiver.heard()), to_be_told(&stage.desk, 0));
    node.stop().await;
}

/// Stopping waits for nobody who hangs, and what was under way is told by the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_keeps_no_node_from_stopping() {
    let stage = Stage::new();
    let receiver = Receiver::start();
    receiver.answers(Answer::Silent);
    stage.hook("helpdesk", &receiver);
    stage.case("Case");
    let (node, _events) = Node::start(stage.beside(), &NodeConfig::default()).expect("a node");
    let receiver = tokio::task::spawn_blocking(move || {
        receiver.wait_for(1);
        receiver
    });
    let receiver = receiver.await.expect("a message");
    tokio::time::timeout(std::time::Duration::from_secs(10), node.stop()).await.expect("it stops");
    assert_eq!(stage.standing("helpdesk").cases_waiting, 1);
    drop(receiver);
}
