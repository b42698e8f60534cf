//! The joint checkpoint: how far everybody's signature reaches.

use counterpart_core::receipt::SignedReceipt;

use super::*;

#[test]
fn the_checkpoint_is_what_everybody_signed_over() {
    let mut w = World::alone();
    assert_eq!(w.record(A1).checkpoint(), None, "one party alone has nothing jointly");
    w.bring_in(B1, 1, None);
    w.sync_all();
    let checkpoint = |w: &World| w.record(A1).checkpoint().expect("two have joined");
    let joined = checkpoint(&w);
    assert_eq!((joined.parties.len(), joined.behind), (2, 1), "B's join is news to A");
    let first = w.act(A1, &note("one"));
    let second = w.act(A1, &note("two"));
    let now = checkpoint(&w);
    assert_eq!((now.entries, now.behind), (joined.entries + 1, 2), "A's note signs over the join");
    w.deliver(A1, B1);
    let answer = w.act(B1, &note("three"));
    w.sync_all();
    let now = checkpoint(&w);
    assert_eq!((now.heads.as_slice(), now.behind), (&[second][..], 1), "{first} is below {second}");
    // A receipt is a signature too.
    let receipt = w.receipt(A1, w.at);
    let receipt = SignedReceipt::verify(&receipt).expect("a good receipt");
    w.devices[A1].record.apply_receipt(receipt).expect("it is taken");
    let now = checkpoint(&w);
    assert_eq!((now.heads.as_slice(), now.behind), (&[answer][..], 0));
    // What two sign without knowing of each other is behind it.
    w.act(A1, &note("four"));
    w.act(B1, &note("five"));
    w.sync_all();
    assert_eq!(checkpoint(&w).behind, 2);
}
