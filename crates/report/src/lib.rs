//! The printable report of a case: one page of HTML with its pictures inside, made from a record.
//!
//! It says who signed what and how far each line is proven, and never more than that. Everything that a party wrote
//! passes `words` on its way in, where whatever is hidden in it is made visible, and the templates' escaping on its
//! way out; so it can be neither a tag nor an order to a browser.
//!
//! No disk, no network, no keys, no clock: a record and the time come in, text goes out. The same record and the same
//! time give the same text.

// In reading order: how things are said, what is proven, what is told, how it is drawn and set.
mod words;

mod clock;
mod sealed;
mod teller;
mod value;

mod attested;

mod actions;
mod clocks;
mod contacts;
mod difference;
mod facts;
mod gaps;
mod outcome;
mod report;
mod sentence;
mod source;
mod stamped;
mod terms;
mod timeline;

mod depiction;
mod lanes;
mod page;

pub use actions::{Action, Assent, Matter, Signature, Signed, Step};
pub use clock::Time;
pub use contacts::{Contact, Contacts};
pub use depiction::{Depiction, Promise};
pub use difference::Change;
pub use facts::{Answered, File, Item, Stated};
pub use lanes::{Bar, Column, Drawn, Due, Lane, Legend, Mark, Order, Picture, Row, Shape};
pub use outcome::{Badge, Outcome};
pub use page::Paper;
pub use report::{Alarm, Head, Ledger, MadeFrom, Party, Report, Tallied, tally_word};
pub use sealed::{Beside, Erased};
pub use source::{Bundle, Source};
pub use stamped::{Stamp, Vouched};
pub use terms::Term;
pub use timeline::{Bound, Effect, Grade, Line, Proven};
pub use words::{EntryName, Piece, Words};
