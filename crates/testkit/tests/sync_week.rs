//! A week in which two laptops are never on at the same time, and a mailbox is always on for one of them.
//!
//! `COUNTERPART_LONG=1` lives through many more weeks.

use std::collections::BTreeMap;

use counterpart_core::{act::Act, graph::Ix, id::EntryId, receipt::Receipt, record::Record, value::Sealable};
use counterpart_testkit::{
    case::case_between,
    network::{Network, Trouble},
    node::{Node, digest},
    party::Party,
    rng::Rng,
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

const ANN: usize = 0;
const MAILBOX: usize = 1;
const BOB: usize = 2;

/// Acts in each of the two daily stretches of three hours.
const ACTS: usize = 6;

/// What became of one act.
#[derive(Debug)]
struct Fate {
    by: usize,
    at: i64,
    /// When a device of the other side, of any kind, and when its laptop, first signed that it has stored it.
    stored: Option<i64>,
    on_laptop: Option<i64>,
    /// When whoever acted saw that.
    known: Option<i64>,
}

struct Week {
    net: Network,
    fates: BTreeMap<EntryId, Fate>,
    /// Receipts looked at so far, of each node.
    seen: [usize; 3],
}

impl Week {
    fn new(seed: u64) -> Self {
        let mut ann = Party::new(1000 + seed);
        ann.add_mailbox(&mut Rng::new(!seed));
        let bob = Party::new(5_000_000 + seed);
        let case = case_between(&[&ann, &bob]);
        let node = |party: &Party, device| Node::new(party, device, case.id, &[], case.store.clone());
        let mut net = Network::new(seed, vec![node(&ann, 0), node(&ann, 1), node(&bob, 0)]);
        net.trouble = Trouble { resets: 60, duplicates: 0 };
        for (a, b) in [(ANN, MAILBOX), (MAILBOX, BOB), (ANN, BOB)] {
            net.part(a, b);
            net.pair(a, b);
        }
        Self { net, fates: BTreeMap::new(), seen: [0; 3] }
    }

    /// One is on for three hours and acts at random moments of them; the other is off.
    fn on(&mut self, who: usize, from: i64) {
        self.net.run_until(from);
        self.net.mend(who, MAILBOX);
        let mut moments: Vec<i64> =
            (0..ACTS).map(|_| from + i64::try_from(self.net.rng.below(3 * 60)).expect("minutes") * MINUTE).collect();
        moments.sort_unstable();
        for (n, at) in moments.into_iter().enumerate() {
            self.advance(at);
            let act = Act::Note { text: Sealable::Open(format!("{who} at {at}, {n}")), about: None };
            let id = self.net.act(who, &act).expect("a note");
            let fate = Fate { by: who, at: self.net.now, stored: None, on_laptop: None, known: None };
            self.fates.insert(id, fate);
        }
        self.advance(from + 3 * HOUR);
        self.net.part(who, MAILBOX);
    }

    /// Lets time pass, and looks each minute.
    fn advance(&mut self, to: i64) {
        while self.net.now < to {
            self.net.run_until(to.min(self.net.now + MINUTE));
            self.look();
        }
    }

    /// Takes down what receipts say, by their signers' clocks, and what each laptop knows of it.
    fn look(&mut self) {
        let devices: Vec<_> = self.net.nodes.iter().map(|n| n.party.author(n.device).device).collect();
        for node in [ANN, MAILBOX, BOB] {
            let record = self.net.nodes[node].machine.record();
            let new = record.receipts().get(self.seen[node]..).unwrap_or_default();
            for receipt in new.iter().map(|signed| &signed.receipt) {
                for (id, fate) in &mut self.fates {
                    let others = (fate.by == ANN) == (receipt.device == devices[BOB]);
                    if !others || !covers(record, receipt, id) {
                        continue;
                    }
                    let first = |at: &mut Option<i64>| *at = Some(at.map_or(receipt.at, |known| known.min(receipt.at)));
                    first(&mut fate.stored);
                    if receipt.device != devices[MAILBOX] {
                        first(&mut fate.on_laptop);
                    }
                    if node == fate.by {
                        fate.known.get_or_insert(self.net.now);
                    }
                }
            }
            self.seen[node] = record.receipts().len();
        }
    }
}

fn covers(record: &Record, receipt: &Receipt, id: &EntryId) -> bool {
    let graph = record.graph();
    let Some(ix) = graph.find(id) else { return false };
    let heads: Vec<Ix> = receipt.heads.iter().filter_map(|head| graph.find(head)).collect();
    graph.covered_by(ix, &heads)
}

/// Median and worst, in hours.
fn hours(delays: impl Iterator<Item = i64>) -> (f64, f64) {
    let mut all: Vec<i64> = delays.collect();
    all.sort_unstable();
    let hours = |ms: i64| f64::from(i32::try_from(ms / 1000).expect("a week has few seconds")) / 3600.0;
    (hours(all[all.len() / 2]), hours(*all.last().expect("somebody acted")))
}

#[test]
#[expect(clippy::print_stdout, reason = "how long people wait is read where the test is run with --nocapture")]
fn laptops_that_never_meet_lose_nothing_where_one_has_a_mailbox() {
    let weeks = if std::env::var_os("COUNTERPART_LONG").is_some() { 200 } else { 4 };
    let mut fates = Vec::new();
    for seed in 0..weeks {
        let mut week = Week::new(seed);
        let monday = week.net.now;
        for day in 0..7 {
            week.on(ANN, monday + day * DAY + 8 * HOUR);
            week.on(BOB, monday + day * DAY + 18 * HOUR);
        }
        // The morning after, so that what was done last is seen as well.
        week.on(ANN, monday + 7 * DAY + 8 * HOUR);
        week.on(BOB, monday + 7 * DAY + 18 * HOUR);
        week.on(ANN, monday + 8 * DAY + 8 * HOUR);
        let lived = week.net.nodes[MAILBOX].machine.record();
        let view = digest(lived);
        let settled = monday + 7 * DAY + 18 * HOUR;
        for (id, fate) in week.fates.into_iter().filter(|(_, fate)| fate.at < settled) {
            for node in &week.net.nodes {
                assert!(node.store.holds(&id), "seed {seed}: everybody stored what {} did", fate.by);
            }
            assert!(fate.stored.is_some() && fate.on_laptop.is_some() && fate.known.is_some(), "seed {seed}: {fate:?}");
            fates.push(fate);
        }
        assert_eq!(view, digest(week.net.nodes[ANN].machine.record()), "seed {seed}: Ann and her mailbox agree");
    }
    for (who, name) in [(ANN, "Ann, who has the mailbox"), (BOB, "Bob, who has none")] {
        let of = || fates.iter().filter(move |fate| fate.by == who);
        let after = |at: Option<i64>, fate: &Fate| at.expect("settled above") - fate.at;
        let stored = hours(of().map(|f| after(f.stored, f)));
        let laptop = hours(of().map(|f| after(f.on_laptop, f)));
        let known = hours(of().map(|f| after(f.known, f)));
        println!(
            "{name}: {} acts, 0 lost; hours, median and worst, until a receipt of the other side {stored:.3?}, of its \
             laptop {laptop:.3?}, until that was seen {known:.3?}",
            of().count()
        );
        // Nobody waits longer than until the other is on once more, and he himself after that.
        assert!(laptop.1 <= 24.0 && known.1 <= 48.0, "{name}: {laptop:?}, {known:?}");
    }
}
