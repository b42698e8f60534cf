//! The pages in a real browser: looked at, used by clicks, with and without script, by `tests/web/js/look.mjs`.
//!
//! The script says in a line on its standard output what is to be done outside the browser; it is done here, and
//! answered by a line.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
};

use counterpart_core::{
    act::{Role, SeatOffer},
    id::CaseId,
    value::Sealable,
};
use counterpart_node::{Desk, now};
use counterpart_process::today::{Agenda, DueLine, Wait};
use counterpart_store::{CaseSummary, StoreError};
use counterpart_web::{Options, Server, link_to_running};
use serde_json::json;
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

/// Where `.ci/web` prepared the packages, and a browser; nothing when they are absent and may be.
fn prepared() -> Option<(PathBuf, PathBuf)> {
    let target = option_env!("CARGO_TARGET_TMPDIR").map(PathBuf::from);
    let folder = target.and_then(|t| Some(t.parent()?.join("web"))).filter(|f| f.join("node_modules").is_dir());
    let node = Command::new("node").arg("--version").output().is_ok_and(|o| o.status.success());
    let folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|p| std::env::split_paths(&p).collect()).unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let browser = names.iter().flat_map(|n| folders.iter().map(move |f| f.join(n))).find(|path| path.is_file());
    if let (Some(folder), true, Some(browser)) = (folder, node, browser) {
        return Some((folder, browser));
    }
    let missing = "needs Chromium or Chrome, Node.js, and the packages that `.ci/web` installs into the target folder";
    assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test {missing}");
    // Counted as passed by the runner, so say plainly that nothing was tried.
    drop(writeln!(std::io::stderr(), "skipped: {missing}"));
    None
}

