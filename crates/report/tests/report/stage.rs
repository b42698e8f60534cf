//! A case between a customer and a supplier whose clocks go as a test says.

use counterpart_core::{
    act::{Act, ActionTerms, CancelClause, Contact, Open, Role, SeatOffer, Topic},
    change::{self, ChainEnd, Root},
    id::{Domain, EntryId, PartyId, hash},
    invitation::{JoinRequest, invite_key},
    record::Record,
    statement::{Entry, Statement},
    value::{ActionId, Due, Money, Sealable, Seat, Unit},
};
use counterpart_evidence::JudgedStamp;
use counterpart_report::{Action, Report, Source};
use counterpart_testkit::{
    case::{self, sign},
    party::Party,
    rng::Rng,
};

use std::collections::BTreeMap;

/// Wednesday 3 June 2026, 18:00 in London.
pub(crate) const BEGIN: i64 = 1_780_506_000_000;
pub(crate) const HOUR: i64 = 3_600_000;
/// The customer and the supplier, and an arbiter where one was let in.
pub(crate) const AMIRA: usize = 0;
pub(crate) const HOME: usize = 1;
pub(crate) const JUDGE: usize = 2;

pub(crate) struct Stage {
    pub(crate) parties: Vec<Party>,
    pub(crate) record: Record,
    /// What the clock shows, Unix milliseconds.
    pub(crate) at: i64,
    rng: Rng,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::called("Washing machine stopped", "Amira", "HomeBright Ltd")
    }

    /// Opened by the customer and joined by the supplier: entries #1 to #4.
    pub(crate) fn called(title: &str, customer: &str, supplier: &str) -> Self {
        let mut stage = Self::alone(title, customer, supplier);
        stage.bring_in(HOME, Seat::Number(1), None);
        stage
    }

    pub(crate) fn alone(title: &str, customer: &str, supplier: &str) -> Self {
        let mut stage = Self::empty();
        let seat = |role, label: &str| SeatOffer { role, label: open(label) };
        stage.act(
            AMIRA,
            &Act::Open(Open {
                title: title.to_owned(),
                seats: vec![seat(Role::Customer, customer), seat(Role::Supplier, supplier)],
                level: 1,
                zone: "Europe/London".to_owned(),
                nonce: [7; 16],
                about: None,
            }),
        );
        stage
    }

    /// Parties, and nothing signed yet.
    pub(crate) fn empty() -> Self {
        let parties = vec![Party::new(1), Party::new(2), Party::new(3)];
        let mut stage = Self { parties, record: Record::new(), at: BEGIN, rng: Rng::new(11) };
        for event in stage.parties.iter().flat_map(|p| &p.events) {
            stage.record.apply_key_event(event).expect("a good event");
        }
        stage
    }

    pub(crate) fn bring_in(&mut self, who: usize, seat: Seat, revision: Option<EntryId>) {
        let key = invite_key(&self.rng.bytes());
        let expires = self.at + 1000 * HOUR;
        let public = key.verifying_key().to_bytes();
        let invite = self.act(AMIRA, &Act::Invite { key: public, seat, expires, label: None });
        let joiner = &self.parties[who];
        let request = JoinRequest {
            case: self.record.case().expect("open"),
            opener: self.parties[AMIRA].id,
            invite,
            peer: joiner.devices[0].peer.clone(),
            expires,
            device: joiner.author(0).device,
            grant: joiner.devices[0].grant,
            log: joiner.head,
        };
        let request = request.sign(&joiner.devices[0].key, &key);
        let party = joiner.id;
        let admit = self.act(AMIRA, &Act::Admit { party, seat, invite, request, revision });
        self.act(who, &Act::Join { admit });
    }

    /// A minute passes, and somebody signs.
    pub(crate) fn act(&mut self, who: usize, act: &Act) -> EntryId {
        self.at += 60_000;
        let party = &self.parties[who];
        sign(&mut self.record, &party.author(0), &party.devices[0].key, act, self.at, &mut self.rng).id
    }

    /// The clock shows so many hours after the beginning.
    pub(crate) fn hours(&mut self, hours: i64) {
        self.at = BEGIN + hours * HOUR;
    }

    /// A new mailbox of a party stores everything so far, and says so a minute later.
    pub(crate) fn store(&mut self, party: usize) {
        let device = self.parties[party].add_mailbox(&mut self.rng);
        let event = self.parties[party].events.last().expect("a grant");
        self.record.apply_key_event(event).expect("a good event");
        self.at += 60_000;
        let author = self.parties[party].author(device);
        let receipt = self.record.receipt_due(&author, self.at).expect("a receipt is due");
        let signed = receipt.sign(&self.parties[party].devices[device].key);
        self.record.apply_receipt(signed).expect("a good receipt");
    }

    /// A receipt for all that is there.
    pub(crate) fn receive(&mut self, who: usize) {
        self.at += 60_000;
        let party = &self.parties[who];
        let receipt = self.record.receipt_due(&party.author(0), self.at).expect("something to receive");
        self.record.apply_receipt(receipt.sign(&party.devices[0].key)).expect("a good receipt");
    }

    /// Signs what the author's own program would refuse to sign.
    pub(crate) fn force(&mut self, who: usize, act: &Act) -> EntryId {
        self.at += 60_000;
        let author = self.parties[who].author(0);
        let graph = self.record.graph();
        let tip = graph.tips_of(&author.device)[0];
        let prev = graph.id(tip);
        let statement = Statement {
            case: self.record.case(),
            party: author.party,
            device: author.device,
            seq: graph.statement(tip).seq + 1,
            prev: Some(prev),
            deps: graph.heads(),
            keys: Vec::new(),
            grant: author.grant,
            at: self.at,
            kind: act.kind().to_owned(),
            body: act.body(),
        };
        let id = EntryId(hash(Domain::Entry, &[&statement.encode()]));
        let (root, ends) = self.chains();
        let case = self.record.case().expect("open");
        let built = change::build(id, case, &statement, Some(&root), ends.get(&prev)).expect("within limits");
        let entry = Entry::sign(&statement, built.end.change, &self.parties[who].devices[0].key);
        self.record.apply_bytes(entry.bytes()).expect("passes the gate");
        id
    }

    fn chains(&self) -> (Root, BTreeMap<EntryId, ChainEnd>) {
        let graph = self.record.graph();
        let mut ends: BTreeMap<EntryId, ChainEnd> = BTreeMap::new();
        let mut root: Option<Root> = None;
        for ix in graph.all() {
            let entry = &graph.node(ix).entry;
            let prev = entry.statement.prev.and_then(|p| ends.get(&p));
            let end = change::build(entry.id, entry.case, &entry.statement, root.as_ref(), prev).expect("good").end;
            root.get_or_insert(Root { case: entry.case, opener_device: entry.statement.device, open: end });
            ends.insert(entry.id, end);
        }
        (root.expect("open"), ends)
    }

    /// Another copy of the same.
    pub(crate) fn copy(&self) -> Record {
        let mut copy = Record::new();
        for event in self.parties.iter().flat_map(|p| &p.events) {
            copy.apply_key_event(event).expect("a good event");
        }
        take_in(&mut copy, &self.record);
        copy
    }

    /// Somebody signs in a copy that knows nothing of what happens here meanwhile.
    pub(crate) fn act_in(&mut self, copy: &mut Record, who: usize, act: &Act) -> EntryId {
        self.at += 60_000;
        let party = &self.parties[who];
        sign(copy, &party.author(0), &party.devices[0].key, act, self.at, &mut self.rng).id
    }

    /// What a copy has, here too.
    pub(crate) fn merge(&mut self, copy: &Record) {
        take_in(&mut self.record, copy);
    }

    /// The supplier is to do something by then, for the customer; both have signed it.
    pub(crate) fn agreed(&mut self, what: &str, due: Option<Due>) -> EntryId {
        let proposal = self.act(AMIRA, &propose(terms(what, due)));
        self.act(HOME, &Act::Accept { revision: proposal, note: None });
        proposal
    }

    pub(crate) fn declare(&mut self, revision: EntryId) -> EntryId {
        self.act(HOME, &Act::Declare { revision, subject: 0, note: None, evidence: Vec::new() })
    }

    pub(crate) fn approve(&mut self, declare: EntryId) -> EntryId {
        self.act(AMIRA, &Act::Approve { declare, note: None })
    }

    /// A seat for an arbiter, agreed by both, and taken.
    pub(crate) fn admit_judge(&mut self) {
        let topic = Topic::AdmitNew { role: Role::Arbiter, label: open("Sunil Rao"), party: None };
        let revision = self.act(AMIRA, &offer(None, topic));
        self.act(HOME, &Act::Accept { revision, note: None });
        self.bring_in(JUDGE, Seat::Added(revision, 0), Some(revision));
    }

    pub(crate) fn report(&self) -> Report {
        report_of(&self.record, self.at + 60_000)
    }

    pub(crate) fn html(&self) -> String {
        self.report().html(None).expect("memory")
    }

    /// The only action there is.
    pub(crate) fn action(&self) -> Action {
        let mut actions = self.report().actions;
        assert_eq!(actions.len(), 1);
        actions.remove(0)
    }
}

