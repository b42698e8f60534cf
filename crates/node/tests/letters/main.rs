//! Reminders and thanks at the desk: composed, allowed, sent, on record; and what a crash leaves.

mod crash;
mod flow;
mod receiver;
mod stage;
