//! Two homes, and one long case between them whose beginnings serve as shorter ones.

use std::{
    fs,
    path::{Path, PathBuf},
};

use counterpart_core::{
    act::{Act, ActionTerms, Contact},
    graph::Ix,
    id::{CaseId, EntryId},
    receipt::SignedReceipt,
    record::Record,
    value::{Due, ItemValue, Sealable, Seat},
};
use counterpart_node::Desk;
use counterpart_store::{CaseSummary, EntryRow, ReceiptRow, Store, StoreError};
use counterpart_testkit::{
    case::{START, case_between, new_action, sign, terms},
    home::{party_of, put_case},
    party::Party,
    rng::Rng,
};

/// Entries before both parties can act: open, invite, admit, join.
pub(crate) const JOINED: usize = 4;

/// A party whose home is on disk.
pub(crate) struct Side {
    home: PathBuf,
    pub(crate) party: Party,
}

impl Side {
    fn new(home: PathBuf) -> Self {
        Desk::init(&home).expect("a new identity");
        let desk = Desk::open(&home).expect("a home");
        let author = desk.author();
        let log = desk.with_store(|s| s.key_events(author.party)).expect("a key log");
        let party = party_of(&home, &author, desk.peer_id().as_bytes(), log);
        Self { home, party }
    }
}

/// A case of two parties, long enough for every figure.
pub(crate) struct Fixture {
    pub(crate) customer: Side,
    pub(crate) supplier: Side,
    pub(crate) case: CaseId,
    pub(crate) record: Record,
    /// Receipts, each with how many entries there were when it was given.
    receipts: Vec<(usize, SignedReceipt)>,
}

impl Fixture {
    /// Makes both homes in a folder and a case of so many entries.
    pub(crate) fn new(folder: &Path, entries: usize) -> Self {
        let customer = Side::new(folder.join("customer"));
        let supplier = Side::new(folder.join("supplier"));
        let case = case_between(&[&customer.party, &supplier.party]);
        let mut writing =
            Writing { record: case.record, at: START + 10_000_000, rng: Rng::new(1), receipts: Vec::new() };
        while writing.record.graph().len() < entries {
            writing.talk(&customer.party, &supplier.party);
        }
        Self { customer, supplier, case: case.id, record: writing.record, receipts: writing.receipts }
    }

    /// A copy of the customer's home that holds the first `entries` of the case.
    pub(crate) fn customer_home(&self, at: &Path, entries: usize) -> PathBuf {
        self.home(&self.customer, &self.supplier, at, entries)
    }

    /// A copy of the supplier's home that holds the first `entries` of the case.
    pub(crate) fn supplier_home(&self, at: &Path, entries: usize) -> PathBuf {
        self.home(&self.supplier, &self.customer, at, entries)
    }

    fn home(&self, own: &Side, other: &Side, at: &Path, entries: usize) -> PathBuf {
        copy(&own.home, at).expect("a copy of a home");
        let mut store = Store::open(&at.join("counterpart.db")).expect("a store");
        let device = own.party.author(0).device;
        let written = store.write(|txn| {
            put_case(txn, device, &self.record, entries, &[other.party.id])?;
            for (_, signed) in self.receipts.iter().filter(|(when, _)| *when <= entries) {
                txn.insert_receipt(&ReceiptRow {
                    id: signed.id,
                    case: self.case,
                    device: signed.receipt.device,
                    number: u64::from(signed.receipt.number),
                    own: signed.receipt.device == device,
                    envelope: signed.bytes(),
                })?;
            }
            txn.put_summary(&summary(self.case, entries))
        });
        written.expect("a written store");
        at.to_owned()
    }

    /// An entry as it is stored.
    pub(crate) fn row(&self, ix: Ix, own: bool) -> EntryRow<'_> {
        let entry = &self.record.graph().node(ix).entry;
        let (device, seq) = (entry.statement.device, u64::from(entry.statement.seq));
        EntryRow { case: self.case, id: entry.id, device, seq, own, envelope: entry.bytes() }
    }
}

/// What a list shows, made up.
pub(crate) fn summary(case: CaseId, entries: usize) -> CaseSummary {
    CaseSummary {
        case,
        title: "A kitchen that leaks".to_owned(),
        state: "open".to_owned(),
        whose_move: "theirs: answer #17".to_owned(),
        next_due: Some(START),
        entries: entries as u64,
        updated_at: START,
    }
}

