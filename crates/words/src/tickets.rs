//! Tickets of another system, taken over: what one says, and the case that it becomes. We are the supplier in it, whoever
//! asked is the customer; each message is a contact that we note, at the time at which it was.

use counterpart_core::{
    act::{Act, Contact, Mode, Proposal, Role, SeatOffer, Subject, Topic},
    id::CaseId,
    value::{Sealable, Seat},
};
use counterpart_node::{Desk, DeskError};
use counterpart_process::notebook::Person;
use counterpart_store::{ExternalId, Txn};
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::{
    contact::person_in_words,
    error::{CommandError, Done},
    input::Channel,
    render::{self, Speech},
    shape,
    typed::{TITLE, typed},
};

/// Most messages of one ticket.
const MOST_MESSAGES: usize = 1_000;

/// Bytes of one contact's text; a longer message becomes several.
const LONGEST: usize = 12 * 1024;

/// Bytes of an id, of a name, of an address or number.
const LONGEST_NAME: usize = 200;

/// The seats of such a case.
const US: Seat = Seat::Number(0);
const THEM: Seat = Seat::Number(1);

/// A ticket, one a line.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// What the other system calls it: taken over once, however often it is asked for. Many systems write a number.
    #[serde(deserialize_with = "text_or_number")]
    #[schemars(schema_with = "text_or_number_shape")]
    pub id: String,
    pub subject: String,
    pub requester: Requester,
    #[serde(default)]
    pub status: Status,
    /// Who of us has it.
    pub assignee: Option<String>,
    /// Oldest first, as they are shown later.
    #[serde(default)]
    pub messages: Vec<Message>,
}

/// Whoever asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requester {
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
}

/// How it stood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Open,
    Pending,
    Solved,
    Closed,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// RFC 3339, with its offset.
    pub at: String,
    pub from: From,
    /// Who of them wrote or spoke; of theirs nothing is needed where it was the requester.
    pub name: Option<String>,
    #[serde(default)]
    pub channel: Channel,
    pub text: String,
    /// Only for us: it becomes an aside, which is neither signed nor sent.
    #[serde(default)]
    pub internal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum From {
    Requester,
    Us,
}

/// What all tickets of one run have in common.
#[derive(Debug, Clone, Copy)]
pub struct Taking<'a> {
    /// What the other system is called.
    pub system: &'a str,
    /// What we are called in the cases.
    pub own: &'a str,
    pub zone: &'a str,
    /// Unix milliseconds.
    pub now: i64,
}

/// The case that a ticket becomes.
#[derive(Debug, Clone)]
pub struct Planned {
    pub named: ExternalId,
    pub title: String,
    seats: [SeatOffer; 2],
    about: String,
    assignee: Option<String>,
    /// What is signed after the opening.
    pub acts: Vec<Act>,
    /// What is kept for us alone: when, by whom, what.
    pub asides: Vec<(i64, String, String)>,
    person: Person,
    zone: String,
    now: i64,
}

/// Reads a line. Nothing is understood by half: a field that is not known is an error.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read(line: &str) -> Done<Ticket> {
    shape::read(line.as_bytes()).map_err(|misfit| {
        CommandError::usage(match misfit.pointer {
            Some(_) => misfit.to_string(),
            None => format!("{misfit}: a ticket is one line, from {{ to }}, such as {{\"id\": \"7\", ...}}"),
        })
    })
}

fn text_or_number_shape(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": ["string", "integer"]})
}

/// A text, or a whole number as one.
#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(u64),
    Below(i64),
}

fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match TextOrNumber::deserialize(from)? {
        TextOrNumber::Text(text) => text,
        TextOrNumber::Number(number) => number.to_string(),
        TextOrNumber::Below(number) => number.to_string(),
    })
}

