//! Letters to the other side: what is due by a person's rules is composed here, waits for their yes or has their standing
//! one, goes out by mail or to the peer's node, and is on record when it did.
//!
//! One letter an occasion, by a key that is unique in the store; each is taken by one process at a time, inside a
//! transaction. What was handed to a mail server and not yet noted when the machine died is handed over once more, with the
//! same id and the same bytes: a reminder may arrive twice then, it is never lost.

mod compose;
mod consent;
mod hours;
mod letter;
mod notice;
mod outbox;
mod plan;
mod rules;
mod texts;

pub use consent::{Channel, Consent};
pub use hours::Hours;
pub use letter::{Letter, LetterKind, LetterState};
pub use notice::{Notice, show_notice};
pub use outbox::{Parcel, Posted, wait_after};
pub use plan::{CaseOutlook, Planned, Watched};
pub use texts::LetterText;

pub(crate) use plan::look_again;
