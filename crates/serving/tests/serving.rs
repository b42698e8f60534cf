//! Connections over real sockets: how many, how long, and how they end.

use std::{
    io::{BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::Command,
    sync::Arc,
    time::Duration,
};

use axum::{Router, routing::get};
use counterpart_serving::{Bounds, HEAD_TIME, Stopping, listen, serve};
use counterpart_testkit::http::{PATIENCE, connect, read_answer};
use tokio::{runtime::Runtime, sync::Notify, task::JoinHandle};

const BOUNDS: Bounds = Bounds { connections: 8, head_time: HEAD_TIME, one_request: None, leave: PATIENCE };

struct Served {
    address: SocketAddr,
    stopping: Stopping,
    /// Lets one request for `/slow` be answered.
    go: Arc<Notify>,
    /// Told once such a request is there.
    there: Arc<Notify>,
    runtime: Runtime,
    task: JoinHandle<()>,
}

impl Served {
    fn with(bounds: Bounds) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads");
        let (go, there) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (go, there) = (Arc::clone(&go), Arc::clone(&there));
            move || async move {
                there.notify_one();
                go.notified().await;
                "slow"
            }
        };
        let router = Router::new().route("/", get(|| async { "here" })).route("/slow", get(slow));
        let any = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let (listener, address) = runtime.block_on(listen(any)).expect("a port");
        let stopping = Stopping::default();
        let stop = stopping.clone();
        let task = runtime.spawn(async move { serve([listener], router, bounds, stop.stopped()).await });
        Self { address, stopping, go, there, runtime, task }
    }

    fn connect(&self) -> BufReader<TcpStream> {
        BufReader::new(connect(self.address))
    }
}

fn say(stream: &mut BufReader<TcpStream>, text: &str) {
    stream.get_mut().write_all(text.as_bytes()).expect("it takes what is said");
}

fn ask(stream: &mut BufReader<TcpStream>, path: &str) {
    say(stream, &format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n"));
}

/// The body of an answer.
fn answer(stream: &mut BufReader<TcpStream>) -> String {
    read_answer(stream, "GET").expect("an answer").text().to_owned()
}

/// Everything until the server ends the line.
fn rest(mut stream: BufReader<TcpStream>) -> String {
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the server ends the line");
    rest
}

#[test]
fn who_comes_when_all_places_are_taken_waits_for_one() {
    let served = Served::with(Bounds { connections: 1, ..BOUNDS });
    let mut first = served.connect();
    ask(&mut first, "/slow");
    served.runtime.block_on(served.there.notified());
    let mut second = served.connect();
    ask(&mut second, "/");
    served.go.notify_one();
    assert_eq!(answer(&mut first), "slow");
    // The first is kept open, so it still has the place.
    ask(&mut first, "/");
    assert_eq!(answer(&mut first), "here");
    second.get_ref().set_nonblocking(true).expect("a socket");
    let nothing = second.get_ref().peek(&mut [0]).expect_err("nothing was answered yet");
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    second.get_ref().set_nonblocking(false).expect("a socket");
    drop(first);
    assert_eq!(answer(&mut second), "here");
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let served = Served::with(Bounds { head_time: Duration::from_millis(20), ..BOUNDS });
    let mut slow = served.connect();
    say(&mut slow, "GET / HTTP/1.1\r\nHost:");
    assert!(!rest(slow).contains("here"));
    // Nor one that says nothing at all.
    assert_eq!(rest(served.connect()), "");
}

#[test]
fn one_request_a_connection_where_that_was_said() {
    let served = Served::with(Bounds { one_request: Some(PATIENCE), ..BOUNDS });
    let mut stream = served.connect();
    ask(&mut stream, "/");
    let answered = rest(stream);
    assert!(answered.ends_with("here") && answered.contains("connection: close"), "{answered}");

    let served = Served::with(Bounds { one_request: Some(Duration::from_millis(20)), ..BOUNDS });
    let mut stream = served.connect();
    ask(&mut stream, "/slow");
    assert_eq!(rest(stream), "", "what takes longer is cut");
}

#[test]
fn what_is_open_at_the_end_is_answered_and_nobody_else_is_taken() {
    let served = Served::with(BOUNDS);
    let mut open = served.connect();
    ask(&mut open, "/slow");
    let mut idle = served.connect();
    ask(&mut idle, "/");
    assert_eq!(answer(&mut idle), "here");
    served.runtime.block_on(served.there.notified());
    served.stopping.stop();
    assert_eq!(rest(idle), "", "one without a request ends at once");
    served.go.notify_one();
    assert!(rest(open).ends_with("slow"));
    served.runtime.block_on(served.task).expect("it ends");
    assert!(TcpStream::connect(served.address).is_err());
}

#[test]
fn what_does_not_end_is_cut() {
    let served = Served::with(Bounds { leave: Duration::from_millis(20), ..BOUNDS });
    let mut open = served.connect();
    ask(&mut open, "/slow");
    served.runtime.block_on(served.there.notified());
    served.stopping.stop();
    served.runtime.block_on(served.task).expect("it ends");
    assert_eq!(rest(open), "");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let served = Served::with(BOUNDS);
    let why = served.runtime.block_on(listen(served.address)).expect_err("it is taken").to_string();
    assert!(why.contains(&served.address.to_string()), "{why}");
}

/// Run again in a process of its own that may have few files only, so that no other test lacks them.
#[test]
#[cfg(unix)]
fn without_files_left_it_goes_on_as_soon_as_there_are_some() {
    const INSIDE: &str = "COUNTERPART_FEW_FILES";
    if std::env::var_os(INSIDE).is_none() {
        let me = std::env::current_exe().expect("this test");
        let name = "without_files_left_it_goes_on_as_soon_as_there_are_some";
        let mut again = Command::new("sh");
        again.args(["-c", "ulimit -n 64 && exec \"$0\" --exact \"$1\""]).arg(me).arg(name).env(INSIDE, "1");
        let ran = again.output().expect("a shell");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let served = Served::with(BOUNDS);
    let mut first = served.connect();
    ask(&mut first, "/");
    assert_eq!(answer(&mut first), "here");
    // One that is there, but not called with yet.
    let later = {
        let _inside = served.runtime.enter();
        tokio::net::TcpSocket::new_v4().expect("a socket")
    };
    let mut all = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        all.push(file);
    }
    assert!(!all.is_empty() && all.len() < 64);
    let second = served.runtime.block_on(later.connect(served.address)).expect("the system takes the call");
    let second = second.into_std().expect("a socket");
    second.set_nonblocking(false).expect("a socket");
    second.set_read_timeout(Some(PATIENCE)).expect("a time");
    let mut second = BufReader::new(second);
    ask(&mut second, "/");
    // Still in order for those who are in.
    ask(&mut first, "/");
    assert_eq!(answer(&mut first), "here");
    drop(first);
    assert_eq!(answer(&mut second), "here");
    drop(all);
}
