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
        let mut child = self.web(who).spawn().expect("the command starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut link = String::new();
        lines.read_line(&mut link).expect("a link");
        // Whatever it prints later has to go somewhere.
        drop(std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink())));
        drop(self.running.insert(who.to_owned(), child));
        link.trim().to_owned()
    }

    /// A further link to somebody's pages; `WHO at TIME` as one that was given out then.
    fn link(&self, who: &str) -> String {
        let (who, clock) = who.split_once(" at ").unwrap_or((who, &self.clock));
        let mut command = self.web(who);
        let made = command.env("COUNTERPART_TEST_CLOCK", clock).output().expect("the command starts");
        String::from_utf8_lossy(&made.stdout).trim().to_owned()
    }

    /// `counterpart web` of somebody, at the story's time.
    fn web(&self, who: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
        command.args(["web", "--home"]).arg(self.folder.path().join(self.story.to_string()).join(who));
        command.env_remove("COUNTERPART_HOME").env("COUNTERPART_TEST_CLOCK", &self.clock).env("TZ", "Europe/London");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
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
            Some(("link", who)) => self.link(who),
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
        "routes": routes(),
        "kinds": kinds(),
        "problems": problems(),
        "patience": std::env::var("COUNTERPART_PATIENCE").ok().and_then(|p| p.parse::<u32>().ok()),
    });
    assert!(player.play(script, about, |what| stage.act(what)), "see above what went wrong");
}

/// What stands between `from` and `to`, wherever it does.
fn between<'s>(source: &'s str, from: &'s str, to: &'s str) -> impl Iterator<Item = &'s str> {
    source.split(from).skip(1).filter_map(move |rest| Some(rest.split_once(to)?.0))
}

/// Every path that can be looked at, as the source of the pages names them.
fn routes() -> Vec<&'static str> {
    let source = include_str!("../../crates/web/src/pages.rs");
    let written = between(source, ".route(\"", "\n").filter_map(|line| line.split_once("\", "));
    written.filter(|(_, methods)| methods.contains("get(")).map(|(path, _)| path).collect()
}

/// Every form that signs in a case, by the last part of its path.
fn kinds() -> Vec<&'static str> {
    let form = include_str!("../../crates/web/src/acts.rs").split_once("fn form(kind").expect("there").1;
    let named = form.split_once("plain =>").expect("there").0.lines().filter_map(|line| {
        let (kind, _) = line.trim().strip_prefix('"')?.split_once("\" =>")?;
        Some(kind)
    });
    let plain = include_str!("../../crates/web/src/acts/plain.rs");
    named.chain(between(plain.split_once("static ROWS").expect("there").1, "kind: \"", "\"")).collect()
}

/// The title of every page that is shown in place of another.
fn problems() -> Vec<(&'static str, &'static str)> {
    let files = ["base", "case", "record", "acts", "terms", "start", "call", "picture", "draft"];
    let texts = files.map(|file| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/languages/en");
        std::fs::read_to_string(folder.join(format!("{file}.txt"))).expect("a file of the pages")
    });
    let all: &'static str = Box::leak(texts.concat().into_boxed_str());
    all.lines().filter_map(|line| line.strip_prefix("problem.")?.split_once(".title = ")).collect()
}

#[test]
fn every_page_is_right_in_light_and_dark_and_on_a_phone() {
    play("every.mjs");
}

#[test]
fn two_parties_from_first_start_to_closed_case() {
    play("together.mjs");
}

#[test]
fn whatever_is_typed_is_text_on_both_sides() {
    play("hostile.mjs");
}
