//! The `counterpart` command: the only crate that prints.

mod attachment;
mod calendars;
mod commands;
mod confirm;
mod disclosure;
#[cfg(test)]
#[path = "../../words/src/fixture.rs"]
#[expect(dead_code, reason = "tests here use a part of it")]
mod fixture;
mod logging;
mod progress;
mod session;
mod terminal;
mod terms;
mod written;

use std::{cell::OnceCell, path::PathBuf, process::ExitCode};

use clap::Parser;
// What people type and read is the same on pages; here it is only asked for, printed and signed.
use counterpart_words::{case, error, item_value, json, possible, references, render, stamped, template, when};

use crate::{
    commands::Command,
    error::{CommandError, Kind},
    session::Session,
    terminal::Terminal,
};

/// Keeps a signed record of a case between a customer and a supplier: what was said, what was agreed, who does what
/// by when.
///
/// Each side has its own whole copy. Nothing binds anybody who has not signed it. Begin, alone if need be, with
/// `counterpart new "What it is about" --with "Acme Ltd"`, then `counterpart call`.
#[derive(Debug, Parser)]
#[command(name = "counterpart", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// Answer in JSON, for programs
    #[arg(long, global = true)]
    json: bool,
    /// Sign without asking
    #[arg(long, short, global = true)]
    yes: bool,
    /// Print nothing but what was asked for
    #[arg(long, short, global = true)]
    quiet: bool,
    /// The folder with your keys and cases [default: $COUNTERPART_HOME, else counterpart in your data folder]
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Sign as an agent's seat of that home, within its rights (see counterpart seat)
    #[arg(long, global = true, value_name = "NAME")]
    as_seat: Option<String>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 not understood, 3 verification failed, 4 no identity or locked, \
                          5 nobody reachable, or not the database.";

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are answers; the rest was not understood.
        Err(asked) if asked.use_stderr() => {
            // What was typed could not be read, and yet it says who reads the answer.
            if std::env::args_os().skip(1).take_while(|word| word != "--").any(|word| word == "--json") {
                Terminal { quiet: false, json: true }.error(&not_understood(&asked));
            } else {
                drop(asked.print());
            }
            return ExitCode::from(Kind::Usage.code());
        }
        Err(asked) => {
            drop(asked.print());
            return ExitCode::SUCCESS;
        }
    };
    let terminal = Terminal { quiet: cli.quiet, json: cli.json };
    let session = Session { terminal, yes: cli.yes, home: cli.home, seat: cli.as_seat, passphrase: OnceCell::new() };
    match commands::run(&session, cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.error(&error);
            error.exit_code()
        }
    }
}

/// What the parser of the arguments says, as every other error is told: what is wrong, then what would do.
fn not_understood(wrong: &clap::Error) -> CommandError {
    let text = wrong.render().to_string();
    let mut parts = text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = parts.next().unwrap_or_default();
    let hint: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    let error = CommandError::usage(message.strip_prefix("error: ").unwrap_or(&message));
    if hint.is_empty() { error } else { error.hint(hint.join("; ")) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn walk(command: &clap::Command, path: &str) {
        let path = format!("{path} {}", command.get_name());
        assert!(command.get_about().is_some_and(|a| !a.to_string().is_empty()), "{path} says what it does");
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{path} says what {} is", arg.get_id());
        }
        for sub in command.get_subcommands() {
            walk(sub, &path);
        }
    }

    #[test]
    fn every_command_and_argument_explains_itself() {
        let mut command = Cli::command();
        command.build();
        command.clone().debug_assert();
        walk(&command, "");
    }

    #[test]
    fn exit_codes_are_as_published() {
        let kinds = [Kind::Failed, Kind::Usage, Kind::Verification, Kind::Identity, Kind::Unreachable];
        assert_eq!(kinds.map(Kind::code), [1, 2, 3, 4, 5]);
    }
}
