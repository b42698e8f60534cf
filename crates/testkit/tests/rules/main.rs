//! The rules of agreement, as cases: what signed acts mean, in whatever order they arrive.

mod acts;
mod concurrent;
mod confirm;
mod crossed;
mod decoders;
mod deemed;
mod digest;
mod disputes;
mod explain;
mod facts;
mod faith;
mod forks;
mod found;
mod gate;
mod histories;
mod keys;
mod mandates;
mod negotiate;
mod orders;
mod people;
mod perform;
mod rivals;
mod shown;
mod time;
mod work;
mod world;
