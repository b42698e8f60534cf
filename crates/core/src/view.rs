//! The view: what a case amounts to, computed from the record for people and programs to read.

mod brief;
mod checkpoint;
mod difference;
mod earlier;
mod ended;
mod held;
mod ledger;
mod moves;
mod names;
mod people;
mod proven;
mod waiting;
mod why;

pub(crate) use brief::BriefCache;
pub use brief::{Brief, BriefSeat, Promised};
pub use checkpoint::Checkpoint;
pub use difference::{Term, TermChanges, term_changes};
pub use earlier::{LeftOut, Offered, Than};
pub use ended::{EndedDevice, Ending};
use held::Known;
pub use held::{Answer, Delivery, Held};
pub use ledger::{DueInstant, PromiseLedger, Tally};
pub use moves::{Follows, Move, Step};
pub use names::{NameError, Names, Reference, name_of};
pub use people::{CardView, HandoverView, Noted, Responsible, SeatPeople};
pub use proven::{Bound, Evidence, Proven};
pub use waiting::{Expected, Waiting};
pub use why::{Because, Question, Why, WhyStep};

use crate::{
    act::{Act, Role, Topic},
    fold::{ActionState, ActionStatus, Arrival, InForce, Lens, Position, SubjectKey, Verdict},
    graph::{EarliestTimes, Ix},
    id::{CaseId, DeviceKey, EntryId, PartyId},
    record::Record,
    value::{ActionId, Due, ItemValue, Sealable, Seat},
};

/// One case, folded.
#[derive(Debug, Clone)]
pub struct View {
    pub case: CaseId,
    pub title: String,
    /// IANA zone the case was opened in.
    pub zone: String,
    pub opener: PartyId,
    pub heads: Vec<EntryId>,
    pub entries: usize,
    pub state: CaseState,
    pub seats: Vec<SeatView>,
    pub actions: Vec<ActionView>,
    /// Agreements on other matters: items' agreed values, free terms, closings, admissions.
    pub matters: Vec<MatterView>,
    pub items: Vec<ItemView>,
    pub waiting: Vec<Waiting>,
    pub forks: Vec<ForkView>,
}

/// Whether the case is closed by agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseState {
    Open,
    /// All agreed to close; nothing happened outside what the closing covered.
    Closed(Ix),
    /// Closed, then something came that the closing did not cover.
    Reopened(Ix),
}

impl CaseState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed(_) => "closed",
            Self::Reopened(_) => "reopened",
        }
    }
}

#[derive(Debug, Clone)]
pub struct SeatView {
    pub seat: Seat,
    pub role: Role,
    pub label: Sealable,
    /// Normally one; none while nobody has taken it; two while two admissions contend.
    pub parties: Vec<PartyId>,
    pub joined: bool,
}

/// How far a thing is shared, beyond one side's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Only its author holds it, as far as is proven here.
    Unilateral,
    /// Another party's signature covers it: they have it.
    Delivered,
    Acknowledged,
    Contested,
    Agreed,
}

impl Grade {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unilateral => "unilateral",
            Self::Delivered => "delivered",
            Self::Acknowledged => "acknowledged",
            Self::Contested => "contested",
            Self::Agreed => "agreed",
        }
    }
}

