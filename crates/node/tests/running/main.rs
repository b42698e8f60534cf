//! Nodes that run, over real sockets.

mod agents;
mod side;
mod two_nodes;
