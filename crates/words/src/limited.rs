//! An act that goes beyond what its signer may sign: what is at stake and what the limit is, or which kinds of act are allowed;
//! whose limit it is, where it is set, and what helps.

use std::collections::BTreeMap;

use counterpart_core::{
    act::{Act, Mandate},
    fold::Reason,
    id::{DeviceKey, EntryId, short_form},
    keylog::{EventBody, Grant, KeyLogs, Kinds},
    record::{Author, DraftError, Record},
    value::Money,
};
use counterpart_node::{Desk, DeskError, mandates_of};

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
    /// "by the mandate #12 ", to stand before what it allows.
    by: String,
}

/// Where a limit is set.
#[derive(Clone, Copy)]
enum Set {
    /// When the key was let in, for good.
    Granted,
    /// By a mandate in the case; one that is not open binds our own machines alone.
    Mandate { open: bool },
}

impl Set {
    fn is_granted(self) -> bool {
        matches!(self, Self::Granted)
    }
}

/// Who signs, as its own side calls it.
struct Signer {
    short: String,
    name: Option<String>,
}

impl Signer {
    fn of(author: &Author, devices: &BTreeMap<DeviceKey, String>) -> Self {
        Self { short: short_form(&author.device.0), name: devices.get(&author.device).map(|name| line(name)) }
    }

    fn who(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("this device ({})", self.short))
    }
}

const WITHOUT_EFFECT: &str = "this would have no effect, so it was not signed";

/// Why an act of ours was not signed, where that is because of what its signer may sign.
pub(crate) fn beyond(case: &OpenCase, act: &Act, error: &DeskError) -> Option<CommandError> {
    let void = match error {
        DeskError::OwnLimit => false,
        _ if is_void(error) => true,
        _ => return None,
    };
    let author = case.author.as_ref()?;
    let mandates = mandates_of(&case.record, author);
    let mandated = mandates.iter().map(|(id, mandate)| mandated(case, id, mandate));
    let limits: Vec<Limit<'_>> =
        std::iter::once(granted(grant_of(case.record.logs(), author)?)).chain(mandated).collect();
    let signer = Signer::of(author, &case.devices);
    let who = signer.who();
    let (why, broken) = broken(&case.record, &limits, act, &who)?;
    // What only our own machines hold to would have its effect elsewhere.
    let elsewhere = broken.iter().all(|set| matches!(set, Set::Mandate { open: false }));
    let prefix = if void || !elsewhere { WITHOUT_EFFECT } else { "this was not signed" };
    let refusal = CommandError::failed(format!("{prefix}: {why}"));
    Some(refusal.hint(match broken.iter().any(|set| set.is_granted()) {
        true => another(&who),
        false => format!(
            "let one of you sign it who may sign more, or have another device of yours change the mandate of {who} in this \
             case; `counterpart mandate {} {} ...` does",
            case.short(),
            signer.name.filter(|name| is_plain(name)).unwrap_or(signer.short),
        ),
    }))
}

/// The same of an act that opens a case or is signed with its opening, where no mandate stands yet.
pub(crate) fn beyond_at_opening(desk: &Desk, act: &Act, error: &DeskError) -> Option<CommandError> {
    if !is_void(error) {
        return None;
    }
    let (author, log) = (desk.author(), desk.own_log().ok()?);
    let who = Signer::of(&author, &desk.device_names().ok()?).who();
    let limits = [granted(grant_of(&log, &author)?)];
    let (why, _) = broken(&Record::new(), &limits, act, &who)?;
    Some(CommandError::failed(format!("{WITHOUT_EFFECT}: {why}")).hint(another(&who)))
}

/// Whether an act beyond its signer's limits would have no effect for anybody.
fn is_void(error: &DeskError) -> bool {
    let limit = |reason: &Reason| matches!(reason, Reason::BeyondMandate | Reason::KindNotGranted);
    matches!(error, DeskError::Draft(DraftError::WithoutEffect(reason)) if limit(reason))
}

fn grant_of<'a>(logs: &'a KeyLogs, author: &Author) -> Option<&'a Grant> {
    match &logs.event(&author.grant)?.body {
        EventBody::Grant(grant) => Some(grant),
        _ => None,
    }
}

/// What helps where it is the grant that does not let them.
fn another(who: &str) -> String {
    format!(
        "let one of you sign it who may sign more. What {who} may sign was settled when its key was let in: for more, let \
         in another; `counterpart agent list` shows who may sign what"
    )
}

/// Why the limits do not allow an act, and which of them.
fn broken(record: &Record, limits: &[Limit<'_>], act: &Act, who: &str) -> Option<(String, Vec<Set>)> {
    of_another_kind(limits, act.kind(), who).or_else(|| too_much(record, limits, act, who))
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
    Limit { kinds, ceilings: ceilings_of(grant), set: Set::Granted, by: String::new() }
}

/// The ceilings of a grant, as far as they can be read.
fn ceilings_of(grant: &Grant) -> Vec<Money> {
    grant.ceilings.iter().filter_map(|(amount, currency)| Money::parse(amount, currency).ok()).collect()
}

fn mandated<'a>(case: &OpenCase, entry: &EntryId, mandate: &'a Mandate) -> Limit<'a> {
    let kinds = (!mandate.kinds.is_empty()).then_some(mandate.kinds.as_slice());
    let whose = if mandate.open { "the" } else { "your side's own" };
    let by = format!("by {whose} mandate {} ", case.entry_name(entry));
    Limit { kinds, ceilings: mandate.ceilings.clone(), set: Set::Mandate { open: mandate.open }, by }
}

/// That a kind of act is not among those allowed, with which are; and what leaves it out.
fn of_another_kind(limits: &[Limit<'_>], kind: &str, who: &str) -> Option<(String, Vec<Set>)> {
    let broken = limits.iter().find(|limit| limit.kinds.is_some_and(|kinds| !kinds.iter().any(|k| k == kind)))?;
    let kinds = broken.kinds.unwrap_or_default();
    let only = match kinds {
        [] => "it signs no acts".to_owned(),
        kinds => format!("only {}", listed(kinds.iter().map(|kind| line(kind)))),
    };
    let by = &broken.by;
    Some((format!("{by}{who} may not sign this kind of act ({}), {only}", line(kind)), vec![broken.set]))
}

/// That more is at stake than the limits allow, with what they do; and which of them it breaks.
fn too_much(record: &Record, limits: &[Limit<'_>], act: &Act, who: &str) -> Option<(String, Vec<Set>)> {
    let proposal = record.agreed_to(act)?;
    let (currency, stake) = limits.iter().find_map(|limit| proposal.beyond(&limit.ceilings))?;
    let breaks = |limit: &&Limit<'_>| {
        let of_currency = limit.ceilings.iter().filter(|most| most.currency() == currency);
        !limit.ceilings.is_empty() && of_currency.clone().all(|most| most.amount().millionths() < stake)
    };
    let broken: Vec<&Limit<'_>> = limits.iter().filter(breaks).collect();
    let most = |limit: &&Limit<'_>| {
        let by = &limit.by;
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
