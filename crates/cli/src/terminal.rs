//! The only place that prints. Standard output is data, standard error is talk.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice, adapter::strip_str};
use counterpart_mail::Secret;
use counterpart_node::{PASSPHRASE_FILE, Passphrase};
use serde::Serialize;
use zeroize::Zeroizing;

pub(crate) use counterpart_words::style::{Style, styled};

use crate::error::{CommandError, Done, Kind};

/// Where lines are broken when nothing is known of the terminal.
const COLUMNS: usize = 80;

/// The person's or the script's end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    pub(crate) quiet: bool,
    pub(crate) json: bool,
}

impl Terminal {
    /// Columns to fill.
    pub(crate) fn columns(self) -> usize {
        let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
        columns.unwrap_or(COLUMNS).clamp(30, 120)
    }

    /// Data: lines for standard output.
    pub(crate) fn data(self, text: &str) -> Done {
        let raw = io::stdout();
        if AutoStream::choice(&raw) == ColorChoice::Never {
            // Stripped first: piece by piece, a long list would cost a call to the system for each piece.
            let mut plain = String::with_capacity(text.len() + 1);
            plain.extend(strip_str(text));
            plain.push('\n');
            let mut out = raw.lock();
            return written(out.write_all(plain.as_bytes()).and_then(|()| out.flush()));
        }
        let mut out = anstream::stdout().lock();
        written(writeln!(out, "{text}").and_then(|()| out.flush()))
    }

    /// Data: one JSON value, indented, for standard output.
    pub(crate) fn json<T: Serialize>(self, value: &T) -> Done {
        let text = serde_json::to_string_pretty(value).map_err(|e| CommandError::failed(e.to_string()))?;
        let mut out = io::stdout().lock();
        written(writeln!(out, "{text}").and_then(|()| out.flush()))
    }

    /// Data: bytes as they are, for standard output. `write` says whether they were what they should be.
    pub(crate) fn bytes(self, write: &mut dyn FnMut(&mut dyn io::Write) -> io::Result<bool>) -> Done {
        let mut out = io::stdout().lock();
        let mut sound = true;
        written(write(&mut out).map(|whole| sound = whole))?;
        if sound {
            return Ok(());
        }
        Err(CommandError::of(
            Kind::Verification,
            "the stored bytes were altered since they came; do not use what was written",
        ))
    }

    /// Whether data goes to a person's screen.
    pub(crate) fn shows_data(self) -> bool {
        io::stdout().is_terminal()
    }

    /// Talk: what happened and what comes next. Silent under `--quiet` and beside JSON.
    pub(crate) fn say(self, text: &str) {
        if !self.quiet && !self.json {
            self.always(text);
        }
    }

    /// Talk that is not to be missed.
    pub(crate) fn always(self, text: &str) {
        // Nobody left to talk to is no failure of the command.
        drop(writeln!(anstream::stderr().lock(), "{text}"));
    }

    /// A line of a log, as it is: for whoever asked for one, whatever else is to be said.
    pub(crate) fn log(self, line: &str) {
        drop(writeln!(io::stderr().lock(), "{line}"));
    }

    /// Why a command failed.
    pub(crate) fn error(self, error: &CommandError) {
        if self.json {
            let mut value = serde_json::json!({
                "schema": "counterpart/error/1",
                "kind": error.kind.as_str(),
                "message": error.message,
                "hint": error.hint,
            });
            if !error.bad.is_empty() {
                value["bad"] = serde_json::json!(error.bad);
            }
            self.always(&value.to_string());
            return;
        }
        self.always(&format!("{} {}", styled(Style::Bad, "error:"), crate::render::visible(&error.message)));
        if let Some(hint) = &error.hint {
            self.always(&format!("{} {}", styled(Style::Strong, "hint:"), crate::render::visible(hint)));
        }
    }

    /// Whether a bar would be seen, and disturb nothing.
    pub(crate) fn can_show_progress(self) -> bool {
        !self.quiet && !self.json && io::stderr().is_terminal()
    }

    /// Whether somebody sits there who can be asked.
    pub(crate) fn can_ask(self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// One line typed in answer to a question; empty where nothing more comes.
    pub(crate) fn ask(self, question: &str) -> Done<String> {
        Ok(self.ask_or_end(question)?.unwrap_or_default())
    }

    /// One line typed in answer to a question; nothing where the person ended the input.
    pub(crate) fn ask_or_end(self, question: &str) -> Done<Option<String>> {
        let mut err = anstream::stderr().lock();
        drop(write!(err, "{question} ").and_then(|()| err.flush()));
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        let bytes = read.map_err(|e| CommandError::failed(format!("nothing was read: {e}")))?;
        Ok((bytes > 0).then(|| line.trim().to_owned()))
    }
}

impl Terminal {
    /// A passphrase, typed unseen.
    pub(crate) fn secret(self, question: &str) -> Done<Passphrase> {
        if !self.can_ask() {
            let locked =
                CommandError::of(Kind::Identity, "a passphrase is needed, and nobody can be asked here for it");
            return Err(locked.hint(format!(
                "for the keys of a home {PASSPHRASE_FILE} names a file with it, for a backup --passphrase-file"
            )));
        }
        let mut err = anstream::stderr().lock();
        drop(write!(err, "{question}: ").and_then(|()| err.flush()));
        let unread = |e: io::Error| CommandError::failed(format!("nothing was read: {e}"));
        let typed = Zeroizing::new(rpassword::read_password().map_err(unread)?);
        Ok(Passphrase::new(&typed)?)
    }

    /// The password of a mail server, typed unseen.
    pub(crate) fn mail_password(self, question: &str) -> Done<Secret> {
        if !self.can_ask() {
            return Err(CommandError::usage("a password is needed, and nobody can be asked here for it")
                .hint("--password-file or --token-file names a file with it; --no-login where none is needed"));
        }
        let mut err = anstream::stderr().lock();
        drop(write!(err, "{question}: ").and_then(|()| err.flush()));
        let unread = |e: io::Error| CommandError::failed(format!("nothing was read: {e}"));
        Ok(Secret::new(rpassword::read_password().map_err(unread)?))
    }

    /// A new passphrase, typed unseen and twice.
    pub(crate) fn new_secret(self, question: &str) -> Done<Passphrase> {
        let first = self.secret(question)?;
        if self.secret("The same once more")? == first {
            return Ok(first);
        }
        Err(CommandError::failed("the two were not the same; nothing was changed"))
    }
}

/// A reader that went away (`| head`) has what it wanted.
fn written(result: io::Result<()>) -> Done {
    match result {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::failed(format!("the output could not be written: {e}")))
        }
        _ => Ok(()),
    }
}
