//! The pages over real sockets, asked as browsers ask, and as others would.

mod acts;
mod bad_input;
mod call;
mod desk;
mod draft;
mod fields;
mod files;
mod forms;
mod german;
mod live;
mod matrix;
mod opening;
mod overview;
mod pages;
mod picture;
mod record;
mod served;
mod settings;
mod start;
mod terms;
mod told;
mod trial;
mod two;

use counterpart_testkit::http as client;
