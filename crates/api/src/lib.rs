//! What programs ask over HTTP: the cases of a home, their records, and signing in them, as JSON under `/api/v1`.
//!
//! Nothing has a meaning of its own here: what is read of a case is what the commands give with `--json`, what is signed goes
//! through `counterpart_words::input`, and who asks is told by a token of the home. One table (`table`) says what can
//! be asked; the routes and the OpenAPI document both come of it.

mod app;
mod asked;
mod body;
mod caller;
mod events;
mod instead;
mod once;
mod openapi;
mod paging;
mod passing;
mod problem;
mod rate;
mod routes;
mod server;
pub mod shapes;
mod table;
mod watched;

pub use openapi::document;
pub use server::{ApiError, ApiOptions, ApiServer};
pub use watched::Watched;
