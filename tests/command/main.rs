//! The `counterpart` command, run as people and scripts run it.

mod acts;
mod agents;
mod cli;
// Its clock is fixed, which only debug builds do.
#[cfg(debug_assertions)]
mod explain;
mod home;
mod templates;
mod two_homes;
