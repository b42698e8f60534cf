//! The pages in a real browser: looked at, used by clicks, with and without script, by `tests/web/js/look.mjs`.

#[path = "../../../tests/web/script.rs"]
mod script;

use std::{fs, path::Path};

use counterpart_core::{
    act::{Role, SeatOffer},
    id::CaseId,
    value::Sealable,
};
use counterpart_node::{Desk, now};
use counterpart_process::today::{Agenda, DueLine, Wait};
use counterpart_store::{CaseSummary, Lane, QueuePlace, StoreError};
use counterpart_web::{Options, Server, link_to_running};
use serde_json::json;
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

use crate::script::Player;

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
        more: 0,
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
    Agenda { waits: vec![wait], dues: due.into_iter().collect(), ..Agenda::default() }
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
                let lane = match whose_move.split_once(':') {
                    None => Lane::Closed,
                    Some(("yours", _)) => Lane::Ours,
                    Some(_) => Lane::Others,
                };
                let due_at = due.map(|due| now() + due);
                let since = now() - i64::from(n) * day;
                let place = QueuePlace { lane, due: due_at.unwrap_or(i64::MAX), since, case: CaseId([n; 32]) };
                txn.put_in_queue(&place, "", due_at.as_slice())?;
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
    let Some(player) = Player::prepared() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let mut empty = Served::start(&runtime, TempDir::new().expect("a folder"), true);
    let mut plain = Served::start(&runtime, TempDir::new().expect("a folder"), true);
    let mut busy = Served::start(&runtime, busy(), false);

    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let play = TempDir::new().expect("a folder");
    let altered = play.path().join("altered.zip");
    let mut bytes = fs::read(fixtures.join("broadband-2.zip")).expect("a fixture");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&altered, bytes).expect("a file");
    let about = json!({
        "empty": empty.link(),
        "plain": plain.link(),
        "busy": busy.link(),
        "bundle": fixtures.join("broadband-2.zip"),
        "altered": altered,
        "patience": 120_000,
    });
    let well = player.play("look.mjs", about, |what| match what {
        "open a case" => {
            open_case(busy.home.path(), "Opened by another program");
            "done".to_owned()
        }
        "another link" => busy.link(),
        "a link to the plain home" => plain.link(),
        "stop" => {
            busy.stop(&runtime);
            "done".to_owned()
        }
        "start" => {
            busy.go(&runtime, false);
            busy.link()
        }
        _ => "not understood".to_owned(),
    });
    busy.stop(&runtime);
    empty.stop(&runtime);
    plain.stop(&runtime);
    assert!(well, "see above what went wrong");
    assert!(Desk::open(empty.home.path()).is_ok() && Desk::open(plain.home.path()).is_ok(), "identities were made");
}
