//! The command at a terminal: a pseudo-terminal of `script` (util-linux), with what a person types.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use counterpart_testkit::outside::missing;

use crate::home::Home;

/// Runs the command at a terminal; `typed` is what is typed, line by line, then the input ends. Gives the exit code and all
/// that was on the screen. Nothing where this machine has no `script`, unless everything is asked for.
pub(crate) fn at_a_terminal(home: &Home, args: &[&str], typed: &str, set: &[(&str, &str)]) -> Option<(i32, String)> {
    let quoted: Vec<String> = args.iter().map(|arg| format!("'{}'", arg.replace('\'', "'\\''"))).collect();
    let line = format!("'{}' {}", env!("CARGO_BIN_EXE_counterpart"), quoted.join(" "));
    let mut command = Command::new("script");
    command.args(["-q", "-e", "-c", &line, "/dev/null"]).env_clear();
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("COUNTERPART_HOME", home.path()).env("TZ", "UTC");
    command.env("NO_COLOR", "1").env("SHELL", "/bin/sh").env("COLUMNS", "100").envs(set.iter().copied());
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(_) => {
            missing("script (util-linux)");
            return None;
        }
    };
    let mut input = child.stdin.take().expect("its input");
    input.write_all(typed.as_bytes()).expect("somebody reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let screen = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    Some((output.status.code().expect("an exit code"), screen))
}
