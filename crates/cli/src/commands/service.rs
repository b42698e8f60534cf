//! `counterpart service`

mod unit;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use counterpart_core::keylog::Kinds;
use counterpart_node::{DeskError, PASSPHRASE_FILE, account_name, owner};
use serde_json::json;

use self::unit::{Account, Unit};
use crate::{
    confirm,
    error::{CommandError, Done},
    session::Session,
};

const NAME: &str = "counterpart.service";
/// Where the system's own services keep what they have; systemd makes a folder in it for whoever has no account.
const STATE: &str = "/var/lib";

/// Print a systemd unit that keeps this home's node running, also after a restart of the machine
///
/// As root it is one for the system, run by the home's owner or by an account that systemd makes for it; else one of your
/// own. The node may write to its home and nowhere else. With --install the unit is written where systemd finds it;
/// starting it stays your word.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write it to the folder that systemd reads, after showing it
    #[arg(long)]
    install: bool,
    /// As root: the account to run it as [default: for a home in /var/lib, or none yet, one that systemd makes, else the home's owner]
    #[arg(long, value_name = "ACCOUNT")]
    user: Option<String>,
    /// Another folder to write it to than the usual one
    #[arg(long, value_name = "FOLDER", requires = "install")]
    folder: Option<PathBuf>,
    /// Print the unit that a package of the system brings
    #[arg(long, hide = true, conflicts_with_all = ["install", "user"])]
    packaged: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    if args.packaged {
        return packaged(session);
    }
    let wanted = session.home()?;
    let wanted =
        std::path::absolute(&wanted).map_err(|e| CommandError::failed(format!("{}: {e}", wanted.display())))?;
    let named = session.home.is_some() || std::env::var_os("COUNTERPART_HOME").is_some_and(|h| !h.is_empty());
    let (account, home) = account(&wanted, named, args.user.as_deref())?;
    let unit = Unit {
        program: std::env::current_exe().map_err(|e| CommandError::failed(format!("this program has no path: {e}")))?,
        mailbox: home != wanted || is_mailbox(session)?,
        passphrase: file_named_by(PASSPHRASE_FILE),
        roots: file_named_by("SSL_CERT_FILE"),
        account,
        home,
    };
    let text = unit.text().map_err(|path| {
        CommandError::failed(format!("{} cannot be written in a unit: it has control characters", path.display()))
    })?;
    let path = match &args.folder {
        Some(folder) => folder.join(NAME),
        None => usual_folder(&unit.account)?.join(NAME),
    };
    if args.install {
        install(session, &unit, &text, &path)?;
    }
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/service/1",
            "unit": text,
            "path": path,
            "home": unit.home,
            "installed": args.install,
        }));
    }
    if args.install {
        terminal.data(&path.display().to_string())?;
        terminal.say("Written. It starts, now and with the machine, once you say so:");
        next(unit.account.is_own()).iter().for_each(|line| terminal.say(&format!("  {line}")));
        return Ok(());
    }
    terminal.data(text.trim_end())?;
    terminal.say(&format!("With --install it is written to {}.", path.display()));
    if unit.home != wanted {
        let home = unit.home.display();
        terminal.say(&format!("The node's home is {home} there: systemd makes it, and an account for it."));
    }
    Ok(())
}

/// The file that a variable names, as whoever calls this has it set. A unit is read elsewhere, so it is named in full.
fn file_named_by(variable: &str) -> Option<PathBuf> {
    let file = std::env::var_os(variable).filter(|file| !file.is_empty()).map(PathBuf::from)?;
    Some(std::path::absolute(&file).unwrap_or(file))
}

/// The unit of a package: nothing of this machine is in it.
fn packaged(session: &Session) -> Done {
    let unit = Unit {
        program: PathBuf::from("/usr/bin/counterpart"),
        home: Path::new(STATE).join("counterpart"),
        account: Account::Packaged("counterpart".to_owned()),
        mailbox: true,
        passphrase: None,
        roots: None,
    };
    let text = unit.text().map_err(|path| CommandError::failed(format!("{}: no path for a unit", path.display())))?;
    session.terminal.data(text.trim_end())
}

