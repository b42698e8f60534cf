//! The customer's own process: what follows for one side from a record and its own notes. Reminders, letters, thanks,
//! deadlines, what to do today.
//!
//! Nothing here reads a clock, a disk or a network: a record, notes and a time come in, values go out.

pub mod calendar;
pub mod call;
pub mod clocks;
pub mod holidays;
pub mod letter;
pub mod menu;
pub mod notebook;
pub mod reminder;
pub mod rule;
pub mod schedule;
pub mod steps;
pub mod tally;
pub mod thanks;
pub mod today;
