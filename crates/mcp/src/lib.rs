//! Cases for an assistant program, by the Model Context Protocol: it reads what is on record, and is shown the exact text of
//! what would be signed. It drafts only where it was asked to, and signs only for an agent's seat with a mandate, asked to.
//!
//! Whatever people wrote reaches the program marked as somebody's words, with nothing hidden in it, and in bounded pieces.
//! Nothing here has a meaning of its own: acts are made by `words::input`, and what is told is what the commands tell.

mod acting;
mod lines;
mod reading;
mod server;
mod told;
mod tools;

pub use server::{May, ServeError, serve};