/// What is run, and where its home is.
fn account(wanted: &Path, named: bool, user: Option<&str>) -> Done<(Account, PathBuf)> {
    let home = wanted.to_owned();
    if owner(Path::new("/proc/self")).unwrap_or(1) != 0 {
        if user.is_some() {
            return Err(CommandError::usage("only root chooses the account: as you are, the unit is one of your own"));
        }
        return Ok((Account::Own, home));
    }
    if let Some(user) = user {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if user.is_empty() || !user.chars().all(plain) {
            return Err(CommandError::usage(format!("'{user}' is no account's name")));
        }
        if !is_known(user) {
            return Err(CommandError::usage(format!("there is no account '{user}' on this machine"))
                .hint(format!("make it first: useradd --system {user}; or leave --user out")));
        }
        return Ok((Account::Named(user.to_owned()), home));
    }
    if home.parent() == Some(Path::new(STATE))
        && let Some(name) = home.file_name().and_then(|name| name.to_str())
    {
        return Ok((Account::Made(name.to_owned()), home));
    }
    match owner(&home) {
        Some(0) => Err(CommandError::usage(format!("the home {} belongs to root, and a node should not run as root", home.display()))
            .hint(
                "for a new machine: COUNTERPART_HOME=/var/lib/counterpart counterpart service, and systemd makes an account for \
                 it; or name one that may write to this home: --user ACCOUNT",
            )),
        Some(uid) => Ok((Account::Named(account_name(uid)), home)),
        None if named => Err(CommandError::usage(format!("there is no home {} yet, so whose it is cannot be seen", home.display()))
            .hint("name the account that is to have it: --user ACCOUNT; or leave it to systemd: COUNTERPART_HOME=/var/lib/counterpart")),
        None => Ok((Account::Made("counterpart".to_owned()), Path::new(STATE).join("counterpart"))),
    }
}

/// Whether there is such an account, also where this machine asks others for its accounts; what cannot be found out is left
/// to systemd. An account may be named by its number.
fn is_known(account: &str) -> bool {
    let number = account.chars().all(|c| c.is_ascii_digit());
    let asked = Command::new("id").args(["-u", "--", account]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    number || asked.map_or(true, |found| found.success())
}

/// Whether this home's node is a mailbox, or is to become one.
fn is_mailbox(session: &Session) -> Done<bool> {
    match session.desk_if_any()? {
        Ok(desk) => {
            let here = desk.agents()?.into_iter().find(|agent| agent.here);
            Ok(here.is_some_and(|agent| agent.rights.kinds == Kinds::Listed(Vec::new())))
        }
        Err(DeskError::NoIdentity { .. } | DeskError::Waits { .. }) => Ok(true),
        Err(other) => Err(other.into()),
    }
}

fn usual_folder(account: &Account) -> Done<PathBuf> {
    if !account.is_own() {
        return Ok(PathBuf::from("/etc/systemd/system"));
    }
    let named = |variable: &str| std::env::var_os(variable).filter(|v| !v.is_empty()).map(PathBuf::from);
    let config = named("XDG_CONFIG_HOME").or_else(|| Some(named("HOME")?.join(".config")));
    let config =
        config.ok_or_else(|| CommandError::failed("no folder for your settings was found").hint("--folder FOLDER"))?;
    Ok(config.join("systemd/user"))
}

fn install(session: &Session, unit: &Unit, text: &str, path: &Path) -> Done {
    let shown = path.display();
    let failed = |e: io::Error| CommandError::failed(format!("{shown}: {e}"));
    let before = match fs::read_to_string(path) {
        Ok(before) => Some(before),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(failed(e)),
    };
    if before.as_deref() == Some(text) {
        session.terminal.say("It is there already, word for word.");
        return Ok(());
    }
    let instead = if before.is_some() { " in place of another one that is there" } else { "" };
    let asked = format!("{text}\nThis is written to {shown}{instead}.\n");
    confirm::ask_first(session, &asked, "Write it?", "written")?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    if unit.account.is_own() {
        // It may write nowhere else, so it could not make its home.
        make_home(&unit.home).map_err(|e| CommandError::failed(format!("{}: {e}", unit.home.display())))?;
    }
    fs::write(path, text).map_err(failed)
}

fn make_home(home: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(home)
}

/// What is left to do, by whoever installs it.
fn next(own: bool) -> &'static [&'static str] {
    if own {
        &[
            "systemctl --user daemon-reload",
            "systemctl --user enable --now counterpart",
            "loginctl enable-linger          (so that it runs while you are not logged in)",
            "journalctl --user -u counterpart -n 20    (shows the line of a machine that waits to be added)",
        ]
    } else {
        &[
            "systemctl daemon-reload",
            "systemctl enable --now counterpart",
            "journalctl -u counterpart -n 20    (shows the line of a machine that waits to be added)",
        ]
    }
}
