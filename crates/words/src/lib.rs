//! What people type and what they read, in plain words: acts and terms in sentences, times, money, items, case templates,
//! what became of an action and why, and what went wrong with what would help.
//!
//! The command and the pages say the same things because they say them from here. Nothing here prints or asks; what is signed
//! is signed at the desk that is given, by `input` and `standing_rules` alone.

pub mod acts;
pub mod agents;
pub mod bundle;
pub mod calendars;
pub mod case;
pub mod clocks;
pub mod contact;
pub mod disclosure;
pub mod error;
#[cfg(test)]
mod fixture;
pub mod for_programs;
pub mod input;
pub mod inviting;
pub mod item_value;
pub mod json;
pub mod kept_name;
pub mod letters;
mod limited;
pub mod money;
pub mod notebook;
pub mod opening;
pub mod possible;
mod question;
pub mod queue;
pub mod references;
pub mod render;
pub mod shape;
pub mod stamped;
pub mod standing;
pub mod standing_rules;
pub mod steps;
pub mod style;
pub mod summary;
pub mod tally;
pub mod template;
pub mod terms;
pub mod tickets;
pub mod to_sign;
pub mod today;
pub mod typed;
pub mod when;
pub mod worksheet;
