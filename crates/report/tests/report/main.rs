//! What a report says of a case, and that nothing a party wrote is more than text in it.

mod fate;
mod hostile;
mod markup;
mod picture;
mod proven;
mod same;
mod stage;
