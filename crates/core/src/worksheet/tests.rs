//! Random drafting by several devices, in every order of arrival; hostile edits; the document as Automerge reads it.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use proptest::{collection::vec, prelude::*, sample::Index};

use super::{document::reload, *};
use crate::{
    cbor::Value,
    envelope::{Envelope, Verified, public_half},
    id::{CaseId, DeviceKey, Domain, EditId, EventId, PartyId},
    record::Author,
};

const CASE: CaseId = CaseId([0xC5; 32]);

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n + 1; 32])
}

fn author(n: u8) -> Author {
    Author { party: PartyId([n / 2; 32]), device: public_half(&key(n)), grant: EventId([9; 32]) }
}

/// One copy, with all edits it ever kept.
struct Copy {
    who: u8,
    sheet: Worksheet,
    edits: Vec<SignedEdit<Verified>>,
}

impl Copy {
    fn new(who: u8) -> Self {
        Self { who, sheet: Worksheet::new(CASE), edits: Vec::new() }
    }

    fn view(&mut self) -> WorksheetView {
        self.sheet.view().expect("a document")
    }

    fn wish_at(&mut self, shown: &WorksheetState, wishes: &[Wish]) -> Result<Vec<RowId>, EditError> {
        let now = 1_000 + self.edits.len() as i64;
        let (edits, added) = self.sheet.edit(&author(self.who), &key(self.who), shown, wishes, now)?;
        self.edits.extend(edits);
        Ok(added)
    }

    fn wish(&mut self, wishes: &[Wish]) -> Vec<RowId> {
        let shown = self.sheet.state();
        self.wish_at(&shown, wishes).expect("a change that can be made")
    }

    fn take_all(&mut self, edits: &[SignedEdit<Verified>]) {
        for edit in edits {
            let taken = self.sheet.take(edit.clone()).expect("no edit is refused");
            if matches!(taken, Taken::New | Taken::Restarted | Taken::Fork) {
                self.edits.push(edit.clone());
            }
        }
    }
}

fn rewrite(row: RowId, field: Field, text: &str) -> Wish {
    Wish::Rewrite { row, field, text: text.to_owned() }
}

/// What the view says, as Automerge would.
fn as_read(view: &WorksheetView) -> Vec<BTreeMap<String, String>> {
    let read = |row: &RowView| {
        let mut fields = BTreeMap::from([("kind".to_owned(), row.kind.as_str().to_owned())]);
        fields.extend(row.fields.iter().map(|f| (f.field.as_str().to_owned(), f.text.clone())));
        let chosen = row.choices.iter().filter(|c| c.changed.is_some());
        fields.extend(chosen.map(|c| (c.choice.as_str().to_owned(), c.value.clone())));
        if row.removed_by.is_some() {
            fields.insert("removed".to_owned(), if row.removed { "yes" } else { "" }.to_owned());
        }
        fields
    };
    view.rows.iter().map(read).collect()
}

/// What it shows must not depend on how the edits came, and be what Automerge says.
fn same_everywhere(copies: &mut [Copy]) {
    let first = copies[0].view();
    let saved = copies[0].sheet.save().expect("a document");
    let (read, heads) = reload(&saved);
    assert_eq!(as_read(&first), read);
    assert_eq!(copies[0].sheet.document_heads().expect("a document"), heads);
    for copy in copies.iter_mut().skip(1) {
        assert_eq!(copy.view(), first);
        assert_eq!(copy.sheet.document_heads().expect("a document"), heads);
    }
    for row in &first.rows {
        for field in &row.fields {
            assert_eq!(field.runs.iter().map(|run| run.chars).sum::<usize>(), field.text.chars().count());
        }
    }
}

