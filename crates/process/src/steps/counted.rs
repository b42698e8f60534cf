//! What a step counts from: a time, and how far it is proven.

use counterpart_core::{
    act::{Act, Contact},
    fold::InForce,
    graph::Ix,
    id::EntryId,
    value::{ActionId, ItemValue},
    view::ActionView,
};
use jiff::{civil::Date, tz::TimeZone};

use super::{Path, Seen, Start};

/// A time that something is counted from. All times in Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// As whoever noted it says.
    pub at: i64,
    /// It was not before this: by the word of somebody else.
    pub earliest: Option<i64>,
    /// It was not after this: by the word of somebody else.
    pub latest: Option<i64>,
    /// The entry that it is taken from.
    pub entry: Option<EntryId>,
    pub basis: Basis,
}

/// On what that time rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// When an entry was signed.
    Signed,
    /// When a contact was, as whoever noted it says.
    Contact,
    /// Terms that all their parties signed.
    Agreed,
    /// A promise as one side noted it, or an offer not agreed.
    Said,
    /// An item that one side stated.
    Stated,
    /// One's own private note.
    Noted,
}

impl Basis {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Contact => "contact",
            Self::Agreed => "agreed",
            Self::Said => "said",
            Self::Stated => "stated",
            Self::Noted => "noted",
        }
    }
}

impl Counted {
    /// Whether somebody else's word holds it from both sides, or all parties agreed it.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.basis == Basis::Agreed || (self.earliest.is_some() && self.latest.is_some())
    }

    fn noted(at: i64) -> Self {
        Self { at, earliest: None, latest: None, entry: None, basis: Basis::Noted }
    }
}

/// Why a step counts from nothing yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    #[error("the entry it counts from is not in this copy of the case")]
    Entry,
    #[error("the action it counts from has no due time yet")]
    Due,
    #[error("'{0}' is not stated in the case yet")]
    Item(String),
    #[error("'{0}' is not a day or a time")]
    NoTime(String),
    #[error("no contact with the other side is noted yet")]
    Contact,
    #[error("the step '{0}' is not taken yet")]
    Step(String),
}

/// What became of what it counts from: then the step is not needed.
pub(super) fn settled(seen: &Seen<'_>, path: &Path, start: &Start) -> bool {
    use counterpart_core::fold::ActionState::{Cancelled, Completed, Withdrawn};
    match start {
        Start::Due { proposal, subject } => {
            let id = ActionId { proposal: proposal.0, index: *subject };
            action(seen, &id).is_some_and(|a| matches!(a.status.state, Completed | Cancelled | Withdrawn))
        }
        Start::Entry { entry } => {
            let mut asked = seen.view.actions.iter().filter(|a| a.id.proposal == entry.0).peekable();
            asked.peek().is_some() && asked.all(|a| matches!(a.status.state, Completed | Cancelled | Withdrawn))
        }
        // A path was checked to have no circles, or ends where it meets one.
        Start::Step { id } => path.step(id).filter(|s| s.taken.is_none()).is_some_and(|step| match &step.from {
            Start::Step { id: again } if again == id => false,
            from => {
                let rest = Path { steps: path.steps.iter().filter(|s| s.id != *id).cloned().collect() };
                settled(seen, &rest, from)
            }
        }),
        _ => false,
    }
}

/// The time that a start stands for.
pub(super) fn counted(seen: &Seen<'_>, path: &Path, start: &Start) -> Result<Counted, Missing> {
    let graph = seen.record.graph();
    match start {
        Start::Opening => graph.nth(0).map(|ix| signed(seen, ix)).ok_or(Missing::Entry),
        Start::Entry { entry } => entry_time(seen, &entry.0),
        Start::Due { proposal, subject } => due_time(seen, &ActionId { proposal: proposal.0, index: *subject }),
        Start::Item { key } => item_time(seen, key),
        Start::FirstContact => contacts(seen).into_iter().min_by_key(|c| c.at).ok_or(Missing::Contact),
        Start::LastContact => contacts(seen).into_iter().max_by_key(|c| c.at).ok_or(Missing::Contact),
        Start::Step { id } => {
            let taken = path.step(id).and_then(|step| step.taken.clone());
            let taken = taken.ok_or_else(|| Missing::Step(id.clone()))?;
            match taken.by.map(|by| entry_time(seen, &by.0)) {
                // The entry shows that it was done by then; when it was is its owner's word.
                Some(Ok(shown)) => Ok(Counted { at: taken.at, ..shown }),
                _ => Ok(Counted::noted(taken.at)),
            }
        }
        Start::Date { at } => Ok(Counted::noted(*at)),
    }
}

