//! Who is asked for what, what is given to whom asks, and what receipts say of it.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    attachment::{FileRef, MAX_FILE},
    id::EntryId,
    sync::{
        CloseReason, LinkId, Machine, Notice, Output,
        frame::{Frame, Tips},
    },
};
use counterpart_testkit::{
    case::{START, case_between},
    rng::Rng,
};

use crate::{
    PART, open,
    setting::{Setting, asks},
};

/// Of two receipts for the same, the later is kept only where less is lacking: nobody can send them without end.
#[test]
fn receipts_for_the_same_are_kept_only_while_less_is_lacking() {
    let setting = Setting::new();
    let (mut machine, link) = setting.met();
    let author = setting.supplier.author(0);
    let heads = setting.case.record.graph().heads();
    let lacking = |n: u8| (0..n).map(|n| EntryId([n; 32])).collect::<Vec<_>>();
    let mut kept = Vec::new();
    for (number, lacking) in (1..).zip([lacking(2), lacking(3), lacking(1), lacking(2), Vec::new(), lacking(1)]) {
        let receipt = counterpart_core::receipt::Receipt {
            case: setting.case.id,
            party: author.party,
            device: author.device,
            last_seq: 1,
            number,
            previous: None,
            heads: heads.clone(),
            keys: Vec::new(),
            lacking,
            at: START,
        };
        let signed = receipt.sign(&setting.supplier.devices[0].key);
        let frame = Frame::Receipts { number, receipts: vec![signed.bytes().to_vec()] };
        machine.handle_frame(link, &frame.encode(), START);
        let (out, closed) = setting.drain(&mut machine);
        assert_eq!(closed, []);
        kept.extend(out.iter().any(|o| matches!(o, Output::Notify(Notice::Receipt { .. }))).then_some(number));
    }
    assert_eq!(kept, [1, 3, 5]);
}

/// Nothing else need happen for that: the other link may be quiet.
#[test]
fn what_a_lost_link_was_asked_for_the_other_is_asked_for_at_once() {
    let setting = Setting::new();
    let mut machine = setting.machine();
    let asked = asks(&setting.meet(&mut machine, LinkId(1)));
    let elsewhere = asks(&setting.meet(&mut machine, LinkId(2)));
    assert!(!asked.is_empty() && asked.iter().all(|ask| !elsewhere.contains(ask)), "{asked:?} {elsewhere:?}");
    machine.disconnected(LinkId(1), START);
    let again = asks(&setting.drain(&mut machine).0);
    assert!(!again.is_empty() && again.iter().all(|ask| asked.contains(ask)), "{asked:?} {again:?}");
}

#[test]
fn a_peer_gets_only_what_the_record_names_and_no_more_at_once_than_it_takes_in() {
    let setting = Setting::new();
    let mut store = setting.case.store.clone();
    let (named, other) = (FileRef::of(&setting.first), FileRef::of(b"of another case"));
    store.files.insert(named, setting.first.clone());
    store.files.insert(other, b"of another case".to_vec());
    let machine = || {
        let mut machine = Machine::new(setting.case.id, store.restore(), setting.customer.author(0), Vec::new());
        setting.meet(&mut machine, LinkId(1));
        machine
    };
    let mut served = machine();
    for (file, length, given) in [
        (named, PART, true),
        (other, 15, false),
        // A lie about the size names another file.
        (FileRef { size: named.size + 1, ..named }, 10, false),
    ] {
        served.handle_frame(LinkId(1), &Frame::WantChunk { file, offset: 0, length }.encode(), START);
        let (out, _) = setting.drain(&mut served);
        let answers: Vec<bool> = out
            .iter()
            .filter_map(|o| match o {
                Output::Answer { part, .. } => Some(part.is_some()),
                _ => None,
            })
            .collect();
        assert_eq!(answers, [given]);
        served.answered(LinkId(1));
    }
    // One who asks and takes nothing in.
    let mut flooded = machine();
    let mut answers = 0;
    let mut ended = Vec::new();
    for _ in 0..1000 {
        let ask = Frame::WantChunk { file: named, offset: 0, length: PART };
        flooded.handle_frame(LinkId(1), &ask.encode(), START);
        let (out, closed) = setting.drain(&mut flooded);
        answers += out.iter().filter(|o| matches!(o, Output::Answer { .. })).count();
        ended.extend(closed);
    }
    assert!(answers <= 16, "{answers} parts under way at once");
    assert!(matches!(ended[..], [CloseReason::OutOfPlace(why)] if why.contains("more parts of files")), "{ended:?}");
}

#[test]
fn files_too_large_are_listed_and_not_asked_for() {
    let setting = Setting::new();
    let mut case = case_between(&[&setting.customer, &setting.supplier]);
    let mut rng = Rng::new(3);
    let mut named = Vec::new();
    let max = i64::try_from(MAX_FILE).expect("fits");
    // One beyond the limit for a file, then five at the limit: four fill what a party may have.
    for size in [max + 1, max, max, max, max, max, 5] {
        let act = Act::Attach { sha256: rng.bytes(), size, name: open("x"), media: None, about: None };
        let draft = case.record.draft(&setting.supplier.author(0), &act, START + 90_000, &mut || rng.bytes());
        let key = &setting.supplier.devices[0].key;
        let signed = case.record.seal_and_sign(draft.expect("a draft"), key).expect("signed");
        case.store.entries.push((signed.id, signed.bytes));
        named.push(signed.id);
    }
    let mut machine = Machine::new(case.id, case.store.restore(), setting.customer.author(0), Vec::new());
    machine.connected(LinkId(1), setting.peer(), START);
    machine.handle_frame(LinkId(1), &Frame::Tips(Tips::default()).encode(), START);
    let mut asked = BTreeSet::new();
    loop {
        let (out, closed) = setting.drain(&mut machine);
        assert_eq!(closed, []);
        let wanted = asks(&out);
        if wanted.is_empty() {
            break;
        }
        for (file, ..) in wanted {
            asked.insert(file);
            machine.handle_frame(LinkId(1), &Frame::NotHeld { file }.encode(), START);
        }
    }
    assert_eq!(asked.len(), 4, "four at the limit, and nothing beyond: {asked:?}");
    assert_eq!(machine.record().lacking(&setting.customer.id).len(), named.len(), "what waits is told");
}
