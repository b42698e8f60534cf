//! The shell that joins core, store and net: keys, the home folder, the clock, the one event loop.
//!
//! Core decides, store keeps, net carries; this crate only connects them. It is the only one that reads the clock
//! and draws random bytes.

mod clock;
mod desk;
mod doctor;
mod due;
mod engine;
mod error;
mod home;
mod load;
mod node;
mod poke;

pub use clock::{now, random};
pub use desk::Desk;
pub use doctor::DoctorReport;
pub use due::due_instant;
pub use error::DeskError;
pub use home::{InitReport, home_folder};
pub use node::{Node, NodeConfig, NodeError, NodeEvent, Outcome};