#[derive(Debug, Clone)]
pub struct ActionView {
    pub id: ActionId,
    pub key: SubjectKey,
    pub status: ActionStatus,
    /// Words beside the state, such as `release_asked`.
    pub overlays: Vec<&'static str>,
    /// Both sides' signatures cover the agreement: two ticks.
    pub settled: bool,
    pub grade: Grade,
    /// No other party holds its terms but by a mailbox.
    pub at_mailbox: bool,
    /// Recorded for the other side from what they said.
    pub alleged: bool,
    /// What a relative due time counts from, Unix milliseconds.
    pub counted_from: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct MatterView {
    pub key: SubjectKey,
    pub status: ActionStatus,
    pub settled: bool,
}

#[derive(Debug, Clone)]
pub struct StatedValue {
    pub party: PartyId,
    pub entry: EntryId,
    pub value: ItemValue,
}

#[derive(Debug, Clone)]
pub struct ItemView {
    pub key: String,
    pub label: Option<Sealable>,
    /// Per party the values no later own statement knew of: several stand side by side.
    pub stated: Vec<StatedValue>,
    pub agreed: Option<(EntryId, ItemValue)>,
    /// The parties state different values.
    pub disputed: bool,
}

#[derive(Debug, Clone)]
pub struct ForkView {
    pub party: PartyId,
    pub device: DeviceKey,
    pub seq: u32,
    pub branches: Vec<EntryId>,
}

impl Record {
    /// The fold over everything that counts.
    #[must_use]
    pub fn lens(&self) -> Lens<'_> {
        self.fold().lens(self.graph())
    }

    /// Whether a party is a member, so that its nodes get the content.
    #[must_use]
    pub fn is_member(&self, party: &PartyId) -> bool {
        self.lens().is_member(party)
    }

    /// Whether what is signed here is sent to a party: it is a member, and has not left.
    #[must_use]
    pub fn delivers_to(&self, party: &PartyId) -> bool {
        self.lens().is_member(party) && !self.lens().has_left(party)
    }

    /// The names by which people refer to entries.
    #[must_use]
    pub fn names(&self) -> Names {
        Names::new(self.graph())
    }

    /// Everything folded; `None` for an empty record.
    #[must_use]
    pub fn view(&self) -> Option<View> {
        let lens = self.lens();
        let (open_ix, open) = lens.open()?;
        let known = Known::new(self);
        let mut matters = Vec::new();
        for key in self.fold().all_subjects().filter(|key| !matches!(key, SubjectKey::Action(_))) {
            let Some(status) = lens.status(key) else { continue };
            let settled = settled(&lens, key, &status, &known);
            matters.push(MatterView { key: key.clone(), status, settled });
        }
        matters.sort_by_key(|m| (self.graph().order(m.status.revision), m.key.clone()));
        let seats = seats(&lens);
        let mut view = View {
            case: self.graph().node(open_ix).entry.case,
            title: open.title.clone(),
            zone: open.zone.clone(),
            opener: self.graph().statement(open_ix).party,
            heads: self.graph().heads(),
            entries: self.graph().all().filter(|ix| self.graph().counts(*ix)).count(),
            state: case_state(&lens),
            seats,
            actions: self.actions(),
            matters,
            items: items(&lens),
            waiting: Vec::new(),
            forks: forks(self),
        };
        view.waiting = waiting::waiting(&lens, &view);
        Some(view)
    }

    /// Where every action stands, by the agreed order of the proposals that began them.
    #[must_use]
    pub fn actions(&self) -> Vec<ActionView> {
        let lens = self.lens();
        let known = Known::new(self);
        let times = self.graph().earliest_times();
        let view = |key: &SubjectKey| {
            let SubjectKey::Action(id) = key else { return None };
            let status = lens.status(key)?;
            let settled = settled(&lens, key, &status, &known);
            Some(action(&lens, &known, &times, *id, key.clone(), status, settled))
        };
        let mut actions: Vec<ActionView> = self.fold().all_subjects().filter_map(view).collect();
        let order = |id: &EntryId| self.graph().find(id).map(|ix| self.graph().order(ix));
        actions.sort_by_key(|a| (order(&a.id.proposal), a.id.index));
        actions
    }

    /// The `at` an agreement counts from: the last signature's, or an earlier covering statement of another party.
    #[must_use]
    pub fn agreed_at(&self, revision: Ix) -> Option<i64> {
        agreed_at(&self.lens(), &self.graph().earliest_times(), revision)
    }
}

