//! What people type and what they read, in plain words: acts and terms in sentences, times, money, items, case templates,
//! what became of an action and why, and what went wrong with what would help.
//!
//! The command and the pages say the same things because they say them from here. Nothing here prints, asks or signs.

pub mod acts;
pub mod agents;
pub mod calendars;
pub mod case;
pub mod clocks;
pub mod contact;
pub mod disclosure;
pub mod error;
#[cfg(test)]
mod fixture;
pub mod input;
pub mod inviting;
pub mod item_value;
pub mod json;
pub mod money;
pub mod possible;
pub mod references;
pub mod render;
pub mod stamped;
pub mod standing;
pub mod steps;
pub mod style;
pub mod summary;
pub mod template;
pub mod terms;
pub mod tickets;
pub mod today;
pub mod typed;
pub mod when;