#[test]
fn both_type_in_one_sentence_and_nothing_is_lost() {
    let (mut ann, mut bob) = (Copy::new(0), Copy::new(2));
    let row = ann.wish(&[Wish::AddRow { kind: RowKind::Action, after: None }])[0];
    ann.wish(&[rewrite(row, Field::What, "Repair the boiler"), rewrite(row, Field::Due, "Friday")]);
    bob.take_all(&ann.edits);
    let shown = bob.sheet.state();
    let apart = (ann.edits.len(), bob.edits.len());
    ann.wish(&[rewrite(row, Field::What, "Repair the old boiler")]);
    bob.wish(&[rewrite(row, Field::What, "Repair the boiler in the cellar")]);
    bob.wish_at(&shown, &[rewrite(row, Field::Due, "Friday noon")]).expect("an older state is known");
    let (of_ann, of_bob) = (ann.edits[apart.0..].to_vec(), bob.edits[apart.1..].to_vec());
    ann.take_all(&of_bob);
    bob.take_all(&of_ann);
    let view = ann.view();
    assert_eq!(view.rows[0].text(Field::What), "Repair the old boiler in the cellar");
    assert_eq!(view.rows[0].text(Field::Due), "Friday noon");
    let runs: Vec<_> = view.rows[0].fields[0].runs.iter().map(|run| (run.chars, run.by.device)).collect();
    let (a, b) = (author(0).device, author(2).device);
    assert_eq!(
        runs,
        [(11, a), (4, a), (6, a), (14, b)].iter().fold(Vec::new(), |mut all: Vec<(usize, _)>, (n, who)| {
            match all.last_mut().filter(|(_, last)| last == who) {
                Some((chars, _)) => *chars += n,
                None => all.push((*n, *who)),
            }
            all
        })
    );
    same_everywhere(&mut [ann, bob]);
}

#[test]
fn what_was_displayed_can_be_shown_again() {
    let mut ann = Copy::new(0);
    let row = ann.wish(&[Wish::AddRow { kind: RowKind::Wording, after: None }])[0];
    ann.wish(&[rewrite(row, Field::Text, "Both keep quiet.")]);
    let (state, before) = (ann.sheet.state(), ann.view());
    ann.wish(&[rewrite(row, Field::Text, "Nobody keeps quiet."), Wish::RemoveRow { row }]);
    assert_eq!(ann.sheet.view_at(&state), Ok(before));
    let now = ann.view();
    assert!(now.rows[0].removed && now.rows[0].removed_by.is_some());
    assert_eq!(ann.sheet.view_at(&now.state), Ok(now));
    ann.wish(&[Wish::RestoreRow { row }]);
    assert!(!ann.view().rows[0].removed);
    let unknown = WorksheetState { epoch: EpochId::FIRST, heads: vec![EditId([0; 32])] };
    assert_eq!(ann.sheet.view_at(&unknown), Err(EditError::UnknownState));
    assert_eq!(ann.wish_at(&unknown, &[]), Err(EditError::UnknownState));
}

#[test]
fn wishes_that_cannot_be_are_refused_by_name() {
    let mut ann = Copy::new(0);
    let row = ann.wish(&[Wish::AddRow { kind: RowKind::Item, after: None }])[0];
    ann.wish(&[rewrite(row, Field::Key, "meter")]);
    let shown = ann.sheet.state();
    let splice = |at, delete| Wish::Splice { row, field: Field::Key, at, delete, insert: "x".to_owned() };
    let choose = |choice, value: &str| Wish::Choose { row, choice, value: value.to_owned() };
    let cases = [
        (vec![rewrite(RowId { op: 1, ..row }, Field::Key, "")], EditError::NoSuchRow),
        (vec![rewrite(row, Field::Title, "")], EditError::NoSuchField),
        (vec![choose(Choice::By, "0")], EditError::NoSuchField),
        (vec![choose(Choice::Type, &"t".repeat(MAX_CHOICE + 1))], EditError::ChoiceTooLong),
        (vec![splice(5, 1)], EditError::OutOfRange),
        (vec![splice(usize::MAX, 1)], EditError::OutOfRange),
        (vec![splice(1, 2), splice(2, 0)], EditError::Overlap),
        (vec![splice(1, 2), rewrite(row, Field::Key, "y")], EditError::Overlap),
        (vec![rewrite(row, Field::Key, &"y".repeat(70_000))], EditError::TooLong),
    ];
    for (wishes, why) in cases {
        assert_eq!(ann.wish_at(&shown, &wishes), Err(why));
    }
    let hidden = ann.wish_at(&shown, &[rewrite(row, Field::Key, "a\u{202E}b")]);
    assert!(matches!(hidden, Err(EditError::Text(_))), "{hidden:?}");
    assert_eq!(ann.sheet.state(), shown);
}

