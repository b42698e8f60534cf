//! A tap on the shoulder of a running node: "the store has something new". A datagram on a socket in the home
//! folder; nobody listening is no error, and the node also looks by itself now and then.

use std::path::{Path, PathBuf};

/// The socket of a home.
fn socket_path(home: &Path) -> PathBuf {
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
    drop(socket_path(home));
}

/// The node's end.
#[derive(Debug)]
pub(crate) struct Listener {
    #[cfg(unix)]
    socket: Option<tokio::net::UnixDatagram>,
    path: PathBuf,
}

impl Listener {
    /// Listens in a home. Where that cannot be, the node still looks by itself.
    pub(crate) fn bind(home: &Path) -> Self {
        let path = socket_path(home);
        // A socket left by a node that was killed is in the way.
        drop(std::fs::remove_file(&path));
        Self {
            #[cfg(unix)]
            socket: tokio::net::UnixDatagram::bind(&path).ok(),
            path,
        }
    }

    /// Waits for a tap.
    pub(crate) async fn poked(&self) {
        #[cfg(unix)]
        if let Some(socket) = &self.socket {
            let mut byte = [0; 8];
            if socket.recv(&mut byte).await.is_ok() {
                // Several taps are one.
                while socket.try_recv(&mut byte).is_ok() {}
                return;
            }
        }
        std::future::pending().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}
