//! A way between the bridge and one of its sides, where a test can hold an answer back, or let nobody through.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::home::PATIENCE;

/// How many questions that write something went through all gates of a test, and at which one it stops.
#[derive(Default)]
pub(crate) struct Count {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    asked: usize,
    /// The answer to this question is held back: what was asked is done, and nobody hears of it.
    hold: Option<usize>,
    /// What was asked when it was held.
    held: Option<String>,
    over: bool,
}

impl Count {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts anew, and holds the answer to this question.
    pub(crate) fn hold(&self, at: usize) {
        *self.lock() = State { hold: Some(at), ..State::default() };
    }

    /// Holds nothing more.
    pub(crate) fn free(&self) {
        *self.lock() = State::default();
    }

    /// Counts a question that writes something; says whether its answer is to be held.
    fn ask(&self) -> bool {
        let mut state = self.lock();
        state.asked += 1;
        state.hold == Some(state.asked)
    }

    fn is_held(&self, what: String) {
        self.lock().held = Some(what);
        self.changed.notify_all();
    }

    /// Nobody asks any more.
    pub(crate) fn over(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    /// Waits until an answer is held, and says to what; or until nobody asks any more.
    pub(crate) fn wait(&self) -> Option<String> {
        let quiet = |state: &mut State| state.held.is_none() && !state.over;
        let (state, late) =
            self.changed.wait_timeout_while(self.lock(), PATIENCE, quiet).unwrap_or_else(PoisonError::into_inner);
        assert!(!late.timed_out(), "it goes on in time");
        state.held.clone()
    }
}

/// A running gate. Its threads end with the test.
pub(crate) struct Gate {
    address: SocketAddr,
    shut: Arc<Mutex<bool>>,
}

impl Gate {
    pub(crate) fn to(upstream: SocketAddr, count: &Arc<Count>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shut = Arc::new(Mutex::new(false));
        let (is_shut, count) = (Arc::clone(&shut), Arc::clone(count));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if *is_shut.lock().unwrap_or_else(PoisonError::into_inner) {
                    continue;
                }
                let count = Arc::clone(&count);
                thread::spawn(move || pass(stream, upstream, &count));
            }
        });
        Self { address, shut }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From here on whoever comes is hung up on.
    pub(crate) fn shut(&self, shut: bool) {
        *self.shut.lock().unwrap_or_else(PoisonError::into_inner) = shut;
    }
}

/// One question and its answer.
fn pass(mut from: TcpStream, upstream: SocketAddr, count: &Count) {
    let Some(question) = read_question(&mut from) else { return };
    let line = String::from_utf8_lossy(&question).lines().next().unwrap_or_default().to_owned();
    let Ok(mut to) = TcpStream::connect(upstream) else { return };
    if to.write_all(&question).is_err() {
        return;
    }
    if line.contains("/events") {
        drop(std::io::copy(&mut to, &mut from));
        return;
    }
    // Where nothing is written, it is as if it had been killed after the question before.
    let hold = !line.starts_with("GET ") && count.ask();
    let mut answer = Vec::new();
    drop(to.read_to_end(&mut answer));
    if hold {
        count.is_held(line);
        // Until the bridge is gone.
        drop(from.read(&mut [0; 1]));
    } else {
        drop(from.write_all(&answer));
    }
}

/// The bytes of a head, and of the body whose length it says.
fn read_question(from: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 8192]);
    loop {
        let read = from.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        while bytes.len() < end + 4 + length.unwrap_or(0) {
            let read = from.read(&mut piece).ok().filter(|read| *read > 0)?;
            bytes.extend_from_slice(&piece[..read]);
        }
        return Some(bytes);
    }
}
