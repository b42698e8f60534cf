//! For tests only: parties with fixed keys, a case between them, random histories, a simulated network.
//!
//! Everything follows from a seed: a failing run is told by its number and comes back the same.

pub mod case;
pub mod history;
pub mod network;
pub mod node;
pub mod party;
pub mod rng;
