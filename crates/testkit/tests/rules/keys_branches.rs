//! Forked key logs by themselves: which events are kept, which a rotation takes back, which end is cited.

use std::collections::BTreeMap;

use counterpart_core::{
    envelope::public_half,
    id::EventId,
    keylog::{self, EventSigner, Grant, KeyLogRefusal, KeyLogs, Kinds, RevokeReason},
    statement::KeyCitation,
};
use ed25519_dalek::SigningKey;

/// The n-th root key; a rotation reveals the next one.
fn root(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn device(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[100 + n; 32])
}

/// What an event does, and which root key signs it.
#[derive(Clone, Copy)]
enum Do {
    Grant(u8, u8),
    Revoke(&'static str, u8),
    /// Reveals this root key; the second number tells two such rotations apart.
    Rotate(u8, u8),
}
use Do::{Grant as G, Revoke as R, Rotate as T};

/// A name, the event it follows, what it does.
type Step = (&'static str, &'static str, Do);

struct Log {
    logs: KeyLogs,
    named: BTreeMap<&'static str, KeyCitation>,
    bytes: Vec<Vec<u8>>,
}

impl Log {
    /// An inception `i` and a first device's grant `d`.
    fn new() -> Self {
        let mut log = Self { logs: KeyLogs::new(), named: BTreeMap::new(), bytes: Vec::new() };
        let inception = keylog::inception(&root(0), &public_half(&root(1)), [7; 16], 0);
        log.take("i", inception).expect("an inception");
        log.step(("d", "i", G(0, 0))).expect("a grant");
        log
    }

    fn take(&mut self, name: &'static str, bytes: Vec<u8>) -> Result<(), KeyLogRefusal> {
        let (id, _) = self.logs.apply(&bytes)?;
        let event = self.logs.event(&id).expect("just applied");
        self.named.insert(name, KeyCitation { party: event.party, position: event.position, event: id });
        self.bytes.push(bytes);
        Ok(())
    }

    fn step(&mut self, (name, after, does): Step) -> Result<(), KeyLogRefusal> {
        let after = self.named[after];
        let event = match does {
            G(n, by) => {
                let grant = Grant {
                    device: public_half(&device(n)),
                    peer: vec![n + 1],
                    kinds: Kinds::All,
                    receive: true,
                    admin: false,
                    ceilings: Vec::new(),
                    from: None,
                    until: None,
                };
                keylog::grant(&after, &EventSigner::Root(&root(by)), &grant, &device(n), 0)
            }
            R(grant, by) => {
                let grant = self.named[grant].event;
                keylog::revoke(&after, &EventSigner::Root(&root(by)), &grant, RevokeReason::Compromised, 0)
            }
            T(n, which) => keylog::rotate(&after, &root(n), &public_half(&root(n + 1 + which)), 0),
        };
        self.take(name, event)
    }

    fn name(&self, id: &EventId) -> &'static str {
        self.named.iter().find(|(_, cited)| cited.event == *id).map_or("?", |(name, _)| name)
    }

    /// What there is to say of it, in names.
    fn told(&self) -> (Vec<&'static str>, Option<(u32, bool)>, &'static str) {
        let party = self.named["i"].party;
        let back = self.logs.of_party(&party).filter(|e| self.logs.superseded_by(&e.id).is_some());
        let mut back: Vec<&str> = back.map(|e| self.name(&e.id)).collect();
        back.sort_unstable();
        let dispute = self.logs.dispute(&party).map(|d| (d.position, d.for_good));
        (back, dispute, self.name(&self.logs.head(&party).expect("a log").event))
    }
}

struct Case {
    what: &'static str,
    steps: &'static [Step],
    /// What a rotation takes back, by name.
    back: &'static [&'static str],
    /// Position, and whether for good.
    dispute: Option<(u32, bool)>,
    head: &'static str,
}

const CASES: &[Case] = &[
    Case { what: "a line", steps: &[("a", "d", G(1, 0)), ("r", "a", R("d", 0))], back: &[], dispute: None, head: "r" },
    Case {
        what: "a rotation at the end takes nothing back",
        steps: &[("a", "d", G(1, 0)), ("t", "a", T(1, 0)), ("b", "t", G(2, 1))],
        back: &[],
        dispute: None,
        head: "b",
    },
    Case {
        what: "two branches dispute the identity; the longer is cited",
        steps: &[("a", "d", G(1, 0)), ("b", "d", G(2, 0)), ("c", "b", G(3, 0))],
        back: &[],
        dispute: Some((3, false)),
        head: "c",
    },
    Case {
        what: "a rotation goes before any length and takes back what stands beside it",
        steps: &[("a", "d", G(1, 0)), ("b", "a", G(2, 0)), ("c", "b", R("d", 0)), ("t", "d", T(1, 0))],
        back: &["a", "b", "c"],
        dispute: None,
        head: "t",
    },
    Case {
        what: "at the end of one branch it takes the other back",
        steps: &[("a", "d", G(1, 0)), ("b", "d", G(2, 0)), ("c", "b", G(3, 0)), ("t", "a", T(1, 0))],
        back: &["b", "c"],
        dispute: None,
        head: "t",
    },
    Case {
        what: "what is signed later beside it is taken back as well",
        steps: &[("t", "d", T(1, 0)), ("a", "d", G(1, 0)), ("b", "a", G(2, 0)), ("c", "b", G(3, 0))],
        back: &["a", "b", "c"],
        dispute: None,
        head: "t",
    },
    Case {
        what: "two rotations at one position: for good",
        steps: &[("s", "d", T(1, 0)), ("t", "d", T(1, 1)), ("a", "d", G(1, 0)), ("b", "t", G(2, 1))],
        back: &[],
        dispute: Some((3, true)),
        head: "b",
    },
    Case {
        what: "two rotations of one key at different positions: for good as well",
        steps: &[("s", "d", T(1, 0)), ("a", "d", G(1, 0)), ("t", "a", T(1, 1))],
        back: &[],
        dispute: Some((3, true)),
        head: "t",
    },
    Case {
        what: "a branch under the new root is a new dispute",
        steps: &[("t", "d", T(1, 0)), ("a", "t", G(1, 1)), ("b", "t", G(2, 1)), ("x", "d", G(3, 0))],
        back: &["x"],
        dispute: Some((4, false)),
        head: "",
    },
    Case {
        what: "a second rotation decides that one",
        steps: &[("t", "d", T(1, 0)), ("a", "t", G(1, 1)), ("b", "t", G(2, 1)), ("u", "a", T(2, 0))],
        back: &["b"],
        dispute: None,
        head: "u",
    },
];

