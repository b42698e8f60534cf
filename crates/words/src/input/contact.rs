//! A contact, and what was promised in it.

use counterpart_process::call::{Draft, Promise};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::{DueInput, SeatInput, point};
use crate::{
    case::OpenCase,
    contact::{Noted, noted},
    error::{CommandError, Done},
    render, when,
};

/// A call, a letter, an e-mail, a visit or a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactInput {
    /// How.
    pub channel: Channel,
    /// Who got in touch with whom.
    pub direction: Direction,
    /// When it began, RFC 3339 with the distance from UTC.
    pub started: String,
    /// What was said.
    pub summary: String,
    /// How many minutes it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    /// How many seconds one waited before somebody answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<u32>,
    /// With whose side; the other side, where there is one and nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<SeatInput>,
    /// With whom there, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// What that person does there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Their number or address; kept beside the record, so that it can be erased later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The reference they gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The steps through their telephone menu, such as `2 billing`, `wait 40 s`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub menu: Vec<String>,
    /// What they promised; recorded for them, and our word alone until they accept it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<PromiseInput>,
}

/// How a contact was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    Telephone,
    Mail,
    #[serde(rename = "e-mail")]
    Email,
    Visit,
    Chat,
    #[default]
    Other,
}

impl Channel {
    /// The word of the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Telephone => "telephone",
            Self::Mail => "mail",
            Self::Email => "e-mail",
            Self::Visit => "visit",
            Self::Chat => "chat",
            Self::Other => "other",
        }
    }
}

/// Who got in touch with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// They got in touch with us.
    In,
    /// We got in touch with them.
    Out,
}

/// Something they promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromiseInput {
    /// What.
    pub what: String,
    /// By when: a length of time counts from the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DueInput>,
    /// Whose promise it is, where it is not that of the side one was in contact with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<SeatInput>,
    /// Who promised it, where that is not whom one was in contact with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// What is signed of a contact.
pub(super) fn read(case: &OpenCase, said: &ContactInput) -> Done<Noted> {
    let (started, _) = point(case, &said.started)?;
    if started > case.now {
        return Err(CommandError::usage(format!("{} has not come yet", when::show(started, case.zone())))
            .hint("a contact is noted once it has begun"));
    }
    let minutes = said.minutes.unwrap_or(0);
    let promise = |promise: &PromiseInput| {
        Ok(Promise {
            what: promise.what.clone(),
            by: promise.due.as_ref().map(|due| due.typed(case)).transpose()?,
            who: whom(case, promise.seat.as_ref(), promise.person.as_deref())?,
        })
    };
    let draft = Draft {
        channel: said.channel.as_str().to_owned(),
        incoming: said.direction == Direction::In,
        // When it began is what is left of this without the minutes it took: exactly what was said.
        begun: started.saturating_add(i64::from(minutes) * 60_000),
        minutes: said.minutes,
        number: said.number.clone(),
        menu: said.menu.clone(),
        waited: said.waited,
        person: whom(case, said.seat.as_ref(), said.person.as_deref())?,
        role: said.role.clone(),
        reference: said.reference.clone(),
        summary: Some(said.summary.clone()),
        promises: said.promises.iter().map(promise).collect::<Done<_>>()?,
        ..Draft::default()
    };
    noted(case, &draft)
}

/// A seat and a person there, as they would be typed.
fn whom(case: &OpenCase, seat: Option<&SeatInput>, person: Option<&str>) -> Done<Option<String>> {
    let seat = seat.map(|seat| seat.find(case)).transpose()?;
    let named = person.map(str::trim).filter(|name| !name.is_empty());
    if let Some(name) = named.filter(|name| name.contains(':')) {
        return Err(CommandError::usage(format!("'{}' is no name: it has a colon in it", render::line(name))));
    }
    Ok(match (seat, named) {
        (None, None) => None,
        (Some(seat), None) => Some(seat.to_string()),
        (Some(seat), Some(name)) => Some(format!("{seat}:{name}")),
        (None, Some(name)) => Some(match case.other_seat() {
            Some(seat) => format!("{seat}:{name}"),
            None => name.to_owned(),
        }),
    })
}
