//! For tests only: parties with fixed keys, a case between them, random histories, a simulated network; cases put into a
//! store, and HTTP as it is spoken over a socket.
//!
//! Everything made here follows from a seed: a failing run is told by its number and comes back the same.

pub mod case;
pub mod history;
pub mod home;
pub mod http;
pub mod network;
pub mod node;
pub mod outside;
pub mod party;
pub mod rng;
