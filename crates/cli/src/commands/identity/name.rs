//! `counterpart identity name`

use counterpart_core::act::Role;
use counterpart_node::{Desk, now};
use counterpart_words::opening;
use serde_json::json;

use crate::{error::Done, render::line, session::Session};

/// Say what you are called in new cases, and what you usually are in them: customer, supplier or third
///
/// Nothing of it is signed, and cases that are open stay as they are. It is kept in your notebook, so a backup has it. Without
/// either, it is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A person's or firm's name, as others know it
    name: Option<String>,
    /// What you usually are, so that `counterpart new` need not be told
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let wish = Wish::read(args.name.as_deref(), args.role.as_deref())?;
    let desk = session.desk()?;
    wish.keep(&desk)?;
    let (name, role) = (desk.own_name()?, desk.own_role()?);
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/own-name/1",
            "name": name,
            "role": role.map(Role::as_str),
        }));
    }
    let Some(name) = name else {
        terminal.say("It was not said yet what you are called. Say it: counterpart identity name \"Acme Ltd\"");
        return role.map_or(Ok(()), |role| terminal.data(role.as_str()));
    };
    terminal.data(&match role {
        Some(role) => format!("{} ({})", line(&name), role.as_str()),
        None => line(&name),
    })
}

/// What is to be kept: nothing where it was not said.
pub(crate) struct Wish {
    pub(crate) name: Option<String>,
    pub(crate) role: Option<Role>,
}

impl Wish {
    /// What was typed, understood before anything is made.
    pub(crate) fn read(name: Option<&str>, role: Option<&str>) -> Done<Self> {
        let name = name.map(opening::own_name).transpose()?;
        Ok(Self { name, role: role.map(opening::usual_role).transpose()? })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.name.is_none() && self.role.is_none()
    }

    pub(crate) fn keep(&self, desk: &Desk) -> Done {
        if let Some(name) = &self.name {
            desk.keep_own_name(name, now())?;
        }
        if let Some(role) = self.role {
            desk.keep_own_role(role, now())?;
        }
        Ok(())
    }
}
