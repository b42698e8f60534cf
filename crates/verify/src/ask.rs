//! What the command line asks for.

use std::{ffi::OsString, path::PathBuf};

use lexopt::Arg::{Long, Short, Value};

pub(crate) const HELP: &str = "\
Checks an exported case: every signature, every rule. Says what is proven, by whom, and what is not.

Usage: counterpart-verify [--json] [--quiet] [--trust ROOTS]... FILE

FILE is what `counterpart export` wrote. Nothing else is needed: no keys, no account, no network.

  --json         one line of JSON, the same from every verifier
  -q, --quiet    say nothing where all holds; the exit code tells
  --trust ROOTS  believe time stamps that the root certificates in this file
                 vouch for (.pem, .crt or .der); repeat for more
  -h, --help     this text
  -V, --version

Exit codes: 0 verified, 1 the file could not be read, 2 not understood, 3 the file does not hold.
";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Help,
    Version,
    Verify { file: PathBuf, trust: Vec<PathBuf>, json: bool, quiet: bool },
}

/// Reads the arguments behind the program's name; else says what was not understood.
pub(crate) fn asked(args: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let mut parser = lexopt::Parser::from_args(args);
    let (mut file, mut trust, mut json, mut quiet) = (None, Vec::new(), false, false);
    while let Some(arg) = parser.next().map_err(|e| e.to_string())? {
        match arg {
            Short('h') | Long("help") => return Ok(Asked::Help),
            Short('V') | Long("version") => return Ok(Asked::Version),
            Long("json") => json = true,
            Long("trust") => trust.push(PathBuf::from(parser.value().map_err(|e| e.to_string())?)),
            Short('q') | Long("quiet") => quiet = true,
            Value(named) if file.is_none() => file = Some(PathBuf::from(named)),
            Value(_) => return Err("one file at a time can be checked, and two were named".to_owned()),
            other => return Err(other.unexpected().to_string()),
        }
    }
    file.map(|file| Asked::Verify { file, trust, json, quiet }).ok_or_else(|| "no file was named".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(args: &[&str]) -> Result<Asked, String> {
        asked(args.iter().map(OsString::from))
    }

    #[test]
    fn arguments_are_read() {
        let verify = |json, quiet| Ok(Asked::Verify { file: PathBuf::from("x.zip"), trust: Vec::new(), json, quiet });
        let trust = ["a.pem", "b.der"].map(PathBuf::from).to_vec();
        let trusting = Asked::Verify { file: PathBuf::from("x.zip"), trust, json: false, quiet: false };
        assert_eq!(of(&["--trust", "a.pem", "x.zip", "--trust=b.der"]), Ok(trusting));
        assert_eq!(of(&["x.zip"]), verify(false, false));
        assert_eq!(of(&["--json", "x.zip", "-q"]), verify(true, true));
        assert_eq!(of(&["--", "x.zip"]), verify(false, false));
        assert_eq!(of(&["x.zip", "--help"]), Ok(Asked::Help));
        assert_eq!(of(&["-V"]), Ok(Asked::Version));
        for wrong in [&[][..], &["--jsn", "x"], &["a", "b"], &["--json=1", "x"], &["-x"], &["x", "--trust"]] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }
}
