//! Erasing what lies beside the record: what can be named, who is asked, and when the asking ends.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, Subject, Topic},
    attachment::FileRef,
    id::EntryId,
    record::Erasable,
    seal::PathStep,
    value::{ItemValue, Seat},
};

use crate::{shown::*, world::*};

fn path(steps: &[&str]) -> Vec<PathStep> {
    let step = |s: &&str| s.parse().map_or_else(|_word| PathStep::Key((*s).to_owned()), PathStep::Index);
    steps.iter().map(step).collect()
}

fn erase(entry: EntryId, steps: &[&str]) -> Act {
    Act::Erase { entry, path: path(steps), reason: None }
}

fn erased(entry: EntryId, steps: &[&str]) -> Act {
    Act::Erased { entry, path: path(steps), reason: None }
}

fn file(n: u8) -> ItemValue {
    ItemValue::File { sha256: [n; 32], size: u64::from(n), name: text("a photo"), media: None }
}

fn attach() -> Act {
    Act::Attach { sha256: [9; 32], size: 9, name: text("a photo"), media: None, about: None }
}

fn thank(person: &str) -> Act {
    Act::Thank { text: text("well done"), seat: None, person: Some(text(person)), about: None }
}

impl World {
    /// The seats that are waited for to erase something, and about which request.
    fn asked(&self, device: usize) -> Vec<(Seat, EntryId)> {
        let view = self.record(device).view().expect("a view");
        let erase = view.waiting.iter().filter(|w| w.expected.as_str() == "erase");
        erase.map(|w| (w.seat, w.about.expect("a request"))).collect()
    }
}

#[test]
fn what_can_be_named_is_a_sealed_value_or_the_bytes_of_a_file() {
    let mut w = World::two();
    let attached = w.act(A1, &attach());
    let value = ItemValue::List(vec![ItemValue::Integer(1), ItemValue::Record(vec![("a".to_owned(), file(7))])]);
    let stated = w.act(A1, &Act::Item { key: "photos".to_owned(), value, label: None, note: None });
    let topic = Topic::Item { key: "plan".to_owned(), value: file(8) };
    let offered = w.proposal(A1, vec![Subject { base: None, topic }]);
    let offered = w.act(A1, &Act::Propose(offered));
    let thanked = w.act(A1, &thank("Jo"));
    w.sync_all();
    let good: [(EntryId, &[&str]); 6] = [
        (attached, &["sha256"]),
        (attached, &["name"]),
        (stated, &["value", "2", "2", "1"]),
        // The name of a file in a stated fact is sealed by itself; of one in terms it stands open.
        (stated, &["value", "2", "2", "3"]),
        (offered, &["subjects", "0", "value", "1"]),
        (thanked, &["person"]),
    ];
    for device in [A1, B1] {
        for (entry, steps) in good {
            for act in [erase(entry, steps), erased(entry, steps)] {
                let made = w.act(device, &act);
                assert_eq!(w.why(made), "effective", "{act:?}");
            }
        }
    }
    let bad: [(EntryId, &[&str]); 7] = [
        (attached, &["size"]),
        (attached, &["sha256", "0"]),
        (attached, &["media"]),
        (stated, &["value", "2"]),
        (offered, &["subjects", "0", "value", "3"]),
        (thanked, &["text"]),
        (thanked, &["nothing"]),
    ];
    for (entry, steps) in bad {
        for act in [erase(entry, steps), erased(entry, steps)] {
            assert_eq!(w.refuses(A1, &act), "NotSealed", "{act:?}");
            assert_eq!(w.idle(A1, &act), "NotSealed", "{act:?}");
        }
    }
    assert_eq!(w.refuses(A1, &erase(EntryId([3; 32]), &["name"])), "UnknownReference");
    // What the record lists as erasable is just that.
    let record = w.record(A1);
    for entry in [attached, stated, offered, thanked] {
        let ix = record.graph().find(&entry).expect("here");
        let mut listed: Vec<_> = record.erasable(ix).iter().map(|e: &Erasable| e.path().to_vec()).collect();
        let mut wanted: Vec<_> = good.iter().filter(|(id, _)| *id == entry).map(|(_, steps)| path(steps)).collect();
        listed.sort();
        wanted.sort();
        assert_eq!(listed, wanted);
    }
    w.converge();
}

#[test]
fn everybody_else_is_asked_until_they_erase_or_say_why_not() {
    let mut w = World::three();
    let thanked = w.act(A1, &thank("Jo"));
    w.sync_all();
    let request = w.act(A1, &erase(thanked, &["person"]));
    w.sync_all();
    let (b, c) = (seat(1), seat(2));
    for device in [A1, B1, C1] {
        assert_eq!(w.asked(device), [(b, request), (c, request)]);
    }
    // By whichever device of a party; its author's own word changes nothing for the others.
    w.act(A1, &erased(thanked, &["person"]));
    w.act(B2, &erased(thanked, &["person"]));
    w.sync_all();
    assert_eq!(w.asked(A1), [(c, request)]);
    w.act(C1, &Act::Contest { entry: request, reason: text("we must keep it for six years") });
    w.sync_all();
    for device in [A1, B1, C1] {
        assert_eq!(w.asked(device), []);
    }
    let told = w.record(C1).erasures(&thanked);
    let parties: BTreeSet<_> = [A1, B1].map(|device| w.devices[device].author.party).into();
    assert_eq!(told.iter().map(|e| e.party).collect::<BTreeSet<_>>(), parties);
    w.converge();
}

/// Who only watches signs no such word, so nobody waits for it; nor for who left.
#[test]
fn observers_and_those_who_left_are_not_asked() {
    let mut w = World::two();
    w.bring_in_agreed(O1, 3);
    let thanked = w.act(A1, &thank("Jo"));
    w.sync_all();
    let request = w.act(A1, &erase(thanked, &["person"]));
    w.sync_all();
    assert_eq!(w.asked(A1), [(seat(1), request)]);
    assert_eq!(w.refuses(O1, &erased(thanked, &["person"])), "Role");
    w.act(B1, &Act::Leave { reason: None });
    w.sync_all();
    assert_eq!(w.asked(A1), []);
}

/// The bytes of a file are erased for a party once, whichever entry it named; a later entry may want them anew.
#[test]
fn a_file_erased_and_named_anew_is_wanted_anew() {
    let mut w = World::two();
    let (first, other) = (w.act(A1, &attach()), w.act(A2, &attach()));
    w.sync_all();
    let named = FileRef { sha256: [9; 32], size: 9 };
    let a = w.devices[A1].author.party;
    let b = w.devices[B1].author.party;
    let said = w.act(A1, &erased(first, &["sha256"]));
    w.sync_all();
    for device in [A1, A2, B1] {
        let record = w.record(device);
        let by = record.file_erased_by(&a, &named).map(|ix| record.graph().id(ix));
        assert_eq!(by, Some(said), "also what {other} names");
        assert_eq!(record.file_erased_by(&b, &named), None);
        let lacks = |party| record.lacking(party).into_iter().collect::<BTreeSet<_>>();
        assert_eq!(lacks(&b), [first, other].into());
        // The names are with their author's devices alone here; the bytes are with nobody, and not missed by A.
        assert_eq!(
            lacks(&a),
            record
                .graph()
                .all()
                .filter(|ix| !record.lacking_values(*ix).is_empty())
                .map(|ix| record.graph().id(ix))
                .collect()
        );
    }
    w.act(B1, &attach());
    w.sync_all();
    assert_eq!(w.record(A1).file_erased_by(&a, &named), None);
    w.converge();
}
