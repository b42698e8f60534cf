//! What a case is, who signed what, and how copies come to agree.
//!
//! No clock, no randomness, no disk and no network in here: time and random bytes are arguments, what is to be
//! stored or sent comes out as values. Everything somebody outside must believe is decided in this crate.

// In reading order: names and bytes, then what is signed, then what it means, then how it travels.
pub mod act;
pub mod attachment;
pub mod cbor;
pub mod change;
pub mod envelope;
pub mod exporter;
pub mod fold;
pub mod gate;
pub mod graph;
pub mod id;
pub mod invitation;
pub mod keylog;
pub mod receipt;
pub mod record;
pub mod schema;
pub mod seal;
pub mod stamp;
pub mod statement;
pub mod sync;
pub mod text;
pub mod value;
pub mod view;
pub mod whereabouts;
pub mod worksheet;