fn settled(lens: &Lens<'_>, key: &SubjectKey, status: &ActionStatus, known: &Known) -> bool {
    match &status.in_force {
        InForce::One { position: Position::Revision(revision), .. } => lens.settled(*revision, key, &known.signing),
        _ => false,
    }
}

fn action(
    lens: &Lens<'_>,
    known: &Known,
    times: &EarliestTimes,
    id: ActionId,
    key: SubjectKey,
    status: ActionStatus,
    settled: bool,
) -> ActionView {
    let mut overlays = Vec::new();
    let agreed = !matches!(status.in_force, InForce::None);
    if agreed && !status.open.is_empty() {
        overlays.push("change_proposed");
    }
    if !status.release_requests.is_empty() {
        overlays.push("release_asked");
    }
    if !status.reopen_requests.is_empty() {
        overlays.push("reopen_asked");
    }
    if status.against_old_terms {
        overlays.push("against_old_terms");
    }
    if status.not_judged {
        overlays.push("not_judged");
    }
    let signatures = lens.signatures(status.revision);
    if signatures.iter().any(|ix| lens.after_fork(*ix)) {
        overlays.push("after_fork");
    }
    if signatures.iter().any(|ix| lens.accepted_after_receipt(*ix)) {
        overlays.push("accepted_after_receipt");
    }
    if status.disputes.iter().any(|d| d.ended_by.is_none()) {
        overlays.push("disputed");
    }
    let undated = |wanted: Arrival| status.undated.iter().any(|(_, arrival)| *arrival == wanted);
    if undated(Arrival::Unproven) {
        overlays.push("arrival_unproven");
    }
    if undated(Arrival::Late) {
        overlays.push("late");
    }
    if !status.contested.is_empty() {
        overlays.push("contested");
    }
    let proposal = lens.fold().proposal(status.revision);
    ActionView {
        id,
        settled,
        grade: known.grade(lens, status.revision),
        at_mailbox: known.held_by_others(lens.graph(), status.revision) == Held::Mailbox,
        alleged: proposal.is_some_and(|p| p.alleged.is_some()),
        counted_from: agreed_at(lens, times, status.revision),
        overlays,
        key,
        status,
    }
}

fn agreed_at(lens: &Lens<'_>, times: &EarliestTimes, revision: Ix) -> Option<i64> {
    if !lens.fully_signed(revision) {
        return None;
    }
    let graph = lens.graph();
    let last = lens.signatures(revision).into_iter().max_by_key(|ix| graph.order(*ix))?;
    let covering = graph.earliest_after(times, last);
    let at = graph.statement(last).at;
    Some(covering.map_or(at, |c| c.min(at)))
}

fn seats(lens: &Lens<'_>) -> Vec<SeatView> {
    lens.seats()
        .into_iter()
        .filter_map(|seat| {
            let offer = lens.seat(&seat)?;
            let parties = lens.parties_of(&seat);
            let joined = parties.iter().any(|party| lens.joined(party));
            Some(SeatView { seat, role: offer.role, label: offer.label, parties, joined })
        })
        .collect()
}

