//! `counterpart token`

mod end;
mod list;
mod new;

use clap::Subcommand;
use counterpart_node::TokenInfo;
use serde_json::json;

use crate::{error::Done, session::Session};

/// What lets other programs in over HTTP: make a token, list them, end one
///
/// A token is a secret like a password. It says what its program may do (its scopes), by whose key it signs, and until when
/// it holds. Only its hash is kept here, so it is shown once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    New(new::Args),
    List(list::Args),
    End(end::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        TokenCommand::New(args) => new::run(session, args),
        TokenCommand::List(args) => list::run(session, args),
        TokenCommand::End(args) => end::run(session, args),
    }
}

/// A token for programs, without what lets anybody in.
fn token_json(token: &TokenInfo, now: i64) -> serde_json::Value {
    json!({
        "name": token.name,
        "seat": token.seat,
        "scopes": token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        "made": token.made,
        "expires": token.expires,
        "ended": token.ended,
        "used": token.used,
        "stands": token.stands(now),
    })
}
