//! The promise ledger: per seat, what became of what it promised. From signed acts only.

use super::{ActionView, View};
use crate::{
    act::Act,
    fold::{ActionState, InForce, Lens, Position, SubjectKey},
    graph::Ix,
    id::PartyId,
    record::Record,
    value::{Due, Seat},
};

/// How to come from a due time, and what a relative one counts from, to an instant; both in Unix milliseconds. The
/// core has no calendar.
pub type DueInstant<'d> = &'d dyn Fn(&Due, Option<i64>) -> Option<i64>;

/// How often something happened, and to which actions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// At least the number of actions: one action may be renegotiated twice.
    pub count: usize,
    /// By the agreed order, each once.
    pub actions: Vec<SubjectKey>,
}

impl Tally {
    fn add(&mut self, key: &SubjectKey, count: usize) {
        if count > 0 {
            self.count += count;
            self.actions.push(key.clone());
        }
    }
}

/// The promises of one seat: the actions that it is a performer of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromiseLedger {
    pub seat: Seat,
    /// Who sits there; nobody while the seat is open.
    pub party: Option<PartyId>,
    /// Completed, and declared done by the due time by the claimed time of that declaration, or without one.
    pub kept: Tally,
    /// Completed, and declared done after the due time.
    pub late: Tally,
    /// Records of a due time passed, each time once, on what was agreed.
    pub missed: Tally,
    /// Agreed changes of something agreed.
    pub renegotiated: Tally,
    /// Ended because all allowed it, or under a clause of the terms.
    pub released: Tally,
    /// Given up by its performer.
    pub stopped: Tally,
    /// Agreed and not done yet.
    pub open: Tally,
    /// Said to be promised, as another side recorded it, and never agreed.
    pub alleged: Tally,
    /// Records of a due time passed on these.
    pub alleged_missed: Tally,
}

impl PromiseLedger {
    fn new(seat: Seat, party: Option<PartyId>) -> Self {
        let none = Tally::default;
        Self {
            seat,
            party,
            kept: none(),
            late: none(),
            missed: none(),
            renegotiated: none(),
            released: none(),
            stopped: none(),
            open: none(),
            alleged: none(),
            alleged_missed: none(),
        }
    }

    /// Every tally with its word, in the order to show.
    #[must_use]
    pub fn tallies(&self) -> [(&'static str, &Tally); 9] {
        [
            ("kept", &self.kept),
            ("late", &self.late),
            ("missed", &self.missed),
            ("renegotiated", &self.renegotiated),
            ("released", &self.released),
            ("stopped", &self.stopped),
            ("open", &self.open),
            ("alleged", &self.alleged),
            ("alleged_missed", &self.alleged_missed),
        ]
    }

    /// Whether nothing was ever promised.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tallies().iter().all(|(_, tally)| tally.count == 0)
    }
}

impl Record {
    /// The promise ledger of every seat that takes part in agreements. `due` gives the instant of a due time.
    #[must_use]
    pub fn ledger(&self, view: &View, due: DueInstant<'_>) -> Vec<PromiseLedger> {
        let seats = view.seats.iter().filter(|s| s.role.agrees());
        let mut ledgers: Vec<PromiseLedger> =
            seats.map(|s| PromiseLedger::new(s.seat, s.parties.first().copied())).collect();
        let lens = self.lens();
        for action in &view.actions {
            let Some(entry) = Counted::of(&lens, action, due) else { continue };
            for ledger in ledgers.iter_mut().filter(|l| entry.performers.contains(&l.seat)) {
                entry.enter(&action.key, ledger);
            }
        }
        ledgers
    }
}

/// What one action counts as.
struct Counted {
    performers: Vec<Seat>,
    what: What,
    missed: usize,
    renegotiated: usize,
}

enum What {
    Kept,
    Late,
    Released,
    Stopped,
    Open,
    Alleged,
}

impl Counted {
    /// Nothing for what nobody ever promised.
    fn of(lens: &Lens<'_>, action: &ActionView, due: DueInstant<'_>) -> Option<Self> {
        let revision = standing(action);
        let performers = lens.terms(revision, &action.key)?.performers.iter().map(|p| p.seat).collect();
        let what = what(lens, action, due)?;
        Some(Self { performers, what, missed: missed(lens, action), renegotiated: renegotiated(lens, action) })
    }