fn take_in(to: &mut Record, from: &Record) {
    let graph = from.graph();
    for ix in graph.all() {
        to.apply_bytes(graph.node(ix).entry.bytes()).expect("a good entry");
        for value in from.values_of(&graph.id(ix)) {
            to.apply_value(value.clone()).expect("a good value");
        }
    }
    for receipt in from.receipts() {
        to.apply_receipt(receipt.clone()).expect("a good receipt");
    }
}

pub(crate) fn report_of(record: &Record, made_at: i64) -> Report {
    let holder = record.lens().opener();
    Report::of(&source(record, made_at, holder, &[])).expect("an opening")
}

pub(crate) fn source<'r>(
    record: &'r Record,
    made_at: i64,
    holder: Option<PartyId>,
    stamps: &'r [JudgedStamp],
) -> Source<'r> {
    Source { record, made_at, holder, bundle: None, stamps, due: &due_instant }
}

/// Without calendars: days are 24 hours here.
pub(crate) fn due_instant(due: &Due, from: Option<i64>) -> Option<i64> {
    match due {
        Due::At { instant, .. } => Some(*instant),
        Due::After { count, unit, .. } => {
            let each = match unit {
                Unit::Minutes => 60_000,
                Unit::Hours => HOUR,
                Unit::Days | Unit::WorkingDays => 24 * HOUR,
            };
            Some(from? + i64::from(*count) * each)
        }
    }
}

