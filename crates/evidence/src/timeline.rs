//! `timeline.txt`: the case for people to read. Every entry, with all it says, who made it and who provably has it.
//!
//! Times are in UTC, so that the text does not depend on a calendar of time zones; local times stand where they were
//! signed. Whatever a party wrote stands on lines of its own, indented, with nothing hidden in it.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
};

use counterpart_core::{
    cbor::{Key, Value},
    fold::Verdict,
    graph::Ix,
    id::{EntryId, PartyId, ReceiptId, short_form},
    record::Record,
    seal::PathStep,
    text,
    value::commitment,
    view::{Bound, Evidence, Grade, Names, Proven},
};
use jiff::{Timestamp, tz::Offset};

use crate::{delivery::Delivery, layout, parallel};

const EXPORTED: &str = "Exported: ";
/// Fields that hold an instant in Unix milliseconds.
const INSTANTS: &[&str] = &["started", "expires", "instant", "due"];
/// Longest run of bytes that is written out.
const SHOWN_BYTES: usize = 64;

/// The years 1 to 9999, in Unix milliseconds: what every calendar library agrees on.
const CALENDAR: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_207_199_999;

/// A time in UTC, from Unix milliseconds, rounded down to seconds.
pub(crate) fn time(at: i64) -> String {
    match Timestamp::from_millisecond(at) {
        Ok(instant) if CALENDAR.contains(&at) => {
            let t = Offset::UTC.to_datetime(instant);
            let (year, month, day) = (t.year(), t.month(), t.day());
            format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", t.hour(), t.minute(), t.second())
        }
        _ => format!("{at} ms after 1970-01-01"),
    }
}

/// `times` are those of [`Record::proven_times`].
pub(crate) fn render(record: &Record, delivery: &Delivery, times: &[Proven], exported_at: i64) -> String {
    let writer = Writer::new(record, delivery, times);
    let mut out = writer.head(exported_at);
    let grades = record.grades();
    let texts = parallel::map(grades.len(), || (), |(), n| writer.entry(grades[n].0, grades[n].1), |_| ());
    for text in texts {
        out.push_str(&text);
    }
    out
}

struct Writer<'r> {
    record: &'r Record,
    delivery: &'r Delivery,
    times: &'r [Proven],
    names: Names,
    parties: BTreeMap<PartyId, String>,
    /// Numbers of receipts.
    receipts: HashMap<ReceiptId, u32>,
}

impl<'r> Writer<'r> {
    fn new(record: &'r Record, delivery: &'r Delivery, times: &'r [Proven]) -> Self {
        let parties = delivery.parties().map(|party| (*party, name_of(record, party))).collect();
        let receipts = record.receipts().iter().map(|r| (r.id, r.receipt.number)).collect();
        Self { record, delivery, times, names: record.names(), parties, receipts }
    }

    fn party(&self, party: &PartyId) -> String {
        self.parties.get(party).cloned().unwrap_or_else(|| format!("[{}]", short_form(party.as_bytes())))
    }

    fn head(&self, exported_at: i64) -> String {
        let lens = self.record.lens();
        let graph = self.record.graph();
        let title = lens.open().map_or("", |(_, open)| open.title.as_str());
        let case = self.record.case().map(|case| layout::case_line(&case)).unwrap_or_default();
        let mut out = format!("CASE: {}\n{case}\n", text::visible_line(title));
        put(&mut out, format_args!("{EXPORTED}{} ({exported_at})", time(exported_at)));
        put(&mut out, format_args!("Entries: {}", graph.ordered().len()));
        let ends: Vec<String> = graph.heads().iter().map(|id| format!("{} {id}", self.names.of(id))).collect();
        put(&mut out, format_args!("Ends: {}", ends.join(", ")));
        out.push_str("\nPARTIES\n");
        for party in self.delivery.parties() {
            let roles: Vec<&str> = lens.roles_of(party).iter().map(|r| r.as_str()).collect();
            let roles = if roles.is_empty() { "no seat".to_owned() } else { roles.join(", ") };
            put(&mut out, format_args!("  {}: {roles}; {party}", self.party(party)));
            if self.record.logs().is_forked(party) {
                out.push_str("    Its key log was written in two ways: who may sign for it is disputed.\n");
            }
        }
        for (device, seq, branches) in graph.forks() {
            let branches: Vec<String> = branches.iter().map(|ix| self.names.of(&graph.id(*ix))).collect();
            let party = graph.party_of(&device).map(|party| self.party(&party)).unwrap_or_default();
            let branches = branches.join(" and ");
            put(&mut out, format_args!("  {party} signed position {seq} of one feed more than once: {branches}."));
        }
        out.push_str("\nENTRIES\nThe time of an entry is its author's claim.\n");
        out
    }