impl Planned {
    /// # Errors
    /// What of a ticket cannot be taken over.
    pub fn new(ticket: &Ticket, taking: Taking<'_>) -> Done<Self> {
        let id = name("the id", &ticket.id)?;
        let title = title(&ticket.subject)?;
        let requester = name("the requester's name", &ticket.requester.name)?;
        let email = ticket.requester.email.as_deref().map(|e| name("the e-mail address", e)).transpose()?;
        let phone = ticket.requester.phone.as_deref().map(|p| name("the telephone number", p)).transpose()?;
        if ticket.messages.len() > MOST_MESSAGES {
            return Err(CommandError::usage(format!("it has more than {MOST_MESSAGES} messages")));
        }
        let person = Person { name: requester, email, phone, ..Person::default() };
        let assignee = ticket.assignee.as_deref().map(|who| name("the assignee", who)).transpose()?;
        let (mut acts, mut asides) = (Vec::new(), Vec::new());
        for (number, message) in (1..).zip(&ticket.messages) {
            let wrong = |e: CommandError| CommandError::usage(format!("message {number}: {}", e.message));
            let at = past(&message.at, taking.now).map_err(wrong)?;
            let text = typed("the text", &message.text).map_err(wrong)?;
            let who = message.name.as_deref().map(|n| name("the name", n)).transpose().map_err(wrong)?;
            if message.internal {
                let who = who.unwrap_or_else(|| taking.own.to_owned());
                asides.extend(parts(&text).into_iter().map(|part| (at, who.clone(), part)));
                continue;
            }
            for part in parts(&text) {
                acts.push(Act::Contact(contact(message, at, who.as_deref(), part, &person, &id)));
            }
        }
        if matches!(ticket.status, Status::Solved | Status::Closed) {
            acts.push(closing(taking.system));
        }
        let seat = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
        Ok(Self {
            seats: [seat(Role::Supplier, taking.own), seat(Role::Customer, &person.name)],
            about: format!("Taken over from {}, where it was {id}.", taking.system),
            assignee,
            named: ExternalId { system: taking.system.to_owned(), id },
            title,
            acts,
            asides,
            person,
            zone: taking.zone.to_owned(),
            now: taking.now,
        })
    }

    /// Every word that is signed, and what is kept beside it.
    #[must_use]
    pub fn in_full(&self, open: &Act) -> String {
        let speech = Speech::before_case(&self.zone, self.now).with_seats(&self.seats);
        let own = render::sealable(&self.seats[0].label);
        let mut text = format!("{} of {}, as {own}:\n", render::line(&self.named.id), render::line(&self.named.system));
        for act in std::iter::once(open).chain(&self.acts) {
            text.push_str(&format!("\n{}\n", render::indented(&render::in_full(&speech, &own, act), "  ")));
        }
        for (at, who, aside) in &self.asides {
            let (who, at, aside) = (render::line(who), speech.time(*at), render::visible(aside));
            text.push_str(&format!("\n  Kept for you alone, neither signed nor sent: {who}, {at}\n"));
            text.push_str(&format!("{}\n", render::indented(&aside, "    ")));
        }
        if let Some(who) = &self.assignee {
            text.push_str(&format!("\n  In your own list, and never sent: {} has it\n", render::line(who)));
        }
        if self.person.email.is_some() || self.person.phone.is_some() {
            let person = person_in_words(&self.person);
            text.push_str(&format!("\n  Into your notebook, for this case alone, and never sent: {person}\n"));
        }
        text
    }

    /// The act that opens the case.
    #[must_use]
    pub fn open(&self, desk: &Desk) -> Act {
        let [own, other] = self.seats.clone();
        desk.open_act(&self.title, own, vec![other], &self.zone, Some(self.about.clone()))
    }

    /// Signs and keeps all of it, or nothing.
    ///
    /// # Errors
    /// Why it was not kept.
    pub fn take(&self, desk: &Desk, open: &Act, now: i64) -> Result<CaseId, DeskError> {
        desk.new_case_with(open, &self.acts, |txn, case| self.keep_beside(desk, txn, case, now), now)
    }

