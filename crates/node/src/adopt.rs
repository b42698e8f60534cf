//! How a machine becomes a device of a party by one line: it waits with keys of its own and shows the line; whoever holds
//! that line, and may add devices, grants it rights and hands the grant over; the machine takes it and says so.
//!
//! docs/decisions/0027-how-a-device-is-adopted.md says why it is done like this.

mod calling;
mod line;
mod places;
mod taken;
#[cfg(test)]
mod tests;
mod waiting;
mod wire;

pub(crate) use taken::answer_if_added;
pub(crate) use waiting::is_waiting;

pub use calling::{AdoptError, Adopted, LineFor};
pub use line::DeviceLine;
pub use waiting::{WaitEvent, Waiter};
