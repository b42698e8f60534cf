//! Looking in once and stopping: what is left behind, and what was said before.

use counterpart_core::{act::Act, value::Sealable};
use counterpart_node::now;

use crate::side::{Side, TCP, joined};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_in_once_ends_when_the_receipt_for_what_came_is_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let home = supplier.home.clone();
    supplier.node.settled().await.expect("settled");
    supplier.node.stop().await;
    let note = Act::Note { text: Sealable::Open("are you there?".to_owned()), about: None };
    let signed = customer.desk().sign(&case, &note, now()).expect("a note").1;

    // The supplier's last receipt is some moments old: the next one waits for its time, and so does this.
    let supplier = Side::start(&home, &[]);
    let outcomes = supplier.node.settled_and_receipted().await.expect("settled");
    assert!(outcomes.iter().all(|o| o.failed.is_none()) && !outcomes.is_empty());
    let device = supplier.desk().author().device;
    supplier.node.stop().await;
    let record = customer.record(&case);
    let graph = record.graph();
    let heads = &record.last_receipt(&device).expect("a receipt").receipt.heads;
    let heads: Vec<_> = heads.iter().filter_map(|head| graph.find(head)).collect();
    assert!(graph.covered_by(graph.find(&signed.id).expect("the note"), &heads), "it covers the note");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_node_leaves_no_addresses_behind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let side = Side::new(&folder.path().join("home"), &[TCP]);
    let file = side.home.join("node.addresses");
    side.node.publish_addresses().await.expect("written down");
    assert!(file.exists());
    side.node.stop().await;
    assert!(!file.exists());
}
