//! `timeline.txt`: the case for people to read. Every entry, with all it says, who made it and who provably has it.
//!
//! Times are in UTC, so that the text does not depend on a calendar of time zones; local times stand where they were
//! signed. Whatever a party wrote stands on lines of its own, indented, with nothing hidden in it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    ops::Range,
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

use crate::{bag, delivery::Delivery, layout, parallel};

const EXPORTED: &str = "Exported: ";
/// Fields that hold an instant in Unix milliseconds.
const INSTANTS: &[&str] = &["started", "expires", "instant", "due"];
/// Longest run of bytes that is written out.
const SHOWN_BYTES: usize = 64;

/// The years 1 to 9999, in Unix milliseconds: what every calendar library agrees on.
const CALENDAR: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_207_199_999;

/// A time in UTC, from Unix milliseconds, rounded down to seconds.
pub(crate) fn time(at: i64) -> String {
    let mut text = String::with_capacity(24);
    put_time(&mut text, at);
    text
}

fn put_time(out: &mut String, at: i64) {
    match Timestamp::from_millisecond(at) {
        Ok(instant) if CALENDAR.contains(&at) => {
            let t = Offset::UTC.to_datetime(instant);
            let parts = [t.month(), t.day(), t.hour(), t.minute(), t.second()];
            put_digits(out, t.year().unsigned_abs(), 4);
            for (lead, part) in ["-", "-", " ", ":", ":"].into_iter().zip(parts) {
                out.push_str(lead);
                put_digits(out, part.unsigned_abs().into(), 2);
            }
            out.push_str(" UTC");
        }
        _ => write!(out, "{at} ms after 1970-01-01").expect("memory"),
    }
}

/// So many digits of a number, zeros first. There are four times in most entries: `{:04}` and the like take long.
fn put_digits(out: &mut String, n: u16, count: u32) {
    for place in (0..count).rev() {
        out.push(char::from_digit(u32::from(n / 10_u16.pow(place) % 10), 10).expect("a digit"));
    }
}

/// The timeline, in pieces. `grades` and `times` are those of [`Record::grades`] and [`Record::proven_times`].
pub(crate) fn render(
    record: &Record,
    delivery: &Delivery,
    grades: &[(Ix, Grade)],
    times: &[Proven],
    exported_at: i64,
) -> Vec<String> {
    let writer = Writer::new(record, delivery, times);
    let work = |(): &mut (), range: Range<usize>| {
        let mut out = String::with_capacity(range.len() * 640);
        for (ix, grade) in &grades[range] {
            writer.entry(&mut out, *ix, *grade);
        }
        out
    };
    let mut pieces = vec![writer.head(exported_at)];
    pieces.extend(parallel::chunks(grades.len(), || (), work));
    pieces
}

struct Writer<'r> {
    record: &'r Record,
    delivery: &'r Delivery,
    times: &'r [Proven],
    names: Names,
    /// Of every entry, whether its number is its name: no other entry has it.
    alone: Vec<bool>,
    parties: BTreeMap<PartyId, String>,
    /// Numbers of receipts.
    receipts: HashMap<ReceiptId, u32>,
}

impl<'r> Writer<'r> {
    fn new(record: &'r Record, delivery: &'r Delivery, times: &'r [Proven]) -> Self {
        let graph = record.graph();
        let parties = delivery.parties().map(|party| (*party, name_of(record, party))).collect();
        let receipts = record.receipts().iter().map(|r| (r.id, r.receipt.number)).collect();
        let numbers: Vec<u32> = graph.ordered().into_iter().map(|ix| graph.node(ix).number).collect();
        let mut alone = vec![false; graph.len()];
        for (n, ix) in graph.ordered().into_iter().enumerate() {
            let same = |other: Option<&u32>| other == Some(&numbers[n]);
            alone[ix.at()] = !same(n.checked_sub(1).and_then(|n| numbers.get(n))) && !same(numbers.get(n + 1));
        }
        Self { record, delivery, times, names: record.names(), alone, parties, receipts }
    }