fn entry_time(seen: &Seen<'_>, entry: &EntryId) -> Result<Counted, Missing> {
    let ix = seen.record.graph().find(entry).ok_or(Missing::Entry)?;
    match seen.record.fold().act(ix) {
        Act::Contact(contact) => Ok(of_contact(seen, ix, contact)),
        _ => Ok(signed(seen, ix)),
    }
}

/// When an entry was signed, between the times that others' words leave.
fn signed(seen: &Seen<'_>, ix: Ix) -> Counted {
    let proven = seen.proven.get(ix.at());
    let latest = [proven.and_then(|p| p.not_after.as_ref()).map(|b| b.at), (seen.stamped)(ix)];
    Counted {
        at: seen.record.graph().statement(ix).at,
        earliest: proven.and_then(|p| p.not_before.as_ref()).map(|b| b.at),
        latest: latest.into_iter().flatten().min(),
        entry: Some(seen.record.graph().id(ix)),
        basis: Basis::Signed,
    }
}

/// A contact was before it was noted; how long before is the word of whoever noted it.
fn of_contact(seen: &Seen<'_>, ix: Ix, contact: &Contact) -> Counted {
    Counted { at: contact.started, earliest: None, basis: Basis::Contact, ..signed(seen, ix) }
}

fn contacts(seen: &Seen<'_>) -> Vec<Counted> {
    let graph = seen.record.graph();
    let each = graph.all().filter(|ix| graph.counts(*ix)).filter_map(|ix| match seen.record.fold().act(ix) {
        Act::Contact(contact) => Some(of_contact(seen, ix, contact)),
        _ => None,
    });
    each.collect()
}

fn action<'s>(seen: &'s Seen<'_>, id: &ActionId) -> Option<&'s ActionView> {
    seen.view.actions.iter().find(|a| a.id == *id)
}

fn due_time(seen: &Seen<'_>, id: &ActionId) -> Result<Counted, Missing> {
    let action = action(seen, id).ok_or(Missing::Entry)?;
    let due = action.due(&seen.record.lens());
    let at = due.and_then(|due| (seen.due)(due, action.counted_from)).ok_or(Missing::Due)?;
    let agreed = !matches!(action.status.in_force, InForce::None);
    let (basis, certain) = if agreed { (Basis::Agreed, Some(at)) } else { (Basis::Said, None) };
    let entry = Some(seen.record.graph().id(action.status.revision));
    Ok(Counted { at, earliest: certain, latest: certain, entry, basis })
}

fn item_time(seen: &Seen<'_>, key: &str) -> Result<Counted, Missing> {
    let item = seen.view.items.iter().find(|i| i.key == key).ok_or_else(|| Missing::Item(key.to_owned()))?;
    let agreed = item.agreed.as_ref().map(|(entry, value)| (*entry, value.clone(), Basis::Agreed));
    let by_own = item.stated.iter().rfind(|s| s.party == seen.own).or(item.stated.last());
    let stated = || by_own.map(|s| (s.entry, s.value.clone(), Basis::Stated));
    let (entry, value, basis) = agreed.or_else(stated).ok_or_else(|| Missing::Item(key.to_owned()))?;
    let at = instant(&opened(seen, &entry, value), &seen.zone).ok_or_else(|| Missing::NoTime(key.to_owned()))?;
    let certain = (basis == Basis::Agreed).then_some(at);
    Ok(Counted { at, earliest: certain, latest: certain, entry: Some(entry), basis })
}

/// A sealed value, where it is here.
fn opened(seen: &Seen<'_>, entry: &EntryId, value: ItemValue) -> ItemValue {
    if !matches!(value, ItemValue::Sealed(_)) {
        return value;
    }
    match seen.record.graph().find(entry).map(|ix| seen.record.laid_open(ix)) {
        Some(Act::Item { value, .. }) => value,
        _ => value,
    }
}

/// A day begins where the case is.
fn instant(value: &ItemValue, zone: &TimeZone) -> Option<i64> {
    match value {
        ItemValue::Time { instant, .. } => Some(*instant),
        ItemValue::Date(day) => {
            let day: Date = day.parse().ok()?;
            Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
        }
        _ => None,
    }
}
