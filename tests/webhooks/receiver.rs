//! A receiver of webhooks on 127.0.0.1 that does as a test tells it. It ends with the test.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(60);
const MOST_BYTES: usize = 1024 * 1024;

/// What it does with a request once it has read it. `Silent` answers nothing until the other side hangs up.
#[derive(Debug, Clone, Default)]
pub(crate) enum Answer {
    #[default]
    Takes,
    /// This head and whatever stands behind it.
    Says(String),
    /// The same, and then bytes without end, a piece at a time.
    SaysWithoutEnd(String),
    Silent,
    HangsUp,
    /// Refuses messages that hold this text, and takes all others.
    RefusesWith(String),
}

/// A message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// The lines of the head, the names in small letters.
    head: Vec<String>,
    pub(crate) body: String,
    /// It was answered with a status that says it is taken.
    pub(crate) taken: bool,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        let line = self.head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.expect("the header is there").trim()
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }
}

/// A running receiver.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    arrivals: mpsc::Receiver<()>,
    runs: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    answer: Answer,
    heard: Vec<Heard>,
    calls: usize,
    ended: bool,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Where an earlier one was.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (arrived, arrivals) = mpsc::channel();
        let state = Arc::clone(&shared);
        let runs = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if lock(&state).ended {
                    return;
                }
                lock(&state).calls += 1;
                let (state, arrived) = (Arc::clone(&state), arrived.clone());
                thread::spawn(move || serve(&state, &arrived, stream));
            }
        });
        Self { address, shared, arrivals, runs: Some(runs) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/in", self.address)
    }

    pub(crate) fn answers(&self, answer: Answer) {
        lock(&self.shared).answer = answer;
    }

    /// All messages so far, in the order in which they were answered.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        lock(&self.shared).heard.clone()
    }

    /// How often it was called, whatever came of it.
    pub(crate) fn calls(&self) -> usize {
        lock(&self.shared).calls
    }

    /// Waits until so many messages came since it was last waited for.
    pub(crate) fn wait_for(&self, messages: usize) -> Vec<Heard> {
        for _ in 0..messages {
            self.arrivals.recv_timeout(PATIENCE).expect("a message comes");
        }
        self.heard()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        lock(&self.shared).ended = true;
        // Wakes it from waiting.
        drop(TcpStream::connect(self.address));
        if let Some(runs) = self.runs.take() {
            runs.join().expect("the receiver ends well");
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(shared: &Mutex<Shared>, arrived: &mpsc::Sender<()>, mut stream: TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    let Some((head, body)) = request(&mut stream) else { return };
    let answer = lock(shared).answer.clone();
    let said = match &answer {
        Answer::Takes => "HTTP/1.1 204 No Content\r\n\r\n",
        Answer::Says(text) | Answer::SaysWithoutEnd(text) => text,
        Answer::Silent | Answer::HangsUp => "",
        Answer::RefusesWith(text) if body.contains(text.as_str()) => "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        Answer::RefusesWith(_) => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    };
    lock(shared).heard.push(Heard { head, body, taken: said.starts_with("HTTP/1.1 2") });
    // Nobody may wait for it.
    arrived.send(()).unwrap_or_default();
    drop(stream.write_all(said.as_bytes()));
    match answer {
        Answer::SaysWithoutEnd(_) => while stream.write_all(&[b'a'; 1000]).is_ok() {},
        Answer::Silent => drop(stream.read(&mut [0; 1])),
        _ => {}
    }
}

/// The head's lines and the body, whose length the head says.
fn request(stream: &mut TcpStream) -> Option<(Vec<String>, String)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0 && bytes.len() < MOST_BYTES)?;
        bytes.extend_from_slice(&piece[..read]);
    };
    let head: Vec<String> = String::from_utf8_lossy(&bytes[..end])
        .lines()
        .map(|line| match line.split_once(':') {
            Some((name, value)) => format!("{}:{value}", name.to_ascii_lowercase()),
            None => line.to_owned(),
        })
        .collect();
    let length = head.iter().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    while bytes.len() < end + length && length < MOST_BYTES {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
    }
    Some((head, String::from_utf8_lossy(&bytes[end..]).into_owned()))
}
