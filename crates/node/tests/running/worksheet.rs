//! Drafting together over real sockets: what one types the other sees at once; apart and together again.

use counterpart_core::{
    id::CaseId,
    worksheet::{Choice, EditError, Field, RowId, RowKind, Wish, WorksheetView},
};
use counterpart_node::{Desk, DeskError, NodeEvent, now};

use crate::side::{PATIENCE, QUIC, Side, TCP, all_well, joined};

fn rewrite(row: RowId, field: Field, text: &str) -> Wish {
    Wish::Rewrite { row, field, text: text.to_owned() }
}

fn view(desk: &Desk, case: &CaseId) -> WorksheetView {
    desk.worksheet(case).expect("a worksheet")
}

/// What a field of the first row says.
fn text(desk: &Desk, case: &CaseId, field: Field) -> String {
    view(desk, case).rows.first().map_or_else(String::new, |row| row.text(field).to_owned())
}

/// Types at a desk as a page does: relative to what was last shown there.
fn type_at(desk: &Desk, case: &CaseId, wishes: &[Wish]) -> WorksheetView {
    let shown = view(desk, case).state;
    desk.edit_worksheet(case, &shown, wishes, now()).expect("a change").view
}

fn add_row(desk: &Desk, case: &CaseId, kind: RowKind) -> RowId {
    let shown = view(desk, case).state;
    let edited = desk.edit_worksheet(case, &shown, &[Wish::AddRow { kind, after: None }], now()).expect("a row");
    edited.added[0]
}

/// Waits until a side's worksheet says something, looking at it whenever the node says that it changed.
async fn until(side: &mut Side, desk: &Desk, case: &CaseId, what: &str, holds: impl Fn(&WorksheetView) -> bool) {
    let reached = tokio::time::timeout(PATIENCE, async {
        while !holds(&view(desk, case)) {
            side.wait(|event| matches!(event, NodeEvent::Worksheet { .. })).await;
        }
    });
    assert!(reached.await.is_ok(), "{what}: {:?}", view(desk, case));
}

async fn drafts_over(listen: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), &[listen], &[]).await;
    let (here, there) = (customer.desk(), supplier.desk());
    let row = add_row(&here, &case, RowKind::Action);
    type_at(&here, &case, &[rewrite(row, Field::What, "Repair the boiler"), rewrite(row, Field::Due, "Friday")]);
    let choice = Wish::Choose { row, choice: Choice::By, value: "1".to_owned() };
    type_at(&here, &case, &[choice]);
    let typed = |v: &WorksheetView| v.rows.first().is_some_and(|r| r.choice(Choice::By) == "1");
    until(&mut supplier, &there, &case, "the row arrives", typed).await;
    assert_eq!(text(&there, &case, Field::What), "Repair the boiler");
    let shown = view(&there, &case);
    assert_eq!(shown.rows[0].fields[0].changed.map(|c| c.party), Some(here.party()), "who typed it");

    // Both change one sentence, each relative to what it saw.
    let seen = [view(&here, &case).state, shown.state.clone()];
    let mine = rewrite(row, Field::What, "Repair the old boiler");
    let theirs = rewrite(row, Field::What, "Repair the boiler in the cellar");
    here.edit_worksheet(&case, &seen[0], &[mine], now()).expect("a change");
    there.edit_worksheet(&case, &seen[1], &[theirs], now()).expect("a change");
    let merged = |v: &WorksheetView| v.rows[0].text(Field::What) == "Repair the old boiler in the cellar";
    until(&mut customer, &here, &case, "merged here", merged).await;
    until(&mut supplier, &there, &case, "merged there", merged).await;
    assert_eq!(view(&here, &case), view(&there, &case));
    assert_eq!(there.worksheet_at(&case, &shown.state), Ok(shown), "what was displayed can be had again");

    // Nothing of it is on record, and nothing of it is in a backup or a bundle.
    assert_eq!(here.record(&case).expect("the case").heads_text(), there.record(&case).expect("the case").heads_text());
    let homes = [customer.home.clone(), supplier.home.clone()];
    customer.node.stop().await;
    supplier.node.stop().await;
    all_well(homes);
}

