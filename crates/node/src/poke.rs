//! A tap on the shoulder of a running node: "the store has something new". A datagram on a socket in the home
//! folder; nobody listening is no error, and the node also looks by itself now and then.

use std::path::{Path, PathBuf};

/// The socket of a home.
pub(crate) fn socket_path(home: &Path) -> PathBuf {
    home.join("node.sock")
}

/// Tells a running node, if there is one.
pub(crate) fn poke(home: &Path) {
    #[cfg(unix)]
    if let Ok(socket) = std::os::unix::net::UnixDatagram::unbound() {
        // No node is listening: it will see the change when it starts.
        drop(socket.send_to(b"!", socket_path(home)));
    }
    #[cfg(not(unix))]
    let _ = home;
}
