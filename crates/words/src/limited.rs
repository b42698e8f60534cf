//! An act that goes beyond what its signer may sign: what is at stake and what the limit is, or which kinds of act are allowed;
//! whose limit it is, where it is set, and what helps.

use counterpart_core::{
    act::{Act, Mandate},
    fold::Reason,
    id::{EntryId, short_form},
    keylog::{EventBody, Grant, Kinds},
    record::DraftError,
    value::Money,
};
use counterpart_node::{DeskError, mandates_of};

use crate::{
    case::OpenCase,
    error::CommandError,
    money,
    render::{line, listed},
};

const MILLION: i128 = 1_000_000;

/// What a signer is held to, and where that is set.
struct Limit<'a> {
    /// The only kinds of act; every kind where there are none.
    kinds: Option<&'a [String]>,
    /// The most at stake, one a currency; any sum where there are none.
    ceilings: Vec<Money>,
    set: Set,
}

/// Where a limit is set.
#[derive(Clone, Copy)]
enum Set {
    /// When the key was let in, for good.
    Granted,
    /// By a mandate in the case; one that is not open binds our own machines alone.
    Mandate { entry: EntryId, open: bool },
}

impl Set {
    fn is_granted(self) -> bool {
        matches!(self, Self::Granted)
    }

    /// "by the mandate #12 ", to stand before what it allows.
    fn by(self, case: &OpenCase) -> String {
        match self {
            Self::Granted => String::new(),
            Self::Mandate { entry, open: true } => format!("by the mandate {} ", case.entry_name(&entry)),
            Self::Mandate { entry, open: false } => {
                format!("by your side's own mandate {} ", case.entry_name(&entry))
            }
        }
    }
}

/// Why an act of ours was not signed, where that is because of what its signer may sign.
pub(crate) fn beyond(case: &OpenCase, act: &Act, error: &DeskError) -> Option<CommandError> {
    let void = match error {
        DeskError::Draft(DraftError::WithoutEffect(Reason::BeyondMandate | Reason::KindNotGranted)) => true,
        DeskError::OwnLimit => false,
        _ => return None,
    };
    let author = case.author.as_ref()?;
    let grant = match &case.record.logs().event(&author.grant)?.body {
        EventBody::Grant(grant) => grant,
        _ => return None,
    };
    let mandates = mandates_of(&case.record, author);
    let limits: Vec<Limit<'_>> =
        std::iter::once(granted(grant)).chain(mandates.iter().map(|(id, mandate)| mandated(*id, mandate))).collect();
    let short = short_form(&author.device.0);
    let name = case.devices.get(&author.device).map(|name| line(name));
    let who = name.clone().unwrap_or_else(|| format!("this device ({short})"));
    let (why, broken) =
        of_another_kind(case, &limits, act.kind(), &who).or_else(|| too_much(case, &limits, act, &who))?;
    // What only our own machines hold to would have its effect elsewhere.
    let elsewhere = broken.iter().all(|set| matches!(set, Set::Mandate { open: false, .. }));
    let prefix = match void || !elsewhere {
        true => "this would have no effect, so it was not signed",
        false => "this was not signed",
    };
    let refusal = CommandError::failed(format!("{prefix}: {why}"));
    Some(refusal.hint(match broken.iter().any(|set| set.is_granted()) {
        true => format!(
            "let one of you sign it who may sign more. What {who} may sign was settled when its key was let in: for \
             more, let in another; `counterpart agent list` shows who may sign what"
        ),
        false => format!(
            "let one of you sign it who may sign more, or have another device of yours change the mandate of {who} in this \
             case; `counterpart mandate {} {} ...` does",
            case.short(),
            name.filter(|name| is_plain(name)).unwrap_or(short),
        ),
    }))
}

/// A word that no shell parts.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn granted(grant: &Grant) -> Limit<'_> {
    let kinds = match &grant.kinds {
        Kinds::All => None,
        Kinds::Listed(kinds) => Some(kinds.as_slice()),
    };
    Limit { kinds, ceilings: ceilings_of(grant), set: Set::Granted }
}

/// The ceilings of a grant, as far as they can be read.
fn ceilings_of(grant: &Grant) -> Vec<Money> {
    grant.ceilings.iter().filter_map(|(amount, currency)| Money::parse(amount, currency).ok()).collect()
}

fn mandated(entry: EntryId, mandate: &Mandate) -> Limit<'_> {
    let kinds = (!mandate.kinds.is_empty()).then_some(mandate.kinds.as_slice());
    let set = Set::Mandate { entry, open: mandate.open };
    Limit { kinds, ceilings: mandate.ceilings.clone(), set }
}

/// That a kind of act is not among those allowed, with which are; and what leaves it out.
fn of_another_kind(case: &OpenCase, limits: &[Limit<'_>], kind: &str, who: &str) -> Option<(String, Vec<Set>)> {
    let broken = limits.iter().find(|limit| limit.kinds.is_some_and(|kinds| !kinds.iter().any(|k| k == kind)))?;
    let kinds = broken.kinds.unwrap_or_default();
    let only = match kinds {
        [] => "it signs no acts".to_owned(),
        kinds => format!("only {}", listed(kinds.iter().map(|kind| line(kind)))),
    };
    let by = broken.set.by(case);
    Some((format!("{by}{who} may not sign this kind of act ({}), {only}", line(kind)), vec![broken.set]))
}

/// That more is at stake than the limits allow, with what they do; and which of them it breaks.
fn too_much(case: &OpenCase, limits: &[Limit<'_>], act: &Act, who: &str) -> Option<(String, Vec<Set>)> {
    let proposal = case.record.agreed_to(act)?;
    let (currency, stake) = limits.iter().find_map(|limit| proposal.beyond(&limit.ceilings))?;
    let breaks = |limit: &&Limit<'_>| {
        let of_currency = limit.ceilings.iter().filter(|most| most.currency() == currency);
        !limit.ceilings.is_empty() && of_currency.clone().all(|most| most.amount().millionths() < stake)
    };
    let broken: Vec<&Limit<'_>> = limits.iter().filter(breaks).collect();
    let most = |limit: &&Limit<'_>| {
        let by = limit.set.by(case);
        match limit.ceilings.iter().find(|ceiling| ceiling.currency() == currency) {
            Some(ceiling) => format!("{by}to at most {}", money::show(ceiling)),
            None => format!(
                "{by}to nothing in {}, only to at most {}",
                line(currency),
                listed(limit.ceilings.iter().map(money::show))
            ),
        }
    };
    let most = broken.iter().map(most).collect::<Vec<_>>().join(", and ");
    let why = format!("{} is at stake, and {who} may agree {most}", show(stake, currency));
    Some((why, broken.into_iter().map(|limit| limit.set).collect()))
}

/// A sum as people write it.
fn show(millionths: i128, currency: &str) -> String {
    let (whole, rest) = (millionths / MILLION, millionths % MILLION);
    let fraction = format!("{rest:06}");
    let fraction = fraction.trim_end_matches('0');
    let number = if rest == 0 { whole.to_string() } else { format!("{whole}.{fraction:0<2}") };
    // More than money of the format can be is a sum all the same.
    Money::parse(&number, currency).map_or_else(|_| format!("{number} {}", line(currency)), |sum| money::show(&sum))
}
