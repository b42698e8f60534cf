//! The pages a person uses, served on this machine alone by their own program.
//!
//! Every page is made here and works without script: what is done is a form, what is seen is a page. The one script
//! makes it live. Nothing comes from elsewhere. Who may ask is judged in one place, `guard`; what is asked is answered
//! in `pages`. This crate alone knows HTTP as a server.

// In reading order: how it is served, who may ask, what is asked, what is told while a page is open, what is shown.
mod app;
mod server;
mod watched;

mod done;
mod drafts;
mod form;
mod guard;
mod opening;
mod session;
mod typed;
mod undo;
mod upload;

mod connection;
mod download;
mod joins;
mod keeper;
mod live;
mod watch;

mod acts;
mod address;
mod assets;
mod case;
mod language;
mod pages;
mod text;
mod time;

pub use opening::{OpeningError, link_to_running};
pub use pages::{GETS, POSTS};
pub use server::{Options, ServeError, Server, usual_port};
pub use upload::{FORM_LIMIT, UPLOAD_LIMIT};
pub use watched::Watched;
