//! The rules of agreement, as cases: what signed acts mean, in whatever order they arrive.

mod acts;
mod concurrent;
mod decoders;
mod digest;
mod forks;
mod found;
mod gate;
mod histories;
mod negotiate;
mod people;
mod perform;
mod world;
