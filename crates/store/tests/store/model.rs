//! Random histories against the simplest thing that could hold them.

use std::{cell::Cell, collections::BTreeMap};

use counterpart_core::id::{CaseId, EntryId};
use counterpart_store::{EntryRow, Inserted, StoreError};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::{Home, device};

#[derive(Debug, Clone)]
enum Step {
    Insert { case: u8, device: u8, seq: u64, variant: u8, own: bool },
    Remove { case: u8, device: u8, seq: u64, variant: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let place = || (0..2u8, 0..2u8, 0..6u64, 0..3u8);
    prop_oneof![
        3 => (place(), any::<bool>())
            .prop_map(|((case, device, seq, variant), own)| Step::Insert { case, device, seq, variant, own }),
        1 => place().prop_map(|(case, device, seq, variant)| Step::Remove { case, device, seq, variant }),
    ]
}

#[derive(Debug, Clone)]
struct Batch {
    steps: Vec<Step>,
    keep: bool,
    reopen: bool,
}

fn batch() -> impl Strategy<Value = Batch> {
    (prop::collection::vec(step(), 0..8), prop::bool::weighted(0.75), prop::bool::weighted(0.2))
        .prop_map(|(steps, keep, reopen)| Batch { steps, keep, reopen })
}

fn id(device: u8, seq: u64, variant: u8) -> EntryId {
    let mut bytes = [variant; 32];
    bytes[0] = device;
    bytes[1..9].copy_from_slice(&seq.to_be_bytes());
    EntryId(bytes)
}

/// (case, id) to (device, seq, own), and the order of arrival.
#[derive(Clone, Default)]
struct Model {
    entries: BTreeMap<(u8, EntryId), (u8, u64, bool)>,
    arrived: Vec<(u8, EntryId)>,
}

#[derive(Debug, PartialEq)]
enum Outcome {
    New,
    Already,
    Taken,
    Removed(bool),
    Own,
}

impl Model {
    fn take(&mut self, step: &Step) -> Outcome {
        match *step {
            Step::Insert { case, device, seq, variant, own } => {
                let key = (case, id(device, seq, variant));
                if self.entries.contains_key(&key) {
                    return Outcome::Already;
                }
                let rival =
                    |(other, held): (&(u8, EntryId), &(u8, u64, bool))| other.0 == case && *held == (device, seq, true);
                if own && self.entries.iter().any(rival) {
                    return Outcome::Taken;
                }
                self.entries.insert(key, (device, seq, own));
                self.arrived.push(key);
                Outcome::New
            }
            Step::Remove { case, device, seq, variant } => {
                let key = (case, id(device, seq, variant));
                match self.entries.get(&key) {
                    None => Outcome::Removed(false),
                    Some((_, _, true)) => Outcome::Own,
                    Some(_) => {
                        self.entries.remove(&key);
                        self.arrived.retain(|k| *k != key);
                        Outcome::Removed(true)
                    }
                }
            }
        }
    }
}

/// All histories are in one store, each in cases of its own: what others left there is in nobody's way.
#[test]
fn the_store_is_its_model() {
    let Some(home) = Home::any() else { return };
    let histories = if std::env::var_os("COUNTERPART_LONG").is_some() { 2_000 } else { 48 };
    let config = ProptestConfig { source_file: Some(file!()), ..ProptestConfig::with_cases(histories) };
    let mut runner = TestRunner::new(config);
    let number = Cell::new(0_u32);
    let played = runner.run(&prop::collection::vec(batch(), 1..8), |batches| {
        number.set(number.get() + 1);
        play(&home, number.get(), batches)
    });
    assert!(played.is_ok(), "{}\n{runner}", played.err().map_or_else(String::new, |why| why.to_string()));
}

fn play(home: &Home, number: u32, batches: Vec<Batch>) -> Result<(), TestCaseError> {
    let case = |n: u8| {
        let mut id = [n; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        CaseId(id)
    };
    let mut store = home.store();
    let mut model = Model::default();
    for Batch { steps, keep, reopen } in batches {
        let mut next = model.clone();
        let outcome = store.write(|txn| {
            for step in &steps {
                let got = match *step {
                    Step::Insert { case: c, device: d, seq, variant, own } => txn
                        .insert_entry(&EntryRow {
                            case: case(c),
                            id: id(d, seq, variant),
                            device: device(d),
                            seq,
                            own,
                            envelope: b"e",
                        })
                        .map(|i| if i == Inserted::Already { Outcome::Already } else { Outcome::New }),
                    Step::Remove { case: c, device: d, seq, variant } => {
                        txn.remove_entry(case(c), id(d, seq, variant)).map(Outcome::Removed)
                    }
                };
                let got = match got {
                    Err(StoreError::PositionTaken { .. }) => Outcome::Taken,
                    Err(StoreError::OwnEntry) => Outcome::Own,
                    other => other?,
                };
                assert_eq!(got, next.take(step));
            }
            if keep { Ok(()) } else { Err(StoreError::Undone) }
        });
        prop_assert_eq!(outcome.is_ok(), keep);
        if keep {
            model = next;
        }
        if reopen {
            drop(store);
            store = home.store();
        }
        for c in 0..2 {
            let kept: Vec<_> = store.entries_after(case(c), 0).expect("read").iter().map(|e| e.id).collect();
            let wanted: Vec<_> = model.arrived.iter().filter(|k| k.0 == c).map(|k| k.1).collect();
            prop_assert_eq!(kept, wanted);
        }
    }
    Ok(())
}
