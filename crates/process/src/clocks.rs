//! Service clocks: until when the other side has to say something, or to have it resolved, as both agreed; counted in
//! agreed hours, stopped by what either side stated.
//!
//! Whatever is reckoned here comes from the entries of the record, the agreed terms in it, and the time that is asked for:
//! not from receipts, which only one side may hold, nor from this machine. So both sides see the same clock.

mod agreed;
mod hours;
mod told;
mod wording;

pub use agreed::{Agreed, KEY, MOST_SECONDS, PAUSE, Said, Unread, Which};
pub use hours::{Hours, HoursError, Stops};
pub use wording::{Shown, hours as hours_in_words, length, working};

use counterpart_core::{
    act::Topic,
    fold::ActionState,
    graph::Ix,
    id::EntryId,
    record::Record,
    value::{ActionId, Seat},
    view::{CaseState, View},
};

use told::Told;

/// The clocks of a case at a time.
#[derive(Debug, Clone)]
pub struct Clocks {
    /// The agreement they stand in.
    pub agreement: EntryId,
    pub agreed: Agreed,
    /// Whose clocks they are.
    pub by: Vec<Seat>,
    /// From when they count, Unix milliseconds: when the last of both sides signed.
    pub began: i64,
    /// In order of their beginning.
    pub pauses: Vec<Pause>,
    pub clocks: Vec<Clock>,
}

/// A stretch in which the clocks stand still because a side said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The entry that says so.
    pub entry: EntryId,
    pub reason: String,
    /// Unix milliseconds.
    pub from: i64,
    /// When it ended, and the entry by which.
    pub ended: Option<(i64, EntryId)>,
}

/// Where a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It begins with the first answer.
    NotBegun,
    Running,
    /// It stands still until the pause ends.
    Paused,
    /// Its time passed, and what it waits for has not come.
    Late,
    /// What it waited for came in time.
    Met,
    /// What it waited for came, too late.
    MetLate,
    /// It is not needed any more.
    Ended,
}

impl Standing {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotBegun => "not_begun",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Late => "late",
            Self::Met => "met",
            Self::MetLate => "met_late",
            Self::Ended => "ended",
        }
    }
}

/// One clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    pub which: Which,
    /// Seconds of counted time that were agreed.
    pub within: u64,
    pub standing: Standing,
    /// What it counts from, Unix milliseconds.
    pub since: Option<i64>,
    /// Until when, as it stands now; nothing while it stands still.
    pub until: Option<i64>,
    /// Milliseconds of counted time that are left; never below none.
    pub left: i64,
    /// Milliseconds of counted time past the end.
    pub over: i64,
    /// When what it waited for came.
    pub met: Option<(i64, EntryId)>,
    /// Of the next update: how many before came in time, and how many too late.
    pub before: (u32, u32),
}

/// Why there is an agreement and still no clock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error(transparent)]
    Unread(#[from] Unread),
    #[error("only one side has signed it, so it binds nobody")]
    OneSided,
}

/// The clocks that are agreed in a case, at a time (Unix milliseconds); nothing where none are.
///
/// # Errors
/// The agreement, and why it makes no clock.
pub fn clocks(record: &Record, view: &View, now: i64) -> Option<Result<Clocks, (EntryId, Unfit)>> {
    let (agreement, value) = view.items.iter().find(|item| item.key == KEY)?.agreed.as_ref()?;
    let revision = record.graph().find(agreement)?;
    let found = Agreed::read(value).map_err(Unfit::from).and_then(|agreed| {
        let told = Told::of(record, view, revision, agreed.by, now).ok_or(Unfit::OneSided)?;
        Ok(Reckoning { record, view, revision, agreed, told, now }.clocks())
    });
    Some(found.map_err(|why| (*agreement, why)))
}

/// What the clocks of one agreement are reckoned from.
struct Reckoning<'r> {
    record: &'r Record,
    view: &'r View,
    revision: Ix,
    agreed: Agreed,
    told: Told,
    now: i64,
}

/// What a clock waited for: that it came, with its entry; that it is not needed any more; that it is waited for still.
enum Met {
    By(i64, EntryId),
    NotNeeded,
    Awaited,
}

