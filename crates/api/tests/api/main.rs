//! What programs ask, over real sockets: as they should ask, and as others would.

mod client;
mod document;
mod following;
mod fuzzed;
mod letting_in;
mod managing;
mod noting;
mod once;
mod reading;
mod served;
mod signing;
