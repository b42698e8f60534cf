//! What an act's body may hold, exactly: a small schema language, and the levels written in it.
//!
//! A level lists its kinds and fields exhaustively and for ever. Checking is structural only; what a body means is
//! judged elsewhere. The same table prints the CDDL of the protocol document ([`cddl`]).

pub mod cddl;
mod level1;

use std::fmt::{self, Write as _};

use crate::cbor::{Key, Value};
use crate::text::{self, TextError};
use crate::value::{self, Decimal, DecimalError, Money};

/// What a value must be.
#[derive(Debug)]
pub enum Ty {
    /// Text of so many bytes of UTF-8, without the frozen characters.
    Text {
        min: usize,
        max: usize,
    },
    /// Text of one exact shape.
    Shape(Shape),
    Int {
        min: i64,
        max: i64,
    },
    Bytes {
        min: usize,
        max: usize,
    },
    Bool,
    /// One of these words.
    Word(&'static [&'static str]),
    /// So many values of one type.
    Array {
        of: &'static Self,
        min: usize,
        max: usize,
    },
    /// These values in this order, and perhaps one more.
    Tuple {
        fixed: &'static [Self],
        last: Option<&'static Self>,
    },
    /// A word, then a group of values, repeated up to `max` times.
    Tagged {
        word: &'static str,
        each: &'static [Self],
        max: usize,
    },
    Map(&'static [Field]),
    OneOf(&'static [Self]),
    Rule(&'static Rule),
}

/// Texts with a shape of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Decimal,
    /// A decimal of at most 4 places.
    Amount,
    Currency,
    /// "YYYY-MM-DD".
    Date,
    /// "YYYY-MM-DDTHH:MM".
    Local,
}

/// A field of a map.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub ty: Ty,
    pub required: bool,
}

/// A type with a name, used in several places or in itself.
pub struct Rule {
    pub name: &'static str,
    /// One line for the protocol document.
    pub doc: &'static str,
    pub ty: Ty,
}

// Rules may hold themselves, so only the name is printed.
impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A kind of act.
#[derive(Debug)]
pub struct Act {
    pub kind: &'static str,
    /// One line for the protocol document.
    pub doc: &'static str,
    pub body: &'static [Field],
}

/// A version of the acts' content.
#[derive(Debug)]
pub struct Level {
    number: u32,
    rules: &'static [&'static Rule],
    acts: &'static [Act],
}

/// The level of that number, if this version knows it.
#[must_use]
pub fn level(number: u32) -> Option<&'static Level> {
    [&level1::LEVEL].into_iter().find(|level| level.number == number)
}