    fn keep_beside(&self, desk: &Desk, txn: &Txn<'_>, case: CaseId, now: i64) -> Result<(), DeskError> {
        if !txn.put_external_id(case, &self.named)? {
            // Another process was faster.
            return Err(DeskError::Text(format!("{} is here already", render::line(&self.named.id))));
        }
        for (at, who, text) in &self.asides {
            txn.add_aside(case, *at, who, text)?;
        }
        if let Some(who) = &self.assignee {
            desk.assign_in(txn, &case, who, now)?;
        }
        // Two customers may have one name, and anybody may write under another's: who is meant is known in this case alone.
        desk.keep_person_of(txn, case, &self.person, now)
    }
}

/// The longest name of another system.
const LONGEST_SYSTEM: usize = 40;

/// What another system is called: one spelling, so that what it calls the cases is found again.
///
/// # Errors
/// When it is none.
pub fn system_name(text: &str) -> Done<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if (1..=LONGEST_SYSTEM).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    let why = format!("the system's name: 1 to {LONGEST_SYSTEM} small letters, digits, - and _, such as helpdesk");
    Err(CommandError::usage(why))
}

/// A short text in one line.
fn name(what: &str, text: &str) -> Done<String> {
    let text = typed(what, text.trim())?;
    if text.contains('\n') || text.len() > LONGEST_NAME {
        return Err(CommandError::usage(format!("{what} is to be one line of at most {LONGEST_NAME} bytes")));
    }
    Ok(text)
}

/// A time that has been, in Unix milliseconds.
fn past(text: &str, now: i64) -> Done<i64> {
    let time: Timestamp = text.parse().map_err(|_unread| {
        CommandError::usage(format!("'{}' is no time such as 2026-05-04T10:00:00+01:00", render::line(text)))
    })?;
    let at = time.as_millisecond();
    if at > now {
        return Err(CommandError::usage(format!("{time} is yet to come")));
    }
    if at < 0 {
        return Err(CommandError::usage(format!("{time} is before 1970, and a record begins there at the earliest")));
    }
    Ok(at)
}

/// A subject as a title: in one line, and cut where it is too long, which shows.
fn title(subject: &str) -> Done<String> {
    let text = typed("the subject", &subject.split_whitespace().collect::<Vec<_>>().join(" "))?;
    if text.len() <= TITLE {
        return Ok(text);
    }
    let end = (0..=TITLE - '…'.len_utf8()).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    Ok(format!("{}…", text.get(..end).unwrap_or_default()))
}

