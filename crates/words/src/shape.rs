//! What a program sent, read into the type that takes it, and held against the shape that is written down for that type: where
//! the two differ it is said in plain words, with the place.
//!
//! What a type's own reading takes is taken, with one thing less: where the shape wants an object, a text or a number, nothing
//! else stands for it, such as a list of a structure's fields in their order.

mod differs;
mod tree;

use std::{
    any::TypeId,
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use self::differs::{Differs, Only};

/// Bytes of the longest place that is named whole; below it stands something of the sender's own making.
const LONGEST: usize = 400;

/// What was sent is not of the shape that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where, as RFC 6901 writes it: nothing for the whole; no place where it is not even JSON.
    pub pointer: Option<String>,
    /// What is not right there, in plain words.
    pub why: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_deref() {
            None | Some("") => write!(f, "{}", self.why),
            Some(place) => write!(f, "at {place}: {}", self.why),
        }
    }
}

/// A step down: to a field by name, or to an element by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Field(String),
    Element(usize),
}

/// The place as it is written.
fn pointer(path: &[Step]) -> String {
    let mut place = String::new();
    for step in path {
        let step = match step {
            Step::Field(name) => name.replace('~', "~0").replace('/', "~1"),
            Step::Element(nth) => nth.to_string(),
        };
        if place.len() + step.len() >= LONGEST {
            break;
        }
        place.push('/');
        place.push_str(&step);
    }
    place
}

/// Reads JSON.
///
/// # Errors
/// When it is no JSON, says a thing twice, or is not of the type's shape.
pub fn read<T: DeserializeOwned + JsonSchema + 'static>(bytes: &[u8]) -> Result<T, Misfit> {
    read_value(&tree::of(bytes)?)
}

/// The same of what is read already.
///
/// # Errors
/// When it is not of the type's shape.
pub fn read_value<T: DeserializeOwned + JsonSchema + 'static>(json: &Json) -> Result<T, Misfit> {
    let shape = shape_of::<T>();
    match T::deserialize(json) {
        Ok(read) => match Differs::new(&shape, Only::Kinds).find(json) {
            Some(misfit) => Err(misfit),
            None => Ok(read),
        },
        Err(why) => Err(Differs::new(&shape, Only::All)
            .find(json)
            .unwrap_or_else(|| Misfit { pointer: Some(String::new()), why: why.to_string() })),
    }
}

/// What is wrong with names and values as they stand in an address: the name, and why. Nothing where nothing is found.
pub fn parameter_misfit<T: JsonSchema + 'static>(given: &[(String, String)]) -> Option<(String, String)> {
    differs::of_parameters(&shape_of::<T>(), given)
}

/// The shape of a type, which is written down once.
fn shape_of<T: JsonSchema + 'static>() -> Arc<Json> {
    static KNOWN: Mutex<BTreeMap<TypeId, Arc<Json>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let made = || {
        let settings = SchemaSettings::draft2020_12().for_deserialize();
        Arc::new(settings.into_generator().into_root_schema_for::<T>().to_value())
    };
    Arc::clone(known.entry(TypeId::of::<T>()).or_insert_with(made))
}

#[cfg(test)]
mod tests;
