//! Case templates: what a kind of case asks for and proposes, written down once.
//!
//! A template is a TOML file, ours or anybody's: data, never trusted. [`read()`] makes a [`Template`] of it or says
//! everything that is wrong, with line and column; [`Plan`] makes acts of a template and answers, for the eyes of
//! whoever signs them.

mod answers;
mod check;
mod library;
mod plan;
mod problem;
mod read;
mod steps;
mod toml;
mod wording;

pub(crate) use answers::{Answer, Answers};
pub(crate) use library::{BUILT_IN, Found, Origin, all, find, is_name, name_at, quoted, write_new};
pub(crate) use plan::{Plan, Planned, Seats};
pub(crate) use problem::Problem;
pub(crate) use read::read;
pub(crate) use steps::{StepAsked, StepFrom, WantedIn};
pub(crate) use wording::{Place, Wording};

use std::ops::Range;

use counterpart_core::{act::Role, value::Unit};

/// Bytes that a template's file may have.
pub(crate) const MAX_FILE: usize = 64 * 1024;

/// The version of the file format that is read here.
pub(crate) const FORMAT: i64 = 1;

/// The roles that a template can name: those that take part in agreements.
pub(crate) const ROLES: [Role; 3] = [Role::Customer, Role::Supplier, Role::Third];

/// A template that was read and holds together.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) name: String,
    /// Of this template, counted up by its author.
    pub(crate) version: i64,
    pub(crate) title: String,
    pub(crate) about: String,
    /// Two capital letters of ISO 3166, where it fits one country only.
    pub(crate) country: Option<String>,
    pub(crate) items: Vec<Asked>,
    pub(crate) actions: Vec<Action>,
    pub(crate) clauses: Vec<Clause>,
    pub(crate) reminders: Vec<Reminder>,
    pub(crate) steps: Vec<StepAsked>,
}

/// A fact to ask for, stated in the case as an item.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) key: String,
    pub(crate) ask: String,
    /// A type as `item --type` has it, such as `money` or `decimal:kWh`.
    pub(crate) kind: String,
    /// What a choice is between; empty for all other types.
    pub(crate) choices: Vec<String>,
    pub(crate) required: bool,
    pub(crate) default: Option<String>,
    pub(crate) example: Option<String>,
}

/// An action to propose.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    /// What reminders call it.
    pub(crate) id: String,
    pub(crate) what: Wording,
    pub(crate) by: Vec<Role>,
    pub(crate) beneficiaries: Vec<Role>,
    pub(crate) due: Option<Wording>,
    pub(crate) value: Option<Wording>,
    pub(crate) conditions: Vec<Wording>,
    pub(crate) evidence: Vec<Wording>,
    pub(crate) consequences: Vec<Wording>,
    pub(crate) cancel: Vec<Cancel>,
    pub(crate) deemed: Option<(u32, Unit)>,
}

/// Who may cancel an action, under which condition, until when.
#[derive(Debug, Clone)]
pub(crate) struct Cancel {
    pub(crate) by: Role,
    pub(crate) text: Wording,
    pub(crate) until: Option<Wording>,
}

/// Free terms to propose.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    pub(crate) title: Wording,
    pub(crate) text: Wording,
}

/// When to remind of an action; nothing of it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Reminder {
    /// An action's id.
    pub(crate) about: String,
    /// Counted from the due time, or from the proposal where there is none; at once if not given.
    pub(crate) after: Option<(u32, Unit)>,
    /// How often again until it is done; once if not given.
    pub(crate) then: Option<(u32, Unit)>,
    /// Whether it is for the customer's own eyes; else it goes to whoever has to do it.
    pub(crate) to_me: bool,
    pub(crate) text: Wording,
}

/// A text of the file and where it stands there, in bytes, its quotes included.
#[derive(Debug, Clone)]
pub(crate) struct Spanned {
    pub(crate) text: String,
    pub(crate) at: Range<usize>,
}

impl Template {
    pub(crate) fn item(&self, key: &str) -> Option<&Asked> {
        self.items.iter().find(|i| i.key == key)
    }
}

impl Asked {
    /// The type's word, without its unit or currency.
    pub(crate) fn word(&self) -> &str {
        self.kind.split_once(':').map_or(&self.kind, |(word, _)| word)
    }

    pub(crate) fn unit(&self) -> Option<&str> {
        self.kind.split_once(':').map(|(_, unit)| unit)
    }
}

impl Reminder {
    /// When it is to be sent: "3 days after the due time, then every week until it is done".
    pub(crate) fn when(&self) -> String {
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
pub(crate) fn unit_word(count: u32, unit: Unit) -> &'static str {
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