    fn enter(&self, key: &SubjectKey, ledger: &mut PromiseLedger) {
        let tally = match self.what {
            What::Kept => &mut ledger.kept,
            What::Late => &mut ledger.late,
            What::Released => &mut ledger.released,
            What::Stopped => &mut ledger.stopped,
            What::Open => &mut ledger.open,
            What::Alleged => &mut ledger.alleged,
        };
        tally.add(key, 1);
        if matches!(self.what, What::Alleged) {
            ledger.alleged_missed.add(key, self.missed);
        } else {
            ledger.missed.add(key, self.missed);
            ledger.renegotiated.add(key, self.renegotiated);
        }
    }
}

/// The revision whose performers are bound: while agreements cross, the one that all of them would replace.
fn standing(action: &ActionView) -> Ix {
    match &action.status.in_force {
        InForce::Crossed { stays: Some((position, _)), .. } => position.revision(),
        _ => action.status.revision,
    }
}

fn what(lens: &Lens<'_>, action: &ActionView, due: DueInstant<'_>) -> Option<What> {
    let status = &action.status;
    Some(match status.state {
        ActionState::Completed => {
            let declared = status.declare.map(|declare| lens.graph().statement(declare).at);
            let due = action.due(lens).and_then(|d| due(d, action.counted_from));
            let late = declared.zip(due).is_some_and(|(declared, due)| declared > due);
            if late { What::Late } else { What::Kept }
        }
        ActionState::Cancelled if given_up(lens, action) => What::Stopped,
        ActionState::Cancelled => What::Released,
        ActionState::Stopped => What::Stopped,
        ActionState::Agreed | ActionState::Declared | ActionState::Rework | ActionState::Crossed => What::Open,
        // Whoever alleged a promise may take that back; then it is nobody's.
        ActionState::Proposed | ActionState::Accepted | ActionState::Declined if action.alleged => What::Alleged,
        _ => return None,
    })
}

/// Whether its performer stopped it before an arbiter ended it: nobody released them.
fn given_up(lens: &Lens<'_>, action: &ActionView) -> bool {
    let stop = |ix: Ix| matches!(lens.fold().act(ix), Act::Stop { .. });
    action.status.decision.is_some() && lens.about(&lens.graph().id(action.status.revision)).any(stop)
}

/// Due times recorded as passed: by however many, each once.
fn missed(lens: &Lens<'_>, action: &ActionView) -> usize {
    let time = |ix: &Ix| match lens.fold().act(*ix) {
        Act::Missed { due, .. } => Some(*due),
        _ => None,
    };
    let mut times: Vec<i64> = action.status.missed.iter().filter_map(time).collect();
    times.sort_unstable();
    times.dedup();
    times.len()
}

/// Agreed revisions of the action that replaced an agreed one. What crossed and is not chosen changed nothing yet.
fn renegotiated(lens: &Lens<'_>, action: &ActionView) -> usize {
    let key = &action.key;
    let agreed: Vec<Ix> =
        lens.fold().revisions_of(key).iter().copied().filter(|r| lens.has(*r) && lens.fully_signed(*r)).collect();
    let Some((now, _)) = action.status.in_force.standing() else { return 0 };
    if agreed.len() < 2 {
        return 0;
    }
    let replaces = |a: Position, b: Ix| lens.replaces(key, a, Position::Revision(b));
    let was_in_force = |r: Ix| Position::Revision(r) == now || replaces(now, r);
    let renews = |r: &&Ix| agreed.iter().any(|earlier| replaces(Position::Revision(**r), *earlier));
    // The same terms signed twice are one change.
    let terms = |r: &Ix| lens.fold().terms_hash(*r);
    let again = |n: usize, r: &Ix| {
        let earlier = agreed[..n].iter().filter(|e| terms(e).is_some() && terms(e) == terms(r));
        earlier.into_iter().any(|e| !replaces(Position::Revision(*r), *e))
    };
    let counted = agreed.iter().enumerate().filter(|(n, r)| renews(r) && was_in_force(**r) && !again(*n, r));
    counted.count()
}
