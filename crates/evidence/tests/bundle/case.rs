//! A case between two parties with fixed keys, as large as asked, for tests and the benchmark.

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Mode, Open, PartyRef, Proposal, Role, SeatOffer, Subject, Topic},
    envelope::public_half,
    exporter::ExporterWord,
    id::{Domain, EntryId, hash},
    invitation::{JoinRequest, invite_key},
    keylog::{self, EventSigner, Grant, KeyLogs, Kinds},
    record::{Author, Record},
    stamp::KeptStamp,
    value::{ItemValue, Sealable, Seat},
};
use counterpart_evidence::{Attachments, ExportError, Exporter, export};
use ed25519_dalek::SigningKey;

/// 1 June 2026, 09:00 UTC, in Unix milliseconds.
pub(crate) const BEGIN: i64 = 1_780_304_400_000;

/// A party with one device.
pub(crate) struct Member {
    pub(crate) author: Author,
    pub(crate) key: SigningKey,
    pub(crate) events: Vec<Vec<u8>>,
    pub(crate) logs: KeyLogs,
}

impl Member {
    pub(crate) fn new(seed: u8) -> Self {
        let root = SigningKey::from_bytes(&[seed; 32]);
        let key = SigningKey::from_bytes(&[seed + 1; 32]);
        let next = public_half(&SigningKey::from_bytes(&[seed + 2; 32]));
        let mut logs = KeyLogs::new();
        let inception = keylog::inception(&root, &next, [seed; 16], BEGIN);
        logs.apply(&inception).expect("an inception");
        let party = logs.parties().next().expect("the one just made");
        let grant = Grant {
            device: public_half(&key),
            peer: vec![seed; 38],
            kinds: Kinds::All,
            receive: true,
            admin: true,
            ceilings: Vec::new(),
            from: None,
            until: None,
        };
        let head = logs.head(&party).expect("its inception");
        let event = keylog::grant(&head, &EventSigner::Root(&root), &grant, &key, BEGIN);
        let (grant, _) = logs.apply(&event).expect("a grant");
        let author = Author { party, device: public_half(&key), grant };
        Self { author, key, events: vec![inception, event], logs }
    }
}

/// One case as both hold it, and the keys of both.
pub(crate) struct Case {
    pub(crate) record: Record,
    pub(crate) customer: Member,
    pub(crate) supplier: Member,
    pub(crate) clock: i64,
    /// Bytes of files that acts name.
    pub(crate) files: Attachments,
    pub(crate) stamps: Vec<KeptStamp>,
    salts: u32,
}

impl Case {
    /// Opened by a customer who is alone in it: one entry.
    pub(crate) fn opened() -> Self {
        let (customer, supplier) = (Member::new(10), Member::new(20));
        let (record, files, stamps) = (Record::new(), Attachments::new(), Vec::new());
        let mut case = Self { record, customer, supplier, clock: BEGIN, files, stamps, salts: 0 };
        for event in case.customer.events.iter().chain(&case.supplier.events) {
            case.record.apply_key_event(event).expect("a good event");
        }
        let seat = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
        case.customer_does(&Act::Open(Open {
            title: "Broken dishwasher".to_owned(),
            seats: vec![seat(Role::Customer, "Ada"), seat(Role::Supplier, "Acme Ltd")],
            level: 1,
            zone: "Europe/London".to_owned(),
            nonce: [7; 16],
            about: None,
        }));
        case
    }

    /// Opened by a customer, joined by a supplier: four entries.
    pub(crate) fn new() -> Self {
        let mut case = Self::opened();
        let one_time = invite_key(&[9; 16]);
        let expires = BEGIN + 86_400_000;
        let invite = case.customer_does(&Act::Invite {
            key: public_half(&one_time).0,
            seat: Seat::Number(1),
            expires,
            label: None,
        });
        let joiner = &case.supplier;
        let request = JoinRequest {
            case: case.record.case().expect("just opened"),
            opener: case.customer.author.party,
            invite,
            peer: vec![20; 38],
            expires,
            device: joiner.author.device,
            grant: joiner.author.grant,
            log: joiner.logs.head(&joiner.author.party).expect("its own log"),
        };
        let request = request.sign(&joiner.key, &one_time);
        let party = joiner.author.party;
        let admit = case.customer_does(&Act::Admit { party, seat: Seat::Number(1), invite, request, revision: None });
        case.supplier_does(&Act::Join { admit });
        case
    }

