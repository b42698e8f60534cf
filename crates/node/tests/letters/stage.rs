//! A home, a case with a promise made on the telephone, and a mail server.

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Proposal, Role, SeatOffer},
    id::{CaseId, EntryId},
    value::{ActionId, Due, Sealable, Seat},
};
use counterpart_mail::Security;
use counterpart_node::{Channel, Desk, Letter, MailServer, MailSettings, Posted};
use counterpart_process::notebook::{Note, Person};
use counterpart_testkit::case::{new_action, terms};
use jiff::Zoned;
use tempfile::TempDir;

use crate::receiver::Receiver;

/// A time in London, in Unix milliseconds.
pub(crate) fn at(text: &str) -> i64 {
    let text = format!("{text}[Europe/London]");
    text.parse::<Zoned>().unwrap_or_else(|e| unreachable!("{text}: {e}")).timestamp().as_millisecond()
}

pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) desk: Desk,
    pub(crate) case: CaseId,
    pub(crate) server: Receiver,
}

fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = folder.path().join("home");
        Desk::init(&home).expect("a new identity");
        let desk = Desk::open(&home).expect("an opened home");
        let offer = |role, label| SeatOffer { role, label: open(label) };
        let act = desk.open_act(
            "Overcharged",
            offer(Role::Customer, "Maya"),
            vec![offer(Role::Supplier, "Gasline Energy")],
            "Europe/London",
            None,
        );
        let case = desk.new_case(&act, at("2026-03-03T09:00")).expect("a case");
        Self { folder, desk, case, server: Receiver::new() }
    }

    pub(crate) fn set_up_mail(&self) {
        let server =
            MailServer { host: "127.0.0.1".to_owned(), port: self.server.port, security: Security::Plain, login: None };
        let settings = MailSettings {
            own: "Maya <maya@home.example>".parse().expect("an address"),
            send: Some(server),
            fetch: None,
            roots: Vec::new(),
        };
        self.desk.keep_mail_settings(&settings).expect("kept");
    }

    pub(crate) fn know(&self, name: &str, email: &str) {
        let person = Person { name: name.to_owned(), email: Some(email.to_owned()), ..Person::default() };
        let of = Some("Gasline Energy");
        self.desk.write_note(Note::Person(person), of, None, at("2026-03-03T09:00")).expect("noted");
    }

    pub(crate) fn allow(&self, by: Channel, now: &str) {
        self.desk.allow_letters(&self.case, by, "as it was shown", at(now)).expect("allowed");
    }

    pub(crate) fn sign(&self, act: &Act, now: &str) -> EntryId {
        self.desk.sign(&self.case, act, at(now)).expect("signed").1.id
    }

    /// A promise that somebody made in a call, due at a time.
    pub(crate) fn promised(&self, what: &str, due: &str) -> EntryId {
        let contact = self.sign(
            &Act::Contact(Contact {
                channel: "telephone".to_owned(),
                direction: "out".to_owned(),
                started: at("2026-03-03T10:00"),
                seconds: Some(600),
                waited: Some(1500),
                seat: Some(Seat::Number(1)),
                person: Some(open("Dean, customer care")),
                number: None,
                reference: Some(open("88213")),
                summary: open("They will call back"),
                menu: Vec::new(),
            }),
            "2026-03-03T10:20",
        );
        let due = Due::At { instant: at(due), local: due.to_owned(), zone: "Europe/London".to_owned() };
        let terms = ActionTerms { due: Some(due), ..terms(what, &[1], &[0]) };
        let proposal = Proposal { alleged: Some(contact), ..new_action(terms) };
        self.sign(&Act::Propose(proposal), "2026-03-03T10:25")
    }

    /// Everything that a running node would do at a time.
    pub(crate) fn post(&self, now: &str) -> Vec<Posted> {
        post(&self.desk, at(now))
    }

    pub(crate) fn letters(&self, now: &str) -> Vec<Letter> {
        self.desk.reminders(&self.case, at(now)).expect("looked").letters
    }
}

pub(crate) fn action(proposal: EntryId) -> ActionId {
    ActionId { proposal, index: 0 }
}

pub(crate) fn post(desk: &Desk, now: i64) -> Vec<Posted> {
    let mut all = Vec::new();
    loop {
        let (told, parcel) = desk.post(now).expect("posted");
        all.extend(told);
        let Some(parcel) = parcel else { return all };
        let outcome = parcel.send();
        all.push(desk.parcel_done(parcel, outcome, now).expect("noted"));
    }
}
