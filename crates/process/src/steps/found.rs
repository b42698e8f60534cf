//! Where in a case there is what deciders want to see.

use std::{fmt, str::FromStr};

use counterpart_core::{act::Act, id::EntryId, record::Record, value::ActionId, view::View};
use serde::{Deserialize, Serialize};

use super::{Ref, Want};

/// Where something is to be looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    Contacts,
    /// What was promised: agreed, or noted as said.
    Promises,
    Files,
    Reminders,
    /// Due times noted as passed.
    Missed,
    /// An item by its key.
    Item(String),
    /// Everything about an action.
    Action {
        proposal: Ref,
        subject: u32,
    },
}

/// Why a text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no place in a case: write contacts, promises, files, reminders, missed, or item and its key")]
pub struct PlaceError(pub String);

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        Ok(match words.as_slice() {
            ["contacts"] => Self::Contacts,
            ["promises"] => Self::Promises,
            ["files"] => Self::Files,
            ["reminders"] => Self::Reminders,
            ["missed"] => Self::Missed,
            ["item", key] => Self::Item((*key).to_owned()),
            _ => return Err(PlaceError(text.to_owned())),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contacts => f.write_str("contacts"),
            Self::Promises => f.write_str("promises"),
            Self::Files => f.write_str("files"),
            Self::Reminders => f.write_str("reminders"),
            Self::Missed => f.write_str("missed"),
            Self::Item(key) => write!(f, "item {key}"),
            Self::Action { .. } => f.write_str("action"),
        }
    }
}

/// The entries of a case that have what is wanted, in the agreed order: those its owner pointed at, and those that are
/// in the place named.
#[must_use]
pub fn found(record: &Record, view: &View, want: &Want) -> Vec<EntryId> {
    let graph = record.graph();
    let pointed = |id: &EntryId| want.entries.iter().any(|r| r.0 == *id);
    let action = match &want.place {
        Some(Place::Action { proposal, subject }) => {
            let id = ActionId { proposal: proposal.0, index: *subject };
            view.actions.iter().find(|a| a.id == id)
        }
        _ => None,
    };
    let is_there = |id: &EntryId| {
        let Some(ix) = graph.find(id) else { return false };
        let act = record.fold().act(ix);
        match (&want.place, act) {
            (Some(Place::Contacts), Act::Contact(_))
            | (Some(Place::Files), Act::Attach { .. })
            | (Some(Place::Reminders), Act::Remind { .. })
            | (Some(Place::Missed), Act::Missed { .. }) => true,
            (Some(Place::Promises), Act::Propose(_) | Act::Counter { .. }) => {
                view.actions.iter().any(|a| a.status.revision == ix)
            }
            (Some(Place::Item(key)), Act::Item { key: stated, .. }) => stated == key,
            (Some(Place::Action { .. }), _) => action.is_some_and(|a| {
                let revisions = [graph.id(a.status.revision), a.id.proposal];
                revisions.iter().any(|revision| revision == id || record.fold().about(revision).contains(&ix))
            }),
            _ => false,
        }
    };
    let counted = graph.ordered().into_iter().filter(|ix| graph.counts(*ix)).map(|ix| graph.id(ix));
    counted.filter(|id| pointed(id) || is_there(id)).collect()
}