    /// A case of so many entries: what two parties write to each other, with receipts now and then.
    pub(crate) fn of(entries: usize) -> Self {
        let mut case = Self::new();
        let mut proposal = None;
        while case.record.graph().len() < entries {
            let n = case.record.graph().len();
            match n % 10 {
                1 => {
                    case.customer_does(&contact(n));
                }
                4 => proposal = Some(case.supplier_does(&promise(n))),
                5 => {
                    let revision = proposal.expect("made just before");
                    case.customer_does(&Act::Accept { revision, note: None });
                }
                7 => {
                    case.supplier_does(&item(n));
                }
                n if n % 2 == 0 => {
                    case.supplier_does(&note(n));
                }
                _ => {
                    case.customer_does(&note(n));
                }
            }
            if n.is_multiple_of(50) {
                case.receive();
            }
        }
        case
    }

    pub(crate) fn customer_does(&mut self, act: &Act) -> EntryId {
        let (author, key) = (self.customer.author, self.customer.key.clone());
        self.record_act(&author, &key, act)
    }

    pub(crate) fn supplier_does(&mut self, act: &Act) -> EntryId {
        let (author, key) = (self.supplier.author, self.supplier.key.clone());
        self.record_act(&author, &key, act)
    }

    /// The bundle of all this, as the customer's device makes it.
    pub(crate) fn bundle(&self, at: i64) -> Vec<u8> {
        self.bundle_of(&self.record, at)
    }

    /// The bundle that the customer's device makes of another copy.
    pub(crate) fn bundle_of(&self, record: &Record, at: i64) -> Vec<u8> {
        self.try_bundle_of(record, at).expect("a good record")
    }

    pub(crate) fn try_bundle_of(&self, record: &Record, at: i64) -> Result<Vec<u8>, ExportError> {
        let sign = |word: &ExporterWord| word.sign(&self.customer.key);
        export(record, at, &Exporter { author: self.customer.author, sign: &sign }, &self.files, &self.stamps)
    }

    fn record_act(&mut self, author: &Author, key: &SigningKey, act: &Act) -> EntryId {
        self.clock += 61_000;
        let mut salts = self.salts;
        let mut salt = || {
            salts += 1;
            hash(Domain::Seal, &[&salts.to_be_bytes()])
        };
        let draft = self.record.draft(author, act, self.clock, &mut salt).expect("an act with effect");
        self.salts = salts;
        self.record.seal_and_sign(draft, key).expect("the record has not moved").id
    }

    /// The supplier's and then the customer's receipt, where one is due.
    pub(crate) fn receive(&mut self) {
        self.clock += 6_000;
        for member in [&self.supplier, &self.customer] {
            if let Some(receipt) = self.record.receipt_due(&member.author, self.clock) {
                self.record.apply_receipt(receipt.sign(&member.key)).expect("a good receipt");
            }
        }
    }
}

fn open(text: impl Into<String>) -> Sealable {
    Sealable::Open(text.into())
}

pub(crate) fn note(n: usize) -> Act {
    let text =
        format!("Note {n}: the machine stops after ten minutes and shows error {}; the floor is wet again.", n % 37);
    Act::Note { text: open(text), about: None }
}

pub(crate) fn contact(n: usize) -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: BEGIN,
        seconds: Some(340),
        waited: Some(1_260),
        seat: Some(Seat::Number(1)),
        person: Some(open("Keith")),
        number: Some(open("+44 20 7946 0018")),
        reference: None,
        summary: open(format!("Asked for the fourth time, ticket {n}; was told that parts are on order.")),
        menu: vec![open("2"), open("service")],
    })
}

pub(crate) fn promise(n: usize) -> Act {
    let seat = |n| PartyRef { seat: Seat::Number(n), person: None };
    Act::Propose(Proposal {
        subjects: vec![Subject {
            base: None,
            topic: Topic::Action {
                action: None,
                terms: ActionTerms {
                    what: open(format!("Send engineer {n} with a new pump")),
                    performers: vec![seat(1)],
                    beneficiaries: vec![seat(0)],
                    due: None,
                    value: None,
                    conditions: vec![open("The machine runs one full programme")],
                    evidence: Vec::new(),
                    consequences: Vec::new(),
                    cancel: Vec::new(),
                    deemed: None,
                    items: Vec::new(),
                },
            },
        }],
        signers: vec![Seat::Number(0), Seat::Number(1)],
        mode: Mode::Firm,
        open_until: None,
        alleged: None,
        note: None,
    })
}

pub(crate) fn item(n: usize) -> Act {
    Act::Item {
        key: format!("ticket {}", n % 40),
        value: ItemValue::Integer(i64::try_from(n).expect("small")),
        label: None,
        note: None,
    }
}
