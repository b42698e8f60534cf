//! What time stamps prove of a case's entries.

mod json;

pub use json::json as stamp_json;

use counterpart_core::{graph::Ix, id::StampId};
use counterpart_node::{Desk, HeldStamp, Standing};
use serde_json::{Value as Json, json};

use crate::{case::OpenCase, error::Done, render, when};

/// The time stamps over a case that are believed here, and which of them proves most about each entry.
#[derive(Debug, Default)]
pub struct Stamps {
    believed: Vec<Proof>,
    /// By order of arrival.
    best: Vec<Option<usize>>,
}

/// That something was there at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The service's time, Unix milliseconds.
    pub at: i64,
    /// What the service calls itself: text of a stranger.
    service: Option<String>,
    id: StampId,
}

impl Stamps {
    pub fn of(desk: &Desk, case: &OpenCase) -> Done<Self> {
        let held = desk.stamps_over(&case.record)?;
        let believed: Vec<_> = held.iter().filter_map(|stamp| Some((stamp, stamp.proves()?))).collect();
        let proof = |(stamp, proves): &(&HeldStamp, counterpart_core::stamp::TimeStamp)| Proof {
            at: proves.at,
            service: stamp.service().map(str::to_owned),
            id: proves.id,
        };
        let proofs = believed.iter().map(proof).collect();
        let stamps: Vec<_> = believed.into_iter().map(|(_, proves)| proves).collect();
        Ok(Self { believed: proofs, best: case.record.stamped(&stamps) })
    }

    /// The earliest time by which an entry is proven to have been there.
    pub fn over(&self, entry: Ix) -> Option<&Proof> {
        self.believed.get((*self.best.get(entry.at())?)?)
    }

    /// The earliest time by which a revision is proven to have been there; of an agreement, with all its signatures.
    pub fn over_revision(&self, case: &OpenCase, revision: Ix) -> Option<&Proof> {
        let lens = case.lens();
        let signatures = if lens.fully_signed(revision) { lens.signatures(revision) } else { Vec::new() };
        let each: Option<Vec<&Proof>> =
            std::iter::once(revision).chain(signatures).map(|entry| self.over(entry)).collect();
        each?.into_iter().max_by_key(|proof| proof.at)
    }
}

impl Proof {
    /// "not after 6 July 2026 at 10:00 (time stamp by Example Time)".
    pub fn in_words(&self, case: &OpenCase) -> String {
        format!("not after {} ({})", when::show_short(self.at, case.zone(), case.now), by(self.service.as_deref()))
    }

    pub fn as_json(&self) -> Json {
        json!({"at": self.at, "service": self.service, "sha256": self.id.to_hex()})
    }
}

/// Whose time stamp it is.
pub fn by(service: Option<&str>) -> String {
    service.map_or_else(|| "time stamp".to_owned(), |name| format!("time stamp by {}", render::line(name)))
}

/// A time stamp that is kept, in one line: its time, what it covers, and whether it is believed.
pub fn in_words(case: &OpenCase, held: &HeldStamp) -> String {
    let heads: Vec<String> = held.kept.heads.iter().map(|head| case.entry_name(head)).collect();
    let upto = format!("up to {}", heads.join(", "));
    let time = |at: i64| when::show(at, case.zone());
    match &held.standing {
        Standing::Valid(stamp) => {
            format!("{}  {upto}, {}{}", time(stamp.at), by(stamp.service.as_deref()), accuracy(stamp.accuracy))
        }
        Standing::Untrusted { why, claims } => {
            format!("{}  {upto}, not trusted ({why}): says {}", time(claims.at), by(claims.service.as_deref()))
        }
        Standing::Unchecked(claims) => {
            let by = by(claims.service.as_deref());
            format!("{}  {upto}, not checked, no root certificate is kept here: says {by}", time(claims.at))
        }
        Standing::Broken(why) => format!("a time stamp {upto} does not hold: {why}"),
    }
}

/// How far its time may be off, in microseconds, where that matters.
pub fn accuracy(micros: Option<u64>) -> String {
    match micros {
        // Shorter than anybody reads off.
        None | Some(0..10_000) => String::new(),
        Some(micros) => format!(", right to {} ms", micros.div_ceil(1000)),
    }
}
