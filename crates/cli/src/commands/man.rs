//! `counterpart man`

use std::{fs, io, path::PathBuf};

use clap::{Arg, Command, CommandFactory as _};
use clap_mangen::Man;
use serde_json::json;

use crate::{
    error::{CommandError, Done},
    session::Session,
    written::write_whole,
};

/// Write the manual pages into a folder, one for each command, as packages bring them
///
/// Then `man -M` with the folder above it shows them, where this one is called man1: man -M share/man counterpart-new.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder; made where there is none
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let shown = args.folder.display();
    if args.folder.exists() && !args.folder.is_dir() {
        return Err(CommandError::usage(format!("{shown} is a file, not a folder; nothing was written"))
            .hint("name a folder; it is made where there is none"));
    }
    let failed = |e: io::Error| CommandError::failed(format!("{shown}: {e}"));
    fs::create_dir_all(&args.folder).map_err(failed)?;
    let mut command = crate::Cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    gather(&command, &mut pages);
    for (name, page) in &pages {
        write_whole(&args.folder.join(name), page)?;
    }
    if session.terminal.json {
        return session.terminal.json(&json!({
            "schema": "counterpart/man/1",
            "folder": args.folder,
            "pages": pages.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        }));
    }
    session.terminal.data(&shown.to_string())?;
    session.terminal.say(&format!("{} pages written.", pages.len()));
    Ok(())
}

/// The page of a command and those of its commands. They bear no date, so that one program gives one text.
fn gather(command: &Command, into: &mut Vec<(String, Vec<u8>)>) {
    let source = format!("counterpart {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone().override_usage(synopsis(command))).source(source).manual("Counterpart");
    let mut page = Vec::new();
    // A page in memory takes whatever is written to it.
    drop(man.render(&mut page));
    into.push((man.get_filename(), page));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        gather(sub, into);
    }
}

/// How a command is typed, each option with what it takes.
fn synopsis(command: &Command) -> String {
    let mut parts = vec![command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned()];
    let shown = || command.get_arguments().filter(|arg| !arg.is_hide_set());
    let (needed, others): (Vec<&Arg>, Vec<&Arg>) =
        shown().filter(|arg| !arg.is_positional()).partition(|arg| arg.is_required_set());
    let positionals = shown().filter(|arg| arg.is_positional());
    for arg in others.into_iter().chain(needed).chain(positionals) {
        let word = typed_as(arg);
        parts.push(if arg.is_required_set() { word } else { format!("[{word}]") });
    }
    if command.has_subcommands() {
        parts.push(if command.is_subcommand_required_set() { "COMMAND" } else { "[COMMAND]" }.to_owned());
    }
    parts.join(" ")
}

/// "-y|--yes", "--home DIR", "FILE...".
fn typed_as(arg: &Arg) -> String {
    let names = [arg.get_short().map(|short| format!("-{short}")), arg.get_long().map(|long| format!("--{long}"))];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join("|");
    if !arg.is_positional() && !arg.get_action().takes_values() {
        return name;
    }
    let value = match arg.get_value_names() {
        Some(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        None => arg.get_id().as_str().to_uppercase(),
    };
    let several = arg.get_num_args().is_some_and(|count| count.max_values() > count.min_values().max(1));
    let value = if arg.is_positional() && several { format!("{value}...") } else { value };
    if name.is_empty() { value } else { format!("{name} {value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_a_page_that_names_it() {
        let mut command = crate::Cli::command().disable_help_subcommand(true);
        command.build();
        let mut pages = Vec::new();
        gather(&command, &mut pages);
        for name in ["counterpart.1", "counterpart-new.1", "counterpart-mail-set.1", "counterpart-up.1"] {
            let page = pages.iter().find(|(page, _)| page == name).map(|(_, text)| String::from_utf8_lossy(text));
            let page =
                page.unwrap_or_else(|| unreachable!("{name}: {:?}", pages.iter().map(|p| &p.0).collect::<Vec<_>>()));
            assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{page}");
        }
        // What an option takes stands with it; roff writes a hyphen as \-.
        let up = pages.iter().find(|(page, _)| page == "counterpart-up.1").expect("there").1.clone();
        let up = String::from_utf8_lossy(&up).replace("\\-", "-");
        let typed = up.lines().skip_while(|line| *line != ".SH SYNOPSIS").nth(1).expect("a synopsis");
        for word in ["[--home DIR]", "[--api IP:PORT]", "[-y|--yes]", "[--open]"] {
            assert!(typed.contains(word), "{word}: {typed}");
        }
        let mut names: Vec<_> = pages.iter().map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), pages.len(), "no page is written over");
    }
}
