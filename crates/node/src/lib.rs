//! The shell that joins core, store and net: keys, the home folder, the clock, the one event loop.
//!
//! Core decides, store keeps, net carries; this crate only connects them. It is the only one that reads the clock
//! and draws random bytes.

mod agent;
mod clock;
mod desk;
mod doctor;
mod due;
mod engine;
mod error;
mod home;
mod limits;
mod load;
mod node;
mod poke;
mod random;

pub use agent::{Agent, AgentGrant, AgentRequest, CaseLink, LineError, Rights, Taken, ask, take};
pub use clock::now;
pub use desk::Desk;
pub use doctor::DoctorReport;
pub use due::due_instant;
pub use error::DeskError;
pub use home::{InitReport, home_folder};
pub use node::{Node, NodeConfig, NodeError, NodeEvent, Outcome};
