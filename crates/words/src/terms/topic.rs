//! What else than actions is agreed on, from what people type.

use counterpart_core::{
    act::{Role, Topic},
    value::{Sealable, Seat},
};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    item_value::{self, Here, ReadFile},
    typed::typed,
};

/// A fact to agree on: its name, its type and its value, or the entries of a list.
pub fn item(case: &OpenCase, key: &str, kind: Option<&str>, values: &[String], file: ReadFile) -> Done<Topic> {
    let here = Here { zone: case.zone(), now: case.now, file };
    let value = item_value::stated(kind, values, here)?;
    Ok(Topic::Item { key: typed("the item's name", key.trim())?, value })
}

/// `price=24.99:money:GBP`: a type stands behind the value where it is one; else the whole is text.
pub fn item_in_one(case: &OpenCase, text: &str, file: ReadFile) -> Done<Topic> {
    let Some((key, value)) = text.split_once('=') else {
        return Err(CommandError::usage(format!("'{text}' is not KEY=VALUE")).hint("such as price=24.99:money:GBP"));
    };
    let (value, kind) = item_value::split_type(value);
    item(case, key, kind, &[value.to_owned()], file)
}

/// The same of a value as programs write it.
pub fn item_of_json(case: &OpenCase, key: &str, value: &serde_json::Value, file: ReadFile) -> Done<Topic> {
    let here = Here { zone: case.zone(), now: case.now, file };
    let value = item_value::from_json(&value.to_string(), here)?;
    Ok(Topic::Item { key: typed("the item's name", key.trim())?, value })
}

/// Other terms, with a title, between everybody who takes part.
pub fn free_terms(case: &OpenCase, title: &str, text: &str) -> Done<Topic> {
    let seats: Vec<_> = case.seats.iter().filter(|s| s.role.agrees()).map(|s| s.seat).collect();
    Ok(Topic::Terms {
        terms: None,
        title: typed("the title", title)?,
        text: Sealable::Open(typed("the terms", text)?),
        seats,
    })
}

/// A seat that nobody has taken.
pub fn free_seat(case: &OpenCase, text: &str) -> Done<Seat> {
    let seat = case.seat(text)?;
    let taken = case.seats.iter().any(|s| s.seat == seat && !s.parties.is_empty());
    if taken {
        return Err(CommandError::failed(format!("the seat of {} is taken", case.seat_label(&seat)))
            .hint("--admit-new ROLE LABEL adds a seat for a further party")
            .in_fields("{\"is\": \"admit_new\", \"role\": ..., \"label\": ...} adds a seat for a further party"));
    }
    Ok(seat)
}

/// Lets a party in on a seat that is added for it.
pub fn admit_new(role_typed: &str, label: &str) -> Done<Topic> {
    let role = role(role_typed)?;
    Ok(Topic::AdmitNew { role, label: Sealable::Open(typed("the name", label)?), party: None })
}

/// A role by its word.
pub fn role(typed: &str) -> Done<Role> {
    Role::from_word(&typed.trim().to_lowercase()).ok_or_else(|| {
        CommandError::usage(format!("'{typed}' is not a role"))
            .hint("write customer, supplier, third, observer or arbiter, then the name in quotes")
    })
}