/// Pages being served.
struct Served {
    home: TempDir,
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl Served {
    fn start(runtime: &Runtime, home: TempDir, node: bool) -> Self {
        let mut served = Self { home, port: 0, stop: None, task: None };
        served.go(runtime, node);
        served
    }

    /// Serves, at the same port as before.
    fn go(&mut self, runtime: &Runtime, node: bool) {
        let options = Options { port: Some(self.port), node, ..Options::default() };
        let server = runtime.block_on(Server::bind(self.home.path(), options)).expect("a port");
        self.port = server.address().port();
        let (stop, stopped) = oneshot::channel();
        self.task = Some(runtime.spawn(server.serve(async { drop(stopped.await) })));
        self.stop = Some(stop);
    }

    fn link(&self) -> String {
        link_to_running(self.home.path(), now()).expect("readable").expect("it runs")
    }

    fn stop(&mut self, runtime: &Runtime) {
        drop(self.stop.take());
        if let Some(task) = self.task.take() {
            runtime.block_on(task).expect("it stops");
        }
    }
}

fn open_case(home: &Path, title: &str) {
    let desk = Desk::open(home).expect("an identity");
    let seat = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let seats = (seat(Role::Customer, "Ann"), vec![seat(Role::Supplier, "Northlink Ltd")]);
    let act = desk.open_act(title, seats.0, seats.1, "Europe/London", None);
    desk.new_case(&act, now()).expect("a case");
}

/// What is to be done in a case, by its summary.
fn agenda(whose_move: &str, due: Option<i64>) -> Agenda {
    let Some((whose, what)) = whose_move.split_once(": ") else { return Agenda::default() };
    let (expected, about) = what.split_once(" #").unwrap_or((what, "3"));
    let (who, mine) = ("Northlink <i>Ltd</i>".to_owned(), whose == "yours");
    let wait = Wait {
        who: who.clone(),
        mine,
        expected: expected.to_owned(),
        about: Some(about.to_owned()),
        what: Some(what.to_owned()),
        since: now() - 5 * 24 * 60 * 60 * 1000,
        absent: false,
    };
    let due = due.map(|due| DueLine {
        who,
        mine,
        action: "x-0".to_owned(),
        about: about.to_owned(),
        what: Some("Send somebody who looks at it".to_owned()),
        said: !mine,
        at: now() + due,
        absent: false,
    });
    Agenda { waits: vec![wait], dues: due.into_iter().collect(), beyond: 0 }
}

/// A home as it is after some weeks, and with what somebody might write to have it run.
fn busy() -> TempDir {
    let home = TempDir::new().expect("a folder");
    Desk::init(home.path()).expect("an identity");
    open_case(home.path(), "Broadband drops every evening");
    let day = 24 * 60 * 60 * 1000;
    let rows = [
        ("Kitchen worktop, wrong colour", "yours: answer #12", Some(-day)),
        ("Boiler service contract", "yours: approve #9", Some(2 * day)),
        ("Refund for the cancelled concert", "theirs: perform #4", Some(-3 * day)),
        ("Bicycle repair", "theirs: answer #6", Some(3 * day)),
        (
            "A title as long as somebody in a hurry writes it who has no time at all to think of a shorter one, with Donaudampfschifffahrtsgesellschaftskapitän in it",
            "theirs: answer #2",
            None,
        ),
        ("\u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{5E2}\u{5D5}\u{5DC}\u{5DD} 123", "theirs: answer #5", None),
        (
            "<script>window.hacked=1</script><img src=//example.org/x onerror='window.hacked=1'>",
            "yours: <b onmouseover=window.hacked=1>x</b>",
            None,
        ),
        ("\u{202E}gnp.exe\u{1b}[2J\nnext line", "", None),
        ("Window cleaning", "", None),
    ];
    let desk = Desk::open(home.path()).expect("an identity");
    let kept = desk.with_store(|store| {
        store.write(|txn| {
            for (n, (title, whose_move, due)) in (1u8..).zip(rows) {
                txn.put_summary(&CaseSummary {
                    case: CaseId([n; 32]),
                    title: title.to_owned(),
                    state: if whose_move.is_empty() { "closed" } else { "open" }.to_owned(),
                    whose_move: whose_move.to_owned(),
                    next_due: due.map(|due| now() + due),
                    entries: u64::from(n) * 7,
                    updated_at: now() - i64::from(n) * day,
                })?;
                let agenda = serde_json::to_string(&agenda(whose_move, due)).expect("plain data");
                txn.put_agenda(CaseId([n; 32]), u64::from(n) * 7, &agenda)?;
            }
            Ok::<_, StoreError>(())
        })
    });
    kept.expect("written");
    home
}

#[test]
fn a_person_with_a_browser() {
    let Some((folder, browser)) = prepared() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let mut empty = Served::start(&runtime, TempDir::new().expect("a folder"), true);
    let mut plain = Served::start(&runtime, TempDir::new().expect("a folder"), true);
    let mut busy = Served::start(&runtime, busy(), false);

    // Where to leave pictures of every page, for people to look at.
    let pictures = std::env::var_os("COUNTERPART_PICTURES").map(PathBuf::from);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let play = TempDir::new().expect("a folder");
    let altered = play.path().join("altered.zip");
    let mut bytes = fs::read(fixtures.join("broadband-2.zip")).expect("a fixture");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&altered, bytes).expect("a file");
    let about = json!({
        "browser": browser,
        "empty": empty.link(),
        "plain": plain.link(),
        "busy": busy.link(),
        "pictures": pictures,
        "bundle": fixtures.join("broadband-2.zip"),
        "altered": altered,
    });
    let mut child = Command::new("node")
        .arg("look.mjs")
        .arg(about.to_string())
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let answer = |mut to: &ChildStdin, text: &str| writeln!(to, "{text}").expect("it listens");
    let stdin = child.stdin.take().expect("a pipe");
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
        let line = line.expect("text");
        match line.as_str() {
            "do: open a case" => {
                open_case(busy.home.path(), "Opened by another program");
                answer(&stdin, "done");
            }
            "do: another link" => answer(&stdin, &busy.link()),
            "do: a link to the plain home" => answer(&stdin, &plain.link()),
            "do: stop" => {
                busy.stop(&runtime);
                answer(&stdin, "done");
            }
            "do: start" => {
                busy.go(&runtime, false);
                answer(&stdin, &busy.link());
            }
            said => drop(writeln!(std::io::stderr(), "{said}")),
        }
    }
    let status = child.wait().expect("it ends");
    busy.stop(&runtime);
    empty.stop(&runtime);
    plain.stop(&runtime);
    assert!(status.success(), "see above what went wrong");
    assert!(Desk::open(empty.home.path()).is_ok() && Desk::open(plain.home.path()).is_ok(), "identities were made");
}
