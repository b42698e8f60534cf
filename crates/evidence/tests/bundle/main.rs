//! Tests of evidence bundles, from a case through the file to the verdict.

mod altered;
mod case;
mod every;
mod exporter;
mod forge;
mod form;
mod hostile;
mod members;
mod round_trip;
mod shown;
mod stamps;

#[path = "../../../../tests/time_stamps/maker.rs"]
mod maker;
