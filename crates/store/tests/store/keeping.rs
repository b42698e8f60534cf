//! What is put in comes out, after opening again too.

use counterpart_core::{
    id::{CaseId, EntryId, EventId, PartyId, ReceiptId},
    stamp::KeptStamp,
};
use counterpart_store::{
    CaseSummary, Inserted, Invite, Join, KeyEventRow, PeerAddress, ReceiptRow, StoreError, StoredEntry,
};

use crate::{Home, case, device, entry_id, insert, own};

fn summary(case: CaseId, updated_at: i64) -> CaseSummary {
    CaseSummary {
        case,
        title: "Leaking boiler".to_owned(),
        state: "agreed".to_owned(),
        whose_move: "supplier".to_owned(),
        next_due: Some(1_700_000_000_000),
        entries: 7,
        updated_at,
    }
}

#[test]
fn reopening_keeps_everything() {
    let Some(home) = Home::any() else { return };
    let (party, event) = (PartyId([9; 32]), EventId([8; 32]));
    let invite =
        Invite { case: case(1), invite: entry_id(5, 5), secret: vec![1; 16], link: "counterpart:x#y".to_owned() };
    let join = Join { case: case(2), link: "counterpart:z#w".to_owned(), request: vec![2; 99], expires: 12 };
    let peer = PeerAddress {
        case: case(1),
        party,
        device: Some(device(3)),
        address: "/ip4/192.0.2.1/tcp/4001".to_owned(),
        last_seen: 5,
    };
    let mut store = home.store();
    store
        .write(|txn| {
            assert!(matches!(txn.insert_entry(&own(1, 1, b"first"))?, Inserted::New(_)));
            assert_eq!(txn.entry_count(case(1))?, 1, "reads inside see their own writes");
            txn.insert_key_event(&KeyEventRow { id: event, party, position: 0, envelope: b"inception" })?;
            txn.insert_receipt(&ReceiptRow {
                id: ReceiptId([7; 32]),
                case: case(1),
                device: device(1),
                number: 1,
                own: true,
                envelope: b"receipt",
            })?;
            txn.put_value(case(1), entry_id(1, 1), b"path", b"disclosure")?;
            txn.put_summary(&summary(case(1), 10))?;
            txn.put_peer_address(&peer)?;
            txn.put_invite(&invite)?;
            txn.put_join(&join)
        })
        .expect("written");
    drop(store);

    for store in [home.store(), home.read_only()] {
        let ordinal = store.last_ordinal(case(1)).expect("read");
        let stored = StoredEntry { ordinal, id: entry_id(1, 1), envelope: b"first".to_vec() };
        assert_eq!(store.entries_after(case(1), 0), Ok(vec![stored.clone()]));
        assert_eq!(store.entry(case(1), entry_id(1, 1)), Ok(Some(stored)));
        assert_eq!(store.last_own_entry(case(1), device(1)), Ok(Some((1, entry_id(1, 1)))));
        let events = store.key_events(party).expect("events");
        assert_eq!(events, store.all_key_events().expect("events"));
        assert_eq!((events[0].id, events[0].position, events[0].envelope.as_slice()), (event, 0, &b"inception"[..]));
        let receipts = store.receipts(case(1)).expect("receipts");
        assert_eq!((receipts.len(), receipts[0].envelope.as_slice()), (1, &b"receipt"[..]));
        assert_eq!(store.last_own_receipt(case(1), device(1)), Ok(Some((1, ReceiptId([7; 32])))));
        let values = store.values(case(1)).expect("values");
        assert_eq!((values.len(), values[0].disclosure.as_slice()), (1, &b"disclosure"[..]));
        assert_eq!(values, store.values_of(case(1), entry_id(1, 1)).expect("values"));
        assert_eq!(store.summaries(), Ok(vec![summary(case(1), 10)]));
        assert_eq!(store.summary(case(1)), Ok(Some(summary(case(1), 10))));
        assert_eq!(store.peer_addresses(case(1)), Ok(vec![peer.clone()]));
        assert_eq!(store.invite(invite.invite), Ok(Some(invite.clone())));
        assert_eq!(store.invites(case(1)), Ok(vec![invite.clone()]));
        assert_eq!(store.joins(), Ok(vec![join.clone()]));
        assert_eq!(store.check_integrity(), Vec::<String>::new());
    }
}

