//! Steps: what a person can do next where the other side stays silent, and until when. Kept for oneself; nothing of it is
//! signed or sent. A step counts from something in the record, so that it can be said how far its dates are proven.

mod counted;
mod dated;
mod found;
mod length;

pub use counted::{Basis, Counted, Missing};
pub use dated::{DatedStep, Seen, Standing, When, dated};
pub use found::{Place, PlaceError, found};
pub use length::{Length, LengthError, Stretch};

use counterpart_core::{id::EntryId, value::ActionId};
use serde::{Deserialize, Serialize};

/// The kind of note that holds the steps of a case: one note a case.
pub const KIND: &str = "step";

/// The most steps of a case.
pub const MOST: usize = 32;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What other steps call it: unique in its case.
    pub id: String,
    pub what: String,
    /// What it counts from.
    pub from: Start,
    /// How long after that it can be taken; at once where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Length>,
    /// How long it can be taken from then on; without end where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Length>,
    /// Whom it goes to, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What they will want to see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wants: Vec<Want>,
    /// That it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
}

/// Something deciders want to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Want {
    pub what: String,
    /// Where in the case it is to be looked for; its owner looks where nothing is said.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The entries its owner pointed at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Ref>,
}

/// That a step was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Unix milliseconds.
    pub at: i64,
    /// The entry that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Ref>,
}

/// What a step counts from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Start {
    /// The opening of the case.
    Opening,
    /// An entry: when it was signed; of a contact, when that was.
    Entry { entry: Ref },
    /// The due time of an action, as the terms have it that stand now.
    Due { proposal: Ref, subject: u32 },
    /// A day or time that is an item of the case.
    Item { key: String },
    /// The first contact with the other side that is noted.
    FirstContact,
    /// The last one.
    LastContact,
    /// Another step, once it was taken.
    Step { id: String },
    /// A time its owner names. Unix milliseconds.
    Date { at: i64 },
}

impl Start {
    /// The due time of an action.
    #[must_use]
    pub fn due_of(action: &ActionId) -> Self {
        Self::Due { proposal: Ref(action.proposal), subject: action.index }
    }
}

/// An entry, written as hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Ref(pub EntryId);

impl From<Ref> for String {
    fn from(entry: Ref) -> Self {
        entry.0.to_hex()
    }
}

impl TryFrom<String> for Ref {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        EntryId::from_hex(&text).map(Self).ok_or("not the id of an entry")
    }
}

/// The steps of a case as one note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    pub steps: Vec<Step>,
}

/// What is wrong with a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("two steps are called '{0}'; a step's name is its own")]
    Twice(String),
    #[error("the step '{step}' counts from '{from}', and no step is called that")]
    Unknown { step: String, from: String },
    #[error("the step '{0}' counts, over others, from itself")]
    Circle(String),
    #[error("a case has at most {MOST} steps")]
    TooMany,
}

impl Path {
    /// Whether the steps hold together.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self) -> Result<(), PathError> {
        if self.steps.len() > MOST {
            return Err(PathError::TooMany);
        }
        for (n, step) in self.steps.iter().enumerate() {
            if self.steps[..n].iter().any(|earlier| earlier.id == step.id) {
                return Err(PathError::Twice(step.id.clone()));
            }
            let mut at = step;
            for _ in 0..self.steps.len() {
                let Start::Step { id } = &at.from else { break };
                let unknown = || PathError::Unknown { step: at.id.clone(), from: id.clone() };
                at = self.step(id).ok_or_else(unknown)?;
                if at.id == step.id {
                    return Err(PathError::Circle(step.id.clone()));
                }
            }
        }
        Ok(())
    }

    /// The step of that name.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(id: &str, from: Start) -> Step {
        Step {
            id: id.to_owned(),
            what: "Write".to_owned(),
            from,
            after: None,
            within: None,
            to: None,
            wants: Vec::new(),
            taken: None,
        }
    }

    fn after(id: &str) -> Start {
        Start::Step { id: id.to_owned() }
    }

    #[test]
    fn a_path_holds_together_or_says_why_not() {
        let path = |steps: Vec<Step>| Path { steps }.check();
        assert_eq!(path(vec![step("a", Start::Opening), step("b", after("a"))]), Ok(()));
        assert_eq!(path(vec![step("b", after("a")), step("a", Start::Opening)]), Ok(()));
        assert_eq!(
            path(vec![step("a", Start::Opening), step("a", Start::LastContact)]),
            Err(PathError::Twice("a".to_owned()))
        );
        assert!(matches!(path(vec![step("a", after("x"))]), Err(PathError::Unknown { .. })));
        assert!(matches!(path(vec![step("a", after("a"))]), Err(PathError::Circle(_))));
        assert!(matches!(path(vec![step("a", after("b")), step("b", after("a"))]), Err(PathError::Circle(_))));
        // A circle further on is told of a step that is in it.
        let tail = vec![step("c", after("a")), step("a", after("b")), step("b", after("a"))];
        assert_eq!(path(tail), Err(PathError::Circle("a".to_owned())));
        assert_eq!(path((0..=MOST).map(|n| step(&n.to_string(), Start::Opening)).collect()), Err(PathError::TooMany));
    }

    #[test]
    fn notes_come_back_as_they_were_written() {
        let entry = Ref(EntryId([7; 32]));
        for from in [
            Start::Opening,
            Start::Entry { entry },
            Start::Due { proposal: entry, subject: 1 },
            Start::Item { key: "sold-on".to_owned() },
            Start::FirstContact,
            Start::LastContact,
            after("a"),
            Start::Date { at: 5 },
        ] {
            let mut one = step("b", from);
            one.after = Some(Length { count: 8, unit: Stretch::Weeks });
            one.taken = Some(Taken { at: 9, by: Some(entry) });
            one.wants = vec![Want { what: "bills".to_owned(), place: Some(Place::Files), entries: vec![entry] }];
            let text = serde_json::to_string(&one).expect("a step as text");
            assert_eq!(serde_json::from_str::<Step>(&text).expect(&text), one);
        }
        assert!(serde_json::from_str::<Ref>("\"zz\"").is_err());
    }
}
