//! A time-stamp service on this machine, honest or not. It answers a bounded number of requests and ends by itself.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::authority::Authority;

const PATIENCE: Duration = Duration::from_secs(10);
const MOST_REQUESTS: usize = 100;
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// How it behaves.
#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    Honest,
    /// Stamps this instead of what it was asked for.
    Instead(Vec<u8>),
    /// With another certificate over its key, signed again where openssl's own service would refuse it.
    Certificate(&'static str),
    SignedAgain(&'static str),
    /// Answers with this in place of anything of its own.
    Body(Vec<u8>),
    Status(&'static str),
    Redirect(&'static str),
    /// A body without end.
    Endless,
    /// Takes the request and says nothing.
    Silent,
    /// Speaks something else than HTTP.
    OtherTongue,
}

/// A running service; it ends with this.
#[derive(Debug)]
pub(crate) struct Service {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    runs: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    behaviour: Behaviour,
    /// Every request: its head and its body.
    heard: Vec<(String, Vec<u8>)>,
    ended: bool,
}

impl Service {
    pub(crate) fn start(authority: Arc<Authority>, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared { behaviour, heard: Vec::new(), ended: false }));
        let state = Arc::clone(&shared);
        let runs = thread::spawn(move || {
            // Those that get no answer are kept open until the end.
            let mut silent = Vec::new();
            for stream in listener.incoming().take(MOST_REQUESTS).map_while(Result::ok) {
                if lock(&state).ended {
                    return;
                }
                if let Some(stream) = serve(&authority, &state, stream) {
                    silent.push(stream);
                }
            }
        });
        Self { address, shared, runs: Some(runs) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/stamp", self.address)
    }

    pub(crate) fn behaves(&self, behaviour: Behaviour) {
        lock(&self.shared).behaviour = behaviour;
    }

    /// What it was asked so far.
    pub(crate) fn heard(&self) -> Vec<(String, Vec<u8>)> {
        lock(&self.shared).heard.clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        lock(&self.shared).ended = true;
        // Wakes it from waiting.
        drop(TcpStream::connect(self.address));
        if let Some(runs) = self.runs.take() {
            runs.join().expect("the service ends well");
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one request; gives back a connection that is to stay open.
fn serve(authority: &Authority, shared: &Mutex<Shared>, mut stream: TcpStream) -> Option<TcpStream> {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    let behaviour = lock(shared).behaviour.clone();
    if matches!(behaviour, Behaviour::OtherTongue) {
        drop(stream.write_all(b"SSH-2.0-server\r\n"));
        return None;
    }
    let (head, body) = request(&mut stream)?;
    lock(shared).heard.push((head, body.clone()));
    let (status, answer) = match behaviour {
        Behaviour::Honest => ("200 OK", authority.answer(&body)),
        Behaviour::Instead(other) => ("200 OK", authority.answer(&other)),
        Behaviour::Certificate(name) => ("200 OK", authority.answer_as(name, &body)),
        Behaviour::SignedAgain(name) => ("200 OK", authority.answer_signed_again(name, &body)),
        Behaviour::Body(bytes) => ("200 OK", bytes),
        Behaviour::Status(status) => (status, b"no".to_vec()),
        Behaviour::Redirect(to) => {
            let head =
                format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            drop(stream.write_all(head.as_bytes()));
            return None;
        }
        Behaviour::Endless => {
            let mut sent = 0;
            let started = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            let block = [0x30; 4096];
            while started.is_ok() && sent < MOST_BYTES && stream.write_all(&block).is_ok() {
                sent += block.len();
            }
            assert!(sent < MOST_BYTES, "whoever asks stops reading");
            return None;
        }
        Behaviour::Silent | Behaviour::OtherTongue => return Some(stream),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.len()
    );
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer)));
    None
}

fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let mut block = [0; 1024];
        let got = stream.read(&mut block).ok().filter(|got| *got > 0 && read.len() < 65_536)?;
        read.extend_from_slice(&block[..got]);
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let length =
        head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())?;
    let mut body = read.split_off(end);
    let mut rest = vec![0; usize::checked_sub(length, body.len())?];
    stream.read_exact(&mut rest).ok()?;
    body.extend(rest);
    Some((head, body))
}
