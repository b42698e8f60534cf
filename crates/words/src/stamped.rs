//! What time stamps prove of a case's entries.

use counterpart_core::{graph::Ix, id::StampId};
use counterpart_node::{Desk, HeldStamp};
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