/// Fills a store with so many more cases of one entry each; nothing opens them.
pub(crate) fn other_cases(home: &Path, count: u32) {
    let mut store = Store::open(&home.join("counterpart.db")).expect("a store");
    let filled = store.write(|txn| {
        for n in 0..count {
            let mut id = [0x55; 32];
            id[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b9).to_be_bytes());
            let case = CaseId(id);
            let device = counterpart_core::id::DeviceKey([7; 32]);
            let envelope = &[0_u8; 400];
            txn.insert_entry(&EntryRow { case, id: EntryId(id), device, seq: 1, own: false, envelope })?;
            txn.put_summary(&summary(case, 1))?;
        }
        Ok::<_, StoreError>(())
    });
    filled.expect("a written store");
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

struct Writing {
    record: Record,
    at: i64,
    rng: Rng,
    receipts: Vec<(usize, SignedReceipt)>,
}

impl Writing {
    fn act(&mut self, party: &Party, act: &Act) -> EntryId {
        self.at += 61_000;
        sign(&mut self.record, &party.author(0), &party.devices[0].key, act, self.at, &mut self.rng).id
    }

    /// Twenty entries: one action on its way, and the talk around it.
    fn talk(&mut self, customer: &Party, supplier: &Party) {
        let n = self.record.graph().len();
        let round = n / 20;
        let revision = self.act(customer, &promise(n));
        self.act(supplier, &note(n));
        // Some proposals stay open, some of what is agreed is not done, some of what is done is sent back once.
        if round % 7 != 3 {
            self.act(supplier, &Act::Accept { revision, note: None });
            if round % 4 != 1 {
                let declare = Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() };
                let mut declared = self.act(supplier, &declare);
                if round % 5 == 2 {
                    let reason = open("The floor is wet again");
                    self.act(customer, &Act::Reject { declare: declared, unmet: vec![0], reason });
                    declared = self.act(supplier, &declare);
                }
                self.act(customer, &Act::Approve { declare: declared, note: None });
            }
        }
        self.act(customer, &contact(self.at, n));
        self.act(supplier, &item(n));
        let mut left = (n + 20).saturating_sub(self.record.graph().len());
        while left > 0 {
            let party = if left.is_multiple_of(3) { supplier } else { customer };
            self.act(party, &note(n + left));
            left -= 1;
        }
        if round.is_multiple_of(5) {
            for party in [customer, supplier] {
                if let Some(receipt) = self.record.receipt_due(&party.author(0), self.at) {
                    let signed = receipt.sign(&party.devices[0].key);
                    self.record.apply_receipt(signed.clone()).expect("a good receipt");
                    self.receipts.push((self.record.graph().len(), signed));
                }
            }
        }
    }
}

fn open(text: impl Into<String>) -> Sealable {
    Sealable::Open(text.into())
}

pub(crate) fn note(n: usize) -> Act {
    let text = format!("Note {n}: it stopped after ten minutes and shows error {}; the floor is wet again.", n % 37);
    Act::Note { text: open(text), about: None }
}

fn contact(at: i64, n: usize) -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: at,
        seconds: Some(340),
        waited: Some(1_260),
        seat: Some(Seat::Number(1)),
        person: Some(open("Ms Example")),
        number: Some(open("+44 20 0000 0018")),
        reference: None,
        summary: open(format!("Asked again about ticket {n}; was told that parts are on order.")),
        menu: Vec::new(),
    })
}

fn item(n: usize) -> Act {
    let value = ItemValue::Integer(i64::try_from(n).expect("a small number"));
    Act::Item { key: format!("ticket {}", n / 20 % 40), value, label: None, note: None }
}

fn promise(n: usize) -> Act {
    let due = Due::At { instant: START, local: "2023-11-14T22:13".to_owned(), zone: "UTC".to_owned() };
    let conditions = vec![open("It runs one full programme and the floor stays dry")];
    let terms = terms(&format!("Send an engineer with pump {n}"), &[1], &[0]);
    Act::Propose(new_action(ActionTerms { due: Some(due), conditions, ..terms }))
}