#[test]
fn a_new_epoch_replaces_the_old_one_and_the_lower_id_wins() {
    let (mut ann, mut bob) = (Copy::new(0), Copy::new(2));
    let row = ann.wish(&[Wish::AddRow { kind: RowKind::Wording, after: None }])[0];
    let long: String = "Wörter 👍🏽 ".repeat(1500);
    ann.wish(&[rewrite(row, Field::Text, &long), rewrite(row, Field::Title, "Terms")]);
    bob.take_all(&ann.edits);
    let old = ann.edits.clone();
    let (a, _) = ann.sheet.restart(&author(0), &key(0), true, 5_000).expect("restarted");
    let (b, _) = bob.sheet.restart(&author(2), &key(2), false, 5_000).expect("restarted");
    assert!(a.len() > 1, "a long text takes several edits");
    assert_eq!(ann.view().rows[0].text(Field::Text), long);
    for edit in &b {
        ann.sheet.take(edit.clone()).expect("no edit is refused");
    }
    for edit in &a {
        bob.sheet.take(edit.clone()).expect("no edit is refused");
    }
    assert_eq!(ann.view(), bob.view());
    assert_eq!(ann.view().rows.is_empty(), b[0].id < a[0].id);
    assert!(ann.view().restarted.is_some());
    for edit in old {
        assert_eq!(ann.sheet.take(edit), Ok(Taken::Ignored));
    }
}

#[test]
fn a_device_with_two_histories_is_set_aside_alike_everywhere() {
    let mut ann = Copy::new(0);
    let row = ann.wish(&[Wish::AddRow { kind: RowKind::Wording, after: None }])[0];
    ann.wish(&[rewrite(row, Field::Text, "shared")]);
    let common = ann.edits.clone();
    let mut copies: Vec<Copy> = [0, 0, 2].map(Copy::new).into_iter().collect();
    copies.iter_mut().for_each(|copy| copy.take_all(&common));
    let [one, two, other] = &mut copies[..] else { unreachable!("three copies") };
    one.wish(&[rewrite(row, Field::Text, "shared one")]);
    one.wish(&[rewrite(row, Field::Text, "shared one more")]);
    two.wish(&[rewrite(row, Field::Text, "shared two")]);
    other.take_all(&one.edits[2..]);
    other.wish(&[rewrite(row, Field::Title, "rests on one of them")]);
    let all: Vec<_> = copies.iter().flat_map(|copy| copy.edits.clone()).collect();
    for order in [all.clone(), all.iter().rev().cloned().collect()] {
        for copy in &mut copies {
            for _ in 0..all.len() {
                copy.take_all(&order);
            }
        }
    }
    let mut late = Copy::new(3);
    late.take_all(&common);
    let proofs: Vec<_> = copies[0].sheet.proofs().cloned().collect();
    assert_eq!(proofs.len(), 2);
    late.take_all(&proofs);
    copies.push(late);
    let view = copies[0].view();
    assert_eq!((view.rows[0].text(Field::Text), view.rows[0].text(Field::Title)), ("shared", ""));
    assert_eq!(view.spoilt_by, [author(0).device]);
    assert_eq!(copies[2].wish_at(&view.state, &[Wish::RemoveRow { row }]), Err(EditError::Spoilt));
    same_everywhere(&mut copies);
}

/// A random thing to do.
#[derive(Debug, Clone)]
enum Deed {
    Wish { who: usize, what: u8, row: Index, field: Index, at: Index, len: usize, text: String, stale: bool },
    Pass { from: usize, to: usize },
}

fn deed() -> impl Strategy<Value = Deed> {
    let wish = (
        0..3_usize,
        0..10_u8,
        any::<Index>(),
        any::<Index>(),
        any::<Index>(),
        0..5_usize,
        "[abc é👍\n]{0,6}",
        any::<bool>(),
    )
        .prop_map(|(who, what, row, field, at, len, text, stale)| Deed::Wish {
            who,
            what,
            row,
            field,
            at,
            len,
            text,
            stale,
        });
    let pass = (0..3_usize, 0..3_usize).prop_map(|(from, to)| Deed::Pass { from, to });
    prop_oneof![4 => wish, 1 => pass]
}

