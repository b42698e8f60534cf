//! Nodes that run, over real sockets.

mod agents;
mod always_on;
mod copies;
mod files;
mod many;
mod relayed;
mod settling;
mod side;
mod tidying;
mod two_nodes;
mod versions;
mod worksheet;