/// A text in parts of which each fits into one contact; each says which it is where there are several.
fn parts(text: &str) -> Vec<String> {
    if text.len() <= LONGEST {
        return vec![text.to_owned()];
    }
    let (mut parts, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let most = rest.len().min(LONGEST);
        let end = (1..=most).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    let count = parts.len();
    parts.into_iter().zip(1..).map(|(part, n)| format!("({n} of {count}) {part}")).collect()
}

fn contact(message: &Message, started: i64, who: Option<&str>, text: String, them: &Person, id: &str) -> Contact {
    let incoming = message.from == From::Requester;
    let number = match message.channel {
        Channel::Email => them.email.clone(),
        Channel::Telephone => them.phone.clone(),
        _ => None,
    };
    // The person of a contact is theirs; who of us wrote it stands before the text.
    let person = if incoming { who.unwrap_or(&them.name) } else { &them.name };
    let text = if let (false, Some(who)) = (incoming, who) { format!("{who}: {text}") } else { text };
    Contact {
        channel: message.channel.as_str().to_owned(),
        direction: if incoming { "in" } else { "out" }.to_owned(),
        started,
        seconds: None,
        waited: None,
        seat: Some(THEM),
        person: Some(Sealable::Open(person.to_owned())),
        number: number.map(Sealable::Open),
        reference: Some(Sealable::Open(id.to_owned())),
        summary: Sealable::Open(text),
        menu: Vec::new(),
    }
}

/// While nobody else is in the case, we close it alone.
fn closing(system: &str) -> Act {
    let summary = Some(Sealable::Open(format!("It was closed in {system} before it was taken over.")));
    Act::Propose(Proposal {
        subjects: vec![Subject { base: None, topic: Topic::Close { close: None, summary } }],
        signers: vec![US],
        mode: Mode::Firm,
        open_until: None,
        alleged: None,
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use counterpart_process::notebook::Note;

    use super::*;

    const NOW: i64 = 1_780_000_000_000;

    fn planned(line: &str) -> Done<Planned> {
        Planned::new(&read(line)?, Taking { system: "desk", own: "Acme", zone: "Europe/London", now: NOW })
    }

    #[test]
    fn a_ticket_becomes_contacts_and_asides() {
        let line = r#"{"id": "7", "subject": "Broken\n washer", "requester": {"name": "Maya", "email": "m@x.example"},
            "status": "closed", "messages": [
            {"at": "2026-05-04T10:00:00+01:00", "from": "requester", "channel": "e-mail", "text": "It leaks"},
            {"at": "2026-05-04T11:00:00+01:00", "from": "us", "name": "Dean", "channel": "telephone", "text": "We come"},
            {"at": "2026-05-04T11:05:00+01:00", "from": "us", "text": "Third leak this week", "internal": true}]}"#;
        let planned = planned(line).expect("a ticket");
        assert_eq!(planned.title, "Broken washer");
        let contacts: Vec<&Contact> =
            planned.acts.iter().filter_map(|act| if let Act::Contact(c) = act { Some(c) } else { None }).collect();
        let told: Vec<_> =
            contacts.iter().map(|c| (c.channel.as_str(), c.direction.as_str(), c.summary.open())).collect();
        assert_eq!(told, [("e-mail", "in", Some("It leaks")), ("telephone", "out", Some("Dean: We come"))]);
        assert_eq!(contacts[0].number.as_ref().and_then(Sealable::open), Some("m@x.example"));
        assert_eq!(contacts[0].started, "2026-05-04T09:00:00Z".parse::<Timestamp>().expect("a time").as_millisecond());
        assert_eq!(planned.acts.len(), 3, "the closing is signed, too");
        assert!(planned.asides.len() == 1 && planned.asides[0].1 == "Acme", "{:?}", planned.asides);
    }

    /// Two customers of one name, or one who writes under the name of another: each is written to at their own address.
    #[test]
    fn an_address_belongs_to_the_case_that_it_came_with() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = folder.path().join("home");
        Desk::init(&home).expect("a new identity");
        let desk = Desk::open(&home).expect("an opened home");
        let known =
            Person { name: "John Smith".to_owned(), email: Some("known@x.example".to_owned()), ..Person::default() };
        desk.write_note(Note::Person(known), Some("John Smith"), None, NOW).expect("a note");
        let take = |line: &str| {
            let planned = planned(line).expect("a ticket");
            let open = planned.open(&desk);
            (planned.take(&desk, &open, NOW + 1).expect("taken"), planned.in_full(&open))
        };
        let (first, shown) = take(
            r#"{"id": "1", "subject": "x", "requester": {"name": "John Smith", "email": "first@x.example"}, "messages":
                [{"at": "2026-05-04T10:00:00+01:00", "from": "requester", "channel": "telephone", "text": "It leaks"}]}"#,
        );
        assert!(shown.contains("Into your notebook") && shown.contains("first@x.example"), "{shown}");
        let (second, _) =
            take(r#"{"id": "2", "subject": "x", "requester": {"name": "john smith", "email": "second@x.example"}}"#);
        let (third, _) = take(r#"{"id": "3", "subject": "x", "requester": {"name": "John Smith"}}"#);
        let addresses = |case: &CaseId| -> Vec<Option<String>> {
            desk.people_of(case).expect("people").into_iter().map(|person| person.email).collect()
        };
        assert_eq!(addresses(&first), [Some("first@x.example".to_owned())]);
        assert_eq!(addresses(&second), [Some("second@x.example".to_owned())]);
        assert_eq!(addresses(&third), [None], "nobody said that it is the one who is known");

        let general: Vec<_> = desk.notes_about("John Smith").expect("notes");
        let general = general.into_iter().filter(|entry| entry.case.is_none()).map(|entry| entry.note);
        let emails: Vec<_> =
            general.filter_map(|note| if let Note::Person(person) = note { person.email } else { None }).collect();
        assert_eq!(emails, ["known@x.example"], "what was known elsewhere stays as it was");
        // What a person writes down later holds.
        let mended =
            Person { name: "John Smith".to_owned(), email: Some("new@x.example".to_owned()), ..Person::default() };
        desk.write_note(Note::Person(mended), Some("John Smith"), None, NOW + 2).expect("a note");
        assert_eq!(addresses(&third), [Some("new@x.example".to_owned())]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, told) in [
            (r#"{"id": "7"}"#, "`subject` is missing"),
            (
                r#"{"id": "7", "subject": "x", "requester": {"name": "M"}, "priority": 1}"#,
                "at /priority: nothing is called so here",
            ),
            (r#"{"id": "", "subject": "x", "requester": {"name": "M"}}"#, "the id"),
            (r#"{"id": "7", "subject": " ", "requester": {"name": "M"}}"#, "the subject"),
            (r#"{"id": "7", "subject": "a\u202eb", "requester": {"name": "M"}}"#, "U+202E"),
            (
                r#"{"id": "7", "subject": "x", "requester": {"name": "M"}, "status": "lost"}"#,
                "at /status: one of these is needed here, and 'lost' came: open, pending, solved, closed",
            ),
            (
                r#"{"id": 7.5, "subject": "x", "requester": {"name": "M"}}"#,
                "at /id: a text or a whole number is needed here, and a number with a point",
            ),
            (
                r#"{"id": 7, "subject": ["x"], "requester": {"name": "M"}}"#,
                "at /subject: a text is needed here, and a list came",
            ),
            (r#"{"id": 7, "subject": "x", "requester": "M"}"#, "at /requester: an object is needed here, and a text"),
            (r#"{"id": 7, "id": 8, "subject": "x"}"#, "at /id: it is there twice"),
            (r#"{"id": "7", "subject": "x""#, "the JSON breaks off before its end: a ticket is one line"),
            ("not JSON", "it is no JSON from column 2 on: a ticket is one line"),
            (
                r#"{"id": "7", "subject": "x", "requester": {"name": "M"},
                    "messages": [{"at": "1900-01-01T00:00:00Z", "from": "us", "text": "x"}]}"#,
                "before 1970",
            ),
            (
                r#"{"id": "7", "subject": "x", "requester": {"name": "M"},
                    "messages": [{"at": "2300-01-01T00:00:00Z", "from": "us", "text": "x"}]}"#,
                "message 1",
            ),
        ] {
            let error = planned(line).expect_err(line);
            assert!(error.message.contains(told), "{told}: {}", error.message);
            // Which line of the file it is says whoever reads it; nothing of how the program is made is said.
            for word in ["at line", "expected", "struct", "ident"] {
                assert!(!error.message.contains(word), "{word}: {}", error.message);
            }
        }
    }

    #[test]
    fn an_id_may_be_a_number() {
        for (id, read) in
            [("4711", "4711"), ("\"4711\"", "4711"), ("-3", "-3"), ("18446744073709551615", "18446744073709551615")]
        {
            let line = format!(r#"{{"id": {id}, "subject": "x", "requester": {{"name": "M"}}}}"#);
            assert_eq!(planned(&line).expect("a ticket").named.id, read);
        }
    }

    #[test]
    fn long_texts_are_kept_whole() {
        let text = "é".repeat(LONGEST);
        let parts = parts(&text);
        assert_eq!(parts.len(), 2);
        assert!(parts.iter().all(|part| part.len() <= LONGEST + 16) && parts[1].starts_with("(2 of 2) "));
        let whole: String = parts.iter().filter_map(|part| part.split_once(") ")).map(|(_, part)| part).collect();
        assert_eq!(whole, text);
        let long = title(&"wörd ".repeat(80)).expect("a title");
        assert!(long.len() <= TITLE && long.ends_with('…'), "{long}");
    }
}