fn play(deeds: Vec<Deed>) -> Vec<Copy> {
    let mut copies: Vec<Copy> = [0, 1, 2].map(Copy::new).into_iter().collect();
    let mut older: Vec<WorksheetState> = copies.iter().map(|copy| copy.sheet.state()).collect();
    for deed in deeds {
        let (who, what, row, field, at, len, text, stale) = match deed {
            Deed::Pass { from, to } => {
                let edits = copies[from].edits.clone();
                copies[to].take_all(&edits);
                continue;
            }
            Deed::Wish { who, what, row, field, at, len, text, stale } => (who, what, row, field, at, len, text, stale),
        };
        let copy = &mut copies[who];
        let state = if stale { older[who].clone() } else { copy.sheet.state() };
        older[who] = copy.sheet.state();
        let view = copy.sheet.view_at(&state).expect("a state of this copy");
        let wish = if view.rows.is_empty() || what == 0 {
            let after = (!view.rows.is_empty()).then(|| view.rows[row.index(view.rows.len())].id);
            Wish::AddRow { kind: RowKind::ALL[len % 3], after }
        } else {
            let row = &view.rows[row.index(view.rows.len())];
            let field = &row.fields[field.index(row.fields.len())];
            let chars = field.text.chars().count();
            match what {
                1 => Wish::RemoveRow { row: row.id },
                2 => Wish::RestoreRow { row: row.id },
                3 | 4 if !row.choices.is_empty() => {
                    Wish::Choose { row: row.id, choice: row.choices[0].choice, value: text }
                }
                5 => Wish::Rewrite { row: row.id, field: field.field, text: format!("{text}{}{text}", field.text) },
                _ => {
                    let at = at.index(chars + 1);
                    let delete = len.min(chars - at);
                    Wish::Splice { row: row.id, field: field.field, at, delete, insert: text }
                }
            }
        };
        copy.wish_at(&state, &[wish]).expect("a change that can be made");
    }
    copies
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_order_of_arrival_gives_the_same_document(
        deeds in vec(deed(), 1..60),
        order in vec(any::<Index>(), 200),
    ) {
        let mut copies = play(deeds);
        let mut edits: BTreeMap<EditId, SignedEdit<Verified>> = BTreeMap::new();
        edits.extend(copies.iter().flat_map(|copy| &copy.edits).map(|edit| (edit.id, edit.clone())));
        let mut edits: Vec<_> = edits.into_values().collect();
        for (at, swap) in order.iter().enumerate().take(edits.len()) {
            let with = swap.index(edits.len());
            edits.swap(at, with);
        }
        copies.push(Copy::new(5));
        for copy in &mut copies {
            // What rests on what is not here is tried again; each round places one at least.
            for round in 0..=edits.len() {
                copy.take_all(&edits);
                // A copy that is looked at in between must not differ from one that is not.
                if round % 3 == 0 {
                    copy.view();
                }
            }
            prop_assert_eq!(copy.sheet.len(), edits.len());
        }
        same_everywhere(&mut copies);
    }

    /// Whatever is signed by a member: refused by name, waiting, or taken so that the document still is one.
    #[test]
    fn altered_edits_do_no_harm(
        deeds in vec(deed(), 1..25),
        changes in vec((any::<Index>(), any::<Index>(), any::<u8>(), any::<i64>()), 60),
    ) {
        let copies = play(deeds);
        let mut copy = Copy::new(5);
        let mut all: Vec<_> = copies.iter().flat_map(|copy| copy.edits.clone()).collect();
        all.sort_by_key(|edit| (edit.edit.seq, edit.id));
        for _ in 0..all.len() {
            copy.take_all(&all);
        }
        if all.is_empty() {
            return Ok(());
        }
        for (which, at, how, by) in changes {
            let edit = &all[which.index(all.len())];
            let payload = Envelope::parse(edit.bytes(), MAX_EDIT).expect("own").payload().to_vec();
            let limits = crate::cbor::FRAME_LIMITS;
            let mut value = Value::decode(&payload, limits).expect("own");
            let mut place = at.index(value.node_count());
            alter(&mut value, &mut place, how, by);
            // Signed as the next one of a newcomer or of its author.
            let envelope = Envelope::sign(Domain::Worksheet, value.encode(), &key(if how % 2 == 0 { 7 } else { 0 }));
            let Ok(read) = SignedEdit::decode(envelope.bytes()) else { continue };
            prop_assert!(read.bytes().len() <= MAX_EDIT + 96);
            let before = copy.sheet.len();
            let taken = copy.sheet.take(read.from_own_store());
            prop_assert!(taken == Ok(Taken::New) || taken == Ok(Taken::Restarted) || copy.sheet.len() == before);
        }
        let view = copy.view();
        let (read, heads) = reload(&copy.sheet.save().expect("a document"));
        prop_assert_eq!(as_read(&view), read);
        prop_assert_eq!(copy.sheet.document_heads().expect("a document"), heads);
    }

    #[test]
    fn altered_bytes_are_refused(at in any::<Index>(), to in any::<u8>(), cut in any::<Index>()) {
        let mut ann = Copy::new(0);
        let row = ann.wish(&[Wish::AddRow { kind: RowKind::Item, after: None }])[0];
        ann.wish(&[rewrite(row, Field::Key, "meter")]);
        let good = ann.edits[1].bytes().to_vec();
        let mut bytes = good.clone();
        let at = at.index(bytes.len());
        bytes[at] = to;
        let read = SignedEdit::decode(&bytes).and_then(SignedEdit::verify);
        prop_assert!(read.is_err() || bytes == good);
        prop_assert!(SignedEdit::decode(&good[..cut.index(good.len())]).is_err());
    }
}