#[test]
fn inserting_twice_keeps_the_first() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    assert!(matches!(insert(&mut store, &own(1, 1, b"first")), Ok(Inserted::New(_))));
    assert_eq!(insert(&mut store, &own(1, 1, b"again")), Ok(Inserted::Already));
    // Our own entry coming back from a peer.
    let mut back = own(1, 1, b"again");
    back.own = false;
    assert_eq!(insert(&mut store, &back), Ok(Inserted::Already));
    assert_eq!(store.entry(case(1), entry_id(1, 1)).expect("read").expect("there").envelope, b"first");

    let event = KeyEventRow { id: EventId([1; 32]), party: PartyId([2; 32]), position: 3, envelope: b"e" };
    assert!(matches!(store.write(|t| t.insert_key_event(&event)), Ok(Inserted::New(_))));
    assert_eq!(store.write(|t| t.insert_key_event(&event)), Ok(Inserted::Already));
    let mut receipt =
        ReceiptRow { id: ReceiptId([1; 32]), case: case(1), device: device(1), number: 4, own: true, envelope: b"r" };
    assert!(matches!(store.write(|t| t.insert_receipt(&receipt)), Ok(Inserted::New(_))));
    assert_eq!(store.write(|t| t.insert_receipt(&receipt)), Ok(Inserted::Already));
    receipt.id = ReceiptId([2; 32]);
    let taken = store.write(|t| t.insert_receipt(&receipt));
    assert_eq!(taken, Err(StoreError::ReceiptNumberTaken { number: 4 }));
}

#[test]
fn an_error_leaves_nothing_behind() {
    #[derive(Debug, PartialEq)]
    enum Mine {
        Own,
        Store(StoreError),
    }
    impl From<StoreError> for Mine {
        fn from(e: StoreError) -> Self {
            Self::Store(e)
        }
    }
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let failed: Result<(), Mine> = store.write(|txn| {
        txn.insert_entry(&own(1, 1, b"x"))?;
        txn.put_summary(&summary(case(1), 1))?;
        Err(Mine::Own)
    });
    assert_eq!(failed, Err(Mine::Own));
    assert_eq!((store.entry_count(case(1)), store.summaries()), (Ok(0), Ok(vec![])));

    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write(|txn| -> Result<(), StoreError> {
            txn.insert_entry(&own(1, 1, b"x"))?;
            std::panic::resume_unwind(Box::new("on purpose"));
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(store.entry_count(case(1)), Ok(0));
    assert!(matches!(insert(&mut store, &own(1, 1, b"x")), Ok(Inserted::New(_))), "and the store goes on");
}

#[test]
fn entries_come_in_order_of_arrival_and_only_those_asked_for() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    store
        .write(|txn| {
            for seq in 1..=50 {
                txn.insert_entry(&own(1, seq, &seq.to_be_bytes()))?;
                let mut other = own(1, seq, b"other case");
                other.case = case(2);
                txn.insert_entry(&other)?;
            }
            Ok::<_, StoreError>(())
        })
        .expect("written");
    let all = store.entries_after(case(1), 0).expect("entries");
    assert_eq!(all.iter().map(|e| e.id).collect::<Vec<_>>(), (1..=50).map(|s| entry_id(1, s)).collect::<Vec<_>>());
    assert!(all.is_sorted_by(|a, b| a.ordinal < b.ordinal));
    assert_eq!(store.last_ordinal(case(1)), Ok(all[49].ordinal));
    assert_eq!(store.entries_after(case(1), all[47].ordinal).expect("entries"), all[48..]);
    assert_eq!(store.entry_count(case(2)), Ok(50));
    assert_eq!(store.cases(), Ok(vec![case(1), case(2)]));
    assert_eq!((store.last_ordinal(case(3)), store.entry_count(case(3))), (Ok(0), Ok(0)));

    let mut seen = 0;
    let stopped = store.for_each_entry(case(1), 0, |_| {
        seen += 1;
        if seen == 3 { Err(StoreError::Undone) } else { Ok(()) }
    });
    assert_eq!((stopped, seen), (Err(StoreError::Undone), 3));
}

#[test]
fn surplus_branches_go_and_own_entries_stay() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let mut theirs = own(2, 1, b"theirs");
    theirs.own = false;
    insert(&mut store, &theirs).expect("inserted");
    let mut rival = theirs;
    rival.id = EntryId([0xee; 32]);
    assert!(matches!(insert(&mut store, &rival), Ok(Inserted::New(_))), "both branches of a fork are kept");
    insert(&mut store, &own(1, 1, b"ours")).expect("inserted");
    store.write(|t| t.put_value(case(1), rival.id, b"p", b"v")).expect("value");
    let last = store.last_ordinal(case(1)).expect("ordinal");

    assert_eq!(store.write(|t| t.remove_entry(case(1), rival.id)), Ok(true));
    assert_eq!(store.write(|t| t.remove_entry(case(1), rival.id)), Ok(false));
    assert_eq!(store.values(case(1)), Ok(vec![]));
    assert_eq!(store.write(|t| t.remove_entry(case(1), entry_id(1, 1))), Err(StoreError::OwnEntry));
    assert_eq!(store.entry_count(case(1)), Ok(2));
    let again = insert(&mut store, &rival);
    assert!(matches!(again, Ok(Inserted::New(number)) if number > last), "a number is never used twice: {again:?}");
}

