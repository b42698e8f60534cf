//! Two parties, a real program and a real browser each, from the first start to the closed case by clicks alone: see
//! `tests/web/js/together.mjs`; and both in everything that there is, with hostile texts: `hostile.mjs`. Both programs run at a clock that the story sets, and are started anew when it moves on.
//!
//! The script says in a line on its standard output what is to be done outside the browsers; it is done here, and answered
//! by a line.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use serde_json::json;
use tempfile::TempDir;

/// Where `.ci/web` prepared the packages, and a browser; nothing when they are absent and may be.
fn prepared() -> Option<(PathBuf, PathBuf)> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().map(|t| t.join("web"));
    let folder = target.filter(|f| f.join("node_modules").is_dir());
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

/// Everybody's programs.
struct Stage {
    folder: TempDir,
    clock: String,
    /// Which story is played: each has homes of its own.
    story: u32,
    running: BTreeMap<String, Child>,
}

impl Stage {
    /// Starts somebody's pages and gives the link that lets a browser in.
    fn start(&mut self, who: &str) -> String {
        let home = self.folder.path().join(self.story.to_string()).join(who);
        let mut child = Command::new(env!("CARGO_BIN_EXE_counterpart"))
            .args(["web", "--home"])
            .arg(&home)
            .env_remove("COUNTERPART_HOME")
            .env("COUNTERPART_TEST_CLOCK", &self.clock)
            .env("TZ", "Europe/London")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut link = String::new();
        lines.read_line(&mut link).expect("a link");
        // Whatever it prints later has to go somewhere.
        drop(std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink())));
        drop(self.running.insert(who.to_owned(), child));
        link.trim().to_owned()
    }

    fn stop(&mut self, who: &str) {
        if let Some(mut child) = self.running.remove(who) {
            let asked = Command::new("kill").arg("-INT").arg(child.id().to_string()).status();
            assert!(asked.expect("kill is there").success(), "{who} is running");
            drop(child.wait());
        }
    }

    /// What is to be done, in words: `start ann`, `stop ann`, `clock 2026-…`.
    fn act(&mut self, what: &str) -> String {
        match what.split_once(' ') {
            Some(("start", who)) => self.start(who),
            Some(("stop", who)) => {
                self.stop(who);
                "done".to_owned()
            }
            Some(("clock", at)) => {
                self.clock = at.to_owned();
                "done".to_owned()
            }
            Some(("anew", _)) => {
                // Homes of nobody yet, for another story.
                self.running.keys().cloned().collect::<Vec<_>>().iter().for_each(|who| self.stop(who));
                self.story += 1;
                "done".to_owned()
            }
            Some(("verify", bundle)) => {
                let verified = Command::new(env!("CARGO_BIN_EXE_counterpart")).args(["verify", bundle]).output();
                let verified = verified.expect("the command starts");
                if verified.status.success() { "holds".to_owned() } else { "does not hold".to_owned() }
            }
            _ => "not understood".to_owned(),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in self.running.values_mut() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Browsers are heavy: one play after the other.
static TURN: Mutex<()> = Mutex::new(());

fn play(script: &str) {
    let Some((folder, browser)) = prepared() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut stage =
        Stage { folder: TempDir::new().expect("a folder"), clock: String::new(), story: 0, running: BTreeMap::new() };
    let about = json!({
        "browser": browser,
        "pictures": std::env::var_os("COUNTERPART_PICTURES").map(PathBuf::from),
        "folder": stage.folder.path(),
        "only": std::env::var("COUNTERPART_STORY").ok(),
        "long": std::env::var_os("COUNTERPART_LONG").is_some(),
        "verbose": std::env::var_os("COUNTERPART_VERBOSE").is_some(),
        "patience": std::env::var("COUNTERPART_PATIENCE").ok().and_then(|p| p.parse::<u32>().ok()),
    });
    let mut child = Command::new("node")
        .arg(script)
        .arg(about.to_string())
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
        let line = line.expect("text");
        match line.strip_prefix("do: ") {
            Some(what) => writeln!(stdin, "{}", stage.act(what)).expect("it listens"),
            None => drop(writeln!(std::io::stderr(), "{line}")),
        }
    }
    assert!(child.wait().expect("it ends").success(), "see above what went wrong");
}

#[test]
fn two_parties_from_first_start_to_closed_case() {
    play("together.mjs");
}

#[test]
fn whatever_is_typed_is_text_on_both_sides() {
    play("hostile.mjs");
}