/// Changes the n-th value within a value.
fn alter(value: &mut Value, n: &mut usize, how: u8, by: i64) {
    if *n == 0 {
        *n = usize::MAX;
        match value {
            Value::Int(number) if how < 200 => *number = if how < 128 { number.wrapping_add(by % 4) } else { by },
            Value::Bytes(bytes) if !bytes.is_empty() => {
                let at = usize::from(how) % bytes.len();
                bytes[at] ^= by.to_le_bytes()[0];
            }
            Value::Array(items) if !items.is_empty() => {
                let item = items[usize::from(how) % items.len()].clone();
                if how.is_multiple_of(3) { items.push(item) } else { items.truncate(usize::from(how) % items.len()) }
            }
            Value::Map(entries) if !entries.is_empty() => drop(entries.remove(usize::from(how) % entries.len())),
            Value::Text(text) => text.push(char::from(how)),
            other => *other = Value::Int(by % 1000),
        }
        return;
    }
    *n -= 1;
    let children: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Map(entries) => entries.iter_mut().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    };
    for child in children {
        if *n == usize::MAX {
            return;
        }
        alter(child, n, how, by);
    }
}

#[test]
fn edits_that_speak_of_what_is_not_there_are_refused_by_name() {
    let mut ann = Copy::new(0);
    let row = ann.wish(&[Wish::AddRow { kind: RowKind::Item, after: None }])[0];
    ann.wish(&[rewrite(row, Field::Key, "meter"), rewrite(row, Field::Note, "n")]);
    let (first, typed) = (ann.edits[0].id, ann.edits[1].id);
    let at = |edit: EditId, op| Ref { edit: Some(edit), op };
    let of = |op: Op, deps: Vec<EditId>| Edit {
        case: CASE,
        epoch: 1,
        epoch_id: None,
        party: author(2).party,
        device: author(2).device,
        seq: 1,
        prev: None,
        deps,
        at: 0,
        ops: vec![op],
    };
    let row = at(first, 0);
    // Fields are written in their own order: the note is before the key.
    let key_op = at(typed, 1);
    let delete = |field, first, count| Op::Delete { row, field, first, count };
    let insert = |row, field, after| Op::Insert { row, field, after, text: "x".to_owned() };
    let cases = [
        // Known here, and yet not in the past of the edit.
        (of(delete(Field::Key, key_op, 1), vec![first]), EditRefusal::NoSuchCharacter),
        (of(delete(Field::Key, key_op, 6), vec![typed]), EditRefusal::NoSuchCharacter),
        (of(delete(Field::Note, key_op, 1), vec![typed]), EditRefusal::NoSuchCharacter),
        (of(delete(Field::Title, key_op, 1), vec![typed]), EditRefusal::NoSuchField),
        (of(insert(key_op, Field::Key, None), vec![typed]), EditRefusal::NoSuchRow),
        (of(insert(at(first, 1), Field::Key, None), vec![typed]), EditRefusal::NoSuchRow),
        (of(insert(row, Field::Key, Some(Ref { edit: None, op: 0 })), vec![typed]), EditRefusal::NoSuchCharacter),
        (of(insert(row, Field::Key, Some(at(typed, u32::MAX))), vec![typed]), EditRefusal::NoSuchCharacter),
        (of(Op::Choose { row, choice: Choice::By, value: String::new() }, vec![typed]), EditRefusal::NoSuchField),
        (of(Op::AddRow { kind: RowKind::Item, after: Some(at(first, 2)) }, vec![typed]), EditRefusal::NoSuchRow),
    ];
    for (edit, why) in cases {
        assert_eq!(ann.sheet.take(edit.sign(&key(2))), Err(why));
    }
    let mut twice = of(delete(Field::Key, at(typed, 2), 3), vec![typed]);
    twice.ops.push(delete(Field::Key, at(typed, 1), 2));
    assert_eq!(ann.sheet.take(twice.sign(&key(2))), Err(EditRefusal::DeletedTwice));
    let mut other = of(insert(row, Field::Key, None), vec![typed]);
    other.case = CaseId([1; 32]);
    assert_eq!(ann.sheet.take(other.sign(&key(2))), Err(EditRefusal::OtherCase));
    let waits = of(insert(row, Field::Key, None), vec![EditId([3; 32])]);
    assert_eq!(ann.sheet.take(waits.sign(&key(2))), Ok(Taken::Waits));
}

