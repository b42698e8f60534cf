//! Case templates: what a kind of case asks for and proposes, written down once.
//!
//! A template is a TOML file, ours or anybody's: data, never trusted. [`read()`] makes a [`Template`] of it or says
//! everything that is wrong, with line and column; [`Plan`] makes acts of a template and answers, for the eyes of
//! whoever signs them.

mod answers;
mod check;
mod clocks;
mod library;
mod plan;
mod problem;
mod read;
mod steps;
mod told;
mod toml;
mod wording;

pub use answers::{Answer, Answers};
pub use clocks::ClocksAsked;
pub use library::{BUILT_IN, Found, Origin, all, find, find_named, is_name, name_at, quoted, write_new};
pub use plan::{Plan, Planned, Seats};
pub use problem::Problem;
pub use read::read;
pub use steps::{StepAsked, StepFrom, WantedIn};
pub use told::seats;
pub use wording::{Place, Wording};

use std::ops::Range;

use counterpart_core::{act::Role, value::Unit};

/// Bytes that a template's file may have.
pub const MAX_FILE: usize = 64 * 1024;

/// The version of the file format that is read here.
pub const FORMAT: i64 = 1;

/// What a new template begins as.
pub const BLANK: &str = include_str!("../templates/blank.toml");

/// The roles that a template can name: those that take part in agreements.
pub const ROLES: [Role; 3] = [Role::Customer, Role::Supplier, Role::Third];

/// A template that was read and holds together.
#[derive(Debug, Clone)]
pub struct Template {
    pub name: String,
    /// Of this template, counted up by its author.
    pub version: i64,
    pub title: String,
    pub about: String,
    /// Two capital letters of ISO 3166, where it fits one country only.
    pub country: Option<String>,
    pub items: Vec<Asked>,
    pub actions: Vec<Action>,
    pub clauses: Vec<Clause>,
    pub reminders: Vec<Reminder>,
    pub steps: Vec<StepAsked>,
    pub clocks: Option<ClocksAsked>,
}

/// A fact to ask for, stated in the case as an item.
#[derive(Debug, Clone)]
pub struct Asked {
    pub key: String,
    pub ask: String,
    /// A type as `item --type` has it, such as `money` or `decimal:kWh`.
    pub kind: String,
    /// What a choice is between; empty for all other types.
    pub choices: Vec<String>,
    pub required: bool,
    pub default: Option<String>,
    pub example: Option<String>,
}

/// An action to propose.
#[derive(Debug, Clone)]
pub struct Action {
    /// What reminders call it.
    pub id: String,
    pub what: Wording,
    pub by: Vec<Role>,
    pub beneficiaries: Vec<Role>,
    pub due: Option<Wording>,
    pub value: Option<Wording>,
    pub conditions: Vec<Wording>,
    pub evidence: Vec<Wording>,
    pub consequences: Vec<Wording>,
    pub cancel: Vec<Cancel>,
    pub deemed: Option<(u32, Unit)>,
}

/// Who may cancel an action, under which condition, until when.
#[derive(Debug, Clone)]
pub struct Cancel {
    pub by: Role,
    pub text: Wording,
    pub until: Option<Wording>,
}

/// Free terms to propose.
#[derive(Debug, Clone)]
pub struct Clause {
    pub title: Wording,
    pub text: Wording,
}

/// When to remind of an action; nothing of it is signed.
#[derive(Debug, Clone)]
pub struct Reminder {
    /// An action's id.
    pub about: String,
    /// Counted from the due time, or from the proposal where there is none; at once if not given.
    pub after: Option<(u32, Unit)>,
    /// How often again until it is done; once if not given.
    pub then: Option<(u32, Unit)>,
    /// Whether it is for the customer's own eyes; else it goes to whoever has to do it.
    pub to_me: bool,
    pub text: Wording,
}

/// A text of the file and where it stands there, in bytes, its quotes included.
#[derive(Debug, Clone)]
pub struct Spanned {
    pub text: String,
    pub at: Range<usize>,
}

impl Template {
    pub fn item(&self, key: &str) -> Option<&Asked> {
        self.items.iter().find(|i| i.key == key)
    }
}

impl Asked {
    /// The type's word, without its unit or currency.
    pub fn word(&self) -> &str {
        self.kind.split_once(':').map_or(&self.kind, |(word, _)| word)
    }

    pub fn unit(&self) -> Option<&str> {
        self.kind.split_once(':').map(|(_, unit)| unit)
    }
}

impl Reminder {
    /// When it is to be sent: "3 days after the due time, then every week until it is done".
    pub fn when(&self) -> String {
        let first = self.after.map_or_else(
            || "when it is due".to_owned(),
            |(count, unit)| format!("{count} {} after it is due", unit_word(count, unit)),
        );
        let again = self.then.map_or_else(String::new, |(count, unit)| {
            let each = match (count, unit) {
                (1, unit) => unit_word(1, unit).to_owned(),
                (7, Unit::Days) => "week".to_owned(),
                (count, unit) => format!("{count} {}", unit_word(count, unit)),
            };
            format!(", then every {each} until it is done")
        });
        format!("{first}{again}")
    }
}

/// "day", "working days".
pub fn unit_word(count: u32, unit: Unit) -> &'static str {
    match (unit, count) {
        (Unit::Minutes, 1) => "minute",
        (Unit::Minutes, _) => "minutes",
        (Unit::Hours, 1) => "hour",
        (Unit::Hours, _) => "hours",
        (Unit::Days, 1) => "day",
        (Unit::Days, _) => "days",
        (Unit::WorkingDays, 1) => "working day",
        (Unit::WorkingDays, _) => "working days",
    }
}

#[cfg(test)]
mod tests;