    fn entry(&self, ix: Ix, grade: Grade) -> String {
        let statement = self.record.graph().statement(ix);
        let id = self.record.graph().id(ix);
        let mut out = String::with_capacity(640);
        let (name, at, author) = (self.names.of(&id), time(statement.at), self.party(&statement.party));
        put(&mut out, format_args!("\n{name}  {at}  {author}: {}", text::visible_line(&statement.kind)));
        put(&mut out, format_args!("    id: {id}"));
        if let Value::Map(fields) = &statement.body {
            let mut path = Vec::new();
            for (key, value) in fields {
                self.field(&mut out, &id, &mut path, key, value);
            }
        }
        match self.record.fold().verdict(ix) {
            Verdict::Effective => {}
            Verdict::Without(_) => out.push_str("    Without effect.\n"),
            Verdict::NotJudged => out.push_str("    Not judged by the program that wrote this.\n"),
        }
        let mut received = String::new();
        for (party, at) in self.delivery.received(ix, &statement.party) {
            let lead = if received.is_empty() { "" } else { "; " };
            write!(received, "{lead}{}, {} by its own clock", self.party(&party), time(at)).expect("memory");
        }
        if received.is_empty() {
            received.push_str("no receipt in this copy");
        }
        put(&mut out, format_args!("    Grade: {}. Received: {received}.", grade.as_str()));
        let Proven { not_before, not_after } = &self.times[ix.at()];
        let bounds: Vec<String> = [("not before", not_before), ("not after", not_after)]
            .into_iter()
            .filter_map(|(what, bound)| bound.as_ref().map(|bound| format!("{what} {}", self.bound(bound))))
            .collect();
        let bounds = if bounds.is_empty() { "not proven".to_owned() } else { bounds.join(", ") };
        put(&mut out, format_args!("    Time: {bounds}."));
        out
    }

    /// A time, and whose word it is.
    fn bound(&self, bound: &Bound) -> String {
        let by = match bound.by {
            Evidence::Entry(ix) => self.names.of(&self.record.graph().id(ix)),
            Evidence::Receipt(id) => format!("receipt {}", self.receipts.get(&id).copied().unwrap_or_default()),
        };
        format!("{} ({}, {by})", time(bound.at), self.party(&bound.party))
    }

    fn field(&self, out: &mut String, id: &EntryId, path: &mut Vec<PathStep>, key: &Key, value: &Value) {
        let key = match key {
            Key::Text(key) => key.clone(),
            Key::Int(number) => number.to_string(),
        };
        indent(out, path.len());
        out.push_str(&text::visible_line(&key));
        out.push(':');
        path.push(PathStep::Key(key));
        self.value(out, id, path, value);
        path.pop();
    }

    /// Writes a value after its name, on the same line where it is one.
    fn value(&self, out: &mut String, id: &EntryId, path: &mut Vec<PathStep>, value: &Value) {
        if commitment(value).is_some() {
            let known = self.record.values_of(id).iter().find(|d| d.path == *path);
            match known {
                Some(disclosure) => {
                    out.push_str(" (sealed, laid open here)");
                    self.value(out, id, path, &disclosure.value);
                }
                None => out.push_str(" (sealed, its value is not here)\n"),
            }
            return;
        }
        match value {
            Value::Map(fields) => {
                out.push('\n');
                for (key, value) in fields {
                    self.field(out, id, path, key, value);
                }
            }
            Value::Array(items) if items.is_empty() => out.push_str(" none\n"),
            Value::Array(items) => {
                out.push('\n');
                for (index, item) in (0..).zip(items) {
                    indent(out, path.len());
                    out.push('-');
                    path.push(PathStep::Index(index));
                    self.value(out, id, path, item);
                    path.pop();
                }
            }
            Value::Text(words) => put(out, format_args!(" {}", text::visible_line(words))),
            Value::Bool(yes) => out.push_str(if *yes { " yes\n" } else { " no\n" }),
            Value::Int(number) => {
                let instant = matches!(path.last(), Some(PathStep::Key(key)) if INSTANTS.contains(&key.as_str()));
                if instant {
                    put(out, format_args!(" {}", time(*number)));
                } else {
                    put(out, format_args!(" {number}"));
                }
            }
            Value::Bytes(bytes) => put(out, format_args!(" {}", self.bytes(bytes))),
        }
    }

    /// An entry or a party by the name people use, anything else in hex.
    fn bytes(&self, bytes: &[u8]) -> String {
        if let Some(entry) = EntryId::from_slice(bytes).filter(|id| self.record.graph().find(id).is_some()) {
            return self.names.of(&entry);
        }
        if let Some(name) = PartyId::from_slice(bytes).and_then(|party| self.parties.get(&party)) {
            return name.clone();
        }
        if bytes.len() > SHOWN_BYTES {
            return format!("({} bytes)", bytes.len());
        }
        bytes.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("memory");
            hex
        })
    }
}

fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    out.write_fmt(line).expect("writing to memory does not fail");
    out.push('\n');
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth + 2 {
        out.push_str("  ");
    }
}

/// A party's name for people: the label of its seat, and always its short form, which nobody else can choose.
pub(crate) fn name_of(record: &Record, party: &PartyId) -> String {
    let lens = record.lens();
    let label = lens.seats_of(party).iter().find_map(|seat| lens.label(seat));
    let short = short_form(party.as_bytes());
    match label {
        Some(label) => format!("{} [{short}]", text::visible_line(&label)),
        None => format!("[{short}]"),
    }
}
