//! Nodes that run, over real sockets.

mod agents;
mod copies;
mod files;
mod settling;
mod side;
mod two_nodes;
mod versions;
mod worksheet;
