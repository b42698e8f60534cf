//! The first case of a home: its identity is made on the way, and its owner's name remembered.

use counterpart_core::act::Role;
use counterpart_node::{Desk, DeskError, now};
use counterpart_words::opening;

use crate::{
    error::{CommandError, Done},
    session::Session,
};

/// What somebody is called who said no name.
pub(super) fn unnamed(role: Role) -> &'static str {
    match role {
        Role::Supplier => "Supplier",
        Role::Third => "Third party",
        _ => "Customer",
    }
}

/// The desk, with an identity made where there was none; and the owner's name, asked for where `needed`, somebody can be
/// asked, and it is not known; `unnamed` is what they are called without.
pub(super) fn desk(
    session: &Session,
    given: Option<String>,
    (needed, unnamed): (bool, &str),
) -> Done<(Desk, Option<String>)> {
    let (desk, made) = match session.desk_if_any()? {
        Ok(desk) => (desk, None),
        Err(DeskError::NoIdentity { home }) => {
            // Asked first: whoever goes away at the question has made nothing.
            let name = if needed { name(session, given.clone(), None, unnamed)? } else { given.clone() };
            let report = Desk::init(&home)?;
            session.terminal.say(&format!(
                "Your identity was made on the way: the keys that sign for you, in {}. Print {} when you can, keep it safe, and \
                 delete that file.",
                home.display(),
                report.recovery_sheet.display()
            ));
            (session.desk()?, Some(name))
        }
        Err(other) => return Err(other.into()),
    };
    let known = desk.own_name()?;
    let name = match made {
        Some(name) => name.or_else(|| known.clone()),
        None if needed => name(session, given, known.clone(), unnamed)?,
        None => given,
    };
    if let Some(name) = name.as_ref().filter(|name| known.as_ref() != Some(name)) {
        desk.keep_own_name(name, now())?;
        session.terminal.say(&format!(
            "You are {} in this case and in later ones; --name changes that.",
            crate::render::line(name)
        ));
    }
    Ok((desk, name))
}

/// The owner's name: as given, as known, or as answered.
fn name(session: &Session, given: Option<String>, known: Option<String>, unnamed: &str) -> Done<Option<String>> {
    let terminal = session.terminal;
    if given.is_some() || known.is_some() || !terminal.can_ask() || terminal.json {
        return Ok(given.or(known));
    }
    loop {
        let question = format!("What is your name? Whoever joins a case reads it. [{unnamed}]");
        let Some(answer) = terminal.ask_or_end(&question)? else {
            return Err(CommandError::failed("nothing was made, and no case was opened"));
        };
        if answer.is_empty() {
            return Ok(None);
        }
        match opening::own_name(&answer) {
            Ok(name) => return Ok(Some(name)),
            Err(error) => terminal.error(&error),
        }
    }
}
