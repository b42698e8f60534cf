//! More cases than links: those in step give way to those that wait, and no news is lost by it.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Role, SeatOffer},
    id::CaseId,
    value::Sealable,
};
use counterpart_node::{Level, NodeEvent, now};

use crate::{
    agents::further_home,
    always_on::receives,
    side::{Side, TCP},
};

fn opened(side: &Side, count: usize) -> Vec<CaseId> {
    let desk = side.desk();
    let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let open = |n: usize| {
        let others = vec![offer(Role::Supplier, "Northlink Ltd")];
        let open = desk.open_act(&format!("Case {n}"), offer(Role::Customer, "Keith"), others, "Europe/London", None);
        desk.new_case(&open, now()).expect("a case")
    };
    (0..count).map(open).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_cases_come_to_the_mailbox_over_at_most_sixty_four_links() {
    const CASES: usize = 100;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut laptop = Side::new(&folder.path().join("laptop"), &[]);
    let cases = opened(&laptop, CASES);
    let mailbox = Side::start(&further_home(folder.path(), &laptop, "mailbox", &receives()), &[TCP]);
    laptop.told_of(&cases[0], &mailbox).await;

    let here = |s: &Side| s.desk().summaries().expect("a list").len();
    let (mut links, mut most) = (0_usize, 0_usize);
    let mut take = |event: &NodeEvent| match event {
        NodeEvent::Connected { .. } => {
            links += 1;
            most = most.max(links);
        }
        NodeEvent::Disconnected { .. } => links -= 1,
        _ => {}
    };
    let all = tokio::time::timeout(crate::side::PATIENCE * 2, async {
        let mut look = tokio::time::interval(std::time::Duration::from_millis(50));
        while here(&mailbox) < CASES {
            tokio::select! {
                event = laptop.events.recv() => take(&event.expect("the node runs")),
                _ = look.tick() => {}
            }
        }
    });
    assert!(all.await.is_ok(), "all come: {} of {CASES}", here(&mailbox));
    assert!(most > 1 && most <= 64, "{most} at the same time");

    // The laptop listens nowhere, so only it can call, for cases whose links rest as well.
    for case in [cases[0], cases[CASES / 2], cases[CASES - 1]] {
        let entry = laptop.signs(&case, "news");
        mailbox.until_seen("news of any case come", |m| m.has_entry(&case, entry)).await;
    }
}

/// A device of our own that is gone for good is called for every case; that it is not there is told once each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_is_gone_is_told_of_once_each_time_that_it_is_called() {
    const CASES: usize = 30;
    const TIMES: usize = 3;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut laptop = Side::new(&folder.path().join("laptop"), &[]);
    let cases = opened(&laptop, CASES);
    let mailbox = Side::start(&further_home(folder.path(), &laptop, "mailbox", &receives()), &[TCP]);
    laptop.told_of(&cases[0], &mailbox).await;
    let here = |s: &Side| s.desk().summaries().expect("a list").len();
    mailbox.until_seen("all come", |m| here(m) == CASES).await;
    mailbox.node.stop().await;

    let own = laptop.desk().party();
    let (mut tried, mut loud, mut quiet) = (BTreeSet::new(), 0, 0);
    while tried.len() < CASES || loud + quiet < TIMES * CASES {
        let event = laptop.wait(|event| matches!(event, NodeEvent::Unreachable { .. })).await;
        let NodeEvent::Unreachable { case, party, .. } = &event else { continue };
        assert_eq!(*party, Some(own));
        tried.insert(*case);
        let logged = event.logged();
        assert_eq!((logged.event, logged.case, logged.party), ("unreachable", Some(*case), Some(own)));
        match logged.level {
            Level::Info => loud += 1,
            _ => quiet += 1,
        }
    }
    assert!(loud >= 2, "told again when it is called again");
    assert!(loud <= 3 * TIMES, "{loud} times of {}", loud + quiet);
}
