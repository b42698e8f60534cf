//! What programs ask, over real sockets: as they should ask, and as others would.

mod document;
mod drafting;
mod following;
mod fuzzed;
mod hints;
mod letting_in;
mod listing;
mod managing;
mod misfits;
mod noting;
mod once;
mod proving;
mod reading;
mod ruling;
mod seats;
mod served;
mod sides;
mod signing;
mod two;

use counterpart_testkit::http as client;
