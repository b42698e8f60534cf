//! Tests of evidence bundles, from a case through the file to the verdict.

mod altered;
mod case;
mod forge;
mod form;
mod round_trip;
