//! What people type and what they read, in plain words: acts and terms in sentences, times, money, items, case templates,
//! what became of an action and why, and what went wrong with what would help.
//!
//! Apart from the command, so that pages can say the same things from here. Nothing here prints, asks or signs.

pub mod case;
pub mod error;
#[cfg(test)]
mod fixture;
pub mod item_value;
pub mod json;
pub mod money;
pub mod possible;
pub mod references;
pub mod render;
pub mod stamped;
pub mod style;
pub mod template;
pub mod typed;
pub mod when;