/// Why a body is not one of its kind, and where. The path is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub struct SchemaError {
    /// Such as `body.subjects[0].due.zone`; `kind` if the kind itself is unknown.
    pub path: String,
    pub why: SchemaFault,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    #[error("this level has no such kind of act; use one it lists, or update")]
    UnknownKind,
    #[error("this field does not belong here at this level; leave it out")]
    UnknownField,
    #[error("this field is missing and the act means nothing without it; add it")]
    MissingField,
    #[error("here stands {found}; give {expected}")]
    WrongType { expected: String, found: &'static str },
    #[error("{found} {what}, which is out of range; give {min} to {max}")]
    OutOfRange { what: &'static str, found: i64, min: i64, max: i64 },
    #[error(transparent)]
    BadText(#[from] TextError),
    #[error(transparent)]
    BadNumber(#[from] DecimalError),
    #[error("not a date or time as it must be written; give {expected}")]
    BadTime { expected: &'static str },
    #[error("not a word that is known here; give one of: {}", .allowed.join(", "))]
    BadWord { allowed: &'static [&'static str] },
}

impl Level {
    /// Its number, as `open` and raising proposals name it.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The kinds of act, in the order of the protocol document.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.acts.iter().map(|act| act.kind)
    }

    /// The acts, in the order of the protocol document.
    #[must_use]
    pub fn acts(&self) -> &'static [Act] {
        self.acts
    }

    /// Holds a body against the table.
    ///
    /// # Errors
    /// The first fault found, with its place.
    pub fn check(&self, kind: &str, body: &Value) -> Result<(), SchemaError> {
        let Some(act) = self.acts.iter().find(|act| act.kind == kind) else {
            return Err(SchemaError { path: "kind".to_owned(), why: SchemaFault::UnknownKind });
        };
        check_map(act.body, body).map_err(Fault::into_error)
    }
}

enum Step {
    Field(String),
    Index(usize),
}

/// A fault on its way out; the steps are gathered innermost first, so that a good body costs no path.
struct Fault {
    steps: Vec<Step>,
    why: SchemaFault,
}

impl Fault {
    fn within(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    fn into_error(self) -> SchemaError {
        let mut path = "body".to_owned();
        for step in self.steps.iter().rev() {
            match step {
                // The name may be a stranger's.
                Step::Field(name) => write!(path, ".{}", text::visible_line(name)),
                Step::Index(index) => write!(path, "[{index}]"),
            }
            .expect("writing to memory does not fail");
        }
        SchemaError { path, why: self.why }
    }
}

impl From<SchemaFault> for Fault {
    fn from(why: SchemaFault) -> Self {
        Self { steps: Vec::new(), why }
    }
}

impl Ty {
    fn check(&self, value: &Value) -> Result<(), Fault> {
        match (self, value) {
            (Self::Text { min, max }, Value::Text(words)) => {
                within("bytes of text", words.len(), *min, *max)?;
                Ok(text::check(words).map_err(SchemaFault::from)?)
            }
            (Self::Shape(shape), Value::Text(words)) => shape.check(words),
            (Self::Int { min, max }, Value::Int(number)) => {
                if (min..=max).contains(&number) {
                    return Ok(());
                }
                Err(SchemaFault::OutOfRange { what: "is the number", found: *number, min: *min, max: *max }.into())
            }
            (Self::Bytes { min, max }, Value::Bytes(bytes)) => within("bytes", bytes.len(), *min, *max),
            (Self::Bool, Value::Bool(_)) => Ok(()),
            (Self::Word(allowed), Value::Text(word)) => {
                if allowed.contains(&word.as_str()) {
                    return Ok(());
                }
                Err(SchemaFault::BadWord { allowed }.into())
            }
            (Self::Array { of, min, max }, Value::Array(items)) => {
                within("entries", items.len(), *min, *max)?;
                check_each(std::iter::repeat(*of), items, 0)
            }
            (Self::Tuple { fixed, last }, Value::Array(items)) => {
                within("entries", items.len(), fixed.len(), fixed.len() + usize::from(last.is_some()))?;
                check_each(fixed.iter().chain(*last), items, 0)
            }
            (Self::Tagged { word, each, max }, Value::Array(items)) => {
                let Some((_, rest)) = items.split_first().filter(|(head, _)| head.as_text() == Some(word)) else {
                    return Err(self.wrong_type(value));
                };
                within("entries", rest.len().div_ceil(each.len()), 0, *max)?;
                if rest.len() % each.len() != 0 {
                    return Err(Fault::from(SchemaFault::MissingField).within(Step::Index(items.len())));
                }
                check_each(each.iter().cycle(), rest, 1)
            }
            (Self::Map(fields), value) => check_map(fields, value),
            (Self::OneOf(forms), value) => check_forms(self, forms, value),
            (Self::Rule(rule), value) => rule.ty.check(value),
            _ => Err(self.wrong_type(value)),
        }
    }

    fn wrong_type(&self, value: &Value) -> Fault {
        SchemaFault::WrongType { expected: self.describe(), found: found(value) }.into()
    }

    /// What to give instead, in a few words.
    fn describe(&self) -> String {
        match self {
            Self::Text { .. } | Self::Shape(_) => "a text".to_owned(),
            Self::Int { .. } => "a whole number".to_owned(),
            Self::Bytes { min, max } if min == max => format!("{min} bytes"),
            Self::Bytes { .. } => "bytes".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Word(words) => format!("the word {}", words.join(" or ")),
            Self::Array { .. } | Self::Tuple { .. } => "a list".to_owned(),
            Self::Tagged { word, .. } => format!("a list that begins with {word}"),
            Self::Map(_) => "a map".to_owned(),
            Self::OneOf(forms) => forms.iter().map(Self::describe).collect::<Vec<_>>().join(" or "),
            Self::Rule(rule) => rule.name.to_owned(),
        }
    }

    /// How much a value looks as if it were meant to be this; nothing if it cannot be. Only picks the form whose fault
    /// is told.
    fn likeness(&self, value: &Value) -> Option<usize> {
        let head_is = |words: &[&str], items: &[Value]| {
            let head = items.first().and_then(Value::as_text);
            head.is_some_and(|head| words.contains(&head)).then_some(2)
        };
        match (self, value) {
            (Self::Text { .. } | Self::Shape(_) | Self::Word(_), Value::Text(_))
            | (Self::Int { .. }, Value::Int(_))
            | (Self::Bytes { .. }, Value::Bytes(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::Array { .. }, Value::Array(_)) => Some(1),
            (Self::Tuple { fixed: [Self::Word(words), ..], .. }, Value::Array(items)) => head_is(words, items),
            (Self::Tuple { .. }, Value::Array(_)) => Some(1),
            (Self::Tagged { word, .. }, Value::Array(items)) => head_is(&[word], items),
            (Self::Map(fields), Value::Map(_)) => {
                let mut known = 1;
                for field in *fields {
                    match (&field.ty, value.field(field.name)) {
                        // A field of one word says which form the map has.
                        (Self::Word([word]), Some(given)) if given.as_text() != Some(word) => return None,
                        (_, Some(_)) => known += 1,
                        (_, None) => {}
                    }
                }
                Some(known)
            }
            (Self::OneOf(forms), value) => forms.iter().filter_map(|form| form.likeness(value)).max(),
            (Self::Rule(rule), value) => rule.ty.likeness(value),
            _ => None,
        }
    }
}

fn check_map(fields: &[Field], value: &Value) -> Result<(), Fault> {
    let Value::Map(entries) = value else {
        return Err(SchemaFault::WrongType { expected: "a map".to_owned(), found: found(value) }.into());
    };
    for (key, value) in entries {
        let name = match key {
            Key::Text(name) => name.as_str(),
            Key::Int(number) => {
                return Err(Fault::from(SchemaFault::UnknownField).within(Step::Field(number.to_string())));
            }
        };
        let at = |fault: Fault| fault.within(Step::Field(name.to_owned()));
        let field = fields.iter().find(|field| field.name == name);
        field.ok_or_else(|| at(SchemaFault::UnknownField.into()))?.ty.check(value).map_err(at)?;
    }
    match fields.iter().find(|field| field.required && value.field(field.name).is_none()) {
        Some(field) => Err(Fault::from(SchemaFault::MissingField).within(Step::Field(field.name.to_owned()))),
        None => Ok(()),
    }
}

fn check_each<'t>(types: impl Iterator<Item = &'t Ty>, items: &[Value], first: usize) -> Result<(), Fault> {
    for (index, (ty, item)) in types.zip(items).enumerate() {
        ty.check(item).map_err(|fault| fault.within(Step::Index(first + index)))?;
    }
    Ok(())
}

/// Any of the forms will do; if none does, the fault told is that of the form most likely meant.
fn check_forms(ty: &Ty, forms: &[Ty], value: &Value) -> Result<(), Fault> {
    let mut told: Option<(usize, Fault)> = None;
    for form in forms {
        let Some(likeness) = form.likeness(value) else { continue };
        match form.check(value) {
            Ok(()) => return Ok(()),
            Err(fault) if told.as_ref().is_none_or(|(best, _)| likeness > *best) => told = Some((likeness, fault)),
            Err(_) => {}
        }
    }
    Err(told.map_or_else(|| ty.wrong_type(value), |(_, fault)| fault))
}

fn within(what: &'static str, found: usize, min: usize, max: usize) -> Result<(), Fault> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Err(SchemaFault::OutOfRange { what, found: number(found), min: number(min), max: number(max) }.into())
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Int(_) => "a whole number",
        Value::Bytes(_) => "bytes",
        Value::Text(_) => "a text",
        Value::Array(_) => "a list",
        Value::Map(_) => "a map",
        Value::Bool(_) => "true or false",
    }
}

impl Shape {
    fn check(self, words: &str) -> Result<(), Fault> {
        match self {
            Self::Decimal => Decimal::parse(words).map(drop).map_err(SchemaFault::from)?,
            Self::Amount => Money::parse(words, "XXX").map(drop).map_err(SchemaFault::from)?,
            Self::Currency => Money::parse("0", words).map(drop).map_err(SchemaFault::from)?,
            Self::Date if !value::is_date(words) => {
                return Err(SchemaFault::BadTime { expected: "YYYY-MM-DD" }.into());
            }
            Self::Local if !value::is_local(words) => {
                return Err(SchemaFault::BadTime { expected: "YYYY-MM-DDTHH:MM" }.into());
            }
            Self::Date | Self::Local => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