impl Reckoning<'_> {
    fn clocks(self) -> Clocks {
        let closed = self.closed();
        // While a case is closed nothing counts; nor does anything where a pause was stated.
        let shut = closed.map(|(from, until, _)| (from, until));
        let all = Stops::new(self.told.pauses.iter().map(|p| (p.from, p.ended.map(|(at, _)| at))).chain(shut));
        let unpaused = Stops::new(shut);
        let resolved = self.resolved(closed);
        let clocks = self.agreed.clocks.iter().map(|(which, within)| match which {
            // Who has not answered cannot wait for an answer: no pause stops this one.
            Which::FirstAnswer => {
                let met = match self.told.answers.first() {
                    Some((at, entry)) => Met::By(*at, *entry),
                    None if self.is_closed() => Met::NotNeeded,
                    None => Met::Awaited,
                };
                self.clock(*which, *within, self.told.began, &met, &unpaused)
            }
            Which::NextUpdate => self.next_update(*within, &resolved, &all),
            Which::Resolution => self.clock(*which, *within, self.told.began, &resolved, &all),
        });
        let clocks = clocks.collect();
        Clocks {
            agreement: self.record.graph().id(self.revision),
            by: self.told.by,
            began: self.told.began,
            pauses: self.told.pauses,
            agreed: self.agreed,
            clocks,
        }
    }

    fn clock(&self, which: Which, within: u64, since: i64, met: &Met, stops: &Stops) -> Clock {
        let whole = i64::try_from(within).unwrap_or(i64::MAX).saturating_mul(1000);
        let hours = &self.agreed.hours;
        let until = hours.after(since, whole, stops);
        let at = match met {
            Met::By(at, _) => *at,
            _ => self.now,
        };
        let left = (whole - hours.between(since, at, stops)).max(0);
        let late = until.is_some_and(|until| at > until);
        let over = until.filter(|_| late).map_or(0, |until| hours.between(until, at, stops));
        let standing = match met {
            Met::NotNeeded => Standing::Ended,
            Met::By(..) if late => Standing::MetLate,
            Met::By(..) => Standing::Met,
            Met::Awaited if late => Standing::Late,
            Met::Awaited if stops.stand_at(self.now) => Standing::Paused,
            Met::Awaited => Standing::Running,
        };
        let met = match met {
            Met::By(at, entry) => Some((*at, *entry)),
            _ => None,
        };
        Clock { which, within, standing, since: Some(since), until, left, over, met, before: (0, 0) }
    }

    fn next_update(&self, within: u64, resolved: &Met, stops: &Stops) -> Clock {
        let which = Which::NextUpdate;
        let awaits_first = self.agreed.clocks.iter().any(|(which, _)| *which == Which::FirstAnswer);
        let ends = match resolved {
            Met::By(at, _) => *at,
            _ => self.now,
        };
        let over = !matches!(resolved, Met::Awaited) || self.is_closed();
        // A first answer has a clock of its own.
        let first = if awaits_first { self.told.answers.first().map(|(at, _)| *at) } else { Some(self.told.began) };
        let Some(first) = first else {
            let standing = if over { Standing::Ended } else { Standing::NotBegun };
            let left = i64::try_from(within).unwrap_or(i64::MAX).saturating_mul(1000);
            return Clock {
                which,
                within,
                standing,
                since: None,
                until: None,
                left,
                over: 0,
                met: None,
                before: (0, 0),
            };
        };
        let (mut since, mut in_time, mut late) = (first, 0_u32, 0_u32);
        for (at, entry) in self.told.answers.iter().skip(usize::from(awaits_first)).filter(|(at, _)| *at <= ends) {
            match self.clock(which, within, since, &Met::By(*at, *entry), stops).standing {
                Standing::MetLate => late += 1,
                _ => in_time += 1,
            }
            since = *at;
        }
        let met = if over { Met::NotNeeded } else { Met::Awaited };
        Clock { before: (in_time, late), ..self.clock(which, within, since, &met, stops) }
    }

    fn is_closed(&self) -> bool {
        matches!(self.view.state, CaseState::Closed(_))
    }

    /// From when to when the case was closed by agreement, and the entry of theirs that closed it.
    fn closed(&self) -> Option<(i64, Option<i64>, Ix)> {
        let (closing, open_again) = match self.view.state {
            CaseState::Open => return None,
            CaseState::Closed(ix) => (ix, None),
            CaseState::Reopened(ix) => (ix, self.told.first_outside(self.record, ix)),
        };
        let signatures = self.record.lens().signatures(closing);
        let from = signatures.iter().map(|ix| self.told.time(*ix)).max()?;
        let theirs = signatures.into_iter().filter(|ix| self.told.is_theirs(self.record, *ix));
        let said = theirs.min_by_key(|ix| (self.told.time(*ix), self.record.graph().order(*ix))).unwrap_or(closing);
        let reopened = matches!(self.view.state, CaseState::Reopened(_));
        // What cannot be dated any better leaves no time in which it was closed.
        let until = if reopened { Some(open_again.unwrap_or(from).max(from)) } else { None };
        Some((from, until, said))
    }

    /// Whether what they are to resolve is: the actions that were agreed together with the clocks, by their result;
    /// without such the case, by closing it.
    fn resolved(&self, closed: Option<(i64, Option<i64>, Ix)>) -> Met {
        let actions = self.actions();
        let by = |ix: Ix| Met::By(self.told.time(ix), self.record.graph().id(ix));
        let mut last: Option<Ix> = None;
        let mut awaited = false;
        for action in self.view.actions.iter().filter(|a| actions.contains(&a.id)) {
            let done = match action.status.state {
                ActionState::Declared | ActionState::Completed => action.status.declare.or(action.status.decision),
                ActionState::Cancelled => continue,
                _ => None,
            };
            awaited |= done.is_none();
            last = last.into_iter().chain(done).max_by_key(|ix| (self.told.time(*ix), self.record.graph().order(*ix)));
        }
        match (last, closed) {
            (Some(last), _) if !awaited => by(last),
            (_, Some((_, None, _))) if !actions.is_empty() => Met::NotNeeded,
            (_, Some((_, None, said))) => by(said),
            _ if awaited || actions.is_empty() => Met::Awaited,
            _ => Met::NotNeeded,
        }
    }

    /// The actions agreed together with the clocks; with those they took the place of, where only the clocks were changed.
    fn actions(&self) -> Vec<ActionId> {
        let graph = self.record.graph();
        let mut at = Some(self.revision);
        // Causes lie in the past of what they cause, so this ends.
        while let Some(revision) = at {
            let Some(proposal) = self.record.fold().proposal(revision) else { break };
            let id = graph.id(revision);
            let action = |(n, topic): (u32, &Topic)| match topic {
                Topic::Action { action, .. } => Some(action.unwrap_or(ActionId { proposal: id, index: n })),
                _ => None,
            };
            let found: Vec<ActionId> =
                (0..).zip(proposal.subjects.iter().map(|s| &s.topic)).filter_map(action).collect();
            if !found.is_empty() {
                return found;
            }
            let clocks = proposal.subjects.iter().find(|s| matches!(&s.topic, Topic::Item { key, .. } if key == KEY));
            at = clocks.and_then(|s| s.base).and_then(|base| graph.find(&base)).filter(|b| graph.in_past(*b, revision));
        }
        Vec::new()
    }
}
