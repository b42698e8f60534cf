//! The `counterpart` command, run as people and scripts run it.

mod acts;
mod agents;
// Their clock is fixed, which only debug builds do.
#[cfg(debug_assertions)]
mod alone;
#[cfg(debug_assertions)]
mod at_terminal;
mod attachments;
#[cfg(debug_assertions)]
mod calls;
mod cli;
mod clocks;
#[cfg(unix)]
mod database;
mod desk_work;
mod devices;
// Its clock is fixed, which only debug builds do.
#[cfg(debug_assertions)]
mod calendar;
#[cfg(debug_assertions)]
mod explain;
mod home;
mod identity;
mod inputs;
#[cfg(debug_assertions)]
mod ledger_all;
mod mail;
mod mcp;
mod notebook;
#[cfg(unix)]
mod operations;
#[cfg(unix)]
mod outage;
#[cfg(debug_assertions)]
mod pack;
#[cfg(target_os = "linux")]
mod package;
mod post;
#[cfg(unix)]
mod programs;
#[cfg(debug_assertions)]
mod reminders;
mod report;
mod report_of_a_file;
mod seats;
mod stamps;
mod standing_rules;
mod status;
#[cfg(debug_assertions)]
mod steps;
#[cfg(unix)]
mod store;
mod templates;
#[cfg(debug_assertions)]
mod today;
mod two_homes;
#[cfg(unix)]
mod web;
mod webhooks;
mod what_to_type;

#[path = "../time_stamps/authority.rs"]
mod authority;
#[path = "../mail/server.rs"]
mod mail_server;
#[path = "../webhooks/receiver.rs"]
#[expect(dead_code, reason = "tests here use a part of it")]
mod receiver;
#[cfg(unix)]
#[path = "../postgres/server.rs"]
mod server;
#[path = "../time_stamps/service.rs"]
mod service;