    fn party(&self, party: &PartyId) -> Cow<'_, str> {
        let known = self.parties.get(party).map(|name| Cow::Borrowed(name.as_str()));
        known.unwrap_or_else(|| format!("[{}]", short_form(party.as_bytes())).into())
    }

    fn put_name(&self, out: &mut String, ix: Ix) {
        let node = self.record.graph().node(ix);
        if self.alone[ix.at()] {
            write!(out, "#{}", node.number).expect("memory");
        } else {
            out.push_str(&self.names.of(&node.entry.id));
        }
    }

    fn head(&self, exported_at: i64) -> String {
        let lens = self.record.lens();
        let graph = self.record.graph();
        let title = lens.open().map_or("", |(_, open)| open.title.as_str());
        let case = self.record.case().map(|case| layout::case_line(&case)).unwrap_or_default();
        let mut out = format!("CASE: {}\n{case}\n", text::line_in_evidence(title));
        put(&mut out, format_args!("{EXPORTED}{} ({exported_at})", time(exported_at)));
        put(&mut out, format_args!("Entries: {}", graph.ordered().len()));
        let ends: Vec<String> = graph.heads().iter().map(|id| format!("{} {id}", self.names.of(id))).collect();
        put(&mut out, format_args!("Ends: {}", ends.join(", ")));
        out.push_str("\nPARTIES\n");
        for party in self.delivery.parties() {
            let roles: Vec<&str> = lens.roles_of(party).iter().map(|r| r.as_str()).collect();
            let roles = if roles.is_empty() { "no seat".to_owned() } else { roles.join(", ") };
            put(&mut out, format_args!("  {}: {roles}; {party}", self.party(party)));
            let logs = self.record.logs();
            if logs.dispute(party).is_some() {
                out.push_str("    Its key log was written in two ways: who may sign for it is disputed.\n");
            } else if logs.is_forked(party) {
                out.push_str(
                    "    Its key log was written in two ways: a change of its main key decided which is its own.\n",
                );
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

    fn entry(&self, out: &mut String, ix: Ix, grade: Grade) {
        let statement = self.record.graph().statement(ix);
        let id = self.record.graph().id(ix);
        out.push('\n');
        self.put_name(out, ix);
        out.push_str("  ");
        put_time(out, statement.at);
        put(out, format_args!("  {}: {}", self.party(&statement.party), text::line_in_evidence(&statement.kind)));
        put(out, format_args!("    id: {id}"));
        if let Value::Map(fields) = &statement.body {
            let mut path = Vec::new();
            for (key, value) in fields {
                self.field(out, &id, &mut path, key, value);
            }
        }
        match self.record.fold().verdict(ix) {
            Verdict::Effective => {}
            Verdict::Without(_) => out.push_str("    Without effect.\n"),
            Verdict::NotJudged => out.push_str("    Not judged by the program that wrote this.\n"),
        }
        out.push_str("    Grade: ");
        out.push_str(grade.as_str());
        out.push_str(". Received: ");
        let mut lead = "";
        for (party, at) in self.delivery.received(ix, &statement.party) {
            out.push_str(lead);
            out.push_str(&self.party(&party));
            out.push_str(", ");
            put_time(out, at);
            out.push_str(" by its own clock");
            lead = "; ";
        }
        out.push_str(if lead.is_empty() { "no receipt in this copy.\n" } else { ".\n" });
        let Proven { not_before, not_after } = &self.times[ix.at()];
        let mut lead = "    Time: ";
        for (what, bound) in [("not before ", not_before), ("not after ", not_after)] {
            if let Some(bound) = bound {
                out.push_str(lead);
                out.push_str(what);
                self.put_bound(out, bound);
                lead = ", ";
            }
        }
        out.push_str(if lead == ", " { ".\n" } else { "    Time: not proven.\n" });
    }

    /// A time, and whose word it is.
    fn put_bound(&self, out: &mut String, bound: &Bound) {
        put_time(out, bound.at);
        out.push_str(" (");
        out.push_str(&self.party(&bound.party));
        out.push_str(", ");
        match bound.by {
            Evidence::Entry(ix) => self.put_name(out, ix),
            Evidence::Receipt(id) => {
                write!(out, "receipt {}", self.receipts.get(&id).copied().unwrap_or_default()).expect("memory");
            }
        }
        out.push(')');
    }

    fn field(&self, out: &mut String, id: &EntryId, path: &mut Vec<PathStep>, key: &Key, value: &Value) {
        let key = match key {
            Key::Text(key) => key.clone(),
            Key::Int(number) => number.to_string(),
        };
        indent(out, path.len());
        out.push_str(&text::line_in_evidence(&key));
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
            Value::Text(words) => {
                out.push(' ');
                out.push_str(&text::line_in_evidence(words));
                out.push('\n');
            }
            Value::Bool(yes) => out.push_str(if *yes { " yes\n" } else { " no\n" }),
            Value::Int(number) => {
                let instant = matches!(path.last(), Some(PathStep::Key(key)) if INSTANTS.contains(&key.as_str()));
                if instant {
                    out.push(' ');
                    put_time(out, *number);
                    out.push('\n');
                } else {
                    put(out, format_args!(" {number}"));
                }
            }
            Value::Bytes(bytes) => {
                out.push(' ');
                self.put_bytes(out, bytes);
                out.push('\n');
            }
        }
    }

    /// An entry or a party by the name people use, anything else in hex.
    fn put_bytes(&self, out: &mut String, bytes: &[u8]) {
        let entry = EntryId::from_slice(bytes).and_then(|id| self.record.graph().find(&id));
        let party = PartyId::from_slice(bytes).and_then(|party| self.parties.get(&party));
        match (entry, party) {
            (Some(ix), _) => self.put_name(out, ix),
            (None, Some(name)) => out.push_str(name),
            (None, None) if bytes.len() > SHOWN_BYTES => {
                write!(out, "({} bytes)", bytes.len()).expect("memory");
            }
            (None, None) => bag::put_hex(out, bytes),
        }
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
        Some(label) => format!("{} [{short}]", text::line_in_evidence(&label)),
        None => format!("[{short}]"),
    }
}
