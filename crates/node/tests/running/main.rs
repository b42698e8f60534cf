//! Nodes that run, over real sockets.

mod agents;
mod always_on;
mod copies;
mod files;
mod joining;
mod many;
mod relayed;
#[path = "../../../../tests/postgres/server.rs"]
mod server;
mod settling;
mod shared;
mod side;
mod tidying;
mod two_nodes;
mod versions;
mod worksheet;
