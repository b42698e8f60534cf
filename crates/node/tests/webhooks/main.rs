//! Telling other systems of changes: real receivers on loopback, at a clock that the tests set.

mod crash;
mod hour;
mod odd;
mod overdue;
mod python;
mod running;
mod turns;

#[path = "../../../../tests/webhooks/receiver.rs"]
mod receiver;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    id::CaseId,
    value::Sealable,
};
use counterpart_node::{Desk, Hook, HookNews, HookWish, NotTaken};
use counterpart_store::ChangeKind;
use serde_json::Value as Json;

use crate::receiver::{Heard, Receiver};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// A morning in July 2026.
const MORNING: i64 = 1_783_328_400_000;
/// Far longer than a receiver on loopback takes.
const PATIENCE: Duration = Duration::from_secs(15);

/// A home with its desk, and the time there.
struct Stage {
    folder: tempfile::TempDir,
    desk: Desk,
    now: i64,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Desk::init(&folder.path().join("home")).expect("a new identity");
        let desk = Desk::open(&folder.path().join("home")).expect("an opened home");
        Self { folder, desk, now: MORNING }
    }

    /// Another process of the same home.
    fn beside(&self) -> Desk {
        Desk::open(&self.folder.path().join("home")).expect("opened once more")
    }

    fn case(&self, title: &str) -> CaseId {
        let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
        let others = vec![offer(Role::Supplier, "Northlink Ltd")];
        let open = self.desk.open_act(title, offer(Role::Customer, "Keith"), others, "Europe/London", None);
        self.desk.new_case(&open, self.now).expect("a new case")
    }

    fn note(&self, case: &CaseId, text: &str) {
        self.desk.sign(case, &note(text), self.now).expect("a note");
    }

    fn hook(&self, name: &str, receiver: &Receiver) -> String {
        let (_, secret) = self.desk.add_hook(&wish(name, &receiver.url()), self.now).expect("a webhook");
        secret.reveal().to_string()
    }

    fn standing(&self, name: &str) -> Hook {
        let hooks = self.desk.hooks().expect("readable");
        hooks.into_iter().find(|hook| hook.name == name).expect("the webhook")
    }

    /// Tells what is to be told at this time; gives what came of each try, and what a person is told.
    fn tell(&self) -> (Vec<Result<u16, NotTaken>>, Vec<HookNews>) {
        self.tell_with(PATIENCE)
    }

    fn tell_with(&self, patience: Duration) -> (Vec<Result<u16, NotTaken>>, Vec<HookNews>) {
        let (mut outcomes, mut news) = (Vec::new(), Vec::new());
        loop {
            let all = self.desk.to_tell(self.now, &BTreeMap::new()).expect("the store is well");
            if all.is_empty() {
                return (outcomes, news);
            }
            for telling in all {
                let outcome = telling.send(self.now, patience);
                news.extend(self.desk.told(&telling, &outcome, self.now).expect("the store is well").news);
                outcomes.push(outcome);
            }
        }
    }

    /// Goes on in steps of 2 seconds, as a running node looks, for so long.
    fn pass(&mut self, time: i64) -> (Vec<Result<u16, NotTaken>>, Vec<HookNews>) {
        self.pass_by(time, 2 * SECOND)
    }

    fn pass_by(&mut self, time: i64, step: i64) -> (Vec<Result<u16, NotTaken>>, Vec<HookNews>) {
        let end = self.now + time;
        let (mut outcomes, mut news) = (Vec::new(), Vec::new());
        while self.now < end {
            self.now += step;
            let (tried, told) = self.tell();
            outcomes.extend(tried);
            news.extend(told);
        }
        (outcomes, news)
    }
}

fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

fn wish(name: &str, url: &str) -> HookWish {
    HookWish { name: name.to_owned(), url: url.to_owned(), kinds: Vec::new(), allow_private: true, after: None }
}

fn body(heard: &Heard) -> Json {
    serde_json::from_str(&heard.body).expect("JSON")
}

/// What was taken: each message once, by its id, and of each case in order. Gives the changes told of, by case.
fn taken_in_order(heard: &[Heard]) -> BTreeMap<String, Vec<u64>> {
    let mut ids = BTreeSet::new();
    let mut cases: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for heard in heard.iter().filter(|heard| heard.taken) {
        assert!(ids.insert(heard.id().to_owned()), "taken twice: {}", heard.id());
        let body = body(heard);
        let case = body["data"]["case"].as_str().expect("a case").to_owned();
        cases.entry(case).or_default().push(body["data"]["change"].as_u64().expect("a number"));
    }
    for (case, changes) in &cases {
        assert!(changes.is_sorted(), "{case}: {changes:?}");
    }
    cases
}

/// What is to be told of by the store, by case.
fn to_be_told(desk: &Desk, after: u64) -> BTreeMap<String, Vec<u64>> {
    let mut cases: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let changes = desk.changes(after, usize::MAX).expect("readable");
    for change in changes.iter().filter(|change| change.kind != ChangeKind::ReceiptSigned) {
        cases.entry(change.case.to_hex()).or_default().push(change.number);
    }
    cases
}
