//! More cases than links: those in step give way to those that wait, and no news is lost by it.

use counterpart_core::{
    act::{Role, SeatOffer},
    id::CaseId,
    value::Sealable,
};
use counterpart_node::{NodeEvent, now};

use crate::{
    agents::further_home,
    always_on::receives,
    side::{Side, TCP},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_cases_come_to_the_mailbox_over_at_most_sixty_four_links() {
    const CASES: usize = 100;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut laptop = Side::new(&folder.path().join("laptop"), &[]);
    let desk = laptop.desk();
    let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let open = |n: usize| {
        let others = vec![offer(Role::Supplier, "Northlink Ltd")];
        let open = desk.open_act(&format!("Case {n}"), offer(Role::Customer, "Keith"), others, "Europe/London", None);
        desk.new_case(&open, now()).expect("a case")
    };
    let cases: Vec<CaseId> = (0..CASES).map(open).collect();
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
