//! The notebook: what a person keeps for themselves about those they deal with. Numbers, ways through telephone menus,
//! people, notes. Nothing of it is ever sent to anybody; what is to be on record is put there by an act of its own.

mod before;

pub use before::{Before, Way};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{call::Draft, menu::Step};

/// Whom a note is about, as a key: the same for "Acme Ltd" and " acme  LTD". Lower case, single spaces.
#[must_use]
pub fn whom_key(name: &str) -> String {
    name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// A telephone number, or whatever else somebody is reached by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Number {
    pub number: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When it was last called with success, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worked: Option<i64>,
}

/// A way to a person: the number, what was done in the menu, how long it took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Path {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Nothing where there was no menu.
    pub steps: Vec<Step>,
    /// How long it took until somebody answered when it was last gone, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<u32>,
    /// When it last worked, Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worked: Option<i64>,
    /// How often it was gone.
    pub times: u32,
}

/// Somebody on the other side, and how to reach them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    pub name: String,
    /// What they do there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Their direct line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When they can be reached, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Person {
    /// As a contact names whoever answered: "Dean, customer care".
    #[must_use]
    pub fn of_contact(text: &str) -> Self {
        match text.split_once(", ") {
            Some((name, function)) if !name.trim().is_empty() && !function.trim().is_empty() => {
                Self { name: name.trim().to_owned(), function: Some(function.trim().to_owned()), ..Self::default() }
            }
            _ => Self { name: text.trim().to_owned(), ..Self::default() },
        }
    }

    /// Whether it is the same person, as far as names tell.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        whom_key(&self.name) == whom_key(name)
    }

    /// Takes over what another note says of the same person and this one does not.
    pub fn fill_from(&mut self, other: &Self) {
        for (own, others) in [
            (&mut self.function, &other.function),
            (&mut self.phone, &other.phone),
            (&mut self.email, &other.email),
            (&mut self.hours, &other.hours),
            (&mut self.note, &other.note),
        ] {
            if own.is_none() {
                own.clone_from(others);
            }
        }
    }
}

/// A text, for a case or about somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remark {
    pub text: String,
    /// The entry, as hex digits, by which it was put on record; nothing while it is private.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
}

/// One note of the notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    Number(Number),
    Path(Path),
    Person(Person),
    Remark(Remark),
    /// A contact that was not noted to its end.
    Draft(Draft),
    /// What the home's owner is called.
    Own(String),
}

impl Note {
    pub const NUMBER: &'static str = "number";
    pub const PATH: &'static str = "path";
    pub const PERSON: &'static str = "person";
    pub const REMARK: &'static str = "note";
    pub const DRAFT: &'static str = "draft";
    pub const OWN: &'static str = "own-name";

    /// Its kind, as it is stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => Self::NUMBER,
            Self::Path(_) => Self::PATH,
            Self::Person(_) => Self::PERSON,
            Self::Remark(_) => Self::REMARK,
            Self::Draft(_) => Self::DRAFT,
            Self::Own(_) => Self::OWN,
        }
    }

    /// Reads what [`Kept::write`] wrote; nothing for what is of another kind, or cannot be read.
    fn read(kind: &str, value: serde_json::Value) -> Option<Self> {
        fn as_one<T: DeserializeOwned>(value: serde_json::Value) -> Option<T> {
            serde_json::from_value(value).ok()
        }
        Some(match kind {
            Self::NUMBER => Self::Number(as_one(value)?),
            Self::PATH => Self::Path(as_one(value)?),
            Self::PERSON => Self::Person(as_one(value)?),
            Self::REMARK => Self::Remark(as_one(value)?),
            Self::DRAFT => Self::Draft(as_one(value)?),
            Self::OWN => Self::Own(as_one(value)?),
            _ => return None,
        })
    }

    fn value(&self) -> serde_json::Value {
        let value = match self {
            Self::Number(number) => serde_json::to_value(number),
            Self::Path(path) => serde_json::to_value(path),
            Self::Person(person) => serde_json::to_value(person),
            Self::Remark(remark) => serde_json::to_value(remark),
            Self::Draft(draft) => serde_json::to_value(draft),
            Self::Own(name) => serde_json::to_value(name),
        };
        value.unwrap_or_default()
    }
}

/// A note with the name of whom it is about as it was written: the key of the row has lost its capitals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub of: Option<String>,
    pub note: Note,
}

#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    is: serde_json::Value,
}

impl Kept {
    /// The body of a row of the notebook.
    #[must_use]
    pub fn write(&self) -> String {
        let written = Written { of: self.of.clone(), is: self.note.value() };
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// Reads a row; nothing for one that is not of these kinds, or cannot be read.
    #[must_use]
    pub fn read(kind: &str, body: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(body).ok()?;
        Some(Self { of: written.of, note: Note::read(kind, written.is)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_key() {
        assert_eq!(whom_key(" Acme  LTD\n"), whom_key("acme ltd"));
        assert_ne!(whom_key("Acme Ltd"), whom_key("AcmeLtd"));
    }

    #[test]
    fn notes_come_back_as_they_were_written() {
        let steps = crate::menu::read("2 billing, wait 40 s, say complaint, #").expect("a way");
        let person =
            Person { name: "Dean".to_owned(), email: Some("dean@acme.example".to_owned()), ..Person::default() };
        for note in [
            Note::Number(Number { number: "0800 1".to_owned(), label: None, worked: Some(7) }),
            Note::Path(Path { number: None, steps, took: Some(360), worked: Some(9), times: 2 }),
            Note::Person(person),
            Note::Remark(Remark { text: "do not mention the neighbour".to_owned(), shared: None }),
            Note::Own("Maya".to_owned()),
        ] {
            let kept = Kept { of: Some("Acme Ltd".to_owned()), note };
            assert_eq!(Kept::read(kept.note.kind(), &kept.write()), Some(kept));
        }
        assert_eq!(Kept::read("step", r#"{"is":{}}"#), None, "kept by somebody else");
        assert_eq!(Kept::read("person", "{"), None, "damaged");
    }

    #[test]
    fn who_answered_has_a_name_and_perhaps_a_role() {
        let dean = Person::of_contact("Dean, customer care, Leeds");
        assert_eq!((dean.name.as_str(), dean.function.as_deref()), ("Dean", Some("customer care, Leeds")));
        assert_eq!(Person::of_contact("Dean").function, None);
    }
}
