//! Real nodes in real networks: two homes behind routers of each kind, a small server on the Internet between them, lines
//! that are slow, lossy or cut, laptops that sleep and move. Everything is made of network namespaces of this machine, and
//! nothing of it can be reached from elsewhere or reaches anything else.
//!
//! First the world itself is tried: a table of what gets through a router that is not what it is called shows nothing.

#![cfg(target_os = "linux")]

mod case;
mod machine;
mod pairs;
mod probe;
mod router;
mod table;
mod trials;
mod wire;
mod world;
mod worlds;