#[test]
fn ten_thousand_cases_are_listed_at_once_and_in_order() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let id = |n: u32| {
        let mut bytes = [0x11; 32];
        bytes[..4].copy_from_slice(&n.wrapping_mul(2_654_435_761).to_be_bytes());
        CaseId(bytes)
    };
    store
        .write(|txn| {
            for n in 0..10_000 {
                txn.put_summary(&summary(id(n), i64::from(n / 2)))?;
            }
            Ok::<_, StoreError>(())
        })
        .expect("written");
    let list = store.summaries().expect("listed");
    assert_eq!(list.len(), 10_000);
    assert!(list.is_sorted_by(|a, b| (b.updated_at, a.case) < (a.updated_at, b.case)));

    let wanted = id(4_711);
    let prefix: [u8; 5] = wanted.0[..5].try_into().expect("five bytes");
    assert_eq!(store.cases_with_prefix(&prefix), Ok(vec![wanted]));
    assert_eq!(store.cases_with_prefix(&[0x22; 5]), Ok(vec![]));
    store.write(|t| t.put_summary(&CaseSummary { next_due: None, ..summary(wanted, 99_999) })).expect("written");
    let list = store.summaries().expect("listed");
    assert_eq!((list.len(), list[0].case, list[0].next_due), (10_000, wanted, None));
}

#[test]
fn key_events_come_by_position_and_rivals_by_id() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let event = |id: u8, party: u8, position| KeyEventRow {
        id: EventId([id; 32]),
        party: PartyId([party; 32]),
        position,
        envelope: b"e",
    };
    store
        .write(|txn| {
            for e in [event(5, 1, 2), event(4, 2, 0), event(3, 1, 1), event(2, 1, 2), event(1, 1, 0)] {
                txn.insert_key_event(&e)?;
            }
            Ok::<_, StoreError>(())
        })
        .expect("written");
    let ids = |events: Vec<counterpart_store::StoredKeyEvent>| events.iter().map(|e| e.id.0[0]).collect::<Vec<_>>();
    assert_eq!(ids(store.key_events(PartyId([1; 32])).expect("events")), [1, 3, 2, 5]);
    assert_eq!(ids(store.all_key_events().expect("events")), [1, 3, 2, 5, 4]);
}

