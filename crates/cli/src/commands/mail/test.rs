//! `counterpart mail test`

use counterpart_mail::{test_folder, test_login};
use counterpart_node::PostError;
use serde_json::json;

use super::failed;
use crate::{
    error::{CommandError, Done},
    render,
    session::Session,
};

/// Try whether the servers can be reached and take your login; nothing is sent, nothing is read
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(session: &Session, _args: &Args) -> Done {
    let desk = session.desk()?;
    let none = || CommandError::usage("no mail is set up here").hint("`counterpart mail set` sets it up");
    let settings = desk.mail_settings()?.ok_or_else(none)?;
    let sending = settings.sending()?.map(|server| test_login(&server).map_err(PostError::from));
    let fetching = settings.fetching()?.map(|(server, folder)| test_folder(&server, &folder).map_err(PostError::from));
    let terminal = session.terminal;
    if terminal.json {
        let one = |tried: &Option<Result<(), PostError>>| {
            tried.as_ref().map(|tried| {
                let why = tried.as_ref().err().map(ToString::to_string);
                json!({"works": why.is_none(), "why": why})
            })
        };
        terminal.json(&json!({
            "schema": "counterpart/mail-test/1", "send": one(&sending), "fetch": one(&fetching),
        }))?;
    }
    let mut first = None;
    for (what, tried) in [("sending", sending), ("mailbox", fetching)] {
        let Some(tried) = tried else { continue };
        if !terminal.json {
            let came = tried.as_ref().map_or_else(|why| format!("does not work: {why}"), |()| "works".to_owned());
            terminal.data(&format!("{what}    {}", render::line(&came)))?;
        }
        first = first.or(tried.err());
    }
    first.map_or(Ok(()), |why| Err(failed(why)))
}
