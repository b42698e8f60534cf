//! `counterpart completions`

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{error::Done, session::Session};

/// Print a script that lets your shell complete this command's words
///
/// For bash: counterpart completions bash > ~/.local/share/bash-completion/completions/counterpart
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Your shell
    shell: Shell,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "counterpart", &mut script);
    session.terminal.data(String::from_utf8_lossy(&script).trim_end())
}