#[test]
fn the_worksheet_is_full_in_time_and_can_be_started_afresh() {
    let mut ann = Copy::new(0);
    let row = ann.wish(&[Wish::AddRow { kind: RowKind::Wording, after: None }])[0];
    let text = "0123456789".repeat(300);
    let mut written = 0;
    let full = loop {
        let shown = ann.sheet.state();
        match ann.wish_at(&shown, &[rewrite(row, Field::Text, if written % 2 == 0 { &text } else { "" })]) {
            Ok(_) => written += 1,
            Err(why) => break why,
        }
        assert!(written < 1000, "it must be full in time");
    };
    assert_eq!(full, EditError::Full);
    assert!(ann.view().full);
    let shown = ann.sheet.state();
    let large = [rewrite(row, Field::Text, &"x".repeat(60_000))];
    assert_eq!((ann.wish_at(&shown, &large), ann.sheet.state()), (Err(EditError::Full), shown));
    ann.sheet.restart(&author(0), &key(0), true, 9_000).expect("a new start is always possible");
    assert!(!ann.view().full);
}

#[test]
fn whoever_begins_the_last_epoch_leaves_nothing_that_cannot_be_read() {
    let (mut ann, mut bob) = (Copy::new(0), Copy::new(2));
    let (edits, _) = bob.sheet.restart(&author(2), &key(2), false, 5_000).expect("restarted");
    let mut last = edits[0].edit.clone();
    last.epoch = u32::MAX >> 1;
    let last = last.sign(&key(2));
    assert!(SignedEdit::decode(last.bytes()).is_ok(), "there is none after it");
    assert_eq!(ann.sheet.take(last), Ok(Taken::Restarted));
    let shown = ann.sheet.state();
    let again = ann.sheet.restart(&author(0), &key(0), true, 6_000);
    assert_eq!((again.map(|_| ()), ann.sheet.state()), (Err(EditError::Over), shown));
    // What is typed there can still be read back.
    ann.wish(&[Wish::AddRow { kind: RowKind::Item, after: None }]);
    assert!(ann.edits.iter().all(|edit| SignedEdit::decode(edit.bytes()).is_ok()));
}

/// The exact bytes of one edit, its change and the heads of the document: another implementation must come to the same.
#[test]
fn golden_bytes() {
    let mut ann = Copy::new(0);
    let row = ann.wish(&[Wish::AddRow { kind: RowKind::Wording, after: None }])[0];
    ann.wish(&[rewrite(row, Field::Title, "Té"), Wish::RemoveRow { row }]);
    ann.wish(&[rewrite(row, Field::Title, "Tea")]);
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let mut lines = Vec::new();
    for (n, edit) in ann.edits.iter().enumerate() {
        lines.push(format!("edit {}", hex(edit.bytes())));
        lines.push(format!("id {}", edit.id));
        let change = ann.sheet.change_bytes(n).expect("a document").expect("it stands");
        lines.push(format!("change {}", hex(&change)));
    }
    for head in ann.sheet.document_heads().expect("a document") {
        lines.push(format!("head {}", hex(&head)));
    }
    assert_eq!(lines.join("\n"), include_str!("golden.txt").trim_end());
    assert_eq!(DeviceKey(public_half(&key(0)).0), author(0).device);
}
