//! A piece of cable: what comes in at one end goes out at the other, later, or not at all.
//!
//! Two threads a direction copy whole frames between two network devices by packet sockets. They end with the wire, and by
//! themselves after [`LONGEST`] whatever becomes of it.

use std::{
    fs::File,
    io,
    os::fd::{AsRawFd as _, OwnedFd},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    ifaddrs::getifaddrs,
    sched::{CloneFlags, setns},
    sys::{
        socket::{
            AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recvfrom, send, setsockopt,
            socket, sockopt,
        },
        time::{TimeVal, TimeValLike as _},
    },
};

/// No test runs longer.
pub(crate) const LONGEST: Duration = Duration::from_secs(900);
/// Frames under way in one direction; what comes beyond is lost, as in a router whose queue is full.
const QUEUE: usize = 4096;
/// How often a thread that waits for a frame looks whether the wire is still wanted.
const LOOK: i64 = 100;
/// How a packet socket marks frames that this machine sent out by the device itself.
const OUTGOING: u8 = 4;

/// How good a wire is, each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) delay: Duration,
    /// On top of the delay, up to so much by chance. Frames stay in order.
    pub(crate) jitter: Duration,
    /// Of a hundred frames, so many are lost, by chance.
    pub(crate) loss: u32,
}

impl Line {
    /// A good line: 3 ms each way, nothing lost.
    pub(crate) const GOOD: Self = Self { delay: Duration::from_millis(3), jitter: Duration::from_millis(1), loss: 0 };

    pub(crate) fn slow(delay: Duration) -> Self {
        Self { delay, jitter: delay / 20, loss: 0 }
    }

    pub(crate) fn lossy(loss: u32) -> Self {
        Self { loss, ..Self::GOOD }
    }
}

/// What has passed a wire, both ways together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passed {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    pub(crate) lost: u64,
}

struct State {
    line: Mutex<Line>,
    cut: AtomicBool,
    ended: AtomicBool,
    frames: AtomicU64,
    bytes: AtomicU64,
    lost: AtomicU64,
}

impl State {
    fn goes_on(&self, until: Instant) -> bool {
        !self.ended.load(Ordering::Relaxed) && Instant::now() < until
    }
}

pub(crate) struct Wire {
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

impl Wire {
    /// Between two devices of one network namespace, neither of which has an address there.
    pub(crate) fn lay(namespace: &Path, ends: [&str; 2], line: Line, seed: u64) -> io::Result<Self> {
        let sockets = inside(namespace, || ends.map(End::open))?;
        let [a, b] = sockets;
        let (a, b) = (Arc::new(a?), Arc::new(b?));
        let state = Arc::new(State {
            line: Mutex::new(line),
            cut: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            frames: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let mut threads = Vec::new();
        for (from, to, seed) in [(&a, &b, seed), (&b, &a, !seed)] {
            let (queue, queued) = sync_channel(QUEUE);
            let until = Instant::now() + LONGEST;
            let (end, known) = (Arc::clone(from), Arc::clone(&state));
            threads.push(thread::spawn(move || take_in(&end, &known, &queue, until, seed)));
            let (end, known) = (Arc::clone(to), Arc::clone(&state));
            threads.push(thread::spawn(move || give_out(&end, &known, &queued)));
        }
        Ok(Self { state, threads })
    }

    pub(crate) fn set(&self, line: Line) {
        *self.state.line.lock().expect("no thread panics while it holds this") = line;
    }

    /// Lets nothing through, or all again.
    pub(crate) fn cut(&self, cut: bool) {
        self.state.cut.store(cut, Ordering::Relaxed);
    }

    pub(crate) fn passed(&self) -> Passed {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Passed { frames: count(&self.state.frames), bytes: count(&self.state.bytes), lost: count(&self.state.lost) }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

/// Does something within a network namespace: sockets opened there stay there.
pub(crate) fn inside<T: Send>(namespace: &Path, act: impl FnOnce() -> T + Send) -> io::Result<T> {
    // A thread of its own, because it stays where it went.
    thread::scope(|scope| {
        scope
            .spawn(|| {
                setns(File::open(namespace)?, CloneFlags::CLONE_NEWNET)?;
                Ok(act())
            })
            .join()
            .expect("what was to be done inside did not panic")
    })
}

/// One end: a packet socket on one device.
struct End {
    socket: OwnedFd,
    device: usize,
}

impl End {
    fn open(device: &str) -> io::Result<Self> {
        let address = getifaddrs()?
            .filter(|found| found.interface_name == device)
            .find_map(|found| found.address.as_ref().and_then(|a| a.as_link_addr().copied()))
            .ok_or_else(|| io::Error::other(format!("no device {device}")))?;
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)?;
        bind(socket.as_raw_fd(), &address)?;
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::milliseconds(LOOK))?;
        setsockopt(&socket, sockopt::RcvBufForce, &(8 << 20))?;
        Ok(Self { socket, device: address.ifindex() })
    }
}

type Frame = (Instant, Vec<u8>);

fn take_in(end: &End, state: &State, queue: &SyncSender<Frame>, until: Instant, seed: u64) {
    let mut chance = Chance(seed);
    let mut buffer = vec![0; 1 << 16];
    let mut last = Instant::now();
    while state.goes_on(until) {
        let (length, from) = match recvfrom::<LinkAddr>(end.socket.as_raw_fd(), &mut buffer) {
            Ok((length, Some(from))) => (length, from),
            Ok((_, None)) | Err(Errno::EAGAIN | Errno::EINTR | Errno::ENOBUFS | Errno::ENETDOWN) => continue,
            // The device is gone.
            Err(_) => return,
        };
        // Before it was bound the socket heard all devices.
        if from.ifindex() != end.device || from.pkttype() == OUTGOING {
            continue;
        }
        let line = *state.line.lock().expect("no thread panics while it holds this");
        let lost = chance.below(100) < u64::from(line.loss);
        if lost || state.cut.load(Ordering::Relaxed) {
            state.lost.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let jitter = u64::try_from(line.jitter.as_micros()).expect("jitter of less than ages");
        let due = Instant::now() + line.delay + Duration::from_micros(chance.below(jitter + 1));
        last = last.max(due);
        match queue.try_send((last, buffer[..length].to_vec())) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => drop(state.lost.fetch_add(1, Ordering::Relaxed)),
            Err(TrySendError::Disconnected(_)) => return,
        }
    }
}

/// Ends when the other thread does.
fn give_out(end: &End, state: &State, queued: &Receiver<Frame>) {
    while let Ok((due, frame)) = queued.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if state.ended.load(Ordering::Relaxed) {
            return;
        }
        // What was under way when the wire was cut is lost, too.
        let sent =
            !state.cut.load(Ordering::Relaxed) && send(end.socket.as_raw_fd(), &frame, MsgFlags::empty()).is_ok();
        if sent {
            state.frames.fetch_add(1, Ordering::Relaxed);
            state.bytes.fetch_add(frame.len() as u64, Ordering::Relaxed);
        } else {
            state.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Numbers that look like chance, the same for the same seed (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// From 0 to below a bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}
