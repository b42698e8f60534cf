//! Two parties, a real program and a real browser each, from the first start to the closed case by clicks alone: see
//! `tests/web/js/together.mjs`; and both in everything that there is, with hostile texts: `hostile.mjs`. Both programs run
//! at a clock that the story sets, and are started anew when it moves on.

#[path = "../web/script.rs"]
mod script;

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use serde_json::json;
use tempfile::TempDir;

use crate::script::Player;

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
    let Some(player) = Player::prepared() else { return };
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut stage =
        Stage { folder: TempDir::new().expect("a folder"), clock: String::new(), story: 0, running: BTreeMap::new() };
    let about = json!({
        "folder": stage.folder.path(),
        "only": std::env::var("COUNTERPART_STORY").ok(),
        "long": std::env::var_os("COUNTERPART_LONG").is_some(),
        "verbose": std::env::var_os("COUNTERPART_VERBOSE").is_some(),
        "patience": std::env::var("COUNTERPART_PATIENCE").ok().and_then(|p| p.parse::<u32>().ok()),
    });
    assert!(player.play(script, about, |what| stage.act(what)), "see above what went wrong");
}

#[test]
fn two_parties_from_first_start_to_closed_case() {
    play("together.mjs");
}

#[test]
fn whatever_is_typed_is_text_on_both_sides() {
    play("hostile.mjs");
}