#[test]
fn addresses_are_kept_once_with_the_latest_time() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let peer = |device, address: &str, last_seen| PeerAddress {
        case: case(1),
        party: PartyId([1; 32]),
        device,
        address: address.to_owned(),
        last_seen,
    };
    store
        .write(|txn| {
            for p in [
                peer(None, "a", 5),
                peer(None, "a", 9),
                peer(None, "a", 7),
                peer(Some(device(1)), "a", 8),
                peer(None, "b", 0),
            ] {
                txn.put_peer_address(&p)?;
            }
            Ok::<_, StoreError>(())
        })
        .expect("written");
    let expected = vec![peer(None, "a", 9), peer(Some(device(1)), "a", 8), peer(None, "b", 0)];
    assert_eq!(store.peer_addresses(case(1)), Ok(expected));
}

#[test]
fn invitations_and_joins_can_be_forgotten_and_never_print_secrets() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let invite =
        Invite { case: case(1), invite: entry_id(1, 1), secret: b"SECRET".to_vec(), link: "#SECRET".to_owned() };
    let join = Join { case: case(1), link: "#SECRET".to_owned(), request: b"r".to_vec(), expires: 3 };
    assert!(!format!("{invite:?}{join:?}").contains("SECRET"));
    store.write(|t| t.put_invite(&invite).and_then(|()| t.put_join(&join))).expect("written");
    assert_eq!(
        store.write(|t| Ok::<_, StoreError>((t.delete_invite(invite.invite)?, t.delete_join(case(1))?))),
        Ok((true, true))
    );
    assert_eq!(
        store.write(|t| Ok::<_, StoreError>((t.delete_invite(invite.invite)?, t.delete_join(case(1))?))),
        Ok((false, false))
    );
    assert_eq!((store.invites(case(1)), store.joins()), (Ok(vec![]), Ok(vec![])));
}

#[test]
fn numbers_beyond_the_file_s_integers_are_refused_by_name() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let refused = insert(&mut store, &own(1, u64::MAX, b"x"));
    assert_eq!(refused, Err(StoreError::NumberTooLarge { number: u64::MAX }));
}

#[test]
fn time_stamps_and_what_waits_for_them_are_kept() {
    let Some(home) = Home::any() else { return };
    let stamp = KeptStamp { heads: vec![entry_id(1, 1), entry_id(1, 2)], token: b"token".to_vec() };
    let mut store = home.store();
    store
        .write(|txn| {
            assert!(matches!(txn.insert_stamp(case(1), &stamp)?, Inserted::New(_)));
            assert_eq!(txn.insert_stamp(case(1), &stamp)?, Inserted::Already);
            txn.want_stamp(case(1), entry_id(1, 3), 20)?;
            txn.want_stamp(case(1), entry_id(1, 3), 30)?;
            txn.want_stamp(case(2), entry_id(1, 4), 10)?;
            txn.stamp_failed(case(1), "nobody answers")
        })
        .expect("written");
    drop(store);
    let mut store = home.store();
    assert_eq!(store.stamps(case(1)), Ok(vec![stamp]));
    assert_eq!(store.stamps(case(2)), Ok(Vec::new()));
    let wanted = store.wanted_stamps().expect("what waits");
    let told: Vec<_> = wanted.iter().map(|w| (w.case, w.entry, w.since, w.trouble.as_deref())).collect();
    let first = (case(2), entry_id(1, 4), 10, None);
    assert_eq!(told, [first, (case(1), entry_id(1, 3), 20, Some("nobody answers"))]);
    store.write(|txn| txn.end_wanted_stamp(case(1), entry_id(1, 3))).expect("written");
    assert_eq!(store.wanted_stamps().map(|w| w.len()), Ok(1));
}
