//! Service clocks: proposed with their hours, stopped with a reason, and set going again.

use counterpart_core::act::Act;
use counterpart_process::clocks::Which;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RoleInput;
use crate::{
    acts::remark,
    case::OpenCase,
    clocks::{self, ClocksTyped},
    error::Done,
    terms::proposal,
};

/// Service clocks that are proposed, or others in place of those agreed: at least one of the three. They count from when both
/// sides have signed, working hours alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClocksInput {
    /// Whose clocks they are: supplier, customer or third; the supplier where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<RoleInput>,
    /// Until they first answer, in counted time: `8 hours`, `90 minutes`, `1h 30m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_answer: Option<String>,
    /// From each word of theirs to the next, such as `16 hours`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_update: Option<String>,
    /// Until it is resolved, such as `40 hours`: five days of eight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// Which hours count, such as `mon-fri 09:00-17:30` or `daily 00:00-24:00`; `mon-fri 09:00-17:00` where none are said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<String>,
    /// The time zone of these hours, such as `Europe/London`; the case's where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Days that do not count: a country or part of it such as `GB-ENG`, `zone` for those of the zone's country, or a day such
    /// as `2026-12-24 Christmas Eve`. Each day is written into the terms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<String>,
    /// A remark to go with it; it is not part of the terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The proposal, as `counterpart clock CASE propose` makes it.
pub(super) fn propose(case: &OpenCase, said: &ClocksInput) -> Done<Act> {
    let given = [&said.first_answer, &said.next_update, &said.resolution];
    let typed = ClocksTyped {
        by: said.by.map(|role| role.as_str().to_owned()),
        lengths: Which::ALL.into_iter().zip(given).filter_map(|(which, text)| Some((which, text.clone()?))).collect(),
        hours: said.hours.clone(),
        zone: said.zone.clone(),
        holidays: said.holidays.clone(),
    };
    let agreed = typed.read(case.zone(), case.now)?;
    let topics = clocks::proposed(case, &agreed)?;
    Ok(Act::Propose(proposal(case, topics, None, remark("the note", said.note.as_deref())?)))
}
