//! What a report says of a case, and that nothing a party wrote is more than text in it.

mod bundle;
mod clocks;
mod fate;
mod hostile;
mod markup;
mod picture;
mod proven;
mod same;
mod sealed;
mod stage;
mod stamps;
mod told;

#[path = "../../../../tests/time_stamps/maker.rs"]
mod maker;
