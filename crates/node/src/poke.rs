//! A tap on the shoulder of a running node: "the store has something new". A datagram on a socket in the home
//! folder; nobody listening is no error, and the node also looks by itself now and then.

use std::path::{Path, PathBuf};

/// The socket of a home.
fn socket_path(home: &Path) -> PathBuf {
    home.join("node.sock")
}

/// Tells a running node; gives whether there is one. One that is not will see the change when it starts.
pub(crate) fn poke(home: &Path) -> bool {
    #[cfg(unix)]
    if let Ok(socket) = std::os::unix::net::UnixDatagram::unbound() {
        // A full queue has taps enough in it.
        let sent = socket.set_nonblocking(true).and_then(|()| socket.send_to(b"!", socket_path(home)));
        return match sent {
            Ok(_) => true,
            Err(e) => e.kind() == std::io::ErrorKind::WouldBlock,
        };
    }
    drop(socket_path(home));
    false
}

/// The node's end.
#[derive(Debug)]
pub(crate) struct Listener {
    #[cfg(unix)]
    socket: Option<tokio::net::UnixDatagram>,
    path: Option<PathBuf>,
}

impl Listener {
    /// Listens in a home. Where that cannot be, the node still looks by itself.
    pub(crate) fn bind(home: &Path) -> Self {
        let path = socket_path(home);
        if poke(home) {
            // Another node of this home listens already; this one looks by itself.
            return Self {
                #[cfg(unix)]
                socket: None,
                path: None,
            };
        }
        // A socket left by a node that was killed is in the way.
        drop(std::fs::remove_file(&path));
        Self {
            #[cfg(unix)]
            socket: tokio::net::UnixDatagram::bind(&path).ok(),
            path: Some(path),
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
        std::future::pending::<()>().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            drop(std::fs::remove_file(path));
        }
    }
}
