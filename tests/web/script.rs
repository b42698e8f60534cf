//! Plays a script of `tests/web/js` in Node.js and a real browser. Use it with `#[path]`.
//!
//! The script says in a line on its standard output what is to be done outside the browser; it is done by whoever plays it,
//! and answered by a line.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

/// Where `.ci/web` prepared the packages, and a browser.
pub(crate) struct Player {
    folder: PathBuf,
    browser: PathBuf,
}

impl Player {
    /// Nothing where something is absent and may be.
    pub(crate) fn prepared() -> Option<Self> {
        let target = option_env!("CARGO_TARGET_TMPDIR").map(PathBuf::from);
        let folder = target.and_then(|t| Some(t.parent()?.join("web"))).filter(|f| f.join("node_modules").is_dir());
        let node = Command::new("node").arg("--version").output().is_ok_and(|o| o.status.success());
        let folders: Vec<PathBuf> =
            std::env::var_os("PATH").map(|p| std::env::split_paths(&p).collect()).unwrap_or_default();
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let browser = names.iter().flat_map(|n| folders.iter().map(move |f| f.join(n))).find(|path| path.is_file());
        if let (Some(folder), true, Some(browser)) = (folder, node, browser) {
            return Some(Self { folder, browser });
        }
        let missing =
            "needs Chromium or Chrome, Node.js, and the packages that `.ci/web` installs into the target folder";
        assert!(std::env::var_os("COUNTERPART_TEST_ALL").is_none(), "this test {missing}");
        // Counted as passed by the runner, so say plainly that nothing was tried.
        drop(writeln!(std::io::stderr(), "skipped: {missing}"));
        None
    }

    /// Plays a script, which is told `about`, and does what it asks for. Whether all went well.
    pub(crate) fn play(&self, script: &str, mut about: Value, mut act: impl FnMut(&str) -> String) -> bool {
        about["browser"] = json!(self.browser);
        // Where to leave pictures of the pages, for people to look at.
        about["pictures"] = json!(std::env::var_os("COUNTERPART_PICTURES").map(PathBuf::from));
        let mut child = Command::new("node")
            .arg(script)
            .arg(about.to_string())
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
            let line = line.expect("text");
            match line.strip_prefix("do: ") {
                Some(what) => writeln!(stdin, "{}", act(what)).expect("it listens"),
                None => drop(writeln!(std::io::stderr(), "{line}")),
            }
        }
        child.wait().expect("it ends").success()
    }
}
