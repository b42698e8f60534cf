//! What the store owes is done by the running node beside its other work: nobody asks for it.

use counterpart_core::{act::Act, value::Sealable};
use counterpart_node::{Desk, now};
use counterpart_store::Chore;

use crate::side::Side;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_node_notes_the_words_of_older_cases_and_overwrites_what_was_erased() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("home");
    let first = Side::new(&home, &[]);
    for _ in 0..3 {
        let (case, _) = first.invite().await;
        let note = Act::Note { text: Sealable::Open("quixnard".to_owned()), about: None };
        first.desk().sign(&case, &note, now()).expect("a note");
    }
    first.node.stop().await;
    let desk = Desk::open(&home).expect("a home");
    // As after an update from a version that kept no words.
    desk.forget_words().expect("forgotten");
    desk.with_store(|store| store.write(|txn| txn.put_chore(&Chore::Scrub))).expect("written");
    let page = desk.search("quixnard", None, 10).expect("searched");
    assert_eq!((page.rows.len(), page.words_missing), (0, true));
    drop(desk);

    let side = Side::start(&home, &[]);
    side.until_seen("the words are noted", |side| {
        let page = side.desk().search("quixnard", None, 10).expect("searched");
        page.rows.len() == 3 && !page.words_missing
    })
    .await;
    side.until_seen("nothing is left to be done", |side| {
        side.desk().with_store(|store| store.chores()).expect("read").is_empty()
    })
    .await;
    side.node.stop().await;
}
