//! The `counterpart` command, run as people and scripts run it.

mod acts;
mod agents;
mod attachments;
mod cli;
// Its clock is fixed, which only debug builds do.
#[cfg(debug_assertions)]
mod explain;
mod home;
mod identity;
mod report;
mod stamps;
mod templates;
mod two_homes;

#[path = "../time_stamps/authority.rs"]
mod authority;
#[path = "../time_stamps/service.rs"]
mod service;
