//! What a program signs by itself, at an agent's seat: kinds of act that are listed for it, and agreements of which the
//! ceiling sees everything.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, Proposal, Topic},
    keylog::Kinds,
    record::Record,
    value::Money,
};
use counterpart_node::Desk;

use super::Prepared;
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render,
};

impl Prepared {
    /// As [`program_may_sign`], of these acts in their case.
    ///
    /// # Errors
    /// Why a program may not, and what would let it.
    pub fn may_be_signed_by_a_program(&self, desk: &Desk, case: &OpenCase) -> Done {
        program_may_sign(desk, &case.record, &self.acts)
    }
}

/// Whether the limits of whoever signs at this desk let a program sign acts that nobody was shown: its rights or its mandate in
/// the case list the kinds; and where it agrees to something, a ceiling limits it, and what it agrees to is actions alone, each
/// with a stated value in a currency that has a ceiling. A ceiling sees nothing else: neither terms in words, nor agreed
/// values, nor who is let in.
///
/// That the acts are of those kinds and within those ceilings is judged where every act is.
///
/// # Errors
/// Why a program may not, and what would let it.
pub fn program_may_sign(desk: &Desk, record: &Record, acts: &[Act]) -> Done {
    let own = desk.agents()?.into_iter().find(|agent| agent.here);
    let rights = own.map(|agent| agent.rights).ok_or_else(|| CommandError::failed("this seat has no rights"))?;
    let mandates = desk.mandates(record);
    if rights.kinds == Kinds::All && mandates.iter().all(|mandate| mandate.kinds.is_empty()) {
        return Err(CommandError::failed(
            "this seat may sign every kind of act: a program signs by itself only where the seat's rights, or its mandate in \
             the case, lists the kinds it may",
        )
        .hint(
            "let a person read and sign this, or have a mandate list the kinds in this case; \
             `counterpart mandate CASE SEAT --only KINDS` does",
        ));
    }
    let granted: BTreeSet<&str> = rights.ceilings.iter().map(|(_, currency)| currency.as_str()).collect();
    let mandated = mandates.iter().map(|mandate| mandate.ceilings.iter().map(Money::currency).collect());
    let mut limits: Vec<BTreeSet<&str>> = mandated.collect();
    limits.push(granted);
    limits.retain(|limit| !limit.is_empty());
    acts.iter().filter_map(|act| Assent::of(record, act)).try_for_each(|assent| assent.seen_by(&limits))
}

/// What one agrees to by an act.
enum Assent<'a> {
    To(&'a Proposal),
    /// It is no proposal that is on record here.
    Unseen,
}

impl<'a> Assent<'a> {
    /// Nothing for acts by which one agrees to nothing.
    fn of(record: &'a Record, act: &'a Act) -> Option<Self> {
        match act {
            Act::Propose(_) | Act::Counter { .. } | Act::Accept { .. } | Act::Confirm { .. } | Act::Choose { .. } => {
                Some(record.agreed_to(act).map_or(Self::Unseen, Self::To))
            }
            _ => None,
        }
    }

    /// Whether all of it is money that each of the limits has a ceiling for.
    fn seen_by(&self, limits: &[BTreeSet<&str>]) -> Done {
        if limits.is_empty() {
            return Err(CommandError::failed(
                "what limits this seat names no ceiling: a program agrees to nothing without one",
            )
            .hint(
                "let a person read and sign this, or have a mandate set a ceiling in this case; \
                 `counterpart mandate CASE SEAT --ceiling MONEY` does",
            ));
        }
        let Self::To(proposal) = self else { return Err(unseen("this is no proposal")) };
        for subject in &proposal.subjects {
            let Topic::Action { terms, .. } = &subject.topic else {
                return Err(unseen(&format!("this is about {}", about(&subject.topic))));
            };
            let Some(value) = &terms.value else { return Err(unseen("an action here states no value")) };
            if !limits.iter().all(|limit| limit.contains(value.currency())) {
                return Err(unseen(&format!("its ceiling has no {}", render::line(value.currency()))));
            }
        }
        Ok(())
    }
}

fn unseen(why: &str) -> CommandError {
    CommandError::failed(format!(
        "a program agrees by itself only to actions with a stated value in a currency that has a ceiling: {why}"
    ))
    .hint("let a person read and sign this")
}

fn about(topic: &Topic) -> &'static str {
    match topic {
        Topic::Action { .. } => "an action",
        Topic::Item { .. } => "an agreed value, which no ceiling limits",
        Topic::Terms { .. } => "terms in words, which no ceiling limits",
        Topic::AdmitSeat { .. } | Topic::AdmitNew { .. } => "letting somebody in",
        Topic::Close { .. } => "closing the case",
        Topic::Level { .. } => "raising the level of the case",
    }
}