pub(crate) fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

/// So many hours after the beginning.
pub(crate) fn by(hours: i64) -> Option<Due> {
    let instant = BEGIN + hours * HOUR;
    // The beginning is at 18:00 on 3 June.
    let (day, hour) = (3 + (18 + hours).div_euclid(24), (18 + hours).rem_euclid(24));
    Some(Due::At { instant, local: format!("2026-06-{day:02}T{hour:02}:00"), zone: "Europe/London".to_owned() })
}

pub(crate) fn terms(what: &str, due: Option<Due>) -> ActionTerms {
    ActionTerms {
        due,
        value: Money::parse("479.00", "GBP").ok(),
        conditions: vec![open("it finishes a 60 degree wash")],
        cancel: vec![CancelClause { by: Seat::Number(0), text: open("if nobody comes"), until: None }],
        ..case::terms(what, &[1], &[0])
    }
}

pub(crate) fn offer(base: Option<EntryId>, topic: Topic) -> Act {
    Act::Propose(case::proposal(base, topic))
}

pub(crate) fn propose(terms: ActionTerms) -> Act {
    offer(None, Topic::Action { action: None, terms })
}

pub(crate) fn amend(base: EntryId, terms: ActionTerms) -> Act {
    offer(Some(base), Topic::Action { action: Some(ActionId { proposal: base, index: 0 }), terms })
}

pub(crate) fn call(summary: &str) -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: BEGIN,
        seconds: Some(1440),
        waited: Some(720),
        seat: Some(Seat::Number(1)),
        person: Some(open("Priya")),
        number: Some(open("0113 496 0123")),
        reference: Some(open("88213")),
        summary: open(summary),
        menu: vec![open("2"), open("service")],
    })
}

pub(crate) fn note(text: &str) -> Act {
    Act::Note { text: open(text), about: None }
}