fn items(lens: &Lens<'_>) -> Vec<ItemView> {
    let graph = lens.graph();
    let mut keys: Vec<String> = lens.fold().items().map(|(key, _)| key.clone()).collect();
    keys.extend(lens.fold().all_subjects().filter_map(|key| match key {
        SubjectKey::Item(key) => Some(key.clone()),
        _ => None,
    }));
    keys.sort_unstable();
    keys.dedup();
    let mut views = Vec::new();
    for key in keys {
        let mut statements: Vec<Ix> =
            lens.fold().statements_of(&key).iter().copied().filter(|ix| lens.has(*ix)).collect();
        statements.sort_unstable_by_key(|ix| graph.order(*ix));
        // The latest first: what knows of one that was superseded knows of all that one superseded.
        let mut standing: Vec<Ix> = Vec::new();
        for ix in statements.into_iter().rev() {
            let party = graph.statement(ix).party;
            if !standing.iter().any(|later| graph.statement(*later).party == party && graph.in_past(ix, *later)) {
                standing.push(ix);
            }
        }
        standing.reverse();
        let mut label = None;
        let mut stated = Vec::new();
        for ix in standing {
            if let Act::Item { value, label: own, .. } = lens.fold().act(ix) {
                label = own.clone().or(label);
                let party = graph.statement(ix).party;
                stated.push(StatedValue { party, entry: graph.id(ix), value: value.clone() });
            }
        }
        let subject = SubjectKey::Item(key.clone());
        let agreed = match lens.in_force(&subject).standing() {
            Some((Position::Revision(revision), _)) => lens.subject(revision, &subject).and_then(|s| match &s.topic {
                Topic::Item { value, .. } => Some((graph.id(revision), value.clone())),
                _ => None,
            }),
            _ => None,
        };
        let disputed = agreed.is_none() && stated.iter().any(|s| s.value != stated[0].value);
        if agreed.is_some() || !stated.is_empty() {
            views.push(ItemView { key, label, stated, agreed, disputed });
        }
    }
    views
}

fn forks(record: &Record) -> Vec<ForkView> {
    let graph = record.graph();
    graph
        .forks()
        .filter_map(|(device, seq, branches)| {
            let party = graph.party_of(&device)?;
            let branches: Vec<EntryId> = branches.into_iter().map(|ix| graph.id(ix)).collect();
            (branches.len() > 1).then_some(ForkView { party, device, seq, branches })
        })
        .collect()
}

/// R12: a closing covers the past of its proposal; any act outside it but a few reopens.
fn case_state(lens: &Lens<'_>) -> CaseState {
    let graph = lens.graph();
    let mut state = CaseState::Open;
    for key in lens.fold().closings() {
        let InForce::One { position: Position::Revision(revision), .. } = lens.in_force(key) else { continue };
        let id = graph.id(revision);
        let outside = graph.all().filter(|ix| graph.counts(*ix) && !graph.in_past_or_same(*ix, revision));
        let opens = |ix: Ix| {
            let idle = matches!(lens.fold().verdict(ix), Verdict::Without(_));
            !idle && reopens(lens.fold().act(ix), &id)
        };
        if outside.into_iter().any(opens) {
            if state == CaseState::Open {
                state = CaseState::Reopened(revision);
            }
        } else {
            return CaseState::Closed(revision);
        }
    }
    state
}

/// R12: whether an act that a closing does not cover opens the case again.
fn reopens(act: &Act, closing: &EntryId) -> bool {
    const HARMLESS: &[&str] = &["seen", "acknowledge", "thank", "erased", "prove"];
    let signs = matches!(act, Act::Accept { revision, .. } if revision == closing);
    !signs && !HARMLESS.contains(&act.kind())
}

impl Record {
    /// The closing that an act of ours would undo, if it were signed now with effect.
    #[must_use]
    pub fn would_reopen(&self, act: &Act) -> Option<Ix> {
        match case_state(&self.lens()) {
            CaseState::Closed(closing) if reopens(act, &self.graph().id(closing)) => Some(closing),
            _ => None,
        }
    }
}

impl ActionView {
    /// The action's terms as they apply.
    #[must_use]
    pub fn terms<'a>(&self, lens: &Lens<'a>) -> Option<&'a crate::act::ActionTerms> {
        lens.terms(self.status.revision, &self.key)
    }

    /// The due time of the terms that apply.
    #[must_use]
    pub fn due<'a>(&self, lens: &Lens<'a>) -> Option<&'a Due> {
        self.terms(lens)?.due.as_ref()
    }

    /// Whether something is still to be done about it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        use ActionState::{Accepted, Agreed, Contested, Crossed, Declared, Proposed, Rework, Stopped};
        matches!(self.status.state, Proposed | Accepted | Agreed | Declared | Rework | Crossed | Stopped | Contested)
    }
}
