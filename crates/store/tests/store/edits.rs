//! Edits of worksheets: in order, once, one own a position, and gone with their epoch.

use counterpart_core::{
    id::{CaseId, DeviceKey, EditId},
    worksheet::EpochId,
};
use counterpart_store::{EditRow, Inserted, Store, StoreError};

use crate::Home;

const CASE: CaseId = CaseId([1; 32]);

fn row(epoch: EpochId, id: u8, seq: u32, own: bool) -> EditRow<'static> {
    EditRow { case: CASE, id: EditId([id; 32]), epoch, device: DeviceKey([7; 32]), seq, own, envelope: b"signed" }
}

fn ids(store: &Store) -> Vec<u8> {
    store.edits_after(CASE, 0).expect("readable").iter().map(|edit| edit.id.0[0]).collect()
}

#[test]
fn edits_come_back_in_order_and_go_with_their_epoch() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let second = |id| EpochId { number: 2, id: Some(EditId([id; 32])) };
    store
        .write(|txn| {
            assert!(matches!(txn.insert_edit(&row(EpochId::FIRST, 9, 1, true))?, Inserted::New(_)));
            assert_eq!(txn.insert_edit(&row(EpochId::FIRST, 9, 1, true))?, Inserted::Already);
            let taken = txn.insert_edit(&row(EpochId::FIRST, 8, 1, true));
            assert_eq!(taken, Err(StoreError::PositionTaken { seq: 1 }));
            // Others' second histories are kept: they prove something.
            txn.insert_edit(&row(EpochId::FIRST, 8, 1, false))?;
            txn.insert_edit(&row(second(5), 5, 1, true))?;
            txn.insert_edit(&row(second(4), 4, 1, false))?;
            Ok::<_, StoreError>(())
        })
        .expect("written");
    assert_eq!(ids(&store), [9, 8, 5, 4]);
    let last = store.last_edit(CASE).expect("readable");
    assert_eq!(store.edits_after(CASE, last).expect("readable"), []);
    assert_eq!(store.last_edit(CaseId([2; 32])), Ok(0));
    store.write(|txn| txn.forget_edits_before(CASE, second(5))).expect("written");
    assert_eq!(ids(&store), [5, 4], "what came later stays");
    store.write(|txn| txn.forget_edits_before(CASE, second(4))).expect("written");
    assert_eq!(ids(&store), [4]);
    store.write(|txn| txn.insert_edit(&row(second(4), 3, 2, true)).map(drop)).expect("written");
    assert!(store.edits_after(CASE, last).expect("readable").iter().all(|edit| edit.arrival > last));
}