#[test]
fn branches_and_what_rotations_make_of_them() {
    for case in CASES {
        let mut log = Log::new();
        for step in case.steps {
            log.step(*step).unwrap_or_else(|e| unreachable!("{}: {} is refused: {e}", case.what, step.0));
        }
        let (back, dispute, head) = log.told();
        assert_eq!((back.as_slice(), dispute), (case.back, case.dispute), "{}", case.what);
        // Of two equal ends the smaller id is cited.
        assert!(case.head == head || case.head.is_empty(), "{}: {head}", case.what);
        // In any order in which causes come first, another copy says the same.
        for first in 0..log.bytes.len() {
            let mut waiting = log.bytes.clone();
            waiting.rotate_left(first);
            let mut other = KeyLogs::new();
            while !waiting.is_empty() {
                let before = waiting.len();
                waiting.retain(|bytes| other.apply(bytes).is_err());
                assert!(waiting.len() < before, "{}: what one copy keeps, another does", case.what);
            }
            let other = Log { logs: other, named: log.named.clone(), bytes: Vec::new() };
            assert_eq!(other.told(), log.told(), "{}", case.what);
        }
    }
}

#[test]
fn floods_leave_room_for_the_party_itself() {
    // A thief of the root fills positions 3 to 40, two branches each.
    let mut log = Log::new();
    let names: Vec<&'static str> = (0..160).map(|n| &*format!("x{n}").leak()).collect();
    for side in 0..2 {
        let mut after = "d";
        for n in 1..=38_u8 {
            let name = names[usize::from(n + 40 * side)];
            log.step((name, after, G(n + 40 * side, 0))).expect("kept");
            after = name;
        }
    }
    let third = log.step(("y", "d", G(90, 0)));
    assert_eq!(third, Err(KeyLogRefusal::TooManyBranches));
    log.step(("t", "d", T(1, 0))).expect("the rotation has room");
    log.step(("g", "t", G(91, 1))).expect("and what stands under the new root");
    log.step(("h", "t", G(92, 1))).expect("and a second branch of that");
    assert_eq!(log.step(("k", "t", G(93, 1))), Err(KeyLogRefusal::TooManyBranches));
    // Whoever holds the next key is believed twice and no more.
    log.step(("u", "d", T(1, 1))).expect("a second rotation proves what it proves");
    let (after, name) = (names[1], "v");
    assert_eq!(log.step((name, after, T(1, 2))), Err(KeyLogRefusal::TooManyBranches));
}

#[test]
fn the_own_end_is_one_on_which_the_own_grant_stands() {
    let mut log = Log::new();
    for step in [("a", "d", G(1, 0)), ("b", "d", G(2, 0)), ("c", "b", R("d", 0)), ("e", "c", G(3, 0))] {
        log.step(step).expect("kept");
    }
    let party = log.named["i"].party;
    let own = |log: &Log, grant: &str| {
        let end = log.logs.head_with(&party, &log.named[grant].event).expect("an end");
        log.name(&end.event)
    };
    assert_eq!(own(&log, "a"), "a", "granted on the short branch");
    assert_eq!(own(&log, "b"), "e");
    assert_eq!(own(&log, "d"), "a", "on the long branch it was ended");
    // Granted again on the long branch, the same device goes by that.
    log.step(("again", "e", G(1, 0))).expect("once a branch");
    let (best, _) = log.logs.grant_of_device(&party, &public_half(&device(1))).expect("a grant");
    assert_eq!(log.name(&best), "again");
    // A rotation on the short branch: nothing stands on the long one any more.
    log.step(("t", "a", T(1, 0))).expect("a rotation");
    assert_eq!((own(&log, "d"), own(&log, "a")), ("t", "t"));
    assert_eq!(own(&log, "b"), "t", "what was taken back stands nowhere");
    let (best, _) = log.logs.grant_of_device(&party, &public_half(&device(1))).expect("a grant");
    assert_eq!(log.name(&best), "a");
    assert!(log.logs.revocation_of(&party, &log.named["d"].event).is_none(), "its end was taken back");
    assert_eq!(log.logs.root_at(&log.named["t"].event).map(|(key, _)| key), Some(public_half(&root(1))));
}
