//! The steps of a case with their dates.

use counterpart_core::{
    graph::Ix,
    id::PartyId,
    record::Record,
    view::{CaseState, DueInstant, Proven, View},
};
use jiff::tz::TimeZone;

use super::{
    Path, Step,
    counted::{Counted, Missing, counted, settled},
};

/// A case as a party sees it, with what proves its times.
pub struct Seen<'s> {
    pub record: &'s Record,
    pub view: &'s View,
    pub own: PartyId,
    /// For every entry, between which times others' words have it.
    pub proven: Vec<Proven>,
    /// The time by which a time stamp that is believed proves an entry, Unix milliseconds.
    pub stamped: &'s dyn Fn(Ix) -> Option<i64>,
    pub due: DueInstant<'s>,
    /// Where days begin and end.
    pub zone: TimeZone,
}

impl std::fmt::Debug for Seen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").field("case", &self.view.case).finish_non_exhaustive()
    }
}

/// A date that is counted. Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// From the time that is claimed.
    pub at: i64,
    /// The cautious one: of a beginning, from the latest time that what it counts from can have been; of an end, from
    /// the earliest.
    pub safe: i64,
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Taken,
    /// What it counts from was done, or the case is closed.
    NotNeeded,
    /// It counts from nothing yet.
    Uncounted(Missing),
    Ahead,
    Open,
    /// Its time is over.
    Over,
}

impl Standing {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::NotNeeded => "not_needed",
            Self::Uncounted(_) => "uncounted",
            Self::Ahead => "ahead",
            Self::Open => "open",
            Self::Over => "over",
        }
    }
}

/// One step with its dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedStep {
    pub step: Step,
    pub counted: Result<Counted, Missing>,
    /// From when on it can be taken.
    pub opens: Option<When>,
    /// Until when.
    pub until: Option<When>,
}

impl DatedStep {
    /// Where it stands at a time, Unix milliseconds.
    #[must_use]
    pub fn standing(&self, needed: bool, now: i64) -> Standing {
        if self.step.taken.is_some() {
            return Standing::Taken;
        }
        if !needed {
            return Standing::NotNeeded;
        }
        match (&self.counted, self.opens, self.until) {
            (Err(missing), ..) => Standing::Uncounted(missing.clone()),
            (_, _, Some(until)) if until.at < now => Standing::Over,
            (_, Some(opens), _) if opens.at > now => Standing::Ahead,
            _ => Standing::Open,
        }
    }
}

/// The steps of a path with their dates, and where each stands at a time (Unix milliseconds), in their order.
#[must_use]
pub fn dated(seen: &Seen<'_>, path: &Path, now: i64) -> Vec<(DatedStep, Standing)> {
    let closed = matches!(seen.view.state, CaseState::Closed(_));
    let one = |step: &Step| {
        let counted = counted(seen, path, &step.from);
        let opens = counted.as_ref().ok().and_then(|c| beginning(step, c, &seen.zone));
        let until = counted.as_ref().ok().and_then(|c| end(step, c, &seen.zone));
        let dated = DatedStep { step: step.clone(), counted, opens, until };
        let needed = !closed && !settled(seen, path, &step.from);
        let standing = dated.standing(needed, now);
        (dated, standing)
    };
    path.steps.iter().map(one).collect()
}

fn beginning(step: &Step, counted: &Counted, zone: &TimeZone) -> Option<When> {
    let from = |at: i64| step.after.map_or(Some(at), |after| after.after(at, zone));
    let (at, latest) = (from(counted.at)?, from(counted.latest.unwrap_or(counted.at))?);
    Some(When { at, safe: latest.max(at) })
}

fn end(step: &Step, counted: &Counted, zone: &TimeZone) -> Option<When> {
    let within = step.within?;
    let from = |at: i64| {
        let opens = step.after.map_or(Some(at), |after| after.after(at, zone))?;
        within.after(opens, zone)
    };
    let (at, earliest) = (from(counted.at)?, from(counted.earliest.unwrap_or(counted.at))?);
    Some(When { at, safe: earliest.min(at) })
}