trait Heads {
    fn heads_text(&self) -> String;
}

impl Heads for counterpart_core::record::Record {
    fn heads_text(&self) -> String {
        format!("{:?}", self.graph().heads())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_draft_one_sentence_over_tcp() {
    drafts_over(TCP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_draft_one_sentence_over_quic() {
    drafts_over(QUIC).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_both_typed_offline_is_merged_and_a_restart_of_the_node_loses_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let (here, there) = (customer.desk(), supplier.desk());
    let row = add_row(&here, &case, RowKind::Wording);
    type_at(&here, &case, &[rewrite(row, Field::Text, "The price stays.")]);
    let arrived = |v: &WorksheetView| v.rows.first().is_some_and(|r| r.text(Field::Text) == "The price stays.");
    until(&mut supplier, &there, &case, "the sentence arrives", arrived).await;

    supplier.node.disconnect();
    supplier.wait(|e| matches!(e, NodeEvent::Disconnected { .. })).await;
    type_at(&here, &case, &[rewrite(row, Field::Text, "The monthly price stays.")]);
    let home = supplier.home.clone();
    supplier.node.stop().await;
    type_at(&there, &case, &[rewrite(row, Field::Text, "The price stays for two years.")]);
    let second = add_row(&there, &case, RowKind::Item);
    type_at(&there, &case, &[rewrite(second, Field::Key, "meter")]);
    let mut supplier = Side::start(&home, &[]);
    let merged = |v: &WorksheetView| {
        v.rows.len() == 2 && v.rows[0].text(Field::Text) == "The monthly price stays for two years."
    };
    until(&mut customer, &here, &case, "merged here", merged).await;
    until(&mut supplier, &there, &case, "merged there", merged).await;
    assert_eq!(view(&here, &case), view(&there, &case));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_start_reaches_the_other_side_and_drives_out_what_was_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut customer, mut supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let (here, there) = (customer.desk(), supplier.desk());
    let row = add_row(&here, &case, RowKind::Wording);
    type_at(&here, &case, &[rewrite(row, Field::Text, "kept"), rewrite(row, Field::Title, "T")]);
    let gone = add_row(&here, &case, RowKind::Item);
    let old = type_at(&here, &case, &[Wish::RemoveRow { row: gone }]).state;
    until(&mut supplier, &there, &case, "both rows arrive", |v| v.rows.iter().any(|r| r.removed)).await;
    let fresh = there.restart_worksheet(&case, true, now()).expect("a new start").view;
    assert_eq!((fresh.rows.len(), fresh.rows[0].text(Field::Text)), (1, "kept"));
    until(&mut customer, &here, &case, "the new start arrives", |v| v.state == fresh.state).await;
    assert_eq!(view(&here, &case), fresh);
    assert_eq!(fresh.restarted.map(|c| c.party), Some(there.party()));
    let stale = here.edit_worksheet(&case, &old, &[rewrite(row, Field::Text, "lost")], now());
    assert_eq!(stale, Err(DeskError::Worksheet(EditError::UnknownState)));
    for desk in [&here, &there] {
        let stored = desk.with_store(|store| store.edits_after(case, 0)).expect("readable");
        assert_eq!(stored.len(), fresh.edits, "the old epoch is thrown away");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_members_of_a_case_that_is_here_write() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (customer, _supplier, case) = joined(folder.path(), &[TCP], &[]).await;
    let unknown = CaseId([7; 32]);
    let desk = customer.desk();
    assert!(matches!(desk.worksheet(&unknown), Err(DeskError::UnknownCase(_))));
    assert_eq!(view(&desk, &case).rows, vec![]);
    // Two desks of one home never take one place twice.
    let other = customer.desk();
    for n in 0..10 {
        let desk = if n % 2 == 0 { &desk } else { &other };
        add_row(desk, &case, RowKind::Item);
    }
    assert_eq!(view(&desk, &case).rows.len(), 10);
    assert_eq!(view(&desk, &case), view(&other, &case));
    assert!(view(&desk, &case).spoilt_by.is_empty());
}
