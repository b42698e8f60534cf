//! The pages over real sockets, asked as browsers ask, and as others would.

mod client;
mod forms;
mod live;
mod matrix;
mod opening;
mod pages;
mod served;
